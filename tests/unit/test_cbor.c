/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR: the examples of RFC 8949, appendix A, as far as they are spoken here. */
#include "proto/cbor/cbor.h"

#include <math.h>

#include "tests/unit/unit.h"
#include "tests/unit/hex.h"

static int next_of(const char *digits, struct cbor_item *item_out)
{
	static uint8_t bytes[256];
	struct cbor_in in = {bytes, bytes};

	in.end += hex_bytes(digits, bytes, sizeof(bytes));
	return cbor_next(&in, item_out);
}

static int skip_of(const char *digits, size_t *left_out)
{
	uint8_t bytes[256];
	struct cbor_in in = {bytes, bytes};
	int rc;

	in.end += hex_bytes(digits, bytes, sizeof(bytes));
	rc = cbor_skip(&in);
	*left_out = (size_t)(in.end - in.at);
	return rc;
}

static void test_what_is_cut_or_no_cbor_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "18", "19ff", "1affffff", "1bffffffffffffff", "1c", "1d", "1e", "1f",
		"3bffffffffffffffff", "3f", "41", "5f", "61", "61ff", "62c080", "63eda080",
		"64f4908080", "7f", "98", "81", "a1", "df", "f8", "f800", "f9", "f93c", "fa000000",
		"fb00000000000000", "fc", "e0", "9bffffffffffffffff",
	};
	struct cbor_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(next_of(wrong[i], &item), -EPROTO);
	}
}

static void test_skipping_finds_the_end_and_a_wrong_end(void **state)
{
	static const char *const whole[] = {
		"00", "6161", "80", "a0", "8101", "a10102", "9fff", "bfff", "bf0102ff", "9f0102ff",
		"bf019f02ff038104ff", "c101", "81818201a20102038104", "f6", "fb3ff199999999999a",
	};
	static const char *const wrong[] = {
		"ff", "81ff", "bf01ff", "9f", "bf0102", "a201", "c1", "c1ff", "82ff01",
		"bf9fffff",
	};
	char deep[2 * (CBOR_DEPTH_MAX + 2) + 1] = "";
	size_t left;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		char more[64];

		assert_int_equal(skip_of(whole[i], &left), 0);
		assert_int_equal(left, 0);
		(void)snprintf(more, sizeof(more), "%s00", whole[i]);
		assert_int_equal(skip_of(more, &left), 0);
		assert_int_equal(left, 1);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(skip_of(wrong[i], &left), -EPROTO);
	}
	for (size_t i = 0; i <= CBOR_DEPTH_MAX; i++) {
		memcpy(deep + 2 * i, "81", 3);
	}
	memcpy(deep + 2 * (CBOR_DEPTH_MAX + 1), "00", 3);
	assert_int_equal(skip_of(deep, &left), -EMSGSIZE);
	assert_int_equal(skip_of(deep + 2, &left), 0);
}

static void test_numbers_read_and_write_as_in_the_rfc(void **state)
{
	static const struct {
		const char *digits;
		int64_t value;
	} whole[] = {
		{"00", 0}, {"17", 23}, {"1818", 24}, {"18ff", 255}, {"190100", 256},
		{"19ffff", 65535}, {"1a00010000", 65536}, {"1affffffff", 4294967295},
		{"1b0000000100000000", 4294967296}, {"1b7fffffffffffffff", INT64_MAX},
		{"20", -1}, {"37", -24}, {"3818", -25}, {"3903e7", -1000},
		{"3b7fffffffffffffff", INT64_MIN},
	};
	struct cbor_item item;
	uint8_t bytes[16];
	char digits[40];

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct cbor_out out = {bytes, bytes + sizeof(bytes), false};

		assert_int_equal(next_of(whole[i].digits, &item), 0);
		assert_int_equal(item.kind, whole[i].value < 0 ? CBOR_NEGATIVE : CBOR_UINT);
		assert_true(item.v.i == whole[i].value);
		cbor_put_int(&out, whole[i].value);
		hex_digits(bytes, (size_t)(out.at - bytes), digits, sizeof(digits));
		assert_string_equal(digits, whole[i].digits);
	}
	assert_int_equal(next_of("1bffffffffffffffff", &item), 0);
	assert_true(item.v.u == UINT64_MAX);
}

