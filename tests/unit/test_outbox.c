/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox: bounds, order, priorities, the window, ends of epochs. */
#include "core/uplink/outbox.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

#include "tests/unit/unit.h"

static const struct outbox_limits limits = {
	.bytes = 100000,
	.messages = 10,
	.age = 1000,
	.message_limit = 1000,
	.bulk_limit = 100,
	.in_flight = 4,
};

struct fixture {
	struct outbox outbox;
	struct outbox_box a;
	struct outbox_box b;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	outbox_init(&fixture.outbox, &limits);
	outbox_box_init(&fixture.a);
	outbox_box_init(&fixture.b);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	outbox_fini(&fixture->outbox);
	assert_true(outbox_is_empty(&fixture->outbox));
	assert_true(outbox_box_is_idle(&fixture->a));
	assert_true(outbox_box_is_idle(&fixture->b));
	return 0;
}

static struct ew_uplink_message of(enum ew_traffic traffic, uint8_t qos, uint64_t token)
{
	struct ew_uplink_message message = {.size = sizeof(message),
					    .topic = "t",
					    .payload = "p",
					    .payload_size = 1,
					    .qos = qos,
					    .traffic = traffic,
					    .token = token};

	return message;
}

static void put(struct fixture *fixture, struct outbox_box *box, enum ew_traffic traffic,
		uint8_t qos, uint64_t token)
{
	struct ew_uplink_message message = of(traffic, qos, token);

	assert_int_equal(outbox_check(&fixture->outbox, &message), 0);
	assert_int_equal(outbox_add(&fixture->outbox, box, &message, 0), 0);
}

/* Hand over the next message; its token, 0 when there is none. */
static uint64_t hand(struct fixture *fixture, const struct outbox_box *only)
{
	struct message *message = outbox_next(&fixture->outbox, only);
	uint64_t token;

	if (message == NULL) {
		return 0;
	}
	token = message->token;
	message->handed_epoch = 1;
	message->mid = (int)token;
	if (message->qos > 0) {
		outbox_keep(&fixture->outbox, message);
	} else {
		outbox_finish(&fixture->outbox, message);
		message_free(&message);
	}
	return token;
}

static void test_what_makes_no_sense_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct ew_uplink_property nameless[] = {{NULL, "v"}};
	struct ew_uplink_extra extra = {.properties = nameless, .property_count = 1};
	struct ew_uplink_message message = of(EW_TRAFFIC_CONTROL, 2, 0);

	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
	message = of(EW_TRAFFIC_CONTROL, 0, 0);
	message.topic = "a/#";
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
	message = of((enum ew_traffic)3, 0, 0);
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
	message = of(EW_TRAFFIC_CONTROL, 0, 0);
	message.size = 8;
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
	message = of(EW_TRAFFIC_CONTROL, 0, 0);
	message.payload = NULL;
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
	message = of(EW_TRAFFIC_CONTROL, 0, 0);
	message.extra = &extra;
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EINVAL);
}

static void test_bulk_has_a_smaller_limit(void **state)
{
	struct fixture *fixture = *state;
	static const char payload[1001];
	struct ew_uplink_message message = of(EW_TRAFFIC_BULK, 0, 0);

	message.payload = payload;
	message.payload_size = 101;
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EMSGSIZE);
	message.traffic = EW_TRAFFIC_TELEMETRY;
	assert_int_equal(outbox_check(&fixture->outbox, &message), 0);
	message.payload_size = 1001;
	assert_int_equal(outbox_check(&fixture->outbox, &message), -EMSGSIZE);
}

static void test_a_full_lane_refuses_and_tells_once_of_room(void **state)
{
	struct fixture *fixture = *state;
	struct ew_uplink_message message = of(EW_TRAFFIC_TELEMETRY, 0, 1);
	int i;

	for (i = 0; i < 10; i++) {
		put(fixture, &fixture->a, EW_TRAFFIC_TELEMETRY, 0, 1);
	}
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), -EAGAIN);
	assert_int_equal(fixture->outbox.classes[EW_TRAFFIC_TELEMETRY].refused, 1);

	/* other classes and other instances are not concerned */
	put(fixture, &fixture->a, EW_TRAFFIC_CONTROL, 0, 2);
	put(fixture, &fixture->b, EW_TRAFFIC_TELEMETRY, 0, 3);

	assert_false(outbox_take_room(&fixture->outbox, &fixture->a));
	for (i = 0; i < 6; i++) {
		assert_int_not_equal(hand(fixture, &fixture->a), 0);
	}
	assert_true(outbox_take_room(&fixture->outbox, &fixture->a));
	assert_false(outbox_take_room(&fixture->outbox, &fixture->a));
}

