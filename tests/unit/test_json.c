/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader refuses, what it gives back, and what the writer escapes. */
#include "core/base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

static char line[8192];
static struct json_object object;

static int read_line(const char *text)
{
	(void)snprintf(line, sizeof(line), "%s", text);
	return json_read(line, strlen(line), &object);
}

static void test_what_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "[]", "\"a\"", "1", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1",
		"{\"a\":1,}", "{,}", "{a:1}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":1e}",
		"{\"a\":+1}", "{\"a\":-}", "{\"a\":tru}", "{\"a\":nul}", "{\"a\":1} x",
		"{\"a\":1}{\"b\":2}", "{\"a\":\"b}", "{\"a\":\"\\x\"}", "{\"a\":\"\\",
		"{\"a\":\"\\u12\"}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\x01\"}",
		"{\"a\":\"\xff\"}", "{\"a\":[}", "{\"a\":[}]}", "{\"a\":{\"b\":[1}]}",
		"{\"a\":[\"]}", "{\"a\":1,\"a\":2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
	};

	(void)state;
	for (size_t i = 0; i < array_count(bad); i++) {
		object.count = 99;
		if (read_line(bad[i]) != -EBADMSG || object.count != 0) {
			fail_msg("taken: %s", bad[i]);
		}
	}
}

static void test_depth_and_fields_have_limits(void **state)
{
	char text[4096] = "{";

	(void)state;
	assert_int_equal(read_line("{\"a\":[[[[[[[[1]]]]]]]]}"), 0);
	assert_int_equal(read_line("{\"a\":[[[[[[[[[1]]]]]]]]]}"), -EMSGSIZE);
	for (int i = 0; i <= JSON_FIELDS_MAX; i++) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s\"k%d\":%d",
			       i > 0 ? "," : "", i, i);
	}
	text[strlen(text)] = '}';
	assert_int_equal(read_line(text), -EMSGSIZE);
}

static void test_values_are_read_with_their_kinds(void **state)
{
	int64_t number = 0;

	(void)state;
	assert_int_equal(read_line(" { \"t\" : \"a\\n\\u00e9\\ud83d\\ude00\" , \"n\":-12,"
				   "\"f\":1.5e3 ,\"y\":true,\"z\":null,\"o\":{\"p\":[1,\"]\"]} } "),
			 0);
	assert_int_equal(object.count, 6);
	assert_string_equal(json_text(&object, "t"), "a\n\xc3\xa9\xf0\x9f\x98\x80");
	assert_int_equal(json_int(&object, "n", &number), 0);
	assert_int_equal(number, -12);
	assert_int_equal(json_int(&object, "f", &number), -EINVAL);
	assert_int_equal(json_int(&object, "t", &number), -EINVAL);
	assert_int_equal(json_int(&object, "missing", &number), -ENOENT);
	assert_string_equal(json_find(&object, "f")->text, "1.5e3");
	assert_true(json_is_true(&object, "y"));
	assert_false(json_is_true(&object, "z"));
	assert_int_equal(json_find(&object, "z")->kind, JSON_NULL);
	assert_string_equal(json_find(&object, "o")->text, "{\"p\":[1,\"]\"]}");
	assert_null(json_text(&object, "n"));
	assert_int_equal(read_line("{}"), 0);
	assert_int_equal(object.count, 0);
}

static void test_nothing_can_break_out_of_a_text(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4096);
	json_begin(&buf);
	json_add_text(&buf, "a\"b", "x\"}\n{\\ \x01\x7f\xff\xc3\xa9");
	json_add_text(&buf, "none", NULL);
	json_end(&buf);
	assert_string_equal(buf_text(&buf), "{\"a\\\"b\":\"x\\\"}\\n{\\\\ \\u0001\\u007f"
					    "\xef\xbf\xbd\xc3\xa9\",\"none\":null}");
	buf_fini(&buf);
}

static void test_what_is_written_is_read_back(void **state)
{
	struct buf buf;
	int64_t number = 0;

	(void)state;
	buf_init(&buf, 4096);
	json_begin(&buf);
	json_add_int(&buf, "low", INT64_MIN);
	json_add_uint(&buf, "high", UINT64_MAX);
	json_add_float(&buf, "third", 1.0 / 3);
	json_add_float(&buf, "nan", NAN);
	json_add_bool(&buf, "no", false);
	json_add_hex(&buf, "hex", "\x01\xfe", 2);
	json_add_time(&buf, "then", 1500000001);
	json_add_time(&buf, "before", -1);
	json_add_time(&buf, "never", 0);
	json_end(&buf);
	assert_int_equal(read_line(buf_text(&buf)), 0);
	assert_int_equal(json_int(&object, "low", &number), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(json_int(&object, "high", &number), -ERANGE);
	assert_string_equal(json_find(&object, "third")->text, "0.3333333333333333");
	assert_string_equal(json_text(&object, "nan"), "nan");
	assert_string_equal(json_text(&object, "hex"), "01fe");
	assert_string_equal(json_text(&object, "then"), "1970-01-01T00:00:01.500Z");
	assert_string_equal(json_text(&object, "before"), "1969-12-31T23:59:59.999Z");
	assert_int_equal(json_find(&object, "never")->kind, JSON_NULL);
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_object_is_refused),
		cmocka_unit_test(test_depth_and_fields_have_limits),
		cmocka_unit_test(test_values_are_read_with_their_kinds),
		cmocka_unit_test(test_nothing_can_break_out_of_a_text),
		cmocka_unit_test(test_what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
