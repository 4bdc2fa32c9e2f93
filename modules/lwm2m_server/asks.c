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
	return asks->slots == NULL ? -ENOMEM : 0;
}

void asks_fini(struct asks *asks)
{
	for (size_t i = 0; asks->slots != NULL && i < asks->slot_count; i++) {
		ask_free(asks->slots[i]);
	}
	free(asks->slots);
	asks->slots = NULL;
}

static struct ask **asks_slot(const struct asks *asks, uint64_t id)
{
	return &asks->slots[id & (asks->slot_count - 1)];
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
	ask->request.token = ask_token(ask);
	ask->request.has |= LWM2M_HAS(TOKEN);
	ask_free(*slot);
	*slot = ask;
	asks->open++;
	ask->due = INT64_MAX;
	ask->previous = asks->last;
	if (asks->last != NULL) {
		asks->last->next = ask;
	} else {
		asks->first = ask;
	}
	asks->last = ask;
	*ask_out = ask;
	return 0;
}

struct ask *asks_find(const struct asks *asks, uint64_t id)
{
	struct ask *ask = *asks_slot(asks, id);

	return ask != NULL && ask->id == id ? ask : NULL;
}

static void asks_unlink(struct asks *asks, struct ask *ask)
{
	if (ask->previous != NULL) {
		ask->previous->next = ask->next;
	} else {
		asks->first = ask->next;
	}
	if (ask->next != NULL) {
		ask->next->previous = ask->previous;
	} else {
		asks->last = ask->previous;
	}
	ask->next = NULL;
	ask->previous = NULL;
}

/* From the end: most have the same timeout, so the place is there. */
void asks_set_due(struct asks *asks, struct ask *ask, ew_dur due)
{
	struct ask *before;

	asks_unlink(asks, ask);
	ask->due = due;
	before = asks->last;
	while (before != NULL && before->due > due) {
		before = before->previous;
	}
	ask->previous = before;
	ask->next = before == NULL ? asks->first : before->next;
	if (ask->next != NULL) {
		ask->next->previous = ask;
	} else {
		asks->last = ask;
	}
	if (before != NULL) {
		before->next = ask;
	} else {
		asks->first = ask;
	}
}

void asks_finish(struct asks *asks, struct ask *ask)
{
	asks_unlink(asks, ask);
	asks->open--;
}
