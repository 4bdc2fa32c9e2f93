/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of metrics over struct uplink_status: for each row one function
 * that shows its series of one uplink, all labelled with the uplink's name.
 */
#include "core/api/uplink_metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/module/metrics.h"
#include "core/uplink/cause.h"
#include "core/uplink/uplinks.h"

struct uplink_metrics {
	struct metric_source source;
	struct uplinks *uplinks;
};

enum {
	ROW_ONLINE,
	ROW_SESSIONS,
	ROW_ENDS,
	ROW_OUTBOX_MESSAGES,
	ROW_OUTBOX_BYTES,
	ROW_OUTBOX_AGE,
	ROW_HANDED,
	ROW_DROPPED,
	ROW_REFUSED,
	ROW_IN_FLIGHT,
	ROW_RECEIVED,
	ROW_RECEIVED_DROPPED,
	ROW_BYTES,
	ROW_CERTIFICATE,
	ROW_COUNT
};

static const struct ew_metric rows[ROW_COUNT] = {
	[ROW_ONLINE] = {"online", EW_GAUGE, NULL, "1 while there is a session.", NULL, 0},
	[ROW_SESSIONS] = {"sessions_total", EW_COUNTER, NULL, "Sessions that came online.", NULL,
			  0},
	[ROW_ENDS] = {"ends_total", EW_COUNTER, NULL,
		      "Connections that ended or did not come to be, by cause.", NULL, 0},
	[ROW_OUTBOX_MESSAGES] = {"outbox_messages", EW_GAUGE, NULL,
				 "Messages that wait or are not acknowledged.", NULL, 0},
	[ROW_OUTBOX_BYTES] = {"outbox_bytes", EW_GAUGE, "bytes", "The same in bytes.", NULL, 0},
	[ROW_OUTBOX_AGE] = {"outbox_oldest_seconds", EW_GAUGE, "seconds",
			    "How long the oldest message has waited.", NULL, 0},
	[ROW_HANDED] = {"published_total", EW_COUNTER, NULL, "Messages handed over.", NULL, 0},
	[ROW_DROPPED] = {"expired_total", EW_COUNTER, NULL, "Messages that waited too long.", NULL,
			 0},
	[ROW_REFUSED] = {"refused_total", EW_COUNTER, NULL, "Messages that found the outbox full.",
			 NULL, 0},
	[ROW_IN_FLIGHT] = {"in_flight", EW_GAUGE, NULL,
			   "Messages that the broker has not acknowledged.", NULL, 0},
	[ROW_RECEIVED] = {"received_total", EW_COUNTER, NULL, "Messages that came in.", NULL, 0},
	[ROW_RECEIVED_DROPPED] = {"received_dropped_total", EW_COUNTER, NULL,
				  "Messages that came in and found their subscription full.", NULL,
				  0},
	[ROW_BYTES] = {"bytes_total", EW_COUNTER, "bytes", "Bytes on the wire, TLS included.", NULL,
		       0},
	[ROW_CERTIFICATE] = {"certificate_expiry_timestamp_seconds", EW_GAUGE, "seconds",
			     "When a certificate ends, since 1970; 0 when not known.", NULL, 0},
};

static const char *const traffic_names[EW_TRAFFIC_COUNT] = {
	[EW_TRAFFIC_CONTROL] = "control",
	[EW_TRAFFIC_TELEMETRY] = "telemetry",
	[EW_TRAFFIC_BULK] = "bulk",
};

/* Where the series of one uplink go. */
struct shower {
	const char *uplink;
	metric_show_fn show;
	void *arg;
};

static int show_one(const struct shower *shower, const char *label, const char *text, double value)
{
	const struct ew_label_pair labels[2] = {{"uplink", shower->uplink}, {label, text}};

	return shower->show(shower->arg, labels, label != NULL ? 2 : 1, value);
}

