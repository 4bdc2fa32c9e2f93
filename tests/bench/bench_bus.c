/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus against a bare ring: batches of 64 samples over 10,000 tags from
 * one instance to one and to four receivers on another loop, every sample
 * delivered. Runs of both alternate; the ratios of pairs are compared. On the
 * way it counts what the publish path must not do: allocate, hash, call the
 * kernel but to wake a receiver that sleeps.
 *
 * BENCH_BATCHES and BENCH_PAIRS in the environment set the size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/ref_ring.h"
#include "tests/bench/wrap.h"
#include "tests/lib/player.h"

#define BATCH  64u
#define TAGS   (BATCH * 157u)   /* 10,048 */
#define RECEIVERS_MAX  4

struct source {
	struct player player;
	struct task task;
	struct ew_sample *samples;      /* one a tag */
	size_t at;
	uint64_t left;
	atomic_bool is_done;
	_Atomic uint64_t waits;         /* -EAGAIN */
	struct wrap_counts during;      /* of the publishing thread */
};

struct sink {
	struct player player;
	uint64_t count, target;         /* samples */
	int64_t done_at;                /* monotonic; before is_done */
	bool holds_up;                  /* wait in the next batch until the queues are full */
	atomic_bool is_done, is_synced;
	double sum;
};

static struct bus *bus;
static struct loop *loops[2];
static struct source source = { .player = { .name = "source" } };
static struct sink sinks[RECEIVERS_MAX];

/* ---- the source ---- */

static void source_open(void *arg)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "plant" };
	struct source *self = arg;
	uint32_t id;

	check(endpoint_device_declare(self->player.endpoint, &device, &id) == 0);
	for (uint32_t i = 0; i < TAGS; i++) {
		char name[32];
		struct ew_tag_spec spec = { .size = sizeof(spec), .name = name,
					    .type = EW_TYPE_F64 };
		uint32_t tag;

		(void)snprintf(name, sizeof(name), "Signal/%u", i);
		check(endpoint_tag_declare(self->player.endpoint, id, &spec, &tag) == 0);
		self->samples[i] = ew_sample_f64(tag, 1, i);
	}
}

static bool source_run(struct task *task)
{
	struct source *self = container_of(task, struct source, task);
	struct wrap_counts begin = wrap_read();
	bool has_more;

	for (unsigned i = 0; i < 64 && self->left > 0; i++) {
		if (endpoint_publish(self->player.endpoint, self->samples + self->at, BATCH,
				     NULL) != 0) {
			atomic_fetch_add(&self->waits, 1);
			wrap_add(&self->during, begin);
			return false;
		}
		self->left--;
		self->at = self->at + 2 * BATCH > TAGS ? 0 : self->at + BATCH;
	}
	wrap_add(&self->during, begin);
	has_more = self->left > 0;
	atomic_store(&self->is_done, !has_more);
	return has_more;
}

static void source_room(void *arg)
{
	task_schedule(&((struct source *)arg)->task);
}

static const struct ew_module source_module = { .flags = EW_CAN_WAIT, .room = source_room };

/* ---- receivers ---- */

static bool source_waits(void *arg)
{
	(void)arg;
	return atomic_load(&source.waits) > 0;
}

static void sink_batch(void *arg, const struct ew_batch *batch)
{
	struct sink *self = arg;
	double sum = self->sum;

	if (self->holds_up) {
		self->holds_up = false;
		check(wait_until(source_waits, NULL));
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		sum += batch->samples[i].v.f;
	}
	self->sum = sum;
	self->count += batch->count;
	if (self->count == self->target) {
		self->done_at = clock_mono();
		atomic_store(&self->is_done, true);
	}
}

static void sink_synced(void *arg, uint32_t route)
{
	(void)route;
	atomic_store(&((struct sink *)arg)->is_synced, true);
}

static const struct ew_module sink_module = { .batch = sink_batch, .synced = sink_synced };

/* ---- a run ---- */

static bool all_done(void *arg)
{
	const size_t *receivers = arg;

	for (size_t i = 0; i < *receivers; i++) {
		if (!atomic_load(&sinks[i].is_done)) {
			return false;
		}
	}
	return atomic_load(&source.is_done);
}

static void begin_source(void *arg)
{
	struct source *self = arg;

	task_schedule(&self->task);
}

static void aim_sinks(void *arg)
{
	const uint64_t *samples = arg;

	for (size_t i = 0; i < RECEIVERS_MAX; i++) {
		sinks[i].target = sinks[i].count + *samples;
		atomic_store(&sinks[i].is_done, false);
	}
}

/*
 * Fill the queues while a receiver is held up in the middle of a batch: then
 * the pool is as large as it gets.
 */
static void hold_up(void *arg)
{
	aim_sinks(arg);
	sinks[0].holds_up = true;
}

static void warm_up(size_t receivers)
{
	uint64_t samples = UINT64_C(4096) * BATCH;

	player_call(&sinks[0].player, hold_up, &samples);
	source.left = 4096;
	atomic_store(&source.waits, 0);
	atomic_store(&source.is_done, false);
	player_call(&source.player, begin_source, &source);
	check(wait_until(all_done, &receivers));
}

static struct bench_span bus_run(size_t receivers, uint64_t batches)
{
	uint64_t samples = batches * BATCH;
	struct bench_span begin, span;

