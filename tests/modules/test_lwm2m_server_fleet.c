/* SPDX-License-Identifier: Apache-2.0 */
/* The lwm2m_server module: firmware updates and desired states of clients. */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

static void enroll(uint64_t token)
{
	gate_say("gw1", gate_registration(token, "</1/0>,</3/0>,</5/0>,</3308/0>"));
	gate_answered("gw1", token, LWM2M_CREATED);
}

static void call(const char *method, const char *path, const char *body)
{
	ew_test_client_free(&gate.caller);
	gate.caller = ew_test_ask(gate.test, method, path, body);
}

static const char *rows;        /* of the last answer */

static void ask_operator(const char *words)
{
	assert_int_equal(ew_test_query(gate.test, "gate", words, &rows), 0);
}

static void restart(void)
{
	assert_int_equal(ew_test_stop(gate.test, "gate"), 0);
	assert_int_equal(ew_test_run(gate.test, "gate"), 0);
}

/* The next request is this one; it is answered. */
static void answer_next(unsigned operation, const char *uri, unsigned result, const char *text)
{
	struct lwm2m_message message = gate_heard("gw1");

	assert_int_equal(message.operation, operation);
	if (uri != NULL) {
		assert_true(lwm2m_text_is(message.uri, uri));
	}
	gate_answer("gw1", message.token, result, text);
}

/* The client says how it is: /5/0/3 and /5/0/5. */
static void answer_state(unsigned state, unsigned update_result)
{
	struct lwm2m_message message = gate_heard("gw1");
	char pack[] = "\x82\xa2\x00\x66/5/0/3\x02\x00\xa2\x00\x66/5/0/5\x02\x00";

	pack[11] = (char)state;
	pack[22] = (char)update_result;
	assert_int_equal(message.operation, LWM2M_OP_READ);
	assert_true(lwm2m_text_is(message.uri, "/5/0"));
	gate_say("gw1", (struct lwm2m_message){
		.has = H(RESULT) | H(CT) | H(PAYLOAD), .token = message.token, .result = 205,
		.ct = 112, .payload = {pack, sizeof(pack) - 1},
	});
}

static void is_in(const char *state)
{
	char words[64];

	(void)snprintf(words, sizeof(words), "\"state\":\"%s\"", state);
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(200, words);
}

static void test_a_client_pulls_its_firmware_and_runs_it(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(404, "no firmware update");
	/* it is not there yet */
	gate_call("/api/lwm2m/firmware",
		  "{\"device\": \"gw1\", \"uri\": \"https://files/fw-2.bin\", "
		  "\"argument\": \"0='00ff'\"}");
	gate_called(202, "{\"results\":[{\"device\":\"gw1\",\"state\":\"waiting\","
		    "\"uri\":\"https://files/fw-2.bin\",\"install\":true,\"started\":");
	gate_heard_nothing();
	restart();
	enroll(1);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_REPLACE);
	assert_true(lwm2m_text_is(message.uri, "/5/0/1"));
	assert_true(lwm2m_text_is(message.payload, "https://files/fw-2.bin"));
	assert_int_equal(message.ct, LWM2M_CONTENT_TEXT);
	gate_call("/api/lwm2m/firmware", "{\"device\": \"gw1\", \"uri\": \"https://x/y\"}");
	gate_called(202, "\"error\":\"an update is under way\"");
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	is_in("downloading");
	ew_test_advance(gate.test, 2 * EW_SECOND);
	answer_state(1, 0);
	ew_test_advance(gate.test, 3 * EW_SECOND);
	answer_state(2, 0);
	is_in("downloaded");
	restart();
	ew_test_advance(gate.test, 2 * EW_SECOND);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_EXECUTE);
	assert_true(lwm2m_text_is(message.uri, "/5/0/2"));
	assert_true(lwm2m_text_is(message.payload, "0='00ff'"));
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	is_in("updating");
	/* it starts anew, and says that all is well */
	ew_test_advance(gate.test, 2 * EW_SECOND);
	(void)gate_heard("gw1");
	ew_test_advance(gate.test, 8 * EW_SECOND);
	enroll(3);
	ew_test_advance(gate.test, 4 * EW_SECOND);
	answer_state(0, 1);
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(200, "\"state\":\"done\"");
	gate_called(200, "\"device_state\":0,\"result\":1,");
	assert_true(gate_metric("firmware_updates_done_total") == 1);
	assert_true(gate_metric("firmware_updates") == 0);
	assert_non_null(strstr(gate_event("lwm2m.firmware"), "\"state\":\"done\""));
	ew_test_advance(gate.test, 60 * EW_SECOND);
	gate_heard_nothing();
	gate_call("/api/lwm2m/firmware", NULL);
	gate_called(200, "[{\"device\":\"gw1\",");
}

