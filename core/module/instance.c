/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and freeing instances, and what is told of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/module/inside.h"

#define DEADLINE  (10 * EW_SECOND)

static const char *const state_names[] = {
#define STATE_NAME(name, word) word,
	INSTANCE_STATES(STATE_NAME)
#undef STATE_NAME
};

static const char *const call_names[] = {
#define CALL_NAME(name, word) word,
	INSTANCE_CALLS(CALL_NAME)
#undef CALL_NAME
};

const char *instance_state_name(enum instance_state state)
{
	return (unsigned)state < INSTANCE_STATE_COUNT ? state_names[state] : "?";
}

void settings_drop(struct instance_settings *settings)
{
	if (settings->drop != NULL) {
		settings->drop(settings->arg);
	}
	*settings = (struct instance_settings){ .settings = NULL };
}

static bool is_name(const char *name)
{
	size_t size = strnlen(name, INSTANCE_NAME_MAX + 1);

	return size > 0 && size <= INSTANCE_NAME_MAX && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-") == size;
}

static int copy_config(struct ew_instance *inst, const struct instance_config *config)
{
	inst->name = strdup(config->name);
	inst->uplink = strdup(config->uplink != NULL ? config->uplink : "main");
	if (asprintf(&inst->who, "%s/%s", inst->module->what.name, config->name) < 0) {
		inst->who = NULL;
	}
	inst->deadline = config->deadline > 0 ? config->deadline : DEADLINE;
	inst->limits = config->limits;
	inst->budget = config->budget;
	voice_init(&inst->voice, inst->who, config->has_log_level ? config->log_level
								   : EW_LOG_DEBUG);
	return inst->name == NULL || inst->uplink == NULL || inst->who == NULL ? -ENOMEM : 0;
}

static int make_metrics(struct ew_instance *inst)
{
	const struct ew_module *what = &inst->module->what;
	const struct ew_label_pair labels[] = {
		{ "instance", inst->name },
		{ "module", what->name },
	};
	char prefix[sizeof("edgeway_") + MODULE_NAME_MAX];

	if (what->metric_count == 0) {
		return 0;
	}
	(void)snprintf(prefix, sizeof(prefix), "edgeway_%s", what->name);
	return metric_table_new(prefix, what->metrics, what->metric_count, labels,
				array_count(labels), &inst->metrics);
}

static void take_slot(struct ew_instance *inst)
{
	struct running *running = inst->fleet->config.running;

	inst->slot = running_take(running, inst->who);
	if (inst->slot == NULL) {
		inst->slot = &inst->own_slot;
	}
	for (unsigned i = 0; i < CALL_COUNT; i++) {
		inst->call_numbers[i] = running_name_of(running, call_names[i]);
	}
}

static void instance_init(struct ew_instance *inst, struct fleet *fleet,
			  const struct module *module)
{
	inst->magic = INSTANCE_MAGIC;
	inst->fleet = fleet;
	inst->module = module;
	list_init(&inst->node);
	list_init(&inst->changed_node);
	list_init(&inst->timers);
	list_init(&inst->watches);
	list_init(&inst->parts);
	list_init(&inst->journals);
	inst->health.since = clock_utc();
	inst->letters_said = LOG_LIMIT;
	inst->misuse_limit = (struct log_limit){ .burst = 5, .window = 10 * EW_SECOND };
	(void)pthread_mutex_init(&inst->lock, NULL);
	call_init(inst);
}

int instance_new(struct fleet *fleet, const struct module *module,
		 const struct instance_config *config, const struct instance_settings *settings,
		 struct ew_instance **instance_out)
{
	struct ew_instance *inst = calloc(1, sizeof(*inst));
	struct instance_settings copy = *settings;
	int error;

	if (inst == NULL) {
		settings_drop(&copy);
		return -ENOMEM;
	}
	instance_init(inst, fleet, module);
	inst->settings = copy;
	if (!is_name(config->name)) {
		error = -EINVAL;
	} else {
		error = fleet_find(fleet, config->name) != NULL ? -EEXIST : 0;
	}
	if (error == 0) {
		error = copy_config(inst, config);
	}
	if (error == 0) {
		error = timer_init(&inst->watchdog, fleet->config.main, life_on_deadline);
	}
	if (error == 0) {
		error = fleet_take_loop(fleet, config->loop, config->name, &inst->loop);
	}
	if (error == 0) {
		error = make_metrics(inst);
	}
	if (error != 0) {
		instance_free(&inst);
		return error;
	}
	take_slot(inst);
	list_push(&fleet->instances, &inst->node);
	*instance_out = inst;
	return 0;
}

void instance_destroy(struct ew_instance *inst)
{
	fleet_give_loop(&inst->loop);
	if (inst->slot == &inst->own_slot) {
		inst->slot = NULL;
	}
	running_give(inst->fleet->config.running, &inst->slot);
	metric_table_free(&inst->metrics);
	settings_drop(&inst->settings);
	voice_fini(&inst->voice);
	(void)pthread_mutex_destroy(&inst->lock);
	free(inst->state_dir);
	free(inst->uplink);
	free(inst->name);
	free(inst->who);
	inst->magic = 0;
	free(inst);
}

void instance_free(struct ew_instance **instance_at)
{
	struct ew_instance *inst = *instance_at;

	if (inst == NULL) {
		return;
	}
	*instance_at = NULL;
	check_obj(inst, INSTANCE_MAGIC);
	list_remove(&inst->node);
	list_remove(&inst->changed_node);
	timer_fini(&inst->watchdog);
	if (inst->is_adrift) {
		/* a thread may come back to its memory at any time */
		inst->is_forgotten = true;
		return;
	}
	check(inst->state == INSTANCE_NEW || inst->state == INSTANCE_CLOSED ||
	      inst->state == INSTANCE_FAILED);
	instance_destroy(inst);
}

enum instance_state instance_state(const struct ew_instance *inst)
{
	return inst->state;
}

int instance_reload_result(const struct ew_instance *inst)
{
	return inst->reload_result;
}

unsigned instance_restarts(const struct ew_instance *inst)
{
	return inst->restarts;
}

const char *instance_name(const struct ew_instance *inst)
{
	return inst->name;
}

const char *instance_who(const struct ew_instance *inst)
{
	return inst->who;
}

const struct module *instance_module(const struct ew_instance *inst)
{
	return inst->module;
}

const char *instance_uplink(const struct ew_instance *inst)
{
	return inst->uplink;
}

struct fleet *instance_fleet(const struct ew_instance *inst)
{
	return inst->fleet;
}

struct loop *instance_loop(const struct ew_instance *inst)
{
	return inst->loop->loop;
}

struct post_queue *instance_control(struct ew_instance *inst)
{
	return &inst->control;
}

struct endpoint *instance_endpoint(const struct ew_instance *inst)
{
	return inst->endpoint;
}

void *instance_self(const struct ew_instance *inst)
{
	return inst->self;
}

struct metric_table *instance_metrics(const struct ew_instance *inst)
{
	return inst->metrics;
}

const struct ew_device_config *instance_devices(const struct ew_instance *inst, size_t *count_out)
{
	*count_out = inst->device_count;
	return inst->devices;
}

struct voice *instance_voice(struct ew_instance *inst)
{
	return &inst->voice;
}

void instance_override(void *arg, const char *device, struct ew_tag_spec *spec)
{
	struct ew_instance *inst = arg;

	if (inst->override != NULL) {
		inst->override(inst->override_arg, device, spec);
	}
}
