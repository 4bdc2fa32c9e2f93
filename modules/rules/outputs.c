/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers in the order of the settings, then sorted into outputs by tag. Two
 * of one priority on one output are refused: nothing would say who wins.
 */
#include "modules/rules/outputs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct lang_symbol *nothing(void *arg, const char *name, size_t size,
				   uint32_t *source_out, const char **why_out)
{
	(void)arg;
	(void)name;
	(void)size;
	(void)source_out;
	*why_out = "a constant is wanted here";
	return NULL;
}

/* The fail-safe value: an expression without names. */
static int outputs_fail_safe(const struct ew_node *node, enum lang_type type,
			     struct ew_error *err, double *value_out)
{
	struct lang_scope scope = { nothing, NULL };
	struct lang_program *program;
	struct lang_fault fault;
	struct lang_value value;
	int error;

	if (ew_node_kind(node) != EW_NODE_SCALAR) {
		return ew_node_fail(err, node, "one value is wanted here");
	}
	error = lang_compile(&scope, ew_node_text(node), &fault, &program);
	if (error != 0) {
		return error == -EINVAL ? ew_node_fail_at(err, node, fault.at, "%s", fault.text)
					: error;
	}
	value = program->is_constant ? lang_constant(program)
				     : lang_bad(EW_REASON_NOT_CONFIGURED);
	error = program->type == type ? 0 : -EINVAL;
	lang_free(&program);
	if (error != 0) {
		return ew_node_fail(err, node, type == LANG_BOOL
				    ? "the output is yes or no, and its fail-safe value a number"
				    : "the output is a number, and its fail-safe value yes or no");
	}
	if (lang_is_bad(value)) {
		return ew_node_fail(err, node, "this has no value");
	}
	*value_out = value.x;
	return 0;
}

static int outputs_find_program(const struct model_rule *rule, uint32_t write)
{
	for (uint32_t i = 0; i < rule->program_count; i++) {
		if (rule->programs[i].part == MODEL_FIRST_WRITE &&
		    rule->programs[i].write == write) {
			return (int)i;
		}
	}
	return -1;
}

static int outputs_writer(struct model *model, uint32_t rule_index, uint32_t write,
			  struct ew_error *err)
{
	struct model_rule *rule = &model->rules[rule_index];
	const struct write_settings *settings = &rule->settings->writes[write];
	struct model_writer *writer = &model->writers[model->writer_count];
	const char *tag = ew_node_text(settings->to);

	if (tag == NULL || strchr(tag, ':') == NULL || strchr(tag, '*') != NULL) {
		return ew_node_fail(err, settings->to, "one tag is wanted here, DEVICE:TAG");
	}
	writer->rule = rule_index;
	writer->write = write;
	writer->program = outputs_find_program(rule, write);
	writer->type = writer->program >= 0 ? rule->programs[writer->program].program->type
		: model->symbols[model_source(model, rule_index)].type;
	writer->priority = settings->has_priority ? (unsigned)settings->priority
		: rule->kind == MODEL_INTERLOCK ? EW_PRIORITY_INTERLOCK : EW_PRIORITY_RULE;
	if (writer->type == LANG_ANY) {
		writer->type = LANG_NUMBER;
	}
	if (writer->program < 0 && (rule->kind == MODEL_WHEN || rule->kind == MODEL_INTERLOCK)) {
		return ew_node_fail(err, settings->to, "'write' has no 'value', and the rule is a"
				    " condition");
	}
	if (settings->heartbeat == NULL && !rule->is_shadow) {
		ew_node_warn(err, settings->to, "'%s' has no heartbeat: when the daemon dies,"
			     " nobody makes it safe", tag);
	}
	model->writer_count++;
	return outputs_fail_safe(settings->fail_safe, writer->type, err, &writer->fail_safe);
}

/* Put a writer into its output, the highest priority first. */
static int outputs_join(struct model *model, uint32_t index, struct ew_error *err)
{
	struct model_writer *writer = &model->writers[index];
	const struct rule_settings *rule = model->rules[writer->rule].settings;
	const struct write_settings *settings = &rule->writes[writer->write];
	const char *tag = ew_node_text(settings->to);
	struct model_output *output;
	uint32_t *grown, at;

	writer->output = names_find(&model->output_names, tag, strlen(tag));
	if (writer->output == NAMES_NONE) {
		writer->output = model->output_count++;
		(void)names_add(&model->output_names, tag, writer->output, &at); /* not there */
		model->outputs[writer->output].tag = tag;
	}
	output = &model->outputs[writer->output];
	grown = realloc(output->writers, (output->writer_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	output->writers = grown;
	for (at = output->writer_count; at > 0; at--) {
		const struct model_writer *other = &model->writers[grown[at - 1]];

		if (other->priority == writer->priority) {
			return ew_node_fail(err, settings->to, "'%s' is written by rule '%s' at"
					    " priority %u too: give one of them a 'priority'", tag,
					    model->rules[other->rule].settings->name,
					    other->priority);
		}
		if (other->priority > writer->priority) {
			break;
		}
		grown[at] = grown[at - 1];
	}
	grown[at] = index;
	output->writer_count++;
	if (settings->heartbeat != NULL && output->heartbeat != NULL &&
	    strcmp(settings->heartbeat, output->heartbeat) != 0) {
		return ew_node_fail(err, settings->to, "'%s' has two heartbeats, '%s' and '%s'",
				    tag, output->heartbeat, settings->heartbeat);
	}
	output->heartbeat = settings->heartbeat != NULL ? settings->heartbeat : output->heartbeat;
	return 0;
}

int outputs_make(struct model *model, struct ew_error *err)
{
	const struct rules_settings *settings = model->settings;
	size_t count = 0;
	int error = 0;

	for (size_t i = 0; i < settings->rule_count; i++) {
		count += settings->rules[i].write_count;
	}
	model->writers = calloc(count + 1, sizeof(*model->writers));
	model->outputs = calloc(count + 1, sizeof(*model->outputs));
	if (model->writers == NULL || model->outputs == NULL ||
	    names_init(&model->output_names, count) != 0) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; error == 0 && i < settings->rule_count; i++) {
		model->rules[i].first_writer = model->writer_count;
		for (uint32_t j = 0; error == 0 && j < settings->rules[i].write_count; j++) {
			error = outputs_writer(model, i, j, err);
		}
	}
	for (uint32_t i = 0; error == 0 && i < model->writer_count; i++) {
		error = outputs_join(model, i, err);
	}
	return error;
}

void outputs_free(struct model *model)
{
	for (uint32_t i = 0; model->outputs != NULL && i < model->output_count; i++) {
		free(model->outputs[i].writers);
	}
	free(model->outputs);
	free(model->writers);
	names_fini(&model->output_names);
}
