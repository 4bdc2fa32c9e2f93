/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes, the publisher's side; on its loop. What is said goes to the
 * log once, whatever number of routes show it. A route whose queue is full
 * loses nothing: it falls behind, and the log has what it does not get.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

/* ---- life ---- */

static void add_span(struct durable *durable, uint64_t from, uint64_t to)
{
	if (from <= to) {
		durable->spans[durable->span_count++] = (struct span){ from, to };
	}
}

struct durable *durable_new(const struct store_cursor *cursor, uint64_t from,
			    struct filter *filter)
{
	struct durable *durable = calloc(1, sizeof(*durable));
	uint64_t next = cursor == NULL ? from : cursor->lsn + 1;

	if (durable == NULL) {
		return NULL;
	}
	for (uint32_t i = 0; cursor != NULL && i < cursor->range_count; i++) {
		add_span(durable, next, cursor->ranges[i].from - 1);
		next = cursor->ranges[i].to + 1;
	}
	add_span(durable, next, LSN_OPEN);
	atomic_init(&durable->phase, 1);
	durable->phase_seen = 1;
	durable->filter = filter == NULL ? NULL : filter_ref(filter);
	return durable;
}

void durable_free(struct durable **durable_at)
{
	struct durable *durable = *durable_at;

	*durable_at = NULL;
	if (durable == NULL) {
		return;
	}
	filter_unref(&durable->filter);
	page_table_fini(&durable->reported);
	free(durable);
}

/* ---- appending ---- */

