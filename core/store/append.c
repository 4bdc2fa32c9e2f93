/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: records are encoded where they will be written from, in the tail,
 * under the log's lock. Whatever may be refused is refused before the first
 * byte, but for dictionary entries, which do no harm when no sample follows.
 *
 * All that a segment consists of passes through here: its header and what it
 * repeats when it begins, the data, and its closing. So the log's thread has
 * nothing to do but checksums and writing.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/store/inside.h"
#include "core/store/samples.h"

#define PART_BYTES  ((size_t)256 << 10) /* of samples in one record, about */
#define TAG_BYTES_MAX  8192u                    /* of a dictionary entry */
#define TIGHT_BYTES    65536u                   /* of the last segment there may be */

/* ---- a segment's beginning and end ---- */

static size_t append_group_bound(const struct store *store)
{
	size_t bound = store->owner_count * (size_t)(RECORD_HEADER_BYTES + RECORD_NUMBER_MAX) +
		       store->owner_name_bytes;

	for (uint32_t i = 0; i < store->cursor_count; i++) {
		bound += cursor_bound(store->cursors[i]);
	}
	return bound;
}

size_t append_closing_bound(const struct store *store)
{
	return append_group_bound(store) + RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX +
	       SEGMENT_TRAILER_BYTES;
}

static unsigned char *append_put_owner(unsigned char *at, const struct store_owner *owner,
				       uint64_t lsn)
{
	const struct record_owner record = {
		.id = owner->id,
		.samples = owner->samples,
		.events = owner->events,
		.name = owner->name,
	};

	return at + record_frame(at, RECORD_OWNER, lsn,
				 record_owner_put(at + RECORD_HEADER_BYTES, &record));
}

/* What both a beginning and a closing repeat. */
static unsigned char *append_put_group(const struct store *store, unsigned char *at, uint64_t lsn)
{
	for (uint32_t i = 0; i < store->owner_count; i++) {
		at = append_put_owner(at, store->owners[i], lsn);
	}
	for (uint32_t i = 0; i < store->cursor_count; i++) {
		at += record_frame(at, RECORD_CURSOR, lsn,
				   cursor_put(at + RECORD_HEADER_BYTES, store->cursors[i], false));
	}
	return at;
}

unsigned char *append_put_closing(struct store *store, unsigned char *at,
				  const struct segment *segment)
{
	const unsigned char *begin = at;
	uint64_t lsn = segment->index.last;

	at = append_put_group(store, at, lsn);
	at += record_frame(at, RECORD_FOOTER, lsn,
			   segment_footer_put(at + RECORD_HEADER_BYTES, &segment->index,
					      segment->header.first));
	segment_trailer_put(at, (uint32_t)(at - begin));
	return at + SEGMENT_TRAILER_BYTES;
}

/* What was encoded at the tail's head counts from now on. */
static void append_commit(struct store *store, const unsigned char *end)
{
	struct segment *segment = store->open;
	size_t bytes = (size_t)(end - tail_at(&store->tail, store->tail.head));

	store->tail.head += bytes;
	segment->end += bytes;
	segment->size = segment->end;
}

int append_close_segment(struct store *store)
{
	struct segment *segment = store->open;
	unsigned char *at = tail_at(&store->tail, store->tail.head);
	const unsigned char *end;

	if (tail_room(&store->tail) < append_closing_bound(store)) {
		return -EAGAIN;
	}
	segment->index.ended = clock_utc();
	end = append_put_closing(store, at, segment);
	append_commit(store, end);
	/* readers need nothing of the footer */
	segment->end = segment->size - SEGMENT_TRAILER_BYTES;
	segment->is_closed = true;
	store->open = NULL;
	if (segment->index.records == 0) {
		/* files are named by their first lsn: the next must have another */
		atomic_store_explicit(&store->last, segment->header.first, memory_order_release);
	}
	return 0;
}

