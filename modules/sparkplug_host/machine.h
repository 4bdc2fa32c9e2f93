/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's machine: messages of nodes in, a model of them out. It keeps the
 * order of each node's messages, ties deaths to births, refuses what makes no
 * sense, and asks for rebirths where something is missing. Pure: it is told the
 * time, and does everything by the functions in struct machine_ops.
 *
 *	a node:    UNBORN --NBIRTH--> ALIVE --NDEATH--> DEAD, ALIVE --own connection lost--> STALE
 *	a device:  the same by DBIRTH and DDEATH; NBIRTH makes it STALE until its own birth
 *
 * Thread: one at a time. Owner: messages are borrowed for the call; what has to
 * wait for an earlier one is copied, within limits.
 */
#ifndef MODULES_SPARKPLUG_HOST_MACHINE_H
#define MODULES_SPARKPLUG_HOST_MACHINE_H

#include "modules/sparkplug_host/model.h"
#include "proto/sparkplug/message.h"

/* Why a rebirth is asked for: symbol, the word. */
#define MACHINE_CAUSES(X)                                                       \
	X(GAP, "gap")                           /* a message is missing */      \
	X(ALIAS, "unknown_alias")                                               \
	X(METRIC, "unknown_metric")                                             \
	X(UNBORN, "before_birth")               /* data of an unborn node */    \
	X(DEVICE, "before_device_birth")                                        \
	X(MALFORMED, "malformed")                                               \
	X(RECONNECT, "reconnect")               /* ours */                      \
	X(USER, "user")                         /* a write to Node Control/Rebirth */

enum machine_cause {
#define MACHINE_CAUSE_ENUM(symbol, word) MACHINE_##symbol,
	MACHINE_CAUSES(MACHINE_CAUSE_ENUM)
#undef MACHINE_CAUSE_ENUM
	MACHINE_CAUSE_COUNT
};

/* What is counted: symbol, name of the metric, help. */
#define MACHINE_COUNTS(X)                                                                     \
	X(NBIRTHS, "nbirths_total", "births of nodes")                                        \
	X(NDEATHS, "ndeaths_total", "deaths of nodes")                                        \
	X(DBIRTHS, "dbirths_total", "births of devices")                                      \
	X(DDEATHS, "ddeaths_total", "deaths of devices")                                      \
	X(DATA, "data_messages_total", "NDATA and DDATA")                                     \
	X(BYTES, "received_bytes_total", "bytes of all payloads")                             \
	X(VALUES, "values_total", "values that were published on the bus")                    \
	X(HISTORICAL, "historical_total", "of these, values marked as historical")            \
	X(GAPS, "sequence_gaps_total", "times that a message stayed missing")                 \
	X(REORDERED, "reordered_total", "messages that waited for an earlier one")            \
	X(THROTTLED, "rebirths_throttled_total", "rebirths that were asked for later or not") \
	X(LATE_DEATH, "late_deaths_total", "deaths that belong to an older birth")            \
	X(CLASHES, "alias_clashes_total", "aliases that two metrics of a node claim")         \
	X(DROP_TOPIC, "dropped_topic_total", "messages whose topic is not one of Sparkplug")  \
	X(DROP_GROUP, "dropped_group_total", "messages of groups that are filtered out")      \
	X(DROP_RETAINED, "dropped_retained_total", "messages that the broker had kept")       \
	X(DROP_MALFORMED, "dropped_malformed_total", "messages that make no sense")           \
	X(DROP_SIZE, "dropped_size_total", "messages over a limit of size or depth")          \
	X(DROP_LIMIT, "dropped_limit_total", "nodes, devices and metrics over their limits")  \
	X(DROP_NAME, "dropped_name_total", "metrics whose name is too long or none")          \
	X(DROP_UNBORN, "dropped_before_birth_total", "messages before the birth they need")   \
	X(DROP_UNKNOWN, "dropped_unknown_total", "values of unknown metrics and aliases")     \
	X(UNDEFINED, "undefined_templates_total", "instances whose definition is unknown")    \
	X(DROP_UNFIT, "dropped_unfit_total", "values and metrics that the bus cannot take")   \
	X(DROP_HELD, "dropped_held_total", "messages that found no room to wait in")          \
	X(FORGOTTEN, "forgotten_total", "nodes and devices that were offline too long")

enum machine_count {
#define MACHINE_COUNT_ENUM(symbol, name, help) MACHINE_COUNT_##symbol,
	MACHINE_COUNTS(MACHINE_COUNT_ENUM)
#undef MACHINE_COUNT_ENUM
	MACHINE_COUNT_COUNT
};

#define DATA_NAME_MAX  256u     /* bytes of a metric's name; model_limits.name is less */

struct machine_settings {
	struct model_limits limits;
	struct sp_limits payload;
	const char *const *groups;      /* only these */
	size_t group_count;             /* 0: all */
	int64_t reorder_timeout;        /* ns; 0: a missing message is a gap at once */
	uint64_t reorder_messages;      /* of a node that wait */
	uint64_t reorder_bytes;         /* of all nodes */
	bool is_passive;                /* never ask for anything */
	int64_t rebirth_pause;          /* of a node, doubled while it does not answer */
	uint64_t rebirth_rate;          /* of all nodes, a second */
	int64_t forget_after;           /* 0: never */
};

