/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over devices and tags: what is none, what matches, what it costs. */
#include <string.h>

#include "core/base/clock.h"
#include "core/bus/pattern.h"

#include "tests/unit/unit.h"

static void test_what_is_not_a_pattern_is_told_so(void **state)
{
	char longest[600];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_non_null(pattern_fault(""));
	assert_non_null(pattern_fault(":Speed"));
	assert_non_null(pattern_fault("pump-1:"));
	assert_non_null(pattern_fault(longest));
	assert_null(pattern_fault("**"));
	assert_null(pattern_fault("pump-1:Pump/Speed"));
}

static void test_a_star_stops_at_a_slash_and_two_do_not(void **state)
{
	(void)state;
	assert_false(pattern_match_tag("pump-1:*", "pump-1", "Pump/Speed"));
	assert_true(pattern_match_tag("pump-1:**", "pump-1", "Pump/Speed"));
	assert_true(pattern_match_tag("pump-1:Pump/*", "pump-1", "Pump/Speed"));
	assert_false(pattern_match_tag("pump-1:Pump/*", "pump-1", "Pump/Speed/Max"));
	assert_true(pattern_match_tag("*:Pump/*", "pump-1", "Pump/Speed"));
	assert_false(pattern_match_device("*", "group/node/pump-1"));
	assert_true(pattern_match_device("**", "group/node/pump-1"));
	assert_true(pattern_match_device("group/*/pump-1", "group/node/pump-1"));
	assert_true(pattern_match_device("**/pump-1", "group/node/pump-1"));
	assert_false(pattern_match_device("**/pump-1", "pump-1"));
}

static void test_a_pattern_without_a_colon_takes_all_tags_of_its_devices(void **state)
{
	(void)state;
	assert_true(pattern_match_tag("pump-*", "pump-1", "Pump/Speed"));
	assert_false(pattern_match_tag("pump-*", "tank-1", "Level"));
	assert_true(pattern_match_device("pump-*:Level", "pump-2"));
}

static void test_literal_text_matches_whole_and_only_itself(void **state)
{
	(void)state;
	assert_true(pattern_match_tag("a:b", "a", "b"));
	assert_false(pattern_match_tag("a:b", "a", "bb"));
	assert_false(pattern_match_tag("a:b", "aa", "b"));
	assert_false(pattern_match_tag("a:b", "A", "b"));
	assert_true(pattern_match_tag("a:b:c", "a", "b:c"));
	assert_true(pattern_match_tag("a*:b", "a", "b"));
	assert_true(pattern_match_tag("a:*b*", "a", "b"));
	assert_true(pattern_match_tag("a:x*y*z", "a", "x1y2y3z"));
	assert_true(pattern_match_tag("a:**/x*z", "a", "p/x/q/xyz"));
}

static void test_many_stars_cost_no_more_than_text_times_pattern(void **state)
{
	char text[256];
	int64_t begin = clock_mono();

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		assert_false(pattern_match_device("**a**a**a**a**a**a**a**a*a*a*a*a*a*b", text));
	}
	assert_true(clock_mono() - begin < INT64_C(5000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_a_pattern_is_told_so),
		cmocka_unit_test(test_a_star_stops_at_a_slash_and_two_do_not),
		cmocka_unit_test(test_a_pattern_without_a_colon_takes_all_tags_of_its_devices),
		cmocka_unit_test(test_literal_text_matches_whole_and_only_itself),
		cmocka_unit_test(test_many_stars_cost_no_more_than_text_times_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