static int append_open_segment(struct store *store)
{
	uint64_t last = atomic_load_explicit(&store->last, memory_order_relaxed);
	unsigned char *at = tail_at(&store->tail, store->tail.head);
	struct segment *segment;

	if (tail_room(&store->tail) < SEGMENT_HEAD_BYTES + append_group_bound(store)) {
		return -EAGAIN;
	}
	segment = calloc(1, sizeof(*segment));
	if (segment == NULL) {
		return -ENOMEM;
	}
	segment->fd = -1;
	segment->stream = store->tail.head;
	segment->sealed = SEGMENT_HEADER_BYTES;
	segment->index.last = last;
	segment->header.first = last + 1;
	segment->header.base.mono = clock_mono();
	segment->header.base.utc = clock_utc();
	segment->header.is_clock_good = store->is_clock_good;
	segment->index.has_clock = store->is_clock_good;
	segment->index.clock = segment->header.base;
	memcpy(segment->header.boot, store->boot, sizeof(segment->header.boot));
	store->open = segment;
	store->is_clock_said = store->is_clock_good;
	list_push(&store->segments, &segment->node);
	dictionary_clear(&store->dictionary);
	at = segment_head_put(at, &segment->header);
	append_commit(store, append_put_group(store, at, last));
	for (uint32_t i = 0; i < store->owner_count; i++) {
		store->owners[i]->serial = store->dictionary.serial;
	}
	return 0;
}

int append_seal(struct store *store)
{
	int error = append_open_segment(store);

	if (error == 0) {
		store->open->index.is_clean = true;
		error = append_close_segment(store);
	}
	return error;
}

/* A log of one segment may: limits that became smaller than that would end it for ever. */
static bool append_may_grow(const struct store *store)
{
	return store->config.drop != STORE_DROP_NEWEST ||
	       store->segments.next == store->segments.prev ||
	       store_bytes(store) + store->segment_bytes <= store->config.bytes;
}

static void append_say_clock(struct store *store)
{
	struct segment *segment = store->open;
	unsigned char *at = tail_at(&store->tail, store->tail.head);
	struct record_base pair = { .mono = clock_mono(), .utc = clock_utc() };

	segment->index.has_clock = true;
	segment->index.clock = pair;
	store->is_clock_said = true;
	store_learn_clock(store, store->boot, &pair);
	append_commit(store, at + record_frame(at, RECORD_CLOCK, segment->index.last,
					       record_clock_put(at + RECORD_HEADER_BYTES, &pair)));
}

static void append_say_owner(struct store *store, struct store_owner *owner)
{
	unsigned char *at = tail_at(&store->tail, store->tail.head);

	append_commit(store, append_put_owner(at, owner, store->open->index.last));
	owner->serial = store->dictionary.serial;
}

/*
 * An open segment with room for `bound` more bytes, if need be a new one, and as
 * much room in the tail; the owner (or NULL) is known there.
 */
static int append_prepare(struct store *store, struct store_owner *owner, size_t bound)
{
	struct segment *segment = store->open;
	size_t closing = append_closing_bound(store);
	int error = 0;

	/* of what may have to be said first: the clock, the owner */
	bound += 2 * (RECORD_HEADER_BYTES + RECORD_NUMBER_MAX) + STORE_NAME_MAX;
	if (segment != NULL && segment->end > SEGMENT_HEADER_BYTES + closing &&
	    (segment->end + bound + closing > store->segment_bytes ||
	     store->dictionary.count + EW_BATCH_MAX > RECORD_TAGS_MAX)) {
		error = append_may_grow(store) ? append_close_segment(store) : -ENOSPC;
	}
	if (error == 0 && store->open == NULL) {
		error = append_may_grow(store) ? append_open_segment(store) : -ENOSPC;
	}
	if (error == 0 && tail_room(&store->tail) < bound) {
		error = -EAGAIN;
	}
	if (error == 0 && store->is_clock_good && !store->is_clock_said) {
		append_say_clock(store);
	}
	if (error == 0 && owner != NULL && owner->serial != store->dictionary.serial) {
		append_say_owner(store, owner);
	}
	return error;
}

/* ---- data ---- */

/*
 * While the clock is not known good it is written down beside the monotonic
 * time: what was wrong with it then can be made good later.
 */
