/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions that were delivered to a module with EW_ACKS and not answered.
 * On the receiver's loop. Answers come in any order; the cursor moves past
 * the lowest ones that are done. The blocks stay counted against the route.
 */
#include <stdlib.h>

#include "core/bus/inside.h"

#define WINDOW_MAX  1024u       /* positions; a power of two */

enum fate {
	FATE_OPEN,
	FATE_AGAIN,             /* to be delivered again */
	FATE_DONE
};

struct entry {
	struct delivery delivery;
	enum fate fate;
};

struct window {
	uint64_t first;         /* entries ever closed */
	uint32_t count;
	uint32_t again;         /* entries with FATE_AGAIN */
	struct entry entries[WINDOW_MAX];
};

int window_new(struct window **window_out)
{
	struct window *window = calloc(1, sizeof(*window));

	if (window == NULL) {
		return -ENOMEM;
	}
	*window_out = window;
	return 0;
}

static uint64_t position_of(const struct delivery *delivery)
{
	return delivery->block->kind == BLOCK_EVENT ? delivery->event.position :
						      delivery->batch.position;
}

static struct entry *entry_at(struct window *window, uint32_t index)
{
	return &window->entries[(window->first + index) & (WINDOW_MAX - 1)];
}

void window_free(struct window **window_at, struct route *route)
{
	struct window *window = *window_at;

	*window_at = NULL;
	if (window == NULL) {
		return;
	}
	for (uint32_t i = 0; i < window->count; i++) {
		receiver_close_block(route, entry_at(window, i)->delivery.block);
	}
	free(window);
}

bool window_has_room(const struct window *window)
{
	return window->count < WINDOW_MAX;
}

bool window_is_empty(const struct window *window)
{
	return window->count == 0;
}

bool window_next_open(const struct window *window, uint32_t *index, struct span *span_out)
{
	while (*index < window->count) {
		const struct entry *entry =
			&window->entries[(window->first + *index) & (WINDOW_MAX - 1)];
		const struct block *block = entry->delivery.block;

		(*index)++;
		if (entry->fate != FATE_DONE && block->lsn != 0) {
			*span_out = (struct span){ block->lsn_from, block->lsn };
			return true;
		}
	}
	return false;
}

struct delivery *window_open(struct window *window, const struct delivery *delivery)
{
	struct entry *entry = entry_at(window, window->count++);

	entry->delivery = *delivery;
	entry->fate = FATE_OPEN;
	return &entry->delivery;
}

struct delivery *window_redeliver(struct window *window)
{
	for (uint32_t i = 0; window->again > 0 && i < window->count; i++) {
		struct entry *entry = entry_at(window, i);

		if (entry->fate == FATE_AGAIN) {
			entry->fate = FATE_OPEN;
			window->again--;
			return &entry->delivery;
		}
	}
	return NULL;
}

const struct delivery *window_next_in(const struct window *window, uint32_t *index,
				      struct span range)
{
	while (*index < window->count) {
		const struct entry *entry =
			&window->entries[(window->first + *index) & (WINDOW_MAX - 1)];
		uint64_t position = position_of(&entry->delivery);

		(*index)++;
		if (entry->fate != FATE_DONE && position >= range.next && position <= range.to) {
			return &entry->delivery;
		}
	}
	return NULL;
}

struct route *receiver_find_route(struct endpoint *receiver, uint32_t id)
{
	struct list *node;

	list_for_each(node, &receiver->received) {
		struct route *route = list_entry(node, struct route, received);

		if (route->id == id) {
			return route;
		}
	}
	return NULL;
}

static void set_fate(struct window *window, struct entry *entry, enum fate fate)
{
	window->again -= entry->fate == FATE_AGAIN;
	window->again += fate == FATE_AGAIN;
	entry->fate = fate;
}

/* Close what is done at the low end. */
static void advance(struct route *route)
{
	struct window *window = route->window;
	bool moved = false;

	while (window->count > 0 && entry_at(window, 0)->fate == FATE_DONE) {
		struct delivery *delivery = &entry_at(window, 0)->delivery;

		if (delivery->block->kind == BLOCK_SAMPLES) {
			atomic_store_explicit(&route->acked_number, delivery->batch.number,
					      memory_order_release);
		}
		receiver_close_block(route, delivery->block);
		atomic_fetch_sub_explicit(&route->open, 1, memory_order_relaxed);
		window->first++;
		window->count--;
		moved = true;
	}
	if (moved && route->durable != NULL) {
		replay_answered(route);
	}
	if (moved || window->again > 0) {
		receiver_signal(route);
	}
}

int endpoint_may_answer(struct endpoint *endpoint, uint32_t id, uint64_t from, uint64_t to)
{
	const struct route *route = receiver_find_route(endpoint, id);

	if (route == NULL) {
		return -ENOENT;
	}
	return from == 0 || from > to || to > route->position ? -EINVAL : 0;
}

/* Give a fate to the open positions of a range. Returns how many there were. */
static unsigned answer(struct route *route, uint64_t from, uint64_t to, enum fate fate)
{
	unsigned answered = 0;

	if (route->window == NULL) {
		return 0;
	}
	for (uint32_t i = 0; i < route->window->count; i++) {
		struct entry *entry = entry_at(route->window, i);
		uint64_t position = position_of(&entry->delivery);

		if (position > to) {
			break;
		}
		if (position >= from && entry->fate != FATE_DONE) {
			set_fate(route->window, entry, fate);
			answered++;
		}
	}
	advance(route);
	return answered;
}

const char *endpoint_route_name(struct endpoint *endpoint, uint32_t id)
{
	const struct route *route = receiver_find_route(endpoint, id);

	return route == NULL ? NULL : route->name;
}

int endpoint_ack(struct endpoint *endpoint, uint32_t id, uint64_t from, uint64_t to)
{
	struct route *route = receiver_find_route(endpoint, id);
	int error = endpoint_may_answer(endpoint, id, from, to);

	if (error == 0) {
		atomic_fetch_add_explicit(&route->acked,
					  (uint64_t)answer(route, from, to, FATE_DONE),
					  memory_order_relaxed);
	}
	return error;
}

static void say_dead(const struct route *route, uint64_t from, uint64_t to)
{
	log_limited(&route->receiver->dead_said, LOG_LEVEL_WARNING, route->name,
		    "the far end refused positions for good from=%llu to=%llu",
		    (unsigned long long)from, (unsigned long long)to);
}

int endpoint_nack(struct endpoint *endpoint, uint32_t id, uint64_t from, uint64_t to,
		  enum ew_nack what)
{
	struct route *route = receiver_find_route(endpoint, id);
	enum fate fate = what == EW_REDELIVER ? FATE_AGAIN : FATE_DONE;
	int error = endpoint_may_answer(endpoint, id, from, to);
	unsigned answered;

	if (error != 0) {
		return error;
	}
	answered = answer(route, from, to, fate);
	if (answered > 0 && fate == FATE_DONE) {
		atomic_fetch_add_explicit(&route->dead, answered, memory_order_relaxed);
		say_dead(route, from, to);
	}
	return 0;
}
