/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics of core and of instances. A *table* is the cells of one owner for
 * one array of rows: any thread counts in it, without lock or allocation. A
 * *source* shows numbers that core keeps elsewhere. Both are known to one
 * registry of the process, which metrics_walk() shows grouped by name.
 */
#ifndef CORE_MODULE_METRICS_H
#define CORE_MODULE_METRICS_H

#include "core/base/list.h"

#include <edgeway/metric.h>

#define METRIC_LABELS_MAX  4

struct metric_cell;

/* Cells of one owner. */
struct metric_table {
	struct list node;               /* of the registry */
	char *prefix;                   /* `edgeway_simulator` */
	const struct ew_metric *rows;
	unsigned count;
	struct metric_cell *cells;
	_Atomic uint64_t *buckets;      /* of all histograms */
	struct ew_label_pair labels[METRIC_LABELS_MAX];
	char *texts[METRIC_LABELS_MAX * 2];     /* what they point to */
	size_t label_count;
};

/*
 * Make a table, all zero, and show it from now on. Rows are borrowed for its
 * life, labels are copied. -ENOMEM. Any thread.
 */
int metric_table_new(const char *prefix, const struct ew_metric *rows, unsigned count,
		     const struct ew_label_pair *labels, size_t label_count,
		     struct metric_table **table_out);

/* Nobody counts in it any more. Accepts NULL. */
void metric_table_free(struct metric_table **table);

/* index is below count. */
void metric_add(struct metric_table *table, unsigned index, double value);
void metric_set(struct metric_table *table, unsigned index, double value);
void metric_observe(struct metric_table *table, unsigned index, double value);

/* The value of a counter or gauge, the number of observations of a histogram. */
double metric_value(const struct metric_table *table, unsigned index);

/* How a source hands over one series of the row it was asked for; its labels may be NULL. */
typedef int (*metric_show_fn)(void *arg, const struct ew_label_pair *labels, size_t label_count,
			      double value);

/* Numbers kept elsewhere: counters and gauges. Owned by who adds it. */
struct metric_source {
	struct list node;
	const char *prefix;             /* `edgeway_bus` */
	const struct ew_metric *rows;
	unsigned count;
	/* Call show for each series of a row; return what it returned when not 0. */
	int (*walk)(void *arg, unsigned row, metric_show_fn show, void *show_arg);
	void *arg;
};

void metric_source_add(struct metric_source *source);

/* Once it returns, walk does not run any more. Accepts one that was not added. */
void metric_source_remove(struct metric_source *source);

/* As ew_metrics_walk(). */
int metrics_walk(int (*fn)(void *arg, const struct ew_metric_series *series), void *arg);

#endif
