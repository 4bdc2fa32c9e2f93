/* SPDX-License-Identifier: Apache-2.0 */
/* Levels, sink, control characters and the rate limit. */
#include "core/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "tests/unit/unit.h"

static char last[4096];
static int lines;
static int64_t now = 1;

static void keep(void *arg, enum log_level level, const char *who, const char *text)
{
	(void)arg;
	lines++;
	(void)snprintf(last, sizeof(last), "%s|%s|%s", log_level_name(level),
		       who != NULL ? who : "-", text);
}

static int64_t read_now(void *arg)
{
	(void)arg;
	return now;
}

static void test_lines_below_the_level_are_not_formatted(void **state)
{
	(void)state;
	lines = 0;
	log_set_sink(keep, NULL);
	log_set_level(LOG_LEVEL_WARNING);

	log_msg(LOG_LEVEL_INFO, "sim/line1", "hello");
	assert_int_equal(lines, 0);
	log_msg(LOG_LEVEL_WARNING, "sim/line1", "hello=%d", 3);
	assert_int_equal(lines, 1);
	assert_string_equal(last, "warning|sim/line1|hello=3");
	log_set_level(LOG_LEVEL_INFO);
}

static void test_control_characters_cannot_forge_a_line(void **state)
{
	(void)state;
	log_set_sink(keep, NULL);
	log_msg(LOG_LEVEL_ERROR, NULL, "a\nerror: b\x1b[0m");
	assert_string_equal(last, "error|-|a?error: b?[0m");
}

static void test_long_text_is_cut(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_set_sink(keep, NULL);
	log_msg(LOG_LEVEL_ERROR, "w", "%s", text);
	assert_int_equal(strlen(last), strlen("error|w|") + 1999);
}

static void test_level_words_are_read_back(void **state)
{
	enum log_level level = LOG_LEVEL_ERROR;

	(void)state;
	assert_int_equal(log_level_parse("warn", &level), -EINVAL);
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void test_the_rate_limit_says_how_many_it_held_back(void **state)
{
	struct clock_source source = {read_now, read_now, NULL};
	struct log_limit limit = {.burst = 2, .window = 100};
	uint32_t held = 99;

	(void)state;
	clock_set_source(&source);
	assert_true(log_limit_pass(&limit, &held));
	assert_int_equal(held, 0);
	assert_true(log_limit_pass(&limit, &held));
	assert_false(log_limit_pass(&limit, &held));
	assert_false(log_limit_pass(&limit, &held));

	now += 100;
	assert_true(log_limit_pass(&limit, &held));
	assert_int_equal(held, 2);
	clock_set_source(NULL);
}

static void test_lines_of_one_place_are_limited(void **state)
{
	struct clock_source source = {read_now, read_now, NULL};
	struct log_limit limit = {.burst = 2, .window = 100};

	(void)state;
	clock_set_source(&source);
	log_set_sink(keep, NULL);
	lines = 0;
	for (int i = 0; i < 5; i++) {
		log_limited(&limit, LOG_LEVEL_WARNING, "who", "refused from=%d", i);
	}
	assert_int_equal(lines, 2);
	assert_string_equal(last, "warning|who|refused from=1");

	now += 100;
	log_limited(&limit, LOG_LEVEL_DEBUG, "who", "not shown and not counted");
	log_limited(&limit, LOG_LEVEL_WARNING, "who", "refused from=%d", 5);
	assert_string_equal(last, "warning|who|refused from=5 (3 like it not shown)");
	log_set_sink(NULL, NULL);
	clock_set_source(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_below_the_level_are_not_formatted),
		cmocka_unit_test(test_control_characters_cannot_forge_a_line),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_level_words_are_read_back),
		cmocka_unit_test(test_the_rate_limit_says_how_many_it_held_back),
		cmocka_unit_test(test_lines_of_one_place_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
