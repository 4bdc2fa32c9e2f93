/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of the Prometheus text format, version 0.0.4. Pure: series in, bytes
 * out. Series of one name must come one after the other; HELP, TYPE and UNIT
 * stand before the first of them.
 */
#ifndef METRICS_EXPOSITION_H
#define METRICS_EXPOSITION_H

#include <edgeway/metric.h>

#define EXPOSITION_TYPE   "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_LABELS_MAX  8

struct exposition {
	char *at;               /* the text so far, not terminated */
	size_t size;
	size_t room;
	size_t limit;           /* most bytes ever */
	int fault;              /* 0, -EMSGSIZE, -ENOMEM: the first one sticks */
	char family[256];       /* the name written last */
	size_t series;          /* lines that carry a value */
};

void exposition_init(struct exposition *out, size_t limit);
void exposition_fini(struct exposition *out);

/*
 * Add a series. Names are brought into the form of Prometheus, values of
 * labels are escaped. The fault, 0 when there is none.
 */
int exposition_add(struct exposition *out, const struct ew_metric_series *series);

/*
 * A metric's name in the form of Prometheus: what is no letter, digit,
 * underscore or colon becomes an underscore. Returns out.
 */
const char *exposition_name(const char *name, char *out, size_t size);

/* The shortest text that is the same number: 1, 0.1, 1e+100, NaN, +Inf. */
const char *exposition_value(double value, char *out, size_t size);

#endif
