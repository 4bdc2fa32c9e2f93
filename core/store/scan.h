/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking over the records of one segment, wherever its bytes come from, and
 * finding the next good record behind a damaged stretch. One owner; memory is
 * bounded by one record.
 */
#ifndef CORE_STORE_SCAN_H
#define CORE_STORE_SCAN_H

#include <sys/types.h>

#include "core/store/record.h"

#define SCAN_CHUNK  ((size_t)256 << 10)

/*
 * Bytes at an offset of the segment: how many, 0 at the end, or -errno. What
 * is handed out ends with a whole record unless the disk lost some of it.
 * is_sealed: the checksums are in place, and to be looked at.
 */
typedef ssize_t (*scan_fetch_fn)(void *arg, uint64_t offset, void *to, size_t size,
				 bool *is_sealed_out);

struct scan {
	scan_fetch_fn fetch;
	void *arg;
	uint64_t lsn;                   /* of the last record of data */
	uint64_t lsn_max;               /* a record beyond is none of this segment */
	uint64_t offset;                /* where to look for the next record */
	uint64_t good_end;              /* behind the last good record */
	uint64_t damaged;               /* damaged stretches that a good record followed */
	bool is_lost;                   /* in a damaged stretch */
	bool is_sealed;
	unsigned char *buffer;
	size_t room;
	uint64_t chunk_at;              /* offset of the buffer's first byte */
	size_t chunk_size;
};

/* Nothing is allocated before the first record. */
void scan_init(struct scan *scan, scan_fetch_fn fetch, void *arg);
void scan_fini(struct scan *scan);

/* Begin at a segment whose first lsn this is; the buffer is kept. */
void scan_begin(struct scan *scan, uint64_t first, uint64_t lsn_max);

/*
 * 1: a good record, borrowed until the next call; 0: no more now; -EAGAIN: a
 * chunk was read, and more has to be; -errno of fetch; -ENOMEM.
 */
int scan_next(struct scan *scan, struct record *record_out);

/* After an error of the disk: go on behind the block that cannot be read. */
void scan_pass_block(struct scan *scan);

/* Go back: hand the last record out again. */
void scan_again(struct scan *scan, const struct record *record);

#endif
