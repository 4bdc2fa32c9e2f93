/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m module against a server that the test plays: registration,
 * requests, a broker that is cut, numbers that stay.
 */
#include "tests/modules/lwm2m_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_names_that_are_no_topic_are_refused(void **state)
{
	(void)state;
	assert_int_equal(ew_test_new(&world.test), 0);
	assert_int_equal(ew_test_config(world.test,
					"uplink: {servers: ['mqtt://b'], plaintext: yes}\n"), 0);
	assert_int_equal(ew_test_load(world.test, &ew_module, "cloud", "endpoint: a/b\n"), 0);
	assert_int_equal(ew_test_start(world.test), -EINVAL);
}

static void test_it_registers_and_keeps_the_registration(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("lifetime: 300s\n");
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
	assert_int_equal(message.lifetime, 300);
	assert_true(lwm2m_text_is(message.version, "1.2"));
	assert_true(lwm2m_text_is(message.binding, "M"));
	assert_true(lwm2m_text_is(message.payload,
				  "</>;ct=\"112 11544\",</1/0>,</3/0>,</4/0>,</25>;ver=2.0"));
	assert_int_equal(message.token % 2, 1);
	world_ask(LWM2M_OP_READ, 2, "/3/0/0");        /* too early */
	world_heard_nothing();
	assert_int_equal(ew_test_metric(world.test, "cloud", "registered"), 0);
	world_answer(message.token, LWM2M_CREATED);
	assert_int_equal(ew_test_metric(world.test, "cloud", "registered"), 1);
	ew_test_advance(world.test, 199 * EW_SECOND);
	world_heard_nothing();
	ew_test_advance(world.test, 2 * EW_SECOND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	assert_int_equal(message.has, H(OPERATION) | H(TOKEN));
	world_answer(message.token, LWM2M_NOT_FOUND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
}

static void test_an_operator_sees_the_paths(void **state)
{
	const char *answer;

	(void)state;
	world_begin("");
	world_declare("boiler", "Temperature");
	ew_test_step(world.test);
	assert_int_equal(ew_test_query(world.test, "cloud", "map boiler", &answer), 0);
	assert_non_null(strstr(answer, "{\"tag\":\"boiler:Temperature\",\"path\":\"/d"));
	assert_int_equal(ew_test_query(world.test, "cloud", "map nobody", &answer), 0);
	assert_string_equal(answer, "");
	assert_int_equal(ew_test_query(world.test, "cloud", "else", &answer), -ENOENT);
	assert_int_equal(ew_test_query(world.test, "cloud", "", &answer), 0);
	assert_non_null(strstr(answer, "\"state\":\"registering\""));
}

static void test_refused_it_waits_longer_each_time(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	message = world_heard();
	world_answer(message.token, LWM2M_FORBIDDEN);
	ew_test_advance(world.test, 59 * EW_SECOND);
	world_heard_nothing();
	ew_test_advance(world.test, 2 * EW_SECOND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
	ew_test_advance(world.test, 10 * EW_SECOND);  /* no answer at all */
	ew_test_advance(world.test, 118 * EW_SECOND);
	world_heard_nothing();
	ew_test_advance(world.test, 2 * EW_SECOND);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
	world_answer(message.token, LWM2M_CREATED);
	assert_int_equal(ew_test_health(world.test, "cloud", NULL), EW_UP);
}

static void test_a_new_connection_begins_with_an_update(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	world_registered();
	world_reconnect();
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	world_answer(message.token, LWM2M_CHANGED);
	world_heard_nothing();
}

static void test_devices_are_behind_prefixes_that_stay(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	world_registered();
	world_declare("pump-1", NULL);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	assert_non_null(memmem(message.payload.at, message.payload.size, "</25/0>", 7));
	world_answer(message.token, LWM2M_CHANGED);
	world_publish(21.5);
	world_ask(LWM2M_OP_READ, 4, "/25/0");
	message = world_answered(4, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/25/0/0=test/gateway/pump-1 /25/0/1=d0 "
					       "/25/0/3=</3303/0>,</3306/0>,</3308/0> ");
	world_ask(LWM2M_OP_READ, 6, "/d0");           /* a device is no object */
	(void)world_answered(6, LWM2M_BAD_REQUEST);
	world_ask(LWM2M_OP_READ, 10, "/d0/3308/0");
	message = world_answered(10, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/d0/3308/0/5900=50 /d0/3308/0/5701=Hz "
					       "/d0/3308/0/5750=Speed ");
	world_ask(LWM2M_OP_READ, 12, "/d0/3306/0/5850");      /* it has no value yet */
	message = world_answered(12, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "");
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(URI), .token = 14,
				   .operation = LWM2M_OP_DISCOVER, .uri = world_text("/d0/3303/0")},
	    false);
	message = world_answered(14, LWM2M_CONTENT);
	assert_true(lwm2m_text_is(message.payload,
				  "</3303/0>,</3303/0/5700>,</3303/0/5701>,</3303/0/5750>"));
	/* another tag comes before: the paths stay */
	assert_int_equal(ew_test_stop(world.test, "cloud"), 0);
	world_declare("pump-1", "Bearing");
	assert_int_equal(ew_test_run(world.test, "cloud"), 0);
	world_registered();
	world_publish(22);
	world_ask(LWM2M_OP_READ, 8, "/d0/3303");
	message = world_answered(8, LWM2M_CONTENT);
	assert_string_equal(world_records(&message),
			    "/d0/3303/0/5700=22 /d0/3303/0/5701=Cel "
			    "/d0/3303/0/5750=Temperature /d0/3303/1/5701=Cel "
			    "/d0/3303/1/5750=Bearing ");
}

static void test_requests_are_answered_with_results(void **state)
{
	static const uint8_t composite[] = "\x83\xa1\0f/3/0/0\xa1\0f/3/0/7\xa1\0f/1/0/1";
	struct lwm2m_message message;

	(void)state;
	world_begin("lifetime: 1h\n");
	world_registered();
	world_ask(LWM2M_OP_READ, 2, "/3/0/0");
	message = world_answered(2, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/3/0/0=edgeway ");
	world_ask(LWM2M_OP_READ, 4, "/3/0/77");
	(void)world_answered(4, LWM2M_NOT_FOUND);
	world_ask(LWM2M_OP_READ, 6, "/3/0/4");
	(void)world_answered(6, LWM2M_NOT_ALLOWED);
	world_ask(LWM2M_OP_READ, 8, "/0/0");
	(void)world_answered(8, LWM2M_UNAUTHORIZED);
	world_ask(LWM2M_OP_READ, 10, "3/0");
	(void)world_answered(10, LWM2M_BAD_REQUEST);
	world_ask(LWM2M_OP_READ, 12, "/d7/3303/0");
	(void)world_answered(12, LWM2M_NOT_FOUND);
	world_ask(LWM2M_OP_READ, 14, "/25");
	(void)world_answered(14, LWM2M_NOT_FOUND);
	world_ask(19, 16, "/3");
	(void)world_answered(16, LWM2M_NOT_IMPLEMENTED);
	world_ask(LWM2M_OP_SEND, 18, "/3");   /* an echo */
	world_heard_nothing();
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(PATHS), .token = 20,
				   .operation = LWM2M_OP_READ_COMPOSITE,
				   .paths = {(const char *)composite, sizeof(composite) - 1}},
	    false);
	message = world_answered(20, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/3/0/0=edgeway /1/0/1=3600 ");
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(URI) | H(DEPTH), .token = 22,
				   .operation = LWM2M_OP_DISCOVER, .uri = world_text("/1"),
				   .depth = 1}, false);
	message = world_answered(22, LWM2M_CONTENT);
	assert_int_equal(message.ct, LWM2M_CONTENT_LINKS);
	assert_true(lwm2m_text_is(message.payload, "</1>,</1/0>"));
}

