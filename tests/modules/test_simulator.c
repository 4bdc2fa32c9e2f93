/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator on the real bus: what it declares, how often it samples, how it answers. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

extern const struct ew_module ew_module;

static struct ew_test *begin(const char *yaml)
{
	struct ew_test *test;

	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "line1", yaml), 0);
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
	return test;
}

static void refused(const char *yaml, int error, const char *text)
{
	struct ew_test *test;

	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "line1", yaml), 0);
	assert_int_equal(ew_test_start(test), error);
	if (strstr(ew_test_error(test), text) == NULL && ew_test_logged(test, text) == 0) {
		fail_msg("'%s' is not said by: %s", text, ew_test_error(test));
	}
	ew_test_free(&test);
}

static void test_settings_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	refused("every: 1h\nspeed: 10\n", -EINVAL, "36000 s of plant time a scan");
	refused("every: 1s\nmax_rate: 10\n", -EINVAL, "'max_rate' is for 'every: 0s' only");
	refused("evry: 1s\n", -EINVAL, "evry");
	refused("noise: -1\n", -EINVAL, "noise");
}

static void test_devices_that_make_no_plant_are_refused(void **state)
{
	(void)state;
	refused("devices: {m: {tags: {T: {type: f32}}}, a: {kind: pump, feeds: b}}\n", -EINVAL,
		":47: line1: device 'a' feeds 'b', which is not a device");
	refused("devices: {a: {}}\n", -EINVAL,
		": line1: device 'a' has neither a model nor tags");
	refused("devices: {a: {kind: pump, tags: {Pump/Flow: {type: text}}}}\n", -EINVAL,
		"the model's numbers do not go into a text");
	refused("devices: {a: {kind: boiler}}\n", -EINVAL, "boiler");
}

static void test_without_devices_a_whole_line_is_up(void **state)
{
	static const char *const names[] = {
		"pump-1", "flow-1", "tank-1", "compressor-1", "press-1", "motor-1", "temp-1",
	};
	struct ew_test *test = begin("every: 500ms\n");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(ew_test_count(test, EW_TEST_DEVICE, names[i]) >= 1);
	}
	ew_test_advance(test, 60 * EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:Pump/Flow") > 20.0);
	assert_true(ew_test_number(test, "press-1:Pressure/Pressure") > 5.0);
	assert_true(ew_test_number(test, "motor-1:Motor/ActualSpeed") > 1400.0);
	assert_true(ew_test_number(test, "temp-1:state") == 1.0);
	ew_test_free(&test);
}

static void test_values_come_at_every_scan_and_setpoints_when_they_change(void **state)
{
	struct ew_test *test = begin("every: 500ms\n");

	(void)state;
	ew_test_advance(test, 10 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "pump-1:Pump/Flow"), 21);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "pump-1:Pump/Speed"), 1);
	assert_true(ew_test_metric(test, "line1", "scans_total") == 21.0);
	assert_int_equal(ew_test_set(test, "pump-1:Pump/Speed", 45.0), 0);
	ew_test_advance(test, 10 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "pump-1:Pump/Speed"), 2);
	assert_true(ew_test_number(test, "pump-1:Pump/Speed") == 45.0);
	ew_test_free(&test);
}

/* A digest of all samples of a run with one write in it. */
static uint64_t digest(const char *yaml)
{
	struct ew_test *test = begin(yaml);
	const struct ew_test_record *record;
	uint64_t hash = 0xcbf29ce484222325u;

	ew_test_advance(test, 20 * EW_SECOND);
	assert_int_equal(ew_test_set(test, "flow-1:Flow/Valve", 30.0), 0);
	ew_test_advance(test, 20 * EW_SECOND);
	for (size_t i = 0; (record = ew_test_record(test, i)) != NULL; i++) {
		if (record->kind == EW_TEST_SAMPLE && record->sample.type != EW_BOOL) {
			hash = (hash ^ record->sample.v.u) * 0x100000001b3u;
		}
	}
	ew_test_free(&test);
	return hash;
}

static void test_the_same_seed_and_writes_give_the_same_samples(void **state)
{
	uint64_t first = digest("seed: 5\n");

	(void)state;
	assert_true(digest("seed: 5\n") == first);
	assert_true(digest("seed: 6\n") != first);
}

