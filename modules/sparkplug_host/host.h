/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host: one instance of the module. The parts are
 *
 *	sparkplug_host.c  options, metrics, life cycle; the callbacks of core
 *	session.c         STATE: will, birth, death; the requests for rebirths
 *	tags.c            the model on the bus: what the machine asks for
 *	command.c         writes of the bus become NCMD and DCMD, and their answers
 *	web.c             what is known, over HTTP
 *	monitor.c         the messages themselves, over HTTP; show.c decodes them
 *
 * and below them, without core: the machine and its model (machine.h, model.h).
 * All of it runs on the instance's loop.
 */
#ifndef MODULES_SPARKPLUG_HOST_HOST_H
#define MODULES_SPARKPLUG_HOST_HOST_H

#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include "modules/sparkplug/value.h"
#include "modules/sparkplug_host/machine.h"
#include "modules/sparkplug_host/monitor.h"
#include "modules/sparkplug_host/spec.h"
#include "proto/sparkplug/state.h"

#define HOST_WRITES_MAX   64u   /* commands that wait for their answer */
#define HOST_SAMPLES_MAX  1024u /* gathered for one batch */
#define HOST_GROUPS_MAX   64u

struct host_settings {
	const char *host_id;
	bool passive;
	bool ask_births;
	const char *const *groups;
	size_t group_count;
	ew_dur reorder_timeout;
	uint64_t reorder_messages;
	uint64_t reorder_bytes;
	ew_dur rebirth_pause;
	uint64_t rebirth_rate;
	ew_dur command_timeout;
	ew_dur forget_after;
	uint64_t max_groups;
	uint64_t max_nodes;
	uint64_t max_devices_of_node;
	uint64_t max_metrics;
	uint64_t max_name;
	uint64_t max_memory;
	uint64_t max_payload;
	uint64_t max_value;
	uint64_t max_waiting;
	const char *const *topics;
	size_t topic_count;
	uint64_t monitor_topics;
	uint64_t monitor_bytes;
};

/* Metrics of the host beside what the machine counts and the causes of rebirths. */
#define HOST_METRICS(X)                                                                     \
	X(STATES, "states_total", EW_COUNTER, "STATE messages that were published")         \
	X(STATE_DISPUTES, "state_disputes_total", EW_COUNTER, "others said it is offline") \
	X(DUPLICATES, "duplicate_hosts_total", EW_COUNTER, "others said that they have its id") \
	X(COMMANDS, "commands_total", EW_COUNTER, "NCMD and DCMD for writes of the bus")    \
	X(COMMANDS_DONE, "commands_done_total", EW_COUNTER, "of these, seen in data")       \
	X(COMMANDS_UNKNOWN, "commands_unknown_total", EW_COUNTER, "of these, without an answer") \
	X(COMMANDS_REFUSED, "commands_refused_total", EW_COUNTER, "writes that were not sent") \
	X(NODES, "nodes", EW_GAUGE, "nodes that are known")                                 \
	X(DEVICES, "devices", EW_GAUGE, "devices that are known")                           \
	X(TAGS, "metrics", EW_GAUGE, "metrics that are known")                              \
	X(MEMORY, "model_bytes", EW_GAUGE, "memory of all that is known")

enum host_metric {
	HOST_COUNT_FIRST = MACHINE_COUNT_COUNT,
	HOST_CAUSE_FIRST = HOST_COUNT_FIRST,
	HOST_OWN_FIRST = HOST_CAUSE_FIRST + MACHINE_CAUSE_COUNT - 1,
#define HOST_METRIC_ENUM(symbol, name, kind, help) HOST_##symbol,
	HOST_METRICS(HOST_METRIC_ENUM)
#undef HOST_METRIC_ENUM
	HOST_LATENCY,
	HOST_METRIC_COUNT
};

/* A write that waits for data which reflects it. */
struct host_write {
	struct ew_write *write;         /* NULL: free */
	struct model_device *device;
	ew_dur until;
	uint32_t left;                  /* items that were not seen yet */
	struct model_metric *metrics[EW_WRITE_ITEMS_MAX];       /* NULL: was seen */
};

struct host {
	struct ew_instance *inst;
	const struct host_settings *settings;
	const char *id;
	struct machine machine;
	struct monitor monitor;
	struct ew_timer *tick_timer;
	struct ew_timer *command_timer;
	struct ew_timer *stop_timer;
	struct ew_timer *state_timer;   /* STATE is said again when it is due */
	uint32_t state;                 /* subscription to the own STATE; 0: none */
	uint64_t epoch;                 /* 0: not connected */
	uint64_t state_ms;              /* in the will and the birth of this connection */
	ew_time arrived;                /* when what is heard now came from the broker */
	ew_dur last_dispute;
	uint64_t stop_token;
	bool is_stopping, is_stopped;
	bool is_doubled;                /* another host of our id was seen in this connection */
	char state_topic[SP_TOPIC_MAX];
	char will[SP_STATE_TEXT];
	struct value_room room;
	struct spec_room spec;
	uint8_t *memory;                /* commands and texts are made here */
	size_t memory_size;
	size_t sample_count;
	struct ew_sample samples[HOST_SAMPLES_MAX];
	struct host_write writes[HOST_WRITES_MAX];
};

void host_count(struct host *host, enum host_metric metric, uint64_t count);

/* Tell the machine the time; before anything is asked of it. */
void host_now(struct host *host);

/* Set the timer to what the machine wants next; after anything was asked of it. */
void host_arm(struct host *host);

/* ---- session.c ---- */

int session_join(struct host *host);
int session_prepare(struct host *host, struct ew_uplink_will *will);
void session_online(struct host *host, uint64_t epoch);
void session_on_state(struct host *host, const struct ew_uplink_received *message);
/* Publish the death, then ew_stopped(). */
void session_stop(struct host *host);
void session_acked(struct host *host, const struct ew_uplink_ack *ack);
/* There is room for what could not be said. */
void session_room(struct host *host);
/* Tell core, once, that the stop is done. */
void session_stopped(struct host *host);
/* Health from the state of the connection. */
void session_tell_health(struct host *host);
void session_on_stop_timer(void *arg);
void session_on_state_timer(void *arg);

/*
 * A message to a node, QoS 0, not retained; device "" for the node itself.
 *
 * Errors: -ENOTCONN, and what ew_uplink_publish() says
 */
int session_command(struct host *host, const struct model_device *device,
		    struct sp_writer *writer);
/* A rebirth request. Errors: as session_command() */
int session_ask(struct host *host, struct model_node *node);

/* ---- web.c ---- */

/* The HTTP handlers. -errno of ew_http_handle(). */
int web_open(struct host *host);

/* ---- tags.c ---- */

extern const struct machine_ops tags_ops;

/* ---- command.c ---- */

void command_write(struct host *host, struct ew_write *write);
/* A value of a metric came: is it what was written? */
void command_saw(struct host *host, struct model_metric *metric, const struct ew_sample *sample);
/* The device or the connection is gone: nothing will answer. device NULL: all. */
void command_lost(struct host *host, const struct model_device *device);
/* A metric is about to go. */
void command_forget(struct host *host, const struct model_metric *metric);
/* A node was born: buttons that ask for that are done. */
void command_born(struct host *host, const struct model_device *device);
void command_on_timer(void *arg);

#endif
