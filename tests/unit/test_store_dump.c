/* SPDX-License-Identifier: Apache-2.0 */
/* What a dump prints, also of a log that is in use, and that it changes nothing. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/store/count.h"
#include "core/store/dump.h"
#include "core/store/store.h"

#define TIME  INT64_C(1767225600000000000)     /* 2026-01-01 */

struct dumped {
	char text[4096];
	unsigned lines;
};

static int on_line(void *arg, const char *line)
{
	struct dumped *dumped = arg;
	size_t used = strlen(dumped->text);

	(void)snprintf(dumped->text + used, sizeof(dumped->text) - used, "%s\n", line);
	dumped->lines++;
	return 0;
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	(void)arg;
	(void)tag;
	*tag_out = (struct store_tag){ .device = "pump-1", .device_type = "pump",
				       .name = "Speed", .unit = "Hz", .type = EW_TYPE_F64 };
	return 0;
}

static void fill(const char *path, struct store **store_out)
{
	const struct store_config config = { .path = path, .is_stepped = true };
	const struct store_listener listener = { .describe = on_describe };
	const struct ew_event event = { .size = sizeof(event), .kind = "alarm.raised",
					.time = TIME, .key = "k" };
	const struct store_event published = { .event = &event, .device = "pump-1" };
	const struct store_entry entry = { .time = TIME, .bytes = "xyz", .size = 3 };
	const struct ew_sample sample = ew_sample_f64(7, TIME, 12.5);
	const struct store_batch batch = { .samples = &sample, .count = 1, .number = 4 };
	struct ew_error err = { 0 };
	struct store_owner *owner;
	uint64_t lsn;

	assert_int_equal(store_open(&config, store_out, &err), 0);
	store_listen(*store_out, &listener);
	assert_int_equal(store_owner_find(*store_out, "line1", &owner), 0);
	assert_int_equal(store_append_samples(*store_out, owner, &batch, &lsn), 0);
	assert_int_equal(store_append_event(*store_out, owner, &published, &lsn), 0);
	assert_int_equal(store_append_entry(*store_out, owner, &entry, &lsn), 0);
	assert_int_equal(store_sync(*store_out), 0);
}

static void test_folder_that_is_not_there_is_an_error(void **state)
{
	struct ew_error err = { 0 };
	struct dumped dumped = { .lines = 0 };

	(void)state;
	assert_int_equal(store_dump("/nowhere/at/all", on_line, &dumped, &err), -ENOENT);

	assert_true(error_is_set(&err));
	assert_int_equal(dumped.lines, 0);
}

static void test_each_kind_has_its_line(void **state)
{
	char path[] = "/tmp/ew-dump.XXXXXX";
	char command[64];
	char file[96];
	struct dumped dumped = { .lines = 0 };
	struct stat before, after;
	struct store *store;

	(void)state;
	assert_non_null(mkdtemp(path));
	fill(path, &store);
	(void)snprintf(file, sizeof(file), "%s/0000000000000001.seg", path);
	assert_int_equal(stat(file, &before), 0);

	assert_int_equal(store_dump(path, on_line, &dumped, NULL), 0);

	assert_string_equal(dumped.text,
			    "{\"lsn\":1,\"kind\":\"sample\",\"owner\":\"line1\",\"number\":4,"
			    "\"device\":\"pump-1\",\"tag\":\"Speed\",\"type\":\"f64\","
			    "\"time\":\"2026-01-01T00:00:00.000Z\",\"value\":12.5,"
			    "\"quality\":0,\"flags\":0}\n"
			    "{\"lsn\":2,\"kind\":\"event\",\"owner\":\"line1\",\"number\":0,"
			    "\"device\":\"pump-1\",\"time\":\"2026-01-01T00:00:00.000Z\","
			    "\"event\":\"alarm.raised\",\"severity\":0,\"key\":\"k\","
			    "\"body\":null}\n"
			    "{\"lsn\":3,\"kind\":\"entry\",\"owner\":\"line1\","
			    "\"time\":\"2026-01-01T00:00:00.000Z\",\"key\":null,"
			    "\"bytes\":\"xyz\"}\n");
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_mtime, before.st_mtime);
	store_close(&store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static void test_tags_are_counted_and_how_far_receivers_are(void **state)
{
	const struct store_cursor one = { .lsn = 1 }, none = { .lsn = 0 };
	char path[] = "/tmp/ew-count.XXXXXX";
	char command[64];
	struct dumped dumped = { .lines = 0 };
	struct store *store;

	(void)state;
	assert_non_null(mkdtemp(path));
	fill(path, &store);
	assert_int_equal(store_cursor_set(store, "cloud", &one), 0);
	assert_int_equal(store_cursor_set(store, "local", &none), 0);
	assert_int_equal(store_sync(store), 0);

	assert_int_equal(store_count(path, on_line, &dumped, NULL), 0);

	assert_string_equal(dumped.text,
			    "{\"device\":\"pump-1\",\"tag\":\"Speed\",\"samples\":1,"
			    "\"first\":\"2026-01-01T00:00:00.000Z\","
			    "\"last\":\"2026-01-01T00:00:00.000Z\","
			    "\"receiver\":\"cloud\",\"passed\":1,\"open\":0}\n"
			    "{\"device\":\"pump-1\",\"tag\":\"Speed\",\"samples\":1,"
			    "\"first\":\"2026-01-01T00:00:00.000Z\","
			    "\"last\":\"2026-01-01T00:00:00.000Z\","
			    "\"receiver\":\"local\",\"passed\":0,\"open\":1}\n");
	store_close(&store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder_that_is_not_there_is_an_error),
		cmocka_unit_test(test_each_kind_has_its_line),
		cmocka_unit_test(test_tags_are_counted_and_how_far_receivers_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
