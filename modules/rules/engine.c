/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules have ranks, those that are named before those that name them. The set
 * of rules to run is a bit a rank and is worked off upwards, once: running a
 * rule can only concern higher ones.
 */
#include "modules/rules/engine.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_MAX  4   /* runs of one rule at one time: edges want a second */

static uint32_t engine_rule_count(const struct engine *engine)
{
	return (uint32_t)engine->model->settings->rule_count;
}

static uint32_t engine_input_count(const struct engine *engine)
{
	return (uint32_t)engine->model->settings->input_count;
}

/* ---- making ---- */

/* Who reads which source, in one list. */
static int engine_make_readers(struct engine *engine)
{
	const struct model *model = engine->model;
	uint32_t rules = engine_rule_count(engine), sources = engine_input_count(engine) + rules;
	size_t total = 0;

	engine->firsts = calloc((size_t)sources + 2, sizeof(*engine->firsts));
	if (engine->firsts == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < rules; i++) {
		for (uint32_t j = 0; j < model->rules[i].program_count; j++) {
			const struct lang_program *program = model->rules[i].programs[j].program;

			total += program->source_count;
			for (uint32_t k = 0; k < program->source_count; k++) {
				engine->firsts[program->sources[k] + 2]++;
			}
		}
	}
	for (uint32_t i = 2; i < sources + 2; i++) {
		engine->firsts[i] += engine->firsts[i - 1];
	}
	engine->readers = calloc(total + 1, sizeof(*engine->readers));
	for (uint32_t i = 0; engine->readers != NULL && i < rules; i++) {
		for (uint32_t j = 0; j < model->rules[i].program_count; j++) {
			const struct lang_program *program = model->rules[i].programs[j].program;

			for (uint32_t k = 0; k < program->source_count; k++) {
				uint32_t *place = &engine->firsts[program->sources[k] + 1];

				engine->readers[(*place)++] = engine->ranks[i];
			}
		}
	}
	return engine->readers == NULL ? -ENOMEM : 0;
}

static void engine_make_pid(struct engine *engine, uint32_t index)
{
	const struct pid_settings *settings = &engine->model->rules[index].settings->pid;
	struct pid_tuning tuning = {
		.gain = settings->gain,
		.integral = (double)settings->integral / 1e9,
		.derivative = (double)settings->derivative / 1e9,
		.low = settings->low, .high = settings->high, .slew = settings->slew,
	};

	pid_init(&engine->rules[index].pid, &tuning,
		 settings->has_start ? settings->start : settings->low);
}

/* Terms and states of all rules, in one piece of memory. */
static int engine_make_rules(struct engine *engine)
{
	const struct model *model = engine->model;
	size_t size = 0;
	char *at;

	for (uint32_t i = 0; i < engine_rule_count(engine); i++) {
		size += 2 * model->rules[i].term_count * sizeof(struct lang_value) +
			model->rules[i].state_size;
	}
	engine->memory = calloc(1, size + 1);
	if (engine->memory == NULL) {
		return -ENOMEM;
	}
	at = engine->memory;
	for (uint32_t i = 0; i < engine_rule_count(engine); i++) {
		struct engine_rule *rule = &engine->rules[i];

		rule->terms = (struct lang_value *)at;
		at += model->rules[i].term_count * sizeof(struct lang_value);
		rule->at_firing = (struct lang_value *)at;
		at += model->rules[i].term_count * sizeof(struct lang_value);
		rule->state = at;
		at += model->rules[i].state_size;
		for (uint32_t j = 0; j < model->rules[i].term_count; j++) {
			rule->terms[j] = lang_bad(EW_REASON_NO_VALUE);
			rule->at_firing[j] = rule->terms[j];
		}
		engine->ranks[model->order[i]] = i;
		if (model->rules[i].kind == MODEL_PID) {
			engine_make_pid(engine, i);
		}
	}
	return 0;
}

int engine_init(struct engine *engine, const struct model *model, uint32_t more)
{
	uint32_t rules = (uint32_t)model->settings->rule_count;
	uint32_t inputs = (uint32_t)model->settings->input_count;
	int error = -ENOMEM;

	*engine = (struct engine){ .model = model };
	engine->sources = calloc((size_t)inputs + rules + 1, sizeof(*engine->sources));
	engine->rules = calloc((size_t)rules + 1, sizeof(*engine->rules));
	engine->ranks = calloc((size_t)rules + 1, sizeof(*engine->ranks));
	engine->dirty = calloc(rules / 64 + 1, sizeof(*engine->dirty));
	engine->stale = calloc((size_t)inputs + 1, sizeof(*engine->stale));
	engine->low = UINT32_MAX;
	if (engine->sources != NULL && engine->rules != NULL && engine->ranks != NULL &&
	    engine->dirty != NULL && engine->stale != NULL) {
		error = engine_make_rules(engine);
	}
	if (error == 0) {
		error = engine_make_readers(engine);
	}
	if (error == 0) {
		error = agenda_init(&engine->agenda, rules + inputs + more);
	}
	if (error != 0) {
		engine_fini(engine);
		return error;
	}
	for (uint32_t i = 0; i < inputs + rules; i++) {
		engine->sources[i].value = lang_bad(EW_REASON_NO_VALUE);
	}
	for (uint32_t i = 0; i < inputs; i++) {
		engine->stale[i] = model->settings->inputs[i].stale;
	}
	return 0;
}

