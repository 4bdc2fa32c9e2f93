/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs and rules. A rule that is named by another is compiled before it goes
 * on with that one, so that its type is known; a rule that is met again while
 * it is being compiled is a cycle.
 */
#include "modules/rules/model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/outputs.h"

enum rule_state {
	RULE_NEW,
	RULE_OPEN,              /* being compiled */
	RULE_DONE
};

/* A model while it is made. */
struct making {
	struct model *model;
	struct ew_error *err;
	uint8_t *states;        /* enum rule_state of each rule */
	uint32_t chain;         /* rules being compiled */
	int error;              /* of one below: told already */
	char why[200];
};

static int making_rule(struct making *making, uint32_t index);

uint32_t model_source(const struct model *model, uint32_t rule)
{
	return (uint32_t)model->settings->input_count + rule;
}

size_t model_rule_bytes(const struct model_rule *rule)
{
	/* values of the last run, and as they were at the last firing */
	size_t bytes = sizeof(*rule) + rule->program_count * sizeof(*rule->programs) +
		       2 * rule->term_count * sizeof(struct lang_value) + rule->state_size;

	for (uint32_t i = 0; i < rule->program_count; i++) {
		bytes += rule->programs[i].program->size;
	}
	return bytes;
}

static struct lang_symbol *making_find(void *arg, const char *name, size_t size,
				       uint32_t *source_out, const char **why_out)
{
	struct making *making = arg;
	struct model *model = making->model;
	uint32_t source = names_find(&model->names, name, size), rule;

	if (source == NAMES_NONE) {
		return NULL;
	}
	*source_out = source;
	if (source < model->settings->input_count) {
		return &model->symbols[source];
	}
	rule = source - (uint32_t)model->settings->input_count;
	if (making->states[rule] == RULE_OPEN) {
		(void)snprintf(making->why, sizeof(making->why),
			       "rule '%.64s' depends on itself: a cycle",
			       model->settings->rules[rule].name);
		*why_out = making->why;
		return NULL;
	}
	if (making->states[rule] == RULE_NEW && making->chain == MODEL_CHAIN_MAX) {
		(void)snprintf(making->why, sizeof(making->why),
			       "more than %d rules in a row name each other", MODEL_CHAIN_MAX);
		*why_out = making->why;
		return NULL;
	}
	if (making->states[rule] == RULE_NEW) {
		making->error = making_rule(making, rule);
		if (making->error != 0) {
			*why_out = "the rule behind this name is wrong"; /* told there */
			return NULL;
		}
	}
	return &model->symbols[source];
}

/* Compile one expression; wants: the type it must have, LANG_ANY for any. */
static int making_compile(struct making *making, const struct ew_node *node,
			  enum lang_type wants, struct lang_program **program_out)
{
	struct lang_scope scope = { making_find, making };
	struct lang_program *program = NULL;
	struct lang_fault fault;
	int error;

	if (ew_node_kind(node) != EW_NODE_SCALAR) {
		return ew_node_fail(making->err, node, "an expression is wanted here");
	}
	error = lang_compile(&scope, ew_node_text(node), &fault, &program);
	if (error != 0) {
		if (making->error != 0 || error != -EINVAL) {
			return making->error != 0 ? making->error : error;
		}
		return ew_node_fail_at(making->err, node, fault.at, "%s", fault.text);
	}
	if (program->type == LANG_ANY && wants != LANG_ANY && program->source_count == 1) {
		making->model->symbols[program->sources[0]].type = wants;
		program->type = wants;
	}
	if (wants != LANG_ANY && program->type != wants) {
		lang_free(&program);
		return ew_node_fail(making->err, node, wants == LANG_BOOL
				    ? "this is a number; a condition is wanted here"
				    : "this is yes or no; a number is wanted here");
	}
	*program_out = program;
	return 0;
}

