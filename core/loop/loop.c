/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop's life, its turn and its sleep.
 *
 * Sleep: the loop says `sleeping`, then looks at the lanes once more; who
 * schedules pushes first, then looks at `sleeping`. Both sides are
 * sequentially consistent, so one of them sees the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/loop/inside.h"

#define STACK_SIZE  (256 * 1024)

_Thread_local struct loop *loop_current;

static int open_fds(struct loop *loop)
{
	/* by edges each wake-up is told once, and costs no read() */
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake_fd < 0) {
		return -errno;
	}
	event.data.ptr = NULL;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0) {
		return -errno;
	}
	return 0;
}

int loop_new(const char *name, struct loop **loop_out)
{
	struct loop *loop = aligned_alloc(64, (sizeof(*loop) + 63) / 64 * 64);
	int error;

	if (loop == NULL) {
		return -ENOMEM;
	}
	memset(loop, 0, sizeof(*loop));
	loop->magic = LOOP_MAGIC;
	memcpy(loop->name, name, strnlen(name, sizeof(loop->name) - 1));
	for (int i = 0; i < LANE_COUNT; i++) {
		lane_init(&loop->lanes[i]);
	}
	heap_init(&loop->timers);
	loop->events = calloc(LOOP_EVENTS_MAX, sizeof(*loop->events));
	loop->epoll_fd = -1;
	loop->wake_fd = -1;
	error = loop->events == NULL ? -ENOMEM : open_fds(loop);
	if (error != 0) {
		loop_free(&loop);
		return error;
	}
	*loop_out = loop;
	return 0;
}

void loop_free(struct loop **loop_at)
{
	struct loop *loop = *loop_at;

	if (loop == NULL) {
		return;
	}
	*loop_at = NULL;
	check_obj(loop, LOOP_MAGIC);
	loop_stop(loop);
	if (loop->epoll_fd >= 0) {
		(void)close(loop->epoll_fd);
	}
	if (loop->wake_fd >= 0) {
		(void)close(loop->wake_fd);
	}
	heap_fini(&loop->timers);
	free(loop->events);
	loop->magic = 0;
	free(loop);
}

/* Each control task that is there now, once: one that asks for more waits. */
bool loop_run_control(struct loop *loop)
{
	struct lane_queue *lane = &loop->lanes[LANE_CONTROL];
	struct task *last;
	struct task *task;

	if (!lane_collect(lane)) {
		return false;
	}
	last = container_of(lane->end, struct task, next);
	do {
		task = lane_take(lane);
		lane_run(loop, task);
	} while (task != last && lane->first != NULL);
	return true;
}

bool loop_has_control(const struct loop *loop)
{
	const struct lane_queue *lane = &loop->lanes[LANE_CONTROL];

	return lane->first != NULL ||
	       atomic_load_explicit(&lane->pushed, memory_order_relaxed) != NULL;
}

static bool run_data(struct loop *loop)
{
	struct lane_queue *lane = &loop->lanes[LANE_DATA];
	struct task *last;
	struct task *task;

	if (!lane_collect(lane)) {
		return false;
	}
	last = container_of(lane->end, struct task, next);
	do {
		task = lane_take(lane);
		lane_run(loop, task);
		loop_run_control(loop);
	} while (task != last && lane->first != NULL);
	return true;
}

static int wait_events(struct loop *loop, int64_t until)
{
	struct timespec span = { 0, 0 };
	struct timespec *timeout = NULL;
	int count;

	if (until != INT64_MAX) {
		int64_t left = until - clock_mono();

		if (left > 0) {
			span.tv_sec = left / 1000000000;
			span.tv_nsec = left % 1000000000;
		}
		timeout = &span;
	}
	count = epoll_pwait2(loop->epoll_fd, loop->events, LOOP_EVENTS_MAX, timeout, NULL);
	return count < 0 ? 0 : count;
}

