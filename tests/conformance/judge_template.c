/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: definitions in births of the node, instances everywhere, commands too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/judge_inside.h"

#define TEMPLATE "payloads-template-"
#define FOLDER   "_types_/"

#define PARAMETER_VALUE(name) \
	ORG__ECLIPSE__TAHU__PROTOBUF__PAYLOAD__TEMPLATE__PARAMETER__VALUE_##name

/* Not overlong, no surrogates, nothing beyond the last plane. */
static bool judge_is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at != 0) {
		unsigned more = *at < 0x80 ? 0 : *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
		bool is_first = *at < 0x80 || (*at >= 0xc2 && *at <= 0xf4);
		bool is_second = (*at != 0xe0 || at[1] >= 0xa0) && (*at != 0xed || at[1] < 0xa0) &&
				 (*at != 0xf0 || at[1] >= 0x90) && (*at != 0xf4 || at[1] < 0x90);

		if (!is_first || !is_second) {
			return false;
		}
		for (at++; more > 0; more--, at++) {
			if ((*at & 0xc0) != 0x80) {
				return false;
			}
		}
	}
	return true;
}

bool judge_is_definition(const Metric *metric)
{
	return metric->value_case == JUDGE_VALUE(TEMPLATE_VALUE) && metric->name != NULL &&
	       strncmp(metric->name, FOLDER, strlen(FOLDER)) == 0;
}

void judge_learn_template(struct judge *judge, const Metric *metric)
{
	struct judge_template *known = &judge->templates[judge->template_count];
	const Template *template_ = metric->template_value;

	if (judge->template_count == JUDGE_TEMPLATES || template_->n_metrics > JUDGE_MEMBERS ||
	    template_->n_parameters > JUDGE_MEMBERS) {
		abort(); /* no test has so many */
	}
	memset(known, 0, sizeof(*known));
	(void)snprintf(known->name, sizeof(known->name), "%s", metric->name);
	for (size_t i = 0; i < template_->n_metrics; i++) {
		const char *name = template_->metrics[i]->name;

		(void)snprintf(known->members[i].name, sizeof(known->members[i].name), "%s",
			       name != NULL ? name : "");
		known->members[i].datatype = template_->metrics[i]->datatype;
	}
	for (size_t i = 0; i < template_->n_parameters; i++) {
		const char *name = template_->parameters[i]->name;

		(void)snprintf(known->parameters[i].name, sizeof(known->parameters[i].name), "%s",
			       name != NULL ? name : "");
	}
	known->member_count = template_->n_metrics;
	known->parameter_count = template_->n_parameters;
	judge->template_count++;
}

static bool judge_has_default(const Parameter *parameter)
{
	switch (parameter->type) {
	case 12: case 14:
		return parameter->value_case == PARAMETER_VALUE(STRING_VALUE);
	case 11:
		return parameter->value_case == PARAMETER_VALUE(BOOLEAN_VALUE);
	case 9:
		return parameter->value_case == PARAMETER_VALUE(FLOAT_VALUE);
	case 10:
		return parameter->value_case == PARAMETER_VALUE(DOUBLE_VALUE);
	case 4: case 8: case 13:
		return parameter->value_case == PARAMETER_VALUE(LONG_VALUE);
	default:
		return parameter->value_case == PARAMETER_VALUE(INT_VALUE);
	}
}

static void judge_parameter(struct judge *judge, const Parameter *parameter)
{
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, parameter->name != NULL, TEMPLATE "parameter-name-required", "none");
	ledger_check(ledger, parameter->name != NULL && judge_is_utf8(parameter->name),
		     TEMPLATE "parameter-name-type", "not UTF-8");
	ledger_check(ledger, parameter->has_type,
		     TEMPLATE "parameter-type-req " TEMPLATE "parameter-value-type", "no type");
	ledger_check(ledger, judge_is_basic(parameter->type), TEMPLATE "parameter-type-value",
		     "not a basic type");
	ledger_check(ledger, judge_has_default(parameter), TEMPLATE "parameter-value",
		     "not a value of its type");
}

static void judge_definition(struct judge *judge, enum judge_verb verb, const Template *template_)
{
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, verb == VERB_NBIRTH, TEMPLATE "definition-nbirth-only",
		     "not in NBIRTH");
	ledger_check(ledger, template_->has_is_definition && template_->is_definition,
		     TEMPLATE "definition-is-definition " TEMPLATE "is-definition-definition",
		     "it does not say so");
	ledger_check(ledger, template_->template_ref == NULL,
		     TEMPLATE "definition-ref " TEMPLATE "ref-definition", "with template_ref");
	for (size_t i = 0; i < template_->n_parameters; i++) {
		judge_parameter(judge, template_->parameters[i]);
		ledger_check(ledger, judge_has_default(template_->parameters[i]),
			     TEMPLATE "definition-parameters-default", "of another type");
	}
}

