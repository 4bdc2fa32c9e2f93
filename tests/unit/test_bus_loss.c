/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is lost, how it is told and made good; positions.
 */
#include "tests/unit/bus_world.h"

#include <stdio.h>
#include <string.h>

/* ---- loss ---- */

static void small_queue(struct world *world, enum route_full full)
{
	const struct route_rule rule = { .to = "sink", .full = full, .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = 4 };

	set_rule(world, &rule);
}

static void test_dropping_the_oldest_is_told_in_its_place(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;

	small_queue(*state, ROUTE_DROP_OLDEST);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->samples + sink->lost, 100);
	assert_int_equal(sink->gaps, 1);
	assert_int_equal(sink->samples, 4);
	assert_true(sink->last_value == 99);
	assert_int_equal(sink->position[0], 97);
}

static void test_dropping_the_newest_ends_with_the_last_value(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;

	small_queue(*state, ROUTE_DROP_NEWEST);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->lost, 96);
	assert_int_equal(sink->samples, 5);
	assert_true(sink->flags == EW_BATCH_RESYNC);
	assert_true(sink->last_value == 99);
}

static void test_a_lost_declaration_is_made_good_by_a_snapshot(void **state)
{
	static const enum route_full policies[] = { ROUTE_DROP_OLDEST, ROUTE_DROP_NEWEST };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);

	for (size_t p = 0; p < array_count(policies); p++) {
		char path[16], name[16];
		uint32_t dev, tag = 0;

		small_queue(*state, policies[p]);
		snprintf(path, sizeof(path), "d%zu", p);
		dev = device(src, path);
		for (int i = 0; i < 50; i++) {
			snprintf(name, sizeof(name), "t%d", i);
			tag = tag_of(src, dev, name, EW_TYPE_F64);
			assert_int_equal(publish(src, tag, i), 0);
		}
		run(*state);
		assert_int_equal(sink->tags, 50 * (p + 1));
		assert_false(sink->is_disordered);
		for (int i = 0; i < 50; i++) {
			struct ew_sample view;

			snprintf(name, sizeof(name), "t%d", i);
			tag = bus_find_tag(((struct world *)*state)->bus, dev, name);
			assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
			assert_true(view.v.f == i);
		}
	}
}

static void test_a_tag_declared_anew_has_no_value_though_its_removal_was_lost(void **state)
{
	static const enum route_full policies[] = { ROUTE_DROP_OLDEST, ROUTE_DROP_NEWEST };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev = device(src, "d");
	struct ew_sample view;

	for (size_t p = 0; p < array_count(policies); p++) {
		uint32_t tag;

		small_queue(*state, policies[p]);
		tag = tag_of(src, dev, "t", EW_TYPE_F64);
		assert_int_equal(publish(src, tag, 1), 0);
		run(*state);
		assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(publish(src, tag, i), 0);
		}

		assert_int_equal(endpoint_tag_remove(src->endpoint, tag), 0);
		assert_int_equal(tag_of(src, dev, "t", EW_TYPE_F64), tag);
		run(*state);

		assert_int_equal(endpoint_view(sink->endpoint, tag, &view), -ENODATA);
		assert_false(sink->is_disordered);
		assert_int_equal(publish(src, tag, 2), 0);
		run(*state);
		assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
		assert_int_equal(endpoint_tag_remove(src->endpoint, tag), 0);
	}
}

static void test_lost_events_are_counted(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct ew_event event = { .size = sizeof(event), .kind = "k" };

	small_queue(*state, ROUTE_DROP_NEWEST);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	}
	run(*state);

	assert_int_equal(sink->events + sink->lost_events, 10);
	assert_true(sink->lost_events > 0);
}

static void test_a_blocking_route_refuses_and_calls_back(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;
	int taken = 0;

	small_queue(*state, ROUTE_BLOCK);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	while (publish(src, tag, taken) == 0) {
		taken++;
	}
	assert_int_equal(taken, 4);
	assert_int_equal(publish(src, tag, 0), -EAGAIN);
	assert_int_equal(src->rooms, 0);
	run(*state);

	assert_int_equal(src->rooms, 1);
	assert_int_equal(sink->samples, 4);
	assert_int_equal(sink->lost, 0);
	assert_int_equal(publish(src, tag, 5), 0);
}

