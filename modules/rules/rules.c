/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module: its life, its batches, its timer. A batch goes into the engine
 * sample by sample; rules run once behind it, or in between where one input
 * has several samples in it, so that none is missed.
 */
#include "modules/rules/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEALTH_DELAY  (500 * EW_MILLISECOND)
#define TEXT_MAX      300

static const struct ew_metric rules_metrics[METRIC_COUNT] = {
	[METRIC_RUNS] = { .name = "runs_total", .kind = EW_COUNTER,
			  .help = "times that a rule was run" },
	[METRIC_WRITES] = { .name = "writes_total", .kind = EW_COUNTER,
			    .help = "writes sent to outputs" },
	[METRIC_REFUSED] = { .name = "refused_total", .kind = EW_COUNTER,
			     .help = "writes to outputs that were refused or failed" },
	[METRIC_LOST] = { .name = "lost_total", .kind = EW_COUNTER,
			  .help = "own samples and events that could not be published" },
	[METRIC_ALARMS] = { .name = "alarms_active", .kind = EW_GAUGE,
			    .help = "alarms that are raised" },
	[METRIC_MISSING] = { .name = "missing_tags", .kind = EW_GAUGE,
			     .help = "inputs and outputs whose tag is not there" },
};

static int rules_check(const void *arg, struct ew_error *err)
{
	struct model *model = NULL;
	int error = model_new(arg, err, &model);

	model_free(&model);
	return error;
}

/* ---- what follows ---- */

static void rules_on_run(void *arg, uint32_t rule, bool changed)
{
	struct rules *rules = arg;
	const struct rule_settings *settings = rules->model->rules[rule].settings;

	rules->runs++;
	if (changed && rules->model->rules[rule].is_published) {
		own_queue(rules, rule, OWN_VALUE);
	}
	if (rules->model->rules[rule].kind == MODEL_PID) {
		own_queue(rules, rule, OWN_SETPOINT);
	}
	if (settings->has_alarm || settings->has_event) {
		alarm_look(rules, rule);
	}
	if (settings->write_count > 0) {
		act_mark_rule(rules, rule);
	}
}

static void rules_set_timer(struct rules *rules, ew_dur now)
{
	ew_dur next = engine_next(&rules->engine);

	if (next == rules->timer_at) {
		return;
	}
	rules->timer_at = next;
	if (next == AGENDA_NEVER) {
		ew_timer_stop(rules->timer);
	} else {
		ew_timer_set(rules->timer, next > now ? next - now : 0, 0);
	}
}

void rules_settle(struct rules *rules, ew_dur now)
{
	uint32_t output;

	engine_run(&rules->engine, now);
	act_run(rules, now);
	while ((output = engine_due(&rules->engine, now)) != NAMES_NONE) {
		act_mark(rules, output);
	}
	act_run(rules, now);
	if (rules->queued_count > 0 && rules->is_started) {
		own_publish(rules);
	}
	if (rules->runs > 0) {
		ew_metric_add(rules->inst, METRIC_RUNS, (double)rules->runs);
		rules->runs = 0;
	}
	rules_set_timer(rules, now);
}

static void rules_on_timer(void *arg)
{
	struct rules *rules = arg;

	rules->timer_at = AGENDA_NEVER;
	rules_settle(rules, ew_now());
}

/* The values of a device that comes up are read from the view. */
static bool rules_takes(const struct rules *rules, uint32_t index)
{
	const struct input *input = &rules->inputs[index];

	return input->fault == NULL && input->down == EW_REASON_NONE;
}

static void rules_batch(void *self, const struct ew_batch *batch)
{
	struct rules *rules = self;
	ew_dur now = batch->stamped;

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];
		uint32_t at = tags_use(rules, sample->tag);

		if (at == 0 || (sample->flags & EW_HISTORICAL) != 0) {
			continue;
		}
		for (; at != 0; at = rules->uses[at - 1].next) {
			const struct use *use = &rules->uses[at - 1];

			if (use->kind != USE_INPUT || !rules_takes(rules, use->index)) {
				continue;
			}
			if (engine_is_pending(&rules->engine, use->index)) {
				engine_run(&rules->engine, now);
			}
			engine_put(&rules->engine, use->index, tags_value(sample), now);
		}
	}
	rules_settle(rules, ew_now());
}

/* ---- health ---- */

/* The first that is wrong, and how many more are. */
static uint32_t rules_faults(const struct rules *rules, char *text, uint32_t *missing_out)
{
	const struct model *model = rules->model;
	uint32_t faults = 0, missing = 0;

	for (uint32_t i = 0; i < rules->settings->input_count; i++) {
		const struct input *input = &rules->inputs[i];

		if (input->tag != EW_NO_ID && input->fault == NULL) {
			continue;
		}
		missing += input->tag == EW_NO_ID;
		if (faults++ == 0) {
			(void)snprintf(text, TEXT_MAX, "input '%s': tag '%s' %s",
				       rules->settings->inputs[i].name,
				       ew_node_text(rules->settings->inputs[i].tag),
				       input->fault != NULL ? input->fault : "is not there");
		}
	}
	for (uint32_t i = 0; i < model->output_count; i++) {
		const struct output *output = &rules->outputs[i];

		if (output->tag != EW_NO_ID && output->error == 0) {
			continue;
		}
		missing += output->tag == EW_NO_ID;
		if (faults++ == 0) {
			(void)snprintf(text, TEXT_MAX, "output '%s': %s", model->outputs[i].tag,
				       output->tag == EW_NO_ID ? "is not there" : output->text);
		}
	}
	*missing_out = missing;
	return faults;
}

