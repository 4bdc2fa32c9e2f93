/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run of the log ended, as the next one finds it: processes that close it,
 * and processes that are gone with what they had not written.
 */
#include "tests/unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <edgeway/loop.h>

#include "core/store/store.h"

static char folder[] = "/tmp/edgeway-end-XXXXXX";

static struct store *open_in(const char *boot)
{
	const struct store_config config = {
		.path = folder, .boot = boot, .sync = 50 * EW_MILLISECOND, .is_stepped = true
	};
	struct store *store;

	assert_int_equal(store_open(&config, &store, NULL), 0);
	return store;
}

static void append(struct store *store, unsigned count)
{
	const struct store_entry entry = { .bytes = "entry", .size = 5 };
	struct store_owner *owner;
	uint64_t lsn;

	assert_int_equal(store_owner_find(store, "o", &owner), 0);
	while (count-- > 0) {
		assert_int_equal(store_append_entry(store, owner, &entry, &lsn), 0);
	}
}

enum ending { CLOSED, KILLED };

/* A process that has the log open: so many entries on disk, so many that are not. */
static void live(unsigned synced, unsigned unsynced, enum ending ending)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct store *store = open_in("one");

		append(store, synced);
		assert_int_equal(store_sync(store), 0);
		append(store, unsynced);
		if (ending == CLOSED) {
			store_close(&store);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static struct store_end look(const char *boot)
{
	struct store *store = open_in(boot);
	struct store_end end = store_stats(store).end;

	store_close(&store);
	return end;
}

static void test_the_first_run_has_none_before_it(void **state)
{
	(void)state;

	assert_int_equal(look("one").how, STORE_END_NONE);
	assert_int_equal(look("one").how, STORE_END_IN_ORDER);
}

static void test_what_is_closed_has_lost_nothing(void **state)
{
	struct store_end end;

	(void)state;
	live(5, 3, CLOSED);

	end = look("one");
	assert_int_equal(end.how, STORE_END_IN_ORDER);
	assert_int_equal(end.records, 0);
}

static void test_what_a_killed_run_had_not_written_is_counted(void **state)
{
	struct store_end end;

	(void)state;
	live(5, 7, KILLED);

	end = look("one");
	assert_int_equal(end.how, STORE_END_KILLED);
	assert_int_equal(end.records, 7);
	assert_true(end.sync == 50 * EW_MILLISECOND);
}

static void test_a_killed_run_that_had_said_nothing_more_lost_nothing(void **state)
{
	(void)state;
	live(5, 7, KILLED);
	live(0, 0, KILLED);
	assert_int_equal(look("one").records, 0);
	live(0, 2, KILLED);

	assert_int_equal(look("one").records, 2);
}

static void test_after_another_boot_no_number_is_claimed(void **state)
{
	struct store_end end;

	(void)state;
	live(5, 7, KILLED);

	end = look("two");
	assert_int_equal(end.how, STORE_END_POWER);
	assert_int_equal(end.records, 0);
}

/* ---- the folder ---- */

static int folder_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static int folder_teardown(void **state)
{
	int error = nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/edgeway-end-XXXXXX");
	return error;
}

#define END_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		END_TEST(test_the_first_run_has_none_before_it),
		END_TEST(test_what_is_closed_has_lost_nothing),
		END_TEST(test_what_a_killed_run_had_not_written_is_counted),
		END_TEST(test_a_killed_run_that_had_said_nothing_more_lost_nothing),
		END_TEST(test_after_another_boot_no_number_is_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
