/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instances run, and in which order they start and stop.
 *
 * Start: all are opened and started at once; routes bring each receiver what
 * was published before it came. The daemon is ready when every instance runs
 * or has failed; then uplinks connect. Stop, one class after the other:
 * sources, then receivers, last the owner of an uplink's will; an instance that
 * does not stop within its deadline is named and left behind. Uplinks send what
 * they have and disconnect.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/daemon/daemon.h"
#include "core/daemon/look.h"
#include "core/daemon/run.h"

#define SAFE_MODULE  "metrics"

/* In which they stop. */
enum {
	CLASS_SOURCE,
	CLASS_RECEIVER,
	CLASS_WILL,             /* its word ends the session */
	CLASS_COUNT
};

static bool supervisor_owns_will(struct daemon *daemon, const char *name)
{
	for (size_t i = 0; i < uplinks_count(daemon->uplinks); i++) {
		struct uplink_status status;

		uplink_status(uplinks_at(daemon->uplinks, i), &status);
		if (status.will_owner != NULL && strcmp(status.will_owner, name) == 0) {
			return true;
		}
	}
	return false;
}

static unsigned supervisor_class(struct daemon *daemon, const struct ew_instance *inst)
{
	const struct ew_module *module = &instance_module(inst)->what;

	if (supervisor_owns_will(daemon, instance_name(inst))) {
		return CLASS_WILL;
	}
	return module->batch != NULL || module->event != NULL ? CLASS_RECEIVER : CLASS_SOURCE;
}

const char *member_off_text(enum member_off off)
{
	switch (off) {
	case MEMBER_ON:
		return "";
	case MEMBER_DISABLED:
		return "disabled";
	case MEMBER_KEPT_OFF:
		return "kept off: it crashed the daemon too often";
	case MEMBER_UNSAFE:
		return "not started by --safe";
	}
	return "";
}

bool member_is_settled(const struct member *member)
{
	if (member->inst == NULL) {
		return true;
	}
	switch (instance_state(member->inst)) {
	case INSTANCE_NEW:
	case INSTANCE_RUNNING:
	case INSTANCE_CLOSED:
	case INSTANCE_FAILED:
	case INSTANCE_LOST:
		return true;
	case INSTANCE_OPENING:
	case INSTANCE_OPEN:
	case INSTANCE_STARTING:
	case INSTANCE_RELOADING:
	case INSTANCE_STOPPING:
	case INSTANCE_LEAVING:
	case INSTANCE_STATE_COUNT:
		break;
	}
	return false;
}

bool member_is_down(const struct member *member)
{
	if (member->inst == NULL) {
		return member->off == MEMBER_KEPT_OFF;
	}
	return instance_state(member->inst) != INSTANCE_RUNNING ||
	       instance_health(member->inst).health == EW_DOWN;
}

struct member *supervisor_find(struct daemon *daemon, const char *name)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (strcmp(member->name, name) == 0) {
			return member;
		}
	}
	return NULL;
}

static enum member_off supervisor_judge(struct daemon *daemon,
					const struct config_instance *instance)
{
	char who[128];

	if (!instance->is_enabled) {
		return MEMBER_DISABLED;
	}
	if (daemon->options->safe && strcmp(instance->module, SAFE_MODULE) != 0) {
		return MEMBER_UNSAFE;
	}
	(void)snprintf(who, sizeof(who), "%s/%s", instance->module, instance->name);
	if (crashes_keep_off(daemon->crashes, who)) {
		log_msg(LOG_LEVEL_ERROR, who, "kept off: it crashed the daemon %llu times; "
			"change its configuration and reload, or start the daemon again later",
			(unsigned long long)crashes_count(daemon->crashes, who));
		return MEMBER_KEPT_OFF;
	}
	return MEMBER_ON;
}

struct member *member_new(struct daemon *daemon, const struct config_instance *instance)
{
	struct member *member = calloc(1, sizeof(*member));

	if (member == NULL) {
		return NULL;
	}
	list_init(&member->node);
	member->name = strdup(instance->name);
	member->module = strdup(instance->module);
	if (member->name == NULL || member->module == NULL) {
		member_free(&member);
		return NULL;
	}
	member->on_failure = instance->on_failure;
	member->off = supervisor_judge(daemon, instance);
	list_push(&daemon->members, &member->node);
	return member;
}

void member_free(struct member **member_at)
{
	struct member *member = *member_at;

	if (member == NULL) {
		return;
	}
	*member_at = NULL;
	list_remove(&member->node);
	if (member->has_next) {
		settings_give_back(&member->next);
	}
	instance_free(&member->inst);
	free(member->name);
	free(member->module);
	free(member);
}

int member_run(struct daemon *daemon, struct member *member,
	       const struct config_instance *instance, const struct instance_settings *settings)
{
	struct instance_config config = {
		.name = instance->name,
		.loop = instance->loop,
		.uplink = instance->uplink,
		.deadline = instance->has_stop_timeout ? instance->stop_timeout
						       : daemon->config->limits.stop_timeout,
		.limits = {
			.devices = (uint32_t)instance->max_devices,
			.tags = (uint32_t)instance->max_tags,
		},
		.log_level = instance->has_log ? (enum ew_log_level)instance->log : EW_LOG_DEBUG,
	};
	const struct module *module;
	struct ew_error err;
	int error;

	error_clear(&err);
	error = loader_find(daemon->loader, instance->module, &module, &err);
	if (error != 0) {
		struct instance_settings taken = *settings;

		settings_give_back(&taken);
		log_msg(LOG_LEVEL_ERROR, instance->name, "%s", err.text);
		return error;
	}
	member->is_told = false;
	member->files = settings->files;
	member->hang_told = 0;
	error = instance_new(daemon->fleet, module, &config, settings, &member->inst);
	if (error == 0) {
		error = instance_run(member->inst);
	}
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, instance->name, "cannot be made: %s", strerror(-error));
	}
	return error;
}

