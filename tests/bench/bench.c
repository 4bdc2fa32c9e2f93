/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
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

int64_t bench_thread_time(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
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

static bool has_missed;

static const char *judge(double value, double asked)
{
	/* what is asked below zero is a least */
	if (asked == BENCH_NOTHING || (asked < 0 ? value >= -asked : value <= asked)) {
		return "ok";
	}
	has_missed = true;
	return "MISSED";
}

static void print_asked(double value, const char *unit, double asked)
{
	if (asked == BENCH_NOTHING) {
		(void)printf(" %s\n", unit);
	} else {
		(void)printf(" %-5s asked %s %-6g %s\n", unit, asked < 0 ? ">=" : "<=",
			     asked < 0 ? -asked : asked, judge(value, asked));
	}
}

void bench_value(const char *name, const char *unit, double value, double asked)
{
	(void)printf("%-48s %10.2f %19s", name, value, "");
	print_asked(value, unit, asked);
}

void bench_values(const char *name, const char *unit, double *values, size_t count, double asked)
{
	double median = bench_percentile(values, count, 0.5);

	(void)printf("%-48s %10.2f %8.2f ..%8.2f", name, median,
		     bench_percentile(values, count, 0.1),
		     bench_percentile(values, count, 0.9));
	print_asked(median, unit, asked);
}

int bench_end(void)
{
	return has_missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
