/* SPDX-License-Identifier: Apache-2.0 */
/* The intake: lanes, shared filters, bounds, what blocks and what drops. */
#include "core/uplink/intake.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

#include "tests/unit/unit.h"

static int owner_a;
static int owner_b;

static int set_up(void **state)
{
	static struct intake intake;

	intake_init(&intake);
	*state = &intake;
	return 0;
}

static int tear_down(void **state)
{
	struct intake *intake = *state;
	void *owners[] = {&owner_a, &owner_b};
	size_t i;

	for (i = 0; i < array_count(owners); i++) {
		struct intake_lane *lane;

		while ((lane = intake_first(intake, owners[i])) != NULL) {
			intake_close_lane(intake, &lane);
		}
	}
	assert_int_equal(intake->lane_count, 0);
	intake_fini(intake);
	return 0;
}

static struct intake_lane *open_lane(struct intake *intake, void *owner, const char *filter,
				     uint8_t qos)
{
	struct ew_uplink_filter spec = {.size = sizeof(spec),
					.filter = filter,
					.qos = qos,
					.max_messages = 2};
	struct intake_lane *lane = NULL;

	assert_int_equal(intake_open_lane(intake, owner, &spec, &lane), 0);
	return lane;
}

static void arrive(struct intake *intake, const char *topic, uint8_t qos)
{
	struct mosq_received received = {.source = {.topic = topic}, .qos = qos};

	intake_deliver(intake, &received, false, 1, 0);
}

static void give_back(struct intake *intake, struct intake_lane *lane, struct list *list)
{
	size_t count = 0;
	size_t bytes = 0;
	struct list *node;

	list_for_each(node, list) {
		count++;
		bytes += list_entry(node, struct message, node)->cost;
	}
	message_free_all(list);
	intake_give_back(intake, lane, count, bytes);
}

static void test_a_wrong_filter_is_refused(void **state)
{
	struct intake *intake = *state;
	struct ew_uplink_filter spec = {.size = sizeof(spec), .filter = "a/#/b"};
	struct intake_lane *lane;

	assert_int_equal(intake_open_lane(intake, &owner_a, &spec, &lane), -EINVAL);
	spec.filter = "a";
	spec.qos = 2;
	assert_int_equal(intake_open_lane(intake, &owner_a, &spec, &lane), -EINVAL);
}

static void test_the_number_of_subscriptions_is_bounded(void **state)
{
	struct intake *intake = *state;
	struct ew_uplink_filter spec = {.size = sizeof(spec), .filter = "a"};
	struct intake_lane *lane;
	size_t i;

	for (i = 0; i < INTAKE_LANES_MAX; i++) {
		assert_int_equal(intake_open_lane(intake, &owner_a, &spec, &lane), 0);
	}
	assert_int_equal(intake_open_lane(intake, &owner_a, &spec, &lane), -ENOSPC);
}

static void test_a_full_lane_drops_qos_0_and_counts(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 0);
	int i;

	for (i = 0; i < 5; i++) {
		arrive(intake, "a", 0);
	}

	assert_int_equal(lane->messages, 2);
	assert_int_equal(lane->dropped, 3);
	assert_int_equal(intake->dropped, 3);
	assert_false(intake_is_blocked(intake));
}

static void test_a_full_lane_blocks_for_qos_1_until_it_is_read(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 1);
	struct list taken;

	list_init(&taken);
	arrive(intake, "a", 1);
	assert_false(intake_is_blocked(intake));
	arrive(intake, "a", 1);
	assert_true(intake_is_blocked(intake));
	arrive(intake, "a", 1); /* acknowledged by the library already: kept */
	assert_int_equal(lane->dropped, 0);

	/* taken is not yet given back: still counted */
	assert_int_equal(intake_take(lane, 10, &taken), 3);
	assert_true(intake_is_blocked(intake));
	give_back(intake, lane, &taken);
	assert_false(intake_is_blocked(intake));
}

static void test_an_overrun_lane_drops_until_it_is_below_its_bounds(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 1);
	struct list taken;

	list_init(&taken);
	arrive(intake, "a", 1);
	arrive(intake, "a", 1);
	intake_overrun(intake);
	assert_false(intake_is_blocked(intake));
	arrive(intake, "a", 1);
	assert_int_equal(lane->dropped, 1);

	assert_int_equal(intake_take(lane, 1, &taken), 1);
	give_back(intake, lane, &taken);
	assert_false(lane->overrun);
}

static void test_a_qos_1_lane_never_holds_more_than_twice_its_bounds(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 1);
	int i;

	for (i = 0; i < 10; i++) {
		arrive(intake, "a", 1);
	}
	assert_int_equal(lane->messages, 4);
	assert_int_equal(lane->dropped, 6);
}

