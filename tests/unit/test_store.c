/* SPDX-License-Identifier: Apache-2.0 */
/* The log as its users see it, on a disk that works. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "tests/unit/store_world.h"

static void test_tag_that_nobody_knows_is_refused(void **state)
{
	struct ew_sample sample = ew_sample_f64(99, 1, 1.0);
	struct store_batch batch = { .samples = &sample, .count = 1, .number = 1 };
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);

	assert_int_equal(store_append_samples(world.store, world.owner, &batch, &lsn), -ENOENT);

	assert_int_equal(store_last(world.store), 0);
	assert_int_equal(store_stats(world.store).refused, 1);
	world_fini(&world);
}

static void test_what_is_appended_is_read_back(void **state)
{
	struct world world;
	struct world_seen seen;
	uint64_t lsn = 0;

	(void)state;
	world_init(&world);

	for (uint32_t i = 1; i <= 100; i++) {
		assert_int_equal(world_append(&world, i, &lsn), 0);
		assert_int_equal(lsn, i);
		if (i % 10 == 0) {
			assert_int_equal(store_sync(world.store), 0);
			assert_int_equal(store_durable(world.store), i);
			assert_int_equal(world.told, i);
		}
	}

	seen = world_read(&world, 0, NULL);
	assert_int_equal(seen.records, 100);
	assert_int_equal(seen.samples, 5050);
	assert_int_equal(seen.gaps, 0);
	seen = world_read(&world, 40, NULL);
	assert_int_equal(seen.first, 41);
	world_fini(&world);
}

static void test_what_is_only_in_memory_is_read_too(void **state)
{
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	assert_int_equal(world_append(&world, 10, &lsn), 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(world_append(&world, 10, &lsn), 0);

	assert_int_equal(store_durable(world.store), 1);
	assert_int_equal(world_read(&world, 0, NULL).records, 2);
	world_fini(&world);
}

static void test_clean_restart_goes_on_with_the_next_number(void **state)
{
	struct world world;
	struct world_seen seen;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	assert_int_equal(world_append(&world, 10, &lsn), 0);

	world_open(&world);

	assert_int_equal(store_last(world.store), 1);
	assert_int_equal(store_durable(world.store), 1);
	assert_int_equal(world_append(&world, 10, &lsn), 0);
	assert_int_equal(lsn, 2);
	seen = world_read(&world, 0, NULL);
	assert_int_equal(seen.records, 2);
	assert_int_equal(seen.gaps, 0);
	world_fini(&world);
}

static void test_cursor_outlives_a_restart(void **state)
{
	struct store_cursor cursor = { .lsn = 3, .range_count = 2,
				       .ranges = { { 5, 6 }, { 8, 8 } } };
	struct store_cursor got;
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(world_append(&world, 1, &lsn), 0);
	}
	assert_int_equal(store_cursor_get(world.store, "cloud", &got), -ENOENT);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	assert_int_equal(store_sync(world.store), 0);
	world_crash(&world, DISK_CUT_LOSE, 1);

	world_open(&world);

	assert_int_equal(store_cursor_get(world.store, "cloud", &got), 0);
	assert_int_equal(got.lsn, 3);
	assert_int_equal(got.range_count, 2);
	assert_memory_equal(got.ranges, cursor.ranges, 2 * sizeof(got.ranges[0]));
	assert_int_equal(store_cursor_remove(world.store, "cloud"), 0);
	world_open(&world);
	assert_int_equal(store_cursor_get(world.store, "cloud", &got), -ENOENT);
	world_fini(&world);
}

static void test_impossible_cursor_is_refused(void **state)
{
	struct store_cursor ahead = { .lsn = 7 };
	struct store_cursor touching = { .lsn = 1, .range_count = 1, .ranges = { { 2, 3 } } };
	struct store_cursor crossed = { .lsn = 1, .range_count = 1, .ranges = { { 4, 3 } } };
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(world_append(&world, 1, &lsn), 0);
	}

	assert_int_equal(store_cursor_set(world.store, "cloud", &ahead), -EINVAL);
	assert_int_equal(store_cursor_set(world.store, "cloud", &touching), -EINVAL);
	assert_int_equal(store_cursor_set(world.store, "cloud", &crossed), -EINVAL);
	world_fini(&world);
}

static void test_size_takes_the_oldest_and_tells_exactly_what(void **state)
{
	struct store_cursor cursor = { .lsn = 100 };
	struct world world;
	struct world_seen seen;
	struct store_stats stats;

	(void)state;
	world_init(&world);
	world_fill(&world, 200000);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);

	world_fill(&world, 2000000);

	stats = store_stats(world.store);
	assert_true(stats.bytes <= world.config.bytes);
	assert_true(stats.oldest > 101);
	seen = world_read(&world, 100, "cloud");
	assert_int_equal(seen.first, stats.oldest);
	assert_int_equal(seen.lost[STORE_LOST_SIZE], (seen.first - 101) * 64);
	assert_int_equal(stats.lost_samples[STORE_LOST_SIZE], (seen.first - 101) * 64);
	world_open(&world);
	seen = world_read(&world, 100, "cloud");
	assert_int_equal(seen.lost[STORE_LOST_SIZE], (seen.first - 101) * 64);
	world_fini(&world);
}

static void test_reader_that_is_overtaken_tells_what_it_lost(void **state)
{
	const struct store_item *item;
	struct store_reader *reader;
	struct world world;
	uint64_t oldest;
	int ret;

	(void)state;
	world_init(&world);
	world_fill(&world, 100000);
	assert_int_equal(store_reader_open(world.store, 0, NULL, &reader), 0);
	assert_int_equal(store_reader_next(reader, 1, &item), 1);
	world_fill(&world, 2000000);
	oldest = store_oldest(world.store);
	assert_true(oldest > 10);

	do {
		ret = store_reader_next(reader, UINT64_MAX, &item);
	} while (ret == -EAGAIN || (ret == 1 && item->lsn < 2));
	/* what its buffer had is still told; then the gap */
	while (ret == 1 && item->kind == STORE_SAMPLES) {
		oldest = item->lsn;
		ret = store_reader_next(reader, UINT64_MAX, &item);
		if (ret == -EAGAIN) {
			ret = store_reader_next(reader, UINT64_MAX, &item);
		}
	}

	assert_int_equal(ret, 1);
	assert_int_equal(item->kind, STORE_GAP);
	assert_int_equal(item->gap.why, STORE_LOST_SIZE);
	assert_int_equal(item->gap.samples, (store_oldest(world.store) - oldest - 1) * 64);
	store_reader_close(&reader);
	world_fini(&world);
}

