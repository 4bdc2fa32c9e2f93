/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes while receiver and publisher are there: falling behind, going
 * live, what passes the route, what the disk does.
 */
#include "tests/unit/durable_world.h"

#include <math.h>

static void test_a_full_queue_falls_behind_and_loses_nothing(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	durable_rule(*state, 4);
	sink = join_with(*state, "sink", &plain);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 500);
	assert_int_equal(durable_of(*state).behind, 1);
	run(*state);

	assert_values(sink, 0, 0, 500);
	assert_int_equal(sink->gaps, 0);
	assert_int_equal(durable_of(*state).behind, 0);
	publish_range(src, tag, 500, 502);
	run(*state);
	assert_values(sink, 0, 0, 502);
	assert_int_equal(sink->flags, 0);
}

/* A turn is busy with its tags; then the reader holds a record behind where it fell behind. */
static void test_a_route_that_falls_behind_is_read_from_there(void **state)
{
	const struct durable_receiver how = { .name = "sink", .drain_messages = 1 };
	struct peer *sink, *src, *other;
	uint32_t tag, another, plant;
	char name[] = "a";

	set_durables(*state, &how);
	bus_ready(((struct world *)*state)->bus);
	durable_rule(*state, 20);
	sink = join_with(*state, "sink", &plain);
	src = source(*state, &tag);
	other = join_with(*state, "other", &source_module);
	plant = device(other, "e");
	run(*state);
	pass(*state, EW_SECOND);
	publish_range(src, tag, 0, 21);
	step_alone(sink);
	assert_values(sink, 0, 0, 21);
	another = tag_of(other, plant, "t", EW_TYPE_F64);
	for (; name[0] < 'a' + 16; name[0]++) {
		(void)tag_of(other, plant, name, EW_TYPE_F64);
	}
	publish_range(other, another, 21, 25);
	publish_range(src, tag, 25, 26);
	step_alone(sink);
	assert_values(sink, 0, 0, 24);
	for (int i = 0; i < 5; i++) {
		pass(*state, EW_SECOND);
	}

	assert_values(sink, 0, 0, 26);
}

/* What the source does while its receiver is in the middle of a turn. */
static struct {
	struct peer *src;
	uint32_t tag;
	int next, end;
} meanwhile;

static void on_batch_meanwhile(void *self, const struct ew_batch *batch)
{
	receiver_module.batch(self, batch);
	while (loop_step(meanwhile.src->loop)) {
	}
	if (meanwhile.next < meanwhile.end) {
		assert_int_equal(publish(meanwhile.src, meanwhile.tag, meanwhile.next++), 0);
	}
}

static void test_a_route_that_goes_live_in_mid_turn_brings_nothing_twice(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 3);
	acking.batch = on_batch_meanwhile;
	meanwhile.src = src;
	meanwhile.tag = tag;
	meanwhile.next = 3;
	meanwhile.end = 9;
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_values(sink, 0, 0, 9);
	assert_int_equal(sink->flags, 0);
}

static void test_a_receiver_that_never_answers_holds_its_window_and_no_more(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	publish_range(src, tag, 0, 3000);
	run(*state);
	publish_range(src, tag, 3000, 3500);
	run(*state);

	assert_true(sink->samples < 3000);
	assert_int_equal(sink->lost, 0);
	while (sink->samples < 3500) {
		ack(sink, 1, sink->last_position);
		run(*state);
	}
	assert_values(sink, 0, 0, 3500);
}

static void test_tags_come_and_go_while_a_route_is_behind(void **state)
{
	struct peer *sink, *src;
	uint32_t tag, other;

	begin(*state);
	durable_rule(*state, 4);
	sink = join_with(*state, "sink", &plain);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 100);
	other = tag_of(src, device(src, "e"), "u", EW_TYPE_F64);
	publish_range(src, other, 100, 200);
	assert_int_equal(endpoint_tag_remove(src->endpoint, tag), 0);
	publish_range(src, other, 200, 300);
	run(*state);

	assert_values(sink, 0, 0, 300);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->gaps, 0);
}

static void test_live_comes_first_and_the_rest_is_history(void **state)
{
	const struct durable_receiver how = { .name = "sink", .live_first = true };
	struct peer *sink, *src;
	struct ew_sample view;
	uint32_t tag;

	set_durables(*state, &how);
	bus_ready(((struct world *)*state)->bus);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 1000);
	acking.flags |= EW_NEEDS_VIEW;
	sink = join_with(*state, "sink", &acking);
	run(*state);

	/* the first is of the image, as it is when a route begins */
	assert_int_equal(sink->samples, 1001);
	assert_int_equal(sink->lost, 0);
	assert_int_equal(sink->last.flags & EW_HISTORICAL, EW_HISTORICAL);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
	assert_true(view.v.f == 999);
	publish_range(src, tag, 1000, 1001);
	run(*state);
	assert_int_equal(sink->last.flags & EW_HISTORICAL, 0);
	assert_true(sink->last_value == 1000);
	/* live ones above what is open are not repeated */
	ack(sink, 2, 500);
	ack(sink, 1002, 1002);
	pass(*state, EW_SECOND);
	leave(*state, sink, true);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	assert_int_equal(sink->samples, 1 + 1001 - 500);
}

