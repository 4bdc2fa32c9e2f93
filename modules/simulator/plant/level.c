/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A standpipe of 0.25 m2 and 4 m with an outlet valve at its foot.
 *
 * The volume is the balance of what comes, goes and spills over, to the last litre; the outflow
 * goes with the opening and the square root of the level. Around a level of L m and an outflow of
 * Q m3/h the time constant is 2 * 0.25 * L / Q h. What the consumers take drifts by a few per
 * cent. A tank that nothing feeds has a supply.
 */
#include "modules/simulator/plant/device.h"

#define AREA       0.25 /* m2 */
#define HEIGHT     4.0  /* m */
#define OUTLET     30.0 /* m3/h at 1 m and a fully open valve */
#define LIFT       5.0  /* m from the pump to the foot of the tank */
#define OWN_SUPPLY 25.0 /* m3/h when nothing feeds it */
#define VALVE_TAU  1.5  /* s */

enum { OVERFLOW_ALARM, HIGH, LOW };

static const struct plant_tag tags[] = {
	{
		.name = "Level/Valve", .type = PLANT_F32, .flags = PLANT_WRITABLE | PLANT_ON_CHANGE,
		.unit = "%", .high = 100.0, .write_high = 100.0, .at = PLANT_AT(is.level.valve),
		.about = "opening that the outlet valve shall have",
	}, {
		.name = "Level/Position", .type = PLANT_F32, .unit = "%", .high = 100.0,
		.noise = 0.02, .resolution = 0.1, .at = PLANT_AT(is.level.position),
		.about = "opening that the outlet valve has",
	}, {
		.name = "Level/Level", .type = PLANT_F32, .unit = "m", .high = HEIGHT,
		.noise = 0.002, .resolution = 0.001, .at = PLANT_AT(is.level.level),
		.about = "height of the liquid",
	}, {
		.name = "Level/Volume", .type = PLANT_F64, .unit = "m3", .high = AREA * HEIGHT,
		.resolution = 0.001, .at = PLANT_AT(is.level.volume),
		.about = "what is in the tank",
	}, {
		.name = "Level/Inflow", .type = PLANT_F32, .unit = "m3/h", .high = 100.0,
		.noise = 0.05, .resolution = 0.01, .at = PLANT_AT(is.level.inflow),
		.about = "flow into the tank",
	}, {
		.name = "Level/Outflow", .type = PLANT_F32, .unit = "m3/h", .high = 100.0,
		.noise = 0.05, .resolution = 0.01, .at = PLANT_AT(is.level.outflow),
		.about = "flow through the outlet valve",
	}, {
		.name = "Level/Spilled", .type = PLANT_F64, .unit = "m3", .high = 1e9,
		.resolution = 0.001, .at = PLANT_AT(is.level.spilled),
		.about = "what went over the rim since the start",
	}, {
		.name = "Level/High", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.level.high), .about = "float switch at 3.6 m",
	}, {
		.name = "Level/Low", .type = PLANT_BOOL, .flags = PLANT_ON_CHANGE,
		.at = PLANT_AT(is.level.low), .about = "float switch at 0.4 m",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[OVERFLOW_ALARM] = {"overflow", "the tank spills over", true},
	[HIGH] = {"high-level", "the level is above 3.6 m", false},
	[LOW] = {"low-level", "the level is below 0.4 m", false},
};

static void level_init(struct plant_device *device, double h)
{
	struct level *tank = &device->is.level;

	tank->valve = 80.0;
	lag_prepare(&tank->opening, VALVE_TAU, h);
	tank->opening.value = tank->valve / 100.0;
	drift_prepare(&tank->supply, 0.02 * device->noise, 30.0, h);
	drift_prepare(&tank->demand, 0.08 * device->noise, 60.0, h);
	tank->volume = 1.5 * AREA;
}

static void level_step(struct plant_device *device, double h)
{
	struct level *tank = &device->is.level;
	double hours = h / PLANT_HOUR;
	double opening = lag_step(&tank->opening, tank->valve / 100.0);
	double supply = drift_step(&tank->supply, &device->random);
	double inflow = device->in.fed ? device->in.flow : OWN_SUPPLY * (1.0 + supply);
	double demand = 1.0 + drift_step(&tank->demand, &device->random);
	double outflow = OUTLET * opening * (demand > 0.0 ? demand : 0.0) *
	    sqrt(tank->volume / AREA);
	double room = AREA * HEIGHT - tank->volume;
	double spilled = 0.0;

	/* no more leaves in a step than there is */
	if (outflow * hours > tank->volume + inflow * hours) {
		outflow = tank->volume / hours + inflow;
	}
	if ((inflow - outflow) * hours > room) {
		spilled = (inflow - outflow) * hours - room;
	}
	tank->volume = signal_clamp(tank->volume + (inflow - outflow) * hours - spilled, 0.0,
				    AREA * HEIGHT);
	tank->spilled += spilled;
	tank->level = tank->volume / AREA;
	tank->inflow = inflow;
	tank->outflow = outflow;
	tank->position = opening * 100.0;
	tank->high = tank->level > 3.6;
	tank->low = tank->level < 0.4;

	device->mode = PLANT_RUNNING;
	plant_alarm_set(device, OVERFLOW_ALARM, spilled > 0.0, tank->level < 3.9);
	plant_alarm_set(device, HIGH, tank->high, tank->level < 3.5);
	plant_alarm_set(device, LOW, tank->low, tank->level > 0.5);
	device->out.flow = outflow;
	device->out.head = LIFT + tank->level;
	device->out.resistance = 0.0125;
}

static void level_safe(struct plant_device *device)
{
	device->is.level.valve = 100.0;
}

static const char *const feeds[] = {"flow", "level", NULL};

const struct plant_kind plant_level = {
	.name = "level",
	.about = "tank with an outlet valve; safe state: valve open, so that it does not spill",
	.links = {[PLANT_FEEDS] = feeds},
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = level_init,
	.step = level_step,
	.safe = level_safe,
};
