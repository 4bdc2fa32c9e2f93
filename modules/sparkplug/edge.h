/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An edge node: one instance of the module. The parts are
 *
 *	sparkplug.c  options, metrics, life cycle; the callbacks of bus and uplink
 *	edge.c       what the node machine asks for: birth, leaving, primary host
 *	tend.c       births and deaths of devices, as many as the outbox takes
 *	flow.c       samples on their way, fences, acknowledgements
 *	gather.c     samples into the report of their device
 *	send.c       the one place where messages get their seq and leave
 *	command.c    NCMD and DCMD
 *	map.c        which metric a tag is, for operators
 *
 * All of it runs on the instance's loop.
 */
#ifndef MODULES_SPARKPLUG_EDGE_H
#define MODULES_SPARKPLUG_EDGE_H

#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include "modules/sparkplug/birth.h"
#include "modules/sparkplug/model.h"
#include "modules/sparkplug/node.h"
#include "modules/sparkplug/pending.h"
#include "modules/sparkplug/template.h"
#include "modules/sparkplug/value.h"
#include "proto/sparkplug/topic.h"

#define EDGE_WRITES_MAX  64u    /* commands that wait for their answer */
#define EDGE_TOKEN  (1ull << 63)  /* in tokens that are not numbers of messages */
#define EDGE_ECHOES      8u     /* own NBIRTHs that are known again */

struct edge_settings {
	const char *group;
	const char *node;
	const char *primary_host;
	ew_dur primary_wait;
	ew_dur walk_after;
	ew_dur hold;
	ew_dur fence_every;
	ew_dur report_delay;
	uint64_t report_size;
	ew_dur rebirth_pause;
	ew_dur flap_pause;
	const char *node_device;
	const char *fence_topic;
	bool long_uint32;
	bool templates;
};

#define EDGE_METRICS(X)                                                                 \
	X(NBIRTHS, "nbirths_total", "births of the node")                               \
	X(DBIRTHS, "dbirths_total", "births of devices")                                \
	X(DDEATHS, "ddeaths_total", "deaths of devices")                                \
	X(NDEATHS, "ndeaths_total", "deaths of the node that it published itself")      \
	X(REPORTS, "reports_total", "DATA messages")                                    \
	X(VALUES, "values_total", "values in DATA messages")                            \
	X(HISTORICAL, "historical_total", "of these, values marked as historical")      \
	X(BYTES, "bytes_total", "bytes of all payloads")                                \
	X(REBIRTHS, "rebirth_requests_total", "rebirths that hosts asked for")          \
	X(MERGED, "rebirths_merged_total", "of these, answered by one that had just begun") \
	X(REWINDS, "resent_batches_total", "batches sent again, lost or unseen by the host") \
	X(CONFIRMED, "confirmed_batches_total", "batches that the broker has confirmed") \
	X(SKIPPED, "skipped_values_total", "values of devices or tags that no host knows") \
	X(UNFIT, "unfit_values_total", "values that Sparkplug cannot carry")            \
	X(GAPS, "lost_samples_total", "samples that were lost before they got here")    \
	X(COMMANDS, "commands_total", "metrics that hosts wrote")                       \
	X(REFUSED, "commands_refused_total", "of these, refused")                       \
	X(MALFORMED, "malformed_total", "messages from outside that could not be read") \
	X(DUPLICATES, "duplicate_publishers_total", "births of another publisher of this node") \
	X(PRIMARY_LOST, "primary_lost_total", "times that the primary host went offline") \
	X(FLAPS, "flaps_total", "births that were put off because the device comes and goes")

enum edge_metric {
#define EDGE_METRIC_ENUM(symbol, name, help) EDGE_##symbol,
	EDGE_METRICS(EDGE_METRIC_ENUM)
#undef EDGE_METRIC_ENUM
	EDGE_METRIC_COUNT
};

/* A command that was handed to the bus. */
struct edge_write {
	uint64_t token;         /* 0: free */
	uint32_t count;
	uint32_t tags[EW_WRITE_ITEMS_MAX];
};

