/* SPDX-License-Identifier: Apache-2.0 */
/* <edgeway/journal.h> as a module uses it, through libedgeway-test. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <edgeway/journal.h>
#include <edgeway/test.h>

#include "tests/unit/unit.h"

static struct ew_test *test;

static int setup(void **state)
{
	(void)state;
	return ew_test_new(&test) != 0 || ew_test_start(test) != 0;
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

static struct ew_journal *open_journal(struct ew_instance *inst, uint64_t bytes)
{
	const struct ew_journal_config config = {
		.size = sizeof(config),
		.name = "events",
		.bytes = bytes,
	};
	struct ew_journal *journal = NULL;

	assert_int_equal(ew_journal_open(inst, &config, &journal), 0);
	return journal;
}

/* The next entry, however many chunks are passed. */
static int next(struct ew_journal_reader *reader, struct ew_journal_entry *entry_out)
{
	int ret;

	do {
		ret = ew_journal_reader_next(reader, entry_out);
	} while (ret == -EAGAIN);
	return ret;
}

static void test_name_that_leads_elsewhere_is_refused(void **state)
{
	static const char *const names[] = { "", "..", "a/b", "../events", "Events", "a b" };
	struct ew_instance *inst = ew_test_begin(test);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ew_journal_config config = {
			.size = sizeof(config),
			.name = names[i],
		};
		struct ew_journal *journal = NULL;

		assert_int_equal(ew_journal_open(inst, &config, &journal), -EINVAL);
		assert_null(journal);
	}
	ew_test_end(test);
}

static void test_journal_is_open_once(void **state)
{
	const struct ew_journal_config config = { .size = sizeof(config), .name = "events" };
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_journal *journal = open_journal(inst, 0);
	struct ew_journal *second = NULL;

	(void)state;
	assert_int_equal(ew_journal_open(inst, &config, &second), -EBUSY);

	assert_null(second);
	ew_journal_close(&journal);
	assert_null(journal);
	ew_journal_close(&journal);
	ew_test_end(test);
}

static void test_entries_and_cursors_outlive_a_close(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_journal *journal = open_journal(inst, 0);
	struct ew_journal_reader *reader;
	struct ew_journal_entry entry;
	char name[EW_JOURNAL_NAME_MAX + 1];
	uint64_t number;

	(void)state;
	assert_int_equal(ew_journal_append(journal, "k1", "one", 3, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(ew_journal_append(journal, NULL, "two", 3, NULL), 0);
	assert_int_equal(ew_journal_cursor_get(journal, "host", &number), -ENOENT);
	assert_int_equal(ew_journal_cursor_set(journal, "host", 3), -EINVAL);
	assert_int_equal(ew_journal_cursor_set(journal, "host", 1), 0);

	ew_journal_close(&journal);
	journal = open_journal(inst, 0);

	assert_int_equal(ew_journal_last(journal), 2);
	assert_int_equal(ew_journal_durable(journal), 2);
	assert_int_equal(ew_journal_cursor_get(journal, "host", &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(ew_journal_cursor_name(journal, 0, name), 0);
	assert_string_equal(name, "host");
	assert_int_equal(ew_journal_cursor_name(journal, 1, name), -ENOENT);
	assert_int_equal(ew_journal_reader_open(journal, 0, &reader), 0);
	assert_int_equal(next(reader, &entry), 1);
	assert_int_equal(entry.number, 1);
	assert_string_equal(entry.key, "k1");
	assert_int_equal(entry.size, 3);
	assert_memory_equal(entry.bytes, "one", 3);
	assert_int_equal(next(reader, &entry), 1);
	assert_null(entry.key);
	assert_int_equal(next(reader, &entry), 0);
	assert_int_equal(ew_journal_append(journal, NULL, "three", 5, NULL), 0);
	assert_int_equal(next(reader, &entry), 1);
	assert_memory_equal(entry.bytes, "three", 5);
	assert_int_equal(entry.lost, 0);
	assert_int_equal(ew_journal_cursor_remove(journal, "host"), 0);
	assert_int_equal(ew_journal_cursor_remove(journal, "host"), -ENOENT);
	ew_journal_reader_close(&reader);
	assert_null(reader);
	ew_journal_close(&journal);
	ew_test_end(test);
}

static void test_entry_that_is_too_large_is_refused(void **state)
{
	static char bytes[EW_JOURNAL_ENTRY_MAX + 1];
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_journal *journal = open_journal(inst, 0);

	(void)state;
	assert_int_equal(ew_journal_append(journal, NULL, bytes, sizeof(bytes), NULL), -EMSGSIZE);

	assert_int_equal(ew_journal_last(journal), 0);
	ew_journal_close(&journal);
	ew_test_end(test);
}

static void test_reader_counts_what_it_missed(void **state)
{
	static char bytes[4096];
	const uint64_t all = 2001;
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_journal *journal = open_journal(inst, 1 << 20);
	struct ew_journal_reader *reader;
	struct ew_journal_entry entry;
	uint64_t seen = 1;
	uint64_t lost = 0;

	(void)state;
	assert_int_equal(ew_journal_append(journal, NULL, bytes, 1, NULL), 0);
	assert_int_equal(ew_journal_reader_open(journal, 0, &reader), 0);
	assert_int_equal(next(reader, &entry), 1);
	for (uint64_t i = 1; i < all; i++) {
		int error;

		do {
			error = ew_journal_append(journal, NULL, bytes, sizeof(bytes), NULL);
		} while (error == -EAGAIN);
		assert_int_equal(error, 0);
	}

	while (next(reader, &entry) == 1) {
		seen++;
		lost += entry.lost;
	}

	assert_true(lost > 0);
	assert_int_equal(seen + lost, all);
	ew_journal_close(&journal);
	ew_test_end(test);
}

static void test_what_is_left_open_is_closed(void **state)
{
	struct ew_instance *inst = ew_test_begin(test);
	struct ew_journal *journal = open_journal(inst, 0);
	struct ew_journal_reader *reader;

	(void)state;
	assert_int_equal(ew_journal_append(journal, "k", "v", 1, NULL), 0);
	assert_int_equal(ew_journal_reader_open(journal, 0, &reader), 0);
	ew_test_end(test);

	/* the sanitizers and teardown() judge */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_name_that_leads_elsewhere_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_journal_is_open_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entries_and_cursors_outlive_a_close, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_entry_that_is_too_large_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_reader_counts_what_it_missed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_is_left_open_is_closed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
