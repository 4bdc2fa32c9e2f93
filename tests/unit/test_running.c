/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what runs, as the process writes it and as the next one reads it. */
#include "core/module/running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "tests/unit/unit.h"

struct fixture {
	char directory[64];
	char path[96];
};

struct seen {
	unsigned count;
	char instance[64];
	char callback[64];
	bool crashed;
};

static int setup(void **state)
{
	static struct fixture fixture;

	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/running.XXXXXX");
	if (mkdtemp(fixture.directory) == NULL) {
		return -1;
	}
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/running", fixture.directory);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)unlink(fixture->path);
	return rmdir(fixture->directory);
}

static int see(void *arg, const struct running_call *call)
{
	struct seen *seen = arg;

	seen->count++;
	(void)snprintf(seen->instance, sizeof(seen->instance), "%s", call->instance);
	(void)snprintf(seen->callback, sizeof(seen->callback), "%s", call->callback);
	seen->crashed = call->crashed;
	return 0;
}

static void test_a_missing_or_damaged_record_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct running_past past;
	struct seen seen = { 0 };
	FILE *file;

	assert_int_equal(running_read(fixture->path, &past, see, &seen), -ENOENT);
	file = fopen(fixture->path, "w");
	assert_non_null(file);
	fputs("not a record", file);
	fclose(file);
	assert_int_equal(running_read(fixture->path, &past, see, &seen), -EBADMSG);
	assert_int_equal(seen.count, 0);
}

static void test_a_record_of_random_bytes_is_read_without_harm(void **state)
{
	struct fixture *fixture = *state;
	struct running_past past;
	struct seen seen = { 0 };
	struct running *running = NULL;
	int fd;

	assert_int_equal(running_open(fixture->path, &running), 0);
	fd = open(fixture->path, O_RDWR);
	assert_true(fd >= 0);
	for (off_t at = 72; at < 80000; at += 3) {
		unsigned char byte = (unsigned char)(at * 7 + 1);

		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	(void)running_read(fixture->path, &past, see, &seen);
	running_close(&running);
}

static void test_an_end_in_order_names_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct running *running = NULL;
	struct running_past past;
	struct running_slot *slot;
	struct seen seen = { 0 };

	assert_int_equal(running_open(fixture->path, &running), 0);
	slot = running_take(running, "sim/line1");
	running_begin(slot, running_name_of(running, "start"));
	running_end(slot);
	running_give(running, &slot);
	running_close(&running);

	assert_int_equal(running_read(fixture->path, &past, see, &seen), 0);
	assert_true(past.clean);
	assert_true(past.same_boot);
	assert_int_equal(past.pid, getpid());
	assert_int_equal(seen.count, 0);
}

static void crash(const char *path)
{
	struct running *running = NULL;
	struct running_slot *idle, *slot;

	if (running_open(path, &running) != 0) {
		_exit(1);
	}
	idle = running_take(running, "host/here");
	slot = running_take(running, "sim/line1");
	running_begin(idle, running_name_of(running, "batch"));
	running_end(idle);
	running_begin(slot, running_name_of(running, "timer step"));
	running_crashed(running, slot, SIGSEGV);
	(void)raise(SIGKILL);
}

static void test_a_crash_names_the_callback(void **state)
{
	struct fixture *fixture = *state;
	struct running_past past;
	struct seen seen = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		crash(fixture->path);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));

	assert_int_equal(running_read(fixture->path, &past, see, &seen), 0);
	assert_false(past.clean);
	assert_int_equal(past.signal, SIGSEGV);
	assert_int_equal(past.pid, pid);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.instance, "sim/line1");
	assert_string_equal(seen.callback, "timer step");
	assert_true(seen.crashed);
}

static void test_one_name_has_one_number(void **state)
{
	struct running *running = NULL;
	uint32_t first;
	char name[200];

	(void)state;
	assert_int_equal(running_open(NULL, &running), 0);
	first = running_name_of(running, "batch");
	assert_int_not_equal(first, 0);
	assert_int_equal(running_name_of(running, "batch"), first);
	assert_string_equal(running_name(running, first), "batch");
	assert_string_equal(running_name(running, 0), "");
	assert_string_equal(running_name(running, 99999), "");

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	first = running_name_of(running, name);
	assert_int_equal(running_name_of(running, name), first);
	assert_int_equal(strlen(running_name(running, first)), RUNNING_NAME_SIZE - 1);
	running_close(&running);
}

static void test_too_many_names_share_one(void **state)
{
	struct running *running = NULL;
	char name[32];
	uint32_t number = 0;

	(void)state;
	assert_int_equal(running_open(NULL, &running), 0);
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "timer %u", i);
		number = running_name_of(running, name);
	}
	assert_string_equal(running_name(running, number), "other");
	assert_string_equal(running_name(running, running_name_of(running, "timer 0")), "timer 0");
	running_close(&running);
}

static void test_slots_run_out_and_come_back(void **state)
{
	struct running *running = NULL;
	struct running_slot *slots[RUNNING_SLOTS];

	(void)state;
	assert_int_equal(running_open(NULL, &running), 0);
	for (unsigned i = 0; i < RUNNING_SLOTS; i++) {
		slots[i] = running_take(running, "a/b");
		assert_non_null(slots[i]);
	}
	assert_null(running_take(running, "a/b"));
	running_give(running, &slots[7]);
	slots[7] = running_take(running, "a/c");
	assert_non_null(slots[7]);
	running_close(&running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_missing_or_damaged_record_is_an_error,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_record_of_random_bytes_is_read_without_harm,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_end_in_order_names_nobody, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_crash_names_the_callback, setup, teardown),
		cmocka_unit_test(test_one_name_has_one_number),
		cmocka_unit_test(test_too_many_names_share_one),
		cmocka_unit_test(test_slots_run_out_and_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