/* A metric as it came, with the time that counts for it. */
struct machine_value {
	const struct sp_metric *metric;
	uint64_t ms;            /* UTC; 0: it says none */
	bool is_birth;
};

struct machine_ops {
	/*
	 * A device is born: make it known to the bus. Metrics and values follow, then state().
	 * instance: the only instance of a template that the birth has; NULL: there is none,
	 * or more. definition is that of it.
	 */
	int (*device)(void *arg, struct model_device *device, const struct sp_metric *instance,
		      const struct model_definition *definition);
	/*
	 * What its birth says of a metric, or of a member of an instance, which is a metric
	 * too: INSTANCE/MEMBER. It sets tag, is_writable, is_executable.
	 */
	int (*metric)(void *arg, struct model_metric *metric, const struct sp_metric *birth);
	/* They are about to go from the model. */
	void (*drop_metric)(void *arg, struct model_metric *metric);
	void (*drop_device)(void *arg, struct model_device *device);
	/* life and since of the device have changed. */
	void (*state)(void *arg, struct model_device *device, const char *why);
	/* A value. Errors: the bus cannot take it */
	int (*value)(void *arg, struct model_metric *metric, const struct machine_value *value);
	/* Values so far must be taken over now: what they point to goes. */
	void (*flush)(void *arg);
	/* Ask a node. Errors: it could not be sent and is tried again */
	int (*ask)(void *arg, struct model_node *node, enum machine_cause cause);
	void (*count)(void *arg, enum machine_count what, uint64_t count);
};

struct machine {
	struct machine_settings settings;
	const struct machine_ops *ops;
	void *arg;
	struct model model;
	uint64_t held_bytes;
	int64_t now;            /* monotonic, ns */
	uint64_t wall;          /* ms UTC */
	int64_t due;            /* when machine_tick() is wanted; INT64_MAX: not at all */
	int64_t ask_full;       /* when the budget of rebirths is whole again */
};

struct machine_message {
	const char *topic;
	struct sp_bytes payload;
	bool is_retained;
};

/* Settings copied, what they point to borrowed. Errors: -ENOMEM */
int machine_init(struct machine *machine, const struct machine_settings *settings,
		 const struct machine_ops *ops, void *arg, uint64_t seed);
/* Frees the model; says nothing. */
void machine_fini(struct machine *machine);

/* What time it is. Before every other call. */
void machine_now(struct machine *machine, int64_t now, uint64_t wall_ms);

/* A message came in. */
void machine_hear(struct machine *machine, const struct machine_message *message);

/* Time has passed: what waited too long, rebirths that are due, nodes to forget. */
void machine_tick(struct machine *machine);

/* The own connection is gone: nothing that is known can be relied on. */
void machine_disconnect(struct machine *machine);
/* It is back: births are needed from all that were there. */
void machine_connect(struct machine *machine);

/* Ask a node for its births, within the limits on that. */
void machine_ask(struct machine *machine, struct model_node *node, enum machine_cause cause);

const char *machine_cause_name(enum machine_cause cause);

/* ---- between machine.c, order.c, birth.c and data.c ---- */

void machine_count(struct machine *machine, enum machine_count what, uint64_t count);
/* machine_tick() is wanted at this time. */
void machine_want(struct machine *machine, int64_t when);
void machine_life(struct machine *machine, struct model_device *device, enum model_life life,
		  const char *why);

/* One of the four kinds that have a seq, in its turn. */
struct machine_turn {
	enum sp_verb verb;
	struct sp_bytes device;
	struct sp_bytes payload;
};
void machine_take(struct machine *machine, struct model_node *node,
		  const struct machine_turn *turn);

/* birth.c: payloads of births were checked. */
void machine_nbirth(struct machine *machine, struct model_node *node, struct sp_bytes bytes);
void machine_dbirth(struct machine *machine, struct model_node *node,
		    const struct machine_turn *turn);
void machine_drop_node(struct machine *machine, struct model_node *node);

/* data.c: whose metrics are read, and what holds for all of them. */
struct data_place {
	struct model_device *device;
	struct model_metric *instance;  /* these are its members; NULL: they are at the top */
	uint64_t ms;                    /* of a metric that gives no time */
	bool is_birth, is_historical, is_transient;
};
/* The name of a member, INSTANCE/NAME, into text; at NULL: it is too long. */
struct sp_bytes data_name(const struct model_metric *instance, struct sp_bytes name,
			  char text[DATA_NAME_MAX]);
/* Values of metrics that births have named. */
void data_take(struct machine *machine, const struct data_place *place,
	       struct sp_reader metrics);

/* order.c: let messages through in the order of their seq. */
void order_hear(struct machine *machine, struct model_node *node, const struct machine_turn *turn,
		uint8_t seq);
/* After a birth: what waited is void. */
void order_begin(struct machine *machine, struct model_node *node, uint8_t seq);
/* What waited too long goes on without what is missing. */
void order_tick(struct machine *machine, struct model_node *node);

#endif
