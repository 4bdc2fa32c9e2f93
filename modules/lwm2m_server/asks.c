/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to clients: see asks.h. */
#include "modules/lwm2m_server/asks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_LIMIT  (UINT64_C(1) << 31)   /* so that a token has 32 bits */

static const char *const state_names[] = {
#define ASK_STATE_NAME(name, word) [ASK_##name] = (word),
	ASK_STATES(ASK_STATE_NAME)
#undef ASK_STATE_NAME
};

const char *ask_state_name(enum ask_state state)
{
	return state_names[state];
}

static bool ask_is_open(const struct ask *ask)
{
	return ask->state == ASK_QUEUED || ask->state == ASK_SENT;
}

/* A new one has the state, and is in no file yet. */
static bool ask_is_queued(const struct ask *ask)
{
	return ask->state == ASK_QUEUED && ask->link.next != &ask->link;
}

static void ask_free(struct ask *ask)
{
	if (ask != NULL) {
		free(ask->answer);
		free(ask->endpoint);
		free(ask);
	}
}

int asks_init(struct asks *asks, size_t limit, uint64_t first_id)
{
	memset(asks, 0, sizeof(*asks));
	asks->limit = limit;
	asks->next_id = first_id % (ID_LIMIT / 2) + 1;
	for (asks->slot_count = 64; asks->slot_count < 2 * limit; asks->slot_count *= 2) {
	}
	asks->slots = calloc(asks->slot_count, sizeof(struct ask *));
	asks->files = calloc(asks->slot_count, sizeof(struct ask_link));
	asks->heap = calloc(limit, sizeof(struct ask *));
	if (asks->slots == NULL || asks->files == NULL || asks->heap == NULL) {
		asks_fini(asks);
		return -ENOMEM;
	}
	for (size_t i = 0; i < asks->slot_count; i++) {
		asks->files[i] = (struct ask_link){&asks->files[i], &asks->files[i]};
	}
	return 0;
}

void asks_fini(struct asks *asks)
{
	for (size_t i = 0; asks->slots != NULL && i < asks->slot_count; i++) {
		ask_free(asks->slots[i]);
	}
	free(asks->slots);
	free(asks->files);
	free(asks->heap);
	asks->slots = NULL;
	asks->files = NULL;
	asks->heap = NULL;
}

static struct ask **asks_slot(const struct asks *asks, uint64_t id)
{
	return &asks->slots[id & (asks->slot_count - 1)];
}

/* ---- under a number ---- */

static struct ask_link *asks_file(const struct asks *asks, uint64_t number)
{
	return &asks->files[(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
			    (asks->slot_count - 1)];
}

static void asks_unfile(struct ask *ask)
{
	ask->link.previous->next = ask->link.next;
	ask->link.next->previous = ask->link.previous;
	ask->link = (struct ask_link){&ask->link, &ask->link};
}

/* At the end: the oldest is found first. */
static void asks_put(struct asks *asks, struct ask *ask, uint64_t number)
{
	struct ask_link *head = asks_file(asks, number);

	asks_unfile(ask);
	ask->file = number;
	ask->link.next = head;
	ask->link.previous = head->previous;
	head->previous->next = &ask->link;
	head->previous = &ask->link;
}

/* The next in a state under a number, of an endpoint. */
static struct ask *asks_search(const struct asks *asks, uint64_t number, enum ask_state state,
			       struct lwm2m_text endpoint, const struct ask *after)
{
	const struct ask_link *head = asks_file(asks, number);
	struct ask_link *link = after == NULL ? head->next : after->link.next;

	for (; link != head; link = link->next) {
		struct ask *ask = (struct ask *)link;

		if (ask->file == number && ask->state == state &&
		    lwm2m_text_is(endpoint, ask->endpoint)) {
			return ask;
		}
	}
	return NULL;
}

struct ask *asks_waiting(const struct asks *asks, struct lwm2m_text endpoint, uint64_t token)
{
	return asks_search(asks, token, ASK_SENT, endpoint, NULL);
}

struct ask *asks_oldest(const struct asks *asks, struct lwm2m_text endpoint,
			const struct lwm2m_message *answer)
{
	struct ask *oldest = NULL;

	for (size_t i = 0; i < asks->open; i++) {
		struct ask *ask = asks->heap[i];

		if (ask->state == ASK_SENT && ask->request.operation == answer->operation &&
		    lwm2m_text_is(endpoint, ask->endpoint) &&
		    (answer->uri.size == 0 || lwm2m_text_is(answer->uri, ask->uri)) &&
		    (oldest == NULL || ask->id < oldest->id)) {
			oldest = ask;
		}
	}
	return oldest;
}

struct ask *asks_queued(const struct asks *asks, const char *endpoint, const struct ask *after)
{
	const struct lwm2m_text text = {endpoint, strlen(endpoint)};

