/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the functions of <edgeway/module.h> refuse: calls from elsewhere, calls
 * in close(), and arguments that make no sense. Through libedgeway-test, as a
 * third party sees it.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

/* A module that hands itself to the test and does in close() what it may not. */
struct poke {
	struct ew_instance *inst;
	struct ew_timer *timer;
	unsigned ticks;
	bool frees_itself;
};

static struct poke *last_poke;

static void poke_tick(void *arg)
{
	struct poke *poke = arg;

	poke->ticks++;
	if (poke->frees_itself) {
		ew_timer_free(&poke->timer);
	}
}

static int poke_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct poke *poke = calloc(1, sizeof(*poke));

	(void)settings;
	assert_non_null(poke);
	poke->inst = inst;
	last_poke = poke;
	*self_out = poke;
	return ew_timer_new(inst, "tick", poke_tick, poke, &poke->timer);
}

static void poke_close(void *self)
{
	struct poke *poke = self;
	struct ew_timer *timer = NULL;

	ew_log(poke->inst, EW_LOG_INFO, "closing");
	assert_int_equal(ew_timer_new(poke->inst, "late", poke_tick, poke, &timer), -EPERM);
	assert_null(timer);
	ew_timer_free(&poke->timer);
	free(poke);
}

static const struct ew_metric poke_metrics[] = {
	{ .name = "seen_total", .kind = EW_COUNTER, .help = "what was seen" },
};

static const struct ew_module poke_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "poke",
	.version = "1.0",
	.summary = "is poked at by the test",
	.metrics = poke_metrics,
	.metric_count = 1,
	.open = poke_open,
	.close = poke_close,
};

static struct ew_test *test;

static int setup(void **state)
{
	(void)state;
	if (ew_test_new(&test) != 0) {
		return -1;
	}
	ew_test_allow_misuse(test);
	return ew_test_load(test, &poke_module, "poke", NULL) != 0 || ew_test_start(test) != 0;
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

static void test_a_call_outside_a_callback_is_refused(void **state)
{
	struct ew_device_spec spec = { .size = sizeof(spec), .path = "pump-1" };
	uint32_t id = 77;

	(void)state;
	assert_int_equal(ew_device_declare(last_poke->inst, &spec, &id), -EPERM);
	assert_int_equal(id, 77);
	assert_int_equal(ew_test_misuses(test), 1);
	assert_int_equal(ew_test_logged(test, "error poke/poke: ew_device_declare() refused: it "
					      "may be called in a callback of this instance"), 1);
}

static void test_a_call_in_another_instances_callback_is_refused(void **state)
{
	(void)state;
	(void)ew_test_begin(test);
	ew_timer_set(last_poke->timer, 0, 0);
	ew_health(last_poke->inst, EW_DOWN, "not mine");
	assert_null(ew_state_dir(last_poke->inst));
	ew_test_end(test);
	ew_test_step(test);
	assert_int_equal(last_poke->ticks, 0);
	assert_int_equal(ew_test_misuses(test), 3);
	assert_int_equal(ew_test_logged(test, "in a callback of test/test"), 3);
	assert_int_equal(ew_test_health(test, "poke", NULL), EW_UP);
}

static void *call_from_thread(void *arg)
{
	struct ew_instance *inst = arg;
	struct ew_sample sample = ew_sample_bool(1, 0, true);
	int *result = malloc(sizeof(*result));

	*result = ew_publish(inst, &sample, 1, NULL);
	ew_metric_add(inst, 0, 1);
	ew_log(inst, EW_LOG_INFO, "from a thread");
	return result;
}

static void test_a_thread_may_call_only_what_is_for_any(void **state)
{
	pthread_t thread;
	void *result = NULL;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, call_from_thread, last_poke->inst), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal(*(int *)result, -EPERM);
	free(result);
	assert_true(ew_test_metric(test, "poke", "seen_total") == 1);
	assert_int_equal(ew_test_logged(test, "info poke/poke: from a thread"), 1);
	assert_int_equal(ew_test_misuses(test), 1);
}

static void test_close_may_only_log_and_free(void **state)
{
	(void)state;
	assert_int_equal(ew_test_stop(test, "poke"), 0);
	assert_int_equal(ew_test_logged(test, "close() may call only ew_log()"), 1);
	assert_int_equal(ew_test_logged(test, "info poke/poke: closing"), 1);
}

static void test_a_metric_outside_the_table_is_ignored(void **state)
{
	(void)state;
	ew_metric_add(last_poke->inst, 1, 5);
	ew_metric_observe(last_poke->inst, 99, 5);
	assert_int_equal(ew_test_misuses(test), 2);
	assert_true(isnan(ew_test_metric(test, "poke", "nothing")));
	assert_true(ew_test_metric(test, "poke", "seen_total") == 0);
}

