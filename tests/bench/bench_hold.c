/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One receiver holds every batch for ever: what that costs the others. On one
 * bus a plant publishes to two receivers; on another one of the two keeps all
 * that it gets, so that its queue is full and every publish meets it. On both
 * an operator writes to the plant, in turn, and waits for the answer.
 *
 * BENCH_WRITES in the environment sets the size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/bench.h"
#include "tests/lib/player.h"

#define BATCH   64u
#define EVERY   (EW_MILLISECOND / 2)    /* between two batches */
#define BLOCK   500u                    /* writes before the other side has its turn */

struct side {
	struct bus *bus;
	struct loop *loops[3];          /* the plant's, the receivers', the operator's */
	struct player plant, other, keeper, operator;
	struct loop_timer timer;
	uint32_t tags[BATCH];
	double value;
	uint64_t published;             /* samples */
	bool holds;
	_Atomic uint64_t kept, refused; /* batches of the keeper */
	_Atomic uint64_t got;           /* samples of the other */
	_Atomic uint64_t lost;          /* what its gaps said */
	double *times;                  /* us, of writes */
	size_t count, left;
	int64_t begun;
	atomic_bool is_done;
};

/* ---- the plant ---- */

static void plant_publish(struct loop_timer *timer)
{
	struct side *side = container_of(timer, struct side, timer);
	struct ew_sample samples[BATCH];

	side->value++;
	for (uint32_t i = 0; i < BATCH; i++) {
		samples[i] = ew_sample_f64(side->tags[i], 1, side->value);
	}
	check(endpoint_publish(side->plant.endpoint, samples, BATCH, NULL) == 0);
	side->published += BATCH;
}

static void plant_open(void *arg)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "plant" };
	struct side *side = arg;
	uint32_t id;

	check(endpoint_device_declare(side->plant.endpoint, &device, &id) == 0);
	for (uint32_t i = 0; i < BATCH; i++) {
		char name[32];
		const struct ew_tag_spec spec = {
			.size = sizeof(spec), .name = name, .type = EW_TYPE_F64,
			.access = EW_ACCESS_READ | EW_ACCESS_WRITE,
		};

		(void)snprintf(name, sizeof(name), "Valve/%u", i);
		check(endpoint_tag_declare(side->plant.endpoint, id, &spec, &side->tags[i]) == 0);
	}
	check(timer_init(&side->timer, side->loops[0], plant_publish) == 0);
}

static void plant_begin(void *arg)
{
	timer_set(&((struct side *)arg)->timer, 0, EVERY);
}

static void plant_end(void *arg)
{
	timer_fini(&((struct side *)arg)->timer);
}

static void plant_write(void *arg, struct ew_write *write)
{
	check(endpoint_write_done(((struct side *)arg)->plant.endpoint, &write, NULL) == 0);
}

static const struct ew_module plant_module = { .write = plant_write };

/* ---- receivers ---- */

static void other_batch(void *arg, const struct ew_batch *batch)
{
	if (batch->flags == 0) {
		atomic_fetch_add(&((struct side *)arg)->got, batch->count);
	}
}

static void other_gap(void *arg, const struct ew_gap *gap)
{
	atomic_fetch_add(&((struct side *)arg)->lost, gap->samples);
}

static void keeper_batch(void *arg, const struct ew_batch *batch)
{
	const struct ew_batch *held;
	struct side *side = arg;

	if (!side->holds) {
		return;
	}
	/* never let go; when the endpoint leaves, what it holds goes with it */
	if (endpoint_hold(side->keeper.endpoint, batch, &held) == 0) {
		atomic_fetch_add(&side->kept, 1);
	} else {
		atomic_fetch_add(&side->refused, 1);
	}
}

static const struct ew_module other_module = { .batch = other_batch, .gap = other_gap };
static const struct ew_module keeper_module = { .flags = EW_NEEDS_VIEW, .batch = keeper_batch };

/* ---- the operator ---- */

static void send(struct side *side)
{
	const struct ew_sample item = ew_sample_f64(side->tags[0], 0, 1);
	const struct ew_write_request request = {
		.size = sizeof(request), .items = &item, .count = 1,
	};

	side->begun = clock_mono();
	check(endpoint_write_as(side->operator.endpoint, NULL, &request) == 0);
}

