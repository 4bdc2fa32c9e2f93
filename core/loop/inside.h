/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a loop, shared by the files of this folder and nobody else.
 */
#ifndef CORE_LOOP_INSIDE_H
#define CORE_LOOP_INSIDE_H

#include <pthread.h>
#include <sys/epoll.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/loop/loop.h"

#define LOOP_MAGIC  0x4c4f4f50u
#define LOOP_EVENTS_MAX  64

struct lane_queue {
	_Atomic(struct task *) pushed;  /* newest first; any thread */
	struct task *first;             /* oldest first; the loop's */
	struct task **end;
};

/*
 * A loop that this one wakes. To wake it costs a system call, so a stream of
 * data wakes it once and then, within LOOP_WAKES_APART, not before the callback
 * that sends has returned; nor then, while the same task goes on sending.
 */
#define LOOP_PEERS        8
#define LOOP_WAKES_APART  100000         /* ns */

struct loop_peer {
	struct loop *loop;              /* only compared, unless is_due */
	int64_t woken;                  /* monotonic */
	bool is_due;
};

struct loop {
	uint32_t magic;
	char name[16];
	struct lane_queue lanes[LANE_COUNT];
	_Alignas(64) atomic_bool sleeping;
	atomic_bool quit;
	_Alignas(64) _Atomic int64_t busy_since;
	_Atomic uint64_t turns, sleeps, wakes;
	struct heap timers;
	size_t timer_count;
	struct loop_peer peers[LOOP_PEERS];
	unsigned next_peer;             /* whose place the next new one takes */
	bool has_due;                   /* of the peers */
	size_t watch_count;
	struct epoll_event *events;     /* of this turn; .events 0: its watch has ended */
	int event_count;
	int epoll_fd;
	int wake_fd;
	bool has_thread;
	pthread_t thread;
};

/* The loop whose turn this thread is in; NULL: none. */
extern _Thread_local struct loop *loop_current;

void lane_init(struct lane_queue *queue);

/* Take what was pushed behind what is there. True: something is there. */
bool lane_collect(struct lane_queue *queue);

/* The oldest; the lane is not empty. */
struct task *lane_take(struct lane_queue *queue);

/* Wake whom the callback that has returned had something for. */
void loop_wake_due(struct loop *loop);

/* Run a task that was taken, and queue it again when it says so. */
void lane_run(struct loop *loop, struct task *task);

/* Each control task that is there now, once. True: there was one. */
bool loop_run_control(struct loop *loop);

/* The timers that are due. True: there was one. */
bool timers_run(struct loop *loop);

/* The first `count` entries of loop->events. */
void watches_run(struct loop *loop, int count);

/* End the sleep of a loop whose `sleeping` the caller has taken. */
void loop_wake(struct loop *loop);

#endif
