/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulated plant share: plants in one line, tags by name. */
#ifndef TESTS_UNIT_PLANT_H
#define TESTS_UNIT_PLANT_H

#include <string.h>

#include "modules/simulator/plant/plant.h"
#include "tests/unit/unit.h"

/* A scan is 100 ms. */
#define PLANT_SCAN 0.1

static inline struct plant *plant_make(const struct plant_spec *specs, size_t count, double noise)
{
	struct plant_options options = {
		.seed = 7, .step = PLANT_SCAN, .heartbeat = 5.0, .noise = noise, .count = 1,
	};
	struct plant_error error;
	struct plant *plant;

	assert_int_equal(plant_check(specs, count, &error), 0);
	assert_int_equal(plant_new(&options, specs, count, &plant), 0);
	return plant;
}

/* One device of its kind, alone and without noise. */
static inline struct plant *plant_alone(const char *kind)
{
	struct plant_spec spec = {.name = "it", .kind = kind};

	return plant_make(&spec, 1, 0.0);
}

static inline size_t plant_index(struct plant *plant, const char *device)
{
	for (size_t i = 0; i < plant_device_count(plant); i++) {
		if (strcmp(plant_device(plant, i)->name, device) == 0) {
			return i;
		}
	}
	fail_msg("no device %s", device);
	return 0;
}

static inline size_t plant_tag_index(struct plant *plant, const char *device, const char *tag)
{
	const struct plant_kind *kind = plant_device(plant, plant_index(plant, device))->kind;

	for (size_t i = 0; i < kind->tag_count; i++) {
		if (strcmp(kind->tags[i].name, tag) == 0) {
			return i;
		}
	}
	fail_msg("no tag %s of %s", tag, device);
	return 0;
}

static inline struct plant_reading plant_look(struct plant *plant, const char *device,
					      const char *tag)
{
	struct plant_device *it = plant_device(plant, plant_index(plant, device));

	return plant_sense(it, &it->kind->tags[plant_tag_index(plant, device, tag)]);
}

static inline double plant_number(struct plant *plant, const char *device, const char *tag)
{
	return plant_look(plant, device, tag).value.f;
}

static inline int plant_command(struct plant *plant, const char *device, const char *tag,
				union plant_value value)
{
	struct plant_write item = {
		plant_index(plant, device), plant_tag_index(plant, device, tag), value,
	};
	int error;

	return plant_write(plant, &item, 1, &error);
}

static inline int plant_set(struct plant *plant, const char *device, const char *tag, double value)
{
	return plant_command(plant, device, tag, (union plant_value){.f = value});
}

static inline int plant_switch(struct plant *plant, const char *device, const char *tag, bool value)
{
	return plant_command(plant, device, tag, (union plant_value){.b = value});
}

static inline int plant_beat(struct plant *plant, const char *device, uint64_t value)
{
	return plant_command(plant, device, "heartbeat", (union plant_value){.u = value});
}

static inline void plant_wait(struct plant *plant, double seconds)
{
	long scans = (long)(seconds / PLANT_SCAN + 0.5);

	for (long i = 0; i < scans; i++) {
		plant_step(plant);
	}
}

/*
 * How long after now a tag has made 63.2 % of its way to where it will be in `settled` seconds.
 * The plant is made twice by the caller: `probe` runs ahead to find the end value.
 */
static inline double plant_time_constant(struct plant *probe, struct plant *plant,
					 const char *device, const char *tag, double settled)
{
	double first = plant_number(plant, device, tag);
	double aim, before = first, now = first, seconds = 0.0;

	plant_wait(probe, settled);
	aim = first + 0.632120559 * (plant_number(probe, device, tag) - first);
	assert_true(aim != first);
	while (first < aim ? now < aim : now > aim) {
		before = now;
		plant_step(plant);
		seconds += PLANT_SCAN;
		assert_true(seconds < settled);
		now = plant_number(plant, device, tag);
	}
	return seconds - PLANT_SCAN * (now - aim) / (now - before);
}

#endif
