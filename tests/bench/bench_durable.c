/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What durability costs a receiver that keeps up: the same publisher and
 * receiver on two buses, one with a log on disk (50 ms between syncs) and one
 * without, in turn. The source waits while 256 batches are on their way, so
 * that the durable route stays live. Every sample is delivered and is in the
 * log: its buffer is larger than what a turn says, so that a slow disk does
 * not make it refuse.
 *
 * First the receiver reads what it gets, as those of bench_bus do: it adds the
 * values up. The publisher is the slower side, and the ratio is that of what a
 * sample costs it. Then the receiver looks at no sample and only answers: the
 * samples stay in the publisher's cache, all that it does is cheaper, and the
 * log's share larger. Last the receiver works on each sample, as one that encodes
 * and sends does: it is the slower side, and the ratio says what the log takes
 * from it.
 *
 * BENCH_BATCHES and BENCH_PAIRS in the environment set the size, BENCH_DIR where
 * the log lies, BENCH_WORK_PAIRS the size of the last part (0: none).
 */
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/store/store.h"

#include "tests/bench/bench.h"
#include "tests/lib/player.h"

#define BATCH    64u
#define TAGS     (BATCH * 16u)
#define ON_WAY   (256u * BATCH)
#define WARM_UP  6u
#define WORK     100            /* ns a sample */

struct stage {
	struct bus *bus;
	struct store *store;            /* NULL: nothing is durable */
	struct player source, sink;
	struct task task;
	struct ew_sample samples[TAGS];
	size_t at;
	uint64_t left, said;            /* batches; samples */
	bool reads;                     /* the receiver looks at the samples */
	int64_t work;                   /* ns that it takes a sample */
	double sum;
	_Atomic uint64_t came;
	atomic_bool is_synced;
};

static struct stage plain, durable;

static void stage_open(void *arg)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "plant" };
	struct stage *stage = arg;
	uint32_t id;

	check(endpoint_device_declare(stage->source.endpoint, &device, &id) == 0);
	for (uint32_t i = 0; i < TAGS; i++) {
		char name[32];
		struct ew_tag_spec spec = { .size = sizeof(spec), .name = name,
					    .type = EW_TYPE_F64 };
		uint32_t tag;

		(void)snprintf(name, sizeof(name), "Signal/%u", i);
		check(endpoint_tag_declare(stage->source.endpoint, id, &spec, &tag) == 0);
		stage->samples[i] = ew_sample_f64(tag, 0, i);
	}
}

static bool stage_run(struct task *task)
{
	struct stage *stage = container_of(task, struct stage, task);

	for (unsigned i = 0; i < 64 && stage->left > 0; i++) {
		if (stage->said - atomic_load_explicit(&stage->came, memory_order_relaxed) >
		    ON_WAY) {
			return true;
		}
		for (uint32_t s = 0; s < BATCH; s++) {
			stage->samples[stage->at + s].v.f += 0.25;
		}
		check(endpoint_publish(stage->source.endpoint, stage->samples + stage->at, BATCH,
				       NULL) == 0);
		stage->said += BATCH;
		stage->left--;
		stage->at = (stage->at + BATCH) % TAGS;
	}
	return stage->left > 0;
}

static void on_batch(void *arg, const struct ew_batch *batch)
{
	struct stage *stage = arg;
	int64_t until = stage->work == 0 ? 0 : clock_mono() + stage->work * batch->count;

	if (stage->reads) {
		double sum = stage->sum;

		for (uint32_t i = 0; i < batch->count; i++) {
			sum += batch->samples[i].v.f;
		}
		stage->sum = sum;
	}
	while (until != 0 && clock_mono() < until) {
	}
	(void)endpoint_ack(stage->sink.endpoint, batch->route, batch->position, batch->position);
	atomic_store_explicit(&stage->came, stage->came + batch->count, memory_order_relaxed);
}

static void on_synced(void *arg, uint32_t route)
{
	(void)route;
	atomic_store(&((struct stage *)arg)->is_synced, true);
}

static const struct ew_module source_module = { .flags = 0 };
static const struct ew_module sink_module = {
	.flags = EW_ACKS | EW_DURABLE, .batch = on_batch, .synced = on_synced
};

/* ---- the log ---- */

