/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs. Of those who write to one the highest priority that has something
 * to say wins; its value goes out with a lease and is renewed in thirds of it.
 * A value that is bad is not written: the lease runs out, and core writes the
 * fail-safe value. One write at a time is under way.
 *
 * The first write to an output is its fail-safe value: whatever a process
 * before this one left there is not what the rules meant.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/rules.h"

#define TOKEN_OUTPUT     0u
#define TOKEN_HEARTBEAT  1u

static const struct write_settings *act_settings(const struct rules *rules, int writer)
{
	const struct model_writer *of = &rules->model->writers[writer];

	return &rules->model->rules[of->rule].settings->writes[of->write];
}

struct lang_value act_value(const struct rules *rules, uint32_t writer)
{
	const struct model_writer *of = &rules->model->writers[writer];

	return of->program < 0 ? engine_result(&rules->engine, of->rule)
			       : engine_program(&rules->engine, of->rule, (uint32_t)of->program);
}

/* Whether a rule has something to say about its outputs. What it cannot know holds. */
static bool act_claims(const struct rules *rules, uint32_t rule)
{
	struct lang_value condition = engine_condition(&rules->engine, rule);

	if (!rules->engine.rules[rule].is_armed) {
		return false;
	}
	if (lang_is_bad(condition)) {
		return rules->model->rules[rule].kind != MODEL_WHEN;
	}
	return condition.x != 0.0;
}

static const struct model_rule *act_rule(const struct rules *rules, uint32_t writer)
{
	return &rules->model->rules[rules->model->writers[writer].rule];
}

int act_winner(const struct rules *rules, uint32_t output)
{
	const struct model_output *of = &rules->model->outputs[output];

	for (uint32_t i = 0; i < of->writer_count; i++) {
		uint32_t writer = of->writers[i], rule = rules->model->writers[writer].rule;

		if (act_rule(rules, writer)->is_shadow) {
			continue;
		}
		if (act_claims(rules, rule)) {
			return (int)writer;
		}
		if (act_rule(rules, writer)->kind == MODEL_INTERLOCK &&
		    !rules->engine.rules[rule].is_armed) {
			return -1;
		}
	}
	return -1;
}

int act_shadow(const struct rules *rules, uint32_t output)
{
	const struct model_output *of = &rules->model->outputs[output];

	for (uint32_t i = 0; i < of->writer_count; i++) {
		if (act_claims(rules, rules->model->writers[of->writers[i]].rule)) {
			return (int)of->writers[i];
		}
	}
	return -1;
}

/* Who has the least say of those that write; -1: all are shadows. */
static int act_last(const struct rules *rules, uint32_t output)
{
	const struct model_output *of = &rules->model->outputs[output];

	for (uint32_t i = of->writer_count; i-- > 0;) {
		if (!act_rule(rules, of->writers[i])->is_shadow) {
			return (int)of->writers[i];
		}
	}
	return -1;
}

void act_mark(struct rules *rules, uint32_t output)
{
	if (!rules->outputs[output].is_dirty) {
		rules->outputs[output].is_dirty = true;
		rules->dirty[rules->dirty_count++] = output;
	}
}

void act_mark_rule(struct rules *rules, uint32_t rule)
{
	const struct model_rule *of = &rules->model->rules[rule];

	for (uint32_t i = 0; i < of->settings->write_count; i++) {
		act_mark(rules, rules->model->writers[of->first_writer + i].output);
	}
}

/* ---- sending ---- */

/* A number in the carrier of the tag. -EINVAL: it has no place there. */
static int act_sample(uint32_t tag, enum ew_carrier carrier, enum lang_type type, double x,
		      struct ew_sample *sample_out)
{
	if ((type == LANG_BOOL) != (carrier == EW_BOOL)) {
		return -EINVAL;
	}
	switch (carrier) {
	case EW_BOOL:
		*sample_out = ew_sample_bool(tag, 0, x != 0.0);
		return 0;
	case EW_I64:
		if (!(fabs(x) < 9.2e18)) {
			return -ERANGE;
		}
		*sample_out = ew_sample_i64(tag, 0, (int64_t)llround(x));
		return 0;
	case EW_U64:
		x = round(x);
		if (!(x >= 0.0 && x < 1.8e19)) {
			return -ERANGE;
		}
		*sample_out = ew_sample_u64(tag, 0, (uint64_t)x);
		return 0;
	case EW_F64:
		*sample_out = ew_sample_f64(tag, 0, x);
		return 0;
	default:
		return -EINVAL;
	}
}