/* Append a program to a rule. */
static int making_add(struct making *making, struct model_rule *rule, enum model_part part,
		      const struct ew_node *node, enum lang_type wants)
{
	struct model_program *place = &rule->programs[rule->program_count];
	int error = making_compile(making, node, wants, &place->program);

	if (error != 0) {
		return error;
	}
	place->part = part;
	place->terms = rule->term_count;
	place->state = rule->state_size;
	rule->term_count += place->program->count;
	rule->state_size += (place->program->state_size + 7) & ~(size_t)7;
	rule->program_count++;
	return 0;
}

/* A stated unit must fit what comes out of the expression, and becomes the rule's. */
static int making_unit(struct making *making, const struct rule_settings *settings,
		       const struct ew_node *node, const struct unit *computed,
		       struct unit *unit_out)
{
	struct unit unit;
	char text[64];

	*unit_out = *computed;
	if (settings->unit == NULL) {
		return 0;
	}
	if (unit_parse(settings->unit, strlen(settings->unit), &unit) != 0) {
		return ew_node_fail(making->err, node,
				    "rule '%s': '%s' is not a unit that is known",
				    settings->name, settings->unit);
	}
	if (computed->is_known && !unit_is_same(computed, &unit)) {
		return ew_node_fail(making->err, node, "this is in '%s', and 'unit' says '%s'",
				    unit_format(computed, text, sizeof(text)), settings->unit);
	}
	*unit_out = unit;
	return 0;
}

/* Where the first expression of a rule stands; NULL: it has none. */
static const struct ew_node *rule_node(const struct rule_settings *settings)
{
	return settings->value != NULL ? settings->value
	     : settings->when != NULL ? settings->when
	     : settings->interlock != NULL ? settings->interlock
	     : settings->has_pid ? settings->pid.input
	     : settings->write_count > 0 ? settings->writes[0].to : NULL;
}

static int making_fail(struct making *making, const struct rule_settings *settings,
		       const char *what)
{
	const struct ew_node *node = rule_node(settings);

	return node == NULL ? ew_fail(making->err, "rule '%s' %s", settings->name, what)
			    : ew_node_fail(making->err, node, "rule '%s' %s", settings->name, what);
}

static int making_pid(struct making *making, struct model_rule *rule)
{
	const struct pid_settings *pid = &rule->settings->pid;
	int error;

	if (pid->gain == 0.0 || !(pid->low < pid->high)) {
		return ew_node_fail(making->err, pid->input, pid->gain == 0.0
				    ? "'gain' is 0: the controller does nothing"
				    : "'low' is not below 'high'");
	}
	error = making_add(making, rule, MODEL_MAIN, pid->input, LANG_NUMBER);
	if (error == 0) {
		rule->setpoint = (int)rule->program_count;
		error = making_add(making, rule, MODEL_SETPOINT, pid->setpoint, LANG_NUMBER);
	}
	if (error == 0) {
		const struct unit *a = &rule->programs[0].program->unit;
		const struct unit *b = &rule->programs[1].program->unit;

		if (a->is_known && b->is_known && !unit_is_same(a, b)) {
			error = ew_node_fail(making->err, pid->setpoint,
					     "set point and input are not in one unit");
		}
	}
	return error;
}

/* Which of value, when, interlock and pid there are, and what that makes of the rule. */
static int making_kind(struct making *making, struct model_rule *rule)
{
	const struct rule_settings *settings = rule->settings;
	int mains = (settings->value != NULL) + (settings->interlock != NULL) +
		    settings->has_pid;
	int error;

	if (mains > 1 || (settings->interlock != NULL && settings->when != NULL)) {
		return making_fail(making, settings, "has more than one of 'value', 'pid' and"
				   " 'interlock'");
	}
	if (mains == 0 && settings->when == NULL) {
		return making_fail(making, settings, "has none of 'value', 'when', 'interlock' and"
				   " 'pid'");
	}
	if (settings->has_pid) {
		rule->kind = MODEL_PID;
		error = making_pid(making, rule);
	} else if (settings->value != NULL) {
		rule->kind = MODEL_VALUE;
		error = making_add(making, rule, MODEL_MAIN, settings->value, LANG_ANY);
	} else {
		rule->kind = settings->interlock != NULL ? MODEL_INTERLOCK : MODEL_WHEN;
		error = making_add(making, rule, MODEL_MAIN,
				   settings->interlock != NULL ? settings->interlock
							       : settings->when, LANG_BOOL);
	}
	if (error == 0 && mains > 0 && settings->when != NULL) {
		rule->gate = (int)rule->program_count;
		error = making_add(making, rule, MODEL_GATE, settings->when, LANG_BOOL);
	}
	return error;
}