static void test_pump_speed_changes_the_flow_and_a_valve_lowers_a_pressure(void **state)
{
	struct ew_test *test = begin("every: 1s\nnoise: 0\n");
	double flow, pressure;

	(void)state;
	ew_test_advance(test, 300 * EW_SECOND);
	flow = ew_test_number(test, "flow-1:Flow/Rate");
	pressure = ew_test_number(test, "press-1:Pressure/Pressure");
	assert_int_equal(ew_test_set(test, "pump-1:Pump/Speed", 50.0), 0);
	assert_int_equal(ew_test_set(test, "press-1:Pressure/Valve", 100.0), 0);
	ew_test_advance(test, 300 * EW_SECOND);
	assert_true(ew_test_number(test, "flow-1:Flow/Rate") > 1.2 * flow);
	assert_true(ew_test_number(test, "press-1:Pressure/Pressure") < 0.6 * pressure);
	ew_test_free(&test);
}

static void test_speed_lets_plant_time_run_faster(void **state)
{
	struct ew_test *test = begin("every: 1s\nspeed: 60\nnoise: 0\n");

	(void)state;
	/* an hour of plant time: the winding is as warm as it gets */
	ew_test_advance(test, 60 * EW_SECOND);
	assert_true(ew_test_number(test, "motor-1:Motor/Temperature") > 60.0);
	assert_true(fabs(ew_test_number(test, "pump-1:Pump/Hours") - 61.0 / 60.0) < 0.02);
	ew_test_free(&test);
}

static void test_what_cannot_be_written_is_refused_and_nothing_happens(void **state)
{
	struct ew_test *test = begin(NULL);

	(void)state;
	assert_int_not_equal(ew_test_set(test, "pump-1:Pump/Flow", 1.0), 0);
	assert_int_not_equal(ew_test_set(test, "pump-1:Pump/Speed", 61.0), 0);
	assert_int_not_equal(ew_test_write(test, "pump-1:Pump/Run",
					   ew_sample_none(EW_NO_ID, 0)), 0);
	ew_test_advance(test, 2 * EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:Pump/Speed") == 40.0);
	ew_test_free(&test);
}

static void test_a_missed_heartbeat_is_an_event_and_refuses_writes(void **state)
{
	struct ew_test *test = begin("every: 500ms\nheartbeat: 3s\n");

	(void)state;
	ew_test_advance(test, 30 * EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:state") == 1.0);
	assert_int_equal(ew_test_set(test, "pump-1:heartbeat", 1.0), 0);
	ew_test_advance(test, 2 * EW_SECOND);
	assert_int_equal(ew_test_set(test, "pump-1:heartbeat", 2.0), 0);
	ew_test_advance(test, 2 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_EVENT, "watchdog.expired"), 0);
	ew_test_advance(test, 2 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_EVENT, "watchdog.expired"), 1);
	assert_true(ew_test_number(test, "pump-1:state") == 3.0);
	assert_true(ew_test_number(test, "pump-1:Pump/Run") == 0.0);
	assert_int_equal(ew_test_set(test, "pump-1:Pump/Run", 1.0), -EBUSY);
	assert_int_equal(ew_test_set(test, "pump-1:heartbeat", 3.0), 0);
	assert_int_equal(ew_test_set(test, "pump-1:Pump/Run", 1.0), 0);
	ew_test_advance(test, 1 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_EVENT, "watchdog.restored"), 1);
	assert_true(ew_test_number(test, "pump-1:state") == 1.0);
	ew_test_free(&test);
}

static void group(struct ew_test *test, double speed, double valve)
{
	struct ew_sample items[] = {
		ew_sample_f64(ew_test_tag(test, "pump-1:Pump/Speed"), 0, speed),
		ew_sample_f64(ew_test_tag(test, "tank-1:Level/Valve"), 0, valve),
	};
	struct ew_write_request request = {
		.size = sizeof(request), .items = items, .count = 2,
		.priority = EW_PRIORITY_OPERATOR, .token = 9,
	};
	struct ew_instance *self = ew_test_begin(test);
	int rc = ew_write(self, &request);

	ew_test_end(test);
	assert_int_equal(rc, 0);
	ew_test_step(test);
}

static const struct ew_test_record *last_answer(struct ew_test *test)
{
	const struct ew_test_record *record, *answer = NULL;

	for (size_t i = 0; (record = ew_test_record(test, i)) != NULL; i++) {
		answer = record->kind == EW_TEST_ANSWER ? record : answer;
	}
	assert_non_null(answer);
	return answer;
}

static void test_a_group_is_written_as_a_whole_or_not_at_all(void **state)
{
	struct ew_test *test = begin("every: 500ms\nheartbeat: 3s\n");
	const struct ew_test_record *answer;

	(void)state;
	group(test, 42.0, 70.0);
	answer = last_answer(test);
	assert_int_equal(answer->answer.status[0].result, EW_WRITE_DONE);
	assert_int_equal(answer->answer.status[1].result, EW_WRITE_DONE);
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:Pump/Speed") == 42.0);
	assert_true(ew_test_number(test, "tank-1:Level/Valve") == 70.0);

	/* the tank is in its safe state: the pump does not get its half either */
	assert_int_equal(ew_test_set(test, "tank-1:heartbeat", 1.0), 0);
	ew_test_advance(test, 4 * EW_SECOND);
	group(test, 50.0, 10.0);
	answer = last_answer(test);
	assert_int_equal(answer->answer.status[0].result, EW_WRITE_REFUSED);
	assert_int_equal(answer->answer.status[0].error, -ECANCELED);
	assert_int_equal(answer->answer.status[1].result, EW_WRITE_REFUSED);
	assert_int_equal(answer->answer.status[1].error, -EBUSY);
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:Pump/Speed") == 42.0);
	ew_test_free(&test);
}

