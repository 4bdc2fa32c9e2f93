/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks and their pool: reuse, life, epochs. */
#include <pthread.h>
#include <string.h>

#include "core/bus/block.h"

#include "tests/unit/unit.h"

static struct block_pool *pool;

static int setup(void **state)
{
	(void)state;
	return block_pool_new(&pool);
}

static int teardown(void **state)
{
	(void)state;
	block_pool_free(&pool);
	return 0;
}

static void test_giving_back_nothing_is_harmless(void **state)
{
	struct block *none = NULL;
	struct block_pool *no_pool = NULL;

	(void)state;
	block_unref(&none);
	block_pool_free(&no_pool);
}

static void test_a_warm_pool_takes_no_more_memory(void **state)
{
	struct block *blocks[8];
	size_t warm = 0;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		for (size_t i = 0; i < 8; i++) {
			size_t body = (size_t)100 << i;

			blocks[i] = block_take(pool, BLOCK_SAMPLES, body);
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i]->body % 16, 0);
			memset(blocks[i]->body, 0xa5, body);
		}
		if (round == 0) {
			warm = block_pool_bytes(pool);
		}
		assert_int_equal(block_pool_out(pool), 8);
		for (size_t i = 0; i < 8; i++) {
			block_unref(&blocks[i]);
			assert_null(blocks[i]);
		}
	}
	assert_int_equal(block_pool_bytes(pool), warm);
	assert_int_equal(block_pool_out(pool), 0);
}

static void test_a_block_above_the_classes_is_freed_when_it_comes_back(void **state)
{
	struct block *block = block_take(pool, BLOCK_SAMPLES, 3 << 20);

	(void)state;
	assert_non_null(block);
	assert_true(block_pool_bytes(pool) > 3u << 20);
	block_unref(&block);
	assert_int_equal(block_pool_bytes(pool), 0);
}

static void test_only_the_last_reference_gives_a_block_back(void **state)
{
	struct block *first = block_take(pool, BLOCK_SAMPLES, 10);
	struct block *second = first, *third = first;

	(void)state;
	block_ref(first, 2);
	block_unref(&first);
	block_unref(&second);
	assert_int_equal(block_pool_out(pool), 1);
	block_unref(&third);
	assert_int_equal(block_pool_out(pool), 0);
}

static void test_a_change_gives_back_the_version_it_carries(void **state)
{
	const struct ew_device_info info = { .reason = "", .owner = "sim",
					     .spec = { .size = sizeof(info.spec),
						       .path = "pump-1" } };
	struct device_version *version, *ours;
	struct block *block = block_take(pool, BLOCK_DEVICE, sizeof(union block_subject));

	(void)state;
	assert_int_equal(device_version_new(&info, &version), 0);
	ours = device_version_ref(version);
	block_subject(block)->device = version;
	block_unref(&block);
	assert_int_equal(atomic_load(&ours->refs), 1);
	device_version_unref(&ours);
}

static void test_an_epoch_is_over_when_all_its_blocks_are_back(void **state)
{
	struct block *block = block_take(pool, BLOCK_SAMPLES, 10);
	unsigned epoch = block->epoch;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		assert_true(block_pool_epoch(pool) - epoch < 2);
	}
	block_unref(&block);
	(void)block_pool_epoch(pool);
	assert_true(block_pool_epoch(pool) - epoch >= 2);
}

static void test_a_younger_block_does_not_hold_an_epoch_up_for_ever(void **state)
{
	struct block *old = block_take(pool, BLOCK_SAMPLES, 10), *young;
	unsigned epoch = block_pool_epoch(pool);

	(void)state;
	young = block_take(pool, BLOCK_SAMPLES, 10);
	block_unref(&old);
	/* the young one is of a later epoch or of this one: back, too, before two more pass */
	if (young->epoch != epoch) {
		assert_true(block_pool_epoch(pool) - epoch >= 1);
	}
	block_unref(&young);
	(void)block_pool_epoch(pool);
	(void)block_pool_epoch(pool);
	assert_true(block_pool_epoch(pool) - epoch >= 2);
}

/* ---- another thread gives back ---- */

#define SLOTS  64
#define ROUNDS  100000u

static _Atomic(struct block *) slots[SLOTS];
static atomic_bool taker_is_done;

static void *give_back(void *arg)
{
	bool found = true;

	(void)arg;
	while (found || !atomic_load(&taker_is_done)) {
		found = false;
		for (size_t i = 0; i < SLOTS; i++) {
			struct block *block = atomic_exchange(&slots[i], NULL);

			found = found || block != NULL;
			block_unref(&block);
		}
	}
	return NULL;
}

static void test_blocks_come_back_from_any_thread(void **state)
{
	pthread_t thread;

	(void)state;
	atomic_store(&taker_is_done, false);
	assert_int_equal(pthread_create(&thread, NULL, give_back, NULL), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct block *block = block_take(pool, BLOCK_SAMPLES, 8u << i % 10);
		struct block *old;

		assert_non_null(block);
		block->body[0] = 1;
		old = atomic_exchange(&slots[i % SLOTS], block);
		block_unref(&old);
		(void)block_pool_epoch(pool);
	}
	atomic_store(&taker_is_done, true);
	(void)pthread_join(thread, NULL);
	/* the thread may have looked at a slot just before its last block came */
	for (size_t i = 0; i < SLOTS; i++) {
		struct block *block = atomic_exchange(&slots[i], NULL);

		block_unref(&block);
	}
	assert_int_equal(block_pool_out(pool), 0);
	assert_true(block_pool_bytes(pool) < SLOTS * 10u * 10000u);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_giving_back_nothing_is_harmless),
		TEST(test_a_warm_pool_takes_no_more_memory),
		TEST(test_a_block_above_the_classes_is_freed_when_it_comes_back),
		TEST(test_only_the_last_reference_gives_a_block_back),
		TEST(test_a_change_gives_back_the_version_it_carries),
		TEST(test_an_epoch_is_over_when_all_its_blocks_are_back),
		TEST(test_a_younger_block_does_not_hold_an_epoch_up_for_ever),
		TEST(test_blocks_come_back_from_any_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
