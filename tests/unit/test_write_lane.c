/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write to an instance that has more batches waiting than it can take in a
 * turn: it comes next, after the callback that runs.
 */
#include "tests/unit/bus_world.h"

#include <string.h>

#define BATCHES  64

static struct {
	struct peer *asker;
	uint32_t setpoint;
	unsigned batches;               /* delivered so far */
	unsigned asked_at, written_at;  /* batches, then; 0: not yet */
} lane;

static void ask(void)
{
	const struct ew_sample item = ew_sample_f64(lane.setpoint, 0, 1);
	const struct ew_write_request request = {
		.size = sizeof(request), .items = &item, .count = 1,
	};

	lane.asked_at = lane.batches;
	assert_int_equal(endpoint_write_as(lane.asker->endpoint, NULL, &request), 0);
}

static void take_batch(void *arg, const struct ew_batch *batch)
{
	(void)arg;
	(void)batch;
	lane.batches++;
	if (lane.batches == 3) {
		ask();
	}
}

static void take_write(void *arg, struct ew_write *write)
{
	struct peer *self = arg;

	lane.written_at = lane.batches;
	assert_int_equal(endpoint_write_done(self->endpoint, &write, NULL), 0);
}

static const struct ew_module owner_module = { .batch = take_batch, .write = take_write };

static void test_a_write_passes_all_batches_that_wait(void **state)
{
	const struct route_rule rule = { .to = "owner", .full = ROUTE_BLOCK,
					 .deadband = __builtin_nan("") };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *owner = join_with(*state, "owner", &owner_module);
	struct ew_tag_spec spec = { .size = sizeof(spec), .name = "setpoint",
				    .type = EW_TYPE_F64,
				    .access = EW_ACCESS_READ | EW_ACCESS_WRITE };
	uint32_t valve, tag;

	memset(&lane, 0, sizeof(lane));
	lane.asker = join_with(*state, "asker", &source_module);
	set_rule(*state, &rule);
	valve = device(owner, "valve");
	assert_int_equal(endpoint_tag_declare(owner->endpoint, valve, &spec, &lane.setpoint), 0);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	lane.batches = 0;
	for (int i = 0; i < BATCHES; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(lane.asked_at, 3);
	assert_int_equal(lane.written_at, 3);
	assert_int_equal(lane.batches, BATCHES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_a_write_passes_all_batches_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
