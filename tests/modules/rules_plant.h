/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plant of the test's own for the tests of rules: two sensors, a switch and
 * a heartbeat on the device `plant`.
 */
#ifndef TESTS_MODULES_RULES_PLANT_H
#define TESTS_MODULES_RULES_PLANT_H

#include <stdio.h>
#include <string.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

extern const struct ew_module ew_module;

struct plant {
	struct ew_test *test;
	uint32_t device, level, temp, run, beat;
};

static inline uint32_t plant_declare(struct plant *plant, const char *name, unsigned type,
				     unsigned access)
{
	struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name, .type = type, .access = access,
		.unit = strcmp(name, "level") == 0 ? "m" : NULL,
	};
	uint32_t tag = EW_NO_ID;

	assert_int_equal(ew_tag_declare(ew_test_begin(plant->test), plant->device, &spec, &tag),
			 0);
	ew_test_end(plant->test);
	return tag;
}

static inline void plant_up(struct plant *plant, enum ew_state state)
{
	assert_int_equal(ew_device_state(ew_test_begin(plant->test), plant->device, state, NULL),
			 0);
	ew_test_end(plant->test);
	ew_test_step(plant->test);
}

static inline void plant_make(struct plant *plant, const char *config)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "plant" };

	*plant = (struct plant){ .test = NULL };
	assert_int_equal(ew_test_new(&plant->test), 0);
	assert_int_equal(ew_test_config(plant->test, config), 0);
	assert_int_equal(ew_device_declare(ew_test_begin(plant->test), &device, &plant->device), 0);
	ew_test_end(plant->test);
	plant->level = plant_declare(plant, "level", EW_TYPE_F64, EW_ACCESS_READ);
	plant->temp = plant_declare(plant, "temp", EW_TYPE_F32, EW_ACCESS_READ);
	plant->run = plant_declare(plant, "run", EW_TYPE_BOOL, EW_ACCESS_READ);
	plant->beat = plant_declare(plant, "beat", EW_TYPE_U32, EW_ACCESS_READ | EW_ACCESS_WRITE);
	plant_up(plant, EW_DEVICE_UP);
	ew_test_answer(plant->test, 0);
}

#define INPUTS \
	"inputs:\n" \
	"  level: {tag: \"plant:level\", unit: m}\n" \
	"  temp: plant:temp\n" \
	"  run: plant:run\n"

static inline void plant_publish(struct plant *plant, struct ew_sample sample)
{
	assert_int_equal(ew_publish(ew_test_begin(plant->test), &sample, 1, NULL), 0);
	ew_test_end(plant->test);
	ew_test_step(plant->test);
}

#define INPUTS \
	"inputs:\n" \
	"  level: {tag: \"plant:level\", unit: m}\n" \
	"  temp: plant:temp\n" \
	"  run: plant:run\n"


#endif
