/* SPDX-License-Identifier: Apache-2.0 */
/* Both clocks move, and both can be replaced. */
#include "core/base/clock.h"

#include "tests/unit/unit.h"

static int64_t fixed_mono(void *arg)
{
	return *(int64_t *)arg;
}

static int64_t fixed_utc(void *arg)
{
	return *(int64_t *)arg + 1000;
}

static void test_a_source_replaces_both_clocks_until_it_is_taken_away(void **state)
{
	int64_t now = 42;
	struct clock_source source = {fixed_mono, fixed_utc, &now};

	(void)state;
	clock_set_source(&source);
	assert_int_equal(clock_mono(), 42);
	assert_int_equal(clock_utc(), 1042);
	now = 43;
	assert_int_equal(clock_mono(), 43);

	clock_set_source(NULL);
	assert_true(clock_mono() != 43);
}

static void test_monotonic_time_never_goes_back(void **state)
{
	int64_t first = clock_mono();

	(void)state;
	assert_true(clock_mono() >= first);
	assert_true(clock_utc() > INT64_C(1600000000) * 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_source_replaces_both_clocks_until_it_is_taken_away),
		cmocka_unit_test(test_monotonic_time_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