static void test_newest_is_refused_when_so_configured(void **state)
{
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;
	uint64_t lsn;
	int error = 0;

	(void)state;
	world_init(&world);
	world.config.drop = STORE_DROP_NEWEST;
	world_open(&world);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);

	while (error == 0) {
		error = world_append(&world, 64, &lsn);
		assert_int_equal(store_sync(world.store), 0);
	}

	assert_int_equal(error, -ENOSPC);
	assert_int_equal(store_stats(world.store).state, STORE_FULL);
	assert_int_equal(store_oldest(world.store), 1);
	assert_int_equal(world_read(&world, 0, NULL).records, lsn);

	cursor.lsn = 2;
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	assert_int_equal(store_sync(world.store), 0);
	world_crash(&world, DISK_CUT_LOSE, 1);
	world_open(&world);
	assert_int_equal(store_cursor_get(world.store, "cloud", &cursor), 0);
	assert_int_equal(cursor.lsn, 2);

	cursor.lsn = store_last(world.store);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	assert_int_equal(store_sync(world.store), 0);
	assert_int_equal(world_append(&world, 64, &lsn), 0);
	assert_int_equal(store_stats(world.store).state, STORE_GOOD);
	world_fini(&world);
}

static void test_thinning_keeps_the_ends_and_tells_the_rest(void **state)
{
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;
	struct world_seen seen;

	(void)state;
	world_init(&world);
	world.config.drop = STORE_DROP_THIN;
	world_open(&world);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);

	world_fill(&world, 3000000);

	seen = world_read(&world, 0, "cloud");
	assert_true(store_stats(world.store).bytes <= world.config.bytes);
	assert_int_equal(seen.first, 1);
	assert_true(seen.lost[STORE_LOST_THINNED] > 0);
	assert_int_equal(seen.lost[STORE_LOST_SIZE], 0);
	assert_int_equal(seen.samples + seen.lost[STORE_LOST_THINNED], world.number * 64);
	assert_int_equal(store_stats(world.store).lost_samples[STORE_LOST_THINNED],
			 seen.lost[STORE_LOST_THINNED]);
	world_open(&world);
	assert_int_equal(world_read(&world, 0, "cloud").samples, seen.samples);
	world_fini(&world);
}

