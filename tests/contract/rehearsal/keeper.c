/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The birth keeper: rebuilds every storm's devices, tags and values from what
 * the bus delivers and compares them with the storm's plan at each check.
 *
 * What exists and how it is must be equal at every check. Values must be equal
 * when nothing was lost since the last check, and at the last one in any case.
 * Samples received and samples told as lost must add up to those published.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/rehearsal/plan.h"

#define STORMS_MAX  8
#define QUIET       (300 * EW_MILLISECOND)
#define LONG_QUIET  (3 * EW_SECOND)

struct settings {
	uint64_t turn;                  /* another: opened anew */
};

struct kept_tag {
	uint32_t id;
	bool is_known;
	double high;
	uint64_t value;                 /* 0: none yet */
	unsigned gaps;                  /* of the storm, when it came */
};

struct kept_device {
	uint32_t id;
	bool is_known;
	enum ew_state state;
	struct kept_tag tags[PLAN_TAGS];
};

struct kept {
	char name[32];
	struct plan plan;
	struct kept_device devices[PLAN_DEVICES];
	uint64_t received, lost;        /* samples since the last check */
	uint64_t counted;               /* plan.samples at that check */
	bool is_counting;               /* there was one */
	unsigned gaps;
	bool has_gap;                   /* since the last check */
	bool is_owed;                   /* a gap was told, its resync has not come */
	bool is_resting;                /* the storm says so, after all that it published */
	bool is_tried;                  /* compared at rest */
};

struct keeper {
	struct ew_instance *inst;
	struct ew_timer *timer;
	struct kept storms[STORMS_MAX];
	size_t storm_count;
	ew_dur last;                    /* when something came */
};

enum { METRIC_CHECKS, METRIC_RESTS, METRIC_LOST, METRIC_COUNT };

static const struct ew_metric keeper_metrics[METRIC_COUNT] = {
	[METRIC_CHECKS] = { .name = "checks_total", .kind = EW_COUNTER,
			    .help = "comparisons while a storm went on" },
	[METRIC_RESTS] = { .name = "rests_total", .kind = EW_COUNTER,
			   .help = "comparisons of all values when a storm had come to rest" },
	[METRIC_LOST] = { .name = "lost_total", .kind = EW_COUNTER,
			  .help = "samples told as lost" },
};

static void fault(struct keeper *keeper, const struct kept *kept, const char *what,
		  uint64_t found, uint64_t expected)
{
	ew_log(keeper->inst, EW_LOG_ERROR,
	       PLAN_FAULT "%s: %s: found %llu, expected %llu at step %llu",
	       kept == NULL ? "?" : kept->name, what, (unsigned long long)found,
	       (unsigned long long)expected,
	       kept == NULL ? 0 : (unsigned long long)kept->plan.step);
}

/* ---- finding ---- */

static struct kept *storm_of(struct keeper *keeper, const char *name, size_t size)
{
	for (size_t i = 0; i < keeper->storm_count; i++) {
		struct kept *kept = &keeper->storms[i];

		if (strlen(kept->name) == size && memcmp(kept->name, name, size) == 0) {
			return kept;
		}
	}
	if (keeper->storm_count == STORMS_MAX || size >= sizeof(keeper->storms[0].name)) {
		return NULL;
	}
	memcpy(keeper->storms[keeper->storm_count].name, name, size);
	return &keeper->storms[keeper->storm_count++];
}

/* By a path `storm/2`; NULL: not a planned device. */
static struct kept_device *device_of(struct keeper *keeper, const char *path)
{
	const char *slash = strchr(path, '/');
	struct kept *kept;

	if (slash == NULL || slash[1] < '0' || slash[1] >= '0' + PLAN_DEVICES) {
		return NULL;
	}
	kept = storm_of(keeper, path, (size_t)(slash - path));
	return kept == NULL ? NULL : &kept->devices[slash[1] - '0'];
}

static struct kept_tag *tag_of(struct keeper *keeper, uint32_t id)
{
	for (size_t s = 0; s < keeper->storm_count; s++) {
		for (unsigned d = 0; d < PLAN_DEVICES; d++) {
			for (unsigned t = 0; t < PLAN_TAGS; t++) {
				struct kept_tag *tag = &keeper->storms[s].devices[d].tags[t];

				if (tag->is_known && tag->id == id) {
					return tag;
				}
			}
		}
	}
	return NULL;
}

/* Whose route it is: its name begins with the publisher's. */
static struct kept *route_of(struct keeper *keeper, uint32_t route)
{
	const char *name = ew_route_name(keeper->inst, route);
	const char *end = name == NULL ? NULL : strchr(name, '>');

	return end == NULL ? NULL : storm_of(keeper, name, (size_t)(end - name));
}

/* ---- what the bus tells ---- */