static void test_a_package_is_pushed_and_what_fails_is_told(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_call("/api/lwm2m/firmware",
		  "{\"device\": \"gw1\", \"package\": \"AQID/w==\", \"install\": false}");
	gate_called(202, "\"install\":false");
	restart();
	enroll(1);
	message = gate_heard("gw1");
	assert_true(lwm2m_text_is(message.uri, "/5/0/0"));
	assert_int_equal(message.ct, LWM2M_CONTENT_OPAQUE);
	assert_int_equal(message.payload.size, 4);
	assert_memory_equal(message.payload.at, "\x01\x02\x03\xff", 4);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	ew_test_advance(gate.test, 2 * EW_SECOND);
	answer_state(2, 0);
	is_in("downloaded");
	ew_test_advance(gate.test, 40 * EW_SECOND);
	gate_heard_nothing();
	gate_call("/api/lwm2m/firmware", "{\"device\": \"gw*\", \"uri\": \"https://x/y\"}");
	answer_next(LWM2M_OP_WRITE_REPLACE, "/5/0/1", LWM2M_CHANGED, NULL);
	ew_test_advance(gate.test, 2 * EW_SECOND);
	answer_state(0, 5);
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(200, "\"state\":\"failed\",\"error\":\"integrity check failed\"");
	gate_call("/api/lwm2m/firmware", "{\"device\": \"gw1\", \"uri\": \"https://x/y\"}");
	answer_next(LWM2M_OP_WRITE_REPLACE, "/5/0/1", LWM2M_NOT_ALLOWED, NULL);
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(200, "\"error\":\"the client refused the package: 405\"");
	assert_true(gate_metric("firmware_updates_failed_total") == 2);
}

static void test_an_update_can_be_cancelled_and_ends_in_time(void **state)
{
	(void)state;
	enroll(1);
	gate_call("/api/lwm2m/firmware", "{\"device\": \"gw1\", \"uri\": \"https://x/y\"}");
	answer_next(LWM2M_OP_WRITE_REPLACE, "/5/0/1", LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/firmware/cancel", "{\"device\": \"gw1\"}");
	gate_called(200, "\"error\":\"cancelled\"");
	answer_next(LWM2M_OP_EXECUTE, "/5/0/10", LWM2M_CHANGED, NULL);
	gate_call("/api/lwm2m/firmware/cancel", "{\"device\": \"gw1\"}");
	gate_called(200, "no update is under way");
	gate_call("/api/lwm2m/firmware",
		  "{\"device\": \"gw7\", \"uri\": \"https://x/y\", \"within\": 60}");
	ew_test_advance(gate.test, 95 * EW_SECOND);
	gate_call("/api/lwm2m/firmware/gw7", NULL);
	gate_called(200, "\"error\":\"its time is over\"");
	gate_say("gw2", gate_registration(1, "</1/0>"));
	gate_answered("gw2", 1, LWM2M_CREATED);
	gate_call("/api/lwm2m/firmware", "{\"device\": \"gw2\", \"uri\": \"https://x/y\"}");
	gate_call("/api/lwm2m/firmware/gw2", NULL);
	gate_called(200, "no object 5");
	gate_heard_nothing();
	/* three are remembered; one that is over makes room */
	gate_call("/api/lwm2m/firmware",
		  "{\"devices\": [\"gw8\", \"gw9\"], \"uri\": \"https://x/y\"}");
	gate_called(202, "\"device\":\"gw9\",\"state\":\"waiting\"");
	gate_call("/api/lwm2m/firmware/gw1", NULL);
	gate_called(404, "no firmware");
	gate_call("/api/lwm2m/firmware",
		  "{\"devices\": [\"gw3\", \"gw4\"], \"uri\": \"https://x/y\"}");
	gate_called(202, "\"device\":\"gw4\",\"state\":\"failed\","
		    "\"error\":\"too many are open\"}");
	ask_operator("firmware");
	assert_non_null(strstr(rows, "gw9"));
	ask_operator("clients gw2");
	assert_non_null(strstr(rows, "gw2"));
	assert_null(strstr(rows, "gw1"));
}

static void test_orders_that_make_no_sense_are_refused(void **state)
{
	static char large[8192];
	static const char *const wrong[][2] = {
		{"{\"device\": \"gw1\"}", "neither"},
		{"{\"device\": \"gw1\", \"uri\": \"a://b\", \"package\": \"AA==\"}", "both"},
		{"{\"device\": \"gw1\", \"uri\": \"nowhere\"}", "no URI"},
		{"{\"device\": \"gw1\", \"package\": \"?\"}", "base64"},
		{"{\"device\": \"gw1\", \"uri\": \"a://b\", \"install\": 1}", "`install`"},
		{"{\"device\": \"gw1\", \"uri\": \"a://b\", \"path\": \"/3\"}", "path"},
		{large, "larger"},
	};

	(void)state;
	(void)snprintf(large, sizeof(large), "{\"device\": \"gw1\", \"package\": \"%05000d\"}", 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		gate_call("/api/lwm2m/firmware", wrong[i][0]);
		gate_called(400, wrong[i][1]);
	}
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3\", \"uri\": \"a://b\"}");
	gate_called(400, "firmware");
	call("PUT", "/api/lwm2m/desired/a%2Fb",
	     "{\"device\": \"gw1\", \"values\": {\"/1/0/1\": 1}}");
	gate_called(400, "a name");
	call("PUT", "/api/lwm2m/desired/a", "{\"device\": \"gw1\", \"path\": \"/3\"}");
	gate_called(400, "no `value`");
	call("PUT", "/api/lwm2m/desired/a",
	     "{\"device\": \"gw1\", \"values\": {\"/3303/0/5700\": 1}}");
	gate_called(400, "cannot be written");
	call("DELETE", "/api/lwm2m/desired/a", NULL);
	gate_called(404, "no such");
	gate_call("/api/lwm2m/desired/a", NULL);
	gate_called(404, "no such");
}

