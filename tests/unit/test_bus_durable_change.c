/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes while something changes: the route, the datatype of a tag, who
 * declares it.
 */
#include "tests/unit/durable_world.h"

static const struct durable_receiver in_order = { .name = "sink" };
static const struct durable_receiver live_first = { .name = "sink", .live_first = true };

static void set_durable(struct world *world, enum route_durable durable)
{
	const struct route_rule rule = { .to = "sink", .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = 100,
					 .durable = durable };

	assert_int_equal(bus_set_routes(world->bus, &rule, 1, NULL), 0);
}

/*
 * What is said while the publisher still feeds the old route goes into its queue and
 * into the log.
 */
static void test_a_route_that_turns_durable_brings_nothing_twice(void **state)
{
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t tag;

	set_durables(world, &in_order);
	bus_ready(world->bus);
	set_durable(world, ROUTE_DURABLE_NO);
	src = source(world, &tag);
	sink = join_with(world, "sink", &acking);
	run(world);
	publish_range(src, tag, 0, 10);
	run(world);
	set_durable(world, ROUTE_DURABLE_YES);
	publish_range(src, tag, 10, 20);
	step_alone(sink);
	run(world);
	publish_range(src, tag, 20, 30);
	run(world);
	ack(sink, 1, sink->last_position);
	run(world);

	/* the first is of the image, as it is when a route begins */
	assert_values(sink, sink->samples - 30, 0, 30);
}

static void test_what_came_before_another_datatype_is_converted_or_told(void **state)
{
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t number, text;

	set_durables(world, &in_order);
	bus_ready(world->bus);
	src = source(world, &number);
	text = tag_of(src, bus_find_device(world->bus, "d"), "u", EW_TYPE_F64);
	publish_range(src, number, 1, 4);
	publish_range(src, text, 1, 3);
	assert_int_equal(tag_of(src, bus_find_device(world->bus, "d"), "t", EW_TYPE_U32), number);
	assert_int_equal(tag_of(src, bus_find_device(world->bus, "d"), "u", EW_TYPE_TEXT), text);
	sink = join_with(world, "sink", &acking);
	run(world);

	assert_int_equal(sink->samples, 3);
	assert_int_equal(sink->last.type, EW_U64);
	assert_int_equal(sink->last.v.u, 3);
	assert_int_equal(sink->lost, 2);
	assert_int_equal(sink->reason, EW_GAP_RETYPED);
}

/* Live first: the snapshot was there before the log spoke of a tag that nobody has any more. */
static void test_a_tag_that_only_the_log_knew_is_gone_behind_it(void **state)
{
	struct world *world = *state;
	struct peer *sink, *src;
	uint32_t tag;

	set_durables(world, &live_first);
	bus_ready(world->bus);
	src = source(world, &tag);
	publish_range(src, tag, 0, 10);
	restart(&world);
	*state = world;
	set_durables(world, &live_first);
	src = join_with(world, "src", &source_module);
	(void)tag_of(src, device(src, "d"), "other", EW_TYPE_F64);
	run(world);
	sink = join_with(world, "sink", &acking);
	run(world);

	assert_int_equal(sink->samples, 10);
	assert_false(sink->is_disordered);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->removed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DURABLE_TEST(test_a_route_that_turns_durable_brings_nothing_twice),
		DURABLE_TEST(test_what_came_before_another_datatype_is_converted_or_told),
		DURABLE_TEST(test_a_tag_that_only_the_log_knew_is_gone_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
