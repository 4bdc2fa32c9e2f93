/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module registers with its instance's loop: timers, watches, posts.
 * They run as callbacks of the instance; what it leaves is freed after close().
 * Arguments were checked by the caller. Instance's loop, but for posts.
 */
#ifndef CORE_MODULE_HANDLE_H
#define CORE_MODULE_HANDLE_H

#include <edgeway/loop.h>

/* Errors as ew_timer_new(). */
int handle_timer_new(struct ew_instance *inst, const char *name, ew_timer_fn fn, void *arg,
		     struct ew_timer **timer_out);
void handle_timer_set(struct ew_timer *timer, ew_dur after, ew_dur every);
void handle_timer_stop(struct ew_timer *timer);
void handle_timer_free(struct ew_timer **timer);

/* Errors as ew_watch_new(). */
int handle_watch_new(struct ew_instance *inst, const char *name, int fd, unsigned events,
		     ew_watch_fn fn, void *arg, struct ew_watch **watch_out);
int handle_watch_set(struct ew_watch *watch, unsigned events);
void handle_watch_free(struct ew_watch **watch);

/* Errors as ew_post(). Any thread. */
int handle_post(struct ew_instance *inst, const char *name, ew_post_fn fn, void *arg);

/* Whose it is; aborts when the handle is damaged. Any thread. */
struct ew_instance *handle_timer_owner(const struct ew_timer *timer);
struct ew_instance *handle_watch_owner(const struct ew_watch *watch);

/* Free all that is left. */
void handle_free_all(struct ew_instance *inst);

#endif
