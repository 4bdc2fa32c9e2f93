/* SPDX-License-Identifier: Apache-2.0 */
/* The console on the real bus: what it writes to a file, a pipe and nobody. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

extern const struct ew_module ew_module;

static char output[1 << 16];

static struct ew_test *begin(const char *format, const char *more, char path_out[256])
{
	struct ew_test *test;
	char yaml[600];

	assert_int_equal(ew_test_new(&test), 0);
	(void)snprintf(path_out, 256, "%s/out", ew_test_directory(test));
	(void)snprintf(yaml, sizeof(yaml), "format: %s\noutput: %s\n%s", format, path_out, more);
	assert_int_equal(ew_test_load(test, &ew_module, "screen", yaml), 0);
	return test;
}

static void start(struct ew_test *test)
{
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
}

static const char *look(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	assert_true(fd >= 0);
	size = read(fd, output, sizeof(output) - 1);
	assert_true(size >= 0);
	output[size] = '\0';
	assert_int_equal(close(fd), 0);
	return output;
}

/* The test's own instance declares a pump and says what it does. */
static uint32_t pump(struct ew_test *test, const char *device, const char *tag)
{
	struct ew_device_spec device_spec = {
		.size = sizeof(device_spec), .path = device, .type = "pump",
	};
	struct ew_tag_spec tag_spec = {
		.size = sizeof(tag_spec), .name = tag, .type = EW_TYPE_F32, .unit = "m3/h",
	};
	struct ew_instance *self = ew_test_begin(test);
	uint32_t device_id = 0, tag_id = 0;

	assert_int_equal(ew_device_declare(self, &device_spec, &device_id), 0);
	assert_int_equal(ew_tag_declare(self, device_id, &tag_spec, &tag_id), 0);
	assert_int_equal(ew_device_state(self, device_id, EW_DEVICE_UP, NULL), 0);
	ew_test_end(test);
	return tag_id;
}

static void say(struct ew_test *test, uint32_t tag, double value)
{
	struct ew_sample sample = ew_sample_f64(tag, 0, value);
	struct ew_instance *self = ew_test_begin(test);

	assert_int_equal(ew_publish(self, &sample, 1, NULL), 0);
	ew_test_end(test);
	ew_test_step(test);
}

static void test_a_file_that_cannot_be_opened_fails_the_start(void **state)
{
	struct ew_test *test;

	(void)state;
	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "screen", "output: /nowhere/at/all\n"), 0);
	assert_int_equal(ew_test_start(test), -EIO);
	ew_test_free(&test);
}

static void test_each_sample_is_a_line_of_json(void **state)
{
	char path[256];
	struct ew_test *test = begin("json", "", path);
	uint32_t tag;

	(void)state;
	start(test);
	tag = pump(test, "pump-1", "Pump/Flow");
	say(test, tag, 27.5);
	say(test, tag, 28.0);
	assert_non_null(strstr(look(path), "{\"device\":\"pump-1\",\"tag\":\"Pump/Flow\","
			       "\"value\":27.5,\"unit\":\"m3/h\",\"quality\":\"good\","
			       "\"time\":\"2026-01-01T00:00:00.000Z\"}\n"));
	assert_non_null(strstr(output, "\"value\":28,"));
	assert_non_null(strstr(output, "{\"device\":\"pump-1\",\"change\":\"state\","
			       "\"type\":\"pump\",\"state\":\"up\"}\n"));
	ew_test_free(&test);
}

static void test_only_the_tags_that_are_asked_for_are_shown(void **state)
{
	char path[256];
	struct ew_test *test = begin("json", "tags: [\"pump-*:*/Flow\"]\n", path);
	uint32_t flow, level;

	(void)state;
	start(test);
	flow = pump(test, "pump-1", "Pump/Flow");
	level = pump(test, "tank-1", "Level/Level");
	say(test, level, 1.0);
	say(test, flow, 2.0);
	assert_non_null(strstr(look(path), "Pump/Flow"));
	assert_null(strstr(output, "Level/Level"));
	ew_test_free(&test);
}

static void test_the_table_shows_the_last_value_and_its_age(void **state)
{
	char path[256];
	struct ew_test *test = begin("table", "every: 1s\n", path);
	uint32_t tag;

	(void)state;
	start(test);
	tag = pump(test, "pump-1", "Pump/Flow");
	say(test, tag, 1.0);
	say(test, tag, 27.5);
	ew_test_advance(test, 1100 * EW_MILLISECOND);
	assert_non_null(strstr(look(path),
		"DEVICE  TAG        VALUE  UNIT  QUALITY   AGE  STATE\n"
		"pump-1  Pump/Flow   27.5  m3/h  good     1.0s  up\n\n"));
	ew_test_free(&test);
}

static void test_a_pipe_that_nobody_reads_holds_nothing_up(void **state)
{
	char path[256];
	struct ew_test *test = begin("json", "", path);
	double lines, dropped;
	uint32_t tag;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	start(test);
	tag = pump(test, "pump-1", "Pump/Flow");
	for (int i = 0; i < 20000; i++) {
		say(test, tag, i);
	}
	lines = ew_test_metric(test, "screen", "lines_total");
	dropped = ew_test_metric(test, "screen", "dropped_total");
	/* 64 KiB in the pipe and 1 MiB here are some 9,000 lines */
	assert_true(lines > 5000.0 && dropped > 5000.0);
	assert_true(lines + dropped >= 20000.0);

	/* when somebody reads, what waited comes, in whole lines */
	for (int turn = 0; turn < 1000; turn++) {
		ssize_t size = read(reader, output, sizeof(output));

		for (ssize_t i = 0; i < size; i++) {
			lines -= output[i] == '\n' ? 1.0 : 0.0;
		}
		ew_test_step(test);
	}
	assert_true(lines == 0.0);
	assert_int_equal(close(reader), 0);
	ew_test_free(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_cannot_be_opened_fails_the_start),
		cmocka_unit_test(test_each_sample_is_a_line_of_json),
		cmocka_unit_test(test_only_the_tags_that_are_asked_for_are_shown),
		cmocka_unit_test(test_the_table_shows_the_last_value_and_its_age),
		cmocka_unit_test(test_a_pipe_that_nobody_reads_holds_nothing_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
