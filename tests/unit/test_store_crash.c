/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes before every step in turn that changes something on the disk:
 * every write, sync, rename, removal. After it the log is opened anew, and:
 * all that was said to be durable is there, in order, nothing twice, nothing
 * that was not appended; and no number is given out again.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "core/store/segment.h"
#include "tests/unit/store_world.h"

#define ROUNDS   50
#define BATCHES  24      /* a round */

/* What a run had been promised when it ended. */
struct promised {
	uint64_t durable;
	uint64_t appended;      /* lsn */
	uint64_t cursor;        /* set before the last sync that succeeded */
	uint64_t cursor_last;   /* set last */
	uint64_t batches;
};

/*
 * A life of a log: batches of all sizes, syncs, a cursor that moves, so many that
 * segments end, and go. Ends early when the disk dies.
 */
static struct promised live(struct world *world)
{
	struct promised promised = { .durable = store_durable(world->store) };
	struct store_cursor cursor = { 0 };
	uint64_t lsn = 0;

	for (int round = 0; round < ROUNDS && !disk_is_dead(world->disk); round++) {
		const uint32_t sizes[] = { 1, 64, 250, 200 };
		bool is_synced;

		for (int i = 0; i < BATCHES; i++) {
			if (world_append(world, sizes[i % 4], &lsn) == 0) {
				promised.appended = lsn;
				promised.batches++;
			}
		}
		if (round % 3 == 2 && promised.durable > 40) {
			cursor.lsn = promised.durable - 20;
			assert_int_equal(store_cursor_set(world->store, "cloud", &cursor), 0);
			promised.cursor_last = cursor.lsn;
		}
		is_synced = store_sync(world->store) == 0;
		promised.durable = store_durable(world->store);
		if (is_synced) {
			assert_int_equal(promised.durable, store_last(world->store));
			promised.cursor = promised.cursor_last;
		}
	}
	return promised;
}

static void judge(struct world *world, const struct promised *promised, uint64_t samples_of_all)
{
	struct store_cursor cursor = { 0 };
	struct world_seen seen;
	uint64_t lsn;
	int error;

	world_open(world);
	error = store_cursor_get(world->store, "cloud", &cursor);
	assert_true(promised->cursor == 0 || error == 0);
	if (error == 0) {
		/* never behind what was promised, never ahead of what was said */
		assert_true(cursor.lsn >= promised->cursor && cursor.lsn <= promised->cursor_last);
	}
	/* world_read() checks content and order; behind what is durable sectors may be missing */
	seen = world_read(world, cursor.lsn, "cloud");
	if (promised->durable > cursor.lsn) {
		assert_int_equal(seen.first, cursor.lsn + 1);
		assert_true(seen.whole_to >= promised->durable);
	}
	assert_true(seen.last <= promised->appended);
	assert_true(seen.samples <= samples_of_all);
	assert_int_equal(world_append(world, 3, &lsn), 0);
	assert_true(lsn > promised->appended || promised->durable == 0);
	assert_int_equal(store_sync(world->store), 0);
	assert_int_equal(world_read(world, lsn - 1, NULL).records, 1);
}

static void die_everywhere(enum disk_cut cut, bool is_repaired)
{
	uint64_t step = 1;
	bool has_died = true;

	for (; has_died; step++) {
		struct promised promised;
		struct world world;

		world_init(&world);
		disk_die_at(world.disk, step);
		promised = live(&world);
		has_died = disk_is_dead(world.disk);
		world_crash(&world, cut, step * 7919);
		if (is_repaired) {
			/* and once more, in the midst of the repair */
			disk_die_at(world.disk, disk_steps(world.disk) + 2);
			world_open(&world);
			world_crash(&world, cut, step * 104729);
		}
		judge(&world, &promised, promised.batches * 250);
		world_fini(&world);
	}
	assert_true(step > 100);
}

static void test_cut_at_each_step_that_loses_what_is_not_synced(void **state)
{
	(void)state;
	die_everywhere(DISK_CUT_LOSE, false);
}

static void test_cut_at_each_step_that_keeps_all(void **state)
{
	(void)state;
	die_everywhere(DISK_CUT_KEEP, false);
}

static void test_cut_at_each_step_that_tears_sectors(void **state)
{
	(void)state;
	die_everywhere(DISK_CUT_TEAR, false);
}

static void test_cut_at_each_step_and_again_in_the_repair(void **state)
{
	(void)state;
	die_everywhere(DISK_CUT_TEAR, true);
}

/* Chance, but the same each time. */
static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static void test_flipped_bytes_cost_only_what_they_hit(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int turn = 0; turn < 100; turn++) {
		struct world world;
		struct world_seen seen;
		uint64_t all;
		const char *name;
		uint64_t size;
		uint64_t lost = 0;

		world_init(&world);
		world_fill(&world, 400000);
		all = world.number * 64;
		store_close(&world.store);
		name = disk_name(world.disk, chance(&seed) % disk_count(world.disk));
		size = disk_size(world.disk, name);
		disk_bytes(world.disk, name)[chance(&seed) % size] ^=
			(unsigned char)(1u << turn % 8);

		world_open(&world);

		/* every record is right, or missing and known to be */
		seen = world_read(&world, 0, NULL);
		for (int why = 0; why < STORE_LOSS_COUNT; why++) {
			lost += seen.lost[why];
		}
		assert_true(seen.samples + lost <= all);
		if (store_stats(world.store).damaged_segments == 0) {
			assert_true(seen.samples >= all - all / 4);
		}
		world_fini(&world);
	}
}

