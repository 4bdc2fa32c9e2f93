/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of calls: their order, their bound, and their end. */
#include "core/loop/post.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

#define POSTERS  4u
#define EACH     250000u

struct fixture {
	struct loop *loop;
	struct post_queue queue;
	char log[128];
};

struct letter {
	struct post post;
	struct fixture *fixture;
	char letter;
	struct letter *then;
};

static struct fixture fixture;

static void note(char letter)
{
	size_t used = strlen(fixture.log);

	assert_true(used + 1 < sizeof(fixture.log));
	fixture.log[used] = letter;
}

static int setup(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	if (loop_new("test", &fixture.loop) != 0) {
		return -1;
	}
	post_queue_init(&fixture.queue, fixture.loop, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	post_queue_fini(&fixture.queue);
	loop_free(&fixture.loop);
	return 0;
}

static void run_letter(struct post *post)
{
	struct letter *letter = container_of(post, struct letter, post);

	note(letter->letter);
	if (letter->then != NULL) {
		assert_int_equal(post_push(&fixture.queue, &letter->then->post), 0);
	}
}

static void drop_letter(struct post *post)
{
	note('-');
	note(container_of(post, struct letter, post)->letter);
}

static struct letter letter_of(char letter)
{
	return (struct letter){ .post = { .run = run_letter, .drop = drop_letter },
				.letter = letter };
}

static void before(struct post_queue *queue)
{
	(void)queue;
	note('(');
}

static void after(struct post_queue *queue)
{
	(void)queue;
	note(')');
}

static void test_a_closed_queue_takes_nothing(void **state)
{
	struct letter a = letter_of('a');

	(void)state;
	post_queue_close(&fixture.queue);
	assert_int_equal(post_push(&fixture.queue, &a.post), -ESHUTDOWN);
	assert_int_equal(post_push_always(&fixture.queue, &a.post), -ESHUTDOWN);
	assert_false(loop_step(fixture.loop));
}

static void test_a_full_queue_takes_only_what_must_not_be_refused(void **state)
{
	struct letter letters[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		letters[i] = letter_of((char)('a' + (char)i));
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(post_push(&fixture.queue, &letters[i].post), 0);
	}
	assert_int_equal(post_push(&fixture.queue, &letters[4].post), -ENOSPC);
	assert_int_equal(post_push_always(&fixture.queue, &letters[5].post), 0);
	(void)loop_step(fixture.loop);
	assert_string_equal(fixture.log, "abcdf");
	assert_int_equal(post_push(&fixture.queue, &letters[4].post), 0);
	(void)loop_step(fixture.loop);
	assert_string_equal(fixture.log, "abcdfe");
}

static void test_what_is_left_at_the_end_is_dropped(void **state)
{
	struct letter a = letter_of('a');
	struct letter b = letter_of('b');

	(void)state;
	assert_int_equal(post_push(&fixture.queue, &a.post), 0);
	assert_int_equal(post_push(&fixture.queue, &b.post), 0);
	post_queue_fini(&fixture.queue);
	assert_string_equal(fixture.log, "-a-b");
	assert_false(loop_step(fixture.loop));
}

static void test_a_call_that_posts_waits_for_the_next_turn(void **state)
{
	struct letter a = letter_of('a');
	struct letter b = letter_of('b');

	(void)state;
	a.then = &b;
	assert_int_equal(post_push(&fixture.queue, &a.post), 0);
	assert_true(loop_step(fixture.loop));
	assert_string_equal(fixture.log, "a");
	assert_true(loop_step(fixture.loop));
	assert_string_equal(fixture.log, "ab");
}

static void test_running_to_the_end_runs_what_comes_meanwhile(void **state)
{
	struct letter a = letter_of('a');
	struct letter b = letter_of('b');

	(void)state;
	a.then = &b;
	assert_int_equal(post_push(&fixture.queue, &a.post), 0);
	post_queue_run(&fixture.queue);
	assert_string_equal(fixture.log, "ab");
}

static void test_hooks_run_around_each_call(void **state)
{
	struct letter a = letter_of('a');
	struct letter b = letter_of('b');

	(void)state;
	fixture.queue.before = before;
	fixture.queue.after = after;
	assert_int_equal(post_push(&fixture.queue, &a.post), 0);
	assert_int_equal(post_push(&fixture.queue, &b.post), 0);
	(void)loop_step(fixture.loop);
	assert_string_equal(fixture.log, "(a)(b)");
}

/* ---- many posters ---- */

struct number {
	struct post post;
	unsigned poster;
	unsigned value;
};

struct poster {
	struct number *numbers;
	unsigned id;
};

static unsigned next_value[POSTERS];
static atomic_uint received;

static void run_number(struct post *post)
{
	const struct number *number = container_of(post, struct number, post);

	check(number->value == next_value[number->poster]);
	next_value[number->poster]++;
	atomic_fetch_add(&received, 1);
}

static void *post_all(void *arg)
{
	struct poster *poster = arg;

	for (unsigned i = 0; i < EACH; i++) {
		poster->numbers[i] = (struct number){ .post = { .run = run_number },
						      .poster = poster->id, .value = i };
		if (post_push_always(&fixture.queue, &poster->numbers[i].post) != 0) {
			return poster;
		}
	}
	return NULL;
}

static void test_a_million_posts_arrive_in_each_posters_order(void **state)
{
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	void *failed;

	(void)state;
	memset(next_value, 0, sizeof(next_value));
	atomic_store(&received, 0);
	assert_int_equal(loop_start(fixture.loop), 0);
	for (unsigned i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){ malloc(EACH * sizeof(struct number)), i };
		assert_non_null(posters[i].numbers);
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
	}
	for (unsigned i = 0; i < POSTERS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	loop_stop(fixture.loop);
	while (loop_step(fixture.loop)) {
	}
	assert_int_equal(atomic_load(&received), POSTERS * EACH);
	for (unsigned i = 0; i < POSTERS; i++) {
		free(posters[i].numbers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_closed_queue_takes_nothing),
		TEST(test_a_full_queue_takes_only_what_must_not_be_refused),
		TEST(test_what_is_left_at_the_end_is_dropped),
		TEST(test_a_call_that_posts_waits_for_the_next_turn),
		TEST(test_running_to_the_end_runs_what_comes_meanwhile),
		TEST(test_hooks_run_around_each_call),
		TEST(test_a_million_posts_arrive_in_each_posters_order),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
