/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start finds: the segments in order, each known from its closing, or,
 * when that is not there, by walking over it. A torn end is cut off and the
 * segment closed; a file that is no segment, or whose header is damaged, is
 * put aside under another name, the oldest of them removed when they are many.
 *
 * Nothing is appended to a segment of an earlier run: the next append begins a
 * new one.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/store/inside.h"
#include "core/store/samples.h"
#include "core/store/scan.h"

#define DAMAGED_KEPT  4u        /* files put aside */
#define LISTED_MAX    65536u    /* files of one kind in the folder */
#define ASIDE_RECORDS ((uint64_t)1 << 24)       /* more than any segment has */

struct listed {
	uint64_t *at;
	size_t count;
	size_t room;
	const char *suffix;
};

static int listed_add(void *arg, const char *name)
{
	struct listed *listed = arg;
	uint64_t first;

	if (!segment_name_parse(name, listed->suffix, &first)) {
		return 0;
	}
	if (listed->count == listed->room) {
		size_t room = listed->room == 0 ? 64 : 2 * listed->room;
		uint64_t *grown = room > LISTED_MAX
					  ? NULL
					  : realloc(listed->at, room * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		listed->at = grown;
		listed->room = room;
	}
	listed->at[listed->count++] = first;
	return 0;
}

static int listed_compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* All first lsn of files with this suffix, ascending. */
static int listed_make(const struct store_files *files, const char *suffix,
		       struct listed *listed_out)
{
	int error;

	*listed_out = (struct listed){ .suffix = suffix };
	error = files->list(files->arg, listed_add, listed_out);
	if (error == 0 && listed_out->count > 1) {
		qsort(listed_out->at, listed_out->count, sizeof(*listed_out->at), listed_compare);
	}
	return error;
}

/* Remove what has this suffix, but for the newest `keep`. */
static void remove_old(const struct store *store, const char *suffix, size_t keep)
{
	const struct store_files *files = store->files;
	struct listed listed;

	if (listed_make(files, suffix, &listed) == 0) {
		for (size_t i = 0; i + keep < listed.count; i++) {
			char name[SEGMENT_NAME_SIZE + 8];

			segment_name(listed.at[i], suffix, name);
			(void)files->remove(files->arg, name); /* tried again at the next start */
		}
	}
	free(listed.at);
}

/* ---- one file ---- */

struct opened {
	struct store *store;
	struct segment *segment;
	int file;
	uint64_t size;
	struct store_owner *found[STORE_OWNERS_MAX];    /* by the segment's numbers */
};

static ssize_t recovery_fetch(void *arg, uint64_t offset, void *to, size_t size,
			      bool *is_sealed_out)
{
	const struct opened *opened = arg;

	*is_sealed_out = true;
	return store_files_read(opened->store->files, opened->file, to, size, offset);
}

/* What a record says of the log as a whole. */
static int recovery_learn(struct store *store, const struct record *record)
{
	struct record_cursor cursor;
	struct record_owner owner;
	struct store_owner *mine;
	int error = 0;

	if (record->kind == RECORD_OWNER && record_owner_get(record, &owner)) {
		error = store_owner_make(store, owner.name, &mine);
		if (error == 0) {
			/* a later segment knows no less */
			mine->samples = owner.samples;
			mine->events = owner.events;
		}
	} else if (record->kind == RECORD_CURSOR && record_cursor_get(record, &cursor)) {
		error = cursor_restore(store, &cursor);
	}
	/* too many of them: a log that other settings made; it can still be read */
	return error == -ENOSPC ? 0 : error;
}

/*
 * The records of a closing: whether they are whole up to the footer, or, known
 * to be so, what they say.
 */
static int recovery_walk_closing(struct opened *opened, const unsigned char *closing,
				 uint32_t size, bool is_learning)
{
	struct segment *segment = opened->segment;
	uint32_t at = 0;
	int error = 0;

	while (error == 0 && size - at >= RECORD_HEADER_BYTES) {
		size_t bytes = record_bytes(closing + at);
		struct record record;

		if (bytes == 0 || bytes > size - at || !record_is_whole(closing + at)) {
			break;
		}
		record = record_at(closing + at);
		if (record.kind == RECORD_FOOTER) {
			return segment_footer_get(&record, segment->header.first, &segment->index);
		}
		error = is_learning ? recovery_learn(opened->store, &record) : 0;
		at += (uint32_t)bytes;
	}
	return error;
}

/* Read the closing. 0: there is none, or it is damaged. */
static int recovery_read_closing(struct opened *opened)
{
	const struct store_files *files = opened->store->files;
	unsigned char trailer[SEGMENT_TRAILER_BYTES];
	struct segment *segment = opened->segment;
	unsigned char *closing;
	uint32_t size = 0;
	int ret = 0;

	if (opened->size >= SEGMENT_HEADER_BYTES + SEGMENT_TRAILER_BYTES &&
	    store_files_read(files, opened->file, trailer, sizeof(trailer),
			     opened->size - sizeof(trailer)) == sizeof(trailer)) {
		size = segment_trailer_get(trailer);
	}
	if (size == 0 || opened->size < SEGMENT_HEADER_BYTES + sizeof(trailer) + (uint64_t)size) {
		return 0;
	}
	closing = malloc(size);
	if (closing == NULL) {
		return -ENOMEM;
	}
	if (store_files_read(files, opened->file, closing, size,
			     opened->size - sizeof(trailer) - size) == (ssize_t)size) {
		ret = recovery_walk_closing(opened, closing, size, false);
	}
	if (ret == 1) {
		/* it repeats all cursors: what it does not have was removed */
		cursor_free_all(opened->store);
		ret = recovery_walk_closing(opened, closing, size, true);
	}
	free(closing);
	segment->end = opened->size - sizeof(trailer);
	segment->size = opened->size;
	return ret;
}

static void recovery_count(const struct opened *opened, const struct record *record)
{
	struct segment *segment = opened->segment;
	struct wire wire = wire_of(record->body, record->size);
	struct segment_index *index = &segment->index;
	struct record_head head;
	struct store_owner *owner;
	uint32_t count = 0;

	index->last = record->lsn;
	index->records++;
	if (!record_head_get(&wire, &segment->header.base, &head)) {
		return;
	}
	if (record->kind == RECORD_SAMPLES) {
		count = samples_count(&wire);
	}
	index->samples += count;
	index->events += record->kind == RECORD_SAMPLES ? 0 : 1;
	owner = head.owner < STORE_OWNERS_MAX ? opened->found[head.owner] : NULL;
	if (owner != NULL) {
		owner->samples = head.samples + count;
		owner->events = head.events + (record->kind == RECORD_SAMPLES ? 0 : 1);
	}
}

/* Walk over all of it; what follows the last good record is not part of it. */
static int recovery_walk(struct opened *opened)
{
	struct store *store = opened->store;
	struct segment *segment = opened->segment;
	struct segment_index *index = &segment->index;
	struct record_owner owner;
	struct record record;
	struct scan scan;
	int ret;

	*index = (struct segment_index){
		.last = segment->header.first - 1,
		.has_clock = segment->header.is_clock_good,
		.clock = segment->header.base,
	};
	scan_init(&scan, recovery_fetch, opened);
	scan_begin(&scan, segment->header.first, UINT64_MAX - 1);
	while ((ret = scan_next(&scan, &record)) == 1 || ret == -EAGAIN || ret == -EIO) {
		if (ret == -EIO) {
			scan_pass_block(&scan);
		}
		if (ret != 1 || record.kind == RECORD_FOOTER) {
			continue;
		}
		if (record_is_data(record.kind)) {
			recovery_count(opened, &record);
			continue;
		}
		ret = recovery_learn(store, &record);
		if (ret != 0) {
			break;
		}
		if (record.kind == RECORD_OWNER && record_owner_get(&record, &owner)) {
			(void)store_owner_make(store, owner.name, &opened->found[owner.id]);
		} else if (record.kind == RECORD_CLOCK) {
			index->has_clock |= record_clock_get(&record, &index->clock);
		}
	}
	segment->end = scan.good_end;
	segment->size = scan.good_end;
	segment->damaged = scan.damaged;
	store->counts.damaged_records += scan.damaged;
	scan_fini(&scan);
	return ret;
}

/*
 * Close it as its writer would have. A disk that does not take it changes
 * nothing of what is known now: the next start walks again.
 */
static int recovery_close_segment(struct opened *opened)
{
	struct store *store = opened->store;
	struct segment *segment = opened->segment;
	const struct store_files *files = store->files;
	size_t bound = append_closing_bound(store);
	unsigned char *closing = malloc(bound);
	size_t size;
	int error;

	if (closing == NULL) {
		return -ENOMEM;
	}
	size = (size_t)(append_put_closing(store, closing, segment) - closing);
	for (size_t at = 0; at < size - SEGMENT_TRAILER_BYTES; at += record_bytes(closing + at)) {
		record_seal(closing + at, record_sum(closing + at));
	}
	error = files->truncate(files->arg, opened->file, segment->end);
	if (error == 0) {
		error = store_files_write(files, opened->file, closing, size, segment->end);
	}
	if (error == 0) {
		error = files->sync(files->arg, opened->file);
	}
	free(closing);
	if (error == 0) {
		segment->size += size;
	} else if (error != -EROFS) {
		log_msg(LOG_LEVEL_WARNING, "store", "%s: segment %016llx cannot be closed: %s",
			store->path, (unsigned long long)segment->header.first, strerror(-error));
	}
	return 0;
}

static int recovery_read_segment(struct opened *opened)
{
	struct store *store = opened->store;
	struct segment *segment = opened->segment;
	int ret = recovery_read_closing(opened);

	if (ret == 0) {
		ret = recovery_walk(opened);
		if (ret == 0) {
			ret = recovery_close_segment(opened);
		}
	}
	if (ret < 0) {
		return ret;
	}
	segment->sealed = segment->size;
	segment->written = segment->size;
	segment->synced = segment->size;
	segment->is_closed = true;
	segment->is_made = true;
	if (segment->index.has_clock) {
		store_learn_clock(store, segment->header.boot, &segment->index.clock);
	}
	return 0;
}

static int recovery_put_aside(struct store *store, uint64_t first)
{
	char from[SEGMENT_NAME_SIZE + 8];
	char into[SEGMENT_NAME_SIZE + 8];
	int error;

	segment_name(first, SEGMENT_SUFFIX, from);
	segment_name(first, SEGMENT_DAMAGED, into);
	error = store->files->rename(store->files->arg, from, into);
	store->counts.damaged_segments++;
	store_note_loss(store, first, first, STORE_LOST_DAMAGED);
	log_msg(LOG_LEVEL_ERROR, "store", "%s: %s is damaged and put aside as %s%s%s", store->path,
		from, into, error == 0 ? "" : ": ", error == 0 ? "" : strerror(-error));
	remove_old(store, SEGMENT_DAMAGED, DAMAGED_KEPT);
	return 0;
}

/* A header that is damaged is there twice. */
static int recovery_repair_header(struct opened *opened, uint64_t first, const char *name)
{
	struct store *store = opened->store;
	struct segment_header *header = &opened->segment->header;
	unsigned char again[RECORD_HEADER_BYTES + SEGMENT_HEADER_BYTES];
	unsigned char *at = again + RECORD_HEADER_BYTES;

	if (store_files_read(store->files, opened->file, again, sizeof(again),
			     SEGMENT_HEADER_BYTES) != sizeof(again) ||
	    segment_header_again(again, header) != 0 || header->first != first) {
		return -EBADMSG;
	}
	store->counts.damaged_records++;
	/* what the disk does not take is found, and repaired again, at the next start */
	(void)store_files_write(store->files, opened->file, at, SEGMENT_HEADER_BYTES, 0);
	log_msg(LOG_LEVEL_WARNING, "store", "%s: the header of %s was damaged and is repaired",
		store->path, name);
	return 0;
}

static int recovery_open_file(struct opened *opened, uint64_t first, uint32_t *format_out)
{
	const struct store_files *files = opened->store->files;
	unsigned char header[SEGMENT_HEADER_BYTES];
	char name[SEGMENT_NAME_SIZE + 8];
	int error;

	segment_name(first, SEGMENT_SUFFIX, name);
	opened->file = files->open(files->arg, name, STORE_FILE_WRITE);
	if (opened->file < 0) {
		return opened->file;
	}
	error = files->size(files->arg, opened->file, &opened->size);
	if (error == 0 && store_files_read(files, opened->file, header, sizeof(header), 0) !=
				  sizeof(header)) {
		error = -EBADMSG;
	}
	if (error == 0) {
		error = segment_header_get(header, &opened->segment->header, format_out);
	}
	if (error == 0 && opened->segment->header.first != first) {
		error = -EBADMSG;
	}
	return error == -EBADMSG ? recovery_repair_header(opened, first, name) : error;
}

/* A file without one good record, as a crash leaves it, holds nothing that was promised. */
static bool recovery_is_void(struct opened *opened, uint64_t first)
{
	struct record record;
	struct scan scan;
	int ret;

	scan_init(&scan, recovery_fetch, opened);
	scan_begin(&scan, first, UINT64_MAX - 1);
	do {
		ret = scan_next(&scan, &record);
	} while (ret == -EAGAIN);
	scan_fini(&scan);
	return ret == 0;
}

static int recovery_load(struct store *store, uint64_t first, struct ew_error *err)
{
	const struct store_files *files = store->files;
	struct opened opened = { .store = store, .file = -1 };
	uint32_t format = 0;
	bool is_void;
	int error;

	opened.segment = calloc(1, sizeof(*opened.segment));
	if (opened.segment == NULL) {
		return -ENOMEM;
	}
	opened.segment->fd = -1;
	error = recovery_open_file(&opened, first, &format);
	is_void = error == -EBADMSG && recovery_is_void(&opened, first);
	if (error == 0) {
		error = recovery_read_segment(&opened);
	}
	if (opened.file >= 0) {
		files->close(files->arg, opened.file);
	}
	if (error == 0) {
		list_push(&store->segments, &opened.segment->node);
		return 0;
	}
	free(opened.segment);
	if (is_void) {
		char name[SEGMENT_NAME_SIZE + 8];

		segment_name(first, SEGMENT_SUFFIX, name);
		(void)files->remove(files->arg, name); /* tried again at the next start */
		return 0;
	}
	if (error == -EBADMSG || error == -EIO) {
		return recovery_put_aside(store, first);
	}
	if (error == -ENOTSUP) {
		(void)ew_fail(err,
			      "the store '%s' was written by a newer edgeway: it has format %u, "
			      "and this one knows formats up to %u",
			      store->path, format, SEGMENT_FORMAT);
	} else {
		(void)ew_fail(err, "the store '%s' cannot be read: %s", store->path,
			      strerror(-error));
	}
	return error;
}

/* The one without data that the last run ended with: the next that is begun takes its name. */
static struct segment *recovery_seal(const struct store *store)
{
	struct segment *segment = list_entry(store->segments.prev, struct segment, node);

	return !list_is_empty(&store->segments) && segment->index.records == 0 &&
			       segment->index.is_clean
		       ? segment
		       : NULL;
}

/*
 * The next number. What a crash took may have been seen by somebody before it
 * was on disk: as many numbers as the buffer could hold are left out, so that
 * none of them ever means something else.
 */
static uint64_t recovery_last(struct store *store, uint64_t highest_name)
{
	const struct segment *seal = recovery_seal(store);
	/* a name is a number that was used, but for that of a seal */
	uint64_t last = seal != NULL && seal->header.first == highest_name ? highest_name - 1
									   : highest_name;
	bool is_clean = false;
	struct list *at;

	list_for_each(at, &store->segments) {
		const struct segment *segment = list_entry(at, struct segment, node);

		last = segment->index.last > last ? segment->index.last : last;
		is_clean = segment->index.is_clean && segment->header.first >= highest_name;
	}
	for (uint32_t i = 0; i < store->cursor_count; i++) {
		const struct store_cursor *cursor = &store->cursors[i]->at;
		uint64_t top = cursor->range_count == 0
				       ? cursor->lsn
				       : cursor->ranges[cursor->range_count - 1].to;

		last = top > last ? top : last;
	}
	/* whoever brings files of its own has no folder, or only looks */
	if (store->own_files != NULL) {
		mark_look_at_end(store, last, is_clean);
	}
	return is_clean || last == 0 ? last : last + store->tail.size / RECORD_HEADER_BYTES;
}

/* What is missing behind a segment that its writer had closed, if anything is, is damage. */
static void recovery_note_torn(struct store *store)
{
	struct list *at;

	list_for_each(at, &store->segments) {
		const struct segment *segment = list_entry(at, struct segment, node);
		const struct segment *next = list_entry(at->next, struct segment, node);

		if (at->next != &store->segments && segment->index.ended == 0 &&
		    segment->index.last + 1 < next->header.first) {
			store_note_loss(store, segment->index.last + 1, next->header.first - 1,
					STORE_LOST_DAMAGED);
		}
	}
}

static void recovery_drop_seal(struct store *store)
{
	struct segment *seal = recovery_seal(store);

	if (seal != NULL) {
		list_remove(&seal->node);
		segment_free(store, seal);
	}
}

int recovery_run(struct store *store, struct ew_error *err)
{
	struct listed listed;
	struct listed aside;
	uint64_t highest = 0;
	uint64_t last;
	int error;

	remove_old(store, SEGMENT_FRESH, 0);
	error = listed_make(store->files, SEGMENT_SUFFIX, &listed);
	if (error != 0) {
		(void)ew_fail(err, "the store '%s' cannot be read: %s", store->path,
			      strerror(-error));
	}
	for (size_t i = 0; i < listed.count && error == 0; i++) {
		error = recovery_load(store, listed.at[i], err);
		highest = listed.at[i];
	}
	free(listed.at);
	if (error == 0 && listed_make(store->files, SEGMENT_DAMAGED, &aside) == 0) {
		/* how many records one held is not known: as many as its bytes allow */
		if (aside.count > 0 && aside.at[aside.count - 1] >= highest) {
			highest = aside.at[aside.count - 1] + ASIDE_RECORDS;
		}
		free(aside.at);
	}
	if (error != 0) {
		return error;
	}
	last = recovery_last(store, highest);
	recovery_note_torn(store);
	recovery_drop_seal(store);
	atomic_store(&store->mark->last, last);
	atomic_store(&store->durable, last);
	return 0;
}
