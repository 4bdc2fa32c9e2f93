/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heated bath with a thermowell.
 *
 * The energy balance of 50 kJ/K: heater (12 kW, follows its setpoint with 2 s) and losses of
 * linked machines in, losses to the surroundings and to a coolant out. Without coolant the time
 * constant is 200 s; each m3/h of coolant adds 0.01 kW/K to 0.25 kW/K. The sensor follows with 4 s.
 */
#include "modules/simulator/plant/device.h"

#define CAPACITY     50.0 /* kJ/K */
#define CONDUCTANCE  0.25 /* kW/K to the surroundings */
#define COOLANT      0.01 /* kW/K per m3/h */
#define HEATER_POWER 12.0 /* kW */
#define HEATER_TAU   2.0  /* s */
#define SENSOR_TAU   4.0  /* s */

enum { HIGH };

static const struct plant_tag tags[] = {
	{
		.name = "Temperature/Heater", .type = PLANT_F32,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .unit = "%", .high = 100.0,
		.write_high = 100.0, .at = PLANT_AT(is.temperature.heater),
		.about = "power that the heater shall give",
	}, {
		.name = "Temperature/Limit", .type = PLANT_F32,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .unit = "Cel", .low = -20.0,
		.high = 150.0, .write_low = -20.0, .write_high = 150.0,
		.at = PLANT_AT(is.temperature.limit),
		.about = "above it the alarm is raised, 1 K below it is cleared",
	}, {
		.name = "Temperature/Temperature", .type = PLANT_F32, .unit = "Cel", .low = -20.0,
		.high = 150.0, .noise = 0.02, .resolution = 0.01,
		.at = PLANT_AT(is.temperature.measured), .about = "temperature of the bath",
	}, {
		.name = "Temperature/Power", .type = PLANT_F32, .unit = "kW", .high = 20.0,
		.noise = 0.005, .resolution = 0.01, .at = PLANT_AT(is.temperature.power),
		.about = "power of the heater",
	}, {
		.name = "Temperature/High", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.temperature.high), .about = "the alarm is raised",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[HIGH] = {"high-temperature", "the temperature is above its limit", true},
};

static void temperature_init(struct plant_device *device, double h)
{
	struct temperature *bath = &device->is.temperature;

	bath->heater = 50.0;
	bath->limit = 45.0;
	bath->medium = 30.0;
	bath->sensor.value = bath->medium;
	lag_prepare(&bath->heating, HEATER_TAU, h);
	lag_prepare(&bath->sensor, SENSOR_TAU, h);
	drift_prepare(&bath->ambient, 0.5 * device->noise, 120.0, h);
}

static void temperature_step(struct plant_device *device, double h)
{
	struct temperature *bath = &device->is.temperature;
	double heating = lag_step(&bath->heating, bath->heater / 100.0);
	double ambient = PLANT_AMBIENT + drift_step(&bath->ambient, &device->random);
	double conductance = CONDUCTANCE + COOLANT * device->in.coolant;

	bath->power = HEATER_POWER * heating;
	bath->medium = signal_balance(bath->medium,
	    (bath->power + device->in.heat + conductance * ambient) / CAPACITY,
				      conductance / CAPACITY, h);
	bath->measured = lag_step(&bath->sensor, bath->medium);

	device->mode = PLANT_RUNNING;
	plant_alarm_set(device, HIGH, bath->measured > bath->limit,
			bath->measured < bath->limit - 1.0);
	bath->high = (device->alarms & 1u << HIGH) != 0;
	device->out.heat = conductance * (bath->medium - ambient);
}

static void temperature_safe(struct plant_device *device)
{
	device->is.temperature.heater = 0.0;
}

const struct plant_kind plant_temperature = {
	.name = "temperature",
	.about = "heated bath with a sensor; safe state: heater off",
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = temperature_init,
	.step = temperature_step,
	.safe = temperature_safe,
};
