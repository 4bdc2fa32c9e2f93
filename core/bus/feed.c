/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeding a route, on its publisher's loop.
 *
 * A block goes in or is lost. What is lost is remembered in one of two ways:
 * a lost sample marks its tag as *owed*, a lost change makes the route
 * *dirty*. A dirty route takes nothing but a snapshot of all that it shows;
 * an owed value is sent from the image, unless a newer sample of the tag went
 * in meanwhile. A route that begins is dirty and owes everything: starting,
 * changing a filter, and making good a loss are one mechanism.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/fence.h"
#include "core/bus/inside.h"

#define REPAIR_SAMPLES  512u    /* values of one block */

/* ---- marks ---- */

static uint8_t *mark_make(struct route *route, uint32_t tag)
{
	if (route->marks.pages == NULL && page_table_init(&route->marks, 1) != 0) {
		return NULL;
	}
	return page_table_make(&route->marks, tag);
}

static uint8_t mark_get(const struct route *route, uint32_t tag)
{
	const uint8_t *mark = NULL;

	if (route->marks.pages != NULL) {
		mark = page_table_find(&route->marks, tag);
	}
	return mark == NULL ? 0 : *mark;
}

bool route_shows_tag(const struct route *route, uint32_t tag)
{
	return route->filter->everything || (mark_get(route, tag) & MARK_PASSES) != 0;
}

bool route_shows_device(const struct route *route, const char *device)
{
	return route->filter->everything || filter_match_device(route->filter, device);
}

bool route_judge_tag(struct route *route, const struct tag_version *tag, const char *device)
{
	uint8_t *mark;
	int rule;

	if (route->filter->everything) {
		return true;
	}
	rule = filter_match_tag(route->filter, device, tag->info.spec.name);
	mark = mark_make(route, tag->info.id);
	if (mark == NULL) {
		return false;
	}
	*mark &= MARK_OWED | MARK_HELD;
	if (rule >= 0) {
		*mark |= (uint8_t)(MARK_PASSES | (unsigned)rule << MARK_RULE);
	}
	return rule >= 0;
}

static void owe(struct route *route, uint32_t tag, uint64_t number)
{
	uint8_t *mark;

	if (!endpoint_has_view(route->receiver)) {
		return;
	}
	mark = mark_make(route, tag);
	if (mark != NULL) {
		*mark |= MARK_OWED;
		route->has_owed = true;
		route->owed_number = number > route->owed_number ? number : route->owed_number;
	}
}

/* ---- losing ---- */

static void owe_block(struct route *route, struct block *block)
{
	const struct ew_sample *samples = block_samples(block);

	for (uint32_t i = 0; i < block->count; i++) {
		if ((samples[i].flags & EW_HISTORICAL) == 0) {
			owe(route, samples[i].tag, block->number);
		}
	}
	atomic_fetch_add_explicit(&route->lost_samples, block_published(block),
				  memory_order_relaxed);
}

/* What it means that a block does not arrive. */
static void lose(struct route *route, struct block *block)
{
	switch ((enum block_kind)block->kind) {
	case BLOCK_SAMPLES:
		owe_block(route, block);
		break;
	case BLOCK_EVENT:
		atomic_fetch_add_explicit(&route->lost_events, 1, memory_order_relaxed);
		break;
	case BLOCK_DEVICE:
	case BLOCK_TAG:
	case BLOCK_SNAPSHOT:
		route->is_dirty = true;
		break;
	case BLOCK_SYNCED:
		route->must_sync = true;
		break;
	}
}

static void count_total(struct route *route, const struct block *block)
{
	if (block->kind == BLOCK_SAMPLES) {
		route->totals.batches++;
		route->totals.samples += block_published(block);
	} else if (block->kind == BLOCK_EVENT) {
		route->totals.events++;
	} else if (block->kind == BLOCK_DEVICE || block->kind == BLOCK_TAG) {
		route->totals.changes++;
	}
}

static void update_owes(struct route *route)
{
	bool owes = route->is_dirty || route->has_owed || route->must_sync;

	/* what a route that is behind owes is asked for when it goes live */
	owes &= route->durable == NULL || !durable_is_behind(route->durable);
	if (owes != atomic_load_explicit(&route->owes, memory_order_relaxed)) {
		atomic_store_explicit(&route->owes, owes, memory_order_release);
	}
}

