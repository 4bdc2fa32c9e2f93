/* SPDX-License-Identifier: Apache-2.0 */
/* The host's machine: order, births and deaths, limits, rebirth requests. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/sparkplug_host/machine.h"

#define SECOND  INT64_C(1000000000)
#define BDSEQ   7u

static struct machine machine;
static struct machine_settings settings;
static uint64_t counts[MACHINE_COUNT_COUNT];
static uint64_t asks[MACHINE_CAUSE_COUNT];
static unsigned values_seen, dropped;
static uint64_t last_value;
static bool last_historical;
static uint64_t last_since;
static int64_t now;

static int on_device(void *arg, struct model_device *device, const struct sp_metric *instance,
		     const struct model_definition *definition)
{
	(void)arg;
	assert_true((instance == NULL) == (definition == NULL));
	device->id = 1;
	return 0;
}

static int on_metric(void *arg, struct model_metric *metric, const struct sp_metric *birth)
{
	(void)arg;
	(void)birth;
	metric->tag = 1;
	return 0;
}

static void on_drop_metric(void *arg, struct model_metric *metric)
{
	(void)arg;
	(void)metric;
	dropped++;
}

static void on_drop_device(void *arg, struct model_device *device)
{
	(void)arg;
	(void)device;
}

static void on_state(void *arg, struct model_device *device, const char *why)
{
	(void)arg;
	assert_non_null(why);
	last_since = device->since;
}

static int on_value(void *arg, struct model_metric *metric, const struct machine_value *value)
{
	(void)arg;
	(void)metric;
	if (!value->is_birth) {
		values_seen++;
		last_value = value->metric->value.u;
		last_historical = value->metric->is_historical;
	}
	return 0;
}

static void on_flush(void *arg)
{
	(void)arg;
}

static int on_ask(void *arg, struct model_node *node, enum machine_cause cause)
{
	(void)arg;
	assert_non_null(node);
	asks[cause]++;
	return 0;
}

static void on_count(void *arg, enum machine_count what, uint64_t count)
{
	(void)arg;
	counts[what] += count;
}

static const struct machine_ops ops = {
	.device = on_device, .metric = on_metric, .drop_metric = on_drop_metric,
	.drop_device = on_drop_device, .state = on_state, .value = on_value,
	.flush = on_flush, .ask = on_ask, .count = on_count,
};

static void begin(void)
{
	memset(counts, 0, sizeof(counts));
	memset(asks, 0, sizeof(asks));
	values_seen = 0;
	dropped = 0;
	now = SECOND;
	assert_int_equal(machine_init(&machine, &settings, &ops, NULL, 1), 0);
	machine_now(&machine, now, 1000);
}

static int setup(void **state)
{
	(void)state;
	settings = (struct machine_settings){
		.limits = { .groups = 2, .nodes = 3, .devices = 2, .metrics = 4, .name = 16,
			    .bytes = 64 << 10 },
		.payload = { .bytes = 4096, .metrics = 16, .items = 64, .depth = 4 },
		.reorder_timeout = 2 * SECOND, .reorder_messages = 4, .reorder_bytes = 4096,
		.rebirth_pause = 5 * SECOND, .rebirth_rate = 10, .forget_after = 100 * SECOND,
	};
	begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_fini(&machine);
	return 0;
}

static void pass(int64_t by)
{
	now += by;
	machine_now(&machine, now, 1000 + (uint64_t)(now / 1000000));
	machine_tick(&machine);
}

static uint8_t memory[4096];
static struct sp_writer writer;

static void open_payload(void)
{
	sp_writer_init(&writer, memory, sizeof(memory));
}

static void put(const char *name, uint64_t alias, unsigned type, uint64_t value)
{
	struct sp_metric metric = { .has = SP_HAS_TIMESTAMP, .timestamp = 900,
				    .value = sp_value_whole(SP_TYPE_INT64, value) };

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
	assert_int_equal(sp_metric_put(&writer, &metric), 0);
}

static void say(const char *topic, int seq)
{
	struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = 950 };
	struct machine_message message = { .topic = topic };

	if (seq >= 0) {
		payload.has |= SP_HAS_SEQ;
		payload.seq = (uint64_t)seq;
	}
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	message.payload = sp_written(&writer);
	machine_hear(&machine, &message);
}

static void nbirth(const char *topic, uint64_t bdseq)
{
	open_payload();
	put("bdSeq", 0, SP_TYPE_INT64, bdseq);
	put("N", 1, SP_TYPE_INT64, 5);
	say(topic, 0);
}

static void dbirth(int seq)
{
	open_payload();
	put("Speed", 2, SP_TYPE_INT64, 5);
	put("Flow", 3, SP_TYPE_INT64, 5);
	say("spBv1.0/g/DBIRTH/n/d", seq);
}

static void ddata(int seq, uint64_t alias, uint64_t value)
{
	open_payload();
	put(NULL, alias, 0, value);
	say("spBv1.0/g/DDATA/n/d", seq);
}

static void ndeath(uint64_t bdseq)
{
	open_payload();
	put("bdSeq", 0, SP_TYPE_INT64, bdseq);
	say("spBv1.0/g/NDEATH/n", -1);
}

static struct model_node *node(void)
{
	return model_node(&machine.model, sp_text("g"), sp_text("n"));
}

static struct model_device *device(void)
{
	return model_device(&machine.model, node(), sp_text("d"));
}

static void born(void)
{
	nbirth("spBv1.0/g/NBIRTH/n", BDSEQ);
	dbirth(1);
}

static void test_births_make_what_there_is(void **state)
{
	(void)state;
	born();
	assert_int_equal(node()->self->life, MODEL_ALIVE);
	assert_int_equal(device()->life, MODEL_ALIVE);
	assert_int_equal(device()->metric_count, 2);
	ddata(2, 3, 42);
	assert_int_equal(last_value, 42);
	assert_int_equal(values_seen, 1);
	assert_int_equal(asks[MACHINE_GAP], 0);
}

static void test_a_birth_drops_what_it_does_not_name(void **state)
{
	(void)state;
	born();
	open_payload();
	put("Flow", 2, SP_TYPE_INT64, 5);
	say("spBv1.0/g/DBIRTH/n/d", 2);
	assert_int_equal(dropped, 1);
	assert_string_equal(model_alias(&machine.model, node(), 2)->name, "Flow");
	assert_null(model_alias(&machine.model, node(), 3));
}

static void test_a_death_counts_only_with_its_birth(void **state)
{
	(void)state;
	born();
	pass(SECOND);
	ndeath(BDSEQ - 1);
	assert_int_equal(node()->self->life, MODEL_ALIVE);
	assert_int_equal(counts[MACHINE_COUNT_LATE_DEATH], 1);
	ndeath(BDSEQ);
	assert_int_equal(node()->self->life, MODEL_DEAD);
	assert_int_equal(device()->life, MODEL_DEAD);
	assert_int_equal(device()->since, 1000 + (uint64_t)(now / 1000000)); /* our clock */
	ndeath(BDSEQ);
	assert_int_equal(counts[MACHINE_COUNT_NDEATHS], 1);
}