static void test_damaged_record_is_passed_and_counted(void **state)
{
	struct world world;
	struct world_seen seen;
	unsigned char *bytes;

	(void)state;
	world_init(&world);
	world_fill(&world, 100000);
	store_close(&world.store);
	bytes = disk_bytes(world.disk, disk_name(world.disk, 0));
	bytes[50000] ^= 0x10;

	world_open(&world);
	seen = world_read(&world, 0, NULL);

	assert_int_equal(seen.lost[STORE_LOST_DAMAGED], 64);
	assert_int_equal(seen.samples + 64, world.number * 64);
	assert_int_equal(store_stats(world.store).damaged_records, 1);
	(void)world_read(&world, 0, NULL);
	assert_int_equal(store_stats(world.store).damaged_records, 1);
	world_fini(&world);
}

static void test_damaged_header_is_repaired(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world_fill(&world, 600000);
	store_close(&world.store);
	disk_bytes(world.disk, "0000000000000001.seg")[20] ^= 1;

	world_open(&world);

	assert_int_equal(store_stats(world.store).damaged_segments, 0);
	assert_int_equal(store_stats(world.store).damaged_records, 1);
	assert_int_equal(world_read(&world, 0, NULL).records, world.number);
	world_open(&world);
	assert_int_equal(store_stats(world.store).damaged_records, 0);
	world_fini(&world);
}

/* As many bytes as a bad sector and less, at the end of what was closed in order. */
static void test_torn_tail_is_told_to_the_sample(void **state)
{
	(void)state;
	for (uint64_t cut = 1; cut < 3000; cut += 100) {
		struct store_cursor cursor = { 0 };
		struct world world;
		struct world_seen seen;
		const char *name;
		uint64_t all, lsn;

		world_init(&world);
		assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
		world_fill(&world, 20000);
		all = world.number * 64;
		store_close(&world.store);
		name = "0000000000000001.seg";
		disk_cut_off(world.disk, name, disk_size(world.disk, name) - cut);

		world_open(&world);
		assert_int_equal(world_append(&world, 64, &lsn), 0);
		assert_true(lsn > all / 64);
		assert_int_equal(store_sync(world.store), 0);
		seen = world_read(&world, 0, "cloud");

		assert_int_equal(seen.samples + seen.lost[STORE_LOST_DAMAGED], all + 64);
		assert_true(cut < 500 || seen.lost[STORE_LOST_DAMAGED] > 0);
		world_fini(&world);
	}
}

static void test_damaged_header_puts_the_segment_aside(void **state)
{
	struct world world;
	struct world_seen seen;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	world_fill(&world, 600000);
	store_close(&world.store);
	disk_bytes(world.disk, "0000000000000001.seg")[20] ^= 1;
	disk_bytes(world.disk, "0000000000000001.seg")[132] ^= 1;

	world_open(&world);

	assert_int_equal(store_stats(world.store).damaged_segments, 1);
	assert_true(disk_size(world.disk, "0000000000000001.damaged") > 0);
	seen = world_read(&world, 0, NULL);
	assert_true(seen.first > 1 && seen.records > 0);
	assert_int_equal(world_append(&world, 1, &lsn), 0);
	world_fini(&world);
}

static void test_newer_format_is_refused_and_left_alone(void **state)
{
	struct store *store = NULL;
	struct world world;

	(void)state;
	world_init(&world);
	world_fill(&world, 1000);
	store_close(&world.store);
	world_set_format(&world, disk_name(world.disk, 0), SEGMENT_FORMAT + 1);

	assert_int_equal(store_open(&world.config, &store, NULL), -ENOTSUP);

	assert_null(store);
	assert_non_null(strstr(disk_name(world.disk, 0), ".seg"));
	world_fini(&world);
}

static void test_older_format_is_read(void **state)
{
	struct world world;
	struct world_seen seen;

	(void)state;
	world_init(&world);
	world_fill(&world, 1000);
	store_close(&world.store);
	world_set_format(&world, disk_name(world.disk, 0), 1);

	world_open(&world);
	seen = world_read(&world, 0, NULL);

	assert_int_equal(seen.first, 1);
	assert_int_equal(seen.samples, world.number * 64);
	world_fini(&world);
}

static void test_foreign_files_are_left_alone(void **state)
{
	const struct store_files *files;
	struct world world;
	int file;

	(void)state;
	world_init(&world);
	files = disk_files(world.disk);
	file = files->open(files->arg, "README", STORE_FILE_CREATE);
	assert_int_equal(files->write(files->arg, file, "hello", 5, 0), 5);
	files->close(files->arg, file);

	world_open(&world);

	assert_int_equal(disk_size(world.disk, "README"), 5);
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_each_step_that_loses_what_is_not_synced),
		cmocka_unit_test(test_cut_at_each_step_that_keeps_all),
		cmocka_unit_test(test_cut_at_each_step_that_tears_sectors),
		cmocka_unit_test(test_cut_at_each_step_and_again_in_the_repair),
		cmocka_unit_test(test_flipped_bytes_cost_only_what_they_hit),
		cmocka_unit_test(test_damaged_record_is_passed_and_counted),
		cmocka_unit_test(test_damaged_header_is_repaired),
		cmocka_unit_test(test_torn_tail_is_told_to_the_sample),
		cmocka_unit_test(test_damaged_header_puts_the_segment_aside),
		cmocka_unit_test(test_newer_format_is_refused_and_left_alone),
		cmocka_unit_test(test_older_format_is_read),
		cmocka_unit_test(test_foreign_files_are_left_alone),
	};

	world_be_quiet();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
