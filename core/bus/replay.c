/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes, the receiver's side; on its loop. One reader of the log
 * serves all routes of a receiver, in the order of the log. It reads where
 * the lowest span begins, hands each record to the route in whose span it
 * lies (recall.c), and waits when that route has no room.
 *
 * In order, the log comes before the queues; while much is left to read the
 * publishers are told to put nothing into any queue of this receiver, so that
 * one lsn says how far it is. Live first, the log is read beside the queues.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"
#include "core/bus/replay.h"

#define NEAR      256u          /* records: so few, and the routes may go live */
#define TURN      16u           /* records of a turn */
#define FAR       4096u         /* records: it is cheaper to look for the place than to read */
#define TICK      EW_SECOND      /* a cursor that nothing moves follows the end of the log */
#define MOVE_MIN  (20 * EW_MILLISECOND)  /* as much again comes twice after a kill */

/* ---- spans ---- */

static void drop_span(struct durable *durable)
{
	durable->span_count--;
	memmove(&durable->spans[0], &durable->spans[1],
		durable->span_count * sizeof(durable->spans[0]));
}

/* All up to lsn has been looked at. */
static void pass_spans(struct durable *durable, uint64_t lsn)
{
	while (durable->span_count > 0 && durable->spans[0].to <= lsn) {
		drop_span(durable);
	}
	if (durable->span_count > 0 && durable->spans[0].next <= lsn) {
		durable->spans[0].next = lsn + 1;
	}
}

static void pass_route(struct route *route, uint64_t lsn)
{
	bool had_some = route->durable->span_count > 0;

	pass_spans(route->durable, lsn);
	if (had_some && route->durable->span_count == 0) {
		/* the queue may be served, or the route is over */
		receiver_signal(route);
		if (replay_is_live_first(replay_of(route->receiver))) {
			/* in order a snapshot comes behind it */
			seen_forget_recalled(route->receiver, route);
		}
	}
}

void replay_skip(struct route *route, uint64_t lsn)
{
	pass_route(route, lsn);
}

static bool has_open_span(const struct durable *durable)
{
	return durable->span_count > 0 && durable->spans[durable->span_count - 1].to == LSN_OPEN;
}

static void close_open_span(struct durable *durable, uint64_t to)
{
	struct span *last;

	if (!has_open_span(durable)) {
		return;
	}
	last = &durable->spans[durable->span_count - 1];
	last->to = to;
	if (last->next > to) {
		durable->span_count--;
	}
}

/* Did the publisher go live, or let go? */
static void look_at_phase(struct route *route)
{
	struct durable *durable = route->durable;
	bool is_ended = atomic_load(&route->is_ended) != 0 && has_open_span(durable);
	uint64_t phase = atomic_load_explicit(&durable->phase, memory_order_acquire);

	if ((durable->phase_seen & 1) == 0) {
		return;
	}
	if (phase > durable->phase_seen) {
		close_open_span(durable, atomic_load_explicit(&durable->live_after,
							      memory_order_relaxed));
		durable->phase_seen++;
	} else if (is_ended) {
		close_open_span(durable, atomic_load_explicit(&durable->ended_at,
							      memory_order_relaxed));
	} else {
		return;
	}
	if (durable->span_count == 0) {
		receiver_signal(route);
	}
}

bool replay_follow(struct route *route)
{
	struct durable *durable = route->durable;
	uint64_t phase = atomic_load_explicit(&durable->phase, memory_order_acquire);

	if ((durable->phase_seen & 1) != 0 || phase == durable->phase_seen) {
		return false;
	}
	if (!ring_is_empty(route->ring)) {
		return true;
	}
	if (durable->span_count < SPANS_MAX) {
		durable->known_at = atomic_load_explicit(&durable->behind_from,
							 memory_order_relaxed);
		durable->known.samples = atomic_load_explicit(&durable->behind_samples,
							      memory_order_relaxed);
		durable->known.events = atomic_load_explicit(&durable->behind_events,
							     memory_order_relaxed);
		durable->spans[durable->span_count++] = (struct span){ durable->known_at,
								       LSN_OPEN };
		replay_of(route->receiver)->has_new_span = true;
		durable->phase_seen++;
		page_table_fini(&durable->reported);
		task_schedule(&route->receiver->data);
	}
	return false;
}

