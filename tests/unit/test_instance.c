/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an instance whose module fails, hangs or ignores stop in each callback. */
#include "tests/unit/instance_fixture.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/clock.h"

/* ---- what goes wrong ---- */

static void test_a_bad_or_taken_name_is_refused(void **state)
{
	struct instance_config config = { .name = "../x" };
	unsigned dropped = 0;
	struct instance_settings settings = settings_of(&fx.plan, &dropped);
	struct ew_instance *first;
	struct ew_instance *inst = NULL;

	(void)state;
	assert_int_equal(instance_new(fx.fleet, fx.module, &config, &settings, &inst), -EINVAL);
	first = make("one", NULL);
	config.name = "one";
	settings = settings_of(&fx.plan, &dropped);
	assert_int_equal(instance_new(fx.fleet, fx.module, &config, &settings, &inst), -EEXIST);
	assert_null(inst);
	assert_int_equal(dropped, 2);
	instance_free(&first);
	instance_free(&first);
}

static void test_open_that_fails_frees_what_it_registered(void **state)
{
	struct ew_instance *inst = make("one", NULL);
	char text[160];

	(void)state;
	fx.plan.open = -ECONNREFUSED;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_FAILED);
	assert_int_equal(atomic_load(&fx.plan.closed), 0);
	instance_failure(inst, text, sizeof(text));
	assert_string_equal(text, "open: Connection refused");
	fx.plan.open = 0;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	end(&inst);
}

static void test_start_that_fails_is_closed(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.start = 5;      /* not even an errno */
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_FAILED);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	assert_int_equal(atomic_load(&fx.plan.stopped), 0);
	assert_true(was_logged("probe/one: start: Protocol error"));
	end(&inst);
}

/* A callback that hangs: the instance is lost, named, and back when it answers. */
static void expect_lost(struct ew_instance *inst, const char *callback)
{
	char text[160];
	char expected[64];

	wait_state(inst, INSTANCE_LOST);
	instance_failure(inst, text, sizeof(text));
	(void)snprintf(expected, sizeof(expected), "callback '%s' has not returned in 200 ms",
		       callback);
	assert_string_equal(text, expected);
	assert_int_equal(instance_open(inst), -EBUSY);
	atomic_store(&fx.let_go, true);
	wait_state(inst, INSTANCE_FAILED);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	instance_free(&inst);
}

static void test_open_that_hangs_is_named(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.hang_open = true;
	assert_int_equal(instance_run(inst), 0);
	expect_lost(inst, "open");
}

static void test_start_that_hangs_is_named(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.hang_start = true;
	assert_int_equal(instance_run(inst), 0);
	expect_lost(inst, "start");
}

static void test_stop_that_hangs_is_named(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.hang_stop = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	expect_lost(inst, "stop");
}

static void test_close_that_hangs_is_named(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.hang_close = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	expect_lost(inst, "close");
}

static void test_a_timer_that_hangs_is_named_when_it_is_in_the_way(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.hang_timer = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	expect_lost(inst, "timer tick");
}

static void test_reload_that_hangs_is_named(void **state)
{
	struct ew_instance *inst = make("one", NULL);
	struct instance_settings settings = settings_of(&fx.plan, NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	fx.plan.hang_reload = true;
	assert_int_equal(instance_reload(inst, &settings), 0);
	expect_lost(inst, "reload");
}

static void test_a_lost_instance_may_be_forgotten(void **state)
{
	struct ew_instance *inst = make("one", NULL);
	int64_t limit = clock_mono() + PATIENCE;

	(void)state;
	fx.plan.hang_start = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_LOST);
	instance_free(&inst);
	assert_null(fleet_find(fx.fleet, "one"));
	atomic_store(&fx.let_go, true);
	while (atomic_load(&fx.plan.closed) == 0 && clock_mono() < limit) {
		(void)loop_step(fx.main);
	}
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	while (fleet_has_loops(fx.fleet) && clock_mono() < limit) {
		(void)loop_step(fx.main);
	}
	assert_false(fleet_has_loops(fx.fleet));
}

static void test_stop_that_is_ignored_ends_in_close(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.ignore_stop = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	wait_state(inst, INSTANCE_FAILED);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	assert_true(was_logged("ew_stopped() was not called in 200 ms: closing it"));
	instance_free(&inst);
}