static void test_a_filter_and_its_reporting_hold_for_the_log(void **state)
{
	const char *const patterns[] = { "d:t" };
	const struct route_rule rule = { .to = "sink", .deadband = 10, .tags = patterns,
					 .tag_count = 1, .report = ROUTE_REPORT_EXCEPTION };
	struct peer *sink, *src;
	uint32_t tag, other;

	begin(*state);
	set_rule(*state, &rule);
	src = source(*state, &tag);
	other = tag_of(src, device(src, "d"), "other", EW_TYPE_F64);
	publish_range(src, tag, 0, 100);
	publish_range(src, other, 0, 100);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_int_equal(sink->samples, 10);
	assert_int_equal(sink->tags, 1);
	assert_true(sink->last_value == 99);
	publish_range(src, tag, 200, 201);
	run(*state);
	assert_true(sink->last_value == 200);
}

static void test_events_are_kept_in_order_with_samples(void **state)
{
	const struct ew_event event = { .size = sizeof(event), .kind = "k", .body = "{}" };
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 1);
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	publish_range(src, tag, 1, 2);
	sink = join_with(*state, "sink", &acking);
	run(*state);

	assert_int_equal(sink->events, 1);
	assert_int_equal(sink->last_event.position, 2);
	assert_int_equal(sink->last_event.flags, EW_BATCH_STORED);
	ack(sink, 1, 1);
	ack(sink, 3, 3);
	pass(*state, EW_SECOND);
	assert_int_equal(durable_of(*state).records, 2);
	ack(sink, 2, 2);
	pass(*state, EW_SECOND);
	assert_int_equal(durable_of(*state).records, 0);
}

static void on_durable(void *self, uint64_t number)
{
	((struct peer *)self)->durable = number;
}

static void test_a_source_hears_when_the_disk_has_it(void **state)
{
	struct ew_module asking = source_module;
	struct peer *src, *sink;
	uint32_t tag;

	begin(*state);
	asking.durable = on_durable;
	src = join_with(*state, "src", &asking);
	sink = join_with(*state, "sink", &acking);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	publish_range(src, tag, 0, 5);
	run(*state);
	assert_values(sink, 0, 0, 5);
	assert_int_equal(src->durable, 0);
	assert_int_equal(store_sync(disk.store), 0);
	run(*state);
	assert_int_equal(src->durable, 5);
}

static void test_what_the_disk_does_not_take_is_told(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;
	int published = 0;

	begin(*state);
	durable_rule(*state, 4);
	acking.flags |= EW_NEEDS_VIEW;
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	/* nothing is written before store_sync(): the buffer fills */
	while (src->endpoint->not_stored < 100) {
		publish_range(src, tag, published, published + 1);
		published++;
	}
	while (sink->samples + sink->lost < (uint64_t)published) {
		run(*state);
		ack(sink, 1, sink->last_position);
		assert_int_equal(store_sync(disk.store), 0);
	}
	run(*state);

	assert_int_equal(sink->lost, 100);
	assert_int_equal(sink->reason, EW_GAP_NOT_STORED);
	assert_true(sink->last_value == published - 1);
}

static void test_the_drain_is_limited(void **state)
{
	const struct durable_receiver how = { .name = "sink", .drain_messages = 10 };
	struct peer *sink, *src;
	uint32_t tag;

	set_durables(*state, &how);
	bus_ready(((struct world *)*state)->bus);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 100);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	assert_true(sink->samples <= 10);
	for (int i = 0; i < 3; i++) {
		uint64_t before = sink->samples;

		for (int ms = 0; ms < 1000; ms += 10) {
			pass(*state, 10 * EW_MILLISECOND);
		}
		assert_in_range(sink->samples - before, 8, 11);
	}
	for (int i = 0; i < 1000; i++) {
		pass(*state, 10 * EW_MILLISECOND);
	}
	assert_values(sink, 0, 0, 100);
}

/* All that comes is answered. */
static void pass_slowly(struct world *world, struct peer *sink, int seconds)
{
	for (int i = 0; i < seconds * 100; i++) {
		pass(world, 10 * EW_MILLISECOND);
		if (sink->samples > 0) {
			ack(sink, 1, sink->samples);
		}
	}
}

static void test_the_time_to_drain_is_told(void **state)
{
	const struct durable_receiver how = { .name = "sink", .drain_messages = 10 };
	struct peer *sink, *src;
	double drain;
	uint32_t tag;

	set_durables(*state, &how);
	bus_ready(((struct world *)*state)->bus);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 600);
	assert_true(isnan(durable_of(*state).drain));
	sink = join_with(*state, "sink", &acking);
	pass_slowly(*state, sink, 16);
	(void)durable_of(*state);
	pass_slowly(*state, sink, 16);
	(void)durable_of(*state);
	pass_slowly(*state, sink, 1);

	drain = durable_of(*state).drain;
	assert_true(drain > 22 && drain < 32);
	pass_slowly(*state, sink, 40);
	assert_true(durable_of(*state).drain == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DURABLE_TEST(test_a_full_queue_falls_behind_and_loses_nothing),
		DURABLE_TEST(test_a_route_that_falls_behind_is_read_from_there),
		DURABLE_TEST(test_a_route_that_goes_live_in_mid_turn_brings_nothing_twice),
		DURABLE_TEST(test_a_receiver_that_never_answers_holds_its_window_and_no_more),
		DURABLE_TEST(test_tags_come_and_go_while_a_route_is_behind),
		DURABLE_TEST(test_live_comes_first_and_the_rest_is_history),
		DURABLE_TEST(test_a_filter_and_its_reporting_hold_for_the_log),
		DURABLE_TEST(test_events_are_kept_in_order_with_samples),
		DURABLE_TEST(test_a_source_hears_when_the_disk_has_it),
		DURABLE_TEST(test_what_the_disk_does_not_take_is_told),
		DURABLE_TEST(test_the_drain_is_limited),
		DURABLE_TEST(test_the_time_to_drain_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
