/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line with a control valve and a flow meter.
 *
 * The valve travels with 1.5 s and throttles what pumps into the line (resistance with the
 * inverse square of the opening); the meter is damped with 0.8 s and counts the volume. A line
 * that nothing feeds has a supply of its own.
 */
#include "modules/simulator/plant/device.h"

#define OPEN_RESISTANCE 0.0125 /* m/(m3/h)^2 */
#define LEAST_OPENING   0.001  /* what a closed valve still lets through */
#define OWN_HEAD        5.0    /* m, when the line feeds nothing */
#define OWN_SUPPLY      40.0   /* m3/h through the open valve, when nothing feeds the line */
#define VALVE_TAU       1.5    /* s */
#define METER_TAU       0.8    /* s */
#define DRY_TIME        5.0    /* s without flow before the alarm */

enum { NO_FLOW };

static const struct plant_tag tags[] = {
	{
		.name = "Flow/Valve", .type = PLANT_F32, .flags = PLANT_WRITABLE | PLANT_ON_CHANGE,
		.unit = "%", .high = 100.0, .write_high = 100.0, .at = PLANT_AT(is.flow.valve),
		.about = "opening that the valve shall have",
	}, {
		.name = "Flow/Position", .type = PLANT_F32, .unit = "%", .high = 100.0,
		.noise = 0.02, .resolution = 0.1, .at = PLANT_AT(is.flow.position),
		.about = "opening that the valve has",
	}, {
		.name = "Flow/Rate", .type = PLANT_F32, .unit = "m3/h", .high = 60.0,
		.noise = 0.05, .resolution = 0.01, .at = PLANT_AT(is.flow.rate),
		.about = "flow through the line",
	}, {
		.name = "Flow/Total", .type = PLANT_F64, .unit = "m3", .high = 1e9,
		.resolution = 0.001, .at = PLANT_AT(is.flow.total),
		.about = "volume since the start",
	},
	PLANT_COMMON_TAGS,
};

static const struct plant_alarm alarms[] = {
	[NO_FLOW] = {"low-flow", "the valve is open and nothing flows for 5 s", false},
};

static void flow_init(struct plant_device *device, double h)
{
	struct flow *flow = &device->is.flow;

	flow->valve = 80.0;
	lag_prepare(&flow->opening, VALVE_TAU, h);
	flow->opening.value = flow->valve / 100.0;
	lag_prepare(&flow->meter, METER_TAU, h);
	drift_prepare(&flow->supply, 0.02 * device->noise, 30.0, h);
}

static void flow_step(struct plant_device *device, double h)
{
	struct flow *flow = &device->is.flow;
	double opening = lag_step(&flow->opening, flow->valve / 100.0);
	double supply = drift_step(&flow->supply, &device->random);
	double through = device->in.fed ? device->in.flow : OWN_SUPPLY * opening * (1.0 + supply);
	double throttle = opening > LEAST_OPENING ? opening : LEAST_OPENING;

	flow->position = opening * 100.0;
	flow->rate = lag_step(&flow->meter, through);
	flow->total += through * h / PLANT_HOUR;

	device->mode = PLANT_RUNNING;
	flow->dry = opening > 0.2 && flow->rate < 0.5 ? flow->dry + h : 0.0;
	plant_alarm_set(device, NO_FLOW, flow->dry > DRY_TIME, opening < 0.1 || flow->rate > 1.0);
	device->out.flow = through;
	device->out.resistance = OPEN_RESISTANCE / (throttle * throttle);
	device->out.head = device->in.feeding ? device->in.head : OWN_HEAD;
}

static void flow_safe(struct plant_device *device)
{
	device->is.flow.valve = 0.0;
}

static const char *const feeds[] = {"level", NULL};
static const char *const cools[] = {"temperature", NULL};

const struct plant_kind plant_flow = {
	.name = "flow",
	.about = "control valve and flow meter; safe state: valve closed",
	.links = {[PLANT_FEEDS] = feeds, [PLANT_COOLS] = cools},
	.tags = tags,
	.tag_count = sizeof(tags) / sizeof(tags[0]),
	.alarms = alarms,
	.alarm_count = sizeof(alarms) / sizeof(alarms[0]),
	.init = flow_init,
	.step = flow_step,
	.safe = flow_safe,
};
