/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule says besides writing: its alarm while the condition is true, its
 * event when the condition becomes true. A condition that is not known changes
 * neither. In shadow, what it would write is said, too.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/rules.h"
#include "proto/json/json_out.h"
#include "proto/json/number.h"

static void body_begin(struct rules *rules, uint32_t rule)
{
	bytes_cut(&rules->body, 0);
	bytes_text(&rules->body, "{\"rule\":");
	json_out_string(&rules->body, rules->model->rules[rule].settings->name);
}

static void body_text(struct rules *rules, const char *key, const char *text)
{
	bytes_char(&rules->body, ',');
	json_out_string(&rules->body, key);
	bytes_char(&rules->body, ':');
	json_out_string(&rules->body, text);
}

static void event_say(struct rules *rules, uint32_t rule, const char *kind, int severity)
{
	struct ew_event event = {
		.size = sizeof(event), .kind = kind, .severity = (enum ew_severity)severity,
		.device = rules->device, .key = rules->model->rules[rule].settings->name,
	};

	bytes_add(&rules->body, "}", 2);
	event.body = rules->body.at;
	if (rules->body.failed || ew_event_publish(rules->inst, &event) != 0) {
		ew_metric_add(rules->inst, METRIC_LOST, 1);
	}
}

static void alarm_say(struct rules *rules, uint32_t rule, const char *kind, int severity,
		      const char *text)
{
	body_begin(rules, rule);
	if (text != NULL) {
		body_text(rules, "text", text);
	}
	if (rules->alarms[rule].by[0] != '\0') {
		body_text(rules, "by", rules->alarms[rule].by);
	}
	event_say(rules, rule, kind, severity);
}

void alarm_shadow(struct rules *rules, uint32_t writer, double value)
{
	const struct model_writer *of = &rules->model->writers[writer];
	char number[NUMBER_SIZE];

	body_begin(rules, of->rule);
	body_text(rules, "tag", rules->model->outputs[of->output].tag);
	bytes_text(&rules->body, ",\"value\":");
	if (of->type == LANG_BOOL) {
		bytes_text(&rules->body, value != 0.0 ? "true" : "false");
	} else {
		bytes_add(&rules->body, number, number_f64(number, value, false));
	}
	event_say(rules, of->rule, "rule.shadow", EW_SEVERITY_INFO);
}

void alarm_acknowledge(struct rules *rules, uint32_t rule, const char *by, size_t size)
{
	const struct alarm_settings *settings = &rules->model->rules[rule].settings->alarm;
	struct alarm *alarm = &rules->alarms[rule];

	size = size > ACK_MAX ? ACK_MAX : size;
	memcpy(alarm->by, by, size);
	alarm->by[size] = '\0';
	own_queue(rules, rule, OWN_ACKNOWLEDGED);
	alarm_say(rules, rule, "alarm.acknowledged", EW_SEVERITY_NOTICE, settings->text);
}

static void alarm_set(struct rules *rules, uint32_t rule, bool is_active)
{
	const struct alarm_settings *settings = &rules->model->rules[rule].settings->alarm;
	struct alarm *alarm = &rules->alarms[rule];

	alarm->is_active = is_active;
	alarm->since = ew_wall();
	if (is_active) {
		alarm->by[0] = '\0';
		own_queue(rules, rule, OWN_ACKNOWLEDGED);
	}
	own_queue(rules, rule, OWN_ACTIVE);
	own_queue(rules, rule, OWN_SINCE);
	ew_metric_add(rules->inst, METRIC_ALARMS, is_active ? 1 : -1);
	alarm_say(rules, rule, is_active ? "alarm.raised" : "alarm.cleared",
		  is_active ? settings->severity : EW_SEVERITY_INFO, settings->text);
}

void alarm_look(struct rules *rules, uint32_t rule)
{
	const struct rule_settings *settings = rules->model->rules[rule].settings;
	struct lang_value condition = engine_condition(&rules->engine, rule);
	bool is_true = condition.x != 0.0;

	if (lang_is_bad(condition) || is_true == rules->was_true[rule]) {
		return;
	}
	rules->was_true[rule] = is_true;
	if (settings->has_alarm) {
		alarm_set(rules, rule, is_true);
	}
	if (settings->has_event && is_true) {
		alarm_say(rules, rule, settings->event.kind, settings->event.severity,
			  settings->event.text);
	}
}
