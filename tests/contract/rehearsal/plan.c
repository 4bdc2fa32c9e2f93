/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/contract/rehearsal/plan.h"

static unsigned roll(struct plan *plan, unsigned sides)
{
	plan->random = plan->random * 1664525u + 1013904223u;
	return (plan->random >> 8) % sides;
}

void plan_begin(struct plan *plan, uint64_t seed)
{
	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	plan->random = (uint32_t)seed;
}

static struct plan_action step_device(struct plan *plan, struct plan_device *device,
				      unsigned dice)
{
	if (!device->is_declared) {
		device->is_declared = true;
		device->state = EW_DEVICE_DOWN;
		return (struct plan_action){ .kind = PLAN_DECLARE_DEVICE };
	}
	if (dice == 0) {
		device->is_declared = false;
		for (unsigned t = 0; t < PLAN_TAGS; t++) {
			device->tags[t].is_declared = false;
		}
		return (struct plan_action){ .kind = PLAN_REMOVE_DEVICE };
	}
	device->state = (enum ew_state)roll(plan, 3);
	return (struct plan_action){ .kind = PLAN_STATE };
}

static struct plan_action step_tag(struct plan_tag *tag, unsigned dice)
{
	if (tag->is_declared && dice < 5) {
		tag->is_declared = false;
		return (struct plan_action){ .kind = PLAN_REMOVE_TAG };
	}
	if (!tag->is_declared) {
		tag->is_declared = true;
		tag->generation++;
		tag->sequence = 0;
	}
	tag->revision++;
	return (struct plan_action){ .kind = PLAN_DECLARE_TAG };
}

static struct plan_action step_publish(struct plan *plan, struct plan_device *device)
{
	struct plan_action action = { .kind = PLAN_PUBLISH };

	for (unsigned t = 0; t < PLAN_TAGS; t++) {
		if (device->tags[t].is_declared && roll(plan, 2) == 0) {
			device->tags[t].sequence++;
			action.tags |= 1u << t;
			plan->samples++;
		}
	}
	return action;
}

struct plan_action plan_step(struct plan *plan)
{
	unsigned dice = roll(plan, 100);
	unsigned d = roll(plan, PLAN_DEVICES);
	unsigned t = roll(plan, PLAN_TAGS);
	struct plan_device *device = &plan->devices[d];
	struct plan_action action = { .kind = PLAN_CHECK };

	plan->step++;
	if (plan->step % PLAN_CHECK_EVERY == 0) {
		return action;
	}
	if (!device->is_declared || dice < 5) {
		action = step_device(plan, device, dice);
	} else if (dice < 20) {
		action = step_tag(&device->tags[t], dice - 5);
	} else {
		action = step_publish(plan, device);
	}
	action.device = d;
	action.tag = t;
	return action;
}
