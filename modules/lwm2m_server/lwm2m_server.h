/* SPDX-License-Identifier: Apache-2.0 */
/* One instance of the module, shared by its files that know the bus and HTTP. */
#ifndef MODULES_LWM2M_SERVER_LWM2M_SERVER_H
#define MODULES_LWM2M_SERVER_LWM2M_SERVER_H

#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include "modules/lwm2m_server/desired.h"
#include "modules/lwm2m_server/firmware.h"
#include "modules/lwm2m_server/server.h"
#include "modules/lwm2m_server/store.h"
#include "modules/lwm2m_server/tags.h"
#include "modules/lwm2m_server/text.h"
#include "modules/lwm2m_server/wires.h"

#define LWM2M_SERVER_METRICS(X)                                                         \
	X(RECEIVED, "received_total", COUNTER, "messages that came in")                 \
	X(RECEIVED_BYTES, "received_bytes_total", COUNTER, "bytes of these")            \
	X(HTTP_REQUESTS, "http_requests_total", COUNTER, "calls over HTTP for clients") \
	X(RETAINED, "retained_total", COUNTER, "retained messages, which are not taken") \
	X(WRONG_TOPICS, "wrong_topics_total", COUNTER, "messages on a topic of no endpoint") \
	X(MALFORMED, "malformed_total", COUNTER, "messages or payloads that were not readable") \
	X(ECHOES, "echoes_total", COUNTER, "own requests that came back")               \
	X(LATE, "late_results_total", COUNTER, "results that nobody waits for")         \
	X(REFUSED, "refused_total", COUNTER, "requests of clients answered with an error") \
	X(REPEATED, "repeated_total", COUNTER, "requests that came twice")              \
	X(UNKNOWN, "unknown_notifies_total", COUNTER, "Notifies of no observation")     \
	X(REGISTRATIONS, "device_registrations_total", COUNTER, "Registers accepted")   \
	X(UPDATES, "device_updates_total", COUNTER, "Updates accepted")                 \
	X(EXPIRED, "device_expiries_total", COUNTER, "registrations whose lifetime passed") \
	X(DEREGISTRATIONS, "device_deregistrations_total", COUNTER, "De-registers")     \
	X(ACTIVE, "active_devices", GAUGE, "clients that are registered")               \
	X(OBSERVATIONS, "observations", GAUGE, "observations that are confirmed")       \
	X(PENDING, "pending_observations", GAUGE, "observations to be confirmed again") \
	X(REQUESTS, "open_requests", GAUGE, "requests queued or sent")                  \
	X(QUEUED, "queued_requests", GAUGE, "of these: queued")                         \
	X(ASKED, "requests_total", COUNTER, "requests to clients that are over")        \
	X(DONE, "requests_done_total", COUNTER, "of these: done")                       \
	X(FAILED, "requests_failed_total", COUNTER, "of these: failed")                 \
	X(EXPIRED_REQUESTS, "requests_expired_total", COUNTER, "of these: expired")     \
	X(BULK, "bulk_operations_total", COUNTER, "Sends and calls for several clients") \
	X(THROUGHPUT, "bulk_operations_throughput_total", COUNTER, "records in Sends")  \
	X(RECORDS, "records_total", COUNTER, "values published as samples")             \
	X(SKIPPED, "skipped_records_total", COUNTER, "values that are no samples")      \
	X(LOST_EVENTS, "lost_events_total", COUNTER, "events that the bus did not take") \
	X(COMMANDS_DONE, "commands_done_total", COUNTER, "writes of the bus that clients did") \
	X(COMMANDS_REFUSED, "commands_refused_total", COUNTER, "writes of the bus refused") \
	X(COMMANDS_UNKNOWN, "commands_unknown_total", COUNTER, "writes without an answer") \
	X(FIRMWARE_OPEN, "firmware_updates", GAUGE, "firmware updates under way")       \
	X(FIRMWARE_DONE, "firmware_updates_done_total", COUNTER, "firmware updates done") \
	X(FIRMWARE_FAILED, "firmware_updates_failed_total", COUNTER, "firmware updates failed") \
	X(DESIRED_APPLIED, "desired_applied_total", COUNTER, "desired states that clients have") \
	X(DESIRED_OPEN, "desired_unapplied_total", COUNTER, "desired states not applied") \
	X(STORE_ERRORS, "store_errors_total", COUNTER, "changes that could not be kept")

