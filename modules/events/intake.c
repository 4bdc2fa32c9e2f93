/* SPDX-License-Identifier: Apache-2.0 */
/* From the bus to the journal: see intake.h. */
#include "modules/events/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OWED_MAX       ((size_t)1 << 20)        /* then the bus waits */
#define SOURCE_MAX     64u

/* ---- the last events ---- */

static void intake_remember(struct intake *intake, uint64_t number, size_t bytes)
{
	size_t at = (intake->recent_first + intake->recent_count) % INTAKE_RECENT;

	intake->recent[at] = (struct recent){.number = number, .bytes = bytes};
	if (intake->recent_count < INTAKE_RECENT) {
		intake->recent_count++;
	} else {
		intake->recent_first = (intake->recent_first + 1) % INTAKE_RECENT;
	}
}

/* Read from a place to the end; how many events there are. */
static int intake_read(struct intake *intake, uint64_t after)
{
	struct ew_journal_reader *reader;
	struct ew_journal_entry entry;
	int ret = ew_journal_reader_open(intake->journal, after, &reader);

	if (ret != 0) {
		return ret;
	}
	intake->recent_first = 0;
	intake->recent_count = 0;
	while ((ret = ew_journal_reader_next(reader, &entry)) == 1 || ret == -EAGAIN) {
		if (ret == 1) {
			intake_remember(intake, entry.number, entry.size);
		}
	}
	ew_journal_reader_close(&reader);
	return ret;
}

int intake_open(struct intake *intake, struct ew_instance *inst, struct ew_journal *journal)
{
	uint64_t last = ew_journal_last(journal), back = 2 * (uint64_t)INTAKE_RECENT;
	int ret = 0;

	*intake = (struct intake){.inst = inst, .journal = journal};
	/* numbers have holes, so the place of the thousandth is found by trying */
	do {
		back = back > last ? last : back;
		ret = intake_read(intake, last - back);
	} while (ret == 0 && intake->recent_count < INTAKE_RECENT && back < last &&
		 (back *= 4) > 0);
	return ret;
}

uint64_t intake_recent(const struct intake *intake, uint64_t events, uint64_t bytes)
{
	uint64_t durable = ew_journal_durable(intake->journal), number = durable, sum = 0;

	for (size_t left = intake->recent_count; left > 0 && events > 0; left--) {
		const struct recent *recent =
			&intake->recent[(intake->recent_first + left - 1) % INTAKE_RECENT];

		if (recent->number > durable) {
			continue; /* not on disk yet */
		}
		sum += recent->bytes;
		if (sum > bytes && number < durable) {
			break;
		}
		number = recent->number - 1;
		events--;
	}
	return number;
}

/* ---- what is owed to the bus ---- */

void intake_close(struct intake *intake)
{
	bytes_free(&intake->entry);
	free(intake->owed);
	free(intake->left);
	free(intake->places);
	*intake = (struct intake){.inst = NULL};
}

bool intake_is_busy(const struct intake *intake)
{
	return intake->owed_count > 0 || intake->left_count > 0;
}

static struct left *intake_left(struct intake *intake, uint32_t route)
{
	for (size_t i = 0; i < intake->left_count; i++) {
		if (intake->left[i].route == route) {
			return &intake->left[i];
		}
	}
	return NULL;
}

/* It was not taken: it comes again, and so does what follows it. */
static void intake_leave(struct intake *intake, uint32_t route, uint64_t position)
{
	struct left *left = intake_left(intake, route);

	if (left != NULL) {
		left->from = position < left->from ? position : left->from;
		left->to = position > left->to ? position : left->to;
		return;
	}
	if (intake->left_count == intake->left_room) {
		size_t room = intake->left_room == 0 ? 16 : 2 * intake->left_room;

		left = realloc(intake->left, room * sizeof(*left));
		if (left == NULL) {
			/* not even a place to remember it: again, at once */
			(void)ew_nack(intake->inst, route, position, position, EW_REDELIVER);
			return;
		}
		intake->left = left;
		intake->left_room = room;
	}
	intake->left[intake->left_count++] =
		(struct left){.route = route, .from = position, .to = position};
}

/* Room for one more. */
static bool intake_may_owe(struct intake *intake)
{
	size_t room = intake->owed_room == 0 ? 1024 : 2 * intake->owed_room;
	struct owed *owed;

	if (intake->owed_count < intake->owed_room) {
		return true;
	}
	owed = room <= OWED_MAX ? malloc(room * sizeof(*owed)) : NULL;
	if (owed == NULL) {
		return false;
	}
	for (size_t i = 0; i < intake->owed_count; i++) {
		owed[i] = intake->owed[(intake->owed_first + i) % intake->owed_room];
	}
	free(intake->owed);
	intake->owed = owed;
	intake->owed_room = room;
	intake->owed_first = 0;
	return true;
}

static void intake_owe(struct intake *intake, uint32_t route, uint64_t position, uint64_t number)
{
	size_t at = (intake->owed_first + intake->owed_count) % intake->owed_room;

	intake->owed[at] = (struct owed){.route = route, .position = position, .number = number};
	intake->owed_count++;
}

/* Nothing can be wrong with the ranges: they were delivered and are open. */
static void intake_answer(struct intake *intake, uint64_t durable)
{
	struct owed run = {.number = 0};
	uint64_t from = 0;

	while (intake->owed_count > 0) {
		const struct owed *owed = &intake->owed[intake->owed_first];

		if (owed->number > durable) {
			break;
		}
		if (from != 0 && (owed->route != run.route || owed->position != run.position + 1)) {
			(void)ew_ack(intake->inst, run.route, from, run.position);
			from = 0;
		}
		from = from == 0 ? owed->position : from;
		run = *owed;
		intake->owed_first = (intake->owed_first + 1) % intake->owed_room;
		intake->owed_count--;
	}
	if (from != 0) {
		(void)ew_ack(intake->inst, run.route, from, run.position);
	}
}

