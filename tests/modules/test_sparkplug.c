/* SPDX-License-Identifier: Apache-2.0 */
/* The edge node with the real bus and uplink; the test is the broker and the host. */
#include "tests/modules/sparkplug_world.h"

#include <errno.h>
#include <string.h>

static void test_births_come_first_and_say_everything(void **state)
{
	const struct seen_message *nbirth, *dbirth;
	const struct sp_metric *metric;

	(void)state;
	world_start("report_delay: 100ms\n");
	nbirth = world_message(0);
	dbirth = world_message(1);
	assert_int_equal(nbirth->verb, SP_NBIRTH);
	assert_int_equal(nbirth->payload.seq, 0);
	assert_int_equal(nbirth->qos, 0);
	assert_false(nbirth->retain);
	assert_int_equal(world_metric(nbirth, "bdSeq")->datatype, SP_TYPE_INT64);
	assert_true(world_metric(nbirth, "bdSeq")->value.u == 0);
	metric = world_metric(nbirth, "Node Control/Rebirth");
	assert_int_equal(metric->datatype, SP_TYPE_BOOLEAN);
	assert_int_equal(metric->has & SP_HAS_ALIAS, 0);
	assert_true(metric->value.carrier == SP_BOOL && metric->value.u == 0);
	assert_int_equal(dbirth->verb, SP_DBIRTH);
	assert_int_equal(dbirth->payload.seq, 1);
	assert_string_equal(dbirth->device, "pump:1");
	metric = world_metric(dbirth, "Speed");
	assert_int_equal(metric->datatype, SP_TYPE_INT16);
	assert_true(metric->has & SP_HAS_ALIAS && metric->has & SP_HAS_TIMESTAMP);
	assert_true((int16_t)metric->value.u == -7);
	assert_string_equal(world_property(metric, "engUnit"), "Hz");
	metric = world_metric(dbirth, "Empty");
	assert_true(metric->is_null && metric->value.carrier == SP_NONE);
	assert_null(world_message(2));
}

static void test_the_will_is_the_death_of_this_birth(void **state)
{
	const struct ew_uplink_will *will;
	struct seen_message death;

	(void)state;
	world_start("");
	will = ew_test_will(world, "main");
	assert_string_equal(will->topic, "spBv1.0/plant/NDEATH/gw1");
	assert_int_equal(will->qos, 1);
	assert_true(will->clean && !will->retain);
	world_parse(will->topic, will->payload, will->payload_size, &death);
	assert_int_equal(death.metric_count, 1);
	assert_int_equal(death.payload.has & SP_HAS_SEQ, 0);
	assert_true(world_metric(&death, "bdSeq")->value.u == 0);
	ew_test_sent_forget(world, "main");
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true(world_metric(world_first(SP_NBIRTH), "bdSeq")->value.u == 1);
	world_parse(will->topic, will->payload, will->payload_size, &death);
}

static void test_values_are_gathered_into_one_message(void **state)
{
	const struct seen_message *data;

	(void)state;
	world_start("report_delay: 100ms\n");
	ew_test_sent_forget(world, "main");
	world_set(world_speed, 1);
	ew_test_advance(world, 10 * EW_MILLISECOND);
	world_set(world_speed, 2);
	assert_null(world_first(SP_DDATA));
	ew_test_advance(world, 100 * EW_MILLISECOND);
	data = world_first(SP_DDATA);
	assert_int_equal(data->metric_count, 2);
	assert_int_equal(data->payload.seq, 2);
	assert_int_equal(data->metrics[0].has, SP_HAS_ALIAS | SP_HAS_TIMESTAMP);
	assert_true(data->metrics[0].value.u == 1 && data->metrics[1].value.u == 2);
	assert_true(data->metrics[0].timestamp < data->metrics[1].timestamp);
	assert_int_equal(world_count(SP_DDATA), 1);
}

static void set_both(int value)
{
	struct ew_instance *inst = ew_test_begin(world);
	const struct ew_sample samples[] = {
		ew_sample_i64(world_speed, ew_wall(), value),
		ew_sample_f64(world_empty, ew_wall(), value),
	};

	assert_int_equal(ew_publish(inst, samples, 2, NULL), 0);
	ew_test_end(world);
	ew_test_step(world);
}

