/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge node with the real bus and session, the broker being the test's:
 * scenarios whose every message goes to the judge, and what only a scenario can
 * tell. Writes tests/conformance/edge.checked, or what EW_CONFORMANCE_LOG says.
 */
#include "tests/conformance/edge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISH  "operational-behavior-data-publish-"
#define REBIRTH  "operational-behavior-data-commands-rebirth-action-"
#define FLOW     "message-flow-edge-node-birth-publish-"
#define NODE_END "operational-behavior-edge-node-"

static const char rebirth_topic[] = "spBv1.0/plant/NCMD/gw1";

static void test_births_say_everything(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\n");
	CLAIM(scene_has("Load", -1), "topics-nbirth-metric-reqs " PUBLISH "nbirth");
	CLAIM(scene_has("Speed", 0) && scene_has("Empty", 0),
	      "topics-dbirth-metric-reqs " PUBLISH "dbirth");
	CLAIM(scene_born(SP_DBIRTH, "Speed") == -7, PUBLISH "dbirth-values topics-dbirth-metrics");
	CLAIM(scene_born(SP_NBIRTH, "Load") == 40, PUBLISH "nbirth-values topics-nbirth-metrics");
}

static void test_every_datatype_is_born_and_reported(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\n");
	scene_declare_types();
	scene_publish_types();
	CLAIM(world_count(SP_DDATA) > 0, "topics-ddata-payload");
	CLAIM(scene_has("Table", 1), "payloads-dataset-types-def");
}

static void test_data_is_what_changed(void **state)
{
	size_t before;

	(void)state;
	assert_int_equal(ew_test_config(world, "routes: [{to: scada, tags: ['**'], "
					       "report: exception}]\n"), 0);
	scene_start("report_delay: 0s\n");
	before = scene_count();
	scene_set(world_speed, 5);
	scene_set(scene_load, 41);
	CLAIM(scene_verb(before) == SP_DDATA, "topics-ddata-payload");
	CLAIM(scene_verb(before + 1) == SP_NDATA, "topics-ndata-payload");
	before += 2;
	scene_set(world_speed, 5);
	scene_set(scene_load, 41);
	CLAIM(scene_count() == before,
	      "principles-rbe-recommended " PUBLISH "nbirth-change " PUBLISH "dbirth-change");
}

static void test_quality_is_told(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\n");
	scene_set_quality(world_speed, 6, EW_UNCERTAIN);
	scene_set_quality(world_speed, 7, EW_BAD);
	scene_set_quality(world_speed, 8, EW_GOOD);
	CLAIM(world_first(SP_DDATA)->metrics[0].has & SP_HAS_PROPERTIES,
	      "payloads-propertyset-quality-value-value");
}

/* Node and devices share one counter, over two wraps, whatever speaks. */
static void test_seq_is_one_counter(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\nflap_pause: 0s\n");
	for (int i = 0; i < 600; i++) {
		scene_set(i % 3 == 0 ? scene_load : world_speed, i % 50);
		if (i % 100 == 99) {
			scene_device_state(EW_DEVICE_DOWN);
			scene_device_state(EW_DEVICE_UP);
		}
	}
	CLAIM(world_count(SP_NDATA) >= 200 && world_count(SP_DDATA) >= 300,
	      "payloads-sequence-num-incrementing");
}

static void test_values_of_one_message_are_in_order(void **state)
{
	(void)state;
	scene_start("report_delay: 100ms\n");
	scene_set_at(world_speed, 1, 20 * EW_MILLISECOND);
	scene_set_at(world_speed, 2, 10 * EW_MILLISECOND);
	scene_set_at(world_speed, 3, 30 * EW_MILLISECOND);
	scene_set_at(scene_load, 4, 20 * EW_MILLISECOND);
	scene_set_at(scene_load, 5, 10 * EW_MILLISECOND);
	scene_set_at(scene_load, 6, 30 * EW_MILLISECOND);
	scene_set_at(world_speed, 7, 20 * EW_MILLISECOND);
	scene_set_at(world_speed, 8, 22 * EW_MILLISECOND); /* the same time */
	scene_advance(200 * EW_MILLISECOND);
	CLAIM(world_count(SP_DDATA) >= 2, PUBLISH "dbirth-order");
	CLAIM(world_count(SP_NDATA) >= 2, PUBLISH "nbirth-order");
}

