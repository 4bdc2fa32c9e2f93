/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting up, playing rows, taking down. Writes are heard of from the bus's
 * audit, in the words of the audit log; values and events arrive as at any
 * receiver.
 */
#include "core/rehearsal/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/bus/settable.h"
#include "core/module/apply.h"
#include "core/module/query.h"

#define PLANT_NAME   "record/plant"     /* no instance has a slash in its name */
#define POSTS_MAX    65536
#define DEEDS_BYTES  ((size_t)256 << 20)
#define ANSWER_MAX   ((size_t)1 << 20)
#define START_MONO   (1000 * EW_SECOND)
#define BATCH_MAX    256

/* ---- deeds ---- */

static const char *stage_copy(struct stage *stage, const char *text)
{
	const char *copy = text == NULL ? "" : arena_text(&stage->arena, text, strlen(text));

	return copy == NULL ? "" : copy;
}

/* NULL: nobody wants to know, or no memory. */
static struct deed *stage_deed(struct stage *stage, enum deed_kind kind, const char *name)
{
	struct deed *deed = stage->is_muted ? NULL : arena_take(&stage->arena, sizeof(*deed));

	if (deed != NULL) {
		*deed = (struct deed){ .kind = kind, .time = clock_utc(), .value = "",
				       .subject = "", .text = "" };
		deed->name = stage_copy(stage, name);
		list_init(&deed->node);
		list_push(&stage->deeds, &deed->node);
	}
	return deed;
}

void stage_forget(struct stage *stage)
{
	list_init(&stage->deeds);
	arena_fini(&stage->arena);
	arena_init(&stage->arena, DEEDS_BYTES);
}

static void stage_on_audit(void *arg, const struct audit_record *record)
{
	struct stage *stage = arg;
	bool is_handed = strcmp(record->result, "handed") == 0;
	struct deed *deed;

	if (strcmp(record->result, "done") == 0) {
		return; /* it was handed before, and the plant takes all */
	}
	deed = stage_deed(stage, !is_handed ? DEED_REFUSED
			  : record->priority == EW_PRIORITY_FAIL_SAFE ? DEED_FAIL_SAFE
			  : DEED_WRITE, record->target);
	if (deed != NULL) {
		deed->value = stage_copy(stage, record->value);
		deed->subject = stage_copy(stage, deed->kind == DEED_FAIL_SAFE ? ""
					   : record->remote);
		deed->text = stage_copy(stage, record->text);
		deed->priority = record->priority;
	}
}

/* ---- the plant ---- */

static void plant_write(void *self, struct ew_write *write)
{
	struct stage *stage = self;

	(void)endpoint_write_done(stage->plant, &write, NULL); /* too late is core's to tell */
}

static void plant_batch(void *self, const struct ew_batch *batch)
{
	struct stage *stage = self;
	char name[EW_PATH_MAX + EW_NAME_MAX + 2], value[256];

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];
		const struct ew_tag_info *tag = endpoint_tag(stage->plant, sample->tag);
		const struct ew_device_info *device =
			tag == NULL ? NULL : endpoint_device(stage->plant, tag->device);
		struct deed *deed;

		if (device == NULL) {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s:%s", device->spec.path, tag->spec.name);
		deed = stage_deed(stage, DEED_VALUE, name);
		if (deed != NULL) {
			deed->value = stage_copy(stage, settable_format(sample, value,
									sizeof(value)));
			deed->subject = strchr(deed->name, ':') + 1;
			deed->carrier = tag->carrier;
			deed->quality = sample->quality;
		}
	}
}

static void plant_event(void *self, const struct ew_event *event)
{
	struct stage *stage = self;
	struct deed *deed = stage_deed(stage, DEED_EVENT, event->kind);

	if (deed != NULL) {
		deed->value = stage_copy(stage, event->body);
		deed->subject = stage_copy(stage, event->key);
		deed->priority = (unsigned)event->severity;
	}
}

/* Declarations are kept by the bus; a receiver must say that it wants them. */
static void plant_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	(void)self;
	(void)change;
	(void)tag;
}

static const struct ew_module plant_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "record",
	.version = "1",
	.summary = "in place of the plant",
	.tag = plant_tag,
	.batch = plant_batch,
	.event = plant_event,
	.write = plant_write,
};

/* ---- setting up ---- */

