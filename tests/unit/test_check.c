/* SPDX-License-Identifier: Apache-2.0 */
/* check() ends the process and says where; a true condition costs nothing. */
#include "core/base/check.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct handle {
	unsigned magic;
};

static void test_a_wrong_magic_aborts_and_names_the_place(void **state)
{
	struct handle handle = {.magic = 1};
	char text[256] = "";
	int pipe_fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipe_fds[1], STDERR_FILENO);
		(void)signal(SIGABRT, SIG_DFL);
		check_obj(&handle, 2);
		_exit(0);
	}
	(void)close(pipe_fds[1]);
	assert_true(read(pipe_fds[0], text, sizeof(text) - 1) > 0);
	(void)close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "test_check.c:"));
	assert_non_null(strstr(text, "magic == (2)"));
}

static void test_a_right_magic_passes(void **state)
{
	struct handle handle = {.magic = 2};

	(void)state;
	check_obj(&handle, 2);
	assert_ptr_equal(container_of(&handle.magic, struct handle, magic), &handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_wrong_magic_aborts_and_names_the_place),
		cmocka_unit_test(test_a_right_magic_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
