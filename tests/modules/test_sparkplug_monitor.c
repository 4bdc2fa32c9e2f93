/* SPDX-License-Identifier: Apache-2.0 */
/* What the host shows over HTTP: nodes and their values, and the messages of the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <edgeway/test_http.h>
#include <edgeway/test_uplink.h>

#include "modules/sparkplug_host/monitor.h"
#include "proto/sparkplug/message.h"
#include "proto/sparkplug/topic.h"

#define BIRTH  "spBv1.0/plant/NBIRTH/gw1"

extern const struct ew_module ew_module;

static struct ew_test *world;

static int setup(void **state)
{
	(void)state;
	return ew_test_new(&world);
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&world);
	return 0;
}

static void start(const char *yaml)
{
	char options[256];

	(void)snprintf(options, sizeof(options), "host_id: scada1\ntopics: ['raw/#']\n%s", yaml);
	assert_int_equal(ew_test_config(world, "uplink: {servers: ['mqtt://broker.test'], "
					       "plaintext: yes}\n"), 0);
	assert_int_equal(ew_test_load(world, &ew_module, "scada", options), 0);
	if (ew_test_start(world) != 0) {
		fail_msg("%s", ew_test_error(world));
	}
	ew_test_advance(world, EW_SECOND);
}

static void send(const char *topic, const void *payload, size_t size)
{
	(void)ew_test_broker_send(world, "main", &(struct ew_uplink_message){
		.size = sizeof(struct ew_uplink_message), .topic = topic, .payload = payload,
		.payload_size = size, .qos = 0,
	});
}

static void send_text(const char *topic, const char *text)
{
	send(topic, text, strlen(text));
}

static void send_birth(void)
{
	struct sp_metric level = {
		.has = SP_HAS_NAME | SP_HAS_ALIAS | SP_HAS_DATATYPE | SP_HAS_TIMESTAMP,
		.name = sp_text("Level"), .alias = 7, .datatype = SP_TYPE_INT16,
		.timestamp = 1000, .value = sp_value_whole(SP_TYPE_INT16, (uint64_t)-5),
	};
	const struct sp_payload payload = { .has = SP_HAS_SEQ | SP_HAS_TIMESTAMP,
					    .timestamp = 1000 };
	uint8_t memory[1024];
	struct sp_writer writer;

	sp_writer_init(&writer, memory, sizeof(memory));
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	assert_int_equal(sp_metric_put(&writer, &level), 0);
	send(BIRTH, sp_written(&writer).at, sp_written(&writer).size);
}

static void send_note(const char *text, bool is_historical)
{
	struct sp_metric note = {
		.has = SP_HAS_NAME | SP_HAS_DATATYPE | SP_HAS_TIMESTAMP,
		.name = sp_text("Note"), .datatype = SP_TYPE_STRING, .timestamp = 1000,
		.is_historical = is_historical,
	};
	const struct sp_payload payload = { .has = SP_HAS_SEQ };
	static uint8_t memory[8192];
	struct sp_writer writer;

	note.value.carrier = SP_TEXT;
	note.value.x = sp_text(text);
	sp_writer_init(&writer, memory, sizeof(memory));
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	assert_int_equal(sp_metric_put(&writer, &note), 0);
	send(BIRTH, sp_written(&writer).at, sp_written(&writer).size);
}

static void assert_answer(const char *target, int status, const char *text)
{
	struct ew_test_client *client = ew_test_ask(world, "GET", target, NULL);
	const char *body = ew_test_client_body(client, NULL);

	assert_int_equal(ew_test_client_status(client), status);
	if (strstr(body, text) == NULL) {
		fail_msg("'%s' is not in: %s", text, body);
	}
	ew_test_client_free(&client);
}

static size_t times(const char *target, const char *text)
{
	struct ew_test_client *client = ew_test_ask(world, "GET", target, NULL);
	const char *at = ew_test_client_body(client, NULL);
	size_t count = 0;

	while ((at = strstr(at, text)) != NULL) {
		at += strlen(text);
		count++;
	}
	ew_test_client_free(&client);
	return count;
}

static void test_nodes_are_shown_with_their_values(void **state)
{
	(void)state;
	start("");
	assert_answer("/api/sparkplug/nodes", 200, "[]");
	send_birth();
	assert_answer("/api/sparkplug/nodes", 200,
		      "{\"group\":\"plant\",\"node\":\"gw1\",\"state\":\"");
	assert_answer("/api/sparkplug/nodes/plant/gw1", 200,
		      "{\"name\":\"Level\",\"type\":\"Int16\",\"alias\":7,\"value\":-5,"
		      "\"quality\":\"good\",\"timestamp\":1000}");
	assert_answer("/api/sparkplug/nodes/plant/gw2", 404, "no such node");
}

static void test_a_text_that_was_longer_before_is_shown_whole(void **state)
{
	static char big[4001];

	(void)state;
	start("");
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 2] = '.';
	send_note(big, false);
	send_note("short", true);
	assert_answer("/api/sparkplug/nodes/plant/gw1", 200, "yyy.\"");
}

static void test_the_last_message_of_a_topic_is_shown_decoded(void **state)
{
	(void)state;
	start("");
	send_birth();
	send_text("raw/a", "one");
	send_text("raw/a", "tw\"o");
	send("raw/b", "\0\1\2", 3);
	assert_answer("/api/sparkplug/monitor", 200,
		      "\"sparkplug\":{\"timestamp\":1000,\"seq\":0,\"metrics\":["
		      "{\"name\":\"Level\","
		      "\"alias\":7,\"value\":-5,\"timestamp\":1000,\"type\":\"Int16\"}]}");
	assert_answer("/api/sparkplug/monitor?topic=raw/a", 200,
		      "\"messages\":2,\"qos\":0,\"retain\":false,\"bytes\":4,"
		      "\"text\":\"tw\\\"o\"");
	assert_answer("/api/sparkplug/monitor?topic=raw/%2B", 200, "\"base64\":\"AAEC\"");
	assert_int_equal(times("/api/sparkplug/monitor?topic=raw/%2B", "\"topic\""), 2);
}

static void test_the_monitor_is_bounded(void **state)
{
	char topic[32], big[200];

	(void)state;
	start("monitor_topics: 3\nmonitor_bytes: 64B\n");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(topic, sizeof(topic), "raw/%d", i);
		send_text(topic, "x");
	}
	assert_int_equal(times("/api/sparkplug/monitor", "\"topic\""), 3);
	assert_answer("/api/sparkplug/monitor", 200, "raw/99");
	memset(big, 'y', sizeof(big));
	send("raw/big", big, sizeof(big));
	assert_answer("/api/sparkplug/monitor?topic=raw/big", 200, "\"bytes\":200,\"cut\":true");
}

static void test_messages_are_shown_as_they_come(void **state)
{
	struct ew_test_client *client;

	(void)state;
	start("");
	client = ew_test_ask(world, "GET", "/api/sparkplug/monitor/live?topic=raw/%23", NULL);
	assert_int_equal(ew_test_client_status(client), 200);
	send_birth();
	send_text("raw/a", "one");
	send_text("raw/b", "two");
	ew_test_step(world);
	assert_non_null(strstr(ew_test_client_body(client, NULL), "\"text\":\"one\"}\n{"));
	assert_null(strstr(ew_test_client_body(client, NULL), "sparkplug"));
	assert_int_equal(ew_test_client_end(client), EW_TEST_OPEN);
	ew_test_client_free(&client);
	send_text("raw/c", "three");
	assert_answer("/api/sparkplug/monitor?topic=raw/c", 200, "three");
}

static void test_a_slow_watcher_is_told_what_it_missed(void **state)
{
	struct ew_test_client *client;
	static char big[4000];

	(void)state;
	start("");
	memset(big, 'z', sizeof(big) - 1);
	client = ew_test_ask(world, "GET", "/api/sparkplug/monitor/live", NULL);
	ew_test_client_pause(client);
	for (int i = 0; i < 600; i++) {
		send_text("raw/a", big);
	}
	ew_test_client_go_on(client);
	ew_test_step(world);
	send_text("raw/a", "after");
	ew_test_step(world);
	assert_non_null(strstr(ew_test_client_body(client, NULL), "{\"missed\":"));
	assert_non_null(strstr(ew_test_client_body(client, NULL), "\"text\":\"after\""));
	ew_test_client_free(&client);
}

static void test_a_stop_ends_the_streams(void **state)
{
	struct ew_test_client *client;

	(void)state;
	start("");
	client = ew_test_ask(world, "GET", "/api/sparkplug/monitor/live", NULL);
	(void)ew_test_stop(world, "scada");
	ew_test_advance(world, 10 * EW_SECOND);
	assert_int_equal(ew_test_client_end(client), EW_TEST_WHOLE);
	ew_test_client_free(&client);
}

static void test_filters_match_as_mqtt_says(void **state)
{
	(void)state;
	assert_true(monitor_matches("#", "a/b"));
	assert_true(monitor_matches("a/#", "a"));
	assert_true(monitor_matches("a/+/c", "a/b/c"));
	assert_true(monitor_matches("a/+", "a/"));
	assert_false(monitor_matches("a/+", "a/b/c"));
	assert_false(monitor_matches("a/b", "a/bc"));
	assert_false(monitor_matches("a/bc", "a/b"));
	assert_false(monitor_matches("+", "a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nodes_are_shown_with_their_values, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_text_that_was_longer_before_is_shown_whole,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_last_message_of_a_topic_is_shown_decoded,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_monitor_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_are_shown_as_they_come, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_slow_watcher_is_told_what_it_missed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_stop_ends_the_streams, setup, teardown),
		cmocka_unit_test(test_filters_match_as_mqtt_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