static bool shows_some(const struct route *route, struct block *block)
{
	const struct ew_sample *samples = block_samples(block);

	if (block->kind == BLOCK_EVENT) {
		return route->filter->events;
	}
	for (uint32_t i = 0; i < block->count; i++) {
		if (route_shows_tag(route, samples[i].tag)) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const struct endpoint *publisher, struct block *block)
{
	/* a receiver that is away looks through its filter when it is back */
	if (atomic_load_explicit(&publisher->bus->away, memory_order_acquire) > 0) {
		return true;
	}
	for (size_t i = 0; i < publisher->fed_count; i++) {
		const struct route *route = publisher->fed[i];

		if (route->durable != NULL && shows_some(route, block)) {
			return true;
		}
	}
	return false;
}

static int append_samples(struct store *store, const struct owner *owner, struct block *block)
{
	const struct store_batch batch = {
		.samples = block_samples(block),
		.count = block->count,
		.number = block->number,
		.stamped = block->stamped,
	};

	return store_append_samples(store, owner->stored, &batch, &block->lsn);
}

static int append_event(struct bus *bus, const struct owner *owner, struct block *block)
{
	const struct device *device = registry_device(&bus->registry, block_event(block)->device);
	const struct store_event event = {
		.event = block_event(block),
		.device = device == NULL || device->owner != owner ?
				  NULL : device->version->info.spec.path,
		.number = owner->number,
		.stamped = block->stamped,
	};

	return store_append_event(bus->store, owner->stored, &event, &block->lsn);
}

static int append(struct endpoint *publisher, struct block *block)
{
	struct bus *bus = publisher->bus;
	struct owner *owner = publisher->owner;
	int error = 0;

	if (owner->stored == NULL) {
		error = store_owner_find(bus->store, owner->name, &owner->stored);
	}
	if (error == 0) {
		owner->said = store_owner_totals(owner->stored);
	}
	if (error == 0 && block->kind == BLOCK_EVENT) {
		error = append_event(bus, owner, block);
	} else if (error == 0) {
		error = append_samples(bus->store, owner, block);
	}
	return error;
}

void durable_append(struct endpoint *publisher, struct block *block)
{
	struct store *store = publisher->bus->store;
	struct owner *owner = publisher->owner;
	uint64_t before;

	if (store == NULL || !is_wanted(publisher, block)) {
		return;
	}
	before = store_last(store);
	/* who sees a later lsn has taken the log's lock after us: it sees this too */
	atomic_store_explicit(&owner->appending, before, memory_order_release);
	if (append(publisher, block) != 0) {
		block->lsn = 0;
		atomic_fetch_add_explicit(&publisher->not_stored, 1, memory_order_relaxed);
		return;
	}
	block->lsn_from = before + 1;
	publisher->appended_lsn = block->lsn;
	publisher->appended_number = owner->number;
	atomic_fetch_add_explicit(&publisher->appended, 1, memory_order_relaxed);
	if (publisher->module->durable != NULL) {
		atomic_store_explicit(&owner->asks_durable, true, memory_order_release);
	}
}

void durable_handed(struct endpoint *publisher)
{
	atomic_store_explicit(&publisher->owner->appending, LSN_OPEN, memory_order_release);
}

/*
 * Two marks are enough: one that waits for the disk, and the last appended,
 * which takes its place when the disk is there.
 */
uint64_t durable_number(struct endpoint *publisher)
{
	uint64_t durable;

	if (publisher->appended_lsn == 0) {
		return publisher->owner->number;
	}
	/* before the look: what gets to the disk after it will be told */
	atomic_store(&publisher->owner->asks_durable, true);
	durable = store_durable(publisher->bus->store);
	if (publisher->appended_lsn <= durable) {
		publisher->awaited_lsn = 0;
		return publisher->owner->number;
	}
	if (publisher->awaited_lsn != 0 && publisher->awaited_lsn <= durable) {
		publisher->stored_number = publisher->awaited_number;
		publisher->awaited_lsn = 0;
	}
	if (publisher->awaited_lsn == 0) {
		publisher->awaited_lsn = publisher->appended_lsn;
		publisher->awaited_number = publisher->appended_number;
	}
	return publisher->stored_number;
}

/* ---- live and behind ---- */

static void next_phase(struct durable *durable)
{
	uint64_t phase = atomic_load_explicit(&durable->phase, memory_order_relaxed);

	atomic_store_explicit(&durable->phase, phase + 1, memory_order_release);
}

static void fall_behind(struct route *route, uint64_t from, struct store_totals before)
{
	struct durable *durable = route->durable;

	atomic_store_explicit(&durable->behind_from, from, memory_order_relaxed);
	atomic_store_explicit(&durable->behind_samples, before.samples, memory_order_relaxed);
	atomic_store_explicit(&durable->behind_events, before.events, memory_order_relaxed);
	next_phase(durable);
	receiver_signal(route);
}

bool durable_admit(struct route *route, const struct block *block)
{
	if (durable_is_behind(route->durable)) {
		return false;
	}
	if (!route->is_dirty && ring_has_room(route->ring, block->bytes) &&
	    !atomic_load_explicit(&route->receiver->reads_log, memory_order_relaxed)) {
		return true;
	}
	fall_behind(route, block->lsn != 0 ? block->lsn_from : store_last(route->bus->store) + 1,
		    route->owner->said);
	return false;
}

/* What it reported before it fell behind is not what was reported last. */
static void go_live(struct route *route, struct endpoint *publisher)
{
	struct durable *durable = route->durable;

	report_restart(route, publisher);
	route->is_dirty = true;
	atomic_store_explicit(&durable->live_after, store_last(route->bus->store),
			      memory_order_relaxed);
	next_phase(durable);
}

bool durable_is_asked(const struct durable *durable)
{
	return durable_is_behind(durable) &&
	       atomic_load_explicit(&durable->wanted, memory_order_acquire) ==
		       atomic_load_explicit(&durable->phase, memory_order_relaxed);
}

bool durable_may_feed(struct route *route, struct endpoint *publisher)
{
	if (!durable_is_behind(route->durable)) {
		return true;
	}
	if (!durable_is_asked(route->durable)) {
		return false;
	}
	go_live(route, publisher);
	return true;
}

void durable_detach(struct route *route)
{
	uint64_t last = store_last(route->bus->store);
	struct store_totals said = { 0 };

	atomic_store_explicit(&route->durable->ended_at, last, memory_order_relaxed);
	if (!durable_is_behind(route->durable)) {
		if (route->owner->stored != NULL) {
			said = store_owner_totals(route->owner->stored);
		}
		fall_behind(route, last + 1, said);
	}
}
