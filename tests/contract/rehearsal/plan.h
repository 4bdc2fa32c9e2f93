/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a storm does, step by step, as a pure function of its seed: the storm
 * follows it, and the birth keeper follows it beside what the bus tells it.
 */
#ifndef TESTS_CONTRACT_REHEARSAL_PLAN_H
#define TESTS_CONTRACT_REHEARSAL_PLAN_H

#include <edgeway/module.h>

#define PLAN_DEVICES  3
#define PLAN_TAGS     8
#define PLAN_CHECK_EVERY  32u   /* steps between two events `storm.check` */

struct plan_tag {
	bool is_declared;
	uint32_t revision;              /* its range ends there */
	uint32_t generation;            /* times it was declared */
	uint32_t sequence;              /* samples since; the value is both */
};

struct plan_device {
	bool is_declared;
	enum ew_state state;
	struct plan_tag tags[PLAN_TAGS];
};

struct plan {
	uint64_t seed, step, samples;
	uint32_t random;
	struct plan_device devices[PLAN_DEVICES];
};

enum plan_kind {
	PLAN_DECLARE_DEVICE,
	PLAN_REMOVE_DEVICE,
	PLAN_STATE,
	PLAN_DECLARE_TAG,               /* or update it */
	PLAN_REMOVE_TAG,
	PLAN_PUBLISH,
	PLAN_CHECK
};

struct plan_action {
	enum plan_kind kind;
	unsigned device, tag;
	unsigned tags;                  /* PLAN_PUBLISH: a bit each */
};

void plan_begin(struct plan *plan, uint64_t seed);

/* Take one step; the plan is then as the world is to be after it. */
struct plan_action plan_step(struct plan *plan);

static inline uint64_t plan_value(const struct plan_tag *tag)
{
	return (uint64_t)tag->generation << 32 | tag->sequence;
}

/* A fault of core; the test looks for the word in the log. */
#define PLAN_FAULT  "FAULT: "

#endif
