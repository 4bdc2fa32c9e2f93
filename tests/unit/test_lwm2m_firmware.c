/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware Update of the lwm2m module: its states, its refusals, what outlives a restart. */
#include "modules/lwm2m/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* Of the three bytes "abc". */
#define HASH   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OTHER  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"
#define URI    "https://updates.example.com/fw.bin"

static struct {
	char directory[64];
	struct firmware firmware;
	char fetched[FIRMWARE_URI_MAX];
	unsigned fetches, drops, applied, changes;
	int refuses;            /* what fetch and apply return */
} world;

static int fetch(void *arg, const char *uri)
{
	(void)arg;
	world.fetches++;
	(void)snprintf(world.fetched, sizeof(world.fetched), "%s", uri);
	return world.refuses;
}

static void drop(void *arg)
{
	(void)arg;
	world.drops++;
}

static int apply(void *arg)
{
	(void)arg;
	world.applied++;
	return world.refuses;
}

static void changed(void *arg)
{
	(void)arg;
	world.changes++;
}

static void open_again(bool needs_hash)
{
	const struct firmware_settings settings = {
		.directory = world.directory, .needs_hash = needs_hash,
	};
	const struct firmware_ops ops = {
		.fetch = fetch, .drop = drop, .apply = apply, .changed = changed,
	};

	assert_int_equal(firmware_open(&world.firmware, &settings, &ops), 0);
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	(void)snprintf(world.directory, sizeof(world.directory), "/tmp/firmware.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	open_again(true);
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = {"package", "firmware", "outcome"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", world.directory, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(world.directory), 0);    /* and nothing else was left */
	return 0;
}

static unsigned put(uint16_t resource, enum lwm2m_type type, const char *text)
{
	const struct lwm2m_path path = {.depth = LWM2M_RESOURCE, .ids = {FIRMWARE, 0, resource}};
	const struct lwm2m_value value = {.type = type, .v.x = {text, strlen(text)}};

	return firmware_object.write(&world.firmware, &path, &value);
}

static unsigned run(uint16_t resource, const char *argument)
{
	const struct lwm2m_path path = {.depth = LWM2M_RESOURCE, .ids = {FIRMWARE, 0, resource}};

	return firmware_object.execute(&world.firmware, &path,
				       (struct lwm2m_text){argument, strlen(argument)});
}

static void check(enum firmware_state state, enum firmware_result result)
{
	const struct lwm2m_path states = {.depth = LWM2M_RESOURCE, .ids = {FIRMWARE, 0, 3}};
	const struct lwm2m_path results = {.depth = LWM2M_RESOURCE, .ids = {FIRMWARE, 0, 5}};
	struct lwm2m_value value;

	assert_true(firmware_object.read(&world.firmware, &states, &value));
	assert_int_equal(value.v.i, state);
	assert_true(firmware_object.read(&world.firmware, &results, &value));
	assert_int_equal(value.v.i, result);
}

static bool has_package(void)
{
	return access(world.firmware.package, F_OK) == 0;
}

static void test_what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	assert_int_equal(run(2, ""), LWM2M_NOT_ALLOWED);
	assert_int_equal(run(10, ""), LWM2M_NOT_ALLOWED);
	assert_int_equal(put(3, LWM2M_STRING, "2"), LWM2M_NOT_ALLOWED);
	assert_int_equal(put(1, LWM2M_OPAQUE, "x"), LWM2M_BAD_REQUEST);
	check(FIRMWARE_IDLE, FIRMWARE_INITIAL);
	assert_int_equal(put(1, LWM2M_STRING, "http://updates.example.com/fw.bin#sha256=" HASH),
			 LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_BAD_PROTOCOL);
	assert_int_equal(put(1, LWM2M_STRING, URI), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_BAD_URI);
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=12"), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_BAD_URI);
	assert_int_equal(world.fetches, 0);
}

static void test_a_package_is_pulled_and_applied(void **state)
{
	(void)state;
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	check(FIRMWARE_DOWNLOADING, FIRMWARE_INITIAL);
	assert_string_equal(world.fetched, URI "#sha256=" HASH);
	assert_int_equal(run(2, ""), LWM2M_NOT_ALLOWED);
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_NOT_ALLOWED);
	firmware_fetched(&world.firmware, FIRMWARE_INITIAL, HASH);
	check(FIRMWARE_DOWNLOADED, FIRMWARE_INITIAL);
	assert_int_equal(run(2, ""), LWM2M_CHANGED);
	check(FIRMWARE_UPDATING, FIRMWARE_INITIAL);
	assert_int_equal(world.applied, 1);
	assert_int_equal(put(1, LWM2M_STRING, ""), LWM2M_NOT_ALLOWED);
	firmware_applied(&world.firmware, true);
	check(FIRMWARE_IDLE, FIRMWARE_SUCCESS);
	assert_int_equal(world.drops, 0);
}

