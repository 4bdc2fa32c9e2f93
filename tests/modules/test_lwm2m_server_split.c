/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m_server module and clients of the split profile, beside one of the
 * binding's: what is answered, asked and told; and what is not theirs to say.
 */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

#define REG  "{\"id\":1,\"endpoint\":\"gw1\",\"lifetime\":60,\"version\":\"1.2\"," \
	     "\"bindingMode\":\"UQ\",\"objects\":{\"3\":{\"0\":{\"0\":\"Acme\"}},"   \
	     "\"4\":{\"0\":{}},\"3303\":{\"0\":{}}}}"

static void say(const char *topic, const char *text)
{
	char whole[128];

	(void)snprintf(whole, sizeof(whole), "t/lwm2m/%s", topic);
	gate_say_bytes(whole, text, strlen(text), false);
}

/* The next message of the server is on this topic, and has this in it. */
static void heard(const char *topic, const char *part)
{
	static char text[8192];
	const struct ew_test_sent *sent = ew_test_sent(gate.test, "main", gate.looked++);
	char whole[128];

	assert_non_null(sent);
	(void)snprintf(whole, sizeof(whole), "t/lwm2m/%s", topic);
	assert_string_equal(sent->topic, whole);
	assert_true(sent->payload_size < sizeof(text));
	memcpy(text, sent->payload, sent->payload_size);
	text[sent->payload_size] = '\0';
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in %s", part, text);
	}
}

static void enroll(void)
{
	say("gw1/reg", REG);
	heard("gw1/resp/reg", "\"result\":201,\"status\":\"registered\",\"location\":\"/rd/gw1\","
	      "\"lifetime\":60");
	gate_heard_nothing();
}

/* Id of the next message on a topic, for its answer. */
static unsigned asked(const char *topic)
{
	const struct ew_test_sent *sent = ew_test_sent(gate.test, "main", gate.looked);
	unsigned id = 0;

	heard(topic, "{\"id\":");
	assert_int_equal(sscanf(sent->payload, "{\"id\":%u", &id), 1);
	return id;
}

static void test_a_client_registers_updates_and_leaves(void **state)
{
	(void)state;
	enroll();
	assert_non_null(strstr(gate_event("lwm2m.data"), "\"how\":\"update\""));
	say("gw1/update", "{\"endpoint\":\"gw1\",\"objects\":{\"4\":{\"0\":{\"2\":42}}}}");
	heard("gw1/resp/update", "{\"result\":204,\"status\":\"updated\"");
	assert_non_null(strstr(gate_event("lwm2m.data"), "/4/0/2"));
	say("gw1/upd", "{\"id\":5,\"lifetime\":30}");
	heard("gw1/resp/update", "{\"id\":5,\"result\":204");
	assert_int_equal(gate_metric("device_updates_total"), 2);
	say("gw1/dereg", "{}");
	heard("gw1/resp/dereg", "\"status\":\"deregistered\"");
	assert_int_equal(gate_metric("active_devices"), 0);
	say("gw1/update", "{}");
	heard("gw1/resp/update", "{\"result\":404,\"status\":\"error\"");
}

static void test_a_registration_expires_unless_bulk_keeps_it(void **state)
{
	(void)state;
	enroll();
	for (int i = 0; i < 4; i++) {
		ew_test_advance(gate.test, 40 * EW_SECOND);
		say("gw1/bulk", "{\"bulk_operations\":[{\"operation\":\"update\",\"lifetime\":60,"
		    "\"objects\":{\"3303\":{\"0\":{\"5700\":21.5}}}},"
		    "{\"operation\":\"execute\",\"objects\":{}}]}");
		heard("gw1/resp/bulk", "{\"result\":204,\"status\":\"bulk_processed\","
		      "\"bulk_size\":2,\"processed_operations\":1");
	}
	assert_int_equal(gate_metric("bulk_operations_total"), 4);
	assert_int_equal(gate_metric("bulk_operations_throughput_total"), 4);
	ew_test_advance(gate.test, 61 * EW_SECOND);
	assert_int_equal(gate_metric("device_expiries_total"), 1);
	say("gw1/bulk", "{\"id\":7,\"bulk_operations\":[]}");
	heard("gw1/resp/bulk", "{\"id\":7,\"result\":404,\"status\":\"error\"");
}

