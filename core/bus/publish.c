/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing: check all, copy all, write the image, hand over. On the
 * publisher's loop; once the pool is warm nothing here allocates, formats,
 * hashes or makes a system call while the receiver is awake.
 */
#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bus/inside.h"

#define FUTURE          (INT64_C(24) * 3600 * EW_SECOND)
#define EVENT_KIND_MAX  64u
#define EVENT_KEY_MAX   255u

/* Bytes that the text of a sample takes in the block. */
static size_t text_size(const struct ew_sample *sample)
{
	return ew_sample_has_bytes(sample) ? sample->v.x.size : 0;
}

/* The way a sample with this gate was refused. */
static int fault_of(const struct endpoint *publisher, uint32_t gate)
{
	if (gate == 0) {
		return -ENOENT;
	}
	if (GATE_OWNER(gate) != publisher->owner->index) {
		return -EPERM;
	}
	return -EINVAL;
}

static bool is_null(const struct ew_sample *sample)
{
	return sample->type == EW_NONE && (sample->flags & EW_NULL) != 0;
}

/* What filling the block must look at beyond a copy. */
struct needs {
	bool is_odd;            /* some sample has a flag, or its tag a peculiarity */
	size_t text;            /* bytes of text */
	bool shaping;           /* some tag is scaled or clamped */
	uint64_t latest;        /* time of a sample less 1: one without a time comes last */
};

/* A sample that is wrong, or not plain. */
static int check_odd(const struct endpoint *publisher, const struct ew_sample *sample,
		     uint32_t gate, struct needs *needs)
{
	const struct tag_cell *cell;

	if (GATE_OWNER(gate) != publisher->owner->index ||
	    (GATE_CARRIER(gate) != sample->type && !is_null(sample))) {
		return fault_of(publisher, gate);
	}
	needs->is_odd = true;
	needs->shaping |= (gate & GATE_SHAPED) != 0;
	if ((gate & GATE_BYTES) != 0 && sample->type != EW_NONE) {
		cell = registry_tag(&publisher->bus->registry, sample->tag);
		if (sample->v.x.size > cell->version->info.spec.max_bytes) {
			return -EMSGSIZE;
		}
		needs->text += sample->v.x.size;
	}
	return 0;
}

/* Gates of tags that were never declared. */
static const _Atomic uint32_t closed[PAGE_CELLS];

static const _Atomic uint32_t *find_gates(const struct registry *registry, uint32_t first)
{
	const _Atomic uint32_t *page = page_table_find(&registry->gates, first);

	return page == NULL ? closed : page;
}

/* What a gate must be for a sample that needs nothing but a copy: owner, carrier, no flag. */
static uint32_t plain_gate(uint32_t owner, const struct ew_sample *sample)
{
	return owner | (uint32_t)sample->type << 16 | (uint32_t)sample->flags << 24;
}

static int check_samples(const struct endpoint *publisher, const struct ew_sample *samples,
			 size_t count, struct needs *needs)
{
	const struct registry *registry = &publisher->bus->registry;
	const struct ew_sample *end = samples + count;
	const _Atomic uint32_t *page = NULL;
	uint32_t owner = publisher->owner->index;
	uint32_t first = PAGE_NONE;
	uint64_t latest = 0;

	for (const struct ew_sample *sample = samples; sample < end; sample++) {
		uint64_t time = (uint64_t)sample->time - 1;
		uint32_t gate;

		/* tags of one publisher mostly share a page */
		if (page == NULL || sample->tag - first >= PAGE_CELLS) {
			first = sample->tag / PAGE_CELLS * PAGE_CELLS;
			page = find_gates(registry, first);
		}
		gate = atomic_load_explicit(&page[sample->tag - first], memory_order_relaxed);
		latest = time > latest ? time : latest;
		if (gate != plain_gate(owner, sample)) {
			int error = check_odd(publisher, sample, gate, needs);

			if (error != 0) {
				return error;
			}
		}
	}
	needs->latest = latest;
	return 0;
}

/* What a durable route does not take goes to the log: only when that takes no more it waits. */
static bool must_wait(const struct route *route, size_t bytes)
{
	bool fits = !route->is_dirty && ring_has_room(route->ring, bytes);

	if (route->durable == NULL) {
		return !fits;
	}
	return (!fits || durable_is_behind(route->durable)) && store_is_tight(route->bus->store);
}

bool publish_has_room(const struct endpoint *publisher, size_t bytes)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		const struct route *route = publisher->fed[i];

		if (route->filter->full == ROUTE_BLOCK && must_wait(route, bytes)) {
			return false;
		}
	}
	return true;
}

