/* SPDX-License-Identifier: Apache-2.0 */
/* Loops stepped by hand, under a clock of the test, and one in a thread. */
#include "core/loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "tests/unit/unit.h"

#define MS  1000000

struct fixture {
	struct loop *loop;
	struct clock_source clock;
	int64_t now;
	char log[128];          /* one letter for each thing that ran */
};

struct step {
	struct task task;
	struct fixture *fixture;
	char letter;
	unsigned more;          /* times it asks to be run again */
	struct task *then;      /* schedule this when it runs */
};

struct tick {
	struct loop_timer timer;
	struct fixture *fixture;
	char letter;
	int64_t again;          /* set itself to this; -1: do not */
	struct loop_timer *stop;
};

struct look {
	struct loop_watch watch;
	struct fixture *fixture;
	char letter;
	struct look *ends;      /* end this watch when it runs */
};

static int64_t read_clock(void *arg)
{
	return *(const int64_t *)arg;
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .now = 1000 * (int64_t)MS };
	fixture.clock = (struct clock_source){ read_clock, read_clock, &fixture.now };
	clock_set_source(&fixture.clock);
	*state = &fixture;
	return loop_new("test", &fixture.loop);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	loop_free(&fixture->loop);
	clock_set_source(NULL);
	return 0;
}

static void note(struct fixture *fixture, char letter)
{
	size_t used = strlen(fixture->log);

	assert_true(used + 1 < sizeof(fixture->log));
	fixture->log[used] = letter;
}

static bool run_step(struct task *task)
{
	struct step *step = container_of(task, struct step, task);

	note(step->fixture, step->letter);
	if (step->then != NULL) {
		task_schedule(step->then);
	}
	return step->more > 0 && step->more-- > 0;
}

static void step_init(struct step *step, struct fixture *fixture, enum lane lane, char letter)
{
	*step = (struct step){ .fixture = fixture, .letter = letter };
	task_init(&step->task, fixture->loop, lane, run_step);
}

static void run_tick(struct loop_timer *timer)
{
	struct tick *tick = container_of(timer, struct tick, timer);

	note(tick->fixture, tick->letter);
	if (tick->again >= 0) {
		timer_set(timer, tick->again, 0);
	}
	if (tick->stop != NULL) {
		timer_stop(tick->stop);
	}
}

static void tick_init(struct tick *tick, struct fixture *fixture, char letter)
{
	*tick = (struct tick){ .fixture = fixture, .letter = letter, .again = -1 };
	assert_int_equal(timer_init(&tick->timer, fixture->loop, run_tick), 0);
}

static void advance(struct fixture *fixture, int64_t by)
{
	fixture->now += by;
	(void)loop_step(fixture->loop);
}

static void test_a_step_with_nothing_to_do_does_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_false(loop_step(fixture->loop));
	assert_int_equal(loop_next_timer(fixture->loop), INT64_MAX);
	assert_false(loop_is_current(fixture->loop));
}

static void test_a_task_taken_out_does_not_run(void **state)
{
	struct fixture *fixture = *state;
	struct step a, b, c;

	step_init(&a, fixture, LANE_DATA, 'a');
	step_init(&b, fixture, LANE_DATA, 'b');
	step_init(&c, fixture, LANE_DATA, 'c');
	task_schedule(&a.task);
	task_schedule(&b.task);
	task_schedule(&c.task);
	task_fini(&c.task);
	task_fini(&a.task);
	assert_true(loop_step(fixture->loop));
	assert_string_equal(fixture->log, "b");
	assert_false(loop_step(fixture->loop));
}

static void test_a_task_scheduled_often_runs_once(void **state)
{
	struct fixture *fixture = *state;
	struct step a;

	step_init(&a, fixture, LANE_CONTROL, 'a');
	for (int i = 0; i < 10; i++) {
		task_schedule(&a.task);
	}
	assert_true(loop_step(fixture->loop));
	assert_false(loop_step(fixture->loop));
	assert_string_equal(fixture->log, "a");
}

