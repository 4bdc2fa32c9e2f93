/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes of child processes: whose they were, how often, and who is kept off. */
#include "core/daemon/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "tests/unit/unit.h"

static char dir[64], record[128];
static char lines[8192];
static struct running_slot *slot;

static void keep_line(void *arg, enum log_level level, const char *who, const char *text)
{
	size_t used = strlen(lines);

	(void)arg;
	(void)snprintf(lines + used, sizeof(lines) - used, "%s|%s|%s\n", log_level_name(level),
		       who != NULL ? who : "-", text);
}

static const struct running_slot *current_slot(void)
{
	return slot;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "crash-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(record, sizeof(record), "%s/running", dir);
	lines[0] = '\0';
	log_set_sink(keep_line, NULL);
	return 0;
}

static int teardown(void **state)
{
	char name[128];

	(void)state;
	log_set_sink(NULL, NULL);
	(void)unlink(record);
	(void)snprintf(name, sizeof(name), "%s/crashes", dir);
	(void)unlink(name);
	return rmdir(dir);
}

static struct crashes *read_crashes(ew_dur window)
{
	struct crash_config config = { .state_dir = dir, .limit = 2, .window = window };
	struct crashes *crashes = NULL;

	assert_int_equal(crashes_read(&config, &crashes), 0);
	return crashes;
}

/* A process that is inside a callback of `who` and gets this signal. */
static void die_in(const char *who, int number, bool in_core)
{
	static const struct rlimit no_core = { 0, 0 };
	struct running *running = NULL;
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		check(running_open(record, &running) == 0);
		slot = running_take(running, who);
		running_begin(slot, running_name_of(running, "timer 'tick'"));
		if (in_core) {
			slot = NULL;
		}
		crash_catch(running, current_slot);
		(void)raise(number);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), number);
}

static void test_a_first_start_has_nothing_to_say(void **state)
{
	struct crashes *crashes = read_crashes(3600 * (ew_dur)1000000000);

	(void)state;
	assert_string_equal(lines, "");
	assert_false(crashes_keep_off(crashes, "sim/line1"));
	crashes_free(&crashes);
}

static void test_a_record_of_any_bytes_is_survived(void **state)
{
	FILE *file = fopen(record, "w");
	struct crashes *crashes;

	(void)state;
	for (int i = 0; i < 70000; i++) {
		(void)fputc(i * 7 % 251, file);
	}
	(void)fclose(file);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_non_null(strstr(lines, "the record of the last run is damaged"));
	crashes_free(&crashes);
}

static void test_a_crash_names_its_instance_and_callback(void **state)
{
	struct crashes *crashes;

	(void)state;
	die_in("sim/line1", SIGSEGV, false);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_non_null(strstr(lines, "error|sim/line1|crashed the last run: signal 11 "
				      "(Segmentation fault) in timer 'tick'\n"));
	assert_int_equal(crashes_count(crashes, "sim/line1"), 1);
	assert_false(crashes_keep_off(crashes, "sim/line1"));
	crashes_free(&crashes);
}

static void test_at_the_limit_the_instance_stays_off_and_others_do_not(void **state)
{
	struct crashes *crashes;

	(void)state;
	for (int i = 0; i < 2; i++) {
		die_in("sim/line1", SIGABRT, false);
		crashes = read_crashes(3600 * (ew_dur)1000000000);
		crashes_free(&crashes);
		(void)unlink(record); /* a start in order makes a new one */
	}
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_true(crashes_keep_off(crashes, "sim/line1"));
	assert_false(crashes_keep_off(crashes, "sim/line2"));
	crashes_forgive(crashes, "sim/line1");
	crashes_free(&crashes);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_false(crashes_keep_off(crashes, "sim/line1"));
	crashes_free(&crashes);
}

static void test_crashes_before_the_window_do_not_count(void **state)
{
	struct crashes *crashes;

	(void)state;
	die_in("sim/line1", SIGSEGV, false);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	crashes_free(&crashes);
	(void)unlink(record);
	crashes = read_crashes(0);
	assert_int_equal(crashes_count(crashes, "sim/line1"), 0);
	crashes_free(&crashes);
}

static void test_a_crash_of_core_and_a_kill_blame_nobody(void **state)
{
	struct crashes *crashes;

	(void)state;
	die_in("sim/line1", SIGSEGV, true);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_int_equal(crashes_count(crashes, "sim/line1"), 0);
	assert_non_null(strstr(lines, ", crashed\n"));
	crashes_free(&crashes);
	lines[0] = '\0';
	(void)unlink(record);
	die_in("sim/line1", SIGKILL, false);
	crashes = read_crashes(3600 * (ew_dur)1000000000);
	assert_int_equal(crashes_count(crashes, "sim/line1"), 0);
	assert_non_null(strstr(lines, ", was killed\n"));
	assert_non_null(strstr(lines, "warning|sim/line1|timer 'tick' was running when"));
	crashes_free(&crashes);
}

int main(void)
{
#define crash_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		crash_test(test_a_first_start_has_nothing_to_say),
		crash_test(test_a_record_of_any_bytes_is_survived),
		crash_test(test_a_crash_names_its_instance_and_callback),
		crash_test(test_at_the_limit_the_instance_stays_off_and_others_do_not),
		crash_test(test_crashes_before_the_window_do_not_count),
		crash_test(test_a_crash_of_core_and_a_kill_blame_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
