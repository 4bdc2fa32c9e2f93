/* SPDX-License-Identifier: Apache-2.0 */
/* The lwm2m module's observations: what is told, when, and when no more. */
#include "tests/modules/lwm2m_world.h"

#include <stdio.h>
#include <string.h>

#define VALUE  "/d0/3303/0/5700"

static void attach(uint64_t token, struct lwm2m_message attributes, unsigned result)
{
	attributes.has |= H(OPERATION) | H(URI);
	attributes.operation = LWM2M_OP_WRITE_ATTRIBUTES;
	attributes.token = token;
	attributes.uri = world_text(VALUE);
	world_say(attributes, false);
	(void)world_answered(token, result);
}

/* Observe the temperature, which is `value` now. */
static void observe(uint64_t token, double value)
{
	struct lwm2m_message message;
	char expected[64];

	world_ask(LWM2M_OP_OBSERVE, token, VALUE);
	message = world_answered(token, LWM2M_CONTENT);
	(void)snprintf(expected, sizeof(expected), "%s=%g ", VALUE, value);
	assert_string_equal(world_records(&message), expected);
}

static void notified(uint64_t token, const char *records)
{
	struct lwm2m_message message = world_heard();

	assert_int_equal(message.operation, LWM2M_OP_NOTIFY);
	assert_int_equal(message.token, token);
	assert_string_equal(world_records(&message), records);
}

static void test_a_change_is_notified_once(void **state)
{
	(void)state;
	world_bulk_begin("");
	world_publish(20);
	observe(70, 20);
	world_publish(20);
	world_heard_nothing();
	world_publish(21.5);
	notified(70, VALUE "=21.5 ");
	world_publish(21.5);
	world_heard_nothing();
	ew_test_advance(world.test, 100 * EW_SECOND);
	world_heard_nothing();
}

static void test_thresholds_decide(void **state)
{
	(void)state;
	world_bulk_begin("");
	world_publish(38);
	attach(2, (struct lwm2m_message){.has = H(GT) | H(ST), .gt = 45, .st = 10},
	       LWM2M_CHANGED);
	observe(70, 38);
	world_publish(44);
	world_heard_nothing();
	world_publish(46);
	notified(70, VALUE "=46 ");
	world_publish(55);
	world_heard_nothing();
	world_publish(56);
	notified(70, VALUE "=56 ");
	attach(4, (struct lwm2m_message){.has = H(ST), .st = -1}, LWM2M_BAD_REQUEST);
}

static void test_periods_hold_back_and_hurry(void **state)
{
	(void)state;
	world_bulk_begin("");
	world_publish(1);
	attach(2, (struct lwm2m_message){.has = H(PMIN) | H(PMAX), .pmin = 10, .pmax = 60},
	       LWM2M_CHANGED);
	observe(70, 1);
	world_publish(2);
	ew_test_advance(world.test, 5 * EW_SECOND);
	world_publish(3);
	world_heard_nothing();
	ew_test_advance(world.test, 5 * EW_SECOND);
	notified(70, VALUE "=3 ");
	ew_test_advance(world.test, 59 * EW_SECOND);
	world_heard_nothing();
	ew_test_advance(world.test, EW_SECOND);
	notified(70, VALUE "=3 ");
}

static void test_attributes_are_discovered(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_bulk_begin("");
	attach(2, (struct lwm2m_message){.has = H(PMIN), .pmin = 10}, LWM2M_CHANGED);
	world_ask(LWM2M_OP_DISCOVER, 4, "/d0/3303/0");
	message = world_answered(4, LWM2M_CONTENT);
	assert_non_null(memmem(message.payload.at, message.payload.size, "</3303/0/5701>", 14));
	world_publish(5);
	world_ask(LWM2M_OP_DISCOVER, 6, VALUE);
	message = world_answered(6, LWM2M_CONTENT);
	assert_true(lwm2m_text_is(message.payload, "</3303/0/5700>;pmin=10"));
	attach(8, (struct lwm2m_message){.unset = H(PMIN)}, LWM2M_CHANGED);
	world_ask(LWM2M_OP_DISCOVER, 10, VALUE);
	message = world_answered(10, LWM2M_CONTENT);
	assert_true(lwm2m_text_is(message.payload, "</3303/0/5700>"));
}

static void test_a_list_is_told_as_a_whole(void **state)
{
	static const char paths[] = "\x82\xa1\0o" VALUE "\xa1\0o/d0/3308/0/5900";
	struct lwm2m_message message;

	(void)state;
	world_bulk_begin("");
	world_publish(1);
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(PATHS), .token = 71,
					 .operation = LWM2M_OP_OBSERVE_COMPOSITE,
					 .paths = {paths, sizeof(paths) - 1}}, false);
	message = world_answered(71, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), VALUE "=1 /d0/3308/0/5900=50 ");
	world_publish(2);
	notified(71, VALUE "=2 /d0/3308/0/5900=50 ");
}

static void test_cancelled_nothing_follows(void **state)
{
	(void)state;
	world_bulk_begin("");
	world_publish(1);
	observe(70, 1);
	world_say((struct lwm2m_message){.has = H(OPERATION), .token = 70,
					 .operation = LWM2M_OP_CANCEL_OBSERVE}, false);
	(void)world_answered(70, LWM2M_CONTENT);
	world_publish(2);
	world_heard_nothing();
	world_say((struct lwm2m_message){.has = H(OPERATION), .token = 70,
					 .operation = LWM2M_OP_CANCEL_OBSERVE}, false);
	(void)world_answered(70, LWM2M_NOT_FOUND);
}

static void test_observations_last_over_a_break_and_not_over_a_register(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_bulk_begin("");
	world_publish(1);
	observe(70, 1);
	world_reconnect();
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	world_answer(message.token, LWM2M_CHANGED);
	world_publish(2);
	notified(70, VALUE "=2 ");
	world_reconnect();
	message = world_heard();
	world_answer(message.token, LWM2M_NOT_FOUND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
	world_answer(message.token, LWM2M_CREATED);
	world_publish(3);
	world_heard_nothing();
}

static void test_too_many_are_refused(void **state)
{
	(void)state;
	world_bulk_begin("");
	world_publish(1);
	for (unsigned i = 0; i < 64; i++) {
		observe(100 + 2 * i, 1);
	}
	world_ask(LWM2M_OP_OBSERVE, 300, VALUE);
	(void)world_answered(300, LWM2M_UNAVAILABLE);
	observe(100, 1);                /* the same again takes its own place */
	world_ask(LWM2M_OP_OBSERVE, 302, "/d0/3303/7");
	(void)world_answered(302, LWM2M_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_too_many_are_refused, world_end),
		cmocka_unit_test_teardown(test_a_change_is_notified_once, world_end),
		cmocka_unit_test_teardown(test_thresholds_decide, world_end),
		cmocka_unit_test_teardown(test_periods_hold_back_and_hurry, world_end),
		cmocka_unit_test_teardown(test_attributes_are_discovered, world_end),
		cmocka_unit_test_teardown(test_a_list_is_told_as_a_whole, world_end),
		cmocka_unit_test_teardown(test_cancelled_nothing_follows, world_end),
		cmocka_unit_test_teardown(
			test_observations_last_over_a_break_and_not_over_a_register, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