static void test_a_request_that_comes_twice_is_done_once(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	world_registered();
	world_declare("pump-1", NULL);
	message = world_heard();
	world_answer(message.token, LWM2M_CHANGED);
	ew_test_answer(world.test, 0);
	world_write_text(2, "/d0/3308/0/5900", "42");
	(void)world_answered(2, LWM2M_CHANGED);
	world_write_text(2, "/d0/3308/0/5900", "42");
	(void)world_answered(2, LWM2M_CHANGED);
	assert_int_equal(ew_test_logged(world.test, "error"), 0);
	ew_test_answer(world.test, -EIO);
	world_write_text(2, "/d0/3308/0/5900", "42");         /* it would fail if it were done */
	(void)world_answered(2, LWM2M_CHANGED);
	world_write_text(4, "/d0/3308/0/5900", "42");
	(void)world_answered(4, LWM2M_INTERNAL);
	world_write_text(6, "/d0/3308/0/5900", "61");
	(void)world_answered(6, LWM2M_BAD_REQUEST);           /* over its writable range */
	world_write_text(8, "/d0/3308/0/5900", "4x");
	(void)world_answered(8, LWM2M_BAD_REQUEST);
	world_write_text(10, "/d0/3303/0/5700", "4");
	(void)world_answered(10, LWM2M_NOT_ALLOWED);
	world_write_text(12, "/3/0/0", "x");
	(void)world_answered(12, LWM2M_NOT_ALLOWED);
	world_write_text(14, "/0/0/0", "x");
	(void)world_answered(14, LWM2M_UNAUTHORIZED);
	world_say((struct lwm2m_message){
		.has = H(OPERATION) | H(URI) | H(CT) | H(PAYLOAD), .token = 16, .ct = 11543,
		.operation = LWM2M_OP_WRITE_REPLACE, .uri = world_text("/1/0/1"),
		.payload = world_text("60")}, false);
	(void)world_answered(16, LWM2M_UNSUPPORTED_FORMAT);
}