bool replay_holds(const struct route *route)
{
	return route->durable->span_count > 0 && !replay_is_live_first(replay_of(route->receiver));
}

bool replay_is_over(const struct route *route)
{
	const struct durable *durable = route->durable;

	return durable->span_count == 0 &&
	       durable->phase_seen == atomic_load_explicit(&durable->phase,
							   memory_order_acquire);
}

static void widen(struct span *ends, const struct durable *durable)
{
	uint64_t to;

	if (durable->span_count > 0) {
		to = durable->spans[durable->span_count - 1].to;
		ends->next = durable->spans[0].next < ends->next ? durable->spans[0].next :
								    ends->next;
		ends->to = to > ends->to ? to : ends->to;
	}
}

/* The lowest and the highest lsn that is still to be looked at. */
static bool find_ends(const struct replay *replay, struct span *ends_out)
{
	struct span ends = { LSN_OPEN, 0 };
	struct list *node;

	widen(&ends, replay->search);
	list_for_each(node, &replay->receiver->received) {
		const struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL) {
			widen(&ends, route->durable);
		}
	}
	*ends_out = ends;
	return ends.to != 0;
}

/* ---- going live ---- */

static void ask_live(struct route *route)
{
	struct durable *durable = route->durable;

	if (!has_open_span(durable) || (durable->phase_seen & 1) == 0 ||
	    atomic_load_explicit(&durable->wanted, memory_order_relaxed) == durable->phase_seen) {
		return;
	}
	atomic_store_explicit(&durable->wanted, durable->phase_seen, memory_order_release);
	owner_signal(route->owner);
}

static void set_reads_log(struct replay *replay, bool reads)
{
	atomic_store_explicit(&replay->receiver->reads_log, reads, memory_order_relaxed);
}

/* Tell the publishers what they may do, by how much is left to read. */
static void steer(struct replay *replay)
{
	bool live_first = replay_is_live_first(replay);
	struct span ends;
	struct list *node;
	bool is_near;

	if (!find_ends(replay, &ends)) {
		set_reads_log(replay, false);
		return;
	}
	is_near = store_last(replay->store) + 1 <= ends.next + NEAR;
	set_reads_log(replay, !live_first && !is_near);
	if (!live_first && !is_near) {
		return;
	}
	list_for_each(node, &replay->receiver->received) {
		struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL) {
			ask_live(route);
		}
	}
}

/* ---- reading ---- */

static void close_reader(struct replay *replay)
{
	store_reader_close(&replay->reader);
	replay->item = NULL;
	memset(replay->owners, 0, sizeof(replay->owners));
}

/* Where a route fell behind what comes next may be gone: its publisher knew how much it was. */
static void tell_totals(struct replay *replay, uint64_t next)
{
	struct list *node;

	list_for_each(node, &replay->receiver->received) {
		const struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL && route->durable->known_at >= next) {
			store_reader_expect(replay->reader, route->owner->name,
					    route->durable->known);
		}
	}
}

static bool seek(struct replay *replay, uint64_t next)
{
	if (replay->reader != NULL && replay->at < next && next - replay->at <= FAR) {
		return true;
	}
	close_reader(replay);
	replay->at = next - 1;
	if (store_reader_open(replay->store, next - 1, replay->receiver->name,
			      &replay->reader) != 0) {
		return false;
	}
	tell_totals(replay, next);
	return true;
}

static void pass_all(struct replay *replay)
{
	struct list *node, *after;

	pass_spans(replay->search, replay->at);
	list_for_each_safe(node, after, &replay->receiver->received) {
		struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL) {
			pass_route(route, replay->at);
		}
	}
}

static void look_at_phases(struct replay *replay)
{
	struct list *node;

	list_for_each(node, &replay->receiver->received) {
		struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL) {
			look_at_phase(route);
		}
	}
}

static void read_failed(struct replay *replay, int error)
{
	if (!replay->is_failing) {
		log_msg(LOG_LEVEL_WARNING, replay->receiver->name,
			"cannot read the store: %s: tried again every second", strerror(-error));
	}
	replay->is_failing = true;
}

