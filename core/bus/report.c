/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report-by-exception and min_interval, on the publisher's loop: which
 * samples of a batch go to a route now, which are held until their interval
 * is over, which never go. What a route reported last is kept a cell a tag,
 * only for tags whose rule asks for it. Historical samples always pass.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bus/inside.h"

static const struct report *report_of(const struct route *route, unsigned mark)
{
	return &route->filter->rules[mark >> MARK_RULE].report;
}

static struct reported *reported_make(struct route *route, uint32_t tag)
{
	if (route->reported.pages == NULL &&
	    page_table_init(&route->reported, sizeof(struct reported)) != 0) {
		return NULL;
	}
	return page_table_make(&route->reported, tag);
}

static uint64_t fingerprint(const struct ew_sample *sample)
{
	return ew_sample_has_bytes(sample) ? text_hash(sample->v.x.at, sample->v.x.size) :
					     sample->v.raw[0];
}

static double as_number(uint8_t type, uint64_t raw)
{
	double number;

	switch (type) {
	case EW_I64:
		return (double)(int64_t)raw;
	case EW_U64:
		return (double)raw;
	case EW_F64:
		memcpy(&number, &raw, sizeof(number));
		return number;
	default:
		return NAN;
	}
}

/* Beyond the deadband; a NaN on either side is. */
static bool moved(const struct reported *last, const struct ew_sample *sample, double deadband)
{
	uint64_t raw = fingerprint(sample);
	double distance;

	if (raw == last->raw) {
		return false;
	}
	distance = fabs(as_number(sample->type, raw) - as_number(last->type, last->raw));
	return !(distance <= deadband);
}

static bool changed(const struct ew_tag_spec *spec, const struct report *report,
		    const struct reported *last, const struct ew_sample *sample, ew_dur now)
{
	double deadband = isnan(report->deadband) ? spec->deadband : report->deadband;
	ew_dur max_age = report->max_age == 0 ? spec->max_age : report->max_age;

	return last->type != sample->type || last->quality != sample->quality ||
	       (last->flags & EW_NULL) != (sample->flags & EW_NULL) ||
	       (max_age > 0 && now - last->at >= max_age) || moved(last, sample, deadband);
}

static void remember(struct reported *last, const struct ew_sample *sample, ew_dur now)
{
	last->raw = fingerprint(sample);
	last->at = now == 0 ? 1 : now;
	last->quality = sample->quality;
	last->type = sample->type;
	last->flags = sample->flags;
	last->why = HELD_NOTHING;
}

/* Send it later. Without memory to remember that it is sent now. */
static bool hold(struct route *route, struct endpoint *publisher, uint8_t *mark,
		 const struct ew_sample *sample, ew_dur after)
{
	if ((*mark & MARK_HELD) != 0) {
		return true;
	}
	if (route->held_count == route->held_room) {
		size_t room = route->held_room == 0 ? 64 : route->held_room * 2;
		uint32_t *held = realloc(route->held, room * sizeof(*held));

		if (held == NULL) {
			return false;
		}
		route->held = held;
		route->held_room = room;
	}
	if (!endpoint_hold_until(publisher, clock_mono() + after)) {
		return false;
	}
	route->held[route->held_count++] = sample->tag;
	*mark |= MARK_HELD;
	return true;
}

static bool passes(struct route *route, struct endpoint *publisher,
		   const struct ew_sample *sample, ew_dur now)
{
	uint8_t *mark = page_table_find(&route->marks, sample->tag);
	const struct ew_tag_spec *spec;
	const struct report *report;
	struct reported *last;

	if (mark == NULL || (*mark & MARK_PASSES) == 0) {
		return false;
	}
	report = report_of(route, *mark);
	if ((!report->exception && report->min_interval == 0) ||
	    (sample->flags & EW_HISTORICAL) != 0) {
		return true;
	}
	last = reported_make(route, sample->tag);
	if (last == NULL) {
		return true;
	}
	spec = &registry_tag(&route->bus->registry, sample->tag)->version->info.spec;
	if (last->at != 0 && report->exception && !changed(spec, report, last, sample, now)) {
		last->why = HELD_DEADBAND;
		*mark &= (uint8_t)~MARK_HELD;
		return false;
	}
	if (last->at != 0 && now - last->at < report->min_interval &&
	    hold(route, publisher, mark, sample, last->at + report->min_interval - now)) {
		last->why = HELD_INTERVAL;
		return false;
	}
	*mark &= (uint8_t)~MARK_HELD;
	remember(last, sample, now);
	return true;
}

/* A block of the samples whose bit is set. */
static struct block *select_samples(struct endpoint *publisher, struct block *block,
				    const uint64_t *bits, uint32_t count, size_t text_bytes)
{
	const struct ew_sample *from = block_samples(block);
	size_t samples_bytes = count * sizeof(struct ew_sample);
	struct block *part = block_take(publisher->owner->pool, BLOCK_SAMPLES,
					samples_bytes + text_bytes);
	struct ew_sample *to;
	unsigned char *text;

	if (part == NULL) {
		return NULL;
	}
	part->number = block->number;
	part->stamped = block->stamped;
	part->lsn_from = block->lsn_from;
	part->lsn = block->lsn;
	part->count = count;
	to = block_samples(part);
	text = part->body + samples_bytes;
	for (uint32_t i = 0; i < block->count; i++) {
		if ((bits[i / 64] >> (i % 64) & 1) == 0) {
			continue;
		}
		*to = from[i];
		if (ew_sample_has_bytes(to)) {
			memcpy(text, to->v.x.at, to->v.x.size);
			to->v.x.at = text;
			text += to->v.x.size;
		}
		to++;
	}
	return part;
}