static void test_a_rebirth_is_complete_before_data(void **state)
{
	size_t at;

	(void)state;
	scene_start("report_delay: 100ms\nrebirth_pause: 0s\n");
	scene_set(world_speed, 9);
	at = scene_count();
	world_command(rebirth_topic, "Node Control/Rebirth", SP_BOOL, 1);
	scene_set(world_speed, 10);
	scene_look();
	scene_advance(200 * EW_MILLISECOND);
	CLAIM(scene_verb(at) == SP_NBIRTH, REBIRTH "1 " REBIRTH "2");
	CLAIM(scene_verb(at + 1) == SP_DBIRTH, REBIRTH "2");
	CLAIM(scene_verb(at + 2) == SP_DDATA, REBIRTH "1");
	CLAIM(world_count(SP_NDEATH) == 0 && ew_test_connections(world, "main") == 1, REBIRTH "3");
	CLAIM(scene.bdseq == 0 && scene_born(SP_NBIRTH, "bdSeq") == 0, REBIRTH "3");
}

/* With values under way and a broker that takes nothing in the middle of it. */
static void test_a_rebirth_waits_for_room(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\nrebirth_pause: 0s\n");
	scene.slack_ms = 1000;
	ew_test_broker_be(world, "main", EW_TEST_BROKER_STALLS);
	for (int i = 0; i < 50; i++) {
		scene_set(world_speed, i);
		if (i % 10 == 0) {
			world_command(rebirth_topic, "Node Control/Rebirth", SP_BOOL, 1);
		}
	}
	ew_test_broker_be(world, "main", EW_TEST_BROKER_ANSWERS);
	scene_advance(EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) >= 2, REBIRTH "2");
}

static void test_a_lost_device_dies(void **state)
{
	size_t at;

	(void)state;
	scene_start("flap_pause: 0s\nreport_delay: 0s\n");
	at = scene_count();
	scene_device_state(EW_DEVICE_DOWN);
	CLAIM(scene_verb(at) == SP_DDEATH,
	      "operational-behavior-device-ddeath topics-ddeath-topic");
	scene_set(world_speed, 1);
	CLAIM(world_count(SP_DDATA) == 0, PUBLISH "dbirth");
	scene_device_state(EW_DEVICE_UP);
	CLAIM(scene_verb(at + 1) == SP_DBIRTH, PUBLISH "dbirth");
}

static void test_a_new_connection_is_a_new_session(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\n");
	ew_test_broker_be(world, "main", EW_TEST_BROKER_HOLDS);
	scene_set(world_speed, 11);
	scene_set(scene_load, 12);
	for (int i = 0; i < 3; i++) {
		scene_cut();
		scene_set(world_speed, 20 + i);
		scene_advance(10 * EW_SECOND);
	}
	ew_test_broker_be(world, "main", EW_TEST_BROKER_ANSWERS);
	scene_advance(5 * EW_SECOND);
	CLAIM(scene.connects == 4 && scene.bdseq == 3, "topics-nbirth-bdseq-increment");
}

static void test_bdseq_is_kept_over_a_restart(void **state)
{
	(void)state;
	scene_start("");
	assert_int_equal(ew_test_reload(world, "scada", WORLD_IDS "report_delay: 7ms\n"), 0);
	scene_advance(20 * EW_SECOND);
	CLAIM(scene.connects == 2 && scene.bdseq == 1,
	      "topics-nbirth-bdseq-increment " FLOW "will-message-payload-bdSeq");
}

static void test_births_wait_for_the_primary_host(void **state)
{
	(void)state;
	scene.primary = "scada1";
	scene_start("primary_host: scada1\nwalk_after: 1h\n");
	CLAIM(!ew_test_is_subscribed(world, "main", "spBv1.0/STATE/other") &&
		      !ew_test_is_subscribed(world, "main", "spBv1.0/STATE/+") &&
		      world_count(SP_NBIRTH) == 0,
	      FLOW "phid-wait " FLOW "phid-wait-id");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":1000}");
	scene_advance(10 * EW_SECOND);
	CLAIM(world_count(SP_NBIRTH) == 0, FLOW "phid-wait-online " NODE_END "birth-sequence-wait");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":999}");
	CLAIM(world_count(SP_NBIRTH) == 0, FLOW "phid-wait-timestamp");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":1000}");
	CLAIM(world_count(SP_NBIRTH) == 1,
	      FLOW "phid-wait " FLOW "phid-wait-timestamp " FLOW "phid-wait-online");
}

