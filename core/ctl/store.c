/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: how full the log is, how long it will last, how far its receivers
 * are, what was lost and why. ledger: what became of what was meant for each
 * route.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/ctl/listing.h"
#include "core/ctl/place.h"
#include "core/store/store.h"

static const char *const gap_reasons[EW_GAP_REASON_COUNT] = {
	[EW_GAP_OVERFLOW] = "overflow",
	[EW_GAP_SUPERSEDED] = "superseded",
	[EW_GAP_NO_MEMORY] = "no_memory",
	[EW_GAP_RETENTION] = "retention",
	[EW_GAP_DAMAGED] = "damaged",
	[EW_GAP_NOT_STORED] = "not_stored",
	[EW_GAP_RETYPED] = "retyped",
};

/* One digit behind the point; not a number is null. */
static void store_add_number(struct buf *row, const char *key, double value)
{
	if (isnan(value)) {
		json_add_text(row, key, NULL);
	} else {
		json_add_float(row, key, rint(value * 10) / 10);
	}
}

static const char *store_drop(enum store_drop drop)
{
	switch (drop) {
	case STORE_DROP_OLDEST:
		return "drop_oldest";
	case STORE_DROP_NEWEST:
		return "drop_newest";
	case STORE_DROP_THIN:
		return "thin";
	}
	return "?";
}

static int store_add_log(struct listing *listing, const struct log_stats *stats)
{
	struct buf *row = listing_row(listing);

	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "about", "log");
	json_add_text(row, "state", store_state_name(stats->state));
	json_add_text(row, "when_full", store_drop(stats->drop));
	json_add_uint(row, "bytes", stats->bytes);
	json_add_uint(row, "bytes_max", stats->bytes_max);
	json_add_uint(row, "backlog_bytes", stats->backlog_bytes);
	json_add_time(row, "oldest", stats->oldest);
	store_add_number(row, "oldest_age_seconds",
			 stats->oldest_age < 0 ? (double)NAN
					       : (double)stats->oldest_age / (double)EW_SECOND);
	json_add_uint(row, "bytes_a_second", (uint64_t)stats->rate);
	store_add_number(row, "hours_left", stats->hours_left);
	store_add_number(row, "drain_seconds", stats->drain);
	json_add_uint(row, "bytes_written_a_day", (uint64_t)stats->bytes_a_day);
	json_add_uint(row, "refused", stats->refused);
	json_add_uint(row, "lost_samples", log_lost(stats->lost_samples));
	json_add_uint(row, "lost_events", log_lost(stats->lost_events));
	json_add_text(row, "last_end", store_end_name(stats->end.how));
	json_add_uint(row, "last_end_records", stats->end.records);
	/* never: the kernel writes when it likes */
	store_add_number(row, "last_end_sync_ms",
			 stats->end.sync < 0 ? (double)NAN : (double)stats->end.sync / 1e6);
	json_add_uint(row, "damaged_records", stats->damaged);
	json_add_uint(row, "disk_errors", stats->disk_errors);
	json_add_uint(row, "last_lsn", stats->last);
	json_add_uint(row, "on_disk_lsn", stats->durable);
	listing_row_end(listing);
	return 0;
}

static int store_add_receiver(void *arg, const struct durable_stats *durable)
{
	struct listing *listing = arg;
	struct buf *row = listing_row(listing);

	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "about", "receiver");
	json_add_text(row, "receiver", durable->name);
	json_add_text(row, "is", !durable->is_here ? "away" : durable->behind > 0 ? "behind"
										 : "live");
	json_add_text(row, "order", durable->live_first ? "live_first" : "in_order");
	json_add_uint(row, "cursor_lsn", durable->cursor);
	json_add_uint(row, "backlog_records", durable->records);
	json_add_uint(row, "backlog_bytes", durable->bytes);
	store_add_number(row, "drain_seconds", durable->drain);
	listing_row_end(listing);
	return 0;
}

/* ---- what was lost ---- */

