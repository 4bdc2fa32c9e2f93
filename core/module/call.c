/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls between the main thread and an instance's loop. One call is under way
 * at a time; its post travels to the loop and back. The end has three steps
 * on the loop: the endpoint has left; close(), and all that was registered is
 * freed; then, outside the instance's own queues, these are ended too.
 */
#include <errno.h>

#include "core/module/handle.h"
#include "core/module/journal.h"
#include "core/module/inside.h"

static void report(struct ew_instance *inst, struct post *post)
{
	/* refused when the fleet has ended without us: we were lost, nobody waits */
	(void)post_push_always(&inst->fleet->reports, post);
}

/* The main loop ends with a report under way: there is nobody to tell. */
static void drop_report(struct post *post)
{
	(void)post;
}

/* ---- on the loop ---- */

static void use_settings(struct ew_instance *inst, const struct instance_settings *settings)
{
	inst->devices = settings->devices;
	inst->device_count = settings->device_count;
	inst->override = settings->override;
	inst->override_arg = settings->arg;
}

static int run_open(struct ew_instance *inst)
{
	void *self = NULL;
	int error;

	inst->is_gone = false;
	use_settings(inst, &inst->settings);
	instance_enter(inst, inst->call_numbers[CALL_OPEN]);
	error = inst->module->what.open(inst, inst->settings.settings, &self);
	instance_leave(inst);
	if (error == 0) {
		inst->self = self;
		inst->is_open = true;
		endpoint_set_self(inst->endpoint, self);
	}
	return error;
}

static int run_start(struct ew_instance *inst)
{
	int error = 0;

	if (inst->module->what.start != NULL) {
		instance_enter(inst, inst->call_numbers[CALL_START]);
		error = inst->module->what.start(inst->self);
		instance_leave(inst);
	}
	if (error == 0) {
		endpoint_settle(inst->endpoint);
	}
	return error;
}

static int run_reload(struct ew_instance *inst)
{
	int error;

	if (inst->module->what.reload == NULL) {
		return -ENOTSUP;
	}
	use_settings(inst, &inst->next);
	instance_enter(inst, inst->call_numbers[CALL_RELOAD]);
	error = inst->module->what.reload(inst->self, inst->next.settings);
	instance_leave(inst);
	if (error != 0) {
		use_settings(inst, &inst->settings);
	}
	return error;
}

static int run_stop(struct ew_instance *inst)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &inst->parts) {
		struct instance_part *part = list_entry(node, struct instance_part, node);

		if (part->stopping != NULL) {
			part->stopping(part);
		}
	}
	inst->is_stopping = true;
	if (inst->module->what.stop == NULL) {
		call_tell_stopped(inst);
		return 0;
	}
	instance_enter(inst, inst->call_numbers[CALL_STOP]);
	inst->module->what.stop(inst->self);
	instance_leave(inst);
	return 0;
}

static int run_call(struct ew_instance *inst, enum instance_call call)
{
	/* given up on the main thread before it came to run here */
	if (inst->is_gone && call != CALL_OPEN) {
		return -ECANCELED;
	}
	switch (call) {
	case CALL_OPEN:
		return run_open(inst);
	case CALL_START:
		return run_start(inst);
	case CALL_RELOAD:
		return run_reload(inst);
	case CALL_STOP:
		return run_stop(inst);
	case CALL_CLOSE:
	case CALL_COUNT:
		break;
	}
	return -EINVAL;
}

static void answer_run(struct post *post)
{
	struct call *call = container_of(post, struct call, post);

	call->busy = false;
	life_on_answer(call->inst, call->call, call->result);
}

static void call_run(struct post *post)
{
	struct call *call = container_of(post, struct call, post);

	call->result = run_call(call->inst, call->call);
	call->post.run = answer_run;
	call->post.drop = drop_report;
	report(call->inst, &call->post);
}

