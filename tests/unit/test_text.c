/* SPDX-License-Identifier: Apache-2.0 */
/* Strict scalars, UTF-8, suggestions and patterns. */
#include "core/base/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

static void test_integers_refuse_what_is_not_one(void **state)
{
	static const char *const bad[] = {"",   "-",  "+1",  " 1", "1 ", "1_", "_1",
					  "1__2", "0x", "1.0", "1e3", "--1", "0xg"};
	int64_t i = 7;
	uint64_t u = 7;
	size_t at;

	(void)state;
	for (at = 0; at < array_count(bad); at++) {
		assert_int_equal(text_parse_int(bad[at], &i), -EINVAL);
		assert_int_equal(text_parse_uint(bad[at], &u), -EINVAL);
	}
	assert_int_equal(text_parse_uint("-1", &u), -EINVAL);
	assert_int_equal(text_parse_int("9223372036854775808", &i), -ERANGE);
	assert_int_equal(text_parse_int("-9223372036854775809", &i), -ERANGE);
	assert_int_equal(text_parse_uint("18446744073709551616", &u), -ERANGE);
	assert_int_equal(i, 7);
	assert_int_equal(u, 7);
}

static void test_integers_reach_both_ends(void **state)
{
	int64_t i;
	uint64_t u;

	(void)state;
	assert_int_equal(text_parse_int("-9223372036854775808", &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(text_parse_int("-0", &i), 0);
	assert_true(i == 0);
	assert_int_equal(text_parse_int("1_000", &i), 0);
	assert_true(i == 1000);
	assert_int_equal(text_parse_uint("0xFFFFffffffffffff", &u), 0);
	assert_true(u == UINT64_MAX);
}

static void test_floats_are_decimal_and_finite(void **state)
{
	static const char *const bad[] = {"",  ".5",  "5.", "nan", "inf", "0x1p3", "1e",
					  "+1", "1,5", " 1", "1e+", "-"};
	double value = 7, back;
	char out[32];
	size_t at;

	(void)state;
	for (at = 0; at < array_count(bad); at++) {
		assert_int_equal(text_parse_float(bad[at], &value), -EINVAL);
	}
	assert_int_equal(text_parse_float("1e999", &value), -ERANGE);
	assert_true(value == 7);
	assert_int_equal(text_parse_float("-12.5e-1", &value), 0);
	assert_true(value == -1.25);
	assert_string_equal(text_format_float(0.1, out, sizeof(out)), "0.1");
	assert_string_equal(text_format_float(20, out, sizeof(out)), "20");
	assert_string_equal(text_format_float(-1500000, out, sizeof(out)), "-1500000");
	assert_string_equal(text_format_float(0.00001, out, sizeof(out)), "0.00001");
	assert_string_equal(text_format_float(1e16, out, sizeof(out)), "1e+16");
	assert_string_equal(text_format_float(0, out, sizeof(out)), "0");
	assert_int_equal(text_parse_float(text_format_float(1.0 / 3, out, sizeof(out)), &back), 0);
	assert_true(back == 1.0 / 3);
}

static void test_booleans_have_four_words(void **state)
{
	bool value = false;

	(void)state;
	assert_int_equal(text_parse_bool("on", &value), -EINVAL);
	assert_int_equal(text_parse_bool("Yes", &value), -EINVAL);
	assert_int_equal(text_parse_bool("yes", &value), 0);
	assert_true(value);
	assert_int_equal(text_parse_bool("false", &value), 0);
	assert_false(value);
}

static void test_durations_need_a_unit(void **state)
{
	ew_dur value = 7;

	(void)state;
	assert_int_equal(text_parse_duration("5", &value), -EDOM);
	assert_int_equal(text_parse_duration("1h30", &value), -EDOM);
	assert_int_equal(text_parse_duration("5 s", &value), -EINVAL);
	assert_int_equal(text_parse_duration("-5s", &value), -EINVAL);
	assert_int_equal(text_parse_duration("5sec", &value), -EINVAL);
	assert_int_equal(text_parse_duration("", &value), -EINVAL);
	assert_int_equal(text_parse_duration("300000d", &value), -ERANGE);
	assert_true(value == 7);
}

static void test_durations_are_exact_and_read_back(void **state)
{
	static const struct {
		const char *text;
		ew_dur value;
	} good[] = {
		{"0", 0},		      {"500ms", 500000000},
		{"1.5s", 1500000000},	      {"1h30m", 5400000000000},
		{"7d", 604800000000000},      {"2w", 1209600000000000},
		{"250us", 250000},	      {"0.000000001s", 1},
	};
	char out[64];
	ew_dur value, back;
	size_t at;

	(void)state;
	for (at = 0; at < array_count(good); at++) {
		assert_int_equal(text_parse_duration(good[at].text, &value), 0);
		assert_true(value == good[at].value);
		assert_int_equal(
			text_parse_duration(text_format_duration(value, out, sizeof(out)), &back),
			0);
		assert_true(back == value);
	}
	assert_string_equal(text_format_duration(5400000000000, out, sizeof(out)), "1h30m");
}

static void test_sizes_need_a_unit_and_read_back(void **state)
{
	uint64_t value = 7;
	char out[32];

	(void)state;
	assert_int_equal(text_parse_size("5", &value), -EDOM);
	assert_int_equal(text_parse_size("5K", &value), -EINVAL);
	assert_int_equal(text_parse_size("1MiB1KiB", &value), -EINVAL);
	assert_int_equal(text_parse_size("9999999TiB", &value), -ERANGE);
	assert_true(value == 7);
	assert_int_equal(text_parse_size("16KiB", &value), 0);
	assert_true(value == 16384);
	assert_int_equal(text_parse_size("1.5MB", &value), 0);
	assert_true(value == 1500000);
	assert_string_equal(text_format_size(2147483648u, out, sizeof(out)), "2GiB");
	assert_string_equal(text_format_size(1500000, out, sizeof(out)), "1500kB");
	assert_string_equal(text_format_size(17, out, sizeof(out)), "17B");
	assert_string_equal(text_format_size(0, out, sizeof(out)), "0B");
}

static void test_times_are_real_dates_in_utc(void **state)
{
	static const char *const bad[] = {"2026-02-29", "2026-13-01", "1969-12-31", "2026-1-1",
					  "2026-01-01T00:00:00", "2026-01-01T24:00:00Z",
					  "2026-01-00", "", "2026/01/01"};
	ew_time value = 7;
	size_t at;

	(void)state;
	for (at = 0; at < array_count(bad); at++) {
		assert_true(text_parse_time(bad[at], &value) < 0);
	}
	assert_true(value == 7);
	assert_int_equal(text_parse_time("1970-01-01", &value), 0);
	assert_true(value == 0);
	assert_int_equal(text_parse_time("2024-02-29T12:34:56Z", &value), 0);
	assert_true(value == INT64_C(1709210096) * 1000000000);
	assert_int_equal(text_parse_time("2000-03-01", &value), 0);
	assert_true(value == INT64_C(951868800) * 1000000000);
}

static void test_utf8_refuses_overlong_surrogate_and_cut(void **state)
{
	static const char *const bad[] = {"\x80",	  "\xc0\xaf",	      "\xe0\x80\xaf",
					  "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3",
					  "\xf0\x9f\x98", "\xff",	      "a\xc3z"};
	size_t at;

	(void)state;
	for (at = 0; at < array_count(bad); at++) {
		assert_false(text_is_utf8(bad[at], strlen(bad[at])));
	}
	assert_true(text_is_utf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 11));
	assert_true(text_is_utf8("", 0));
}

static void test_suggest_finds_what_was_meant_and_nothing_far(void **state)
{
	static const char *const names[] = {"interval", "every", "seed", "up"};

	(void)state;
	assert_string_equal(text_suggest("intervl", names, 4), "interval");
	assert_string_equal(text_suggest("inetrval", names, 4), "interval");
	assert_string_equal(text_suggest("evry", names, 4), "every");
	assert_null(text_suggest("colour", names, 4));
	assert_null(text_suggest("xy", names, 4));
	assert_null(text_suggest("", names, 4));
}

static void test_patterns_stop_at_slashes_unless_doubled(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"*", "a", true},	       {"*", "a/b", false},
		{"**", "a/b/c", true},	       {"", "", true},
		{"", "a", false},	       {"a", "", false},
		{"*:Pump/*", "p-1:Pump/Speed", true},
		{"*:Pump/*", "p-1:Pump/a/b", false},
		{"**:Pump/**", "g/n/p:Pump/a/b", true},
		{"*:Pump/*", "g/n/p:Pump/a", false},
		{"a*b*c", "aXbYbZc", true},    {"**/x*y", "a/xb/xy", true},
		{"**x", "a/b/x/y", false},     {"a?", "ab", false},
		{"*a*b", "xa/ab", false},      {"***", "a/b", true},
		{"**/b/*", "a/b/c/b/d", true},
	};
	size_t at;

	(void)state;
	for (at = 0; at < array_count(cases); at++) {
		assert_int_equal(text_match(cases[at].pattern, cases[at].text), cases[at].match);
	}
}

static void test_hash_is_the_published_function(void **state)
{
	(void)state;
	assert_true(text_hash("", 0) == 0xcbf29ce484222325);
	assert_true(text_hash("a", 1) == 0xaf63dc4c8601ec8c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_refuse_what_is_not_one),
		cmocka_unit_test(test_integers_reach_both_ends),
		cmocka_unit_test(test_floats_are_decimal_and_finite),
		cmocka_unit_test(test_booleans_have_four_words),
		cmocka_unit_test(test_durations_need_a_unit),
		cmocka_unit_test(test_durations_are_exact_and_read_back),
		cmocka_unit_test(test_sizes_need_a_unit_and_read_back),
		cmocka_unit_test(test_times_are_real_dates_in_utc),
		cmocka_unit_test(test_utf8_refuses_overlong_surrogate_and_cut),
		cmocka_unit_test(test_suggest_finds_what_was_meant_and_nothing_far),
		cmocka_unit_test(test_patterns_stop_at_slashes_unless_doubled),
		cmocka_unit_test(test_hash_is_the_published_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
