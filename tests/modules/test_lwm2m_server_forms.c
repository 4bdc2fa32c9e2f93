/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m_server module: what there is (definitions, what a client has), SenML
 * in and out, and names with a star.
 */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

#define SENML  "application/senml+json"

/* A call that says, or wants, SenML. */
static void call_senml(const char *target, const char *header, const char *body)
{
	const struct ew_http_header headers[] = {{header, SENML}};
	const struct ew_test_request request = {
		.size = sizeof(request), .method = "POST", .target = target,
		.role = EW_ROLE_OPERATOR, .headers = headers, .header_count = 1, .body = body,
		.body_size = strlen(body),
	};

	ew_test_client_free(&gate.caller);
	gate.caller = ew_test_send(gate.test, &request);
}

static void test_definitions_can_be_asked_for(void **state)
{
	(void)state;
	gate_call("/api/lwm2m/objects", NULL);
	gate_called(200, "{\"id\":3,\"name\":\"Device\",\"version\":\"1.2\",\"multiple\":false,"
		    "\"source\":\"built in\"}");
	gate_call("/api/lwm2m/objects/3303", NULL);
	gate_called(200, "{\"id\":5700,\"name\":\"Sensor Value\",\"type\":\"float\","
		    "\"operations\":\"R\",\"multiple\":false,\"mandatory\":true}");
	gate_call("/api/lwm2m/objects/temperature", NULL);
	gate_called(200, "{\"id\":3303,\"name\":\"Temperature\"");
	gate_call("/api/lwm2m/objects/4711", NULL);
	gate_called(404, "no such object");
	gate_call("/api/lwm2m/objects/Device%2F0", NULL);
	gate_called(404, "no such object");
}

static void test_the_tree_has_what_was_registered_and_what_came(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_call("/api/lwm2m/devices/gw1/objects", NULL);
	gate_called(404, "not registered");
	gate_say("gw1", gate_registration(1, "</>;ct=112,</1/0>,</3/0>,</3303>,</4711/2>"));
	gate_answered("gw1", 1, LWM2M_CREATED);
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	message = gate_heard("gw1");
	gate_answer("gw1", message.token, LWM2M_CONTENT, "edgeway");
	gate_call("/api/lwm2m/devices/gw1/objects", NULL);
	gate_called(200, "{\"endpoint\":\"gw1\",\"devices\":[{\"prefix\":\"\",\"objects\":["
		    "{\"id\":1,\"name\":\"LwM2M Server\",\"instances\":[{\"id\":0,\"resources\":"
		    "[]}]},"
		    "{\"id\":3,\"name\":\"Device\",\"instances\":[{\"id\":0,\"resources\":["
		    "{\"id\":0,\"name\":\"Manufacturer\"}]}]},"
		    "{\"id\":3303,\"name\":\"Temperature\",\"instances\":[]},"
		    "{\"id\":4711,\"instances\":[{\"id\":2,\"resources\":[]}]}]}]}");
}