static void test_a_device_dies_by_its_own_clock(void **state)
{
	(void)state;
	born();
	open_payload();
	say("spBv1.0/g/DDEATH/n/d", 2);
	assert_int_equal(device()->life, MODEL_DEAD);
	assert_int_equal(device()->since, 950);
	assert_int_equal(node()->self->life, MODEL_ALIVE);
}

static void test_a_node_birth_makes_devices_wait_for_theirs(void **state)
{
	(void)state;
	born();
	nbirth("spBv1.0/g/NBIRTH/n", BDSEQ + 1);
	assert_int_equal(device()->life, MODEL_STALE);
	ddata(1, 2, 1);
	assert_int_equal(values_seen, 0);
	assert_int_equal(asks[MACHINE_DEVICE], 1);
}

static void test_messages_are_brought_into_order(void **state)
{
	(void)state;
	born();
	ddata(4, 2, 4);
	ddata(3, 2, 3);
	assert_int_equal(values_seen, 0);
	ddata(2, 2, 2);
	assert_int_equal(values_seen, 3);
	assert_int_equal(last_value, 4);
	pass(3 * SECOND);
	assert_int_equal(asks[MACHINE_GAP], 0);
	assert_int_equal(machine.held_bytes, 0);
}

static void test_a_gap_asks_for_a_rebirth_after_its_time(void **state)
{
	(void)state;
	born();
	ddata(3, 2, 3);
	assert_true(machine.due <= now + 2 * SECOND);
	pass(2 * SECOND - 1);
	assert_int_equal(asks[MACHINE_GAP], 0);
	pass(1);
	assert_int_equal(asks[MACHINE_GAP], 1);
	assert_int_equal(last_value, 3); /* what came is true */
	ddata(4, 2, 4);
	assert_int_equal(last_value, 4);
}