static int show_ends(const struct shower *shower, const struct uplink_status *status)
{
	int rc = 0;
	int i;

	for (i = EW_UPLINK_NONE + 1; i < EW_UPLINK_CAUSE_COUNT && rc == 0; i++) {
		rc = show_one(shower, "cause", cause_name((enum ew_uplink_cause)i),
			      (double)status->ends[i]);
	}
	return rc;
}

static double class_value(const struct uplink_class_status *class, unsigned row)
{
	switch (row) {
	case ROW_OUTBOX_MESSAGES:
		return (double)class->messages;
	case ROW_OUTBOX_BYTES:
		return (double)class->bytes;
	case ROW_OUTBOX_AGE:
		return (double)class->oldest / 1e9;
	case ROW_HANDED:
		return (double)class->handed;
	case ROW_DROPPED:
		return (double)class->expired;
	default:
		return (double)class->refused;
	}
}

static int show_classes(const struct shower *shower, const struct uplink_status *status,
			unsigned row)
{
	int rc = 0;
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT && rc == 0; i++) {
		rc = show_one(shower, "traffic", traffic_names[i],
			      class_value(&status->classes[i], row));
	}
	return rc;
}

/* Two series: one label, two values. */
static int show_pair(const struct shower *shower, const char *const words[3], double first,
		     double second)
{
	int rc = show_one(shower, words[0], words[1], first);

	return rc != 0 ? rc : show_one(shower, words[0], words[2], second);
}

static int show_row(const struct shower *shower, const struct uplink_status *status, unsigned row)
{
	static const char *const directions[] = {"direction", "in", "out"};
	static const char *const whose[] = {"of", "gateway", "server"};

	switch (row) {
	case ROW_ONLINE:
		return show_one(shower, NULL, NULL, status->online ? 1 : 0);
	case ROW_SESSIONS:
		return show_one(shower, NULL, NULL, (double)status->connects);
	case ROW_ENDS:
		return show_ends(shower, status);
	case ROW_IN_FLIGHT:
		return show_one(shower, NULL, NULL, (double)status->in_flight);
	case ROW_RECEIVED:
		return show_one(shower, NULL, NULL, (double)status->received);
	case ROW_RECEIVED_DROPPED:
		return show_one(shower, NULL, NULL, (double)status->dropped);
	case ROW_BYTES:
		return show_pair(shower, directions, (double)status->bytes_in,
				 (double)status->bytes_out);
	case ROW_CERTIFICATE:
		return show_pair(shower, whose, (double)(status->own_until / 1000000000),
				 (double)(status->peer_until / 1000000000));
	default:
		return show_classes(shower, status, row);
	}
}

static int uplink_metrics_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct uplink_metrics *metrics = arg;
	int rc = 0;
	size_t i;

	for (i = 0; i < uplinks_count(metrics->uplinks) && rc == 0; i++) {
		struct uplink *uplink = uplinks_at(metrics->uplinks, i);
		struct shower shower = {uplink_name(uplink), show, show_arg};
		struct uplink_status status;

		uplink_status(uplink, &status);
		rc = show_row(&shower, &status, row);
	}
	return rc;
}

int uplink_metrics_new(struct uplinks *uplinks, struct uplink_metrics **metrics_out)
{
	struct uplink_metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL) {
		return -ENOMEM;
	}
	metrics->uplinks = uplinks;
	metrics->source.prefix = "edgeway_uplink";
	metrics->source.rows = rows;
	metrics->source.count = ROW_COUNT;
	metrics->source.walk = uplink_metrics_walk;
	metrics->source.arg = metrics;
	metric_source_add(&metrics->source);
	*metrics_out = metrics;
	return 0;
}

void uplink_metrics_free(struct uplink_metrics **metrics)
{
	struct uplink_metrics *gone = *metrics;

	*metrics = NULL;
	if (gone != NULL) {
		metric_source_remove(&gone->source);
		free(gone);
	}
}
