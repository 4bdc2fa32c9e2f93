/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes whose receiver or publisher goes and comes back, with the
 * daemon or alone: what was not answered comes again, and nothing else does.
 */
#include "tests/unit/durable_world.h"

static void test_what_is_not_answered_comes_again(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	publish_range(src, tag, 0, 50);
	run(*state);
	assert_values(sink, 0, 0, 50);
	ack(sink, 1, 30);
	ack(sink, 40, 40);
	run(*state);
	leave(*state, sink, true);
	publish_range(src, tag, 50, 60);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_int_equal(sink->samples, 29);
	assert_true(sink->values[0] == 30 && sink->values[8] == 38);
	/* 39 was answered out of its turn */
	assert_true(sink->values[9] == 40 && sink->last_value == 59);
	ack(sink, 1, 29);
	pass(*state, EW_SECOND);
	assert_int_equal(durable_of(*state).records, 0);
}

/* It has hung, perhaps: a reload looks at it, and its next life comes. */
static void test_a_reload_while_a_receiver_leaves_changes_nothing(void **state)
{
	const struct durable_receiver how = { .name = "sink" };
	struct peer *sink, *src, *next;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	begin_leave(sink, true);
	set_durables(*state, &how);
	run(*state);
	publish_range(src, tag, 0, 10);
	next = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(next, 0, 0, 10);
	end_leave(sink);
}

static void test_a_receiver_that_comes_late_gets_what_was_said_before(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 20);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 0, 20);
	assert_int_equal(sink->flags, EW_BATCH_STORED);
}

static void test_a_restart_brings_what_nobody_declares_any_more(void **state)
{
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t tag;

	begin(world);
	src = source(world, &tag);
	publish_range(src, tag, 0, 20);
	restart(&world);
	*state = world;
	sink = join_with(world, "sink", &acking);
	run(world);

	assert_values(sink, 0, 0, 20);
	assert_int_equal(sink->declared, 1);
	assert_int_equal(sink->tags, 1);
	assert_int_equal(sink->state, EW_DEVICE_DOWN);
	ack(sink, 1, 20);
	run(world);
	assert_int_equal(sink->removed, 1);
	src = source(world, &tag);
	publish_range(src, tag, 20, 22);
	run(world);
	assert_values(sink, 0, 0, 22);
	assert_int_equal(sink->declared, 2);
}

static void test_a_restart_goes_on_with_the_same_tags(void **state)
{
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t tag;

	begin(world);
	src = source(world, &tag);
	publish_range(src, tag, 0, 20);
	restart(&world);
	*state = world;
	src = source(world, &tag);
	publish_range(src, tag, 20, 30);
	sink = join_with(world, "sink", &acking);
	run(world);
	publish_range(src, tag, 30, 40);
	run(world);

	assert_values(sink, 0, 0, 40);
	assert_int_equal(sink->declared, 1);
	assert_int_equal(sink->removed, 0);
	assert_int_equal(sink->tags, 1);
}

static void test_a_publisher_reloads_while_its_route_is_behind(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	durable_rule(*state, 4);
	sink = join_with(*state, "sink", &plain);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 100);
	begin_leave(src, true);
	while (loop_step(src->loop)) {
	}
	run(*state);
	end_leave(src);
	assert_values(sink, 0, 0, 100);
	src = source(*state, &tag);
	publish_range(src, tag, 100, 200);
	run(*state);

	assert_values(sink, 0, 0, 200);
	assert_int_equal(sink->removed, 0);
	assert_int_equal(sink->declared, 1);
}

static void test_a_receiver_that_is_dropped_leaves_no_cursor(void **state)
{
	struct store_cursor cursor;

	begin(*state);
	assert_int_equal(store_cursor_get(disk.store, "sink", &cursor), 0);
	assert_int_equal(bus_set_durables(((struct world *)*state)->bus, NULL, 0), 0);
	bus_drop_durables(((struct world *)*state)->bus);
	assert_int_equal(store_cursor_get(disk.store, "sink", &cursor), -ENOENT);
	assert_int_equal(((struct world *)*state)->bus->away, 0);
}

