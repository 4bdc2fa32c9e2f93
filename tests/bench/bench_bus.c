/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus against a bare ring: batches of 64 samples over 10,000 tags from
 * one instance to one and to four receivers on another loop, every sample
 * delivered. Runs of both alternate; medians are compared. On the way it
 * counts what the publish path must not do: allocate, hash, call the kernel.
 *
 * BENCH_BATCHES and BENCH_PAIRS in the environment set the size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"

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
	atomic_store(&self->is_done, self->left == 0);
	return self->left > 0;
}

static void source_room(void *arg)
{
	task_schedule(&((struct source *)arg)->task);
}

static const struct ew_module source_module = { .flags = EW_CAN_WAIT, .room = source_room };

/* ---- receivers ---- */

static void sink_batch(void *arg, const struct ew_batch *batch)
{
	struct sink *self = arg;
	double sum = self->sum;

	for (uint32_t i = 0; i < batch->count; i++) {
		sum += batch->samples[i].v.f;
	}
	self->sum = sum;
	self->count += batch->count;
	if (self->count == self->target) {
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

static bool source_waits(void *arg)
{
	(void)arg;
	return atomic_load(&source.waits) > 0;
}

/* Fill the queues while the receivers are held up: then the pool is as large as it gets. */
static void hold_up(void *arg)
{
	aim_sinks(arg);
	task_schedule(&source.task);
	check(wait_until(source_waits, NULL));
}

static void warm_up(size_t receivers)
{
	uint64_t samples = UINT64_C(4096) * BATCH;

	source.left = 4096;
	atomic_store(&source.waits, 0);
	atomic_store(&source.is_done, false);
	player_call(&sinks[0].player, hold_up, &samples);
	check(wait_until(all_done, &receivers));
}

static struct bench_span bus_run(size_t receivers, uint64_t batches)
{
	uint64_t samples = batches * BATCH;
	struct bench_span begin;

	player_call(&sinks[0].player, aim_sinks, &samples);
	source.left = batches;
	atomic_store(&source.is_done, false);
	begin = bench_now();
	player_call(&source.player, begin_source, &source);
	check(wait_until(all_done, &receivers));
	return bench_since(begin);
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

static void compare(size_t receivers, uint64_t batches, size_t pairs)
{
	double *ratios = calloc(pairs * 3, sizeof(*ratios));
	double *costs = ratios + pairs, *refs = costs + pairs;
	double samples = (double)batches * BATCH;
	uint64_t wakes;
	char name[64];

	check(ratios != NULL);
	warm_up(receivers);
	source.during = (struct wrap_counts){ 0, 0, 0 };
	atomic_store(&source.waits, 0);
	wakes = loop_stats(loops[1]).wakes;
	for (size_t i = 0; i < pairs; i++) {
		struct bench_span ref = ref_ring_run(receivers, batches, BATCH, TAGS);
		struct bench_span own = bus_run(receivers, batches);

		ratios[i] = (double)ref.wall / (double)own.wall * 100;
		costs[i] = (double)own.cpu / samples;
		refs[i] = (double)ref.cpu / samples;
	}
	(void)snprintf(name, sizeof(name), "throughput of the bare ring's, %zu receivers",
		       receivers);
	bench_report(name, bench_percentile(ratios, pairs, 0.5), "%", -70);
	(void)snprintf(name, sizeof(name), "processor time a sample, %zu receivers", receivers);
	bench_report(name, bench_percentile(costs, pairs, 0.5), "ns", 20);
	(void)printf("%-52s %10.2f ns\n", "   the bare ring's", bench_percentile(refs, pairs, 0.5));
	(void)printf("%-52s %10llu\n", "   waits for room",
		     (unsigned long long)atomic_load(&source.waits));
	bench_report("allocations while publishing", (double)source.during.allocations, "", 0);
	bench_report("hashes while publishing", (double)source.during.hashes, "", 0);
	wakes = loop_stats(loops[1]).wakes - wakes;
	bench_report("system calls but to wake a sleeping receiver",
		     source.during.calls > wakes ? (double)(source.during.calls - wakes) : 0, "",
		     0);
	(void)printf("%-52s %10llu\n", "   times that one was woken", (unsigned long long)wakes);
	free(ratios);
}

int main(void)
{
	uint64_t batches = bench_setting("BENCH_BATCHES", 200000);
	size_t pairs = bench_setting("BENCH_PAIRS", 7);

	set_up();
	compare(RECEIVERS_MAX, batches / 2, pairs);
	for (size_t i = RECEIVERS_MAX; i-- > 1;) {
		stop_sink(i);
	}
	compare(1, batches, pairs);
	tear_down(1);
	return 0;
}
