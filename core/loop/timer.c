/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of a loop, in a heap keyed by the monotonic time of their next run.
 */
#include "core/loop/inside.h"

static void run_timer(struct loop *loop, struct loop_timer *timer, int64_t now)
{
	int64_t due = timer->node.key;

	if (timer->every > 0) {
		int64_t missed = (now - due) / timer->every;

		heap_move(&loop->timers, &timer->node, due + (missed + 1) * timer->every);
	} else {
		heap_remove(&loop->timers, &timer->node);
	}
	timer->run(timer);
	loop_wake_due(loop);
}

/*
 * Timers due at the start of the turn. One that is set anew for `now` while
 * it runs queues behind equal keys; the count keeps it to one run a turn.
 */
bool timers_run(struct loop *loop)
{
	struct heap_node *node = heap_first(&loop->timers);
	size_t todo = loop->timers.count;
	int64_t now;

	if (node == NULL) {
		return false;
	}
	now = clock_mono();
	if (node->key > now) {
		return false;
	}
	while (todo-- > 0 && (node = heap_first(&loop->timers)) != NULL && node->key <= now) {
		run_timer(loop, container_of(node, struct loop_timer, node), now);
		loop_run_control(loop);
	}
	return true;
}

int64_t loop_next_timer(const struct loop *loop)
{
	const struct heap_node *node = heap_first(&loop->timers);

	return node == NULL ? INT64_MAX : node->key;
}

int timer_init(struct loop_timer *timer, struct loop *loop,
	       void (*run)(struct loop_timer *timer))
{
	int error = heap_reserve(&loop->timers, loop->timer_count + 1);

	if (error != 0) {
		return error;
	}
	loop->timer_count++;
	*timer = (struct loop_timer){ .loop = loop, .run = run };
	return 0;
}

void timer_set(struct loop_timer *timer, int64_t after, int64_t every)
{
	struct heap *timers = &timer->loop->timers;
	int64_t now = clock_mono();
	int64_t due;

	after = after < 0 ? 0 : after;
	due = after > INT64_MAX - now ? INT64_MAX : now + after;
	timer->every = every < 0 ? 0 : every;
	if (heap_holds(&timer->node)) {
		heap_move(timers, &timer->node, due);
	} else {
		/* room was reserved by timer_init() */
		check(heap_push(timers, &timer->node, due) == 0);
	}
}

void timer_stop(struct loop_timer *timer)
{
	heap_remove(&timer->loop->timers, &timer->node);
}

void timer_fini(struct loop_timer *timer)
{
	if (timer->loop == NULL) {
		return;
	}
	timer_stop(timer);
	timer->loop->timer_count--;
	timer->loop = NULL;
}
