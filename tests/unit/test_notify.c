/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager hears. */
#include "core/daemon/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char last[1024];
static int manager;

static int setup(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(sa_family_t);
	char name[128];

	(void)state;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	/* the kernel chooses an abstract name */
	assert_int_equal(bind(manager, (struct sockaddr *)&address, size), 0);
	size = sizeof(address);
	assert_int_equal(getsockname(manager, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(name, sizeof(name), "@%.*s",
		       (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
		       address.sun_path + 1);
	return setenv("NOTIFY_SOCKET", name, 1);
}

static int teardown(void **state)
{
	(void)state;
	return close(manager);
}

static const char *heard(void)
{
	ssize_t size = recv(manager, last, sizeof(last) - 1, 0);

	last[size > 0 ? size : 0] = '\0';
	return last;
}

static void test_nobody_listening_is_no_error(void **state)
{
	struct notify notify;

	(void)state;
	(void)unsetenv("NOTIFY_SOCKET");
	notify_open(&notify);
	assert_int_equal(notify.fd, -1);
	notify_ready(&notify, "x");
	notify_close(&notify);
	(void)setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	notify_open(&notify);
	assert_int_equal(notify.fd, -1);
}

static void test_each_state_is_said_and_children_cannot_say_it(void **state)
{
	struct notify notify;

	(void)state;
	notify_open(&notify);
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_ready(&notify, "3 of 3 instances run");
	assert_string_equal(heard(), "READY=1\nSTATUS=3 of 3 instances run\n");
	notify_reloading(&notify);
	assert_non_null(strstr(heard(), "RELOADING=1\nMONOTONIC_USEC="));
	notify_alive(&notify);
	assert_string_equal(heard(), "WATCHDOG=1\n");
	notify_status(&notify, "s");
	assert_string_equal(heard(), "STATUS=s\n");
	notify_stopping(&notify, "bye");
	assert_string_equal(heard(), "STOPPING=1\nSTATUS=bye\n");
	notify_close(&notify);
}

static void test_a_watchdog_for_another_process_is_not_ours(void **state)
{
	struct notify notify;
	char pid[32];

	(void)state;
	(void)setenv("WATCHDOG_USEC", "2000000", 1);
	(void)setenv("WATCHDOG_PID", "1", 1);
	notify_open(&notify);
	assert_int_equal(notify.watchdog, 0);
	notify_close(&notify);
	(void)setup(NULL);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("WATCHDOG_USEC", "2000000", 1);
	(void)setenv("WATCHDOG_PID", pid, 1);
	notify_open(&notify);
	assert_int_equal(notify.watchdog, (ew_dur)2000000000);
	notify_close(&notify);
}

int main(void)
{
#define notify_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		notify_test(test_nobody_listening_is_no_error),
		notify_test(test_each_state_is_said_and_children_cannot_say_it),
		notify_test(test_a_watchdog_for_another_process_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
