/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: the bytes of all but the samples in them (samples.h). Pure; any
 * thread. docs/store-format.md says the same in words.
 *
 * A record is a header and a body. Records of *data* (samples, event, entry)
 * have an lsn of their own; the others carry that of the last data before
 * them. What a body says of time is relative to the header of its segment.
 *
 * Each record of data carries the running totals of its owner: how many
 * samples and events that owner appended before it. A reader that compares
 * them with what it has seen knows of each loss in its place.
 */
#ifndef CORE_STORE_RECORD_H
#define CORE_STORE_RECORD_H

#include "core/store/store.h"
#include "core/store/wire.h"

enum record_kind {
	RECORD_OWNER = 1,       /* id and totals of an owner, first in every segment */
	RECORD_TAG = 2,         /* an entry of the segment's dictionary */
	RECORD_CLOCK = 3,       /* monotonic and UTC time that belong together */
	RECORD_CURSOR = 4,
	RECORD_SAMPLES = 5,
	RECORD_EVENT = 6,
	RECORD_ENTRY = 7,
	RECORD_FOOTER = 8,
	RECORD_HEADER = 9       /* the segment's header again, right behind it */
};
#define RECORD_KIND_LAST  RECORD_HEADER

#define RECORD_HEADER_BYTES  16u
#define RECORD_NUMBER_MAX    (8u * WIRE_VARINT_MAX)     /* no body has more before its texts */
#define RECORD_TAGS_MAX      ((uint32_t)1 << 20)        /* of one segment's dictionary */

/* What the times of a segment are relative to. */
struct record_base {
	ew_dur mono;
	ew_time utc;
};

/* A record where it lies. */
struct record {
	enum record_kind kind;
	uint64_t lsn;
	const unsigned char *body;
	size_t size;            /* of the body */
};

static inline bool record_is_data(enum record_kind kind)
{
	return kind >= RECORD_SAMPLES && kind <= RECORD_ENTRY;
}

/*
 * Write the header of a record whose body ends at `end`; the checksum is left
 * out. Returns the bytes of the whole record.
 */
size_t record_frame(unsigned char *at, enum record_kind kind, uint64_t lsn,
		    const unsigned char *end);

/* The checksum of a framed record, and putting it in. */
uint32_t record_sum(const unsigned char *at);
void record_seal(unsigned char *at, uint32_t sum);

/* Bytes of a record from its header, not more than STORE_RECORD_MAX; 0: this is no header. */
size_t record_bytes(const unsigned char *header);

/* The record at `at`, all of which is there. */
struct record record_at(const unsigned char *at);

/* Whether the checksum holds. */
bool record_is_whole(const unsigned char *at);

/* ---- bodies: put returns the place behind; get returns false for damage ---- */

struct record_owner {
	uint64_t id;
	uint64_t samples;
	uint64_t events;
	const char *name;
};

unsigned char *record_owner_put(unsigned char *at, const struct record_owner *owner);
bool record_owner_get(const struct record *record, struct record_owner *owner_out);

size_t record_tag_bound(const struct store_tag *tag);
unsigned char *record_tag_put(unsigned char *at, uint32_t id, const struct store_tag *tag);
bool record_tag_get(const struct record *record, uint32_t *id_out, struct store_tag *tag_out);

unsigned char *record_clock_put(unsigned char *at, const struct record_base *pair);
bool record_clock_get(const struct record *record, struct record_base *pair_out);

/* Totals of an owner when a cursor that is behind the oldest record stood still. */
struct record_total {
	const char *name;
	uint64_t samples;
	uint64_t events;
};

struct record_cursor {
	const char *name;
	bool is_gone;                   /* was removed */
	struct store_cursor at;
	enum store_loss why;            /* of what was removed behind it */
	uint32_t total_count;
	struct wire totals;             /* get: total_count times record_total_get() */
};

/* The totals follow, put by the caller. */
unsigned char *record_cursor_put(unsigned char *at, const struct record_cursor *cursor);
bool record_cursor_get(const struct record *record, struct record_cursor *cursor_out);
unsigned char *record_total_put(unsigned char *at, const struct record_total *total);
bool record_total_get(struct wire *wire, struct record_total *total_out);

/* What all records of data begin with. */
struct record_head {
	uint64_t owner;                 /* its id in this segment */
	uint64_t number;
	ew_dur stamped;
	uint64_t samples;               /* totals of the owner before this record */
	uint64_t events;
	bool has_wall;                  /* the clock was not known good ... */
	ew_time wall;                   /* ... and said this at `stamped` */
};

unsigned char *record_head_put(unsigned char *at, const struct record_head *head,
			       const struct record_base *base);
bool record_head_get(struct wire *wire, const struct record_base *base,
		     struct record_head *head_out);

size_t record_event_bound(const struct store_event *event);
unsigned char *record_event_put(unsigned char *at, const struct store_event *event,
				const struct record_base *base);

/* Behind the head. Points into the record; number and stamped are the head's. */
bool record_event_get(struct wire *wire, const struct record_base *base,
		      struct ew_event *event_out, const char **device_out);

size_t record_entry_bound(const struct store_entry *entry);
unsigned char *record_entry_put(unsigned char *at, const struct store_entry *entry,
				const struct record_base *base);
bool record_entry_get(struct wire *wire, const struct record_base *base,
		      struct store_entry *entry_out);

#endif
