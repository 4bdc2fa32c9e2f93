/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads: metrics of births and data, their properties, their values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/conformance/judge_inside.h"

#define REBIRTH  "Node Control/Rebirth"
#define COMMAND  "operational-behavior-data-commands-rebirth-"
#define PUBLISH  "operational-behavior-data-publish-"
#define YEAR_2020  1577836800000ull     /* ms; no clock of a test is before */

int judge_bdseq(const Payload *payload)
{
	for (size_t i = 0; i < payload->n_metrics; i++) {
		const Metric *metric = payload->metrics[i];

		if (metric->name != NULL && strcmp(metric->name, "bdSeq") == 0) {
			return metric->datatype == 4 &&
					       metric->value_case == JUDGE_VALUE(LONG_VALUE) &&
					       metric->long_value < 256
				       ? (int)metric->long_value
				       : -1;
		}
	}
	return -1;
}

bool judge_is_basic(uint32_t type)
{
	return type >= 1 && type <= 14;
}

bool judge_fits(uint32_t type, const Metric *metric)
{
	switch (type) {
	case 1: case 2: case 3: case 5: case 6:
		return metric->value_case == JUDGE_VALUE(INT_VALUE);
	case 7:
		return metric->value_case == JUDGE_VALUE(INT_VALUE) ||
		       metric->value_case == JUDGE_VALUE(LONG_VALUE);
	case 4: case 8: case 13:
		return metric->value_case == JUDGE_VALUE(LONG_VALUE);
	case 9:
		return metric->value_case == JUDGE_VALUE(FLOAT_VALUE);
	case 10:
		return metric->value_case == JUDGE_VALUE(DOUBLE_VALUE);
	case 11:
		return metric->value_case == JUDGE_VALUE(BOOLEAN_VALUE);
	default:
		return metric->value_case != JUDGE_VALUE(_NOT_SET);
	}
}

static void judge_properties(struct judge *judge, enum judge_verb verb, const Metric *metric)
{
	const Org__Eclipse__Tahu__Protobuf__Payload__PropertySet *set = metric->properties;
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, set->n_keys == set->n_values,
		     "payloads-propertyset-keys-array-size payloads-propertyset-values-array-size",
		     metric->name);
	for (size_t i = 0; i < set->n_keys && i < set->n_values; i++) {
		const Org__Eclipse__Tahu__Protobuf__Payload__PropertyValue *value = set->values[i];
		bool has_type = judge_is_basic(value->type) || value->type == 20 ||
				value->type == 21;

		ledger_check(ledger, value->has_type || !judge_is_birth(verb),
			     "payloads-metric-propertyvalue-type-req", set->keys[i]);
		ledger_check(ledger, value->has_type && has_type,
			     "payloads-metric-propertyvalue-type-type "
			     "payloads-metric-propertyvalue-type-value", set->keys[i]);
		if (strcmp(set->keys[i], "Quality") == 0) {
			ledger_check(ledger, value->type == 3,
				     "payloads-propertyset-quality-value-type", "type of Quality");
			ledger_check(ledger,
				     value->int_value == 0 || value->int_value == 192 ||
					     value->int_value == 500,
				     "payloads-propertyset-quality-value-value", "its value");
		}
	}
}

static void judge_dataset(struct judge *judge, const Metric *metric)
{
	const Org__Eclipse__Tahu__Protobuf__Payload__DataSet *set = metric->dataset_value;
	struct ledger *ledger = judge->ledger;
	bool has_basic = true;

	for (size_t i = 0; i < set->n_types; i++) {
		has_basic &= judge_is_basic(set->types[i]);
	}
	ledger_check(ledger, set->has_num_of_columns && set->num_of_columns == set->n_columns,
		     "payloads-dataset-column-size", "its number of columns");
	ledger_check(ledger, set->n_types == set->n_columns,
		     "payloads-dataset-column-num-headers payloads-dataset-types-num "
		     "payloads-dataset-types-def payloads-dataset-parameter-type-req",
		     "types and columns");
	ledger_check(ledger, has_basic, "payloads-dataset-types-type payloads-dataset-types-value",
		     "a type that is not basic");
	for (size_t i = 0; i < set->n_rows; i++) {
		ledger_check(ledger, set->rows[i]->n_elements == set->n_columns,
			     "payloads-template-dataset-value", "cells");
	}
}