static int stage_make_plant(struct stage *stage)
{
	const struct endpoint_config config = {
		.name = PLANT_NAME, .module = &plant_module, .loop = stage->stepped.main,
		.control = &stage->posts,
	};
	int error;

	post_queue_init(&stage->posts, stage->stepped.main, POSTS_MAX);
	error = endpoint_new(stage->bus, &config, &stage->plant);
	if (error == 0) {
		endpoint_set_self(stage->plant, stage);
		error = endpoint_join(stage->plant);
	}
	return error;
}

static int stage_make_world(struct stage *stage, const struct stage_plan *plan,
			    struct ew_error *err)
{
	struct fleet_config fleet = {
		.gateway = { plan->config->gateway.group, plan->config->gateway.name, "" },
		.stepped = true,
	};
	int error = loop_new("main", &stage->stepped.main);

	if (error == 0) {
		error = bus_new(&stage->bus);
	}
	if (error != 0) {
		return error;
	}
	bus_set_clock_valid(stage->bus, true);
	bus_set_audit(stage->bus, stage_on_audit, stage);
	fleet.bus = stage->bus;
	fleet.main = stage->stepped.main;
	error = fleet_new(&fleet, &stage->stepped.fleet);
	if (error == 0) {
		error = apply_access(stage->bus, plan->config, err);
	}
	return error == 0 ? stage_make_plant(stage) : error;
}

static int stage_make_instance(struct stage *stage, const struct stage_plan *plan,
			       struct diag *diag, struct ew_error *err)
{
	struct instance_config how = apply_instance(plan->instance);
	struct instance_settings settings;
	char why[160];
	int error = apply_bind(plan->config, plan->instance, plan->module, diag, &settings);

	if (error != 0) {
		return error;
	}
	how.has_log_level = true;
	how.log_level = EW_LOG_ERROR;
	error = instance_new(stage->stepped.fleet, plan->module, &how, &settings, &stage->inst);
	if (error == 0) {
		error = instance_run(stage->inst);
	}
	if (error != 0) {
		return error;
	}
	(void)stepped_settle(&stage->stepped);
	if (instance_state(stage->inst) != INSTANCE_RUNNING) {
		instance_failure(stage->inst, why, sizeof(why));
		return ew_fail(err, "'%s' does not run: %s", plan->instance->name, why);
	}
	return 0;
}

/* The record's devices and tags, but for those that the instance has itself. */
static int stage_declare(struct stage *stage)
{
	const struct record *record = stage->record;
	int error = 0;

	stage->devices = calloc(record->device_count + 1, sizeof(*stage->devices));
	stage->tags = calloc(record->tag_count + 1, sizeof(*stage->tags));
	if (stage->devices == NULL || stage->tags == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; error == 0 && i < record->device_count; i++) {
		const struct ew_device_spec spec = { .size = sizeof(spec),
						     .path = record->devices[i].path };

		stage->devices[i] = EW_NO_ID;
		if (bus_find_device(stage->bus, spec.path) == EW_NO_ID) {
			error = endpoint_device_declare(stage->plant, &spec, &stage->devices[i]);
		}
	}
	for (size_t i = 0; error == 0 && i < record->tag_count; i++) {
		const struct record_tag *tag = &record->tags[i];
		uint32_t device = stage->devices[tag->device];

		stage->tags[i] = EW_NO_ID;
		if (device != EW_NO_ID) {
			error = endpoint_tag_declare(stage->plant, device, &tag->spec,
						     &stage->tags[i]);
		}
	}
	for (size_t i = 0; error == 0 && i < record->device_count; i++) {
		if (stage->devices[i] != EW_NO_ID) {
			error = endpoint_device_state(stage->plant, stage->devices[i],
						      record->devices[i].state, NULL);
		}
	}
	return error;
}

int stage_new(const struct stage_plan *plan, struct diag *diag, struct ew_error *err,
	      struct stage **stage_out)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	int error;

	if (stage == NULL) {
		return -ENOMEM;
	}
	stage->record = plan->record;
	list_init(&stage->deeds);
	arena_init(&stage->arena, DEEDS_BYTES);
	buf_init(&stage->answer, ANSWER_MAX);
	stepped_begin(&stage->stepped, START_MONO, plan->record->rows[0].time);
	error = stage_make_world(stage, plan, err);
	if (error == 0) {
		error = stage_make_instance(stage, plan, diag, err);
	}
	if (error == 0) {
		error = stage_declare(stage);
	}
	if (error != 0) {
		stage_free(&stage);
		return error;
	}
	*stage_out = stage;
	return 0;
}

/* ---- taking down ---- */

static bool stage_is_ended(void *arg)
{
	const struct stage *stage = arg;
	enum instance_state state = instance_state(stage->inst);

	return state == INSTANCE_NEW || state == INSTANCE_CLOSED || state == INSTANCE_FAILED;
}

