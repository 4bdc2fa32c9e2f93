/* SPDX-License-Identifier: Apache-2.0 */
/* Rules on the real bus: what is refused, what is written and when, what others see. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/modules/rules_plant.h"

static void load(struct plant *plant, const char *yaml)
{
	plant_make(plant, "access: {control: {write: [\"plant:**\"]},"
		   " test: {write: [\"**:**\"]}}\n");
	if (ew_test_load(plant->test, &ew_module, "control", yaml) != 0) {
		fail_msg("%s", ew_test_error(plant->test));
	}
}

static void begin(struct plant *plant, const char *yaml)
{
	load(plant, yaml);
	if (ew_test_start(plant->test) != 0) {
		fail_msg("%s", ew_test_error(plant->test));
	}
}

static void refused(const char *yaml, const char *text)
{
	struct plant plant;

	load(&plant, yaml);
	if (ew_test_start(plant.test) != -EINVAL) {
		fail_msg("'%s' is not said: it is taken", text);
	}
	if (strstr(ew_test_error(plant.test), text) == NULL) {
		fail_msg("'%s' is not said by: %s", text, ew_test_error(plant.test));
	}
	ew_test_free(&plant.test);
}

static void test_faults_are_told_at_their_place(void **state)
{
	(void)state;
	refused(INPUTS "rules:\n  a: {value: level + nothing}\n",
		"'nothing' is neither an input nor a rule");
	refused(INPUTS "rules:\n  a: {when: level > 3bar, publish: yes}\n", "'m' and 'bar'");
	refused(INPUTS "rules:\n  a: {when: level, publish: yes}\n",
		"this is a number; a condition is wanted here");
	refused(INPUTS "rules:\n  a: {value: b + 1}\n  b: {value: c}\n  c: {value: a}\n",
		"rule 'a' depends on itself");
	refused(INPUTS "rules:\n  a: {value: level, when: run, interlock: run}\n",
		":15:18: control: rule 'a' has more than one");
	refused(INPUTS "rules:\n  a: {unit: m}\n", "none of 'value'");
	refused(INPUTS "rules:\n  a-b: {value: level}\n", ":15:20: control: 'a-b' is no name");
	refused(INPUTS "rules:\n  level: {value: temp}\n",
		":15:22: control: 'level' is an input and a rule");
	refused("inputs: {x: \"plant\"}\n", "wants one tag");
	refused(INPUTS "rules:\n  a: {value: level, unit: bar}\n", "this is in 'm'");
	refused(INPUTS "rules:\n  a: {when: run}\n", ":15:17: control: rule 'a' does nothing");
	refused(INPUTS "rules:\n  a: {value: level, alarm: {}}\n", "no 'when'");
	refused(INPUTS "rules:\n  a: {value: temp, write: {to: \"plant:valve\", fail_safe: yes}}\n",
		"its fail-safe value yes or no");
	refused(INPUTS "rules:\n  a: {value: temp, write: {to: plant:valve, fail_safe: temp}}\n",
		"a constant is wanted here");
	refused(INPUTS
		"rules:\n"
		"  a: {value: temp, write: {to: \"plant:valve\", fail_safe: 0}}\n"
		"  b: {value: level, write: {to: \"plant:valve\", fail_safe: 0}}\n",
		"is written by rule 'a' at priority 5 too");
	refused(INPUTS "rules:\n  a: {pid: {input: temp, setpoint: 3, gain: 0, low: 0, high: 1}}\n",
		"'gain' is 0");
	refused(INPUTS "rules:\n  a: {when: avrg(level over 3s) > 2, publish: yes}\n", ":15:17: ");
	refused(INPUTS "rules:\n  a: {when: \"avrg(run over 3s)\", publish: yes}\n", ":15:18: ");
	refused(INPUTS "rules:\n  a:\n    when: |\n      run\n      and level > 3s\n", ":18:23: ");
}

static void test_an_output_without_a_heartbeat_is_warned_of(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n  a: {value: temp, write: {to: \"plant:valve\", fail_safe: 0}}\n");
	assert_non_null(strstr(ew_test_error(plant.test), "'plant:valve' has no heartbeat"));
	ew_test_free(&plant.test);
}

static void test_values_are_derived_in_their_order(void **state)
{
	struct plant plant;
	struct ew_sample sample;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  twice: {value: half * 4, unit: m}\n" /* named before it is defined */
	      "  half: {value: level / 2}\n"
	      "  high: {when: twice > 10m, publish: yes}\n");
	assert_int_equal(ew_test_read(plant.test, "control:twice", &sample), 0);
	assert_int_equal(EW_QUALITY_CLASS(sample.quality), EW_BAD);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 3));
	assert_true(ew_test_number(plant.test, "control:twice") == 6);
	assert_true(ew_test_number(plant.test, "control:high") == 0);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 6));
	assert_true(ew_test_number(plant.test, "control:twice") == 12);
	assert_true(ew_test_number(plant.test, "control:high") == 1);
	plant_up(&plant, EW_DEVICE_STALE);
	assert_int_equal(ew_test_read(plant.test, "control:twice", &sample), 0);
	assert_int_equal(sample.quality, EW_BAD | EW_REASON_STALE);
	plant_up(&plant, EW_DEVICE_UP);
	assert_true(ew_test_number(plant.test, "control:twice") == 12);
	ew_test_free(&plant.test);
}