void judge_parts(struct judge *judge, enum judge_verb verb, const Metric *metric)
{
	if (metric->properties != NULL) {
		judge_properties(judge, verb, metric);
	}
	if (metric->value_case == JUDGE_VALUE(DATASET_VALUE)) {
		judge_dataset(judge, metric);
	}
	if (metric->value_case == JUDGE_VALUE(TEMPLATE_VALUE)) {
		judge_template(judge, verb, metric);
	}
}

/* Births of the node offer one thing to be commanded. */
static void judge_rebirth(struct judge *judge, const Payload *payload)
{
	struct ledger *ledger = judge->ledger;
	const Metric *found = NULL;

	for (size_t i = 0; i < payload->n_metrics; i++) {
		const char *name = payload->metrics[i]->name;

		if (name != NULL && strcmp(name, REBIRTH) == 0) {
			found = payload->metrics[i];
		}
	}
	ledger_check(ledger, found != NULL,
		     COMMAND "name topics-nbirth-rebirth-metric payloads-nbirth-rebirth-req",
		     "not there");
	if (found == NULL) {
		return;
	}
	ledger_check(ledger, !found->has_alias, COMMAND "name-aliases", "it has an alias");
	ledger_check(ledger, found->datatype == 11,
		     COMMAND "datatype topics-nbirth-rebirth-metric", "not Boolean");
	ledger_check(ledger,
		     found->value_case == JUDGE_VALUE(BOOLEAN_VALUE) && !found->boolean_value,
		     COMMAND "value topics-nbirth-rebirth-metric payloads-nbirth-rebirth-req",
		     "not false");
}

static struct judge_metric *judge_known(struct judge *judge, uint64_t alias)
{
	for (size_t i = 0; i < judge->metric_count; i++) {
		if (judge->metrics[i].alias == alias) {
			return &judge->metrics[i];
		}
	}
	return NULL;
}

static void judge_born_metric(struct judge *judge, enum judge_verb verb, int device,
			      const Metric *metric)
{
	struct ledger *ledger = judge->ledger;
	bool is_node = verb == VERB_NBIRTH;
	bool has_value = metric->value_case != JUDGE_VALUE(_NOT_SET);
	bool has_type = metric->has_datatype && metric->datatype >= 1 && metric->datatype <= 34;
	struct judge_metric *known = &judge->metrics[judge->metric_count];

	ledger_check(ledger, metric->name != NULL && has_type,
		     is_node ? "topics-nbirth-metrics" : "topics-dbirth-metrics", "name or type");
	ledger_check(ledger, has_value != (metric->has_is_null && metric->is_null),
		     is_node ? PUBLISH "nbirth-values topics-nbirth-metrics"
			     : PUBLISH "dbirth-values topics-dbirth-metrics",
		     metric->name);
	ledger_check(ledger, metric->has_datatype, "payloads-metric-datatype-req", metric->name);
	ledger_check(ledger, has_type,
		     "payloads-metric-datatype-value payloads-metric-datatype-value-type",
		     metric->name);
	ledger_check(ledger, metric->name != NULL, "payloads-name-requirement", "no name");
	if (!metric->has_alias || metric->name == NULL) {
		ledger_check(ledger, metric->name != NULL, "payloads-alias-birth-requirement",
			     "an alias alone");
		return;
	}
	ledger_check(ledger, true, "payloads-alias-birth-requirement", "");
	ledger_check(ledger, judge_known(judge, metric->alias) == NULL, "payloads-alias-uniqueness",
		     metric->name);
	for (size_t i = 0; i < judge->metric_count; i++) {
		ledger_check(ledger,
			     judge->metrics[i].device != device ||
				     strcasecmp(judge->metrics[i].name, metric->name) != 0,
			     "case-sensitivity-metric-names", metric->name);
	}
	if (judge->metric_count == JUDGE_METRICS) {
		abort(); /* no test has so many */
	}
	known->alias = metric->alias;
	known->device = device;
	known->datatype = metric->datatype;
	known->born_ms = metric->timestamp;
	(void)snprintf(known->name, sizeof(known->name), "%s", metric->name);
	judge->metric_count++;
}

