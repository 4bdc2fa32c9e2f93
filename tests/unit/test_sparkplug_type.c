/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sparkplug/type.h"

#include <errno.h>
#include <string.h>

#include "proto/sparkplug/array.h"
#include "proto/sparkplug/topic.h"
#include "tests/unit/unit.h"

static struct sp_value value_of(enum sp_carrier carrier, uint64_t bits)
{
	struct sp_value value = { .carrier = carrier };

	value.u = bits;
	return value;
}

static uint64_t cut(enum sp_carrier carrier, uint64_t bits, unsigned type)
{
	struct sp_value value = value_of(carrier, bits);

	assert_int_equal(sp_value_cut(&value, type), 0);
	assert_int_equal(value.carrier, SP_LONG);
	return value.u;
}

static void test_a_carrier_that_cannot_hold_the_type_is_refused(void **state)
{
	(void)state;
	for (unsigned type = SP_TYPE_INT8; type <= SP_TYPE_LAST; type++) {
		for (unsigned carrier = SP_INT; carrier <= SP_EXTENSION; carrier++) {
			enum sp_carrier own = sp_type_carrier(type);
			struct sp_value value = value_of((enum sp_carrier)carrier, 0);
			bool whole = own == SP_INT || own == SP_LONG;
			bool real = own == SP_FLOAT || own == SP_DOUBLE;
			bool fits = whole ? carrier == SP_INT || carrier == SP_LONG
				    : real ? carrier == SP_FLOAT || carrier == SP_DOUBLE
					   : carrier == own;

			assert_int_equal(sp_value_cut(&value, type), fits ? 0 : -EPROTO);
		}
	}
	assert_int_equal(sp_value_cut(&(struct sp_value){ 0 }, SP_TYPE_UNKNOWN), -EPROTO);
	assert_int_equal(sp_value_cut(&(struct sp_value){ 0 }, SP_TYPE_LAST + 1), -EPROTO);
}

static void test_signed_values_are_cut_to_their_width(void **state)
{
	(void)state;
	/* as 8, 32 and 64 bits, from either carrier */
	assert_true((int64_t)cut(SP_INT, 0xfe, SP_TYPE_INT8) == -2);
	assert_true((int64_t)cut(SP_INT, 0xfffffffe, SP_TYPE_INT8) == -2);
	assert_true((int64_t)cut(SP_LONG, (uint64_t)-2, SP_TYPE_INT8) == -2);
	assert_true((int64_t)cut(SP_INT, 0x8000, SP_TYPE_INT16) == INT16_MIN);
	assert_true((int64_t)cut(SP_INT, 0x7fff, SP_TYPE_INT16) == INT16_MAX);
	assert_true((int64_t)cut(SP_INT, 0x80000000, SP_TYPE_INT32) == INT32_MIN);
	assert_true((int64_t)cut(SP_LONG, 0xffffffff, SP_TYPE_INT32) == -1);
	assert_true((int64_t)cut(SP_LONG, (uint64_t)INT64_MIN, SP_TYPE_INT64) == INT64_MIN);
}

static void test_unsigned_values_come_from_either_carrier(void **state)
{
	(void)state;
	assert_true(cut(SP_INT, 4000000000, SP_TYPE_UINT32) == 4000000000);
	assert_true(cut(SP_LONG, 4000000000, SP_TYPE_UINT32) == 4000000000);
	assert_true(cut(SP_LONG, 0x1ff, SP_TYPE_UINT8) == 0xff);
	assert_true(cut(SP_LONG, UINT64_MAX, SP_TYPE_UINT64) == UINT64_MAX);
	assert_true(cut(SP_LONG, 1700000000000, SP_TYPE_DATETIME) == 1700000000000);
}

static void test_a_negative_short_is_written_with_its_sign_in_32_bits(void **state)
{
	struct sp_value value = sp_value_whole(SP_TYPE_INT8, (uint64_t)(int64_t)-2);

	(void)state;
	assert_int_equal(value.carrier, SP_INT);
	assert_true(value.u == 0xfffffffe);
	assert_int_equal(sp_value_whole(SP_TYPE_INT64, (uint64_t)-1).carrier, SP_LONG);
	assert_int_equal(sp_value_whole(SP_TYPE_UINT32, 7).carrier, SP_INT);
}