void intake_settle(struct intake *intake)
{
	size_t count = intake->left_count;

	intake_answer(intake, ew_journal_durable(intake->journal));
	intake->left_count = 0;
	for (size_t i = 0; i < count; i++) {
		(void)ew_nack(intake->inst, intake->left[i].route, intake->left[i].from,
			      intake->left[i].to, EW_REDELIVER); /* void, when it has ended */
	}
}

/* ---- taking ---- */

/* Append what is in the entry, and begin a new one. */
static int intake_append(struct intake *intake, const struct entry_names *names,
			 uint64_t *number_out)
{
	int error = intake->entry.failed ? -ENOMEM :
		    ew_journal_append(intake->journal, entry_key(names), intake->entry.at,
				      intake->entry.size, number_out);

	if (error == 0) {
		intake_remember(intake, *number_out, intake->entry.size);
		intake->events++;
	}
	bytes_cut(&intake->entry, 0);
	return error;
}

/* `publisher>receiver`, up to the arrow. */
static void intake_source(struct intake *intake, uint32_t route, char source_out[SOURCE_MAX])
{
	const char *name = ew_route_name(intake->inst, route);
	size_t size = name == NULL ? 0 : strcspn(name, ">");

	size = size < SOURCE_MAX ? size : SOURCE_MAX - 1;
	memcpy(source_out, name == NULL ? "" : name, size);
	source_out[size] = '\0';
}

static const char *intake_device(struct intake *intake, uint32_t id)
{
	const struct ew_device_info *device = id == EW_NO_ID ? NULL : ew_device(intake->inst, id);

	return device == NULL ? NULL : device->spec.path;
}

/* Answer for a position: later, when its last entry is on disk. */
static void intake_done(struct intake *intake, uint32_t route, uint64_t position, int error,
			uint64_t number)
{
	intake->has_failed = error == -EAGAIN;
	if (error == -EMSGSIZE) {
		intake->refused++;
		(void)ew_dead_letter(intake->inst, route, position, position,
				     "too large for the journal");
	} else if (error != 0) {
		intake->put_off++;
		intake_leave(intake, route, position);
	} else {
		intake_owe(intake, route, position, number);
	}
}

void intake_event(struct intake *intake, const struct ew_event *event)
{
	struct entry_names names = {.device = intake_device(intake, event->device)};
	char source[SOURCE_MAX];
	uint64_t number = 0;
	int error = -EAGAIN;

	if (intake_left(intake, event->route) == NULL && intake_may_owe(intake)) {
		intake_source(intake, event->route, source);
		names.source = source;
		entry_event(&intake->entry, &names, event);
		error = intake_append(intake, &names, &number);
	}
	intake_done(intake, event->route, event->position, error, number);
}

/* ---- samples, by their devices ---- */

static int intake_order_compare(const void *left, const void *right)
{
	const struct sample_place *a = left, *b = right;

	return a->device != b->device ? (a->device > b->device) - (a->device < b->device) :
	       (a->index > b->index) - (a->index < b->index);
}

/* Where each device's samples are, in their order; *count_out without those of no tag. */
static bool intake_sort(struct intake *intake, const struct ew_batch *batch, size_t *count_out)
{
	size_t count = 0;

	if (intake->place_room < batch->count) {
		struct sample_place *places = realloc(intake->places,
						      batch->count * sizeof(*places));

		if (places == NULL) {
			return false;
		}
		intake->places = places;
		intake->place_room = batch->count;
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_tag_info *tag = ew_tag(intake->inst, batch->samples[i].tag);

		if (tag != NULL) { /* else removed meanwhile, and delivered again from before */
			intake->places[count++] = (struct sample_place){
				.device = tag->device, .index = i,
			};
		}
	}
	qsort(intake->places, count, sizeof(*intake->places), intake_order_compare);
	*count_out = count;
	return true;
}

/* An event of the samples of one device, from places[first] on; how many it took. */
static size_t intake_samples(struct intake *intake, const struct ew_batch *batch, size_t first,
			     size_t count, struct entry_names *names)
{
	uint32_t device = intake->places[first].device;
	size_t i = first;

	names->device = intake_device(intake, device);
	entry_begin_samples(&intake->entry, names, ew_wall());
	while (i < count && intake->places[i].device == device &&
	       intake->entry.size < ENTRY_BYTES_MAX) {
		const struct ew_sample *sample = &batch->samples[intake->places[i].index];

		intake->too_long += entry_record(&intake->entry, ew_tag(intake->inst, sample->tag),
						 sample, i == first) ? 0 : 1;
		i++;
	}
	entry_end_samples(&intake->entry);
	intake->samples += i - first;
	return i - first;
}

static int intake_append_batch(struct intake *intake, const struct ew_batch *batch,
			       uint64_t *number_out)
{
	struct entry_names names = {.device = NULL};
	char source[SOURCE_MAX];
	size_t count = 0, i = 0;
	int error = intake_sort(intake, batch, &count) ? 0 : -ENOMEM;

	intake_source(intake, batch->route, source);
	names.source = source;
	while (error == 0 && i < count) {
		i += intake_samples(intake, batch, i, count, &names);
		error = intake_append(intake, &names, number_out);
	}
	return error;
}

void intake_batch(struct intake *intake, const struct ew_batch *batch, bool is_wanted)
{
	uint64_t number = 0;
	int error = -EAGAIN;

	if (intake_left(intake, batch->route) == NULL && intake_may_owe(intake)) {
		error = is_wanted ? intake_append_batch(intake, batch, &number) : 0;
	}
	intake_done(intake, batch->route, batch->position, error, number);
}