static bool judge_is_historical(const Metric *metric)
{
	return metric->has_is_historical && metric->is_historical;
}

static void judge_data_metric(struct judge *judge, enum judge_verb verb, int device,
			      const Metric *metric)
{
	struct ledger *ledger = judge->ledger;
	const struct judge_metric *known = metric->has_alias ? judge_known(judge, metric->alias)
							     : NULL;

	ledger_check(ledger, metric->has_alias && metric->name == NULL,
		     "payloads-alias-data-cmd-requirement", "not the alias alone");
	ledger_check(ledger, metric->has_alias || metric->name != NULL, "payloads-name-requirement",
		     "neither name nor alias");
	ledger_check(ledger, !metric->has_datatype, "payloads-metric-datatype-not-req",
		     "a datatype in data");
	ledger_check(ledger, known != NULL && known->device == device,
		     verb == VERB_NDATA ? "topics-nbirth-metric-reqs " PUBLISH "nbirth"
					: "topics-dbirth-metric-reqs " PUBLISH "dbirth",
		     "a metric that no birth named");
	if (known != NULL && !judge_is_historical(metric)) {
		ledger_check(ledger, metric->timestamp >= known->born_ms,
			     verb == VERB_NDATA ? PUBLISH "nbirth-order" : PUBLISH "dbirth-order",
			     "older than the birth, and not historical");
	}
}

/* The same metric with the same time twice tells nothing. */
static bool judge_is_repeated(const Payload *payload, size_t index)
{
	const Metric *metric = payload->metrics[index];

	for (size_t i = 0; i < index; i++) {
		const Metric *other = payload->metrics[i];

		if (metric->has_alias && other->has_alias && metric->alias == other->alias &&
		    metric->timestamp == other->timestamp) {
			return true;
		}
	}
	return false;
}

void judge_metrics(struct judge *judge, enum judge_verb verb, int device, const Payload *payload)
{
	struct ledger *ledger = judge->ledger;
	const char *order = device < 0 ? PUBLISH "nbirth-order" : PUBLISH "dbirth-order";
	uint64_t last = 0;

	if (verb == VERB_NBIRTH) {
		judge_rebirth(judge, payload);
		judge->template_count = 0;
	}
	for (size_t i = 0; i < payload->n_metrics && verb == VERB_NBIRTH; i++) {
		if (judge_is_definition(payload->metrics[i])) {
			judge_learn_template(judge, payload->metrics[i]);
		}
	}
	for (size_t i = 0; i < payload->n_metrics; i++) {
		const Metric *metric = payload->metrics[i];

		ledger_check(ledger, metric->has_timestamp, "payloads-name-birth-data-requirement",
			     metric->name != NULL ? metric->name : "a metric without time");
		ledger_check(ledger,
			     metric->timestamp > YEAR_2020 && metric->timestamp <= judge->now_ms,
			     "payloads-metric-timestamp-in-UTC", "a strange time");
		if (!judge_is_historical(metric)) {
			ledger_check(ledger, metric->timestamp >= last, order, "not oldest first");
			ledger_check(ledger, !judge_is_repeated(payload, i), order,
				     "one metric twice at one time");
			last = metric->timestamp;
		}
		if (judge_is_birth(verb)) {
			judge_born_metric(judge, verb, device, metric);
		} else {
			judge_data_metric(judge, verb, device, metric);
		}
		judge_parts(judge, verb, metric);
	}
}