static void test_batches_of_one_time_are_a_message_each(void **state)
{
	(void)state;
	world_start("report_delay: 100ms\n");
	ew_test_sent_forget(world, "main");
	set_both(1);
	set_both(2);
	set_both(3);
	ew_test_advance(world, 100 * EW_MILLISECOND);
	assert_int_equal(world_count(SP_DDATA), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(world_message(i)->metric_count, 2);
		assert_true(world_message(i)->metrics[0].value.u == i + 1);
	}
}

static void test_many_batches_are_confirmed_before_it_is_time(void **state)
{
	(void)state;
	world_start("report_delay: 1m\nfence_every: 1m\n");
	ew_test_advance(world, 120 * EW_SECOND); /* what the start said is confirmed */
	for (int i = 0; i < 2000; i++) {
		world_set(world_speed, i % 50);
	}
	assert_true(ew_test_metric(world, "scada", "confirmed_batches_total") >= 1500);
	assert_true(ew_test_metric(world, "scada", "lost_samples_total") == 0);
}

static void test_seq_is_one_counter_over_two_wraps(void **state)
{
	unsigned expected = 2;

	(void)state;
	world_start("report_delay: 0s\n");
	ew_test_sent_forget(world, "main");
	for (int i = 0; i < 600; i++) {
		ew_test_advance(world, EW_MILLISECOND);
		world_set(world_speed, i % 100);
	}
	for (size_t i = 0; world_message(i) != NULL; i++) {
		const struct seen_message *message = world_message(i);

		if (message->payload.has & SP_HAS_SEQ) {
			assert_int_equal(message->payload.seq, expected++ % 256);
		}
	}
	assert_int_equal(expected, 602);
}

static void test_a_rebirth_keeps_bdseq_and_begins_seq_anew(void **state)
{
	(void)state;
	world_start("rebirth_pause: 5s\n");
	ew_test_sent_forget(world, "main");
	world_command("spBv1.0/plant/NCMD/gw1", "Node Control/Rebirth", SP_BOOL, 1);
	assert_int_equal(world_message(0)->verb, SP_NBIRTH);
	assert_int_equal(world_message(0)->payload.seq, 0);
	assert_true(world_metric(world_message(0), "bdSeq")->value.u == 0);
	assert_int_equal(world_message(1)->verb, SP_DBIRTH);
	world_command("spBv1.0/plant/NCMD/gw1", "Node Control/Rebirth", SP_BOOL, 1);
	assert_int_equal(world_count(SP_NBIRTH), 1);
	assert_int_equal(world_count(SP_NDEATH), 0);
	ew_test_advance(world, 6 * EW_SECOND);
	world_command("spBv1.0/plant/NCMD/gw1", "Node Control/Rebirth", SP_BOOL, 1);
	assert_int_equal(world_count(SP_NBIRTH), 2);
}

static void test_a_device_that_goes_down_dies_and_is_born_again(void **state)
{
	(void)state;
	world_start("flap_pause: 1s\n");
	ew_test_sent_forget(world, "main");
	world_state(EW_DEVICE_DOWN);
	assert_int_equal(world_message(0)->verb, SP_DDEATH);
	assert_int_equal(world_message(0)->payload.seq, 2);
	assert_int_equal(world_message(0)->metric_count, 0);
	world_state(EW_DEVICE_UP);
	assert_int_equal(world_count(SP_DBIRTH), 0);
	ew_test_advance(world, EW_SECOND);
	assert_int_equal(world_count(SP_DBIRTH), 1);
	assert_int_equal(world_message(1)->payload.seq, 3);
}

static void test_a_new_tag_is_in_a_new_birth(void **state)
{
	struct ew_tag_spec spec = { .size = sizeof(spec), .name = "New", .type = EW_TYPE_BOOL };
	struct ew_instance *inst;
	uint32_t tag;

	(void)state;
	world_start("");
	ew_test_sent_forget(world, "main");
	inst = ew_test_begin(world);
	assert_int_equal(ew_tag_declare(inst, world_device, &spec, &tag), 0);
	ew_test_end(world);
	ew_test_step(world);
	assert_int_equal(world_message(0)->verb, SP_DBIRTH);
	assert_non_null(world_metric(world_message(0), "New"));
}