static void keeper_device(void *self, enum ew_change change, const struct ew_device_info *info)
{
	struct keeper *keeper = self;
	struct kept_device *device = device_of(keeper, info->spec.path);

	keeper->last = ew_now();
	if (device == NULL) {
		return;
	}
	if ((change == EW_DECLARED) == device->is_known) {
		fault(keeper, NULL, "device told as", change, device->is_known);
	}
	if (change == EW_REMOVED) {
		for (unsigned t = 0; t < PLAN_TAGS; t++) {
			if (device->tags[t].is_known) {
				fault(keeper, NULL, "device removed before its tag", t, 0);
			}
		}
		memset(device, 0, sizeof(*device));
		return;
	}
	device->id = info->id;
	device->is_known = true;
	device->state = info->state;
}

static void keeper_tag(void *self, enum ew_change change, const struct ew_tag_info *info)
{
	struct keeper *keeper = self;
	const struct ew_device_info *of = ew_device(keeper->inst, info->device);
	struct kept_device *device = of == NULL ? NULL : device_of(keeper, of->spec.path);
	struct kept_tag *tag;

	keeper->last = ew_now();
	if (of == NULL) {
		fault(keeper, NULL, "tag of a device that is not known", info->id, info->device);
	}
	if (device == NULL || info->spec.name[0] != 'T') {
		return;
	}
	tag = &device->tags[info->spec.name[1] - '0'];
	if ((change == EW_DECLARED) == tag->is_known) {
		fault(keeper, NULL, "tag told as", change, tag->is_known);
	}
	if (change == EW_REMOVED) {
		memset(tag, 0, sizeof(*tag));
		return;
	}
	tag->id = info->id;
	tag->is_known = true;
	tag->high = info->spec.high;
}

static void keep_sample(struct keeper *keeper, struct kept *kept, const struct ew_batch *batch,
			const struct ew_sample *sample)
{
	bool is_plain = (batch->flags & (EW_BATCH_INITIAL | EW_BATCH_RESYNC)) == 0;
	struct kept_tag *tag = tag_of(keeper, sample->tag);

	if (tag == NULL) {
		if (ew_tag(keeper->inst, sample->tag) == NULL) {
			fault(keeper, kept, "sample of an unknown tag", sample->tag, 0);
		}
		kept->received -= is_plain ? 1 : 0;     /* an actuator's: not of the plan */
		return;
	}
	if (is_plain && sample->v.u <= tag->value) {
		fault(keeper, kept, "value goes back", sample->v.u, tag->value);
	}
	if (is_plain && tag->value != 0 && kept->gaps == tag->gaps &&
	    sample->v.u != tag->value + 1) {
		fault(keeper, kept, "value leaps without a gap", sample->v.u, tag->value);
	}
	tag->value = sample->v.u;
	tag->gaps = kept->gaps;
}

static void keeper_batch(void *self, const struct ew_batch *batch)
{
	struct keeper *keeper = self;
	struct kept *kept = route_of(keeper, batch->route);

	keeper->last = ew_now();
	if (kept == NULL) {
		return;
	}
	if ((batch->flags & (EW_BATCH_INITIAL | EW_BATCH_RESYNC)) == 0) {
		kept->received += batch->count;
	}
	if ((batch->flags & EW_BATCH_RESYNC) != 0) {
		kept->is_owed = false;
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		keep_sample(keeper, kept, batch, &batch->samples[i]);
	}
}

static void keeper_gap(void *self, const struct ew_gap *gap)
{
	struct keeper *keeper = self;
	struct kept *kept = route_of(keeper, gap->route);

	if (kept != NULL) {
		kept->gaps++;
		kept->has_gap = true;
		kept->is_owed = true;
		kept->lost += gap->samples;
		ew_metric_add(keeper->inst, METRIC_LOST, (double)gap->samples);
	}
}

/* ---- comparing ---- */

static void compare_value(struct keeper *keeper, struct kept *kept, const struct kept_tag *tag,
			  const struct plan_tag *plan)
{
	uint64_t expected = plan->sequence == 0 ? 0 : plan_value(plan);
	struct ew_sample view;
	int error;

	if (tag->value != expected) {
		fault(keeper, kept, "value", tag->value, expected);
	}
	error = ew_view(keeper->inst, tag->id, &view);
	if (error != (tag->value == 0 ? -ENODATA : 0) ||
	    (error == 0 && view.v.u != tag->value)) {
		fault(keeper, kept, "view", error == 0 ? view.v.u : 0, tag->value);
	}
}

