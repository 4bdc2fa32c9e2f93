/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record counts when its header is possible, its lsn is in order, and its
 * checksum holds. Behind anything else the search goes on one byte further:
 * the lsn in each header makes a false find as good as impossible, and the
 * checksum settles it.
 */
#include "core/store/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "core/store/segment.h"

#define BLOCK_BYTES  4096u

void scan_init(struct scan *scan, scan_fetch_fn fetch, void *arg)
{
	*scan = (struct scan){ .fetch = fetch, .arg = arg };
}

void scan_fini(struct scan *scan)
{
	free(scan->buffer);
	scan->buffer = NULL;
}

void scan_begin(struct scan *scan, uint64_t first, uint64_t lsn_max)
{
	scan->lsn = first - 1;
	scan->lsn_max = lsn_max;
	scan->offset = SEGMENT_HEADER_BYTES;
	scan->good_end = SEGMENT_HEADER_BYTES;
	scan->damaged = 0;
	scan->is_lost = false;
	scan->chunk_size = 0;
}

/* Bytes of the record whose header is at `at`; 0: this is none. */
static size_t scan_possible(const struct scan *scan, const unsigned char *at)
{
	size_t bytes = record_bytes(at);
	struct record record;

	if (bytes == 0) {
		return 0;
	}
	record = record_at(at);
	if (record.lsn < scan->lsn || record.lsn > scan->lsn_max ||
	    (record_is_data(record.kind) && record.lsn == scan->lsn)) {
		return 0;
	}
	return bytes;
}

static int scan_fill(struct scan *scan, size_t need)
{
	size_t room = need > SCAN_CHUNK ? need : SCAN_CHUNK;
	ssize_t got;

	if (scan->room < room) {
		unsigned char *grown = realloc(scan->buffer, room);

		if (grown == NULL) {
			return -ENOMEM;
		}
		scan->buffer = grown;
		scan->room = room;
	}
	scan->chunk_size = 0;
	got = scan->fetch(scan->arg, scan->offset, scan->buffer, scan->room, &scan->is_sealed);
	if (got <= 0) {
		return (int)got;
	}
	scan->chunk_at = scan->offset;
	scan->chunk_size = (size_t)got;
	return 1;
}

/* The record at the offset is none: the next place where one could begin. */
static void scan_pass(struct scan *scan)
{
	size_t at = (size_t)(scan->offset - scan->chunk_at) + 1;

	/* the kind is the eighth byte, and never 0: eight zeros there are eight places passed */
	while (at + 2 * sizeof(uint64_t) < scan->chunk_size &&
	       wire_get_u64(scan->buffer + at + 7) == 0) {
		at += sizeof(uint64_t);
	}
	scan->offset = scan->chunk_at + at;
	scan->is_lost = true;
}

static void scan_take(struct scan *scan, const unsigned char *at, size_t bytes,
		      struct record *record_out)
{
	*record_out = record_at(at);
	scan->lsn = record_out->lsn;
	scan->offset += bytes;
	scan->good_end = scan->offset;
	scan->damaged += scan->is_lost ? 1 : 0;
	scan->is_lost = false;
}

int scan_next(struct scan *scan, struct record *record_out)
{
	bool has_read = false;

	for (;;) {
		size_t skip = (size_t)(scan->offset - scan->chunk_at);
		size_t left = skip < scan->chunk_size ? scan->chunk_size - skip : 0;
		const unsigned char *at = left == 0 ? NULL : scan->buffer + skip;
		size_t bytes = left < RECORD_HEADER_BYTES ? RECORD_HEADER_BYTES
							  : scan_possible(scan, at);
		int got;

		if (bytes == 0 || (bytes <= left && scan->is_sealed && !record_is_whole(at))) {
			scan_pass(scan);
			continue;
		}
		if (bytes <= left) {
			scan_take(scan, at, bytes, record_out);
			return 1;
		}
		if (has_read) {
			return -EAGAIN;
		}
		got = scan_fill(scan, bytes);
		if (got <= 0) {
			return got;
		}
		has_read = true;
		if (scan->chunk_size < RECORD_HEADER_BYTES) {
			/* too little for a record: what comes from elsewhere begins behind it */
			scan->offset += scan->chunk_size;
			scan->is_lost = true;
			has_read = false;
		} else if (scan->chunk_size < bytes) {
			scan_pass(scan);
		}
	}
}

void scan_pass_block(struct scan *scan)
{
	scan->offset += BLOCK_BYTES - scan->offset % BLOCK_BYTES;
	scan->is_lost = true;
}

void scan_again(struct scan *scan, const struct record *record)
{
	scan->offset -= RECORD_HEADER_BYTES + record->size;
	scan->lsn = record_is_data(record->kind) ? record->lsn - 1 : record->lsn;
}