/* An alarm and an event need a condition: the rule's, or its gate. */
static int making_actions(struct making *making, const struct model_rule *rule)
{
	const struct rule_settings *settings = rule->settings;
	bool has_condition = rule->kind == MODEL_WHEN || rule->kind == MODEL_INTERLOCK ||
			     rule->gate >= 0;

	if ((settings->has_alarm || settings->has_event) && !has_condition) {
		return making_fail(making, settings, "has an alarm or an event and no 'when'");
	}
	if (settings->write_count == 0 && !settings->has_alarm && !settings->has_event &&
	    (rule->kind == MODEL_WHEN || rule->kind == MODEL_INTERLOCK) && !rule->is_published) {
		return making_fail(making, settings, "does nothing: it has no 'write', 'alarm',"
				   " 'event' or 'publish'");
	}
	return 0;
}

static int making_result(struct making *making, struct model_rule *rule, uint32_t index)
{
	const struct rule_settings *settings = rule->settings;
	struct lang_symbol *symbol = &making->model->symbols[model_source(making->model, index)];
	const struct lang_program *first = rule->programs[0].program;
	const struct unit none = { 0 };

	symbol->type = rule->kind == MODEL_PID ? LANG_NUMBER : first->type;
	if (symbol->type == LANG_ANY) {
		symbol->type = LANG_NUMBER;
	}
	rule->is_published = settings->has_publish ? settings->publish
						   : rule->kind == MODEL_VALUE ||
						     rule->kind == MODEL_PID;
	return making_unit(making, settings, settings->has_pid ? settings->pid.input
			   : settings->value != NULL ? settings->value
			   : settings->when != NULL ? settings->when : settings->interlock,
			   rule->kind == MODEL_PID ? &none : &first->unit, &symbol->unit);
}

static int making_rule(struct making *making, uint32_t index)
{
	struct model *model = making->model;
	struct model_rule *rule = &model->rules[index];
	int error;

	rule->settings = &model->settings->rules[index];
	rule->gate = -1;
	rule->setpoint = -1;
	rule->is_shadow = model->settings->shadow || rule->settings->shadow;
	rule->programs = calloc(MODEL_FIRST_WRITE + rule->settings->write_count,
				sizeof(*rule->programs));
	if (rule->programs == NULL) {
		return -ENOMEM;
	}
	making->states[index] = RULE_OPEN;
	making->chain++;
	error = making_kind(making, rule);
	for (uint32_t i = 0; error == 0 && i < rule->settings->write_count; i++) {
		const struct ew_node *value = rule->settings->writes[i].value;

		if (value != NULL) {
			rule->programs[rule->program_count].write = i;
			error = making_add(making, rule, MODEL_FIRST_WRITE, value, LANG_ANY);
		}
	}
	if (error == 0) {
		error = making_result(making, rule, index);
	}
	if (error == 0) {
		error = making_actions(making, rule);
	}
	making->chain--;
	making->states[index] = RULE_DONE;
	model->order[model->ordered++] = index;
	return error;
}

/* ---- names ---- */

static bool name_is_plain(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > 64 || (!isalpha((unsigned char)name[0]) && name[0] != '_')) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '_') {
			return false;
		}
	}
	return true;
}

