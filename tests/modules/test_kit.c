/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test as a third party meets it: a module with a journal on a disk
 * that fails, fills up and loses its power; and a module that never rests.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <edgeway/journal.h>
#include <edgeway/test_disk.h>

#define PATIENCE  60            /* s, for the thread of a journal */

/* ---- a module that keeps a note a second ---- */

enum { TAG_FOUND, TAG_KEPT, TAG_DURABLE, TAG_COUNT };

struct notes {
	struct ew_instance *inst;
	struct ew_timer *timer;
	struct ew_journal *journal;
	uint32_t tags[TAG_COUNT];
	uint64_t found;                 /* number of the last that was there at the start */
	uint64_t next;
};

static void notes_tell(struct notes *notes)
{
	const struct ew_sample samples[TAG_COUNT] = {
		ew_sample_u64(notes->tags[TAG_FOUND], 0, notes->found),
		ew_sample_u64(notes->tags[TAG_KEPT], 0, ew_journal_last(notes->journal)),
		ew_sample_u64(notes->tags[TAG_DURABLE], 0, ew_journal_durable(notes->journal)),
	};

	(void)ew_publish(notes->inst, samples, TAG_COUNT, NULL);
}

static void notes_tick(void *arg)
{
	struct notes *notes = arg;

	if (ew_now() >= (ew_dur)notes->next) {
		notes->next = (uint64_t)(ew_now() + EW_SECOND);
		(void)ew_journal_append(notes->journal, NULL, "note", 4, NULL);
	}
	notes_tell(notes);
}

static int notes_read(struct notes *notes)
{
	struct ew_journal_reader *reader = NULL;
	struct ew_journal_entry entry;
	int got = ew_journal_reader_open(notes->journal, 0, &reader);

	while (got >= 0 && (got = ew_journal_reader_next(reader, &entry)) != 0) {
		notes->found = got == 1 ? entry.number : notes->found;
		got = got == -EAGAIN ? 0 : got;
	}
	ew_journal_reader_close(&reader);
	return got;
}

static int notes_declare(struct notes *notes)
{
	static const char *const names[TAG_COUNT] = { "Found", "Kept", "Durable" };
	const struct ew_device_spec device = { .size = sizeof(device), .path = "notes" };
	uint32_t id;
	int error = ew_device_declare(notes->inst, &device, &id);

	for (unsigned i = 0; i < TAG_COUNT && error == 0; i++) {
		const struct ew_tag_spec tag = { .size = sizeof(tag), .name = names[i],
						 .type = EW_TYPE_U64 };

		error = ew_tag_declare(notes->inst, id, &tag, &notes->tags[i]);
	}
	return error;
}

static int notes_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_journal_config config = { .size = sizeof(config), .name = "notes" };
	struct notes *notes = calloc(1, sizeof(*notes));
	int error;

	(void)settings;
	if (notes == NULL) {
		return -ENOMEM;
	}
	notes->inst = inst;
	notes->next = (uint64_t)(ew_now() + EW_SECOND);
	error = ew_journal_open(inst, &config, &notes->journal);
	if (error == 0) {
		error = notes_read(notes);
	}
	if (error == 0) {
		error = notes_declare(notes);
	}
	if (error == 0) {
		error = ew_timer_new(inst, "tick", notes_tick, notes, &notes->timer);
	}
	if (error != 0) {
		free(notes);
		return error;
	}
	ew_timer_set(notes->timer, 0, 100 * EW_MILLISECOND);
	*self_out = notes;
	return 0;
}

static void notes_close(void *self)
{
	struct notes *notes = self;

	ew_timer_free(&notes->timer);
	ew_journal_close(&notes->journal);
	free(notes);
}

static const struct ew_module notes_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "notes",
	.version = "1.0",
	.summary = "keeps a note a second",
	.open = notes_open,
	.close = notes_close,
};

/* ---- a module that never rests ---- */

static void spin_tick(void *arg)
{
	ew_timer_set(*(struct ew_timer **)arg, 0, 0);
}

static int spin_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	static struct ew_timer *timer;
	int error = ew_timer_new(inst, "tick", spin_tick, &timer, &timer);

	(void)settings;
	if (error == 0) {
		ew_timer_set(timer, EW_SECOND, 0);
	}
	*self_out = &timer;
	return error;
}

static void spin_close(void *self)
{
	ew_timer_free(self);
}

static const struct ew_module spin_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "spin",
	.version = "1.0",
	.summary = "never rests",
	.open = spin_open,
	.close = spin_close,
};

