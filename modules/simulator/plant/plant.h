/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated plant: devices, the links between them, and plant time.
 *
 * Time passes in plant_step() only. Every device sees what its neighbours did in the step before,
 * so results do not depend on the order of the devices. What comes out depends on the options,
 * the seed and the writes, on nothing else. Pure but for allocation; one thread at a time.
 */
#ifndef SIMULATOR_PLANT_PLANT_H
#define SIMULATOR_PLANT_PLANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/simulator/plant/device.h"

#define PLANT_DEVICES_MAX 1000000u
#define PLANT_STEP_MAX    3600.0 /* s */

/* What is said of a device: its name, its kind, and the names of those it acts on (or NULL). */
struct plant_spec {
	const char *name;
	const char *kind;
	const char *links[PLANT_LINK_COUNT];
};

struct plant_options {
	uint64_t seed;
	double step;      /* s of plant time between two scans, above 0, at most PLANT_STEP_MAX */
	double heartbeat; /* s of plant time; 0: no watchdog */
	double noise;     /* factor of noise and drift: 1 as in the tables, 0 none */
	unsigned count;   /* copies of the whole plant; more than 1 appends .1, .2, ... to names */
};

/* A value of a tag; which member is meant says the type of its row. */
union plant_value {
	bool b;
	uint64_t u;
	double f;
};

struct plant_reading {
	union plant_value value;
	bool saturated; /* beyond the range of the sensor */
};

struct plant_write {
	size_t device, tag;
	union plant_value value;
};

struct plant_error {
	size_t index;           /* of the spec */
	char text[192];
};

struct plant;

/* The word in YAML for a link: `feeds`, `drives`, `heats`, `cools`. */
const char *plant_link_name(enum plant_link link);

/* The kinds, in the order of plant_kinds(). */
#define PLANT_KINDS(X) \
	X(pump) X(flow) X(level) X(compressor) X(pressure) X(motor) X(temperature)

/* All kinds, NULL at the end. */
const struct plant_kind *const *plant_kinds(void);

/* NULL: no such kind. */
const struct plant_kind *plant_kind_find(const char *name);

/* What runs when no devices are given: one line of all kinds, coupled. */
const struct plant_spec *plant_default(size_t *count_out);

/*
 * Whether the specs make a plant: unique names, known kinds, links that the kinds allow.
 * On -EINVAL error says in one sentence what is wrong.
 */
int plant_check(const struct plant_spec *specs, size_t count, struct plant_error *error);

/*
 * Make a plant of specs that passed plant_check(). specs are copied.
 * Errors: -EINVAL an option is out of range; -ENOMEM.
 */
int plant_new(const struct plant_options *options, const struct plant_spec *specs, size_t count,
	      struct plant **plant_out);

/* Accepts NULL and a half-built plant. */
void plant_free(struct plant **plant);

size_t plant_device_count(const struct plant *plant);

/* Of all devices together. */
size_t plant_tag_count(const struct plant *plant);

/* Borrowed from the plant. */
struct plant_device *plant_device(struct plant *plant, size_t index);

/* One scan: options.step seconds pass. */
void plant_step(struct plant *plant);

/* Read a tag as its sensor shows it: with noise, in steps of its resolution, within its range. */
struct plant_reading plant_sense(struct plant_device *device, const struct plant_tag *tag);

/*
 * Apply writes, all or none. errors (count of them) gets 0 or why the item is refused:
 * -ENOENT no such tag, -EACCES not writable, -ERANGE, -EBUSY the device is in its safe state
 * (write its heartbeat first or along with it). Returns 0 or the first error.
 */
int plant_write(struct plant *plant, const struct plant_write *items, size_t count, int *errors);

#endif
