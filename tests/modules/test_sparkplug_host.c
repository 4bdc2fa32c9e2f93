/* SPDX-License-Identifier: Apache-2.0 */
/* The host with the real bus and uplink; the test is the broker and the nodes. */
#include "tests/modules/sparkplug_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SPEED  NODES_SPEED

extern const struct ew_module ew_module;

/* The only metric of a command. */
static struct sp_metric command_of(const char *topic)
{
	const struct sp_limits limits = { .bytes = 4096, .metrics = 8, .items = 64, .depth = 2 };
	const struct ew_test_sent *sent = nodes_heard(topic);
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;

	assert_non_null(sent);
	assert_int_equal(sent->qos, 0);
	assert_false(sent->retain);
	assert_int_equal(sp_payload_decode((struct sp_bytes){ sent->payload, sent->payload_size },
					   &limits, &payload, &metrics), 0);
	assert_int_equal(payload.has, SP_HAS_TIMESTAMP);
	assert_int_equal(sp_metric_next(&metrics, &metric), 1);
	return metric;
}

static size_t rebirths(void)
{
	return ew_test_sent_count(world, "main", "spBv1.0/plant/NCMD/gw1");
}

/* ---- tests ---- */

static void test_state_is_born_and_dies(void **state)
{
	const struct ew_uplink_will *will;
	const struct ew_test_sent *sent;
	struct sp_state said;

	(void)state;
	nodes_start("");
	will = ew_test_will(world, "main");
	assert_string_equal(will->topic, NODES_STATE);
	assert_true(will->qos == 1 && will->retain && will->clean);
	said = nodes_state(will->payload, will->payload_size);
	assert_false(said.online);
	sent = ew_test_sent(world, "main", 0); /* the first of all */
	assert_string_equal(sent->topic, NODES_STATE);
	assert_true(sent->qos == 1 && sent->retain);
	assert_true(nodes_state(sent->payload, sent->payload_size).online);
	assert_true(nodes_state(sent->payload, sent->payload_size).timestamp == said.timestamp);
	assert_true(ew_test_is_subscribed(world, "main", NODES_STATE));
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/#"));
	ew_test_advance(world, 5 * EW_SECOND);
	assert_int_equal(ew_test_stop(world, "scada"), 0);
	sent = nodes_heard(NODES_STATE);
	assert_false(nodes_state(sent->payload, sent->payload_size).online);
	assert_true(nodes_state(sent->payload, sent->payload_size).timestamp > said.timestamp);
}

static void test_state_is_said_again_when_others_deny_it(void **state)
{
	static const char text[] = "{\"online\":false,\"timestamp\":1}";
	const struct ew_test_sent *sent;
	uint64_t first;

	(void)state;
	nodes_start("");
	sent = nodes_heard(NODES_STATE);
	first = nodes_state(sent->payload, sent->payload_size).timestamp;
	ew_test_sent_forget(world, "main");
	nodes_send(NODES_STATE, text, sizeof(text) - 1);
	sent = nodes_heard(NODES_STATE);
	assert_non_null(sent);
	assert_true(nodes_state(sent->payload, sent->payload_size).online);
	assert_true(nodes_state(sent->payload, sent->payload_size).timestamp == first);
	nodes_send(NODES_STATE, text, sizeof(text) - 1);
	assert_int_equal(ew_test_sent_count(world, "main", NODES_STATE), 1);
	assert_true(ew_test_metric(world, "scada", "state_disputes_total") == 2);
	/* said again a bit later: the broker keeps what was said last */
	ew_test_advance(world, EW_SECOND);
	assert_int_equal(ew_test_sent_count(world, "main", NODES_STATE), 2);
}

static void test_a_passive_one_says_nothing(void **state)
{
	(void)state;
	nodes_start("passive: yes\n");
	nodes_born();
	nodes_ddata(9, 1, 4);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true(ew_test_number(world, SPEED) == 4);
	assert_int_equal(ew_test_set(world, SPEED, 9), -EROFS);
	assert_int_equal(ew_test_stop(world, "scada"), 0);
	assert_null(ew_test_sent(world, "main", 0));
}

