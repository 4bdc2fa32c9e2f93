/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an instance as the main thread sees it: the machine drawn in
 * instance.h. Events are answers of the loop, wishes of the supervisor and the
 * deadline of what is under way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/module/inside.h"

static const unsigned instance_next[INSTANCE_STATE_COUNT] = {
	[INSTANCE_NEW] = 1u << INSTANCE_OPENING | 1u << INSTANCE_FAILED | 1u << INSTANCE_CLOSED,
	[INSTANCE_OPENING] = 1u << INSTANCE_OPEN | 1u << INSTANCE_LEAVING | 1u << INSTANCE_LOST,
	[INSTANCE_OPEN] = 1u << INSTANCE_STARTING | 1u << INSTANCE_LEAVING,
	[INSTANCE_STARTING] = 1u << INSTANCE_RUNNING | 1u << INSTANCE_LEAVING |
			      1u << INSTANCE_LOST,
	[INSTANCE_RUNNING] = 1u << INSTANCE_RELOADING | 1u << INSTANCE_STOPPING,
	[INSTANCE_RELOADING] = 1u << INSTANCE_RUNNING | 1u << INSTANCE_STOPPING |
			       1u << INSTANCE_LOST,
	[INSTANCE_STOPPING] = 1u << INSTANCE_LEAVING | 1u << INSTANCE_LOST,
	[INSTANCE_LEAVING] = 1u << INSTANCE_CLOSED | 1u << INSTANCE_FAILED |
			     1u << INSTANCE_OPENING | 1u << INSTANCE_LOST,
	[INSTANCE_CLOSED] = 1u << INSTANCE_OPENING | 1u << INSTANCE_FAILED,
	[INSTANCE_FAILED] = 1u << INSTANCE_OPENING | 1u << INSTANCE_CLOSED,
	[INSTANCE_LOST] = 1u << INSTANCE_FAILED,
};

static bool has_deadline(enum instance_state state)
{
	return state == INSTANCE_OPENING || state == INSTANCE_STARTING ||
	       state == INSTANCE_RELOADING || state == INSTANCE_STOPPING ||
	       state == INSTANCE_LEAVING;
}

static enum log_level level_of(enum instance_state state)
{
	switch (state) {
	case INSTANCE_FAILED:
	case INSTANCE_LOST:
		return LOG_LEVEL_ERROR;
	case INSTANCE_RUNNING:
	case INSTANCE_CLOSED:
		return LOG_LEVEL_NOTICE;
	case INSTANCE_NEW:
	case INSTANCE_OPENING:
	case INSTANCE_OPEN:
	case INSTANCE_STARTING:
	case INSTANCE_RELOADING:
	case INSTANCE_STOPPING:
	case INSTANCE_LEAVING:
	case INSTANCE_STATE_COUNT:
		break;
	}
	return LOG_LEVEL_DEBUG;
}

void instance_enter_state(struct ew_instance *inst, enum instance_state next, const char *why)
{
	check(instance_next[inst->state] & 1u << next);
	log_msg(level_of(next), inst->who, "%s (%s -> %s)", why, instance_state_name(inst->state),
		instance_state_name(next));
	inst->state = next;
	if (has_deadline(next)) {
		timer_set(&inst->watchdog, inst->deadline, 0);
	} else {
		timer_stop(&inst->watchdog);
	}
	fleet_changed(inst);
}

static void fail(struct ew_instance *inst, int error, const char *what)
{
	inst->error = error;
	instance_set_failure(inst, "%s: %s", what, strerror(-error));
}

/* What the deadline found. */
static void fail_late(struct ew_instance *inst)
{
	char callback[RUNNING_NAME_SIZE];
	ew_dur limit = inst->deadline / EW_MILLISECOND;

	(void)instance_running(inst, callback, sizeof(callback));
	inst->error = -ETIMEDOUT;
	if (callback[0] != '\0') {
		instance_set_failure(inst, "callback '%s' has not returned in %lld ms", callback,
				     (long long)limit);
	} else if (inst->call.busy || inst->state == INSTANCE_LEAVING) {
		instance_set_failure(inst, "its loop '%s' has not come round in %lld ms",
				     loop_name(inst->loop->loop), (long long)limit);
	} else {
		instance_set_failure(inst, "ew_stopped() was not called in %lld ms",
				     (long long)limit);
	}
}

