/* SPDX-License-Identifier: Apache-2.0 */
/* How a log is, in numbers. */
#include "core/base/clock.h"
#include "core/store/inside.h"

/* The oldest segment in time. Locked. */
static void stats_add_oldest(const struct store *store, const struct segment *oldest,
			     struct store_stats *stats)
{
	const struct record_base *clock = store_clock_of(store, oldest->header.boot);

	stats->oldest = oldest->header.first;
	if (clock != NULL) {
		stats->oldest_time = clock->utc + (oldest->header.base.mono - clock->mono);
	}
	if (strcmp(oldest->header.boot, store->boot) == 0) {
		stats->oldest_age = clock_mono() - oldest->header.base.mono;
	} else if (clock != NULL && store->is_clock_good) {
		stats->oldest_age = clock_utc() - stats->oldest_time;
	}
}

struct store_stats store_stats(struct store *store)
{
	const struct segment *oldest;
	struct store_stats stats;
	struct list *at;

	(void)pthread_mutex_lock(&store->lock);
	stats = store->counts;
	stats.state = store->state != STORE_GOOD ? store->state
		      : store->is_full		 ? STORE_FULL
						 : STORE_GOOD;
	stats.error = store->error;
	stats.since = store->since;
	stats.bytes_max = store->config.bytes;
	stats.drop = store->config.drop;
	stats.end = store->end;
	stats.last = store_last(store);
	stats.durable = store_durable(store);
	stats.oldest = stats.last + 1;
	stats.buffered_bytes = store->tail.head - store->tail.begin;
	list_for_each(at, &store->segments) {
		const struct segment *segment = list_entry(at, struct segment, node);

		stats.segments++;
		stats.bytes += segment->is_closed ? segment->size
			       : !segment->is_made ? 0
			       : segment->size > store->segment_bytes ? segment->size
								      : store->segment_bytes;
	}
	stats.oldest_age = -1;
	oldest = store_segment(store, 0);
	if (oldest != NULL) {
		stats_add_oldest(store, oldest, &stats);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return stats;
}

void store_backlog(struct store *store, uint64_t lsn, uint64_t *records_out, uint64_t *bytes_out)
{
	uint64_t records = 0, bytes = 0;
	struct list *at;

	(void)pthread_mutex_lock(&store->lock);
	list_for_each(at, &store->segments) {
		const struct segment *segment = list_entry(at, struct segment, node);
		uint64_t all = segment->index.last + 1 - segment->header.first;
		uint64_t left = segment->index.last <= lsn	? 0
				: segment->header.first > lsn ? all
								: segment->index.last - lsn;

		if (left > 0) {
			/* spread evenly over its numbers */
			double share = (double)left / (double)all;

			records += (uint64_t)((double)segment->index.records * share + 0.5);
			bytes += (uint64_t)((double)segment->end * share);
		}
	}
	(void)pthread_mutex_unlock(&store->lock);
	*records_out = records;
	*bytes_out = bytes;
}

const char *store_state_name(enum store_state state)
{
	static const char *const names[] = {
		[STORE_GOOD] = "good",
		[STORE_FULL] = "full",
		[STORE_NO_SPACE] = "no space",
		[STORE_FAILING] = "failing",
	};

	return names[state];
}

const char *store_end_name(enum store_end_how how)
{
	static const char *const names[] = {
		[STORE_END_NONE] = "none",
		[STORE_END_IN_ORDER] = "in order",
		[STORE_END_KILLED] = "killed",
		[STORE_END_POWER] = "power",
	};

	return names[how];
}

const char *store_loss_name(enum store_loss why)
{
	static const char *const names[] = {
		[STORE_LOST_SIZE] = "size",
		[STORE_LOST_AGE] = "age",
		[STORE_LOST_THINNED] = "thinned",
		[STORE_LOST_DAMAGED] = "damaged",
	};

	return names[why];
}
