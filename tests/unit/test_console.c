/* SPDX-License-Identifier: Apache-2.0 */
/* What the console shows: values, JSON lines, and tables that fit the screen. */
#include <math.h>
#include <string.h>

#include "modules/console/line.h"
#include "modules/console/table.h"
#include "tests/unit/unit.h"

static const struct ew_device_info pump = {
	.id = 1, .state = EW_DEVICE_UP, .reason = "", .owner = "line1",
	.spec = {.size = sizeof(struct ew_device_spec), .path = "pump-1", .type = "pump"},
};

static struct ew_tag_info tag_of(const char *name, unsigned type, const char *unit)
{
	struct ew_tag_info tag = {
		.id = 7, .device = 1,
		.spec = {.size = sizeof(tag.spec), .name = name, .type = type, .unit = unit},
	};

	return tag;
}

static void shows(const struct ew_tag_info *tag, const struct ew_sample *sample, const char *text)
{
	char out[VALUE_SIZE];

	value_show(tag, sample, out);
	assert_string_equal(out, text);
}

static void test_numbers_are_short_and_read_back(void **state)
{
	struct ew_tag_info f32 = tag_of("x", EW_TYPE_F32, NULL);
	struct ew_tag_info f64 = tag_of("x", EW_TYPE_F64, NULL);
	struct ew_sample sample;

	(void)state;
	sample = ew_sample_f64(7, 1, (double)0.1f);
	shows(&f32, &sample, "0.1");
	shows(&f64, &sample, "0.10000000149011612");
	sample = ew_sample_f64(7, 1, 0.1);
	shows(&f64, &sample, "0.1");
	sample = ew_sample_f64(7, 1, 1.0 / 3.0);
	shows(&f64, &sample, "0.3333333333333333");
	sample = ew_sample_f64(7, 1, (double)16777217.0f);
	shows(&f32, &sample, "16777216");
	sample = ew_sample_f64(7, 1, (double)NAN);
	assert_true(isnan(sample.v.f));
	shows(&f32, &sample, "nan");
}

static void test_values_of_all_carriers_are_shown_in_one_line(void **state)
{
	static const struct ew_label labels[] = {{0, "stopped"}, {1, "running"}};
	struct ew_tag_info text = tag_of("x", EW_TYPE_TEXT, NULL);
	struct ew_tag_info mode = tag_of("x", EW_TYPE_U8, NULL);
	struct ew_tag_info time = tag_of("x", EW_TYPE_TIME, NULL);
	struct ew_tag_info raw = tag_of("x", EW_TYPE_BYTES, NULL);
	struct ew_sample sample;
	char many[300];

	(void)state;
	mode.spec.labels = labels;
	mode.spec.label_count = 2;
	sample = ew_sample_u64(7, 1, 1);
	shows(&mode, &sample, "running");
	sample = ew_sample_u64(7, 1, 9);
	shows(&mode, &sample, "9");
	sample = ew_sample_text(7, 1, "a\nb\0c", 5);
	shows(&text, &sample, "a.b.c");
	memset(many, 'x', sizeof(many));
	sample = ew_sample_text(7, 1, many, sizeof(many));
	memcpy(many + VALUE_SIZE - 4, "...", 4);
	shows(&text, &sample, many);
	sample = ew_sample_i64(7, 1, 0);
	shows(&time, &sample, "1970-01-01T00:00:00.000Z");
	sample = ew_sample_i64(7, 1, -1);
	shows(&time, &sample, "1969-12-31T23:59:59.999Z");
	sample = ew_sample_bytes(7, 1, "\x01\xff", 2);
	shows(&raw, &sample, "01ff");
	sample = ew_sample_bytes(7, 1, "0123456789abcdefg", 17);
	shows(&raw, &sample, "30313233343536373839616263646566... (17 bytes)");
	sample = ew_sample_none(7, 1);
	shows(&raw, &sample, "-");
}