static void test_a_held_batch_counts_against_the_bound(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .deadband = __builtin_nan(""),
					 .queue_bytes = 1500, .full = ROUTE_BLOCK };
	uint32_t tag;

	set_rule(*state, &rule);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	sink->hold = true;
	assert_int_equal(publish(src, tag, 1), 0);
	run(*state);
	assert_non_null(sink->held);
	assert_true(sink->held->samples[0].v.f == 1);
	assert_int_equal(publish(src, tag, 2), 0);
	assert_int_equal(publish(src, tag, 3), -EAGAIN);
	endpoint_release(sink->endpoint, &sink->held);
	assert_null(sink->held);
	run(*state);
	assert_int_equal(publish(src, tag, 3), 0);
}

/* ---- positions ---- */

static void on_durable(void *self, uint64_t number)
{
	((struct peer *)self)->durable = number;
}

static uint32_t route_id;

static int find_route_id(void *arg, const struct route_stats *route)
{
	if (strcmp(route->to, arg) == 0) {
		route_id = route->id;
	}
	return 0;
}

static void test_positions_are_answered_in_any_order(void **state)
{
	struct ew_module acking = receiver_module;
	struct ew_module asking = source_module;
	struct peer *src, *sink;
	uint32_t tag;

	acking.flags = EW_ACKS;
	asking.durable = on_durable;
	src = join_with(*state, "src", &asking);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);
	(void)bus_routes_walk(((struct world *)*state)->bus,
				       find_route_id, (void *)(uintptr_t)"sink");
	assert_int_equal(sink->batches, 4);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 5, 5), -EINVAL);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 2, 1), -EINVAL);
	assert_int_equal(endpoint_ack(sink->endpoint, 999, 1, 1), -ENOENT);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 2, 3), 0);
	run(*state);
	assert_int_equal(src->durable, 0);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 1, 1), 0);
	run(*state);
	assert_int_equal(src->durable, 3);
	assert_int_equal(endpoint_nack(sink->endpoint, route_id, 4, 4, EW_REDELIVER), 0);
	run(*state);
	assert_int_equal(sink->batches, 5);
	assert_true(sink->flags == EW_BATCH_REDELIVERED);
	assert_true(sink->last_value == 3);
	assert_int_equal(endpoint_nack(sink->endpoint, route_id, 4, 4, EW_DEAD_LETTER), 0);
	run(*state);
	assert_int_equal(src->durable, 4);
}

/* A receiver may look at what it has not answered, also when the publisher has gone. */
static void test_what_is_not_answered_outlives_its_publisher(void **state)
{
	struct ew_module acking = receiver_module;
	struct peer *src, *sink;
	uint32_t tag;

	acking.flags = EW_ACKS;
	src = join_with(*state, "src", &source_module);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	assert_int_equal(publish(src, tag, 1), 0);
	run(*state);
	(void)bus_routes_walk(((struct world *)*state)->bus,
				       find_route_id, (void *)(uintptr_t)"sink");
	leave(*state, src, false);
	assert_int_equal(sink->removed, 0);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 1, 1), 0);
	run(*state);
	assert_int_equal(sink->removed, 1);
}

static void test_an_event_is_answered_in_one_row_with_batches(void **state)
{
	struct ew_module acking = receiver_module;
	struct peer *src, *sink;
	const struct ew_event event = { .size = sizeof(event), .kind = "k" };
	uint32_t tag;

	acking.flags = EW_ACKS;
	src = join_with(*state, "src", &source_module);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	assert_int_equal(publish(src, tag, 2), 0);
	run(*state);

	assert_int_equal(sink->last_event.position, 2);
	assert_int_equal(sink->position[1], 3);
	assert_int_equal(endpoint_nack(sink->endpoint, sink->last_event.route, 2, 2,
				       EW_REDELIVER), 0);
	run(*state);
	assert_int_equal(sink->events, 2);
	assert_int_equal(sink->last_event.flags, EW_BATCH_REDELIVERED);
	assert_int_equal(endpoint_ack(sink->endpoint, sink->last_event.route, 1, 3), 0);
	assert_int_equal(endpoint_ack(sink->endpoint, sink->last_event.route, 4, 4), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_dropping_the_oldest_is_told_in_its_place),
		WORLD_TEST(test_dropping_the_newest_ends_with_the_last_value),
		WORLD_TEST(test_a_lost_declaration_is_made_good_by_a_snapshot),
		WORLD_TEST(
			test_a_tag_declared_anew_has_no_value_though_its_removal_was_lost),
		WORLD_TEST(test_lost_events_are_counted),
		WORLD_TEST(test_a_blocking_route_refuses_and_calls_back),
		WORLD_TEST(test_a_held_batch_counts_against_the_bound),
		WORLD_TEST(test_positions_are_answered_in_any_order),
		WORLD_TEST(test_what_is_not_answered_outlives_its_publisher),
		WORLD_TEST(test_an_event_is_answered_in_one_row_with_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
