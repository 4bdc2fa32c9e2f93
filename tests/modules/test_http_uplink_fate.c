/* SPDX-License-Identifier: Apache-2.0 */
/* The module `http_uplink`: what the server takes from none, or from one device never. */
#include "tests/modules/http_uplink_world.h"

#include <stdio.h>

/* One device of those that share a request. */
static void fail_one_device(void)
{
	const struct sink_config config = {.first = 1};
	const struct sink_plan p = {.mode = SINK_STATUS, .status = 503, .only = "/in/d1"};

	serve(&config);
	run_per_device("requests: 1\nretry: {min: 20ms, max: 100ms}\n");
	declare();
	http_sink_plan(sink, &p);
}

static void test_a_device_that_fails_holds_up_no_other(void **state)
{
	uint64_t others = 0;

	(void)state;
	fail_one_device();
	for (unsigned i = 0; i < 3; i++) {
		publish(50);
		others += (TAGS - 1) * 50;
		wait_for(has_numbered, others);
	}
	assert_true(ew_test_metric(test, "up", "dead_letters_total") == 0);
	assert_int_not_equal(ew_test_health(test, "up", NULL), EW_UP);

	plan(SINK_OK, 0, 0);
	assert_whole(0);
	wait_for(has_health, EW_UP);
}

/* More than a route has open at a time, several times over. */
static void test_a_device_that_fails_for_ever_is_given_up(void **state)
{
	uint64_t others = 0, dead;

	(void)state;
	fail_one_device();
	for (unsigned i = 0; i < 30; i++) {
		publish(100);
		others += (TAGS - 1) * 100;
		wait_for(has_numbered, others);
	}
	dead = (uint64_t)ew_test_metric(test, "up", "dead_letters_total");
	assert_true(dead > 0 && dead < numbers[1]);
	assert_true(ew_test_metric(test, "up", "given_up_total") > 0);

	plan(SINK_OK, 0, 0);
	wait_for(has_health, EW_UP);
	dead = (uint64_t)ew_test_metric(test, "up", "dead_letters_total");
	wait_for(has_numbered, TAGS * numbers[0] - dead);
	assert_int_equal(http_sink_tally(sink).missing, dead);
	assert_int_equal(http_sink_tally(sink).reordered, 0);
}

static void test_what_is_refused_for_good_is_buried_and_the_rest_goes_on(void **state)
{
	const struct sink_config config = {.first = 1};
	struct tally_sum sum;

	(void)state;
	serve(&config);
	run("requests: 1\n");
	declare();
	plan(SINK_STATUS, 400, 1);
	publish(1);
	wait_for(has_buried, TAGS);
	publish(5);
	wait_for(has_numbered, TAGS * 5);
	sum = http_sink_tally(sink);
	assert_int_equal(sum.missing, TAGS);
	assert_true(ew_test_metric(test, "up", "refused_total") == 1);
}

static void test_too_large_a_request_leaves_in_pieces(void **state)
{
	static const char *const forms[] = {"ndjson", "json", "influx"};
	const struct sink_config config = {.first = 1, .most_bytes = 1000};
	char options[128];

	for (unsigned i = 0; i < 6; i++) {
		serve(&config);
		(void)snprintf(options, sizeof(options),
			       "requests: 1\nformat: %s\ncompression: %s\n", forms[i / 2],
			       i % 2 == 0 ? "gzip" : "none");
		run(options);
		declare();
		publish(100);
		assert_whole(0);
		assert_true(ew_test_metric(test, "up", "splits_total") > 0);
		assert_true(ew_test_metric(test, "up", "dead_letters_total") == 0);
		assert_true(ew_test_metric(test, "up", "samples_total") == TAGS * 100);
		end(state);
		begin(state);
	}
}

static void test_one_sample_that_is_too_large_is_buried_alone(void **state)
{
	const struct sink_config config = {.first = 1, .most_bytes = 10};

	(void)state;
	serve(&config);
	run("requests: 1\ncompression: none\n");
	declare();
	publish(3);
	wait_for(has_buried, 3 * TAGS);
	assert_true(ew_test_metric(test, "up", "refused_total") == 3 * TAGS);
	assert_true(ew_test_metric(test, "up", "waiting") == 0);
	assert_true(ew_test_metric(test, "up", "waiting_bytes") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_test(test_a_device_that_fails_holds_up_no_other),
		with_test(test_a_device_that_fails_for_ever_is_given_up),
		with_test(test_what_is_refused_for_good_is_buried_and_the_rest_goes_on),
		with_test(test_too_large_a_request_leaves_in_pieces),
		with_test(test_one_sample_that_is_too_large_is_buried_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
