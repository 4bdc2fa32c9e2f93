/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a reader, for reader.c, which walks from segment to segment,
 * and reader_record.c, which knows what their records mean.
 */
#ifndef CORE_STORE_READER_H
#define CORE_STORE_READER_H

#include "core/base/arena.h"
#include "core/store/inside.h"
#include "core/store/scan.h"

struct reader_owner {
	const struct store_owner *owner;
	uint64_t samples;       /* totals behind what was seen */
	uint64_t events;
	bool is_known;          /* they are */
};

struct store_reader {
	struct store *store;
	uint64_t at;                    /* last lsn handed out or passed */

	/* the segment that is read; first 0: none */
	struct segment_header header;
	unsigned generation;
	int file;                       /* -1: not open */
	unsigned tries;
	bool has_clock;                 /* of its boot: times can be repaired */
	struct record_base clock;
	bool is_this_boot;
	struct scan scan;

	struct store_known *known;      /* its dictionary */
	uint32_t known_count;
	uint32_t known_room;
	struct arena texts;
	struct reader_owner *ids[STORE_OWNERS_MAX];     /* by the segment's numbers */

	struct reader_owner owners[STORE_OWNERS_MAX];
	uint32_t owner_count;

	struct ew_sample *samples;
	uint32_t sample_room;
	enum store_loss why;            /* of what is missing before this segment */
	bool is_crossing;               /* nothing of this segment was looked at yet */
	uint64_t passed_samples;        /* of this segment, passed over */
	uint64_t passed_events;
	struct store_item item;
	struct store_item gap;
};

/*
 * What the record says: 1: an item; 0: nothing to hand out; -errno. The scan is
 * put back when the record has to come again.
 */
int reader_on_record(struct store_reader *reader, const struct record *record,
		     const struct store_item **item_out);

#endif