void engine_fini(struct engine *engine)
{
	free(engine->sources);
	free(engine->rules);
	free(engine->ranks);
	free(engine->firsts);
	free(engine->readers);
	free(engine->dirty);
	free(engine->stale);
	free(engine->memory);
	agenda_fini(&engine->agenda);
	*engine = (struct engine){ 0 };
}

/* ---- what comes in ---- */

static void engine_mark(struct engine *engine, uint32_t rank)
{
	uint32_t word = rank / 64;

	engine->dirty[word] |= (uint64_t)1 << (rank % 64);
	engine->low = word < engine->low ? word : engine->low;
	engine->high = word > engine->high ? word : engine->high;
}

static void engine_mark_readers(struct engine *engine, uint32_t source)
{
	for (uint32_t i = engine->firsts[source]; i < engine->firsts[source + 1]; i++) {
		engine_mark(engine, engine->readers[i]);
	}
}

void engine_put(struct engine *engine, uint32_t input, struct lang_value value, ew_dur now)
{
	struct lang_source *source = &engine->sources[input];

	source->value = value;
	source->count++;
	source->time = now > source->time ? now : source->time;
	if (engine->stale[input] > 0) {
		agenda_set(&engine->agenda, engine_rule_count(engine) + input,
			   source->time + engine->stale[input]);
	}
	engine_mark_readers(engine, input);
}

void engine_spoil(struct engine *engine, uint32_t input, enum ew_reason reason)
{
	struct lang_value bad = lang_bad(reason);

	if (engine->sources[input].value.quality != bad.quality) {
		engine->sources[input].value = bad;
		engine_mark_readers(engine, input);
	}
}

bool engine_is_pending(const struct engine *engine, uint32_t input)
{
	uint32_t from = engine->firsts[input];

	return from < engine->firsts[input + 1] &&
	       (engine->dirty[engine->readers[from] / 64] >> (engine->readers[from] % 64) & 1) != 0;
}

void engine_touch(struct engine *engine, uint32_t rule)
{
	engine_mark(engine, engine->ranks[rule]);
}

/* ---- running ---- */

struct lang_value engine_program(const struct engine *engine, uint32_t rule, uint32_t program)
{
	const struct model_program *of = &engine->model->rules[rule].programs[program];

	return engine->rules[rule].terms[of->terms + of->program->count - 1];
}

struct lang_value engine_result(const struct engine *engine, uint32_t rule)
{
	return engine->sources[engine_input_count(engine) + rule].value;
}

struct lang_value engine_condition(const struct engine *engine, uint32_t rule)
{
	const struct model_rule *of = &engine->model->rules[rule];

	if (of->gate >= 0) {
		return engine_program(engine, rule, (uint32_t)of->gate);
	}
	if (of->kind == MODEL_WHEN || of->kind == MODEL_INTERLOCK) {
		return engine_program(engine, rule, 0);
	}
	return lang_good(1.0);
}

/* A step when it is time for one; what the controller gives meanwhile. */
static struct lang_value engine_pid(struct engine *engine, uint32_t index)
{
	const struct model_rule *of = &engine->model->rules[index];
	struct engine_rule *rule = &engine->rules[index];
	struct lang_value input = engine_program(engine, index, 0);
	struct lang_value given = engine_program(engine, index, (uint32_t)of->setpoint);
	ew_dur every = of->settings->pid.every;
	uint16_t quality;

	if (!rule->has_setpoint) {
		rule->setpoint = given;
	}
	quality = input.quality > rule->setpoint.quality ? input.quality : rule->setpoint.quality;
	if (EW_QUALITY_CLASS(quality) == EW_BAD) {
		pid_break(&rule->pid);
		rule->next_step = 0;
		return rule->pid.is_auto ? (struct lang_value){ NAN, quality }
					 : lang_good(rule->pid.output);
	}
	if (engine->now >= rule->next_step) {
		double seconds = (double)every / 1e9;

		if (rule->next_step != 0 && engine->now > rule->next_step) {
			seconds += (double)(engine->now - rule->next_step) / 1e9;
		}
		(void)pid_step(&rule->pid, input.x, rule->setpoint.x, seconds);
		rule->next_step = engine->now + every;
	}
	return (struct lang_value){ rule->pid.output, rule->pid.is_auto ? quality : EW_GOOD };
}