static void test_an_answer_can_be_senml(void **state)
{
	struct lwm2m_message message;

	(void)state;
	gate_enroll("gw1");
	call_senml("/api/lwm2m/read", "Accept", "{\"device\": \"gw1\", \"path\": \"/1/0/1\"}");
	message = gate_heard("gw1");
	gate_answer("gw1", message.token, LWM2M_CONTENT, "60");
	gate_called(200, "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":60}]");
	assert_string_equal(ew_test_client_header(gate.caller, "Content-Type"), SENML);
	call_senml("/api/lwm2m/read", "Accept", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	gate_answer("gw1", gate_heard("gw1").token, LWM2M_NOT_FOUND, NULL);
	gate_called(404, "{\"error\":\"not found\"}");
	call_senml("/api/lwm2m/read", "Accept", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	(void)gate_heard("gw1");
	ew_test_advance(gate.test, 11 * EW_SECOND);
	gate_called(504, "did not answer");
	call_senml("/api/lwm2m/read", "Accept", "{\"device\": \"gw9\", \"path\": \"/3/0/0\"}");
	gate_called(404, "not registered");
	call_senml("/api/lwm2m/read", "Accept",
		   "{\"devices\": [\"gw1\", \"gw2\"], \"path\": \"/3/0/0\"}");
	gate_called(400, "one device");
	gate_heard_nothing();
}

static void test_values_can_be_senml(void **state)
{
	static const char pack[] = "[{\"bn\":\"/3308/0/\",\"n\":\"5900\",\"v\":21},"
				   "{\"n\":\"5750\",\"vs\":\"C\\u0065l\"}]";
	static const char *const wrong[][3] = {
		{"?device=gw1", "{}", "not a SenML pack"},
		{"?device=gw1", "[]", "no records"},
		{"?device=gw1", "[{\"n\":\"/3308/0/5900\"}]", "no value"},
		{"?device=gw1", "[{\"n\":\"/3308/0/5900\",\"vs\":\"x\"}]", "type"},
		{"?device=gw1", "[{\"n\":\"/1/0/26\",\"v\":2}]", "range"},
		{"?device=gw1", "[{\"n\":\"/3303/0/5700\",\"v\":2}]", "cannot be written"},
		{"", "[{\"n\":\"/3308/0/5900\",\"v\":2}]", "no `device`"},
		{"?device=a%2Fb", "[{\"n\":\"/3308/0/5900\",\"v\":2}]", "not the name"},
		{"?device=gw1&queue=x", "[{\"n\":\"/3308/0/5900\",\"v\":2}]", "`queue`"},
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	struct lwm2m_message message;
	struct lwm2m_source source;

	(void)state;
	gate_enroll("gw1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char target[64];

		(void)snprintf(target, sizeof(target), "/api/lwm2m/write%s", wrong[i][0]);
		call_senml(target, "Content-Type", wrong[i][1]);
		gate_called(400, wrong[i][2]);
	}
	gate_heard_nothing();
	call_senml("/api/lwm2m/write?device=gw1", "Content-Type", pack);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_COMPOSITE);
	source = (struct lwm2m_source){.bytes = message.payload.at, .size = message.payload.size};
	assert_int_equal(lwm2m_decoder_begin(&decoder, (unsigned)message.ct, &source), 0);
	assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
	assert_int_equal(record.path.ids[2], 5900);
	assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
	assert_true(lwm2m_text_is((struct lwm2m_text){record.value.v.x.at, record.value.v.x.size},
				  "Cel"));
	assert_int_equal(lwm2m_decoder_next(&decoder, &record), 0);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	gate_called(200, "\"state\":\"done\",\"result\":204");
}

static void test_clients_come_in_pages(void **state)
{
	(void)state;
	gate_enroll("line-1");
	gate_enroll("line-2");
	gate_enroll("gw1");
	gate_call("/api/lwm2m/devices?limit=1", NULL);
	gate_called(200, "[{\"endpoint\":\"gw1\",");
	assert_null(strstr(ew_test_client_body(gate.caller, NULL), "line"));
	gate_call("/api/lwm2m/devices?after=gw1&limit=5", NULL);
	gate_called(200, "[{\"endpoint\":\"line-2\",");
	gate_called(200, "{\"endpoint\":\"line-1\",");
	gate_call("/api/lwm2m/devices?after=line-1", NULL);
	gate_called(200, "[]");
	gate_call("/api/lwm2m/devices?after=x", NULL);
	gate_called(404, "not registered");
	gate_call("/api/lwm2m/devices?limit=0", NULL);
	gate_called(400, "limit");
}

static void test_a_star_is_every_client_that_matches(void **state)
{
	(void)state;
	gate_enroll("line-1");
	gate_enroll("line-2");
	gate_enroll("gw1");
	gate_call("/api/lwm2m/read", "{\"device\": \"line-*\", \"path\": \"/3/0/0\"}");
	gate_answer("line-2", gate_heard("line-2").token, LWM2M_CONTENT, "two");
	assert_int_equal(ew_test_client_status(gate.caller), 0);
	gate_answer("line-1", gate_heard("line-1").token, LWM2M_CONTENT, "one");
	gate_heard_nothing();
	gate_called(200, "\"device\":\"line-1\"");
	gate_called(200, "\"device\":\"line-2\"");
	assert_true(gate_metric("bulk_operations_total") == 1);
	gate_call("/api/lwm2m/read", "{\"device\": \"pump-*\", \"path\": \"/3/0/0\"}");
	gate_called(200, "{\"results\":[]}");
}

static void test_a_caller_that_leaves_leaves_nothing_behind(void **state)
{
	struct lwm2m_message first, second;

	(void)state;
	gate_enroll("gw1");
	gate_enroll("gw2");
	gate_call("/api/lwm2m/read", "{\"devices\": [\"gw1\", \"gw2\"], \"path\": \"/1/0/1\"}");
	first = gate_heard("gw1");
	second = gate_heard("gw2");
	gate_answer("gw1", first.token, LWM2M_CONTENT, "60");
	ew_test_client_free(&gate.caller);
	assert_true(gate_metric("open_requests") == 1);
	assert_true(gate_metric("http_requests_total") == 0);
	gate_answer("gw2", second.token, LWM2M_CONTENT, "90");
	assert_true(gate_metric("open_requests") == 0);
	assert_true(gate_metric("http_requests_total") == 1);
	/* what came is on the bus all the same */
	assert_true(ew_test_number(gate.test, "gw2:LwM2M Server/0/Lifetime") == 90);
	/* and one who is still there when the server stops */
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/1/0/1\"}");
	(void)gate_heard("gw1");
	assert_int_equal(ew_test_stop(gate.test, "gate"), 0);
	gate_called(503, "error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_definitions_can_be_asked_for,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_the_tree_has_what_was_registered_and_what_came, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_an_answer_can_be_senml, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_values_can_be_senml, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_caller_that_leaves_leaves_nothing_behind,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_clients_come_in_pages, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_star_is_every_client_that_matches,
						gate_begin, gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
