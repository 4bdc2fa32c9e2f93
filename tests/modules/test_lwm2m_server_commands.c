/* SPDX-License-Identifier: Apache-2.0 */
/* The lwm2m_server module: writes of the bus to clients, and what became of them. */
#include "tests/modules/lwm2m_gate.h"

#include <errno.h>
#include <string.h>

#define SET_POINT  "gw1:Set Point/0/Set Point Value"
#define LIFETIME   "gw1:LwM2M Server/0/Lifetime"

/* A value of a path comes, so that it has a tag. */
static void learn(const char *endpoint, const char *body, const char *value)
{
	gate_call("/api/lwm2m/read", body);
	gate_answer(endpoint, gate_heard(endpoint).token, LWM2M_CONTENT, value);
}

static void begin(void)
{
	gate_enroll("gw1");
	learn("gw1", "{\"device\": \"gw1\", \"path\": \"/3308/0/5900\"}", "20");
	assert_true(ew_test_number(gate.test, SET_POINT) == 20);
}

static void write_items(enum ew_write_op op, const struct ew_sample *items, size_t count)
{
	const struct ew_write_request request = {
		.size = sizeof(request), .op = op, .items = items, .count = count,
		.priority = EW_PRIORITY_OPERATOR, .timeout = 5 * EW_SECOND,
	};

	assert_int_equal(ew_write(ew_test_begin(gate.test), &request), 0);
	ew_test_end(gate.test);
	ew_test_advance(gate.test, EW_MILLISECOND);
}

static struct ew_sample item(const char *tag, double value)
{
	struct ew_sample sample = ew_sample_f64(ew_test_tag(gate.test, tag), 0, value);

	assert_int_not_equal(sample.tag, EW_NO_ID);
	return sample;
}

static void set(const char *tag, double value)
{
	const struct ew_sample sample = item(tag, value);

	write_items(EW_WRITE_SET, &sample, 1);
}

/* So many writes were answered, the last one like this. */
static void answered(size_t count, enum ew_write_result result, int error)
{
	const struct ew_test_record *last = NULL;

	for (size_t i = 0; ew_test_record(gate.test, i) != NULL; i++) {
		if (ew_test_record(gate.test, i)->kind == EW_TEST_ANSWER) {
			last = ew_test_record(gate.test, i);
			count--;
		}
	}
	assert_non_null(last);
	assert_int_equal(count, 0);
	assert_int_equal(last->answer.status[0].result, result);
	assert_int_equal(last->answer.status[0].error, error);
}

static void test_a_write_of_the_bus_is_done_when_the_client_says_so(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin();
	set(SET_POINT, 21.5);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_REPLACE);
	assert_true(lwm2m_text_is(message.uri, "/3308/0/5900"));
	assert_int_equal(ew_test_count(gate.test, EW_TEST_ANSWER, NULL), 0);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	answered(1, EW_WRITE_DONE, 0);
	assert_true(gate_metric("commands_done_total") == 1);
	assert_true(ew_test_number(gate.test, SET_POINT) == 21.5);
	gate_heard_nothing();
}

static void test_what_changes_after_a_request_is_newer_than_it(void **state)
{
	/* 22 at /3308/0/5900, a second after the world began */
	static const char later[] = "\x81\xa3\x21\x6c/3308/0/5900\x22\x1a\x69\x55\xb9\x01\x02\x16";
	uint64_t token;

	(void)state;
	begin();
	set(SET_POINT, 21.5);
	token = gate_heard("gw1").token;
	ew_test_advance(gate.test, 2 * EW_SECOND);
	gate_say("gw1", (struct lwm2m_message){
		.has = H(OPERATION) | H(CT) | H(PAYLOAD), .operation = LWM2M_OP_SEND, .token = 31,
		.ct = 112, .payload = {later, sizeof(later) - 1},
	});
	gate_answered("gw1", 31, LWM2M_CHANGED);
	assert_true(ew_test_number(gate.test, SET_POINT) == 22);
	gate_answer("gw1", token, LWM2M_CHANGED, NULL);
	answered(1, EW_WRITE_DONE, 0);
	assert_true(ew_test_number(gate.test, SET_POINT) == 22);
}