/* ---- opening ---- */

static int make_endpoint(struct ew_instance *inst)
{
	return endpoint_new(inst->fleet->config.bus,
			    &(struct endpoint_config){
				    .name = inst->name,
				    .module = &inst->module->what,
				    .loop = inst->loop->loop,
				    .control = &inst->control,
				    .limits = inst->limits,
				    .budget = inst->budget,
				    .enter = instance_enter_named,
				    .leave = instance_leave_named,
				    .silent = call_on_silent,
				    .arg = inst,
				    .override = instance_override,
			    },
			    &inst->endpoint);
}

static int begin_open(struct ew_instance *inst, const char *why)
{
	int error;

	call_ready(inst);
	inst->is_silent = false;
	error = make_endpoint(inst);
	if (error != 0) {
		fail(inst, error, error == -EEXIST ? "the last instance of this name hangs still"
						   : "cannot be opened");
		instance_enter_state(inst, INSTANCE_FAILED, inst->failure);
		return error;
	}
	instance_enter_state(inst, INSTANCE_OPENING, why);
	call_post(inst, CALL_OPEN);
	return 0;
}

int instance_open(struct ew_instance *inst)
{
	check_obj(inst, INSTANCE_MAGIC);
	if (inst->is_adrift || (inst->state != INSTANCE_NEW && inst->state != INSTANCE_CLOSED &&
				inst->state != INSTANCE_FAILED)) {
		return -EBUSY;
	}
	inst->error = 0;
	inst->stop_asked = false;
	inst->start_when_open = false;
	inst->keep_devices = false;
	instance_set_failure(inst, "%s", "");
	return begin_open(inst, "open");
}

int instance_start(struct ew_instance *inst)
{
	check_obj(inst, INSTANCE_MAGIC);
	if (inst->state != INSTANCE_OPEN) {
		return -EBUSY;
	}
	instance_enter_state(inst, INSTANCE_STARTING, "start");
	call_post(inst, CALL_START);
	return 0;
}

int instance_run(struct ew_instance *inst)
{
	int error = instance_open(inst);

	if (error == 0) {
		inst->start_when_open = true;
	}
	return error;
}

/* ---- leaving ---- */

static void begin_leave(struct ew_instance *inst, enum instance_state next, const char *why)
{
	bool keep = inst->restart || inst->has_fallback || inst->keep_devices;

	instance_enter_state(inst, next, why);
	call_leave(inst, keep);
}

static void begin_stop(struct ew_instance *inst, const char *why)
{
	instance_enter_state(inst, INSTANCE_STOPPING, why);
	call_post(inst, CALL_STOP);
}

void instance_stop(struct ew_instance *inst, bool keep)
{
	check_obj(inst, INSTANCE_MAGIC);
	inst->keep_devices = keep;
	inst->stop_asked = true;
	inst->restart = false;
	switch (inst->state) {
	case INSTANCE_NEW:
	case INSTANCE_FAILED:
		instance_enter_state(inst, INSTANCE_CLOSED, "stop");
		break;
	case INSTANCE_OPEN:
		begin_leave(inst, INSTANCE_LEAVING, "stop");
		break;
	case INSTANCE_RUNNING:
		begin_stop(inst, "stop");
		break;
	case INSTANCE_OPENING:
	case INSTANCE_STARTING:
	case INSTANCE_RELOADING:
	case INSTANCE_STOPPING:
	case INSTANCE_LEAVING:
	case INSTANCE_CLOSED:
	case INSTANCE_LOST:
	case INSTANCE_STATE_COUNT:
		break;
	}
}

/* ---- reloading ---- */

static void take_next(struct ew_instance *inst)
{
	inst->settings = inst->next;
	inst->next = (struct instance_settings){ .settings = NULL };
	inst->has_next = false;
}

