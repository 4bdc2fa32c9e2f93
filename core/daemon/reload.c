/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload by difference.
 *
 *   read and check all ──▶ plan ──▶ apply ──▶ all settled? ──▶ done
 *        │                                        │ one failed
 *        ▼                                        ▼
 *   nothing changed                    apply the old plan ──▶ told, as before
 *
 * Nothing is applied before the whole new configuration was read, judged and
 * bound by the modules' tables. Instances that did not change are not touched. What
 * cannot be taken back, such as dropping what the store keeps, waits for the end.
 * What can only change at a start (state_dir, gateway, uplinks, the store's path)
 * refuses the reload and says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/daemon/look.h"
#include "core/daemon/run.h"

struct reload {
	struct reload_caller caller;    /* say NULL: nobody listens */
	struct config *old;             /* what ran; daemon->config is the new one */
	struct diag diag;
	bool is_rollback;
	char failure[300];              /* why it is rolled back */
	unsigned changed;               /* instances */
};

static void reload_say(struct reload *reload, const char *level, const char *fmt, ...)
	EW_PRINTF(3, 4);

static void reload_say(struct reload *reload, const char *level, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args); /* cut is fine */
	va_end(args);
	if (reload->caller.say != NULL) {
		reload->caller.say(reload->caller.arg, level, line);
	}
}

static void reload_free(struct daemon *daemon)
{
	struct reload *reload = daemon->reload;

	daemon->reload = NULL;
	diag_fini(&reload->diag);
	free(reload);
}

/* Tell everybody how it ended, and go on. */
static void reload_finish(struct daemon *daemon, int error, const char *text)
{
	struct reload *reload = daemon->reload;
	struct audit_record record = {
		.time = clock_utc(), .origin = "daemon", .what = "reload",
		.target = daemon->config->path, .items = 1,
		.result = error == 0 ? "done" : "refused", .text = text,
	};
	char summary[160];

	/* the new one or the old one, as it turned out */
	storage_commit(daemon);
	log_msg(error == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, NULL, "reload %s: %s",
		error == 0 ? "done" : "refused", text);
	audit_write(daemon->audit, &record);
	if (reload->caller.done != NULL) {
		reload->caller.done(reload->caller.arg, error, text);
	}
	reload_free(daemon);
	daemon->phase = DAEMON_RUNNING;
	gateway_refresh(daemon->gateway);
	notify_ready(&daemon->notify, daemon_summary(daemon, summary, sizeof(summary)));
}

static void reload_add_finding(void *arg, bool is_error, const char *line)
{
	struct reload *reload = arg;

	log_msg(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, NULL, "%s", line);
	reload_say(reload, is_error ? "error" : "warning", "%s", line);
}

static const char *reload_fixed(const struct config_diff *diff)
{
	return diff->state_dir ? "state_dir"
	       : diff->gateway ? "gateway"
	       : diff->uplinks ? "uplink"
	       : diff->store_path ? "store: path"
				  : NULL;
}

/* Only its place on the bus and its loop, or the module itself: it is made anew. */
static bool reload_must_replace(const struct config_instance *was,
				const struct config_instance *is)
{
	return strcmp(was->module, is->module) != 0 || strcmp(was->loop, is->loop) != 0 ||
	       strcmp(was->uplink, is->uplink) != 0 || was->stop_timeout != is->stop_timeout ||
	       was->max_devices != is->max_devices || was->max_tags != is->max_tags ||
	       was->log != is->log || was->has_log != is->has_log ||
	       was->is_enabled != is->is_enabled;
}

static void reload_forget_plan(struct daemon *daemon)
{
	struct list *node, *after;

	list_for_each_safe (node, after, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (member->change == CONFIG_ADDED && member->inst == NULL) {
			member_free(&member);
			continue;
		}
		member->change = CONFIG_SAME;
		member->is_replaced = false;
		if (member->has_next) {
			settings_give_back(&member->next);
			member->has_next = false;
		}
	}
}

/* What this instance needs for its change; settings are bound, nothing is done yet. */
static int reload_plan_one(struct daemon *daemon, const struct config *from,
			   const struct config *into, const struct config_instance_change *change,
			   struct diag *diag)
{
	const struct config_instance *was = config_find_instance(from, change->name);
	const struct config_instance *is = config_find_instance(into, change->name);
	const struct settings_source source = { daemon->loader, into, 0 };
	struct member *member = supervisor_find(daemon, change->name);
	int error;

	if (change->change == CONFIG_ADDED && member == NULL) {
		member = member_new(daemon, is);
	}
	if (member == NULL) {
		return change->change == CONFIG_ADDED ? -ENOMEM : 0;
	}
	member->change = change->change;
	if (change->change == CONFIG_REMOVED) {
		return 0;
	}
	member->is_replaced = change->change == CONFIG_CHANGED &&
			      (member->inst == NULL || reload_must_replace(was, is));
	if (!is->is_enabled || member->off == MEMBER_UNSAFE) {
		return 0;
	}
	error = settings_bind(&source, is, diag, &member->next);
	member->has_next = error == 0;
	return error;
}

