/* SPDX-License-Identifier: Apache-2.0 */
/* Which values a tag takes, and what its owner sees then. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/bus/settable.h"

#include "tests/unit/unit.h"

static struct ew_tag_info tag_of(unsigned type)
{
	return (struct ew_tag_info){
		.id = 1,
		.carrier = ew_type_carrier(type),
		.spec = { .size = sizeof(struct ew_tag_spec), .name = "Tag", .type = type },
	};
}

static int convert(const struct ew_tag_info *tag, const struct ew_sample *value,
		   struct ew_sample *raw_out)
{
	struct reason reason = { 0, "" };
	int error = settable_convert(tag, value, raw_out, &reason);

	if (error != 0) {
		assert_int_equal(reason.error, error);
		assert_true(strlen(reason.text) > 0);
	}
	return error;
}

static int refused(unsigned type, struct ew_sample value)
{
	struct ew_tag_info tag = tag_of(type);
	struct ew_sample raw = ew_sample_i64(1, 0, 77);
	int error = convert(&tag, &value, &raw);

	if (error != 0) {
		assert_int_equal(raw.v.i, 77);
	}
	return error;
}

static void test_a_number_that_would_lose_something_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refused(EW_TYPE_I32, ew_sample_f64(1, 0, 1.5)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_U64, ew_sample_i64(1, 0, -1)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_I64, ew_sample_u64(1, 0, UINT64_MAX)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_i64(1, 0, INT64_MAX)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_u64(1, 0, UINT64_MAX)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_i64(1, 0, (1ll << 53) + 1)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_I64, ew_sample_f64(1, 0, 9223372036854775808.0)),
			 -ERANGE);
	assert_int_equal(refused(EW_TYPE_U64, ew_sample_f64(1, 0, 18446744073709551616.0)),
			 -ERANGE);
	assert_int_equal(refused(EW_TYPE_BOOL, ew_sample_i64(1, 0, 2)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_BOOL, ew_sample_f64(1, 0, 0.5)), -ERANGE);
}

static void test_what_is_no_number_is_refused_by_numbers_and_the_other_way(void **state)
{
	(void)state;
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_text(1, 0, "12", 2)), -EINVAL);
	assert_int_equal(refused(EW_TYPE_TEXT, ew_sample_i64(1, 0, 12)), -EINVAL);
	assert_int_equal(refused(EW_TYPE_BYTES, ew_sample_text(1, 0, "12", 2)), -EINVAL);
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_f64(1, 0, (double)NAN)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_F64, ew_sample_f64(1, 0, (double)INFINITY)), -ERANGE);
}

static void test_a_value_outside_the_exact_type_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refused(EW_TYPE_U8, ew_sample_i64(1, 0, 256)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_I8, ew_sample_i64(1, 0, -129)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_U16, ew_sample_i64(1, 0, 65536)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_I16, ew_sample_u64(1, 0, 32768)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_U32, ew_sample_u64(1, 0, 1ull << 32)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_I32, ew_sample_i64(1, 0, 1ll << 31)), -ERANGE);
	assert_int_equal(refused(EW_TYPE_F32, ew_sample_f64(1, 0, 1e39)), -ERANGE);
}

static void test_text_has_to_be_short_enough_and_utf8(void **state)
{
	struct ew_tag_info tag = tag_of(EW_TYPE_TEXT);
	struct ew_sample raw, value = ew_sample_text(1, 0, "abcd", 4);

	(void)state;
	tag.spec.max_bytes = 3;
	assert_int_equal(convert(&tag, &value, &raw), -EMSGSIZE);
	assert_int_equal(refused(EW_TYPE_TEXT, ew_sample_text(1, 0, "\xff", 1)), -EINVAL);
	assert_int_equal(refused(EW_TYPE_UUID, ew_sample_text(1, 0, "1234", 4)), -EINVAL);
	tag.spec.max_bytes = 4;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_TEXT);
	value.v.x.size = 0;
	value.v.x.at = NULL;
	assert_int_equal(convert(&tag, &value, &raw), 0);
}

static void test_the_writable_range_counts_before_the_engineering_range(void **state)
{
	struct ew_tag_info tag = tag_of(EW_TYPE_F64);
	struct ew_sample raw, value = ew_sample_f64(1, 0, 61);

	(void)state;
	tag.spec.high = 60;
	assert_int_equal(convert(&tag, &value, &raw), -ERANGE);
	tag.spec.write_low = 10;
	tag.spec.write_high = 70;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	value.v.f = 9.9;
	assert_int_equal(convert(&tag, &value, &raw), -ERANGE);
	tag.spec.write_low = tag.spec.write_high = tag.spec.high = 0;
	assert_int_equal(convert(&tag, &value, &raw), 0);
}

static void test_only_labelled_values_may_be_set_where_there_are_labels(void **state)
{
	static const struct ew_label labels[] = { { 0, "stopped" }, { 3, "running" } };
	struct ew_tag_info tag = tag_of(EW_TYPE_U8);
	struct ew_sample raw, value = ew_sample_i64(1, 0, 1);

	(void)state;
	tag.spec.labels = labels;
	tag.spec.label_count = 2;
	assert_int_equal(convert(&tag, &value, &raw), -ERANGE);
	value.v.i = 3;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_U64);
	assert_int_equal(raw.v.u, 3);
}

static void test_numbers_move_between_carriers_when_nothing_is_lost(void **state)
{
	struct ew_tag_info tag = tag_of(EW_TYPE_I32);
	struct ew_sample raw, value = ew_sample_f64(1, 0, -5);

	(void)state;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_I64);
	assert_int_equal(raw.v.i, -5);

	tag = tag_of(EW_TYPE_BOOL);
	value = ew_sample_f64(1, 0, 1);
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_BOOL);
	assert_true(raw.v.b);

	tag = tag_of(EW_TYPE_F64);
	value = ew_sample_bool(1, 0, true);
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_F64);
	assert_true(raw.v.f == 1.0);

	tag = tag_of(EW_TYPE_U64);
	value = ew_sample_u64(1, 0, UINT64_MAX);
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_true(raw.v.u == UINT64_MAX);
}

static void test_the_owner_sees_a_scaled_value_as_it_publishes_it(void **state)
{
	struct ew_tag_info tag = tag_of(EW_TYPE_U16);
	struct ew_sample raw, value = ew_sample_f64(1, 0, 47.3);

	(void)state;
	tag.carrier = EW_F64;
	tag.spec.scale = 0.1;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.type, EW_U64);
	assert_int_equal(raw.v.u, 473);

	tag.spec.offset = 40;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_int_equal(raw.v.u, 73);
	value.v.f = 39;
	assert_int_equal(convert(&tag, &value, &raw), -ERANGE);

	tag.spec.type = EW_TYPE_F32;
	tag.spec.scale = 0;
	assert_int_equal(convert(&tag, &value, &raw), 0);
	assert_true(raw.v.f == -1.0);
}

static void test_values_are_shown_as_people_write_them(void **state)
{
	struct ew_sample value = ew_sample_f64(1, 0, 0.1);
	char out[8];

	(void)state;
	assert_string_equal(settable_format(&value, out, sizeof(out)), "0.1");
	value = ew_sample_bool(1, 0, true);
	assert_string_equal(settable_format(&value, out, sizeof(out)), "true");
	value = ew_sample_i64(1, 0, -12);
	assert_string_equal(settable_format(&value, out, sizeof(out)), "-12");
	value = ew_sample_none(1, 0);
	assert_string_equal(settable_format(&value, out, sizeof(out)), "");
	value = ew_sample_text(1, 0, "a\nb", 3);
	assert_string_equal(settable_format(&value, out, sizeof(out)), "a?b");
	value = ew_sample_text(1, 0, "123456\xc3\xa4", 8);
	assert_string_equal(settable_format(&value, out, sizeof(out)), "123456");
}

static void test_a_scaled_number_goes_into_the_carrier_of_its_owner(void **state)
{
	struct reason reason = { 0, "" };
	struct ew_sample raw = ew_sample_f64(1, 0, 455.00000000000006);

	(void)state;
	assert_int_equal(settable_carry(EW_U64, &raw, &reason), 0);
	assert_int_equal(raw.type, EW_U64);
	assert_int_equal(raw.v.u, 455);
	raw = ew_sample_f64(1, 0, -1);
	assert_int_equal(settable_carry(EW_U64, &raw, &reason), -ERANGE);
	assert_int_equal(raw.type, EW_F64);
	assert_int_equal(settable_carry(EW_F64, &raw, &reason), 0);
	assert_true(raw.v.f == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_number_that_would_lose_something_is_refused),
		cmocka_unit_test(test_what_is_no_number_is_refused_by_numbers_and_the_other_way),
		cmocka_unit_test(test_a_value_outside_the_exact_type_is_refused),
		cmocka_unit_test(test_text_has_to_be_short_enough_and_utf8),
		cmocka_unit_test(test_the_writable_range_counts_before_the_engineering_range),
		cmocka_unit_test(test_only_labelled_values_may_be_set_where_there_are_labels),
		cmocka_unit_test(test_numbers_move_between_carriers_when_nothing_is_lost),
		cmocka_unit_test(test_the_owner_sees_a_scaled_value_as_it_publishes_it),
		cmocka_unit_test(test_values_are_shown_as_people_write_them),
		cmocka_unit_test(test_a_scaled_number_goes_into_the_carrier_of_its_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