static void test_ages_have_the_unit_that_fits(void **state)
{
	static const struct {
		ew_dur age;
		const char *text;
	} rows[] = {
		{-5, "0.0s"}, {400 * EW_MILLISECOND, "0.4s"}, {59 * EW_SECOND, "59s"},
		{61 * EW_SECOND, "1m"}, {7200 * EW_SECOND, "2h"}, {200000 * EW_SECOND, "2d"},
		{INT64_MAX, "106751d"},
	};
	char out[VALUE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		value_age(rows[i].age, out);
		assert_string_equal(out, rows[i].text);
	}
}

static void is_line(struct text *text, const char *line)
{
	text_add(text, "", 1);
	assert_string_equal(text->at, line);
	text_clear(text);
}

static void test_a_line_is_json_whatever_a_text_holds(void **state)
{
	struct text text = {.limit = 4096};
	struct ew_tag_info tag = tag_of("Pump/\"Flow\"", EW_TYPE_TEXT, NULL);
	struct ew_sample sample = ew_sample_text(7, 0, "a\"b\\c\n\x01\xc3\xa9", 9);

	(void)state;
	line_sample(&text, &pump, &tag, &sample);
	is_line(&text, "{\"device\":\"pump-1\",\"tag\":\"Pump/\\\"Flow\\\"\","
		"\"value\":\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\",\"quality\":\"good\","
		"\"time\":\"1970-01-01T00:00:00.000Z\"}\n");
	text_free(&text);
}

static void test_a_line_of_a_sample_says_all_that_is_known(void **state)
{
	struct text text = {.limit = 4096};
	struct ew_tag_info tag = tag_of("Pump/Flow", EW_TYPE_F32, "m3/h");
	struct ew_sample sample = ew_sample_f64(7, 1500 * EW_MILLISECOND, 27.5);

	(void)state;
	sample.quality = EW_UNCERTAIN | EW_REASON_OUT_OF_RANGE;
	sample.flags = EW_HISTORICAL;
	line_sample(&text, &pump, &tag, &sample);
	is_line(&text, "{\"device\":\"pump-1\",\"tag\":\"Pump/Flow\",\"value\":27.5,"
		"\"unit\":\"m3/h\",\"quality\":\"uncertain\",\"reason\":\"out_of_range\","
		"\"historical\":true,\"time\":\"1970-01-01T00:00:01.500Z\"}\n");
	sample = ew_sample_f64(7, 0, (double)INFINITY);
	line_sample(&text, &pump, &tag, &sample);
	is_line(&text, "{\"device\":\"pump-1\",\"tag\":\"Pump/Flow\",\"value\":null,"
		"\"unit\":\"m3/h\",\"quality\":\"good\","
		"\"time\":\"1970-01-01T00:00:00.000Z\"}\n");
	text_free(&text);
}

static void test_events_devices_and_gaps_have_lines_of_their_own(void **state)
{
	struct text text = {.limit = 4096};
	struct ew_event event = {
		.size = sizeof(event), .kind = "alarm.raised", .severity = EW_SEVERITY_ALARM,
		.device = 1, .key = "overflow", .body = "{\"text\":\"x\"}",
	};
	struct ew_gap gap = {.reason = EW_GAP_OVERFLOW, .samples = 3, .events = 1};

	(void)state;
	line_event(&text, &event, &pump);
	is_line(&text, "{\"event\":\"alarm.raised\",\"severity\":\"alarm\",\"device\":\"pump-1\","
		"\"key\":\"overflow\",\"time\":\"1970-01-01T00:00:00.000Z\","
		"\"body\":{\"text\":\"x\"}}\n");
	line_device(&text, EW_DECLARED, &pump);
	is_line(&text, "{\"device\":\"pump-1\",\"change\":\"declared\",\"type\":\"pump\","
		"\"state\":\"up\"}\n");
	line_gap(&text, &gap);
	is_line(&text, "{\"gap\":\"overflow\",\"samples\":3,\"events\":1}\n");
	text_free(&text);
}

