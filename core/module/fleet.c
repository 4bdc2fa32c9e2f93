/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What instances share, and the loops they run on.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/module/inside.h"

#define REPORTS_LIMIT  65536

/* Tell of instances that changed, from a stack of its own. */
static bool tell_changed(struct task *task)
{
	struct fleet *fleet = container_of(task, struct fleet, changed_task);
	struct list *node = list_pop(&fleet->changed);

	if (node != NULL && fleet->config.changed != NULL) {
		fleet->config.changed(fleet->config.arg,
				      list_entry(node, struct ew_instance, changed_node));
	}
	return !list_is_empty(&fleet->changed);
}

void fleet_changed(struct ew_instance *inst)
{
	if (list_is_empty(&inst->changed_node) && !inst->is_forgotten) {
		list_push(&inst->fleet->changed, &inst->changed_node);
		task_schedule(&inst->fleet->changed_task);
	}
}

static int copy_text(struct fleet *fleet, size_t place, const char **text)
{
	fleet->texts[place] = strdup(*text != NULL ? *text : "");
	*text = fleet->texts[place];
	return *text == NULL ? -ENOMEM : 0;
}

static int copy_texts(struct fleet *fleet)
{
	struct ew_gateway *gateway = &fleet->config.gateway;

	if (fleet->config.state_dir != NULL) {
		fleet->state_dir = strdup(fleet->config.state_dir);
		if (fleet->state_dir == NULL) {
			return -ENOMEM;
		}
		fleet->config.state_dir = fleet->state_dir;
	}
	if (copy_text(fleet, 0, &gateway->group) != 0 || copy_text(fleet, 1, &gateway->name) != 0) {
		return -ENOMEM;
	}
	return copy_text(fleet, 2, &gateway->version);
}

int fleet_new(const struct fleet_config *config, struct fleet **fleet_out)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));
	int error;

	if (fleet == NULL) {
		return -ENOMEM;
	}
	fleet->config = *config;
	list_init(&fleet->instances);
	list_init(&fleet->loops);
	list_init(&fleet->changed);
	task_init(&fleet->changed_task, config->main, LANE_DATA, tell_changed);
	post_queue_init(&fleet->reports, config->main, REPORTS_LIMIT);
	error = copy_texts(fleet);
	if (error == 0 && config->running == NULL) {
		error = running_open(NULL, &fleet->own_running);
		fleet->config.running = fleet->own_running;
	}
	if (error != 0) {
		fleet_free(&fleet);
		return error;
	}
	*fleet_out = fleet;
	return 0;
}

void fleet_free(struct fleet **fleet_at)
{
	struct fleet *fleet = *fleet_at;

	if (fleet == NULL) {
		return;
	}
	*fleet_at = NULL;
	check(list_is_empty(&fleet->instances));
	post_queue_fini(&fleet->reports);
	task_fini(&fleet->changed_task);
	/* what a lost instance may still use stays */
	if (!list_is_empty(&fleet->loops)) {
		return;
	}
	for (size_t i = 0; i < array_count(fleet->texts); i++) {
		free(fleet->texts[i]);
	}
	free(fleet->state_dir);
	running_close(&fleet->own_running);
	free(fleet);
}

struct ew_instance *fleet_find(struct fleet *fleet, const char *name)
{
	struct list *node;

	list_for_each(node, &fleet->instances) {
		struct ew_instance *inst = list_entry(node, struct ew_instance, node);

		if (strcmp(inst->name, name) == 0) {
			return inst;
		}
	}
	return NULL;
}

int fleet_walk(struct fleet *fleet, int (*fn)(void *arg, struct ew_instance *inst), void *arg)
{
	struct list *node, *after;
	int result = 0;

	list_for_each_safe(node, after, &fleet->instances) {
		result = fn(arg, list_entry(node, struct ew_instance, node));
		if (result != 0) {
			break;
		}
	}
	return result;
}

int fleet_loops_walk(struct fleet *fleet, int (*fn)(void *arg, struct loop *loop), void *arg)
{
	struct list *node, *after;
	int result = 0;

	list_for_each_safe(node, after, &fleet->loops) {
		result = fn(arg, list_entry(node, struct fleet_loop, node)->loop);
		if (result != 0) {
			break;
		}
	}
	return result;
}

static struct fleet_loop *find_loop(struct fleet *fleet, const char *shared)
{
	struct list *node;

	list_for_each(node, &fleet->loops) {
		struct fleet_loop *loop = list_entry(node, struct fleet_loop, node);

		if (loop->name != NULL && !loop->is_lost && strcmp(loop->name, shared) == 0) {
			return loop;
		}
	}
	return NULL;
}

static int make_loop(struct fleet *fleet, const char *shared, const char *name,
		     struct fleet_loop *loop)
{
	int error;

	list_init(&loop->node);
	if (shared != NULL) {
		loop->name = strdup(shared);
		if (loop->name == NULL) {
			return -ENOMEM;
		}
	}
	error = loop_new(shared != NULL ? shared : name, &loop->loop);
	if (error != 0) {
		return error;
	}
	post_queue_init(&loop->posts, loop->loop, UINT_MAX);
	return fleet->config.stepped ? 0 : loop_start(loop->loop);
}

int fleet_take_loop(struct fleet *fleet, const char *shared, const char *name,
		    struct fleet_loop **loop_out)
{
	struct fleet_loop *loop = shared == NULL ? NULL : find_loop(fleet, shared);
	int error;

	if (loop == NULL) {
		loop = calloc(1, sizeof(*loop));
		if (loop == NULL) {
			return -ENOMEM;
		}
		error = make_loop(fleet, shared, name, loop);
		if (error != 0) {
			loop->users = 1;
			fleet_give_loop(&loop);
			return error;
		}
		list_push(&fleet->loops, &loop->node);
	}
	loop->users++;
	*loop_out = loop;
	return 0;
}

void fleet_give_loop(struct fleet_loop **loop_at)
{
	struct fleet_loop *loop = *loop_at;

	if (loop == NULL) {
		return;
	}
	*loop_at = NULL;
	loop->users--;
	if (loop->users > 0 || loop->is_lost) {
		return;
	}
	list_remove(&loop->node);
	if (loop->loop != NULL) {
		loop_stop(loop->loop);
		post_queue_fini(&loop->posts);
	}
	loop_free(&loop->loop);
	free(loop->name);
	free(loop);
}

bool fleet_has_loops(const struct fleet *fleet)
{
	return !list_is_empty(&fleet->loops);
}

bool fleet_is_adrift(const struct fleet *fleet)
{
	return fleet->adrift > 0;
}

struct bus *fleet_bus(const struct fleet *fleet)
{
	return fleet->config.bus;
}

struct http *fleet_http(const struct fleet *fleet)
{
	return fleet->config.http;
}

struct uplinks *fleet_uplinks(const struct fleet *fleet)
{
	return fleet->config.uplinks;
}

void fleet_set_uplinks(struct fleet *fleet, struct uplinks *uplinks)
{
	fleet->config.uplinks = uplinks;
}

struct running *fleet_running(const struct fleet *fleet)
{
	return fleet->config.running;
}

const struct ew_gateway *fleet_gateway(const struct fleet *fleet)
{
	return &fleet->config.gateway;
}

const char *fleet_state_dir(const struct fleet *fleet)
{
	return fleet->state_dir;
}
