/* SPDX-License-Identifier: Apache-2.0 */
/* The example module, as a third party would test its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <edgeway/test.h>

extern const struct ew_module ew_module;

static struct ew_test *test;

static int setup(void **state)
{
	(void)state;
	return ew_test_new(&test);
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

static void load(const char *yaml)
{
	assert_int_equal(ew_test_load(test, &ew_module, "office", yaml), 0);
}

static void test_a_setpoint_outside_its_limits_is_refused(void **state)
{
	(void)state;
	load("setpoint: 99\n");
	assert_int_not_equal(ew_test_start(test), 0);
	assert_non_null(strstr(ew_test_error(test), "'setpoint' 99 is not between"));
}

static void test_an_unknown_option_is_refused(void **state)
{
	(void)state;
	load("setpiont: 20\n");
	assert_int_not_equal(ew_test_start(test), 0);
	assert_non_null(strstr(ew_test_error(test), "did you mean 'setpoint'?"));
}

static void test_a_write_over_the_limit_is_refused(void **state)
{
	(void)state;
	load("high: 25\n");
	assert_int_equal(ew_test_start(test), 0);
	assert_int_equal(ew_test_set(test, "room:Setpoint", 26), -ERANGE);
	assert_int_equal(ew_test_set(test, "room:Temperature", 20), -EACCES);
	assert_true(ew_test_number(test, "room:Setpoint") == 20);
}

static void test_the_temperature_moves_to_what_was_written(void **state)
{
	(void)state;
	load("every: 1s\nsetpoint: 20\n");
	assert_int_equal(ew_test_start(test), 0);
	assert_string_equal(ew_test_state(test, "office"), "running");
	assert_true(ew_test_number(test, "room:Temperature") == 20);

	assert_int_equal(ew_test_set(test, "room:Setpoint", 30), 0);
	assert_true(ew_test_number(test, "room:Setpoint") == 30);
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "room:Temperature") == 21);
	ew_test_advance(test, 100 * EW_SECOND);
	assert_true(ew_test_number(test, "room:Temperature") > 29.99);
}

static void test_it_publishes_at_its_pace(void **state)
{
	(void)state;
	load("every: 250ms\n");
	assert_int_equal(ew_test_start(test), 0);
	ew_test_forget(test);
	ew_test_advance(test, EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "room:Temperature"), 4);
}

static void test_it_counts_what_others_publish(void **state)
{
	struct ew_instance *inst;
	struct ew_device_spec device = { .size = sizeof(device), .path = "boiler" };
	struct ew_tag_spec tag = { .size = sizeof(tag), .name = "On", .type = EW_TYPE_BOOL };
	struct ew_sample samples[3];
	uint32_t device_id, tag_id;

	(void)state;
	load(NULL);
	assert_int_equal(ew_test_start(test), 0);
	inst = ew_test_begin(test);
	assert_int_equal(ew_device_declare(inst, &device, &device_id), 0);
	assert_int_equal(ew_tag_declare(inst, device_id, &tag, &tag_id), 0);
	for (int i = 0; i < 3; i++) {
		samples[i] = ew_sample_bool(tag_id, ew_wall(), i % 2 == 0);
	}
	assert_int_equal(ew_publish(inst, samples, 3, NULL), 0);
	ew_test_end(test);
	ew_test_step(test);
	assert_true(ew_test_metric(test, "office", "received_total") == 3);
}

static void test_two_rooms_run_side_by_side(void **state)
{
	(void)state;
	load("device: office\nsetpoint: 18\n");
	assert_int_equal(ew_test_load(test, &ew_module, "hall", "device: hall\nloop: office\n"),
			 0);
	assert_int_equal(ew_test_start(test), 0);
	assert_true(ew_test_number(test, "office:Temperature") == 18);
	assert_true(ew_test_number(test, "hall:Temperature") == 20);
	assert_int_equal(ew_test_stop(test, "office"), 0);
	assert_string_equal(ew_test_state(test, "office"), "closed");
	assert_int_equal(ew_test_tag(test, "office:Temperature"), EW_NO_ID);
	assert_string_equal(ew_test_state(test, "hall"), "running");
}

static void test_a_reload_brings_new_settings(void **state)
{
	(void)state;
	load("setpoint: 18\n");
	assert_int_equal(ew_test_start(test), 0);
	assert_int_not_equal(ew_test_reload(test, "office", "setpoint: warm\n"), 0);
	assert_true(ew_test_number(test, "room:Temperature") == 18);
	assert_int_equal(ew_test_reload(test, "office", "setpoint: 22\n"), 0);
	assert_true(ew_test_number(test, "room:Temperature") == 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_setpoint_outside_its_limits_is_refused),
		TEST(test_an_unknown_option_is_refused),
		TEST(test_a_write_over_the_limit_is_refused),
		TEST(test_the_temperature_moves_to_what_was_written),
		TEST(test_it_publishes_at_its_pace),
		TEST(test_it_counts_what_others_publish),
		TEST(test_two_rooms_run_side_by_side),
		TEST(test_a_reload_brings_new_settings),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
