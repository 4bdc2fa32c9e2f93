/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: one table row each, no registration, no handle.
 *
 * A module lists its metrics in a constant table of its descriptor and counts
 * by index. Core adds the labels `instance` and `module`.
 */
#ifndef EDGEWAY_METRIC_H
#define EDGEWAY_METRIC_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_instance;

enum ew_metric_kind {
	EW_COUNTER = 0,         /* only grows; its name ends in _total */
	EW_GAUGE = 1,
	EW_HISTOGRAM = 2        /* of seconds or bytes; bounds are the row's */
};

#define EW_METRIC_BOUNDS_MAX  16

struct ew_metric {
	const char *name;       /* `sent_total`; core puts `edgeway_MODULE_` before it */
	enum ew_metric_kind kind;
	const char *unit;       /* base unit `seconds`, `bytes`, or NULL */
	const char *help;
	const double *bounds;   /* histogram: ascending upper bounds */
	size_t bound_count;     /* at most EW_METRIC_BOUNDS_MAX */
};

/*
 * Add to a counter or gauge.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none; an index outside the table is logged once and ignored
 */
EW_API void ew_metric_add(struct ew_instance *inst, unsigned index, double value);

/*
 * Set a gauge.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none, as above
 */
EW_API void ew_metric_set(struct ew_instance *inst, unsigned index, double value);

/*
 * Put one observation into a histogram.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none, as above
 */
EW_API void ew_metric_observe(struct ew_instance *inst, unsigned index, double value);

struct ew_label_pair {
	const char *name;
	const char *value;
};

/* One series as ew_metrics_walk() shows it; series of one name come together. */
struct ew_metric_series {
	const char *name;       /* complete: `edgeway_bus_samples_total` */
	enum ew_metric_kind kind;
	const char *unit;
	const char *help;
	const struct ew_label_pair *labels;
	size_t label_count;
	double value;           /* counter and gauge */
	const double *bounds;   /* histogram: bound_count of them, one count more, not summed up */
	const uint64_t *counts;
	size_t bound_count;
	double sum;
};

/*
 * Call fn for every series of core and of all instances until it returns
 * non-zero. All series of one name come one after the other.
 *
 * Thread:  any; may take a lock that loading and stopping instances take
 * Owner:   series borrowed by fn for the call
 * Errors:  what fn returned
 */
EW_API int ew_metrics_walk(int (*fn)(void *arg, const struct ew_metric_series *series), void *arg);

EW_END_DECLS

#endif