/* Histograms, of bounds that differ; a latency each for what callers ask for. */
#define LWM2M_SERVER_LATENCIES(X)                       \
	X(READ, "read")                                 \
	X(WRITE, "write")                               \
	X(EXECUTE, "execute")                           \
	X(DISCOVER, "discover")                         \
	X(OBSERVE, "observe")                           \
	X(OTHER, "other")

enum {
#define LWM2M_SERVER_METRIC_ENUM(name, text, kind, help) METRIC_##name,
	LWM2M_SERVER_METRICS(LWM2M_SERVER_METRIC_ENUM)
#undef LWM2M_SERVER_METRIC_ENUM
	METRIC_LATENCY, METRIC_BULK_SIZE, METRIC_HTTP_SECONDS,
#define LWM2M_SERVER_LATENCY_ENUM(name, word) METRIC_LATENCY_##name,
	LWM2M_SERVER_LATENCIES(LWM2M_SERVER_LATENCY_ENUM)
#undef LWM2M_SERVER_LATENCY_ENUM
	METRIC_COUNT
};

struct lwm2m_server_settings {
	const char *prefix;
	const char *objects;
	ew_dur timeout;
	uint64_t clients, requests, observations;
	uint64_t message_max;
};

struct api_call;
struct command;
struct ew_http_request;

struct lwm2m_server {
	struct ew_instance *inst;
	const struct lwm2m_server_settings *settings;
	struct catalog catalog;
	struct server server;
	struct wires wires;
	struct store *store;
	struct tags tags;
	struct ew_timer *timer;
	struct api_call *calls;
	struct command *commands;
	struct firmware firmware;
	struct desired_states desired;
	uint64_t epoch;                 /* 0: offline */
	bool was_online;
	uint64_t published, skipped;    /* that metrics know of */
};

/* After everything that happened: metrics, timer. */
void lwm2m_server_turned(struct lwm2m_server *self);

/* Something for whoever listens to events. A body that is too long is counted. */
void lwm2m_server_event(struct lwm2m_server *self, const struct ew_event *event);

/* Say that a change could not be kept, if it is so. */
void lwm2m_server_kept(struct lwm2m_server *self, int rc);

/* ---- api.c: /api/lwm2m ---- */

int api_open(struct lwm2m_server *self);

/* Free the calls that are open; core answers them. */
void api_close(struct lwm2m_server *self);

/* ---- fleet_api.c: firmware and desired states ---- */

int fleet_open(struct lwm2m_server *self);
void firmware_put_job(struct text *body, const struct firmware_job *job);
void desired_tell(struct lwm2m_server *self, const struct store_status *row);

/* ---- commands.c: writes of the bus ---- */

void commands_write(struct lwm2m_server *self, struct ew_write *write);
void commands_close(struct lwm2m_server *self);

/* ---- inventory.c: what there is ---- */

struct api_read {
	const char *path, *summary;
	void (*handle)(void *arg, struct ew_http_request *req);
};

extern const struct api_read inventory_reads[];
extern const size_t inventory_read_count;

/* ---- report.c: for edgewayctl ---- */

extern const struct ew_question report_questions[];

/* ---- news.c: what happened, as events ---- */

void news_peer(struct lwm2m_server *self, const struct peer *peer, enum server_news news);

/* A request is over. */
void news_result(struct lwm2m_server *self, const struct ask *ask);

/* Take records: samples, and `lwm2m.data` with each of them. */
void news_records(struct lwm2m_server *self, struct peer *peer,
		  const struct server_records *records);

#endif
