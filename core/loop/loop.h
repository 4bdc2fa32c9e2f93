/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop: one thread that serves tasks, timers and file descriptors.
 *
 * A *task* is something to run soon, in one of two lanes. A turn runs, in
 * this order and coming back to the control lane between any two of the
 * others: control tasks, due timers, ready descriptors, data tasks (each once
 * a turn, round-robin). Scheduling a task costs no system call while the loop
 * is awake. Nothing here knows of instances: what runs is the caller's.
 *
 * A test may step a loop by hand instead of starting its thread.
 */
#ifndef CORE_LOOP_LOOP_H
#define CORE_LOOP_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/heap.h"

struct loop;

enum lane {
	LANE_CONTROL,
	LANE_DATA,
	LANE_COUNT
};

struct task {
	struct loop *loop;
	struct task *next;              /* in a lane; the loop's */
	atomic_bool queued;
	enum lane lane;
	bool (*run)(struct task *task); /* true: there is more, run me next turn */
};

struct loop_timer {
	struct heap_node node;          /* key: monotonic time of the next run */
	struct loop *loop;
	int64_t every;                  /* ns; 0: once */
	void (*run)(struct loop_timer *timer);
};

struct loop_watch {
	struct loop *loop;
	int fd;
	unsigned events;                /* EPOLLIN, EPOLLOUT */
	void (*run)(struct loop_watch *watch, unsigned events);
};

struct loop_stats {
	uint64_t turns;                 /* of the loop */
	uint64_t sleeps;                /* times it waited for something */
	uint64_t wakes;                 /* times another thread had to wake it */
};

/* -errno. name is copied, cut at 15 bytes: it becomes the thread's name. */
int loop_new(const char *name, struct loop **loop_out);

/* Stops first. Tasks and timers must be out of it. Accepts NULL. */
void loop_free(struct loop **loop);

/* Run in a thread of its own. */
int loop_start(struct loop *loop);

/* End the thread after the turn it is in and wait for it. Not from the loop. */
void loop_stop(struct loop *loop);

/* Let loop_run() or the thread end after this turn. Any thread. */
void loop_quit(struct loop *loop);

/* Run on the calling thread until loop_quit(). */
void loop_run(struct loop *loop);

/* A control task waits: who has more to do than one callback lets it go first. Loop's thread. */
bool loop_has_control(const struct loop *loop);

/* One turn without waiting, on the calling thread. True: something ran. */
bool loop_step(struct loop *loop);

/* When the next timer is due, monotonic; INT64_MAX: none. Loop's thread. */
int64_t loop_next_timer(const struct loop *loop);

/* Is the caller the thread that runs this loop? */
bool loop_is_current(const struct loop *loop);

const char *loop_name(const struct loop *loop);

/* Any thread; the numbers may be a moment old. */
struct loop_stats loop_stats(const struct loop *loop);

/* When the turn that runs now began, monotonic; 0: the loop sleeps. Any thread. */
int64_t loop_busy_since(const struct loop *loop);

void task_init(struct task *task, struct loop *loop, enum lane lane,
	       bool (*run)(struct task *task));

/* Run it soon, once, however often this is called before. Any thread. */
void task_schedule(struct task *task);

/* The task will not run again. Loop's thread, and nobody schedules any more. */
void task_fini(struct task *task);

/* -ENOMEM. All of timers and watches: loop's thread, or before it starts. */
int timer_init(struct loop_timer *timer, struct loop *loop,
	       void (*run)(struct loop_timer *timer));
void timer_set(struct loop_timer *timer, int64_t after, int64_t every);
void timer_stop(struct loop_timer *timer);
void timer_fini(struct loop_timer *timer);

/* -errno of epoll_ctl. */
int watch_init(struct loop_watch *watch, struct loop *loop, int fd, unsigned events,
	       void (*run)(struct loop_watch *watch, unsigned events));
int watch_set(struct loop_watch *watch, unsigned events);
void watch_fini(struct loop_watch *watch);

#endif