static void test_bytes_are_bounded_too(void **state)
{
	struct fixture *fixture = *state;
	static const char payload[1000];
	struct ew_uplink_message message = of(EW_TRAFFIC_CONTROL, 0, 0);
	int i;

	fixture->outbox.limits.bytes = 3000;
	message.payload = payload;
	message.payload_size = sizeof(payload);
	for (i = 0; i < 3; i++) {
		assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), 0);
	}
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), -EAGAIN);
}

static void test_control_overtakes_and_bulk_is_not_starved(void **state)
{
	struct fixture *fixture = *state;
	int i;

	put(fixture, &fixture->a, EW_TRAFFIC_BULK, 0, 90);
	for (i = 1; i <= 10; i++) {
		put(fixture, &fixture->a, EW_TRAFFIC_TELEMETRY, 0, (uint64_t)i);
	}
	put(fixture, &fixture->b, EW_TRAFFIC_CONTROL, 0, 80);

	assert_int_equal(hand(fixture, NULL), 80);
	for (i = 1; i <= 8; i++) {
		assert_int_equal(hand(fixture, NULL), i);
	}
	assert_int_equal(hand(fixture, NULL), 90);
	assert_int_equal(hand(fixture, NULL), 9);
	assert_int_equal(hand(fixture, NULL), 10);
	assert_int_equal(hand(fixture, NULL), 0);
}

static void test_instances_take_turns_and_keep_their_order(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, &fixture->a, EW_TRAFFIC_CONTROL, 0, 11);
	put(fixture, &fixture->a, EW_TRAFFIC_CONTROL, 0, 12);
	put(fixture, &fixture->b, EW_TRAFFIC_CONTROL, 0, 21);
	put(fixture, &fixture->b, EW_TRAFFIC_CONTROL, 0, 22);

	assert_int_equal(hand(fixture, NULL), 11);
	assert_int_equal(hand(fixture, NULL), 21);
	assert_int_equal(hand(fixture, NULL), 12);
	assert_int_equal(hand(fixture, NULL), 22);
}

static void test_a_closed_gate_lets_only_the_owner_through(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, &fixture->b, EW_TRAFFIC_CONTROL, 0, 21);
	put(fixture, &fixture->a, EW_TRAFFIC_TELEMETRY, 0, 11);

	assert_int_equal(hand(fixture, &fixture->a), 11);
	assert_int_equal(hand(fixture, &fixture->a), 0);
	assert_int_equal(hand(fixture, NULL), 21);
}

static void test_the_window_leaves_room_for_control(void **state)
{
	struct fixture *fixture = *state;
	uint64_t i;

	for (i = 1; i <= 5; i++) {
		put(fixture, &fixture->a, EW_TRAFFIC_BULK, 1, 10 + i);
		put(fixture, &fixture->a, EW_TRAFFIC_CONTROL, 1, 20 + i);
	}
	fixture->outbox.in_flight_max = 4;

	/* control first: it may fill the window whole */
	for (i = 1; i <= 4; i++) {
		assert_int_equal(hand(fixture, NULL), 20 + i);
	}
	assert_int_equal(hand(fixture, NULL), 0);

	/* two places free: one is control's, and bulk has only half of four */
	for (i = 1; i <= 2; i++) {
		struct message *acked = outbox_acked(&fixture->outbox, (int)(20 + i));

		assert_non_null(acked);
		message_free(&acked);
	}
	assert_int_equal(hand(fixture, NULL), 25);
	assert_int_equal(hand(fixture, NULL), 0);
}

static void test_qos_0_passes_a_full_window_of_another_instance(void **state)
{
	struct fixture *fixture = *state;
	uint64_t i;

	for (i = 1; i <= 5; i++) {
		put(fixture, &fixture->a, EW_TRAFFIC_CONTROL, 1, i);
	}
	for (i = 1; i <= 4; i++) {
		assert_int_equal(hand(fixture, NULL), i);
	}
	put(fixture, &fixture->b, EW_TRAFFIC_CONTROL, 0, 21);

	assert_int_equal(hand(fixture, NULL), 21);
	assert_int_equal(hand(fixture, NULL), 0);
}

