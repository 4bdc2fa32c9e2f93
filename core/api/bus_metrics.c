/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of metrics over the numbers of the bus: the whole, each route, each
 * endpoint, the log and its receivers. They are asked row by row, because series of one name come
 * together; a row is one walk under the bus's lock.
 */
#include "core/api/bus_metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/bus/bus.h"
#include "core/module/metrics.h"

struct bus_metrics {
	struct metric_source whole, routes, endpoints, log, receivers;
	struct bus *bus;
};

/* Name, kind, unit and help of each row, in the order of the switch below it. */
#define WHOLE_ROWS(X) \
	X(BATCHES, "batches_total", EW_COUNTER, NULL, "Batches published.") \
	X(SAMPLES, "samples_total", EW_COUNTER, NULL, "Samples published.") \
	X(EVENTS, "events_total", EW_COUNTER, NULL, "Events published.") \
	X(REFUSED, "refused_total", EW_COUNTER, NULL, "Publishes that were refused.") \
	X(WRITES, "writes_total", EW_COUNTER, NULL, "Requests to write.") \
	X(WRITES_REFUSED, "writes_refused_total", EW_COUNTER, NULL, "Writes refused.") \
	X(WRITES_UNKNOWN, "writes_unknown_total", EW_COUNTER, NULL, \
	  "Writes handed over without an answer in time.") \
	X(WRITES_LATE, "writes_late_total", EW_COUNTER, NULL, "Answers that came too late.") \
	X(DEVICES, "devices", EW_GAUGE, NULL, "Devices declared.") \
	X(TAGS, "tags", EW_GAUGE, NULL, "Tags declared.") \
	X(TOMBSTONES, "tombstones", EW_GAUGE, NULL, "Ids of removed devices and tags not free yet.")

#define ROUTE_ROWS(X) \
	X(BATCHES, "batches_total", EW_COUNTER, NULL, "Batches delivered.") \
	X(SAMPLES, "samples_total", EW_COUNTER, NULL, "Samples delivered.") \
	X(EVENTS, "events_total", EW_COUNTER, NULL, "Events delivered.") \
	X(LOST_SAMPLES, "lost_samples_total", EW_COUNTER, NULL, "Samples lost to a full queue.") \
	X(LOST_EVENTS, "lost_events_total", EW_COUNTER, NULL, "Events lost to a full queue.") \
	X(FILTERED, "filtered_samples_total", EW_COUNTER, NULL, \
	  "Samples kept back by pattern, deadband or interval.") \
	X(GAPS, "gaps_total", EW_COUNTER, NULL, "Gaps told to the receiver.") \
	X(RESYNCS, "resyncs_total", EW_COUNTER, NULL, "Resyncs after a gap.") \
	X(ACKED, "acked_total", EW_COUNTER, NULL, "Positions acknowledged.") \
	X(REDELIVERED, "redelivered_total", EW_COUNTER, NULL, "Positions delivered again.") \
	X(DEAD, "dead_total", EW_COUNTER, NULL, "Positions refused by the far end.") \
	X(DEAD_LOST, "dead_lost_total", EW_COUNTER, NULL, \
	  "Of these: positions that no log of dead letters took.") \
	X(STORED, "stored_samples_total", EW_COUNTER, NULL, \
	  "Samples left to the store while the route was behind.") \
	X(BEHIND, "behind", EW_GAUGE, NULL, "1 while the receiver reads the store.") \
	X(OPEN, "open_positions", EW_GAUGE, NULL, "Positions delivered and not answered.") \
	X(QUEUED, "queued", EW_GAUGE, NULL, "Entries waiting.") \
	X(BYTES, "queued_bytes", EW_GAUGE, "bytes", "Bytes waiting or held by the receiver.") \
	X(LIMIT, "limit_bytes", EW_GAUGE, "bytes", "Most bytes that may wait or be held.")