static void test_the_node_goes_with_its_primary_host(void **state)
{
	(void)state;
	scene.primary = "scada1";
	scene_start("primary_host: scada1\n");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":2000}");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":1999}");
	CLAIM(world_count(SP_NDEATH) == 0, NODE_END "termination-host-offline-timestamp");
	scene_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":2000}");
	CLAIM(world_count(SP_NDEATH) == 1,
	      FLOW "phid-offline " NODE_END "termination-host-offline");
	scene_advance(10 * EW_SECOND);
	CLAIM(ew_test_connections(world, "main") == 2 && world_count(SP_NBIRTH) == 1,
	      FLOW "phid-offline " NODE_END "termination-host-offline "
	      "operational-behavior-primary-application-state-with-multiple-servers-walk");
}

static void test_the_last_word_is_the_death(void **state)
{
	(void)state;
	scene_start("report_delay: 0s\n");
	scene_set(world_speed, 3);
	CLAIM(ew_test_will(world, "main")->on_stop,
	      "payloads-ndeath-will-message-publisher-disconnect-mqtt50");
	scene_stop();
	CLAIM(scene_verb(scene_count() - 1) == SP_NDEATH,
	      NODE_END "intentional-disconnect-ndeath payloads-ndeath-will-message-publisher");
}

static void test_ids_have_to_be_ids(void **state)
{
	const struct ew_device_spec same = { .size = sizeof(same), .path = "pump:1" };
	struct ew_instance *inst;
	uint32_t device;
	int error;

	(void)state;
	scene_start("");
	inst = ew_test_begin(world);
	error = ew_device_declare(inst, &same, &device); /* its topic would be that of pump/1 */
	ew_test_end(world);
	CLAIM(error != 0, "topic-structure-namespace-unique-device-id");
	world_birth_of_another(77);
	CLAIM(ew_test_health(world, "scada", NULL) == EW_DEGRADED,
	      "intro-edge-node-id-uniqueness payloads-nbirth-edge-node-descriptor "
	      "topic-structure-namespace-unique-edge-node-descriptor");
}

static void test_ids_that_are_none_are_refused(void **state)
{
	(void)state;
	scene_refused("group: a+b\nnode: gw1\n",
		      "topic-structure-namespace-valid-group-id intro-group-id-chars");
	scene_refused("group: plant\nnode: 'a/b'\n",
		      "topic-structure-namespace-valid-edge-node-id intro-edge-node-id-chars");
}

/* The ends of two tests at the broker: the other node has the same device. */
static void test_an_alias_is_one_metric(void **state)
{
	uint32_t device;
	struct ew_instance *inst;
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = "pump/2" };

	(void)state;
	scene_start("report_delay: 0s\n");
	inst = ew_test_begin(world);
	assert_int_equal(ew_device_declare(inst, &spec, &device), 0);
	assert_int_equal(ew_device_state(inst, device, EW_DEVICE_UP, NULL), 0);
	scene_declare_tag(inst, device, "Speed", EW_TYPE_I16);
	scene_declare_tag(inst, world_device, "Late", EW_TYPE_I16);
	ew_test_end(world);
	scene_advance(EW_SECOND);
	CLAIM(scene_has("Late", 0), PUBLISH "dbirth");
	CLAIM(scene_has("Speed", 0) && scene_has("Speed", 1), "payloads-alias-uniqueness");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
		TEST(test_births_say_everything),
		TEST(test_every_datatype_is_born_and_reported),
		TEST(test_data_is_what_changed),
		TEST(test_quality_is_told),
		TEST(test_seq_is_one_counter),
		TEST(test_values_of_one_message_are_in_order),
		TEST(test_a_rebirth_is_complete_before_data),
		TEST(test_a_rebirth_waits_for_room),
		TEST(test_a_lost_device_dies),
		TEST(test_a_new_connection_is_a_new_session),
		TEST(test_bdseq_is_kept_over_a_restart),
		TEST(test_births_wait_for_the_primary_host),
		TEST(test_the_node_goes_with_its_primary_host),
		TEST(test_the_last_word_is_the_death),
		TEST(test_ids_have_to_be_ids),
		TEST(test_ids_that_are_none_are_refused),
		TEST(test_an_alias_is_one_metric),
		TEST(test_devices_of_a_type_are_instances),
		TEST(test_members_are_said_together),
		TEST(test_members_keep_their_order),
		TEST(test_a_definition_changes_in_a_round_of_births),
		TEST(test_a_host_writes_members),
#undef TEST
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return scene_report() == 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
