/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver's reading of the log, shared by replay.c, which decides where
 * and when to read, and recall.c, which turns records into deliveries.
 */
#ifndef CORE_BUS_REPLAY_H
#define CORE_BUS_REPLAY_H

#include "core/bus/inside.h"

#define RECALLED_OWNERS  32u    /* a power of two */

/* The owner behind a name of the log. */
struct recalled_owner {
	const char *name;               /* the reader's own: compared by address */
	struct owner *owner;
};

struct replay {
	struct endpoint *receiver;
	struct store *store;

	/* any thread */
	atomic_bool live_first;
	atomic_bool is_dismissed;       /* not durable any more: the cursor is gone */
	_Atomic uint64_t drain_messages, drain_bytes;   /* a second; 0: no limit */
	atomic_uint unmet;              /* routes that the receiver has not met yet, and the
					 * first plan until it is made */
	_Atomic uint64_t last_lsn;      /* when it began to leave; LSN_OPEN: it does not */

	/* bus->lock */
	bool is_planned;

	/* bus->lock, and read by the receiver's loop */
	_Atomic uint64_t covered[1024]; /* a bit an owner: it has, or had, a route */

	/* the receiver's loop */
	struct store_reader *reader;    /* NULL: there is nothing to read */
	const struct store_item *item;  /* read, and not taken yet */
	uint64_t at;                    /* all up to here has been looked at */
	bool has_new_span;              /* at some route, perhaps before `at` */
	bool is_failing;                /* the last read failed */
	bool has_answers;               /* since the cursor was moved */
	ew_dur moved_at;                /* when the cursor was moved */
	struct store_cursor cursor;     /* as it was moved last */
	double messages, bytes;         /* that may be drained now */
	ew_dur filled_at;               /* when those were counted */
	struct durable *search;         /* what the log had at the beginning: an owner may be
					 * in it that no route brings */
	struct block_pool *pool;
	struct loop_timer timer;
	struct recalled_owner owners[RECALLED_OWNERS];
};

static inline bool replay_is_live_first(const struct replay *replay)
{
	return atomic_load_explicit(&replay->live_first, memory_order_relaxed);
}

/* What a record came to. */
enum recall {
	RECALL_DONE,
	RECALL_NO_ROOM,                 /* of the route: an answer makes some */
	RECALL_TOO_FAST,                /* the drain limit: wait */
	RECALL_NO_MEMORY                /* nothing was said of it: try again */
};

enum recall recall_item(struct replay *replay, const struct store_item *item);

/* ---- the drain limit ---- */

bool drain_may(struct replay *replay);
void drain_count(struct replay *replay, size_t bytes);
ew_dur drain_wait(const struct replay *replay);

#endif
