/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes, and when. In this order: segments that every cursor has passed,
 * those that are too old, and, while the log is larger than it may be, what
 * `drop` says. Only closed segments that are on disk go, and never the last
 * that is: it holds the cursors.
 *
 * Before a segment goes, or is thinned, that some cursor still needs, the totals
 * at that cursor's place are kept with the cursor, so that its reader can tell
 * exactly what it lost, also after a restart. A cursor that stands in a thinned
 * segment does not know which of the samples left out came before it: its
 * reader may tell some of them again.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/store/inside.h"
#include "core/store/thin.h"

/* The oldest, if it may go. Locked. */
static struct segment *retention_oldest(const struct store *store)
{
	struct segment *segment = list_entry(store->segments.next, struct segment, node);
	const struct segment *next = list_entry(segment->node.next, struct segment, node);

	if (list_is_empty(&store->segments) || segment->node.next == &store->segments ||
	    !segment->is_closed || segment->synced < segment->size || next->synced == 0) {
		return NULL;
	}
	return segment;
}

/* Does this cursor lose when the segment goes, and is nothing known of its place yet? */
static bool retention_needs_marks(const struct cursor *cursor, const struct segment *segment)
{
	return cursor->mark_count == 0 && cursor->at.lsn < segment->index.last;
}

/* The totals at a cursor's place. Without the memory its losses cannot be told exactly. */
static void retention_mark(struct store *store, const char *name, uint64_t lsn,
			   enum store_loss why)
{
	struct place_totals totals;
	struct cursor *cursor;

	if (reader_totals(store, lsn, &totals) != 0) {
		return;
	}
	(void)pthread_mutex_lock(&store->lock);
	cursor = cursor_find(store, name);
	if (cursor != NULL && cursor->at.lsn == lsn && cursor->mark_count == 0) {
		free(cursor->marks);
		cursor->marks = totals.marks;
		cursor->mark_count = totals.mark_count;
		cursor->why = why;
		cursor->is_dirty = true;
		store->are_cursors_dirty = true;
		totals.marks = NULL;
	}
	(void)pthread_mutex_unlock(&store->lock);
	free(totals.marks);
}

/* Mark all cursors that lose with this segment. True: there were some. */
static bool retention_mark_all(struct store *store, const struct segment *segment,
			       enum store_loss why)
{
	char name[STORE_NAME_MAX + 1];
	bool has_marked = false;

	for (uint32_t i = 0;; i++) {
		bool is_needed = false;
		uint64_t lsn = 0;

		(void)pthread_mutex_lock(&store->lock);
		if (i < store->cursor_count) {
			is_needed = retention_needs_marks(store->cursors[i], segment);
			lsn = store->cursors[i]->at.lsn;
			memcpy(name, store->cursors[i]->name, sizeof(name));
		}
		(void)pthread_mutex_unlock(&store->lock);
		if (i >= STORE_CURSORS_MAX) {
			return has_marked;
		}
		if (is_needed) {
			retention_mark(store, name, lsn, why);
			has_marked = true;
		}
	}
}

/* Count what the slowest cursor loses. */
static void retention_count(struct store *store, const struct segment *segment,
			    enum store_loss why)
{
	struct place_totals passed = { 0 };
	uint64_t lowest;

	(void)pthread_mutex_lock(&store->lock);
	lowest = cursor_lowest(store);
	(void)pthread_mutex_unlock(&store->lock);
	if (lowest >= segment->index.last) {
		return; /* also when there is none to lose anything */
	}
	if (lowest >= segment->header.first && reader_totals(store, lowest, &passed) != 0) {
		passed = (struct place_totals){ 0 };
	}
	free(passed.marks);
	(void)pthread_mutex_lock(&store->lock);
	store->counts.lost_samples[why] += segment->index.samples - passed.samples;
	store->counts.lost_events[why] += segment->index.events - passed.events;
	(void)pthread_mutex_unlock(&store->lock);
}

static void retention_remove(struct store *store, struct segment *segment, bool is_loss,
			     enum store_loss why)
{
	char name[SEGMENT_NAME_SIZE + 8];

	if (is_loss) {
		(void)retention_mark_all(store, segment, why);
		retention_count(store, segment, why);
	}
	(void)pthread_mutex_lock(&store->lock);
	list_remove(&segment->node);
	if (is_loss) {
		store_note_loss(store, segment->header.first, segment->index.last, why);
	}
	(void)pthread_mutex_unlock(&store->lock);
	segment_name(segment->header.first, SEGMENT_SUFFIX, name);
	/* what cannot be removed is found, and removed again, after the next start */
	(void)store->files->remove(store->files->arg, name);
	segment_free(store, segment);
}

