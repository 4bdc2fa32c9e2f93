/* SPDX-License-Identifier: Apache-2.0 */
/* The host with the real bus and uplink; the test is the broker and the nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <edgeway/test_uplink.h>

#include "proto/sparkplug/message.h"
#include "proto/sparkplug/state.h"
#include "proto/sparkplug/topic.h"

#define STATE_TOPIC  "spBv1.0/STATE/scada1"
#define SPEED        "plant/gw1/pump-1:Speed"

extern const struct ew_module ew_module;

static struct ew_test *world;
static uint8_t memory[4096];
static struct sp_writer writer;
static uint8_t set_memory[512];

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

	(void)snprintf(options, sizeof(options), "host_id: scada1\n%s", yaml);
	assert_int_equal(ew_test_config(world, "uplink: {servers: ['mqtt://broker.test'], "
					       "plaintext: yes}\n"), 0);
	assert_int_equal(ew_test_load(world, &ew_module, "scada", options), 0);
	if (ew_test_start(world) != 0) {
		fail_msg("%s", ew_test_error(world));
	}
	ew_test_advance(world, EW_SECOND);
}

static uint64_t wall(void)
{
	uint64_t ms;

	(void)ew_test_begin(world);
	ms = (uint64_t)(ew_wall() / 1000000);
	ew_test_end(world);
	return ms;
}

/* ---- what nodes say ---- */

static void open_payload(void)
{
	sp_writer_init(&writer, memory, sizeof(memory));
}

static struct sp_metric metric_of(const char *name, uint64_t alias, unsigned type)
{
	struct sp_metric metric = { .has = SP_HAS_TIMESTAMP, .timestamp = wall(),
				    .value = sp_value_whole(SP_TYPE_INT16, 5) };

	if (name != NULL) {
		metric.has |= SP_HAS_NAME;
		metric.name = sp_text(name);
	}
	if (alias != 0) {
		metric.has |= SP_HAS_ALIAS;
		metric.alias = alias;
	}
	if (type != 0) {
		metric.has |= SP_HAS_DATATYPE;
		metric.datatype = type;
	}
	return metric;
}

static void put(const struct sp_metric *metric)
{
	assert_int_equal(sp_metric_put(&writer, metric), 0);
}

static void send_bytes(const char *topic, const void *bytes, size_t size)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic, .payload = bytes, .payload_size = size,
	};

	assert_true(ew_test_broker_send(world, "main", &message) > 0);
}

static void say(const char *topic, int seq)
{
	struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = wall() };

	if (seq >= 0) {
		payload.has |= SP_HAS_SEQ;
		payload.seq = (uint64_t)seq;
	}
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	send_bytes(topic, memory, sp_written(&writer).size);
}

static void put_bdseq(uint64_t bdseq)
{
	struct sp_metric metric = metric_of("bdSeq", 0, SP_TYPE_INT64);

	metric.value = sp_value_whole(SP_TYPE_INT64, bdseq);
	put(&metric);
}

static struct sp_bytes speed_properties(void)
{
	const struct sp_item unit = { .name = sp_text("engUnit"), .type = SP_TYPE_STRING,
				      .value = { .carrier = SP_TEXT, .x = sp_text("Hz") } };
	const struct sp_item low = { .name = sp_text("engLow"), .type = SP_TYPE_DOUBLE,
				     .value = { .carrier = SP_DOUBLE, .d = -50 } };
	const struct sp_item high = { .name = sp_text("engHigh"), .type = SP_TYPE_DOUBLE,
				      .value = { .carrier = SP_DOUBLE, .d = 50 } };
	const struct sp_item maker = { .name = sp_text("maker"), .type = SP_TYPE_STRING,
				       .value = { .carrier = SP_TEXT, .x = sp_text("acme") } };
	struct sp_writer set;

	sp_writer_init(&set, set_memory, sizeof(set_memory));
	assert_int_equal(sp_property_put(&set, &unit), 0);
	assert_int_equal(sp_property_put(&set, &low), 0);
	assert_int_equal(sp_property_put(&set, &high), 0);
	assert_int_equal(sp_property_put(&set, &maker), 0);
	return sp_written(&set);
}

