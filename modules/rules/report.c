/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator is told: without a word all rules and how they are; with
 * the name of a rule each of its terms as it was at the last run and when the
 * rule fired last, and its outputs. `outputs` and `inputs` list those.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/rules.h"

#define VALUE_MAX  64
#define TERM_MAX   200

static const char *report_quality(uint16_t quality)
{
	static const char *const reasons[] = {
		NULL, "no value", "stale", "no answer", "device down", "sensor failure",
		"out of range", "substituted", "not configured",
	};
	unsigned reason = EW_QUALITY_REASON(quality);

	if (EW_QUALITY_CLASS(quality) == EW_GOOD) {
		return "good";
	}
	if (reason > 0 && reason < sizeof(reasons) / sizeof(reasons[0])) {
		return reasons[reason];
	}
	return EW_QUALITY_CLASS(quality) == EW_BAD ? "bad" : "uncertain";
}

static void report_value(struct ew_query *query, const char *key, struct lang_value value,
			 enum lang_type type)
{
	char text[VALUE_MAX];

	if (lang_is_bad(value)) {
		ew_query_text(query, key, "bad");
	} else if (type == LANG_BOOL) {
		ew_query_text(query, key, value.x != 0.0 ? "yes" : "no");
	} else {
		(void)snprintf(text, sizeof(text), "%.6g", value.x);
		ew_query_text(query, key, text);
	}
}

/* "12.3 s ago". */
static void report_ago(struct ew_query *query, const char *key, ew_dur then)
{
	char text[VALUE_MAX];

	if (then == 0) {
		ew_query_text(query, key, "never");
		return;
	}
	(void)snprintf(text, sizeof(text), "%.1f s ago", (double)(ew_now() - then) / 1e9);
	ew_query_text(query, key, text);
}

static const char *report_kind(enum model_kind kind)
{
	switch (kind) {
	case MODEL_VALUE:
		return "value";
	case MODEL_WHEN:
		return "when";
	case MODEL_INTERLOCK:
		return "interlock";
	case MODEL_PID:
		return "pid";
	}
	return "?";
}

/* Of the first output, as far as it is this rule's. */
static const char *report_acts(const struct rules *rules, uint32_t index)
{
	const struct model_rule *rule = &rules->model->rules[index];
	const struct model_writer *writer;
	int winner;

	if (rule->settings->write_count == 0) {
		return "";
	}
	if (!rules->engine.rules[index].is_armed) {
		return "waits for good inputs";
	}
	writer = &rules->model->writers[rule->first_writer];
	if (rule->is_shadow) {
		return act_shadow(rules, writer->output) == (int)rule->first_writer
		     ? "shadow: would write" : "shadow";
	}
	winner = act_winner(rules, writer->output);
	if (winner != (int)rule->first_writer) {
		return winner < 0 ? "does not act" : "another rule has the say";
	}
	return rules->outputs[writer->output].text;
}

static void report_rule(const struct rules *rules, uint32_t index, struct ew_query *query)
{
	const struct model_rule *rule = &rules->model->rules[index];
	const struct engine_rule *run = &rules->engine.rules[index];
	struct lang_value value = engine_result(&rules->engine, index);

	ew_query_text(query, "rule", rule->settings->name);
	ew_query_text(query, "kind", report_kind(rule->kind));
	report_value(query, "value", value,
		     rules->model->symbols[model_source(rules->model, index)].type);
	ew_query_text(query, "quality", report_quality(value.quality));
	report_ago(query, "fired", run->fired);
	ew_query_number(query, "runs", (double)run->runs);
	ew_query_text(query, "writes", report_acts(rules, index));
	ew_query_row(query);
}

static const char *report_part(const struct model_rule *rule, const struct model_program *program)
{
	switch (program->part) {
	case MODEL_MAIN:
		return rule->kind == MODEL_PID ? "input" : report_kind(rule->kind);
	case MODEL_GATE:
		return "when";
	case MODEL_SETPOINT:
		return "setpoint";
	case MODEL_FIRST_WRITE:
		break;
	}
	return "write";
}

/* A row whose last field, the value at the last firing, and end are the caller's. */
static void report_part_row(struct ew_query *query, const char *part, const char *term,
			    struct lang_value value, enum lang_type type)
{
	ew_query_text(query, "part", part);
	ew_query_text(query, "term", term);
	report_value(query, "value", value, type);
	ew_query_text(query, "quality", report_quality(value.quality));
}

static void report_row(struct ew_query *query, const char *term, struct lang_value value,
		       enum lang_type type)
{
	report_part_row(query, "pid", term, value, type);
	ew_query_text(query, "at_firing", "");
	ew_query_row(query);
}

