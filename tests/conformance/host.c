/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host with the real bus and session, the broker and a node being the
 * test's: scenarios whose every message goes to the judge, and what only the
 * bus can tell. Writes tests/conformance/host.checked, or what
 * EW_CONFORMANCE_LOG says.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/look.h"
#include "tests/modules/sparkplug_nodes.h"

#define APPLICATION  "operational-behavior-host-application-"
#define REORDER      "operational-behavior-host-reordering-"
#define ACTION       "operational-behavior-edge-node-termination-host-action-"
#define COMMANDS     "operational-behavior-data-commands-"
#define OFFLINE      "{\"online\":false,\"timestamp\":1}"

static const char *const filters[] = { NODES_STATE, "spBv1.0/#" };

static struct ledger ledger;
static struct judge judge;
static struct look look;

/* What the scenario itself sees of one or more requirements. */
#define CLAIM(holds, ids)  ledger_check(&ledger, (holds), ids, #holds)

static void see(void)
{
	look_at(&look, world);
}

static void tell(const char *topic, const void *bytes, size_t size)
{
	const struct judge_message message = { .topic = topic, .payload = bytes, .size = size };

	see();
	judge_told(&judge, &message);
}

static int setup(void **state)
{
	judge = (struct judge){ .ledger = &ledger, .group = "plant", .node = "gw1",
				.host = "scada1", .reorder_ms = 2000, .slack_ms = 100 };
	look = (struct look){ .judge = &judge, .filters = filters, .filter_count = 2 };
	nodes_watch = tell;
	return nodes_setup(state);
}

static int teardown(void **state)
{
	return nodes_teardown(state);
}

/* By small steps, as the judge takes the time of a message for that of the look. */
static void advance(ew_dur by)
{
	for (; by > 0; by -= 50 * EW_MILLISECOND) {
		ew_test_advance(world, by < 50 * EW_MILLISECOND ? by : 50 * EW_MILLISECOND);
		see();
	}
}

static void start(const char *yaml)
{
	nodes_start(yaml);
	see();
}

static void stop(void)
{
	(void)ew_test_stop(world, "scada"); /* it waits for the acknowledgement */
	look.is_over = true;
	see();
	judge_disconnect(&judge, 0);
}

static size_t rebirths(void)
{
	return ew_test_sent_count(world, "main", NODES_NCMD);
}

static struct ew_sample sample_of(const char *tag)
{
	struct ew_sample sample = ew_sample_none(0, 0);

	assert_int_equal(ew_test_read(world, tag, &sample), 0);
	return sample;
}

static bool is_device(const char *tag, enum ew_state state)
{
	struct ew_instance *inst = ew_test_begin(world);
	const struct ew_tag_info *info = ew_tag(inst, ew_test_tag(world, tag));
	const struct ew_device_info *device = info != NULL ? ew_device(inst, info->device) : NULL;
	bool is = device != NULL && device->state == state;

	ew_test_end(world);
	return is;
}

/* It was told as an event of that time. */
static bool has_died(const char *kind, uint64_t ms)
{
	const struct ew_test_record *record;
	bool has = false;

	for (size_t i = 0; (record = ew_test_record(world, i)) != NULL; i++) {
		has |= record->kind == EW_TEST_EVENT && strcmp(record->name, kind) == 0 &&
		       (uint64_t)(record->event.time / 1000000) == ms;
	}
	return has;
}

static bool is_stale_since(const char *tag, uint64_t ms)
{
	struct ew_sample sample = sample_of(tag);

	return sample.quality == (EW_UNCERTAIN | EW_REASON_STALE) &&
	       (uint64_t)(sample.time / 1000000) == ms;
}

/* ---- STATE ---- */

static void test_state_is_said_and_taken_back(void **state)
{
	(void)state;
	start("");
	nodes_born();
	advance(3 * EW_SECOND);
	stop();
}

static void test_each_connection_has_its_own_time(void **state)
{
	(void)state;
	start("");
	nodes_born();
	for (int i = 0; i < 2; i++) {
		advance(3 * EW_SECOND);
		look.was_cut = true;
		ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
		advance(10 * EW_SECOND);
		nodes_born();
	}
	CLAIM(judge.connects == 3, APPLICATION "multi-server-timestamp");
	stop();
}