static void test_an_operator_sees_topics_and_aliases(void **state)
{
	const char *answer;

	(void)state;
	world_start("");
	assert_int_equal(ew_test_query(world, "scada", "map pump/1", &answer), 0);
	assert_non_null(strstr(answer, "{\"tag\":\"pump/1:Speed\",\"topic\":"
				       "\"spBv1.0/plant/DDATA/gw1/pump:1\",\"metric\":\"Speed\","
				       "\"alias\":1}"));
	assert_int_equal(ew_test_query(world, "scada", "else", &answer), -ENOENT);
	assert_int_equal(ew_test_query(world, "scada", "", &answer), 0);
	assert_non_null(strstr(answer, "\"node\":\"gw1\",\"state\":\"online\",\"primary_host\":"
				       "\"none\""));
}

static void test_a_command_is_refused_without_access(void **state)
{
	(void)state;
	world_start("");
	ew_test_sent_forget(world, "main");
	world_command("spBv1.0/plant/DCMD/gw1/pump:1", "Speed", SP_INT, 5);
	ew_test_advance(world, EW_SECOND);
	assert_true(ew_test_number(world, "pump/1:Speed") == -7);
	assert_true(ew_test_metric(world, "scada", "commands_refused_total") == 1);
	/* the host is told what still holds */
	assert_true((int16_t)world_first(SP_DDATA)->metrics[0].value.u == -7);
}

static void test_a_command_with_access_reaches_the_owner(void **state)
{
	(void)state;
	assert_int_equal(ew_test_config(world, "access: {scada: {write: ['pump/1:Speed']}}"), 0);
	ew_test_answer(world, 0);
	world_start("");
	world_command("spBv1.0/plant/DCMD/gw1/pump:1", "Speed", SP_INT, 5);
	assert_true(ew_test_metric(world, "scada", "commands_refused_total") == 0);
	assert_true(ew_test_metric(world, "scada", "commands_total") == 1);
}

static void test_malformed_and_unknown_commands_do_nothing(void **state)
{
	(void)state;
	world_start("");
	world_send("spBv1.0/plant/NCMD/gw1", "\x12", 1, false);
	assert_true(ew_test_metric(world, "scada", "malformed_total") == 1);
	world_command("spBv1.0/plant/DCMD/gw1/pump:1", "Unknown", SP_INT, 5);
	world_command("spBv1.0/plant/DCMD/gw1/nobody", "Speed", SP_INT, 5);
	world_command("spBv1.0/plant/DCMD/gw1/pump:1", "Speed", SP_TEXT, 0);
	assert_true(ew_test_metric(world, "scada", "commands_refused_total") == 3);
	assert_true(ew_test_metric(world, "scada", "malformed_total") == 1);
	assert_string_equal(ew_test_state(world, "scada"), "running");
}

static void test_without_the_primary_host_nothing_is_published(void **state)
{
	(void)state;
	world_start("primary_host: scada1\n");
	assert_true(ew_test_is_subscribed(world, "main", "spBv1.0/STATE/scada1"));
	world_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":1000}");
	ew_test_advance(world, 10 * EW_SECOND);
	assert_null(world_first(SP_NBIRTH));
	world_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":999}");
	assert_null(world_first(SP_NBIRTH));
	world_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":1000}");
	assert_non_null(world_first(SP_NBIRTH));
}

static void test_the_primary_host_is_looked_for_at_the_next_server(void **state)
{
	unsigned connections;

	(void)state;
	world_start("primary_host: h\nwalk_after: 30s\nprimary_wait: 70s\n");
	connections = ew_test_connections(world, "main");
	world_say("spBv1.0/STATE/h", "{\"online\":false,\"timestamp\":1}");
	ew_test_advance(world, 20 * EW_SECOND);
	assert_int_equal(ew_test_connections(world, "main"), connections);
	ew_test_advance(world, 20 * EW_SECOND);
	assert_int_equal(ew_test_connections(world, "main"), connections + 1);
	assert_null(world_message(0)); /* no birth, so no death */
	ew_test_advance(world, 40 * EW_SECOND);
	assert_non_null(world_first(SP_NBIRTH));
}