static void test_two_lanes_share_a_filter_and_each_gets_a_copy(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *a = open_lane(intake, &owner_a, "a/+", 0);
	struct intake_lane *b = open_lane(intake, &owner_b, "a/+", 1);
	struct mosq_subscription request;

	assert_ptr_equal(a->filter, b->filter);
	request = intake_request(a->filter);
	assert_int_equal(request.qos, 1);
	assert_false(request.no_local);

	arrive(intake, "a/x", 1);

	assert_int_equal(a->messages, 1);
	assert_int_equal(b->messages, 1);
	assert_int_equal(list_entry(a->queue.next, struct message, node)->qos, 0);
	assert_int_equal(list_entry(b->queue.next, struct message, node)->qos, 1);
}

static void test_identifiers_keep_overlapping_filters_apart(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *wide = open_lane(intake, &owner_a, "#", 0);
	struct intake_lane *narrow = open_lane(intake, &owner_a, "a", 0);
	struct mosq_received received = {.source = {.topic = "a"}, .id_count = 1};

	/* the broker sends one copy for each filter, each with its identifier */
	received.ids[0] = wide->filter->id;
	intake_deliver(intake, &received, true, 1, 0);
	received.ids[0] = narrow->filter->id;
	intake_deliver(intake, &received, true, 1, 0);

	assert_int_equal(wide->messages, 1);
	assert_int_equal(narrow->messages, 1);
}

static void test_subscriptions_settle_when_the_broker_answers(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *a = open_lane(intake, &owner_a, "a", 0);
	struct intake_lane *b = open_lane(intake, &owner_b, "b", 0);

	intake_begin(intake, false);
	assert_ptr_equal(intake_wanted(intake), a->filter);
	intake_asked(a->filter, 1, 0);
	intake_asked(b->filter, 2, 0);
	assert_null(intake_wanted(intake));
	assert_false(intake_is_settled(intake, NULL));

	intake_answered(intake, 1, 0);
	assert_true(intake_is_settled(intake, &owner_a));
	assert_false(intake_is_settled(intake, NULL));
	intake_answered(intake, 2, -EACCES);
	assert_true(intake_is_settled(intake, NULL));
	assert_int_equal(b->filter->status, -EACCES);
	assert_ptr_equal(intake->answers.next, &a->answer);

	intake_begin(intake, false);
	assert_false(intake_is_settled(intake, &owner_a));
}

static void test_the_last_lane_takes_the_filter_with_it(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *a = open_lane(intake, &owner_a, "a", 0);
	struct intake_lane *b = open_lane(intake, &owner_b, "a", 0);
	struct intake_filter *leaving;

	intake_close_lane(intake, &a);
	assert_null(intake_take_leaving(intake));
	intake_close_lane(intake, &b);
	leaving = intake_take_leaving(intake);
	assert_string_equal(leaving->text, "a");
	intake_filter_free(&leaving);
}

static void test_a_lane_closed_while_messages_are_out_lives_until_they_are_back(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 0);
	struct intake_lane *out = lane;
	struct list taken;

	list_init(&taken);
	arrive(intake, "a", 0);
	assert_int_equal(intake_take(lane, 1, &taken), 1);
	intake_close_lane(intake, &lane);
	assert_int_equal(intake->lane_count, 1);
	give_back(intake, out, &taken);
	assert_int_equal(intake->lane_count, 0);
}

static void test_news_are_announced_once_until_something_is_taken(void **state)
{
	struct intake *intake = *state;
	struct intake_lane *lane = open_lane(intake, &owner_a, "a", 0);
	struct list taken;

	list_init(&taken);
	arrive(intake, "a", 0);
	assert_ptr_equal(list_pop(&intake->announces), &lane->announce);
	arrive(intake, "a", 0);
	assert_true(list_is_empty(&intake->announces));

	/* one is left behind: it is announced when the first is given back */
	assert_int_equal(intake_take(lane, 1, &taken), 1);
	give_back(intake, lane, &taken);
	assert_ptr_equal(intake->announces.next, &lane->announce);
}

static void test_what_nobody_asked_for_is_counted(void **state)
{
	struct intake *intake = *state;

	(void)open_lane(intake, &owner_a, "a", 0);
	arrive(intake, "b", 0);
	assert_int_equal(intake->stray, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_wrong_filter_is_refused),
		CASE(test_the_number_of_subscriptions_is_bounded),
		CASE(test_a_full_lane_drops_qos_0_and_counts),
		CASE(test_a_full_lane_blocks_for_qos_1_until_it_is_read),
		CASE(test_an_overrun_lane_drops_until_it_is_below_its_bounds),
		CASE(test_a_qos_1_lane_never_holds_more_than_twice_its_bounds),
		CASE(test_two_lanes_share_a_filter_and_each_gets_a_copy),
		CASE(test_identifiers_keep_overlapping_filters_apart),
		CASE(test_subscriptions_settle_when_the_broker_answers),
		CASE(test_the_last_lane_takes_the_filter_with_it),
		CASE(test_a_lane_closed_while_messages_are_out_lives_until_they_are_back),
		CASE(test_news_are_announced_once_until_something_is_taken),
		CASE(test_what_nobody_asked_for_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
