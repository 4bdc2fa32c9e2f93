/* SPDX-License-Identifier: Apache-2.0 */
/* The intrusive list: order, removal while walking, splicing. */
#include "core/base/list.h"

#include "tests/unit/unit.h"

struct item {
	int value;
	struct list node;
};

static struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};

static void fill(struct list *head)
{
	size_t i;

	list_init(head);
	for (i = 0; i < array_count(items); i++) {
		list_push(head, &items[i].node);
	}
}

static void test_removing_twice_is_harmless(void **state)
{
	struct list head;

	(void)state;
	fill(&head);

	list_remove(&items[1].node);
	list_remove(&items[1].node);

	assert_ptr_equal(head.next, &items[0].node);
	assert_ptr_equal(head.next->next, &items[2].node);
}

static void test_pop_of_an_empty_list_is_null(void **state)
{
	struct list head;

	(void)state;
	list_init(&head);

	assert_null(list_pop(&head));
	assert_true(list_is_empty(&head));
}

static void test_nodes_come_in_the_order_they_were_pushed(void **state)
{
	struct list head, *node;
	int expect = 1;

	(void)state;
	fill(&head);

	list_for_each(node, &head) {
		assert_int_equal(list_entry(node, struct item, node)->value, expect);
		expect++;
	}
	assert_int_equal(expect, 4);
	list_remove(&items[2].node);
	list_push_front(&head, &items[2].node);
	assert_ptr_equal(list_pop(&head), &items[2].node);
}

static void test_the_current_node_may_be_removed_in_a_safe_walk(void **state)
{
	struct list head, *node, *after;
	int seen = 0;

	(void)state;
	fill(&head);

	list_for_each_safe(node, after, &head) {
		list_remove(node);
		seen++;
	}

	assert_int_equal(seen, 3);
	assert_true(list_is_empty(&head));
}

static void test_splice_moves_all_nodes_behind(void **state)
{
	struct list head, other;
	struct item first = {.value = 0};

	(void)state;
	fill(&other);
	list_init(&head);
	list_push(&head, &first.node);

	list_splice(&head, &other);

	assert_true(list_is_empty(&other));
	assert_ptr_equal(head.next, &first.node);
	assert_ptr_equal(head.next->next, &items[0].node);
	assert_ptr_equal(head.prev, &items[2].node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removing_twice_is_harmless),
		cmocka_unit_test(test_pop_of_an_empty_list_is_null),
		cmocka_unit_test(test_nodes_come_in_the_order_they_were_pushed),
		cmocka_unit_test(test_the_current_node_may_be_removed_in_a_safe_walk),
		cmocka_unit_test(test_splice_moves_all_nodes_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
