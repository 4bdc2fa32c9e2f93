/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls for a loop: a lock-free stack that posters push to and the loop takes
 * whole and turns round. Closing and pushing may race; a post that slipped in
 * after the close is run or dropped like any other.
 */
#include <errno.h>
#include <stddef.h>

#include "core/base/check.h"
#include "core/loop/post.h"

static bool post_run_all(struct task *task);

void post_queue_init(struct post_queue *queue, struct loop *loop, unsigned limit)
{
	*queue = (struct post_queue){ .limit = limit };
	task_init(&queue->task, loop, LANE_CONTROL, post_run_all);
	atomic_init(&queue->head, NULL);
	atomic_init(&queue->count, 0);
	atomic_init(&queue->closed, false);
}

static void push(struct post_queue *queue, struct post *post)
{
	struct post *head = atomic_load_explicit(&queue->head, memory_order_relaxed);

	atomic_fetch_add_explicit(&queue->count, 1, memory_order_relaxed);
	do {
		post->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&queue->head, &head, post,
							memory_order_release,
							memory_order_relaxed));
	task_schedule(&queue->task);
}

int post_push(struct post_queue *queue, struct post *post)
{
	if (atomic_load_explicit(&queue->closed, memory_order_acquire)) {
		return -ESHUTDOWN;
	}
	if (atomic_load_explicit(&queue->count, memory_order_relaxed) >= queue->limit) {
		return -ENOSPC;
	}
	push(queue, post);
	return 0;
}

int post_push_always(struct post_queue *queue, struct post *post)
{
	if (atomic_load_explicit(&queue->closed, memory_order_acquire)) {
		return -ESHUTDOWN;
	}
	push(queue, post);
	return 0;
}

/* Move what was posted behind what is ready, oldest first. */
static void collect(struct post_queue *queue)
{
	struct post *taken = atomic_exchange_explicit(&queue->head, NULL, memory_order_acquire);
	struct post *turned = NULL;
	struct post **end = &queue->ready;

	while (taken != NULL) {
		struct post *next = taken->next;

		taken->next = turned;
		turned = taken;
		taken = next;
	}
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*end = turned;
}

static struct post *take(struct post_queue *queue)
{
	struct post *post;

	if (queue->ready == NULL) {
		collect(queue);
	}
	post = queue->ready;
	if (post != NULL) {
		queue->ready = post->next;
		atomic_fetch_sub_explicit(&queue->count, 1, memory_order_relaxed);
	}
	return post;
}

static void run_one(struct post_queue *queue, struct post *post)
{
	if (queue->before != NULL) {
		queue->before(queue);
	}
	post->run(post);
	if (queue->after != NULL) {
		queue->after(queue);
	}
}

void post_queue_run(struct post_queue *queue)
{
	struct post *post;

	while ((post = take(queue)) != NULL) {
		run_one(queue, post);
	}
}

/* What was there at the start of the turn; a post that posts waits for the next. */
static bool post_run_all(struct task *task)
{
	struct post_queue *queue = container_of(task, struct post_queue, task);
	unsigned todo = atomic_load_explicit(&queue->count, memory_order_relaxed);
	struct post *post;

	while (todo-- > 0 && (post = take(queue)) != NULL) {
		run_one(queue, post);
	}
	return queue->ready != NULL ||
	       atomic_load_explicit(&queue->head, memory_order_relaxed) != NULL;
}

void post_queue_close(struct post_queue *queue)
{
	atomic_store_explicit(&queue->closed, true, memory_order_release);
}

void post_queue_fini(struct post_queue *queue)
{
	struct post *post;

	post_queue_close(queue);
	task_fini(&queue->task);
	while ((post = take(queue)) != NULL) {
		post->drop(post);
	}
}