static void test_a_passive_one_may_ask_for_births(void **state)
{
	(void)state;
	nodes_start("passive: yes\nask_births: yes\n");
	nodes_ddata(9, 1, 4);
	ew_test_advance(world, EW_SECOND);
	assert_int_equal(rebirths(), 1);
	nodes_born();
	assert_true(ew_test_number(world, SPEED) == -7);
	assert_int_equal(ew_test_set(world, SPEED, 9), -EROFS);
	assert_int_equal(ew_test_stop(world, "scada"), 0);
	assert_int_equal(ew_test_sent_count(world, "main", "#"), 1);
}

static void test_asking_is_for_passive_ones(void **state)
{
	(void)state;
	assert_int_equal(ew_test_load(world, &ew_module, "scada", "ask_births: yes\n"), 0);
	assert_int_not_equal(ew_test_start(world), 0);
}

static void test_births_become_devices_and_tags(void **state)
{
	const struct ew_tag_info *info;
	struct ew_sample sample;
	uint32_t tag;

	(void)state;
	nodes_start("");
	nodes_born();
	tag = ew_test_tag(world, SPEED);
	assert_int_not_equal(tag, EW_NO_ID);
	info = ew_tag(ew_test_begin(world), tag);
	assert_int_equal(info->spec.type, EW_TYPE_I16);
	assert_string_equal(info->spec.unit, "Hz");
	assert_true(info->spec.low == -50 && info->spec.high == 50);
	assert_int_equal(info->spec.property_count, 1);
	assert_string_equal(info->spec.properties[0].value, "acme");
	ew_test_end(world);
	assert_true(ew_test_number(world, SPEED) == -7);
	assert_int_equal(ew_test_read(world, "plant/gw1/pump-1:Name", &sample), 0);
	assert_memory_equal(sample.v.x.at, "north", 5);
	nodes_ddata(2, 1, 12);
	assert_true(ew_test_number(world, SPEED) == 12);
	assert_int_equal(ew_test_read(world, "plant/gw1:bdSeq", &sample), 0);
	assert_true(sample.v.i == 3);
	assert_true(ew_test_metric(world, "scada", "latency_seconds") == 1);
	assert_int_equal(ew_test_count(world, EW_TEST_EVENT, "sparkplug.node_birth"), 1);
	assert_int_equal(ew_test_count(world, EW_TEST_EVENT, "sparkplug.device_birth"), 1);
}