static void test_control_runs_before_data_and_between(void **state)
{
	struct fixture *fixture = *state;
	struct step data1, data2, control1, control2;

	step_init(&data1, fixture, LANE_DATA, 'd');
	step_init(&data2, fixture, LANE_DATA, 'e');
	step_init(&control1, fixture, LANE_CONTROL, 'C');
	step_init(&control2, fixture, LANE_CONTROL, 'K');
	data1.then = &control2.task;
	task_schedule(&data1.task);
	task_schedule(&data2.task);
	task_schedule(&control1.task);
	(void)loop_step(fixture->loop);
	assert_string_equal(fixture->log, "CdKe");
}

static void test_data_tasks_take_turns(void **state)
{
	struct fixture *fixture = *state;
	struct step a, b;

	step_init(&a, fixture, LANE_DATA, 'a');
	step_init(&b, fixture, LANE_DATA, 'b');
	a.more = 3;
	b.more = 1;
	task_schedule(&a.task);
	task_schedule(&b.task);
	while (loop_step(fixture->loop)) {
	}
	assert_string_equal(fixture->log, "ababaa");
}

static void test_a_task_that_schedules_itself_waits_for_the_next_turn(void **state)
{
	struct fixture *fixture = *state;
	struct step a;

	step_init(&a, fixture, LANE_CONTROL, 'a');
	a.then = &a.task;
	task_schedule(&a.task);
	(void)loop_step(fixture->loop);
	assert_string_equal(fixture->log, "a");
	a.then = NULL;
	(void)loop_step(fixture->loop);
	assert_string_equal(fixture->log, "aa");
}

static void test_timers_run_in_the_order_they_are_due(void **state)
{
	struct fixture *fixture = *state;
	struct tick a, b, c;

	tick_init(&a, fixture, 'a');
	tick_init(&b, fixture, 'b');
	tick_init(&c, fixture, 'c');
	timer_set(&a.timer, 30 * MS, 0);
	timer_set(&b.timer, 10 * MS, 0);
	timer_set(&c.timer, 20 * MS, 0);
	assert_int_equal(loop_next_timer(fixture->loop), fixture->now + 10 * MS);
	advance(fixture, 9 * MS);
	assert_string_equal(fixture->log, "");
	advance(fixture, 100 * MS);
	assert_string_equal(fixture->log, "bca");
	timer_fini(&a.timer);
	timer_fini(&b.timer);
	timer_fini(&c.timer);
	timer_fini(&c.timer);
}

static void test_a_timer_stopped_by_another_does_not_run(void **state)
{
	struct fixture *fixture = *state;
	struct tick a, b;

	tick_init(&a, fixture, 'a');
	tick_init(&b, fixture, 'b');
	a.stop = &b.timer;
	timer_set(&a.timer, 10 * MS, 0);
	timer_set(&b.timer, 10 * MS, 0);
	advance(fixture, 20 * MS);
	assert_string_equal(fixture->log, "a");
	timer_fini(&a.timer);
	timer_fini(&b.timer);
}

static void test_a_periodic_timer_keeps_its_rhythm(void **state)
{
	struct fixture *fixture = *state;
	int64_t start = fixture->now;
	struct tick a;

	tick_init(&a, fixture, 'a');
	timer_set(&a.timer, 10 * MS, 10 * MS);
	advance(fixture, 14 * MS);
	assert_int_equal(loop_next_timer(fixture->loop), start + 20 * MS);
	advance(fixture, 6 * MS);
	assert_string_equal(fixture->log, "aa");
	timer_fini(&a.timer);
}

static void test_missed_runs_are_skipped_and_not_made_up_for(void **state)
{
	struct fixture *fixture = *state;
	int64_t start = fixture->now;
	struct tick a;

	tick_init(&a, fixture, 'a');
	timer_set(&a.timer, 10 * MS, 10 * MS);
	advance(fixture, 1005 * MS);
	assert_string_equal(fixture->log, "a");
	assert_int_equal(loop_next_timer(fixture->loop), start + 1010 * MS);
	timer_fini(&a.timer);
}

static void test_a_timer_set_to_now_runs_once_a_turn(void **state)
{
	struct fixture *fixture = *state;
	struct tick a;

	tick_init(&a, fixture, 'a');
	a.again = 0;
	timer_set(&a.timer, -5, 0);
	(void)loop_step(fixture->loop);
	assert_string_equal(fixture->log, "a");
	(void)loop_step(fixture->loop);
	assert_string_equal(fixture->log, "aa");
	timer_fini(&a.timer);
}