static struct sp_bytes read_only(void)
{
	const struct sp_item item = { .name = sp_text("readOnly"), .type = SP_TYPE_BOOLEAN,
				      .value = { .carrier = SP_BOOL, .u = 1 } };
	struct sp_writer set;

	sp_writer_init(&set, set_memory, sizeof(set_memory));
	assert_int_equal(sp_property_put(&set, &item), 0);
	return sp_written(&set);
}

static void nbirth(uint64_t bdseq)
{
	struct sp_metric rebirth = metric_of("Node Control/Rebirth", 0, SP_TYPE_BOOLEAN);

	open_payload();
	put_bdseq(bdseq);
	rebirth.value = (struct sp_value){ .carrier = SP_BOOL };
	put(&rebirth);
	say("spBv1.0/plant/NBIRTH/gw1", 0);
}

static void dbirth(int seq)
{
	struct sp_metric speed = metric_of("Speed", 1, SP_TYPE_INT16);
	struct sp_metric name = metric_of("Name", 2, SP_TYPE_STRING);

	open_payload();
	speed.value = sp_value_whole(SP_TYPE_INT16, (uint64_t)(int64_t)-7);
	speed.has |= SP_HAS_PROPERTIES;
	speed.properties = speed_properties();
	put(&speed);
	name.value = (struct sp_value){ .carrier = SP_TEXT, .x = sp_text("north") };
	name.has |= SP_HAS_PROPERTIES;
	name.properties = read_only();
	put(&name);
	say("spBv1.0/plant/DBIRTH/gw1/pump-1", seq);
}

static void ddata(int seq, uint64_t alias, int64_t value)
{
	struct sp_metric metric = metric_of(NULL, alias, 0);

	open_payload();
	metric.value = sp_value_whole(SP_TYPE_INT16, (uint64_t)value);
	put(&metric);
	say("spBv1.0/plant/DDATA/gw1/pump-1", seq);
}

static void born(void)
{
	nbirth(3);
	dbirth(1);
}

static void ndeath(uint64_t bdseq)
{
	open_payload();
	put_bdseq(bdseq);
	say("spBv1.0/plant/NDEATH/gw1", -1);
}

/* ---- what the host says ---- */

static const struct ew_test_sent *last_sent(const char *topic)
{
	const struct ew_test_sent *sent, *last = NULL;

	for (size_t i = 0; (sent = ew_test_sent(world, "main", i)) != NULL; i++) {
		if (strcmp(sent->topic, topic) == 0 && !sent->is_will) {
			last = sent;
		}
	}
	return last;
}

static struct sp_state state_of(const void *payload, size_t size)
{
	struct sp_state state = { 0 };

	assert_int_equal(sp_state_decode((struct sp_bytes){ payload, size }, &state), 0);
	return state;
}

/* The only metric of a command. */
static struct sp_metric command_of(const char *topic)
{
	const struct sp_limits limits = { .bytes = 4096, .metrics = 8, .items = 64, .depth = 2 };
	const struct ew_test_sent *sent = last_sent(topic);
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
	start("");
	will = ew_test_will(world, "main");
	assert_string_equal(will->topic, STATE_TOPIC);
	assert_true(will->qos == 1 && will->retain && will->clean);
	said = state_of(will->payload, will->payload_size);
	assert_false(said.online);
	sent = ew_test_sent(world, "main", 0); /* the first of all */
	assert_string_equal(sent->topic, STATE_TOPIC);
	assert_true(sent->qos == 1 && sent->retain);
	assert_true(state_of(sent->payload, sent->payload_size).online);
	assert_true(state_of(sent->payload, sent->payload_size).timestamp == said.timestamp);
	assert_true(ew_test_is_subscribed(world, "main", STATE_TOPIC));
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/#"));
	ew_test_advance(world, 5 * EW_SECOND);
	assert_int_equal(ew_test_stop(world, "scada"), 0);
	sent = last_sent(STATE_TOPIC);
	assert_false(state_of(sent->payload, sent->payload_size).online);
	assert_true(state_of(sent->payload, sent->payload_size).timestamp > said.timestamp);
}

