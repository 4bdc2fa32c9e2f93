/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: an endpoint of the bus for as long as its client listens.
 *
 * Callbacks of the endpoint only add lines; a task sends them and ends the
 * watch, so that nothing is taken down while the bus is calling. A client that
 * does not keep up loses samples here and is told how many; routes of others
 * are not touched by it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/bus/pattern.h"
#include "core/conf/own.h"
#include "core/ctl/place.h"

struct watch {
	struct list node;               /* of the desk */
	struct desk *desk;
	struct ctl_request *request;    /* NULL: answered, or its client is gone */
	struct endpoint *endpoint;      /* NULL: it was never made, or has left */
	struct task flush;
	struct loop_timer until;
	uint64_t left;                  /* samples still to show; UINT64_MAX: no end */
	uint64_t lost;                  /* since the client was told last */
	bool is_record;                 /* for a rehearsal: with types, states and arrivals */
	ew_time arrival;                /* of what is shown now: the bus's time as ns UTC */
	int64_t to_utc;                 /* from monotonic time */
	bool is_done;
	bool is_leaving;
	unsigned number;                /* of its name */
};

static void watch_say(struct watch *watch, const char *fmt, uint64_t count)
{
	struct buf *row = ctl_row(watch->request);
	char text[96];

	(void)snprintf(text, sizeof(text), "%" PRIu64 " %s", count, fmt);
	json_add_uint(row, "lost", count);
	json_add_text(row, "text", text);
	ctl_row_end(watch->request);
}

/* What a record needs to know of a tag. */
static void watch_facts(const struct watch *watch, struct buf *row, const struct ew_tag_info *tag)
{
	json_add_text(row, "unit", tag->spec.unit);
	if (watch->is_record) {
		json_add_text(row, "type", ew_type_name(tag->spec.type));
		json_add_int(row, "max_age", tag->spec.max_age);
		json_add_int(row, "arrival", watch->arrival);
	}
}

static void watch_sample(struct watch *watch, const struct ew_sample *sample)
{
	const struct ew_tag_info *tag = endpoint_tag(watch->endpoint, sample->tag);
	const struct ew_device_info *device =
		tag == NULL ? NULL : endpoint_device(watch->endpoint, tag->device);
	char name[EW_PATH_MAX + EW_NAME_MAX + 2];
	struct buf *row;

	if (device == NULL || (watch->is_record && (sample->flags & EW_HISTORICAL) != 0)) {
		return; /* nothing is shown without its name, and no control acts on the past */
	}
	row = ctl_row(watch->request);
	(void)snprintf(name, sizeof(name), "%s:%s", device->spec.path, tag->spec.name);
	json_add_text(row, "tag", name);
	watch_facts(watch, row, tag);
	desk_add_sample(row, sample, tag->spec.type);
	ctl_row_end(watch->request);
}

static void watch_on_batch(void *self, const struct ew_batch *batch)
{
	struct watch *watch = self;

	if (watch->request == NULL || watch->is_done) {
		return;
	}
	watch->arrival = batch->stamped + watch->to_utc;
	for (uint32_t i = 0; i < batch->count && watch->left > 0; i++) {
		if (!ctl_has_room(watch->request)) {
			watch->lost += batch->count - i;
			break;
		}
		if (watch->lost > 0) {
			watch_say(watch, "samples not shown: the reader is too slow", watch->lost);
			watch->lost = 0;
		}
		watch_sample(watch, &batch->samples[i]);
		watch->left -= watch->left == UINT64_MAX ? 0 : 1;
	}
	watch->is_done = watch->left == 0;
	task_schedule(&watch->flush);
}

static void watch_on_gap(void *self, const struct ew_gap *gap)
{
	struct watch *watch = self;

	if (watch->request == NULL || watch->is_done || gap->samples == 0) {
		return;
	}
	if (!ctl_has_room(watch->request)) {
		watch->lost += gap->samples;
		return;
	}
	watch_say(watch, "samples lost on the way", gap->samples);
	task_schedule(&watch->flush);
}

