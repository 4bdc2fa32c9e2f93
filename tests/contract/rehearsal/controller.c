/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller: moves both actuators of a storm in group writes under a
 * lease. Now and then it pauses for longer than the lease, or hangs and writes
 * on at once; then the fail-safe values must show. Whether somebody stops the
 * whole process in between makes no difference.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/rehearsal/plan.h"

#define TICK     (5 * EW_MILLISECOND)
#define LEASE    (40 * EW_MILLISECOND)
#define PAUSE    60u            /* ticks, far longer than the lease */
#define WORK     100u           /* ticks between */
#define SURE     (LEASE / 2)    /* the lease of a write that was sent so long ago holds */
#define TOKENS   1024u
#define SAFE     5.5

struct settings {
	const char *target;             /* instance whose actuators it moves */
	uint64_t priority;
	uint64_t turn;                  /* another: opened anew */
	bool rest;
	bool is_alone;                  /* with its target */
	ew_dur hang;                    /* instead of a pause */
};

struct controller {
	struct ew_instance *inst;
	const struct settings *settings;
	struct ew_timer *timer;
	char act[64];
	uint32_t speed, valve;          /* EW_NO_ID: not there now */
	double last_speed, last_valve;
	uint64_t ticks;
	uint64_t first, token;          /* those between are its own, not a predecessor's */
	bool is_open[TOKENS];           /* asked, not answered */
	ew_dur sent[TOKENS];
	ew_dur held_since;              /* when the last that was done was sent; 0: it was not */
	bool must_be_safe;              /* it held the lease when the pause began */
	bool is_undisturbed;            /* the actuators stayed since */
	bool is_safe;                   /* the fail-safe values showed since */
};

enum { METRIC_DONE, METRIC_BUSY, METRIC_UNKNOWN, METRIC_SAFE, METRIC_COUNT };

static const struct ew_metric controller_metrics[METRIC_COUNT] = {
	[METRIC_DONE] = { .name = "done_total", .kind = EW_COUNTER, .help = "writes done" },
	[METRIC_BUSY] = { .name = "busy_total", .kind = EW_COUNTER,
			  .help = "writes refused for another's lease" },
	[METRIC_UNKNOWN] = { .name = "unknown_total", .kind = EW_COUNTER,
			     .help = "writes without an answer in time" },
	[METRIC_SAFE] = { .name = "safe_total", .kind = EW_COUNTER,
			  .help = "times that the fail-safe values showed" },
};

static void fault(struct controller *controller, const char *what, double found)
{
	ew_log(controller->inst, EW_LOG_ERROR, PLAN_FAULT "%s: %g at tick %llu", what, found,
	       (unsigned long long)controller->ticks);
}

static void move(struct controller *controller)
{
	double value = 10 + (double)(controller->token % 900);
	const struct ew_sample items[] = {
		ew_sample_f64(controller->speed, 0, value),
		ew_sample_f64(controller->valve, 0, value),
	};
	const struct ew_sample safe[] = {
		ew_sample_f64(controller->speed, 0, SAFE),
		ew_sample_f64(controller->valve, 0, SAFE),
	};
	const struct ew_write_request request = {
		.size = sizeof(request), .op = EW_WRITE_SET, .items = items, .count = 2,
		.priority = (unsigned)controller->settings->priority,
		.timeout = 20 * EW_MILLISECOND, .lease = LEASE, .fail_safe = safe,
		.remote = "rehearsal", .token = controller->token,
	};
	bool *is_open = &controller->is_open[controller->token % TOKENS];
	int error;

	if (*is_open) {
		fault(controller, "a write was never answered", (double)controller->token);
	}
	error = ew_write(controller->inst, &request);
	if (error == 0) {
		*is_open = true;
		controller->sent[controller->token % TOKENS] = ew_now();
		controller->token++;
	} else if (error != -ENOENT && error != -ENOSPC) {
		fault(controller, "write", error);
	}
}

static void controller_answered(void *self, const struct ew_write_answer *answer)
{
	struct controller *controller = self;
	bool *is_open = &controller->is_open[answer->token % TOKENS];
	const struct ew_write_status *status = &answer->status[0];

	if (!*is_open || answer->token < controller->first ||
	    answer->token >= controller->token || answer->count != 2) {
		fault(controller, "an answer to nothing", (double)answer->token);
	}
	*is_open = false;
	controller->held_since = status->result == EW_WRITE_DONE ?
					 controller->sent[answer->token % TOKENS] : 0;
	switch (status->result) {
	case EW_WRITE_DONE:
		ew_metric_add(controller->inst, METRIC_DONE, 1);
		break;
	case EW_WRITE_REFUSED:
		if (status->error == -EBUSY) {
			ew_metric_add(controller->inst, METRIC_BUSY, 1);
			if (strstr(answer->text, "held by") == NULL) {
				fault(controller, "busy without a holder", 0);
			}
		} else if (status->error != -ENOENT && status->error != -ESHUTDOWN &&
			   status->error != -ETIMEDOUT) {
			fault(controller, "refused", status->error);
		}
		break;
	case EW_WRITE_UNKNOWN:
		ew_metric_add(controller->inst, METRIC_UNKNOWN, 1);
		break;
	}
}

