/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-overs to a loop in a thread, without a lost wake-up: 10^8 of them, or
 * as many as the first argument says, by each of the two ways there are.
 *
 * Posts, as writes go: from this thread, in rounds of 1 to 512. Data, as the
 * bus signals a receiver: from a task of another loop, in rounds of 1 to 4096
 * with up to 64 in a callback, so that wake-ups are put off, to the end of a
 * callback or of a stream. Between rounds all must have run, and the loops
 * fall asleep again and again. Fails when nothing moves for 20 s.
 */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/base/text.h"
#include "core/loop/post.h"

#include "tests/lib/player.h"

#define ROUND_MAX  512u
#define DATA_ROUND_MAX  4096u
#define DATA_BURST  64u
#define LIMIT      20000000000

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void report(const char *how, uint64_t count, int64_t took, const struct loop *loop)
{
	struct loop_stats stats = loop_stats(loop);

	printf("%s: %" PRIu64 " in %.1f s, %.0f ns each; slept %" PRIu64 ", woken %" PRIu64 "\n",
	       how, count, (double)took / 1e9, (double)took / (double)count, stats.sleeps,
	       stats.wakes);
}

/* ---- posts ---- */

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

static bool post_all(struct post_queue *queue, uint64_t total)
{
	static struct post posts[ROUND_MAX];
	uint64_t sent = 0;
	uint32_t random = 1;

	while (sent < total) {
		unsigned count = 1 + next_random(&random) % ROUND_MAX;

		for (unsigned i = 0; i < count; i++) {
			posts[i] = (struct post){ .run = run, .drop = run };
			check(post_push_always(queue, &posts[i]) == 0);
		}
		sent += count;
		if (!wait_for(sent)) {
			printf("lost: %" PRIu64 " sent, %" PRIu64 " run\n", sent,
			       atomic_load(&received));
			return false;
		}
	}
	return true;
}

static bool hand_posts_over(uint64_t total)
{
	struct loop *loop;
	struct post_queue queue;
	int64_t start;
	bool is_good;

	check(loop_new("handover", &loop) == 0 && loop_start(loop) == 0);
	post_queue_init(&queue, loop, ROUND_MAX);
	start = clock_mono();
	is_good = post_all(&queue, total);
	report("posts", atomic_load(&received), clock_mono() - start, loop);
	loop_stop(loop);
	post_queue_fini(&queue);
	loop_free(&loop);
	return is_good;
}

/* ---- data ---- */

static struct {
	struct task sender, receiver;   /* on a loop each */
	uint64_t left, round_left;      /* the sender's */
	uint32_t random;
	_Atomic uint64_t sent;          /* before the receiver is scheduled */
	_Atomic uint64_t round_end;     /* sent, when the receiver answers; 0: not known yet */
	_Atomic uint64_t seen;
	atomic_bool is_done;
} data;

struct progress {
	uint64_t seen;
	int64_t at;                     /* when that was new */
};

static bool send_some(struct task *task)
{
	(void)task;
	if (data.round_left == 0) {
		data.round_left = 1 + next_random(&data.random) % DATA_ROUND_MAX;
		data.round_left = data.round_left < data.left ? data.round_left : data.left;
		data.left -= data.round_left;
		atomic_store(&data.round_end, atomic_load(&data.sent) + data.round_left);
	}
	for (unsigned i = 0; i < DATA_BURST && data.round_left > 0; i++) {
		data.round_left--;
		atomic_fetch_add_explicit(&data.sent, 1, memory_order_relaxed);
		task_schedule(&data.receiver);
	}
	return data.round_left > 0;
}

static bool see(struct task *task)
{
	uint64_t sent = atomic_load_explicit(&data.sent, memory_order_relaxed);

	(void)task;
	if (sent == atomic_load(&data.seen)) {
		return false;
	}
	atomic_store(&data.seen, sent);
	if (sent != atomic_load(&data.round_end)) {
		return false;
	}
	if (data.left == 0) {
		atomic_store(&data.is_done, true);
	} else {
		task_schedule(&data.sender);
	}
	return false;
}

/* True: done, or nothing has moved for a long time. */
static bool has_ended(void *arg)
{
	struct progress *progress = arg;
	uint64_t seen = atomic_load(&data.seen);

	if (seen != progress->seen) {
		progress->seen = seen;
		progress->at = clock_mono();
	}
	return atomic_load(&data.is_done) || clock_mono() - progress->at > LIMIT;
}

static bool watch_data(void)
{
	struct progress progress = { 0, clock_mono() };

	while (!wait_until(has_ended, &progress)) {
		/* it moves, only slowly */
	}
	if (!atomic_load(&data.is_done)) {
		printf("lost: %" PRIu64 " sent, %" PRIu64 " seen\n", atomic_load(&data.sent),
		       atomic_load(&data.seen));
		return false;
	}
	return true;
}

static bool hand_data_over(uint64_t total)
{
	struct loop *loops[2];
	int64_t start;
	bool is_good;

	for (size_t i = 0; i < array_count(loops); i++) {
		check(loop_new("handover", &loops[i]) == 0);
	}
	task_init(&data.sender, loops[0], LANE_DATA, send_some);
	task_init(&data.receiver, loops[1], LANE_DATA, see);
	data.left = total;
	data.random = 1;
	for (size_t i = 0; i < array_count(loops); i++) {
		check(loop_start(loops[i]) == 0);
	}
	start = clock_mono();
	task_schedule(&data.sender);
	is_good = watch_data();
	report("data", atomic_load(&data.seen), clock_mono() - start, loops[1]);
	for (size_t i = 0; i < array_count(loops); i++) {
		loop_stop(loops[i]);
	}
	task_fini(&data.sender);
	task_fini(&data.receiver);
	for (size_t i = 0; i < array_count(loops); i++) {
		loop_free(&loops[i]);
	}
	return is_good;
}

int main(int argc, char **argv)
{
	uint64_t total = 100000000;

	if (argc > 1 && (text_parse_uint(argv[1], &total) != 0 || total == 0)) {
		(void)fputs("usage: bench_handover [COUNT]\n", stderr);
		return EXIT_FAILURE;
	}
	return hand_posts_over(total) && hand_data_over(total) ? EXIT_SUCCESS : EXIT_FAILURE;
}
