/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m_server module against clients that the test plays: registrations,
 * what callers ask for, observations, bulk data, what is wrong.
 */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

static void test_a_registration_lives_as_long_as_it_says(void **state)
{
	(void)state;
	gate_enroll("gw1");
	assert_non_null(strstr(gate_event("lwm2m.registered"), "\"endpoint\":\"gw1\""));
	assert_true(gate_metric("active_devices") == 1);
	ew_test_advance(gate.test, 299 * EW_SECOND);
	gate_request("gw1", LWM2M_OP_UPDATE, 3);
	gate_answered("gw1", 3, LWM2M_CHANGED);
	ew_test_advance(gate.test, 299 * EW_SECOND);
	assert_true(gate_metric("device_expiries_total") == 0);
	ew_test_advance(gate.test, 3 * EW_SECOND);
	assert_true(gate_metric("device_expiries_total") == 1);
	assert_true(gate_metric("active_devices") == 0);
	assert_non_null(gate_event("lwm2m.expired"));
	gate_request("gw1", LWM2M_OP_UPDATE, 5);
	gate_answered("gw1", 5, LWM2M_NOT_FOUND);
	gate_enroll("gw1");
	gate_request("gw1", LWM2M_OP_DEREGISTER, 7);
	gate_answered("gw1", 7, LWM2M_DELETED);
	assert_non_null(gate_event("lwm2m.deregistered"));
	gate_request("gw1", LWM2M_OP_UPDATE, 9);
	gate_answered("gw1", 9, LWM2M_NOT_FOUND);
	assert_true(gate_metric("device_registrations_total") == 2);
	assert_true(gate_metric("device_deregistrations_total") == 1);
}

static void test_what_is_wrong_gets_its_result(void **state)
{
	static const char big[3900] = "</3/0>,";
	struct lwm2m_message message;
	uint8_t deep[64];

	(void)state;
	message = gate_registration(11, "</3/0>");
	message.version = gate_words("9.9");
	gate_say("gw1", message);
	gate_answered("gw1", 11, LWM2M_PRECONDITION);
	message = gate_registration(13, "</3/0>");
	message.has &= ~H(LIFETIME);
	gate_say("gw1", message);
	gate_answered("gw1", 13, LWM2M_BAD_REQUEST);
	message = gate_registration(15, "");
	message.has &= ~H(PAYLOAD);
	gate_say("gw1", message);
	gate_answered("gw1", 15, LWM2M_CONFLICT);
	message = gate_registration(17, "no links");
	gate_say("gw1", message);
	gate_answered("gw1", 17, LWM2M_BAD_REQUEST);
	message = gate_registration(19, "</3/0>");
	message.has |= H(EP);
	message.ep = gate_words("gw2");
	gate_say("gw1", message);
	gate_answered("gw1", 19, LWM2M_BAD_REQUEST);
	gate_request("gw1", 30, 21);
	gate_answered("gw1", 21, LWM2M_NOT_IMPLEMENTED);
	gate_request("gw1", LWM2M_OP_BOOTSTRAP_FINISH, 23);
	gate_answered("gw1", 23, LWM2M_BAD_REQUEST);
	message = gate_registration(25, "</3/0>");
	message.payload = (struct lwm2m_text){big, sizeof(big)};
	message.has |= H(SMS);
	message.sms = (struct lwm2m_text){big, 400};
	gate_say("gw1", message);
	gate_answered("gw1", 25, LWM2M_TOO_LARGE);
	assert_true(gate_metric("refused_total") == 8);
	assert_true(gate_metric("active_devices") == 0);
	/* without a token there is no answer */
	memset(deep, 0x81, sizeof(deep));
	gate_say_bytes("t/lwm2m/rd/gw1", deep, sizeof(deep), false);
	gate_say_bytes("t/lwm2m/rd/gw1", "\xa2\x01\x07\x12\x18", 5, false);
	assert_true(gate_metric("malformed_total") == 2);
	gate_say_bytes("t/lwm2m/rd/gw1", "\xa2\x01\x07\x02\x02", 5, true);
	assert_true(gate_metric("retained_total") == 1);
	gate_say_bytes("t/lwm2m/rd/a/b", "\xa2\x01\x07\x02\x02", 5, false);
	assert_true(gate_metric("wrong_topics_total") == 1);
	gate_request("gw1", LWM2M_OP_READ, 2);       /* an echo */
	assert_true(gate_metric("echoes_total") == 1);
	gate_answer("gw1", 4, LWM2M_CONTENT, NULL);
	assert_true(gate_metric("late_results_total") == 1);
	gate_heard_nothing();
	for (int i = 0; i < 4; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "gw%d", i);
		gate_say(name, gate_registration(1, "</3/0>"));
		gate_answered(name, 1, i < 3 ? LWM2M_CREATED : LWM2M_UNAVAILABLE);
	}
}

