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

#define TIGHT_BYTES  65536u             /* of the last segment there may be */

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

void append_commit(struct store *store, const unsigned char *end)
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
		atomic_store_explicit(&store->mark->last, segment->header.first,
				      memory_order_release);
	}
	return 0;
}

static int append_open_segment(struct store *store)
{
	uint64_t last = atomic_load_explicit(&store->mark->last, memory_order_relaxed);
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

int append_prepare(struct store *store, struct store_owner *owner, size_t bound)
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
unsigned char *append_put_head(struct store *store, const struct store_owner *owner,
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

uint64_t append_data(struct store *store, enum record_kind kind, const unsigned char *end)
{
	struct segment *segment = store->open;
	uint64_t lsn = atomic_load_explicit(&store->mark->last, memory_order_relaxed) + 1;

	(void)record_frame(tail_at(&store->tail, store->tail.head), kind, lsn, end);
	append_commit(store, end);
	segment->index.last = lsn;
	segment->index.records++;
	atomic_store_explicit(&store->mark->last, lsn, memory_order_release);
	return lsn;
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

int append_leave(struct store *store, int error)
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
