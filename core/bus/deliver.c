/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivering, on the receiver's loop. Routes that have something stand in the
 * receiver's list of ready routes; each gets a few entries, then goes to the
 * end. Losses show in the running totals of an entry; those behind the last
 * entry in the marks that the producer leaves.
 */
#include <stdlib.h>

#include "core/base/fence.h"
#include "core/bus/inside.h"

#define BUDGET       16u        /* entries of a turn */
#define ROUTE_SHARE  4u         /* of them for one route */

/* ---- ready routes ---- */

void receiver_signal(struct route *route)
{
	struct endpoint *receiver = route->receiver;
	struct route *head;

	if (atomic_exchange_explicit(&route->ready, true, memory_order_acq_rel)) {
		return;
	}
	/* the list keeps what is in it */
	(void)route_ref(route);
	head = atomic_load_explicit(&receiver->ready, memory_order_relaxed);
	do {
		route->next_ready = head;
	} while (!atomic_compare_exchange_weak_explicit(&receiver->ready, &head, route,
							memory_order_release,
							memory_order_relaxed));
	task_schedule(&receiver->data);
}

void receiver_signal_fenced(struct route *route)
{
	if (!atomic_load_explicit(&route->ready, memory_order_relaxed)) {
		receiver_signal(route);
	}
}

static void ready_append(struct endpoint *receiver, struct route *route)
{
	struct route **end = &receiver->ready_first;

	route->next_ready = NULL;
	while (*end != NULL) {
		end = &(*end)->next_ready;
	}
	*end = route;
}

/* Newest first becomes oldest first, behind what waits already. */
static void ready_collect(struct endpoint *receiver)
{
	struct route *turned = NULL;
	struct route *taken;

	if (atomic_load_explicit(&receiver->ready, memory_order_relaxed) == NULL) {
		return;
	}
	taken = atomic_exchange_explicit(&receiver->ready, NULL, memory_order_acquire);

	while (taken != NULL) {
		struct route *next = taken->next_ready;

		taken->next_ready = turned;
		turned = taken;
		taken = next;
	}
	while (turned != NULL) {
		struct route *next = turned->next_ready;

		ready_append(receiver, turned);
		turned = next;
	}
}

/* ---- gaps ---- */

void receiver_tell_gap(struct route *route, enum ew_gap_reason reason, uint64_t samples,
		       uint64_t events)
{
	struct endpoint *receiver = route->receiver;
	const struct ew_gap gap = {
		.route = route->id,
		.reason = reason,
		.samples = samples,
		.events = events,
	};

	atomic_fetch_add_explicit(&route->gaps, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&route->told_samples[reason], samples, memory_order_relaxed);
	atomic_fetch_add_explicit(&route->told_events[reason], events, memory_order_relaxed);
	if (receiver->module->gap != NULL) {
		endpoint_enter(receiver, "gap");
		receiver->module->gap(receiver->self, &gap);
		endpoint_leave_callback(receiver);
	}
}

/* Else its events have no position: nobody would answer them. */
static bool takes_events(const struct endpoint *receiver)
{
	return receiver->module->event != NULL;
}

static void find_gap(struct route *route, const struct ring_totals *before)
{
	uint64_t samples = before->samples - route->seen.samples;
	uint64_t events = before->events - route->seen.events;

	/* mostly nothing is missing: then `seen` says what `before` does */
	if (samples == 0 && events == 0 && before->batches == route->seen.batches &&
	    before->changes == route->seen.changes) {
		return;
	}
	route->position += before->batches - route->seen.batches;
	if (takes_events(route->receiver)) {
		route->position += events;
	}
	route->seen = *before;
	if (samples > 0 || events > 0) {
		/* a durable route loses only what the log did not take either */
		receiver_tell_gap(route, route->durable == NULL ? EW_GAP_OVERFLOW :
								   EW_GAP_NOT_STORED,
				  samples, events);
	}
}