static void test_a_death_leaves_stale_values(void **state)
{
	struct ew_sample sample;
	uint64_t ms;

	(void)state;
	nodes_start("");
	nodes_born();
	ew_test_advance(world, 3 * EW_SECOND);
	nodes_ndeath(2);
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
	nodes_ndeath(3);
	ms = nodes_wall();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	assert_true(sample.v.i == -7);
	assert_true((uint64_t)(sample.time / 1000000) == ms);
	assert_int_equal(ew_test_read(world, "plant/gw1/pump-1:Name", &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	assert_memory_equal(sample.v.x.at, "north", 5);
	assert_int_equal(ew_test_count(world, EW_TEST_EVENT, "sparkplug.node_death"), 1);
	nodes_born();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
}

static void test_the_own_end_makes_all_stale(void **state)
{
	struct ew_sample sample;

	(void)state;
	nodes_start("");
	nodes_born();
	ew_test_sent_forget(world, "main");
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_int_equal(rebirths(), 1);
	assert_true(ew_test_metric(world, "scada", "rebirths_reconnect_total") == 1);
	nodes_born();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
}

static void test_a_gap_brings_a_rebirth_request(void **state)
{
	struct sp_metric metric;

	(void)state;
	nodes_start("reorder_timeout: 2s\n");
	nodes_born();
	nodes_ddata(3, 1, 9);
	ew_test_advance(world, 1900 * EW_MILLISECOND);
	assert_int_equal(rebirths(), 0);
	ew_test_advance(world, 200 * EW_MILLISECOND);
	assert_int_equal(rebirths(), 1);
	metric = command_of("spBv1.0/plant/NCMD/gw1");
	assert_true(sp_bytes_equal(metric.name, sp_text("Node Control/Rebirth")));
	assert_true(metric.value.carrier == SP_BOOL && metric.value.u == 1);
	assert_true(ew_test_metric(world, "scada", "rebirths_gap_total") == 1);
}

static double counted(const char *metric)
{
	return ew_test_metric(world, "scada", metric);
}

static void test_what_dashboards_show_is_counted(void **state)
{
	static const char *const causes[] = {
		"gap", "unknown_alias", "unknown_metric", "before_birth", "before_device_birth",
		"malformed", "reconnect", "user",
	};
	double rebirths_of_all = 0;
	char name[64];

	(void)state;
	nodes_start("reorder_timeout: 1s\n");
	nodes_born();
	nodes_ddata(2, 1, 9);
	nodes_ddata(4, 1, 10);
	ew_test_advance(world, 2 * EW_SECOND);
	nodes_ndeath(3);
	assert_true(counted("nbirths_total") == 1 && counted("dbirths_total") == 1);
	assert_true(counted("ndeaths_total") == 1 && counted("ddeaths_total") == 0);
	assert_true(counted("sequence_gaps_total") == 1);
	assert_true(counted("data_messages_total") == 2 && counted("received_bytes_total") > 50);
	assert_true(counted("latency_seconds") == 2);
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		(void)snprintf(name, sizeof(name), "rebirths_%s_total", causes[i]);
		rebirths_of_all += counted(name);
	}
	assert_true(rebirths_of_all == 1 && counted("rebirths_gap_total") == 1);
}

static void test_history_is_not_the_present(void **state)
{
	struct sp_metric metric;
	size_t before;

	(void)state;
	nodes_start("");
	nodes_born();
	before = ew_test_count(world, EW_TEST_SAMPLE, SPEED);
	nodes_open();
	metric = nodes_metric(NULL, 1, 0);
	metric.is_historical = true;
	nodes_put(&metric);
	nodes_say("spBv1.0/plant/DDATA/gw1/pump-1", 2);
	assert_int_equal(ew_test_count(world, EW_TEST_SAMPLE, SPEED), before + 1);
	assert_true(ew_test_number(world, SPEED) == -7);
	assert_true(ew_test_metric(world, "scada", "historical_total") == 1);
}

/* Write without waiting for the answer, which data is to bring. */
static void ask_for(double value)
{
	struct ew_instance *inst = ew_test_begin(world);
	struct ew_sample item = ew_sample_i64(ew_test_tag(world, SPEED), 0, (int64_t)value);
	const struct ew_write_request request = {
		.size = sizeof(request), .op = EW_WRITE_SET, .items = &item, .count = 1,
		.priority = EW_PRIORITY_OPERATOR, .timeout = 4 * EW_SECOND, .token = 77,
	};

	assert_int_equal(ew_write(inst, &request), 0);
	ew_test_end(world);
	ew_test_step(world);
}

static const struct ew_test_record *answer(void)
{
	const struct ew_test_record *record;

	for (size_t i = 0; (record = ew_test_record(world, i)) != NULL; i++) {
		if (record->kind == EW_TEST_ANSWER) {
			return record;
		}
	}
	return NULL;
}

static void test_a_write_is_done_when_data_shows_it(void **state)
{
	struct sp_metric metric;

	(void)state;
	nodes_start("");
	nodes_born();
	ask_for(-30);
	metric = command_of("spBv1.0/plant/DCMD/gw1/pump-1");
	assert_int_equal(metric.has & (SP_HAS_ALIAS | SP_HAS_NAME), SP_HAS_ALIAS);
	assert_true(metric.alias == 1 && (int16_t)metric.value.u == -30);
	nodes_ddata(2, 1, 11); /* not yet */
	assert_null(answer());
	nodes_ddata(3, 1, -30);
	assert_non_null(answer());
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_DONE);
	assert_true(ew_test_metric(world, "scada", "commands_done_total") == 1);
}