static void drop_fallback(struct ew_instance *inst)
{
	if (inst->has_fallback) {
		settings_drop(&inst->fallback);
		inst->has_fallback = false;
	}
}

int instance_reload(struct ew_instance *inst, const struct instance_settings *settings)
{
	struct instance_settings copy = *settings;

	check_obj(inst, INSTANCE_MAGIC);
	switch (inst->state) {
	case INSTANCE_NEW:
	case INSTANCE_CLOSED:
	case INSTANCE_FAILED:
		settings_drop(&inst->settings);
		inst->settings = copy;
		return 0;
	case INSTANCE_RUNNING:
		inst->next = copy;
		inst->has_next = true;
		instance_enter_state(inst, INSTANCE_RELOADING, "reload");
		call_post(inst, CALL_RELOAD);
		return 0;
	case INSTANCE_OPENING:
	case INSTANCE_OPEN:
	case INSTANCE_STARTING:
	case INSTANCE_RELOADING:
	case INSTANCE_STOPPING:
	case INSTANCE_LEAVING:
	case INSTANCE_LOST:
	case INSTANCE_STATE_COUNT:
		break;
	}
	settings_drop(&copy);
	return -EBUSY;
}

static void on_reloaded(struct ew_instance *inst, int result)
{
	if (result == 0) {
		settings_drop(&inst->settings);
		take_next(inst);
	} else if (result != -ENOTSUP) {
		settings_drop(&inst->next);
		inst->has_next = false;
	}
	inst->reload_result = result == -ENOTSUP ? 0 : result;
	if (result == -ENOTSUP && !inst->stop_asked) {
		inst->restart = true;
		begin_stop(inst, "the module wants to be opened anew");
	} else if (inst->stop_asked) {
		begin_stop(inst, "stop");
	} else {
		instance_enter_state(inst, INSTANCE_RUNNING,
				     result == 0 ? "reloaded" : "goes on with the old settings");
	}
}

/* ---- answers of the loop ---- */

static void on_opened(struct ew_instance *inst, int result)
{
	if (result == 0) {
		result = endpoint_join(inst->endpoint);
	}
	if (result != 0) {
		fail(inst, result, "open");
		begin_leave(inst, INSTANCE_LEAVING, "open() failed");
		return;
	}
	instance_enter_state(inst, INSTANCE_OPEN, "opened");
	if (inst->stop_asked) {
		begin_leave(inst, INSTANCE_LEAVING, "stop");
	} else if (inst->start_when_open) {
		(void)instance_start(inst);
	}
}

static void on_started(struct ew_instance *inst, int result)
{
	if (result != 0) {
		fail(inst, result, "start");
		begin_leave(inst, INSTANCE_LEAVING, "start() failed");
		return;
	}
	drop_fallback(inst);
	instance_enter_state(inst, INSTANCE_RUNNING, "started");
	if (inst->stop_asked) {
		begin_stop(inst, "stop");
	}
}

/* An answer that comes after its deadline finds another state, and is let pass. */
void life_on_answer(struct ew_instance *inst, enum instance_call call, int result)
{
	check_obj(inst, INSTANCE_MAGIC);
	/* a module returns what it likes; what is not -errno would not read as an error */
	if (result > 0) {
		result = -EPROTO;
	}
	if (call == CALL_OPEN && inst->state == INSTANCE_OPENING) {
		on_opened(inst, result);
	} else if (call == CALL_START && inst->state == INSTANCE_STARTING) {
		on_started(inst, result);
	} else if (call == CALL_RELOAD && inst->state == INSTANCE_RELOADING) {
		on_reloaded(inst, result);
	}
}

void life_on_stopped(struct ew_instance *inst)
{
	check_obj(inst, INSTANCE_MAGIC);
	if (inst->state == INSTANCE_STOPPING) {
		begin_leave(inst, INSTANCE_LEAVING, "stopped");
	}
}