/* Get the next item; false: none now. */
static bool read_item(struct replay *replay, uint64_t up_to)
{
	int got = store_reader_next(replay->reader, up_to, &replay->item);
	uint64_t at;

	if (got == 1) {
		replay->is_failing = false;
		return true;
	}
	replay->item = NULL;
	if (got < 0 && got != -EAGAIN) {
		read_failed(replay, got);
		return false;
	}
	at = store_reader_at(replay->reader);
	replay->at = at > replay->at ? at : replay->at;
	return got == -EAGAIN;
}

static bool next_item(struct replay *replay)
{
	struct span ends;

	if (!find_ends(replay, &ends)) {
		close_reader(replay);
		return false;
	}
	return seek(replay, ends.next) && read_item(replay, ends.to);
}

static void item_done(struct replay *replay)
{
	uint64_t lsn = replay->item->kind == STORE_GAP ? replay->item->lsn - 1 :
							  replay->item->lsn;

	replay->at = lsn > replay->at ? lsn : replay->at;
	replay->item = NULL;
}

/* What has been looked at was not looked at for a span that is new. */
static void look_again(struct replay *replay)
{
	replay->has_new_span = false;
	close_reader(replay);
	replay->at = 0;
}

/* One record. False: nothing to do until something happens. */
static bool step(struct replay *replay)
{
	if (replay->item == NULL && !next_item(replay)) {
		return false;
	}
	if (replay->item == NULL) {
		/* it had to skip a chunk */
		pass_all(replay);
		return true;
	}
	/* a publisher that went live before it appended this has put it into its queue */
	look_at_phases(replay);
	switch (recall_item(replay, replay->item)) {
	case RECALL_DONE:
		item_done(replay);
		pass_all(replay);
		return true;
	case RECALL_NO_ROOM:
		return false;
	case RECALL_TOO_FAST:
		timer_set(&replay->timer, drain_wait(replay), 0);
		return false;
	case RECALL_NO_MEMORY:
		read_failed(replay, -ENOMEM);
		return false;
	}
	return false;
}

/* ---- the cursor ---- */

static bool is_same_cursor(const struct store_cursor *a, const struct store_cursor *b)
{
	return a->lsn == b->lsn && a->range_count == b->range_count &&
	       memcmp(a->ranges, b->ranges, a->range_count * sizeof(a->ranges[0])) == 0;
}

/*
 * The end of the log is read first: what a publisher appended up to there it
 * has handed over, or says that it is about to.
 */
static void move_cursor(struct replay *replay)
{
	uint64_t end = store_last(replay->store);
	uint64_t last = atomic_load_explicit(&replay->last_lsn, memory_order_acquire);
	struct store_cursor cursor;

	if (atomic_load_explicit(&replay->unmet, memory_order_acquire) > 0 ||
	    !replay_is_on(replay)) {
		return;
	}
	settle_cursor(replay, end < last ? end : last, &cursor);
	replay->moved_at = clock_mono();
	replay->has_answers = false;
	if (cursor.lsn < replay->cursor.lsn || is_same_cursor(&cursor, &replay->cursor)) {
		return;
	}
	if (store_cursor_set(replay->store, replay->receiver->name, &cursor) == 0) {
		replay->cursor = cursor;
	}
}

/* Now, or as soon as it may move again: nobody else may come. */
static void follow_answers(struct replay *replay)
{
	ew_dur due = replay->moved_at + MOVE_MIN;
	ew_dur now = clock_mono();

	if (due <= now) {
		move_cursor(replay);
	} else if (!heap_holds(&replay->timer.node) || replay->timer.node.key > due) {
		timer_set(&replay->timer, due - now, 0);
	}
}

/* ---- running ---- */

static void replay_tick(struct loop_timer *timer)
{
	struct replay *replay = container_of(timer, struct replay, timer);

	replay->has_answers = true;
	task_schedule(&replay->receiver->data);
}

/* What is read for some routes before others are met would have to be read again for them. */
static bool may_begin(const struct replay *replay)
{
	return atomic_load_explicit(&replay->receiver->bus->is_ready, memory_order_acquire) &&
	       atomic_load_explicit(&replay->unmet, memory_order_acquire) == 0;
}

