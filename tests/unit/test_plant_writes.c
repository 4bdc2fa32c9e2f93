/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to the plant, all or none, and the watchdog of a device. */
#include <errno.h>

#include "tests/unit/plant.h"

static void test_writes_that_the_device_cannot_take_are_refused(void **state)
{
	struct plant *plant = plant_alone("pump");
	struct plant_write nowhere[] = {{1, 0, {.b = true}}, {0, 99, {.b = true}}};
	int errors[2];

	(void)state;
	assert_int_equal(plant_write(plant, nowhere, 2, errors), -ENOENT);
	assert_int_equal(errors[0], -ENOENT);
	assert_int_equal(errors[1], -ENOENT);
	assert_int_equal(plant_set(plant, "it", "Pump/Flow", 1.0), -EACCES);
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", 60.1), -ERANGE);
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", -0.1), -ERANGE);
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", (double)NAN), -ERANGE);
	assert_int_equal(plant_beat(plant, "it", 4294967296u), -ERANGE);
	plant_free(&plant);
}

static void test_one_bad_item_and_nothing_of_the_group_happens(void **state)
{
	struct plant *plant = plant_alone("pump");
	struct plant_write group[] = {
		{0, plant_tag_index(plant, "it", "Pump/Speed"), {.f = 50.0}},
		{0, plant_tag_index(plant, "it", "Pump/Speed"), {.f = 500.0}},
	};
	int errors[2];

	(void)state;
	assert_int_equal(plant_write(plant, group, 2, errors), -ERANGE);
	assert_int_equal(errors[0], 0);
	assert_int_equal(errors[1], -ERANGE);
	assert_true(plant_number(plant, "it", "Pump/Speed") == 40.0);
	plant_free(&plant);
}

static void test_without_a_heartbeat_the_watchdog_sleeps(void **state)
{
	struct plant *plant = plant_alone("pump");

	(void)state;
	plant_wait(plant, 60.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_RUNNING);
	plant_free(&plant);
}

static void test_a_missed_heartbeat_brings_every_kind_to_its_safe_state(void **state)
{
	(void)state;
	for (const struct plant_kind *const *kind = plant_kinds(); *kind != NULL; kind++) {
		struct plant *plant = plant_alone((*kind)->name);

		assert_int_equal(plant_beat(plant, "it", 1), 0);
		plant_wait(plant, 4.8);
		assert_int_not_equal(plant_look(plant, "it", "state").value.u, PLANT_SAFE);
		assert_int_equal(plant_beat(plant, "it", 2), 0);
		plant_wait(plant, 4.8);
		assert_int_not_equal(plant_look(plant, "it", "state").value.u, PLANT_SAFE);
		plant_wait(plant, 0.3);
		assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_SAFE);
		plant_free(&plant);
	}
}

static void test_the_safe_state_holds_until_the_heart_beats_again(void **state)
{
	struct plant *plant = plant_alone("pump");
	struct plant_write both[] = {
		{0, plant_tag_index(plant, "it", "Pump/Run"), {.b = true}},
		{0, plant_tag_index(plant, "it", "heartbeat"), {.u = 3}},
	};
	int errors[2];

	(void)state;
	assert_int_equal(plant_beat(plant, "it", 1), 0);
	plant_wait(plant, 30.0);
	assert_false(plant_look(plant, "it", "Pump/Run").value.b);
	assert_true(plant_number(plant, "it", "Pump/ActualSpeed") < 0.1);
	assert_int_equal(plant_switch(plant, "it", "Pump/Run", true), -EBUSY);

	/* a beat alone ends the safe state and starts nothing */
	assert_int_equal(plant_beat(plant, "it", 2), 0);
	plant_wait(plant, 1.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_STOPPED);
	plant_wait(plant, 30.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_SAFE);

	assert_int_equal(plant_write(plant, both, 2, errors), 0);
	plant_wait(plant, 1.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_RUNNING);
	plant_free(&plant);
}

static void test_a_heartbeat_of_0_releases_the_watchdog(void **state)
{
	struct plant *plant = plant_alone("motor");

	(void)state;
	assert_int_equal(plant_beat(plant, "it", 1), 0);
	plant_wait(plant, 1.0);
	assert_int_equal(plant_beat(plant, "it", 0), 0);
	plant_wait(plant, 60.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_RUNNING);
	plant_free(&plant);
}

static void test_a_pump_whose_controller_dies_lets_the_tank_drain(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = plant_make(specs, count, 1.0);

	(void)state;
	plant_wait(plant, 60.0);
	assert_int_equal(plant_beat(plant, "pump-1", 1), 0);
	plant_wait(plant, 600.0);
	assert_true(plant_number(plant, "flow-1", "Flow/Rate") < 0.5);
	assert_true(plant_number(plant, "tank-1", "Level/Level") < 0.1);
	/* the others have watchdogs of their own */
	assert_int_equal(plant_look(plant, "motor-1", "state").value.u, PLANT_RUNNING);
	plant_free(&plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_that_the_device_cannot_take_are_refused),
		cmocka_unit_test(test_one_bad_item_and_nothing_of_the_group_happens),
		cmocka_unit_test(test_without_a_heartbeat_the_watchdog_sleeps),
		cmocka_unit_test(test_a_missed_heartbeat_brings_every_kind_to_its_safe_state),
		cmocka_unit_test(test_the_safe_state_holds_until_the_heart_beats_again),
		cmocka_unit_test(test_a_heartbeat_of_0_releases_the_watchdog),
		cmocka_unit_test(test_a_pump_whose_controller_dies_lets_the_tank_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
