/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What records mean to a reader.
 *
 * What was lost is known from totals: a reader remembers for each owner how
 * much it has seen; a record, or the group that begins and ends each segment,
 * that says more than that says how much is missing.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/store/reader.h"
#include "core/store/samples.h"

/* ---- owners ---- */

static struct reader_owner *reader_owner(struct store_reader *reader, const char *name)
{
	struct store_owner *owner;
	struct reader_owner *mine;
	int error;

	for (uint32_t i = 0; i < reader->owner_count; i++) {
		if (strcmp(reader->owners[i].owner->name, name) == 0) {
			return &reader->owners[i];
		}
	}
	(void)pthread_mutex_lock(&reader->store->lock);
	error = store_owner_make(reader->store, name, &owner);
	(void)pthread_mutex_unlock(&reader->store->lock);
	if (error != 0) {
		return NULL;
	}
	mine = &reader->owners[reader->owner_count++];
	*mine = (struct reader_owner){ .owner = owner };
	return mine;
}

void store_reader_expect(struct store_reader *reader, const char *name,
			 struct store_totals totals)
{
	struct reader_owner *mine = reader_owner(reader, name);

	if (mine != NULL && (!mine->is_known || totals.samples > mine->samples ||
			     totals.events > mine->events)) {
		mine->is_known = true;
		mine->samples = totals.samples;
		mine->events = totals.events;
	}
}

/*
 * An owner's totals are these here. True: something is missing before, and
 * reader->gap says what.
 */
static bool reader_see_totals(struct store_reader *reader, struct reader_owner *mine,
			      uint64_t samples, uint64_t events, uint64_t lsn)
{
	bool is_short = mine->is_known && (samples > mine->samples || events > mine->events);

	if (is_short) {
		reader->gap = (struct store_item){
			.kind = STORE_GAP,
			.lsn = lsn,
			.owner = mine->owner->name,
		};
		reader->gap.gap.why = reader->is_crossing	   ? reader->why
				      : reader->header.thinned > 0 ? STORE_LOST_THINNED
								   : STORE_LOST_DAMAGED;
		reader->gap.gap.samples = samples > mine->samples ? samples - mine->samples : 0;
		reader->gap.gap.events = events > mine->events ? events - mine->events : 0;
	}
	mine->is_known = true;
	mine->samples = samples;
	mine->events = events;
	return is_short;
}

/* ---- records ---- */

static int reader_copy_tag(struct store_reader *reader, const struct store_tag *tag,
			   struct store_tag *copy_out)
{
	struct store_tag copy = {
		.device = arena_text(&reader->texts, tag->device, strlen(tag->device)),
		.device_type = arena_text(&reader->texts, tag->device_type,
					  strlen(tag->device_type)),
		.name = arena_text(&reader->texts, tag->name, strlen(tag->name)),
		.unit = arena_text(&reader->texts, tag->unit, strlen(tag->unit)),
		.type = tag->type,
	};

	if (copy.device == NULL || copy.device_type == NULL || copy.name == NULL ||
	    copy.unit == NULL) {
		return -ENOMEM;
	}
	*copy_out = copy;
	return 0;
}

