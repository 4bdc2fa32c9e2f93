/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/modules/sparkplug_nodes.h"

#include <stdio.h>
#include <string.h>

extern const struct ew_module ew_module;

struct ew_test *world;
void (*nodes_watch)(const char *topic, const void *bytes, size_t size);

static uint8_t memory[4096], set_memory[512], inner_memory[2048];
static struct sp_writer writer, inner;

int nodes_setup(void **state)
{
	(void)state;
	return ew_test_new(&world);
}

int nodes_teardown(void **state)
{
	(void)state;
	ew_test_free(&world);
	return 0;
}

void nodes_start(const char *yaml)
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

uint64_t nodes_wall(void)
{
	uint64_t ms;

	(void)ew_test_begin(world);
	ms = (uint64_t)(ew_wall() / 1000000);
	ew_test_end(world);
	return ms;
}

/* ---- what nodes say ---- */

void nodes_open(void)
{
	sp_writer_init(&writer, memory, sizeof(memory));
}

struct sp_metric nodes_metric(const char *name, uint64_t alias, unsigned type)
{
	struct sp_metric metric = { .has = SP_HAS_TIMESTAMP, .timestamp = nodes_wall(),
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

void nodes_put(const struct sp_metric *metric)
{
	assert_int_equal(sp_metric_put(&writer, metric), 0);
}

void nodes_send(const char *topic, const void *bytes, size_t size)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic, .payload = bytes, .payload_size = size,
	};

	if (nodes_watch != NULL) {
		nodes_watch(topic, bytes, size);
	}
	assert_true(ew_test_broker_send(world, "main", &message) > 0);
}

void nodes_say_at(const char *topic, int seq, uint64_t ms)
{
	struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = ms };

	if (seq >= 0) {
		payload.has |= SP_HAS_SEQ;
		payload.seq = (uint64_t)seq;
	}
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	nodes_send(topic, memory, sp_written(&writer).size);
}

void nodes_say(const char *topic, int seq)
{
	nodes_say_at(topic, seq, nodes_wall());
}

void nodes_template(const char *reference, bool is_definition)
{
	const struct sp_template head = {
		.has = SP_HAS_DEFINITION | (reference != NULL ? SP_HAS_REFERENCE : 0),
		.reference = sp_text(reference != NULL ? reference : ""),
		.is_definition = is_definition,
	};

	sp_writer_init(&inner, inner_memory, sizeof(inner_memory));
	assert_int_equal(sp_template_put(&inner, &head), 0);
}

void nodes_member(const char *name, unsigned type, uint64_t value)
{
	struct sp_metric member = nodes_metric(name, 0, type);

	member.value = sp_value_whole(SP_TYPE_INT16, value);
	assert_int_equal(sp_metric_put(&inner, &member), 0);
}

void nodes_parameter(const char *name, const char *text)
{
	const struct sp_item item = { .name = sp_text(name), .type = SP_TYPE_STRING,
				      .value = { .carrier = SP_TEXT, .x = sp_text(text) } };

	assert_int_equal(sp_parameter_put(&inner, &item), 0);
}

void nodes_put_template(const char *name, uint64_t alias, unsigned type)
{
	struct sp_metric metric = nodes_metric(name, alias, type);

	metric.value = (struct sp_value){ .carrier = SP_TEMPLATE, .x = sp_written(&inner) };
	nodes_put(&metric);
}

void nodes_put_bdseq(uint64_t bdseq)
{
	struct sp_metric metric = nodes_metric("bdSeq", 0, SP_TYPE_INT64);

	metric.value = sp_value_whole(SP_TYPE_INT64, bdseq);
	nodes_put(&metric);
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

void nodes_nbirth(uint64_t bdseq)
{
	struct sp_metric rebirth = nodes_metric("Node Control/Rebirth", 0, SP_TYPE_BOOLEAN);
	const struct sp_metric setpoint = nodes_metric("Setpoint", 5, SP_TYPE_INT16);

	nodes_open();
	nodes_put_bdseq(bdseq);
	rebirth.value = (struct sp_value){ .carrier = SP_BOOL };
	nodes_put(&rebirth);
	nodes_put(&setpoint);
	nodes_say("spBv1.0/plant/NBIRTH/gw1", 0);
}

void nodes_dbirth(int seq)
{
	struct sp_metric speed = nodes_metric("Speed", 1, SP_TYPE_INT16);
	struct sp_metric name = nodes_metric("Name", 2, SP_TYPE_STRING);

	nodes_open();
	speed.value = sp_value_whole(SP_TYPE_INT16, (uint64_t)(int64_t)-7);
	speed.has |= SP_HAS_PROPERTIES;
	speed.properties = speed_properties();
	nodes_put(&speed);
	name.value = (struct sp_value){ .carrier = SP_TEXT, .x = sp_text("north") };
	name.has |= SP_HAS_PROPERTIES;
	name.properties = read_only();
	nodes_put(&name);
	nodes_say("spBv1.0/plant/DBIRTH/gw1/pump-1", seq);
}

void nodes_ddata(int seq, uint64_t alias, int64_t value)
{
	struct sp_metric metric = nodes_metric(NULL, alias, 0);

	nodes_open();
	metric.value = sp_value_whole(SP_TYPE_INT16, (uint64_t)value);
	nodes_put(&metric);
	nodes_say("spBv1.0/plant/DDATA/gw1/pump-1", seq);
}

void nodes_born(void)
{
	nodes_nbirth(3);
	nodes_dbirth(1);
}

void nodes_ndeath(uint64_t bdseq)
{
	nodes_open();
	nodes_put_bdseq(bdseq);
	nodes_say("spBv1.0/plant/NDEATH/gw1", -1);
}

/* ---- what the host says ---- */

const struct ew_test_sent *nodes_heard(const char *topic)
{
	const struct ew_test_sent *sent, *last = NULL;

	for (size_t i = 0; (sent = ew_test_sent(world, "main", i)) != NULL; i++) {
		if (strcmp(sent->topic, topic) == 0 && !sent->is_will) {
			last = sent;
		}
	}
	return last;
}

struct sp_state nodes_state(const void *payload, size_t size)
{
	struct sp_state state = { 0 };

	assert_int_equal(sp_state_decode((struct sp_bytes){ payload, size }, &state), 0);
	return state;
}