static void test_seq_goes_round(void **state)
{
	(void)state;
	born();
	for (int i = 2; i < 600; i++) {
		ddata(i % 256, 2, (uint64_t)i);
	}
	assert_int_equal(values_seen, 598);
	assert_int_equal(counts[MACHINE_COUNT_GAPS], 0);
}

static void test_what_waits_is_bounded(void **state)
{
	(void)state;
	born();
	for (int i = 3; i < 20; i++) {
		ddata(i, 2, 1);
	}
	assert_int_equal(node()->held_count, 4);
	assert_int_equal(counts[MACHINE_COUNT_DROP_HELD], 13);
}

static void test_rebirth_requests_are_throttled(void **state)
{
	(void)state;
	born();
	for (int i = 0; i < 50; i++) {
		ddata(2 + i, 99, 1);
	}
	assert_int_equal(asks[MACHINE_ALIAS], 1);
	assert_int_equal(counts[MACHINE_COUNT_THROTTLED], 49);
	pass(5 * SECOND);
	assert_int_equal(asks[MACHINE_ALIAS], 2);
	ddata(52, 99, 1);
	pass(5 * SECOND);
	assert_int_equal(asks[MACHINE_ALIAS], 2); /* the pause has doubled */
	pass(5 * SECOND);
	assert_int_equal(asks[MACHINE_ALIAS], 3);
}

static void test_all_nodes_share_a_rate(void **state)
{
	(void)state;
	machine_fini(&machine);
	settings.limits.nodes = 100;
	settings.rebirth_rate = 5;
	begin();
	for (int i = 0; i < 50; i++) {
		char topic[64];

		(void)snprintf(topic, sizeof(topic), "spBv1.0/g/NDATA/n%d", i);
		open_payload();
		put("x", 0, 0, 1);
		say(topic, 3);
	}
	assert_true(asks[MACHINE_UNBORN] <= 6);
	for (int i = 0; i < 10; i++) {
		pass(SECOND);
	}
	assert_int_equal(asks[MACHINE_UNBORN], 50);
}

static void test_a_passive_one_asks_for_nothing(void **state)
{
	(void)state;
	machine_fini(&machine);
	settings.is_passive = true;
	begin();
	ddata(2, 99, 1);
	born();
	ddata(9, 99, 1);
	pass(10 * SECOND);
	machine_disconnect(&machine);
	machine_connect(&machine);
	for (unsigned i = 0; i < MACHINE_CAUSE_COUNT; i++) {
		assert_int_equal(asks[i], 0);
	}
}

static void test_the_own_end_makes_all_stale(void **state)
{
	(void)state;
	born();
	machine_disconnect(&machine);
	assert_int_equal(node()->self->life, MODEL_STALE);
	assert_int_equal(device()->life, MODEL_STALE);
	machine_connect(&machine);
	assert_int_equal(asks[MACHINE_RECONNECT], 1);
	ddata(2, 2, 1);
	assert_int_equal(values_seen, 0); /* nobody knows what was missed */
	born();
	ddata(2, 2, 1);
	assert_int_equal(values_seen, 1);
}

static void test_limits_hold(void **state)
{
	char topic[64];

	(void)state;
	for (int i = 0; i < 10; i++) {
		(void)snprintf(topic, sizeof(topic), "spBv1.0/g%d/NBIRTH/n", i);
		nbirth(topic, 0);
	}
	assert_int_equal(machine.model.group_count, 2);
	for (int i = 0; i < 10; i++) {
		(void)snprintf(topic, sizeof(topic), "spBv1.0/g0/NBIRTH/n%d", i);
		nbirth(topic, 0);
	}
	assert_int_equal(machine.model.node_count, 3);
	for (int i = 0; i < 10; i++) {
		(void)snprintf(topic, sizeof(topic), "spBv1.0/g0/DBIRTH/n/d%d", i);
		open_payload();
		put("x", 0, SP_TYPE_INT64, 1);
		say(topic, 1 + i);
	}
	assert_int_equal(machine.model.device_count, 2);
	assert_true(counts[MACHINE_COUNT_DROP_LIMIT] > 20);
	assert_true(machine.model.bytes <= settings.limits.bytes);
}