static void act_fail(struct rules *rules, struct output *output, int error, const char *text)
{
	output->error = error;
	output->refusals++;
	ew_metric_add(rules->inst, METRIC_REFUSED, 1);
	(void)snprintf(output->text, sizeof(output->text), "%s", text); /* cut is fine */
	rules_soon_health(rules);
}

/*
 * Before the value: a device that went safe takes a heartbeat first. Not with
 * each value of a controller: in thirds of the lease is enough.
 */
static void act_beat(struct rules *rules, uint32_t index, ew_dur every)
{
	struct output *output = &rules->outputs[index];
	struct ew_sample sample;
	struct ew_write_request request = {
		.size = sizeof(request), .op = EW_WRITE_SET, .items = &sample, .count = 1,
		.priority = EW_PRIORITY_RULE, .timeout = EW_SECOND,
		.token = 2 * (uint64_t)index + TOKEN_HEARTBEAT,
	};
	double beat = (double)(output->beats % 100 + 1); /* never 0: that releases a watchdog */

	if (output->heartbeat == EW_NO_ID ||
	    (output->beats > 0 && rules->engine.now - output->beat_at < every)) {
		return;
	}
	output->beats++;
	output->beat_at = rules->engine.now;
	if (act_sample(output->heartbeat, output->heartbeat_carrier, LANG_NUMBER, beat,
		       &sample) != 0 || ew_write(rules->inst, &request) != 0) {
		act_fail(rules, output, -EIO, "the heartbeat cannot be written");
	}
}

/* lease 0: the fail-safe value before all others. */
static void act_send(struct rules *rules, uint32_t index, int writer, double x, ew_dur lease)
{
	const struct model_writer *of = &rules->model->writers[writer];
	struct output *output = &rules->outputs[index];
	const char *rule = act_rule(rules, (uint32_t)writer)->settings->name;
	char first[EW_NAME_MAX + 32];
	struct ew_sample sample, safe;
	struct ew_write_request request = {
		.size = sizeof(request), .op = EW_WRITE_SET, .items = &sample, .count = 1,
		.priority = of->priority, .timeout = act_settings(rules, writer)->lease,
		.lease = lease, .fail_safe = lease > 0 ? &safe : NULL,
		.remote = lease > 0 ? rule : first,
		.token = 2 * (uint64_t)index + TOKEN_OUTPUT,
	};
	int error = act_sample(output->tag, output->carrier, of->type, x, &sample);

	if (lease == 0) {
		(void)snprintf(first, sizeof(first), "%s, fail-safe before all else", rule);
	}
	if (error == 0) {
		error = act_sample(output->tag, output->carrier, of->type, of->fail_safe, &safe);
	}
	if (error == 0 && lease > 0) {
		act_beat(rules, index, lease / 3);
	}
	if (error == 0) {
		error = ew_write(rules->inst, &request);
	}
	output->sent_at = rules->engine.now;
	if (error != 0) {
		act_fail(rules, output, error, error == -EINVAL ? "the tag is of another type"
			 : error == -ERANGE ? "the value does not fit the tag" : strerror(-error));
		return;
	}
	output->is_in_flight = true;
	output->writes++;
	output->writer = writer;
	output->sent = x;
	output->is_holding = lease > 0;
	ew_metric_add(rules->inst, METRIC_WRITES, 1);
}

/* ---- deciding ---- */

static void act_release(struct rules *rules, struct output *output)
{
	if (output->is_holding) {
		/* a tag that is gone has no lease; the others' turn comes when they write */
		(void)ew_lease_end(rules->inst, output->tag);
	}
	output->is_holding = false;
	output->writer = -1;
	output->error = 0;
	(void)snprintf(output->text, sizeof(output->text), "nobody wants to write");
}

static void act_write(struct rules *rules, uint32_t index, int writer, double x)
{
	const struct write_settings *settings = act_settings(rules, writer);
	struct output *output = &rules->outputs[index];
	ew_dur now = rules->engine.now, renew = settings->lease / 3;
	bool same_writer = output->writer == writer && output->is_holding;
	bool differs = !same_writer || fabs(x - output->sent) > settings->deadband;
	bool may_move = !same_writer || now - output->moved_at >= settings->min_interval;
	bool is_due = now - output->sent_at >= renew || output->sent_at == 0;
	ew_dur next;

	if (output->error != 0 && !is_due) {
		engine_ask(&rules->engine, index, output->sent_at + renew);
		return;
	}
	if (differs && may_move) {
		output->moved_at = now;
		act_send(rules, index, writer, x, settings->lease);
	} else if (is_due) {
		act_send(rules, index, writer, differs ? output->sent : x, settings->lease);
	}
	next = output->sent_at + renew;
	if (differs && !may_move && output->moved_at + settings->min_interval < next) {
		next = output->moved_at + settings->min_interval;
	}
	engine_ask(&rules->engine, index, next);
}