static void test_a_denied_state_is_said_again(void **state)
{
	(void)state;
	start("");
	nodes_born();
	advance(2 * EW_SECOND);
	nodes_send(NODES_STATE, OFFLINE, strlen(OFFLINE));
	see();
	advance(2 * EW_SECOND);
	stop();
}

static void test_another_host_of_the_id_is_seen(void **state)
{
	static const char other[] = "{\"online\":true,\"timestamp\":1234567}";

	(void)state;
	start("");
	nodes_born();
	CLAIM(ew_test_health(world, "scada", NULL) == EW_UP, APPLICATION "host-id");
	nodes_send(NODES_STATE, other, strlen(other));
	see();
	CLAIM(ew_test_health(world, "scada", NULL) == EW_DEGRADED &&
		      ew_test_metric(world, "scada", "duplicate_hosts_total") == 1,
	      APPLICATION "host-id");
	stop();
}

/* A broker that acknowledges nothing: the end comes all the same, and after STATE. */
static void test_an_end_in_silence_is_an_end_in_order(void **state)
{
	(void)state;
	start("");
	nodes_born();
	advance(EW_SECOND);
	ew_test_broker_be(world, "main", EW_TEST_BROKER_HOLDS);
	stop();
}

/* ---- commands ---- */

static void test_commands_name_what_was_born(void **state)
{
	(void)state;
	start("command_timeout: 100ms\n");
	nodes_born();
	(void)ew_test_set(world, NODES_SPEED, 9); /* nobody answers */
	see();
	(void)ew_test_set(world, "plant/gw1:Setpoint", -4);
	see();
	CLAIM(ew_test_sent_count(world, "main", NODES_DCMD) == 1, COMMANDS "dcmd-verb");
	CLAIM(rebirths() == 1, COMMANDS "ncmd-verb");
	(void)ew_test_write(world, "plant/gw1:Node Control/Rebirth", ew_sample_none(0, 0));
	see();
	CLAIM(rebirths() == 2, COMMANDS "ncmd-rebirth-verb");
	stop();
}

static void test_members_are_commanded_in_instances(void **state)
{
	(void)state;
	start("command_timeout: 100ms\n");
	nodes_open();
	nodes_put_bdseq(3);
	nodes_template(NULL, true);
	nodes_member("Speed", SP_TYPE_INT16, 0);
	nodes_put_template("_types_/pump", 0, SP_TYPE_TEMPLATE);
	nodes_say("spBv1.0/plant/NBIRTH/gw1", 0);
	nodes_open();
	nodes_template("_types_/pump", false);
	nodes_member("Speed", SP_TYPE_INT16, 21);
	nodes_put_template("unit", 11, SP_TYPE_TEMPLATE);
	nodes_say("spBv1.0/plant/DBIRTH/gw1/pump-1", 1);
	(void)ew_test_set(world, "plant/gw1/pump-1:unit/Speed", 9);
	see();
	CLAIM(ew_test_sent_count(world, "main", NODES_DCMD) == 1,
	      "payloads-template-instance-members");
	stop();
}

/* ---- order ---- */

static void test_a_late_message_is_waited_for(void **state)
{
	(void)state;
	start("reorder_timeout: 2s\n");
	nodes_born();
	nodes_ddata(3, 1, 30);
	see();
	CLAIM(!(ew_test_number(world, NODES_SPEED) >= 30), REORDER "start");
	advance(1500 * EW_MILLISECOND);
	nodes_ddata(2, 1, 20);
	see();
	CLAIM(ew_test_number(world, NODES_SPEED) == 30, REORDER "success");
	advance(5 * EW_SECOND);
	CLAIM(rebirths() == 0, REORDER "success");
	nodes_ddata(4, 1, 40);
	CLAIM(ew_test_number(world, NODES_SPEED) == 40, REORDER "success");
	stop();
}

static void lose_one(const char *yaml, uint64_t ms)
{
	size_t before;

	judge.reorder_ms = ms;
	start(yaml);
	nodes_born();
	nodes_ddata(3, 1, 30);
	see();
	advance((ew_dur)ms * EW_MILLISECOND - 100 * EW_MILLISECOND);
	before = rebirths();
	advance(200 * EW_MILLISECOND);
	CLAIM(before == 0, REORDER "start " REORDER "param");
	CLAIM(rebirths() == 1, REORDER "rebirth " REORDER "param");
	CLAIM(ew_test_number(world, NODES_SPEED) == 30, REORDER "rebirth");
}