static void on_stored(void *arg, uint64_t lsn)
{
	bus_stored(arg, lsn);
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

static void open_log(struct stage *stage, const char *path)
{
	const struct durable_receiver how = { .name = "sink" };
	const struct store_listener listener = { on_stored, on_describe, stage->bus };
	const struct store_config config = { .path = path, .bytes = UINT64_C(256) << 20,
					     .sync = 50 * EW_MILLISECOND,
					     .buffer_bytes = (size_t)32 << 20 };

	check(store_open(&config, &stage->store, NULL) == 0);
	store_listen(stage->store, &listener);
	/* as of a gateway that has found its time */
	store_clock_is_good(stage->store);
	bus_set_store(stage->bus, stage->store);
	check(bus_set_durables(stage->bus, &how, 1) == 0);
}

/* ---- a run ---- */

static bool is_there(void *arg)
{
	const struct stage *stage = arg;

	return atomic_load(&stage->is_synced);
}

static void set_up(struct stage *stage, const char *path)
{
	check(bus_new(&stage->bus) == 0);
	if (path != NULL) {
		open_log(stage, path);
	}
	stage->source.name = "source";
	stage->sink.name = "sink";
	check(loop_new("source", &stage->source.loop) == 0);
	check(loop_new("sink", &stage->sink.loop) == 0);
	check(loop_start(stage->source.loop) == 0 && loop_start(stage->sink.loop) == 0);
	task_init(&stage->task, stage->source.loop, LANE_DATA, stage_run);
	player_start(&stage->source, stage->bus, &source_module, stage_open, stage);
	player_start(&stage->sink, stage->bus, &sink_module, NULL, stage);
	bus_ready(stage->bus);
	check(wait_until(is_there, stage));
}

static void tear_down(struct stage *stage)
{
	player_stop(&stage->sink, false);
	player_stop(&stage->source, false);
	loop_stop(stage->source.loop);
	loop_stop(stage->sink.loop);
	loop_free(&stage->source.loop);
	loop_free(&stage->sink.loop);
	store_close(&stage->store);
	bus_free(&stage->bus);
}

static void begin(void *arg)
{
	task_schedule(&((struct stage *)arg)->task);
}

static uint64_t goal;

static bool all_came(void *arg)
{
	return atomic_load(&((struct stage *)arg)->came) >= goal;
}

/* What a turn takes a sample, ns. */
struct cost {
	double wall;
	double cpu, source, sink;       /* of all threads; of two of them */
};

static void read_time(void *arg)
{
	*(int64_t *)arg = bench_thread_time();
}

static struct cost stage_time(struct stage *stage, uint64_t batches)
{
	double samples = (double)(batches * BATCH);
	int64_t source[2], sink[2];
	struct bench_span start, span;

	goal = atomic_load(&stage->came) + batches * BATCH;
	stage->left = batches;
	player_call(&stage->source, read_time, &source[0]);
	player_call(&stage->sink, read_time, &sink[0]);
	start = bench_now();
	player_call(&stage->source, begin, stage);
	check(wait_until(all_came, stage));
	span = bench_since(start);
	player_call(&stage->source, read_time, &source[1]);
	player_call(&stage->sink, read_time, &sink[1]);
	return (struct cost){
		.wall = (double)span.wall / samples,
		.cpu = (double)span.cpu / samples,
		.source = (double)(source[1] - source[0]) / samples,
		.sink = (double)(sink[1] - sink[0]) / samples,
	};
}

static int count_behind(void *arg, const struct route_stats *route)
{
	*(uint64_t *)arg += route->stored_samples;
	return 0;
}

static int remove_one(const char *name, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(name);
}

enum row {
	RATIO,
	WITH_CPU, WITH_SOURCE, WITH_SINK,
	WITHOUT_CPU, WITHOUT_SOURCE, WITHOUT_SINK,
	ROW_COUNT
};

static const char *const row_names[ROW_COUNT] = {
	[WITH_CPU] = "  processor time a sample, durable",
	[WITH_SOURCE] = "     the publisher's",
	[WITH_SINK] = "     the receiver's",
	[WITHOUT_CPU] = "  processor time a sample, in memory",
	[WITHOUT_SOURCE] = "     the publisher's",
	[WITHOUT_SINK] = "     the receiver's",
};

static void note(double *rows, size_t pairs, enum row first, const struct cost *cost)
{
	rows[first * pairs] = cost->cpu;
	rows[(first + 1) * pairs] = cost->source;
	rows[(first + 2) * pairs] = cost->sink;
}

static void bench(size_t pairs, uint64_t batches, const char *name, double asked)
{
	double *rows = calloc(pairs * ROW_COUNT, sizeof(*rows));

	check(rows != NULL);
	/* until the log's buffer has gone round, its pages are new */
	for (unsigned i = 0; i < WARM_UP; i++) {
		(void)stage_time(&plain, batches);
		(void)stage_time(&durable, batches);
	}
	for (size_t i = 0; i < pairs; i++) {
		struct cost without = stage_time(&plain, batches);
		struct cost with = stage_time(&durable, batches);

		rows[RATIO * pairs + i] = without.wall / with.wall * 100;
		note(rows + i, pairs, WITH_CPU, &with);
		note(rows + i, pairs, WITHOUT_CPU, &without);
	}
	bench_values(name, "%", rows + RATIO * pairs, pairs, asked);
	for (size_t row = WITH_CPU; row < ROW_COUNT; row++) {
		bench_values(row_names[row], "ns", rows + row * pairs, pairs, BENCH_NOTHING);
	}
	free(rows);
}

int main(void)
{
	uint64_t batches = bench_setting("BENCH_BATCHES", 20000);
	size_t pairs = bench_setting("BENCH_PAIRS", 15);
	size_t work_pairs = bench_setting("BENCH_WORK_PAIRS", pairs);
	const char *dir = getenv("BENCH_DIR");
	uint64_t behind = 0;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/bench-durable-XXXXXX", dir == NULL ? "." : dir);
	check(mkdtemp(path) != NULL);
	set_up(&plain, NULL);
	set_up(&durable, path);
	plain.reads = true;
	durable.reads = true;
	bench(pairs, batches, "throughput, of a route in memory", -90);
	plain.reads = false;
	durable.reads = false;
	bench(pairs, batches, "the same, samples that are not looked at", BENCH_NOTHING);
	plain.work = WORK;
	durable.work = WORK;
	if (work_pairs > 0) {
		bench(work_pairs, batches / 4, "the same, 100 ns of work a sample", BENCH_NOTHING);
	}
	(void)bus_routes_walk(durable.bus, count_behind, &behind);
	bench_value("  samples that the queue did not get", "", (double)behind, 0);
	bench_value("  batches that the log did not get", "",
		    (double)store_stats(durable.store).refused, 0);
	tear_down(&durable);
	tear_down(&plain);
	check(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	return bench_end();
}