static void test_a_send_becomes_samples_and_an_event(void **state)
{
	/* row 32 of the examples: three values of /3303/0/5700, two of them old */
	static const char series[] =
		"\x83\xa4\x21\x6c/3303/0/5700\x22\x1a\x69\x55\xb9\x00\x06\x21\x02\xf9\x4d\x60"
		"\xa2\x06\x20\x02\xf9\x4d\x70\xa1\x02\xf9\x4d\x80";
	struct lwm2m_message message = {
		.has = H(OPERATION) | H(CT) | H(PAYLOAD), .operation = LWM2M_OP_SEND, .token = 31,
		.ct = 112, .payload = {series, sizeof(series) - 1},
	};

	(void)state;
	gate_say("gw1", message);
	gate_answered("gw1", 31, LWM2M_NOT_FOUND);
	gate_enroll("gw1");
	gate_say("gw1", message);
	gate_answered("gw1", 31, LWM2M_CHANGED);
	assert_true(ew_test_number(gate.test, "gw1:Temperature/0/Sensor Value") == 22.0);
	assert_int_equal(ew_test_count(gate.test, EW_TEST_SAMPLE,
				       "gw1:Temperature/0/Sensor Value"), 3);
	assert_non_null(strstr(gate_event("lwm2m.data"), "\"how\":\"send\",\"records\":[{\"path\":"
			       "\"/3303/0/5700\",\"name\":\"Temperature/0/Sensor Value\","
			       "\"value\":21.5,\"time\":\"2025-12-31T23:59:58.000Z\"},"));
	assert_non_null(strstr(gate_event("lwm2m.data"), "\"value\":22,"));
	/* twice is once */
	gate_say("gw1", message);
	gate_answered("gw1", 31, LWM2M_CHANGED);
	assert_true(gate_metric("repeated_total") == 1);
	assert_true(gate_metric("records_total") == 3);
	assert_true(gate_metric("bulk_operations_total") == 1);
	assert_true(gate_metric("bulk_operations_throughput_total") == 3);
	message.token = 33;
	message.has &= ~H(CT);
	gate_say("gw1", message);
	gate_answered("gw1", 33, LWM2M_BAD_REQUEST);
	message.token = 35;
	message.has |= H(CT);
	message.ct = 4711;
	gate_say("gw1", message);
	gate_answered("gw1", 35, LWM2M_BAD_REQUEST);
	message.token = 37;
	message.ct = 112;
	message.payload.size -= 1;
	gate_say("gw1", message);
	gate_answered("gw1", 37, LWM2M_BAD_REQUEST);
	message.token = 39;
	message.payload = gate_words("\x81\xa2\x00\x66/9/0/0\x02\x01");
	message.payload.size = 12;
	gate_say("gw1", message);
	gate_answered("gw1", 39, LWM2M_NOT_FOUND);
	assert_true(gate_metric("records_total") == 3);
}

