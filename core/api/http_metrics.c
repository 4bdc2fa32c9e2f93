/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of metrics over struct http_stats: one row each, and which member
 * of the stats a series shows.
 */
#include "core/api/http_metrics.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/http/http.h"
#include "core/module/metrics.h"

struct http_metrics {
	struct metric_source source;
	struct http *http;
};

enum {
	ROW_REQUESTS,
	ROW_CONNECTIONS_TOTAL,
	ROW_REFUSED,
	ROW_TIMEOUTS,
	ROW_GONE,
	ROW_RECEIVED,
	ROW_SENT,
	ROW_CONNECTIONS,
	ROW_PARKED,
	ROW_STREAMS,
	ROW_CERTIFICATE,
	ROW_COUNT
};

static const struct ew_metric rows[ROW_COUNT] = {
	[ROW_REQUESTS] = {"requests_total", EW_COUNTER, NULL,
			  "Requests by the first digit of their status; none: cut off.", NULL, 0},
	[ROW_CONNECTIONS_TOTAL] = {"connections_total", EW_COUNTER, NULL,
				   "Connections accepted.", NULL, 0},
	[ROW_REFUSED] = {"refused_total", EW_COUNTER, NULL,
			 "Requests refused, by what was missing.", NULL, 0},
	[ROW_TIMEOUTS] = {"timeouts_total", EW_COUNTER, NULL,
			  "Clients cut off for being slow, requests without an answer in time.",
			  NULL, 0},
	[ROW_GONE] = {"clients_gone_total", EW_COUNTER, NULL,
		      "Clients that left while an instance had their request.", NULL, 0},
	[ROW_RECEIVED] = {"received_bytes_total", EW_COUNTER, "bytes", "Bodies received.", NULL, 0},
	[ROW_SENT] = {"sent_bytes_total", EW_COUNTER, "bytes", "Bodies sent.", NULL, 0},
	[ROW_CONNECTIONS] = {"open_connections", EW_GAUGE, NULL, "Connections.", NULL, 0},
	[ROW_PARKED] = {"requests_parked", EW_GAUGE, NULL,
			"Requests that instances have, streams among them.", NULL, 0},
	[ROW_STREAMS] = {"streams", EW_GAUGE, NULL, "Streams.", NULL, 0},
	[ROW_CERTIFICATE] = {"certificate_expiry_timestamp_seconds", EW_GAUGE, "seconds",
			     "When the certificate ends, since 1970; 0 without TLS.", NULL, 0},
};

/* One series of a row. */
struct series {
	unsigned row;
	size_t offset;          /* in struct http_stats */
	const char *label;      /* NULL: none */
	const char *value;
};

#define AT(member) offsetof(struct http_stats, member)

static const struct series all_series[] = {
	{ROW_REQUESTS, AT(requests[0]), "code", "none"},
	{ROW_REQUESTS, AT(requests[2]), "code", "2xx"},
	{ROW_REQUESTS, AT(requests[3]), "code", "3xx"},
	{ROW_REQUESTS, AT(requests[4]), "code", "4xx"},
	{ROW_REQUESTS, AT(requests[5]), "code", "5xx"},
	{ROW_CONNECTIONS_TOTAL, AT(connections), NULL, NULL},
	{ROW_REFUSED, AT(refused_token), "missing", "token"},
	{ROW_REFUSED, AT(refused_role), "missing", "role"},
	{ROW_REFUSED, AT(refused_parked), "missing", "room"},
	{ROW_TIMEOUTS, AT(timed_out), NULL, NULL},
	{ROW_GONE, AT(gone), NULL, NULL},
	{ROW_RECEIVED, AT(received_bytes), NULL, NULL},
	{ROW_SENT, AT(sent_bytes), NULL, NULL},
	{ROW_CONNECTIONS, AT(open_connections), NULL, NULL},
	{ROW_PARKED, AT(parked), NULL, NULL},
	{ROW_STREAMS, AT(streams), NULL, NULL},
	{ROW_CERTIFICATE, AT(certificate_until), NULL, NULL},
};

static int http_metrics_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct http_metrics *metrics = arg;
	struct http_stats stats;
	int ret = 0;

	http_read_stats(metrics->http, &stats);
	for (size_t i = 0; i < array_count(all_series) && ret == 0; i++) {
		const struct series *series = &all_series[i];
		const struct ew_label_pair label = {series->label, series->value};
		uint64_t value;

		if (series->row == row) {
			memcpy(&value, (const char *)&stats + series->offset, sizeof(value));
			ret = show(show_arg, series->label != NULL ? &label : NULL,
				   series->label != NULL ? 1 : 0, (double)value);
		}
	}
	return ret;
}

int http_metrics_new(struct http *http, struct http_metrics **metrics_out)
{
	struct http_metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL) {
		return -ENOMEM;
	}
	metrics->http = http;
	metrics->source.prefix = "edgeway_http";
	metrics->source.rows = rows;
	metrics->source.count = ROW_COUNT;
	metrics->source.walk = http_metrics_walk;
	metrics->source.arg = metrics;
	metric_source_add(&metrics->source);
	*metrics_out = metrics;
	return 0;
}

void http_metrics_free(struct http_metrics **metrics)
{
	struct http_metrics *gone = *metrics;

	*metrics = NULL;
	if (gone != NULL) {
		metric_source_remove(&gone->source);
		free(gone);
	}
}