static void pause_begins(struct controller *controller)
{
	controller->must_be_safe = controller->settings->is_alone &&
				   controller->held_since != 0 &&
				   ew_now() - controller->held_since < SURE;
	controller->is_undisturbed = true;
	controller->is_safe = false;
}

/* A pause that began as the holder: the values were made safe, whatever was written since. */
static void pause_ends(struct controller *controller)
{
	if (!controller->must_be_safe || !controller->is_undisturbed) {
		return;
	}
	if (!controller->is_safe) {
		fault(controller, "not safe after a pause", controller->last_speed);
		return;
	}
	ew_metric_add(controller->inst, METRIC_SAFE, 1);
}

/* As a driver that waits for its device, which it should not. */
static void hang(struct controller *controller)
{
	(void)poll(NULL, 0, (int)(controller->settings->hang / EW_MILLISECOND));
}

static void controller_tick(void *arg)
{
	struct controller *controller = arg;
	uint64_t phase = controller->ticks++ % (WORK + PAUSE);
	bool hangs = controller->settings->hang > 0;

	if (controller->speed == EW_NO_ID || controller->valve == EW_NO_ID ||
	    controller->settings->rest) {
		controller->must_be_safe = false;
		return;
	}
	if (phase == WORK) {
		pause_begins(controller);
		if (hangs) {
			hang(controller);
		}
	} else if (phase < WORK || hangs) {
		move(controller);
	}
	if (phase == WORK + PAUSE - 1) {
		pause_ends(controller);
	}
}

static void controller_device(void *self, enum ew_change change,
			      const struct ew_device_info *device)
{
	struct controller *controller = self;

	(void)change;
	(void)device;
	/* its owner comes, goes, or is made anew: then leases end without a write */
	controller->is_undisturbed = false;
	controller->held_since = 0;
}

static void controller_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	struct controller *controller = self;
	const struct ew_device_info *device = ew_device(controller->inst, tag->device);
	uint32_t id = change == EW_REMOVED ? EW_NO_ID : tag->id;

	if (device == NULL || strcmp(device->spec.path, controller->act) != 0) {
		fault(controller, "a tag that was not wanted", tag->id);
		return;
	}
	if (strcmp(tag->spec.name, "Speed") == 0) {
		controller->speed = id;
	} else {
		controller->valve = id;
	}
	controller->is_undisturbed = false;
	controller->held_since = 0;
}

static void controller_batch(void *self, const struct ew_batch *batch)
{
	struct controller *controller = self;

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];

		if (sample->tag == controller->speed) {
			controller->last_speed = sample->v.f;
		} else if (sample->tag == controller->valve) {
			controller->last_valve = sample->v.f;
		} else {
			fault(controller, "a sample that was not wanted", sample->tag);
		}
	}
	/* another's write: the lease was not this one's alone */
	if (controller->last_speed != controller->last_valve) {
		fault(controller, "half a group write", controller->last_speed);
	}
	controller->is_safe |= controller->last_speed == SAFE && controller->last_valve == SAFE;
}

static int controller_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct controller *controller = calloc(1, sizeof(*controller));
	const struct ew_want want = { .size = sizeof(want) };
	int error;

	if (controller == NULL) {
		return -ENOMEM;
	}
	controller->inst = inst;
	controller->settings = settings;
	controller->first = controller->token = (uint64_t)ew_now();
	(void)snprintf(controller->act, sizeof(controller->act), "act-%s",
		       controller->settings->target);
	error = ew_want(inst, controller->act, &want);
	if (error == 0) {
		error = ew_timer_new(inst, "tick", controller_tick, controller,
				     &controller->timer);
	}
	if (error != 0) {
		free(controller);
		return error;
	}
	*self_out = controller;
	return 0;
}

static int controller_start(void *self)
{
	struct controller *controller = self;

	ew_timer_set(controller->timer, TICK, TICK);
	return 0;
}

static int controller_reload(void *self, const void *settings_of)
{
	const struct settings *settings = settings_of;
	struct controller *controller = self;

	if (settings->turn != controller->settings->turn) {
		return -ENOTSUP;
	}
	controller->settings = settings;
	return 0;
}

static void controller_close(void *self)
{
	struct controller *controller = self;

	ew_timer_free(&controller->timer);
	free(controller);
}

static const struct ew_option controller_options[] = {
	EW_OPTION(struct settings, target, .flags = EW_REQUIRED,
		  .help = "instance whose actuators it moves"),
	EW_OPTION(struct settings, priority, .fallback = "5", .help = "of its writes"),
	EW_OPTION(struct settings, turn, .fallback = "0", .help = "another: opened anew"),
	EW_OPTION(struct settings, rest, .help = "write no more"),
	EW_OPTION(struct settings, is_alone, .name = "alone",
		  .help = "nobody else writes there: the fail-safe values must show"),
	EW_DURATION_OPTION(struct settings, hang, .fallback = "0",
			   .help = "instead of a pause, writing on at once"),
	EW_OPTION_END
};

EW_MODULE(
	.name = "controller", .version = "1.0", .summary = "writes under a lease, and hangs",
	.flags = EW_WANTS_ONLY,
	.options = controller_options, .settings_size = sizeof(struct settings),
	.metrics = controller_metrics, .metric_count = METRIC_COUNT,
	.open = controller_open, .start = controller_start, .reload = controller_reload,
	.close = controller_close, .device = controller_device, .tag = controller_tag,
	.batch = controller_batch, .answered = controller_answered);