static void test_floats_take_the_narrowest_exact_form(void **state)
{
	static const struct {
		const char *digits;
		double value;
	} floats[] = {
		{"f90000", 0.0}, {"f98000", -0.0}, {"f93c00", 1.0}, {"fb3ff199999999999a", 1.1},
		{"f93e00", 1.5}, {"f97bff", 65504.0}, {"fa47c35000", 100000.0},
		{"fa7f7fffff", 3.4028234663852886e+38}, {"fb7e37e43c8800759c", 1.0e+300},
		{"f90001", 5.960464477539063e-8}, {"f90400", 6.103515625e-5}, {"f9c400", -4.0},
		{"fbc010666666666666", -4.1}, {"f97c00", INFINITY}, {"f9fc00", -INFINITY},
		{"f94d60", 21.5}, {"fa47c0e6a0", 98765.25}, {"f903ff", 6.097555160522461e-5},
		{"fa33000000", 2.9802322387695312e-8}, {"fa38800001", 6.103516352595761e-5},
	};
	struct cbor_out out;
	struct cbor_item item;
	uint8_t bytes[16];
	char digits[40];

	(void)state;
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		assert_int_equal(next_of(floats[i].digits, &item), 0);
		assert_int_equal(item.kind, CBOR_FLOAT);
		assert_memory_equal(&item.v.f, &floats[i].value, sizeof(double));
		out = (struct cbor_out){bytes, bytes + sizeof(bytes), false};
		cbor_put_float(&out, floats[i].value);
		hex_digits(bytes, (size_t)(out.at - bytes), digits, sizeof(digits));
		assert_string_equal(digits, floats[i].digits);
	}
	out = (struct cbor_out){bytes, bytes + sizeof(bytes), false};
	cbor_put_float(&out, (double)NAN);
	hex_digits(bytes, (size_t)(out.at - bytes), digits, sizeof(digits));
	assert_string_equal(digits, "f97e00");
	assert_int_equal(next_of("fa7fc00000", &item), 0);
	assert_true(isnan(item.v.f));
}

static void test_every_half_survives(void **state)
{
	(void)state;
	for (unsigned half = 0; half <= UINT16_MAX; half++) {
		const uint8_t in_bytes[] = {0xf9, (uint8_t)(half >> 8), (uint8_t)half};
		struct cbor_in in = {in_bytes, in_bytes + sizeof(in_bytes)};
		uint8_t bytes[9];
		struct cbor_out out = {bytes, bytes + sizeof(bytes), false};
		struct cbor_item item;

		assert_int_equal(cbor_next(&in, &item), 0);
		cbor_put_float(&out, item.v.f);
		assert_int_equal(out.at - bytes, 3);
		if (!isnan(item.v.f)) {
			assert_memory_equal(bytes, in_bytes, 3);
		}
	}
}

static void test_the_others_say_what_they_are(void **state)
{
	struct cbor_item item;

	(void)state;
	assert_int_equal(next_of("f4", &item), 0);
	assert_int_equal(item.kind, CBOR_BOOL);
	assert_false(item.v.b);
	assert_int_equal(next_of("f5", &item), 0);
	assert_true(item.v.b);
	assert_int_equal(next_of("f7", &item), 0);
	assert_int_equal(item.kind, CBOR_NULL);
	assert_int_equal(next_of("4401020304", &item), 0);
	assert_int_equal(item.kind, CBOR_BYTES);
	assert_int_equal(item.v.x.size, 4);
	assert_int_equal(next_of("62c3bc", &item), 0);
	assert_int_equal(item.kind, CBOR_TEXT);
	assert_int_equal(next_of("9f", &item), 0);
	assert_int_equal(item.kind, CBOR_ARRAY);
	assert_true(item.v.u == CBOR_INDEFINITE);
	assert_int_equal(next_of("c1", &item), 0);
	assert_int_equal(item.kind, CBOR_TAG);
	assert_int_equal(item.v.u, 1);
}

static void test_what_does_not_fit_is_not_written(void **state)
{
	uint8_t bytes[4] = {0};
	struct cbor_out out = {bytes, bytes + 3, false};

	(void)state;
	cbor_put_string(&out, CBOR_TEXT, "abc", 3);
	assert_true(out.full);
	cbor_put_bool(&out, true);      /* it would fit, but not in its place */
	assert_ptr_equal(out.at, bytes);
	out.full = false;
	cbor_put_string(&out, CBOR_TEXT, "ab", 2);
	assert_false(out.full);
	assert_ptr_equal(out.at, bytes + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_cut_or_no_cbor_is_refused),
		cmocka_unit_test(test_skipping_finds_the_end_and_a_wrong_end),
		cmocka_unit_test(test_numbers_read_and_write_as_in_the_rfc),
		cmocka_unit_test(test_floats_take_the_narrowest_exact_form),
		cmocka_unit_test(test_every_half_survives),
		cmocka_unit_test(test_the_others_say_what_they_are),
		cmocka_unit_test(test_what_does_not_fit_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