/* As by a reload that takes it away, and is rolled back. */
static void test_a_receiver_that_is_named_again_has_lost_nothing(void **state)
{
	const struct durable_receiver how = { .name = "sink" };
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t tag;

	begin(world);
	src = source(world, &tag);
	sink = join_with(world, "sink", &acking);
	run(world);
	publish_range(src, tag, 0, 10);
	run(world);
	assert_int_equal(bus_set_durables(world->bus, NULL, 0), 0);
	leave(world, sink, false);
	publish_range(src, tag, 10, 20);
	run(world);
	set_durables(world, &how);
	bus_drop_durables(world->bus);
	sink = join_with(world, "sink", &acking);
	run(world);

	assert_values(sink, 0, 0, 20);
}

/* The receiver leaves before it has looked into its queues. */
static void leave_unserved(struct world *world, struct peer *sink)
{
	begin_leave(sink, true);
	for (size_t i = 0; i < world->count; i++) {
		if (&world->peers[i] != sink) {
			step_alone(&world->peers[i]);
		}
	}
	run(world);
	end_leave(sink);
}

static void test_what_waits_in_the_queue_leaves_the_rest_answered(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 50);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	assert_values(sink, 0, 0, 50);
	assert_int_equal(durable_of(*state).behind, 0);
	ack(sink, 1, 50);
	publish_range(src, tag, 50, 53);
	leave_unserved(*state, sink);
	assert_int_equal(durable_of(*state).records, 3);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 50, 53);
}

static void test_a_queue_keeps_only_its_own_open(void **state)
{
	struct peer *sink, *src, *other;
	uint32_t tag, another;

	begin(*state);
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	other = join_with(*state, "other", &source_module);
	another = tag_of(other, device(other, "e"), "t", EW_TYPE_F64);
	run(*state);
	publish_range(other, another, 0, 1);
	run(*state);
	ack(sink, 1, 1);
	publish_range(src, tag, 1, 50);
	run(*state);
	ack(sink, 1, 49);
	publish_range(other, another, 50, 51);
	leave_unserved(*state, sink);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 50, 51);
}

/* The cursor does not pass what is said after that: delivered, it would come again. */
static void test_a_receiver_that_leaves_gets_no_more_and_all_when_it_is_back(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 20);
	sink = join_with(*state, "sink", &acking);
	begin_leave(sink, true);
	publish_range(src, tag, 20, 40);
	step_alone(sink);
	assert_int_equal(sink->samples, 0);
	run(*state);
	assert_int_equal(sink->samples, 0);
	end_leave(sink);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 0, 40);
}

static void test_a_log_that_comes_later_keeps_all_from_then_on(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	bus_ready(((struct world *)*state)->bus);
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 10);
	run(*state);
	assert_values(sink, 0, 0, 10);
	ack(sink, 1, 10);
	disk_open(*state);
	begin(*state);
	run(*state);
	publish_range(src, tag, 10, 30);
	run(*state);
	assert_values(sink, 0, 0, 30);
	leave(*state, sink, true);
	publish_range(src, tag, 30, 40);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 10, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DURABLE_TEST(test_what_is_not_answered_comes_again),
		DURABLE_TEST(test_a_reload_while_a_receiver_leaves_changes_nothing),
		DURABLE_TEST(test_a_receiver_that_comes_late_gets_what_was_said_before),
		DURABLE_TEST(test_a_restart_brings_what_nobody_declares_any_more),
		DURABLE_TEST(test_a_restart_goes_on_with_the_same_tags),
		DURABLE_TEST(test_a_publisher_reloads_while_its_route_is_behind),
		DURABLE_TEST(test_a_receiver_that_is_dropped_leaves_no_cursor),
		DURABLE_TEST(test_a_receiver_that_is_named_again_has_lost_nothing),
		DURABLE_TEST(test_what_waits_in_the_queue_leaves_the_rest_answered),
		DURABLE_TEST(test_a_queue_keeps_only_its_own_open),
		DURABLE_TEST(test_a_receiver_that_leaves_gets_no_more_and_all_when_it_is_back),
		cmocka_unit_test_setup_teardown(test_a_log_that_comes_later_keeps_all_from_then_on,
						late_setup, durable_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
