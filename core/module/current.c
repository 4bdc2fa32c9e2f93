/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instance runs a callback on this thread, and the refusal of calls that
 * come from elsewhere.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/module/inside.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_STRICT  true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_STRICT  true
#endif
#ifndef BUILT_STRICT
#define BUILT_STRICT  false
#endif

static _Thread_local struct ew_instance *current;
static atomic_bool strict = BUILT_STRICT;
static atomic_uint misuses;

struct ew_instance *instance_current(void)
{
	return current;
}

const struct running_slot *instance_current_slot(void)
{
	return current != NULL ? current->slot : NULL;
}

void instance_enter(struct ew_instance *inst, uint32_t callback)
{
	check(current == NULL);
	current = inst;
	running_begin(inst->slot, callback);
}

void instance_leave(struct ew_instance *inst)
{
	check(current == inst);
	running_end(inst->slot);
	current = NULL;
}

/* The bus's callbacks are few constants: their numbers are looked up once. */
static uint32_t number_of(struct ew_instance *inst, const char *callback)
{
	struct known_callback *known;

	for (unsigned i = 0; i < KNOWN_CALLBACKS; i++) {
		if (inst->known[i].name == callback) {
			return inst->known[i].number;
		}
	}
	known = &inst->known[inst->known_next++ % KNOWN_CALLBACKS];
	known->name = callback;
	known->number = running_name_of(inst->fleet->config.running, callback);
	return known->number;
}

void instance_enter_named(void *arg, const char *callback)
{
	struct ew_instance *inst = arg;

	instance_enter(inst, number_of(inst, callback));
}

void instance_leave_named(void *arg)
{
	instance_leave(arg);
}

/* A module that does it in a loop fills no log: once for each function in a while. */
static bool may_tell(struct ew_instance *inst, uint32_t *held_out)
{
	bool passes;

	if (inst == NULL) {
		*held_out = 0;
		return true;
	}
	(void)pthread_mutex_lock(&inst->lock);
	passes = log_limit_pass(&inst->misuse_limit, held_out);
	(void)pthread_mutex_unlock(&inst->lock);
	return passes;
}

void instance_misuse(struct ew_instance *inst, const char *function, const char *why)
{
	char thread[16] = "?";
	uint32_t held = 0;

	(void)atomic_fetch_add(&misuses, 1);
	if (may_tell(inst, &held)) {
		(void)pthread_getname_np(pthread_self(), thread, sizeof(thread));
		log_msg(LOG_LEVEL_ERROR, inst != NULL ? inst->who : NULL,
			"%s() refused: %s; thread '%s', in a callback of %s (%u more not shown)",
			function, why, thread, current != NULL ? current->who : "no instance",
			held);
	}
	if (atomic_load(&strict)) {
		abort();
	}
}

bool instance_is_one(struct ew_instance *inst, const char *function)
{
	if (inst == NULL) {
		instance_misuse(NULL, function, "the instance is NULL");
		return false;
	}
	check_obj(inst, INSTANCE_MAGIC);
	return true;
}

bool instance_may_free(struct ew_instance *inst, const char *function)
{
	if (!instance_is_one(inst, function)) {
		return false;
	}
	if (current != inst) {
		instance_misuse(inst, function,
				"it may be called in a callback of this instance only");
		return false;
	}
	return true;
}

bool instance_may_call(struct ew_instance *inst, const char *function)
{
	if (!instance_may_free(inst, function)) {
		return false;
	}
	if (inst->is_closing) {
		instance_misuse(inst, function, "close() may call only ew_log() and what frees");
		return false;
	}
	return true;
}

unsigned instance_misuses(void)
{
	return atomic_load(&misuses);
}

void instance_set_strict(bool is_strict)
{
	atomic_store(&strict, is_strict);
}

void instance_attach(struct ew_instance *inst, struct instance_part *part)
{
	list_push(&inst->parts, &part->node);
}

struct instance_part *instance_find_part(const struct ew_instance *inst,
					 void (*close)(struct instance_part *part))
{
	struct list *node;

	list_for_each(node, &inst->parts) {
		struct instance_part *part = list_entry(node, struct instance_part, node);

		if (part->close == close) {
			return part;
		}
	}
	return NULL;
}
