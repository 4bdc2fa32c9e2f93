/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sparkplug/message.h"
#include "tests/conformance/edge.h"
#include "tests/conformance/look.h"

extern const struct ew_module ew_module;

struct judge scene;
uint32_t scene_load;

static struct ledger ledger;
static struct look look;
static uint32_t scene_types[40];

static const char *const scene_filters[] = {
	"spBv1.0/plant/NCMD/gw1", "spBv1.0/plant/DCMD/gw1/+", "spBv1.0/STATE/scada1",
};

int scene_setup(void **state)
{
	scene = (struct judge){ .ledger = &ledger, .group = "plant", .node = "gw1",
				.is_fresh = true, .bdseq = -1 };
	look = (struct look){ .judge = &scene, .filters = scene_filters, .filter_count = 3 };
	return world_setup(state);
}

int scene_teardown(void **state)
{
	return world_teardown(state);
}

void scene_look(void)
{
	look_at(&look, world);
}

void scene_stop(void)
{
	(void)ew_test_stop(world, "scada"); /* it waits for the acknowledgement */
	look.is_over = true;
	scene_advance(3 * EW_SECOND);
	judge_disconnect(&scene, 0);
}

uint32_t scene_declare_tag(struct ew_instance *inst, uint32_t device, const char *name,
			   uint8_t type)
{
	const struct ew_tag_spec spec = { .size = sizeof(spec), .name = name, .type = type,
					  .unit = "Hz" };
	uint32_t tag;

	assert_int_equal(ew_tag_declare(inst, device, &spec, &tag), 0);
	return tag;
}

static void scene_declare(void)
{
	const struct ew_device_spec gateway = { .size = sizeof(gateway), .path = "gateway" };
	struct ew_instance *inst = ew_test_begin(world);
	struct ew_sample sample;
	uint32_t device;

	assert_int_equal(ew_device_declare(inst, &gateway, &device), 0);
	assert_int_equal(ew_device_state(inst, device, EW_DEVICE_UP, NULL), 0);
	scene_load = scene_declare_tag(inst, device, "Load", EW_TYPE_I32);
	sample = ew_sample_i64(scene_load, ew_wall(), 40);
	assert_int_equal(ew_publish(inst, &sample, 1, NULL), 0);
	ew_test_end(world);
	ew_test_step(world);
}

/* The node's own tag makes a second round of births; it is over when this returns. */
void scene_start(const char *yaml)
{
	world_start(yaml);
	judge_expect(&scene, "pump:1", true);
	scene_look();
	scene_declare();
	scene_advance(EW_SECOND);
}

void scene_refused(const char *yaml, const char *ids)
{
	bool started;

	(void)ew_test_config(world, "uplink: {servers: ['mqtt://broker.test'], plaintext: yes}\n");
	started = ew_test_load(world, &ew_module, "scada", yaml) == 0 && ew_test_start(world) == 0;
	ledger_check(scene.ledger, !started, ids, "it starts");
	(void)scene_teardown(NULL);
	(void)scene_setup(NULL);
}

/* Each value is a bit later than the one before, as on a real machine. */
static void scene_publish(struct ew_sample sample, ew_dur age)
{
	struct ew_instance *inst;

	ew_test_advance(world, 2 * EW_MILLISECOND);
	inst = ew_test_begin(world);
	sample.time = ew_wall() - age;
	assert_int_equal(ew_publish(inst, &sample, 1, NULL), 0);
	ew_test_end(world);
	ew_test_step(world);
	scene_look();
}

void scene_set_at(uint32_t tag, int64_t value, ew_dur age)
{
	scene_publish(ew_sample_i64(tag, 0, value), age);
}

void scene_set(uint32_t tag, int64_t value)
{
	scene_set_at(tag, value, 0);
}

void scene_set_quality(uint32_t tag, int64_t value, uint16_t quality)
{
	struct ew_sample sample = ew_sample_i64(tag, 0, value);

	sample.quality = quality;
	scene_publish(sample, 0);
}

void scene_device_state(enum ew_state state)
{
	judge_expect(&scene, "pump:1", false); /* until the change is through */
	world_state(state);
	ew_test_advance(world, 2 * EW_MILLISECOND);
	scene_look();
	judge_expect(&scene, "pump:1", state == EW_DEVICE_UP);
}

void scene_say(const char *topic, const char *text)
{
	const struct judge_message message = { .topic = topic, .payload = text,
					       .size = strlen(text) };

	judge_told(&scene, &message);
	world_say(topic, text);
	scene_look();
}

