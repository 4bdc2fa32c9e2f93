/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over all levels of a payload. It goes into itself for what is nested
 * and no deeper than the limit says, so the stack it takes is bounded too.
 */
#include "proto/sparkplug/message.h"

#include <errno.h>

/* What is left of the limits. */
struct sp_budget {
	size_t items;
	unsigned depth;
};

static int sp_check_value(const struct sp_value *value, struct sp_budget *budget);

static int sp_spend(struct sp_budget *budget)
{
	if (budget->items == 0) {
		return -EMSGSIZE;
	}
	budget->items--;
	return 0;
}

static int sp_check_set(struct sp_bytes set, struct sp_budget *budget)
{
	struct sp_properties properties;
	struct sp_item property;
	int more;

	sp_properties_open(set, &properties);
	while ((more = sp_property_next(&properties, &property)) > 0) {
		more = sp_spend(budget);
		if (more == 0) {
			more = sp_check_value(&property.value, budget);
		}
		if (more != 0) {
			return more;
		}
	}
	return more;
}

static int sp_check_sets(struct sp_bytes sets, struct sp_budget *budget)
{
	struct sp_reader reader;
	struct sp_bytes set;
	int more;

	sp_sets_open(sets, &reader);
	while ((more = sp_set_next(&reader, &set)) > 0) {
		more = sp_spend(budget);
		if (more == 0) {
			more = sp_check_set(set, budget);
		}
		if (more != 0) {
			return more;
		}
	}
	return more;
}

static int sp_check_metrics(struct sp_reader metrics, struct sp_budget *budget)
{
	struct sp_metric metric;
	struct sp_metadata metadata;
	int more;

	while ((more = sp_metric_next(&metrics, &metric)) > 0) {
		more = sp_spend(budget);
		if (more == 0 && metric.has & SP_HAS_METADATA) {
			more = sp_metadata_decode(metric.metadata, &metadata);
		}
		if (more == 0 && metric.has & SP_HAS_PROPERTIES) {
			more = sp_check_set(metric.properties, budget);
		}
		if (more == 0) {
			more = sp_check_value(&metric.value, budget);
		}
		if (more != 0) {
			return more;
		}
	}
	return more;
}

static int sp_check_template(struct sp_bytes bytes, struct sp_budget *budget)
{
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_item parameter;
	int more = sp_template_decode(bytes, &template_, &metrics, &parameters);

	if (more != 0) {
		return more;
	}
	while ((more = sp_parameter_next(&parameters, &parameter)) > 0) {
		more = sp_spend(budget);
		if (more != 0) {
			return more;
		}
	}
	return more != 0 ? more : sp_check_metrics(metrics, budget);
}

static int sp_check_row(struct sp_reader cells, struct sp_budget *budget)
{
	struct sp_value value;
	int more;

	while ((more = sp_cell_next(&cells, &value)) > 0) {
		more = sp_spend(budget);
		if (more != 0) {
			return more;
		}
	}
	return more;
}

static int sp_check_dataset(struct sp_bytes bytes, struct sp_budget *budget)
{
	struct sp_dataset dataset;
	struct sp_reader rows, cells;
	int more = sp_dataset_decode(bytes, &dataset, &rows);

	if (more != 0) {
		return more;
	}
	if (dataset.names != dataset.types || dataset.column_count != dataset.names) {
		return -EPROTO;
	}
	if (dataset.names > budget->items) {
		return -EMSGSIZE;
	}
	budget->items -= dataset.names;
	while ((more = sp_row_next(&rows, &cells)) > 0) {
		more = sp_spend(budget);
		if (more == 0) {
			more = sp_check_row(cells, budget);
		}
		if (more != 0) {
			return more;
		}
	}
	return more;
}

static int sp_check_value(const struct sp_value *value, struct sp_budget *budget)
{
	int error;

	if (value->carrier != SP_DATASET && value->carrier != SP_TEMPLATE &&
	    value->carrier != SP_SET && value->carrier != SP_SETS) {
		return 0;
	}
	if (budget->depth == 0) {
		return -EMSGSIZE;
	}
	budget->depth--;
	if (value->carrier == SP_DATASET) {
		error = sp_check_dataset(value->x, budget);
	} else if (value->carrier == SP_TEMPLATE) {
		error = sp_check_template(value->x, budget);
	} else if (value->carrier == SP_SET) {
		error = sp_check_set(value->x, budget);
	} else {
		error = sp_check_sets(value->x, budget);
	}
	budget->depth++;
	return error;
}

int sp_payload_check(struct sp_bytes bytes, const struct sp_limits *limits)
{
	struct sp_budget budget = { limits->items, limits->depth };
	struct sp_payload payload;
	struct sp_reader metrics;
	int error = sp_payload_decode(bytes, limits, &payload, &metrics);

	return error != 0 ? error : sp_check_metrics(metrics, &budget);
}

int sp_value_check(const struct sp_value *value, const struct sp_limits *limits)
{
	struct sp_budget budget = { limits->items, limits->depth };

	return sp_check_value(value, &budget);
}
