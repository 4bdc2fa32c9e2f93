/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/store/crc.h"
#include "core/store/segment.h"
#include "tests/unit/unit.h"

#define EPOCH  INT64_C(1700000000000000000)

static void on_room(void *arg)
{
	((struct world *)arg)->rooms++;
}

static void on_durable(void *arg, uint64_t lsn)
{
	struct world *world = arg;

	assert_true(lsn > world->told);
	world->told = lsn;
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	static const char *const names[WORLD_TAGS] = {
		"Flow", "Level", "Speed", "Name", "Count", "Alarm", "Curve", "Mode",
	};

	(void)arg;
	if (tag < 100 || tag >= 100 + WORLD_TAGS) {
		return -ENOENT;
	}
	*tag_out = (struct store_tag){
		.device = "pump-1",
		.device_type = "pump",
		.name = names[tag - 100],
		.unit = "bar",
		.type = EW_TYPE_F64,
	};
	return 0;
}

void world_init(struct world *world)
{
	*world = (struct world){
		.disk = disk_new(),
		.config = {
			.path = "world",
			.bytes = (uint64_t)1 << 20,
			.buffer_bytes = (size_t)1 << 20,
			.is_stepped = true,
		},
	};
	world->config.files = disk_files(world->disk);
	world_open(world);
}

void world_open(struct world *world)
{
	const struct store_listener listener = {
		.durable = on_durable,
		.describe = on_describe,
		.arg = world,
	};
	struct ew_error err = { 0 };

	store_close(&world->store);
	assert_int_equal(store_open(&world->config, &world->store, &err), 0);
	store_listen(world->store, &listener);
	store_listen_for_room(world->store, on_room, world);
	world->told = 0;
	assert_int_equal(store_owner_find(world->store, "line1", &world->owner), 0);
}

void world_crash(struct world *world, enum disk_cut cut, uint64_t seed)
{
	if (!disk_is_dead(world->disk)) {
		disk_die_at(world->disk, 1);
	}
	store_close(&world->store);
	disk_restart(world->disk, cut, seed);
}

void world_fini(struct world *world)
{
	store_close(&world->store);
	disk_free(&world->disk);
}

static struct ew_sample world_sample(uint64_t number, uint32_t i)
{
	uint32_t tag = 100 + i % WORLD_TAGS;
	ew_time time = EPOCH + (ew_time)number * 1000000 + i;

	switch (i % WORLD_TAGS) {
	case 3:
		return ew_sample_text(tag, time, "some text", 9);
	case 4:
		return ew_sample_u64(tag, time, number * 3);
	case 5:
		return ew_sample_bool(tag, time, number % 2 == 0);
	case 6:
		return ew_sample_i64(tag, time, -(int64_t)number);
	default:
		return ew_sample_f64(tag, time, (double)number + i / 3.0);
	}
}

int world_append(struct world *world, uint32_t count, uint64_t *lsn_out)
{
	struct ew_sample samples[256];
	struct store_batch batch = { .samples = samples, .count = count, .stamped = 77 };
	int error;

	assert_true(count <= 256);
	batch.number = world->number + 1;
	for (uint32_t i = 0; i < count; i++) {
		samples[i] = world_sample(batch.number, i);
	}
	error = store_append_samples(world->store, world->owner, &batch, lsn_out);
	world->number += error == 0 ? 1 : 0;
	return error;
}

void world_fill(struct world *world, uint64_t bytes)
{
	uint64_t goal = store_stats(world->store).written_bytes + bytes;
	uint64_t lsn;

	while (store_stats(world->store).written_bytes < goal) {
		for (int i = 0; i < 16; i++) {
			assert_int_equal(world_append(world, 64, &lsn), 0);
		}
		assert_int_equal(store_sync(world->store), 0);
	}
}

void world_set_format(struct world *world, const char *name, uint32_t format)
{
	unsigned char *bytes = disk_bytes(world->disk, name);

	wire_put_u32(bytes + 8, format);
	wire_put_u32(bytes + SEGMENT_HEADER_BYTES - 4, crc32c(bytes, SEGMENT_HEADER_BYTES - 4));
}

static void on_log(void *arg, enum log_level level, const char *who, const char *text)
{
	(void)arg;
	(void)level;
	(void)who;
	(void)text;
}

void world_be_quiet(void)
{
	log_set_sink(on_log, NULL);
}

bool world_is_right(const struct store_item *item)
{
	for (uint32_t i = 0; i < item->samples.count; i++) {
		const struct ew_sample *got = &item->samples.at[i];
		const struct store_known *known = &item->samples.known[got->tag];
		uint32_t index = (uint32_t)(got->time - EPOCH - (ew_time)item->number * 1000000);
		struct ew_sample want = world_sample(item->number, index);
		struct store_tag tag;

		if (got->tag >= item->samples.known_count ||
		    on_describe(NULL, want.tag, &tag) != 0 ||
		    strcmp(known->tag.name, tag.name) != 0 ||
		    strcmp(known->tag.device, tag.device) != 0 || got->type != want.type ||
		    got->time != want.time || got->quality != want.quality ||
		    got->flags != want.flags) {
			return false;
		}
		if (ew_sample_has_bytes(got)) {
			if (got->v.x.size != want.v.x.size ||
			    memcmp(got->v.x.at, want.v.x.at, want.v.x.size) != 0) {
				return false;
			}
		} else if (got->v.raw[0] != want.v.raw[0]) {
			return false;
		}
	}
	return true;
}

struct world_seen world_read(struct world *world, uint64_t after, const char *cursor)
{
	struct world_seen seen = { 0 };
	struct store_reader *reader;
	const struct store_item *item;
	int ret;

	assert_int_equal(store_reader_open(world->store, after, cursor, &reader), 0);
	while ((ret = store_reader_next(reader, UINT64_MAX, &item)) == 1 || ret == -EAGAIN ||
	       ret == -EIO) {
		if (ret != 1) {
			continue;
		}
		if (item->kind == STORE_GAP) {
			seen.lost[item->gap.why] += item->gap.samples;
			seen.gaps++;
			continue;
		}
		assert_int_equal(item->kind, STORE_SAMPLES);
		assert_true(item->lsn > seen.last && item->lsn > after);
		assert_string_equal(item->owner, "line1");
		assert_true(world_is_right(item));
		seen.first = seen.first == 0 ? item->lsn : seen.first;
		if (seen.whole_to == seen.last && (seen.last == 0 || item->lsn == seen.last + 1)) {
			seen.whole_to = item->lsn;
		}
		seen.last = item->lsn;
		seen.records++;
		seen.samples += item->samples.count;
	}
	assert_int_equal(ret, 0);
	assert_true(store_reader_at(reader) >= store_last(world->store));
	store_reader_close(&reader);
	return seen;
}
