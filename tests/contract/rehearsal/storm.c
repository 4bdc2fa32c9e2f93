/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A publisher that declares, changes, removes and publishes by plan, and a
 * device `act-NAME` whose tags may be written. It answers writes at once, late
 * or never; those that make safe at once. It can be told to rest by a reload.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/rehearsal/plan.h"

#define STEPS_A_TICK  128u
#define TICK          (8 * EW_MILLISECOND)
#define REST_TICKS    25u       /* between two events `storm.rest` */

struct settings {
	uint64_t seed;
	uint64_t turn;
	bool rest;
};

struct storm {
	struct ew_instance *inst;
	const struct settings *settings;
	struct plan plan;
	struct ew_timer *timer;
	uint32_t devices[PLAN_DEVICES];
	uint32_t tags[PLAN_DEVICES][PLAN_TAGS];
	uint32_t act, speed, valve;
	unsigned rests;                 /* ticks since it rests */
	struct ew_write *late;
	unsigned writes;
};

enum { METRIC_STEPS, METRIC_RESTS, METRIC_COUNT };

static const struct ew_metric storm_metrics[METRIC_COUNT] = {
	[METRIC_STEPS] = { .name = "steps_total", .kind = EW_COUNTER, .help = "of the plan" },
	[METRIC_RESTS] = { .name = "rests", .kind = EW_GAUGE, .help = "1: it rests" },
};

static void expect(struct storm *storm, int result, const char *what)
{
	if (result != 0) {
		ew_log(storm->inst, EW_LOG_ERROR, PLAN_FAULT "%s: error %d at step %llu", what,
		       result, (unsigned long long)storm->plan.step);
	}
}

static void declare_device(struct storm *storm, unsigned d)
{
	char path[64];
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = path };

	(void)snprintf(path, sizeof(path), "%s/%u", ew_name(storm->inst), d);
	expect(storm, ew_device_declare(storm->inst, &spec, &storm->devices[d]), "declare device");
}

static void declare_tag(struct storm *storm, unsigned d, unsigned t)
{
	char name[16];
	const struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name, .type = EW_TYPE_U64,
		.high = storm->plan.devices[d].tags[t].revision,
	};

	(void)snprintf(name, sizeof(name), "T%u", t);
	expect(storm, ew_tag_declare(storm->inst, storm->devices[d], &spec, &storm->tags[d][t]),
	       "declare tag");
}

static void publish(struct storm *storm, unsigned d, unsigned tags)
{
	struct ew_sample samples[PLAN_TAGS];
	size_t count = 0;

	for (unsigned t = 0; t < PLAN_TAGS; t++) {
		if ((tags & 1u << t) != 0) {
			samples[count++] = ew_sample_u64(
				storm->tags[d][t], 0, plan_value(&storm->plan.devices[d].tags[t]));
		}
	}
	if (count > 0) {
		expect(storm, ew_publish(storm->inst, samples, count, NULL), "publish");
	}
}

static void say(struct storm *storm, const char *kind)
{
	char body[128];
	const struct ew_event event = {
		.size = sizeof(event), .kind = kind, .device = EW_NO_ID,
		.key = ew_name(storm->inst), .body = body,
	};

	(void)snprintf(body, sizeof(body), "{\"seed\":%llu,\"step\":%llu}",
		       (unsigned long long)storm->plan.seed,
		       (unsigned long long)storm->plan.step);
	expect(storm, ew_event_publish(storm->inst, &event), "event");
}

static void take_step(struct storm *storm)
{
	struct plan_action action = plan_step(&storm->plan);
	unsigned d = action.device;

	switch (action.kind) {
	case PLAN_DECLARE_DEVICE:
		declare_device(storm, d);
		break;
	case PLAN_REMOVE_DEVICE:
		expect(storm, ew_device_remove(storm->inst, storm->devices[d]), "remove device");
		break;
	case PLAN_STATE:
		expect(storm, ew_device_state(storm->inst, storm->devices[d],
					      storm->plan.devices[d].state, "as planned"),
		       "state");
		break;
	case PLAN_DECLARE_TAG:
		declare_tag(storm, d, action.tag);
		break;
	case PLAN_REMOVE_TAG:
		expect(storm, ew_tag_remove(storm->inst, storm->tags[d][action.tag]),
		       "remove tag");
		break;
	case PLAN_PUBLISH:
		publish(storm, d, action.tags);
		break;
	case PLAN_CHECK:
		say(storm, "storm.check");
		break;
	}
}