static void test_state_is_said_again_when_others_deny_it(void **state)
{
	static const char text[] = "{\"online\":false,\"timestamp\":1}";
	const struct ew_test_sent *sent;
	uint64_t first;

	(void)state;
	start("");
	sent = last_sent(STATE_TOPIC);
	first = state_of(sent->payload, sent->payload_size).timestamp;
	ew_test_sent_forget(world, "main");
	send_bytes(STATE_TOPIC, text, sizeof(text) - 1);
	sent = last_sent(STATE_TOPIC);
	assert_non_null(sent);
	assert_true(state_of(sent->payload, sent->payload_size).online);
	assert_true(state_of(sent->payload, sent->payload_size).timestamp == first);
	send_bytes(STATE_TOPIC, text, sizeof(text) - 1);
	assert_int_equal(ew_test_sent_count(world, "main", STATE_TOPIC), 1);
	assert_true(ew_test_metric(world, "scada", "state_disputes_total") == 2);
	/* said again a bit later: the broker keeps what was said last */
	ew_test_advance(world, EW_SECOND);
	assert_int_equal(ew_test_sent_count(world, "main", STATE_TOPIC), 2);
}

static void test_a_passive_one_says_nothing(void **state)
{
	(void)state;
	start("passive: yes\n");
	born();
	ddata(9, 1, 4);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true(ew_test_number(world, SPEED) == 4);
	assert_int_equal(ew_test_set(world, SPEED, 9), -EROFS);
	assert_int_equal(ew_test_stop(world, "scada"), 0);
	assert_null(ew_test_sent(world, "main", 0));
}

static void test_births_become_devices_and_tags(void **state)
{
	const struct ew_tag_info *info;
	struct ew_sample sample;
	uint32_t tag;

	(void)state;
	start("");
	born();
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
	ddata(2, 1, 12);
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
	start("");
	born();
	ew_test_advance(world, 3 * EW_SECOND);
	ndeath(2);
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
	ndeath(3);
	ms = wall();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	assert_true(sample.v.i == -7);
	assert_true((uint64_t)(sample.time / 1000000) == ms);
	assert_int_equal(ew_test_read(world, "plant/gw1/pump-1:Name", &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	assert_memory_equal(sample.v.x.at, "north", 5);
	assert_int_equal(ew_test_count(world, EW_TEST_EVENT, "sparkplug.node_death"), 1);
	born();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
}

static void test_the_own_end_makes_all_stale(void **state)
{
	struct ew_sample sample;

	(void)state;
	start("");
	born();
	ew_test_sent_forget(world, "main");
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_UNCERTAIN | EW_REASON_STALE);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_int_equal(rebirths(), 1);
	assert_true(ew_test_metric(world, "scada", "rebirths_reconnect_total") == 1);
	born();
	assert_int_equal(ew_test_read(world, SPEED, &sample), 0);
	assert_int_equal(sample.quality, EW_GOOD);
}

static void test_a_gap_brings_a_rebirth_request(void **state)
{
	struct sp_metric metric;

	(void)state;
	start("reorder_timeout: 2s\n");
	born();
	ddata(3, 1, 9);
	ew_test_advance(world, 1900 * EW_MILLISECOND);
	assert_int_equal(rebirths(), 0);
	ew_test_advance(world, 200 * EW_MILLISECOND);
	assert_int_equal(rebirths(), 1);
	metric = command_of("spBv1.0/plant/NCMD/gw1");
	assert_true(sp_bytes_equal(metric.name, sp_text("Node Control/Rebirth")));
	assert_true(metric.value.carrier == SP_BOOL && metric.value.u == 1);
	assert_true(ew_test_metric(world, "scada", "rebirths_gap_total") == 1);
}

static void test_history_is_not_the_present(void **state)
{
	struct sp_metric metric;
	size_t before;

	(void)state;
	start("");
	born();
	before = ew_test_count(world, EW_TEST_SAMPLE, SPEED);
	open_payload();
	metric = metric_of(NULL, 1, 0);
	metric.is_historical = true;
	put(&metric);
	say("spBv1.0/plant/DDATA/gw1/pump-1", 2);
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
	start("");
	born();
	ask_for(-30);
	metric = command_of("spBv1.0/plant/DCMD/gw1/pump-1");
	assert_int_equal(metric.has & (SP_HAS_ALIAS | SP_HAS_NAME), SP_HAS_ALIAS);
	assert_true(metric.alias == 1 && (int16_t)metric.value.u == -30);
	ddata(2, 1, 11); /* not yet */
	assert_null(answer());
	ddata(3, 1, -30);
	assert_non_null(answer());
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_DONE);
	assert_true(ew_test_metric(world, "scada", "commands_done_total") == 1);
}

