/* SPDX-License-Identifier: Apache-2.0 */
/* A world for tests of the lwm2m module: see lwm2m_world.h. */
#include "tests/modules/lwm2m_world.h"

#include <stdio.h>
#include <string.h>

struct world world;

void world_declare(const char *path, const char *first)
{
	struct ew_instance *inst = ew_test_begin(world.test);
	const struct ew_device_spec device = {.size = sizeof(device), .path = path};
	struct ew_tag_spec tag = {.size = sizeof(tag), .type = EW_TYPE_F64, .unit = "Cel"};
	uint32_t id;

	assert_int_equal(ew_device_declare(inst, &device, &world.device), 0);
	if (first != NULL) {
		tag.name = first;
		assert_int_equal(ew_tag_declare(inst, world.device, &tag, &id), 0);
	}
	tag.name = "Temperature";
	assert_int_equal(ew_tag_declare(inst, world.device, &tag, &world.temperature), 0);
	tag.name = "Speed";
	tag.type = EW_TYPE_U16;
	tag.unit = "Hz";
	tag.access = EW_ACCESS_READ | EW_ACCESS_WRITE;
	tag.write_high = 60;
	assert_int_equal(ew_tag_declare(inst, world.device, &tag, &world.speed), 0);
	tag.name = "Valve";
	tag.type = EW_TYPE_BOOL;
	tag.unit = NULL;
	tag.write_high = 0;
	assert_int_equal(ew_tag_declare(inst, world.device, &tag, &world.valve), 0);
	assert_int_equal(ew_device_state(inst, world.device, EW_DEVICE_UP, NULL), 0);
	ew_test_end(world.test);
	ew_test_step(world.test);
}

void world_publish(double temperature)
{
	struct ew_instance *inst = ew_test_begin(world.test);
	const struct ew_sample samples[] = {
		ew_sample_f64(world.temperature, 0, temperature),
		ew_sample_u64(world.speed, 0, 50),
	};

	assert_int_equal(ew_publish(inst, samples, 2, NULL), 0);
	ew_test_end(world.test);
	ew_test_step(world.test);
}

void world_begin(const char *options)
{
	char yaml[512];

	(void)snprintf(yaml, sizeof(yaml), "endpoint: gw1\nprefix: t\n%s", options);
	world.looked = 0;
	assert_int_equal(ew_test_new(&world.test), 0);
	assert_int_equal(ew_test_config(world.test,
					"uplink: {servers: ['mqtt://broker'], plaintext: yes}\n"
					"access: {cloud: {write: ['**'], execute: ['**']}}\n"), 0);
	assert_int_equal(ew_test_load(world.test, &ew_module, "cloud", yaml), 0);
	if (ew_test_start(world.test) != 0) {
		fail_msg("%s", ew_test_error(world.test));
	}
}

int world_end(void **state)
{
	(void)state;
	ew_test_free(&world.test);
	return 0;
}

struct lwm2m_message world_heard(void)
{
	const struct ew_test_sent *sent = ew_test_sent(world.test, "main", world.looked++);
	struct lwm2m_message message;

	assert_non_null(sent);
	assert_string_equal(sent->topic, TOPIC);
	assert_int_equal(sent->qos, 1);
	assert_false(sent->retain);
	assert_int_equal(lwm2m_message_decode(sent->payload, sent->payload_size, &message), 0);
	return message;
}

void world_heard_nothing(void)
{
	assert_null(ew_test_sent(world.test, "main", world.looked));
}

void world_say(struct lwm2m_message message, bool retain)
{
	uint8_t bytes[4096];
	struct ew_uplink_message sent = {
		.size = sizeof(sent), .topic = TOPIC, .payload = bytes, .qos = 1,
		.retain = retain,
	};

	message.has |= H(TOKEN);
	assert_int_equal(lwm2m_message_encode(&message, bytes, sizeof(bytes),
					      &sent.payload_size), 0);
	assert_int_equal(ew_test_broker_send(world.test, "main", &sent), 1);
}

void world_answer(uint64_t token, unsigned result)
{
	world_say((struct lwm2m_message){
		.has = H(RESULT), .token = token, .result = result,
	}, false);
}

struct lwm2m_text world_text(const char *words)
{
	return (struct lwm2m_text){words, strlen(words)};
}

void world_ask(unsigned operation, uint64_t token, const char *uri)
{
	world_say((struct lwm2m_message){.has = H(OPERATION) | H(URI), .operation = operation,
				   .token = token, .uri = world_text(uri)}, false);
}

void world_write_text(uint64_t token, const char *uri, const char *value)
{
	world_say((struct lwm2m_message){
		.has = H(OPERATION) | H(URI) | H(CT) | H(PAYLOAD), .token = token,
		.operation = LWM2M_OP_WRITE_REPLACE, .uri = world_text(uri),
		.payload = world_text(value),
	}, false);
}

struct lwm2m_message world_answered(uint64_t token, unsigned result)
{
	struct lwm2m_message message = world_heard();

	assert_int_equal(message.has & H(OPERATION), 0);
	assert_int_equal(message.token, token);
	assert_int_equal(message.result, result);
	return message;
}

void world_registered(void)
{
	struct lwm2m_message message = world_heard();

	assert_int_equal(message.operation, LWM2M_OP_REGISTER);
	world_answer(message.token, LWM2M_CREATED);
	/* what was declared meanwhile */
	while (ew_test_sent(world.test, "main", world.looked) != NULL) {
		message = world_heard();
		assert_int_equal(message.operation, LWM2M_OP_UPDATE);
		world_answer(message.token, LWM2M_CHANGED);
	}
}

const char *world_records(const struct lwm2m_message *message)
{
	static char line[4096];
	const struct lwm2m_source source = {
		.bytes = message->payload.at, .size = message->payload.size,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	size_t at = 0;

	line[0] = '\0';
	assert_int_equal(lwm2m_decoder_begin(&decoder, (unsigned)message->ct, &source), 0);
	while (lwm2m_decoder_next(&decoder, &record) > 0) {
		char path[LWM2M_PATH_MAX];
		double number = 0;

		(void)lwm2m_path_format(&record.path, path);
		if (record.value.type == LWM2M_STRING) {
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s=%.*s ", path,
					       (int)record.value.v.x.size,
					       record.value.v.x.at);
			continue;
		}
		if (record.value.type == LWM2M_BOOLEAN) {
			number = record.value.v.b;
		} else if (lwm2m_value_convert(&record.value, LWM2M_FLOAT, NULL) == 0) {
			number = record.value.v.f;
		}
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s=%g ", path, number);
	}
	return line;
}

void world_reconnect(void)
{
	ew_test_broker_cut(world.test, "main", EW_UPLINK_LOST);
	for (int i = 0; i < 600 && ew_test_sent(world.test, "main", world.looked) == NULL; i++) {
		ew_test_advance(world.test, EW_SECOND);
	}
}

void world_bulk_begin(const char *options)
{
	world_begin(options);
	world_registered();
	world_declare("pump-1", NULL);
	world_answer(world_heard().token, LWM2M_CHANGED);
	world_heard_nothing();
}
