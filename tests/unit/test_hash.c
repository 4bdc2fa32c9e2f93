/* SPDX-License-Identifier: Apache-2.0 */
/* The text map against a plain array as its model. */
#include "core/base/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

static void test_a_second_put_of_one_key_is_refused(void **state)
{
	struct hash hash;
	int a, b;

	(void)state;
	hash_init(&hash, 10);
	assert_int_equal(hash_put(&hash, "k", &a), 0);
	assert_int_equal(hash_put(&hash, "k", &b), -EEXIST);
	assert_ptr_equal(hash_find(&hash, "k"), &a);
	hash_fini(&hash);
}

static void test_the_limit_is_kept(void **state)
{
	struct hash hash;
	int a;

	(void)state;
	hash_init(&hash, 1);
	assert_int_equal(hash_put(&hash, "a", &a), 0);
	assert_int_equal(hash_put(&hash, "b", &a), -EMSGSIZE);
	hash_fini(&hash);
}

static void test_an_empty_map_finds_nothing(void **state)
{
	struct hash hash;
	size_t cursor = 0;

	(void)state;
	hash_init(&hash, 1);
	assert_null(hash_find(&hash, "a"));
	assert_null(hash_take(&hash, "a"));
	assert_null(hash_next(&hash, &cursor));
	hash_fini(&hash);
}

static void test_many_puts_and_takes_agree_with_a_model(void **state)
{
	static char keys[500][16];
	static bool present[500];
	struct hash hash;
	unsigned random = 1, step;
	size_t count = 0, walked = 0, cursor = 0, i;

	(void)state;
	hash_init(&hash, 1000);
	for (i = 0; i < array_count(keys); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "key-%zu", i);
	}
	for (step = 0; step < 20000; step++) {
		random = random * 1103515245u + 12345u;
		i = (random >> 8) % array_count(keys);
		if (present[i]) {
			assert_ptr_equal(hash_take(&hash, keys[i]), keys[i]);
			count--;
		} else {
			assert_int_equal(hash_put(&hash, keys[i], keys[i]), 0);
			count++;
		}
		present[i] = !present[i];
	}

	assert_int_equal(hash.count, count);
	for (i = 0; i < array_count(keys); i++) {
		assert_ptr_equal(hash_find(&hash, keys[i]), present[i] ? keys[i] : NULL);
	}
	while (hash_next(&hash, &cursor) != NULL) {
		walked++;
	}
	assert_int_equal(walked, count);
	assert_ptr_equal(hash_find_sized(&hash, "key-7xyz", 5), hash_find(&hash, "key-7"));
	hash_fini(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_second_put_of_one_key_is_refused),
		cmocka_unit_test(test_the_limit_is_kept),
		cmocka_unit_test(test_an_empty_map_finds_nothing),
		cmocka_unit_test(test_many_puts_and_takes_agree_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
