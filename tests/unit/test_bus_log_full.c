/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A durable route on a log that is full, or whose disk is: the source waits and
 * nothing is lost, or what is lost is told to the sample.
 */
#include "tests/unit/bus_world.h"

#include <errno.h>

#include "tests/lib/disk.h"

static struct disk *disk;
static struct store *store;

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

static void on_room(void *arg)
{
	bus_log_has_room(arg);
}

static void open_log(struct bus *bus, enum store_drop drop, uint64_t bytes)
{
	const struct store_listener listener = { .describe = on_describe, .arg = bus };
	const struct store_config config = {
		.path = "memory",
		.bytes = bytes,
		.drop = drop,
		.buffer_bytes = 64 << 10,
		.files = disk_files(disk),
		.is_stepped = true,
	};

	assert_int_equal(store_open(&config, &store, NULL), 0);
	store_listen(store, &listener);
	store_listen_for_room(store, on_room, bus);
	bus_set_store(bus, store);
}

static void route_to_log(struct world *world, enum route_full full)
{
	const struct durable_receiver how = { .name = "sink" };
	const struct route_rule rule = { .to = "sink", .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = 4,
					 .full = full, .durable = ROUTE_DURABLE_YES };

	assert_int_equal(bus_set_durables(world->bus, &how, 1), 0);
	bus_ready(world->bus);
	set_rule(world, &rule);
}

/* A source with a tag, a receiver (EW_ACKS: it has to answer), the log between them. */
static struct peer *begin(struct world *world, enum route_full full, uint32_t flags,
			  struct peer **sink_out, uint32_t *tag_out)
{
	struct ew_module module = receiver_module;
	struct peer *src;

	module.flags |= flags;
	route_to_log(world, full);
	*sink_out = join_with(world, "sink", &module);
	src = join_with(world, "src", &source_module);
	*tag_out = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(world);
	return src;
}

/* All of the last batch and before it. */
static void ack(struct peer *sink)
{
	assert_int_equal(endpoint_ack(sink->endpoint, sink->route, 1, sink->last_position), 0);
}

/* Publishes until it is refused, or the log has refused something. */
static int fill_up(struct peer *src, uint32_t tag)
{
	int published = 0;

	while (src->endpoint->not_stored == 0 && publish(src, tag, published) == 0) {
		published++;
	}
	return published;
}

static void test_source_waits_for_the_disk_and_loses_nothing(void **state)
{
	struct world *world = *state;
	struct peer *src, *sink;
	int published;
	uint32_t tag;

	src = begin(world, ROUTE_BLOCK, 0, &sink, &tag);
	disk_set_room(disk, 1);

	published = fill_up(src, tag);
	assert_true(published > 100);
	assert_int_equal(src->endpoint->not_stored, 0);
	assert_int_equal(src->rooms, 0);
	assert_int_equal(store_sync(store), -ENOSPC);
	run(world);
	assert_int_equal(sink->lost, 0);

	disk_set_room(disk, 0);
	assert_int_equal(store_sync(store), 0);
	run(world);
	assert_int_equal(src->rooms, 1);
	assert_int_equal(publish(src, tag, published), 0);
	run(world);
	assert_int_equal(sink->samples, (size_t)published + 1);
	assert_int_equal(sink->lost, 0);
}

static void test_source_that_does_not_wait_is_told_what_it_lost(void **state)
{
	struct world *world = *state;
	struct peer *src, *sink;
	uint32_t tag;
	int stored;

	src = begin(world, ROUTE_DROP_OLDEST, 0, &sink, &tag);
	disk_set_room(disk, 1);

	stored = fill_up(src, tag) - 1;
	for (int i = 0; i < 9; i++) {
		assert_int_equal(publish(src, tag, 0), 0);
	}
	disk_set_room(disk, 0);
	assert_int_equal(store_sync(store), 0);
	run(world);

	assert_int_equal(src->endpoint->not_stored, 10);
	assert_int_equal(sink->lost, 10);
	assert_int_equal(sink->reason, EW_GAP_NOT_STORED);
	assert_true(sink->samples >= (size_t)stored);
}

