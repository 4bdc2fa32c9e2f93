/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/loop.h>: time, timers, file descriptors, posts.
 */
#include <errno.h>

#include "core/base/clock.h"
#include "core/module/handle.h"
#include "core/module/instance.h"

ew_dur ew_now(void)
{
	return clock_mono();
}

ew_time ew_wall(void)
{
	return clock_utc();
}

static bool is_named(const char *name)
{
	return name != NULL && name[0] != '\0';
}

int ew_timer_new(struct ew_instance *inst, const char *name, ew_timer_fn fn, void *arg,
		 struct ew_timer **timer_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (!is_named(name) || fn == NULL || timer_out == NULL) {
		return -EINVAL;
	}
	return handle_timer_new(inst, name, fn, arg, timer_out);
}

void ew_timer_set(struct ew_timer *timer, ew_dur after, ew_dur every)
{
	if (instance_may_call(handle_timer_owner(timer), __func__)) {
		handle_timer_set(timer, after, every);
	}
}

void ew_timer_stop(struct ew_timer *timer)
{
	if (instance_may_free(handle_timer_owner(timer), __func__)) {
		handle_timer_stop(timer);
	}
}

void ew_timer_free(struct ew_timer **timer)
{
	if (timer != NULL && *timer != NULL &&
	    instance_may_free(handle_timer_owner(*timer), __func__)) {
		handle_timer_free(timer);
	}
}

int ew_watch_new(struct ew_instance *inst, const char *name, int fd, unsigned events,
		 ew_watch_fn fn, void *arg, struct ew_watch **watch_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (!is_named(name) || fd < 0 || fn == NULL || watch_out == NULL ||
	    (events & ~(EW_FD_READ | EW_FD_WRITE | EW_FD_ERROR)) != 0) {
		return -EINVAL;
	}
	return handle_watch_new(inst, name, fd, events, fn, arg, watch_out);
}

int ew_watch_set(struct ew_watch *watch, unsigned events)
{
	if (!instance_may_call(handle_watch_owner(watch), __func__)) {
		return -EPERM;
	}
	return handle_watch_set(watch, events);
}

void ew_watch_free(struct ew_watch **watch)
{
	if (watch != NULL && *watch != NULL &&
	    instance_may_free(handle_watch_owner(*watch), __func__)) {
		handle_watch_free(watch);
	}
}

int ew_post(struct ew_instance *inst, const char *name, ew_post_fn fn, void *arg)
{
	if (!instance_is_one(inst, __func__)) {
		return -EPERM;
	}
	if (!is_named(name) || fn == NULL) {
		return -EINVAL;
	}
	return handle_post(inst, name, fn, arg);
}
