/* SPDX-License-Identifier: Apache-2.0 */
/* The session of an edge node, and what is pending in it. */
#include "modules/sparkplug/node.h"

#include "modules/sparkplug/pending.h"
#include "tests/unit/unit.h"

static enum node_step say(struct node *node, bool online, uint64_t time)
{
	const struct sp_state state = { .online = online, .timestamp = time };

	return node_primary(node, &state);
}

static void test_nothing_is_done_without_a_connection(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, true);
	assert_int_equal(node_rebirth(&node), NODE_STAY);
	assert_int_equal(node_leave(&node), NODE_STAY);
	assert_int_equal(say(&node, true, 1), NODE_STAY);
	node_born(&node);
	assert_int_equal(node.state, NODE_OFFLINE);
}

static void test_without_a_primary_host_birth_follows_the_connection(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, false);
	assert_int_equal(node_online(&node, 7), NODE_GIVE_BIRTH);
	assert_int_equal(node.state, NODE_BIRTH);
	assert_int_equal(say(&node, false, 9), NODE_STAY);
	node_born(&node);
	assert_string_equal(node_state_name(node.state), "online");
	assert_int_equal(node_rebirth(&node), NODE_GIVE_BIRTH);
	assert_int_equal(node_leave(&node), NODE_LEAVE);
	assert_int_equal(node_rebirth(&node), NODE_STAY);
	node_offline(&node);
	assert_int_equal(node.state, NODE_OFFLINE);
}

static void test_an_older_state_of_the_primary_host_counts_for_nothing(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, true);
	assert_int_equal(node_online(&node, 1), NODE_STAY);
	assert_int_equal(say(&node, true, 100), NODE_GIVE_BIRTH);
	assert_int_equal(say(&node, false, 99), NODE_STAY);
	assert_int_equal(say(&node, true, 100), NODE_STAY);
	assert_int_equal(say(&node, false, 100), NODE_LEAVE);
	/* remembered over connections */
	node_offline(&node);
	assert_int_equal(node_online(&node, 2), NODE_STAY);
	assert_int_equal(say(&node, true, 99), NODE_STAY);
	assert_int_equal(say(&node, true, 100), NODE_GIVE_BIRTH);
}

static void test_a_server_without_the_primary_host_is_left(void **state)
{
	struct node node;

	(void)state;
	node_init(&node, true);
	assert_int_equal(node_online(&node, 1), NODE_STAY);
	assert_int_equal(say(&node, false, 5), NODE_STAY); /* it may come */
	assert_int_equal(node_leave(&node), NODE_LEAVE);
	assert_false(node.is_born);
	node_offline(&node);
	assert_int_equal(node_online(&node, 2), NODE_STAY);
	assert_int_equal(node_give_up_waiting(&node), NODE_GIVE_BIRTH);
	assert_int_equal(node_give_up_waiting(&node), NODE_STAY);
}

static const struct ew_batch batches[4];

static void fill(struct pending *pending)
{
	assert_int_equal(pending_init(pending), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pending_add(pending, &batches[i]), i);
	}
}

static void test_only_what_a_fence_followed_is_finished(void **state)
{
	struct pending pending;

	(void)state;
	fill(&pending);
	pending.taken = 2;
	pending_sent(&pending, 10, 1000);
	pending.taken = 3;
	pending_sent(&pending, 11, 2000);
	pending.taken = 4;
	assert_null(pending_finish(&pending, INT64_MAX));
	pending_confirm(&pending, 9);
	assert_null(pending_finish(&pending, INT64_MAX));
	pending_confirm(&pending, 10);
	assert_null(pending_finish(&pending, 1000)); /* held */
	assert_ptr_equal(pending_finish(&pending, 1001), &batches[0]);
	assert_ptr_equal(pending_finish(&pending, 1001), &batches[1]);
	assert_null(pending_finish(&pending, INT64_MAX));
	pending_confirm(&pending, 100); /* the fourth is in no message yet */
	assert_ptr_equal(pending_finish(&pending, INT64_MAX), &batches[2]);
	assert_null(pending_finish(&pending, INT64_MAX));
	pending_fini(&pending);
}

static void test_what_was_lost_waits_again(void **state)
{
	struct pending pending;

	(void)state;
	fill(&pending);
	pending.taken = 1;
	pending_sent(&pending, 1, 100);
	pending.taken = 3;
	pending_sent(&pending, 2, 200);
	pending_confirm(&pending, 1);
	pending.taken = 4;
	pending_untake(&pending);
	assert_int_equal(pending.taken, 3);
	assert_int_equal(pending_rewind(&pending), 2);
	assert_int_equal(pending.taken, 1);
	/* the host missed what the broker had */
	assert_int_equal(pending_rewind_to(&pending, 101), 0);
	assert_int_equal(pending_rewind_to(&pending, 100), 1);
	assert_int_equal(pending.taken, 0);
	pending_confirm(&pending, 100);
	assert_null(pending_finish(&pending, INT64_MAX));
	pending_fini(&pending);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_done_without_a_connection),
		cmocka_unit_test(test_without_a_primary_host_birth_follows_the_connection),
		cmocka_unit_test(test_an_older_state_of_the_primary_host_counts_for_nothing),
		cmocka_unit_test(test_a_server_without_the_primary_host_is_left),
		cmocka_unit_test(test_only_what_a_fence_followed_is_finished),
		cmocka_unit_test(test_what_was_lost_waits_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
