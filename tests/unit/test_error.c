/* SPDX-License-Identifier: Apache-2.0 */
/* Error text, place, and what is cut. */
#include "core/base/error.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static void test_no_error_object_still_returns_einval(void **state)
{
	(void)state;
	assert_int_equal(ew_fail(NULL, "'%s' is wrong", "x"), -EINVAL);
	error_set_place(NULL, "f", 1, 1);
}

static void test_long_text_is_cut_not_refused(void **state)
{
	struct ew_error err = {0};
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';

	assert_int_equal(ew_fail(&err, "%s", text), -EINVAL);

	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_format_leaves_out_what_is_not_known(void **state)
{
	struct ew_error err = {0};
	char out[128];

	(void)state;
	assert_false(error_is_set(&err));
	(void)ew_fail(&err, "bad");
	assert_true(error_is_set(&err));
	assert_string_equal(error_format(&err, out, sizeof(out)), "bad");
	error_set_place(&err, "a.yaml", 0, 0);
	assert_string_equal(error_format(&err, out, sizeof(out)), "a.yaml: bad");
	error_set_place(&err, "a.yaml", 3, 0);
	assert_string_equal(error_format(&err, out, sizeof(out)), "a.yaml:3: bad");
	error_set_place(&err, "a.yaml", 3, 7);
	assert_string_equal(error_format(&err, out, sizeof(out)), "a.yaml:3:7: bad");
	error_clear(&err);
	assert_false(error_is_set(&err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_error_object_still_returns_einval),
		cmocka_unit_test(test_long_text_is_cut_not_refused),
		cmocka_unit_test(test_format_leaves_out_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