/* Open anew: with the new settings, or when those have failed with the old. */
static void open_anew(struct ew_instance *inst)
{
	if (inst->has_next) {
		inst->fallback = inst->settings;
		inst->has_fallback = true;
		take_next(inst);
	} else {
		log_msg(LOG_LEVEL_ERROR, inst->who,
			"new settings do not work (%s): back to the old", inst->failure);
		inst->reload_result = inst->error;
		settings_drop(&inst->settings);
		inst->settings = inst->fallback;
		inst->has_fallback = false;
	}
	inst->error = 0;
	inst->restart = false;
	inst->restarts++;
	inst->start_when_open = true;
	(void)begin_open(inst, "opened anew");
}

/* It is closed, or failed, for good. */
static void end_life(struct ew_instance *inst, const char *why)
{
	drop_fallback(inst);
	if (inst->has_next) {
		settings_drop(&inst->next);
		inst->has_next = false;
	}
	if (inst->error != 0) {
		instance_enter_state(inst, INSTANCE_FAILED, inst->failure);
	} else {
		instance_enter_state(inst, INSTANCE_CLOSED, why);
	}
}

static void set_adrift(struct ew_instance *inst, bool is_adrift)
{
	inst->fleet->adrift += (unsigned)is_adrift - (unsigned)inst->is_adrift;
	inst->is_adrift = is_adrift;
}

/* The module is closed, though what feeds it may take its time to let go. */
void life_on_silent(struct ew_instance *inst)
{
	check_obj(inst, INSTANCE_MAGIC);
	inst->is_silent = true;
}

void life_on_left(struct ew_instance *inst)
{
	check_obj(inst, INSTANCE_MAGIC);
	endpoint_free(&inst->endpoint);
	inst->loop->is_lost = false;
	set_adrift(inst, false);
	if (inst->is_forgotten) {
		instance_destroy(inst);
		return;
	}
	if (inst->state == INSTANCE_CLOSED || inst->state == INSTANCE_FAILED) {
		return;         /* it was not waited for */
	}
	if (inst->state == INSTANCE_LEAVING && !inst->stop_asked &&
	    (inst->restart || (inst->error != 0 && inst->has_fallback))) {
		open_anew(inst);
		return;
	}
	end_life(inst, "closed");
}

/* ---- the deadline ---- */

/*
 * It is closed and nobody feeds it but those that hang: it is not the one to
 * blame. Its memory waits for them; it cannot be opened anew in that.
 */
static void wait_no_longer(struct ew_instance *inst)
{
	char names[96], why[160];

	endpoint_awaits(inst->endpoint, names, sizeof(names));
	if (names[0] == '\0') {
		timer_set(&inst->watchdog, inst->deadline, 0); /* all have: it comes any moment */
		return;
	}
	(void)snprintf(why, sizeof(why), "closed, though %s has not let go of it", names);
	if (inst->restart || inst->has_fallback) {
		inst->error = inst->error != 0 ? inst->error : -ETIMEDOUT;
		instance_set_failure(inst, "cannot be opened anew: %s, which feeds it, hangs",
				     names);
	}
	inst->restart = false;
	set_adrift(inst, true);
	end_life(inst, why);
}

void life_on_deadline(struct loop_timer *timer)
{
	struct ew_instance *inst = container_of(timer, struct ew_instance, watchdog);
	bool hangs = inst->call.busy || inst->state == INSTANCE_LEAVING;

	check_obj(inst, INSTANCE_MAGIC);
	if (inst->state == INSTANCE_LEAVING && inst->is_silent) {
		wait_no_longer(inst);
		return;
	}
	fail_late(inst);
	if (!hangs) {
		log_msg(LOG_LEVEL_ERROR, inst->who, "%s: closing it", inst->failure);
		begin_leave(inst, INSTANCE_LEAVING, "deadline");
		return;
	}
	inst->restart = false;
	inst->loop->is_lost = true;
	set_adrift(inst, true);
	if (inst->state == INSTANCE_LEAVING) {
		instance_enter_state(inst, INSTANCE_LOST, inst->failure);
	} else {
		begin_leave(inst, INSTANCE_LOST, inst->failure);
	}
}