/*
 * Room, or the promise that room() is called: who frees some, and the log when it
 * has some, looks at `listens` after it, so look again after saying it.
 */
static bool get_room(struct endpoint *publisher, size_t bytes)
{
	if (publish_has_room(publisher, bytes)) {
		return true;
	}
	publisher->wanted_room = bytes;
	atomic_store(&publisher->owner->listens, true);
	return publish_has_room(publisher, bytes);
}

static double scale(const struct ew_tag_spec *spec, double raw)
{
	return raw * (spec->scale == 0 ? 1 : spec->scale) + spec->offset;
}

/* From what the device says to engineering units. */
static void shape(const struct ew_tag_spec *spec, struct ew_sample *sample)
{
	if (sample->type == EW_NONE) {
		return;
	}
	if (sample->type == EW_I64) {
		sample->v.f = scale(spec, (double)sample->v.i);
	} else if (sample->type == EW_U64) {
		sample->v.f = scale(spec, (double)sample->v.u);
	} else {
		sample->v.f = scale(spec, sample->v.f);
	}
	sample->type = EW_F64;
	if (spec->clamp && (sample->v.f < spec->low || sample->v.f > spec->high)) {
		sample->v.f = sample->v.f < spec->low ? spec->low : spec->high;
		if (EW_QUALITY_CLASS(sample->quality) == EW_GOOD) {
			sample->quality = EW_UNCERTAIN | EW_REASON_OUT_OF_RANGE;
		}
	}
}

/* What a plain copy does not do: time, flags, text, engineering units. */
static void finish(const struct endpoint *publisher, struct block *block, ew_time wall,
		   bool is_valid)
{
	const struct registry *registry = &publisher->bus->registry;
	unsigned char *text = block->body + block->count * sizeof(struct ew_sample);

	for (uint32_t i = 0; i < block->count; i++) {
		struct ew_sample *sample = &block_samples(block)[i];

		if (sample->time == 0) {
			sample->time = wall;
		}
		if (!is_valid) {
			sample->flags |= EW_CLOCK_UNSET;
		} else if (sample->time > wall + FUTURE) {
			sample->flags |= EW_FUTURE;
		}
		if (ew_sample_has_bytes(sample)) {
			memcpy(text, sample->v.x.at, sample->v.x.size);
			sample->v.x.at = text;
			text += sample->v.x.size;
		} else if ((registry_gate(registry, sample->tag) & GATE_SHAPED) != 0) {
			shape(&registry_tag(registry, sample->tag)->version->info.spec, sample);
		}
	}
}

static void fill(const struct endpoint *publisher, struct block *block,
		 const struct ew_sample *samples, size_t count, const struct needs *needs)
{
	bool is_valid = atomic_load_explicit(&publisher->bus->clock_valid, memory_order_relaxed);

	memcpy(block_samples(block), samples, count * sizeof(*samples));
	block->count = (uint32_t)count;
	if (needs->shaping || needs->text > 0 || !is_valid ||
	    needs->latest >= (uint64_t)(clock_utc_coarse() + FUTURE)) {
		finish(publisher, block, clock_utc(), is_valid);
	}
}

/* Then its receiver filters what it reads in the log. */
static bool is_behind(const struct route *route)
{
	return route->durable != NULL && durable_is_behind(route->durable);
}

static void hand_over(struct endpoint *publisher, struct block *block)
{
	if (publisher->fed_count == 0) {
		block_unref(&block);
		return;
	}
	/* nobody else knows the block yet: references for all at once, ours for the last */
	atomic_store_explicit(&block->refs, (uint32_t)publisher->fed_count, memory_order_relaxed);
	for (size_t i = 0; i < publisher->fed_count; i++) {
		struct route *route = publisher->fed[i];
		struct block *part = block;

		if (!route->filter->everything && !is_behind(route)) {
			part = report_filter(route, publisher, block);
		}
		if (part != NULL) {
			route_put(route, publisher, part);
		}
	}
	routes_tell(publisher);
}

static int refuse(struct endpoint *publisher, int error)
{
	atomic_fetch_add_explicit(&publisher->refused, 1, memory_order_relaxed);
	return error;
}

/* Single writer: no locked instruction. */
static void count_up(_Atomic uint64_t *counter, uint64_t by)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

