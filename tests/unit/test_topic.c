/* SPDX-License-Identifier: Apache-2.0 */
/* Topics and filters, after the examples of MQTT 5 section 4.7. */
#include "core/uplink/topic.h"

#include "core/base/check.h"

#include "tests/unit/unit.h"

static void test_what_is_not_a_filter(void **state)
{
	static const char *const bad[] = {"",           "a#",        "a/#/b",      "#/a",
					  "a+",         "+a",        "a/+b/c",     "a/b+",
					  "\xff",       "$share/",   "$share/g",   "$share//a",
					  "$share/+/a", "$share/g/", "$share/g/a#"};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(bad); i++) {
		assert_false(topic_filter_is_valid(bad[i]));
	}
}

static void test_what_is_not_a_topic(void **state)
{
	(void)state;
	assert_false(topic_is_valid(""));
	assert_false(topic_is_valid("a/+"));
	assert_false(topic_is_valid("a/#"));
	assert_false(topic_is_valid("a\xc0\x80"));
}

static void test_what_is_one(void **state)
{
	static const char *const good[] = {"#",          "+",
					   "/",          "/+",
					   "+/+",        "a//b",
					   "a/+/b/#",    "$SYS/#",
					   "$share/g/#", "$share/g/a/+/b",
					   " "};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(good); i++) {
		assert_true(topic_filter_is_valid(good[i]));
	}
	assert_true(topic_is_valid("spBv1.0/g/NBIRTH/n"));
	assert_true(topic_is_valid("/"));
}

static void test_matching(void **state)
{
	static const struct {
		const char *filter;
		const char *topic;
		bool matches;
	} cases[] = {
		{"sport/tennis/player1/#", "sport/tennis/player1", true},
		{"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
		{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
		{"sport/tennis/player1/#", "sport/tennis/player10", false},
		{"#", "a/b/c", true},
		{"#", "/", true},
		{"sport/tennis/+", "sport/tennis/player1", true},
		{"sport/tennis/+", "sport/tennis/player1/ranking", false},
		{"sport/+", "sport", false},
		{"sport/+", "sport/", true},
		{"+/+", "/finance", true},
		{"/+", "/finance", true},
		{"+", "/finance", false},
		{"#", "$SYS/monitor", false},
		{"+/monitor/Clients", "$SYS/monitor/Clients", false},
		{"$SYS/#", "$SYS/monitor", true},
		{"$SYS/monitor/+", "$SYS/monitor/Clients", true},
		{"a/b", "a/b", true},
		{"a/b", "a/bc", false},
		{"a/bc", "a/b", false},
		{"a/b", "a/b/c", false},
		{"a/b/c", "a/b", false},
		{"A/b", "a/b", false},
		{"a//b", "a//b", true},
		{"a/+/b", "a//b", true},
		{"$share/g/a/+", "a/b", true},
		{"$share/g/a/+", "b/b", false},
		{"$share/g/#", "$SYS/x", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(cases); i++) {
		assert_true(topic_filter_is_valid(cases[i].filter));
		assert_int_equal(topic_matches(cases[i].filter, cases[i].topic), cases[i].matches);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_a_filter),
		cmocka_unit_test(test_what_is_not_a_topic),
		cmocka_unit_test(test_what_is_one),
		cmocka_unit_test(test_matching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