static void test_a_client_that_says_no_refuses_and_a_silent_one_is_unknown(void **state)
{
	(void)state;
	begin();
	set(SET_POINT, 1);
	gate_answer("gw1", gate_heard("gw1").token, LWM2M_NOT_ALLOWED, NULL);
	answered(1, EW_WRITE_REFUSED, -EACCES);
	set(SET_POINT, 2);
	(void)gate_heard("gw1");
	ew_test_advance(gate.test, 6 * EW_SECOND);
	answered(2, EW_WRITE_UNKNOWN, -ETIMEDOUT);
	assert_true(gate_metric("commands_unknown_total") == 1);
	gate_request("gw1", LWM2M_OP_DEREGISTER, 7);
	gate_answered("gw1", 7, LWM2M_DELETED);
	set(SET_POINT, 3);
	answered(3, EW_WRITE_REFUSED, -EHOSTDOWN);
	gate_heard_nothing();
	assert_true(gate_metric("commands_refused_total") == 2);
}

static void test_what_cannot_be_written_is_refused_by_the_bus(void **state)
{
	(void)state;
	gate_enroll("gw1");
	learn("gw1", "{\"device\": \"gw1\", \"path\": \"/3303/0/5700\"}", "20");
	set("gw1:Temperature/0/Sensor Value", 1);
	answered(1, EW_WRITE_REFUSED, -EACCES);
	gate_heard_nothing();
}

static void test_several_tags_of_a_client_are_one_request(void **state)
{
	struct ew_sample items[2];
	struct lwm2m_message message;

	(void)state;
	begin();
	learn("gw1", "{\"device\": \"gw1\", \"path\": \"/1/0/1\"}", "60");
	items[0] = item(SET_POINT, 5);
	items[1] = ew_sample_i64(ew_test_tag(gate.test, LIFETIME), 0, 300);
	write_items(EW_WRITE_SET, items, 2);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_WRITE_COMPOSITE);
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	answered(1, EW_WRITE_DONE, 0);
	assert_true(ew_test_number(gate.test, SET_POINT) == 5);
	assert_true(ew_test_number(gate.test, LIFETIME) == 300);
	/* of two clients: not all or none */
	gate_enroll("gw2");
	learn("gw2", "{\"device\": \"gw2\", \"path\": \"/3308/0/5900\"}", "1");
	items[1] = item("gw2:Set Point/0/Set Point Value", 5);
	write_items(EW_WRITE_SET, items, 2);
	answered(2, EW_WRITE_REFUSED, -EXDEV);
	gate_heard_nothing();
}

static void test_what_can_be_executed_has_a_tag_once_it_is_discovered(void **state)
{
	struct lwm2m_message message;
	struct ew_sample sample;

	(void)state;
	begin();
	assert_int_equal(ew_test_tag(gate.test, "gw1:Device/0/Reboot"), EW_NO_ID);
	gate_call("/api/lwm2m/discover", "{\"device\": \"gw1\", \"path\": \"/3\"}");
	gate_say("gw1", (struct lwm2m_message){
		.has = H(RESULT) | H(CT) | H(PAYLOAD), .token = gate_heard("gw1").token,
		.result = 205, .ct = 40, .payload = gate_words("</3>;ver=1.2,</3/0/0>,</3/0/4>"),
	});
	sample = ew_sample_none(ew_test_tag(gate.test, "gw1:Device/0/Reboot"), 0);
	write_items(EW_WRITE_EXECUTE, &sample, 1);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_EXECUTE);
	assert_true(lwm2m_text_is(message.uri, "/3/0/4"));
	gate_answer("gw1", message.token, LWM2M_CHANGED, NULL);
	answered(1, EW_WRITE_DONE, 0);
	sample.tag = ew_test_tag(gate.test, SET_POINT);
	write_items(EW_WRITE_REFRESH, &sample, 1);
	message = gate_heard("gw1");
	assert_int_equal(message.operation, LWM2M_OP_READ);
	gate_answer("gw1", message.token, LWM2M_CONTENT, "17");
	answered(2, EW_WRITE_DONE, 0);
	assert_true(ew_test_number(gate.test, SET_POINT) == 17);
	gate_heard_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_write_of_the_bus_is_done_when_the_client_says_so,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_what_changes_after_a_request_is_newer_than_it,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_a_client_that_says_no_refuses_and_a_silent_one_is_unknown,
			gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_what_cannot_be_written_is_refused_by_the_bus, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_several_tags_of_a_client_are_one_request, gate_begin, gate_end),
		cmocka_unit_test_setup_teardown(
			test_what_can_be_executed_has_a_tag_once_it_is_discovered,
			gate_begin, gate_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
