/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-overs to a loop in a thread, without a lost wake-up: 10^8 of them, or
 * as many as the first argument says, in rounds of 1 to 512. Between rounds
 * the poster waits until all have run, so the loop falls asleep again and
 * again. Fails when a round is not done in 20 s.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/loop/post.h"

#define ROUND_MAX  512u
#define LIMIT      20000000000

static _Atomic uint64_t received;

static void run(struct post *post)
{
	(void)post;
	atomic_fetch_add_explicit(&received, 1, memory_order_release);
}

/* True: all have run in time. */
static bool wait_for(uint64_t count)
{
	int64_t limit = clock_mono() + LIMIT;

	while (atomic_load_explicit(&received, memory_order_acquire) != count) {
		if (clock_mono() > limit) {
			return false;
		}
		(void)sched_yield();
	}
	return true;
}

static int hand_over(struct post_queue *queue, uint64_t total)
{
	static struct post posts[ROUND_MAX];
	uint64_t sent = 0;
	uint32_t random = 1;

	while (sent < total) {
		unsigned count;

		random = random * 1664525u + 1013904223u;
		count = 1 + (random >> 8) % ROUND_MAX;
		for (unsigned i = 0; i < count; i++) {
			posts[i] = (struct post){ .run = run, .drop = run };
			check(post_push_always(queue, &posts[i]) == 0);
		}
		sent += count;
		if (!wait_for(sent)) {
			printf("lost: %" PRIu64 " sent, %" PRIu64 " run\n", sent,
			       atomic_load(&received));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	uint64_t total = 100000000;
	struct loop *loop = NULL;
	struct loop_stats stats;
	struct post_queue queue;
	int64_t start;
	int64_t took;
	int status;

	if (argc > 1 && text_parse_uint(argv[1], &total) != 0) {
		fputs("usage: bench_handover [COUNT]\n", stderr);
		return EXIT_FAILURE;
	}
	if (loop_new("handover", &loop) != 0 || loop_start(loop) != 0) {
		return EXIT_FAILURE;
	}
	post_queue_init(&queue, loop, ROUND_MAX);
	start = clock_mono();
	status = hand_over(&queue, total);
	took = clock_mono() - start;
	loop_stop(loop);
	stats = loop_stats(loop);
	printf("handover: %" PRIu64 " in %.1f s, %.0f ns each; slept %" PRIu64 ", woken %" PRIu64
	       "\n", atomic_load(&received), (double)took / 1e9, (double)took / (double)total,
	       stats.sleeps, stats.wakes);
	post_queue_fini(&queue);
	loop_free(&loop);
	return status;
}