/* The newest does not go in: totals tell the receiver at its next entry, marks at the end. */
static void lose_tail(struct route *route, struct block *block)
{
	lose(route, block);
	count_total(route, block);
	atomic_store_explicit(&route->lost_samples_at, route->totals.samples,
			      memory_order_release);
	atomic_store_explicit(&route->lost_events_at, route->totals.events, memory_order_release);
	update_owes(route);
	receiver_signal(route);
	block_unref(&block);
}

static void lose_head(struct route *route, struct ring_entry *entry)
{
	lose(route, entry->block);
	ring_drop(route->ring, entry->block->bytes);
	block_unref(&entry->block);
}

/*
 * Take the oldest away until there is room. A lost change takes all that builds
 * on it along; what the receiver took meanwhile it throws away itself, so every
 * value is owed then.
 */
static void make_room(struct route *route, size_t bytes)
{
	struct ring_entry entry;

	while (!ring_has_room(route->ring, bytes) && ring_take_back(route->ring, &entry)) {
		lose_head(route, &entry);
		if (route->is_dirty) {
			break;
		}
	}
	route->owes_all |= route->is_dirty;
	while (route->is_dirty && ring_take_back(route->ring, &entry)) {
		lose_head(route, &entry);
	}
	update_owes(route);
}

void route_spoil(struct route *route)
{
	route->is_dirty = true;
	update_owes(route);
	receiver_signal(route);
}

/* ---- putting in ---- */

/* Is it safe only when the receiver has answered it? */
static bool needs_answer(const struct route *route, const struct block *block)
{
	return route->durable == NULL || (block->lsn == 0 && block_published(block) > 0);
}

static void put_quietly(struct route *route, struct block *block)
{
	const struct ring_totals before = route->totals;

	count_total(route, block);
	if (block->kind == BLOCK_SAMPLES && needs_answer(route, block)) {
		route->pushed_number = block->number;
	}
	ring_push(route->ring, block, &before);
}

static void put(struct route *route, struct block *block)
{
	put_quietly(route, block);
	receiver_signal(route);
}

static void repair(struct route *route, struct endpoint *publisher, uint64_t up_to);

/* The last batch before this block. */
static uint64_t before(const struct endpoint *publisher, const struct block *block)
{
	return block->kind == BLOCK_SAMPLES ? block->number - 1 : publisher->owner->number;
}

/* It is behind now. What is not in the log either is lost. */
static void leave_to_log(struct route *route, struct block *block)
{
	if (block->lsn == 0) {
		lose_tail(route, block);
		return;
	}
	if (block->kind == BLOCK_EVENT) {
		atomic_fetch_add_explicit(&route->stored_events, 1, memory_order_relaxed);
	} else {
		atomic_fetch_add_explicit(&route->stored_samples, block->count,
					  memory_order_relaxed);
	}
	update_owes(route);
	block_unref(&block);
}

static bool fits(const struct route *route, const struct block *block)
{
	return !route->is_dirty && ring_has_room(route->ring, block->bytes);
}

void route_put(struct route *route, struct endpoint *publisher, struct block *block)
{
	bool has_room;

	if (route->durable != NULL && !durable_admit(route, block)) {
		leave_to_log(route, block);
		return;
	}
	has_room = fits(route, block);
	if (!has_room && !route->is_dirty && route->filter->full == ROUTE_DROP_OLDEST) {
		make_room(route, block->bytes);
		if (route->is_dirty) {
			repair(route, publisher, before(publisher, block));
		}
		has_room = fits(route, block);
	}
	if (has_room) {
		put_quietly(route, block);
		route->is_pushed = true;
	} else {
		lose_tail(route, block);
	}
}

void route_push(struct route *route, struct endpoint *publisher, struct block *block)
{
	route_put(route, publisher, block);
	if (route->is_pushed) {
		route->is_pushed = false;
		receiver_signal(route);
	}
}

