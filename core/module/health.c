/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an instance says it is, why it failed, and what it runs now. Guarded by
 * the instance's lock: any thread asks.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/module/inside.h"

static const char *const health_names[] = {
	[EW_UP] = "up",
	[EW_DEGRADED] = "degraded",
	[EW_DOWN] = "down",
};

struct instance_health instance_health(struct ew_instance *inst)
{
	struct instance_health health;

	(void)pthread_mutex_lock(&inst->lock);
	health = inst->health;
	(void)pthread_mutex_unlock(&inst->lock);
	return health;
}

/* True: it is another than before. */
static bool set_health(struct ew_instance *inst, enum ew_health health, const char *text)
{
	bool changed;

	(void)pthread_mutex_lock(&inst->lock);
	changed = inst->health.health != health ||
		  strncmp(inst->health.text, text, sizeof(inst->health.text) - 1) != 0;
	if (changed) {
		inst->health.health = health;
		inst->health.since = clock_utc();
		(void)snprintf(inst->health.text, sizeof(inst->health.text), "%s", text);
	}
	(void)pthread_mutex_unlock(&inst->lock);
	return changed;
}

void instance_say_health(struct ew_instance *inst, enum ew_health health, const char *text)
{
	if (!set_health(inst, health, text != NULL ? text : "")) {
		return;
	}
	log_msg(health == EW_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING, inst->who, "%s%s%s",
		health_names[health], text != NULL && text[0] != '\0' ? ": " : "",
		text != NULL ? text : "");
	call_tell_health(inst);
}

void instance_say_stopped(struct ew_instance *inst)
{
	if (!inst->is_stopping) {
		log_msg(LOG_LEVEL_WARNING, inst->who,
			"ew_stopped() without a stop() under way: ignored");
		return;
	}
	call_tell_stopped(inst);
}

void instance_set_failure(struct ew_instance *inst, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)pthread_mutex_lock(&inst->lock);
	(void)vsnprintf(inst->failure, sizeof(inst->failure), format, args);
	(void)pthread_mutex_unlock(&inst->lock);
	va_end(args);
}

void instance_failure(struct ew_instance *inst, char *out, size_t size)
{
	(void)pthread_mutex_lock(&inst->lock);
	(void)snprintf(out, size, "%s", inst->failure);
	(void)pthread_mutex_unlock(&inst->lock);
}

ew_dur instance_running(const struct ew_instance *inst, char *out, size_t size)
{
	uint32_t callback = atomic_load_explicit(&inst->slot->callback, memory_order_relaxed);

	(void)snprintf(out, size, "%s", running_name(inst->fleet->config.running, callback));
	return atomic_load_explicit(&inst->slot->since, memory_order_relaxed);
}

static int make_directory(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

const char *instance_state_dir(struct ew_instance *inst)
{
	const char *base = inst->fleet->state_dir;
	char *path;
	int error;

	if (inst->state_dir != NULL || base == NULL) {
		return inst->state_dir;
	}
	if (asprintf(&path, "%s/instances", base) < 0) {
		return NULL;
	}
	error = make_directory(path);
	free(path);
	if (asprintf(&path, "%s/instances/%s", base, inst->name) < 0) {
		return NULL;
	}
	if (error == 0) {
		error = make_directory(path);
	}
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, inst->who, "cannot make directory %s: %s", path,
			strerror(-error));
		free(path);
		return NULL;
	}
	inst->state_dir = path;
	return path;
}
