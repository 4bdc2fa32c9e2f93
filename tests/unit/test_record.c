/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded samples: what a row means, and the position of all that is wrong. */
#include "core/rehearsal/record.h"

#include <errno.h>
#include <string.h>

#include <edgeway/loop.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

static struct diag diag;
static struct record *record;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	record = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	record_free(&record);
	diag_fini(&diag);
	return 0;
}

static int read_text(const char *text)
{
	return record_read("d.csv", text, strlen(text), &diag, &record);
}

#define HEAD  "time,tag,value,quality,type,unit,max_age\n"

static void test_each_bad_row_is_told_with_its_position(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "", "d.csv:1:1: no line that names columns" },
		{ "time,tag\n", "d.csv:1:1: no column 'value'" },
		{ "time,tag,valu\n", "d.csv:1:10: no column is called 'valu': did you mean" },
		{ HEAD, "d.csv:2:1: no row with a sample" },
		{ HEAD "0,,1\n", "d.csv:2:3: a row without a tag, DEVICE:TAG" },
		{ HEAD "0,a:,1\n", "d.csv:2:3: a row without a tag, DEVICE:TAG" },
		{ HEAD ",a:b,1\n", "d.csv:2:1: a row without a time" },
		{ HEAD "-1,a:b,1\n", "d.csv:2:1: '-1' is no time" },
		{ HEAD "noon,a:b,1\n", "d.csv:2:1: 'noon' is no time" },
		{ HEAD "2026-02-30T00:00:00Z,a:b,1\n", "d.csv:2:1: '2026-02-30T00:00:00Z' is no" },
		{ HEAD "2026-01-01T00:00:00.5,a:b,1\n",
		  "d.csv:2:1: '2026-01-01T00:00:00.5' is no" },
		{ HEAD "0,a:b,1\n2026-01-01,a:b,1\n",
		  "d.csv:3:1: '2026-01-01' is a date, and the first row has seconds" },
		{ HEAD "0,a:b,1,fine\n", "d.csv:2:9: 'fine' is no quality" },
		{ HEAD "0,a:b,1,bad/luck\n", "d.csv:2:9: 'bad/luck' is no quality" },
		{ HEAD "0,a:b,1,,f128\n", "d.csv:2:10: 'f128' is no type of a value" },
		{ HEAD "0,a:b,1,,bytes\n", "d.csv:2:10: 'bytes' is no type of a value" },
		{ HEAD "0,a:b,1,,,bar,5\n", "d.csv:2:15: '5' is not a duration" },
		{ HEAD "0,a:b,1\n1,a:b,two\n", "d.csv:3:7: 'two' is not a value of type f64" },
		{ HEAD "0,a:b,1,,u8\n1,a:b,-2\n", "d.csv:3:7: '-2' is not a value of type u8" },
		{ HEAD "0,pump,running\n", "d.csv:2:8: 'running' is no state of a device" },
		{ "time,tag,value\n0,a:b,1,good\n",
		  "d.csv:2:9: 4 cells, but the first line names 3" },
	};

	(void)state;
	for (size_t i = 0; i < array_count(cases); i++) {
		char line[512];

		assert_int_equal(read_text(cases[i].text), -EINVAL);
		assert_null(record);
		diag_format(&diag.items[0], line, sizeof(line));
		if (strncmp(line, cases[i].told, strlen(cases[i].told)) != 0) {
			fail_msg("'%s': %s", cases[i].text, line);
		}
		diag_fini(&diag);
		diag_init(&diag);
	}
}

static void test_all_that_is_wrong_is_told(void **state)
{
	(void)state;
	assert_int_equal(read_text(HEAD "0,a:b,1\n1,a:b,x\n2,a:b,2\n3,a:b,y\n"), -EINVAL);
	assert_int_equal(diag.errors, 2);
}

static void test_rows_become_samples_in_order_of_time(void **state)
{
	const struct record_tag *level;

	(void)state;
	assert_int_equal(read_text(HEAD
				   "2026-01-01T00:00:00Z,tank:level,,none,f32,m,5s\n"
				   "2026-01-01T00:00:02.25Z,tank:level,27.33\n"
				   "2026-01-01T00:00:01Z,tank:level,,bad/stale\n"
				   "2026-01-01T00:00:01Z,pump:on,yes\n"
				   "2026-01-01T00:00:00.5Z,pump,down\n"), 0);
	assert_int_equal(record->tag_count, 2);
	assert_int_equal(record->row_count, 4);
	level = &record->tags[0];
	assert_string_equal(level->name, "tank:level");
	assert_string_equal(level->spec.name, "level");
	assert_string_equal(level->spec.unit, "m");
	assert_true(level->spec.max_age == 5 * EW_SECOND);
	assert_int_equal(record->rows[0].device, 1);
	assert_int_equal(record->rows[0].state, EW_DEVICE_DOWN);
	assert_int_equal(record->rows[1].sample.quality, EW_BAD | EW_REASON_STALE);
	assert_int_equal(record->rows[1].sample.flags, EW_NULL);
	assert_int_equal(record->rows[2].sample.type, EW_BOOL); /* it says so itself */
	assert_true(record->rows[3].sample.v.f == (double)27.33f); /* as 32 bits carry it */
	assert_true(record->rows[3].time - record->rows[1].time == 1250 * EW_MILLISECOND);
}

static void test_a_device_begins_as_the_first_time_says(void **state)
{
	(void)state;
	assert_int_equal(read_text("time;tag;value\n"
				   "0;a;stale\n0;a:x;1\n0;b:x;2,5\n5;b;down\n"), 0);
	assert_int_equal(record->devices[0].state, EW_DEVICE_STALE);
	assert_int_equal(record->devices[1].state, EW_DEVICE_UP);
	assert_int_equal(record->rows[2].sample.type, EW_TEXT); /* numbers have a point */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_bad_row_is_told_with_its_position, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_all_that_is_wrong_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_become_samples_in_order_of_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_device_begins_as_the_first_time_says, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
