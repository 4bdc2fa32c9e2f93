/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and events as text of a request: exact bytes. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "modules/http_uplink/encode.h"
#include "proto/json/json_out.h"
#include "proto/json/number.h"

#define TIME  1767225600123456789

static const struct ew_property site = {"site", "lyon, \"n\""};
static const struct shape_names names = {
	.device = "line 1/pump,1", .measurement = "pump 1", .extra = &site, .extra_count = 1,
};

/* One record of a tag `Pump/Speed=a`, freed by the caller. */
static char *record(enum encode_format format, unsigned type, struct ew_sample sample)
{
	const struct ew_tag_spec tag = {
		.size = sizeof(tag), .name = "Pump/Speed=a", .type = type, .unit = "Hz",
	};
	struct bytes body = {0};
	struct shape shape;

	assert_int_equal(shape_make(format, &names, &tag, &shape), 0);
	assert_int_equal(encode_sample(format, &body, &shape, &sample), 0);
	shape_free(&shape);
	bytes_add(&body, "", 1);
	return body.at;
}

static void assert_json(unsigned type, struct ew_sample sample, const char *value,
			const char *tail)
{
	char *text = record(FORMAT_NDJSON, type, sample), *expected;
	struct json_object object;

	assert_true(asprintf(&expected,
			     "{\"device\":\"line 1/pump,1\",\"tag\":\"Pump/Speed=a\","
			     "\"type\":\"%s\",\"unit\":\"Hz\",\"site\":\"lyon, \\\"n\\\"\","
			     "\"value\":%s,%s,\"time\":1767225600123456789%s\n",
			     ew_type_name(type), value,
			     strchr(tail, '|') != NULL ? "\"quality\":\"good\"" : tail,
			     strchr(tail, '|') != NULL ? tail + 1 : "}") > 0);
	assert_string_equal(text, expected);
	/* another parser agrees that it is JSON */
	assert_int_equal(json_read(text, strlen(text) - 1, &object), 0);
	assert_string_equal(json_text(&object, "device"), "line 1/pump,1");
	assert_string_equal(json_text(&object, "site"), "lyon, \"n\"");
	free(expected);
	free(text);
}

static void assert_line(unsigned type, struct ew_sample sample, const char *fields)
{
	char *text = record(FORMAT_INFLUX, type, sample), *expected;

	assert_true(asprintf(&expected,
			     "pump\\ 1,device=line\\ 1/pump\\,1,site=lyon\\,\\ \"n\" %s "
			     "1767225600123456789\n", fields) > 0);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

#define GOOD  "\"quality\":\"good\""

static void test_numbers_of_json_are_exact(void **state)
{
	(void)state;
	assert_json(EW_TYPE_I64, ew_sample_i64(1, TIME, INT64_MIN), "-9223372036854775808", GOOD);
	assert_json(EW_TYPE_U64, ew_sample_u64(1, TIME, UINT64_MAX), "18446744073709551615", GOOD);
	assert_json(EW_TYPE_I64, ew_sample_i64(1, TIME, 9007199254740993), "9007199254740993",
		    GOOD);
	assert_json(EW_TYPE_F64, ew_sample_f64(1, TIME, 27.35), "27.35", GOOD);
	assert_json(EW_TYPE_F64, ew_sample_f64(1, TIME, 0.1 + 0.2), "0.30000000000000004", GOOD);
	assert_json(EW_TYPE_F64, ew_sample_f64(1, TIME, 1e300), "1e+300", GOOD);
	assert_json(EW_TYPE_F32, ew_sample_f64(1, TIME, (double)27.35f), "27.35", GOOD);
	assert_json(EW_TYPE_BOOL, ew_sample_bool(1, TIME, true), "true", GOOD);
	assert_json(EW_TYPE_TIME, ew_sample_i64(1, TIME, TIME), "1767225600123456789", GOOD);
}

static void test_what_json_has_no_number_for_is_null(void **state)
{
	(void)state;
	assert_json(EW_TYPE_F64, ew_sample_f64(1, TIME, (double)NAN), "null", GOOD);
	assert_json(EW_TYPE_F64, ew_sample_f64(1, TIME, (double)-INFINITY), "null", GOOD);
	assert_json(EW_TYPE_U16, ew_sample_none(1, TIME), "null", GOOD);
}

static void test_quality_and_flags_of_json(void **state)
{
	struct ew_sample sample = ew_sample_u64(1, TIME, 7);

	(void)state;
	sample.quality = EW_BAD | EW_REASON_COMM_FAILURE;
	assert_json(EW_TYPE_U8, sample, "7", "\"quality\":\"bad\",\"reason\":\"comm_failure\"");
	sample.quality = EW_UNCERTAIN;
	assert_json(EW_TYPE_U8, sample, "7", "\"quality\":\"uncertain\"");
	sample.quality = EW_GOOD;
	sample.flags = EW_HISTORICAL;
	assert_json(EW_TYPE_U8, sample, "7", "|,\"historical\":true}");
	sample.flags = EW_CLOCK_UNSET;
	assert_json(EW_TYPE_U8, sample, "7", "|,\"clock_unset\":true}");
}

static void test_text_and_bytes_of_json(void **state)
{
	static const char odd[] = "a\"b\\c\n\x01\x7f\xc3\xa9\xff\xe2\x82";
	static const unsigned char bytes[] = {0, 255, 16, 1};

	(void)state;
	assert_json(EW_TYPE_TEXT, ew_sample_text(1, TIME, odd, sizeof(odd) - 1),
		    "\"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		    GOOD);
	assert_json(EW_TYPE_BYTES, ew_sample_bytes(1, TIME, bytes, 4), "\"AP8QAQ==\"", GOOD);
	assert_json(EW_TYPE_BYTES, ew_sample_bytes(1, TIME, bytes, 3), "\"AP8Q\"", GOOD);
	assert_json(EW_TYPE_BYTES, ew_sample_bytes(1, TIME, bytes, 0), "\"\"", GOOD);
}

static void test_arrays_of_json(void **state)
{
	static const unsigned char i16[] = {0xff, 0xff, 2, 0};
	static const unsigned char f32[] = {0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f};
	static const unsigned char i64[] = {0, 0, 0, 0, 0, 0, 0, 0x80};

	(void)state;
	assert_json(EW_TYPE_I16 | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, i16, 4), "[-1,2]", GOOD);
	assert_json(EW_TYPE_U16 | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, i16, 4), "[65535,2]",
		    GOOD);
	assert_json(EW_TYPE_F32 | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, f32, 8), "[1,null]",
		    GOOD);
	assert_json(EW_TYPE_I64 | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, i64, 8),
		    "[-9223372036854775808]", GOOD);
	assert_json(EW_TYPE_BOOL | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, "\1\0", 2),
		    "[true,false]", GOOD);
	assert_json(EW_TYPE_TEXT | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, "a\0\"\0", 4),
		    "[\"a\",\"\\\"\"]", GOOD);
	assert_json(EW_TYPE_U64 | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, "", 0), "[]", GOOD);
}

