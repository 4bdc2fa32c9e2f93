/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a receiver is with the log: what no durable route has open, in its
 * window, its queue, its spans, or on its way into the queue. On the
 * receiver's loop.
 *
 * Look at the end of the log first, then at the routes: a record up to there
 * whose publisher has not handed it over yet shows in owner->appending, and
 * what it has handed over shows in the queue or in the phase.
 */
#include "core/bus/replay.h"

/* So many holes leave no more ranges than a cursor has: what is between more of them goes. */
#define HOLES_MAX  STORE_RANGES_MAX

/* What is not answered: ascending, apart. */
struct holes {
	struct span at[HOLES_MAX + 1];
	uint32_t count;
};

static void remove_hole(struct holes *holes, uint32_t index)
{
	holes->count--;
	for (uint32_t i = index; i < holes->count; i++) {
		holes->at[i] = holes->at[i + 1];
	}
}

/* Too many: what lies between two of them counts as not answered too. */
static void join_nearest(struct holes *holes)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i + 1 < holes->count; i++) {
		if (holes->at[i + 1].next - holes->at[i].to <
		    holes->at[best + 1].next - holes->at[best].to) {
			best = i;
		}
	}
	holes->at[best].to = holes->at[best + 1].to;
	remove_hole(holes, best + 1);
}

static void add_hole(struct holes *holes, uint64_t from, uint64_t to)
{
	uint32_t i = 0;

	if (from > to) {
		return;
	}
	while (i < holes->count && holes->at[i].to != LSN_OPEN && holes->at[i].to + 1 < from) {
		i++;
	}
	/* swallow what it touches */
	while (i < holes->count && (to == LSN_OPEN || holes->at[i].next <= to + 1)) {
		from = holes->at[i].next < from ? holes->at[i].next : from;
		to = holes->at[i].to > to ? holes->at[i].to : to;
		remove_hole(holes, i);
	}
	for (uint32_t j = holes->count; j > i; j--) {
		holes->at[j] = holes->at[j - 1];
	}
	holes->at[i] = (struct span){ from, to };
	if (++holes->count > HOLES_MAX) {
		join_nearest(holes);
	}
}

static void add_spans(struct holes *holes, const struct durable *durable)
{
	for (uint32_t i = 0; i < durable->span_count; i++) {
		add_hole(holes, durable->spans[i].next, durable->spans[i].to);
	}
}

/* A durable route takes nothing back from its queue: it falls behind. */
static void add_queue(struct holes *holes, const struct ring *ring)
{
	const struct block *block;

	for (uint32_t i = 0; (block = ring_peek(ring, i)) != NULL; i++) {
		if (block->lsn != 0) {
			add_hole(holes, block->lsn_from, block->lsn);
		}
	}
}

static void add_route(struct holes *holes, const struct route *route)
{
	const struct durable *durable = route->durable;
	uint64_t appending = atomic_load_explicit(&route->owner->appending, memory_order_acquire);
	uint64_t phase = atomic_load_explicit(&durable->phase, memory_order_acquire);
	struct span open;
	uint32_t i = 0;

	if (appending != LSN_OPEN) {
		add_hole(holes, appending + 1, LSN_OPEN);
	}
	if ((durable->phase_seen & 1) == 0 && phase > durable->phase_seen) {
		add_hole(holes, atomic_load_explicit(&durable->behind_from, memory_order_relaxed),
			 LSN_OPEN);
	}
	add_queue(holes, route->ring);
	add_spans(holes, durable);
	while (route->window != NULL && window_next_open(route->window, &i, &open)) {
		add_hole(holes, open.next, open.to);
	}
}

static void add_range(struct store_cursor *cursor, uint64_t from, uint64_t to)
{
	if (from <= to && cursor->range_count < STORE_RANGES_MAX) {
		cursor->ranges[cursor->range_count++] = (struct store_range){ from, to };
	}
}

void settle_cursor(const struct replay *replay, uint64_t up_to,
		   struct store_cursor *cursor_out)
{
	struct store_cursor cursor = { .lsn = up_to };
	struct holes holes = { .count = 0 };
	struct list *node;

	add_spans(&holes, replay->search);
	list_for_each(node, &replay->receiver->received) {
		const struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL) {
			add_route(&holes, route);
		}
	}
	for (uint32_t i = 0; i < holes.count && holes.at[i].next <= up_to; i++) {
		uint64_t end = i + 1 < holes.count ? holes.at[i + 1].next - 1 : up_to;

		if (i == 0) {
			cursor.lsn = holes.at[i].next - 1;
		}
		if (holes.at[i].to != LSN_OPEN) {
			add_range(&cursor, holes.at[i].to + 1, end < up_to ? end : up_to);
		}
	}
	*cursor_out = cursor;
}
