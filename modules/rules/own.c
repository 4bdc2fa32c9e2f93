/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags that the rules publish, on one device: the value of a rule as
 * RULE, a controller's RULE/Setpoint and RULE/Auto, an alarm's Alarms/RULE/...
 * What changed is queued and goes out in one batch.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/rules.h"

static const struct own_row {
	const char *before, *behind;    /* the rule's name, in that of the tag */
	unsigned type;
	const char *about;
} rows[] = {
	[OWN_VALUE] = { "", "", EW_TYPE_F64, NULL },
	[OWN_SETPOINT] = { "", "/Setpoint", EW_TYPE_F64, "set point of the controller" },
	[OWN_AUTO] = { "", "/Auto", EW_TYPE_BOOL, "automatic; else the output is written by hand" },
	[OWN_ACTIVE] = { "Alarms/", "/Active", EW_TYPE_BOOL, NULL },
	[OWN_SEVERITY] = { "Alarms/", "/Severity", EW_TYPE_U8, "0 info to 4 critical" },
	[OWN_SINCE] = { "Alarms/", "/Since", EW_TYPE_TIME, "when it was raised or cleared" },
	[OWN_ACKNOWLEDGED] = { "Alarms/", "/Acknowledged", EW_TYPE_TEXT,
			       "by whom; write a name" },
};

static bool own_may_set_point(const struct model_rule *rule)
{
	return rule->programs[rule->setpoint].program->is_constant;
}

static bool own_wants(const struct model_rule *rule, enum own_kind kind)
{
	switch (kind) {
	case OWN_VALUE:
		return rule->is_published;
	case OWN_SETPOINT:
	case OWN_AUTO:
		return rule->kind == MODEL_PID;
	case OWN_ACTIVE:
	case OWN_SEVERITY:
	case OWN_SINCE:
	case OWN_ACKNOWLEDGED:
		break;
	}
	return rule->settings->has_alarm;
}

static bool own_is_writable(const struct model_rule *rule, enum own_kind kind)
{
	return kind == OWN_AUTO || kind == OWN_ACKNOWLEDGED ||
	       (kind == OWN_SETPOINT && own_may_set_point(rule)) ||
	       (kind == OWN_VALUE && rule->kind == MODEL_PID);
}

static int own_declare_one(struct rules *rules, uint32_t index, enum own_kind kind)
{
	const struct model_rule *rule = &rules->model->rules[index];
	const struct rule_settings *settings = rule->settings;
	const struct lang_symbol *symbol = &rules->model->symbols[model_source(rules->model,
									       index)];
	struct own *own = &rules->owns[rules->own_count];
	char name[EW_NAME_MAX + 1];
	struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name, .type = rows[kind].type,
		.access = EW_ACCESS_READ, .description = rows[kind].about,
		.max_bytes = kind == OWN_ACKNOWLEDGED ? ACK_MAX : 0,
	};
	int error;

	(void)snprintf(name, sizeof(name), "%s%s%s", rows[kind].before, settings->name,
		       rows[kind].behind);
	if (kind == OWN_VALUE) {
		spec.type = symbol->type == LANG_BOOL ? EW_TYPE_BOOL : EW_TYPE_F64;
		spec.unit = settings->unit;
		spec.description = settings->description;
	}
	if (kind == OWN_ACTIVE) {
		spec.description = settings->alarm.text;
	}
	if (kind == OWN_VALUE && rule->kind == MODEL_PID) {
		spec.low = settings->pid.low;
		spec.high = settings->pid.high;
	}
	if (own_is_writable(rule, kind)) {
		spec.access |= EW_ACCESS_WRITE;
	}
	error = ew_tag_declare(rules->inst, rules->device, &spec, &own->tag);
	if (error == 0 && own_is_writable(rule, kind)) {
		error = tags_own(rules, own->tag, rules->own_count);
	}
	own->kind = kind;
	own->rule = index;
	rules->own_count++;
	return error;
}

int own_declare(struct rules *rules)
{
	const char *path = rules->settings->device;
	struct ew_device_spec device = {
		.size = sizeof(device), .type = "rules",
		.path = path != NULL ? path : ew_name(rules->inst),
	};
	int error = ew_device_declare(rules->inst, &device, &rules->device);

	rules->own_count = 0;
	for (uint32_t i = 0; error == 0 && i < rules->settings->rule_count; i++) {
		rules->first_own[i] = rules->own_count;
		for (unsigned kind = 0; kind <= OWN_ACKNOWLEDGED; kind++) {
			if (error == 0 && own_wants(&rules->model->rules[i],
						    (enum own_kind)kind)) {
				error = own_declare_one(rules, i, (enum own_kind)kind);
			}
		}
	}
	rules->first_own[rules->settings->rule_count] = rules->own_count;
	return error;
}

/* ---- publishing ---- */

void own_queue(struct rules *rules, uint32_t rule, enum own_kind kind)
{
	for (uint32_t i = rules->first_own[rule]; i < rules->first_own[rule + 1]; i++) {
		if (rules->owns[i].kind == kind && !rules->owns[i].is_queued) {
			rules->owns[i].is_queued = true;
			rules->queued[rules->queued_count++] = i;
		}
	}
}

void own_queue_all(struct rules *rules)
{
	for (uint32_t i = 0; i < rules->own_count; i++) {
		own_queue(rules, rules->owns[i].rule, rules->owns[i].kind);
	}
}