static int reader_learn_tag(struct store_reader *reader, uint32_t id, const struct store_tag *tag)
{
	if (id >= reader->known_room) {
		uint32_t room = id < 128 ? 128 : 2 * id;
		struct store_known *grown = realloc(reader->known, room * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		reader->known = grown;
		reader->known_room = room;
	}
	if (id >= reader->known_count) {
		/* entries that damage took have no name */
		memset(&reader->known[reader->known_count], 0,
		       (id + 1 - reader->known_count) * sizeof(*reader->known));
		reader->known_count = id + 1;
	}
	reader->known[id].mark = 0;
	return reader_copy_tag(reader, tag, &reader->known[id].tag);
}

static int reader_on_tag(struct store_reader *reader, const struct record *record)
{
	struct store_tag tag;
	uint32_t id;
	int error = 0;

	if (record_tag_get(record, &id, &tag)) {
		error = reader_learn_tag(reader, id, &tag);
	}
	if (error != 0) {
		/* the samples behind it would have no name */
		scan_again(&reader->scan, record);
	}
	return error;
}

/* By how much the wall clock was wrong at a record. */
static bool reader_error_of_clock(const struct store_reader *reader,
				  const struct record_head *head, ew_dur *wrong_out)
{
	if (!head->has_wall || !reader->has_clock) {
		return false;
	}
	*wrong_out = wire_minus(wire_plus(reader->clock.utc,
					  wire_minus(head->stamped, reader->clock.mono)),
				head->wall);
	return true;
}

static void reader_repair(struct ew_sample *samples, uint32_t count, ew_dur wrong)
{
	for (uint32_t i = 0; i < count; i++) {
		if ((samples[i].flags & EW_CLOCK_UNSET) != 0) {
			samples[i].time = wire_plus(samples[i].time, wrong);
			samples[i].flags &= (uint8_t)~EW_CLOCK_UNSET;
		}
	}
}

/* Samples of tags whose dictionary entry is lost cannot be told; the rest can. */
static uint32_t reader_keep_known(const struct store_reader *reader, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t tag = reader->samples[i].tag;

		if (tag < reader->known_count && reader->known[tag].tag.name != NULL) {
			reader->samples[kept++] = reader->samples[i];
		}
	}
	return kept;
}

static bool reader_get_samples(struct store_reader *reader, struct wire *wire,
			       const struct record_head *head, uint32_t count)
{
	ew_dur wrong;
	uint32_t kept;

	if (!samples_get(wire, &reader->header.base, count, reader->samples)) {
		return false;
	}
	kept = reader_keep_known(reader, count);
	if (reader_error_of_clock(reader, head, &wrong)) {
		reader_repair(reader->samples, kept, wrong);
	}
	reader->item.samples.at = reader->samples;
	reader->item.samples.count = kept;
	reader->item.samples.known = reader->known;
	reader->item.samples.known_count = reader->known_count;
	return kept > 0;
}

/* The body of a record of data into reader->item. False: it cannot be told. */
static bool reader_decode(struct store_reader *reader, const struct record *record,
			  struct wire *wire, const struct record_head *head, uint32_t count)
{
	struct store_item *item = &reader->item;
	ew_dur wrong = 0;

	(void)reader_error_of_clock(reader, head, &wrong);
	switch (record->kind) {
	case RECORD_SAMPLES:
		item->kind = STORE_SAMPLES;
		return reader_get_samples(reader, wire, head, count);
	case RECORD_EVENT:
		item->kind = STORE_EVENT;
		if (!record_event_get(wire, &reader->header.base, &item->event.event,
				      &item->event.device)) {
			return false;
		}
		item->event.event.time = wire_plus(item->event.event.time, wrong);
		return true;
	case RECORD_ENTRY:
		item->kind = STORE_ENTRY;
		if (!record_entry_get(wire, &reader->header.base, &item->entry)) {
			return false;
		}
		item->entry.time = wire_plus(item->entry.time, wrong);
		return true;
	case RECORD_OWNER:
	case RECORD_TAG:
	case RECORD_CLOCK:
	case RECORD_CURSOR:
	case RECORD_FOOTER:
	case RECORD_HEADER:
		break;
	}
	return false;
}