int supervisor_begin(struct daemon *daemon, struct diag *diag)
{
	const struct config *config = daemon->config;
	const struct settings_source source = { daemon->loader, config, 0 };
	struct member *member;
	int error = 0, first = 0;

	for (size_t i = 0; i < config->instance_count; i++) {
		member = member_new(daemon, &config->instances[i]);
		if (member == NULL) {
			return -ENOMEM;
		}
		if (member->off != MEMBER_ON) {
			continue;
		}
		error = settings_bind(&source, &config->instances[i], diag, &member->next);
		member->has_next = error == 0;
		first = first != 0 ? first : error;
	}
	error = look_at_routes(daemon->loader, config, diag);
	first = first != 0 ? first : error;
	if (first != 0) {
		return first; /* all errors are known, and nothing runs yet */
	}
	for (size_t i = 0; i < config->instance_count; i++) {
		member = supervisor_find(daemon, config->instances[i].name);
		if (member->has_next) {
			member->has_next = false;
			error = member_run(daemon, member, &config->instances[i], &member->next);
			if (error != 0 && member->on_failure == CONFIG_STOP) {
				return error;
			}
		}
	}
	return 0;
}

static bool supervisor_is_settled(struct daemon *daemon)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		if (!member_is_settled(list_entry(node, struct member, node))) {
			return false;
		}
	}
	return true;
}

/* The fleet has told of it; one that must not fail ends the daemon. */
static void supervisor_look_for_failures(struct daemon *daemon)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (member->inst == NULL || member->is_told ||
		    (instance_state(member->inst) != INSTANCE_FAILED &&
		     instance_state(member->inst) != INSTANCE_LOST)) {
			continue;
		}
		member->is_told = true;
		if (member->on_failure == CONFIG_STOP) {
			daemon_stop(daemon, DAEMON_EXIT_FAILED, "an instance failed that must not");
		}
	}
}

/*
 * Those of this class that still have to stop, and of the classes before: one that
 * leaves its uplink is no longer what it was by that, and has not ended yet.
 */
static size_t supervisor_stop_class(struct daemon *daemon)
{
	struct list *node;
	size_t left = 0;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (member->inst == NULL ||
		    supervisor_class(daemon, member->inst) > daemon->stop_class) {
			continue;
		}
		if (instance_state(member->inst) == INSTANCE_RUNNING ||
		    !member_is_settled(member)) {
			left++;
		}
		instance_stop(member->inst, false);
	}
	return left;
}

void supervisor_stop(struct daemon *daemon)
{
	daemon->stop_class = CLASS_SOURCE;
	daemon_schedule(daemon);
}

/* The last uplink's thread. */
static void supervisor_on_uplinks_stopped(void *arg)
{
	struct daemon *daemon = arg;

	atomic_store(&daemon->uplinks_stopped, true);
	daemon_schedule(daemon);
}

/* How long the slowest may go on sending. */
static ew_dur supervisor_drain(const struct config *config)
{
	ew_dur drain = 0;

	for (size_t i = 0; i < config->uplink_count; i++) {
		drain = config->uplinks[i].drain > drain ? config->uplinks[i].drain : drain;
	}
	return drain;
}

static void supervisor_step_stopping(struct daemon *daemon)
{
	while (daemon->stop_class < CLASS_COUNT) {
		if (supervisor_stop_class(daemon) > 0) {
			return;
		}
		daemon->stop_class++;
	}
	if (!daemon->uplinks_told) {
		daemon->uplinks_told = true;
		uplinks_stop(daemon->uplinks, supervisor_drain(daemon->config),
			     supervisor_on_uplinks_stopped, daemon);
	}
	if (atomic_load(&daemon->uplinks_stopped)) {
		daemon->phase = DAEMON_STOPPED;
	}
}

/* Instances have joined their uplinks by now, the will's owner among them. */
static void supervisor_ready(struct daemon *daemon)
{
	char text[160];
	int error;

	daemon->phase = DAEMON_RUNNING;
	storage_ready(daemon);
	error = uplinks_start(daemon->uplinks);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, "uplink", "cannot be started: %s", strerror(-error));
	}
	http_set_ready(daemon->http, true, "");
	gateway_refresh(daemon->gateway);
	daemon_summary(daemon, text, sizeof(text));
	notify_ready(&daemon->notify, text);
	log_msg(LOG_LEVEL_NOTICE, NULL, "ready after %lld ms: %s",
		(long long)((clock_mono() - daemon->started) / EW_MILLISECOND), text);
}

void supervisor_step(struct daemon *daemon)
{
	if (daemon->phase != DAEMON_STOPPING) {
		supervisor_look_for_failures(daemon);
	}
	switch (daemon->phase) {
	case DAEMON_STARTING:
		if (supervisor_is_settled(daemon)) {
			supervisor_ready(daemon);
		}
		break;
	case DAEMON_RELOADING:
		reload_step(daemon);
		break;
	case DAEMON_STOPPING:
		supervisor_step_stopping(daemon);
		break;
	case DAEMON_RUNNING:
	case DAEMON_STOPPED:
		break;
	}
}

void supervisor_end(struct daemon *daemon)
{
	struct list *node, *after;

	list_for_each_safe (node, after, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		member_free(&member);
	}
}
