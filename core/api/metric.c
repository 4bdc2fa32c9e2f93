/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/metric.h>: counting by index into the instance's table.
 */
#include "core/module/instance.h"
#include "core/module/metrics.h"

/* The table when the index is in it; else a line in the log, and NULL. */
static struct metric_table *table_of(struct ew_instance *inst, unsigned index,
				     const char *function)
{
	struct metric_table *table;

	if (!instance_is_one(inst, function)) {
		return NULL;
	}
	table = instance_metrics(inst);
	if (table == NULL || index >= table->count) {
		instance_misuse(inst, function, "the index is outside the module's table");
		return NULL;
	}
	return table;
}

void ew_metric_add(struct ew_instance *inst, unsigned index, double value)
{
	struct metric_table *table = table_of(inst, index, __func__);

	if (table != NULL) {
		metric_add(table, index, value);
	}
}

void ew_metric_set(struct ew_instance *inst, unsigned index, double value)
{
	struct metric_table *table = table_of(inst, index, __func__);

	if (table != NULL) {
		metric_set(table, index, value);
	}
}

void ew_metric_observe(struct ew_instance *inst, unsigned index, double value)
{
	struct metric_table *table = table_of(inst, index, __func__);

	if (table != NULL) {
		metric_observe(table, index, value);
	}
}

int ew_metrics_walk(int (*fn)(void *arg, const struct ew_metric_series *series), void *arg)
{
	return metrics_walk(fn, arg);
}
