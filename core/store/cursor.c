/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors live in the log itself, as records: so they are synced with the
 * samples by the one sync of a group, and a cursor on disk implies that what
 * it confirms is there. Every segment begins and ends with all of them, so
 * the newest segment is enough to know them.
 *
 * A cursor whose next record was removed keeps the totals of every owner at
 * its place; from them a reader tells exactly what it lost.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/store/inside.h"

struct cursor *cursor_find(const struct store *store, const char *name)
{
	for (uint32_t i = 0; i < store->cursor_count; i++) {
		if (strcmp(store->cursors[i]->name, name) == 0) {
			return store->cursors[i];
		}
	}
	return NULL;
}

static int cursor_make(struct store *store, const char *name, struct cursor **cursor_out)
{
	struct cursor *cursor;

	if (store->cursor_count == STORE_CURSORS_MAX) {
		return -ENOSPC;
	}
	cursor = calloc(1, sizeof(*cursor));
	if (cursor == NULL) {
		return -ENOMEM;
	}
	memcpy(cursor->name, name, strlen(name));
	store->cursors[store->cursor_count++] = cursor;
	*cursor_out = cursor;
	return 0;
}

static void cursor_drop_marks(struct cursor *cursor)
{
	free(cursor->marks);
	cursor->marks = NULL;
	cursor->mark_count = 0;
}

/* Out of the table, in order; the memory stays the caller's. */
static void cursor_take(struct store *store, const struct cursor *cursor)
{
	uint32_t i = 0;

	while (store->cursors[i] != cursor) {
		i++;
	}
	store->cursor_count--;
	memmove(&store->cursors[i], &store->cursors[i + 1],
		(store->cursor_count - i) * sizeof(store->cursors[0]));
}

static void cursor_free(struct cursor *cursor)
{
	cursor_drop_marks(cursor);
	free(cursor);
}

void cursor_free_all(struct store *store)
{
	for (uint32_t i = 0; i < store->cursor_count; i++) {
		cursor_free(store->cursors[i]);
	}
	store->cursor_count = 0;
}

static int cursor_restore_marks(struct store *store, struct cursor *cursor,
				const struct record_cursor *found)
{
	struct wire wire = found->totals;

	cursor_drop_marks(cursor);
	if (found->total_count == 0) {
		return 0;
	}
	cursor->marks = calloc(found->total_count, sizeof(*cursor->marks));
	if (cursor->marks == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < found->total_count; i++) {
		struct owner_mark *mark = &cursor->marks[cursor->mark_count];
		struct store_owner *owner;
		struct record_total total;

		if (!record_total_get(&wire, &total)) {
			break; /* the checksum held: a writer's mistake; the rest counts */
		}
		if (store_owner_make(store, total.name, &owner) == 0) {
			*mark = (struct owner_mark){ owner, total.samples, total.events };
			cursor->mark_count++;
		}
	}
	return 0;
}

int cursor_restore(struct store *store, const struct record_cursor *found)
{
	struct cursor *cursor = cursor_find(store, found->name);
	int error = 0;

	if (found->is_gone) {
		if (cursor != NULL) {
			cursor_take(store, cursor);
			cursor_free(cursor);
		}
		return 0;
	}
	if (cursor == NULL) {
		error = cursor_make(store, found->name, &cursor);
	}
	if (error != 0) {
		return error;
	}
	cursor->at = found->at;
	cursor->why = found->why;
	return cursor_restore_marks(store, cursor, found);
}

size_t cursor_bound(const struct cursor *cursor)
{
	size_t bound = RECORD_HEADER_BYTES + RECORD_NUMBER_MAX + strlen(cursor->name) +
		       cursor->at.range_count * (size_t)(2 * WIRE_VARINT_MAX);

	for (uint32_t i = 0; i < cursor->mark_count; i++) {
		bound += 4 * WIRE_VARINT_MAX + strlen(cursor->marks[i].owner->name);
	}
	return bound;
}

