/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule says besides writing: its alarm while the condition is true, its
 * event when the condition becomes true. A condition that is not known changes
 * neither.
 */
#include <stdio.h>
#include <string.h>

#include "modules/rules/rules.h"

#define BODY_MAX  1024

/* Append as JSON text; what does not fit is left out. */
static size_t body_text(char *out, size_t used, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	if (used + 3 < BODY_MAX) {
		out[used++] = '"';
	}
	for (; *text != '\0' && used + 8 < BODY_MAX; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			out[used++] = '\\';
			out[used++] = (char)c;
		} else if (c < 0x20) {
			memcpy(out + used, "\\u00", 4);
			out[used + 4] = digits[c >> 4];
			out[used + 5] = digits[c & 15];
			used += 6;
		} else {
			out[used++] = (char)c;
		}
	}
	out[used++] = '"';
	out[used] = '\0';
	return used;
}

static size_t body_key(char *out, size_t used, const char *key, const char *text)
{
	out[used] = used == 0 ? '{' : ',';
	used++;
	used = body_text(out, used, key);
	out[used++] = ':';
	return body_text(out, used, text);
}

static void alarm_say(struct rules *rules, uint32_t rule, const char *kind, int severity,
		      const char *text)
{
	const struct rule_settings *settings = rules->model->rules[rule].settings;
	char body[BODY_MAX + 2];
	struct ew_event event = {
		.size = sizeof(event), .kind = kind, .severity = (enum ew_severity)severity,
		.device = rules->device, .key = settings->name, .body = body,
	};
	size_t used = body_key(body, 0, "rule", settings->name);

	if (text != NULL) {
		used = body_key(body, used, "text", text);
	}
	if (rules->alarms[rule].by[0] != '\0') {
		used = body_key(body, used, "by", rules->alarms[rule].by);
	}
	memcpy(body + used, "}", 2);
	if (ew_event_publish(rules->inst, &event) != 0) {
		ew_metric_add(rules->inst, METRIC_LOST, 1);
	}
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