static void test_what_is_asked_goes_out_in_the_profile_of_the_client(void **state)
{
	char text[128];

	(void)state;
	enroll();
	gate_enroll("gw2");
	gate_call("/api/lwm2m/read", "{\"devices\": [\"gw1\", \"gw2\"], \"path\": \"/3/0/0\"}");
	(void)snprintf(text, sizeof(text), "{\"id\":%u,\"result\":205,\"path\":\"/3/0/0\","
		       "\"value\":\"Acme\"}", asked("gw1/cmd/read"));
	gate_answer("gw2", gate_heard("gw2").token, LWM2M_CONTENT, "Other");
	say("gw1/resp/read", text);
	gate_called(200, "\"value\":\"Acme\"");
	gate_call("/api/lwm2m/write", "{\"device\": \"gw1\", \"path\": \"/3303/0/5750\", "
		  "\"value\": \"hall\"}");
	heard("gw1/cmd/write", "\"path\":\"/3303/0/5750\",\"objectId\":3303,\"instanceId\":0,"
	      "\"resourceId\":5750,\"value\":\"hall\"");
	say("gw1/resp/write", "{\"status\":\"success\"}");
	gate_called(200, "\"result\":204");
}

static void test_an_older_client_answers_without_an_id(void **state)
{
	(void)state;
	enroll();
	gate_call("/api/lwm2m/read", "{\"device\": \"gw1\", \"path\": \"/3/0/0\"}");
	heard("gw1/cmd/read", "\"objectId\":3,\"instanceId\":0,\"resourceId\":0");
	say("gw1/resp/write", "{\"status\":\"success\"}");
	say("gw1/resp/read", "{\"objectId\":3,\"instanceId\":0,\"resourceId\":1,\"value\":\"x\"}");
	assert_int_equal(gate_metric("late_results_total"), 2);
	say("gw1/resp/read", "{\"objectId\":3,\"instanceId\":0,\"resourceId\":0,"
	    "\"value\":\"Acme\"}");
	gate_called(200, "\"value\":\"Acme\"");
}

static void test_what_is_observed_is_notified(void **state)
{
	char text[128];
	unsigned id;

	(void)state;
	enroll();
	gate_call("/api/lwm2m/observe", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\"}");
	id = asked("gw1/cmd/observe");
	(void)snprintf(text, sizeof(text), "{\"id\":%u,\"result\":205,\"path\":\"/3303/0/5700\","
		       "\"value\":21.5}", id);
	say("gw1/resp/observe", text);
	gate_called(200, "\"value\":21.5");
	(void)snprintf(text, sizeof(text), "{\"id\":%u,\"path\":\"/3303/0/5700\",\"value\":22.5}",
		       id);
	say("gw1/resp/notify", text);
	assert_non_null(strstr(gate_event("lwm2m.data"), "\"how\":\"notify\""));
	say("gw1/resp/notify", "{\"id\":4242,\"path\":\"/3303/0/5700\",\"value\":22.5}");
	heard("gw1/cmd/cancel", "{\"id\":4242");
}

/* Each profile has its own topics, which a certificate may or may not write to. */
static void test_what_is_not_theirs_comes_to_nothing(void **state)
{
	(void)state;
	enroll();
	/* registered in the one profile, it says nothing in the other */
	gate_request("gw1", LWM2M_OP_DEREGISTER, 3);
	gate_answered("gw1", 3, LWM2M_NOT_FOUND);
	assert_int_equal(gate_metric("active_devices"), 1);
	say("gw1/update", "{\"id\":5,\"endpoint\":\"gw2\"}");
	heard("gw1/resp/update", "\"result\":400");
	say("gw1/reg", "{\"id\":7,\"endpoint\":\"gw1\",\"lifetime\":60,\"version\":\"9.9\"}");
	heard("gw1/resp/reg", "\"result\":412");
	say("gw1/reg", "{\"id\":9,");
	assert_int_equal(gate_metric("malformed_total"), 1);
	say("gw1/resp/reg", "{\"status\":\"registered\"}");
	assert_int_equal(gate_metric("echoes_total"), 1);
	gate_heard_nothing();
}

static void test_a_message_over_the_limit_is_refused(void **state)
{
	char text[5000];

	(void)state;
	enroll();
	(void)snprintf(text, sizeof(text), "{\"id\":3,\"x\":\"%04500d\"}", 0);
	say("gw1/bulk", text);
	heard("gw1/resp/bulk", "{\"result\":413,\"status\":\"error\"");
	say("gw1/resp/read", text);
	assert_int_equal(gate_metric("malformed_total"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_not_theirs_comes_to_nothing,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_message_over_the_limit_is_refused,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_a_client_registers_updates_and_leaves,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_a_registration_expires_unless_bulk_keeps_it, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_what_is_asked_goes_out_in_the_profile_of_the_client, gate_begin,
			gate_end),
		cmocka_unit_test_setup_teardown(test_an_older_client_answers_without_an_id,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_what_is_observed_is_notified, gate_begin,
						gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
