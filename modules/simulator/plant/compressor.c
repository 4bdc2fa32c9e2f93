/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screw compressor for air.
 *
 * The screw follows its drive with 3 s, the inlet valve follows the load setpoint with 1 s. It
 * delivers up to 6 m3/min of free air, a little less against pressure. Its pressure switch
 * unloads it at 9.5 bar and loads it again at 8.5 bar. The oil warms with the power, 240 s.
 */
#include "modules/simulator/plant/device.h"

#define RATED_DELIVERY 6.0   /* m3/min of free air */
#define SLIP           0.012 /* share of the delivery lost per bar */
#define IDLE_POWER     9.0   /* kW */
#define LOAD_POWER     3.6   /* kW per bar at full delivery */
#define SCREW_TAU      3.0   /* s */
#define INLET_TAU      1.0   /* s */
#define OIL_TAU        240.0 /* s */
#define OIL_RISE       1.7   /* K per kW */
#define UNLOAD_AT      9.5   /* bar */
#define LOAD_AT        8.5

enum { HOT_OIL };

static const struct plant_tag tags[] = {
	{
		.name = "Compressor/Run", .type = PLANT_BOOL,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .write_high = 1.0,
		.at = PLANT_AT(is.compressor.run), .about = "start and stop",
	}, {
		.name = "Compressor/Load", .type = PLANT_F32,
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE, .unit = "%", .high = 100.0,
		.write_high = 100.0, .at = PLANT_AT(is.compressor.load),
		.about = "opening of the inlet valve",
	}, {
		.name = "Compressor/Unloaded", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.compressor.unloaded),
		.about = "the pressure switch has closed the inlet valve",
	}, {
		.name = "Compressor/Delivery", .type = PLANT_F32, .unit = "m3/min", .high = 8.0,
		.noise = 0.02, .resolution = 0.01, .at = PLANT_AT(is.compressor.delivery),
		.about = "free air that it delivers",
	}, {
		.name = "Compressor/Power", .type = PLANT_F32, .unit = "kW", .high = 60.0,
		.noise = 0.05, .resolution = 0.01, .at = PLANT_AT(is.compressor.power),
		.about = "power at the shaft",
	}, {
		.name = "Compressor/OilTemperature", .type = PLANT_F32, .unit = "Cel",
		.low = -20.0, .high = 150.0, .noise = 0.05, .resolution = 0.1,
		.at = PLANT_AT(is.compressor.oil), .about = "temperature of the oil",
	}, {
		.name = "Compressor/Hours", .type = PLANT_F64, .unit = "h", .high = 1e6,
		.resolution = 0.001, .at = PLANT_AT(is.compressor.hours),
		.about = "time it has turned",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[HOT_OIL] = {"hot-oil", "the oil is above 95 Cel", true},
};

static void compressor_init(struct plant_device *device, double h)
{
	struct compressor *compressor = &device->is.compressor;

	compressor->run = true;
	compressor->load = 75.0;
	lag_prepare(&compressor->turning, SCREW_TAU, h);
	lag_prepare(&compressor->loading, INLET_TAU, h);
	compressor->oil = PLANT_AMBIENT;
}

static void compressor_step(struct plant_device *device, double h)
{
	struct compressor *compressor = &device->is.compressor;
	double pressure = device->in.head;
	double speed = lag_step(&compressor->turning, compressor->run ? device->in.drive : 0.0);
	double load, rise;

	if (pressure > UNLOAD_AT) {
		compressor->unloaded = true;
	} else if (pressure < LOAD_AT) {
		compressor->unloaded = false;
	}
	load = lag_step(&compressor->loading,
			compressor->unloaded ? 0.0 : compressor->load / 100.0);
	compressor->delivery = RATED_DELIVERY * speed * load * (1.0 - SLIP * pressure);
	compressor->power = speed * (IDLE_POWER + LOAD_POWER * load * pressure);
	rise = OIL_RISE * compressor->power;
	compressor->oil = signal_balance(compressor->oil, (PLANT_AMBIENT + rise) / OIL_TAU,
					 1.0 / OIL_TAU, h);
	if (speed > 0.02) {
		compressor->hours += h / PLANT_HOUR;
	}

	device->mode = compressor->run ? PLANT_RUNNING : PLANT_STOPPED;
	plant_alarm_set(device, HOT_OIL, compressor->oil > 95.0, compressor->oil < 90.0);
	device->out.flow = compressor->delivery;
	device->out.power = compressor->power;
	device->out.heat = 0.1 * compressor->power;
}

static void compressor_safe(struct plant_device *device)
{
	device->is.compressor.run = false;
}

static const char *const feeds[] = {"pressure", NULL};
static const char *const heats[] = {"temperature", NULL};

const struct plant_kind plant_compressor = {
	.name = "compressor",
	.about = "screw compressor; safe state: stopped",
	.links = {[PLANT_FEEDS] = feeds, [PLANT_HEATS] = heats},
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = compressor_init,
	.step = compressor_step,
	.safe = compressor_safe,
};