struct block *report_filter(struct route *route, struct endpoint *publisher,
			    struct block *block)
{
	const struct ew_sample *samples = block_samples(block);
	uint64_t bits[EW_BATCH_MAX / 64] = { 0 };
	size_t text_bytes = 0;
	uint32_t count = 0;
	struct block *part;

	for (uint32_t i = 0; route->marks.pages != NULL && i < block->count; i++) {
		if (passes(route, publisher, &samples[i], block->stamped)) {
			bits[i / 64] |= UINT64_C(1) << (i % 64);
			text_bytes += ew_sample_has_bytes(&samples[i]) ? samples[i].v.x.size : 0;
			count++;
		}
	}
	if (count == block->count) {
		return block;
	}
	atomic_fetch_add_explicit(&route->filtered, block->count - count, memory_order_relaxed);
	part = count == 0 ? NULL : select_samples(publisher, block, bits, count, text_bytes);
	if (count > 0 && part == NULL) {
		atomic_fetch_add_explicit(&route->lost_samples, count, memory_order_relaxed);
	}
	block_unref(&block);
	return part;
}

/* When may this tag go? INT64_MAX: it is not held. */
static ew_dur due_at(struct route *route, uint32_t tag)
{
	const uint8_t *mark = page_table_find(&route->marks, tag);
	const struct reported *last;

	if (mark == NULL || (*mark & MARK_HELD) == 0 || (*mark & MARK_PASSES) == 0) {
		return INT64_MAX;
	}
	last = page_table_find(&route->reported, tag);
	return last->at == 0 ? 0 : last->at + report_of(route, *mark)->min_interval;
}

static void send_held(struct route *route, struct endpoint *publisher, const uint32_t *tags,
		      size_t count, ew_dur now)
{
	struct block *block;

	if (count == 0) {
		return;
	}
	block = publish_image_block(publisher, tags, count, UINT64_MAX);
	if (block == NULL) {
		return;
	}
	block->number = publisher->owner->number;
	for (uint32_t i = 0; i < block->count; i++) {
		const struct ew_sample *sample = &block_samples(block)[i];

		remember(page_table_find(&route->reported, sample->tag), sample, now);
	}
	route_push(route, publisher, block);
}

#define FLUSH_SAMPLES  256u

ew_dur report_flush(struct route *route, struct endpoint *publisher, ew_dur now)
{
	uint32_t tags[FLUSH_SAMPLES];
	size_t count = 0;
	size_t kept = 0;
	ew_dur next = INT64_MAX;

	for (size_t i = 0; i < route->held_count; i++) {
		uint32_t tag = route->held[i];
		ew_dur due = due_at(route, tag);

		if (due == INT64_MAX) {
			continue;
		}
		if (due > now || count == FLUSH_SAMPLES) {
			next = due < next ? due : next;
			route->held[kept++] = tag;
			continue;
		}
		*(uint8_t *)page_table_find(&route->marks, tag) &= (uint8_t)~MARK_HELD;
		tags[count++] = tag;
	}
	route->held_count = kept;
	send_held(route, publisher, tags, count, now);
	return next;
}

/* The last value always comes: what was kept back while the log was read comes by the image. */
static void hold_all(struct route *route, struct endpoint *publisher)
{
	struct list *node;

	list_for_each(node, &publisher->owner->devices) {
		const struct device *device = list_entry(node, struct device, owned);

		for (uint32_t i = 0; i < device->tag_count; i++) {
			const struct ew_sample sample = { .tag = device->tags[i] };
			uint8_t *mark = page_table_find(&route->marks, sample.tag);

			if (mark != NULL && (*mark & MARK_PASSES) != 0 &&
			    report_of(route, *mark)->min_interval > 0 &&
			    reported_make(route, sample.tag) != NULL) {
				(void)hold(route, publisher, mark, &sample, 0);
			}
		}
	}
}

void report_restart(struct route *route, struct endpoint *publisher)
{
	for (size_t i = 0; i < route->held_count; i++) {
		*(uint8_t *)page_table_find(&route->marks, route->held[i]) &=
			(uint8_t)~MARK_HELD;
	}
	route->held_count = 0;
	page_table_fini(&route->reported);
	if (route->marks.pages != NULL) {
		hold_all(route, publisher);
	}
}

/*
 * As passes(), but by the time of the samples and without waiting: what comes
 * too early is left out.
 */
bool report_recalled(struct route *route, unsigned rule, const struct tag_version *tag,
		     const struct ew_sample *sample)
{
	struct durable *durable = route->durable;
	const struct report *report = &durable->filter->rules[rule].report;
	struct reported *last;

	if ((!report->exception && report->min_interval == 0) ||
	    (sample->flags & EW_HISTORICAL) != 0) {
		return true;
	}
	if (durable->reported.pages == NULL &&
	    page_table_init(&durable->reported, sizeof(struct reported)) != 0) {
		return true;
	}
	last = page_table_make(&durable->reported, sample->tag);
	if (last == NULL) {
		return true;
	}
	if (last->at != 0 &&
	    ((report->exception &&
	      !changed(&tag->info.spec, report, last, sample, sample->time)) ||
	     (sample->time >= last->at && sample->time - last->at < report->min_interval))) {
		return false;
	}
	remember(last, sample, sample->time);
	return true;
}

void report_forget(struct route *route, uint32_t tag)
{
	uint8_t *mark = route->marks.pages == NULL ? NULL : page_table_find(&route->marks, tag);
	struct reported *last = route->reported.pages == NULL ?
					NULL : page_table_find(&route->reported, tag);

	if (mark != NULL) {
		*mark = 0;
	}
	if (last != NULL) {
		memset(last, 0, sizeof(*last));
	}
}
