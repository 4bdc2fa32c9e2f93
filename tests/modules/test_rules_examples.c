/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples of etc/rules on the simulated plant, as they stand in their
 * files: the loops settle, the interlocks hold, and what that took is printed.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

extern const struct ew_module ew_module;        /* rules */
extern const struct ew_module simulator_module; /* compiled under this name for the test */

static struct ew_test *running;

static char *read_example(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	char *text;
	size_t size;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/etc/rules/%s", top != NULL ? top : ".", name);
	file = fopen(path, "r");
	text = calloc(1, 65536);
	if (file == NULL || text == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	size = fread(text, 1, 65535, file);
	assert_true(size > 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The lines below `key`, which stands at `depth`, with their indentation cut. */
static char *section(const char *text, const char *key, size_t depth)
{
	char *out = calloc(1, strlen(text) + 1);
	const char *at = strstr(text, key);
	size_t cut = depth + 2, used = 0;

	assert_non_null(out);
	assert_non_null(at);
	at = strchr(at + 1, '\n') + 1;
	while (*at != '\0' && strspn(at, " ") >= cut) {
		const char *end = strchr(at, '\n') + 1;

		if (strncmp(at + cut, "module:", 7) != 0) {
			memcpy(out + used, at + cut, (size_t)(end - at) - cut);
			used += (size_t)(end - at) - cut;
		}
		at = end;
	}
	return out;
}

static void begin(const char *name)
{
	char *text = read_example(name), *plant = section(text, "\n  line1:", 2);
	char *rules = section(text, "\n  control:", 2), *access = section(text, "\naccess:", 0);
	char config[1024];

	(void)snprintf(config, sizeof(config), "access:\n  test: {write: [\"**:**\"]}\n  %s",
		       access);
	assert_int_equal(ew_test_new(&running), 0);
	assert_int_equal(ew_test_config(running, config), 0);
	if (ew_test_load(running, &simulator_module, "line1", plant) != 0 ||
	    ew_test_load(running, &ew_module, "control", rules) != 0 ||
	    ew_test_start(running) != 0) {
		fail_msg("%s: %s", name, ew_test_error(running));
	}
	assert_string_equal(ew_test_error(running), ""); /* no warning either */
	free(text);
	free(plant);
	free(rules);
	free(access);
}

static void pass(int seconds)
{
	for (int i = 0; i < seconds; i++) {
		ew_test_advance(running, EW_SECOND);
		ew_test_forget(running); /* only the last values are looked at */
	}
}

/* A number, or the last value of a tag. */
static double target_now(const char *target)
{
	return strchr(target, ':') == NULL ? strtod(target, NULL)
					   : ew_test_number(running, target);
}

/*
 * Step through `seconds`: when the tag came within `band` of `to` for good,
 * and how far it went beyond, coming from where it was.
 */
static double settle(const char *tag, const char *to, double band, int seconds,
		     double *overshoot_out)
{
	double from = ew_test_number(running, tag), settled = NAN, overshoot = 0;

	for (int i = 1; i <= seconds * 10; i++) {
		double x, beyond, target;

		ew_test_advance(running, 100 * EW_MILLISECOND);
		ew_test_forget(running);
		x = ew_test_number(running, tag);
		target = target_now(to);
		beyond = target >= from ? x - target : target - x;
		overshoot = fmax(overshoot, beyond);
		if (fabs(x - target) > band) {
			settled = NAN;
		} else if (isnan(settled)) {
			settled = i / 10.0;
		}
	}
	*overshoot_out = overshoot;
	print_message("%s to %s: settled within %g after %.1f s, overshoot %.2f\n", tag, to,
		      band, settled, overshoot);
	return settled;
}

static void test_the_flow_settles_at_its_set_point(void **state)
{
	double overshoot, seconds;

	(void)state;
	begin("flow.yaml");
	seconds = settle("flow-1:Flow/Rate", "25", 0.5, 120, &overshoot);
	assert_true(seconds < 30);
	assert_true(overshoot < 1);
	assert_int_equal(ew_test_set(running, "control:flow_control/Setpoint", 18), 0);
	seconds = settle("flow-1:Flow/Rate", "18", 0.5, 120, &overshoot);
	assert_true(seconds < 30);
	assert_true(overshoot < 1);
	ew_test_free(&running);
}

static void test_the_pressure_follows_the_temperature(void **state)
{
	double overshoot, seconds, wanted;

	(void)state;
	begin("pressure.yaml");
	seconds = settle("press-1:Pressure/Pressure", "control:wanted", 0.15, 120, &overshoot);
	assert_true(seconds < 90);
	assert_true(overshoot < 0.5);
	wanted = ew_test_number(running, "control:wanted");
	assert_true(fabs(ew_test_number(running, "press-1:Pressure/Pressure") - wanted) < 0.15);
	assert_int_equal(ew_test_set(running, "temp-1:Temperature/Heater", 100), 0);
	pass(600);
	assert_true(ew_test_number(running, "control:wanted") > wanted + 0.3);
	seconds = settle("press-1:Pressure/Pressure", "control:wanted", 0.15, 60, &overshoot);
	assert_true(seconds < 60);
	ew_test_free(&running);
}

static void test_the_interlock_keeps_the_tank_from_running_over(void **state)
{
	double most = 0;
	int shut = 0, raised = 0;

	(void)state;
	begin("level.yaml");
	for (int i = 0; i < 1200; i++) {
		pass(1);
		most = fmax(most, ew_test_number(running, "tank-1:Level/Level"));
		shut += ew_test_number(running, "flow-1:Flow/Valve") == 0;
		raised += ew_test_number(running, "control:Alarms/overfill/Active") == 1;
	}
	print_message("highest level %.2f m, the line was shut for %d s of 1200\n", most, shut);
	assert_true(most > 3 && most < 3.3);
	assert_true(shut > 10 && shut < 1190);
	assert_true(ew_test_number(running, "tank-1:Level/Spilled") == 0);
	assert_true(abs(raised - shut) < 10);
	ew_test_free(&running);
}

static void test_a_pump_against_a_shut_valve_is_stopped(void **state)
{
	double overshoot, stopped;

	(void)state;
	begin("dry_run.yaml");
	pass(60);
	assert_true(ew_test_number(running, "control:Alarms/dry_run/Active") == 0);
	assert_int_equal(ew_test_set(running, "pump-1:Pump/Run", 1), 0);
	pass(30);
	assert_true(ew_test_number(running, "control:efficiency") > 0);
	assert_int_equal(ew_test_set(running, "flow-1:Flow/Valve", 0), 0);
	stopped = settle("pump-1:Pump/Run", "0", 0, 30, &overshoot);
	assert_true(stopped > 3 && stopped < 15);
	assert_true(ew_test_number(running, "pump-1:Pump/Run") == 0);
	assert_true(ew_test_number(running, "control:Alarms/dry_run/Active") == 1);
	assert_int_equal(ew_test_set(running, "flow-1:Flow/Valve", 80), 0);
	pass(30);
	assert_true(ew_test_number(running, "control:Alarms/dry_run/Active") == 0);
	ew_test_free(&running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_flow_settles_at_its_set_point),
		cmocka_unit_test(test_the_pressure_follows_the_temperature),
		cmocka_unit_test(test_the_interlock_keeps_the_tank_from_running_over),
		cmocka_unit_test(test_a_pump_against_a_shut_valve_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