/* The queue is empty: was something lost behind its last entry? */
static void find_gap_at_end(struct route *route)
{
	uint64_t samples = atomic_load_explicit(&route->lost_samples_at, memory_order_acquire);
	uint64_t events = atomic_load_explicit(&route->lost_events_at, memory_order_acquire);
	struct ring_totals totals = route->seen;

	totals.samples = samples > totals.samples ? samples : totals.samples;
	totals.events = events > totals.events ? events : totals.events;
	find_gap(route, &totals);
}

/* ---- entries ---- */

static void call_batch(struct endpoint *receiver, const struct ew_batch *batch)
{
	if (receiver->module->batch != NULL) {
		endpoint_enter(receiver, "batch");
		receiver->module->batch(receiver->self, batch);
		endpoint_leave_callback(receiver);
	}
}

static void count(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
			      memory_order_relaxed);
}

static void call_event(struct endpoint *receiver, const struct ew_event *event)
{
	endpoint_enter(receiver, "event");
	receiver->module->event(receiver->self, event);
	endpoint_leave_callback(receiver);
}

/* Open until it is answered; without a window the delivery stays where it is. */
static struct delivery *open_position(struct route *route, struct delivery *delivery)
{
	if (route->window == NULL) {
		return delivery;
	}
	atomic_fetch_add_explicit(&route->open, 1, memory_order_relaxed);
	return window_open(route->window, delivery);
}

void receiver_close_block(struct route *route, struct block *block)
{
	if ((block->flags & EW_BATCH_STORED) != 0) {
		route->durable->bytes -= block->bytes;
	} else {
		ring_release(route->ring, block->bytes);
	}
	block_unref(&block);
}

/* Everything up to this batch is dealt with: without a window at once. */
static void settle_number(struct route *route, uint64_t number)
{
	atomic_store_explicit(&route->acked_number, number, memory_order_release);
}

static void deliver_samples(struct route *route, struct block *block)
{
	struct endpoint *receiver = route->receiver;
	struct delivery delivery = {
		.batch = {
			.route = route->id,
			.count = block->count,
			.flags = block->flags,
			.position = ++route->position,
			.number = block->number,
			.stamped = block->stamped,
			.samples = block_samples(block),
		},
		.block = block,
		.route = route,
	};

	count(&route->batches, 1);
	count(&route->samples, block->count);
	if (endpoint_has_view(receiver)) {
		view_store(receiver, delivery.batch.samples, block->count);
	}
	call_batch(receiver, &open_position(route, &delivery)->batch);
	if (route->window == NULL) {
		settle_number(route, delivery.batch.number);
		receiver_close_block(route, block);
	}
}

static void deliver_event(struct route *route, struct block *block)
{
	struct endpoint *receiver = route->receiver;
	struct delivery delivery = {
		.event = *block_event(block),
		.block = block,
		.route = route,
	};

	count(&route->events, 1);
	if (!takes_events(receiver)) {
		receiver_close_block(route, block);
		return;
	}
	delivery.event.route = route->id;
	delivery.event.flags = block->flags;
	delivery.event.position = ++route->position;
	call_event(receiver, &open_position(route, &delivery)->event);
	if (route->window == NULL) {
		receiver_close_block(route, block);
	}
}

static void deliver_synced(struct route *route)
{
	struct endpoint *receiver = route->receiver;

	if (receiver->module->synced != NULL) {
		endpoint_enter(receiver, "synced");
		receiver->module->synced(receiver->self, route->id);
		endpoint_leave_callback(receiver);
	}
}

/* Does the receiver leave, and read this in its next life? */
static bool is_past(const struct route *route, const struct block *block)
{
	return route->durable != NULL &&
	       replay_is_past(replay_of(route->receiver), block->lsn_from, block->lsn);
}

static void deliver_data(struct route *route, struct block *block)
{
	if (is_past(route, block)) {
		receiver_close_block(route, block);
	} else {
		receiver_deliver_stored(route, block);
	}
}