#define ENDPOINT_ROWS(X) \
	X(BATCHES, "published_batches_total", EW_COUNTER, NULL, "Batches the instance published.") \
	X(SAMPLES, "published_samples_total", EW_COUNTER, NULL, "Samples the instance published.") \
	X(EVENTS, "published_events_total", EW_COUNTER, NULL, "Events the instance published.") \
	X(REFUSED, "publish_refused_total", EW_COUNTER, NULL, "Its publishes that were refused.") \
	X(OVER, "over_limit_total", EW_COUNTER, NULL, \
	  "Declarations over max_devices or max_tags.") \
	X(DEVICES, "devices", EW_GAUGE, NULL, "Devices of the instance.") \
	X(TAGS, "tags", EW_GAUGE, NULL, "Tags of the instance.") \
	X(POOL, "pool_bytes", EW_GAUGE, "bytes", "Memory of the instance's batches.")

#define LOG_ROWS(X) \
	X(STATE, "state", EW_GAUGE, NULL, "0 good, 1 full, 2 no space, 3 failing.") \
	X(BYTES, "bytes", EW_GAUGE, "bytes", "Disk that the store takes.") \
	X(LIMIT, "limit_bytes", EW_GAUGE, "bytes", "Most disk that it takes.") \
	X(FULL_IN, "full_seconds", EW_GAUGE, "seconds", \
	  "Until it is full at the present rate, if nothing is acknowledged; NaN: never.") \
	X(WRITES, "written_bytes_a_day", EW_GAUGE, NULL, "Bytes written a day, since the start.") \
	X(AGE, "oldest_age_seconds", EW_GAUGE, "seconds", \
	  "Age of the oldest that it keeps; NaN: not known.") \
	X(UNWRITTEN, "unwritten_records", EW_GAUGE, NULL, \
	  "Batches and events that were not on disk when the last run was killed.") \
	X(REFUSED, "refused_total", EW_COUNTER, NULL, "Batches and events not taken.") \
	X(LOST_SAMPLES, "lost_samples_total", EW_COUNTER, NULL, \
	  "Samples gone before they were acknowledged.") \
	X(LOST_EVENTS, "lost_events_total", EW_COUNTER, NULL, \
	  "Events gone before they were acknowledged.") \
	X(DAMAGED, "damaged_records_total", EW_COUNTER, NULL, "Records that could not be read.") \
	X(ERRORS, "disk_errors_total", EW_COUNTER, NULL, "Errors of the disk.")

#define RECEIVER_ROWS(X) \
	X(RECORDS, "backlog_records", EW_GAUGE, NULL, "Records kept for the receiver, about.") \
	X(BYTES, "backlog_bytes", EW_GAUGE, "bytes", "Disk that they take, about.") \
	X(DRAIN, "drain_seconds", EW_GAUGE, "seconds", \
	  "Until they are gone at the present pace; NaN: they do not get less.")

#define WHOLE_ENUM(name, ...) WHOLE_##name,
#define ROUTE_ENUM(name, ...) ROUTE_##name,
#define ENDPOINT_ENUM(name, ...) ENDPOINT_##name,
#define LOG_ENUM(name, ...) LOG_##name,
#define RECEIVER_ENUM(name, ...) RECEIVER_##name,
enum { WHOLE_ROWS(WHOLE_ENUM) WHOLE_COUNT };
enum { ROUTE_ROWS(ROUTE_ENUM) ROUTE_COUNT };
enum { ENDPOINT_ROWS(ENDPOINT_ENUM) ENDPOINT_COUNT };
enum { LOG_ROWS(LOG_ENUM) LOG_COUNT };
enum { RECEIVER_ROWS(RECEIVER_ENUM) RECEIVER_COUNT };

#define ROW(id, text, what, of, say) \
	{ .name = (text), .kind = (what), .unit = (of), .help = (say) },
