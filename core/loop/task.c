/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks and their lanes. A lane is a lock-free stack that any thread pushes
 * to; the loop takes it whole and turns it round. A task's `queued` is cleared
 * before it runs, so a schedule that comes while it runs queues it again:
 * none is lost.
 */
#include "core/loop/inside.h"

void lane_init(struct lane_queue *lane)
{
	atomic_init(&lane->pushed, NULL);
	lane->first = NULL;
	lane->end = &lane->first;
}

/* Take what others pushed and put it behind what is there. */
bool lane_collect(struct lane_queue *lane)
{
	struct task *taken;
	struct task *turned = NULL;
	struct task *last;

	if (atomic_load_explicit(&lane->pushed, memory_order_relaxed) == NULL) {
		return lane->first != NULL;
	}
	taken = atomic_exchange_explicit(&lane->pushed, NULL, memory_order_acquire);
	last = taken;
	while (taken != NULL) {
		struct task *next = taken->next;

		taken->next = turned;
		turned = taken;
		taken = next;
	}
	if (turned != NULL) {
		*lane->end = turned;
		lane->end = &last->next;
	}
	return lane->first != NULL;
}

struct task *lane_take(struct lane_queue *lane)
{
	struct task *task = lane->first;

	lane->first = task->next;
	if (lane->first == NULL) {
		lane->end = &lane->first;
	}
	return task;
}

static void lane_put(struct lane_queue *lane, struct task *task)
{
	task->next = NULL;
	*lane->end = task;
	lane->end = &task->next;
}

static void wake(struct loop *loop)
{
	if (atomic_load(&loop->sleeping) && atomic_exchange(&loop->sleeping, false)) {
		loop_wake(loop);
	}
}

#define ALL_DUE  INT64_MAX      /* in place of the time */

/* Wake whom there is something for, but for those who were woken a moment ago. */
static void wake_due(struct loop *loop, int64_t now)
{
	loop->has_due = false;
	for (size_t i = 0; i < LOOP_PEERS; i++) {
		struct loop_peer *peer = &loop->peers[i];

		if (!peer->is_due) {
			continue;
		}
		if (now - peer->woken < LOOP_WAKES_APART) {
			loop->has_due = true;
			continue;
		}
		peer->is_due = false;
		peer->woken = now == ALL_DUE ? peer->woken : now;
		wake(peer->loop);
	}
}

void loop_wake_due(struct loop *loop)
{
	if (loop->has_due) {
		wake_due(loop, ALL_DUE);
	}
}

void lane_run(struct loop *loop, struct task *task)
{
	struct lane_queue *lane = &loop->lanes[task->lane];
	bool has_more;

	/* release: what the runner did before is seen by who queues it next */
	atomic_exchange_explicit(&task->queued, false, memory_order_acq_rel);
	has_more = task->run(task);
	if (has_more && !atomic_exchange_explicit(&task->queued, true, memory_order_acq_rel)) {
		lane_put(lane, task);
	}
	if (loop->has_due) {
		/* in the middle of a stream: nothing but the next callback of it is to come */
		wake_due(loop, has_more && lane->first == task ? clock_mono() : ALL_DUE);
	}
}

static struct loop_peer *peer_of(struct loop *here, const struct loop *loop)
{
	for (size_t i = 0; i < LOOP_PEERS; i++) {
		if (here->peers[i].loop == loop) {
			return &here->peers[i];
		}
	}
	return NULL;
}

/* There is data for a loop that sleeps: wake it now, or when this callback has returned. */
static void wake_for_data(struct loop *loop)
{
	struct loop *here = loop_current;
	struct loop_peer *peer;
	int64_t now;

	if (here == NULL) {
		wake(loop);
		return;
	}
	now = clock_mono();
	peer = peer_of(here, loop);
	if (peer != NULL && now - peer->woken < LOOP_WAKES_APART) {
		peer->is_due = true;
		here->has_due = true;
		return;
	}
	if (peer == NULL && !here->peers[here->next_peer].is_due) {
		peer = &here->peers[here->next_peer];
		here->next_peer = (here->next_peer + 1) % LOOP_PEERS;
		peer->loop = loop;
	}
	if (peer != NULL) {
		peer->woken = now;
	}
	wake(loop);
}

void task_init(struct task *task, struct loop *loop, enum lane lane,
	       bool (*run)(struct task *task))
{
	task->loop = loop;
	task->next = NULL;
	task->lane = lane;
	task->run = run;
	atomic_init(&task->queued, false);
}

void task_schedule(struct task *task)
{
	struct loop *loop = task->loop;
	struct lane_queue *lane = &loop->lanes[task->lane];
	struct task *head;

	if (atomic_exchange_explicit(&task->queued, true, memory_order_acq_rel)) {
		return;
	}
	if (loop_current == loop) {
		lane_put(lane, task);
		return;
	}
	head = atomic_load_explicit(&lane->pushed, memory_order_relaxed);
	do {
		task->next = head;
	} while (!atomic_compare_exchange_weak(&lane->pushed, &head, task));
	if (task->lane == LANE_DATA && atomic_load(&loop->sleeping)) {
		wake_for_data(loop);
	} else {
		wake(loop);
	}
}

static void lane_remove(struct lane_queue *lane, const struct task *task)
{
	struct task **at = &lane->first;

	(void)lane_collect(lane);
	while (*at != NULL && *at != task) {
		at = &(*at)->next;
	}
	if (*at == NULL) {
		return;
	}
	*at = task->next;
	if (*at == NULL) {
		lane->end = at;
	}
}

void task_fini(struct task *task)
{
	if (task->loop != NULL && atomic_load(&task->queued)) {
		lane_remove(&task->loop->lanes[task->lane], task);
	}
	task->loop = NULL;
}
