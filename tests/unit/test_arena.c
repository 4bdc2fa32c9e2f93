/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: its limit, alignment, and that pieces do not overlap. */
#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

static void test_the_limit_and_overflow_are_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 100);
	assert_null(arena_take(&arena, 101));
	assert_null(arena_take(&arena, SIZE_MAX));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_text(&arena, "", SIZE_MAX));
	assert_non_null(arena_take(&arena, 50));
	assert_null(arena_take(&arena, 50));
	arena_fini(&arena);
}

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct arena arena;
	unsigned char *pieces[300];
	size_t i, j;

	(void)state;
	arena_init(&arena, 10 * 1024 * 1024);
	for (i = 0; i < array_count(pieces); i++) {
		size_t size = 1 + i * i % 9000;

		pieces[i] = arena_take(&arena, size);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (j = 0; j < size; j++) {
			assert_int_equal(pieces[i][j], 0);
		}
		memset(pieces[i], (int)(i & 0xff), size);
	}
	for (i = 0; i < array_count(pieces); i++) {
		assert_int_equal(pieces[i][0], i & 0xff);
		assert_int_equal(pieces[i][i * i % 9000], i & 0xff);
	}
	arena_fini(&arena);
}

static void test_text_is_copied_and_ended(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1000);
	assert_string_equal(arena_text(&arena, "hello", 4), "hell");
	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_limit_and_overflow_are_refused),
		cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(test_text_is_copied_and_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