static struct ew_sample own_number(uint32_t tag, struct lang_value value, bool is_truth)
{
	struct ew_sample sample;

	if (lang_is_bad(value)) {
		sample = ew_sample_none(tag, 0);
	} else if (is_truth) {
		sample = ew_sample_bool(tag, 0, value.x != 0.0);
	} else {
		sample = ew_sample_f64(tag, 0, value.x);
	}
	sample.quality = value.quality;
	return sample;
}

static struct ew_sample own_sample(const struct rules *rules, const struct own *own)
{
	const struct engine_rule *rule = &rules->engine.rules[own->rule];
	const struct alarm *alarm = &rules->alarms[own->rule];
	uint32_t source = model_source(rules->model, own->rule);

	switch (own->kind) {
	case OWN_VALUE:
		return own_number(own->tag, engine_result(&rules->engine, own->rule),
				  rules->model->symbols[source].type == LANG_BOOL);
	case OWN_SETPOINT:
		return own_number(own->tag, rule->setpoint.quality == 0 && rule->runs == 0
				  ? lang_bad(EW_REASON_NO_VALUE) : rule->setpoint, false);
	case OWN_AUTO:
		return ew_sample_bool(own->tag, 0, rule->pid.is_auto);
	case OWN_ACTIVE:
		return ew_sample_bool(own->tag, 0, alarm->is_active);
	case OWN_SEVERITY:
		return ew_sample_u64(own->tag, 0, (uint64_t)
				     rules->model->rules[own->rule].settings->alarm.severity);
	case OWN_SINCE:
		return ew_sample_i64(own->tag, 0, alarm->since);
	case OWN_ACKNOWLEDGED:
		break;
	}
	return ew_sample_text(own->tag, 0, alarm->by, (uint32_t)strlen(alarm->by));
}

void own_publish(struct rules *rules)
{
	struct ew_sample samples[256];
	uint32_t done = 0;

	while (done < rules->queued_count) {
		uint32_t count = 0;

		while (count < 256 && done < rules->queued_count) {
			struct own *own = &rules->owns[rules->queued[done++]];

			own->is_queued = false;
			samples[count++] = own_sample(rules, own);
		}
		if (ew_publish(rules->inst, samples, count, NULL) != 0) {
			ew_metric_add(rules->inst, METRIC_LOST, count);
		}
	}
	rules->queued_count = 0;
}

/* ---- what others write ---- */

static int own_set(struct rules *rules, const struct own *own, const struct ew_write *write,
		   const struct ew_sample *item)
{
	struct engine_rule *rule = &rules->engine.rules[own->rule];
	const char *by = *write->remote != '\0' ? write->remote : write->origin;

	switch (own->kind) {
	case OWN_SETPOINT:
		if (item->type != EW_F64 || !isfinite(item->v.f)) {
			return -EINVAL;
		}
		rule->setpoint = lang_good(item->v.f);
		rule->has_setpoint = true;
		break;
	case OWN_AUTO:
		if (item->type != EW_BOOL) {
			return -EINVAL;
		}
		pid_set_auto(&rule->pid, item->v.b);
		break;
	case OWN_VALUE:
		if (rule->pid.is_auto) {
			return -EBUSY;
		}
		if (item->type != EW_F64 || !isfinite(item->v.f)) {
			return -EINVAL;
		}
		pid_set_output(&rule->pid, item->v.f);
		break;
	case OWN_ACKNOWLEDGED:
		if (item->type != EW_TEXT) {
			return -EINVAL;
		}
		if (item->v.x.size > 0) {
			alarm_acknowledge(rules, own->rule, item->v.x.at, item->v.x.size);
		} else {
			alarm_acknowledge(rules, own->rule, by, strlen(by));
		}
		return 0;
	default:
		return -EACCES;
	}
	own_queue(rules, own->rule, own->kind);
	engine_touch(&rules->engine, own->rule);
	return 0;
}

static void own_answer(struct rules *rules, struct ew_write **write)
{
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];

	for (size_t i = 0; i < (*write)->count; i++) {
		uint32_t use = tags_use(rules, (*write)->items[i].tag);
		int error = -ENOENT;

		if (use != 0 && rules->uses[use - 1].kind == USE_OWN) {
			error = own_set(rules, &rules->owns[rules->uses[use - 1].index], *write,
					&(*write)->items[i]);
		}
		status[i].result = error == 0 ? EW_WRITE_DONE : EW_WRITE_REFUSED;
		status[i].error = error;
	}
	(void)ew_write_done(rules->inst, write, status); /* too late is core's to tell */
}

void own_on_write(void *self, struct ew_write *write)
{
	struct rules *rules = self;

	if (write->op == EW_WRITE_SET && write->count != 1) {
		/* all or none cannot be kept among controllers: one at a time */
		(void)ew_write_refuse(rules->inst, &write, -ENOTSUP); /* too late is core's */
		return;
	}
	switch (write->op) {
	case EW_WRITE_SET:
		own_answer(rules, &write);
		break;
	case EW_WRITE_REFRESH:
		own_queue_all(rules);
		(void)ew_write_done(rules->inst, &write, NULL); /* the same */
		break;
	case EW_WRITE_EXECUTE:
		(void)ew_write_refuse(rules->inst, &write, -ENOTSUP); /* the same */
		break;
	}
	rules_settle(rules, ew_now());
}
