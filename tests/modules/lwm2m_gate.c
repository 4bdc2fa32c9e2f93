/* SPDX-License-Identifier: Apache-2.0 */
/* A world for tests of the lwm2m_server module: see lwm2m_gate.h. */
#include "tests/modules/lwm2m_gate.h"

#include <stdio.h>
#include <string.h>

struct gate gate;

int gate_begin(void **state)
{
	(void)state;
	gate.looked = 0;
	assert_int_equal(ew_test_new(&gate.test), 0);
	assert_int_equal(ew_test_config(gate.test, "uplink: {servers: ['mqtt://broker'], "
						   "plaintext: yes}\n"), 0);
	assert_int_equal(ew_test_load(gate.test, &ew_module, "gate",
				      "prefix: t\nclients: 3\nrequests: 4\n"
				      "observations: 2\nmessage_max: 4KiB\n"), 0);
	if (ew_test_start(gate.test) != 0) {
		fail_msg("%s", ew_test_error(gate.test));
	}
	return 0;
}

int gate_end(void **state)
{
	(void)state;
	ew_test_client_free(&gate.caller);
	ew_test_free(&gate.test);
	return 0;
}

struct lwm2m_text gate_words(const char *text)
{
	return (struct lwm2m_text){text, strlen(text)};
}

void gate_say_bytes(const char *topic, const void *bytes, size_t size, bool retain)
{
	const struct ew_uplink_message sent = {
		.size = sizeof(sent), .topic = topic, .payload = bytes, .payload_size = size,
		.qos = 1, .retain = retain,
	};

	assert_int_equal(ew_test_broker_send(gate.test, "main", &sent), 1);
}

void gate_say(const char *endpoint, struct lwm2m_message message)
{
	uint8_t bytes[8192];
	char topic[64];
	size_t size;

	message.has |= H(TOKEN);
	(void)snprintf(topic, sizeof(topic), "t/lwm2m/rd/%s", endpoint);
	assert_int_equal(lwm2m_message_encode(&message, bytes, sizeof(bytes), &size), 0);
	gate_say_bytes(topic, bytes, size, false);
}

/* The next message of the server. */
struct lwm2m_message gate_heard(const char *endpoint)
{
	const struct ew_test_sent *sent = ew_test_sent(gate.test, "main", gate.looked++);
	struct lwm2m_message message;
	char topic[64];

	assert_non_null(sent);
	(void)snprintf(topic, sizeof(topic), "t/lwm2m/rd/%s", endpoint);
	assert_string_equal(sent->topic, topic);
	assert_int_equal(sent->qos, 1);
	assert_false(sent->retain);
	assert_int_equal(lwm2m_message_decode(sent->payload, sent->payload_size, &message), 0);
	return message;
}

void gate_heard_nothing(void)
{
	assert_null(ew_test_sent(gate.test, "main", gate.looked));
}

void gate_answered(const char *endpoint, uint64_t token, unsigned result)
{
	struct lwm2m_message message = gate_heard(endpoint);

	assert_int_equal(message.has, H(TOKEN) | H(RESULT));
	assert_int_equal(message.token, token);
	assert_int_equal(message.result, result);
}

void gate_answer(const char *endpoint, uint64_t token, unsigned result, const char *text)
{
	gate_say(endpoint, (struct lwm2m_message){
		.has = H(RESULT) | (text != NULL ? H(PAYLOAD) | H(CT) : 0), .token = token,
		.result = result, .payload = gate_words(text != NULL ? text : ""),
	});
}

struct lwm2m_message gate_registration(uint64_t token, const char *links)
{
	return (struct lwm2m_message){
		.has = H(OPERATION) | H(LIFETIME) | H(VERSION) | H(BINDING) | H(PAYLOAD),
		.operation = LWM2M_OP_REGISTER, .token = token, .lifetime = 300,
		.version = gate_words("1.2"), .binding = gate_words("M"),
		.payload = gate_words(links),
	};
}

void gate_enroll(const char *endpoint)
{
	gate_say(endpoint, gate_registration(1, "</1/0>,</3/0>,</3303/0>,</3308/0>"));
	gate_answered(endpoint, 1, LWM2M_CREATED);
}

void gate_request(const char *endpoint, unsigned operation, uint64_t token)
{
	gate_say(endpoint, (struct lwm2m_message){
		.has = H(OPERATION), .operation = operation, .token = token,
	});
}

void gate_call(const char *path, const char *body)
{
	ew_test_client_free(&gate.caller);
	gate.caller = ew_test_ask(gate.test, body == NULL ? "GET" : "POST", path, body);
}

/* The gate.caller has got this status, and words in the body. */
void gate_called(int status, const char *part)
{
	const char *body = ew_test_client_body(gate.caller, NULL);

	if (ew_test_client_status(gate.caller) != status || strstr(body, part) == NULL) {
		fail_msg("%d, not %d with `%s`: %s", ew_test_client_status(gate.caller), status,
			 part, body);
	}
}

double gate_metric(const char *name)
{
	return ew_test_metric(gate.test, "gate", name);
}

/* The body of the last event of a kind. */
const char *gate_event(const char *kind)
{
	const char *body = NULL;

	for (size_t i = 0; ew_test_record(gate.test, i) != NULL; i++) {
		const struct ew_test_record *record = ew_test_record(gate.test, i);

		if (record->kind == EW_TEST_EVENT && strcmp(record->event.kind, kind) == 0) {
			body = record->event.body;
		}
	}
	assert_non_null(body);
	return body;
}