static const struct ew_test_record *find_event(struct ew_test *test, const char *kind,
					       const char *key)
{
	const struct ew_test_record *record;

	for (size_t i = 0; (record = ew_test_record(test, i)) != NULL; i++) {
		if (record->kind == EW_TEST_EVENT && strcmp(record->name, kind) == 0 &&
		    record->event.key != NULL && strcmp(record->event.key, key) == 0) {
			return record;
		}
	}
	return NULL;
}

static void test_high_temperature_raises_an_alarm_and_clears_it(void **state)
{
	struct ew_test *test = begin("every: 1s\nnoise: 0\n");
	const struct ew_test_record *record;

	(void)state;
	ew_test_advance(test, 60 * EW_SECOND);
	assert_null(find_event(test, "alarm.raised", "high-temperature"));
	assert_int_equal(ew_test_set(test, "temp-1:Temperature/Heater", 100.0), 0);
	ew_test_advance(test, 600 * EW_SECOND);
	record = find_event(test, "alarm.raised", "high-temperature");
	assert_non_null(record);
	assert_int_equal(record->event.severity, EW_SEVERITY_CRITICAL);
	assert_string_equal(record->event.body,
			    "{\"text\":\"the temperature is above its limit\"}");
	assert_null(find_event(test, "alarm.cleared", "high-temperature"));
	assert_int_equal(ew_test_set(test, "temp-1:Temperature/Heater", 0.0), 0);
	ew_test_advance(test, 600 * EW_SECOND);
	assert_non_null(find_event(test, "alarm.cleared", "high-temperature"));
	ew_test_free(&test);
}

static void test_devices_of_the_yaml_are_coupled_as_it_says(void **state)
{
	struct ew_test *test = begin("every: 1s\nnoise: 0\ndevices:\n"
				     "  north: {kind: pump, feeds: buffer}\n"
				     "  south: {kind: pump, feeds: buffer}\n"
				     "  buffer: {kind: level}\n");

	(void)state;
	ew_test_advance(test, 60 * EW_SECOND);
	assert_int_equal(ew_test_tag(test, "pump-1:Pump/Flow"), EW_NO_ID);
	assert_true(fabs(ew_test_number(test, "buffer:Level/Inflow") -
			 ew_test_number(test, "north:Pump/Flow") -
			 ew_test_number(test, "south:Pump/Flow")) < 0.1);
	ew_test_free(&test);
}

static void test_a_tag_has_the_datatype_that_the_yaml_gives_it(void **state)
{
	struct ew_test *test = begin("every: 1s\nnoise: 0\ndevices:\n"
				     "  p:\n    kind: pump\n    tags:\n"
				     "      Pump/Speed: {type: u16, scale: 0.1}\n"
				     "      Pump/Hours: {type: u32}\n");

	(void)state;
	ew_test_advance(test, 3700 * EW_SECOND);
	/* 400 on the device's side */
	assert_true(fabs(ew_test_number(test, "p:Pump/Speed") - 40.0) < 1e-9);
	assert_true(ew_test_number(test, "p:Pump/Hours") == 1.0);
	assert_int_equal(ew_test_set(test, "p:Pump/Speed", 45.5), 0);
	ew_test_advance(test, 30 * EW_SECOND);
	assert_true(fabs(ew_test_number(test, "p:Pump/Speed") - 45.5) < 1e-9);
	assert_true(fabs(ew_test_number(test, "p:Pump/ActualSpeed") - 45.5) < 0.1);
	ew_test_free(&test);
}

