/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the module share: the instance, and its ends on the bus.
 * All on the instance's loop.
 */
#ifndef MODULES_RULES_RULES_H
#define MODULES_RULES_RULES_H

#include <edgeway/module.h>

#include "modules/rules/engine.h"
#include "proto/json/bytes.h"

enum {
	METRIC_RUNS,
	METRIC_WRITES,
	METRIC_REFUSED,
	METRIC_LOST,
	METRIC_ALARMS,
	METRIC_MISSING,
	METRIC_COUNT
};

#define ACK_MAX  64     /* bytes of a name that acknowledges */

/* What a tag is to us; uses of one tag are chained. */
enum use_kind {
	USE_INPUT,
	USE_OUTPUT,
	USE_HEARTBEAT,
	USE_OWN                 /* one of ours that others may write */
};

struct use {
	enum use_kind kind;
	uint32_t index;         /* of the input, output, or own tag */
	uint32_t next;          /* of the same tag, from 1; 0: none */
};

/* An input's end on the bus; its values are the engine's. */
struct input {
	uint32_t tag, device;   /* EW_NO_ID: not known */
	const char *fault;      /* why it is not taken; NULL: it is */
	enum ew_reason down;    /* why its device's values are bad; EW_REASON_NONE: it is up */
};

/* One of the outputs of the model. */
struct output {
	uint32_t tag, heartbeat;        /* EW_NO_ID: not known */
	enum ew_carrier carrier, heartbeat_carrier;
	bool is_dirty;                  /* in the list of those to be looked at */
	bool is_in_flight;              /* a write is not answered yet */
	bool is_greeted;                /* the fail-safe value went before all others */
	bool is_holding;                /* a lease of ours is on it */
	int writer;                     /* of the model that wrote last; -1: none */
	double sent;                    /* last value */
	ew_dur sent_at, moved_at;       /* last write, and last other value; monotonic */
	ew_dur beat_at;                 /* last heartbeat */
	uint64_t beats, writes, refusals;
	int error;                      /* of the last answer */
	char text[96];                  /* how it is */
	int shadow;                     /* of the model that would have written last; -1: none */
	double shadow_value;            /* what it would have written */
	ew_dur shadow_at;               /* when that was said */
};

enum own_kind {
	OWN_VALUE,
	OWN_SETPOINT,
	OWN_AUTO,
	OWN_ACTIVE,
	OWN_SEVERITY,
	OWN_SINCE,
	OWN_ACKNOWLEDGED
};

/* A tag that this instance publishes. */
struct own {
	enum own_kind kind;
	uint32_t rule;
	uint32_t tag;
	bool is_queued;
};

struct alarm {
	bool is_active;
	ew_time since;
	char by[ACK_MAX + 1];           /* who acknowledged; "": nobody yet */
};

struct rules {
	struct ew_instance *inst;
	const struct rules_settings *settings;
	struct model *model;
	struct engine engine;
	struct ew_timer *timer;         /* what is due */
	struct ew_timer *health;        /* say how we are, once it is quiet */
	ew_dur timer_at;
	uint32_t device;

	struct input *inputs;
	struct output *outputs;
	struct use *uses;
	uint32_t use_count, use_room;
	struct names tags;              /* `device:tag` to its first use */
	uint32_t *first_use;            /* of a tag id, from 1; 0: none */
	uint32_t tag_room;

	struct own *owns;
	uint32_t own_count;
	uint32_t *first_own;            /* of a rule, among owns; one more than rules */
	uint32_t *queued;               /* owns to be published */
	uint32_t queued_count;
	struct alarm *alarms;           /* one a rule */
	struct bytes body;              /* of the event that is made now */
	bool *was_true;                 /* condition of each rule, as actions know it */

	uint32_t *dirty;                /* outputs to be looked at */
	uint32_t dirty_count;
	uint64_t runs;                  /* not counted yet */
	bool is_started;
	bool is_health_due;
};

/* ---- rules.c ---- */

/* Do all that follows from what was put into the engine. */
void rules_settle(struct rules *rules, ew_dur now);
void rules_soon_health(struct rules *rules);

/* ---- tags.c: names of others' tags to our ends ---- */

int tags_make(struct rules *rules);
int tags_want(struct rules *rules);
uint32_t tags_use(const struct rules *rules, uint32_t tag);
int tags_own(struct rules *rules, uint32_t tag, uint32_t own);
void tags_on_tag(void *self, enum ew_change change, const struct ew_tag_info *info);
void tags_on_device(void *self, enum ew_change change, const struct ew_device_info *info);
struct lang_value tags_value(const struct ew_sample *sample);

/* ---- act.c: outputs ---- */

void act_mark(struct rules *rules, uint32_t output);
void act_mark_rule(struct rules *rules, uint32_t rule);
void act_run(struct rules *rules, ew_dur now);
void act_on_answer(void *self, const struct ew_write_answer *answer);

/*
 * Who has the say over an output now; -1: nobody. Shadows have none. Nobody has
 * it while an interlock of the output still waits for its first good inputs.
 */
int act_winner(const struct rules *rules, uint32_t output);

/* Who would have it if shadows wrote. */
int act_shadow(const struct rules *rules, uint32_t output);

/* What a writer wants to write. */
struct lang_value act_value(const struct rules *rules, uint32_t writer);

/* ---- own.c: our own tags ---- */

int own_declare(struct rules *rules);
void own_queue(struct rules *rules, uint32_t rule, enum own_kind kind);
void own_queue_all(struct rules *rules);
void own_publish(struct rules *rules);
void own_on_write(void *self, struct ew_write *write);

/* ---- report.c: what an operator is told ---- */

extern const struct ew_question report_questions[];

/* ---- alarm.c: alarms and events ---- */

void alarm_look(struct rules *rules, uint32_t rule);
/* What a writer in shadow would write. */
void alarm_shadow(struct rules *rules, uint32_t writer, double value);
void alarm_acknowledge(struct rules *rules, uint32_t rule, const char *by, size_t size);

#endif