static void test_only_rules_whose_inputs_changed_run(void **state)
{
	struct plant plant;
	double runs;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  a: {value: level * 2}\n"
	      "  b: {value: temp * 2}\n"
	      "  c: {value: a + b}\n");
	runs = ew_test_metric(plant.test, "control", "runs_total");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 1)); /* b; c stays bad */
	assert_true(ew_test_metric(plant.test, "control", "runs_total") == runs + 2);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 1)); /* a, c */
	assert_true(ew_test_metric(plant.test, "control", "runs_total") == runs + 4);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 1)); /* a gives the same */
	assert_true(ew_test_metric(plant.test, "control", "runs_total") == runs + 5);
	ew_test_advance(plant.test, 3600 * EW_SECOND);
	assert_true(ew_test_metric(plant.test, "control", "runs_total") == runs + 5);
	ew_test_free(&plant.test);
}

static void test_every_sample_of_a_batch_counts(void **state)
{
	struct plant plant;
	struct ew_sample samples[3];

	(void)state;
	begin(&plant, INPUTS "rules:\n  total: {value: sum(level over 10s)}\n");
	for (size_t i = 0; i < 3; i++) {
		samples[i] = ew_sample_f64(plant.level, 0, (double)i + 1);
	}
	assert_int_equal(ew_publish(ew_test_begin(plant.test), samples, 3, NULL), 0);
	ew_test_end(plant.test);
	ew_test_step(plant.test);
	assert_true(ew_test_number(plant.test, "control:total") == 6);
	ew_test_advance(plant.test, 12 * EW_SECOND);
	assert_true(ew_test_number(plant.test, "control:total") == 0);
	ew_test_free(&plant.test);
}

static void test_an_alarm_is_raised_acknowledged_and_cleared(void **state)
{
	struct plant plant;
	struct ew_sample sample;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  full:\n"
	      "    when: level > 3m for 5s\n"
	      "    alarm: {severity: critical, text: \"the \\\"tank\\\" is full\"}\n");
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 4));
	assert_true(ew_test_number(plant.test, "control:Alarms/full/Active") == 0);
	ew_test_advance(plant.test, 5 * EW_SECOND);
	assert_true(ew_test_number(plant.test, "control:Alarms/full/Active") == 1);
	assert_true(ew_test_number(plant.test, "control:Alarms/full/Severity") == 4);
	assert_int_equal(ew_test_count(plant.test, EW_TEST_EVENT, "alarm.raised"), 1);
	assert_int_equal(ew_test_write(plant.test, "control:Alarms/full/Acknowledged",
				       ew_sample_text(0, 0, "ana", 3)), 0);
	assert_int_equal(ew_test_read(plant.test, "control:Alarms/full/Acknowledged", &sample), 0);
	assert_int_equal(sample.v.x.size, 3);
	assert_memory_equal(sample.v.x.at, "ana", 3);
	plant_up(&plant, EW_DEVICE_DOWN); /* not known: nothing changes */
	assert_true(ew_test_number(plant.test, "control:Alarms/full/Active") == 1);
	plant_up(&plant, EW_DEVICE_UP);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	assert_true(ew_test_number(plant.test, "control:Alarms/full/Active") == 0);
	assert_int_equal(ew_test_count(plant.test, EW_TEST_EVENT, "alarm.cleared"), 1);
	ew_test_free(&plant.test);
}