struct store_loss_of {
	const char *from, *to;          /* NULL: by the log, whoever it was for */
	const char *why;
	uint64_t samples, events;
};

static int store_add_loss(struct listing *listing, const struct store_loss_of *loss)
{
	struct buf *row;

	if (loss->samples + loss->events == 0) {
		return 0;
	}
	row = listing_row(listing);
	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "about", "loss");
	json_add_text(row, "from", loss->from);
	json_add_text(row, "to", loss->to);
	json_add_text(row, "why", loss->why);
	json_add_uint(row, "samples", loss->samples);
	json_add_uint(row, "events", loss->events);
	listing_row_end(listing);
	return 0;
}

static int store_add_log_losses(struct listing *listing, const struct log_stats *stats)
{
	int is_full = 0;

	for (unsigned i = 0; i < STORE_LOSS_COUNT && !is_full; i++) {
		is_full = store_add_loss(listing, &(struct store_loss_of){
			.why = store_loss_name((enum store_loss)i),
			.samples = stats->lost_samples[i],
			.events = stats->lost_events[i],
		});
	}
	return is_full;
}

static int store_add_route_losses(void *arg, const struct route_stats *route)
{
	struct listing *listing = arg;
	int is_full = 0;

	for (unsigned i = 0; i < EW_GAP_REASON_COUNT && !is_full; i++) {
		is_full = store_add_loss(listing, &(struct store_loss_of){
			.from = route->from,
			.to = route->to,
			.why = gap_reasons[i],
			.samples = route->told_samples[i],
			.events = route->told_events[i],
		});
	}
	return is_full;
}

static int store_walk(struct listing *listing, void *arg)
{
	const struct desk *desk = arg;
	struct log_stats stats;

	if (bus_log_stats(desk->bus, &stats) == 0 &&
	    (store_add_log(listing, &stats) != 0 ||
	     bus_durables_walk(desk->bus, store_add_receiver, listing) != 0 ||
	     store_add_log_losses(listing, &stats) != 0)) {
		return 1;
	}
	return bus_routes_walk(desk->bus, store_add_route_losses, listing);
}

void desk_run_store(struct ctl_request *request, void *arg)
{
	const struct desk *desk = arg;
	struct log_stats stats;

	if (bus_log_stats(desk->bus, &stats) != 0) {
		ctl_fail(request, -ENOENT, "there is no store: no receiver is durable, or it "
					   "could not be opened");
		return;
	}
	listing_run(request, store_walk, arg);
}

/* ---- the ledger ---- */

static int ledger_add(void *arg, const struct route_stats *route)
{
	struct listing *listing = arg;
	struct buf *row = listing_row(listing);
	char key[32];

	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "from", route->from);
	json_add_text(row, "to", route->to);
	json_add_text(row, "is", !route->is_durable ? "memory" : route->is_behind ? "behind"
										 : "live");
	json_add_uint(row, "delivered", route->samples);
	json_add_uint(row, "events", route->events);
	json_add_uint(row, "left_to_store", route->stored_samples);
	json_add_uint(row, "filtered", route->filtered);
	json_add_uint(row, "acked", route->acked);
	json_add_uint(row, "open", route->open);
	json_add_uint(row, "again", route->redelivered);
	json_add_uint(row, "dead", route->dead);
	json_add_uint(row, "dead_lost", route->dead_lost);
	for (unsigned i = 0; i < EW_GAP_REASON_COUNT; i++) {
		(void)snprintf(key, sizeof(key), "lost_%s", gap_reasons[i]);
		json_add_uint(row, key, route->told_samples[i] + route->told_events[i]);
	}
	listing_row_end(listing);
	return 0;
}

static int ledger_walk(struct listing *listing, void *arg)
{
	const struct desk *desk = arg;

	return bus_routes_walk(desk->bus, ledger_add, listing);
}

void desk_run_ledger(struct ctl_request *request, void *arg)
{
	listing_run(request, ledger_walk, arg);
}
