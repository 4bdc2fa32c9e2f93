/* SPDX-License-Identifier: Apache-2.0 */
/* Datatype words and carriers. */
#include "core/base/type.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void test_what_is_no_datatype_has_no_name_and_no_carrier(void **state)
{
	unsigned type = 7;

	(void)state;
	assert_null(ew_type_name(0));
	assert_null(ew_type_name(19));
	assert_null(ew_type_name(EW_TYPE_ARRAY));
	assert_null(ew_type_name(EW_TYPE_ARRAY | EW_TYPE_BYTES));
	assert_null(ew_type_name(0xffffffffu));
	assert_int_equal(ew_type_carrier(0x80), EW_NONE);
	assert_int_equal(type_parse("float", &type), -EINVAL);
	assert_int_equal(type_parse("array of template", &type), -EINVAL);
	assert_int_equal(type_parse("array of array of i8", &type), -EINVAL);
	assert_int_equal(type, 7);
}

static void test_every_word_is_read_back(void **state)
{
	unsigned type, back;
	size_t count = 0;

	(void)state;
	for (type = 0; type < 256; type++) {
		if (ew_type_name(type) != NULL) {
			count++;
			assert_int_equal(type_parse(ew_type_name(type), &back), 0);
			assert_int_equal(back, type);
			assert_int_not_equal(ew_type_carrier(type), EW_NONE);
		}
	}
	assert_int_equal(count, 18 + 14);
	assert_string_equal(ew_type_name(EW_TYPE_ARRAY | EW_TYPE_I16), "array of i16");
	assert_int_equal(ew_type_carrier(EW_TYPE_ARRAY | EW_TYPE_I16), EW_BYTES);
	assert_int_equal(ew_type_carrier(EW_TYPE_U16), EW_U64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_datatype_has_no_name_and_no_carrier),
		cmocka_unit_test(test_every_word_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