/* Whether a row about a device or a tag is wanted now. */
static bool watch_is_told(struct watch *watch)
{
	if (watch->request == NULL || watch->is_done || !watch->is_record) {
		return false;
	}
	if (!ctl_has_room(watch->request)) {
		watch->lost++;
		return false;
	}
	task_schedule(&watch->flush);
	return true;
}

/* Declarations are kept by the bus; a receiver must say that it wants them. */
static void watch_on_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	struct watch *watch = self;
	const struct ew_device_info *device = endpoint_device(watch->endpoint, tag->device);
	char name[EW_PATH_MAX + EW_NAME_MAX + 2];
	struct buf *row;

	if (device == NULL || change == EW_REMOVED || !watch_is_told(watch)) {
		return;
	}
	row = ctl_row(watch->request);
	(void)snprintf(name, sizeof(name), "%s:%s", device->spec.path, tag->spec.name);
	json_add_text(row, "tag", name);
	watch_facts(watch, row, tag);
	ctl_row_end(watch->request);
}

static void watch_on_device(void *self, enum ew_change change, const struct ew_device_info *device)
{
	struct watch *watch = self;
	struct buf *row;

	if (!watch_is_told(watch)) {
		return;
	}
	row = ctl_row(watch->request);
	json_add_text(row, "device", device->spec.path);
	json_add_text(row, "state", change == EW_REMOVED ? ew_state_name(EW_DEVICE_DOWN)
							 : ew_state_name(device->state));
	json_add_int(row, "arrival", watch->arrival);
	ctl_row_end(watch->request);
}

static const struct ew_module watch_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.flags = EW_WANTS_ONLY | EW_NEEDS_VIEW, /* with a view come the last values */
	.name = "watch",
	.version = "1",
	.summary = "one listener of the control socket",
	.device = watch_on_device,
	.tag = watch_on_tag,
	.batch = watch_on_batch,
	.gap = watch_on_gap,
};

static void watch_free(struct watch *watch)
{
	watch->desk->names[watch->number] = false;
	list_remove(&watch->node);
	task_fini(&watch->flush);
	timer_fini(&watch->until);
	endpoint_free(&watch->endpoint);
	free(watch);
}

bool watches_have(const struct desk *desk, const char *endpoint)
{
	struct list *node;

	list_for_each(node, &desk->watches) {
		const struct watch *watch = list_entry(node, struct watch, node);

		if (watch->endpoint != NULL &&
		    strcmp(endpoint_name(watch->endpoint), endpoint) == 0) {
			return true;
		}
	}
	return false;
}

static void watch_on_left(void *arg, struct endpoint *endpoint)
{
	(void)endpoint;
	watch_free(arg);
}

void watch_leave(struct watch *watch)
{
	watch->request = NULL;
	timer_stop(&watch->until);
	if (!watch->is_leaving) {
		watch->is_leaving = true;
		endpoint_leave(watch->endpoint, false, watch_on_left, watch);
	}
}

void watches_leave(struct desk *desk)
{
	struct list *node, *after;

	list_for_each_safe (node, after, &desk->watches) {
		struct watch *watch = list_entry(node, struct watch, node);
		struct ctl_request *request = watch->request;

		watch_leave(watch);
		if (request != NULL) {
			ctl_fail(request, -ESHUTDOWN, "the daemon stops");
		}
	}
}

static void watch_on_gone(void *arg)
{
	watch_leave(arg);
}

static bool watch_run_flush(struct task *task)
{
	struct watch *watch = container_of(task, struct watch, flush);
	struct ctl_request *request = watch->request;

	if (request == NULL) {
		return false;
	}
	if (watch->is_done) {
		watch_leave(watch);
		ctl_end(request);
	} else {
		ctl_flush(request);
	}
	return false;
}

static void watch_on_until(struct loop_timer *timer)
{
	struct watch *watch = container_of(timer, struct watch, until);

	watch->is_done = true;
	task_schedule(&watch->flush);
}