static void test_a_write_without_an_echo_is_unknown(void **state)
{
	(void)state;
	nodes_start("");
	nodes_born();
	ask_for(20);
	ew_test_advance(world, 5 * EW_SECOND);
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_UNKNOWN);
	assert_true(ew_test_metric(world, "scada", "commands_unknown_total") == 1);
}

static void test_a_death_ends_what_waits(void **state)
{
	(void)state;
	nodes_start("");
	nodes_born();
	ask_for(20);
	nodes_ndeath(3);
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_UNKNOWN);
	assert_int_equal(ew_test_set(world, SPEED, 9), -EHOSTDOWN);
}

static void test_what_is_read_only_is_not_sent(void **state)
{
	(void)state;
	nodes_start("");
	nodes_born();
	assert_int_not_equal(ew_test_write(world, "plant/gw1/pump-1:Name",
					   ew_sample_text(0, 0, "x", 1)), 0);
	assert_int_equal(ew_test_sent_count(world, "main", "spBv1.0/plant/DCMD/#"), 0);
}

static void test_a_rebirth_can_be_asked_for(void **state)
{
	(void)state;
	nodes_start("");
	nodes_born();
	assert_int_equal(ew_test_write(world, "plant/gw1:Node Control/Rebirth",
				       ew_sample_none(0, 0)), -ETIMEDOUT);
	assert_int_equal(rebirths(), 1);
	assert_true(sp_bytes_equal(command_of("spBv1.0/plant/NCMD/gw1").name,
				   sp_text("Node Control/Rebirth")));
}

static void test_groups_are_filtered(void **state)
{
	(void)state;
	nodes_start("groups: [other, more]\n");
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/other/#"));
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/more/#"));
	assert_false(ew_test_is_subscribed(world, "main", "spBv1.0/#"));
}

/* ---- templates ---- */

static void template_births(const char *reference)
{
	nodes_open();
	nodes_put_bdseq(3);
	nodes_template(NULL, true);
	nodes_member("Pump/Speed", SP_TYPE_INT16, 0);
	nodes_member("Pump/Level", SP_TYPE_INT16, 0);
	nodes_parameter("maker", "nobody");
	nodes_parameter("place", "here");
	nodes_put_template("_types_/pump", 0, SP_TYPE_TEMPLATE);
	nodes_say("spBv1.0/plant/NBIRTH/gw1", 0);
	nodes_open();
	nodes_template(reference, false);
	nodes_member("Pump/Speed", SP_TYPE_INT16, 21);
	nodes_parameter("maker", "acme");
	nodes_put_template("unit", 11, SP_TYPE_TEMPLATE);
	nodes_say("spBv1.0/plant/DBIRTH/gw1/pump-1", 1);
}

#define MEMBER  "plant/gw1/pump-1:unit/Pump/Speed"

