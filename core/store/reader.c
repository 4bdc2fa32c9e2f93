/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading. A reader walks a segment from its head, because the dictionary and
 * the owners are told there, and passes over what comes before its place. It
 * reads files in chunks and, where the log has not written yet, the tail.
 */
#include "core/store/reader.h"

#include <errno.h>
#include <stdlib.h>

#define TRIES           3u                      /* before a place that cannot be read is passed */
#define TEXTS_MAX       ((size_t)512 << 20)     /* of one segment's dictionary */

/* ---- segments ---- */

/*
 * Bytes for the scan, of the file or of the tail. The segment is looked up
 * each time: it may be gone, or be another file by now.
 */
static ssize_t reader_fetch(void *arg, uint64_t offset, void *to, size_t size, bool *is_sealed_out)
{
	struct store_reader *reader = arg;
	struct store *store = reader->store;
	struct segment *segment;
	uint64_t limit = 0;
	bool is_written = true;

	(void)pthread_mutex_lock(&store->lock);
	segment = store_segment(store, reader->header.first);
	if (segment == NULL || segment->header.first != reader->header.first ||
	    segment->generation != reader->generation) {
		(void)pthread_mutex_unlock(&store->lock);
		return -ESTALE;
	}
	is_written = offset < segment->written;
	limit = is_written && segment->written < segment->end ? segment->written : segment->end;
	size = offset >= limit ? 0 : limit - offset < size ? (size_t)(limit - offset) : size;
	if (!is_written && size > 0) {
		memcpy(to, tail_at(&store->tail, segment->stream + offset), size);
	}
	(void)pthread_mutex_unlock(&store->lock);
	*is_sealed_out = is_written;
	if (!is_written || size == 0) {
		return (ssize_t)size;
	}
	if (reader->file < 0) {
		char name[SEGMENT_NAME_SIZE + 8];

		segment_name(reader->header.first, SEGMENT_SUFFIX, name);
		reader->file = store->files->open(store->files->arg, name, STORE_FILE_READ);
	}
	return reader->file < 0
		       ? reader->file
		       : store_files_read(store->files, reader->file, to, size, offset);
}

/* Damage is counted once, whoever comes across it. */
static void reader_count_damage(struct store_reader *reader)
{
	struct store *store = reader->store;
	struct segment *segment;
	uint64_t more = 0;

	(void)pthread_mutex_lock(&store->lock);
	segment = store_segment(store, reader->header.first);
	if (segment != NULL && segment->header.first == reader->header.first &&
	    segment->damaged < reader->scan.damaged) {
		more = reader->scan.damaged - segment->damaged;
		segment->damaged = reader->scan.damaged;
		store->counts.damaged_records += more;
	}
	(void)pthread_mutex_unlock(&store->lock);
	if (more > 0) {
		log_msg(LOG_LEVEL_ERROR, "store", "%s: segment %016llx: %llu damaged places passed",
			store->path, (unsigned long long)reader->header.first,
			(unsigned long long)more);
	}
}

static void reader_leave(struct store_reader *reader)
{
	if (reader->header.first != 0 && reader->scan.damaged > 0) {
		reader_count_damage(reader);
	}
	if (reader->file >= 0) {
		reader->store->files->close(reader->store->files->arg, reader->file);
	}
	reader->file = -1;
	reader->header.first = 0;
	reader->known_count = 0;
	arena_fini(&reader->texts);
	arena_init(&reader->texts, TEXTS_MAX);
	memset(reader->ids, 0, sizeof(reader->ids));
}

/* Go to the segment that has what comes next. 0: there is none. */
static int reader_enter(struct store_reader *reader)
{
	struct store *store = reader->store;
	const struct segment *segment;
	const struct record_base *clock;

	reader_leave(reader);
	(void)pthread_mutex_lock(&store->lock);
	segment = store_segment(store, reader->at + 1);
	if (segment == NULL) {
		(void)pthread_mutex_unlock(&store->lock);
		return 0;
	}
	reader->header = segment->header;
	reader->generation = segment->generation;
	reader->is_this_boot = strcmp(segment->header.boot, store->boot) == 0;
	clock = store_clock_of(store, segment->header.boot);
	reader->has_clock = clock != NULL;
	if (clock != NULL) {
		reader->clock = *clock;
	}
	reader->why = segment->header.first > reader->at + 1
			      ? store_why_lost(store, reader->at + 1)
		      : segment->header.thinned > 0 ? STORE_LOST_THINNED
						    : STORE_LOST_DAMAGED;
	(void)pthread_mutex_unlock(&store->lock);
	reader->is_crossing = true;
	reader->tries = 0;
	reader->passed_samples = 0;
	reader->passed_events = 0;
	scan_begin(&reader->scan, reader->header.first, UINT64_MAX);
	return 1;
}

/* The scan has come to an end: is it that of the segment? Then all of it was read. */
static bool reader_has_ended(struct store_reader *reader)
{
	struct store *store = reader->store;
	const struct segment *segment;
	bool has_ended = true;

	(void)pthread_mutex_lock(&store->lock);
	segment = store_segment(store, reader->header.first);
	if (segment != NULL && segment->header.first == reader->header.first) {
		has_ended = segment->is_closed && reader->scan.offset >= segment->end;
		if (has_ended && segment->index.last > reader->at) {
			reader->at = segment->index.last; /* what came last is not there any more */
		}
	}
	(void)pthread_mutex_unlock(&store->lock);
	return has_ended;
}

