/* SPDX-License-Identifier: Apache-2.0 */
/* New settings for an instance that runs: taken, refused, and gone back on. */
#include "tests/unit/instance_fixture.h"

#include <errno.h>

static void test_a_reload_the_module_does_itself(void **state)
{
	struct plan next = { .let_go = &fx.let_go };
	unsigned dropped = 0;
	struct instance_settings settings = settings_of(&next, &dropped);
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload(inst, &settings), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload_result(inst), 0);
	assert_int_equal(atomic_load(&fx.plan.closed), 0);
	assert_int_equal(dropped, 0);
	end(&inst);
	assert_int_equal(atomic_load(&next.closed), 1);
	assert_int_equal(dropped, 1);
}

static void test_a_reload_that_is_refused_keeps_the_old(void **state)
{
	struct plan next = { .let_go = &fx.let_go, .reload = -EINVAL };
	unsigned dropped = 0;
	struct instance_settings settings = settings_of(&next, &dropped);
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload(inst, &settings), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload_result(inst), -EINVAL);
	assert_int_equal(dropped, 1);
	end(&inst);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
}

static void test_a_reload_opens_anew_when_the_module_asks(void **state)
{
	struct plan next = { .let_go = &fx.let_go, .reload = -ENOTSUP };
	struct instance_settings settings = settings_of(&next, NULL);
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload(inst, &settings), 0);
	wait_restarts(inst, 1);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(atomic_load(&fx.plan.closed), 1);
	assert_int_equal(atomic_load(&next.started), 1);
	end(&inst);
}

static void test_a_reload_that_cannot_open_goes_back(void **state)
{
	struct plan next = { .let_go = &fx.let_go, .reload = -ENOTSUP, .start = -ENODEV };
	unsigned dropped = 0;
	struct instance_settings settings = settings_of(&next, &dropped);
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload(inst, &settings), 0);
	wait_restarts(inst, 2);
	wait_state(inst, INSTANCE_RUNNING);
	assert_int_equal(instance_reload_result(inst), -ENODEV);
	assert_int_equal(atomic_load(&next.closed), 1);
	assert_int_equal(atomic_load(&fx.plan.started), 2);
	assert_int_equal(dropped, 1);
	assert_true(was_logged("new settings do not work (start: No such device)"));
	end(&inst);
}

static void test_a_reload_while_it_changes_state_is_refused(void **state)
{
	unsigned dropped = 0;
	struct instance_settings settings = settings_of(&fx.plan, &dropped);
	struct ew_instance *inst = make("one", NULL);

	(void)state;
	assert_int_equal(instance_run(inst), 0);
	assert_int_equal(instance_reload(inst, &settings), -EBUSY);
	assert_int_equal(dropped, 1);
	wait_state(inst, INSTANCE_RUNNING);
	end(&inst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_reload_the_module_does_itself),
		TEST(test_a_reload_that_is_refused_keeps_the_old),
		TEST(test_a_reload_opens_anew_when_the_module_asks),
		TEST(test_a_reload_that_cannot_open_goes_back),
		TEST(test_a_reload_while_it_changes_state_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