static void test_an_instance_is_its_members(void **state)
{
	const struct ew_device_info *info;
	struct ew_instance *inst;

	(void)state;
	nodes_start("");
	template_births("_types_/pump");
	assert_true(ew_test_number(world, MEMBER) == 21);
	assert_int_not_equal(ew_test_tag(world, "plant/gw1/pump-1:unit/Pump/Level"), EW_NO_ID);
	assert_int_equal(ew_test_tag(world, "plant/gw1/pump-1:unit"), EW_NO_ID);
	inst = ew_test_begin(world);
	info = ew_device(inst, ew_tag(inst, ew_test_tag(world, MEMBER))->device);
	assert_string_equal(info->spec.type, "pump");
	assert_int_equal(info->spec.property_count, 2);
	assert_string_equal(info->spec.properties[0].value, "acme");
	assert_string_equal(info->spec.properties[1].value, "here");
	ew_test_end(world);
	nodes_open();
	nodes_template("_types_/pump", false);
	nodes_member("Pump/Speed", 0, 22);
	nodes_put_template(NULL, 11, 0);
	nodes_say(NODES_DDATA, 2);
	assert_true(ew_test_number(world, MEMBER) == 22);
	nodes_open();
	nodes_template("_types_/pump", false);
	nodes_member("Pump/Nothing", 0, 22);
	nodes_put_template(NULL, 11, 0);
	nodes_say(NODES_DDATA, 3);
	assert_true(ew_test_metric(world, "scada", "dropped_unknown_total") == 1);
	assert_true(ew_test_metric(world, "scada", "rebirths_unknown_metric_total") == 1);
}

static void test_an_instance_that_is_not_defined_stays_a_value(void **state)
{
	(void)state;
	nodes_start("");
	template_births("_types_/motor");
	assert_int_not_equal(ew_test_tag(world, "plant/gw1/pump-1:unit"), EW_NO_ID);
	assert_int_equal(ew_test_tag(world, MEMBER), EW_NO_ID);
	assert_true(ew_test_metric(world, "scada", "undefined_templates_total") == 1);
	template_births("pump"); /* many nodes leave the folder out */
	assert_int_equal(ew_test_tag(world, "plant/gw1/pump-1:unit"), EW_NO_ID);
	assert_true(ew_test_number(world, MEMBER) == 21);
}

static void test_a_member_is_written_in_an_instance(void **state)
{
	struct sp_reader members, parameters;
	struct sp_template head;
	struct sp_metric metric, member;

	(void)state;
	nodes_start("");
	template_births("pump");
	assert_int_equal(ew_test_set(world, MEMBER, 30), -ETIMEDOUT); /* nobody shows it */
	metric = command_of(NODES_DCMD);
	assert_true(metric.alias == 11 && metric.value.carrier == SP_TEMPLATE);
	assert_int_equal(sp_template_decode(metric.value.x, &head, &members, &parameters), 0);
	assert_true(sp_bytes_equal(head.reference, sp_text("pump")));
	assert_true(head.has & SP_HAS_DEFINITION && !head.is_definition);
	assert_int_equal(sp_metric_next(&members, &member), 1);
	assert_true(sp_bytes_equal(member.name, sp_text("Pump/Speed")));
	assert_true(member.value.u == 30);
	assert_int_equal(sp_metric_next(&members, &member), 0);
}

static struct sp_bytes instance_of(uint8_t *bytes, size_t size, const char *reference,
				   const struct sp_metric *member)
{
	const struct sp_template head = {
		.has = SP_HAS_REFERENCE | SP_HAS_DEFINITION, .reference = sp_text(reference),
	};
	struct sp_writer inner;

	sp_writer_init(&inner, bytes, size);
	assert_int_equal(sp_template_put(&inner, &head), 0);
	assert_int_equal(sp_metric_put(&inner, member), 0);
	return sp_written(&inner);
}

/* A line whose pump is an instance in the instance. */
static void nested(const char *topic, int seq, bool is_birth, uint64_t value)
{
	uint8_t pump_bytes[512], line_bytes[1024];
	struct sp_metric speed = nodes_metric("Speed", 0, is_birth ? SP_TYPE_INT16 : 0);
	struct sp_metric pump = nodes_metric("Pump", 0, is_birth ? SP_TYPE_TEMPLATE : 0);
	struct sp_metric line = nodes_metric(is_birth ? "line" : NULL, 12,
					     is_birth ? SP_TYPE_TEMPLATE : 0);

	speed.value = sp_value_whole(SP_TYPE_INT16, value);
	pump.value.carrier = SP_TEMPLATE;
	pump.value.x = instance_of(pump_bytes, sizeof(pump_bytes), "pump", &speed);
	line.value.carrier = SP_TEMPLATE;
	line.value.x = instance_of(line_bytes, sizeof(line_bytes), "line", &pump);
	nodes_open();
	nodes_put(&line);
	nodes_say(topic, seq);
}