static void stage_on_left(void *arg, struct endpoint *endpoint)
{
	struct stage *stage = arg;

	(void)endpoint;
	endpoint_free(&stage->plant);
}

void stage_free(struct stage **stage_at)
{
	struct stage *stage = *stage_at;

	if (stage == NULL) {
		return;
	}
	*stage_at = NULL;
	stage->is_muted = true;
	if (stage->inst != NULL) {
		instance_stop(stage->inst, false);
		(void)stepped_run_until(&stage->stepped, INT64_MAX / 2, stage_is_ended, stage);
		instance_free(&stage->inst);
	}
	if (stage->plant != NULL) {
		if (endpoint_leave(stage->plant, false, stage_on_left, stage) == 0) {
			(void)stepped_settle(&stage->stepped);
		}
		post_queue_fini(&stage->posts);
	}
	fleet_free(&stage->stepped.fleet);
	bus_free(&stage->bus);
	loop_free(&stage->stepped.main);
	stepped_end(&stage->stepped);
	stage_forget(stage);
	arena_fini(&stage->arena);
	buf_fini(&stage->answer);
	free(stage->devices);
	free(stage->tags);
	free(stage);
}

/* ---- playing ---- */

static bool stage_has_deeds(void *arg)
{
	const struct stage *stage = arg;

	return !list_is_empty(&stage->deeds);
}

static void stage_publish(struct stage *stage, const struct ew_sample *samples, size_t count)
{
	/* the tags are the plant's, and nobody's queue blocks: only memory can be short */
	if (count > 0 && endpoint_publish(stage->plant, samples, count, NULL) != 0) {
		stage->own_rows += count;
	}
}

/* All rows of the next time, the samples of them in one batch. */
static void stage_play_rows(struct stage *stage)
{
	const struct record *record = stage->record;
	ew_time time = record->rows[stage->next_row].time;
	struct ew_sample samples[BATCH_MAX];
	size_t count = 0;

	for (; stage->next_row < record->row_count &&
	       record->rows[stage->next_row].time == time; stage->next_row++) {
		const struct record_row *row = &record->rows[stage->next_row];
		uint32_t id = row->device != RECORD_NONE ? stage->devices[row->device]
						      : stage->tags[row->sample.tag];

		if (id == EW_NO_ID) {
			stage->own_rows++;
			continue;
		}
		if (row->device != RECORD_NONE || count == BATCH_MAX) {
			stage_publish(stage, samples, count);
			count = 0;
		}
		if (row->device != RECORD_NONE) {
			(void)endpoint_device_state(stage->plant, id, row->state, NULL);
			continue;
		}
		samples[count] = row->sample;
		samples[count++].tag = id;
	}
	stage_publish(stage, samples, count);
}

bool stage_play(struct stage *stage)
{
	const struct record *record = stage->record;
	ew_time last = record->rows[record->row_count - 1].time;
	bool is_at_rest;

	for (;;) {
		ew_time next = stage->next_row < record->row_count
			     ? record->rows[stage->next_row].time : last;
		int64_t wall = atomic_load(&stage->stepped.wall);

		is_at_rest = stepped_run_until(&stage->stepped, next - wall, stage_has_deeds,
					       stage);
		if (stage_has_deeds(stage)) {
			return true;
		}
		if (!is_at_rest) {
			stage->next_row = record->row_count; /* it goes round for ever */
		}
		if (stage->next_row == record->row_count) {
			return false;
		}
		stage_play_rows(stage);
	}
}

/* ---- asking why ---- */

struct stage_question {
	struct stage *stage;
	bool is_answered;
	int error;
};

static void stage_on_answer(void *arg, int error, const struct buf *rows)
{
	struct stage_question *question = arg;

	question->is_answered = true;
	question->error = error;
	(void)buf_add(&question->stage->answer, buf_text(rows), rows->size); /* a fault sticks */
}

const char *stage_ask(struct stage *stage, const char *subject)
{
	const char *words[] = { subject, NULL };
	struct stage_question question = { stage, false, 0 };
	struct ew_query *query;

	buf_clear(&stage->answer);
	if (*subject == '\0' ||
	    query_ask(stage->inst, words, stage_on_answer, &question, &query) != 0) {
		return NULL;
	}
	(void)stepped_settle(&stage->stepped);
	if (!question.is_answered) {
		query_forget(query);
		return NULL;
	}
	return question.error == 0 && stage->answer.fault == 0 && stage->answer.size > 0
	     ? buf_text(&stage->answer) : NULL;
}