static void operator_begin(void *arg)
{
	send(arg);
}

static void operator_answered(void *arg, const struct ew_write_answer *answer)
{
	struct side *side = arg;

	check(answer->status[0].result == EW_WRITE_DONE);
	side->times[side->count++] = (double)(clock_mono() - side->begun) / 1000;
	if (--side->left > 0) {
		send(side);
	} else {
		atomic_store(&side->is_done, true);
	}
}

static const struct ew_module operator_module = { .answered = operator_answered };

/* ---- the two sides ---- */

static void set_up(struct side *side, size_t writes)
{
	static const char *const names[] = { "plant", "receivers", "operator" };
	const struct route_rule rules[] = {
		{ .to = "other", .deadband = NAN, .full = ROUTE_DROP_OLDEST },
		{ .to = "keeper", .deadband = NAN, .full = ROUTE_DROP_OLDEST,
		  .queue_bytes = 64u * 1024 },
	};

	check(bus_new(&side->bus) == 0);
	check(bus_set_routes(side->bus, rules, 2, NULL) == 0);
	for (size_t i = 0; i < 3; i++) {
		check(loop_new(names[i], &side->loops[i]) == 0 && loop_start(side->loops[i]) == 0);
	}
	side->times = calloc(writes + BLOCK, sizeof(*side->times));
	check(side->times != NULL);
	side->plant = (struct player){ .name = "plant", .loop = side->loops[0] };
	side->other = (struct player){ .name = "other", .loop = side->loops[1] };
	side->keeper = (struct player){ .name = "keeper", .loop = side->loops[1] };
	side->operator = (struct player){ .name = "operator", .loop = side->loops[2] };
	player_start(&side->plant, side->bus, &plant_module, plant_open, side);
	player_start(&side->other, side->bus, &other_module, NULL, side);
	player_start(&side->keeper, side->bus, &keeper_module, NULL, side);
	player_start(&side->operator, side->bus, &operator_module, NULL, side);
	player_call(&side->plant, plant_begin, side);
}

static bool has_all(void *arg)
{
	struct side *side = arg;

	return atomic_load(&side->got) == side->published;
}

static void tear_down(struct side *side)
{
	player_call(&side->plant, plant_end, side);
	check(wait_until(has_all, side));
	player_stop(&side->operator, false);
	player_stop(&side->keeper, false);
	player_stop(&side->other, false);
	player_stop(&side->plant, false);
	for (size_t i = 0; i < 3; i++) {
		loop_stop(side->loops[i]);
		loop_free(&side->loops[i]);
	}
	bus_free(&side->bus);
	free(side->times);
}

static bool is_full(void *arg)
{
	return atomic_load(&((struct side *)arg)->refused) > 0;
}

static bool is_done(void *arg)
{
	return atomic_load(&((struct side *)arg)->is_done);
}

static void write_block(struct side *side)
{
	side->left = BLOCK;
	atomic_store(&side->is_done, false);
	player_call(&side->operator, operator_begin, side);
	check(wait_until(is_done, side));
}

int main(void)
{
	size_t writes = bench_setting("BENCH_WRITES", 20000);
	static struct side free_side, held_side = { .holds = true };
	double p50;

	set_up(&free_side, writes);
	set_up(&held_side, writes);
	check(wait_until(is_full, &held_side));
	while (free_side.count < writes) {
		write_block(&free_side);
		write_block(&held_side);
	}
	bench_values("a write and its answer", "us", free_side.times, free_side.count,
		     BENCH_NOTHING);
	p50 = bench_percentile(free_side.times, free_side.count, 0.5);
	bench_value("   p99", "us", bench_percentile(free_side.times, free_side.count, 0.99),
		    BENCH_NOTHING);
	bench_values("   while a receiver holds all it can", "us", held_side.times,
		     held_side.count, 2 * p50);
	bench_value("   p99", "us", bench_percentile(held_side.times, held_side.count, 0.99),
		    BENCH_NOTHING);
	bench_value("   samples lost to the other receiver", "", (double)held_side.lost, 0);
	bench_value("   batches held", "", (double)held_side.kept, BENCH_NOTHING);
	tear_down(&free_side);
	tear_down(&held_side);
	return bench_end();
}