static const struct ew_metric whole_rows[] = { WHOLE_ROWS(ROW) };
static const struct ew_metric route_rows[] = { ROUTE_ROWS(ROW) };
static const struct ew_metric endpoint_rows[] = { ENDPOINT_ROWS(ROW) };
static const struct ew_metric log_rows[] = { LOG_ROWS(ROW) };
static const struct ew_metric receiver_rows[] = { RECEIVER_ROWS(ROW) };

/* Where a walk of the bus hands its series. */
struct showing {
	unsigned row;
	metric_show_fn show;
	void *arg;
};

static uint64_t whole_value(const struct bus_stats *stats, unsigned row)
{
	switch (row) {
	case WHOLE_BATCHES: return stats->batches;
	case WHOLE_SAMPLES: return stats->samples;
	case WHOLE_EVENTS: return stats->events;
	case WHOLE_REFUSED: return stats->refused;
	case WHOLE_WRITES: return stats->writes;
	case WHOLE_WRITES_REFUSED: return stats->writes_refused;
	case WHOLE_WRITES_UNKNOWN: return stats->writes_unknown;
	case WHOLE_WRITES_LATE: return stats->writes_late;
	case WHOLE_DEVICES: return stats->devices;
	case WHOLE_TAGS: return stats->tags;
	default: return stats->tombstones;
	}
}

static int whole_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct bus_metrics *metrics = arg;
	struct bus_stats stats;

	bus_stats(metrics->bus, &stats);
	return show(show_arg, NULL, 0, (double)whole_value(&stats, row));
}

static uint64_t route_value(const struct route_stats *route, unsigned row)
{
	switch (row) {
	case ROUTE_BATCHES: return route->batches;
	case ROUTE_SAMPLES: return route->samples;
	case ROUTE_EVENTS: return route->events;
	case ROUTE_LOST_SAMPLES: return route->lost_samples;
	case ROUTE_LOST_EVENTS: return route->lost_events;
	case ROUTE_FILTERED: return route->filtered;
	case ROUTE_GAPS: return route->gaps;
	case ROUTE_RESYNCS: return route->resyncs;
	case ROUTE_ACKED: return route->acked;
	case ROUTE_REDELIVERED: return route->redelivered;
	case ROUTE_DEAD: return route->dead;
	case ROUTE_DEAD_LOST: return route->dead_lost;
	case ROUTE_STORED: return route->stored_samples;
	case ROUTE_BEHIND: return route->is_behind;
	case ROUTE_OPEN: return route->open;
	case ROUTE_QUEUED: return route->queued;
	case ROUTE_BYTES: return route->bytes;
	default: return route->limit_bytes;
	}
}

static int route_show(void *arg, const struct route_stats *route)
{
	const struct showing *showing = arg;
	const struct ew_label_pair labels[] = { { "from", route->from }, { "to", route->to } };

	return showing->show(showing->arg, labels, 2, (double)route_value(route, showing->row));
}

static int routes_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct bus_metrics *metrics = arg;
	struct showing showing = { row, show, show_arg };

	return bus_routes_walk(metrics->bus, route_show, &showing);
}

static uint64_t endpoint_value(const struct endpoint_stats *endpoint, unsigned row)
{
	switch (row) {
	case ENDPOINT_BATCHES: return endpoint->batches;
	case ENDPOINT_SAMPLES: return endpoint->samples;
	case ENDPOINT_EVENTS: return endpoint->events;
	case ENDPOINT_REFUSED: return endpoint->refused;
	case ENDPOINT_OVER: return endpoint->over_limit;
	case ENDPOINT_DEVICES: return endpoint->devices;
	case ENDPOINT_TAGS: return endpoint->tags;
	default: return endpoint->pool_bytes;
	}
}

static int endpoint_show(void *arg, const struct endpoint_stats *endpoint)
{
	const struct showing *showing = arg;
	const struct ew_label_pair label = { "instance", endpoint->name };

	return showing->show(showing->arg, &label, 1,
			     (double)endpoint_value(endpoint, showing->row));
}