static unsigned char *append_put_head(struct store *store, const struct store_owner *owner,
				      uint64_t number, ew_dur stamped, bool has_wall)
{
	unsigned char *at = tail_at(&store->tail, store->tail.head) + RECORD_HEADER_BYTES;
	struct record_head head = {
		.owner = owner->id,
		.number = number,
		.stamped = stamped,
		.samples = owner->samples,
		.events = owner->events,
		.has_wall = has_wall || !store->is_clock_good,
	};

	if (head.has_wall) {
		head.wall = clock_utc() - (clock_mono() - stamped);
	}
	return record_head_put(at, &head, &store->open->header.base);
}

/* A record of data is encoded up to `end`: it has the next lsn. */
static uint64_t append_data(struct store *store, enum record_kind kind, const unsigned char *end)
{
	struct segment *segment = store->open;
	uint64_t lsn = atomic_load_explicit(&store->last, memory_order_relaxed) + 1;

	(void)record_frame(tail_at(&store->tail, store->tail.head), kind, lsn, end);
	append_commit(store, end);
	segment->index.last = lsn;
	segment->index.records++;
	atomic_store_explicit(&store->last, lsn, memory_order_release);
	return lsn;
}

/* A tag that the open segment does not know yet. */
static int append_tag(struct store *store, uint32_t tag, uint32_t *id_out)
{
	struct store_tag described = { 0 };
	unsigned char *at;
	int error = -ENOENT;

	if (store->listener.describe != NULL) {
		error = store->listener.describe(store->listener.arg, tag, &described);
	}
	if (error == 0 && record_tag_bound(&described) > TAG_BYTES_MAX) {
		error = -EMSGSIZE;
	}
	if (error == 0 && tail_room(&store->tail) < record_tag_bound(&described)) {
		error = -EAGAIN;
	}
	if (error == 0) {
		error = dictionary_add(&store->dictionary, tag, id_out);
	}
	if (error != 0) {
		return error;
	}
	at = tail_at(&store->tail, store->tail.head);
	append_commit(store, at + record_frame(at, RECORD_TAG, store->open->index.last,
					       record_tag_put(at + RECORD_HEADER_BYTES, *id_out,
							      &described)));
	return 0;
}

/* Make sure that the open segment's dictionary has all tags; their numbers to ids. */
static int append_tags(struct store *store, const struct store_batch *batch, uint32_t *ids_out)
{
	/* a copy: writing ids would make the loop read it anew */
	struct dictionary known = store->dictionary;
	int error = 0;

	for (uint32_t i = 0; i < batch->count && error == 0; i++) {
		if (!dictionary_find(&known, batch->samples[i].tag, &ids_out[i])) {
			error = append_tag(store, batch->samples[i].tag, &ids_out[i]);
			known = store->dictionary;
		}
	}
	return error;
}

/* What one look at a batch, without the lock, tells. */
struct append_size {
	size_t bytes;                   /* of the samples, at most */
	size_t bound;                   /* of all their records */
	ew_time earliest, latest;
};

static int append_measure(const struct store *store, const struct store_batch *batch,
			  struct append_size *size_out)
{
	struct append_size size = {
		.bytes = batch->count * (size_t)SAMPLES_ONE_MAX,
		.earliest = batch->samples[0].time,
		.latest = batch->samples[0].time,
	};

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];

		size.earliest = sample->time < size.earliest ? sample->time : size.earliest;
		size.latest = sample->time > size.latest ? sample->time : size.latest;
		if (ew_sample_has_bytes(sample)) {
			if (sample->v.x.size > STORE_TEXT_MAX) {
				return -EMSGSIZE;
			}
			size.bytes += sample->v.x.size;
		}
	}
	size.bound = size.bytes + (1 + 2 * size.bytes / PART_BYTES) *
					  (RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX);
	*size_out = size;
	return size.bound <= store->tail.size / 2 ? 0 : -EMSGSIZE;
}

