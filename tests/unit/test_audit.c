/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: numbers without holes, rotation, torn lines, what is lost. */
#include "core/audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "tests/unit/unit.h"

static char dir[64];
static char path[128];
static struct audit *audit;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "audit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/audit.log", dir);
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

static int teardown(void **state)
{
	char name[160];

	(void)state;
	audit_free(&audit);
	(void)unlink(path);
	for (int i = 1; i <= AUDIT_KEEP_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%s.%d", path, i);
		(void)unlink(name);
	}
	return rmdir(dir);
}

static void begin(uint64_t max_bytes, unsigned keep)
{
	struct audit_config config = {
		.path = path, .max_bytes = max_bytes, .keep = keep, .sync = AUDIT_SYNC_NEVER,
	};
	struct ew_error err = { .text = "" };

	assert_int_equal(audit_new(&config, &audit, &err), 0);
}

static void put(const char *target)
{
	audit_write(audit, &(struct audit_record){ .time = 1500000000, .origin = "scada",
						   .remote = "who\nelse", .what = "write",
						   .target = target, .value = "12", .items = 1,
						   .priority = 2, .result = "done", .text = "" });
}

/* Read the last `last` records; their numbers must follow each other. */
static uint64_t read_back(uint64_t last, int64_t *first_out, char *target, size_t room)
{
	struct audit_reader *reader = NULL;
	struct json_object object;
	uint64_t count = 0;
	const char *line;
	size_t size;

	assert_int_equal(audit_reader_new(path, last, &reader), 0);
	while (audit_reader_next(reader, &line, &size) == 1) {
		char copy[16384];
		int64_t number = 0;

		memcpy(copy, line, size);
		assert_int_equal(json_read(copy, size, &object), 0);
		assert_int_equal(json_int(&object, "n", &number), 0);
		if (count == 0) {
			*first_out = number;
		}
		assert_int_equal(number, *first_out + (int64_t)count);
		(void)snprintf(target, room, "%s", json_text(&object, "target"));
		count++;
	}
	audit_reader_free(&reader);
	return count;
}

static void test_a_file_that_cannot_be_made_is_named(void **state)
{
	struct audit_config config = { .path = "/dev/null/audit.log" };
	struct ew_error err = { .text = "" };

	(void)state;
	assert_int_equal(audit_new(&config, &audit, &err), -ENOTDIR);
	assert_null(audit);
	assert_non_null(strstr(err.text, "'/dev/null/audit.log' cannot be kept"));
}

static void test_records_are_on_disk_after_free_and_numbers_go_on(void **state)
{
	char target[64];
	int64_t first = 0;

	(void)state;
	begin(0, 3);
	for (int i = 0; i < 1000; i++) {
		put("pump-1:Speed");
	}
	audit_free(&audit);
	begin(0, 3);
	put("last");
	audit_free(&audit);
	assert_int_equal(read_back(UINT64_MAX, &first, target, sizeof(target)), 1001);
	assert_int_equal(first, 1);
	assert_string_equal(target, "last");
	assert_int_equal(read_back(1, &first, target, sizeof(target)), 1);
	assert_int_equal(first, 1001);
	assert_int_equal(read_back(0, &first, target, sizeof(target)), 0);
}

static void test_full_files_are_renamed_and_the_oldest_go(void **state)
{
	char target[64], name[160];
	struct stat st;
	int64_t first = 0;
	uint64_t count;

	(void)state;
	begin(2000, 2);
	for (int i = 0; i < 100; i++) {
		put("x");
	}
	audit_free(&audit);
	for (int i = 1; i <= 2; i++) {
		(void)snprintf(name, sizeof(name), "%s.%d", path, i);
		assert_int_equal(stat(name, &st), 0);
		assert_in_range(st.st_size, 1000, 2000);
	}
	(void)snprintf(name, sizeof(name), "%s.3", path);
	assert_int_equal(stat(name, &st), -1);
	count = read_back(UINT64_MAX, &first, target, sizeof(target));
	assert_in_range(count, 10, 60);
	assert_int_equal(first + (int64_t)count, 101);
	/* across files */
	assert_int_equal(read_back(20, &first, target, sizeof(target)), 20);
	assert_int_equal(first, 81);
}

static void test_a_torn_line_is_ended_and_the_next_is_whole(void **state)
{
	struct audit_reader *reader = NULL;
	const char *line;
	size_t size;
	int fd, count = 0;

	(void)state;
	begin(0, 1);
	put("x");
	audit_free(&audit);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"n\":2,\"ti", 10), 10);
	(void)close(fd);
	begin(0, 1);
	put("y");
	audit_free(&audit);
	assert_int_equal(audit_reader_new(path, 10, &reader), 0);
	while (audit_reader_next(reader, &line, &size) == 1) {
		count++;
	}
	assert_int_equal(count, 3);
	audit_reader_free(&reader);
}

static void test_what_the_disk_refused_is_counted_and_said(void **state)
{
	struct rlimit old, small;
	int64_t deadline;
	char target[64];
	int64_t first = 0;

	(void)state;
	begin(0, 1);
	put("before");
	audit_free(&audit);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 1;
	signal(SIGXFSZ, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	log_set_sink(NULL, NULL);
	begin(0, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	put("lost");
	deadline = clock_mono() + 10 * (int64_t)1000000000;
	while (audit_stats(audit).lost == 0 && clock_mono() < deadline) {
		(void)sched_yield();
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	put("after");
	audit_free(&audit);
	assert_int_equal(read_back(2, &first, target, sizeof(target)), 2);
	assert_string_equal(target, "after");
	assert_int_equal(first, 3);
}

int main(void)
{
#define audit_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		audit_test(test_a_file_that_cannot_be_made_is_named),
		audit_test(test_records_are_on_disk_after_free_and_numbers_go_on),
		audit_test(test_full_files_are_renamed_and_the_oldest_go),
		audit_test(test_a_torn_line_is_ended_and_the_next_is_whole),
		audit_test(test_what_the_disk_refused_is_counted_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
