/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m module in the split profile: JSON on a topic for each kind of message,
 * and devices that are endpoints of their own.
 */
#include "tests/modules/lwm2m_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The payload of the next message, which is on this topic below t/lwm2m/. */
static const char *heard(const char *topic)
{
	static char text[8192];
	const struct ew_test_sent *sent = ew_test_sent(world.test, "main", world.looked++);
	char whole[128];

	assert_non_null(sent);
	(void)snprintf(whole, sizeof(whole), "t/lwm2m/%s", topic);
	assert_string_equal(sent->topic, whole);
	assert_int_equal(sent->qos, 1);
	assert_false(sent->retain);
	assert_true(sent->payload_size < sizeof(text));
	memcpy(text, sent->payload, sent->payload_size);
	text[sent->payload_size] = '\0';
	return text;
}

static void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("no %s in %s", part, text);
	}
}

static void say(const char *topic, const char *text)
{
	char whole[128];
	const struct ew_uplink_message sent = {
		.size = sizeof(sent), .topic = whole, .payload = text,
		.payload_size = strlen(text), .qos = 1,
	};

	(void)snprintf(whole, sizeof(whole), "t/lwm2m/%s", topic);
	assert_int_equal(ew_test_broker_send(world.test, "main", &sent), 1);
}

static unsigned id_of(const char *text)
{
	unsigned id = 0;

	assert_int_equal(sscanf(text, "{\"id\":%u", &id), 1);
	return id;
}

/* Answer the next message of an endpoint, which is of this kind. */
static void answer(const char *endpoint, const char *kind, unsigned result)
{
	char topic[128], text[64];

	(void)snprintf(topic, sizeof(topic), "%s/%s", endpoint, kind);
	(void)snprintf(text, sizeof(text), "{\"id\":%u,\"result\":%u}", id_of(heard(topic)),
		       result);
	(void)snprintf(topic, sizeof(topic), "%s/resp/%s", endpoint, kind);
	say(topic, text);
}

static void begin(const char *options)
{
	char yaml[192];

	(void)snprintf(yaml, sizeof(yaml), "topics: split\nmuted: no\n%s", options);
	world_begin(yaml);
}

/* With the pump behind the gateway. */
static void begin_registered(const char *options)
{
	begin(options);
	answer("gw1", "reg", 201);
	world_declare("pump-1", NULL);
	answer("gw1", "update", 204);
	world_heard_nothing();
}

static void test_requests_and_answers_have_topics_of_their_own(void **state)
{
	const char *text;

	(void)state;
	begin("");
	text = heard("gw1/reg");
	expect(text, "\"endpoint\":\"gw1\",\"lifetime\":3600,\"version\":\"1.2\","
	       "\"bindingMode\":\"M\",\"objects\":{\"1\":{\"0\":{}},\"3\":{\"0\":{}}");
	expect(text, "\"links\":\"</>;ct=");
	say("gw1/resp/reg", "{\"status\":\"registered\",\"location\":\"/rd/gw1\"}");
	world_declare("pump-1", NULL);
	text = heard("gw1/update");
	expect(text, "</25/0>");
	say("gw1/resp/update", "{\"status\":\"updated\"}");
	world_heard_nothing();

	say("gw1/cmd/read", "{\"id\":2,\"objectId\":3,\"instanceId\":0,\"resourceId\":0}");
	text = heard("gw1/resp/read");
	expect(text, "{\"id\":2,\"result\":205,\"status\":\"success\",\"path\":\"/3/0/0\","
	       "\"objectId\":3,\"instanceId\":0,\"resourceId\":0,\"value\":\"edgeway\"");
	say("gw1/cmd/read", "{\"path\":\"/9\"}");
	text = heard("gw1/resp/read");
	expect(text, "{\"result\":404,\"status\":\"error\"");
	say("gw1/cmd/execute", "{\"id\":4,\"path\":\"/1/0/8\",\"arguments\":\"\"}");
	expect(heard("gw1/resp/execute"), "\"status\":\"executed\"");
	answer("gw1", "update", 204);
	say("gw1/cmd/discover", "{\"id\":6,\"path\":\"/1\",\"depth\":1}");
	expect(heard("gw1/resp/discover"), "\"links\":\"</1>");
	say("gw1/cmd/fly", "{\"id\":8}");
	say("gw1/cmd/read", "{\"id\":");
	assert_int_equal(ew_test_metric(world.test, "cloud", "ignored_total"), 2);
	world_heard_nothing();
}

