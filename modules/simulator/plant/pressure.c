/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An air receiver of 0.5 m3 with a valve to the consumers.
 *
 * Ideal gas at constant temperature: the pressure is the balance of free air in and out. The
 * outflow goes with the opening and the pressure, so the time constant is 25 s divided by the
 * opening. A safety valve opens at 10 bar and closes at 9.8 bar. A receiver that nothing feeds
 * has a supply of its own.
 */
#include "modules/simulator/plant/device.h"

#define VOLUME        0.5 /* m3 */
#define VALVE         1.2 /* m3/min of free air per bar at full opening */
#define RELIEF        4.0 /* the same, of the safety valve */
#define RELIEF_OPENS  10.0
#define RELIEF_CLOSES 9.8
#define ATMOSPHERE    1.0 /* bar */
#define OWN_SUPPLY    4.0 /* m3/min when nothing feeds it */
#define VALVE_TAU     1.5 /* s */

enum { HIGH, LOW };

static const struct plant_tag tags[] = {
	{
		.name = "Pressure/Valve", .type = PLANT_F32,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .unit = "%", .high = 100.0,
		.write_high = 100.0, .at = PLANT_AT(is.pressure.valve),
		.about = "opening that the outlet valve shall have",
	}, {
		.name = "Pressure/Position", .type = PLANT_F32, .unit = "%", .high = 100.0,
		.noise = 0.02, .resolution = 0.1, .at = PLANT_AT(is.pressure.position),
		.about = "opening that the outlet valve has",
	}, {
		.name = "Pressure/Pressure", .type = PLANT_F32, .unit = "bar", .high = 16.0,
		.noise = 0.004, .resolution = 0.001, .at = PLANT_AT(is.pressure.gauge),
		.about = "pressure above the atmosphere",
	}, {
		.name = "Pressure/Outflow", .type = PLANT_F32, .unit = "m3/min", .high = 20.0,
		.noise = 0.02, .resolution = 0.01, .at = PLANT_AT(is.pressure.outflow),
		.about = "free air to the consumers",
	}, {
		.name = "Pressure/Relief", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.pressure.relief), .about = "the safety valve is open",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[HIGH] = {"high-pressure", "the safety valve has opened", true},
	[LOW] = {"low-pressure", "the pressure is below 2 bar", false},
};

static void pressure_init(struct plant_device *device, double h)
{
	struct pressure *receiver = &device->is.pressure;

	receiver->valve = 50.0;
	receiver->gauge = 6.0;
	lag_prepare(&receiver->opening, VALVE_TAU, h);
	receiver->opening.value = receiver->valve / 100.0;
	drift_prepare(&receiver->demand, 0.03 * device->noise, 20.0, h);
}

static void pressure_step(struct plant_device *device, double h)
{
	struct pressure *receiver = &device->is.pressure;
	double opening = lag_step(&receiver->opening, receiver->valve / 100.0);
	double demand = 1.0 + drift_step(&receiver->demand, &device->random);
	double conductance = VALVE * opening * (demand > 0.0 ? demand : 0.0);
	double inflow = device->in.fed ? device->in.flow : OWN_SUPPLY;
	double volume = VOLUME / ATMOSPHERE * 60.0; /* m3*s/min per bar */

	if (receiver->gauge > RELIEF_OPENS) {
		receiver->relief = true;
	} else if (receiver->gauge < RELIEF_CLOSES) {
		receiver->relief = false;
	}
	receiver->outflow = conductance * receiver->gauge;
	receiver->gauge = signal_balance(receiver->gauge, inflow / volume,
	    (conductance + (receiver->relief ? RELIEF : 0.0)) / volume, h);
	receiver->position = opening * 100.0;

	device->mode = PLANT_RUNNING;
	plant_alarm_set(device, HIGH, receiver->relief, receiver->gauge < 9.0);
	plant_alarm_set(device, LOW, receiver->gauge < 2.0, receiver->gauge > 2.5);
	device->out.flow = receiver->outflow;
	device->out.head = receiver->gauge;
}

static void pressure_safe(struct plant_device *device)
{
	device->is.pressure.valve = 100.0;
}

const struct plant_kind plant_pressure = {
	.name = "pressure",
	.about = "air receiver with an outlet valve; safe state: valve open",
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = pressure_init,
	.step = pressure_step,
	.safe = pressure_safe,
};