/* Was a file that the YAML names for it written anew, or another put in its place? */
static bool reload_has_new_files(struct daemon *daemon, const struct config *into,
				 const char *name)
{
	const struct settings_source source = { daemon->loader, into, 0 };
	const struct config_instance *instance = config_find_instance(into, name);
	const struct member *member = supervisor_find(daemon, name);
	struct instance_settings settings = { .files = 0 };
	struct diag diag;
	bool has_new = false;

	if (member == NULL || member->inst == NULL || member->files == 0) {
		return false;
	}
	diag_init(&diag);
	/* when one is missing now, what was read of it holds */
	if (settings_bind(&source, instance, &diag, &settings) == 0) {
		has_new = settings.files != member->files;
		settings_give_back(&settings);
	}
	diag_fini(&diag);
	return has_new;
}

static int reload_plan(struct daemon *daemon, const struct config *from,
		       const struct config *into, const struct config_diff *diff,
		       struct diag *diag)
{
	int error = 0;

	for (size_t i = 0; i < diff->instance_count; i++) {
		struct config_instance_change change = diff->instances[i];
		int one;

		if (change.change == CONFIG_SAME &&
		    reload_has_new_files(daemon, into, change.name)) {
			change.change = CONFIG_CHANGED;
		}
		if (change.change == CONFIG_SAME) {
			continue;
		}
		one = reload_plan_one(daemon, from, into, &change, diag);
		error = error != 0 ? error : one;
	}
	return error;
}

static int reload_apply_shared(struct daemon *daemon, const struct config *config,
			       const struct config_diff *diff)
{
	int error = storage_apply(daemon, config);

	if (error == 0 && diff->routes) {
		error = settings_apply_routes(daemon, config);
	}
	if (error == 0 && diff->access) {
		error = settings_apply_access(daemon, config);
	}
	/* tokens and certificates may have changed behind the same names */
	if (error == 0) {
		error = settings_apply_http(daemon, config);
	}
	if (error == 0) {
		log_set_level((enum log_level)config->log.level);
		gateway_set_clock_valid_after(daemon->gateway, config->limits.clock_valid_after);
	}
	return error;
}

/* Make an instance of the settings that wait, or say why there is none. */
static void reload_make(struct daemon *daemon, struct member *member)
{
	const struct config_instance *instance =
		config_find_instance(daemon->config, member->name);
	char who[128];
	char *module;

	(void)snprintf(who, sizeof(who), "%s/%s", instance->module, instance->name);
	crashes_forgive(daemon->crashes, who);
	module = strdup(instance->module);
	if (module != NULL) {
		free(member->module);
		member->module = module;
	}
	member->is_replaced = false;
	member->on_failure = instance->on_failure;
	member->off = instance->is_enabled ? MEMBER_ON : MEMBER_DISABLED;
	if (!member->has_next) {
		return;
	}
	member->has_next = false;
	/* a failure is told, and seen again when all have settled */
	(void)member_run(daemon, member, instance, &member->next);
}

static void reload_apply_one(struct daemon *daemon, struct member *member)
{
	switch (member->change) {
	case CONFIG_SAME:
		break;
	case CONFIG_ADDED:
		reload_make(daemon, member);
		break;
	case CONFIG_REMOVED:
		if (member->inst != NULL) {
			instance_stop(member->inst, false);
		}
		break;
	case CONFIG_CHANGED:
		if (member->is_replaced && member->inst != NULL) {
			instance_stop(member->inst, true);
		} else if (member->is_replaced) {
			reload_make(daemon, member);
		} else if (member->has_next) {
			member->has_next = false;
			member->is_told = false;
			member->files = member->next.files;
			/* what it came to is asked when it has settled */
			(void)instance_reload(member->inst, &member->next);
		}
		break;
	}
}

static unsigned reload_apply(struct daemon *daemon)
{
	struct list *node, *after;
	unsigned changed = 0;

	list_for_each_safe (node, after, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		changed += member->change != CONFIG_SAME;
		reload_apply_one(daemon, member);
	}
	return changed;
}

/* The new one runs from here on, the other is kept until all have settled. */
static int reload_switch(struct daemon *daemon, struct config *into)
{
	struct reload *reload = daemon->reload;
	struct config_diff diff;
	int error = config_diff_make(daemon->config, into, &diff);
	const char *fixed;

	if (error != 0) {
		return error;
	}
	fixed = reload_fixed(&diff);
	if (fixed != NULL) {
		(void)snprintf(reload->failure, sizeof(reload->failure),
			       "'%s' changed: that takes a restart", fixed);
		error = -EINVAL;
	}
	if (error == 0) {
		error = look_at_routes(daemon->loader, into, &reload->diag);
	}
	if (error == 0) {
		error = reload_plan(daemon, daemon->config, into, &diff, &reload->diag);
	}
	if (error == 0) {
		error = reload_apply_shared(daemon, into, &diff);
		if (error != 0) {
			/* as much of it as had been applied */
			(void)reload_apply_shared(daemon, daemon->config, &diff);
		}
	}
	if (error == 0) {
		reload->old = daemon->config;
		daemon->config = into;
		reload->changed = reload_apply(daemon);
	} else {
		reload_forget_plan(daemon);
	}
	config_diff_fini(&diff);
	return error;
}