unsigned char *cursor_put(unsigned char *at, const struct cursor *cursor, bool is_gone)
{
	struct record_cursor record = {
		.name = cursor->name,
		.is_gone = is_gone,
		.at = cursor->at,
		.why = cursor->why,
		.total_count = cursor->mark_count,
	};

	at = record_cursor_put(at, &record);
	for (uint32_t i = 0; i < cursor->mark_count; i++) {
		const struct owner_mark *mark = &cursor->marks[i];
		const struct record_total total = {
			.name = mark->owner->name,
			.samples = mark->samples,
			.events = mark->events,
		};

		at = record_total_put(at, &total);
	}
	return at;
}

int cursor_record_moved(struct store *store)
{
	int error = 0;

	for (uint32_t i = 0; i < store->cursor_count && error == 0; i++) {
		struct cursor *cursor = store->cursors[i];

		if (cursor->is_dirty) {
			error = append_cursor(store, cursor, false);
			cursor->is_dirty = error != 0;
		}
	}
	store->are_cursors_dirty = error != 0;
	return error;
}

uint64_t cursor_lowest(const struct store *store)
{
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < store->cursor_count; i++) {
		uint64_t lsn = store->cursors[i]->at.lsn;

		lowest = lsn < lowest ? lsn : lowest;
	}
	return lowest;
}

/* ---- what callers see ---- */

static bool cursor_is_valid(const struct store *store, const struct store_cursor *cursor)
{
	uint64_t before = cursor->lsn;

	if (cursor->range_count > STORE_RANGES_MAX) {
		return false;
	}
	for (uint32_t i = 0; i < cursor->range_count; i++) {
		const struct store_range *range = &cursor->ranges[i];

		if (range->from <= before + 1 || range->to < range->from) {
			return false;
		}
		before = range->to;
	}
	return before <= store_last(store);
}

int store_cursor_get(struct store *store, const char *name, struct store_cursor *cursor_out)
{
	const struct cursor *cursor;

	(void)pthread_mutex_lock(&store->lock);
	cursor = cursor_find(store, name);
	if (cursor != NULL) {
		*cursor_out = cursor->at;
	}
	(void)pthread_mutex_unlock(&store->lock);
	return cursor != NULL ? 0 : -ENOENT;
}

/* Is what was there gone, and something left behind it? */
static bool cursor_is_in_gap(const struct store *store, uint64_t lsn)
{
	const struct segment *segment = store_segment(store, lsn);

	return segment != NULL && segment->header.first > lsn + 1;
}

static int cursor_set(struct store *store, const char *name, const struct store_cursor *to)
{
	struct cursor *cursor = cursor_find(store, name);
	int error = cursor == NULL ? cursor_make(store, name, &cursor) : 0;

	if (error != 0) {
		return error;
	}
	/*
	 * Moved within what is gone it keeps them, for nobody can tell others: too much
	 * is told to be lost then, but never too little.
	 */
	if (to->lsn != cursor->at.lsn && !cursor_is_in_gap(store, to->lsn)) {
		cursor_drop_marks(cursor);
	}
	cursor->at = *to;
	cursor->is_dirty = true;
	return 0;
}

int store_cursor_set(struct store *store, const char *name, const struct store_cursor *cursor)
{
	int error = -EINVAL;

	(void)pthread_mutex_lock(&store->lock);
	if (name[0] != '\0' && strlen(name) <= STORE_NAME_MAX && cursor_is_valid(store, cursor)) {
		error = cursor_set(store, name, cursor);
	}
	if (error == 0) {
		store->are_cursors_dirty = true;
		append_wake(store);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return error;
}

int store_cursor_remove(struct store *store, const char *name)
{
	struct cursor *cursor;

	(void)pthread_mutex_lock(&store->lock);
	cursor = cursor_find(store, name);
	if (cursor != NULL) {
		/* without room for the record the next segment will not repeat it */
		cursor_take(store, cursor);
		(void)append_cursor(store, cursor, true);
		append_wake(store);
		cursor_free(cursor);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return cursor != NULL ? 0 : -ENOENT;
}

int store_cursor_name(struct store *store, size_t index, char name_out[STORE_NAME_MAX + 1])
{
	int error = -ENOENT;

	(void)pthread_mutex_lock(&store->lock);
	if (index < store->cursor_count) {
		memcpy(name_out, store->cursors[index]->name, STORE_NAME_MAX + 1);
		error = 0;
	}
	(void)pthread_mutex_unlock(&store->lock);
	return error;
}