static bool has_tasks(struct loop *loop)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		if (loop->lanes[i].first != NULL ||
		    atomic_load(&loop->lanes[i].pushed) != NULL) {
			return true;
		}
	}
	return false;
}

/* Wait until something is to do; what came is left for run_events(). */
static int loop_sleep(struct loop *loop)
{
	int count = 0;

	atomic_store(&loop->sleeping, true);
	if (!has_tasks(loop) && !atomic_load(&loop->quit)) {
		atomic_fetch_add_explicit(&loop->sleeps, 1, memory_order_relaxed);
		atomic_store_explicit(&loop->busy_since, 0, memory_order_relaxed);
		count = wait_events(loop, loop_next_timer(loop));
	}
	atomic_store(&loop->sleeping, false);
	return count;
}

static bool loop_turn(struct loop *loop, bool may_sleep)
{
	bool did;
	int count;

	atomic_fetch_add_explicit(&loop->turns, 1, memory_order_relaxed);
	atomic_store_explicit(&loop->busy_since, clock_mono(), memory_order_relaxed);
	did = loop_run_control(loop);
	did |= timers_run(loop);
	did |= run_data(loop);
	if (may_sleep && !has_tasks(loop)) {
		count = loop_sleep(loop);
	} else {
		count = loop->watch_count > 0 || !may_sleep ? wait_events(loop, 0) : 0;
	}
	if (count > 0) {
		watches_run(loop, count);
		did = true;
	}
	return did;
}

bool loop_step(struct loop *loop)
{
	struct loop *outer = loop_current;
	bool did;

	loop_current = loop;
	did = loop_turn(loop, false);
	atomic_store_explicit(&loop->busy_since, 0, memory_order_relaxed);
	loop_current = outer;
	return did;
}

void loop_run(struct loop *loop)
{
	struct loop *outer = loop_current;

	loop_current = loop;
	while (!atomic_load_explicit(&loop->quit, memory_order_acquire)) {
		(void)loop_turn(loop, true);
	}
	atomic_store(&loop->quit, false);
	loop_current = outer;
}

static void *loop_thread(void *arg)
{
	struct loop *loop = arg;

	loop_run(loop);
	return NULL;
}

int loop_start(struct loop *loop)
{
	pthread_attr_t attr;
	int error;

	check(!loop->has_thread);
	error = pthread_attr_init(&attr);
	if (error != 0) {
		return -error;
	}
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	error = pthread_create(&loop->thread, &attr, loop_thread, loop);
	(void)pthread_attr_destroy(&attr);
	if (error != 0) {
		return -error;
	}
	loop->has_thread = true;
	(void)pthread_setname_np(loop->thread, loop->name);
	return 0;
}

void loop_wake(struct loop *loop)
{
	uint64_t one = 1;

	/* the counter is far from its limit: a failure leaves it readable all the same */
	(void)!write(loop->wake_fd, &one, sizeof(one));
	atomic_fetch_add_explicit(&loop->wakes, 1, memory_order_relaxed);
}

void loop_quit(struct loop *loop)
{
	atomic_store(&loop->quit, true);
	loop_wake(loop);
}

void loop_stop(struct loop *loop)
{
	if (!loop->has_thread) {
		return;
	}
	loop_quit(loop);
	(void)pthread_join(loop->thread, NULL);
	loop->has_thread = false;
}

bool loop_is_current(const struct loop *loop)
{
	return loop_current == loop;
}

const char *loop_name(const struct loop *loop)
{
	return loop->name;
}

struct loop_stats loop_stats(const struct loop *loop)
{
	return (struct loop_stats){
		.turns = atomic_load_explicit(&loop->turns, memory_order_relaxed),
		.sleeps = atomic_load_explicit(&loop->sleeps, memory_order_relaxed),
		.wakes = atomic_load_explicit(&loop->wakes, memory_order_relaxed),
	};
}

int64_t loop_busy_since(const struct loop *loop)
{
	return atomic_load_explicit(&loop->busy_since, memory_order_relaxed);
}
