/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a sample is under way: to an instance whose loop sleeps, against a
 * bare eventfd between two threads; and to an instance on the same loop. Two
 * instances send one sample back and forth; half the round trip counts. Runs
 * of both kinds alternate.
 *
 * BENCH_ROUNDS in the environment sets the size.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/bench.h"
#include "tests/lib/player.h"

#define BLOCK_ROUNDS  1000u     /* round trips before the other kind has its turn */

struct times {
	double *values;                 /* us, half a round trip */
	size_t count, room;
};

static void times_add(struct times *times, int64_t round_trip)
{
	check(times->count < times->room);
	times->values[times->count++] = (double)round_trip / 2000;
}

/* ---- the reference ---- */

struct pair {
	int there, back;
};

static void *echo(void *arg)
{
	const struct pair *pair = arg;
	uint64_t value;

	while (read(pair->there, &value, sizeof(value)) == sizeof(value) && value < 1u << 20) {
		check(write(pair->back, &(uint64_t){ 1 }, sizeof(value)) == sizeof(value));
	}
	return NULL;
}

static void ref_rounds(const struct pair *pair, struct times *times)
{
	uint64_t value = 1;

	for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
		int64_t begin = clock_mono();

		check(write(pair->there, &(uint64_t){ 1 }, sizeof(value)) == sizeof(value));
		check(read(pair->back, &value, sizeof(value)) == sizeof(value));
		times_add(times, clock_mono() - begin);
	}
}

/* ---- the bus ---- */

struct side {
	struct player player;
	const char *path;
	uint32_t tag;
	struct side *other;
	struct times *times;            /* of who began; NULL: it echoes */
	unsigned left;
	int64_t begin;
	atomic_bool is_done;
};

static void side_open(void *arg)
{
	struct side *self = arg;
	const struct ew_device_spec device = { .size = sizeof(device), .path = self->path };
	const struct ew_tag_spec tag = { .size = sizeof(tag), .name = "Ball",
					 .type = EW_TYPE_U64 };
	uint32_t id;

	check(endpoint_device_declare(self->player.endpoint, &device, &id) == 0);
	check(endpoint_tag_declare(self->player.endpoint, id, &tag, &self->tag) == 0);
}

static void hit(struct side *self)
{
	const struct ew_sample ball = ew_sample_u64(self->tag, 1, 1);

	self->begin = clock_mono();
	check(endpoint_publish(self->player.endpoint, &ball, 1, NULL) == 0);
}

static void side_batch(void *arg, const struct ew_batch *batch)
{
	struct side *self = arg;

	if (batch->flags != 0) {
		return;         /* first values */
	}
	if (self->times == NULL) {
		hit(self);
		return;
	}
	times_add(self->times, clock_mono() - self->begin);
	if (--self->left > 0) {
		hit(self);
	} else {
		atomic_store(&self->is_done, true);
	}
}

static const struct ew_module side_module = { .batch = side_batch };

static void begin_rounds(void *arg)
{
	struct side *self = arg;

	self->left = BLOCK_ROUNDS;
	hit(self);
}

static bool is_done(void *arg)
{
	return atomic_load(&((struct side *)arg)->is_done);
}

static void bus_rounds(struct side *side)
{
	atomic_store(&side->is_done, false);
	player_call(&side->player, begin_rounds, side);
	check(wait_until(is_done, side));
}

static void start(struct side *sides, struct bus *bus, struct loop *first, struct loop *second)
{
	sides[0].player.loop = first;
	sides[1].player.loop = second;
	player_start(&sides[0].player, bus, &side_module, side_open, &sides[0]);
	player_start(&sides[1].player, bus, &side_module, side_open, &sides[1]);
}

static void stop(struct side *sides)
{
	player_stop(&sides[0].player, false);
	player_stop(&sides[1].player, false);
}

static void report(const char *name, const char *p99, struct times *times, double asked)
{
	bench_values(name, "us", times->values, times->count, asked);
	bench_value(p99, "us", bench_percentile(times->values, times->count, 0.99), BENCH_NOTHING);
}

static struct times times_new(size_t room)
{
	struct times times = { calloc(room, sizeof(double)), 0, room };

	check(times.values != NULL);
	return times;
}

int main(void)
{
	size_t blocks = bench_setting("BENCH_ROUNDS", 20000) / BLOCK_ROUNDS + 1;
	struct times ref = times_new(blocks * BLOCK_ROUNDS);
	struct times across = times_new(blocks * BLOCK_ROUNDS);
	struct times within = times_new(blocks * BLOCK_ROUNDS);
	static struct side far[2] = { { .player = { .name = "far-1" }, .path = "far-1" },
				      { .player = { .name = "far-2" }, .path = "far-2" } };
	static struct side near[2] = { { .player = { .name = "near-1" }, .path = "near-1" },
				       { .player = { .name = "near-2" }, .path = "near-2" } };
	struct pair pair = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	struct loop *loops[3];
	struct bus *buses[2];
	pthread_t thread;

	check(pthread_create(&thread, NULL, echo, &pair) == 0);
	for (size_t i = 0; i < 3; i++) {
		check(loop_new("bench", &loops[i]) == 0 && loop_start(loops[i]) == 0);
	}
	check(bus_new(&buses[0]) == 0 && bus_new(&buses[1]) == 0);
	far[0].times = &across;
	near[0].times = &within;
	start(far, buses[0], loops[0], loops[1]);
	start(near, buses[1], loops[2], loops[2]);
	for (size_t i = 0; i < blocks; i++) {
		ref_rounds(&pair, &ref);
		bus_rounds(&far[0]);
		bus_rounds(&near[0]);
	}
	report("eventfd between two threads", "   p99", &ref, BENCH_NOTHING);
	report("a sample to an instance that sleeps", "   p99", &across,
	       2 * bench_percentile(ref.values, ref.count, 0.5));
	report("a sample to an instance on the same loop", "   p99", &within, 2);
	stop(far);
	stop(near);
	check(write(pair.there, &(uint64_t){ 1u << 20 }, 8) == 8);
	(void)pthread_join(thread, NULL);
	for (size_t i = 0; i < 3; i++) {
		loop_stop(loops[i]);
		loop_free(&loops[i]);
	}
	bus_free(&buses[0]);
	bus_free(&buses[1]);
	free(ref.values);
	free(across.values);
	free(within.values);
	return bench_end();
}
