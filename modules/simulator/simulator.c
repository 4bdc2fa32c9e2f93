/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's descriptor: options, metrics, life cycle. Runs on the
 * instance's loop; has no thread and does no I/O.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>
#include <stdlib.h>

#define KIND_WORD(name)  #name,

static const char *const kind_words[] = { "auto", PLANT_KINDS(KIND_WORD) NULL };

static const struct ew_option options[] = {
	EW_DURATION_OPTION(struct simulator_settings, every, .fallback = "1s", .min = "0s",
			   .max = "1h", .help = "time between two scans; 0s is without pause"),
	EW_OPTION(struct simulator_settings, speed, .fallback = "1", .min = "0.001",
		  .max = "1000", .help = "plant time that passes in one unit of real time"),
	EW_OPTION(struct simulator_settings, seed, .fallback = "1",
		  .help = "where noise and drift begin: the same seed gives the same values"),
	EW_OPTION(struct simulator_settings, noise, .fallback = "1", .min = "0", .max = "100",
		  .help = "factor of all noise and drift; 0 is none"),
	EW_OPTION(struct simulator_settings, count, .fallback = "1", .min = "1",
		  .max = "100000", .help = "copies of the plant; names get .1, .2, ..."),
	EW_DURATION_OPTION(struct simulator_settings, heartbeat, .fallback = "5s", .min = "0s",
			   .max = "1h",
			   .help = "plant time between two heartbeats before a device goes to its "
				   "safe state; 0s is no watchdog"),
	EW_OPTION(struct simulator_settings, batch, .fallback = "1024", .min = "32",
		  .max = "16384", .help = "most samples published at once"),
	EW_OPTION(struct simulator_settings, max_rate, .fallback = "0", .unit = "samples/s",
		  .help = "bound of the rate with every: 0s; 0 is none"),
	EW_OPTION_END
};

#define LINK_OPTION(link, word, text)                                                         \
	EW_OPTION(struct simulator_device_settings, links[link], .name = word, .help = text)

static const char *const signal_words[WAVE_SHAPE_COUNT + 1] = {
	[WAVE_DRIFT] = "drift",
	[WAVE_TRIANGLE] = "triangle",
	[WAVE_RAMP] = "ramp",
	[WAVE_SQUARE] = "square",
	[WAVE_RANDOM] = "random",
	[WAVE_CONSTANT] = "constant",
};

static const struct ew_option tag_options[] = {
	EW_ENUM_OPTION(struct simulator_tag_settings, signal, signal_words, .fallback = "drift",
		       .help = "how a tag that no model has moves within its range"),
	EW_DURATION_OPTION(struct simulator_tag_settings, period, .fallback = "1m", .min = "1ms",
			   .max = "7d", .help = "plant time of one period of the signal"),
	EW_OPTION_END
};

static const struct ew_option device_options[] = {
	EW_ENUM_OPTION(struct simulator_device_settings, kind, kind_words, .fallback = "auto",
		       .help = "which model runs; auto is the device's type, if there is one"),
	LINK_OPTION(PLANT_FEEDS, "feeds", "device that its flow goes to"),
	LINK_OPTION(PLANT_DRIVES, "drives", "machine that it turns"),
	LINK_OPTION(PLANT_HEATS, "heats", "device that its losses warm"),
	LINK_OPTION(PLANT_COOLS, "cools", "device that its flow cools"),
	EW_OPTION_END
};

static const struct ew_metric metrics[] = {
	[SIMULATOR_SCANS] = {.name = "scans_total", .help = "scans of the whole plant"},
	[SIMULATOR_WAITS] = {
		.name = "waits_total", .help = "pauses because a route had no room",
	},
	[SIMULATOR_LOST] = {
		.name = "lost_samples_total", .help = "samples that could not be published",
	},
};

static int simulator_check(const void *settings, struct ew_error *err)
{
	const struct simulator_settings *set = settings;
	double step = simulator_step(set);

	if (step > PLANT_STEP_MAX) {
		return ew_fail(err, "'every' times 'speed' is %g s of plant time a scan, "
			       "more than %g s", step, PLANT_STEP_MAX);
	}
	if (set->max_rate != 0 && set->every != 0) {
		return ew_fail(err, "'max_rate' is for 'every: 0s' only");
	}
	return 0;
}

/* Accepts what open() left half-built. */
static void simulator_close(void *self)
{
	struct simulator *sim = self;

	if (sim == NULL) {
		return;
	}
	ew_timer_free(&sim->timer);
	plant_free(&sim->plant);
	free(sim->devices);
	free(sim->slots);
	free(sim->raws);
	free(sim->signals);
	free(sim->bare);
	free(sim->order);
	free(sim->samples);
	free(sim);
}

static int simulator_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct simulator *sim = calloc(1, sizeof(*sim));
	int rc;

	if (sim == NULL) {
		return -ENOMEM;
	}
	sim->inst = inst;
	sim->settings = settings;
	sim->samples = calloc(sim->settings->batch, sizeof(*sim->samples));
	rc = sim->samples == NULL ? -ENOMEM : simulator_declare(sim);
	if (rc == 0) {
		rc = ew_timer_new(inst, "scan", simulator_on_timer, sim, &sim->timer);
	}
	if (rc != 0) {
		simulator_close(sim);
		return rc;
	}
	*self_out = sim;
	return 0;
}

static int simulator_start(void *self)
{
	struct simulator *sim = self;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < simulator_device_count(sim); i++) {
		rc = ew_device_state(sim->inst, sim->devices[i].id, EW_DEVICE_UP, NULL);
	}
	for (size_t i = 0; rc == 0 && i < sim->bare_count; i++) {
		rc = ew_device_state(sim->inst, sim->bare[i], EW_DEVICE_UP, NULL);
	}
	if (rc == 0) {
		simulator_start_scans(sim);
	}
	return rc;
}

static void simulator_stop(void *self)
{
	struct simulator *sim = self;

	ew_timer_stop(sim->timer);
	ew_stopped(sim->inst);
}

EW_MODULE(
	.name = "simulator",
	.version = "1.0",
	.summary = "a plant of pumps, tanks, motors and more that answers to writes",
	.flags = EW_HAS_DEVICES | EW_CAN_WAIT,
	.options = options,
	.settings_size = sizeof(struct simulator_settings),
	.device_options = device_options,
	.device_settings_size = sizeof(struct simulator_device_settings),
	.tag_options = tag_options,
	.tag_settings_size = sizeof(struct simulator_tag_settings),
	.metrics = metrics,
	.metric_count = SIMULATOR_METRIC_COUNT,
	.check = simulator_check,
	.check_devices = simulator_check_devices,
	.open = simulator_open,
	.start = simulator_start,
	.stop = simulator_stop,
	.close = simulator_close,
	.room = simulator_on_room,
	.write = simulator_on_write);