/* node: where what is named stands; NULL: nowhere. */
static int making_name(struct making *making, const struct ew_node *node, const char *name,
		       uint32_t source)
{
	uint32_t other;
	char text[160];

	if (!name_is_plain(name)) {
		(void)snprintf(text, sizeof(text), "'%.80s' is no name for expressions: up to 64"
			       " letters, digits and _ are", name);
	} else if (names_add(&making->model->names, name, source, &other) != 0) {
		(void)snprintf(text, sizeof(text), "'%s' is an input and a rule", name);
	} else {
		return 0;
	}
	return node == NULL ? ew_fail(making->err, "%s", text)
			    : ew_node_fail(making->err, node, "%s", text);
}

static int making_input(struct making *making, uint32_t index)
{
	const struct input_settings *settings = &making->model->settings->inputs[index];
	struct lang_symbol *symbol = &making->model->symbols[index];
	const char *tag = ew_node_text(settings->tag);

	if (tag == NULL || strchr(tag, ':') == NULL || strchr(tag, '*') != NULL) {
		return ew_node_fail(making->err, settings->tag,
				    "input '%s' wants one tag, DEVICE:TAG", settings->name);
	}
	symbol->is_input = true;
	symbol->type = settings->type == SETTINGS_NUMBER ? LANG_NUMBER
		     : settings->type == SETTINGS_BOOL ? LANG_BOOL : LANG_ANY;
	if (settings->unit != NULL &&
	    unit_parse(settings->unit, strlen(settings->unit), &symbol->unit) != 0) {
		return ew_node_fail(making->err, settings->tag,
				    "input '%s': '%s' is not a unit that is known", settings->name,
				    settings->unit);
	}
	if (symbol->unit.is_known && symbol->type == LANG_ANY) {
		symbol->type = LANG_NUMBER;
	}
	return making_name(making, settings->tag, settings->name, index);
}

static int making_all(struct making *making)
{
	const struct rules_settings *settings = making->model->settings;
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < settings->input_count; i++) {
		error = making_input(making, i);
	}
	for (uint32_t i = 0; error == 0 && i < settings->rule_count; i++) {
		error = making_name(making, rule_node(&settings->rules[i]), settings->rules[i].name,
				    model_source(making->model, i));
	}
	for (uint32_t i = 0; error == 0 && i < settings->rule_count; i++) {
		if (making->states[i] == RULE_NEW) {
			error = making_rule(making, i);
		}
	}
	return error == 0 ? outputs_make(making->model, making->err) : error;
}

int model_new(const struct rules_settings *settings, struct ew_error *err,
	      struct model **model_out)
{
	size_t symbols = settings->input_count + settings->rule_count;
	struct model *model = calloc(1, sizeof(*model));
	struct making making = { .model = model, .err = err };
	int error = -ENOMEM;

	if (model == NULL) {
		return -ENOMEM;
	}
	model->settings = settings;
	model->symbols = calloc(symbols + 1, sizeof(*model->symbols));
	model->rules = calloc(settings->rule_count + 1, sizeof(*model->rules));
	model->order = calloc(settings->rule_count + 1, sizeof(*model->order));
	making.states = calloc(settings->rule_count + 1, 1);
	if (names_init(&model->names, symbols) == 0 && model->symbols != NULL &&
	    model->rules != NULL && model->order != NULL && making.states != NULL) {
		error = making_all(&making);
	}
	free(making.states);
	if (error != 0) {
		model_free(&model);
		return error;
	}
	*model_out = model;
	return 0;
}

void model_free(struct model **model_at)
{
	struct model *model = *model_at;

	*model_at = NULL;
	if (model == NULL) {
		return;
	}
	for (size_t i = 0; model->rules != NULL && i < model->settings->rule_count; i++) {
		for (uint32_t j = 0; j < model->rules[i].program_count; j++) {
			lang_free(&model->rules[i].programs[j].program);
		}
		free(model->rules[i].programs);
	}
	outputs_free(model);
	names_fini(&model->names);
	free(model->symbols);
	free(model->rules);
	free(model->order);
	free(model);
}
