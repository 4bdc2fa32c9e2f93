/* SPDX-License-Identifier: Apache-2.0 */
/* Places and pages: see feed.h. */
#include "modules/events/feed.h"

#include <errno.h>

#include "modules/events/entry.h"

#define LOOK_BYTES  ((uint64_t)8 << 20) /* of entries in one go: a few milliseconds */
#define LOOK_READS  128u                /* of the disk */

void feed_init(struct feed *feed, struct ew_journal *journal)
{
	*feed = (struct feed){.journal = journal};
}

void feed_close(struct feed *feed)
{
	ew_journal_reader_close(&feed->reader);
	feed->has_entry = false;
}

int feed_seek(struct feed *feed, uint64_t after)
{
	if (feed->reader != NULL && feed->at == after) {
		return 0;
	}
	feed_close(feed);
	feed->at = after;
	feed->has_moved = true;
	return ew_journal_reader_open(feed->journal, after, &feed->reader);
}

int feed_oldest(struct ew_journal *journal, uint64_t *number_out)
{
	struct ew_journal_reader *reader;
	struct ew_journal_entry entry;
	int ret = ew_journal_reader_open(journal, 0, &reader);

	if (ret != 0) {
		return ret;
	}
	do {
		ret = ew_journal_reader_next(reader, &entry);
	} while (ret == -EAGAIN);
	if (ret >= 0) {
		*number_out = ret == 1 ? entry.number - 1 : ew_journal_durable(journal);
		ret = 0;
	}
	ew_journal_reader_close(&reader);
	return ret;
}

/*
 * A reader counts what is removed before its eyes. What was removed before it
 * was opened shows only in the numbers: so many at most.
 */
static int feed_count_removed(struct feed *feed)
{
	uint64_t oldest = 0;
	int error = 0;

	if (feed->has_moved && feed->entry.lost == 0 && feed->entry.number > feed->at + 1) {
		error = feed_oldest(feed->journal, &oldest);
		if (error == 0 && feed->at < oldest) {
			feed->entry.lost = feed->entry.number - 1 - feed->at;
		}
	}
	feed->has_moved = false;
	return error;
}

int feed_peek(struct feed *feed, const struct ew_journal_entry **entry_out)
{
	uint64_t durable = ew_journal_durable(feed->journal);
	int ret;

	if (!feed->has_entry) {
		ret = feed->at < durable ?
		      ew_journal_reader_next(feed->reader, &feed->entry) : 0;
		if (ret != 1) {
			return ret;
		}
		ret = feed_count_removed(feed);
		if (ret != 0) {
			return ret;
		}
		feed->has_entry = true;
	}
	*entry_out = &feed->entry;
	return feed->entry.number <= durable ? 1 : 0;
}

void feed_take(struct feed *feed)
{
	feed->at = feed->entry.number;
	feed->has_entry = false;
}

/* ---- pages ---- */

static bool page_is_full(const struct page *page, const struct page_plan *plan)
{
	return plan->upto == 0 &&
	       (page->events >= plan->limit || page->body.size >= plan->bytes);
}

static void page_take(struct feed *feed, const struct page_plan *plan, struct page *page)
{
	const struct ew_journal_entry *entry = &feed->entry;
	struct entry_place place = {
		.form = plan->ask->form, .is_first = page->body.size == 0, .id = entry->number - 1,
	};
	size_t kind_size = 0;
	const char *kind = entry_kind(entry->bytes, entry->size, &kind_size);

	if (place.is_first) {
		page->from = feed->at;
	}
	if (entry->lost > 0 && !plan->hides_gap) {
		entry_show_gap(&page->body, &place, feed->at, entry->lost);
		page->lost += entry->lost;
		place.is_first = false;
	}
	if (kind != NULL && ask_takes(plan->ask, kind, kind_size)) {
		place.id = entry->number;
		entry_show(&page->body, &place, entry->bytes, entry->size);
		page->events++;
		page->again += entry->number <= plan->known ? 1 : 0;
	}
	page->to = entry->number;
	feed_take(feed);
}

int page_make(struct feed *feed, const struct page_plan *plan, struct page *page_out)
{
	struct page page = {.from = plan->from, .to = plan->from};
	const struct ew_journal_entry *entry;
	uint64_t looked = 0;
	unsigned reads = 0;
	int ret = feed_seek(feed, plan->from);

	while (ret == 0) {
		ret = feed_peek(feed, &entry);
		if (ret == -EAGAIN && (++reads < LOOK_READS || plan->upto != 0)) {
			ret = 0;
			continue;
		}
		if (ret != 1 || (plan->upto != 0 && entry->number > plan->upto)) {
			break;
		}
		looked += entry->size;
		page_take(feed, plan, &page);
		ret = page.body.failed ? -ENOMEM : 0;
		if (page_is_full(&page, plan) || (plan->upto == 0 && looked >= LOOK_BYTES)) {
			page.has_more = true;
			break;
		}
	}
	if (ret < 0 && ret != -EAGAIN) {
		feed_close(feed);
		page_free(&page);
		return ret;
	}
	page.has_more = page.has_more || ret == -EAGAIN;
	*page_out = page;
	return 0;
}

void page_free(struct page *page)
{
	bytes_free(&page->body);
}