bool retention_give(struct store *store)
{
	struct segment *segment;

	(void)pthread_mutex_lock(&store->lock);
	segment = store->config.drop == STORE_DROP_NEWEST ? NULL : retention_oldest(store);
	(void)pthread_mutex_unlock(&store->lock);
	if (segment == NULL) {
		return false;
	}
	retention_remove(store, segment, true, STORE_LOST_SIZE);
	return true;
}

bool retention_has_reserve(struct store *store)
{
	uint64_t reserve, room, left;

	(void)pthread_mutex_lock(&store->lock);
	reserve = store->config.reserve;
	room = store->segment_bytes;
	(void)pthread_mutex_unlock(&store->lock);
	/* a disk that does not say is tried */
	return reserve == 0 || store->files->space(store->files->arg, &left) != 0 ||
	       left >= reserve + room;
}

/* ---- what goes by itself ---- */

static struct segment *retention_passed(struct store *store)
{
	struct segment *segment = retention_oldest(store);

	return segment != NULL && store->cursor_count > 0 &&
			       segment->index.last <= cursor_lowest(store)
		       ? segment
		       : NULL;
}

/* When it was closed, by a clock that was good; 0: not known. */
static ew_time retention_ended(const struct store *store, const struct segment *segment)
{
	const struct record_base *clock = store_clock_of(store, segment->header.boot);
	ew_dur lasted = wire_minus(segment->index.ended, segment->header.base.utc);

	if (segment->index.ended == 0 || clock == NULL) {
		return 0;
	}
	/* the header's monotonic time by the good clock, and as long as it was written */
	return clock->utc + (segment->header.base.mono - clock->mono) + (lasted > 0 ? lasted : 0);
}

/* The time that nobody has turned on: a clock that is set forwards makes nothing old. */
static ew_time retention_now(const struct store *store)
{
	const struct record_base *clock = store_clock_of(store, store->boot);
	ew_time now = clock_utc();
	ew_time steady = clock == NULL ? now : clock->utc + (clock_mono() - clock->mono);

	return steady < now ? steady : now;
}

static struct segment *retention_aged(struct store *store)
{
	struct segment *segment = retention_oldest(store);
	ew_time ended = segment == NULL ? 0 : retention_ended(store, segment);

	return store->config.age > 0 && store->is_clock_good && ended != 0 &&
			       ended + store->config.age < retention_now(store)
		       ? segment
		       : NULL;
}

static struct segment *retention_excess(struct store *store)
{
	return store->config.drop != STORE_DROP_NEWEST && store_bytes(store) > store->config.bytes
		       ? retention_oldest(store)
		       : NULL;
}

/* The segment to thin next: of those thinned least the oldest. NULL: all are thin. Locked. */
static struct segment *retention_thickest(const struct store *store)
{
	const struct segment *last = retention_oldest(store);
	struct segment *thickest = NULL;
	struct list *at;

	if (last == NULL) {
		return NULL;
	}
	for (at = store->segments.next; at->next != &store->segments; at = at->next) {
		struct segment *segment = list_entry(at, struct segment, node);

		if (!segment->is_closed || segment->synced < segment->size) {
			break;
		}
		if (segment->header.thinned < THIN_TIMES &&
		    (thickest == NULL || segment->header.thinned < thickest->header.thinned)) {
			thickest = segment;
		}
	}
	return thickest;
}

/* Take out one with this finder, which is called locked. */
static bool retention_take(struct store *store, struct segment *(*find)(struct store *store),
			   bool is_loss, enum store_loss why)
{
	struct segment *segment;

	(void)pthread_mutex_lock(&store->lock);
	segment = find(store);
	(void)pthread_mutex_unlock(&store->lock);
	if (segment == NULL) {
		return false;
	}
	/* first on disk what the cursors lose, then the loss */
	if (is_loss && retention_mark_all(store, segment, why) && writer_flush(store) != 0) {
		return false;
	}
	retention_remove(store, segment, is_loss, why);
	return true;
}

static bool retention_thin(struct store *store)
{
	struct segment *segment = NULL;

	(void)pthread_mutex_lock(&store->lock);
	if (store->config.drop == STORE_DROP_THIN && retention_excess(store) != NULL) {
		segment = retention_thickest(store);
	}
	(void)pthread_mutex_unlock(&store->lock);
	if (segment == NULL) {
		return false;
	}
	(void)retention_mark_all(store, segment, STORE_LOST_THINNED);
	return thin_segment(store, segment) == 0;
}

void retention_run(struct store *store)
{
	while (retention_take(store, retention_passed, false, STORE_LOST_SIZE)) {
	}
	while (retention_take(store, retention_aged, true, STORE_LOST_AGE)) {
	}
	while (retention_thin(store)) {
	}
	while (retention_take(store, retention_excess, true, STORE_LOST_SIZE)) {
	}
}