void reload_begin(struct daemon *daemon, const struct reload_caller *caller)
{
	struct reload *reload;
	struct config *fresh = NULL;
	int error;

	if (daemon->phase != DAEMON_RUNNING) {
		log_msg(LOG_LEVEL_WARNING, NULL, "reload not begun: the daemon is busy");
		if (caller != NULL) {
			caller->done(caller->arg, -EBUSY,
				     "the daemon starts, stops or reloads already");
		}
		return;
	}
	reload = calloc(1, sizeof(*reload));
	if (reload == NULL) {
		if (caller != NULL) {
			caller->done(caller->arg, -ENOMEM, "out of memory");
		}
		return;
	}
	if (caller != NULL) {
		reload->caller = *caller;
	}
	diag_init(&reload->diag);
	daemon->reload = reload;
	daemon->phase = DAEMON_RELOADING;
	notify_reloading(&daemon->notify);
	error = config_load(daemon->options->config, 0, &reload->diag, &fresh);
	if (error == 0) {
		error = reload_switch(daemon, fresh);
	}
	diag_each_to_log(&reload->diag, reload_add_finding, reload);
	if (error != 0) {
		daemon_drop_config(daemon, &fresh);
		reload_finish(daemon, error, reload->failure[0] != '\0' ? reload->failure
			      : reload->diag.errors > 0 ? "the configuration has errors"
							: strerror(-error));
		return;
	}
	daemon_schedule(daemon);
}

void reload_forget_caller(struct daemon *daemon, const void *arg)
{
	if (daemon->reload != NULL && daemon->reload->caller.arg == arg) {
		daemon->reload->caller = (struct reload_caller){ 0 };
	}
}

/* A removed one that is closed goes; a replaced one that is closed comes again. */
static bool reload_advance(struct daemon *daemon)
{
	struct list *node, *after;
	bool settled = true;

	list_for_each_safe (node, after, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (!member_is_settled(member)) {
			settled = false;
			continue;
		}
		if (member->change == CONFIG_REMOVED) {
			/* a failed one may have left devices behind for its return */
			instance_free(&member->inst);
			bus_forget(daemon->bus, member->name);
			member_free(&member);
		} else if (member->is_replaced && member->inst != NULL) {
			instance_free(&member->inst);
			reload_make(daemon, member);
			settled = false;
		}
	}
	return settled;
}

/* The first of those that changed which does not run as it should. */
static bool reload_has_failed(struct daemon *daemon, struct reload *reload)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);
		char why[200] = "cannot be made";
		int error = 0;

		if (member->change == CONFIG_SAME || member->off != MEMBER_ON) {
			continue;
		}
		if (member->inst != NULL && instance_state(member->inst) == INSTANCE_RUNNING) {
			error = member->change == CONFIG_CHANGED
					? instance_reload_result(member->inst)
					: 0;
			if (error == 0) {
				continue;
			}
			(void)snprintf(why, sizeof(why), "the new settings do not work: %s",
				       strerror(-error));
		} else if (member->inst != NULL) {
			instance_failure(member->inst, why, sizeof(why));
		}
		(void)snprintf(reload->failure, sizeof(reload->failure), "%s/%s: %s",
			       member->module, member->name, why);
		return true;
	}
	return false;
}

static void reload_roll_back(struct daemon *daemon)
{
	struct reload *reload = daemon->reload;
	struct config *old = reload->old;
	int error;

	log_msg(LOG_LEVEL_WARNING, NULL, "reload fails, going back: %s", reload->failure);
	reload_say(reload, "error", "%s", reload->failure);
	reload_forget_plan(daemon);
	reload->is_rollback = true;
	error = reload_switch(daemon, old);
	if (error != 0) {
		/* it ran a moment ago; only memory can be missing */
		log_msg(LOG_LEVEL_ERROR, NULL, "cannot go back: %s", strerror(-error));
		daemon_drop_config(daemon, &reload->old);
		reload_finish(daemon, error, "failed in part: see the log");
		return;
	}
	daemon_schedule(daemon);
}

void reload_step(struct daemon *daemon)
{
	struct reload *reload = daemon->reload;
	char text[400];

	if (!reload_advance(daemon)) {
		return;
	}
	if (reload->is_rollback) {
		daemon_drop_config(daemon, &reload->old);
		reload_forget_plan(daemon);
		(void)snprintf(text, sizeof(text), "%s; the old configuration goes on",
			       reload->failure);
		reload_finish(daemon, -EINVAL, text);
		return;
	}
	if (reload_has_failed(daemon, reload)) {
		reload_roll_back(daemon);
		return;
	}
	daemon_drop_config(daemon, &reload->old);
	reload_forget_plan(daemon);
	(void)snprintf(text, sizeof(text), "%u instances changed", reload->changed);
	reload_say(reload, "info", "%s", text);
	reload_finish(daemon, 0, text);
}
