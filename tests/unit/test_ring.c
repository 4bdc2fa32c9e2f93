/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of a route: order, room, and who gets the oldest. */
#include <pthread.h>
#include <sched.h>

#include "core/bus/ring.h"

#include "tests/unit/unit.h"

#define STRESS_PUSHES  200000u

static struct block_pool *pool;
static struct ring *ring;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(block_pool_new(&pool), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ring_free(&ring);
	assert_int_equal(block_pool_out(pool), 0);
	block_pool_free(&pool);
	return 0;
}

static struct ring_entry entry_of(uint64_t number)
{
	struct block *block = block_take(pool, BLOCK_SAMPLES, 100);

	assert_non_null(block);
	block->number = number;
	return (struct ring_entry){
		.block = block,
		.before = { .batches = number, .samples = number * 2, .events = number * 3,
			    .changes = number * 4 },
	};
}

static int open_ring(uint32_t entries, size_t bytes)
{
	int error = ring_new(entries, &ring);

	if (error == 0) {
		ring_set_limits(ring, ring_capacity(ring), bytes);
	}
	return error;
}

static void push(uint64_t number)
{
	struct ring_entry entry = entry_of(number);

	assert_true(ring_has_room(ring, entry.block->bytes));
	ring_push(ring, entry.block, &entry.before);
}

struct end {
	bool (*take)(struct ring *ring, struct ring_entry *entry_out);
	void (*give_back)(struct ring *ring, size_t bytes);
};

static const struct end consumer_end = { ring_take, ring_release };
static const struct end producer_end = { ring_take_back, ring_drop };

/* Take one and give its room back as this end does; its number. 0: there is none. */
static uint64_t take_by(const struct end *end)
{
	struct ring_entry entry;
	uint64_t number;

	if (!end->take(ring, &entry)) {
		return 0;
	}
	number = entry.block->number;
	assert_int_equal(entry.before.batches, number);
	assert_int_equal(entry.before.samples, number * 2);
	assert_int_equal(entry.before.events, number * 3);
	assert_int_equal(entry.before.changes, number * 4);
	end->give_back(ring, entry.block->bytes);
	block_unref(&entry.block);
	return number;
}

static uint64_t take(void)
{
	return take_by(&consumer_end);
}

static void test_an_empty_queue_gives_nothing(void **state)
{
	struct ring_entry entry;

	(void)state;
	assert_int_equal(open_ring(4, 1 << 20), 0);
	assert_false(ring_take(ring, &entry));
	assert_true(ring_is_empty(ring));
	assert_int_equal(ring_bytes(ring), 0);
}

static void test_a_queue_is_full_by_count(void **state)
{
	(void)state;
	assert_int_equal(open_ring(3, 1 << 20), 0);
	for (uint64_t i = 1; i <= 4; i++) {
		push(i);
	}
	assert_false(ring_has_room(ring, 1));
	assert_int_equal(ring_count(ring), 4);
	assert_int_equal(take(), 1);
	assert_true(ring_has_room(ring, 1));
}

static void test_a_queue_is_full_by_bytes_that_are_held_though_taken(void **state)
{
	struct ring_entry entry;
	size_t bytes;

	(void)state;
	assert_int_equal(open_ring(64, 1000), 0);
	push(1);
	bytes = ring_bytes(ring);
	assert_true(bytes > 500 && bytes < 1000);
	assert_false(ring_has_room(ring, bytes));
	assert_true(ring_take(ring, &entry));
	assert_true(ring_is_empty(ring));
	assert_false(ring_has_room(ring, bytes));
	ring_release(ring, bytes);
	assert_true(ring_has_room(ring, bytes));
	block_unref(&entry.block);
}

static void test_an_empty_queue_takes_a_block_of_any_size(void **state)
{
	(void)state;
	assert_int_equal(open_ring(4, 10), 0);
	assert_true(ring_has_room(ring, 1 << 20));
	push(1);
	assert_false(ring_has_room(ring, 1));
	assert_int_equal(take(), 1);
}

static void test_what_is_pushed_comes_out_in_order_with_its_totals(void **state)
{
	uint64_t next = 1, taken = 1;

	(void)state;
	assert_int_equal(open_ring(8, 1 << 20), 0);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 1 + round % 8; i++) {
			push(next++);
		}
		while (!ring_is_empty(ring)) {
			assert_int_equal(take(), taken++);
		}
	}
	assert_int_equal(next, taken);
}

static void test_blocks_left_in_a_queue_go_back_with_it(void **state)
{
	(void)state;
	assert_int_equal(open_ring(8, 1 << 20), 0);
	push(1);
	push(2);
	assert_int_equal(block_pool_out(pool), 2);
	ring_free(&ring);
	assert_null(ring);
	assert_int_equal(block_pool_out(pool), 0);
}

/* ---- both ends take ---- */

static atomic_bool producer_is_done;

struct consumed {
	uint64_t count, disordered, last;
};

static void *consume(void *arg)
{
	struct consumed *consumed = arg;

	for (;;) {
		bool is_last = atomic_load(&producer_is_done);
		uint64_t number = take();

		if (number == 0) {
			if (is_last) {
				return NULL;
			}
			(void)sched_yield();
			continue;
		}
		consumed->count++;
		consumed->disordered += number <= consumed->last ? 1 : 0;
		consumed->last = number;
	}
}

static void test_an_entry_goes_to_the_consumer_or_is_dropped_never_both(void **state)
{
	struct consumed consumed = { 0, 0, 0 };
	uint64_t dropped = 0;
	pthread_t consumer;

	(void)state;
	assert_int_equal(open_ring(4, 1 << 20), 0);
	atomic_store(&producer_is_done, false);
	assert_int_equal(pthread_create(&consumer, NULL, consume, &consumed), 0);
	for (uint64_t i = 1; i <= STRESS_PUSHES; i++) {
		struct ring_entry entry = entry_of(i);

		while (!ring_has_room(ring, entry.block->bytes)) {
			dropped += take_by(&producer_end) == 0 ? 0 : 1;
		}
		ring_push(ring, entry.block, &entry.before);
	}
	atomic_store(&producer_is_done, true);
	(void)pthread_join(consumer, NULL);
	assert_int_equal(consumed.count + dropped, STRESS_PUSHES);
	assert_int_equal(consumed.disordered, 0);
	assert_int_equal(consumed.last, STRESS_PUSHES);
	assert_int_equal(ring_bytes(ring), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_empty_queue_gives_nothing),
		TEST(test_a_queue_is_full_by_count),
		TEST(test_a_queue_is_full_by_bytes_that_are_held_though_taken),
		TEST(test_an_empty_queue_takes_a_block_of_any_size),
		TEST(test_what_is_pushed_comes_out_in_order_with_its_totals),
		TEST(test_blocks_left_in_a_queue_go_back_with_it),
		TEST(test_an_entry_goes_to_the_consumer_or_is_dropped_never_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
