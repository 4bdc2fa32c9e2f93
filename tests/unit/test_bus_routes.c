/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters, reporting, and endpoints that come and go.
 */
#include "tests/unit/bus_world.h"

#include <stdio.h>
#include <string.h>

/* ---- routes ---- */

static void test_a_route_shows_only_what_its_patterns_name(void **state)
{
	static const char *const patterns[] = { "pump-*:Speed" };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .tags = patterns, .tag_count = 1,
					 .deadband = __builtin_nan("") };
	uint32_t dev = device(src, "pump-1");
	uint32_t speed = tag_of(src, dev, "Speed", EW_TYPE_F64);
	uint32_t other = tag_of(src, dev, "Other", EW_TYPE_F64);

	(void)device(src, "tank-1");
	run(*state);
	assert_int_equal(sink->tags, 2);
	set_rule(*state, &rule);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->removed, 1);
	assert_null(endpoint_tag(sink->endpoint, other));
	assert_int_equal(publish(src, other, 1), 0);
	assert_int_equal(publish(src, speed, 2), 0);
	run(*state);
	assert_int_equal(sink->samples, 1);

	/* and back: the value that it did not see comes with the tag */
	assert_int_equal(bus_set_routes(((struct world *)*state)->bus, NULL, 0, NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 3);
	assert_int_equal(sink->samples, 2);
	assert_true(sink->last_value == 1);
	assert_int_equal(sink->gaps, 0);
}

static void test_exception_reports_changes_beyond_the_deadband(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .report = ROUTE_REPORT_EXCEPTION,
					 .deadband = 0.5, .max_age = 10 * EW_SECOND };
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	set_rule(*state, &rule);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(publish(src, tag, 1.4), 0);
	assert_int_equal(publish(src, tag, 1.6), 0);
	run(*state);
	assert_int_equal(sink->samples, 2);
	pass(*state, 11 * EW_SECOND);
	assert_int_equal(publish(src, tag, 1.6), 0);
	run(*state);
	assert_int_equal(sink->samples, 3);
}

static void test_min_interval_sends_the_last_value_when_it_is_over(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .deadband = __builtin_nan(""),
					 .min_interval = EW_SECOND };
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	set_rule(*state, &rule);
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);
	assert_int_equal(sink->samples, 1);
	pass(*state, EW_SECOND);
	assert_int_equal(sink->samples, 2);
	assert_true(sink->last_value == 5);
	pass(*state, 5 * EW_SECOND);
	assert_int_equal(sink->samples, 2);
}

static void test_a_module_that_wants_gets_only_that(void **state)
{
	struct ew_module wanting = receiver_module;
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink;
	uint32_t dev = device(src, "d");

	wanting.flags |= EW_WANTS_ONLY;
	sink = join_with(*state, "sink", &wanting);
	(void)tag_of(src, dev, "a", EW_TYPE_F64);
	(void)tag_of(src, dev, "b", EW_TYPE_F64);
	run(*state);
	assert_int_equal(sink->tags, 0);
	assert_int_equal(endpoint_want(sink->endpoint, "d:", NULL), -EINVAL);
	assert_int_equal(endpoint_want(sink->endpoint, "d:a", NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 1);
	assert_int_equal(endpoint_want(sink->endpoint, "d:b", NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 2);
}

/* ---- leaving ---- */

static void test_a_source_that_leaves_takes_its_devices_along(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	run(*state);
	assert_int_equal(publish(src, tag, 7), 0);
	leave(*state, src, false);
	assert_int_equal(sink->samples, 1);
	assert_int_equal(sink->removed, 1);
	assert_int_equal(sink->tags_removed, 1);
}

static void test_a_source_that_reloads_keeps_its_ids(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev = device(src, "d");
	uint32_t tag = tag_of(src, dev, "t", EW_TYPE_F64);
	struct peer *again;

	(void)tag_of(src, dev, "gone", EW_TYPE_F64);
	(void)device(src, "gone");
	assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, NULL), 0);
	assert_int_equal(publish(src, tag, 7), 0);
	run(*state);
	leave(*state, src, true);
	assert_int_equal(sink->state, EW_DEVICE_DOWN);
	assert_int_equal(sink->removed, 0);

	again = join_with(*state, "src", &source_module);
	assert_int_equal(device(again, "d"), dev);
	assert_int_equal(tag_of(again, dev, "t", EW_TYPE_F64), tag);
	endpoint_settle(again->endpoint);
	assert_int_equal(publish(again, tag, 8), 0);
	run(*state);
	assert_int_equal(sink->removed, 1);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->declared, 2);
	assert_true(sink->last_value == 8);
	assert_int_equal(sink->gaps, 0);
}

static void test_what_a_name_kept_can_be_forgotten(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct bus_stats stats;

	(void)tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	leave(*state, src, true);
	bus_forget(((struct world *)*state)->bus, "src");
	run(*state);

	assert_int_equal(sink->removed, 1);
	bus_stats(((struct world *)*state)->bus, &stats);
	assert_int_equal(stats.devices, 0);
	assert_int_equal(stats.tags, 0);
}

static void test_a_receiver_that_leaves_hinders_nobody(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct peer *other = join_with(*state, "other", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	run(*state);
	assert_int_equal(publish(src, tag, 1), 0);
	leave(*state, sink, false);
	assert_int_equal(publish(src, tag, 2), 0);
	run(*state);
	assert_int_equal(other->samples, 2);
	assert_int_equal(other->gaps, 0);
}

static void step_alone(struct peer *peer)
{
	while (loop_step(peer->loop)) {
	}
}

/* The receiver is slow: the old route's end must not wipe out what the new one shows. */
static void test_a_source_that_left_and_came_back_is_known(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct peer *again;
	uint32_t tag;

	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	assert_int_equal(publish(src, tag, 1), 0);
	begin_leave(src, false);
	step_alone(src);
	end_leave(src);
	again = join_with(*state, "src", &source_module);
	tag = tag_of(again, device(again, "d"), "t", EW_TYPE_F64);
	step_alone(again);
	assert_int_equal(publish(again, tag, 2), 0);
	run(*state);

	assert_non_null(endpoint_tag(sink->endpoint, tag));
	assert_int_equal(sink->declared, 2);
	assert_int_equal(sink->removed, 1);
	assert_true(sink->last_value == 2);
	assert_false(sink->is_disordered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_a_route_shows_only_what_its_patterns_name),
		WORLD_TEST(test_exception_reports_changes_beyond_the_deadband),
		WORLD_TEST(test_min_interval_sends_the_last_value_when_it_is_over),
		WORLD_TEST(test_a_module_that_wants_gets_only_that),
		WORLD_TEST(test_a_source_that_leaves_takes_its_devices_along),
		WORLD_TEST(test_a_source_that_reloads_keeps_its_ids),
		WORLD_TEST(test_a_source_that_left_and_came_back_is_known),
		WORLD_TEST(test_what_a_name_kept_can_be_forgotten),
		WORLD_TEST(test_a_receiver_that_leaves_hinders_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