	player_call(&sinks[0].player, aim_sinks, &samples);
	source.left = batches;
	atomic_store(&source.is_done, false);
	begin = bench_now();
	player_call(&source.player, begin_source, &source);
	check(wait_until(all_done, &receivers));
	span = bench_since(begin);
	/* when the last was done, not when this thread saw it */
	span.wall = 0;
	for (size_t i = 0; i < receivers; i++) {
		int64_t took = sinks[i].done_at - begin.wall;

		span.wall = took > span.wall ? took : span.wall;
	}
	return span;
}

static bool all_synced(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < RECEIVERS_MAX; i++) {
		if (!atomic_load(&sinks[i].is_synced)) {
			return false;
		}
	}
	return true;
}

static void stop_sink(size_t i)
{
	player_stop(&sinks[i].player, false);
}

static void set_up(void)
{
	static const char *const names[] = { "sink-1", "sink-2", "sink-3", "sink-4" };
	const struct route_rule rule = { .from = "source", .deadband = NAN, .full = ROUTE_BLOCK };

	check(bus_new(&bus) == 0);
	check(bus_set_routes(bus, &rule, 1, NULL) == 0);
	check(loop_new("source", &loops[0]) == 0 && loop_start(loops[0]) == 0);
	check(loop_new("sinks", &loops[1]) == 0 && loop_start(loops[1]) == 0);
	source.player.loop = loops[0];
	source.samples = calloc(TAGS, sizeof(*source.samples));
	check(source.samples != NULL);
	task_init(&source.task, loops[0], LANE_DATA, source_run);
	player_start(&source.player, bus, &source_module, source_open, &source);
	for (size_t i = 0; i < RECEIVERS_MAX; i++) {
		sinks[i].player.name = names[i];
		sinks[i].player.loop = loops[1];
		player_start(&sinks[i].player, bus, &sink_module, NULL, &sinks[i]);
	}
	/* a route begins on the source's loop, some time after the receiver joined */
	check(wait_until(all_synced, NULL));
}

static void tear_down(size_t receivers)
{
	for (size_t i = 0; i < receivers; i++) {
		stop_sink(i);
	}
	player_stop(&source.player, false);
	for (size_t i = 0; i < 2; i++) {
		loop_stop(loops[i]);
		loop_free(&loops[i]);
	}
	bus_free(&bus);
	free(source.samples);
}

struct series {
	double *ratios, *costs, *times;         /* of the bus */
	double *ref_costs, *ref_times;
	size_t count;
};

static struct series series_new(size_t count)
{
	double *all = calloc(count * 5, sizeof(*all));

	check(all != NULL);
	return (struct series){ all,		 all + count,	  all + 2 * count,
				all + 3 * count, all + 4 * count, count };
}

static void report(size_t receivers, const struct series *of)
{
	(void)printf("%zu receiver%s\n", receivers, receivers == 1 ? "" : "s");
	bench_values("  throughput, of the bare ring's", "%", of->ratios, of->count, -70);
	bench_values("  processor time a sample, all threads", "ns", of->costs, of->count, 20);
	bench_values("     the bare ring's", "ns", of->ref_costs, of->count, BENCH_NOTHING);
	bench_values("  time a sample", "ns", of->times, of->count, BENCH_NOTHING);
	bench_values("     the bare ring's", "ns", of->ref_times, of->count, BENCH_NOTHING);
}

static void report_counts(uint64_t wakes)
{
	uint64_t calls = source.during.calls;

	bench_value("  allocations while publishing", "", (double)source.during.allocations, 0);
	bench_value("  hashes while publishing", "", (double)source.during.hashes, 0);
	bench_value("  system calls but to wake a receiver", "",
		    calls > wakes ? (double)(calls - wakes) : 0, 0);
	bench_value("     times that one was woken", "", (double)wakes, BENCH_NOTHING);
	bench_value("     times that the publisher waited for room", "",
		    (double)atomic_load(&source.waits), BENCH_NOTHING);
}

static void compare(size_t receivers, uint64_t batches, size_t pairs)
{
	struct series series = series_new(pairs);
	double samples = (double)batches * BATCH;
	uint64_t wakes;

	warm_up(receivers);
	source.during = (struct wrap_counts){ 0, 0, 0 };
	atomic_store(&source.waits, 0);
	wakes = loop_stats(loops[1]).wakes;
	for (size_t i = 0; i < pairs; i++) {
		struct bench_span ref = ref_ring_run(receivers, batches, BATCH, TAGS);
		struct bench_span own = bus_run(receivers, batches);

		series.ratios[i] = (double)ref.wall / (double)own.wall * 100;
		series.costs[i] = (double)own.cpu / samples;
		series.times[i] = (double)own.wall / samples;
		series.ref_costs[i] = (double)ref.cpu / samples;
		series.ref_times[i] = (double)ref.wall / samples;
	}
	report(receivers, &series);
	report_counts(loop_stats(loops[1]).wakes - wakes);
	free(series.ratios);
}

int main(void)
{
	uint64_t batches = bench_setting("BENCH_BATCHES", 100000);
	size_t pairs = bench_setting("BENCH_PAIRS", 15);

	set_up();
	compare(RECEIVERS_MAX, batches / 2, pairs);
	for (size_t i = RECEIVERS_MAX; i-- > 1;) {
		stop_sink(i);
	}
	compare(1, batches, pairs);
	tear_down(1);
	return bench_end();
}
