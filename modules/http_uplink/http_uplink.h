/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of an instance share. Everything runs on the instance's loop.
 *
 *	batch() -> directory -> pile of a strand -> parcel -> transfer -> server
 *	ew_ack() <- receipts <- parcel settled <- verdict <- answer
 *
 * A device always uses the same strand, and a strand has one request under way, of one
 * of its lanes:
 * so the samples of a device arrive in order, however many strands there are.
 */
#ifndef HTTP_UPLINK_HTTP_UPLINK_H
#define HTTP_UPLINK_HTTP_UPLINK_H

#include "modules/http_uplink/directory.h"
#include "modules/http_uplink/parcel.h"
#include "modules/http_uplink/receipt.h"
#include "modules/http_uplink/settings.h"
#include "modules/http_uplink/status.h"
#include "modules/http_uplink/wire.h"

struct strand;

struct http_uplink {
	struct ew_instance *inst;
	const struct settings *settings;
	bool is_per_device;
	char *sender;           /* group, gateway and instance: of the idempotency keys */
	struct directory directory;
	struct receipts receipts;
	struct wire *wire;
	struct strand *strands;
	size_t strand_count;
	struct status status;
	struct ew_timer *timer;         /* the next pile that is due, the next try */
	struct ew_timer *drain;         /* at stop */
	ew_dur hold_until;      /* monotonic: the server asked all to wait */
	ew_dur taken_at;        /* monotonic: when the server took something last */
	uint64_t random;        /* for jitter, never 0 */
	size_t most_bytes;      /* of a body, learned from what was too large; 0: nothing was */
	bool is_stopping;
	bool has_stopped;       /* and the bus knows */
};

enum {
	METRIC_SAMPLES,
	METRIC_EVENTS,
	METRIC_ACCEPTED,
	METRIC_REFUSED,
	METRIC_CONNECT,
	METRIC_TLS,
	METRIC_TIMEOUT,
	METRIC_ANSWER,
	METRIC_STATUS,
	METRIC_OTHER,
	METRIC_RETRIES,
	METRIC_REDIRECTS,
	METRIC_SPLITS,
	METRIC_RAW_BYTES,
	METRIC_SENT_BYTES,
	METRIC_DEAD,
	METRIC_GIVEN_UP,
	METRIC_SHORT,
	METRIC_IN_FLIGHT,
	METRIC_WAITING,
	METRIC_WAITING_BYTES,
	METRIC_SECONDS,
	METRIC_COUNT
};

/* Set the timer for what comes next. After anything that changes a strand. */
void http_uplink_schedule(struct http_uplink *uplink);

/* A number for jitter. */
uint64_t http_uplink_random(struct http_uplink *uplink);

/* While stopping: report it once nothing is left that could still be sent. */
void http_uplink_stop_if_done(struct http_uplink *uplink);

#endif
