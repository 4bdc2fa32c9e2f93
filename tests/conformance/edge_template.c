/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: devices that have a type, and what they say as instances. */
#include "tests/conformance/edge.h"

#include <limits.h>
#include <string.h>

#define TEMPLATE  "payloads-template-"
#define PUMPS     2u

static uint32_t pumps[PUMPS], speeds[PUMPS], flows[PUMPS];

static uint32_t declare(struct ew_instance *inst, const char *path, const char *type,
			const char *maker)
{
	const struct ew_property property = { "maker", maker };
	const struct ew_device_spec spec = {
		.size = sizeof(spec), .path = path, .type = type, .version = "2",
		.properties = &property, .property_count = maker != NULL,
	};
	uint32_t device;

	assert_int_equal(ew_device_declare(inst, &spec, &device), 0);
	assert_int_equal(ew_device_state(inst, device, EW_DEVICE_UP, NULL), 0);
	return device;
}

static uint32_t declare_writable(struct ew_instance *inst, uint32_t device, const char *name)
{
	const struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name, .type = EW_TYPE_I16,
		.access = EW_ACCESS_READ | EW_ACCESS_WRITE, .write_low = -50, .write_high = 50,
	};
	uint32_t tag;

	assert_int_equal(ew_tag_declare(inst, device, &spec, &tag), 0);
	return tag;
}

/* Two of one type; the second has a tag and a property that the first has not. */
static void start(const char *yaml)
{
	static const char *const paths[PUMPS] = { "line/a", "line/b" };
	struct ew_instance *inst;

	scene_start(yaml);
	inst = ew_test_begin(world);
	for (size_t i = 0; i < PUMPS; i++) {
		pumps[i] = declare(inst, paths[i], "pump", i == 1 ? "acme" : NULL);
		speeds[i] = declare_writable(inst, pumps[i], "Pump/Speed");
		flows[i] = scene_declare_tag(inst, pumps[i], "Pump/Flow", EW_TYPE_I32);
	}
	(void)scene_declare_tag(inst, pumps[1], "Extra", EW_TYPE_I32);
	ew_test_end(world);
	scene_advance(EW_SECOND);
	judge_expect(&scene, "line:a", true);
	judge_expect(&scene, "line:b", true);
	scene_advance(10 * EW_SECOND);
}

static const struct seen_message *last(enum sp_verb verb)
{
	const struct seen_message *message, *found = NULL;

	for (size_t i = 0; (message = world_message(i)) != NULL; i++) {
		found = message->verb == verb ? message : found;
	}
	assert_non_null(found);
	return found;
}

/* Members in the template that a metric carries. */
static size_t member_count(const struct sp_metric *metric)
{
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_metric member;
	size_t count = 0;

	assert_int_equal(metric->value.carrier, SP_TEMPLATE);
	assert_int_equal(sp_template_decode(metric->value.x, &template_, &metrics, &parameters), 0);
	while (sp_metric_next(&metrics, &member) > 0) {
		count++;
	}
	return count;
}

static int index_of(const char *device)
{
	for (size_t i = 0; i < scene.device_count; i++) {
		if (strcmp(scene.devices[i].name, device) == 0) {
			return (int)i;
		}
	}
	return INT_MAX;
}

static const struct judge_template *defined(const char *name)
{
	for (size_t i = 0; i < scene.template_count; i++) {
		if (strcmp(scene.templates[i].name, name) == 0) {
			return &scene.templates[i];
		}
	}
	return NULL;
}

void test_devices_of_a_type_are_instances(void **state)
{
	const struct judge_template *pump;

	(void)state;
	start("templates: yes\nreport_delay: 0s\nrebirth_pause: 0s\n");
	pump = defined("_types_/pump");
	CLAIM(pump != NULL && pump->member_count == 2 && pump->parameter_count == 1,
	      "topics-nbirth-templates " TEMPLATE "definition-nbirth "
	      TEMPLATE "definition-members " TEMPLATE "definition-parameters");
	CLAIM(scene_has("pump", index_of("line:a")) &&
		      scene_has("pump", index_of("line:b")) &&
		      scene_has("Extra", index_of("line:b")),
	      "topics-dbirth-metric-reqs");
	scene_set(speeds[0], 5);
	CLAIM(member_count(&last(SP_DDATA)->metrics[0]) == 1, TEMPLATE "instance-members-data");
	scene_set(flows[1], 6);
	scene_set_quality(flows[1], 7, EW_UNCERTAIN);
	scene_device_state(EW_DEVICE_DOWN); /* of another */
	scene_set(speeds[1], 8);
}

void test_members_are_said_together(void **state)
{
	size_t before;

	(void)state;
	start("templates: yes\nreport_delay: 100ms\nrebirth_pause: 0s\n");
	before = world_count(SP_DDATA);
	scene_set(speeds[0], 5);
	scene_set(flows[0], 6);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_DDATA) == before + 1 && last(SP_DDATA)->metric_count == 1 &&
		      member_count(&last(SP_DDATA)->metrics[0]) == 2,
	      TEMPLATE "instance-members-data");
	scene_set(speeds[0], 7);
	scene_set(flows[0], 8);
	scene_set(speeds[0], 9);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_DDATA) == before + 2 && last(SP_DDATA)->metric_count == 2,
	      TEMPLATE "instance-members-data");
}