static void run_look(struct loop_watch *watch, unsigned events)
{
	struct look *look = container_of(watch, struct look, watch);

	assert_true((events & EPOLLIN) != 0);
	note(look->fixture, look->letter);
	if (look->ends != NULL) {
		watch_fini(&look->ends->watch);
	}
}

static void test_a_watch_ended_in_the_same_turn_does_not_run(void **state)
{
	struct fixture *fixture = *state;
	struct look looks[2];
	int pipes[2][2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		looks[i] = (struct look){ .fixture = fixture, .letter = 'w',
					  .ends = &looks[1 - i] };
		assert_int_equal(watch_init(&looks[i].watch, fixture->loop, pipes[i][0], EPOLLIN,
					    run_look), 0);
	}
	assert_true(loop_step(fixture->loop));
	assert_string_equal(fixture->log, "w");
	for (int i = 0; i < 2; i++) {
		watch_fini(&looks[i].watch);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void test_a_paused_watch_does_not_run_until_it_is_set_again(void **state)
{
	struct fixture *fixture = *state;
	struct look look = { .fixture = fixture, .letter = 'w' };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(watch_init(&look.watch, fixture->loop, ends[0], 0, run_look), 0);
	assert_false(loop_step(fixture->loop));
	assert_int_equal(watch_set(&look.watch, EPOLLIN), 0);
	assert_true(loop_step(fixture->loop));
	assert_string_equal(fixture->log, "w");
	watch_fini(&look.watch);
	close(ends[0]);
	close(ends[1]);
}

/* ---- in a thread ---- */

struct echo {
	struct task task;
	sem_t done;
	unsigned long runs;
};

static bool run_echo(struct task *task)
{
	struct echo *echo = container_of(task, struct echo, task);

	echo->runs++;
	(void)sem_post(&echo->done);
	return false;
}

static void wait_done(struct echo *echo)
{
	struct timespec limit;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &limit), 0);
	limit.tv_sec += 20;
	while (sem_timedwait(&echo->done, &limit) != 0) {
		assert_int_equal(errno, EINTR);
	}
}

/* Each one waits for the last: half of them find the loop on its way to sleep. */
static void test_no_wake_up_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct echo echo = { .runs = 0 };
	unsigned long rounds = 50000;

	clock_set_source(NULL);
	assert_int_equal(sem_init(&echo.done, 0, 0), 0);
	task_init(&echo.task, fixture->loop, LANE_DATA, run_echo);
	assert_int_equal(loop_start(fixture->loop), 0);
	for (unsigned long i = 0; i < rounds; i++) {
		task_schedule(&echo.task);
		wait_done(&echo);
	}
	loop_stop(fixture->loop);
	assert_int_equal(echo.runs, rounds);
	assert_true(loop_stats(fixture->loop).sleeps > 0);
	task_fini(&echo.task);
	sem_destroy(&echo.done);
}

static void test_a_sleeping_loop_ends_when_told(void **state)
{
	struct fixture *fixture = *state;

	clock_set_source(NULL);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(loop_start(fixture->loop), 0);
		loop_stop(fixture->loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_step_with_nothing_to_do_does_nothing),
		TEST(test_a_task_taken_out_does_not_run),
		TEST(test_a_task_scheduled_often_runs_once),
		TEST(test_control_runs_before_data_and_between),
		TEST(test_data_tasks_take_turns),
		TEST(test_a_task_that_schedules_itself_waits_for_the_next_turn),
		TEST(test_timers_run_in_the_order_they_are_due),
		TEST(test_a_timer_stopped_by_another_does_not_run),
		TEST(test_a_periodic_timer_keeps_its_rhythm),
		TEST(test_missed_runs_are_skipped_and_not_made_up_for),
		TEST(test_a_timer_set_to_now_runs_once_a_turn),
		TEST(test_a_watch_ended_in_the_same_turn_does_not_run),
		TEST(test_a_paused_watch_does_not_run_until_it_is_set_again),
		TEST(test_no_wake_up_is_lost),
		TEST(test_a_sleeping_loop_ends_when_told),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