/* What is to be written; bad also when only an interlock may act without knowing. */
static struct lang_value act_intent(const struct rules *rules, uint32_t writer)
{
	uint32_t rule = rules->model->writers[writer].rule;
	struct lang_value condition = engine_condition(&rules->engine, rule);

	if (lang_is_bad(condition) && rules->model->rules[rule].kind != MODEL_INTERLOCK) {
		return condition;
	}
	return act_value(rules, writer);
}

/* What a shadow would write now, if it had the say, is an event; at most one a second. */
static void act_look_at_shadow(struct rules *rules, uint32_t index)
{
	struct output *output = &rules->outputs[index];
	int writer = act_shadow(rules, index);
	struct lang_value value;

	if (writer < 0 || !act_rule(rules, (uint32_t)writer)->is_shadow) {
		output->shadow = -1;
		return;
	}
	value = act_intent(rules, (uint32_t)writer);
	if (lang_is_bad(value) ||
	    (writer == output->shadow &&
	     fabs(value.x - output->shadow_value) <= act_settings(rules, writer)->deadband)) {
		return;
	}
	if (output->shadow >= 0 && rules->engine.now - output->shadow_at < EW_SECOND) {
		if (act_last(rules, index) < 0) {
			engine_ask(&rules->engine, index, output->shadow_at + EW_SECOND);
		}
		return; /* else the next run of a rule of this output comes back to it */
	}
	output->shadow = writer;
	output->shadow_value = value.x;
	output->shadow_at = rules->engine.now;
	alarm_shadow(rules, (uint32_t)writer, value.x);
}

static void act_look(struct rules *rules, uint32_t index)
{
	struct output *output = &rules->outputs[index];
	int last = act_last(rules, index), writer;
	struct lang_value value;

	if (output->tag == EW_NO_ID || output->is_in_flight || !rules->is_started) {
		return;
	}
	act_look_at_shadow(rules, index);
	if (last < 0) {
		return;
	}
	writer = act_winner(rules, index);
	if (!output->is_greeted) {
		output->is_greeted = true;
		act_send(rules, index, last, rules->model->writers[last].fail_safe, 0);
		engine_ask(&rules->engine, index, rules->engine.now + EW_SECOND);
		return;
	}
	if (writer < 0) {
		act_release(rules, output);
		return;
	}
	value = act_intent(rules, (uint32_t)writer);
	if (output->is_holding &&
	    rules->engine.now - output->sent_at >= act_settings(rules, output->writer)->lease) {
		output->is_holding = false;
	}
	if (lang_is_bad(value)) {
		(void)snprintf(output->text, sizeof(output->text),
			       "its value is bad: not written, fail-safe follows");
		return;
	}
	act_write(rules, index, writer, value.x);
}

void act_run(struct rules *rules, ew_dur now)
{
	rules->engine.now = now > rules->engine.now ? now : rules->engine.now;
	for (uint32_t i = 0; i < rules->dirty_count; i++) {
		rules->outputs[rules->dirty[i]].is_dirty = false;
		act_look(rules, rules->dirty[i]);
	}
	rules->dirty_count = 0;
}

void act_on_answer(void *self, const struct ew_write_answer *answer)
{
	struct rules *rules = self;
	uint32_t index = (uint32_t)(answer->token / 2);
	struct output *output = &rules->outputs[index];
	const struct ew_write_status *status = &answer->status[0];

	if (answer->token % 2 == TOKEN_HEARTBEAT) {
		if (status->result != EW_WRITE_DONE) {
			act_fail(rules, output, status->error, answer->text);
		}
		return;
	}
	output->is_in_flight = false;
	if (status->result == EW_WRITE_DONE) {
		if (output->error != 0) {
			rules_soon_health(rules);
		}
		output->error = 0;
		(void)snprintf(output->text, sizeof(output->text), "%s", "done");
	} else {
		act_fail(rules, output, status->error != 0 ? status->error : -EIO, answer->text);
	}
	act_mark(rules, index);
	rules_settle(rules, ew_now());
}