static void test_a_hanging_neighbour_is_not_blamed_on_others(void **state)
{
	struct ew_instance *one = make("one", "shared");
	struct ew_instance *two = make("two", "shared");
	struct plan plan = { .let_go = &fx.let_go, .hang_timer = true };
	struct instance_settings settings = settings_of(&plan, NULL);
	char text[160];

	(void)state;
	assert_int_equal(instance_reload(one, &settings), 0);
	assert_int_equal(instance_run(two), 0);
	wait_state(two, INSTANCE_RUNNING);
	assert_int_equal(instance_run(one), 0);
	wait_state(one, INSTANCE_RUNNING);
	instance_stop(two, false);
	wait_state(two, INSTANCE_LOST);
	instance_failure(two, text, sizeof(text));
	assert_string_equal(text, "its loop 'shared' has not come round in 200 ms");
	atomic_store(&fx.let_go, true);
	wait_state(two, INSTANCE_FAILED);
	assert_string_equal(instance_state_name(instance_state(one)), "running");
	instance_free(&two);
	end(&one);
}

/* ---- what goes right ---- */

static void test_a_life_in_order(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_start(inst), -EBUSY);
	assert_int_equal(instance_open(inst), 0);
	wait_state(inst, INSTANCE_OPEN);
	assert_int_equal(atomic_load(&fx.plan.started), 0);
	assert_int_equal(instance_start(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	instance_stop(inst, false);
	wait_state(inst, INSTANCE_CLOSED);
	assert_int_equal(atomic_load(&fx.plan.opened), 1);
	assert_int_equal(atomic_load(&fx.plan.stopped), 1);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	assert_true(fx.changes > 0);
	instance_free(&inst);
}

static void test_a_stop_while_it_opens_is_kept_in_mind(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	instance_stop(inst, false);
	wait_state(inst, INSTANCE_CLOSED);
	assert_int_equal(atomic_load(&fx.plan.opened), 1);
	assert_int_equal(atomic_load(&fx.plan.started), 0);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	instance_free(&inst);
}

static void test_an_instance_that_stops_later_is_waited_for(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.stop_later = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	wait_state(inst, INSTANCE_CLOSED);
	instance_free(&inst);
}

static void test_what_the_module_leaves_is_freed(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.leave_handles = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	end(&inst);
}

static void test_what_was_posted_runs_before_close(void **state)
{
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	fx.plan.post_at_stop = true;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	instance_stop(inst, false);
	wait_state(inst, INSTANCE_CLOSED);
	assert_int_equal(atomic_load(&fx.plan.posted), 1);
	assert_int_equal(ew_post(inst, "late", probe_posted, &fx.plan), -ESHUTDOWN);
	instance_free(&inst);
}

static void test_many_instances_share_a_loop(void **state)
{
	struct ew_instance *insts[20];
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "i%u", i);
		insts[i] = make(name, i % 2 == 0 ? "even" : "odd");
		assert_int_equal(instance_run(insts[i]), 0);
	}
	for (unsigned i = 0; i < 20; i++) {
		wait_state(insts[i], INSTANCE_RUNNING);
	}
	assert_ptr_equal(instance_loop(insts[0]), instance_loop(insts[2]));
	assert_ptr_not_equal(instance_loop(insts[0]), instance_loop(insts[1]));
	for (unsigned i = 0; i < 20; i++) {
		end(&insts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_bad_or_taken_name_is_refused),
		TEST(test_open_that_fails_frees_what_it_registered),
		TEST(test_start_that_fails_is_closed),
		TEST(test_open_that_hangs_is_named),
		TEST(test_start_that_hangs_is_named),
		TEST(test_stop_that_hangs_is_named),
		TEST(test_close_that_hangs_is_named),
		TEST(test_a_timer_that_hangs_is_named_when_it_is_in_the_way),
		TEST(test_reload_that_hangs_is_named),
		TEST(test_a_lost_instance_may_be_forgotten),
		TEST(test_stop_that_is_ignored_ends_in_close),
		TEST(test_a_hanging_neighbour_is_not_blamed_on_others),
		TEST(test_a_life_in_order),
		TEST(test_a_stop_while_it_opens_is_kept_in_mind),
		TEST(test_an_instance_that_stops_later_is_waited_for),
		TEST(test_what_the_module_leaves_is_freed),
		TEST(test_what_was_posted_runs_before_close),
		TEST(test_many_instances_share_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
