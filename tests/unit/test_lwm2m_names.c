/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the lwm2m module: given once, kept, whatever the file looks like. */
#include "modules/lwm2m/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char path[] = "/tmp/names-XXXXXX";

static int setup(void **state)
{
	int fd;

	(void)state;
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static uint16_t number_of(struct names *names, const char *scope, const char *name)
{
	uint16_t number = 0;

	assert_int_equal(names_number(names, scope, name, &number), 0);
	return number;
}

static void test_a_damaged_file_keeps_what_is_whole(void **state)
{
	struct names names;

	(void)state;
	write_file("0\tdevice\tpump\nrubbish\n1\tdevice\n-1\tdevice\tx\n70000\tdevice\ty\n"
		   "0\tdevice\tanother\n2\tdevice\tpump\n4\tdevice\ttank\n5\tdevice\tcu");
	assert_int_equal(names_open(&names, path), 0);
	assert_int_equal(names.count, 2);
	assert_int_equal(number_of(&names, "device", "pump"), 0);
	assert_int_equal(number_of(&names, "device", "tank"), 4);
	assert_int_equal(number_of(&names, "device", "motor"), 5);
	names_close(&names);
	/* the cut line has not eaten the new one */
	assert_int_equal(names_open(&names, path), 0);
	assert_int_equal(names.count, 3);
	assert_int_equal(number_of(&names, "device", "motor"), 5);
	names_close(&names);
}

static void test_numbers_are_counted_in_their_scope(void **state)
{
	struct names names;

	(void)state;
	assert_int_equal(names_open(&names, path), 0);
	assert_int_equal(number_of(&names, "d0/3303", "a"), 0);
	assert_int_equal(number_of(&names, "d0/3303", "b"), 1);
	assert_int_equal(number_of(&names, "d0/3304", "b"), 0);
	assert_int_equal(number_of(&names, "d0/3303", "a"), 0);
	names_close(&names);
	assert_int_equal(names_open(&names, path), 0);
	assert_int_equal(number_of(&names, "d0/3303", "c"), 2);
	assert_int_equal(number_of(&names, "d0/3303", "b"), 1);
	names_close(&names);
}

static void test_what_does_not_fit_a_line_has_no_number(void **state)
{
	static char name[NAMES_LINE_MAX];
	struct names names;
	uint16_t number = 7;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(names_open(&names, path), 0);
	assert_int_equal(names_number(&names, "device", name, &number), -ENOSPC);
	assert_int_equal(number, 7);
	assert_int_equal(names.count, 0);
	names_close(&names);
	assert_int_equal(names_open(&names, "/nowhere/names"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_damaged_file_keeps_what_is_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_numbers_are_counted_in_their_scope, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_does_not_fit_a_line_has_no_number,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
