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

static int check_samples(const struct endpoint *publisher, const struct ew_sample *samples,
			 size_t count, size_t *text_out)
{
	const struct registry *registry = &publisher->bus->registry;
	uint32_t owner = publisher->owner->index;
	size_t text = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t gate = registry_gate(registry, samples[i].tag);

		/* owner and carrier in one comparison */
		if ((gate & 0xfffffu) != (owner | (uint32_t)samples[i].type << 16) &&
		    (GATE_OWNER(gate) != owner || !is_null(&samples[i]))) {
			return fault_of(publisher, gate);
		}
		if ((gate & GATE_BYTES) != 0 && samples[i].type != EW_NONE) {
			const struct tag_cell *cell = registry_tag(registry, samples[i].tag);

			if (samples[i].v.x.size > cell->version->info.spec.max_bytes) {
				return -EMSGSIZE;
			}
			text += text_size(&samples[i]);
		}
	}
	*text_out = text;
	return 0;
}

bool publish_has_room(const struct endpoint *publisher, size_t bytes)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		const struct route *route = publisher->fed[i];

		if (route->filter->full == ROUTE_BLOCK &&
		    (route->is_dirty || !ring_has_room(route->ring, bytes))) {
			return false;
		}
	}
	return true;
}

/*
 * Room, or the promise that room() is called: who frees some looks at
 * `listens` after it, so look again after saying it.
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

/* Copy samples into the block as they leave the publisher. */
static void fill(struct endpoint *publisher, struct block *block,
		 const struct ew_sample *samples, size_t count)
{
	const struct registry *registry = &publisher->bus->registry;
	bool valid = atomic_load_explicit(&publisher->bus->clock_valid, memory_order_relaxed);
	ew_time wall = clock_utc();
	struct ew_sample *to = block_samples(block);
	unsigned char *text = block->body + count * sizeof(*to);

	for (size_t i = 0; i < count; i++, to++) {
		*to = samples[i];
		if (to->time == 0) {
			to->time = wall;
		}
		if (!valid) {
			to->flags |= EW_CLOCK_UNSET;
		} else if (to->time > wall + FUTURE) {
			to->flags |= EW_FUTURE;
		}
		if (ew_sample_has_bytes(to)) {
			memcpy(text, to->v.x.at, to->v.x.size);
			to->v.x.at = text;
			text += to->v.x.size;
		} else if ((registry_gate(registry, to->tag) & GATE_SHAPED) != 0) {
			shape(&registry_tag(registry, to->tag)->version->info.spec, to);
		}
	}
	block->count = (uint32_t)count;
}

static void write_image(struct endpoint *publisher, struct block *block)
{
	const struct ew_sample *samples = block_samples(block);

	for (uint32_t i = 0; i < block->count; i++) {
		if ((samples[i].flags & EW_HISTORICAL) == 0) {
			image_write(&publisher->bus->image, &samples[i], block->number);
		}
	}
}

static void hand_over(struct endpoint *publisher, struct block *block)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		struct route *route = publisher->fed[i];
		struct block *part = block;

		if (route->filter->everything) {
			block_ref(block, 1);
		} else {
			part = report_filter(route, publisher, block);
		}
		if (part != NULL) {
			route_push(route, publisher, part);
		}
	}
	block_unref(&block);
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
	size_t text = 0;
	size_t body;
	struct block *block;
	int error;

	if (count == 0 || count > EW_BATCH_MAX) {
		return refuse(publisher, -EINVAL);
	}
	error = check_samples(publisher, samples, count, &text);
	if (error != 0) {
		return refuse(publisher, error);
	}
	body = count * sizeof(*samples) + text;
	block = block_take(publisher->owner->pool, BLOCK_SAMPLES, body);
	if (block == NULL) {
		return refuse(publisher, -ENOMEM);
	}
	if (!get_room(publisher, block->bytes)) {
		block_unref(&block);
		return -EAGAIN;
	}
	block->number = ++publisher->owner->number;
	block->stamped = clock_mono();
	fill(publisher, block, samples, count);
	write_image(publisher, block);
	if (number_out != NULL) {
		*number_out = block->number;
	}
	hand_over(publisher, block);
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

static struct block *event_block(struct endpoint *publisher, const struct ew_event *event)
{
	struct ew_event *to;
	unsigned char *text;
	struct block *block = block_take(publisher->owner->pool, BLOCK_EVENT,
					 sizeof(*event) + length(event->kind) +
						 length(event->key) + length(event->body));

	if (block == NULL) {
		return NULL;
	}
	to = block_event(block);
	text = block->body + sizeof(*event);
	*to = *event;
	to->size = sizeof(*to);
	to->time = event->time == 0 ? clock_utc() : event->time;
	to->kind = place(&text, event->kind);
	to->key = place(&text, event->key);
	to->body = place(&text, event->body);
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
	block = event_block(publisher, event);
	if (block == NULL) {
		return refuse(publisher, -ENOMEM);
	}
	if (!get_room(publisher, block->bytes)) {
		block_unref(&block);
		return -EAGAIN;
	}
	for (size_t i = 0; i < publisher->fed_count; i++) {
		if (publisher->fed[i]->filter->events) {
			block_ref(block, 1);
			route_push(publisher->fed[i], publisher, block);
		}
	}
	block_unref(&block);
	count_up(&publisher->events, 1);
	return 0;
}