	return asks_search(asks, lwm2m_text_hash(text), ASK_QUEUED, text, after);
}

/* ---- by time ---- */

static void heap_set(struct asks *asks, size_t place, struct ask *ask)
{
	asks->heap[place - 1] = ask;
	ask->place = place;
}

/* To where those before it are due before it, and those below it after it. */
static void heap_move(struct asks *asks, struct ask *ask, size_t place)
{
	while (place > 1 && asks->heap[place / 2 - 1]->due > ask->due) {
		heap_set(asks, place, asks->heap[place / 2 - 1]);
		place /= 2;
	}
	while (2 * place <= asks->open) {
		size_t child = 2 * place;

		if (child < asks->open && asks->heap[child]->due < asks->heap[child - 1]->due) {
			child++;
		}
		if (asks->heap[child - 1]->due >= ask->due) {
			break;
		}
		heap_set(asks, place, asks->heap[child - 1]);
		place = child;
	}
	heap_set(asks, place, ask);
}

static void asks_set_due(struct asks *asks, struct ask *ask, ew_dur due)
{
	ask->due = due;
	heap_move(asks, ask, ask->place);
}

struct ask *asks_first(const struct asks *asks)
{
	return asks->open == 0 ? NULL : asks->heap[0];
}

/* One block: the ask, then paths and payload of its request. */
static struct ask *ask_new(const char *endpoint, const struct lwm2m_message *request)
{
	struct ask *ask = calloc(1, sizeof(*ask) + request->paths.size + request->payload.size);
	char *own;

	if (ask == NULL) {
		return NULL;
	}
	own = (char *)(ask + 1);
	ask->request = *request;
	if (request->paths.size > 0) {
		memcpy(own, request->paths.at, request->paths.size);
		ask->request.paths.at = own;
		own += request->paths.size;
	}
	if (request->payload.size > 0) {
		memcpy(own, request->payload.at, request->payload.size);
		ask->request.payload.at = own;
	}
	if ((request->has & LWM2M_HAS(URI)) != 0 && request->uri.size < sizeof(ask->uri)) {
		memcpy(ask->uri, request->uri.at, request->uri.size);
		ask->request.uri.at = ask->uri;
	}
	ask->endpoint = strdup(endpoint);
	if (ask->endpoint == NULL) {
		free(ask);
		return NULL;
	}
	return ask;
}

int asks_add(struct asks *asks, const char *endpoint, const struct lwm2m_message *request,
	     uint64_t id, struct ask **ask_out)
{
	struct ask **slot;
	struct ask *ask;

	if (asks->open >= asks->limit) {
		return -ENOSPC;
	}
	if (id == 0) {
		/* there is a free one: not more than half of the slots are open */
		do {
			id = asks->next_id++;
			if (asks->next_id >= ID_LIMIT) {
				asks->next_id = 1;
			}
			slot = asks_slot(asks, id);
		} while (*slot != NULL && ask_is_open(*slot));
	} else {
		slot = asks_slot(asks, id);
		if (id >= ID_LIMIT || (*slot != NULL && ask_is_open(*slot))) {
			return -ENOSPC;
		}
	}
	ask = ask_new(endpoint, request);
	if (ask == NULL) {
		return -ENOMEM;
	}
	ask->id = id;
	ask->request.has |= LWM2M_HAS(TOKEN);
	ask_free(*slot);
	*slot = ask;
	ask->link = (struct ask_link){&ask->link, &ask->link};
	asks->open++;
	ask->due = INT64_MAX;
	heap_set(asks, asks->open, ask);
	*ask_out = ask;
	return 0;
}

struct ask *asks_find(const struct asks *asks, uint64_t id)
{
	struct ask *ask = *asks_slot(asks, id);

	return ask != NULL && ask->id == id ? ask : NULL;
}

/* ---- what becomes of one ---- */

void asks_queue(struct asks *asks, struct ask *ask, ew_dur due)
{
	asks->queued += ask_is_queued(ask) ? 0 : 1;
	ask->state = ASK_QUEUED;
	asks_put(asks, ask, lwm2m_text_hash((struct lwm2m_text){
		ask->endpoint, strlen(ask->endpoint)}));
	asks_set_due(asks, ask, due);
}

void asks_send(struct asks *asks, struct ask *ask, ew_dur due)
{
	asks->queued -= ask_is_queued(ask) ? 1 : 0;
	ask->state = ASK_SENT;
	asks_put(asks, ask, ask_token(ask));
	asks_set_due(asks, ask, due);
}

void asks_finish(struct asks *asks, struct ask *ask, enum ask_state state)
{
	struct ask *last = asks->heap[asks->open - 1];
	size_t place = ask->place;

	asks->queued -= ask_is_queued(ask) ? 1 : 0;
	ask->state = state;
	asks_unfile(ask);
	asks->open--;
	ask->place = 0;
	if (last != ask) {
		heap_move(asks, last, place);
	}
}
