/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benches share: clocks, percentiles, and the table of what was
 * measured and what is asked for. A bench ends with bench_end(): it fails when
 * something that is asked for was missed.
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

/* Processor time that the calling thread has used, ns. */
int64_t bench_thread_time(void);

/* Sorts values. p in 0..1. */
double bench_percentile(double *values, size_t count, double p);

/* A whole number of the environment, or the fallback. */
uint64_t bench_setting(const char *name, uint64_t fallback);

/* What is asked for: a most, a least (below zero: at least -limit), or nothing. */
#define BENCH_NOTHING  1e300

/* A row of the table: one number, or the median of many between their p10 and p90. Sorts them. */
void bench_value(const char *name, const char *unit, double value, double asked);
void bench_values(const char *name, const char *unit, double *values, size_t count, double asked);

/* The exit status: failure when a row missed what was asked. */
int bench_end(void);

#endif