static void test_every_code_has_its_name(void **state)
{
	(void)state;
	assert_null(sp_type_name(0));
	assert_null(sp_type_name(35));
	assert_string_equal(sp_type_name(34), "DateTimeArray");
	assert_string_equal(sp_type_name(7), "UInt32");
	assert_true(sp_type_is_basic(14));
	assert_false(sp_type_is_basic(15 + 1));
	assert_true(sp_type_is_array(22) && !sp_type_is_array(21) && !sp_type_is_array(35));
}

static void test_half_an_element_is_refused(void **state)
{
	size_t count;

	(void)state;
	for (unsigned type = 22; type <= 34; type++) {
		size_t width = sp_type_element_size(type);

		if (width > 1) {
			assert_int_equal(sp_array_count((struct sp_bytes){ "123456789", 9 }, type,
							&count), -EPROTO);
		}
	}
	assert_int_equal(sp_array_count(sp_text("no end"), SP_TYPE_STRING_ARRAY, &count), -EPROTO);
	assert_int_equal(sp_array_count((struct sp_bytes){ "\1\0\0", 3 }, SP_TYPE_BOOLEAN_ARRAY,
					&count), -EPROTO);
	assert_int_equal(sp_array_count((struct sp_bytes){ "\x09\0\0\0\xff", 5 },
					SP_TYPE_BOOLEAN_ARRAY, &count), -EPROTO);
	assert_int_equal(sp_array_count((struct sp_bytes){ "\xff\xff\xff\xff\xff", 5 },
					SP_TYPE_BOOLEAN_ARRAY, &count), -EPROTO);
	assert_int_equal(sp_array_count((struct sp_bytes){ "", 0 }, SP_TYPE_INT8, &count), -EPROTO);
}

/* The example of the specification: 12 values, first bit the most significant. */
static void test_booleans_are_counted_bits(void **state)
{
	static const uint8_t values[12] = { 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1 };
	static const uint8_t expected[] = { 12, 0, 0, 0, 0x34, 0xd0 };
	uint8_t array[6], back[12];
	size_t count;

	(void)state;
	assert_int_equal(sp_booleans_size(12), sizeof(expected));
	sp_booleans_encode(values, 12, array);
	assert_memory_equal(array, expected, sizeof(expected));
	assert_int_equal(sp_array_count((struct sp_bytes){ array, 6 }, SP_TYPE_BOOLEAN_ARRAY,
					&count), 0);
	assert_int_equal(count, 12);
	sp_booleans_decode((struct sp_bytes){ array, 6 }, back);
	assert_memory_equal(back, values, sizeof(values));
}

static void test_elements_are_counted(void **state)
{
	uint8_t longs[16];
	size_t count;

	(void)state;
	assert_int_equal(sp_array_count((struct sp_bytes){ "ab\0\0c", 6 }, SP_TYPE_STRING_ARRAY,
					&count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(sp_array_count((struct sp_bytes){ NULL, 0 }, SP_TYPE_STRING_ARRAY,
					&count), 0);
	assert_int_equal(count, 0);
	sp_array_long_set(longs, 1, 0x0102030405060708);
	assert_int_equal(longs[8], 8);
	assert_true(sp_array_long((struct sp_bytes){ longs, 16 }, 1) == 0x0102030405060708);
	assert_int_equal(sp_array_count((struct sp_bytes){ longs, 16 }, SP_TYPE_DATETIME_ARRAY,
					&count), 0);
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_carrier_that_cannot_hold_the_type_is_refused),
		cmocka_unit_test(test_signed_values_are_cut_to_their_width),
		cmocka_unit_test(test_unsigned_values_come_from_either_carrier),
		cmocka_unit_test(test_a_negative_short_is_written_with_its_sign_in_32_bits),
		cmocka_unit_test(test_every_code_has_its_name),
		cmocka_unit_test(test_half_an_element_is_refused),
		cmocka_unit_test(test_booleans_are_counted_bits),
		cmocka_unit_test(test_elements_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
