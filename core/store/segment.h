/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment: one file of the log, and what is remembered of it. Here are its
 * first and last bytes and its name, as pure functions; who fills the middle
 * is append.c.
 *
 *	header | HEADER OWNER CURSOR ... | TAG SAMPLES EVENT ... | OWNER CURSOR ... FOOTER | trailer
 *
 * The group of records before the trailer, the *closing*, repeats all that
 * must be known to go on behind this segment; so opening a log reads the end
 * of each file and the whole of the newest only. A segment belongs to one run
 * of the daemon, so to one boot.
 */
#ifndef CORE_STORE_SEGMENT_H
#define CORE_STORE_SEGMENT_H

#include "core/base/boot.h"
#include "core/base/list.h"
#include "core/store/record.h"

#define SEGMENT_FORMAT         2u
#define SEGMENT_HEADER_BYTES   96u
#define SEGMENT_TRAILER_BYTES  8u
#define SEGMENT_CLOSING_MAX    ((uint32_t)4 << 20)
#define SEGMENT_NAME_SIZE      24       /* "0123456789abcdef.seg" and a zero byte */
#define SEGMENT_SUFFIX         ".seg"
#define SEGMENT_DAMAGED        ".damaged"       /* instead of it: put aside */
#define SEGMENT_FRESH          ".new"           /* instead of it: half written, void at a start */

/* The first bytes of the file. */
struct segment_header {
	uint64_t first;                 /* lsn */
	struct record_base base;
	char boot[BOOT_ID_SIZE];
	bool is_clock_good;             /* base is a pair that can be trusted */
	uint32_t thinned;               /* times that samples were left out */
};

/* What the footer says of the whole. */
struct segment_index {
	uint64_t last;                  /* lsn; header's first - 1 when there is no data */
	uint64_t records;               /* of data */
	uint64_t samples;
	uint64_t events;                /* and entries */
	ew_time min_time, max_time;     /* of samples, events and entries; 0, 0 when none */
	bool has_clock;                 /* the clock was known good at some time */
	struct record_base clock;       /* then: a pair of this boot */
	ew_time ended;                  /* UTC when it was closed, by the clock there was */
	bool is_clean;                  /* the log was closed with it, and lost nothing */
};

struct segment {
	struct list node;               /* store.segments, oldest first */
	struct segment_header header;
	struct segment_index index;
	uint64_t end;                   /* where the FOOTER is; of an open one where the next
					 * record goes */
	uint64_t size;                  /* of the file; of an open one as `end` */
	uint64_t stream;                /* where the file begins in the tail; open ones */
	uint64_t sealed;                /* records up to here have their checksum */
	uint64_t written;               /* handed to the kernel */
	uint64_t synced;                /* on disk; `size` and is_closed: nothing is in the tail */
	uint64_t damaged;               /* stretches found so far */
	unsigned generation;            /* of the file; grows when it is written anew */
	bool is_closed;                 /* nothing is added any more */
	bool is_made;                   /* there is a file */
	int fd;                         /* for writing; -1: not open */
};

void segment_header_put(unsigned char at[SEGMENT_HEADER_BYTES],
			const struct segment_header *header);

/* Bytes of a header and the record that repeats it. */
#define SEGMENT_HEAD_BYTES  (2 * SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES)

/* Both of them; the record is left without its checksum. Returns the end. */
unsigned char *segment_head_put(unsigned char *at, const struct segment_header *header);

/* The header as that record repeats it; as segment_header_get(). */
int segment_header_again(const unsigned char at[SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES],
			 struct segment_header *header_out) EW_CHECKED;

/*
 * -ENOTSUP: of a newer format, whose number is in format_out; -EBADMSG: no
 * header, or a damaged one. Older formats become the present one here.
 */
int segment_header_get(const unsigned char at[SEGMENT_HEADER_BYTES],
		       struct segment_header *header_out, uint32_t *format_out) EW_CHECKED;

unsigned char *segment_footer_put(unsigned char *at, const struct segment_index *index,
				  uint64_t first);
bool segment_footer_get(const struct record *record, uint64_t first,
			struct segment_index *index_out);

/* `closing` bytes, the footer included, come before the trailer. */
void segment_trailer_put(unsigned char at[SEGMENT_TRAILER_BYTES], uint32_t closing);

/* Bytes of the closing; 0: no trailer. */
uint32_t segment_trailer_get(const unsigned char at[SEGMENT_TRAILER_BYTES]);

/* Bring the index up to date with a time of a sample, event or entry. */
void segment_index_time(struct segment_index *index, ew_time time);

void segment_name(uint64_t first, const char *suffix, char name_out[SEGMENT_NAME_SIZE + 8]);

/* The first lsn that a name says; false: not a name with this suffix. */
bool segment_name_parse(const char *name, const char *suffix, uint64_t *first_out);

#endif
