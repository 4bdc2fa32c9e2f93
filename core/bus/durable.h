/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes: what the publisher's side (durable.c), the receiver's side
 * (replay.c, settle.c) and the plan share.
 *
 * A durable route is *live* or *behind*. Live, its batches go through its
 * queue like those of any route, and to the log beside it. Behind, the
 * publisher puts nothing in: the receiver reads the log, span by span, and
 * asks to go live when little is left. `phase` counts the changes between the
 * two; odd is behind. The publisher alone moves it, up to behind on its own,
 * back to live only when the receiver has named the phase that shall end, so
 * that neither is ever more than one change ahead of what the other knows.
 */
#ifndef CORE_BUS_DURABLE_H
#define CORE_BUS_DURABLE_H

#include "core/bus/page.h"
#include "core/bus/rules.h"
#include "core/store/store.h"

struct block;
struct bus;
struct durable_receiver;
struct endpoint;
struct owner;
struct route;

#define SPANS_MAX  (STORE_RANGES_MAX + 2u)
#define LSN_OPEN   UINT64_MAX

/* Records still to be read for a route. */
struct span {
	uint64_t next;
	uint64_t to;                    /* included; LSN_OPEN: the route is behind */
};

struct durable {
	/* written by the publisher's loop, before phase */
	_Atomic uint64_t phase;
	_Atomic uint64_t behind_from;   /* first lsn that the queue did not get */
	_Atomic uint64_t behind_samples, behind_events; /* of the owner in the log, before it */
	_Atomic uint64_t live_after;    /* last lsn that it did not get */
	_Atomic uint64_t ended_at;      /* last lsn when the publisher let go */

	/* written by the receiver's loop */
	_Atomic uint64_t wanted;        /* the phase that shall end */

	/* the receiver's loop */
	uint64_t phase_seen;
	struct span spans[SPANS_MAX];
	uint32_t span_count;
	uint64_t known_at;              /* lsn before which the owner's totals are these */
	struct store_totals known;
	size_t bytes;                   /* read from the log, delivered, not answered */
	struct filter *filter;
	struct page_table reported;     /* struct reported, as delivered from the log */
};

/* ---- life; the planner, under bus->lock ---- */

/*
 * Behind, with what a cursor leaves open, or from `from` on. The filter may be
 * NULL. NULL: -ENOMEM.
 */
struct durable *durable_new(const struct store_cursor *cursor, uint64_t from,
			    struct filter *filter);
void durable_free(struct durable **durable);

/* ---- the publisher's loop ---- */

static inline bool durable_is_behind(const struct durable *durable)
{
	return (atomic_load_explicit(&durable->phase, memory_order_relaxed) & 1) != 0;
}

/*
 * Append a block of samples or an event to the log, if a durable route shows
 * some of it or a durable receiver is away. Hand the block over, then say
 * durable_handed(): in between no cursor passes it.
 */
void durable_append(struct endpoint *publisher, struct block *block);
void durable_handed(struct endpoint *publisher);

/* May the block go into the queue? If not the route is behind from it on. */
bool durable_admit(struct route *route, const struct block *block);

/* Does the receiver want it to go live, or a snapshot? */
bool durable_is_asked(const struct durable *durable);

/* May repairs go into the queue? Goes live when the receiver asked for it. */
bool durable_may_feed(struct route *route, struct endpoint *publisher);

/* The publisher lets go: what it says from here on is only in the log. */
void durable_detach(struct route *route);

/* The last batch up to which all that went to the log is on disk. */
uint64_t durable_number(struct endpoint *publisher);

/* ---- the receiver's loop ---- */

struct replay;

/* From the cursor of its name on. Main thread. -ENOMEM. */
int replay_new(struct endpoint *receiver, const struct durable_receiver *how,
	       struct replay **replay_out);
void replay_free(struct replay **replay);

/* Any thread. */
void replay_set_how(struct replay *replay, const struct durable_receiver *how);

/* Off: not durable any more, its cursor is gone and shall not come back. Any thread. */
void replay_turn(struct replay *replay, bool on);
bool replay_is_on(const struct replay *replay);

/*
 * The receiver begins to leave: what is appended from now on is past its end.
 * It is not delivered: no cursor could say that it was, and the receiver's
 * next life reads it.
 */
void replay_last(struct replay *replay);
/* Of several records none is delivered when the last is past the end. The receiver's loop. */
bool replay_is_past(struct replay *replay, uint64_t lsn_from, uint64_t lsn);

/* Read the log for a bounded time, and move the cursor. True: there is more. */
bool replay_run(struct replay *replay);

/* The queue of a route is empty: did it fall behind? True: look again. */
bool replay_follow(struct route *route);

/* Must the queue wait until the log is read? */
bool replay_holds(const struct route *route);

/* The route that was there before it brought all up to lsn. */
void replay_skip(struct route *route, uint64_t lsn);

/* Has the log nothing more to bring to an ended route? */
bool replay_is_over(const struct route *route);

/* Something was answered: the cursor may move. */
void replay_answered(struct route *route);

/* Route and receiver have met; another filter; the receiver leaves. */
void replay_meet(struct route *route);
void replay_set_filter(struct route *route, struct filter *filter);
void replay_leave(struct replay *replay);

/* ---- cover.c ---- */

/* An owner has a route, or none shows it: true, it is the first time. Under bus->lock. */
bool replay_cover(struct replay *replay, const struct owner *owner);
bool replay_covers(const struct replay *replay, const struct owner *owner);

/* All routes there are so far have been planned: it may begin. Under bus->lock. */
void replay_planned(struct replay *replay);

/* A route is planned that the receiver will meet. Under bus->lock. -ENOMEM. */
int replay_plan(struct replay *replay, struct route *route, struct filter *filter);

/* ---- durables.c; bus->lock held ---- */

/* A receiver joins: before its routes are planned, and after. -ENOMEM. */
int durables_join(struct endpoint *endpoint);
void durables_joined(struct endpoint *endpoint);

/* It leaves: from here on the log takes everything until it is back. */
void durables_leave(struct endpoint *endpoint);

void durables_fini(struct bus *bus);

/* ---- settle.c; the receiver's loop ---- */

/* Whatever is answered on all durable routes, up to `up_to`. */
void settle_cursor(const struct replay *replay, uint64_t up_to,
		   struct store_cursor *cursor_out);

#endif
