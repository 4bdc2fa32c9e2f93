/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/modules/sparkplug_world.h"

#include <stdio.h>
#include <string.h>

extern const struct ew_module ew_module;

struct ew_test *world;
uint32_t world_device, world_speed, world_empty;

static struct seen_message seen[4];
static unsigned seen_next;

int world_setup(void **state)
{
	(void)state;
	return ew_test_new(&world);
}

int world_teardown(void **state)
{
	(void)state;
	ew_test_free(&world);
	return 0;
}

static void world_declare(void)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "pump/1" };
	const struct ew_tag_spec speed = {
		.size = sizeof(speed), .name = "Speed", .type = EW_TYPE_I16, .unit = "Hz",
		.access = EW_ACCESS_READ | EW_ACCESS_WRITE, .low = -50, .high = 50,
		.write_low = -50, .write_high = 50,
	};
	const struct ew_tag_spec empty = {
		.size = sizeof(empty), .name = "Empty", .type = EW_TYPE_F64,
	};
	struct ew_instance *inst = ew_test_begin(world);
	struct ew_sample sample;

	assert_int_equal(ew_device_declare(inst, &device, &world_device), 0);
	assert_int_equal(ew_tag_declare(inst, world_device, &speed, &world_speed), 0);
	assert_int_equal(ew_tag_declare(inst, world_device, &empty, &world_empty), 0);
	assert_int_equal(ew_device_state(inst, world_device, EW_DEVICE_UP, NULL), 0);
	sample = ew_sample_i64(world_speed, ew_wall(), -7);
	assert_int_equal(ew_publish(inst, &sample, 1, NULL), 0);
	ew_test_end(world);
}

void world_start(const char *yaml)
{
	char options[512];

	(void)snprintf(options, sizeof(options), "%s%s", WORLD_IDS, yaml);
	assert_int_equal(ew_test_config(world, "uplink: {servers: ['mqtt://broker.test'], "
					       "plaintext: yes}\n"), 0);
	assert_int_equal(ew_test_load(world, &ew_module, "scada", options), 0);
	if (ew_test_start(world) != 0) {
		fail_msg("%s", ew_test_error(world));
	}
	world_declare();
	ew_test_advance(world, EW_SECOND);
}

void world_set(uint32_t tag, int64_t value)
{
	struct ew_instance *inst = ew_test_begin(world);
	struct ew_sample sample = ew_sample_i64(tag, ew_wall(), value);

	assert_int_equal(ew_publish(inst, &sample, 1, NULL), 0);
	ew_test_end(world);
	ew_test_step(world);
}

void world_state(enum ew_state state)
{
	struct ew_instance *inst = ew_test_begin(world);

	assert_int_equal(ew_device_state(inst, world_device, state, NULL), 0);
	ew_test_end(world);
	ew_test_step(world);
}

void world_parse(const char *topic, const void *payload, size_t size, struct seen_message *out)
{
	const struct sp_limits limits = { .bytes = 1u << 20, .metrics = SEEN_METRICS,
					  .items = 1000, .depth = 4 };
	struct sp_bytes bytes = { payload, size };
	struct sp_topic parts;
	struct sp_reader metrics;

	memset(out, 0, sizeof(*out));
	assert_int_equal(sp_topic_parse(sp_text(topic), &parts), 0);
	out->verb = parts.verb;
	if (parts.device.size > 0) {
		memcpy(out->device, parts.device.at, parts.device.size);
	}
	assert_int_equal(sp_payload_check(bytes, &limits), 0);
	assert_int_equal(sp_payload_decode(bytes, &limits, &out->payload, &metrics), 0);
	while (sp_metric_next(&metrics, &out->metrics[out->metric_count]) > 0) {
		out->metric_count++;
	}
}

static const struct seen_message *world_seen(const struct ew_test_sent *sent)
{
	struct seen_message *message = &seen[seen_next++ % 4];

	world_parse(sent->topic, sent->payload, sent->payload_size, message);
	message->qos = sent->qos;
	message->retain = sent->retain;
	message->is_will = sent->is_will;
	return message;
}

static bool world_is_ours(const struct ew_test_sent *sent)
{
	return strncmp(sent->topic, SP_NAMESPACE "/", 8) == 0 && !sent->is_will;
}

const struct seen_message *world_message(size_t index)
{
	const struct ew_test_sent *sent;

	for (size_t i = 0; (sent = ew_test_sent(world, "main", i)) != NULL; i++) {
		if (world_is_ours(sent) && index-- == 0) {
			return world_seen(sent);
		}
	}
	return NULL;
}

const struct seen_message *world_first(enum sp_verb verb)
{
	const struct seen_message *message;

	for (size_t i = 0; (message = world_message(i)) != NULL; i++) {
		if (message->verb == verb) {
			return message;
		}
	}
	return NULL;
}

size_t world_count(enum sp_verb verb)
{
	const struct seen_message *message;
	size_t count = 0;

	for (size_t i = 0; (message = world_message(i)) != NULL; i++) {
		count += message->verb == verb;
	}
	return count;
}

const struct sp_metric *world_metric(const struct seen_message *message, const char *name)
{
	for (size_t i = 0; i < message->metric_count; i++) {
		if (message->metrics[i].has & SP_HAS_NAME &&
		    sp_bytes_equal(message->metrics[i].name, sp_text(name))) {
			return &message->metrics[i];
		}
	}
	return NULL;
}

const char *world_property(const struct sp_metric *metric, const char *key)
{
	static char text[256];
	struct sp_properties properties;
	struct sp_item item;

	assert_true(metric->has & SP_HAS_PROPERTIES);
	sp_properties_open(metric->properties, &properties);
	while (sp_property_next(&properties, &item) > 0) {
		if (sp_bytes_equal(item.name, sp_text(key)) && item.value.carrier == SP_TEXT) {
			memcpy(text, item.value.x.at, item.value.x.size);
			text[item.value.x.size] = '\0';
			return text;
		}
	}
	return NULL;
}

void world_send(const char *topic, const void *payload, size_t size, bool retain)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic, .payload = payload, .payload_size = size,
		.retain = retain,
	};

	assert_true(ew_test_broker_send(world, "main", &message) > 0);
}

void world_say(const char *topic, const char *text)
{
	world_send(topic, text, strlen(text), true);
}

static void world_put(const char *topic, const struct sp_metric *metric)
{
	uint8_t memory[1024];
	struct sp_writer writer;
	const struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = 1 };

	sp_writer_init(&writer, memory, sizeof(memory));
	assert_int_equal(sp_metric_put(&writer, metric), 0);
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	world_send(topic, memory, sp_written(&writer).size, false);
}

void world_command(const char *topic, const char *name, enum sp_carrier carrier, uint64_t value)
{
	struct sp_metric metric = { .has = SP_HAS_NAME, .name = sp_text(name),
				    .value = { .carrier = carrier } };

	if (carrier == SP_TEXT) {
		metric.value.x = sp_text("text");
	} else {
		metric.value.u = value;
	}
	world_put(topic, &metric);
}

void world_birth_of_another(uint8_t bdseq)
{
	const struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_DATATYPE, .name = sp_text("bdSeq"),
		.datatype = SP_TYPE_INT64, .value = sp_value_whole(SP_TYPE_INT64, bdseq),
	};

	world_put("spBv1.0/plant/NBIRTH/gw1", &metric);
}