static void test_a_retained_request_and_rubbish_are_counted_out(void **state)
{
	struct ew_uplink_message rubbish = {
		.size = sizeof(rubbish), .topic = TOPIC, .payload = "\x80", .payload_size = 1,
		.qos = 1,
	};

	(void)state;
	world_begin("");
	world_registered();
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(URI), .operation = LWM2M_OP_READ,
				   .token = 2, .uri = world_text("/3/0/0")}, true);
	assert_int_equal(ew_test_broker_send(world.test, "main", &rubbish), 1);
	world_heard_nothing();
	assert_int_equal(ew_test_metric(world.test, "cloud", "retained_total"), 1);
	assert_int_equal(ew_test_metric(world.test, "cloud", "ignored_total"), 1);
}

static void test_a_server_changes_the_lifetime_and_asks_for_an_update(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	world_registered();
	world_write_text(2, "/1/0/1", "600");
	(void)world_answered(2, LWM2M_CHANGED);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	assert_int_equal(message.lifetime, 600);
	world_answer(message.token, LWM2M_CHANGED);
	world_ask(LWM2M_OP_EXECUTE, 4, "/1/0/8");
	(void)world_answered(4, LWM2M_CHANGED);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_UPDATE);
	world_answer(message.token, LWM2M_CHANGED);
	world_ask(LWM2M_OP_EXECUTE, 6, "/1/0/1");
	(void)world_answered(6, LWM2M_NOT_ALLOWED);
	world_heard_nothing();
}

static void test_a_stop_leaves_for_good_only_when_told(void **state)
{
	struct lwm2m_message message;

	(void)state;
	world_begin("");
	world_registered();
	assert_int_equal(ew_test_stop(world.test, "cloud"), 0);
	world_heard_nothing();
	ew_test_free(&world.test);
	world_begin("deregister: yes\n");
	world_registered();
	assert_int_equal(ew_test_stop(world.test, "cloud"), -EBUSY);
	message = world_heard();
	assert_int_equal(message.operation, LWM2M_OP_DEREGISTER);
	world_answer(message.token, LWM2M_DELETED);
	assert_string_equal(ew_test_state(world.test, "cloud"), "closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_names_that_are_no_topic_are_refused, world_end),
		cmocka_unit_test_teardown(test_it_registers_and_keeps_the_registration, world_end),
		cmocka_unit_test_teardown(test_an_operator_sees_the_paths, world_end),
		cmocka_unit_test_teardown(test_refused_it_waits_longer_each_time, world_end),
		cmocka_unit_test_teardown(test_a_new_connection_begins_with_an_update, world_end),
		cmocka_unit_test_teardown(test_devices_are_behind_prefixes_that_stay, world_end),
		cmocka_unit_test_teardown(test_requests_are_answered_with_results, world_end),
		cmocka_unit_test_teardown(test_a_request_that_comes_twice_is_done_once, world_end),
		cmocka_unit_test_teardown(
			test_a_retained_request_and_rubbish_are_counted_out, world_end),
		cmocka_unit_test_teardown(
			test_a_server_changes_the_lifetime_and_asks_for_an_update, world_end),
		cmocka_unit_test_teardown(test_a_stop_leaves_for_good_only_when_told, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