/* ---- desired states ---- */

#define SET_POINT  "{\"device\": \"gw*\", \"values\": {\"/3308/0/5900\": 21.1}}"

static void has_status(const char *words)
{
	gate_call("/api/lwm2m/desired/warm", NULL);
	gate_called(200, words);
}

static void test_a_desired_state_is_applied_when_a_client_registers(void **state)
{
	(void)state;
	call("PUT", "/api/lwm2m/desired/warm", SET_POINT);
	gate_called(200, "{\"name\":\"warm\"}");
	gate_call("/api/lwm2m/desired", NULL);
	gate_called(200, "[{\"name\":\"warm\",\"desired\":" SET_POINT "}]");
	restart();
	enroll(1);
	answer_next(LWM2M_OP_READ, "/3308/0/5900", LWM2M_CONTENT, "18");
	answer_next(LWM2M_OP_WRITE_REPLACE, "/3308/0/5900", LWM2M_CHANGED, NULL);
	/* as a client with floats of 32 bits says it */
	answer_next(LWM2M_OP_READ, "/3308/0/5900", LWM2M_CONTENT, "21.10000038146973");
	has_status("\"status\":[{\"device\":\"gw1\",\"state\":\"applied\",\"result\":205,");
	assert_true(gate_metric("desired_applied_total") == 1);
	assert_non_null(strstr(gate_event("lwm2m.desired"), "\"state\":\"applied\""));
	gate_request("gw1", LWM2M_OP_UPDATE, 3);
	gate_answered("gw1", 3, LWM2M_CHANGED);
	gate_heard_nothing();
	/* it has the value already */
	enroll(5);
	answer_next(LWM2M_OP_READ, "/3308/0/5900", LWM2M_CONTENT, "21.1");
	gate_heard_nothing();
	assert_true(gate_metric("desired_applied_total") == 2);
	call("DELETE", "/api/lwm2m/desired/warm", NULL);
	gate_called(200, "warm");
	enroll(7);
	gate_heard_nothing();
	restart();
	gate_call("/api/lwm2m/desired", NULL);
	gate_called(200, "[]");
}

static void test_a_client_that_does_not_take_it_is_told(void **state)
{
	(void)state;
	enroll(1);
	call("PUT", "/api/lwm2m/desired/warm", SET_POINT);
	answer_next(LWM2M_OP_READ, NULL, LWM2M_NOT_FOUND, NULL);
	answer_next(LWM2M_OP_WRITE_REPLACE, NULL, LWM2M_NOT_ALLOWED, NULL);
	has_status("\"state\":\"failed\",\"result\":405,");
	ask_operator("desired");
	assert_non_null(strstr(rows, "failed"));
	enroll(3);
	answer_next(LWM2M_OP_READ, NULL, LWM2M_CONTENT, "1");
	answer_next(LWM2M_OP_WRITE_REPLACE, NULL, LWM2M_CHANGED, NULL);
	answer_next(LWM2M_OP_READ, NULL, LWM2M_CONTENT, "1");
	has_status("\"state\":\"differs\"");
	/* silent: it is asked again with its next Update */
	enroll(5);
	(void)gate_heard("gw1");
	ew_test_advance(gate.test, 11 * EW_SECOND);
	has_status("\"state\":\"pending\"");
	gate_request("gw1", LWM2M_OP_UPDATE, 7);
	gate_answered("gw1", 7, LWM2M_CHANGED);
	answer_next(LWM2M_OP_READ, NULL, LWM2M_CONTENT, "21.1");
	has_status("\"state\":\"applied\"");
	/* said anew while it is being applied: the old one is forgotten */
	enroll(9);
	(void)gate_heard("gw1");
	call("PUT", "/api/lwm2m/desired/warm",
	     "{\"device\": \"gw1\", \"values\": {\"/3308/0/5900\": 5}}");
	ew_test_advance(gate.test, 11 * EW_SECOND);
	has_status("\"state\":\"pending\"");
	assert_true(gate_metric("desired_unapplied_total") == 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_client_pulls_its_firmware_and_runs_it,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_package_is_pushed_and_what_fails_is_told,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_an_update_can_be_cancelled_and_ends_in_time,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_orders_that_make_no_sense_are_refused,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_a_desired_state_is_applied_when_a_client_registers,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_client_that_does_not_take_it_is_told,
						gate_begin, gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
