/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes: the limit holds, faults stick, content survives. */
#include "core/base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static void test_over_the_limit_is_refused_and_sticks(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 4);
	assert_int_equal(buf_add_text(&buf, "abc"), 0);

	assert_int_equal(buf_add_text(&buf, "de"), -EMSGSIZE);
	assert_int_equal(buf_add_text(&buf, "d"), -EMSGSIZE);
	assert_string_equal(buf_text(&buf), "abc");
	assert_null(buf_take(&buf, NULL));

	assert_int_equal(buf_add_text(&buf, "abcd"), 0);
	assert_int_equal(buf.size, 4);
	buf_fini(&buf);
}

static void test_an_empty_buffer_is_empty_text(void **state)
{
	struct buf buf;
	size_t size = 9;
	char *text;

	(void)state;
	buf_init(&buf, 10);
	assert_string_equal(buf_text(&buf), "");
	buf_consume(&buf, 5);
	text = buf_take(&buf, &size);
	assert_non_null(text);
	assert_int_equal(size, 0);
	free(text);
	buf_fini(&buf);
}

static void test_pieces_of_all_kinds_are_joined(void **state)
{
	struct buf buf;
	int i;

	(void)state;
	buf_init(&buf, 10000);
	for (i = 0; i < 100; i++) {
		assert_int_equal(buf_printf(&buf, "%d,", i), 0);
	}
	assert_int_equal(buf_add_byte(&buf, '!'), 0);
	assert_int_equal(buf.size, 291);
	assert_memory_equal(buf.at, "0,1,2,", 6);
	assert_string_equal(buf.at + 287, "99,!");

	buf_consume(&buf, 288);
	assert_string_equal(buf.at, "9,!");
	buf_clear(&buf);
	assert_string_equal(buf_text(&buf), "");
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_the_limit_is_refused_and_sticks),
		cmocka_unit_test(test_an_empty_buffer_is_empty_text),
		cmocka_unit_test(test_pieces_of_all_kinds_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