static void test_values_of_line_protocol(void **state)
{
	static const char odd[] = "a \"b\\\nc";

	(void)state;
	assert_line(EW_TYPE_I64, ew_sample_i64(1, TIME, INT64_MIN),
		    "Pump/Speed\\=a=-9223372036854775808i");
	assert_line(EW_TYPE_U64, ew_sample_u64(1, TIME, UINT64_MAX),
		    "Pump/Speed\\=a=18446744073709551615u");
	assert_line(EW_TYPE_U32, ew_sample_u64(1, TIME, 4294967295u), "Pump/Speed\\=a=4294967295i");
	assert_line(EW_TYPE_F64, ew_sample_f64(1, TIME, -1.5), "Pump/Speed\\=a=-1.5");
	assert_line(EW_TYPE_BOOL, ew_sample_bool(1, TIME, false), "Pump/Speed\\=a=f");
	assert_line(EW_TYPE_TEXT, ew_sample_text(1, TIME, odd, sizeof(odd) - 1),
		    "Pump/Speed\\=a=\"a \\\"b\\\\\\nc\"");
	assert_line(EW_TYPE_BYTES, ew_sample_bytes(1, TIME, "abc", 3), "Pump/Speed\\=a=\"YWJj\"");
	assert_line(EW_TYPE_TEXT | EW_TYPE_ARRAY, ew_sample_bytes(1, TIME, "a\0b\0", 4),
		    "Pump/Speed\\=a=\"[\\\"a\\\",\\\"b\\\"]\"");
}

static void test_quality_of_line_protocol_is_said_when_it_is_not_good(void **state)
{
	struct ew_sample sample = ew_sample_u64(1, TIME, 7);

	(void)state;
	sample.quality = EW_UNCERTAIN | EW_REASON_STALE;
	assert_line(EW_TYPE_U8, sample, "Pump/Speed\\=a=7i,Pump/Speed\\=a.quality=\"uncertain\","
		    "Pump/Speed\\=a.reason=\"stale\"");
	assert_line(EW_TYPE_F64, ew_sample_f64(1, TIME, (double)NAN),
		    "Pump/Speed\\=a.quality=\"good\"");
	sample = ew_sample_none(1, TIME);
	sample.quality = EW_BAD;
	assert_line(EW_TYPE_U8, sample, "Pump/Speed\\=a.quality=\"bad\"");
}

static void test_names_of_line_protocol_hide_no_mark(void **state)
{
	static const struct shape_names odd = {.device = "a\\", .measurement = "#x\ny"};
	static const struct ew_tag_spec tag = {
		.size = sizeof(tag), .name = "t", .type = EW_TYPE_U8,
	};
	const struct ew_sample sample = ew_sample_u64(1, 5, 7);
	struct bytes body = {0};
	struct shape shape;

	(void)state;
	assert_int_equal(shape_make(FORMAT_INFLUX, &odd, &tag, &shape), 0);
	assert_int_equal(encode_sample(FORMAT_INFLUX, &body, &shape, &sample), 0);
	bytes_add(&body, "", 1);
	assert_string_equal(body.at, "_#x\\ y,device=a/ t=7i 5\n");
	shape_free(&shape);
	bytes_free(&body);
}