static void test_a_pull_that_fails_says_why(void **state)
{
	(void)state;
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	firmware_fetched(&world.firmware, FIRMWARE_INITIAL, OTHER);
	check(FIRMWARE_IDLE, FIRMWARE_WRONG_HASH);
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	firmware_fetched(&world.firmware, FIRMWARE_LOST, "");
	check(FIRMWARE_IDLE, FIRMWARE_LOST);
	world.refuses = -EIO;
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_LOST);
	/* nobody waits for it any more */
	firmware_fetched(&world.firmware, FIRMWARE_INITIAL, HASH);
	check(FIRMWARE_IDLE, FIRMWARE_LOST);
}

static void test_a_package_is_pushed_and_its_hash_is_said_with_the_update(void **state)
{
	(void)state;
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	check(FIRMWARE_DOWNLOADED, FIRMWARE_INITIAL);
	assert_true(has_package());
	assert_int_equal(run(2, "0='abc'"), LWM2M_BAD_REQUEST);
	assert_int_equal(run(2, "0='" OTHER "'"), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_WRONG_HASH);
	assert_false(has_package());
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(run(2, "0='" HASH "'"), LWM2M_CHANGED);
	check(FIRMWARE_UPDATING, FIRMWARE_INITIAL);
	firmware_applied(&world.firmware, false);
	check(FIRMWARE_IDLE, FIRMWARE_FAILED);
	/* one that need not be said is not asked for */
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(run(2, ""), LWM2M_CHANGED);
	firmware_applied(&world.firmware, true);
	check(FIRMWARE_IDLE, FIRMWARE_SUCCESS);
}

static void test_a_server_may_change_its_mind(void **state)
{
	(void)state;
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	assert_int_equal(put(1, LWM2M_STRING, ""), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_INITIAL);
	assert_int_equal(world.drops, 1);
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(run(10, ""), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_CANCELLED);
	assert_false(has_package());
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(put(0, LWM2M_OPAQUE, ""), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_INITIAL);
}

static void say_outcome(const char *words)
{
	FILE *file = fopen(world.firmware.outcome, "we");

	assert_non_null(file);
	assert_true(fputs(words, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_the_result_outlives_a_restart(void **state)
{
	(void)state;
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	open_again(true);
	check(FIRMWARE_DOWNLOADED, FIRMWARE_INITIAL);
	assert_int_equal(run(2, "0='" HASH "'"), LWM2M_CHANGED);
	say_outcome("ok\n");
	open_again(true);
	check(FIRMWARE_IDLE, FIRMWARE_SUCCESS);
	open_again(true);
	check(FIRMWARE_IDLE, FIRMWARE_SUCCESS);
	/* an update that says nothing of itself has failed */
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(run(2, "0='" HASH "'"), LWM2M_CHANGED);
	open_again(true);
	check(FIRMWARE_IDLE, FIRMWARE_FAILED);
	/* nobody fetches it any more */
	assert_int_equal(put(1, LWM2M_STRING, URI "#sha256=" HASH), LWM2M_CHANGED);
	open_again(true);
	check(FIRMWARE_IDLE, FIRMWARE_LOST);
}

static void test_a_hash_may_be_left_out_where_the_settings_say_so(void **state)
{
	(void)state;
	open_again(false);
	assert_int_equal(put(1, LWM2M_STRING, URI), LWM2M_CHANGED);
	firmware_fetched(&world.firmware, FIRMWARE_INITIAL, HASH);
	assert_int_equal(run(2, ""), LWM2M_CHANGED);
	check(FIRMWARE_UPDATING, FIRMWARE_INITIAL);
	/* one that cannot be run has failed */
	firmware_applied(&world.firmware, true);
	world.refuses = -ENOENT;
	assert_int_equal(put(0, LWM2M_OPAQUE, "abc"), LWM2M_CHANGED);
	assert_int_equal(run(2, ""), LWM2M_CHANGED);
	check(FIRMWARE_IDLE, FIRMWARE_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_makes_no_sense_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_a_package_is_pulled_and_applied, begin, end),
		cmocka_unit_test_setup_teardown(test_a_pull_that_fails_says_why, begin, end),
		cmocka_unit_test_setup_teardown(
			test_a_package_is_pushed_and_its_hash_is_said_with_the_update, begin, end),
		cmocka_unit_test_setup_teardown(test_a_server_may_change_its_mind, begin, end),
		cmocka_unit_test_setup_teardown(test_the_result_outlives_a_restart, begin, end),
		cmocka_unit_test_setup_teardown(
			test_a_hash_may_be_left_out_where_the_settings_say_so, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