static void deliver(struct route *route, struct block *block)
{
	struct endpoint *receiver = route->receiver;
	enum ew_change change = (enum ew_change)block->flags;

	switch ((enum block_kind)block->kind) {
	case BLOCK_SAMPLES:
		route->seen.batches++;
		route->seen.samples += block_published(block);
		deliver_data(route, block);
		return;
	case BLOCK_EVENT:
		route->seen.events++;
		deliver_data(route, block);
		return;
	case BLOCK_DEVICE:
		route->seen.changes++;
		seen_device(receiver, route, block_subject(block)->device, change);
		break;
	case BLOCK_TAG:
		route->seen.changes++;
		seen_tag(receiver, route, block_subject(block)->tag, change);
		break;
	case BLOCK_SNAPSHOT:
		seen_reconcile(receiver, route, block_snapshot(block));
		break;
	case BLOCK_SYNCED:
		deliver_synced(route);
		break;
	}
	receiver_close_block(route, block);
}

void receiver_deliver_stored(struct route *route, struct block *block)
{
	if (block->kind == BLOCK_EVENT) {
		deliver_event(route, block);
	} else {
		deliver_samples(route, block);
	}
}

/* ---- routes ---- */

void receiver_meet(struct route *route)
{
	struct endpoint *receiver = route->receiver;

	if (route->is_met) {
		return;
	}
	route->is_met = true;
	list_push(&receiver->received, &route->received);
	if (route->durable != NULL) {
		replay_meet(route);
	}
}

/* The next route of an owner that left and came back. */
static struct route *younger(const struct route *route)
{
	struct list *node;

	list_for_each(node, &route->receiver->received) {
		struct route *other = list_entry(node, struct route, received);

		if (other->owner == route->owner && other->id > route->id) {
			return other;
		}
	}
	return NULL;
}

/* What an earlier route of the same owner still has to say comes first. */
bool receiver_must_wait(struct route *route)
{
	struct list *node;

	if (route->is_first) {
		return false;
	}
	list_for_each(node, &route->receiver->received) {
		const struct route *other = list_entry(node, struct route, received);

		if (other->owner == route->owner && other->id < route->id) {
			return true;
		}
	}
	route->is_first = true;
	return false;
}

void receiver_part(struct route *route)
{
	struct route *next = younger(route);

	if (next != NULL && next->durable != NULL && route->durable == NULL) {
		replay_skip(next, atomic_load_explicit(&route->said_to, memory_order_relaxed));
	}
	list_remove(&route->received);
	window_free(&route->window, route);
	if (next != NULL) {
		receiver_signal(next);
	}
	route_unref(&route);
}

/* A batch that the module wants again comes before anything newer. */
bool receiver_redeliver(struct route *route)
{
	struct delivery *delivery =
		route->window == NULL ? NULL : window_redeliver(route->window);

	if (delivery == NULL) {
		return false;
	}
	count(&route->redelivered, 1);
	if (delivery->block->kind == BLOCK_EVENT) {
		delivery->event.flags |= EW_BATCH_REDELIVERED;
		call_event(route->receiver, &delivery->event);
	} else {
		delivery->batch.flags |= EW_BATCH_REDELIVERED;
		call_batch(route->receiver, &delivery->batch);
	}
	return true;
}

static void throw_away(struct route *route, struct block *block)
{
	if (block->kind == BLOCK_SAMPLES) {
		atomic_fetch_add_explicit(&route->lost_samples, block->count,
					  memory_order_relaxed);
	}
	receiver_close_block(route, block);
}

/* Does an entry build on a change that was taken away under our hands? */
static bool is_cut(struct route *route, const struct ring_entry *entry)
{
	if (entry->block->kind == BLOCK_SNAPSHOT) {
		route->is_cut = false;
	} else if (entry->before.changes != route->seen.changes) {
		route->is_cut = true;
	}
	return route->is_cut;
}

