/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A centrifugal pump behind a frequency converter.
 *
 * The shaft follows the speed setpoint with 2 s, the liquid follows the shaft with 0.5 s. The
 * working point is where the pump's curve (affinity laws: head with the square of the speed)
 * meets the curve of what it feeds: static head plus resistance times the square of the flow.
 */
#include "modules/simulator/plant/device.h"

#define RATED_HZ        50.0
#define SHUT_OFF_HEAD   40.0    /* m at rated speed and no flow */
#define CURVE           0.00625 /* m/(m3/h)^2: 30 m are left at 40 m3/h */
#define OWN_RESISTANCE  0.0125  /* of the pipe when nothing is linked */
#define OWN_HEAD        5.0     /* m, the same */
#define EFFICIENCY      0.7
#define IDLE_POWER      0.4     /* kW at rated speed */
#define SPEED_TAU       2.0     /* s */
#define FLOW_TAU        0.5     /* s */

enum { DRY_RUN };

static const struct plant_tag tags[] = {
	{
		.name = "Pump/Run", .type = PLANT_BOOL, .flags = PLANT_WRITABLE | PLANT_ON_CHANGE,
		.write_high = 1.0, .at = PLANT_AT(is.pump.run),
		.about = "start and stop",
	}, {
		.name = "Pump/Speed", .type = PLANT_F32, .flags = PLANT_WRITABLE | PLANT_ON_CHANGE,
		.unit = "Hz", .high = 60.0, .write_high = 60.0, .at = PLANT_AT(is.pump.speed),
		.about = "speed setpoint",
	}, {
		.name = "Pump/Running", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.pump.turns), .about = "the shaft turns",
	}, {
		.name = "Pump/ActualSpeed", .type = PLANT_F32, .unit = "Hz", .high = 65.0,
		.noise = 0.02, .resolution = 0.01, .at = PLANT_AT(is.pump.actual),
		.about = "speed of the shaft",
	}, {
		.name = "Pump/Flow", .type = PLANT_F32, .unit = "m3/h", .high = 60.0,
		.noise = 0.08, .resolution = 0.01, .at = PLANT_AT(is.pump.rate),
		.about = "flow that it delivers",
	}, {
		.name = "Pump/Pressure", .type = PLANT_F32, .unit = "bar", .high = 10.0,
		.noise = 0.005, .resolution = 0.001, .at = PLANT_AT(is.pump.pressure),
		.about = "difference across the pump",
	}, {
		.name = "Pump/Power", .type = PLANT_F32, .unit = "kW", .high = 15.0,
		.noise = 0.01, .resolution = 0.01, .at = PLANT_AT(is.pump.power),
		.about = "power at the shaft",
	}, {
		.name = "Pump/Hours", .type = PLANT_F64, .unit = "h", .high = 1e6,
		.resolution = 0.001, .at = PLANT_AT(is.pump.hours),
		.about = "time it has turned",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[DRY_RUN] = {"no-flow", "the pump turns and nothing flows", false},
};

static void pump_init(struct plant_device *device, double h)
{
	struct pump *pump = &device->is.pump;

	pump->run = true;
	pump->speed = 40.0;
	lag_prepare(&pump->turning, SPEED_TAU, h);
	lag_prepare(&pump->flow, FLOW_TAU, h);
}

static double pump_working_point(const struct plant_device *device, double speed)
{
	double resistance = device->in.feeding ? device->in.resistance : OWN_RESISTANCE;
	double head = device->in.feeding ? device->in.head : OWN_HEAD;
	double surplus = SHUT_OFF_HEAD * speed * speed - head;

	return surplus > 0.0 ? sqrt(surplus / (CURVE + resistance)) : 0.0;
}

static void pump_step(struct plant_device *device, double h)
{
	struct pump *pump = &device->is.pump;
	double wanted = pump->run ? pump->speed / RATED_HZ * device->in.drive : 0.0;
	double speed = lag_step(&pump->turning, wanted);
	double flow = lag_step(&pump->flow, pump_working_point(device, speed));
	double head = SHUT_OFF_HEAD * speed * speed - CURVE * flow * flow;

	head = head > 0.0 ? head : 0.0;
	pump->actual = speed * RATED_HZ;
	pump->rate = flow;
	pump->pressure = head * 0.0980665;
	pump->power = flow * head * (9.80665 / 3600.0) / EFFICIENCY +
	    IDLE_POWER * speed * speed * speed;
	pump->turns = speed > 0.02;
	if (pump->turns) {
		pump->hours += h / PLANT_HOUR;
	}

	device->mode = pump->run ? PLANT_RUNNING : PLANT_STOPPED;
	plant_alarm_set(device, DRY_RUN, speed > 0.6 && flow < 1.0, speed < 0.5 || flow > 2.0);
	device->out.flow = flow;
	device->out.power = pump->power;
	device->out.heat = pump->power * (1.0 - EFFICIENCY);
}

static void pump_safe(struct plant_device *device)
{
	device->is.pump.run = false;
}

static const char *const feeds[] = {"flow", "level", NULL};

const struct plant_kind plant_pump = {
	.name = "pump",
	.about = "centrifugal pump with a frequency converter; safe state: stopped",
	.links = {[PLANT_FEEDS] = feeds},
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = pump_init,
	.step = pump_step,
	.safe = pump_safe,
};
