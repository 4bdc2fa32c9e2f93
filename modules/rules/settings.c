/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables of rules. */
#include "modules/rules/settings.h"

static const char *const settings_types[] = { "any", "number", "bool", NULL };
static const char *const settings_severities[] = {
	"info", "notice", "warning", "alarm", "critical", NULL
};

static const struct ew_option input_options[] = {
	EW_RAW_OPTION(struct input_settings, tag, .flags = EW_REQUIRED,
		      .help = "the tag, DEVICE:TAG"),
	EW_OPTION(struct input_settings, unit,
		  .help = "its unit, a UCUM code; a tag with another one is not taken"),
	EW_ENUM_OPTION(struct input_settings, type, settings_types, .fallback = "any",
		       .help = "what it is; any: what its first use says"),
	EW_DURATION_OPTION(struct input_settings, stale, .min = "1ms",
			   .help = "a value older than this is bad; else the tag's max_age"),
	EW_OPTION_END
};

static const struct ew_option write_options[] = {
	EW_RAW_OPTION(struct write_settings, to, .flags = EW_REQUIRED,
		      .help = "the tag that is written, DEVICE:TAG"),
	EW_RAW_OPTION(struct write_settings, value,
		      .help = "expression: what is written; else the value of the rule"),
	EW_RAW_OPTION(struct write_settings, fail_safe, .flags = EW_REQUIRED,
		      .help = "written when the lease ends unrenewed"),
	EW_DURATION_OPTION(struct write_settings, lease, .fallback = "2s", .min = "30ms",
			   .max = "1h", .help = "how long a write holds; renewed in thirds of it"),
	EW_OPTION(struct write_settings, priority, .max = "14",
		  .set = EW_SET_IN(struct write_settings, has_priority),
		  .help = "0 to 14; else 5, and 12 for an interlock; the highest wins"),
	EW_DURATION_OPTION(struct write_settings, min_interval, .fallback = "0s",
			   .help = "least time between two different values"),
	EW_OPTION(struct write_settings, deadband, .fallback = "0", .min = "0",
		  .help = "a change that is not larger is not written"),
	EW_OPTION(struct write_settings, heartbeat,
		  .help = "a tag of the same device that is counted up with each renewal"),
	EW_OPTION_END
};

static const struct ew_option alarm_options[] = {
	EW_ENUM_OPTION(struct alarm_settings, severity, settings_severities, .fallback = "alarm",
		       .help = "how bad it is"),
	EW_OPTION(struct alarm_settings, text, .help = "what it means, for people"),
	EW_OPTION_END
};

static const struct ew_option event_options[] = {
	EW_OPTION(struct event_settings, kind, .fallback = "rule.fired", .help = "of the event"),
	EW_ENUM_OPTION(struct event_settings, severity, settings_severities, .fallback = "info",
		       .help = "how bad it is"),
	EW_OPTION(struct event_settings, text, .help = "what it means, for people"),
	EW_OPTION_END
};

static const struct ew_option pid_options[] = {
	EW_RAW_OPTION(struct pid_settings, input, .flags = EW_REQUIRED,
		      .help = "expression: what is measured"),
	EW_RAW_OPTION(struct pid_settings, setpoint, .flags = EW_REQUIRED,
		      .help = "expression; a constant may be written as RULE/Setpoint"),
	EW_OPTION(struct pid_settings, gain, .flags = EW_REQUIRED,
		  .help = "output for each unit of the error; negative: more output, less input"),
	EW_DURATION_OPTION(struct pid_settings, integral, .fallback = "0s",
			   .help = "integral time; 0s: none"),
	EW_DURATION_OPTION(struct pid_settings, derivative, .fallback = "0s",
			   .help = "derivative time, on the measurement; 0s: none"),
	EW_OPTION(struct pid_settings, low, .flags = EW_REQUIRED, .help = "least output"),
	EW_OPTION(struct pid_settings, high, .flags = EW_REQUIRED, .help = "most output"),
	EW_OPTION(struct pid_settings, slew, .fallback = "0", .min = "0",
		  .help = "most change of the output a second; 0: any"),
	EW_OPTION(struct pid_settings, start, .set = EW_SET_IN(struct pid_settings, has_start),
		  .help = "first output; else the least"),
	EW_DURATION_OPTION(struct pid_settings, every, .fallback = "100ms", .min = "1ms",
			   .help = "time between two steps"),
	EW_OPTION_END
};

static const struct ew_option rule_options[] = {
	EW_RAW_OPTION(struct rule_settings, value, .help = "expression: the value of the rule"),
	EW_RAW_OPTION(struct rule_settings, when,
		      .help = "expression: the condition; with 'value' or 'pid', when it acts"),
	EW_RAW_OPTION(struct rule_settings, interlock,
		      .help = "expression: holds its outputs while true, or not known"),
	EW_TABLE_OPTION(struct rule_settings, pid, pid_options,
			.set = EW_SET_IN(struct rule_settings, has_pid),
			.help = "a controller; its output is the value of the rule"),
	EW_OPTION(struct rule_settings, unit, .help = "of the value, a UCUM code"),
	EW_OPTION(struct rule_settings, description, .help = "what the rule is for"),
	EW_OPTION(struct rule_settings, publish,
		  .set = EW_SET_IN(struct rule_settings, has_publish),
		  .help = "the value is a tag; by default of rules with 'value' or 'pid'"),
	EW_OPTION(struct rule_settings, shadow, .help = "compute and report, never write"),
	EW_TABLES_OPTION(struct rule_settings, writes, write_count, struct write_settings,
			 write_options, .name = "write", .help = "outputs; one, or a list"),
	EW_TABLE_OPTION(struct rule_settings, alarm, alarm_options,
			.set = EW_SET_IN(struct rule_settings, has_alarm),
			.help = "raised while the condition is true: the tags Alarms/RULE/..."),
	EW_TABLE_OPTION(struct rule_settings, event, event_options,
			.set = EW_SET_IN(struct rule_settings, has_event),
			.help = "published when the condition becomes true"),
	EW_OPTION_END
};

const struct ew_option rules_options[] = {
	EW_OPTION(struct rules_settings, device,
		  .help = "path of the device with the rules' own tags; else the instance's name"),
	EW_OPTION(struct rules_settings, shadow, .help = "no rule writes"),
	EW_TABLE_MAP_OPTION(struct rules_settings, inputs, input_count, struct input_settings,
			    name, input_options, .flags = EW_SHORT,
			    .help = "names for tags; what expressions are made of"),
	EW_TABLE_MAP_OPTION(struct rules_settings, rules, rule_count, struct rule_settings, name,
			    rule_options, .help = "the rules"),
	EW_OPTION_END
};