static void test_when_the_primary_host_goes_the_node_goes(void **state)
{
	unsigned connections;

	(void)state;
	world_start("primary_host: scada1\n");
	world_say("spBv1.0/STATE/scada1", "{\"online\":true,\"timestamp\":2000}");
	ew_test_sent_forget(world, "main");
	connections = ew_test_connections(world, "main");
	world_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":1999}");
	assert_null(world_first(SP_NDEATH));
	world_say("spBv1.0/STATE/scada1", "{\"online\":false,\"timestamp\":2000}");
	assert_non_null(world_first(SP_NDEATH));
	assert_int_equal(world_first(SP_NDEATH)->qos, 1);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true(ew_test_connections(world, "main") > connections);
	assert_null(world_first(SP_NBIRTH));
}

static void test_what_was_not_confirmed_goes_out_again_as_historical(void **state)
{
	const struct seen_message *data;

	(void)state;
	world_start("report_delay: 0s\n");
	ew_test_broker_be(world, "main", EW_TEST_BROKER_HOLDS);
	ew_test_advance(world, 2 * EW_SECOND);
	world_set(world_speed, 11);
	ew_test_sent_forget(world, "main");
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	world_set(world_speed, 12);
	ew_test_broker_be(world, "main", EW_TEST_BROKER_ANSWERS);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true((int16_t)world_metric(world_first(SP_DBIRTH), "Speed")->value.u == 12);
	data = world_first(SP_DDATA);
	assert_int_equal(data->metric_count, 2);
	assert_true(data->metrics[0].value.u == 11 && data->metrics[0].is_historical);
	assert_true(data->metrics[1].value.u == 12 && data->metrics[1].is_historical);
	ew_test_advance(world, 3 * EW_SECOND);
	assert_true(ew_test_metric(world, "scada", "confirmed_batches_total") >= 2);
}

static void test_what_only_a_lost_birth_said_is_sent_again(void **state)
{
	const struct seen_message *data;

	(void)state;
	world_start("report_delay: 0s\n");
	ew_test_broker_be(world, "main", EW_TEST_BROKER_HOLDS);
	ew_test_sent_forget(world, "main");
	assert_int_equal(ew_test_reload(world, "scada", WORLD_IDS "report_delay: 0s\n"), 0);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true((int16_t)world_metric(world_first(SP_DBIRTH), "Speed")->value.u == -7);
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	world_set(world_speed, 12);
	ew_test_sent_forget(world, "main");
	ew_test_broker_be(world, "main", EW_TEST_BROKER_ANSWERS);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_true((int16_t)world_metric(world_first(SP_DBIRTH), "Speed")->value.u == 12);
	data = world_first(SP_DDATA);
	assert_non_null(data);
	assert_true((int16_t)data->metrics[0].value.u == -7 && data->metrics[0].is_historical);
}

static void test_what_was_confirmed_is_not_sent_again(void **state)
{
	(void)state;
	world_start("report_delay: 0s\n");
	world_set(world_speed, 11);
	ew_test_advance(world, 3 * EW_SECOND);
	ew_test_sent_forget(world, "main");
	ew_test_broker_cut(world, "main", EW_UPLINK_LOST);
	ew_test_advance(world, 10 * EW_SECOND);
	assert_non_null(world_first(SP_DBIRTH));
	assert_null(world_first(SP_DDATA));
}

static void test_a_host_that_was_gone_gets_what_it_missed(void **state)
{
	(void)state;
	world_start("primary_host: h\nhold: 1m\nreport_delay: 0s\n");
	world_say("spBv1.0/STATE/h", "{\"online\":true,\"timestamp\":1}");
	world_set(world_speed, 21);
	ew_test_advance(world, 5 * EW_SECOND);
	assert_true(ew_test_metric(world, "scada", "confirmed_batches_total") >= 1);
	world_say("spBv1.0/STATE/h", "{\"online\":false,\"timestamp\":1}");
	ew_test_sent_forget(world, "main");
	ew_test_advance(world, 10 * EW_SECOND);
	world_say("spBv1.0/STATE/h", "{\"online\":true,\"timestamp\":2}");
	ew_test_advance(world, EW_SECOND);
	assert_true(world_first(SP_DDATA)->metrics[0].is_historical);
	assert_true(world_first(SP_DDATA)->metrics[world_first(SP_DDATA)->metric_count - 1]
			    .value.u == 21);
}