static void test_a_write_without_an_echo_is_unknown(void **state)
{
	(void)state;
	start("");
	born();
	ask_for(20);
	ew_test_advance(world, 5 * EW_SECOND);
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_UNKNOWN);
	assert_true(ew_test_metric(world, "scada", "commands_unknown_total") == 1);
}

static void test_a_death_ends_what_waits(void **state)
{
	(void)state;
	start("");
	born();
	ask_for(20);
	ndeath(3);
	assert_int_equal(answer()->answer.status[0].result, EW_WRITE_UNKNOWN);
	assert_int_equal(ew_test_set(world, SPEED, 9), -EHOSTDOWN);
}

static void test_what_is_read_only_is_not_sent(void **state)
{
	(void)state;
	start("");
	born();
	assert_int_not_equal(ew_test_write(world, "plant/gw1/pump-1:Name",
					   ew_sample_text(0, 0, "x", 1)), 0);
	assert_int_equal(ew_test_sent_count(world, "main", "spBv1.0/plant/DCMD/#"), 0);
}

static void test_a_rebirth_can_be_asked_for(void **state)
{
	(void)state;
	start("");
	born();
	assert_int_equal(ew_test_write(world, "plant/gw1:Node Control/Rebirth",
				       ew_sample_none(0, 0)), -ETIMEDOUT);
	assert_int_equal(rebirths(), 1);
	assert_true(sp_bytes_equal(command_of("spBv1.0/plant/NCMD/gw1").name,
				   sp_text("Node Control/Rebirth")));
}

static void test_groups_are_filtered(void **state)
{
	(void)state;
	start("groups: [other, more]\n");
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/other/#"));
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/more/#"));
	assert_false(ew_test_is_subscribed(world, "main", "spBv1.0/#"));
}

static void test_rubbish_does_no_harm(void **state)
{
	(void)state;
	start("");
	send_bytes("spBv1.0/plant/NBIRTH/gw1", "\xff\xff", 2);
	send_bytes("spBv1.0/plant/XDATA/gw1", "", 0);
	send_bytes("spBv1.0/plant/DDATA/gw1/pump-1", "\x0a\xff\xff\xff\xff\x0f", 6);
	assert_true(ew_test_metric(world, "scada", "dropped_malformed_total") == 2);
	assert_true(ew_test_metric(world, "scada", "dropped_topic_total") == 1);
	born();
	assert_true(ew_test_number(world, SPEED) == -7);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_is_born_and_dies),
		TEST(test_state_is_said_again_when_others_deny_it),
		TEST(test_a_passive_one_says_nothing),
		TEST(test_births_become_devices_and_tags),
		TEST(test_a_death_leaves_stale_values),
		TEST(test_the_own_end_makes_all_stale),
		TEST(test_a_gap_brings_a_rebirth_request),
		TEST(test_history_is_not_the_present),
		TEST(test_a_write_is_done_when_data_shows_it),
		TEST(test_a_write_without_an_echo_is_unknown),
		TEST(test_a_death_ends_what_waits),
		TEST(test_what_is_read_only_is_not_sent),
		TEST(test_a_rebirth_can_be_asked_for),
		TEST(test_groups_are_filtered),
		TEST(test_rubbish_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