/* Late values, values of one time, in an instance and beside it. */
void test_members_keep_their_order(void **state)
{
	(void)state;
	start("templates: yes\nreport_delay: 100ms\nrebirth_pause: 0s\n");
	for (int i = 0; i < 40; i++) {
		scene_set_at(speeds[1], i, (i * 7 % 5) * EW_MILLISECOND);
		scene_set_at(flows[1], i, (i * 5 % 7) * EW_MILLISECOND);
		if (i % 8 == 0) {
			scene_set_at(scene_load, i, 3 * EW_MILLISECOND);
		}
	}
	scene_advance(EW_SECOND);
	scene_set(speeds[0], 1);
	scene_set(flows[0], 2);
	scene_set_at(speeds[0], 3, 2 * EW_MILLISECOND); /* the time of the other */
	scene_advance(EW_SECOND);
	scene_set(flows[0], 4);
	world_command("spBv1.0/plant/NCMD/gw1", "Node Control/Rebirth", SP_BOOL, 1);
	scene_set_at(speeds[0], 5, 5 * EW_MILLISECOND); /* older than the other in the birth */
	scene_advance(EW_SECOND);
	CLAIM(last(SP_DDATA)->metric_count > 0, "operational-behavior-data-publish-dbirth-order");
}

void test_a_definition_changes_in_a_round_of_births(void **state)
{
	struct ew_instance *inst;
	size_t rounds, births;
	uint32_t device;

	(void)state;
	start("templates: yes\nreport_delay: 0s\nrebirth_pause: 0s\n");
	rounds = world_count(SP_NBIRTH);
	births = world_count(SP_DBIRTH);
	inst = ew_test_begin(world);
	device = declare(inst, "line/c", "pump", "acme"); /* it fits */
	(void)declare_writable(inst, device, "Pump/Speed");
	(void)scene_declare_tag(inst, device, "Pump/Flow", EW_TYPE_I32);
	ew_test_end(world);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) == rounds && world_count(SP_DBIRTH) == births + 1,
	      TEMPLATE "definition-nbirth");
	inst = ew_test_begin(world);
	device = declare(inst, "line/d", "pump", NULL); /* it has no flow */
	(void)declare_writable(inst, device, "Pump/Speed");
	ew_test_end(world);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) == rounds + 1 && defined("_types_/pump") != NULL &&
		      defined("_types_/pump")->member_count == 1,
	      TEMPLATE "definition-members " TEMPLATE "instance-members-birth");
	inst = ew_test_begin(world);
	device = declare(inst, "line/e", "valve", NULL); /* a type of its own */
	(void)declare_writable(inst, device, "Position");
	ew_test_end(world);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) == rounds + 2 && defined("_types_/valve") != NULL,
	      "topics-nbirth-templates");
	scene_set(flows[0], 3);
	scene_set(speeds[0], 3);
	inst = ew_test_begin(world);
	device = declare(inst, "line/f", "valve", NULL); /* with another datatype */
	(void)scene_declare_tag(inst, device, "Position", EW_TYPE_F64);
	ew_test_end(world);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) == rounds + 3 && defined("_types_/valve") == NULL &&
		      scene_has("Position", index_of("line:f")),
	      TEMPLATE "instance-members-birth");
}

static void command(const char *reference, bool is_definition, const char *member)
{
	const struct sp_template head = {
		.has = SP_HAS_REFERENCE | SP_HAS_DEFINITION, .reference = sp_text(reference),
		.is_definition = is_definition,
	};
	const struct sp_metric inner = {
		.has = SP_HAS_NAME, .name = sp_text(member),
		.value = sp_value_whole(SP_TYPE_INT16, 9),
	};
	struct sp_metric metric = { .has = SP_HAS_NAME, .name = sp_text("pump"),
				    .value = { .carrier = SP_TEMPLATE } };
	const struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = 1 };
	uint8_t memory[1024], inside[512];
	struct sp_writer writer;

	sp_writer_init(&writer, inside, sizeof(inside));
	assert_int_equal(sp_template_put(&writer, &head), 0);
	assert_int_equal(sp_metric_put(&writer, &inner), 0);
	metric.value.x = sp_written(&writer);
	sp_writer_init(&writer, memory, sizeof(memory));
	assert_int_equal(sp_metric_put(&writer, &metric), 0);
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	world_send("spBv1.0/plant/DCMD/gw1/line:a", memory, sp_written(&writer).size, false);
}

void test_a_host_writes_members(void **state)
{
	(void)state;
	assert_int_equal(ew_test_config(world, "access: {scada: {write: ['line/a:**']}}"), 0);
	start("templates: yes\nreport_delay: 0s\nrebirth_pause: 0s\n");
	ew_test_answer(world, 0);
	command("_types_/pump", false, "Pump/Speed");
	scene_look();
	assert_true(ew_test_metric(world, "scada", "commands_refused_total") == 0);
	assert_int_equal(member_count(world_metric(last(SP_DBIRTH), "pump")), 2);
	command("_types_/pump", true, "Pump/Speed");
	command("_types_/pump", false, "Pump/Nothing");
	scene_look();
	assert_true(ew_test_metric(world, "scada", "commands_refused_total") == 2);
	CLAIM(world_count(SP_NBIRTH) > 0, TEMPLATE "instance-ref");
}
