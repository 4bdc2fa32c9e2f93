/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: how full the log is, how long it will last, how far its receivers
 * are. ledger: what became of what was meant for each route.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/ctl/listing.h"
#include "core/ctl/place.h"
#include "core/store/store.h"

static void store_add_log(struct ctl_request *request, const struct log_stats *stats)
{
	struct buf *row = ctl_row(request);
	double day = rint(stats->bytes_a_day);

	json_add_text(row, "state", store_state_name((enum store_state)stats->state));
	json_add_uint(row, "bytes", stats->bytes);
	json_add_uint(row, "bytes_max", stats->bytes_max);
	json_add_uint(row, "backlog_bytes", stats->backlog_bytes);
	json_add_time(row, "oldest", stats->oldest);
	json_add_uint(row, "bytes_a_second", (uint64_t)stats->rate);
	if (isnan(stats->hours_left)) {
		json_add_text(row, "hours_left", NULL);
	} else {
		json_add_float(row, "hours_left", rint(stats->hours_left * 10) / 10);
	}
	json_add_uint(row, "bytes_written_a_day", (uint64_t)day);
	json_add_uint(row, "refused", stats->refused);
	json_add_uint(row, "lost_samples", stats->lost_samples);
	json_add_uint(row, "lost_events", stats->lost_events);
	json_add_uint(row, "damaged_records", stats->damaged);
	json_add_uint(row, "disk_errors", stats->disk_errors);
	json_add_uint(row, "last_lsn", stats->last);
	json_add_uint(row, "on_disk_lsn", stats->durable);
	ctl_row_end(request);
}

static int store_add_receiver(void *arg, const struct durable_stats *durable)
{
	struct ctl_request *request = arg;
	struct buf *row = ctl_row(request);

	json_add_text(row, "receiver", durable->name);
	json_add_text(row, "is", !durable->is_here ? "away" : durable->behind > 0 ? "behind"
										 : "live");
	json_add_text(row, "order", durable->live_first ? "live_first" : "in_order");
	json_add_uint(row, "cursor_lsn", durable->cursor);
	json_add_uint(row, "backlog_records", durable->records);
	json_add_uint(row, "backlog_bytes", durable->bytes);
	ctl_row_end(request);
	return 0;
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
	store_add_log(request, &stats);
	(void)bus_durables_walk(desk->bus, store_add_receiver, request);
	ctl_end(request);
}

/* ---- the ledger ---- */

static const char *const ledger_reasons[EW_GAP_REASON_COUNT] = {
	[EW_GAP_OVERFLOW] = "overflow",
	[EW_GAP_SUPERSEDED] = "superseded",
	[EW_GAP_NO_MEMORY] = "no_memory",
	[EW_GAP_RETENTION] = "retention",
	[EW_GAP_DAMAGED] = "damaged",
	[EW_GAP_NOT_STORED] = "not_stored",
	[EW_GAP_RETYPED] = "retyped",
};

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
	for (unsigned i = 0; i < EW_GAP_REASON_COUNT; i++) {
		(void)snprintf(key, sizeof(key), "lost_%s", ledger_reasons[i]);
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
