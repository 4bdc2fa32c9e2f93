/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/durable_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct disk disk;
struct ew_module acking, plain;

/* ---- the log ---- */

static void on_stored(void *arg, uint64_t lsn)
{
	bus_stored(arg, lsn);
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

void disk_open(struct world *world)
{
	const struct store_listener listener = { on_stored, on_describe, world->bus };

	assert_int_equal(store_open(&disk.config, &disk.store, NULL), 0);
	store_listen(disk.store, &listener);
	bus_set_store(world->bus, disk.store);
}

int late_setup(void **state)
{
	assert_int_equal(world_setup(state), 0);
	(void)snprintf(disk.path, sizeof(disk.path), "/tmp/edgeway-durable-XXXXXX");
	assert_non_null(mkdtemp(disk.path));
	disk.config = (struct store_config){
		.path = disk.path, .bytes = 64 << 20, .is_stepped = true
	};
	acking = receiver_module;
	acking.flags = EW_ACKS | EW_DURABLE;
	plain = receiver_module;
	plain.flags = EW_NEEDS_VIEW;
	return 0;
}

int durable_setup(void **state)
{
	assert_int_equal(late_setup(state), 0);
	disk_open(*state);
	return 0;
}

static void disk_close(struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		if (world->peers[i].endpoint != NULL) {
			leave(world, &world->peers[i], false);
		}
	}
	store_close(&disk.store);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

int durable_teardown(void **state)
{
	disk_close(*state);
	assert_int_equal(world_teardown(state), 0);
	return nftw(disk.path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the world ---- */

void set_durables(struct world *world, const struct durable_receiver *how)
{
	assert_int_equal(bus_set_durables(world->bus, how, 1), 0);
}

void begin(struct world *world)
{
	const struct durable_receiver how = { .name = "sink" };

	set_durables(world, &how);
	bus_ready(world->bus);
}

void durable_rule(struct world *world, uint32_t batches)
{
	const struct route_rule rule = { .to = "sink", .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = batches,
					 .durable = ROUTE_DURABLE_YES };

	set_rule(world, &rule);
}

struct peer *source(struct world *world, uint32_t *tag_out)
{
	struct peer *src = join_with(world, "src", &source_module);

	*tag_out = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(world);
	return src;
}

void publish_range(struct peer *src, uint32_t tag, int from, int to)
{
	for (int i = from; i < to; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
}

void assert_values(const struct peer *sink, size_t first, int from, int to)
{
	assert_int_equal(sink->samples, first + (size_t)(to - from));
	for (int i = from; i < to; i++) {
		assert_true(sink->values[first + (size_t)(i - from)] == i);
	}
	assert_int_equal(sink->lost, 0);
	assert_false(sink->is_disordered);
}

void step_alone(const struct peer *peer)
{
	while (loop_step(peer->loop)) {
	}
}

void ack(struct peer *sink, uint64_t from, uint64_t to)
{
	assert_int_equal(endpoint_ack(sink->endpoint, sink->route, from, to), 0);
}

static struct durable_stats found;

static int find_stats(void *arg, const struct durable_stats *durable)
{
	(void)arg;
	found = *durable;
	return 0;
}

struct durable_stats durable_of(const struct world *world)
{
	memset(&found, 0, sizeof(found));
	(void)bus_durables_walk(world->bus, find_stats, NULL);
	return found;
}

void restart(struct world **world_at)
{
	struct world *world = *world_at;
	void *state = world;

	disk_close(world);
	assert_int_equal(world_teardown(&state), 0);
	assert_int_equal(world_setup(&state), 0);
	*world_at = state;
	disk_open(*world_at);
	begin(*world_at);
}