/* There is nothing behind reader->at: numbers that nobody has count as read. */
static void reader_at_end(struct store_reader *reader, uint64_t up_to)
{
	struct store *store = reader->store;
	uint64_t last;

	(void)pthread_mutex_lock(&store->lock);
	last = store_last(store);
	if (store_segment(store, reader->at + 1) == NULL) {
		uint64_t end = up_to < last ? up_to : last;

		reader->at = end > reader->at ? end : reader->at;
	}
	(void)pthread_mutex_unlock(&store->lock);
}

/* The scan could not read. Try again, and after some tries pass the place. */
static int reader_on_trouble(struct store_reader *reader, int error)
{
	if (error == -ESTALE || error == -ENOENT) {
		reader_leave(reader);
		return 0;
	}
	if (error != -EIO || ++reader->tries < TRIES) {
		return error;
	}
	reader->tries = 0;
	scan_pass_block(&reader->scan);
	return -EAGAIN;
}

int store_reader_next(struct store_reader *reader, uint64_t up_to,
		      const struct store_item **item_out)
{
	struct record record;
	int ret;

	for (;;) {
		if (reader->header.first == 0 && reader_enter(reader) == 0) {
			reader_at_end(reader, up_to);
			return 0;
		}
		ret = scan_next(&reader->scan, &record);
		if (ret == -EAGAIN || ret == -ENOMEM) {
			return ret;
		}
		if (ret < 0) {
			ret = reader_on_trouble(reader, ret);
			if (ret != 0) {
				return ret;
			}
			continue;
		}
		if (ret == 0 && !reader_has_ended(reader)) {
			reader_at_end(reader, up_to);
			return 0;
		}
		if (ret == 0) {
			reader_leave(reader);
			continue;
		}
		reader->tries = 0;
		if (record_is_data(record.kind) && record.lsn > up_to) {
			scan_again(&reader->scan, &record);
			reader->at = up_to > reader->at ? up_to : reader->at;
			return 0;
		}
		ret = reader_on_record(reader, &record, item_out);
		if (ret != 0) {
			return ret;
		}
	}
}

uint64_t store_reader_at(const struct store_reader *reader)
{
	return reader->at;
}

/* ---- life ---- */

/* Totals that a cursor kept are known from the start. Locked. */
static void reader_take_marks(struct store_reader *reader, const struct cursor *cursor)
{
	for (uint32_t i = 0; i < cursor->mark_count; i++) {
		const struct owner_mark *mark = &cursor->marks[i];

		reader->owners[reader->owner_count++] = (struct reader_owner){
			.owner = mark->owner,
			.samples = mark->samples,
			.events = mark->events,
			.is_known = true,
		};
	}
}

int store_reader_open(struct store *store, uint64_t after, const char *cursor_name,
		      struct store_reader **reader_out)
{
	struct store_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL) {
		return -ENOMEM;
	}
	reader->store = store;
	reader->at = after;
	reader->file = -1;
	arena_init(&reader->texts, TEXTS_MAX);
	scan_init(&reader->scan, reader_fetch, reader);
	(void)pthread_mutex_lock(&store->lock);
	if (cursor_name != NULL) {
		const struct cursor *cursor = cursor_find(store, cursor_name);

		if (cursor != NULL && cursor->at.lsn == after) {
			reader_take_marks(reader, cursor);
			if (cursor->mark_count > 0) {
				store_note_loss(store, after + 1, after + 1, cursor->why);
			}
		}
	}
	(void)pthread_mutex_unlock(&store->lock);
	*reader_out = reader;
	return 0;
}

void store_reader_close(struct store_reader **reader_at)
{
	struct store_reader *reader = *reader_at;

	if (reader == NULL) {
		return;
	}
	*reader_at = NULL;
	reader_leave(reader);
	scan_fini(&reader->scan);
	arena_fini(&reader->texts);
	free(reader->known);
	free(reader->samples);
	free(reader);
}

int reader_totals(struct store *store, uint64_t lsn, struct place_totals *totals_out)
{
	struct store_reader *reader;
	const struct store_item *item;
	int error = store_reader_open(store, lsn, NULL, &reader);

	if (error != 0) {
		return error;
	}
	*totals_out = (struct place_totals){ 0 };
	do {
		error = store_reader_next(reader, lsn, &item);
	} while (error > 0 || error == -EAGAIN);
	totals_out->marks = error == 0 ? calloc(STORE_OWNERS_MAX, sizeof(struct owner_mark)) : NULL;
	if (error == 0 && totals_out->marks == NULL) {
		error = -ENOMEM;
	}
	for (uint32_t i = 0; error == 0 && i < reader->owner_count; i++) {
		const struct reader_owner *mine = &reader->owners[i];

		totals_out->marks[totals_out->mark_count++] = (struct owner_mark){
			.owner = mine->owner,
			.samples = mine->samples,
			.events = mine->events,
		};
	}
	totals_out->samples = reader->passed_samples;
	totals_out->events = reader->passed_events;
	store_reader_close(&reader);
	return error;
}