static bool begin(struct replay *replay)
{
	/* not made with the endpoint: a loop that runs has its timers to itself */
	if (replay->timer.loop == NULL &&
	    timer_init(&replay->timer, replay->receiver->config.loop, replay_tick) != 0) {
		return false;
	}
	if (!heap_holds(&replay->timer.node)) {
		timer_set(&replay->timer, TICK, 0);
	}
	return true;
}

bool replay_run(struct replay *replay)
{
	bool more = true;

	if (!may_begin(replay)) {
		return false;
	}
	if (!begin(replay)) {
		/* without a timer there is no later: the loop asks at once */
		return true;
	}
	if (replay->has_new_span) {
		look_again(replay);
	}
	look_at_phases(replay);
	steer(replay);
	for (unsigned i = 0; more && i < TURN; i++) {
		more = step(replay);
	}
	if (!more) {
		pass_all(replay);
		steer(replay);
	}
	if (replay->has_answers) {
		follow_answers(replay);
	}
	return more;
}

void replay_meet(struct route *route)
{
	struct replay *replay = replay_of(route->receiver);

	replay->has_new_span = true;
	atomic_fetch_sub_explicit(&replay->unmet, 1, memory_order_release);
	task_schedule(&route->receiver->data);
}

void replay_answered(struct route *route)
{
	replay_of(route->receiver)->has_answers = true;
}

void replay_set_filter(struct route *route, struct filter *filter)
{
	struct replay *replay = replay_of(route->receiver);

	filter_unref(&route->durable->filter);
	route->durable->filter = filter_ref(filter);
	page_table_fini(&route->durable->reported);
	/* what it knows of tags was judged by the old one */
	close_reader(replay);
}

/* ---- life ---- */

int replay_new(struct endpoint *receiver, const struct durable_receiver *how,
	       struct replay **replay_out)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	struct store *store = receiver->bus->store;
	int error;

	if (replay == NULL) {
		return -ENOMEM;
	}
	replay->receiver = receiver;
	replay->store = store;
	atomic_init(&replay->last_lsn, LSN_OPEN);
	atomic_init(&replay->unmet, 1);
	error = store_cursor_get(store, receiver->name, &replay->cursor);
	if (error == 0) {
		error = block_pool_new(&replay->pool);
	}
	if (error == 0) {
		replay->search = durable_new(&replay->cursor, LSN_OPEN, NULL);
		error = replay->search == NULL ? -ENOMEM : 0;
	}
	if (error != 0) {
		replay_free(&replay);
		return error;
	}
	close_open_span(replay->search, store_last(store));
	replay_set_how(replay, how);
	atomic_store(&receiver->reads_log, !how->live_first);
	*replay_out = replay;
	return 0;
}

void replay_free(struct replay **replay_at)
{
	struct replay *replay = *replay_at;

	*replay_at = NULL;
	if (replay == NULL) {
		return;
	}
	durable_free(&replay->search);
	block_pool_free(&replay->pool);
	free(replay);
}

void replay_set_how(struct replay *replay, const struct durable_receiver *how)
{
	atomic_store_explicit(&replay->live_first, how->live_first, memory_order_relaxed);
	atomic_store_explicit(&replay->drain_messages, how->drain_messages,
			      memory_order_relaxed);
	atomic_store_explicit(&replay->drain_bytes, how->drain_bytes, memory_order_relaxed);
}

void replay_turn(struct replay *replay, bool on)
{
	atomic_store_explicit(&replay->is_dismissed, !on, memory_order_relaxed);
}

bool replay_is_on(const struct replay *replay)
{
	return !atomic_load_explicit(&replay->is_dismissed, memory_order_relaxed);
}

void replay_last(struct replay *replay)
{
	atomic_store_explicit(&replay->last_lsn, store_last(replay->store),
			      memory_order_release);
}

bool replay_is_past(struct replay *replay, uint64_t lsn_from, uint64_t lsn)
{
	uint64_t last = atomic_load_explicit(&replay->last_lsn, memory_order_acquire);

	if (lsn <= last) {
		return false;
	}
	if (lsn_from <= last) {
		atomic_store_explicit(&replay->last_lsn, lsn_from - 1, memory_order_relaxed);
	}
	return true;
}

void replay_leave(struct replay *replay)
{
	look_at_phases(replay);
	move_cursor(replay);
	close_reader(replay);
	timer_fini(&replay->timer);
}
