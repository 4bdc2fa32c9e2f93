/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: beginning, end, and time.
 */
#include "tests/lib/kit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/http/http.h"

#define START_WALL  1767225600000000000 /* 2026-01-01 00:00 UTC */
#define START_MONO  (1000 * EW_SECOND)

struct ew_test *kit_running;

void kit_abort(const char *function, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fprintf(stderr, "%s(): ", function);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	abort();
}

/* ---- the directory ---- */

static int make_directory(struct ew_test *test)
{
	const char *base = getenv("TMPDIR");

	if (asprintf(&test->directory, "%s/edgeway-test.XXXXXX",
		     base != NULL && base[0] != '\0' ? base : "/tmp") < 0) {
		test->directory = NULL;
		return -ENOMEM;
	}
	if (mkdtemp(test->directory) == NULL) {
		free(test->directory);
		test->directory = NULL;
		return -errno;
	}
	return 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_directory(struct ew_test *test)
{
	if (test->directory != NULL) {
		(void)nftw(test->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
		free(test->directory);
	}
}

const char *ew_test_directory(const struct ew_test *test)
{
	return test->directory;
}

/* ---- beginning and end ---- */

static int make_fleet(struct ew_test *test)
{
	int error = loop_new("main", &test->stepped.main);

	if (error == 0) {
		error = bus_new(&test->bus);
	}
	if (error == 0) {
		error = http_new(&test->http);
	}
	if (error != 0) {
		return error;
	}
	bus_set_clock_valid(test->bus, true);
	return fleet_new(&(struct fleet_config){
				 .bus = test->bus,
				 .main = test->stepped.main,
				 .http = test->http,
				 .state_dir = test->directory,
				 .gateway = { .group = "test", .name = "gateway",
					      .version = "test" },
				 .stepped = true,
			 },
			 &test->stepped.fleet);
}

static int add_own(struct ew_test *test)
{
	int error = ew_test_load(test, &kit_own_module, KIT_OWN_NAME, NULL);

	if (error == 0) {
		error = ew_test_start(test);
	}
	if (error == 0) {
		test->own = kit_find(test, KIT_OWN_NAME, __func__)->inst;
		test->own_callback = running_name_of(fleet_running(test->stepped.fleet),
						     KIT_OWN_NAME);
	}
	return error;
}

static int64_t step_uplinks(void *arg)
{
	return kit_step_uplinks(arg);
}

static void test_init(struct ew_test *test)
{
	test->stepped.more = step_uplinks;
	test->stepped.arg = test;
	list_init(&test->loaders);
	list_init(&test->modules);
	list_init(&test->instances);
	list_init(&test->brokers);
	list_init(&test->disks);
	buf_init(&test->config, 16 * 1024 * 1024);
	buf_init(&test->answer, 1024 * 1024);
	buf_init(&test->error, 64 * 1024);
	test->own_answer = -EACCES;
	test->misuses_before = instance_misuses();
	instance_set_strict(true);
	stepped_begin(&test->stepped, START_MONO, START_WALL);
}

int ew_test_new(struct ew_test **test_out)
{
	struct ew_test *test;
	int error;

	if (kit_running != NULL) {
		return -EBUSY;
	}
	test = calloc(1, sizeof(*test));
	if (test == NULL) {
		return -ENOMEM;
	}
	kit_running = test;
	test_init(test);
	error = kit_lines_open(test);
	if (error == 0) {
		error = make_directory(test);
	}
	if (error == 0) {
		error = make_fleet(test);
	}
	if (error == 0) {
		error = add_own(test);
	}
	if (error != 0) {
		ew_test_free(&test);
		return error;
	}
	*test_out = test;
	return 0;
}

static bool is_ended(const struct ew_instance *inst)
{
	enum instance_state state = instance_state(inst);

	return state == INSTANCE_NEW || state == INSTANCE_CLOSED || state == INSTANCE_FAILED;
}

static bool all_ended(void *arg)
{
	struct ew_test *test = arg;
	struct list *node;

	list_for_each(node, &test->instances) {
		const struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (kit->inst != NULL && !is_ended(kit->inst)) {
			return false;
		}
	}
	return true;
}

static void stop_all(struct ew_test *test)
{
	struct list *node;

	list_for_each(node, &test->instances) {
		const struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (kit->inst != NULL) {
			instance_stop(kit->inst, false);
		}
	}
	(void)stepped_run_until(&test->stepped, clock_mono() + KIT_PATIENCE, all_ended, test);
	if (!all_ended(test)) {
		kit_abort(__func__, "an instance did not end in %d s", 60);
	}
}

void ew_test_free(struct ew_test **test_at)
{
	struct ew_test *test = *test_at;

	if (test == NULL) {
		return;
	}
	*test_at = NULL;
	if (test->stepped.fleet != NULL) {
		stop_all(test);
	}
	kit_free_instances(test);
	kit_close_uplinks(test);
	fleet_free(&test->stepped.fleet);
	http_free(&test->http);
	bus_free(&test->bus);
	loop_free(&test->stepped.main);
	kit_records_clear(test);
	free(test->records.at);
	kit_free_disks(test);
	remove_directory(test);
	buf_fini(&test->config);
	buf_fini(&test->answer);
	buf_fini(&test->error);
	kit_lines_close(test);
	stepped_end(&test->stepped);
	kit_running = NULL;
	free(test);
}

/* ---- time ---- */

/* The loop that runs on after all have settled but it; for people. */
static const char *kit_busiest(struct ew_test *test)
{
	struct list *node;

	list_for_each(node, &test->instances) {
		const struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (kit->inst != NULL && loop_step(instance_loop(kit->inst))) {
			return kit->name;
		}
	}
	return "the main loop";
}

static void kit_rested(struct ew_test *test, bool is_at_rest)
{
	if (!is_at_rest) {
		kit_abort("kit_settle",
			  "the loops go round for ever: after %u turns %s still runs, though time "
			  "stands still; has it a timer or a post that sets itself for now?",
			  STEPPED_TURNS_MAX, kit_busiest(test));
	}
}

void kit_settle(struct ew_test *test)
{
	kit_rested(test, stepped_settle(&test->stepped));
}

void ew_test_step(struct ew_test *test)
{
	kit_settle(test);
}

void ew_test_advance(struct ew_test *test, ew_dur by)
{
	kit_rested(test, stepped_run_until(&test->stepped, clock_mono() + (by > 0 ? by : 0), NULL,
				       NULL));
}

void ew_test_jump(struct ew_test *test, ew_dur by)
{
	(void)atomic_fetch_add(&test->stepped.mono, by > 0 ? by : 0);
	kit_settle(test);
}

void ew_test_hang(struct ew_test *test, const char *name)
{
	test->stepped.hung = name == NULL ? NULL
			   : instance_loop(kit_find(test, name, __func__)->inst);
}

void ew_test_set_wall(struct ew_test *test, ew_time now)
{
	atomic_store(&test->stepped.wall, now - clock_mono());
}
