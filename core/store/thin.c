/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the old file into a new one, which is synced before it is renamed. */
#include "core/store/thin.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/store/samples.h"
#include "core/store/scan.h"

#define THIN_FILE_MAX   ((size_t)1 << 30)

struct thinning {
	struct store *store;
	struct segment *segment;
	const struct store_files *files;
	int from, into;
	uint64_t closing_at;            /* in the old file */
	uint64_t lowest;                /* of the cursors: what is behind it is lost to somebody */
	uint64_t done;                  /* bytes of the new file written */
	uint64_t new_closing;           /* where its closing begins */
	struct buf buf;                 /* bytes that follow */
	unsigned char *is_odd;          /* a tag's next sample goes */
	struct ew_sample *samples;
	struct segment_index index;
	uint64_t lost;
};

static ssize_t thin_fetch(void *arg, uint64_t offset, void *to, size_t size, bool *is_sealed_out)
{
	const struct thinning *thin = arg;
	uint64_t end = thin->segment->end;

	*is_sealed_out = true;
	size = offset >= end ? 0 : end - offset < size ? (size_t)(end - offset) : size;
	return store_files_read(thin->files, thin->from, to, size, offset);
}

static int thin_flush(struct thinning *thin)
{
	int error = thin->buf.fault;

	if (error == 0 && thin->buf.size > 0) {
		error = store_files_write(thin->files, thin->into, thin->buf.at, thin->buf.size,
					  thin->done);
	}
	thin->done += thin->buf.size;
	buf_clear(&thin->buf);
	return error;
}

/* A record was put together at the end of the buffer: frame and seal it. */
static void thin_add(struct thinning *thin, enum record_kind kind, uint64_t lsn,
		     const unsigned char *end)
{
	unsigned char *at = (unsigned char *)thin->buf.at + thin->buf.size;

	thin->buf.size += record_frame(at, kind, lsn, end);
	record_seal(at, record_sum(at));
}

static int thin_copy(struct thinning *thin, const struct record *record)
{
	unsigned char *at;

	if (buf_reserve(&thin->buf, RECORD_HEADER_BYTES + record->size) != 0) {
		return thin->buf.fault;
	}
	at = (unsigned char *)thin->buf.at + thin->buf.size + RECORD_HEADER_BYTES;
	memcpy(at, record->body, record->size);
	thin_add(thin, record->kind, record->lsn, at + record->size);
	return 0;
}

/* Every other sample of each tag, in place. */
static uint32_t thin_choose(struct thinning *thin, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t tag = thin->samples[i].tag;

		if (tag >= RECORD_TAGS_MAX) {
			continue;
		}
		if (thin->is_odd[tag] == 0) {
			thin->samples[kept++] = thin->samples[i];
		}
		thin->is_odd[tag] ^= 1;
	}
	return kept;
}

static int thin_samples(struct thinning *thin, const struct record *record)
{
	const struct record_base *base = &thin->segment->header.base;
	struct wire wire = wire_of(record->body, record->size);
	struct record_head head;
	uint32_t count, kept;
	unsigned char *at;

	if (!record_head_get(&wire, base, &head)) {
		return 0;
	}
	count = samples_count(&wire);
	if (count == 0 || !samples_get(&wire, base, count, thin->samples)) {
		return 0; /* damage: what it held shows in the totals */
	}
	kept = thin_choose(thin, count);
	thin->lost += record->lsn > thin->lowest ? count - kept : 0;
	if (kept == 0) {
		return 0;
	}
	/* fewer samples need more bytes only where their neighbours were left out */
	if (buf_reserve(&thin->buf, RECORD_HEADER_BYTES + RECORD_NUMBER_MAX + record->size +
					    kept * (size_t)SAMPLES_ONE_MAX) != 0) {
		return thin->buf.fault;
	}
	at = (unsigned char *)thin->buf.at + thin->buf.size + RECORD_HEADER_BYTES;
	at = record_head_put(at, &head, base);
	at = samples_put(at, thin->samples, NULL, kept, base);
	thin_add(thin, RECORD_SAMPLES, record->lsn, at);
	thin->index.records++;
	thin->index.samples += kept;
	return 0;
}

static int thin_record(struct thinning *thin, const struct record *record, uint64_t offset)
{
	if (thin->new_closing == 0 && offset >= thin->closing_at) {
		thin->new_closing = thin->done + thin->buf.size;
	}
	switch (record->kind) {
	case RECORD_SAMPLES:
		return thin_samples(thin, record);
	case RECORD_EVENT:
	case RECORD_ENTRY:
		thin->index.records++;
		thin->index.events++;
		return thin_copy(thin, record);
	case RECORD_OWNER:
	case RECORD_TAG:
	case RECORD_CLOCK:
	case RECORD_CURSOR:
		return thin_copy(thin, record);
	case RECORD_FOOTER:
	case RECORD_HEADER:
		break;
	}
	return 0;
}

static int thin_begin(struct thinning *thin)
{
	struct segment_header header = thin->segment->header;

	header.thinned++;
	if (buf_reserve(&thin->buf, SEGMENT_HEAD_BYTES) == 0) {
		unsigned char *at = (unsigned char *)thin->buf.at;

		(void)segment_head_put(at, &header);
		at += SEGMENT_HEADER_BYTES;
		record_seal(at, record_sum(at));
		thin->buf.size += SEGMENT_HEAD_BYTES;
	}
	return thin->buf.fault;
}

