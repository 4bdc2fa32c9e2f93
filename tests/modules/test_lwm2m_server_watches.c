/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m_server module and observations of clients that begin anew and do
 * not answer at once: none is lost.
 */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

/* The client observes /3303/0/5700; the token of it. */
static uint64_t observe(void)
{
	struct lwm2m_message message;

	gate_enroll("gw1");
	gate_call("/api/lwm2m/observe", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\"}");
	message = gate_heard("gw1");
	gate_answer("gw1", message.token, LWM2M_CONTENT, "21.5");
	gate_called(200, "\"observation\":");
	return message.token;
}

static void begin_anew(void)
{
	gate_say("gw1", gate_registration(41, "</3303/0>"));
	gate_answered("gw1", 41, LWM2M_CREATED);
}

static void hear_observe(uint64_t token)
{
	struct lwm2m_message message = gate_heard("gw1");

	assert_int_equal(message.operation, LWM2M_OP_OBSERVE);
	assert_int_equal(message.token, token);
	assert_true(lwm2m_text_is(message.uri, "/3303/0/5700"));
	gate_heard_nothing();
}

/* Keep the registration alive for so long. */
static void pass(ew_dur time, uint64_t *token)
{
	ew_test_advance(gate.test, time);
	*token += 2;
	gate_request("gw1", LWM2M_OP_UPDATE, *token);
	gate_answered("gw1", *token, LWM2M_CHANGED);
}

static void test_a_silent_client_is_asked_again_with_its_next_update(void **state)
{
	uint64_t token = observe();
	uint64_t update = 101;

	(void)state;
	begin_anew();
	hear_observe(token);
	/* it begins anew once more: what it was asked is void */
	gate_request("gw1", LWM2M_OP_UPDATE, 43);
	gate_answered("gw1", 43, LWM2M_CHANGED);
	gate_heard_nothing();
	gate_say("gw1", gate_registration(45, "</3303/0>"));
	gate_answered("gw1", 45, LWM2M_CREATED);
	hear_observe(token);
	assert_true(gate_metric("open_requests") == 1);
	assert_true(gate_metric("observations") == 0);
	assert_true(gate_metric("pending_observations") == 1);
	/* while an answer may come it is asked once */
	pass(20 * EW_SECOND, &update);
	gate_heard_nothing();
	pass(20 * EW_SECOND, &update);
	hear_observe(token);
	gate_answer("gw1", token, LWM2M_NOT_FOUND, NULL);
	assert_true(gate_metric("pending_observations") == 1);
	gate_call("/api/lwm2m/devices/gw1", NULL);
	gate_called(200, "\"path\":\"/3303/0/5700\",\"pending\":true}");
	pass(EW_SECOND, &update);
	hear_observe(token);
	gate_answer("gw1", token, LWM2M_CONTENT, "23.5");
	assert_true(gate_metric("observations") == 1);
	assert_true(gate_metric("pending_observations") == 0);
	assert_true(ew_test_number(gate.test, "gw1:Temperature/0/Sensor Value") == 23.5);
	pass(40 * EW_SECOND, &update);
	gate_heard_nothing();
}

static void test_without_updates_it_is_asked_at_longer_intervals(void **state)
{
	uint64_t token = observe();

	(void)state;
	begin_anew();
	hear_observe(token);
	ew_test_advance(gate.test, 59 * EW_SECOND);
	gate_heard_nothing();
	ew_test_advance(gate.test, 2 * EW_SECOND);
	hear_observe(token);
	ew_test_advance(gate.test, 118 * EW_SECOND);
	gate_heard_nothing();
	ew_test_advance(gate.test, 3 * EW_SECOND);
	hear_observe(token);
	gate_answer("gw1", token, LWM2M_CONTENT, "1");
	assert_true(gate_metric("observations") == 1);
}

static void test_what_is_pending_is_so_after_a_restart(void **state)
{
	uint64_t token = observe();

	(void)state;
	begin_anew();
	hear_observe(token);
	assert_int_equal(ew_test_stop(gate.test, "gate"), 0);
	assert_int_equal(ew_test_run(gate.test, "gate"), 0);
	ew_test_advance(gate.test, 2 * EW_SECOND);
	hear_observe(token);
	gate_answer("gw1", token, LWM2M_CONTENT, "24.5");
	assert_true(gate_metric("observations") == 1);
	assert_true(ew_test_number(gate.test, "gw1:Temperature/0/Sensor Value") == 24.5);
	/* and what was confirmed is not asked for */
	assert_int_equal(ew_test_stop(gate.test, "gate"), 0);
	assert_int_equal(ew_test_run(gate.test, "gate"), 0);
	ew_test_advance(gate.test, 2 * EW_SECOND);
	gate_heard_nothing();
}

static void test_what_is_pending_can_be_cancelled(void **state)
{
	uint64_t token = observe();
	char body[128];

	(void)state;
	begin_anew();
	hear_observe(token);
	(void)snprintf(body, sizeof(body), "{\"device\": \"gw1\", \"observation\": %u}",
		       (unsigned)token);
	gate_call("/api/lwm2m/cancel", body);
	assert_true(gate_metric("pending_observations") == 0);
	assert_int_equal(gate_heard("gw1").operation, LWM2M_OP_CANCEL_OBSERVE);
	/* the Observe is answered first: it does not come back */
	gate_answer("gw1", token, LWM2M_CONTENT, "1");
	gate_answer("gw1", token, LWM2M_CONTENT, NULL);
	gate_called(200, "\"state\":\"done\"");
	assert_true(gate_metric("observations") == 0);
	ew_test_advance(gate.test, 130 * EW_SECOND);
	gate_heard_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_silent_client_is_asked_again_with_its_next_update,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_without_updates_it_is_asked_at_longer_intervals,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_what_is_pending_is_so_after_a_restart,
						gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(test_what_is_pending_can_be_cancelled,
						gate_begin, gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
