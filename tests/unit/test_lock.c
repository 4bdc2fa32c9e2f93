/* SPDX-License-Identifier: Apache-2.0 */
/* One daemon on one state directory. */
#include "core/daemon/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/unit/unit.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "lock-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
	char name[128];

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/deep/er/lock", dir);
	(void)unlink(name);
	(void)snprintf(name, sizeof(name), "%s/deep/er", dir);
	(void)rmdir(name);
	(void)snprintf(name, sizeof(name), "%s/deep", dir);
	(void)rmdir(name);
	(void)snprintf(name, sizeof(name), "%s/lock", dir);
	(void)unlink(name);
	return rmdir(dir);
}

static void test_a_second_daemon_is_refused_and_told_by_whom(void **state)
{
	struct ew_error err = { .text = "" };
	char expected[64];
	int first = -1, second = -1;

	(void)state;
	assert_int_equal(lock_state_dir(dir, &first, &err), 0);
	assert_int_equal(lock_state_dir(dir, &second, &err), -EBUSY);
	assert_int_equal(second, -1);
	(void)snprintf(expected, sizeof(expected), "in use by another edgewayd, process %d",
		       (int)getpid());
	assert_non_null(strstr(err.text, expected));
	(void)close(first);
	assert_int_equal(lock_state_dir(dir, &second, &err), 0);
	(void)close(second);
}

static void test_a_process_that_is_killed_gives_the_lock_back(void **state)
{
	struct ew_error err = { .text = "" };
	int fd = -1, status, ready[2];
	char byte;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		(void)!write(ready[1], lock_state_dir(dir, &fd, &err) == 0 ? "y" : "n", 1);
		(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(lock_state_dir(dir, &fd, &err), -EBUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(lock_state_dir(dir, &fd, &err), 0);
	(void)close(fd);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void test_what_is_no_directory_is_named(void **state)
{
	struct ew_error err = { .text = "" };
	int fd = -1;

	(void)state;
	assert_int_equal(lock_state_dir("/dev/null/state", &fd, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "'/dev/null/state'"));
}

static void test_missing_directories_are_made_for_us_alone(void **state)
{
	struct ew_error err = { .text = "" };
	char name[128];
	struct stat st;
	int fd = -1;

	(void)state;
	(void)snprintf(name, sizeof(name), "%s/deep/er", dir);
	assert_int_equal(lock_state_dir(name, &fd, &err), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	(void)close(fd);
}

int main(void)
{
#define lock_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		lock_test(test_a_second_daemon_is_refused_and_told_by_whom),
		lock_test(test_a_process_that_is_killed_gives_the_lock_back),
		lock_test(test_what_is_no_directory_is_named),
		lock_test(test_missing_directories_are_made_for_us_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