static void test_text_beyond_its_limit_is_left_out_and_remembered(void **state)
{
	struct text text = {.limit = 10};

	(void)state;
	text_put(&text, "12345678");
	text_put(&text, "abc");
	assert_true(text.full);
	text_put(&text, "9");
	assert_int_equal(text.size, 8);
	text_cut(&text, 4);
	text_put(&text, "abcdef");
	assert_false(text.full);
	text_drop(&text, 3);
	text_add(&text, "", 1);
	assert_string_equal(text.at, "4abcdef");
	text_free(&text);
}

static void row_of(struct table_row *row, const char *device, const char *tag, const char *value)
{
	memset(row, 0, sizeof(*row));
	row->device = device;
	row->tag = tag;
	row->unit = "m3/h";
	row->state = EW_DEVICE_UP;
	row->has_value = true;
	memcpy(row->value, value, strlen(value));
	memcpy(row->age, "0.4s", 4);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0, width = 0;

	for (; *text != '\0'; text++) {
		width = *text == '\n' ? 0 : width + (((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0);
		longest = width > longest ? width : longest;
	}
	return longest;
}

static void test_a_table_is_as_wide_as_its_cells(void **state)
{
	struct text text = {.limit = 65536};
	struct table_page page = {.title = "now", .width = 200};
	struct table_row rows[2];

	(void)state;
	row_of(&rows[0], "pump-1", "Pump/Flow", "27.5");
	row_of(&rows[1], "tank-1", "Level/Level", "1.3");
	rows[1].quality = EW_BAD | EW_REASON_SENSOR_FAILURE;
	table_draw(&text, &page, rows, 2);
	is_line(&text,
		"now\n"
		"DEVICE  TAG          VALUE  UNIT  QUALITY          AGE  STATE\n"
		"pump-1  Pump/Flow     27.5  m3/h  good            0.4s  up\n"
		"tank-1  Level/Level    1.3  m3/h  sensor_failure  0.4s  up\n");
	text_free(&text);
}

static void test_a_table_never_exceeds_a_screen_of_60_columns(void **state)
{
	struct text text = {.limit = 65536};
	struct table_page page = {.title = "a title that is much longer than the screen is wide, "
					   "and says nothing", .width = 60};
	struct table_row row;

	(void)state;
	row_of(&row, "a-device-with-a-very-long-name", "A/Tag/\xc3\xa9\xc3\xa9\xc3\xa9/Name",
	       "123456789012345678901234567890");
	table_draw(&text, &page, &row, 1);
	text_add(&text, "", 1);
	assert_true(longest_line(text.at) <= 60);
	assert_non_null(strstr(text.at, "~"));
	text_free(&text);
}

static void test_a_table_never_exceeds_the_lines_of_the_screen(void **state)
{
	struct text text = {.limit = 65536};
	struct table_page page = {.title = "now", .width = 80, .height = 10, .terminal = true};
	struct table_row rows[20];
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		row_of(&rows[i], "pump-1", "Pump/Flow", "27.5");
	}
	table_draw(&text, &page, rows, 20);
	for (size_t i = 0; i < text.size; i++) {
		lines += text.at[i] == '\n' ? 1 : 0;
	}
	assert_true(lines < 10);
	text_add(&text, "", 1);
	assert_non_null(strstr(text.at, "... and 14 more\033[K\n"));
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_beyond_its_limit_is_left_out_and_remembered),
		cmocka_unit_test(test_a_line_is_json_whatever_a_text_holds),
		cmocka_unit_test(test_a_line_of_a_sample_says_all_that_is_known),
		cmocka_unit_test(test_events_devices_and_gaps_have_lines_of_their_own),
		cmocka_unit_test(test_numbers_are_short_and_read_back),
		cmocka_unit_test(test_values_of_all_carriers_are_shown_in_one_line),
		cmocka_unit_test(test_ages_have_the_unit_that_fits),
		cmocka_unit_test(test_a_table_never_exceeds_a_screen_of_60_columns),
		cmocka_unit_test(test_a_table_never_exceeds_the_lines_of_the_screen),
		cmocka_unit_test(test_a_table_is_as_wide_as_its_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
