/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the journal: a feed is a place in it, and a page is what is read from
 * there on. Shows only what is on disk, so that an id that was shown is never
 * another event's after a crash. Runs on the instance's loop.
 */
#ifndef EVENTS_FEED_H
#define EVENTS_FEED_H

#include <edgeway/journal.h>

#include "modules/events/ask.h"
#include "proto/json/bytes.h"

struct feed {
	struct ew_journal *journal;
	struct ew_journal_reader *reader;       /* NULL: at no place */
	uint64_t at;                            /* all up to this number was taken */
	struct ew_journal_entry entry;          /* the next one, when has_entry */
	bool has_entry;
	bool has_moved;                         /* nothing was read since feed_seek() */
};

void feed_init(struct feed *feed, struct ew_journal *journal);
void feed_close(struct feed *feed);

/*
 * Go to the place after a number. Costs nothing when it is there already.
 * -ENOMEM
 */
int feed_seek(struct feed *feed, uint64_t after) EW_CHECKED;

/*
 * The next entry, which stays the next one until feed_take(): 1 an entry, 0
 * there is none on disk, -EAGAIN to be called again, -errno of the disk.
 */
int feed_peek(struct feed *feed, const struct ew_journal_entry **entry_out) EW_CHECKED;
void feed_take(struct feed *feed);

/* The number before the oldest event that there is. -errno of the disk, -ENOMEM */
int feed_oldest(struct ew_journal *journal, uint64_t *number_out) EW_CHECKED;

/* What a page shall hold. */
struct page_plan {
	const struct ask *ask;  /* form and kinds */
	uint64_t after;         /* where the page begins */
	uint64_t from;          /* where to read on: nothing between was asked for */
	uint64_t upto;          /* its end, when it is made again; 0: as it comes */
	uint64_t known;         /* events up to this id were handed out before */
	uint64_t limit;         /* events */
	uint64_t bytes;         /* a page ends with the event that brings it there */
	bool hides_gap;         /* nobody waits for what was removed */
};

struct page {
	struct bytes body;
	uint64_t from;          /* where its first event is read from again */
	uint64_t to;            /* all up to this number has been looked at */
	uint64_t events;
	uint64_t again;         /* of these: up to plan->known */
	uint64_t lost;          /* told by marks */
	bool has_more;          /* it ended for its limits, or for the time it may take */
};

/*
 * Make a page: 0, or -errno of the disk, or -ENOMEM. The body of an
 * array is left open. A page without events or marks says how far was looked.
 */
int page_make(struct feed *feed, const struct page_plan *plan, struct page *page_out) EW_CHECKED;
void page_free(struct page *page);

#endif
