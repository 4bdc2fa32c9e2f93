/* SPDX-License-Identifier: Apache-2.0 */
/* The lwm2m module's bulk data: gathered, acknowledged, repeated, never lost. */
#include "tests/modules/lwm2m_world.h"

#include <stdio.h>
#include <string.h>

static void test_nothing_is_sent_until_the_server_says_so(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_bulk_begin("send: {every: 1s}\n");
	world_publish(20.5);
	ew_test_advance(world.test, 10 * EW_SECOND);
	world_heard_nothing();
	world_write_text(2, "/1/0/23", "0");
	(void)world_answered(2, LWM2M_CHANGED);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_SEND);
	assert_int_equal(message.ct, LWM2M_CONTENT_SENML_CBOR);
	assert_string_equal(world_records(&message), "/d0/3303/0/5700=20.5 /d0/3308/0/5900=50 ");
}

static void test_samples_are_gathered_to_a_count_or_a_delay(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_bulk_begin("muted: no\nsend: {every: 10s, records: 4}\n");
	world_publish(1);
	world_heard_nothing();
	world_publish(2);
	message = world_heard();
	assert_string_equal(world_records(&message), "/d0/3303/0/5700=1 /d0/3308/0/5900=50 "
					       "/d0/3303/0/5700=2 /d0/3308/0/5900=50 ");
	world_answer(message.token, LWM2M_CHANGED);
	world_publish(3);
	ew_test_advance(world.test, 9 * EW_SECOND);
	world_heard_nothing();
	ew_test_advance(world.test, EW_SECOND);
	message = world_heard();
	assert_string_equal(world_records(&message), "/d0/3303/0/5700=3 /d0/3308/0/5900=50 ");
}

static void test_an_unanswered_send_is_repeated_in_a_new_connection(void **state)
{
	struct lwm2m_message first, message;
	char sent[4096];

	(void)state;
	world_bulk_begin("muted: no\nsend: {every: 1s}\n");
	world_publish(7);
	ew_test_advance(world.test, EW_SECOND);
	first = world_heard();
	(void)snprintf(sent, sizeof(sent), "%s", world_records(&first));
	world_reconnect();
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	world_answer(message.token, LWM2M_CHANGED);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_SEND);
	assert_int_equal(message.token, first.token);
	assert_string_equal(world_records(&message), sent);
	world_answer(message.token, LWM2M_CHANGED);
	ew_test_advance(world.test, 120 * EW_SECOND);
	world_heard_nothing();
}

static void test_a_full_window_loses_nothing(void **state)
{
	unsigned next = 0;

	(void)state;
	world_bulk_begin("muted: no\nsend: {every: 1h, records: 6, window: 2}\n");
	for (unsigned i = 0; i < 200; i++) {
		world_publish(i);
	}
	assert_true(ew_test_metric(world.test, "cloud", "parked_total") > 0);
	while (next < 198) {            /* the last ones wait for more */
		struct lwm2m_message message = world_heard();
		char expected[256];

		assert_int_equal(message.operation, LWM2M_OP_SEND);
		(void)snprintf(expected, sizeof(expected),
			       "/d0/3303/0/5700=%u /d0/3308/0/5900=50 /d0/3303/0/5700=%u "
			       "/d0/3308/0/5900=50 /d0/3303/0/5700=%u /d0/3308/0/5900=50 ",
			       next, next + 1, next + 2);
		assert_string_equal(world_records(&message), expected);
		next += 3;
		world_answer(message.token, LWM2M_CHANGED);
	}
	assert_int_equal(ew_test_metric(world.test, "cloud", "lost_samples_total"), 0);
}

static void test_a_send_over_the_limit_does_not_hold_up_the_next(void **state)
{
	static struct ew_sample samples[3000];
	struct lwm2m_message message;
	struct ew_instance *inst;

	(void)state;
	world_bulk_begin("muted: no\nsend: {every: 1s, records: 3000, bytes: 128KiB}\n");
	for (unsigned i = 0; i < 3000; i++) {
		samples[i] = ew_sample_f64(world.temperature, EW_SECOND + i, i / 7.0);
	}
	inst = ew_test_begin(world.test);
	assert_int_equal(ew_publish(inst, samples, 3000, NULL), 0);
	ew_test_end(world.test);
	ew_test_step(world.test);
	world_heard_nothing();
	assert_int_equal(ew_test_metric(world.test, "cloud", "refused_total"), 1);
	world_publish(8);
	ew_test_advance(world.test, EW_SECOND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_SEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			test_a_send_over_the_limit_does_not_hold_up_the_next, world_end),
		cmocka_unit_test_teardown(test_nothing_is_sent_until_the_server_says_so, world_end),
		cmocka_unit_test_teardown(
			test_samples_are_gathered_to_a_count_or_a_delay, world_end),
		cmocka_unit_test_teardown(
			test_an_unanswered_send_is_repeated_in_a_new_connection, world_end),
		cmocka_unit_test_teardown(test_a_full_window_loses_nothing, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