static void rules_on_health(void *arg)
{
	struct rules *rules = arg;
	char text[TEXT_MAX] = "", all[TEXT_MAX + 40];
	uint32_t missing, faults = rules_faults(rules, text, &missing);

	rules->is_health_due = false;
	ew_metric_set(rules->inst, METRIC_MISSING, missing);
	if (faults == 0) {
		ew_health(rules->inst, EW_UP, NULL);
		return;
	}
	if (faults == 1) {
		(void)snprintf(all, sizeof(all), "%s", text);
	} else {
		(void)snprintf(all, sizeof(all), "%s, and %u more", text, faults - 1);
	}
	ew_health(rules->inst, EW_DEGRADED, all);
}

/* Not put off by what happens again and again. */
void rules_soon_health(struct rules *rules)
{
	if (!rules->is_health_due) {
		rules->is_health_due = true;
		ew_timer_set(rules->health, HEALTH_DELAY, 0);
	}
}

/* ---- life ---- */

static void rules_close(void *self)
{
	struct rules *rules = self;

	ew_timer_free(&rules->timer);
	ew_timer_free(&rules->health);
	engine_fini(&rules->engine);
	model_free(&rules->model);
	names_fini(&rules->tags);
	free(rules->inputs);
	free(rules->outputs);
	free(rules->uses);
	free(rules->first_use);
	free(rules->owns);
	free(rules->first_own);
	free(rules->queued);
	free(rules->alarms);
	bytes_free(&rules->body);
	free(rules->was_true);
	free(rules->dirty);
	free(rules);
}

static int rules_allocate(struct rules *rules)
{
	size_t inputs = rules->settings->input_count, count = rules->settings->rule_count;
	size_t outputs = rules->model->output_count;

	rules->inputs = calloc(inputs + 1, sizeof(*rules->inputs));
	rules->outputs = calloc(outputs + 1, sizeof(*rules->outputs));
	rules->owns = calloc(count * (OWN_ACKNOWLEDGED + 1) + 1, sizeof(*rules->owns));
	rules->queued = calloc(count * (OWN_ACKNOWLEDGED + 1) + 1, sizeof(*rules->queued));
	rules->first_own = calloc(count + 2, sizeof(*rules->first_own));
	rules->alarms = calloc(count + 1, sizeof(*rules->alarms));
	rules->was_true = calloc(count + 1, sizeof(*rules->was_true));
	rules->dirty = calloc(outputs + 1, sizeof(*rules->dirty));
	rules->own_count = (uint32_t)(count * (OWN_ACKNOWLEDGED + 1));
	if (rules->inputs == NULL || rules->outputs == NULL || rules->owns == NULL ||
	    rules->queued == NULL || rules->first_own == NULL || rules->alarms == NULL ||
	    rules->was_true == NULL || rules->dirty == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < outputs; i++) {
		rules->outputs[i].writer = -1;
		rules->outputs[i].shadow = -1;
	}
	return tags_make(rules);
}

static int rules_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	int error;

	if (rules == NULL) {
		return -ENOMEM;
	}
	rules->inst = inst;
	rules->settings = settings;
	rules->timer_at = AGENDA_NEVER;
	error = model_new(settings, NULL, &rules->model);
	if (error == 0) {
		error = engine_init(&rules->engine, rules->model, rules->model->output_count);
	}
	if (error == 0) {
		rules->engine.on_run = rules_on_run;
		rules->engine.arg = rules;
		error = rules_allocate(rules);
	}
	if (error == 0) {
		error = ew_timer_new(inst, "due", rules_on_timer, rules, &rules->timer);
	}
	if (error == 0) {
		error = ew_timer_new(inst, "health", rules_on_health, rules, &rules->health);
	}
	if (error == 0) {
		error = own_declare(rules);
	}
	if (error == 0) {
		error = tags_want(rules);
	}
	if (error != 0) {
		rules_close(rules);
		return error;
	}
	*self_out = rules;
	return 0;
}

static int rules_start(void *self)
{
	struct rules *rules = self;
	int error = ew_device_state(rules->inst, rules->device, EW_DEVICE_UP, NULL);

	if (error != 0) {
		return error;
	}
	rules->is_started = true;
	engine_run_all(&rules->engine, ew_now());
	own_queue_all(rules);
	for (uint32_t i = 0; i < rules->model->output_count; i++) {
		act_mark(rules, i);
	}
	rules_settle(rules, ew_now());
	rules_soon_health(rules);
	return 0;
}

static void rules_stop(void *self)
{
	struct rules *rules = self;

	rules->is_started = false;
	ew_timer_stop(rules->timer);
	ew_timer_stop(rules->health);
	ew_stopped(rules->inst);
}

EW_MODULE(
	.name = "rules", .version = "1.0", .flags = EW_NEEDS_VIEW | EW_WANTS_ONLY,
	.summary = "local control: conditions, alarms, derived values, controllers, interlocks",
	.options = rules_options, .settings_size = sizeof(struct rules_settings),
	.metrics = rules_metrics, .metric_count = METRIC_COUNT,
	.check = rules_check,
	.open = rules_open, .start = rules_start, .stop = rules_stop, .close = rules_close,
	.device = tags_on_device, .tag = tags_on_tag, .batch = rules_batch,
	.write = own_on_write, .answered = act_on_answer, .questions = report_questions);
