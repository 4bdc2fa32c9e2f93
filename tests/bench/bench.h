/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benches share: clocks, medians, percentiles. A bench prints what it
 * measured and what is asked for; it fails only where a count is wrong.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Time passed and processor time used by all threads, ns. */
struct bench_span {
	int64_t wall;
	int64_t cpu;
};

struct bench_span bench_now(void);
struct bench_span bench_since(struct bench_span begin);

/* Sorts values. p in 0..1. */
double bench_percentile(double *values, size_t count, double p);

/* A whole number of the environment, or the fallback. */
uint64_t bench_setting(const char *name, uint64_t fallback);

/* "name  value unit (asked: limit)", with ok or MISSED. */
void bench_report(const char *name, double value, const char *unit, double limit);

#endif
