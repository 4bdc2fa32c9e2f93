/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that fail, fill up, and write in bits; clocks that are wrong; and a
 * long life of chance against a model that is kept in an array.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "tests/unit/store_world.h"

#define SECOND  INT64_C(1000000000)

static void test_full_disk_lets_the_oldest_go(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world.config.bytes = (uint64_t)64 << 20;
	world_open(&world);
	disk_set_room(world.disk, (uint64_t)3 << 20);

	world_fill(&world, (uint64_t)8 << 20);

	assert_int_equal(store_stats(world.store).state, STORE_GOOD);
	assert_true(store_oldest(world.store) > 1);
	world_fini(&world);
}

static void test_full_disk_is_a_state_that_ends(void **state)
{
	struct world world;
	uint64_t lsn, last;
	int error;

	(void)state;
	world_init(&world);
	world.config.drop = STORE_DROP_NEWEST;
	world.config.bytes = (uint64_t)64 << 20;
	world_open(&world);
	disk_set_room(world.disk, (uint64_t)600 << 10);

	/* the disk takes two segments, then the buffer what it holds */
	do {
		last = store_last(world.store);
		error = world_append(&world, 64, &lsn);
		(void)store_sync(world.store);
	} while (error == 0);
	assert_int_equal(error, -EAGAIN);
	assert_int_equal(store_stats(world.store).state, STORE_NO_SPACE);
	assert_int_equal(store_stats(world.store).error, -ENOSPC);
	assert_int_equal(world_read(&world, 0, NULL).records, last);

	disk_set_room(world.disk, 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(store_stats(world.store).state, STORE_GOOD);
	assert_int_equal(store_durable(world.store), last);
	assert_int_equal(world_append(&world, 64, &lsn), 0);
	assert_int_equal(world_read(&world, 0, NULL).records, last + 1);
	world_fini(&world);
}

static void test_who_can_wait_is_never_refused(void **state)
{
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	world.config.drop = STORE_DROP_NEWEST;
	world.config.bytes = (uint64_t)64 << 20;
	world_open(&world);
	disk_set_room(world.disk, (uint64_t)600 << 10);

	while (!store_is_tight(world.store)) {
		assert_int_equal(world_append(&world, 64, &lsn), 0);
		(void)store_sync(world.store);
	}
	assert_int_equal(store_stats(world.store).state, STORE_NO_SPACE);
	assert_int_equal(store_stats(world.store).refused, 0);
	assert_int_equal(world.rooms, 0);

	disk_set_room(world.disk, 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_false(store_is_tight(world.store));
	assert_int_equal(world.rooms, 1);
	world_fini(&world);
}

static void test_full_log_says_so_before_it_refuses(void **state)
{
	struct store_cursor cursor = { 0 };
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	world.config.drop = STORE_DROP_NEWEST;
	world_open(&world);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);

	while (!store_is_tight(world.store)) {
		assert_int_equal(world_append(&world, 64, &lsn), 0);
		assert_int_equal(store_sync(world.store), 0);
	}
	assert_int_equal(store_stats(world.store).refused, 0);
	assert_int_equal(store_oldest(world.store), 1);

	cursor.lsn = lsn;
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_false(store_is_tight(world.store));
	assert_int_equal(world.rooms, 1);
	world_fini(&world);
}

static void test_reserve_stays_free(void **state)
{
	const struct store_files *files;
	struct world world;
	uint64_t left;

	(void)state;
	world_init(&world);
	world.config.bytes = (uint64_t)64 << 20;
	world.config.reserve = (uint64_t)2 << 20;
	world_open(&world);
	disk_set_room(world.disk, (uint64_t)4 << 20);

	world_fill(&world, (uint64_t)6 << 20);

	files = disk_files(world.disk);
	assert_int_equal(files->space(files->arg, &left), 0);
	assert_true(left >= world.config.reserve);
	world_fini(&world);
}

static void test_failed_write_is_repeated(void **state)
{
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	assert_int_equal(world_append(&world, 64, &lsn), 0);
	disk_fail(world.disk, DISK_WRITE, -EIO, 1);

	assert_int_equal(store_sync(world.store), -EIO);
	assert_int_equal(store_stats(world.store).state, STORE_FAILING);
	assert_int_equal(store_durable(world.store), 0);
	assert_int_equal(store_sync(world.store), 0);

	assert_int_equal(store_stats(world.store).state, STORE_GOOD);
	assert_int_equal(store_stats(world.store).disk_errors, 1);
	world_crash(&world, DISK_CUT_LOSE, 1);
	world_open(&world);
	assert_int_equal(world_read(&world, 0, NULL).records, 1);
	world_fini(&world);
}

static void test_failed_sync_writes_all_of_it_again(void **state)
{
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	assert_int_equal(world_append(&world, 64, &lsn), 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(world_append(&world, 64, &lsn), 0);
	/* the kernel forgets what it could not write, and says so once */
	disk_forget_on_failed_sync(world.disk);
	disk_fail(world.disk, DISK_SYNC, -EIO, 1);

	assert_int_equal(store_sync(world.store), -EIO);
	assert_int_equal(store_durable(world.store), 1);
	assert_int_equal(world_read(&world, 0, NULL).records, 2);
	assert_int_equal(store_sync(world.store), 0);

	assert_int_equal(store_durable(world.store), 2);
	world_crash(&world, DISK_CUT_LOSE, 1);
	world_open(&world);
	assert_int_equal(world_read(&world, 0, NULL).records, 2);
	world_fini(&world);
}

static void test_no_inodes_is_no_space(void **state)
{
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	disk_fail(world.disk, DISK_OPEN, -ENOSPC, 1);
	assert_int_equal(world_append(&world, 64, &lsn), 0);

	assert_int_equal(store_sync(world.store), -ENOSPC);
	assert_int_equal(store_stats(world.store).state, STORE_NO_SPACE);
	assert_int_equal(store_sync(world.store), 0);

	assert_int_equal(world_read(&world, 0, NULL).records, 1);
	world_fini(&world);
}

static void test_short_writes_are_continued(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	disk_write_short(world.disk, 1000);

	world_fill(&world, 200000);

	store_close(&world.store);
	world_open(&world);
	assert_int_equal(world_read(&world, 0, NULL).records, world.number);
	world_fini(&world);
}

static void test_place_that_cannot_be_read_is_passed_in_the_end(void **state)
{
	const struct store_item *item;
	struct store_reader *reader;
	struct world world;
	uint64_t lsn;
	int ret, errors = 0;

	(void)state;
	world_init(&world);
	world_fill(&world, 50000);
	assert_int_equal(store_reader_open(world.store, 0, NULL, &reader), 0);
	disk_fail(world.disk, DISK_READ, -EIO, 3);

	do {
		ret = store_reader_next(reader, UINT64_MAX, &item);
		errors += ret == -EIO;
	} while (ret == -EIO || ret == -EAGAIN);

	assert_int_equal(errors, 2);
	assert_true(ret >= 0);
	store_reader_close(&reader);
	assert_int_equal(world_append(&world, 1, &lsn), 0);
	world_fini(&world);
}

/* ---- clocks ---- */

struct clocks {
	int64_t mono;
	int64_t utc;
};

static int64_t on_mono(void *arg)
{
	return ((const struct clocks *)arg)->mono;
}

static int64_t on_utc(void *arg)
{
	return ((const struct clocks *)arg)->utc;
}

static void append_one(struct world *world, const struct clocks *clocks)
{
	struct ew_sample sample = ew_sample_f64(100, clocks->utc, 1.5);
	const struct store_batch batch = {
		.samples = &sample,
		.count = 1,
		.number = 1,
		.stamped = clocks->mono,
	};
	uint64_t lsn;

	sample.flags = EW_CLOCK_UNSET;
	assert_int_equal(store_append_samples(world->store, world->owner, &batch, &lsn), 0);
}

static void test_times_before_the_clock_was_good_are_repaired(void **state)
{
	struct clocks clocks = { .mono = 100 * SECOND, .utc = 5 * SECOND };
	const struct clock_source source = { .mono = on_mono, .utc = on_utc, .arg = &clocks };
	const ew_time true_time = INT64_C(1800000000) * SECOND;
	const struct store_item *item;
	struct store_reader *reader;
	struct world world;

	(void)state;
	clock_set_source(&source);
	world_init(&world);
	world.config.boot = "boot-1";
	world_open(&world);
	append_one(&world, &clocks);
	/* somebody turns the wrong clock, then a run ends, and the next one learns the time */
	clocks.mono += 10 * SECOND;
	clocks.utc += 500 * SECOND;
	append_one(&world, &clocks);
	world_open(&world);
	clocks.mono += 3600 * SECOND;
	clocks.utc = true_time;
	store_clock_is_good(world.store);
	append_one(&world, &clocks);
	world.config.boot = "boot-2";
	world_open(&world);

	assert_int_equal(store_reader_open(world.store, 0, NULL, &reader), 0);
	assert_int_equal(store_reader_next(reader, UINT64_MAX, &item), 1);
	assert_false(item->is_this_boot);
	assert_int_equal(item->samples.at[0].time, true_time - 3610 * SECOND);
	assert_int_equal(item->samples.at[0].flags, 0);
	assert_int_equal(store_reader_next(reader, UINT64_MAX, &item), 1);
	assert_int_equal(item->samples.at[0].time, true_time - 3600 * SECOND);
	store_reader_close(&reader);
	world_fini(&world);
	clock_set_source(NULL);
}

static void test_age_takes_what_is_older(void **state)
{
	struct clocks clocks = { .mono = 100 * SECOND, .utc = INT64_C(1800000000) * SECOND };
	const struct clock_source source = { .mono = on_mono, .utc = on_utc, .arg = &clocks };
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;
	struct world_seen seen;

	(void)state;
	clock_set_source(&source);
	world_init(&world);
	world.config.age = 3600 * SECOND;
	world_open(&world);
	store_clock_is_good(world.store);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	world_fill(&world, 400000);
	assert_int_equal(store_oldest(world.store), 1);

	clocks.mono += 4000 * SECOND;
	clocks.utc += 4000 * SECOND;
	assert_int_equal(store_sync(world.store), 0);

	assert_true(store_oldest(world.store) > 1);
	seen = world_read(&world, 0, "cloud");
	assert_true(seen.lost[STORE_LOST_AGE] > 0);
	assert_int_equal(seen.lost[STORE_LOST_AGE] + seen.samples, world.number * 64);
	world_fini(&world);
	clock_set_source(NULL);
}

static void test_clock_that_is_set_forwards_makes_nothing_old(void **state)
{
	struct clocks clocks = { .mono = 100 * SECOND, .utc = INT64_C(1800000000) * SECOND };
	const struct clock_source source = { .mono = on_mono, .utc = on_utc, .arg = &clocks };
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;

	(void)state;
	clock_set_source(&source);
	world_init(&world);
	world.config.age = 3600 * SECOND;
	world_open(&world);
	store_clock_is_good(world.store);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	world_fill(&world, 400000);

	clocks.utc += 86400 * SECOND;
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(store_oldest(world.store), 1);

	clocks.utc -= 2 * 86400 * SECOND;
	clocks.mono += 4000 * SECOND;
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(store_oldest(world.store), 1);
	world_fini(&world);
	clock_set_source(NULL);
}

/* ---- cursors ---- */

static void test_cursor_that_moves_within_what_is_gone_tells_no_less(void **state)
{
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;
	struct world_seen seen;
	uint64_t all;

	(void)state;
	world_init(&world);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	world_fill(&world, (uint64_t)2 << 20);
	assert_true(store_oldest(world.store) > 100);
	cursor.lsn = 10;
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	world_fill(&world, (uint64_t)1 << 20);
	all = (world.number - 10) * 64;
	world_open(&world);

	seen = world_read(&world, 10, "cloud");

	assert_true(seen.samples + seen.lost[STORE_LOST_SIZE] >= all);
	assert_true(seen.samples + seen.lost[STORE_LOST_SIZE] <= all + 10 * 64);
	world_fini(&world);
}

/* ---- chance against a model ---- */

#define MODEL_BATCHES  20000u

static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Sizes of batches by their number; what a reader tells and loses must add up to them. */
static void check_model(struct world *world, const uint32_t *sizes, uint64_t from)
{
	struct world_seen seen = world_read(world, from, "cloud");
	uint64_t lost = 0;
	uint64_t all = 0;

	for (int why = 0; why < STORE_LOSS_COUNT; why++) {
		lost += seen.lost[why];
	}
	for (uint64_t i = from + 1; i <= world->number; i++) {
		all += sizes[i];
	}
	assert_int_equal(seen.samples + lost, all);
	assert_int_equal(seen.lost[STORE_LOST_DAMAGED], 0);
}

static void test_chance_agrees_with_the_model(void **state)
{
	static const enum store_drop drops[] = { STORE_DROP_OLDEST, STORE_DROP_THIN };
	uint32_t *sizes = calloc(MODEL_BATCHES + 1, sizeof(*sizes));

	(void)state;
	assert_non_null(sizes);
	for (uint64_t turn = 0; turn < 8; turn++) {
		struct store_cursor cursor = { .lsn = 0 };
		uint64_t seed = turn + 1;
		struct world world;
		uint64_t lsn = 0;

		world_init(&world);
		world.config.drop = drops[turn % 2];
		world_open(&world);
		assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
		while (world.number + 64 < MODEL_BATCHES / 4) {
			uint32_t count = (uint32_t)(chance(&seed) % 200) + 1;

			switch (chance(&seed) % 200) {
			case 0:
				world_open(&world);
				assert_int_equal(store_last(world.store), world.number);
				break;
			case 1:
				/* what thinning left out around a cursor is told twice */
				cursor.lsn += world.config.drop == STORE_DROP_THIN
						      ? 0
						      : chance(&seed) %
								(world.number - cursor.lsn + 1);
				assert_int_equal(store_cursor_set(world.store, "cloud", &cursor),
						 0);
				break;
			case 2:
				check_model(&world, sizes, cursor.lsn);
				break;
			default:
				assert_int_equal(world_append(&world, count, &lsn), 0);
				assert_int_equal(lsn, world.number);
				sizes[world.number] = count;
				break;
			}
			if (chance(&seed) % 20 == 0) {
				assert_int_equal(store_sync(world.store), 0);
			}
		}
		check_model(&world, sizes, cursor.lsn);
		world_fini(&world);
	}
	free(sizes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_disk_lets_the_oldest_go),
		cmocka_unit_test(test_full_disk_is_a_state_that_ends),
		cmocka_unit_test(test_who_can_wait_is_never_refused),
		cmocka_unit_test(test_full_log_says_so_before_it_refuses),
		cmocka_unit_test(test_reserve_stays_free),
		cmocka_unit_test(test_failed_write_is_repeated),
		cmocka_unit_test(test_failed_sync_writes_all_of_it_again),
		cmocka_unit_test(test_no_inodes_is_no_space),
		cmocka_unit_test(test_short_writes_are_continued),
		cmocka_unit_test(test_place_that_cannot_be_read_is_passed_in_the_end),
		cmocka_unit_test(test_times_before_the_clock_was_good_are_repaired),
		cmocka_unit_test(test_age_takes_what_is_older),
		cmocka_unit_test(test_clock_that_is_set_forwards_makes_nothing_old),
		cmocka_unit_test(test_cursor_that_moves_within_what_is_gone_tells_no_less),
		cmocka_unit_test(test_chance_agrees_with_the_model),
	};

	world_be_quiet();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
