/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of calls to make on a loop: any thread posts, the loop calls them
 * in the order of each poster. Bounded. This is an instance's control lane.
 */
#ifndef CORE_LOOP_POST_H
#define CORE_LOOP_POST_H

#include "core/loop/loop.h"

/* One call. Embedded by who posts it; owned by the queue until run or drop. */
struct post {
	struct post *next;
	void (*run)(struct post *post);         /* takes the post */
	void (*drop)(struct post *post);        /* instead of run when the queue closes */
};

struct post_queue {
	struct task task;
	_Atomic(struct post *) head;            /* newest first */
	struct post *ready;                     /* oldest first; the loop's */
	atomic_uint count;
	unsigned limit;
	atomic_bool closed;
	void (*before)(struct post_queue *queue);       /* around each call; may be NULL */
	void (*after)(struct post_queue *queue);
};

void post_queue_init(struct post_queue *queue, struct loop *loop, unsigned limit);

/*
 * Any thread. On success the queue owns the post. -ENOSPC: full; -ESHUTDOWN:
 * closed. On failure the caller keeps it.
 */
int post_push(struct post_queue *queue, struct post *post);

/* The same beyond the limit, for what must not be refused: answers, life cycle. */
int post_push_always(struct post_queue *queue, struct post *post);

/* Run what is there, now, on the loop's thread; what comes meanwhile too. */
void post_queue_run(struct post_queue *queue);

/* Refuse from now on. Any thread. */
void post_queue_close(struct post_queue *queue);

/* Drop what is left. Loop's thread; nobody pushes any more. */
void post_queue_fini(struct post_queue *queue);

#endif
