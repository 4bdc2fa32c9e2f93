/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers, watches and posts of an instance. Each knows the number of its name,
 * so that the record of what runs can say `timer poll`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/module/handle.h"
#include "core/module/inside.h"

#define TIMER_MAGIC  0x54494d52u
#define WATCH_MAGIC  0x57544348u

struct ew_timer {
	uint32_t magic;
	uint32_t callback;
	struct list node;               /* of the instance */
	struct ew_instance *inst;
	struct loop_timer timer;
	ew_timer_fn fn;
	void *arg;
};

struct ew_watch {
	uint32_t magic;
	uint32_t callback;
	struct list node;               /* of the instance */
	struct ew_instance *inst;
	struct loop_watch watch;
	ew_watch_fn fn;
	void *arg;
};

struct door_call {
	struct post post;
	struct ew_instance *inst;
	uint32_t callback;
	ew_post_fn fn;
	void *arg;
};

static uint32_t number_of(struct ew_instance *inst, const char *kind, const char *name)
{
	char text[RUNNING_NAME_SIZE];

	(void)snprintf(text, sizeof(text), "%s %s", kind, name);
	return running_name_of(inst->fleet->config.running, text);
}

/* ---- timers ---- */

static void timer_run(struct loop_timer *loop_timer)
{
	struct ew_timer *timer = container_of(loop_timer, struct ew_timer, timer);
	struct ew_instance *inst = timer->inst;

	instance_enter(inst, timer->callback);
	/* fn may free the timer */
	timer->fn(timer->arg);
	instance_leave(inst);
}

int handle_timer_new(struct ew_instance *inst, const char *name, ew_timer_fn fn, void *arg,
		     struct ew_timer **timer_out)
{
	struct ew_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL) {
		return -ENOMEM;
	}
	if (timer_init(&timer->timer, inst->loop->loop, timer_run) != 0) {
		free(timer);
		return -ENOMEM;
	}
	timer->magic = TIMER_MAGIC;
	timer->inst = inst;
	timer->callback = number_of(inst, "timer", name);
	timer->fn = fn;
	timer->arg = arg;
	list_push(&inst->timers, &timer->node);
	*timer_out = timer;
	return 0;
}

void handle_timer_set(struct ew_timer *timer, ew_dur after, ew_dur every)
{
	timer_set(&timer->timer, after, every);
}

void handle_timer_stop(struct ew_timer *timer)
{
	timer_stop(&timer->timer);
}

void handle_timer_free(struct ew_timer **timer_at)
{
	struct ew_timer *timer = *timer_at;

	if (timer == NULL) {
		return;
	}
	*timer_at = NULL;
	timer_fini(&timer->timer);
	list_remove(&timer->node);
	timer->magic = 0;
	free(timer);
}

struct ew_instance *handle_timer_owner(const struct ew_timer *timer)
{
	check_obj(timer, TIMER_MAGIC);
	return timer->inst;
}

/* ---- watches ---- */

static unsigned to_epoll(unsigned events)
{
	return ((events & EW_FD_READ) != 0 ? (unsigned)EPOLLIN : 0) |
	       ((events & EW_FD_WRITE) != 0 ? (unsigned)EPOLLOUT : 0);
}

static unsigned from_epoll(unsigned events)
{
	return ((events & (EPOLLIN | EPOLLRDHUP)) != 0 ? EW_FD_READ : 0) |
	       ((events & EPOLLOUT) != 0 ? EW_FD_WRITE : 0) |
	       ((events & (EPOLLERR | EPOLLHUP)) != 0 ? EW_FD_ERROR : 0);
}

static void watch_run(struct loop_watch *loop_watch, unsigned events)
{
	struct ew_watch *watch = container_of(loop_watch, struct ew_watch, watch);
	struct ew_instance *inst = watch->inst;

	instance_enter(inst, watch->callback);
	/* fn may free the watch */
	watch->fn(watch->arg, watch->watch.fd, from_epoll(events));
	instance_leave(inst);
}

int handle_watch_new(struct ew_instance *inst, const char *name, int fd, unsigned events,
		     ew_watch_fn fn, void *arg, struct ew_watch **watch_out)
{
	struct ew_watch *watch = calloc(1, sizeof(*watch));
	int error;

	if (watch == NULL) {
		return -ENOMEM;
	}
	error = watch_init(&watch->watch, inst->loop->loop, fd, to_epoll(events), watch_run);
	if (error != 0) {
		free(watch);
		return error;
	}
	watch->magic = WATCH_MAGIC;
	watch->inst = inst;
	watch->callback = number_of(inst, "watch", name);
	watch->fn = fn;
	watch->arg = arg;
	list_push(&inst->watches, &watch->node);
	*watch_out = watch;
	return 0;
}

int handle_watch_set(struct ew_watch *watch, unsigned events)
{
	return watch_set(&watch->watch, to_epoll(events));
}

void handle_watch_free(struct ew_watch **watch_at)
{
	struct ew_watch *watch = *watch_at;

	if (watch == NULL) {
		return;
	}
	*watch_at = NULL;
	watch_fini(&watch->watch);
	list_remove(&watch->node);
	watch->magic = 0;
	free(watch);
}

struct ew_instance *handle_watch_owner(const struct ew_watch *watch)
{
	check_obj(watch, WATCH_MAGIC);
	return watch->inst;
}

/* ---- posts ---- */

static void door_run(struct post *post)
{
	struct door_call *call = container_of(post, struct door_call, post);
	struct ew_instance *inst = call->inst;

	instance_enter(inst, call->callback);
	call->fn(inst->self, call->arg);
	instance_leave(inst);
	free(call);
}

/* Only when open() failed after it let a thread post: there is no self to call with. */
static void door_drop(struct post *post)
{
	struct door_call *call = container_of(post, struct door_call, post);

	log_msg(LOG_LEVEL_WARNING, call->inst->who, "a posted call '%s' was dropped",
		running_name(call->inst->fleet->config.running, call->callback));
	free(call);
}

int handle_post(struct ew_instance *inst, const char *name, ew_post_fn fn, void *arg)
{
	struct door_call *call = malloc(sizeof(*call));
	int error;

	if (call == NULL) {
		return -ENOMEM;
	}
	*call = (struct door_call){
		.post = { .run = door_run, .drop = door_drop },
		.inst = inst,
		.callback = number_of(inst, "post", name),
		.fn = fn,
		.arg = arg,
	};
	error = post_push(&inst->door, &call->post);
	if (error != 0) {
		free(call);
	}
	return error;
}

void door_drain(struct ew_instance *inst)
{
	if (inst->is_open) {
		post_queue_run(&inst->door);
	}
}

void handle_free_all(struct ew_instance *inst)
{
	while (!list_is_empty(&inst->timers)) {
		struct ew_timer *timer = list_entry(inst->timers.next, struct ew_timer, node);

		handle_timer_free(&timer);
	}
	while (!list_is_empty(&inst->watches)) {
		struct ew_watch *watch = list_entry(inst->watches.next, struct ew_watch, node);

		handle_watch_free(&watch);
	}
}