static void compare(struct keeper *keeper, struct kept *kept, bool with_values)
{
	for (unsigned d = 0; d < PLAN_DEVICES; d++) {
		const struct kept_device *device = &kept->devices[d];
		const struct plan_device *plan = &kept->plan.devices[d];

		if (device->is_known != plan->is_declared ||
		    (plan->is_declared && device->state != plan->state)) {
			fault(keeper, kept, "device",
			      (uint64_t)device->is_known * 10 + device->state,
			      (uint64_t)plan->is_declared * 10 + plan->state);
			continue;
		}
		for (unsigned t = 0; t < PLAN_TAGS; t++) {
			const struct kept_tag *tag = &device->tags[t];

			if (tag->is_known != plan->tags[t].is_declared) {
				fault(keeper, kept, "tag", tag->is_known,
				      plan->tags[t].is_declared);
			} else if (tag->is_known) {
				if ((uint32_t)tag->high != plan->tags[t].revision) {
					fault(keeper, kept, "revision", (uint64_t)tag->high,
					      plan->tags[t].revision);
				}
				if (with_values) {
					compare_value(keeper, kept, tag, &plan->tags[t]);
				}
			}
		}
	}
}

static void on_check(struct keeper *keeper, struct kept *kept, uint64_t seed, uint64_t step)
{
	keeper->last = ew_now();
	if (kept->plan.seed != seed || step <= kept->plan.step) {
		plan_begin(&kept->plan, seed);
		kept->is_counting = false;
	}
	while (kept->plan.step < step) {
		(void)plan_step(&kept->plan);
	}
	if (kept->is_counting &&
	    kept->received + kept->lost != kept->plan.samples - kept->counted) {
		fault(keeper, kept, "samples received and lost", kept->received + kept->lost,
		      kept->plan.samples - kept->counted);
	}
	compare(keeper, kept, kept->is_counting && !kept->has_gap && !kept->is_owed);
	ew_metric_add(keeper->inst, METRIC_CHECKS, 1);
	kept->received = kept->lost = 0;
	kept->counted = kept->plan.samples;
	kept->is_counting = true;
	kept->has_gap = false;
	kept->is_tried = false;
	kept->is_resting = false;
}

static void keeper_event(void *self, const struct ew_event *event)
{
	struct keeper *keeper = self;
	unsigned long long seed, step;
	struct kept *kept;

	if (event->key == NULL ||
	    sscanf(event->body, "{\"seed\":%llu,\"step\":%llu}", &seed, &step) != 2) {
		return;
	}
	kept = storm_of(keeper, event->key, strlen(event->key));
	if (kept != NULL && strcmp(event->kind, "storm.check") == 0) {
		on_check(keeper, kept, seed, step);
	} else if (kept != NULL && strcmp(event->kind, "storm.rest") == 0) {
		if (!kept->is_counting || seed != kept->plan.seed || step != kept->plan.step) {
			on_check(keeper, kept, seed, step);     /* that one was lost */
		}
		kept->is_resting = true;
	}
}

/*
 * All rest and nothing has come for a while: now the last values must be there.
 * A gap of tags that are all gone by now has no resync; after a longer silence
 * values must be right without one.
 */
static void keeper_tick(void *arg)
{
	struct keeper *keeper = arg;
	ew_dur quiet = ew_now() - keeper->last;

	if (quiet < QUIET) {
		return;
	}
	for (size_t i = 0; i < keeper->storm_count; i++) {
		struct kept *kept = &keeper->storms[i];

		if (!kept->is_tried && kept->is_resting &&
		    (!kept->is_owed || quiet > LONG_QUIET)) {
			kept->is_tried = true;
			compare(keeper, kept, true);
			ew_metric_add(keeper->inst, METRIC_RESTS, 1);
		}
	}
}

/* ---- life ---- */

static int keeper_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int error;

	(void)settings;
	if (keeper == NULL) {
		return -ENOMEM;
	}
	keeper->inst = inst;
	keeper->last = ew_now();
	error = ew_timer_new(inst, "quiet", keeper_tick, keeper, &keeper->timer);
	if (error != 0) {
		free(keeper);
		return error;
	}
	ew_timer_set(keeper->timer, QUIET, QUIET / 3);
	*self_out = keeper;
	return 0;
}

static void keeper_close(void *self)
{
	struct keeper *keeper = self;

	ew_timer_free(&keeper->timer);
	free(keeper);
}

static const struct ew_option keeper_options[] = {
	EW_OPTION(struct settings, turn, .fallback = "0", .help = "another: opened anew"),
	EW_OPTION_END
};

EW_MODULE(
	.name = "keeper", .version = "1.0", .summary = "compares what it hears with the plan",
	.flags = EW_NEEDS_VIEW,
	.options = keeper_options, .settings_size = sizeof(struct settings),
	.metrics = keeper_metrics, .metric_count = METRIC_COUNT,
	.open = keeper_open, .close = keeper_close,
	.device = keeper_device, .tag = keeper_tag, .batch = keeper_batch,
	.event = keeper_event, .gap = keeper_gap);
