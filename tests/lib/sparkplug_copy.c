/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sparkplug_copy.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

const struct sp_limits sparkplug_copy_limits = {
	.bytes = 1u << 20, .metrics = 1000, .items = 20000, .depth = 8,
};

static void copy_value(struct sp_value *value);

/* Room for what is written of a slice: each of its items may grow by its slack. */
static struct sp_writer copy_begin(struct sp_bytes from)
{
	struct sp_writer writer;
	size_t size = 8 * from.size + 4 * SP_SLACK;
	void *memory = malloc(size);

	check(memory != NULL);
	sp_writer_init(&writer, memory, size);
	return writer;
}

static void copy_set(struct sp_bytes *set)
{
	struct sp_writer writer = copy_begin(*set);
	struct sp_properties properties;
	struct sp_item item;

	sp_properties_open(*set, &properties);
	while (sp_property_next(&properties, &item) > 0) {
		copy_value(&item.value);
		check(sp_property_put(&writer, &item) == 0);
		if (item.value.carrier == SP_SET || item.value.carrier == SP_SETS) {
			free((void *)(uintptr_t)item.value.x.at);
		}
	}
	*set = sp_written(&writer);
}

static void copy_sets(struct sp_bytes *sets)
{
	struct sp_writer writer = copy_begin(*sets);
	struct sp_reader reader;
	struct sp_bytes set;

	sp_sets_open(*sets, &reader);
	while (sp_set_next(&reader, &set) > 0) {
		copy_set(&set);
		check(sp_set_put(&writer, set) == 0);
		free((void *)(uintptr_t)set.at);
	}
	*sets = sp_written(&writer);
}

static void copy_dataset(struct sp_bytes *bytes)
{
	struct sp_writer writer = copy_begin(*bytes);
	struct sp_dataset dataset;
	struct sp_reader rows, cells;
	struct sp_bytes *names;
	unsigned *types;

	check(sp_dataset_decode(*bytes, &dataset, &rows) == 0);
	names = calloc(dataset.names + 1, sizeof(*names));
	types = calloc(dataset.names + 1, sizeof(*types));
	check(names != NULL && types != NULL);
	check(sp_dataset_columns(*bytes, dataset.names, names, types) == 0);
	if (dataset.column_count > 0) {
		check(sp_column_count_put(&writer, dataset.column_count) == 0);
	}
	for (size_t i = 0; i < dataset.names; i++) {
		check(sp_column_put(&writer, names[i], types[i]) == 0);
	}
	while (sp_row_next(&rows, &cells) > 0) {
		struct sp_bytes row = { cells.at, (size_t)(cells.end - cells.at) };
		struct sp_writer inner = copy_begin(row);
		struct sp_value cell;

		while (sp_cell_next(&cells, &cell) > 0) {
			check(sp_cell_put(&inner, &cell) == 0);
		}
		check(sp_row_put(&writer, sp_written(&inner)) == 0);
		free(inner.begin);
	}
	free(names);
	free(types);
	*bytes = sp_written(&writer);
}

static void copy_metrics(struct sp_writer *writer, struct sp_reader *metrics)
{
	struct sp_metric metric;
	struct sp_metadata metadata;

	while (sp_metric_next(metrics, &metric) > 0) {
		struct sp_bytes none = { NULL, 0 };
		struct sp_writer inner = copy_begin(metric.has & SP_HAS_METADATA ? metric.metadata
										 : none);
		enum sp_carrier carrier = metric.value.carrier;

		if (metric.has & SP_HAS_METADATA) {
			check(sp_metadata_decode(metric.metadata, &metadata) == 0);
			check(sp_metadata_put(&inner, &metadata) == 0);
			metric.metadata = sp_written(&inner);
		}
		if (metric.has & SP_HAS_PROPERTIES) {
			copy_set(&metric.properties);
		}
		copy_value(&metric.value);
		check(sp_metric_put(writer, &metric) == 0);
		free(inner.begin);
		if (metric.has & SP_HAS_PROPERTIES) {
			free((void *)(uintptr_t)metric.properties.at);
		}
		if (carrier == SP_DATASET || carrier == SP_TEMPLATE) {
			free((void *)(uintptr_t)metric.value.x.at);
		}
	}
}

static void copy_template(struct sp_bytes *bytes)
{
	struct sp_writer writer = copy_begin(*bytes);
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_item parameter;

	check(sp_template_decode(*bytes, &template_, &metrics, &parameters) == 0);
	copy_metrics(&writer, &metrics);
	while (sp_parameter_next(&parameters, &parameter) > 0) {
		check(sp_parameter_put(&writer, &parameter) == 0);
	}
	check(sp_template_put(&writer, &template_) == 0);
	*bytes = sp_written(&writer);
}

static void copy_value(struct sp_value *value)
{
	if (value->carrier == SP_DATASET) {
		copy_dataset(&value->x);
	} else if (value->carrier == SP_TEMPLATE) {
		copy_template(&value->x);
	} else if (value->carrier == SP_SET) {
		copy_set(&value->x);
	} else if (value->carrier == SP_SETS) {
		copy_sets(&value->x);
	}
}

int sparkplug_copy(struct sp_bytes bytes, struct sp_bytes *copy_out)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_writer writer;
	int error = sp_payload_check(bytes, &sparkplug_copy_limits);

	if (error != 0) {
		return error;
	}
	check(sp_payload_decode(bytes, &sparkplug_copy_limits, &payload, &metrics) == 0);
	writer = copy_begin(bytes);
	copy_metrics(&writer, &metrics);
	check(sp_payload_put(&writer, &payload) == 0);
	*copy_out = sp_written(&writer);
	return 0;
}