/* How many samples from here make one record. */
static uint32_t append_part(const struct ew_sample *samples, uint32_t count)
{
	size_t bytes = 0;
	uint32_t i = 0;

	while (i < count && (i == 0 || bytes < PART_BYTES)) {
		bytes += SAMPLES_ONE_MAX;
		if (ew_sample_has_bytes(&samples[i])) {
			/* a long text ends the part before it */
			if (i > 0 && samples[i].v.x.size > PART_BYTES - SAMPLES_ONE_MAX) {
				break;
			}
			bytes += samples[i].v.x.size;
		}
		i++;
	}
	return i;
}

static uint64_t append_record(struct store *store, struct store_owner *owner,
			      const struct store_batch *part, const uint32_t *ids)
{
	struct segment *segment = store->open;
	struct segment_index *index = &segment->index;
	unsigned char *at = append_put_head(store, owner, part->number, part->stamped,
					    (part->samples[0].flags & EW_CLOCK_UNSET) != 0);

	at = samples_put(at, part->samples, ids, part->count, &segment->header.base);
	index->samples += part->count;
	owner->samples += part->count;
	store->counts.appended_samples += part->count;
	return append_data(store, RECORD_SAMPLES, at);
}

static int append_samples(struct store *store, struct store_owner *owner,
			  const struct store_batch *batch, const struct append_size *size,
			  uint64_t *lsn_out)
{
	uint32_t *ids = store->ids;
	int error = append_prepare(store, owner, size->bound);

	if (error == 0) {
		error = append_tags(store, batch, ids);
	}
	if (error == 0 && tail_room(&store->tail) < size->bound) {
		error = -EAGAIN;
	}
	if (error != 0) {
		return error;
	}
	for (uint32_t done = 0; done < batch->count;) {
		struct store_batch part = *batch;

		part.samples += done;
		part.count = size->bytes <= PART_BYTES ?
				     batch->count : append_part(part.samples, batch->count - done);
		*lsn_out = append_record(store, owner, &part, ids + done);
		done += part.count;
	}
	segment_index_time(&store->open->index, size->earliest);
	segment_index_time(&store->open->index, size->latest);
	return 0;
}

static int append_event(struct store *store, struct store_owner *owner,
			const struct store_event *event, uint64_t *lsn_out)
{
	size_t bound = record_event_bound(event);
	unsigned char *at;
	int error = bound > STORE_TEXT_MAX ? -EMSGSIZE : append_prepare(store, owner, bound);

	if (error != 0) {
		return error;
	}
	at = append_put_head(store, owner, event->number, event->stamped, false);
	at = record_event_put(at, event, &store->open->header.base);
	segment_index_time(&store->open->index, event->event->time);
	store->open->index.events++;
	owner->events++;
	store->counts.appended_events++;
	*lsn_out = append_data(store, RECORD_EVENT, at);
	return 0;
}

static int append_entry(struct store *store, struct store_owner *owner,
			const struct store_entry *entry, uint64_t *lsn_out)
{
	size_t bound = record_entry_bound(entry);
	unsigned char *at;
	int error = bound > STORE_TEXT_MAX ? -EMSGSIZE : append_prepare(store, owner, bound);

	if (error != 0) {
		return error;
	}
	at = append_put_head(store, owner, 0, clock_mono(), false);
	at = record_entry_put(at, entry, &store->open->header.base);
	segment_index_time(&store->open->index, entry->time);
	store->open->index.events++;
	owner->events++;
	store->counts.appended_events++;
	*lsn_out = append_data(store, RECORD_ENTRY, at);
	return 0;
}

int append_cursor(struct store *store, const struct cursor *cursor, bool is_gone)
{
	size_t bound = cursor_bound(cursor);
	int error = append_prepare(store, NULL, bound);
	unsigned char *at;

	/* a log that is full takes cursors still: they are what makes room */
	if (error == -ENOSPC && store->open != NULL && tail_room(&store->tail) >= bound) {
		error = 0;
	}
	if (error != 0) {
		return error;
	}
	at = tail_at(&store->tail, store->tail.head);
	append_commit(store, at + record_frame(at, RECORD_CURSOR, store->open->index.last,
					       cursor_put(at + RECORD_HEADER_BYTES, cursor,
							  is_gone)));
	return 0;
}