/* It rests on a check, so that there is something to compare with. */
static void storm_tick(void *arg)
{
	struct storm *storm = arg;

	unsigned todo = STEPS_A_TICK;

	while (todo > 0 && !(storm->settings->rest && storm->plan.step % PLAN_CHECK_EVERY == 0)) {
		take_step(storm);
		todo--;
	}
	storm->rests = todo == STEPS_A_TICK ? storm->rests + 1 : 0;
	if (storm->rests % REST_TICKS == 1) {
		say(storm, "storm.rest");
	}
	ew_metric_add(storm->inst, METRIC_STEPS, STEPS_A_TICK - todo);
	ew_metric_set(storm->inst, METRIC_RESTS, storm->rests > 0 ? 1 : 0);
	if (storm->late != NULL) {
		(void)ew_write_done(storm->inst, &storm->late, NULL);
	}
}

static int open_actuators(struct storm *storm)
{
	char path[64];
	const struct ew_device_spec device = { .size = sizeof(device), .path = path };
	struct ew_tag_spec tag = { .size = sizeof(tag), .name = "Speed", .type = EW_TYPE_U16,
				   .scale = 0.1, .high = 1000,
				   .access = EW_ACCESS_READ | EW_ACCESS_WRITE };
	int error;

	(void)snprintf(path, sizeof(path), "act-%s", ew_name(storm->inst));
	error = ew_device_declare(storm->inst, &device, &storm->act);
	if (error == 0) {
		error = ew_tag_declare(storm->inst, storm->act, &tag, &storm->speed);
	}
	tag.name = "Valve";
	if (error == 0) {
		error = ew_tag_declare(storm->inst, storm->act, &tag, &storm->valve);
	}
	return error;
}

static int storm_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct storm *storm = calloc(1, sizeof(*storm));
	int error;

	if (storm == NULL) {
		return -ENOMEM;
	}
	storm->inst = inst;
	storm->settings = settings;
	plan_begin(&storm->plan, storm->settings->seed);
	error = open_actuators(storm);
	if (error == 0) {
		error = ew_timer_new(inst, "tick", storm_tick, storm, &storm->timer);
	}
	if (error != 0) {
		free(storm);
		return error;
	}
	*self_out = storm;
	return 0;
}

static int storm_start(void *self)
{
	struct storm *storm = self;

	ew_timer_set(storm->timer, 0, TICK);
	return ew_device_state(storm->inst, storm->act, EW_DEVICE_UP, "it takes writes");
}

static int storm_reload(void *self, const void *settings_of)
{
	const struct settings *settings = settings_of;
	struct storm *storm = self;

	if (settings->seed != storm->settings->seed || settings->turn != storm->settings->turn) {
		return -ENOTSUP;
	}
	storm->settings = settings;
	return 0;
}

static void storm_stop(void *self)
{
	struct storm *storm = self;

	ew_timer_stop(storm->timer);
	ew_stopped(storm->inst);
}

static void storm_close(void *self)
{
	struct storm *storm = self;

	ew_timer_free(&storm->timer);
	free(storm);
}

static void storm_write(void *self, struct ew_write *write)
{
	struct storm *storm = self;
	unsigned turn = write->priority == EW_PRIORITY_FAIL_SAFE ? 0 : storm->writes++ % 50;
	struct ew_sample samples[EW_WRITE_ITEMS_MAX];
	size_t count = write->count;

	memcpy(samples, write->items, count * sizeof(samples[0]));
	if (turn == 49) {
		return;         /* never */
	}
	if (turn % 7 == 6 && storm->late == NULL) {
		storm->late = write;
	} else {
		(void)ew_write_done(storm->inst, &write, NULL);
	}
	expect(storm, ew_publish(storm->inst, samples, count, NULL), "publish what was written");
}

static const struct ew_option storm_options[] = {
	EW_OPTION(struct settings, seed, .fallback = "1", .help = "of the plan"),
	EW_OPTION(struct settings, turn, .fallback = "0", .help = "another: opened anew"),
	EW_OPTION(struct settings, rest, .help = "after the next check"),
	EW_OPTION_END
};

EW_MODULE(
	.name = "storm", .version = "1.0", .summary = "declares, publishes and removes by plan",
	.options = storm_options, .settings_size = sizeof(struct settings),
	.metrics = storm_metrics, .metric_count = METRIC_COUNT,
	.open = storm_open, .start = storm_start, .reload = storm_reload,
	.stop = storm_stop, .close = storm_close, .write = storm_write);