static void test_log_hears_of_a_clock_that_was_always_good(void **state)
{
	struct world *world = *state;
	struct peer *src;
	uint32_t tag;

	route_to_log(world, ROUTE_BLOCK);
	src = join_with(world, "src", &source_module);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(store_stats(store).oldest_time, 0);
	/* an age needs no clock */
	world->now += 90 * EW_SECOND;
	assert_true(store_stats(store).oldest_age == 90 * EW_SECOND);

	bus_set_clock_valid(world->bus, true);

	assert_true(store_stats(store).oldest_time > 0);
}

/* A kill costs what was answered after it, also when nothing more is. */
static void test_cursor_follows_the_last_answer_soon(void **state)
{
	struct world *world = *state;
	struct store_cursor cursor;
	struct peer *src, *sink;
	uint32_t tag;

	src = begin(world, ROUTE_BLOCK, EW_ACKS, &sink, &tag);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(publish(src, tag, i), 0);
		run(world);
		ack(sink);
		run(world);
	}
	assert_int_equal(store_cursor_get(store, "sink", &cursor), 0);
	assert_true(cursor.lsn < 2);

	pass(world, 25 * EW_MILLISECOND);

	assert_int_equal(store_cursor_get(store, "sink", &cursor), 0);
	assert_int_equal(cursor.lsn, 2);
}

static int small_log_setup(void **state)
{
	assert_int_equal(world_setup(state), 0);
	disk = disk_new();
	open_log(((struct world *)*state)->bus, STORE_DROP_OLDEST, 1 << 20);
	return 0;
}

/* The queue is full of what came first, and the log lets go what follows it. */
static void test_what_is_gone_behind_the_queue_is_told(void **state)
{
	struct world *world = *state;
	struct peer *src, *sink;
	int published = 0;
	uint32_t tag;

	src = begin(world, ROUTE_DROP_OLDEST, EW_ACKS, &sink, &tag);
	/* live until its window is full, and its queue */
	for (int round = 0; round < 1100; round++) {
		assert_int_equal(publish(src, tag, published++), 0);
		run(world);
	}
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 500; i++) {
			assert_int_equal(publish(src, tag, published++), 0);
		}
		assert_int_equal(store_sync(store), 0);
	}
	assert_true(store_stats(store).lost_samples[STORE_LOST_SIZE] > 10000);
	assert_int_equal(sink->lost, 0);

	while (sink->samples + sink->lost < (uint64_t)published) {
		uint64_t before = sink->samples;

		ack(sink);
		run(world);
		assert_true(sink->samples > before);
	}

	assert_int_equal(sink->samples + sink->lost, (uint64_t)published);
	assert_int_equal(src->endpoint->not_stored, 0);
	assert_int_equal(sink->reason, EW_GAP_RETENTION);
}

static int log_setup(void **state)
{
	assert_int_equal(world_setup(state), 0);
	disk = disk_new();
	open_log(((struct world *)*state)->bus, STORE_DROP_NEWEST, 64 << 20);
	return 0;
}

static int log_teardown(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < world->count; i++) {
		leave(world, &world->peers[i], false);
	}
	store_close(&store);
	disk_free(&disk);
	return world_teardown(state);
}

#define LOG_TEST(name)  cmocka_unit_test_setup_teardown(name, log_setup, log_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_source_waits_for_the_disk_and_loses_nothing),
		LOG_TEST(test_source_that_does_not_wait_is_told_what_it_lost),
		LOG_TEST(test_log_hears_of_a_clock_that_was_always_good),
		LOG_TEST(test_cursor_follows_the_last_answer_soon),
		cmocka_unit_test_setup_teardown(test_what_is_gone_behind_the_queue_is_told,
						small_log_setup, log_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