static void test_a_caller_reads_and_gets_names_and_types(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	gate_called(200, "{\"device\":\"gw1\",\"state\":\"failed\",\"error\":\"not registered\"}");
	gate_enroll("gw1");
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"Device/0/Manufacturer\"}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_READ);
	assert_true(lwm2m_text_is(message.uri, "/3/0/0"));
	assert_int_equal(message.token % 2, 0);
	assert_int_equal(ew_test_client_status(gate.caller), 0);
	gate_answer("gw2", message.token, LWM2M_CONTENT, "not mine");
	assert_int_equal(ew_test_client_status(gate.caller), 0);
	gate_answer("gw1", message.token, LWM2M_CONTENT, "edgeway");
	gate_called(200, "\"state\":\"done\",\"result\":205,");
	gate_called(200, "\"records\":[{\"path\":\"/3/0/0\",\"name\":\"Device/0/Manufacturer\","
	       "\"value\":\"edgeway\"}]");
	assert_true(gate_metric("command_latency_seconds") == 1);
	assert_true(gate_metric("read_latency_seconds") == 1);
	assert_true(gate_metric("write_latency_seconds") == 0);
	assert_true(gate_metric("http_request_duration_seconds") == 2);
	assert_true(gate_metric("received_total") == 3);
	assert_true(gate_metric("received_bytes_total") > 60);
	assert_non_null(strstr(gate_event("lwm2m.result"), "\"operation\":\"Read\""));
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/1\"}");
	gate_answer("gw1", gate_heard("gw1").token, LWM2M_NOT_FOUND, NULL);
	gate_called(200, "\"state\":\"failed\",\"result\":404");
	/* what is no text does not break the JSON */
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	gate_answer("gw1", gate_heard("gw1").token, LWM2M_CONTENT, "\xff\xfe");
	gate_called(200, "\"value\":\"__4");
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/1\"}");
	message = gate_heard("gw1");
	ew_test_advance(gate.test, 11 * EW_SECOND);
	gate_called(200, "\"state\":\"expired\"}");
	gate_answer("gw1", message.token, LWM2M_CONTENT, "late");
	assert_true(gate_metric("late_results_total") == 2);
	gate_call("/api/lwm2m/devices", NULL);
	gate_called(200, "[{\"endpoint\":\"gw1\",\"lifetime\":300,\"version\":\"1.2\","
	       "\"registered\":\"2026-01-01T00:00:00.000Z\"");
	gate_call("/api/lwm2m/devices/gw9", NULL);
	gate_called(404, "not registered");
}

static void test_bodies_that_make_no_sense_are_refused(void **state)
{
	static const char *const wrong[][3] = {
		{"read", "", "not JSON"},
		{"read", "[]", "not a JSON object"},
		{"read", "{\"path\": \"/3\"}", "no `device`"},
		{"read", "{\"device\": \"gw1\"}", "no `path`"},
		{"read", "{\"device\": \"a/b\", \"path\": \"/3\"}", "not the name of an endpoint"},
		{"read", "{\"device\": \"gw1\", \"path\": \"Nothing/0\"}", "known names"},
		{"read", "{\"device\": \"gw1\", \"path\": \"/3\", \"x\": 1}", "not known"},
		{"read", "{\"device\": \"gw1\", \"path\": \"/3\"", "not JSON"},
		{"read", "{\"device\": \"gw1\", \"path\": \"/3/0/0\", \"value\": 1}", "no sense"},
		{"write", "{\"device\": \"gw1\", \"path\": \"/3308/0/5900\"}", "no `value`"},
		{"write", "{\"device\": \"gw1\", \"path\": \"/3308/0/5900\", \"value\": \"x\"}",
		 "type"},
		{"write", "{\"device\": \"gw1\", \"value\": 1}", "one `path`"},
		{"write", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\", \"value\": 1}",
		 "cannot be written"},
		{"write", "{\"device\": \"gw1\", \"path\": \"/1/0/26\", \"value\": 2}", "range"},
		{"execute", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}", "cannot be executed"},
		{"discover", "{\"device\": \"gw1\", \"paths\": [\"/1\", \"/3\"]}", "more than one"},
		{"attributes", "{\"device\": \"gw1\", \"path\": \"/3\", \"lt\": 1}", "MQTT"},
		{"cancel", "{\"device\": \"gw1\"}", "no `observation`"},
	};

	(void)state;
	gate_enroll("gw1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/api/lwm2m/%s", wrong[i][0]);
		gate_call(path, wrong[i][1]);
		gate_called(400, wrong[i][2]);
	}
	gate_heard_nothing();
}

