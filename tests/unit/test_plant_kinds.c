/* SPDX-License-Identifier: Apache-2.0 */
/* The physics of each kind: time constants, balances, couplings, protection. */
#include "tests/unit/plant.h"

#define near(x, y, within) assert_true(fabs((x) - (y)) <= (within))

static void test_a_pump_follows_its_speed_setpoint_with_2_s(void **state)
{
	struct plant *probe = plant_alone("pump"), *plant = plant_alone("pump");

	(void)state;
	plant_wait(probe, 30.0);
	plant_wait(plant, 30.0);
	near(plant_number(plant, "it", "Pump/ActualSpeed"), 40.0, 0.01);
	assert_int_equal(plant_set(probe, "it", "Pump/Speed", 50.0), 0);
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", 50.0), 0);
	near(plant_time_constant(probe, plant, "it", "Pump/ActualSpeed", 30.0), 2.0, 0.02);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_a_pump_delivers_where_its_curve_meets_the_pipe(void **state)
{
	struct plant *plant = plant_alone("pump");

	(void)state;
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", 50.0), 0);
	plant_wait(plant, 60.0);
	/* 40 - 0.00625 q^2 = 5 + 0.0125 q^2 */
	near(plant_number(plant, "it", "Pump/Flow"), sqrt(35.0 / 0.01875), 0.01);
	/* too slow to lift the liquid over the static head */
	assert_int_equal(plant_set(plant, "it", "Pump/Speed", 15.0), 0);
	plant_wait(plant, 60.0);
	near(plant_number(plant, "it", "Pump/Flow"), 0.0, 0.01);
	plant_free(&plant);
}

static void test_a_valve_throttles_the_pump_before_it(void **state)
{
	const struct plant_spec specs[] = {
		{"p", "pump", {[PLANT_FEEDS] = "f"}}, {"f", "flow", {NULL}},
	};
	struct plant *plant = plant_make(specs, 2, 0.0);
	double open, half;

	(void)state;
	assert_int_equal(plant_set(plant, "f", "Flow/Valve", 100.0), 0);
	plant_wait(plant, 60.0);
	open = plant_number(plant, "p", "Pump/Flow");
	near(plant_number(plant, "f", "Flow/Rate"), open, 0.02);
	assert_int_equal(plant_set(plant, "f", "Flow/Valve", 30.0), 0);
	plant_wait(plant, 60.0);
	half = plant_number(plant, "p", "Pump/Flow");
	assert_true(half < 0.6 * open && half > 0.1 * open);
	assert_int_equal(plant_set(plant, "f", "Flow/Valve", 0.0), 0);
	plant_wait(plant, 60.0);
	assert_true(plant_number(plant, "p", "Pump/Flow") < 0.1);
	assert_true(plant_device(plant, 0)->alarms != 0);
	plant_free(&plant);
}

static void test_a_valve_travels_with_1_5_s_and_the_meter_follows(void **state)
{
	struct plant *probe = plant_alone("flow"), *plant = plant_alone("flow");

	(void)state;
	plant_wait(probe, 30.0);
	plant_wait(plant, 30.0);
	assert_int_equal(plant_set(probe, "it", "Flow/Valve", 20.0), 0);
	assert_int_equal(plant_set(plant, "it", "Flow/Valve", 20.0), 0);
	near(plant_time_constant(probe, plant, "it", "Flow/Position", 30.0), 1.5, 0.05);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_a_tank_keeps_every_litre(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = plant_make(specs, count, 1.0);
	const struct level *tank = &plant_device(plant, plant_index(plant, "tank-1"))->is.level;
	double balance = tank->volume;

	(void)state;
	assert_int_equal(plant_set(plant, "pump-1", "Pump/Speed", 60.0), 0);
	for (int scan = 0; scan < 20000; scan++) {
		double spilled = tank->spilled;

		/* fill it over the rim, then drain it to the ground */
		if (scan == 1000) {
			assert_int_equal(plant_set(plant, "tank-1", "Level/Valve", 10.0), 0);
		} else if (scan == 9000) {
			assert_int_equal(plant_set(plant, "tank-1", "Level/Valve", 100.0), 0);
			assert_int_equal(plant_switch(plant, "pump-1", "Pump/Run", false), 0);
			assert_true(plant_number(plant, "tank-1", "Level/Spilled") > 0.1);
			assert_true(plant_look(plant, "tank-1", "Level/High").value.b);
		}
		plant_step(plant);
		balance += (tank->inflow - tank->outflow) * PLANT_SCAN / 3600.0;
		balance -= tank->spilled - spilled;
		near(balance, tank->volume, 1e-9);
		assert_true(tank->volume >= 0.0 && tank->volume <= 1.0);
	}
	assert_true(plant_look(plant, "tank-1", "Level/Low").value.b);
	assert_true(plant_number(plant, "tank-1", "Level/Volume") < 0.01);
	plant_free(&plant);
}

static void test_a_tank_has_the_time_constant_of_its_level(void **state)
{
	struct plant *probe = plant_alone("level"), *plant = plant_alone("level");
	double tau;

	(void)state;
	/* 25 m3/h in and, through the valve at 80 %, out: the level settles at (25/24)^2 m */
	plant_wait(probe, 3000.0);
	plant_wait(plant, 3000.0);
	near(plant_number(plant, "it", "Level/Level"), 25.0 * 25.0 / 576.0, 0.001);
	assert_int_equal(plant_set(probe, "it", "Level/Valve", 79.0), 0);
	assert_int_equal(plant_set(plant, "it", "Level/Valve", 79.0), 0);
	tau = 2.0 * 0.25 * (25.0 * 25.0 / 576.0) / 25.0 * 3600.0;
	near(plant_time_constant(probe, plant, "it", "Level/Level", 3000.0), tau + 1.5, 4.0);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_an_open_valve_lowers_the_pressure_with_25_s(void **state)
{
	struct plant *probe = plant_alone("pressure"), *plant = plant_alone("pressure");

	(void)state;
	plant_wait(probe, 600.0);
	plant_wait(plant, 600.0);
	/* 4 m3/min in, 1.2 * 0.5 m3/min out per bar */
	near(plant_number(plant, "it", "Pressure/Pressure"), 4.0 / 0.6, 0.005);
	assert_int_equal(plant_set(probe, "it", "Pressure/Valve", 100.0), 0);
	assert_int_equal(plant_set(plant, "it", "Pressure/Valve", 100.0), 0);
	/* the travel of the valve adds its 1.5 s */
	near(plant_time_constant(probe, plant, "it", "Pressure/Pressure", 600.0), 26.5, 0.6);
	near(plant_number(probe, "it", "Pressure/Pressure"), 4.0 / 1.2, 0.005);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_a_closed_receiver_opens_its_safety_valve(void **state)
{
	struct plant *plant = plant_alone("pressure");
	bool opened = false, closed = false;

	(void)state;
	assert_int_equal(plant_set(plant, "it", "Pressure/Valve", 0.0), 0);
	for (int scan = 0; scan < 6000; scan++) {
		bool relief;

		plant_step(plant);
		relief = plant_look(plant, "it", "Pressure/Relief").value.b;
		opened = opened || relief;
		closed = closed || (opened && !relief);
		assert_true(plant_number(plant, "it", "Pressure/Pressure") < 10.2);
	}
	assert_true(opened && closed);
	assert_true(plant_device(plant, 0)->alarms != 0);
	plant_free(&plant);
}

static void test_a_compressor_stops_with_the_motor_that_drives_it(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = plant_make(specs, count, 0.0);
	double pressure;

	(void)state;
	plant_wait(plant, 300.0);
	pressure = plant_number(plant, "press-1", "Pressure/Pressure");
	assert_true(pressure > 5.0 && pressure < 8.0);
	/* the motor bears the load of the compressor and its own losses */
	assert_true(plant_number(plant, "motor-1", "Motor/Power") >
		    plant_number(plant, "compressor-1", "Compressor/Power"));
	assert_int_equal(plant_switch(plant, "motor-1", "Motor/Run", false), 0);
	plant_wait(plant, 200.0);
	assert_true(plant_number(plant, "compressor-1", "Compressor/Delivery") < 0.01);
	assert_true(plant_number(plant, "press-1", "Pressure/Pressure") < 0.5);
	plant_free(&plant);
}

static void test_a_compressor_unloads_before_the_safety_valve_opens(void **state)
{
	const struct plant_spec specs[] = {
		{"c", "compressor", {[PLANT_FEEDS] = "r"}}, {"r", "pressure", {NULL}},
	};
	struct plant *plant = plant_make(specs, 2, 0.0);
	bool unloaded = false;

	(void)state;
	assert_int_equal(plant_set(plant, "c", "Compressor/Load", 100.0), 0);
	assert_int_equal(plant_set(plant, "r", "Pressure/Valve", 10.0), 0);
	for (int scan = 0; scan < 6000; scan++) {
		plant_step(plant);
		unloaded = unloaded || plant_look(plant, "c", "Compressor/Unloaded").value.b;
		assert_false(plant_look(plant, "r", "Pressure/Relief").value.b);
	}
	assert_true(unloaded);
	plant_free(&plant);
}

static void test_a_motor_follows_its_setpoint_with_1_2_s_and_warms_with_300_s(void **state)
{
	struct plant *probe = plant_alone("motor"), *plant = plant_alone("motor");

	(void)state;
	plant_wait(probe, 3000.0);
	plant_wait(plant, 3000.0);
	assert_int_equal(plant_set(probe, "it", "Motor/Speed", 1000.0), 0);
	assert_int_equal(plant_set(plant, "it", "Motor/Speed", 1000.0), 0);
	near(plant_time_constant(probe, plant, "it", "Motor/ActualSpeed", 60.0), 1.2, 0.05);
	plant_wait(probe, 3000.0);
	plant_wait(plant, 3000.0);
	assert_int_equal(plant_switch(probe, "it", "Motor/Run", false), 0);
	assert_int_equal(plant_switch(plant, "it", "Motor/Run", false), 0);
	near(plant_time_constant(probe, plant, "it", "Motor/Temperature", 3000.0), 300.0, 6.0);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_an_overloaded_motor_trips_and_stays_off_until_stopped(void **state)
{
	struct plant *plant = plant_alone("motor");
	struct plant_device *motor = plant_device(plant, 0);
	double seconds = 0.0;

	(void)state;
	assert_int_equal(plant_set(plant, "it", "Motor/Speed", 1800.0), 0);
	/* 1800 1/min of the fan are 48 kW; a hot room does the rest */
	while (motor->mode != PLANT_TRIPPED) {
		motor->is.motor.winding += 0.05;
		plant_step(plant);
		seconds += PLANT_SCAN;
		assert_true(seconds < 3600.0);
	}
	plant_wait(plant, 1800.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_TRIPPED);
	near(plant_number(plant, "it", "Motor/ActualSpeed"), 0.0, 0.0);
	assert_int_equal(plant_switch(plant, "it", "Motor/Run", false), 0);
	plant_wait(plant, 1.0);
	assert_int_equal(plant_switch(plant, "it", "Motor/Run", true), 0);
	plant_wait(plant, 30.0);
	assert_int_equal(plant_look(plant, "it", "state").value.u, PLANT_RUNNING);
	assert_int_equal(plant_look(plant, "it", "Motor/Starts").value.u, 2);
	plant_free(&plant);
}

static void test_a_bath_has_200_s_and_less_with_coolant(void **state)
{
	const struct plant_spec specs[] = {
		{"f", "flow", {[PLANT_COOLS] = "t"}}, {"t", "temperature", {NULL}},
	};
	struct plant *probe = plant_alone("temperature"), *plant = plant_alone("temperature");

	(void)state;
	plant_wait(probe, 3000.0);
	plant_wait(plant, 3000.0);
	/* 6 kW over 0.25 kW/K */
	near(plant_number(plant, "it", "Temperature/Temperature"), 44.0, 0.02);
	assert_int_equal(plant_set(probe, "it", "Temperature/Heater", 100.0), 0);
	assert_int_equal(plant_set(plant, "it", "Temperature/Heater", 100.0), 0);
	/* heater and thermowell add their 2 s and 4 s */
	near(plant_time_constant(probe, plant, "it", "Temperature/Temperature", 3000.0), 206.0,
	     2.0);
	assert_true(plant_look(plant, "it", "Temperature/High").value.b);
	plant_free(&probe);
	plant_free(&plant);

	probe = plant_make(specs, 2, 0.0);
	plant = plant_make(specs, 2, 0.0);
	plant_wait(probe, 3000.0);
	plant_wait(plant, 3000.0);
	assert_int_equal(plant_set(probe, "t", "Temperature/Heater", 100.0), 0);
	assert_int_equal(plant_set(plant, "t", "Temperature/Heater", 100.0), 0);
	/* 32 m3/h add 0.32 kW/K */
	near(plant_time_constant(probe, plant, "t", "Temperature/Temperature", 3000.0),
	     50.0 / 0.57 + 6.0, 2.0);
	plant_free(&probe);
	plant_free(&plant);
}

static void test_losses_of_a_motor_warm_the_bath(void **state)
{
	const struct plant_spec specs[] = {
		{"m", "motor", {[PLANT_HEATS] = "t"}}, {"t", "temperature", {NULL}},
	};
	struct plant *plant = plant_make(specs, 2, 0.0);
	double warm;

	(void)state;
	plant_wait(plant, 3000.0);
	warm = plant_number(plant, "t", "Temperature/Temperature");
	assert_int_equal(plant_switch(plant, "m", "Motor/Run", false), 0);
	plant_wait(plant, 3000.0);
	assert_true(warm - plant_number(plant, "t", "Temperature/Temperature") > 5.0);
	plant_free(&plant);
}

static void test_a_sensor_saturates_and_says_so(void **state)
{
	struct plant *plant = plant_alone("temperature");
	struct plant_reading reading;

	(void)state;
	plant_step(plant);
	assert_false(plant_look(plant, "it", "Temperature/Temperature").saturated);
	plant_device(plant, 0)->is.temperature.measured = 900.0;
	reading = plant_look(plant, "it", "Temperature/Temperature");
	assert_true(reading.saturated);
	near(reading.value.f, 150.0, 0.0);
	plant_free(&plant);
}

static void test_the_default_plant_runs_for_hours_without_an_alarm(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = plant_make(specs, count, 1.0);
	double low = 1e9, high = -1e9;

	(void)state;
	for (int scan = 0; scan < 2 * 36000; scan++) {
		plant_step(plant);
		for (size_t i = 0; i < count; i++) {
			struct plant_device *device = plant_device(plant, i);

			assert_int_equal(device->alarms, 0);
			assert_int_equal(device->mode, PLANT_RUNNING);
		}
		if (scan > 6000) {
			double level = plant_number(plant, "tank-1", "Level/Level");

			low = level < low ? level : low;
			high = level > high ? level : high;
		}
	}
	assert_true(high > low && high < 3.5 && low > 0.5);
	plant_free(&plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pump_follows_its_speed_setpoint_with_2_s),
		cmocka_unit_test(test_a_pump_delivers_where_its_curve_meets_the_pipe),
		cmocka_unit_test(test_a_valve_throttles_the_pump_before_it),
		cmocka_unit_test(test_a_valve_travels_with_1_5_s_and_the_meter_follows),
		cmocka_unit_test(test_a_tank_keeps_every_litre),
		cmocka_unit_test(test_a_tank_has_the_time_constant_of_its_level),
		cmocka_unit_test(test_an_open_valve_lowers_the_pressure_with_25_s),
		cmocka_unit_test(test_a_closed_receiver_opens_its_safety_valve),
		cmocka_unit_test(test_a_compressor_stops_with_the_motor_that_drives_it),
		cmocka_unit_test(test_a_compressor_unloads_before_the_safety_valve_opens),
		cmocka_unit_test(test_a_motor_follows_its_setpoint_with_1_2_s_and_warms_with_300_s),
		cmocka_unit_test(test_an_overloaded_motor_trips_and_stays_off_until_stopped),
		cmocka_unit_test(test_a_bath_has_200_s_and_less_with_coolant),
		cmocka_unit_test(test_losses_of_a_motor_warm_the_bath),
		cmocka_unit_test(test_a_sensor_saturates_and_says_so),
		cmocka_unit_test(test_the_default_plant_runs_for_hours_without_an_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