/* ---- the tests ---- */

static struct ew_test *test;

static int setup(void **state)
{
	(void)state;
	return ew_test_new(&test);
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

static double number(const char *tag)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "notes:%s", tag);
	return ew_test_number(test, name);
}

/* The journal has a thread of its own, which a test under its own clock must wait for. */
static void wait_durable(double least)
{
	time_t end = time(NULL) + PATIENCE;

	while (number("Durable") < least && time(NULL) < end) {
		ew_test_advance(test, 100 * EW_MILLISECOND);
		ew_test_forget(test); /* of how much is received meanwhile, nobody knows */
		(void)sched_yield();
	}
	assert_true(number("Durable") >= least);
}

static void test_what_was_synced_survives_a_power_cut(void **state)
{
	struct ew_test_disk *disk = ew_test_disk(test, "desk", "notes");
	double kept;

	(void)state;
	assert_int_equal(ew_test_load(test, &notes_module, "desk", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);
	ew_test_advance(test, 3 * EW_SECOND);
	wait_durable(3);
	assert_true(ew_test_disk_steps(disk) > 0);
	kept = number("Durable");

	ew_test_disk_cut(disk);
	ew_test_advance(test, 5 * EW_SECOND);
	assert_true(number("Kept") >= kept + 4);
	assert_int_equal(ew_test_stop(test, "desk"), 0);
	ew_test_disk_restart(disk, EW_TEST_DISK_LOSE, 1);
	assert_int_equal(ew_test_run(test, "desk"), 0);
	ew_test_advance(test, 100 * EW_MILLISECOND);
	assert_true(number("Found") >= kept);
	assert_true(number("Found") < kept + 4);
}

static void test_a_disk_that_fails_for_a_while_loses_nothing(void **state)
{
	struct ew_test_disk *disk = ew_test_disk(test, "desk", "notes");

	(void)state;
	assert_int_equal(ew_test_load(test, &notes_module, "desk", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);
	wait_durable(1);
	ew_test_disk_fail(disk, EW_TEST_DISK_WRITE, -EIO, 3);
	ew_test_advance(test, 3 * EW_SECOND);
	wait_durable(4);
}

static void test_a_disk_that_is_torn_keeps_what_was_synced(void **state)
{
	struct ew_test_disk *disk = ew_test_disk(test, "desk", "notes");
	double durable;

	(void)state;
	assert_ptr_equal(ew_test_disk(test, "desk", "notes"), disk);
	assert_int_equal(ew_test_load(test, &notes_module, "desk", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);
	for (uint64_t seed = 1; seed < 8; seed++) {
		ew_test_advance(test, 100 * EW_MILLISECOND);
		/* numbers go on behind a cut, with a leap */
		wait_durable(number("Kept") + 1);
		durable = number("Durable");
		ew_test_disk_cut(disk);
		ew_test_advance(test, EW_SECOND);
		assert_int_equal(ew_test_stop(test, "desk"), 0);
		ew_test_disk_restart(disk, EW_TEST_DISK_TEAR, seed);
		assert_int_equal(ew_test_run(test, "desk"), 0);
		ew_test_advance(test, 100 * EW_MILLISECOND);
		assert_true(number("Found") >= durable);
	}
}

/* In a process of its own; what it says comes to the test. */
static void advance_for_ever(int out)
{
	(void)dup2(out, STDERR_FILENO);
	assert_int_equal(ew_test_load(test, &spin_module, "top", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);
	ew_test_advance(test, 2 * EW_SECOND);
	_exit(0);
}

static void test_what_goes_round_for_ever_fails_its_test_with_a_sentence(void **state)
{
	char said[1024] = "";
	int pipe_fds[2], how;
	ssize_t size;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		advance_for_ever(pipe_fds[1]);
	}
	assert_true(pid > 0);
	assert_int_equal(close(pipe_fds[1]), 0);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	size = read(pipe_fds[0], said, sizeof(said) - 1);
	assert_true(size > 0);
	(void)close(pipe_fds[0]);
	assert_true(!WIFEXITED(how) || WEXITSTATUS(how) != 0);
	assert_non_null(strstr(said, "the loops go round for ever"));
	assert_non_null(strstr(said, "top still runs"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_synced_survives_a_power_cut),
		TEST(test_a_disk_that_fails_for_a_while_loses_nothing),
		TEST(test_a_disk_that_is_torn_keeps_what_was_synced),
		TEST(test_what_goes_round_for_ever_fails_its_test_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
