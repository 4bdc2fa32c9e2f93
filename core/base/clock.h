/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks, in nanoseconds. All of core asks here, so that a test can
 * drive time. Any thread.
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdint.h>

/* A clock to read instead of the system's. Both functions must be callable
 * from any thread; `arg` is handed back. */
struct clock_source {
	int64_t (*mono)(void *arg);
	int64_t (*utc)(void *arg);
	void *arg;
};

/* Monotonic time; never goes back, unrelated to the calendar. */
int64_t clock_mono(void);

/* The same, up to 4 ms behind and several times cheaper. */
int64_t clock_mono_coarse(void);

/* Nanoseconds since 1970 UTC; may jump either way. */
int64_t clock_utc(void);
int64_t clock_utc_coarse(void);

/* Read from `source` (borrowed until replaced); NULL: the system again. Only
 * before other threads exist or while they are known not to read. */
void clock_set_source(const struct clock_source *source);

#endif
