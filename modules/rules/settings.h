/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What YAML says of an instance of rules: the structs that core fills from the
 * tables in settings.c. Expressions stay pieces of YAML, so that their faults
 * can be told at their place.
 */
#ifndef MODULES_RULES_SETTINGS_H
#define MODULES_RULES_SETTINGS_H

#include <edgeway/module.h>

enum settings_type {
	SETTINGS_ANY,
	SETTINGS_NUMBER,
	SETTINGS_BOOL
};

struct input_settings {
	const char *name;
	const struct ew_node *tag;      /* device:tag */
	const char *unit;               /* NULL: not checked */
	int type;                       /* enum settings_type */
	ew_dur stale;                   /* 0: as the tag's max_age, or never */
};

struct write_settings {
	const struct ew_node *to;       /* device:tag */
	const struct ew_node *value;    /* NULL: the rule's */
	const struct ew_node *fail_safe;
	ew_dur lease;
	uint64_t priority;
	bool has_priority;
	ew_dur min_interval;
	double deadband;
	const char *heartbeat;          /* device:tag, or NULL */
};

struct alarm_settings {
	int severity;                   /* enum ew_severity */
	const char *text;
};

struct event_settings {
	const char *kind;
	int severity;
	const char *text;
};

struct pid_settings {
	const struct ew_node *input;
	const struct ew_node *setpoint;
	double gain;
	ew_dur integral;                /* 0: none */
	ew_dur derivative;              /* 0: none */
	double low, high;
	double slew;                    /* a second; 0: any */
	double start;
	bool has_start;
	ew_dur every;
};

struct rule_settings {
	const char *name;
	const char *description;
	const struct ew_node *value;
	const struct ew_node *when;
	const struct ew_node *interlock;
	struct pid_settings pid;
	bool has_pid;
	const char *unit;               /* of the published value */
	bool publish;
	bool has_publish;
	bool shadow;
	const struct write_settings *writes;
	size_t write_count;
	struct alarm_settings alarm;
	bool has_alarm;
	struct event_settings event;
	bool has_event;
};

struct rules_settings {
	const char *device;             /* NULL: as the instance */
	bool shadow;
	const struct input_settings *inputs;
	size_t input_count;
	const struct rule_settings *rules;
	size_t rule_count;
};

extern const struct ew_option rules_options[];

#endif