static void test_a_write_without_an_id_is_done_each_time(void **state)
{
	(void)state;
	begin_registered("");
	ew_test_answer(world.test, 0);
	say("gw1/cmd/write", "{\"path\":\"/d0/3308/0/5900\",\"value\":40}");
	expect(heard("gw1/resp/write"), "{\"result\":204,\"status\":\"success\"");
	ew_test_answer(world.test, -EIO);
	say("gw1/cmd/write", "{\"path\":\"/d0/3308/0/5900\",\"value\":40}");
	expect(heard("gw1/resp/write"), "{\"result\":500,\"status\":\"error\"");
}

static void test_bulk_is_settled_by_an_answer_without_an_id(void **state)
{
	const char *text;

	(void)state;
	begin_registered("send: {every: 1s}\n");
	world_publish(20.5);
	ew_test_advance(world.test, EW_SECOND);
	text = heard("gw1/bulk");
	expect(text, "\"device_id\":\"gw1\",\"bulk_operations\":[{\"operation\":\"update\","
	       "\"timestamp\":");
	expect(text, "\"objects\":{\"d0\":{\"3303\":{\"0\":{\"5700\":20.5}},"
	       "\"3308\":{\"0\":{\"5900\":50}}}}}],\"bulk_size\":1,");
	say("gw1/resp/bulk", "{\"status\":\"bulk_processed\",\"bulk_size\":1}");
	ew_test_advance(world.test, 120 * EW_SECOND);
	world_heard_nothing();          /* else it would have been repeated */
}

static void test_an_observation_is_notified(void **state)
{
	(void)state;
	begin_registered("send: {every: 1h}\n");
	world_publish(20.5);
	say("gw1/cmd/observe", "{\"id\":84,\"path\":\"/d0/3303/0/5700\"}");
	expect(heard("gw1/resp/observe"), "\"value\":20.5");
	world_publish(21.25);
	expect(heard("gw1/resp/notify"), "{\"id\":84,\"path\":\"/d0/3303/0/5700\",\"value\":21.25");
	say("gw1/cmd/cancel", "{\"id\":84}");
	expect(heard("gw1/resp/cancel"), "\"result\":205");
	world_publish(22);
	world_heard_nothing();
}

static void test_a_send_stays_below_its_bytes(void **state)
{
	const struct ew_test_sent *sent;

	(void)state;
	begin_registered("send: {every: 1h, bytes: 1KiB, window: 32}\n");
	for (int i = 0; i < 100; i++) {
		world_publish(-1.2345678901234567e-300 * (i + 1));
	}
	while ((sent = ew_test_sent(world.test, "main", world.looked)) != NULL) {
		assert_string_equal(sent->topic, "t/lwm2m/gw1/bulk");
		assert_true(sent->payload_size < 1024 + 256);   /* and what is around it */
		answer("gw1", "bulk", 204);
	}
	assert_int_equal(ew_test_metric(world.test, "cloud", "refused_total"), 0);
	assert_true(ew_test_metric(world.test, "cloud", "records_total") > 190);
}