/* The queue ended first. */
static void call_drop(struct post *post)
{
	struct call *call = container_of(post, struct call, post);

	call->result = -ECANCELED;
	call->post.run = answer_run;
	call->post.drop = drop_report;
	report(call->inst, &call->post);
}

static void parts_close(struct ew_instance *inst)
{
	while (!list_is_empty(&inst->parts)) {
		struct list *last = inst->parts.prev;
		struct instance_part *part = list_entry(last, struct instance_part, node);

		list_remove(last);
		part->close(part);
	}
}

static void farewell_run(struct post *post)
{
	struct ew_instance *inst = container_of(post, struct ew_instance, farewell_post);

	post_queue_fini(&inst->door);
	post_queue_fini(&inst->control);
	report(inst, &inst->left_post);
}

/* No callback of the bus will come any more. */
void call_on_silent(void *arg)
{
	struct ew_instance *inst = arg;

	post_queue_close(&inst->door);
	door_drain(inst);
	inst->is_closing = true;
	if (inst->is_open) {
		instance_enter(inst, inst->call_numbers[CALL_CLOSE]);
		inst->module->what.close(inst->self);
		instance_leave(inst);
	}
	parts_close(inst);
	handle_free_all(inst);
	journal_close_all(inst);
	inst->letters = NULL;
	inst->is_closing = false;
	inst->is_stopping = false;
	inst->is_open = false;
	inst->is_gone = true;
	inst->self = NULL;
	report(inst, &inst->silent_post);
}

/* Nor does anybody use it any more. */
static void on_endpoint_left(void *arg, struct endpoint *endpoint)
{
	struct ew_instance *inst = arg;

	(void)endpoint;
	/* a loop ends after its instances */
	check(post_push_always(&inst->loop->posts, &inst->farewell_post) == 0);
}

static void stopped_run(struct post *post)
{
	life_on_stopped(container_of(post, struct ew_instance, stopped_post));
}

void call_tell_stopped(struct ew_instance *inst)
{
	inst->is_stopping = false;
	report(inst, &inst->stopped_post);
}

static void health_run(struct post *post)
{
	struct ew_instance *inst = container_of(post, struct ew_instance, health_post);

	atomic_store(&inst->health_busy, false);
	fleet_changed(inst);
}

void call_tell_health(struct ew_instance *inst)
{
	if (!atomic_exchange(&inst->health_busy, true)) {
		report(inst, &inst->health_post);
	}
}

/* ---- on the main thread ---- */

static void silent_run(struct post *post)
{
	life_on_silent(container_of(post, struct ew_instance, silent_post));
}

static void left_run(struct post *post)
{
	life_on_left(container_of(post, struct ew_instance, left_post));
}

void call_init(struct ew_instance *inst)
{
	inst->call.inst = inst;
	inst->farewell_post = (struct post){ .run = farewell_run, .drop = drop_report };
	inst->stopped_post = (struct post){ .run = stopped_run, .drop = drop_report };
	inst->health_post = (struct post){ .run = health_run, .drop = drop_report };
	inst->silent_post = (struct post){ .run = silent_run, .drop = drop_report };
	inst->left_post = (struct post){ .run = left_run, .drop = drop_report };
}

void call_ready(struct ew_instance *inst)
{
	post_queue_init(&inst->control, inst->loop->loop, CONTROL_LIMIT);
	post_queue_init(&inst->door, inst->loop->loop, DOOR_LIMIT);
}

void call_post(struct ew_instance *inst, enum instance_call call)
{
	check(!inst->call.busy);
	inst->call.busy = true;
	inst->call.call = call;
	inst->call.post = (struct post){ .run = call_run, .drop = call_drop };
	if (post_push_always(&inst->control, &inst->call.post) != 0) {
		call_drop(&inst->call.post);
	}
}

void call_leave(struct ew_instance *inst, bool keep)
{
	endpoint_leave(inst->endpoint, keep, on_endpoint_left, inst);
}