static void test_a_caller_writes_executes_and_asks_for_more(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_enroll("gw1");
	gate_call("/api/lwm2m/write", "{\"value\": 21.5, \"device\": \"gw1\", "
		  "\"path\": \"/3308/0/5900\"}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_REPLACE);
	assert_true(lwm2m_text_is(message.uri, "/3308/0/5900"));
	assert_int_equal(message.ct, LWM2M_CONTENT_SENML_CBOR);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_called(200, "\"state\":\"done\",\"result\":204");
	gate_call("/api/lwm2m/write", "{\"device\": \"gw1\", \"mode\": \"partial\", \"values\": "
	     "{\"/1/0/1\": 60}}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_PARTIAL);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/write", "{\"device\": \"gw1\", \"values\": "
	     "{\"/3308/0/5900\": 5, \"/d1/3308/0/5900\": 6}}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_COMPOSITE);
	assert_int_equal(message.has & H(URI), 0);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/execute", "{\"device\": \"gw1\", \"path\": \"/3/0/4\", "
	     "\"argument\": \"0='M'\"}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_EXECUTE);
	assert_true(lwm2m_text_is(message.payload, "0='M'"));
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/attributes", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\", "
	     "\"pmin\": 10, \"gt\": 45.5}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_ATTRIBUTES);
	assert_true(message.pmin == 10 && message.gt == 45.5);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/discover", "{\"device\": \"gw1\", \"path\": \"/3\", \"depth\": 1}");
	message = gate_heard("gw1");
	assert_int_equal(message.depth, 1);
	gate_say("gw1", (struct lwm2m_message){
		.has = H(RESULT) | H(CT) | H(PAYLOAD), .token = message.token, .result = 205,
		.ct = 40, .payload = gate_words("</3>;ver=1.2,</3/0>"),
	});
	gate_called(200, "\"links\":\"</3>;ver=1.2,</3/0>\"");
	gate_call("/api/lwm2m/create", "{\"device\": \"gw1\", \"values\": {\"/2/65535/0\": 5}}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_CREATE);
	assert_true(lwm2m_text_is(message.uri, "/2"));
	gate_answer("gw1", message.token, LWM2M_CREATED, NULL);
	gate_call("/api/lwm2m/delete", "{\"device\": \"gw1\", \"path\": \"/2/5\"}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_DELETE);
	gate_answer("gw1", message.token, LWM2M_DELETED, NULL);
	gate_called(200, "\"result\":202");
}

static void test_what_is_observed_comes_until_it_is_cancelled(void **state)
{
	struct lwm2m_message message;
	char body[128];
	uint64_t token;

	(void)state;
	gate_enroll("gw1");
	gate_call("/api/lwm2m/observe", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\"}");
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_OBSERVE);
	token = message.token;
	gate_answer("gw1", token, LWM2M_CONTENT, "21.5");
	gate_called(200, "\"observation\":");
	assert_true(gate_metric("observations") == 1);
	assert_true(ew_test_number(gate.test, "gw1:Temperature/0/Sensor Value") == 21.5);
	gate_say("gw1", (struct lwm2m_message){
		.has = H(OPERATION) | H(CT) | H(PAYLOAD), .operation = LWM2M_OP_NOTIFY,
		.token = token, .payload = gate_words("22.5"),
	});
	gate_heard_nothing();
	assert_true(ew_test_number(gate.test, "gw1:Temperature/0/Sensor Value") == 22.5);
	/* a client that begins anew has forgotten it */
	gate_say("gw1", gate_registration(41, "</3303/0>"));
	gate_answered("gw1", 41, LWM2M_CREATED);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_OBSERVE);
	assert_true(message.token == token);    /* callers know it by this number */
	assert_true(gate_metric("observations") == 0);
	gate_request("gw1", LWM2M_OP_NOTIFY, token + 2);
	assert_true(gate_metric("unknown_notifies_total") == 1);
	assert_int_equal(gate_heard("gw1").operation, LWM2M_OP_CANCEL_OBSERVE);
	gate_answer("gw1", token, LWM2M_CONTENT, "23");
	assert_true(gate_metric("observations") == 1);
	(void)snprintf(body, sizeof(body), "{\"device\": \"gw1\", \"observation\": %u}",
		       (unsigned)token);
	gate_call("/api/lwm2m/cancel", body);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_CANCEL_OBSERVE);
	assert_int_equal(message.token, token);
	gate_answer("gw1", token, LWM2M_CONTENT, NULL);
	gate_called(200, "\"state\":\"done\"");
	assert_true(gate_metric("observations") == 0);
}

static void test_many_clients_are_asked_in_one_call(void **state)
{
	struct lwm2m_message first, second;

	(void)state;
	gate_enroll("gw1");
	gate_enroll("gw2");
	gate_call("/api/lwm2m/read", "{\"devices\": [\"gw1\", \"gw9\", \"gw2\"], "
	     "\"paths\": [\"/3/0/0\", \"/1/0/1\"]}");
	first = gate_heard("gw1");
	second = gate_heard("gw2");
	assert_int_equal(first.operation, LWM2M_OP_READ_COMPOSITE);
	assert_true(first.paths.size > 0);
	gate_say("gw2", (struct lwm2m_message){
		.has = H(RESULT) | H(CT) | H(PAYLOAD), .token = second.token, .result = 205,
		.ct = 112, .payload = {"\x81\xa2\x00\x66/1/0/1\x02\x18\x3c", 13},
	});
	assert_int_equal(ew_test_client_status(gate.caller), 0);
	gate_answer("gw1", first.token, LWM2M_NOT_FOUND, NULL);
	gate_called(200, "\"value\":60,\"unit\":\"s\"}");
	gate_called(200, "gw9");
	gate_called(200, "\"result\":404");
	assert_true(gate_metric("bulk_operations_total") == 1);
	assert_true(gate_metric("requests_total") == 2);
	assert_true(gate_metric("requests_failed_total") == 1);
}

static void test_requests_wait_for_their_client_over_a_restart(void **state)
{
	struct lwm2m_message message;
	char path[64];
	unsigned long id;

	(void)state;
	gate_enroll("gw2");
	gate_call("/api/lwm2m/write", "{\"device\": \"gw1\", \"path\": \"/1/0/1\", \"value\": 60, "
	     "\"queue\": 3600}");
	gate_called(202, "\"state\":\"queued\"");
	assert_int_equal(sscanf(ew_test_client_body(gate.caller, NULL), "{\"results\":[{\"id\":%lu",
				&id), 1);
	gate_heard_nothing();
	ew_test_client_free(&gate.caller);
	assert_int_equal(ew_test_stop(gate.test, "gate"), 0);
	assert_int_equal(ew_test_run(gate.test, "gate"), 0);
	/* the other one is still registered */
	assert_true(gate_metric("active_devices") == 1);
	gate_request("gw2", LWM2M_OP_UPDATE, 3);
	gate_answered("gw2", 3, LWM2M_CHANGED);
	gate_heard_nothing();
	gate_say("gw1", gate_registration(1, "</1/0>"));
	gate_answered("gw1", 1, LWM2M_CREATED);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_REPLACE);
	assert_int_equal(message.token, 2 * id);
	/* no answer: again with the next Update */
	ew_test_advance(gate.test, 20 * EW_SECOND);
	gate_request("gw1", LWM2M_OP_UPDATE, 3);
	gate_answered("gw1", 3, LWM2M_CHANGED);
	assert_int_equal(gate_heard("gw1").token, 2 * id);
	gate_answer("gw1", 2 * id, LWM2M_CHANGED, NULL);
	(void)snprintf(path, sizeof(path), "/api/lwm2m/requests/%lu", id);
	gate_call(path, NULL);
	gate_called(200, "\"state\":\"done\",\"result\":204");
	gate_request("gw1", LWM2M_OP_UPDATE, 5);
	gate_answered("gw1", 5, LWM2M_CHANGED);
	gate_heard_nothing();
	gate_call("/api/lwm2m/read", "{\"device\": \"gw9\", \"path\": \"/3\", \"queue\": 60}");
	ew_test_advance(gate.test, 61 * EW_SECOND);
	assert_true(gate_metric("requests_failed_total") == 0);
	assert_true(gate_metric("requests_expired_total") == 1);
	assert_true(gate_metric("requests_done_total") == 1);
	for (int i = 0; i < 5; i++) {
		gate_call("/api/lwm2m/read", "{\"device\": \"gw9\", \"path\": \"/3\", "
			  "\"queue\": 60}");
		gate_called(202, i < 2 ? "queued" : "too many are open");
	}
}

static void test_devices_behind_a_gateway_have_their_names(void **state)
{
	static const char links[] = "\x84\xa2\x00\x67/25/0/0\x03\x6blyon/gw1/p1"
				    "\xa2\x00\x67/25/0/1\x03\x62" "d0"
				    "\xa2\x00\x67/25/1/0\x03\x67urn.dev"
				    "\xa2\x00\x67/25/1/1\x03\x62" "d1";
	static const char values[] = "\x82\xa2\x00\x6f/d0/3303/0/5700\x02\x05"
				     "\xa2\x00\x6f/d1/3303/0/5700\x02\x06";
	struct lwm2m_message message;

	(void)state;
	gate_say("gw1", gate_registration(1, "</1/0>,</25/0>,</25/1>"));
	gate_answered("gw1", 1, LWM2M_CREATED);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_READ);
	assert_true(lwm2m_text_is(message.uri, "/25"));
	gate_say("gw1", (struct lwm2m_message){
		.has = H(RESULT) | H(CT) | H(PAYLOAD), .token = message.token, .result = 205,
		.ct = 112, .payload = {links, sizeof(links) - 1},
	});
	gate_say("gw1", (struct lwm2m_message){
		.has = H(OPERATION) | H(CT) | H(PAYLOAD), .operation = LWM2M_OP_SEND, .token = 3,
		.ct = 112, .payload = {values, sizeof(values) - 1},
	});
	gate_answered("gw1", 3, LWM2M_CHANGED);
	assert_true(ew_test_number(gate.test, "gw1/p1:Temperature/0/Sensor Value") == 5);
	assert_true(ew_test_number(gate.test, "gw1/urn.dev:Temperature/0/Sensor Value") == 6);
	gate_call("/api/lwm2m/devices/gw1", NULL);
	gate_called(200, "{\"prefix\":\"d0\",\"name\":\"lyon/gw1/p1\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_registration_lives_as_long_as_it_says,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_what_is_wrong_gets_its_result,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_send_becomes_samples_and_an_event,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_caller_reads_and_gets_names_and_types,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_bodies_that_make_no_sense_are_refused,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_caller_writes_executes_and_asks_for_more,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_what_is_observed_comes_until_it_is_cancelled,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_many_clients_are_asked_in_one_call,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_requests_wait_for_their_client_over_a_restart, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_devices_behind_a_gateway_have_their_names,
						gate_begin, gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