static void test_each_device_is_an_endpoint(void **state)
{
	uint32_t first;
	const char *text;

	(void)state;
	begin("each_device: yes\nsend: {every: 1s}\n");
	answer("gw1", "reg", 201);
	world_declare("hall/pump-1", NULL);
	first = world.device;
	text = heard("gw1.hall.pump-1/reg");
	expect(text, "\"endpoint\":\"gw1.hall.pump-1\"");
	assert_null(strstr(text, "/25"));
	say("gw1.hall.pump-1/resp/reg", "{\"status\":\"registered\"}");
	answer("gw1.hall.pump-1", "update", 204);
	world_heard_nothing();
	world_publish(20.5);
	say("gw1.hall.pump-1/cmd/read", "{\"id\":2,\"path\":\"/3303/0/5700\"}");
	expect(heard("gw1.hall.pump-1/resp/read"), "\"value\":20.5");
	say("gw1/cmd/read", "{\"id\":2,\"path\":\"/3303/0/5700\"}");
	expect(heard("gw1/resp/read"), "\"result\":404");
	ew_test_advance(world.test, EW_SECOND);
	expect(heard("gw1.hall.pump-1/bulk"), "{\"3303\":{\"0\":{\"5700\":20.5}}");
	say("gw1.hall.pump-1/resp/bulk", "{\"status\":\"bulk_processed\"}");

	/* a device that is gone takes its leave, and comes back as the same; what it has
	 * not sent is given up, so that nobody waits for it */
	world_publish(21.5);
	{
		struct ew_instance *inst = ew_test_begin(world.test);

		assert_int_equal(ew_device_remove(inst, first), 0);
		ew_test_end(world.test);
		ew_test_step(world.test);
	}
	assert_int_equal(ew_test_metric(world.test, "cloud", "refused_total"), 1);
	answer("gw1.hall.pump-1", "dereg", 202);
	world_declare("hall/pump-1", NULL);
	(void)heard("gw1.hall.pump-1/reg");
	assert_int_equal(ew_test_metric(world.test, "cloud", "registered"), 1);
}

/* All that has left until now: Sends of one device are answered, those of both are counted. */
static void gather(const char *answered, unsigned counts[2])
{
	const struct ew_test_sent *sent;

	while ((sent = ew_test_sent(world.test, "main", world.looked)) != NULL) {
		bool is_a = strcmp(sent->topic, "t/lwm2m/gw1.a/bulk") == 0;
		const char *endpoint = is_a ? "gw1.a" : "gw1.b";
		char topic[64];

		(void)snprintf(topic, sizeof(topic), "%s/bulk", endpoint);
		counts[is_a ? 0 : 1]++;
		if (strchr(answered, is_a ? 'a' : 'b') != NULL) {
			answer(endpoint, "bulk", 204);
		} else {
			(void)heard(topic);
		}
	}
}

static void test_a_device_that_is_full_costs_the_others_nothing(void **state)
{
	unsigned counts[2] = {0, 0};
	uint32_t a;

	(void)state;
	begin("each_device: yes\nsend: {every: 1h, records: 2, window: 1}\n");
	answer("gw1", "reg", 201);
	world_declare("a", NULL);
	answer("gw1.a", "reg", 201);
	answer("gw1.a", "update", 204);
	a = world.temperature;
	world_declare("b", NULL);
	answer("gw1.b", "reg", 201);
	answer("gw1.b", "update", 204);
	world_heard_nothing();
	/* a sample of each in each batch, and nobody answers b */
	for (int i = 0; i < 20; i++) {
		struct ew_instance *inst = ew_test_begin(world.test);
		const struct ew_sample samples[] = {
			ew_sample_f64(a, 0, i), ew_sample_f64(world.temperature, 0, i),
		};

		assert_int_equal(ew_publish(inst, samples, 2, NULL), 0);
		ew_test_end(world.test);
		ew_test_step(world.test);
		gather("a", counts);
	}
	assert_int_equal(counts[1], 1);
	assert_true(ew_test_metric(world.test, "cloud", "parked_total") > 0);
	say("gw1.b/resp/bulk", "{\"status\":\"bulk_processed\"}");
	gather("ab", counts);
	/* each sample once, two in a Send */
	assert_int_equal(counts[0], 10);
	assert_int_equal(counts[1], 10);
	assert_int_equal(ew_test_metric(world.test, "cloud", "records_total"), 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			test_requests_and_answers_have_topics_of_their_own, world_end),
		cmocka_unit_test_teardown(test_a_write_without_an_id_is_done_each_time, world_end),
		cmocka_unit_test_teardown(
			test_bulk_is_settled_by_an_answer_without_an_id, world_end),
		cmocka_unit_test_teardown(test_an_observation_is_notified, world_end),
		cmocka_unit_test_teardown(test_a_send_stays_below_its_bytes, world_end),
		cmocka_unit_test_teardown(test_each_device_is_an_endpoint, world_end),
		cmocka_unit_test_teardown(
			test_a_device_that_is_full_costs_the_others_nothing, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
