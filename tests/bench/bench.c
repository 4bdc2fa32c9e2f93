/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/text.h"

#include "tests/bench/bench.h"

static int64_t read_clock(clockid_t id)
{
	struct timespec now;

	check(clock_gettime(id, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct bench_span bench_now(void)
{
	return (struct bench_span){
		.wall = read_clock(CLOCK_MONOTONIC),
		.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID),
	};
}

struct bench_span bench_since(struct bench_span begin)
{
	struct bench_span now = bench_now();

	return (struct bench_span){ now.wall - begin.wall, now.cpu - begin.cpu };
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double bench_percentile(double *values, size_t count, double p)
{
	check(count > 0);
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)(p * (double)(count - 1) + 0.5)];
}

uint64_t bench_setting(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	uint64_t value;

	return text != NULL && text_parse_uint(text, &value) == 0 ? value : fallback;
}

void bench_report(const char *name, double value, const char *unit, double limit)
{
	/* a limit below zero is a least value */
	int is_met = limit < 0 ? value >= -limit : value <= limit;

	(void)printf("%-52s %10.2f %s (asked: %s %g) %s\n", name, value, unit,
		     limit < 0 ? "at least" : "at most", limit < 0 ? -limit : limit,
		     is_met ? "ok" : "MISSED");
}