static int reader_make_room(struct store_reader *reader, uint32_t count)
{
	struct ew_sample *grown;

	if (count <= reader->sample_room) {
		return 0;
	}
	grown = realloc(reader->samples, count * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	reader->samples = grown;
	reader->sample_room = count;
	return 0;
}

/* Before the place to begin at: only the totals matter. */
static void reader_pass(struct store_reader *reader, struct reader_owner *mine,
			const struct record_head *head, uint32_t count)
{
	uint32_t event = count == 0 ? 1 : 0;

	mine->is_known = true;
	mine->samples = head->samples + count;
	mine->events = head->events + event;
	reader->passed_samples += count;
	reader->passed_events += event;
}

/* Hand it out. What cannot be told stays missing in the totals, and shows as a gap. */
static int reader_tell(struct store_reader *reader, struct reader_owner *mine,
		       const struct record *record, struct wire *wire,
		       const struct record_head *head)
{
	uint32_t count = record->kind == RECORD_SAMPLES ? samples_count(wire) : 0;

	if (reader_make_room(reader, count) != 0) {
		scan_again(&reader->scan, record);
		return -ENOMEM;
	}
	reader->is_crossing = false;
	reader->at = record->lsn;
	reader->item = (struct store_item){
		.lsn = record->lsn,
		.owner = mine->owner->name,
		.number = head->number,
		.stamped = head->stamped,
		.is_this_boot = reader->is_this_boot,
	};
	if (!reader_decode(reader, record, wire, head, count)) {
		return 0;
	}
	if (record->kind == RECORD_SAMPLES) {
		mine->samples += reader->item.samples.count;
	} else {
		mine->events++;
	}
	return 1;
}

/* 1: an item; 0: nothing to hand out. */
static int reader_on_data(struct store_reader *reader, const struct record *record,
			  const struct store_item **item_out)
{
	struct wire wire = wire_of(record->body, record->size);
	struct reader_owner *mine = NULL;
	struct record_head head;

	if (record_head_get(&wire, &reader->header.base, &head) && head.owner < STORE_OWNERS_MAX) {
		mine = reader->ids[head.owner];
	}
	if (mine == NULL) {
		/* its owner was told in what is lost */
		reader->at = record->lsn > reader->at ? record->lsn : reader->at;
		return 0;
	}
	if (record->lsn <= reader->at) {
		reader_pass(reader, mine, &head,
			    record->kind == RECORD_SAMPLES ? samples_count(&wire) : 0);
		return 0;
	}
	if (reader_see_totals(reader, mine, head.samples, head.events, record->lsn)) {
		scan_again(&reader->scan, record);
		*item_out = &reader->gap;
		return 1;
	}
	*item_out = &reader->item;
	return reader_tell(reader, mine, record, &wire, &head);
}

static int reader_on_owner(struct store_reader *reader, const struct record *record,
			   const struct store_item **item_out)
{
	struct reader_owner *mine;
	struct record_owner owner;

	if (!record_owner_get(record, &owner)) {
		return 0;
	}
	mine = reader_owner(reader, owner.name);
	reader->ids[owner.id] = mine;
	if (mine == NULL) {
		return 0;
	}
	if (record->lsn < reader->at) {
		/* before the place to begin at: where counting starts */
		if (!mine->is_known) {
			(void)reader_see_totals(reader, mine, owner.samples, owner.events, 0);
		}
		return 0;
	}
	if (reader_see_totals(reader, mine, owner.samples, owner.events, record->lsn + 1)) {
		*item_out = &reader->gap;
		return 1;
	}
	return 0;
}

int reader_on_record(struct store_reader *reader, const struct record *record,
		     const struct store_item **item_out)
{
	struct record_base pair;

	switch (record->kind) {
	case RECORD_OWNER:
		return reader_on_owner(reader, record, item_out);
	case RECORD_TAG:
		return reader_on_tag(reader, record);
	case RECORD_CLOCK:
		if (!reader->has_clock && record_clock_get(record, &pair)) {
			reader->has_clock = true;
			reader->clock = pair;
		}
		return 0;
	case RECORD_SAMPLES:
	case RECORD_EVENT:
	case RECORD_ENTRY:
		return reader_on_data(reader, record, item_out);
	case RECORD_CURSOR:
	case RECORD_FOOTER:
	case RECORD_HEADER:
		break;
	}
	return 0;
}