static void test_an_unknown_ack_is_nobodys(void **state)
{
	struct fixture *fixture = *state;

	assert_null(outbox_acked(&fixture->outbox, 7));
}

static void test_what_waits_too_long_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct ew_uplink_message message = of(EW_TRAFFIC_BULK, 0, 1);
	struct list gone;

	list_init(&gone);
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 100), 0);
	message.token = 2;
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 500), 0);
	assert_int_equal(outbox_next_expiry(&fixture->outbox), 1100);

	outbox_expire(&fixture->outbox, 1099, &gone);
	assert_true(list_is_empty(&gone));
	outbox_expire(&fixture->outbox, 1100, &gone);

	assert_int_equal(list_entry(gone.next, struct message, node)->token, 1);
	assert_int_equal(outbox_next_expiry(&fixture->outbox), 1500);
	assert_int_equal(fixture->outbox.classes[EW_TRAFFIC_BULK].expired, 1);
	message_free_all(&gone);
}

static void test_the_end_of_an_epoch_takes_what_was_for_it(void **state)
{
	struct fixture *fixture = *state;
	struct ew_uplink_message message = of(EW_TRAFFIC_CONTROL, 1, 1);
	struct list gone;

	list_init(&gone);
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), 0);
	assert_int_equal(hand(fixture, NULL), 1);
	message.token = 2;
	message.epoch = 5;
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), 0);
	message.token = 3;
	message.epoch = 0;
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), 0);

	outbox_end_epoch(&fixture->outbox, 5, &gone);

	assert_int_equal(list_entry(gone.next, struct message, node)->token, 1);
	assert_int_equal(list_entry(gone.next->next, struct message, node)->token, 2);
	assert_ptr_equal(gone.next->next->next, &gone);
	assert_int_equal(fixture->outbox.in_flight_count, 0);
	assert_int_equal(hand(fixture, NULL), 3);
	message_free_all(&gone);
}

static void test_everything_a_message_points_to_is_copied(void **state)
{
	struct fixture *fixture = *state;
	char topic[] = "a/b";
	char payload[] = {0, 1, 2};
	char name[] = "name";
	char value[] = "value";
	char type[] = "type";
	char answer[] = "answer";
	char correlation[] = "id";
	struct ew_uplink_property pair = {name, value};
	struct ew_uplink_extra extra = {.content_type = type,
					.response_topic = answer,
					.correlation = correlation,
					.correlation_size = 2,
					.expiry = 7,
					.properties = &pair,
					.property_count = 1};
	struct ew_uplink_message message = {.size = sizeof(message),
					    .topic = topic,
					    .payload = payload,
					    .payload_size = sizeof(payload),
					    .extra = &extra};
	struct message *copy;

	assert_int_equal(outbox_check(&fixture->outbox, &message), 0);
	assert_int_equal(outbox_add(&fixture->outbox, &fixture->a, &message, 0), 0);
	topic[0] = payload[1] = name[0] = value[0] = type[0] = answer[0] = correlation[0] = 'X';

	copy = outbox_next(&fixture->outbox, NULL);
	assert_string_equal(copy->topic, "a/b");
	assert_memory_equal(copy->payload, "\0\1\2", 3);
	assert_string_equal(copy->extra.content_type, "type");
	assert_string_equal(copy->extra.response_topic, "answer");
	assert_memory_equal(copy->extra.correlation, "id", 2);
	assert_int_equal(copy->extra.expiry, 7);
	assert_string_equal(copy->extra.properties[0].name, "name");
	assert_string_equal(copy->extra.properties[0].value, "value");
	outbox_finish(&fixture->outbox, copy);
	message_free(&copy);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_makes_no_sense_is_refused),
		CASE(test_bulk_has_a_smaller_limit),
		CASE(test_a_full_lane_refuses_and_tells_once_of_room),
		CASE(test_bytes_are_bounded_too),
		CASE(test_control_overtakes_and_bulk_is_not_starved),
		CASE(test_instances_take_turns_and_keep_their_order),
		CASE(test_a_closed_gate_lets_only_the_owner_through),
		CASE(test_the_window_leaves_room_for_control),
		CASE(test_qos_0_passes_a_full_window_of_another_instance),
		CASE(test_an_unknown_ack_is_nobodys),
		CASE(test_what_waits_too_long_is_dropped),
		CASE(test_the_end_of_an_epoch_takes_what_was_for_it),
		CASE(test_everything_a_message_points_to_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