static void test_tags_that_no_model_has_get_a_signal(void **state)
{
	struct ew_test *test = begin("every: 1s\ndevices:\n"
				     "  t:\n    type: tank\n    tags:\n"
				     "      Tank/Level: {type: i16, range: [-20, 80], signal: ramp,"
				     " period: 10s}\n"
				     "      Tank/Valve: {type: f64, range: [0, 100],"
				     " writable: yes}\n"
				     "      Tank/Name: {type: text}\n");

	(void)state;
	assert_int_equal(ew_test_logged(test, "no values for a tag that is no number"), 1);
	ew_test_advance(test, 3 * EW_SECOND);
	assert_true(ew_test_number(test, "t:Tank/Level") == 20.0);
	assert_true(ew_test_number(test, "t:Tank/Valve") == 50.0);
	assert_int_equal(ew_test_set(test, "t:Tank/Valve", 12.5), 0);
	ew_test_advance(test, 10 * EW_SECOND);
	assert_true(ew_test_number(test, "t:Tank/Level") == 20.0);
	assert_true(ew_test_number(test, "t:Tank/Valve") == 12.5);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "t:Tank/Valve"), 2);
	assert_int_not_equal(ew_test_set(test, "t:Tank/Level", 1.0), 0);
	ew_test_free(&test);
}

static void test_copies_of_the_plant_have_numbered_names(void **state)
{
	struct ew_test *test = begin("every: 1s\ncount: 40\nbatch: 32\n");

	(void)state;
	ew_test_advance(test, 2 * EW_SECOND);
	assert_int_equal(ew_test_tag(test, "pump-1:Pump/Flow"), EW_NO_ID);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "pump-1.1:Pump/Flow"), 3);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "temp-1.40:Temperature/Power"), 3);
	ew_test_free(&test);
}

static void test_a_full_block_route_delays_a_scan_and_loses_nothing(void **state)
{
	struct ew_test *test;

	(void)state;
	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_config(test, "routes: [{to: test, full: block,"
					" queue: {batches: 2}}]\n"), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "line1",
				      "every: 1s\ncount: 40\nbatch: 32\n"), 0);
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
	ew_test_advance(test, 10 * EW_SECOND);
	assert_true(ew_test_metric(test, "line1", "waits_total") > 10.0);
	assert_true(ew_test_metric(test, "line1", "lost_samples_total") == 0.0);
	assert_int_equal(ew_test_count(test, EW_TEST_GAP, NULL), 0);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "pump-1.1:Pump/Flow"), 11);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, "temp-1.40:Temperature/Power"), 11);
	ew_test_free(&test);
}

static void test_full_speed_keeps_to_max_rate_and_answers_writes(void **state)
{
	struct ew_test *test = begin("every: 0s\nmax_rate: 2000\nbatch: 64\n");
	double samples;

	(void)state;
	ew_test_advance(test, 10 * EW_SECOND);
	samples = (double)ew_test_count(test, EW_TEST_SAMPLE, NULL);
	assert_true(samples > 19000.0 && samples < 21000.0);
	assert_int_equal(ew_test_set(test, "pump-1:Pump/Speed", 45.0), 0);
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "pump-1:Pump/Speed") == 45.0);
	ew_test_free(&test);
}

static void test_a_stopped_instance_samples_no_more(void **state)
{
	struct ew_test *test = begin(NULL);
	size_t before;

	(void)state;
	ew_test_advance(test, 5 * EW_SECOND);
	assert_int_equal(ew_test_stop(test, "line1"), 0);
	before = ew_test_count(test, EW_TEST_SAMPLE, NULL);
	ew_test_advance(test, 5 * EW_SECOND);
	assert_int_equal(ew_test_count(test, EW_TEST_SAMPLE, NULL), before);
	ew_test_free(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_that_make_no_sense_are_refused),
		cmocka_unit_test(test_devices_that_make_no_plant_are_refused),
		cmocka_unit_test(test_what_cannot_be_written_is_refused_and_nothing_happens),
		cmocka_unit_test(test_without_devices_a_whole_line_is_up),
		cmocka_unit_test(test_values_come_at_every_scan_and_setpoints_when_they_change),
		cmocka_unit_test(test_the_same_seed_and_writes_give_the_same_samples),
		cmocka_unit_test(test_pump_speed_changes_the_flow_and_a_valve_lowers_a_pressure),
		cmocka_unit_test(test_speed_lets_plant_time_run_faster),
		cmocka_unit_test(test_a_missed_heartbeat_is_an_event_and_refuses_writes),
		cmocka_unit_test(test_a_group_is_written_as_a_whole_or_not_at_all),
		cmocka_unit_test(test_high_temperature_raises_an_alarm_and_clears_it),
		cmocka_unit_test(test_devices_of_the_yaml_are_coupled_as_it_says),
		cmocka_unit_test(test_a_tag_has_the_datatype_that_the_yaml_gives_it),
		cmocka_unit_test(test_tags_that_no_model_has_get_a_signal),
		cmocka_unit_test(test_copies_of_the_plant_have_numbered_names),
		cmocka_unit_test(test_a_full_block_route_delays_a_scan_and_loses_nothing),
		cmocka_unit_test(test_full_speed_keeps_to_max_rate_and_answers_writes),
		cmocka_unit_test(test_a_stopped_instance_samples_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
