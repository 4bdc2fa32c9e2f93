/* SPDX-License-Identifier: Apache-2.0 */
/* The min-heap: order under random pushes, moves and removals. */
#include "core/base/heap.h"

#include "core/base/check.h"
#include "tests/unit/unit.h"

static void test_removing_a_node_that_is_in_no_heap_is_harmless(void **state)
{
	struct heap_node node = {0};
	struct heap heap;

	(void)state;
	heap_init(&heap);
	heap_remove(&heap, &node);
	assert_null(heap_first(&heap));
	heap_fini(&heap);
}

static void test_equal_keys_come_out_in_the_order_they_went_in(void **state)
{
	struct heap_node nodes[20] = {0};
	struct heap heap;
	size_t i;

	(void)state;
	heap_init(&heap);
	for (i = 0; i < array_count(nodes); i++) {
		assert_int_equal(heap_push(&heap, &nodes[i], 7), 0);
	}
	for (i = 0; i < array_count(nodes); i++) {
		assert_ptr_equal(heap_first(&heap), &nodes[i]);
		heap_remove(&heap, heap_first(&heap));
	}
	heap_fini(&heap);
}

static void test_random_work_keeps_the_smallest_first(void **state)
{
	static struct heap_node nodes[200];
	struct heap heap;
	unsigned random = 1, step;
	int64_t last = INT64_MIN;

	(void)state;
	heap_init(&heap);
	for (step = 0; step < 20000; step++) {
		struct heap_node *node;
		int64_t key;

		random = random * 1103515245u + 12345u;
		node = &nodes[(random >> 8) % array_count(nodes)];
		key = (int64_t)(random >> 16) - 30000;
		if (!heap_holds(node)) {
			assert_int_equal(heap_push(&heap, node, key), 0);
		} else if (random & 0x80) {
			heap_move(&heap, node, key);
		} else {
			heap_remove(&heap, node);
		}
	}

	assert_true(heap.count > 20);
	while (heap_first(&heap) != NULL) {
		assert_true(heap_first(&heap)->key >= last);
		last = heap_first(&heap)->key;
		heap_remove(&heap, heap_first(&heap));
	}
	heap_fini(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removing_a_node_that_is_in_no_heap_is_harmless),
		cmocka_unit_test(test_equal_keys_come_out_in_the_order_they_went_in),
		cmocka_unit_test(test_random_work_keeps_the_smallest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