void routes_tell(struct endpoint *publisher)
{
	/* receivers that find nothing stop to be ready, pass a fence, and look again */
	fence_full();
	for (size_t i = 0; i < publisher->fed_count; i++) {
		struct route *route = publisher->fed[i];

		if (route->is_pushed) {
			route->is_pushed = false;
			receiver_signal_fenced(route);
		}
	}
}

/* ---- repair ---- */

struct count {
	uint32_t devices, tags;
};

static struct count count_shown(const struct route *route, const struct endpoint *publisher)
{
	struct count count = { 0, 0 };
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);

		if (!route_shows_device(route, device->version->info.spec.path)) {
			continue;
		}
		count.devices++;
		for (uint32_t i = 0; i < device->tag_count; i++) {
			count.tags += route_shows_tag(route, device->tags[i]);
		}
	}
	return count;
}

static void fill_snapshot(const struct route *route, const struct endpoint *publisher,
			  struct block_snapshot *snapshot)
{
	struct registry *registry = &publisher->bus->registry;
	uint32_t device_at = 0;
	uint32_t tag_at = snapshot->device_count;
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);

		if (!route_shows_device(route, device->version->info.spec.path)) {
			continue;
		}
		snapshot->versions[device_at++] = device_version_ref(device->version);
		for (uint32_t i = 0; i < device->tag_count; i++) {
			if (route_shows_tag(route, device->tags[i])) {
				snapshot->versions[tag_at++] = tag_version_ref(
					registry_tag(registry, device->tags[i])->version);
			}
		}
	}
}

static bool push_snapshot(struct route *route, struct endpoint *publisher)
{
	struct count count = count_shown(route, publisher);
	size_t body = sizeof(struct block_snapshot) +
		      (size_t)(count.devices + count.tags) * sizeof(void *);
	struct block *block;

	if (!ring_has_room(route->ring, 0)) {
		return false;
	}
	block = block_take(publisher->owner->pool, BLOCK_SNAPSHOT, body);
	if (block == NULL) {
		return false;
	}
	block_snapshot(block)->device_count = count.devices;
	block_snapshot(block)->tag_count = count.tags;
	fill_snapshot(route, publisher, block_snapshot(block));
	put(route, block);
	return true;
}

/* Values that a list of tags still owes, as one block. False: no room, try later. */
static bool push_owed(struct route *route, struct endpoint *publisher, const uint32_t *tags,
		      size_t count)
{
	struct block *block;

	if (count == 0) {
		return true;
	}
	if (!ring_has_room(route->ring, 0)) {
		return false;
	}
	block = publish_image_block(publisher, tags, count, route->owed_number);
	if (block != NULL) {
		block->flags = route->must_sync ? EW_BATCH_INITIAL : EW_BATCH_RESYNC;
		put(route, block);
		atomic_fetch_add_explicit(&route->resyncs, 1, memory_order_relaxed);
	}
	for (size_t i = 0; i < count; i++) {
		*mark_make(route, tags[i]) &= (uint8_t)~MARK_OWED;
	}
	return true;
}

static bool push_all_owed(struct route *route, struct endpoint *publisher)
{
	uint32_t tags[REPAIR_SAMPLES];
	size_t count = 0;
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);

		for (uint32_t i = 0; i < device->tag_count; i++) {
			uint32_t tag = device->tags[i];

			if ((mark_get(route, tag) & MARK_OWED) == 0 ||
			    !route_shows_tag(route, tag)) {
				continue;
			}
			tags[count++] = tag;
			if (count == REPAIR_SAMPLES) {
				if (!push_owed(route, publisher, tags, count)) {
					return false;
				}
				count = 0;
			}
		}
	}
	return push_owed(route, publisher, tags, count);
}

static bool push_synced(struct route *route, struct endpoint *publisher)
{
	struct block *block;

	if (!ring_has_room(route->ring, 0)) {
		return false;
	}
	block = block_take(publisher->owner->pool, BLOCK_SYNCED, 0);
	if (block == NULL) {
		return false;
	}
	put(route, block);
	return true;
}

