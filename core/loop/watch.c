/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors of a loop, level-triggered. A watch may be ended while
 * events of the same turn are open: its entry is then passed over.
 */
#include <errno.h>

#include "core/loop/inside.h"

void watches_run(struct loop *loop, int count)
{
	loop->event_count = count;
	for (int i = 0; i < loop->event_count; i++) {
		struct loop_watch *watch = loop->events[i].data.ptr;

		/* NULL: loop_wake(), which has done its work */
		if (watch != NULL && loop->events[i].events != 0) {
			watch->run(watch, loop->events[i].events);
			loop_wake_due(loop);
			loop_run_control(loop);
		}
	}
	loop->event_count = 0;
}

int watch_init(struct loop_watch *watch, struct loop *loop, int fd, unsigned events,
	       void (*run)(struct loop_watch *watch, unsigned events))
{
	struct epoll_event event = { .events = events, .data = { .ptr = watch } };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		return -errno;
	}
	*watch = (struct loop_watch){ .loop = loop, .fd = fd, .events = events, .run = run };
	loop->watch_count++;
	return 0;
}

int watch_set(struct loop_watch *watch, unsigned events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = watch } };

	if (watch->events == events) {
		return 0;
	}
	if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0) {
		return -errno;
	}
	watch->events = events;
	return 0;
}

void watch_fini(struct loop_watch *watch)
{
	struct loop *loop = watch->loop;

	if (loop == NULL) {
		return;
	}
	/* the owner may have closed fd too early; there is nothing to undo then */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch) {
			loop->events[i].events = 0;
		}
	}
	loop->watch_count--;
	watch->loop = NULL;
}