int endpoint_publish(struct endpoint *publisher, const struct ew_sample *samples, size_t count,
		     uint64_t *number_out)
{
	struct needs needs = { 0 };
	struct block *block;
	int error;

	if (count == 0 || count > EW_BATCH_MAX) {
		return refuse(publisher, -EINVAL);
	}
	error = check_samples(publisher, samples, count, &needs);
	if (error != 0) {
		return refuse(publisher, error);
	}
	block = block_take(publisher->owner->pool, BLOCK_SAMPLES,
			   count * sizeof(*samples) + needs.text);
	if (block == NULL) {
		return refuse(publisher, -ENOMEM);
	}
	if (!get_room(publisher, block->bytes)) {
		block_unref(&block);
		return -EAGAIN;
	}
	block->number = ++publisher->owner->number;
	block->stamped = clock_mono();
	fill(publisher, block, samples, count, &needs);
	(needs.is_odd ? image_write : image_write_plain)(&publisher->bus->image,
							 block_samples(block), block->count,
							 block->number);
	if (number_out != NULL) {
		*number_out = block->number;
	}
	durable_append(publisher, block);
	hand_over(publisher, block);
	durable_handed(publisher);
	count_up(&publisher->batches, 1);
	count_up(&publisher->samples, count);
	return 0;
}

struct block *publish_image_block(struct endpoint *publisher, const uint32_t *tags, size_t count,
				  uint64_t up_to)
{
	const struct registry *registry = &publisher->bus->registry;
	size_t text_room = 0;
	struct block *block;
	struct ew_sample *to;
	unsigned char *text;

	for (size_t i = 0; i < count; i++) {
		if ((registry_gate(registry, tags[i]) & GATE_BYTES) != 0) {
			text_room += registry_tag(registry, tags[i])->version->info.spec.max_bytes;
		}
	}
	block = block_take(publisher->owner->pool, BLOCK_SAMPLES, count * sizeof(*to) + text_room);
	if (block == NULL) {
		return NULL;
	}
	to = block_samples(block);
	text = block->body + count * sizeof(*to);
	for (size_t i = 0; i < count; i++) {
		uint64_t number;

		if (image_read(&publisher->bus->image, tags[i], to, text, text_room,
			       &number) != 0 ||
		    number > up_to) {
			continue;
		}
		text += text_size(to);
		text_room -= text_size(to);
		to++;
	}
	block->count = (uint32_t)(to - block_samples(block));
	block->number = publisher->owner->number;
	block->stamped = clock_mono();
	if (block->count == 0) {
		block_unref(&block);
	}
	return block;
}

/* ---- events ---- */

static size_t length(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static const char *place(unsigned char **at, const char *text)
{
	char *to = (char *)*at;
	size_t size = length(text);

	if (text == NULL) {
		return NULL;
	}
	memcpy(to, text, size);
	*at += size;
	return to;
}

static int check_event(const struct ew_event *event)
{
	if (event->kind == NULL || event->kind[0] == '\0' ||
	    strlen(event->kind) > EVENT_KIND_MAX || event->severity > EW_SEVERITY_CRITICAL) {
		return -EINVAL;
	}
	if (length(event->key) > EVENT_KEY_MAX + 1 ||
	    length(event->body) > EW_EVENT_BODY_MAX + 1) {
		return -EMSGSIZE;
	}
	return 0;
}

struct block *publish_event_block(struct block_pool *pool, const struct ew_event *event)
{
	size_t text_bytes = length(event->kind) + length(event->key) + length(event->body);
	struct block *block = block_take(pool, BLOCK_EVENT, sizeof(*event) + text_bytes);
	struct ew_event *to;
	unsigned char *text;

	if (block == NULL) {
		return NULL;
	}
	to = block_event(block);
	text = block->body + sizeof(*event);
	*to = *event;
	to->size = sizeof(*to);
	to->route = EW_NO_ID;
	to->flags = 0;
	to->position = 0;
	to->time = event->time == 0 ? clock_utc() : event->time;
	to->kind = place(&text, event->kind);
	to->key = place(&text, event->key);
	to->body = place(&text, event->body);
	block->count = (uint32_t)text_bytes;
	block->stamped = clock_mono();
	return block;
}

int endpoint_event(struct endpoint *publisher, const struct ew_event *event)
{
	int error = check_event(event);
	struct block *block;

	if (error != 0) {
		return refuse(publisher, error);
	}
	block = publish_event_block(publisher->owner->pool, event);
	if (block == NULL) {
		return refuse(publisher, -ENOMEM);
	}
	if (!get_room(publisher, block->bytes)) {
		block_unref(&block);
		return -EAGAIN;
	}
	durable_append(publisher, block);
	for (size_t i = 0; i < publisher->fed_count; i++) {
		if (publisher->fed[i]->filter->events) {
			block_ref(block, 1);
			route_put(publisher->fed[i], publisher, block);
		}
	}
	routes_tell(publisher);
	block_unref(&block);
	durable_handed(publisher);
	count_up(&publisher->events, 1);
	return 0;
}
