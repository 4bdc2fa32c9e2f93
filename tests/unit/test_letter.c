/* SPDX-License-Identifier: Apache-2.0 */
/* What a far end refused for good, in a log of its own. */
#include "tests/unit/durable_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/store/dump.h"

static char folder[64];
static char dumped[65536];

static int on_line(void *arg, const char *line)
{
	size_t used = strlen(dumped), room = sizeof(dumped) - used;

	(void)arg;
	assert_true(snprintf(dumped + used, room, "%s\n", line) < (int)room);
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static struct store *letters_open(void)
{
	const struct store_config config = { .path = folder, .bytes = 1 << 20 };
	struct store *store;

	(void)snprintf(folder, sizeof(folder), "/tmp/edgeway-letters-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(store_open(&config, &store, NULL), 0);
	return store;
}

static void letters_read(struct store **store)
{
	struct ew_error err;

	store_close(store);
	dumped[0] = '\0';
	assert_int_equal(store_dump(folder, on_line, NULL, &err), 0);
	assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int add_lost(void *arg, const struct route_stats *route)
{
	uint64_t *lost = arg;

	*lost += route->dead_lost;
	return 0;
}

static uint64_t not_kept(struct world *world)
{
	uint64_t lost = 0;

	(void)bus_routes_walk(world->bus, add_lost, &lost);
	return lost;
}

static unsigned count_of(const char *word)
{
	unsigned count = 0;

	for (const char *at = dumped; (at = strstr(at, word)) != NULL; at += strlen(word)) {
		count++;
	}
	return count;
}

static void test_a_refused_range_is_kept_and_nothing_else(void **state)
{
	const struct ew_event event = {
		.size = sizeof(event), .kind = "alarm.raised", .device = EW_NO_ID, .body = "{}",
	};
	struct store *store = letters_open();
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	durable_rule(*state, 100);
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	publish_range(src, tag, 100, 104);
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	run(*state);
	ack(sink, 2, 2);
	assert_int_equal(endpoint_bury(sink->endpoint, sink->route, 2, 3, store), 0);
	assert_int_equal(endpoint_nack(sink->endpoint, sink->route, 2, 3, EW_DEAD_LETTER), 0);
	assert_int_equal(endpoint_bury(sink->endpoint, sink->route, 5, 5, store), 0);
	letters_read(&store);

	assert_int_equal(count_of("\"kind\""), 2);
	assert_int_equal(count_of("\"value\":102"), 1);
	assert_int_equal(count_of("\"owner\":\"src>sink\""), 2);
	assert_int_equal(count_of("\"device\":\"d\""), 1);
	assert_int_equal(count_of("alarm.raised"), 1);
	assert_int_equal(not_kept(*state), 0);
}

static void test_a_tag_is_named_as_it_was_when_it_was_refused(void **state)
{
	struct store *store = letters_open();
	struct ew_sample whole;
	struct peer *sink, *src;
	uint32_t tag, again;

	begin(*state);
	durable_rule(*state, 100);
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	publish_range(src, tag, 1, 2);
	run(*state);
	assert_int_equal(endpoint_bury(sink->endpoint, sink->route, 1, 1, store), 0);
	assert_int_equal(endpoint_nack(sink->endpoint, sink->route, 1, 1, EW_DEAD_LETTER), 0);
	again = tag_of(src, device(src, "d"), "t", EW_TYPE_U32);
	assert_int_equal(again, tag);
	run(*state);
	whole = ew_sample_u64(tag, 0, 2);
	assert_int_equal(endpoint_publish(src->endpoint, &whole, 1, NULL), 0);
	run(*state);
	assert_int_equal(endpoint_bury(sink->endpoint, sink->route, 2, 2, store), 0);
	letters_read(&store);

	assert_int_equal(count_of("\"type\":\"f64\""), 1);
	assert_int_equal(count_of("\"type\":\"u32\""), 1);
}

static void test_what_no_log_takes_is_counted(void **state)
{
	struct peer *sink, *src;
	uint32_t tag;

	begin(*state);
	durable_rule(*state, 100);
	sink = join_with(*state, "sink", &acking);
	src = source(*state, &tag);
	publish_range(src, tag, 0, 3);
	run(*state);
	assert_int_equal(endpoint_bury(sink->endpoint, 999, 1, 1, NULL), -ENOENT);
	assert_int_not_equal(endpoint_bury(sink->endpoint, sink->route, 1, 2, NULL), 0);

	assert_int_equal(not_kept(*state), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DURABLE_TEST(test_a_refused_range_is_kept_and_nothing_else),
		DURABLE_TEST(test_a_tag_is_named_as_it_was_when_it_was_refused),
		DURABLE_TEST(test_what_no_log_takes_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