static void test_arguments_that_make_no_sense_are_refused(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_device_spec device = { .path = "no size" };
	struct ew_tag_spec tag = { .size = 1 };
	struct ew_write_request request = { .size = 1 };
	struct ew_event event = { .size = 0 };
	struct ew_timer *timer = NULL;
	struct ew_watch *watch = NULL;
	struct ew_write *write = NULL;
	uint32_t id;

	(void)state;
	assert_int_equal(ew_device_declare(inst, &device, &id), -EINVAL);
	assert_int_equal(ew_device_declare(inst, NULL, &id), -EINVAL);
	assert_int_equal(ew_tag_declare(inst, 1, &tag, &id), -EINVAL);
	assert_int_equal(ew_publish(inst, NULL, 1, NULL), -EINVAL);
	assert_int_equal(ew_event_publish(inst, &event), -EINVAL);
	assert_int_equal(ew_write(inst, &request), -EINVAL);
	assert_int_equal(ew_write_done(inst, &write, NULL), -EINVAL);
	assert_int_equal(ew_timer_new(inst, "", poke_tick, NULL, &timer), -EINVAL);
	assert_int_equal(ew_timer_new(inst, "x", NULL, NULL, &timer), -EINVAL);
	assert_int_equal(ew_watch_new(inst, "x", -1, EW_FD_READ, NULL, NULL, &watch), -EINVAL);
	assert_int_equal(ew_post(inst, NULL, NULL, NULL), -EINVAL);
	assert_null(ew_device(inst, 4711));
	assert_null(ew_tag(inst, 4711));
	ew_timer_free(&timer);
	ew_timer_free(NULL);
	ew_watch_free(&watch);
	ew_test_end(test);
	assert_int_equal(ew_test_misuses(test), 0);
}

static void test_stopped_without_a_stop_is_ignored(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);

	(void)state;
	ew_stopped(inst);
	ew_test_end(test);
	ew_test_step(test);
	assert_string_equal(ew_test_state(test, "test"), "running");
	assert_int_equal(ew_test_logged(test, "ew_stopped() without a stop() under way"), 1);
}

static void test_a_line_that_repeats_is_held_back_and_counted(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);

	(void)state;
	ew_test_forget(test);
	for (int i = 0; i < 30; i++) {
		ew_log(inst, EW_LOG_WARNING, "again %d", i);
	}
	assert_int_equal(ew_test_logged(test, "again"), 10);
	ew_test_end(test);
	ew_test_advance(test, 11 * EW_SECOND);
	inst = ew_test_begin(test);
	for (int i = 30; i < 31; i++) {
		ew_log(inst, EW_LOG_WARNING, "again %d", i);
	}
	ew_test_end(test);
	assert_int_equal(ew_test_logged(test, "again 30"), 1);
}

static void test_health_is_told_once(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);
	const char *text = NULL;

	(void)state;
	ew_health(inst, EW_DEGRADED, "no answer from pump-1");
	ew_health(inst, EW_DEGRADED, "no answer from pump-1");
	ew_test_end(test);
	assert_int_equal(ew_test_health(test, "test", &text), EW_DEGRADED);
	assert_string_equal(text, "no answer from pump-1");
	assert_int_equal(ew_test_logged(test, "degraded: no answer from pump-1"), 1);
}

static void test_the_state_directory_is_private_and_stays(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);
	const char *directory = ew_state_dir(inst);

	(void)state;
	assert_non_null(directory);
	assert_ptr_equal(ew_state_dir(inst), directory);
	assert_non_null(strstr(directory, "/instances/test"));
	assert_int_equal(access(directory, W_OK), 0);
	ew_test_end(test);
}

static void count_call(void *self, void *arg)
{
	(void)self;
	(*(int *)arg)++;
}

static void test_a_post_runs_on_the_loop_and_a_full_queue_says_so(void **state)
{
	static int calls;
	int posted = 0;

	(void)state;
	calls = 0;
	while (posted < 100000 && ew_post(last_poke->inst, "count", count_call, &calls) == 0) {
		posted++;
	}
	assert_int_equal(calls, 0);
	assert_int_equal(posted, 4096);
	assert_int_equal(ew_post(last_poke->inst, "count", count_call, &calls), -ENOSPC);
	ew_test_step(test);
	assert_int_equal(calls, posted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_call_outside_a_callback_is_refused),
		TEST(test_a_call_in_another_instances_callback_is_refused),
		TEST(test_a_thread_may_call_only_what_is_for_any),
		TEST(test_close_may_only_log_and_free),
		TEST(test_a_metric_outside_the_table_is_ignored),
		TEST(test_arguments_that_make_no_sense_are_refused),
		TEST(test_stopped_without_a_stop_is_ignored),
		TEST(test_a_line_that_repeats_is_held_back_and_counted),
		TEST(test_health_is_told_once),
		TEST(test_the_state_directory_is_private_and_stays),
		TEST(test_a_post_runs_on_the_loop_and_a_full_queue_says_so),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