static void report_fired(struct ew_query *query, const struct engine_rule *run, uint32_t term,
			 enum lang_type type)
{
	if (run->fired == 0) {
		ew_query_text(query, "at_firing", "");
	} else {
		report_value(query, "at_firing", run->at_firing[term], type);
	}
	ew_query_row(query);
}

static void report_terms(const struct rules *rules, uint32_t index, struct ew_query *query)
{
	const struct model_rule *rule = &rules->model->rules[index];
	const struct engine_rule *run = &rules->engine.rules[index];

	for (uint32_t i = 0; i < rule->program_count; i++) {
		const struct model_program *at = &rule->programs[i];

		for (uint32_t j = 0; j < at->program->count; j++) {
			const struct lang_term *term = &at->program->terms[j];
			char text[TERM_MAX];

			if (lang_is_literal(at->program, j) && at->program->count > 1) {
				continue;
			}
			(void)snprintf(text, sizeof(text), "%.*s", term->to - term->from,
				       at->program->text + term->from); /* cut is fine */
			report_part_row(query, report_part(rule, at), text,
					run->terms[at->terms + j], lang_term_type(at->program, j));
			report_fired(query, run, at->terms + j, lang_term_type(at->program, j));
		}
	}
	if (rule->kind == MODEL_PID) {
		report_row(query, "proportional", lang_good(run->pid.proportional),
			   LANG_NUMBER);
		report_row(query, "integral", lang_good(run->pid.integral), LANG_NUMBER);
		report_row(query, "derivative", lang_good(run->pid.differential),
			   LANG_NUMBER);
		report_row(query, "output", lang_good(run->pid.output), LANG_NUMBER);
		report_row(query, "automatic", lang_good(run->pid.is_auto), LANG_BOOL);
	}
}

static void report_outputs(const struct rules *rules, struct ew_query *query)
{
	for (uint32_t i = 0; i < rules->model->output_count; i++) {
		const struct output *output = &rules->outputs[i];
		int winner = act_winner(rules, i);
		char text[64] = "";

		if (output->shadow >= 0) {
			(void)snprintf(text, sizeof(text), "shadow: would write %g",
				       output->shadow_value);
		}
		ew_query_text(query, "output", rules->model->outputs[i].tag);
		ew_query_text(query, "rule", winner < 0 ? "" : rules->model->rules[
			      rules->model->writers[winner].rule].settings->name);
		report_value(query, "written", output->writes > 0 ? lang_good(output->sent)
			     : lang_bad(EW_REASON_NO_VALUE), LANG_NUMBER);
		report_ago(query, "last", output->sent_at);
		ew_query_number(query, "writes", (double)output->writes);
		ew_query_number(query, "refused", (double)output->refusals);
		ew_query_text(query, "text", output->tag == EW_NO_ID ? "its tag is not there"
						      : *text != '\0' ? text : output->text);
		ew_query_row(query);
	}
}

static void report_inputs(const struct rules *rules, struct ew_query *query)
{
	for (uint32_t i = 0; i < rules->settings->input_count; i++) {
		const struct lang_source *source = &rules->engine.sources[i];
		const struct input *input = &rules->inputs[i];

		ew_query_text(query, "input", rules->settings->inputs[i].name);
		ew_query_text(query, "tag", ew_node_text(rules->settings->inputs[i].tag));
		report_value(query, "value", source->value, rules->model->symbols[i].type);
		ew_query_text(query, "quality", report_quality(source->value.quality));
		report_ago(query, "last", source->time);
		ew_query_text(query, "text", input->tag == EW_NO_ID ? "its tag is not there"
			      : input->fault);
		ew_query_row(query);
	}
}

static int report_on_outputs(void *self, struct ew_query *query)
{
	report_outputs(self, query);
	return 0;
}

static int report_on_inputs(void *self, struct ew_query *query)
{
	report_inputs(self, query);
	return 0;
}

/* All rules, or the terms of the one that is named. */
static int report_on_rules(void *self, struct ew_query *query)
{
	const struct rules *rules = self;
	const char *name = ew_query_word(query, 0);
	uint32_t inputs = (uint32_t)rules->settings->input_count, source;

	if (name == NULL) {
		for (uint32_t i = 0; i < rules->settings->rule_count; i++) {
			report_rule(rules, i, query);
		}
		return 0;
	}
	source = names_find(&rules->model->names, name, strlen(name));
	if (source == NAMES_NONE || source < inputs) {
		return -ENOENT;
	}
	report_terms(rules, source - inputs, query);
	return 0;
}

const struct ew_question report_questions[] = {
	{ NULL, "[RULE]", "the rules, when each fired, whether it writes; or each term of one",
	  report_on_rules },
	{ "outputs", NULL, "what was written last, and what the device answered",
	  report_on_outputs },
	{ "inputs", NULL, "tags that the rules read, and their values", report_on_inputs },
	EW_QUESTION_END
};
