/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator module: a plant (plant/) declared, scanned and written on the
 * bus, and signals for tags that only the YAML knows. Everything runs on the
 * instance's loop.
 *
 * A scan is one plant_step() and its samples, in batches of at most `batch`.
 * Devices and tags keep the plant's order: tag n of the plant has place n;
 * the signals' places follow.
 */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include <edgeway/module.h>

#include "modules/simulator/plant/plant.h"
#include "modules/simulator/plant/wave.h"
#include "modules/simulator/raw.h"

struct simulator_settings {
	ew_dur every;           /* 0: as fast as possible */
	double speed;
	uint64_t seed;
	double noise;
	uint64_t count;
	ew_dur heartbeat;
	uint64_t batch;
	uint64_t max_rate;      /* samples/s; 0: no bound */
};

/* One entry of `devices:`. */
struct simulator_device_settings {
	int kind;               /* 0: as the device's type; else 1 + place in plant_kinds() */
	const char *links[PLANT_LINK_COUNT];
};

/* What a tag of `devices:` may say for a signal. */
struct simulator_tag_settings {
	int signal;             /* enum wave_shape */
	ew_dur period;
};

enum simulator_metric {
	SIMULATOR_SCANS,
	SIMULATOR_WAITS,
	SIMULATOR_LOST,
	SIMULATOR_METRIC_COUNT
};

struct simulator_slot {
	uint32_t id;            /* of the tag */
	uint32_t device;        /* place in the plant */
	uint32_t raw;           /* place in raws + 1; 0: as the model computes it */
	uint64_t last;          /* bits published last, of tags sampled on change */
};

/* A tag that no model has. */
struct simulator_signal {
	uint32_t id;            /* of the tag */
	bool writable;          /* keeps what is written, and is sampled when it changes */
	bool changed;
	struct raw raw;
	struct wave wave;
	double value;
};

/* Which tag has which place. */
struct simulator_order {
	uint32_t id;
	uint32_t place;
};

struct simulator_device {
	uint32_t id;
	uint32_t alarms;        /* as events told last */
	bool expired;           /* the watchdog, the same */
};

struct simulator {
	struct ew_instance *inst;
	const struct simulator_settings *settings;
	struct plant *plant;
	struct simulator_device *devices;
	struct simulator_slot *slots;
	size_t slot_count;
	struct raw *raws;
	size_t raw_count;
	struct simulator_signal *signals;
	size_t signal_count;
	uint32_t *bare;         /* ids of devices without a model */
	size_t bare_count;
	struct simulator_order *order;  /* of slots and signals, by ascending id */
	struct ew_timer *timer;
	struct ew_sample *samples;      /* of the batch under way */
	size_t sample_count;
	size_t cursor;          /* device, then signal, whose samples come next */
	ew_time time;           /* of the scan */
	double step;            /* s of plant time a scan */
	ew_dur due;             /* when max_rate allows the next batch */
	bool first;             /* scan: everything is told */
	bool waiting;           /* for room() */
};

/* ---- specs.c: what `devices:` means ---- */

/* The tag's datatype, by enum of the plant. */
extern const unsigned simulator_types[];

/* The model of a device: as its entry says, or as its type; NULL: it has none. */
const struct plant_kind *simulator_kind_of(const struct ew_device_config *config);

/* Place of a tag of the model; its tag_count: it has none of this name. */
size_t simulator_tag_of(const struct plant_kind *kind, const char *name);

/* Of the devices with a model, or of the default plant; to be freed. -ENOMEM. */
int simulator_specs(const struct ew_device_config *configs, size_t count,
		    struct plant_spec **specs_out, size_t *count_out);

/* ew_module.check_devices */
int simulator_check_devices(const void *settings, const struct ew_device_config *devices,
			    size_t count, struct ew_error *err);

/* declare.c: make the plant that settings and `devices:` describe, and declare it. */
int simulator_declare(struct simulator *sim);

/* Of the plant; there is none when no device has a model. */
static inline size_t simulator_device_count(const struct simulator *sim)
{
	return sim->plant != NULL ? plant_device_count(sim->plant) : 0;
}

/* Seconds of plant time a scan. */
double simulator_step(const struct simulator_settings *settings);

/* signals.c: declare the tags of one device of the YAML that kind (NULL: none) does not have. */
int simulator_declare_signals(struct simulator *sim, const struct ew_device_config *config,
			      uint32_t device, const struct plant_kind *kind);

/* The sample of a signal, after a step of h seconds (0: as it is). */
struct ew_sample simulator_signal_sample(struct simulator_signal *signal, double h, ew_time time);

/* scan.c: the sample of a place as its sensor shows it now. */
struct ew_sample simulator_sample(struct simulator *sim, size_t place);

void simulator_start_scans(struct simulator *sim);

/* Timer: begin a scan, or go on with one. */
void simulator_on_timer(void *arg);

/* There is room again after -EAGAIN. */
void simulator_on_room(void *self);

/* events.c: tell what changed in alarms and watchdogs since the last call. */
void simulator_tell_events(struct simulator *sim);

/* write.c */
void simulator_on_write(void *self, struct ew_write *write);

#endif