/* ---- instances ---- */

static const struct judge_template *judge_defined(const struct judge *judge, const char *name)
{
	for (size_t i = 0; i < judge->template_count; i++) {
		if (name != NULL && strcmp(judge->templates[i].name, name) == 0) {
			return &judge->templates[i];
		}
	}
	return NULL;
}

static bool judge_has_member(const struct judge_template *of, const Metric *member)
{
	for (size_t i = 0; i < of->member_count && member->name != NULL; i++) {
		if (strcmp(of->members[i].name, member->name) == 0) {
			return (!member->has_datatype ||
				of->members[i].datatype == member->datatype) &&
			       ((member->has_is_null && member->is_null) ||
				judge_fits(of->members[i].datatype, member));
		}
	}
	return false;
}

static bool judge_is_twice(const Template *template_, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (template_->metrics[i]->name != NULL &&
		    template_->metrics[index]->name != NULL &&
		    strcmp(template_->metrics[i]->name, template_->metrics[index]->name) == 0) {
			return true;
		}
	}
	return false;
}

static void judge_members(struct judge *judge, enum judge_verb verb,
			  const struct judge_template *of, const Template *template_)
{
	struct ledger *ledger = judge->ledger;

	for (size_t i = 0; i < template_->n_metrics; i++) {
		const Metric *member = template_->metrics[i];

		ledger_check(ledger, judge_has_member(of, member) && !judge_is_twice(template_, i),
			     TEMPLATE "instance-members " TEMPLATE "definition-members",
			     member->name != NULL ? member->name : "without a name");
		if (judge_is_birth(verb)) {
			ledger_check(ledger, member->has_datatype, "payloads-metric-datatype-req",
				     "of a member");
		}
		if (verb != VERB_NONE) {
			ledger_check(ledger, member->has_timestamp,
				     "payloads-name-birth-data-requirement", "of a member");
		}
	}
	if (judge_is_birth(verb)) {
		ledger_check(ledger, template_->n_metrics == of->member_count,
			     TEMPLATE "instance-members-birth", "not all members");
	} else {
		ledger_check(ledger,
			     template_->n_metrics > 0 && template_->n_metrics <= of->member_count,
			     verb != VERB_NONE ? TEMPLATE "instance-members-data"
					       : TEMPLATE "instance-members", "how many");
	}
}

static void judge_overrides(struct judge *judge, const struct judge_template *of,
			    const Template *template_)
{
	for (size_t i = 0; i < template_->n_parameters; i++) {
		const Parameter *parameter = template_->parameters[i];
		bool is_known = false;

		for (size_t k = 0; k < of->parameter_count && parameter->name != NULL; k++) {
			is_known |= strcmp(of->parameters[k].name, parameter->name) == 0;
		}
		judge_parameter(judge, parameter);
		ledger_check(judge->ledger, is_known,
			     TEMPLATE "definition-parameters " TEMPLATE "instance-parameters",
			     "the definition has it not");
	}
}

static void judge_instance(struct judge *judge, enum judge_verb verb, const Template *template_)
{
	const struct judge_template *of = judge_defined(judge, template_->template_ref);
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, template_->has_is_definition && !template_->is_definition,
		     TEMPLATE "instance-is-definition " TEMPLATE "is-definition-instance",
		     "it does not say so");
	ledger_check(ledger, of != NULL && judge_is_utf8(template_->template_ref),
		     TEMPLATE "instance-ref " TEMPLATE "ref-instance", "not a definition's name");
	if (verb != VERB_NONE) {
		ledger_check(ledger, of != NULL,
			     TEMPLATE "definition-nbirth topics-nbirth-templates",
			     "NBIRTH did not define it");
	}
	if (of != NULL) {
		judge_members(judge, verb, of, template_);
		judge_overrides(judge, of, template_);
	}
}

void judge_template(struct judge *judge, enum judge_verb verb, const Metric *metric)
{
	const Template *template_ = metric->template_value;
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, template_->has_is_definition, TEMPLATE "is-definition", "not said");
	if (template_->version != NULL) {
		ledger_check(ledger, judge_is_utf8(template_->version), TEMPLATE "version",
			     "not UTF-8");
	}
	if (judge_is_definition(metric)) {
		judge_definition(judge, verb, template_);
	} else {
		judge_instance(judge, verb, template_);
	}
}