static void test_an_array_has_a_frame(void **state)
{
	static const struct shape_names plain = {.device = "d"};
	static const struct ew_tag_spec tag = {
		.size = sizeof(tag), .name = "t", .type = EW_TYPE_U8,
	};
	const struct ew_sample sample = ew_sample_u64(1, 5, 7);
	struct bytes body = {0};
	struct shape shape;

	(void)state;
	assert_int_equal(shape_make(FORMAT_JSON, &plain, &tag, &shape), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(encode_sample(FORMAT_JSON, &body, &shape, &sample), 0);
	}
	assert_int_equal(encode_end(FORMAT_JSON, &body), 0);
	bytes_add(&body, "", 1);
#define OBJECT  "{\"device\":\"d\",\"tag\":\"t\",\"type\":\"u8\",\"value\":7," \
		"\"quality\":\"good\",\"time\":5}"
	assert_string_equal(body.at, "[\n" OBJECT ",\n" OBJECT "\n]\n");
	shape_free(&shape);
	bytes_free(&body);
}

static void test_a_body_that_is_no_json_goes_as_text(void **state)
{
	static const char *const bodies[] = {"{\"a\":1", "{a:1}", "1,2", "}", "", "\"\\x\""};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct ew_event event = {
			.size = sizeof(event), .kind = "k", .body = bodies[i], .time = 1,
		};
		struct bytes body = {0}, text = {0};

		json_out_string(&text, bodies[i]);
		bytes_char(&text, '\0');
		assert_int_equal(encode_event(FORMAT_NDJSON, &body, &names, &event), 0);
		bytes_char(&body, '\0');
		assert_non_null(strstr(strstr(body.at, ",\"body\":") + 8, text.at));
		bytes_free(&body);
		bytes_free(&text);
	}
}

static void test_events(void **state)
{
	const struct ew_event event = {
		.size = sizeof(event), .kind = "alarm.raised", .severity = EW_SEVERITY_ALARM,
		.time = 5, .key = "high", .body = "{\"text\":\n \"x\"}",
	};
	struct bytes body = {0};

	(void)state;
	assert_int_equal(encode_event(FORMAT_NDJSON, &body, &names, &event), 0);
	bytes_add(&body, "", 1);
	assert_string_equal(body.at, "{\"event\":\"alarm.raised\",\"severity\":\"alarm\","
			    "\"device\":\"line 1/pump,1\",\"site\":\"lyon, \\\"n\\\"\","
			    "\"key\":\"high\",\"body\":{\"text\": \"x\"},\"time\":5}\n");
	bytes_cut(&body, 0);
	assert_int_equal(encode_event(FORMAT_INFLUX, &body, &names, &event), 0);
	bytes_add(&body, "", 1);
	assert_string_equal(body.at, "event,device=line\\ 1/pump\\,1,site=lyon\\,\\ \"n\","
			    "kind=alarm.raised,severity=alarm,key=high "
			    "body=\"{\\\"text\\\":\\n \\\"x\\\"}\" 5\n");
	bytes_free(&body);
}

/* Every decimal reads back as the number that it was made of. */
static void test_floating_point_numbers_read_back(void **state)
{
	uint64_t random = 88172645463325252u;
	char text[NUMBER_SIZE + 1];
	size_t size;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		double value;
		float single;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		memcpy(&value, &random, sizeof(value));
		value = i % 3 == 0 ? value : i % 3 == 1 ? (double)(random >> 40) / 1000.0 :
			ldexp((double)(random >> 11), -53 + (int)(random & 31));
		single = (float)value;
		if (!isfinite(value) || !isfinite(single)) {
			continue;
		}
		size = number_f64(text, value, false);
		assert_true(size <= NUMBER_SIZE);
		text[size] = '\0';
		assert_true(strtod(text, NULL) == value);
		size = number_f64(text, (double)single, true);
		assert_true(size <= NUMBER_SIZE);
		text[size] = '\0';
		assert_true(strtof(text, NULL) == single);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_of_json_are_exact),
		cmocka_unit_test(test_what_json_has_no_number_for_is_null),
		cmocka_unit_test(test_quality_and_flags_of_json),
		cmocka_unit_test(test_text_and_bytes_of_json),
		cmocka_unit_test(test_arrays_of_json),
		cmocka_unit_test(test_values_of_line_protocol),
		cmocka_unit_test(test_quality_of_line_protocol_is_said_when_it_is_not_good),
		cmocka_unit_test(test_names_of_line_protocol_hide_no_mark),
		cmocka_unit_test(test_an_array_has_a_frame),
		cmocka_unit_test(test_a_body_that_is_no_json_goes_as_text),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_floating_point_numbers_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