static bool deliver_next(struct route *route)
{
	struct ring_entry entry;

	if (receiver_redeliver(route)) {
		return true;
	}
	if (route->window != NULL && !window_has_room(route->window)) {
		return false;
	}
	if (route->durable != NULL && replay_holds(route)) {
		return false;
	}
	if (!ring_take(route->ring, &entry)) {
		find_gap_at_end(route);
		return route->durable != NULL && replay_follow(route);
	}
	if (is_cut(route, &entry)) {
		throw_away(route, entry.block);
		return true;
	}
	find_gap(route, &entry.before);
	deliver(route, entry.block);
	return true;
}

/* Whether the owner waits to hear that there is room. */
static void answer_owner(struct route *route)
{
	struct owner *owner = route->owner;

	if (atomic_load_explicit(&route->owes, memory_order_acquire) ||
	    atomic_load_explicit(&owner->listens, memory_order_relaxed)) {
		owner_signal(owner);
	}
}

/* Has an ended route nothing more to bring, and to hear? What is not answered stays as it is. */
static bool is_over(const struct route *route)
{
	return ring_is_empty(route->ring) &&
	       (route->window == NULL || window_is_empty(route->window)) &&
	       (route->durable == NULL || replay_is_over(route));
}

/* True: something was there, and there may be more. */
static bool serve(struct route *route, unsigned *budget)
{
	unsigned share = *budget < ROUTE_SHARE ? *budget : ROUTE_SHARE;
	unsigned served = 0;

	receiver_meet(route);
	if (list_is_empty(&route->received) || receiver_must_wait(route)) {
		return false;
	}
	while (served < share && deliver_next(route)) {
		served++;
		if (loop_has_control(route->receiver->config.loop)) {
			break;
		}
	}
	*budget -= served;
	answer_owner(route);
	if (served < share && atomic_load(&route->is_ended) != 0 && is_over(route)) {
		seen_reconcile(route->receiver, route, NULL);
		receiver_part(route);
		return false;
	}
	return served > 0;
}

/*
 * Serve a route of the list. It says `ready` until nothing is found in it, so
 * that pushing to a receiver that is at work is one look at a flag. Then one
 * more look: what was pushed before the flag fell was not signalled.
 */
static bool serve_ready(struct route *route, unsigned *budget)
{
	if (serve(route, budget)) {
		return true;
	}
	atomic_exchange_explicit(&route->ready, false, memory_order_acq_rel);
	/* who pushes has a fence between that and its look at `ready`, too */
	fence_full();
	/* if it has been queued anew meanwhile, that is enough */
	return serve(route, budget) &&
	       !atomic_exchange_explicit(&route->ready, true, memory_order_acq_rel);
}

static bool run_replay(struct endpoint *receiver)
{
	struct replay *replay = replay_of(receiver);

	return replay != NULL && replay_run(replay);
}

bool receiver_run(struct task *task)
{
	struct endpoint *receiver = container_of(task, struct endpoint, data);
	unsigned budget = receiver->config.budget == 0 ? BUDGET : receiver->config.budget;

	if (receiver->has_left) {
		return false;
	}
	ready_collect(receiver);
	while (budget > 0 && receiver->ready_first != NULL) {
		struct route *route = receiver->ready_first;

		receiver->ready_first = route->next_ready;
		if (serve_ready(route, &budget)) {
			ready_append(receiver, route);
		} else {
			route_unref(&route);
		}
		/* a write waits for one callback, not for the rest of the budget */
		if (loop_has_control(receiver->config.loop)) {
			break;
		}
	}
	return run_replay(receiver) || receiver->ready_first != NULL;
}

void receiver_fini(struct endpoint *receiver)
{
	struct list *node, *after;

	ready_collect(receiver);
	while (receiver->ready_first != NULL) {
		struct route *route = receiver->ready_first;

		receiver->ready_first = route->next_ready;
		receiver_meet(route);
		route_unref(&route);
	}
	list_for_each_safe(node, after, &receiver->received) {
		receiver_part(list_entry(node, struct route, received));
	}
}