/* ---- what callers see ---- */

void append_wake(struct store *store)
{
	/* a disk that fails is not asked more often for it */
	bool is_half = tail_room(&store->tail) < store->tail.size / 2 && store->state == STORE_GOOD;

	if (store->waits == WRITER_IDLE ||
	    (store->waits == WRITER_TIMED && is_half && !store->is_urgent)) {
		store->is_urgent |= is_half;
		store->waits = WRITER_BUSY;
		(void)pthread_cond_signal(&store->wake);
	}
}

/*
 * Half of the tail is as much as one append may take; of the last segment less is
 * kept, or small ones were never used.
 */
static bool append_is_tight(const struct store *store)
{
	const struct segment *open = store->open;
	bool is_at_end = open == NULL || open->end + TIGHT_BYTES > store->segment_bytes;

	return tail_room(&store->tail) < store->tail.size / 2 ||
	       ((is_at_end || store->is_full) && !append_may_grow(store));
}

bool append_look_for_room(struct store *store)
{
	bool is_tight = append_is_tight(store);

	return atomic_exchange(&store->is_tight, is_tight) && !is_tight;
}

static int append_leave(struct store *store, int error)
{
	store->counts.refused += error != 0 ? 1 : 0;
	if (error == 0 || error == -ENOSPC) {
		store->is_full = error != 0;
	}
	if (!atomic_load_explicit(&store->is_tight, memory_order_relaxed)) {
		(void)append_look_for_room(store);
	}
	append_wake(store);
	(void)pthread_mutex_unlock(&store->lock);
	return error;
}

int store_append_samples(struct store *store, struct store_owner *owner,
			 const struct store_batch *batch, uint64_t *lsn_out)
{
	struct append_size size;
	int error;

	check(batch->count > 0 && batch->count <= EW_BATCH_MAX);
	error = append_measure(store, batch, &size);
	(void)pthread_mutex_lock(&store->lock);
	if (error == 0) {
		error = append_samples(store, owner, batch, &size, lsn_out);
	}
	return append_leave(store, error);
}

int store_append_event(struct store *store, struct store_owner *owner,
		       const struct store_event *event, uint64_t *lsn_out)
{
	(void)pthread_mutex_lock(&store->lock);
	return append_leave(store, append_event(store, owner, event, lsn_out));
}

int store_append_entry(struct store *store, struct store_owner *owner,
		       const struct store_entry *entry, uint64_t *lsn_out)
{
	(void)pthread_mutex_lock(&store->lock);
	return append_leave(store, append_entry(store, owner, entry, lsn_out));
}

bool store_is_tight(const struct store *store)
{
	return atomic_load(&store->is_tight);
}

int store_owner_find(struct store *store, const char *name, struct store_owner **owner_out)
{
	int error = -EINVAL;

	if (name[0] != '\0' && strlen(name) <= STORE_NAME_MAX) {
		(void)pthread_mutex_lock(&store->lock);
		error = store_owner_make(store, name, owner_out);
		(void)pthread_mutex_unlock(&store->lock);
	}
	return error;
}

struct store_totals store_owner_totals(const struct store_owner *owner)
{
	return (struct store_totals){ owner->samples, owner->events };
}

void store_forget_tag(struct store *store, uint32_t tag)
{
	(void)pthread_mutex_lock(&store->lock);
	dictionary_forget(&store->dictionary, tag);
	(void)pthread_mutex_unlock(&store->lock);
}

void store_clock_is_good(struct store *store)
{
	struct record_base pair = { .mono = clock_mono(), .utc = clock_utc() };

	(void)pthread_mutex_lock(&store->lock);
	if (!store->is_clock_good) {
		store->is_clock_good = true;
		store_learn_clock(store, store->boot, &pair);
		if (store->open != NULL && append_prepare(store, NULL, 0) == 0) {
			append_wake(store);
		}
	}
	(void)pthread_mutex_unlock(&store->lock);
}
