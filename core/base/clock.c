/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monotonic and wall time. Owns the one pointer that lets tests replace them.
 * Any thread. Does not know about time zones, formatting or timers.
 */
#include "core/base/clock.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "core/base/check.h"

static _Atomic(const struct clock_source *) clock_source;

static int64_t clock_read(clockid_t id)
{
	struct timespec now;

	check(clock_gettime(id, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_mono(void)
{
	const struct clock_source *source;

	source = atomic_load_explicit(&clock_source, memory_order_acquire);
	return source != NULL ? source->mono(source->arg) : clock_read(CLOCK_MONOTONIC);
}

int64_t clock_mono_coarse(void)
{
	const struct clock_source *source;

	source = atomic_load_explicit(&clock_source, memory_order_acquire);
	return source != NULL ? source->mono(source->arg) : clock_read(CLOCK_MONOTONIC_COARSE);
}

int64_t clock_utc(void)
{
	const struct clock_source *source;

	source = atomic_load_explicit(&clock_source, memory_order_acquire);
	return source != NULL ? source->utc(source->arg) : clock_read(CLOCK_REALTIME);
}

int64_t clock_utc_coarse(void)
{
	const struct clock_source *source;

	source = atomic_load_explicit(&clock_source, memory_order_acquire);
	return source != NULL ? source->utc(source->arg) : clock_read(CLOCK_REALTIME_COARSE);
}

void clock_set_source(const struct clock_source *source)
{
	atomic_store_explicit(&clock_source, source, memory_order_release);
}