static void test_metrics_are_bounded_and_named(void **state)
{
	(void)state;
	nbirth("spBv1.0/g/NBIRTH/n", 0);
	open_payload();
	put("a name over sixteen", 0, SP_TYPE_INT64, 1);
	put(NULL, 9, SP_TYPE_INT64, 1);
	put("none", 0, 77, 1);
	put("a", 0, SP_TYPE_INT64, 1);
	put("b", 0, SP_TYPE_INT64, 1);
	put("c", 0, SP_TYPE_INT64, 1);
	put("d", 0, SP_TYPE_INT64, 1);
	put("e", 0, SP_TYPE_INT64, 1);
	say("spBv1.0/g/DBIRTH/n/d", 1);
	assert_int_equal(device()->metric_count, 4);
	assert_int_equal(counts[MACHINE_COUNT_DROP_NAME], 2);
	assert_int_equal(counts[MACHINE_COUNT_DROP_UNFIT], 1);
	assert_int_equal(counts[MACHINE_COUNT_DROP_LIMIT], 1);
}

static void test_an_alias_has_one_metric(void **state)
{
	(void)state;
	nbirth("spBv1.0/g/NBIRTH/n", 0);
	open_payload();
	put("Speed", 1, SP_TYPE_INT64, 1); /* the node's N has it */
	say("spBv1.0/g/DBIRTH/n/d", 1);
	assert_int_equal(counts[MACHINE_COUNT_CLASHES], 1);
	assert_string_equal(model_alias(&machine.model, node(), 1)->name, "N");
}

static void test_an_alias_is_of_its_device_only(void **state)
{
	(void)state;
	born();
	ddata(2, 1, 1); /* the node's */
	assert_int_equal(values_seen, 0);
	assert_int_equal(counts[MACHINE_COUNT_DROP_UNKNOWN], 1);
}

static void test_rubbish_is_counted(void **state)
{
	struct machine_message message = { .topic = "spBv1.0/g/DDATA/n/d",
					   .payload = { "\xff\xff\xff", 3 } };

	(void)state;
	born();
	machine_hear(&machine, &message);
	assert_int_equal(counts[MACHINE_COUNT_DROP_MALFORMED], 1);
	assert_int_equal(asks[MACHINE_MALFORMED], 1);
	message.topic = "spBv1.0/g/DDATA/n";
	machine_hear(&machine, &message);
	assert_int_equal(counts[MACHINE_COUNT_DROP_TOPIC], 1);
	open_payload();
	put(NULL, 2, 0, 1);
	say("spBv1.0/g/DDATA/n/d", -1);
	assert_int_equal(counts[MACHINE_COUNT_DROP_MALFORMED], 2);
}

static void test_only_wanted_groups_are_heard(void **state)
{
	static const char *const groups[] = { "other" };

	(void)state;
	machine_fini(&machine);
	settings.groups = groups;
	settings.group_count = 1;
	begin();
	born();
	assert_null(node());
	assert_int_equal(counts[MACHINE_COUNT_DROP_GROUP], 2);
}

static void test_devices_are_forgotten(void **state)
{
	(void)state;
	born();
	open_payload();
	say("spBv1.0/g/DDEATH/n/d", 2);
	pass(99 * SECOND);
	assert_non_null(device());
	pass(2 * SECOND);
	assert_null(device());
	assert_int_equal(node()->self->life, MODEL_ALIVE);
	assert_int_equal(counts[MACHINE_COUNT_FORGOTTEN], 1);
	dbirth(3);
	assert_int_equal(device()->life, MODEL_ALIVE);
}

static void test_nodes_are_forgotten(void **state)
{
	(void)state;
	ddata(1, 1, 1);
	assert_non_null(node());
	pass(61 * SECOND);
	assert_null(node()); /* it was never born */
	born();
	pass(200 * SECOND);
	assert_non_null(node()); /* silence is no death */
	ndeath(BDSEQ);
	pass(99 * SECOND);
	assert_non_null(node());
	pass(2 * SECOND);
	assert_null(node());
	assert_int_equal(machine.model.bytes, 0);
	assert_int_equal(machine.model.group_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_births_make_what_there_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_birth_drops_what_it_does_not_name, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_death_counts_only_with_its_birth, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_device_dies_by_its_own_clock, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_node_birth_makes_devices_wait_for_theirs,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_are_brought_into_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_gap_asks_for_a_rebirth_after_its_time,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_seq_goes_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_waits_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rebirth_requests_are_throttled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_all_nodes_share_a_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_passive_one_asks_for_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_own_end_makes_all_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metrics_are_bounded_and_named, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_alias_has_one_metric, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_alias_is_of_its_device_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_rubbish_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_wanted_groups_are_heard, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_devices_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes_are_forgotten, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