/* All that the rule reads is good: from now on it may act. */
static bool engine_arms(const struct engine *engine, const struct model_rule *of)
{
	for (uint32_t i = 0; i < of->program_count; i++) {
		const struct lang_program *program = of->programs[i].program;

		for (uint32_t j = 0; j < program->source_count; j++) {
			uint32_t source = program->sources[j];

			if (engine->sources[source].value.quality != EW_GOOD) {
				return false;
			}
			if (source >= engine_input_count(engine) &&
			    !engine->rules[source - engine_input_count(engine)].is_armed) {
				return false;
			}
		}
	}
	return true;
}

static void engine_rule_run(struct engine *engine, uint32_t index)
{
	const struct model_rule *of = &engine->model->rules[index];
	struct engine_rule *rule = &engine->rules[index];
	struct lang_source *own = &engine->sources[engine_input_count(engine) + index];
	ew_dur due = LANG_NEVER;
	struct lang_value value, condition;
	bool changed, was_true = rule->is_true;

	for (uint32_t i = 0; i < of->program_count; i++) {
		const struct model_program *at = &of->programs[i];
		ew_dur when = lang_run(at->program, engine->sources, engine->now,
				       rule->terms + at->terms, rule->state + at->state);

		due = when < due ? when : due;
	}
	value = engine_program(engine, index, 0);
	if (of->kind == MODEL_PID) {
		value = engine_pid(engine, index);
		if (rule->next_step != 0 && rule->next_step < due) {
			due = rule->next_step;
		}
	}
	rule->runs++;
	rule->is_armed = rule->is_armed || engine_arms(engine, of);
	condition = engine_condition(engine, index);
	rule->is_true = !lang_is_bad(condition) && condition.x != 0.0;
	changed = value.quality != own->value.quality ||
		  (value.x != own->value.x && !lang_is_bad(value));
	if (changed) {
		own->value = value;
		own->count++;
		own->time = engine->now;
		engine_mark_readers(engine, engine_input_count(engine) + index);
	}
	if (rule->is_true ? !was_true || changed : false) {
		rule->fired = engine->now;
		memcpy(rule->at_firing, rule->terms, of->term_count * sizeof(*rule->terms));
	}
	agenda_set(&engine->agenda, index, due);
	engine->on_run(engine->arg, index, changed);
}

/* Upwards through the set; rules that a rule concerns come behind it. */
static void engine_pass(struct engine *engine)
{
	for (uint32_t word = engine->low; word <= engine->high; word++) {
		while (engine->dirty[word] != 0) {
			uint32_t bit = (uint32_t)__builtin_ctzll(engine->dirty[word]);

			engine->dirty[word] &= engine->dirty[word] - 1;
			engine_rule_run(engine, engine->model->order[word * 64 + bit]);
		}
	}
	engine->low = UINT32_MAX;
	engine->high = 0;
}

void engine_run(struct engine *engine, ew_dur now)
{
	engine->now = now > engine->now ? now : engine->now;
	if (engine->low != UINT32_MAX) {
		engine_pass(engine);
	}
}

void engine_run_all(struct engine *engine, ew_dur now)
{
	for (uint32_t i = 0; i < engine_rule_count(engine); i++) {
		engine_mark(engine, i);
	}
	engine_run(engine, now);
}

/* ---- time ---- */

ew_dur engine_next(const struct engine *engine)
{
	return agenda_next(&engine->agenda);
}

void engine_ask(struct engine *engine, uint32_t number, ew_dur time)
{
	agenda_set(&engine->agenda,
		   engine_rule_count(engine) + engine_input_count(engine) + number, time);
}

uint32_t engine_due(struct engine *engine, ew_dur now)
{
	uint32_t rules = engine_rule_count(engine), inputs = engine_input_count(engine);
	uint32_t number;

	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		while (agenda_take(&engine->agenda, now, &number)) {
			if (number >= rules + inputs) {
				return number - rules - inputs;
			}
			if (number < rules) {
				engine_touch(engine, number);
			} else {
				engine_spoil(engine, number - rules, EW_REASON_STALE);
			}
		}
		if (engine->low == UINT32_MAX) {
			break;
		}
		engine_run(engine, now);
	}
	return NAMES_NONE;
}