static void test_another_publisher_of_the_node_is_found(void **state)
{
	const struct ew_test_sent *birth;

	(void)state;
	world_start("");
	birth = ew_test_sent(world, "main", 0);
	/* our own, as MQTT 3.1.1 brings it back */
	world_send(birth->topic, birth->payload, birth->payload_size, false);
	assert_true(ew_test_metric(world, "scada", "duplicate_publishers_total") == 0);
	ew_test_advance(world, EW_SECOND);
	world_birth_of_another(77);
	assert_true(ew_test_metric(world, "scada", "duplicate_publishers_total") == 1);
	assert_int_equal(ew_test_health(world, "scada", NULL), EW_DEGRADED);
}

static void test_a_stray_death_of_ours_is_answered_by_births(void **state)
{
	const struct ew_uplink_will *will;

	(void)state;
	world_start("");
	will = ew_test_will(world, "main");
	ew_test_sent_forget(world, "main");
	world_send(will->topic, will->payload, will->payload_size, false);
	assert_non_null(world_first(SP_NBIRTH));
}

static void test_the_last_word_is_the_death(void **state)
{
	size_t last = 0;

	(void)state;
	world_start("");
	ew_test_sent_forget(world, "main");
	(void)ew_test_stop(world, "scada"); /* it waits for the acknowledgement */
	ew_test_advance(world, 3 * EW_SECOND);
	assert_string_equal(ew_test_state(world, "scada"), "closed");
	while (world_message(last + 1) != NULL) {
		last++;
	}
	assert_int_equal(world_message(last)->verb, SP_NDEATH);
}

static void test_aliases_are_unique_and_stay(void **state)
{
	uint64_t alias, other;

	(void)state;
	world_start("");
	alias = world_metric(world_first(SP_DBIRTH), "Speed")->alias;
	other = world_metric(world_first(SP_DBIRTH), "Empty")->alias;
	assert_true(alias != other);
	assert_int_equal(ew_test_reload(world, "scada", WORLD_IDS "report_delay: 7ms\n"),
			 0);
	ew_test_sent_forget(world, "main");
	ew_test_advance(world, 20 * EW_SECOND);
	assert_true(world_metric(world_first(SP_DBIRTH), "Speed")->alias == alias);
	assert_true(world_metric(world_first(SP_NBIRTH), "bdSeq")->value.u >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		TEST(test_births_come_first_and_say_everything),
		TEST(test_the_will_is_the_death_of_this_birth),
		TEST(test_values_are_gathered_into_one_message),
		TEST(test_batches_of_one_time_are_a_message_each),
		TEST(test_many_batches_are_confirmed_before_it_is_time),
		TEST(test_seq_is_one_counter_over_two_wraps),
		TEST(test_a_rebirth_keeps_bdseq_and_begins_seq_anew),
		TEST(test_a_device_that_goes_down_dies_and_is_born_again),
		TEST(test_a_new_tag_is_in_a_new_birth),
		TEST(test_an_operator_sees_topics_and_aliases),
		TEST(test_a_command_is_refused_without_access),
		TEST(test_a_command_with_access_reaches_the_owner),
		TEST(test_malformed_and_unknown_commands_do_nothing),
		TEST(test_without_the_primary_host_nothing_is_published),
		TEST(test_the_primary_host_is_looked_for_at_the_next_server),
		TEST(test_when_the_primary_host_goes_the_node_goes),
		TEST(test_what_was_not_confirmed_goes_out_again_as_historical),
		TEST(test_what_only_a_lost_birth_said_is_sent_again),
		TEST(test_what_was_confirmed_is_not_sent_again),
		TEST(test_a_host_that_was_gone_gets_what_it_missed),
		TEST(test_another_publisher_of_the_node_is_found),
		TEST(test_a_stray_death_of_ours_is_answered_by_births),
		TEST(test_the_last_word_is_the_death),
		TEST(test_aliases_are_unique_and_stay),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