void scene_advance(ew_dur by)
{
	ew_test_advance(world, by);
	scene_look();
}

void scene_cut(void)
{
	look.was_cut = true;
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
}

size_t scene_count(void)
{
	size_t count = 0;

	while (world_message(count) != NULL) {
		count++;
	}
	return count;
}

enum sp_verb scene_verb(size_t index)
{
	const struct seen_message *message = world_message(index);

	return message != NULL ? message->verb : SP_STATE;
}

bool scene_has(const char *name, int device)
{
	for (size_t i = 0; i < scene.metric_count; i++) {
		if (scene.metrics[i].device == device && strcmp(scene.metrics[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

int64_t scene_born(enum sp_verb verb, const char *name)
{
	const struct seen_message *message;
	const struct sp_metric *metric;
	int64_t value = INT64_MIN;

	for (size_t i = 0; (message = world_message(i)) != NULL; i++) {
		metric = message->verb == verb ? world_metric(message, name) : NULL;
		if (metric != NULL && !metric->is_null) {
			value = (int32_t)metric->value.u;
		}
	}
	return value;
}

/* ---- every datatype ---- */

static bool scene_is_type(unsigned type)
{
	return ew_type_name(type) != NULL && (type & ~EW_TYPE_ARRAY) != EW_TYPE_TEMPLATE &&
	       ((type & EW_TYPE_ARRAY) == 0 || (type & ~EW_TYPE_ARRAY) <= EW_TYPE_TEXT);
}

void scene_declare_types(void)
{
	const struct ew_device_spec types = { .size = sizeof(types), .path = "types" };
	struct ew_instance *inst = ew_test_begin(world);
	uint32_t device;
	size_t count = 0;

	assert_int_equal(ew_device_declare(inst, &types, &device), 0);
	assert_int_equal(ew_device_state(inst, device, EW_DEVICE_UP, NULL), 0);
	for (unsigned type = 1; type <= (EW_TYPE_ARRAY | EW_TYPE_TEXT); type++) {
		if (scene_is_type(type)) {
			const char *name = type == EW_TYPE_DATASET ? "Table" : ew_type_name(type);

			scene_types[count++] = scene_declare_tag(inst, device, name, (uint8_t)type);
		}
	}
	ew_test_end(world);
	judge_expect(&scene, "types", true);
	scene_advance(EW_SECOND);
}

static size_t scene_dataset(uint8_t *memory, size_t size)
{
	uint8_t row_memory[512];
	struct sp_writer writer, row;
	const struct sp_value cell = { .carrier = SP_INT, .u = 7 };

	sp_writer_init(&writer, memory, size);
	assert_int_equal(sp_column_count_put(&writer, 1), 0);
	assert_int_equal(sp_column_put(&writer, sp_text("Column"), SP_TYPE_INT32), 0);
	sp_writer_init(&row, row_memory, sizeof(row_memory));
	assert_int_equal(sp_cell_put(&row, &cell), 0);
	assert_int_equal(sp_row_put(&writer, sp_written(&row)), 0);
	return sp_written(&writer).size;
}

void scene_publish_types(void)
{
	static const uint8_t zeros[16];
	uint8_t table[1024];
	size_t at = 0, size = scene_dataset(table, sizeof(table));

	for (unsigned type = 1; type <= (EW_TYPE_ARRAY | EW_TYPE_TEXT); type++) {
		if (!scene_is_type(type)) {
			continue;
		}
		struct ew_sample sample = ew_sample_none(scene_types[at++], 0);

		switch (ew_type_carrier(type)) {
		case EW_BOOL:
			sample = ew_sample_bool(sample.tag, 0, true);
			break;
		case EW_I64:
			sample = ew_sample_i64(sample.tag, 0, type == EW_TYPE_TIME ? 1 : -1);
			break;
		case EW_U64:
			sample = ew_sample_u64(sample.tag, 0, 200);
			break;
		case EW_F64:
			sample = ew_sample_f64(sample.tag, 0, -0.5);
			break;
		case EW_TEXT:
			sample = ew_sample_text(sample.tag, 0, "text", 4);
			break;
		default:
			sample = type == EW_TYPE_DATASET
					 ? ew_sample_bytes(sample.tag, 0, table, (uint32_t)size)
					 : ew_sample_bytes(sample.tag, 0, zeros, sizeof(zeros));
			break;
		}
		scene_publish(sample, 0);
	}
}

/* ---- the end ---- */

int scene_report(void)
{
	return look_report(&ledger, "edge");
}