/* The patterns of the request; NULL: there are not that many. */
static const char *watch_glob(const struct watch *watch, unsigned index)
{
	char key[16] = "glob";

	if (index > 0) {
		(void)snprintf(key, sizeof(key), "glob%u", index);
	}
	return json_text(ctl_fields(watch->request), key);
}

/* The options of the request. -EINVAL: told. */
static int watch_read_options(struct watch *watch, ew_dur *until_out)
{
	const struct json_object *fields = ctl_fields(watch->request);
	const char *count = json_text(fields, "count");
	const char *glob = watch_glob(watch, 0);

	if (glob == NULL) {
		ctl_fail(watch->request, -EINVAL, "no pattern is given");
		return -EINVAL;
	}
	for (unsigned i = 0; (glob = watch_glob(watch, i)) != NULL; i++) {
		const char *fault = pattern_fault(glob);

		if (fault != NULL) {
			ctl_fail(watch->request, -EINVAL, "%s: %s", glob, fault);
			return -EINVAL;
		}
	}
	watch->is_record = json_is_true(fields, "record");
	watch->to_utc = clock_utc() - clock_mono();
	watch->arrival = clock_utc();
	watch->left = UINT64_MAX;
	if (count != NULL && (text_parse_uint(count, &watch->left) != 0 || watch->left == 0)) {
		ctl_fail(watch->request, -EINVAL, "count: '%s' is not a number above 0", count);
		return -EINVAL;
	}
	return desk_duration(watch->request, "for", 0, until_out);
}

static int watch_join(struct watch *watch)
{
	struct desk *desk = watch->desk;
	struct endpoint_config config = {
		.module = &watch_module, .loop = desk->loop, .control = &desk->posts,
	};
	const char *glob;
	char name[24];
	int error;

	/* no instance has a slash in its name */
	(void)snprintf(name, sizeof(name), OWN_CONTROL "/%u", watch->number + 1);
	config.name = name;
	error = endpoint_new(desk->bus, &config, &watch->endpoint);
	if (error != 0) {
		return error;
	}
	endpoint_set_self(watch->endpoint, watch);
	for (unsigned i = 0; error == 0 && (glob = watch_glob(watch, i)) != NULL; i++) {
		error = endpoint_want(watch->endpoint, glob, NULL);
	}
	return error != 0 ? error : endpoint_join(watch->endpoint);
}

static struct watch *watch_new(struct desk *desk, struct ctl_request *request)
{
	struct watch *watch;
	unsigned number = 0;

	while (number < DESK_WATCHES_MAX && desk->names[number]) {
		number++;
	}
	watch = number < DESK_WATCHES_MAX && !desk->is_leaving ? calloc(1, sizeof(*watch)) : NULL;
	if (watch == NULL) {
		return NULL;
	}
	if (timer_init(&watch->until, desk->loop, watch_on_until) != 0) {
		free(watch);
		return NULL;
	}
	task_init(&watch->flush, desk->loop, LANE_DATA, watch_run_flush);
	watch->desk = desk;
	watch->request = request;
	watch->number = number;
	desk->names[number] = true;
	list_push(&desk->watches, &watch->node);
	return watch;
}

void desk_run_watch(struct ctl_request *request, void *arg)
{
	struct watch *watch = watch_new(arg, request);
	ew_dur until = 0;
	int error;

	if (watch == NULL) {
		ctl_fail(request, -EBUSY, "too many are watching");
		return;
	}
	if (watch_read_options(watch, &until) != 0) {
		watch_free(watch);
		return;
	}
	ctl_wait(request, &(struct ctl_hooks){ .gone = watch_on_gone, .arg = watch });
	error = watch_join(watch);
	if (error != 0) {
		if (watch->endpoint == NULL) {
			watch_free(watch);
		} else {
			watch_leave(watch);
		}
		ctl_fail(request, error, "cannot watch: out of memory");
		return;
	}
	if (until > 0) {
		timer_set(&watch->until, until, 0);
	}
}