static int thin_end(struct thinning *thin)
{
	unsigned char *at;

	if (thin->new_closing == 0) {
		return -EBADMSG; /* its closing is damaged: no pass over it can be trusted */
	}
	if (buf_reserve(&thin->buf, RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX +
					    SEGMENT_TRAILER_BYTES) != 0) {
		return thin->buf.fault;
	}
	at = (unsigned char *)thin->buf.at + thin->buf.size + RECORD_HEADER_BYTES;
	at = segment_footer_put(at, &thin->index, thin->segment->header.first);
	thin_add(thin, RECORD_FOOTER, thin->index.last, at);
	at = (unsigned char *)thin->buf.at + thin->buf.size;
	segment_trailer_put(at, (uint32_t)(thin->done + thin->buf.size - thin->new_closing));
	thin->buf.size += SEGMENT_TRAILER_BYTES;
	return thin_flush(thin);
}

static int thin_walk(struct thinning *thin)
{
	struct record record;
	struct scan scan;
	int ret;

	scan_init(&scan, thin_fetch, thin);
	scan_begin(&scan, thin->segment->header.first, UINT64_MAX - 1);
	while ((ret = scan_next(&scan, &record)) == 1 || ret == -EAGAIN) {
		int error = 0;

		if (ret == 1) {
			error = thin_record(thin, &record,
					    scan.offset - RECORD_HEADER_BYTES - record.size);
		}
		if (error == 0 && thin->buf.size >= SCAN_CHUNK) {
			error = thin_flush(thin);
		}
		if (error != 0) {
			ret = error;
			break;
		}
	}
	scan_fini(&scan);
	return ret;
}

static int thin_read_closing(struct thinning *thin)
{
	unsigned char trailer[SEGMENT_TRAILER_BYTES];
	uint64_t end = thin->segment->size - SEGMENT_TRAILER_BYTES;
	uint32_t closing;

	if (store_files_read(thin->files, thin->from, trailer, sizeof(trailer), end) !=
	    sizeof(trailer)) {
		return -EIO;
	}
	closing = segment_trailer_get(trailer);
	if (closing == 0 || closing > end) {
		return -EBADMSG;
	}
	thin->closing_at = end - closing;
	return 0;
}

static int thin_write(struct thinning *thin, const char *old_name, const char *new_name)
{
	const struct store_files *files = thin->files;
	int error;

	thin->from = files->open(files->arg, old_name, STORE_FILE_READ);
	if (thin->from < 0) {
		return thin->from;
	}
	thin->into = files->open(files->arg, new_name, STORE_FILE_CREATE);
	if (thin->into < 0) {
		return thin->into;
	}
	error = thin_read_closing(thin);
	error = error == 0 ? thin_begin(thin) : error;
	error = error == 0 ? thin_walk(thin) : error;
	error = error == 0 ? thin_end(thin) : error;
	error = error == 0 ? files->sync(files->arg, thin->into) : error;
	return error == 0 ? files->rename(files->arg, new_name, old_name) : error;
}

/* The new file is in place: what is remembered of the segment is of it. */
static void thin_settle(struct thinning *thin)
{
	struct store *store = thin->store;
	struct segment *segment = thin->segment;

	(void)pthread_mutex_lock(&store->lock);
	segment->header.thinned++;
	segment->generation++;
	segment->damaged = 0;
	segment->index = thin->index;
	segment->size = thin->done;
	segment->end = thin->done - SEGMENT_TRAILER_BYTES;
	segment->sealed = thin->done;
	segment->written = thin->done;
	segment->synced = thin->done;
	store->are_names_dirty = true;
	store->counts.written_bytes += thin->done;
	store->counts.lost_samples[STORE_LOST_THINNED] += thin->lost;
	(void)pthread_mutex_unlock(&store->lock);
}

int thin_segment(struct store *store, struct segment *segment)
{
	struct thinning thin = {
		.store = store,
		.segment = segment,
		.files = store->files,
		.from = -1,
		.into = -1,
	};
	char old_name[SEGMENT_NAME_SIZE + 8];
	char new_name[SEGMENT_NAME_SIZE + 8];
	int error;

	(void)pthread_mutex_lock(&store->lock);
	thin.lowest = cursor_lowest(store);
	(void)pthread_mutex_unlock(&store->lock);
	thin.index = segment->index;
	thin.index.records = 0;
	thin.index.samples = 0;
	thin.index.events = 0;
	segment_name(segment->header.first, SEGMENT_SUFFIX, old_name);
	segment_name(segment->header.first, SEGMENT_FRESH, new_name);
	buf_init(&thin.buf, THIN_FILE_MAX);
	thin.is_odd = calloc(RECORD_TAGS_MAX, 1);
	thin.samples = calloc(EW_BATCH_MAX, sizeof(*thin.samples));
	error = thin.is_odd == NULL || thin.samples == NULL ? -ENOMEM
							    : thin_write(&thin, old_name, new_name);
	if (error == 0) {
		thin_settle(&thin);
	}
	if (thin.from >= 0) {
		store->files->close(store->files->arg, thin.from);
	}
	if (thin.into >= 0) {
		store->files->close(store->files->arg, thin.into);
	}
	if (error != 0) {
		(void)store->files->remove(store->files->arg, new_name); /* void at a start, too */
	}
	free(thin.samples);
	free(thin.is_odd);
	buf_fini(&thin.buf);
	return error;
}