static void test_a_lost_message_brings_a_rebirth(void **state)
{
	(void)state;
	lose_one("reorder_timeout: 2s\n", 2000);
	nodes_ddata(6, 1, 60); /* another hole, before the node has answered */
	see();
	advance(2500 * EW_MILLISECOND);
	CLAIM(rebirths() == 1, REORDER "rebirth"); /* it was asked just now */
	nodes_born();
	see();
	advance(10 * EW_SECOND);
	CLAIM(rebirths() == 1, REORDER "success");
	stop();
}

static void test_the_wait_is_an_option(void **state)
{
	(void)state;
	lose_one("reorder_timeout: 500ms\n", 500);
	nodes_born();
	stop();
}

/* ---- deaths ---- */

static void test_a_dead_node_is_offline_by_the_own_clock(void **state)
{
	uint64_t ms;

	(void)state;
	start("");
	nodes_born();
	advance(3 * EW_SECOND);
	nodes_ndeath(2); /* of an older session */
	see();
	CLAIM(is_device(NODES_SPEED, EW_DEVICE_UP) && sample_of(NODES_SPEED).quality == EW_GOOD,
	      ACTION "ndeath-node-offline " ACTION "ndeath-devices-offline");
	nodes_open();
	nodes_put_bdseq(3);
	ms = nodes_wall();
	nodes_say_at("spBv1.0/plant/NDEATH/gw1", -1, 1000); /* when its session began */
	see();
	CLAIM(is_device("plant/gw1:Setpoint", EW_DEVICE_DOWN) &&
		      has_died("sparkplug.node_death", ms), ACTION "ndeath-node-offline");
	CLAIM(is_device(NODES_SPEED, EW_DEVICE_DOWN) && has_died("sparkplug.device_death", ms),
	      ACTION "ndeath-devices-offline");
	CLAIM(is_stale_since("plant/gw1:Setpoint", ms), ACTION "ndeath-node-tags-stale");
	CLAIM(is_stale_since(NODES_SPEED, ms), ACTION "ndeath-devices-tags-stale");
	stop();
}

static void test_a_dead_device_is_offline_by_its_clock(void **state)
{
	uint64_t ms;

	(void)state;
	start("");
	nodes_born();
	advance(3 * EW_SECOND);
	ms = nodes_wall() - 1500;
	nodes_open();
	nodes_say_at("spBv1.0/plant/DDEATH/gw1/pump-1", 2, ms);
	see();
	CLAIM(is_device(NODES_SPEED, EW_DEVICE_DOWN) && has_died("sparkplug.device_death", ms),
	      ACTION "ddeath-devices-offline");
	CLAIM(is_stale_since(NODES_SPEED, ms), ACTION "ddeath-devices-tags-stale");
	CLAIM(is_device("plant/gw1:Setpoint", EW_DEVICE_UP) &&
		      sample_of("plant/gw1:Setpoint").quality == EW_GOOD,
	      ACTION "ddeath-devices-offline");
	stop();
}

static void test_a_lost_broker_makes_all_stale(void **state)
{
	(void)state;
	start("");
	nodes_born();
	advance(EW_SECOND);
	look.was_cut = true;
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	CLAIM(sample_of(NODES_SPEED).quality == (EW_UNCERTAIN | EW_REASON_STALE) &&
		      is_device(NODES_SPEED, EW_DEVICE_STALE),
	      "own-host-lost-broker-stale");
	advance(10 * EW_SECOND);
	CLAIM(rebirths() == 1, "own-host-lost-broker-stale"); /* or it would stay so */
	nodes_born();
	CLAIM(sample_of(NODES_SPEED).quality == EW_GOOD, "own-host-lost-broker-stale");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_state_is_said_and_taken_back),
		TEST(test_each_connection_has_its_own_time),
		TEST(test_a_denied_state_is_said_again),
		TEST(test_another_host_of_the_id_is_seen),
		TEST(test_an_end_in_silence_is_an_end_in_order),
		TEST(test_commands_name_what_was_born),
		TEST(test_members_are_commanded_in_instances),
		TEST(test_a_late_message_is_waited_for),
		TEST(test_a_lost_message_brings_a_rebirth),
		TEST(test_the_wait_is_an_option),
		TEST(test_a_dead_node_is_offline_by_the_own_clock),
		TEST(test_a_dead_device_is_offline_by_its_clock),
		TEST(test_a_lost_broker_makes_all_stale),
#undef TEST
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return look_report(&ledger, "host") == 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