static void test_an_event_comes_each_time_the_condition_becomes_true(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS "rules:\n  go: {when: run, event: {kind: line.started}}\n");
	for (int i = 0; i < 3; i++) {
		plant_publish(&plant, ew_sample_bool(plant.run, 0, true));
		plant_publish(&plant, ew_sample_bool(plant.run, 0, false));
	}
	assert_int_equal(ew_test_count(plant.test, EW_TEST_EVENT, "line.started"), 3);
	ew_test_free(&plant.test);
}

static void test_what_is_not_there_is_named_by_health(void **state)
{
	const char *text = NULL;
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS "  far: other:speed\nrules:\n  a: {value: far + temp}\n");
	ew_test_advance(plant.test, EW_SECOND);
	assert_int_equal(ew_test_health(plant.test, "control", &text), EW_DEGRADED);
	assert_non_null(strstr(text, "input 'far': tag 'other:speed' is not there"));
	assert_true(ew_test_metric(plant.test, "control", "missing_tags") == 1);
	ew_test_free(&plant.test);
	begin(&plant, "inputs: {x: {tag: \"plant:level\", unit: bar}}\nrules:\n  a: {value: x}\n");
	ew_test_advance(plant.test, EW_SECOND);
	assert_int_equal(ew_test_health(plant.test, "control", &text), EW_DEGRADED);
	assert_non_null(strstr(text, "has another unit"));
	ew_test_free(&plant.test);
}

static void expect(struct plant *plant, const char *words, const char *line)
{
	const char *answer = NULL;

	assert_int_equal(ew_test_query(plant->test, "control", words, &answer), 0);
	if (strstr(answer, line) == NULL) {
		fail_msg("'%s' is not in the answer to '%s': %s", line, words, answer);
	}
}

static void test_an_operator_sees_each_term(void **state)
{
	const char *answer = NULL;
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  high: {when: level + 1m > 3m and run, publish: yes}\n"
	      "  loop: {pid: {input: level, setpoint: 2, gain: 1, low: 0, high: 9}}\n");
	expect(&plant, "", "{\"rule\":\"high\",\"kind\":\"when\",\"value\":\"bad\"");
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2.5));
	plant_publish(&plant, ew_sample_bool(plant.run, 0, true));
	ew_test_advance(plant.test, 2 * EW_SECOND);
	expect(&plant, "", "\"value\":\"yes\",\"quality\":\"good\",\"fired\":\"2.0 s ago\"");
	expect(&plant, "high", "\"term\":\"level + 1m\",\"value\":\"3.5\"");
	expect(&plant, "high", "\"term\":\"level + 1m > 3m\",\"value\":\"yes\"");
	/* still true, at another level: why it fired stays to be seen */
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2.75));
	expect(&plant, "high", "\"term\":\"level + 1m\",\"value\":\"3.75\",\"quality\":\"good\","
			       "\"at_firing\":\"3.5\"");
	expect(&plant, "loop", "\"part\":\"pid\",\"term\":\"automatic\",\"value\":\"yes\"");
	expect(&plant, "inputs",
	       "\"tag\":\"plant:temp\",\"value\":\"bad\",\"quality\":\"no value\"");
	assert_int_equal(ew_test_query(plant.test, "control", "nothing", &answer), -ENOENT);
	ew_test_free(&plant.test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_are_told_at_their_place),
		cmocka_unit_test(test_an_output_without_a_heartbeat_is_warned_of),
		cmocka_unit_test(test_values_are_derived_in_their_order),
		cmocka_unit_test(test_only_rules_whose_inputs_changed_run),
		cmocka_unit_test(test_every_sample_of_a_batch_counts),
		cmocka_unit_test(test_an_alarm_is_raised_acknowledged_and_cleared),
		cmocka_unit_test(test_an_event_comes_each_time_the_condition_becomes_true),
		cmocka_unit_test(test_what_is_not_there_is_named_by_health),
		cmocka_unit_test(test_an_operator_sees_each_term),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