static int endpoints_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct bus_metrics *metrics = arg;
	struct showing showing = { row, show, show_arg };

	return bus_endpoints_walk(metrics->bus, endpoint_show, &showing);
}

static double log_value(const struct log_stats *log, unsigned row)
{
	switch (row) {
	case LOG_STATE: return log->state;
	case LOG_BYTES: return (double)log->bytes;
	case LOG_LIMIT: return (double)log->bytes_max;
	case LOG_FULL_IN: return log->hours_left * 3600;
	case LOG_WRITES: return log->bytes_a_day;
	case LOG_AGE: return log->oldest_age < 0 ? (double)NAN
						 : (double)log->oldest_age / (double)EW_SECOND;
	case LOG_UNWRITTEN: return (double)log->end.records;
	case LOG_REFUSED: return (double)log->refused;
	case LOG_LOST_SAMPLES: return (double)log_lost(log->lost_samples);
	case LOG_LOST_EVENTS: return (double)log_lost(log->lost_events);
	case LOG_DAMAGED: return (double)log->damaged;
	default: return (double)log->disk_errors;
	}
}

static int log_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct bus_metrics *metrics = arg;
	struct log_stats log;

	if (bus_log_stats(metrics->bus, &log) != 0) {
		return 0;
	}
	return show(show_arg, NULL, 0, log_value(&log, row));
}

static int receiver_show(void *arg, const struct durable_stats *durable)
{
	const struct showing *showing = arg;
	const struct ew_label_pair label = { "instance", durable->name };
	double value = showing->row == RECEIVER_RECORDS ? (double)durable->records
		     : showing->row == RECEIVER_BYTES	? (double)durable->bytes
							: durable->drain;

	return showing->show(showing->arg, &label, 1, value);
}

static int receivers_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct bus_metrics *metrics = arg;
	struct showing showing = { row, show, show_arg };

	return bus_durables_walk(metrics->bus, receiver_show, &showing);
}

int bus_metrics_new(struct bus *bus, struct bus_metrics **metrics_out)
{
	struct bus_metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL) {
		return -ENOMEM;
	}
	metrics->bus = bus;
	metrics->whole = (struct metric_source){
		.prefix = "edgeway_bus", .rows = whole_rows, .count = WHOLE_COUNT,
		.walk = whole_walk, .arg = metrics,
	};
	metrics->routes = (struct metric_source){
		.prefix = "edgeway_route", .rows = route_rows, .count = ROUTE_COUNT,
		.walk = routes_walk, .arg = metrics,
	};
	metrics->endpoints = (struct metric_source){
		.prefix = "edgeway_instance", .rows = endpoint_rows, .count = ENDPOINT_COUNT,
		.walk = endpoints_walk, .arg = metrics,
	};
	metrics->log = (struct metric_source){
		.prefix = "edgeway_store", .rows = log_rows, .count = LOG_COUNT,
		.walk = log_walk, .arg = metrics,
	};
	metrics->receivers = (struct metric_source){
		.prefix = "edgeway_store_receiver", .rows = receiver_rows,
		.count = RECEIVER_COUNT, .walk = receivers_walk, .arg = metrics,
	};
	metric_source_add(&metrics->log);
	metric_source_add(&metrics->receivers);
	metric_source_add(&metrics->whole);
	metric_source_add(&metrics->routes);
	metric_source_add(&metrics->endpoints);
	*metrics_out = metrics;
	return 0;
}

void bus_metrics_free(struct bus_metrics **metrics)
{
	struct bus_metrics *gone = *metrics;

	*metrics = NULL;
	if (gone != NULL) {
		metric_source_remove(&gone->log);
		metric_source_remove(&gone->receivers);
		metric_source_remove(&gone->whole);
		metric_source_remove(&gone->routes);
		metric_source_remove(&gone->endpoints);
		free(gone);
	}
}