static void test_what_all_cursors_passed_goes_at_once(void **state)
{
	struct store_cursor cursor = { .lsn = 0 };
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	world_fill(&world, 600000);
	assert_int_equal(store_oldest(world.store), 1);

	cursor.lsn = store_last(world.store);
	assert_int_equal(store_cursor_set(world.store, "cloud", &cursor), 0);
	assert_int_equal(store_sync(world.store), 0);

	assert_int_equal(store_stats(world.store).segments, 1);
	assert_int_equal(store_stats(world.store).lost_samples[STORE_LOST_SIZE], 0);
	world_fini(&world);
}

static void test_events_and_entries_come_back(void **state)
{
	const struct ew_event event = { .size = sizeof(event), .kind = "alarm.raised",
					.severity = EW_SEVERITY_ALARM, .time = 5,
					.key = "k", .body = "{\"a\":1}" };
	const struct store_event published = { .event = &event, .device = "pump-1", .number = 9,
					       .stamped = 11 };
	const struct store_entry entry = { .time = 6, .key = NULL, .bytes = "xyz", .size = 3 };
	const struct store_item *item;
	struct store_reader *reader;
	struct world world;
	uint64_t lsn;

	(void)state;
	world_init(&world);
	assert_int_equal(store_append_event(world.store, world.owner, &published, &lsn), 0);
	assert_int_equal(store_append_entry(world.store, world.owner, &entry, &lsn), 0);
	world_open(&world);
	assert_int_equal(store_reader_open(world.store, 0, NULL, &reader), 0);

	assert_int_equal(store_reader_next(reader, 2, &item), 1);
	assert_int_equal(item->kind, STORE_EVENT);
	assert_string_equal(item->event.event.kind, "alarm.raised");
	assert_string_equal(item->event.event.key, "k");
	assert_string_equal(item->event.event.body, "{\"a\":1}");
	assert_string_equal(item->event.device, "pump-1");
	assert_int_equal(item->event.event.severity, EW_SEVERITY_ALARM);
	assert_int_equal(item->number, 9);
	assert_int_equal(item->stamped, 11);
	assert_true(item->is_this_boot);
	assert_int_equal(store_reader_next(reader, 2, &item), 1);
	assert_int_equal(item->kind, STORE_ENTRY);
	assert_null(item->entry.key);
	assert_memory_equal(item->entry.bytes, "xyz", 3);
	assert_int_equal(store_reader_next(reader, 2, &item), 0);
	store_reader_close(&reader);
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tag_that_nobody_knows_is_refused),
		cmocka_unit_test(test_what_is_appended_is_read_back),
		cmocka_unit_test(test_what_is_only_in_memory_is_read_too),
		cmocka_unit_test(test_clean_restart_goes_on_with_the_next_number),
		cmocka_unit_test(test_cursor_outlives_a_restart),
		cmocka_unit_test(test_impossible_cursor_is_refused),
		cmocka_unit_test(test_size_takes_the_oldest_and_tells_exactly_what),
		cmocka_unit_test(test_reader_that_is_overtaken_tells_what_it_lost),
		cmocka_unit_test(test_newest_is_refused_when_so_configured),
		cmocka_unit_test(test_thinning_keeps_the_ends_and_tells_the_rest),
		cmocka_unit_test(test_what_all_cursors_passed_goes_at_once),
		cmocka_unit_test(test_events_and_entries_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