struct edge {
	struct ew_instance *inst;
	const struct edge_settings *settings;
	const char *group, *node_id;
	struct node node;
	struct alias_book *book;
	struct model model;
	struct templates templates;     /* none without the option */
	struct pending pending;
	struct value_room room;
	struct ew_timer *report_timer;  /* sends what was gathered */
	struct ew_timer *tend_timer;    /* births that were put off */
	struct ew_timer *hold_timer;    /* fences, and what was held long enough */
	struct ew_timer *wait_timer;    /* for the primary host; for the last words */
	uint32_t ncmd, dcmd, state, births, deaths; /* subscriptions; 0: none */
	uint8_t bdseq;
	uint8_t seq;                    /* of the next message */
	uint64_t number;                /* of the last message, over all connections */
	uint64_t sent_ms;               /* time in it */
	uint64_t born_number;           /* of this round's NBIRTH */
	uint64_t birth_round;
	bool is_blocked;                /* the outbox is full: room() goes on */
	bool is_released;               /* guests may speak in this connection */
	bool is_doubled;                /* another publisher was seen in this connection */
	bool is_stopping, is_stopped;
	bool is_report_due;             /* report_timer runs */
	uint32_t batch_next;            /* sample of the first waiting batch that is next */
	uint64_t fence_number;          /* what the open fence confirms; 0: none is open */
	uint64_t fence_token;
	ew_dur next_fence;              /* not before */
	ew_dur waiting_since;           /* for the primary host, over connections; 0: it is there */
	ew_dur last_rebirth;            /* 0: none asked for */
	uint64_t stop_token;
	uint64_t next_token;            /* of fences and deaths: has EDGE_TOKEN */
	uint64_t echoes[EDGE_ECHOES];   /* times of the last NBIRTHs, ms */
	unsigned echo_next;
	uint8_t will[SP_SLACK + 64];
	size_t will_size;
	char will_topic[SP_TOPIC_MAX];
	uint8_t *memory;                /* births and commands are made here */
	size_t memory_size;
	uint8_t scratch[8192];
	struct edge_write writes[EDGE_WRITES_MAX];
};

/* ---- send.c ---- */

/*
 * Complete a payload with time and seq, and publish it.
 * The writer keeps room for that from edge_writer() on.
 *
 * Errors: -EAGAIN  the outbox is full: nothing changed, is_blocked is set;
 *         others: the message cannot leave; logged
 */
int edge_send(struct edge *edge, enum sp_verb verb, const struct model_device *device,
	      struct sp_writer *writer);

/* A writer over the edge's memory, with room left for what edge_send() adds. */
struct sp_writer edge_writer(struct edge *edge);

/* Twice the memory for births. Errors: -ENOMEM, -EMSGSIZE */
int edge_more_memory(struct edge *edge);

/* NDEATH now, by ourselves. token_out: of its acknowledgement. */
int edge_send_ndeath(struct edge *edge, uint64_t *token_out);

/* A message that proves that those before it have arrived. */
void edge_send_fence(struct edge *edge);

int edge_topic(const struct edge *edge, enum sp_verb verb, const char *device, char *topic_out);

/* ---- edge.c ---- */

/* Do what the node machine says. */
void edge_step(struct edge *edge, enum node_step step, const char *why);

void edge_count(struct edge *edge, enum edge_metric metric, uint64_t count);

/* Health from the state of node and connection. */
void edge_tell_health(struct edge *edge);

void edge_on_state(struct edge *edge, const struct ew_uplink_received *message);
void edge_on_birth(struct edge *edge, const struct ew_uplink_received *message);
void edge_on_death(struct edge *edge, const struct ew_uplink_received *message);
void edge_on_wait(void *arg);
/* Wait for the primary host, here or at the next server. */
void edge_wait(struct edge *edge);

/* Tell core, once, that the stop is done. */
void edge_stopped(struct edge *edge);

/* A host asks for births, or they are needed. */
void edge_rebirth(struct edge *edge, const char *why);

/* ---- tend.c ---- */

/* Births and deaths that are due. Called after whatever may make one due. */
void edge_tend(struct edge *edge);
void edge_on_tend(void *arg);

/* A birth of NBIRTH and all devices begins. */
void edge_begin_births(struct edge *edge);

/* ---- flow.c ---- */

/* Send what a device has gathered. Errors: as edge_send() */
int edge_flush(struct edge *edge, struct model_device *device);

/* Put what waits into reports, as far as the outbox takes them. */
void edge_flow(struct edge *edge);
void edge_on_report(void *arg);
void edge_on_hold(void *arg);
/* What is gathered and unsent goes back to what waits. */
void edge_drop_reports(struct edge *edge);
/* A message with this token is settled. */
void edge_on_ack(struct edge *edge, const struct ew_uplink_ack *ack);
/* Report the present value of tags, whatever was reported before. */
void edge_reflect(struct edge *edge, const uint32_t *tags, size_t count);

/* ---- gather.c ---- */

/*
 * Has the report to leave before this value may be put into it? Values are
 * oldest first, and no two of one metric have one time.
 */
bool gather_has_to_flush(struct model_metric *metric, uint64_t ms, bool historical);

/* Into the report of the metric's device. Errors: -ENOMEM, -EMSGSIZE: it is not there */
int gather_put(struct model_metric *source, const struct ew_sample *sample,
	       const struct sp_value *value, bool historical);

/* The members so far become a metric of the report. Errors: -ENOMEM: they are lost */
int gather_close(struct model_device *device);

/* Bytes that were gathered. */
size_t gather_size(const struct model_device *device);
void gather_clear(struct model_device *device);

/* ---- map.c ---- */

int edge_session(void *self, struct ew_query *query);
int edge_map(void *self, struct ew_query *query);

/* ---- command.c ---- */

void edge_on_command(struct edge *edge, const struct ew_uplink_received *message);
void edge_on_answer(struct edge *edge, const struct ew_write_answer *answer);

#endif