static void owe_all(struct route *route, struct endpoint *publisher, uint64_t up_to)
{
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);

		for (uint32_t i = 0; i < device->tag_count; i++) {
			if (route_shows_tag(route, device->tags[i])) {
				owe(route, device->tags[i], up_to);
			}
		}
	}
	route->owes_all = false;
}

/* up_to: the last batch whose values the image gives; one that is being pushed comes by itself. */
static void repair(struct route *route, struct endpoint *publisher, uint64_t up_to)
{
	if (route->durable != NULL && !durable_may_feed(route, publisher)) {
		update_owes(route);
		return;
	}
	if (route->is_dirty) {
		route->is_dirty = !push_snapshot(route, publisher);
	}
	if (!route->is_dirty && route->owes_all) {
		owe_all(route, publisher, up_to);
	}
	if (!route->is_dirty && route->has_owed) {
		route->has_owed = !push_all_owed(route, publisher);
	}
	if (!route->is_dirty && !route->has_owed && route->must_sync) {
		route->must_sync = !push_synced(route, publisher);
	}
	update_owes(route);
}

void route_repair(struct route *route, struct endpoint *publisher)
{
	repair(route, publisher, publisher->owner->number);
}

/* ---- attaching ---- */

static bool is_fed(const struct endpoint *publisher, const struct route *route)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		if (publisher->fed[i] == route) {
			return true;
		}
	}
	return false;
}

static bool feed(struct endpoint *publisher, struct route *route)
{
	if (publisher->fed_count == publisher->fed_room) {
		size_t room = publisher->fed_room == 0 ? 8 : publisher->fed_room * 2;
		struct route **fed = realloc(publisher->fed, room * sizeof(*fed));

		if (fed == NULL) {
			return false;
		}
		publisher->fed = fed;
		publisher->fed_room = room;
	}
	publisher->fed[publisher->fed_count++] = route_ref(route);
	return true;
}

/* Judge all tags by the new filter; those that it shows and the old one did not are owed. */
static void judge_all(struct route *route, struct endpoint *publisher, struct filter *old)
{
	struct registry *registry = &publisher->bus->registry;
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);
		const char *path = device->version->info.spec.path;

		for (uint32_t i = 0; i < device->tag_count; i++) {
			uint32_t tag = device->tags[i];
			bool before = old != NULL && (old->everything ||
						      (mark_get(route, tag) & MARK_PASSES) != 0);

			if (route_judge_tag(route, registry_tag(registry, tag)->version, path) &&
			    !before) {
				owe(route, tag, publisher->owner->number);
			}
		}
	}
}

static void set_limits(const struct route *route)
{
	const struct filter *filter = route->filter;
	uint32_t batches = filter->queue_batches == 0 ? ROUTE_QUEUE_BATCHES : filter->queue_batches;
	size_t bytes = filter->queue_bytes == 0 ? ROUTE_QUEUE_BYTES : filter->queue_bytes;

	if (batches > ring_capacity(route->ring)) {
		log_msg(LOG_LEVEL_WARNING, route->name,
			"the queue holds %u batches until the receiver restarts",
			ring_capacity(route->ring));
	}
	ring_set_limits(route->ring, batches, bytes);
}

void route_attach(struct route *route, struct endpoint *publisher, struct filter *filter)
{
	bool was_fed = is_fed(publisher, route);
	struct filter *old = route->filter;

	if (!was_fed && !feed(publisher, route)) {
		log_msg(LOG_LEVEL_ERROR, route->name, "no memory: the route carries nothing");
		filter_unref(&filter);
		return;
	}
	route->filter = filter;
	route->is_dirty = true;
	set_limits(route);
	if (!route->is_begun) {
		route->is_begun = true;
		route->must_sync = true;
	}
	/* a publisher that has come back may have published before this; the log has it */
	judge_all(route, publisher, was_fed || route->durable != NULL ? old : NULL);
	filter_unref(&old);
	route_repair(route, publisher);
}

void route_detach(struct route *route, struct endpoint *publisher)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		if (publisher->fed[i] == route) {
			publisher->fed[i] = publisher->fed[--publisher->fed_count];
			if (route->durable != NULL) {
				durable_detach(route);
			}
			route_unref(&route);
			return;
		}
	}
}