static void test_instances_may_hold_instances(void **state)
{
	static const char tag[] = "plant/gw1/pump-1:line/Pump/Speed";
	struct sp_reader members, parameters;
	struct sp_template head;
	struct sp_metric metric;

	(void)state;
	nodes_start("");
	nodes_open();
	nodes_put_bdseq(3);
	nodes_template(NULL, true);
	nodes_member("Speed", SP_TYPE_INT16, 0);
	nodes_put_template("_types_/pump", 0, SP_TYPE_TEMPLATE);
	nodes_template(NULL, true);
	nodes_member("Pump", SP_TYPE_TEMPLATE, 0);
	nodes_put_template("_types_/line", 0, SP_TYPE_TEMPLATE);
	nodes_say("spBv1.0/plant/NBIRTH/gw1", 0);
	nested("spBv1.0/plant/DBIRTH/gw1/pump-1", 1, true, 7);
	assert_true(ew_test_number(world, tag) == 7);
	nested(NODES_DDATA, 2, false, 8);
	assert_true(ew_test_number(world, tag) == 8);
	assert_int_equal(ew_test_set(world, tag, 9), -ETIMEDOUT); /* nobody shows it */
	metric = command_of(NODES_DCMD);
	for (int level = 0; level < 2; level++) {
		assert_int_equal(metric.value.carrier, SP_TEMPLATE);
		assert_int_equal(sp_template_decode(metric.value.x, &head, &members, &parameters),
				 0);
		assert_int_equal(sp_metric_next(&members, &metric), 1);
	}
	assert_true(sp_bytes_equal(metric.name, sp_text("Speed")) && metric.value.u == 9);
}

static void test_rubbish_does_no_harm(void **state)
{
	(void)state;
	nodes_start("");
	nodes_send("spBv1.0/plant/NBIRTH/gw1", "\xff\xff", 2);
	nodes_send("spBv1.0/plant/XDATA/gw1", "", 0);
	nodes_send("spBv1.0/plant/DDATA/gw1/pump-1", "\x0a\xff\xff\xff\xff\x0f", 6);
	assert_true(ew_test_metric(world, "scada", "dropped_malformed_total") == 2);
	assert_true(ew_test_metric(world, "scada", "dropped_topic_total") == 1);
	nodes_born();
	assert_true(ew_test_number(world, SPEED) == -7);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, nodes_setup, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_is_born_and_dies),
		TEST(test_state_is_said_again_when_others_deny_it),
		TEST(test_a_passive_one_says_nothing),
		TEST(test_a_passive_one_may_ask_for_births),
		TEST(test_asking_is_for_passive_ones),
		TEST(test_births_become_devices_and_tags),
		TEST(test_a_death_leaves_stale_values),
		TEST(test_the_own_end_makes_all_stale),
		TEST(test_a_gap_brings_a_rebirth_request),
		TEST(test_what_dashboards_show_is_counted),
		TEST(test_history_is_not_the_present),
		TEST(test_a_write_is_done_when_data_shows_it),
		TEST(test_a_write_without_an_echo_is_unknown),
		TEST(test_a_death_ends_what_waits),
		TEST(test_what_is_read_only_is_not_sent),
		TEST(test_a_rebirth_can_be_asked_for),
		TEST(test_groups_are_filtered),
		TEST(test_an_instance_is_its_members),
		TEST(test_an_instance_that_is_not_defined_stays_a_value),
		TEST(test_a_member_is_written_in_an_instance),
		TEST(test_instances_may_hold_instances),
		TEST(test_rubbish_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
