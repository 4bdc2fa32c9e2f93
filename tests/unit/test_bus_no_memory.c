/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes while memory is short: each allocation fails in its turn, and
 * no record is passed for it.
 */
#include "tests/unit/durable_world.h"

#include "tests/lib/memory.h"

#define SAMPLES  40

static void say_all(struct world *world)
{
	const struct ew_event event = { .size = sizeof(event), .kind = "k", .body = "b" };
	uint32_t tags[2];
	struct peer *src;

	begin(world);
	src = source(world, &tags[0]);
	tags[1] = tag_of(src, device(src, "another"), "u", EW_TYPE_F64);
	for (int i = 0; i < SAMPLES; i++) {
		assert_int_equal(publish(src, tags[i % 2], i), 0);
	}
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	run(world);
}

static void assert_all_came(const struct peer *sink)
{
	assert_values(sink, 0, 0, SAMPLES);
	assert_int_equal(sink->events, 1);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(sink->lost_events, 0);
}

/* Its publisher is gone: routes, devices and tags are all made by the reader. */
static void test_no_record_of_the_log_is_passed(void **state)
{
	struct world *world = *state;
	struct peer *sink;
	unsigned nth = 0;
	bool failed;

	say_all(world);
	do {
		restart(&world);
		*state = world;
		sink = join_with(world, "sink", &acking);

		memory_fail(++nth);
		run(world);
		failed = memory_relax();
		pass(world, 2 * EW_SECOND);
		pass(world, 2 * EW_SECOND);

		assert_all_came(sink);
	} while (failed);
	assert_true(nth > 20);
}

/* It says that it cannot, and its next life gets everything. */
static void test_a_receiver_that_cannot_join_passes_no_record(void **state)
{
	struct world *world = *state;
	struct peer *sink;
	unsigned nth = 0;
	int error;

	say_all(world);
	do {
		restart(&world);
		*state = world;
		(void)join_with(world, "src", &source_module);
		sink = come(world, "sink", &acking);

		memory_fail(++nth);
		error = endpoint_join(sink->endpoint);
		assert_int_equal(error, memory_relax() ? -ENOMEM : 0);
		pass(world, 2 * EW_SECOND);
		if (error != 0) {
			leave(world, sink, true);
			sink = join_with(world, "sink", &acking);
			pass(world, 2 * EW_SECOND);
		}

		assert_all_came(sink);
	} while (error != 0);
	assert_true(nth > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DURABLE_TEST(test_no_record_of_the_log_is_passed),
		DURABLE_TEST(test_a_receiver_that_cannot_join_passes_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
