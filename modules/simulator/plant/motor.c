/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An induction motor of 45 kW and 1500 1/min behind a frequency converter.
 *
 * The rotor follows the speed setpoint with 1.2 s. It bears the load of the machine it drives,
 * or of a fan when it drives none. Its losses warm the winding with 300 s; above 155 Cel it trips
 * and stays off until it is stopped and started again.
 */
#include "modules/simulator/plant/device.h"

#define RATED_SPEED    1500.0 /* 1/min */
#define FAN_POWER      28.0   /* kW at rated speed */
#define IDLE_LOSS      0.6    /* kW at rated speed */
#define LOAD_LOSS      0.07   /* kW per kW of load */
#define SPEED_TAU      1.2    /* s */
#define WINDING_TAU    300.0  /* s */
#define WINDING_RISE   18.0   /* K per kW of losses */
#define IDLE_CURRENT   24.0   /* A */
#define LOAD_CURRENT   1.55   /* A per kW */
#define TRIP_AT        155.0  /* Cel */

enum { HOT, TRIPPED };

static const struct plant_tag tags[] = {
	{
		.name = "Motor/Run", .type = PLANT_BOOL, .flags = PLANT_WRITABLE | PLANT_ON_CHANGE,
		.write_high = 1.0, .at = PLANT_AT(is.motor.run),
		.about = "start and stop; stopping acknowledges a trip",
	}, {
		.name = "Motor/Speed", .type = PLANT_F32,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .unit = "/min", .high = 1800.0,
		.write_high = 1800.0, .at = PLANT_AT(is.motor.speed),
		.about = "speed setpoint",
	}, {
		.name = "Motor/ActualSpeed", .type = PLANT_F32, .unit = "/min", .high = 2000.0,
		.noise = 0.5, .resolution = 1.0, .at = PLANT_AT(is.motor.actual),
		.about = "speed of the rotor",
	}, {
		.name = "Motor/Current", .type = PLANT_F32, .unit = "A", .high = 200.0,
		.noise = 0.15, .resolution = 0.1, .at = PLANT_AT(is.motor.current),
		.about = "current of one phase",
	}, {
		.name = "Motor/Torque", .type = PLANT_F32, .unit = "N.m", .high = 500.0,
		.noise = 0.4, .resolution = 0.1, .at = PLANT_AT(is.motor.torque),
		.about = "torque at the shaft",
	}, {
		.name = "Motor/Power", .type = PLANT_F32, .unit = "kW", .high = 90.0,
		.noise = 0.05, .resolution = 0.01, .at = PLANT_AT(is.motor.power),
		.about = "electric power",
	}, {
		.name = "Motor/Temperature", .type = PLANT_F32, .unit = "Cel",
		.low = -20.0, .high = 250.0, .noise = 0.05, .resolution = 0.1,
		.at = PLANT_AT(is.motor.winding), .about = "temperature of the winding",
	}, {
		.name = "Motor/Vibration", .type = PLANT_F32, .unit = "mm/s", .high = 20.0,
		.noise = 0.08, .resolution = 0.01, .at = PLANT_AT(is.motor.vibration),
		.about = "vibration at the bearing",
	}, {
		.name = "Motor/Starts", .type = PLANT_U32, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.motor.starts), .about = "how often it was started",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[HOT] = {"high-temperature", "the winding is above 130 Cel", false},
	[TRIPPED] = {"tripped", "the motor is off: the winding was above 155 Cel", true},
};

static void motor_init(struct plant_device *device, double h)
{
	struct motor *motor = &device->is.motor;

	motor->run = true;
	motor->speed = 1450.0;
	lag_prepare(&motor->turning, SPEED_TAU, h);
	drift_prepare(&motor->burden, 0.03 * device->noise, 15.0, h);
	motor->winding = PLANT_AMBIENT;
}

static void motor_protect(struct motor *motor)
{
	if (motor->winding > TRIP_AT) {
		motor->tripped = true;
	} else if (!motor->run) {
		motor->tripped = false;
	}
	if (motor->run && !motor->was_running) {
		motor->starts++;
	}
	motor->was_running = motor->run;
}

static void motor_step(struct plant_device *device, double h)
{
	struct motor *motor = &device->is.motor;
	bool on;
	double speed, burden, load, loss;

	motor_protect(motor);
	on = motor->run && !motor->tripped;
	speed = lag_step(&motor->turning, on ? motor->speed / RATED_SPEED : 0.0);
	burden = 1.0 + drift_step(&motor->burden, &device->random);
	load = device->in.driving ? device->in.load : FAN_POWER * speed * speed * speed * burden;
	loss = IDLE_LOSS * speed + LOAD_LOSS * load;
	motor->winding = signal_balance(motor->winding,
	    (PLANT_AMBIENT + WINDING_RISE * loss) / WINDING_TAU, 1.0 / WINDING_TAU, h);

	motor->actual = speed * RATED_SPEED;
	motor->power = on ? load + loss : 0.0;
	motor->current = on ? IDLE_CURRENT * speed + LOAD_CURRENT * load : 0.0;
	/* 9549 turns kW over 1/min into N.m */
	motor->torque = speed > 0.02 ? 9549.3 * load / (speed * RATED_SPEED) : 0.0;
	motor->vibration = 0.2 + 2.2 * speed * speed + 0.01 * load;

	device->mode = motor->tripped ? PLANT_TRIPPED : motor->run ? PLANT_RUNNING : PLANT_STOPPED;
	plant_alarm_set(device, HOT, motor->winding > 130.0, motor->winding < 125.0);
	plant_alarm_set(device, TRIPPED, motor->tripped, !motor->tripped);
	device->out.speed = speed;
	device->out.power = motor->power;
	device->out.heat = loss;
}

static void motor_safe(struct plant_device *device)
{
	device->is.motor.run = false;
}

static const char *const drives[] = {"pump", "compressor", NULL};
static const char *const heats[] = {"temperature", NULL};

const struct plant_kind plant_motor = {
	.name = "motor",
	.about = "induction motor with a frequency converter; safe state: stopped",
	.links = {[PLANT_DRIVES] = drives, [PLANT_HEATS] = heats},
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = motor_init,
	.step = motor_step,
	.safe = motor_safe,
};
