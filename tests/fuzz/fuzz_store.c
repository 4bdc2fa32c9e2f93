/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment of any bytes is opened, read, closed and read again. The first byte
 * says whether checksums are made good before, so that what is behind them is
 * reached too.
 */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/store/crc.h"
#include "core/store/segment.h"
#include "core/store/store.h"

#include "tests/fuzz/fuzz.h"
#include "tests/lib/disk.h"

#define BYTES_MAX  ((size_t)256 << 10)

static void on_log(void *arg, enum log_level level, const char *who, const char *text)
{
	(void)arg;
	(void)level;
	(void)who;
	check(text != NULL);
}

static void make_sums_good(unsigned char *at, size_t size)
{
	size_t offset = SEGMENT_HEADER_BYTES;

	if (size < SEGMENT_HEADER_BYTES) {
		return;
	}
	wire_put_u32(at + SEGMENT_HEADER_BYTES - 4, crc32c(at, SEGMENT_HEADER_BYTES - 4));
	while (size - offset >= RECORD_HEADER_BYTES) {
		size_t bytes = record_bytes(at + offset);

		if (bytes == 0 || bytes > size - offset) {
			return;
		}
		record_seal(at + offset, record_sum(at + offset));
		offset += bytes;
	}
}

static void put_segment(struct disk *disk, const uint8_t *data, size_t size)
{
	const struct store_files *files = disk_files(disk);
	int file = files->open(files->arg, "0000000000000001.seg", STORE_FILE_CREATE);

	check(files->write(files->arg, file, data + 1, size - 1, 0) >= 0);
	files->close(files->arg, file);
	if ((data[0] & 1) != 0) {
		make_sums_good(disk_bytes(disk, "0000000000000001.seg"), size - 1);
	}
}

static void read_all(struct store *store, size_t size)
{
	struct store_reader *reader;
	const struct store_item *item;
	uint64_t last = 0;
	size_t items = 0;
	int ret;

	check(store_reader_open(store, 0, "cloud", &reader) == 0);
	while ((ret = store_reader_next(reader, UINT64_MAX, &item)) == 1 || ret == -EAGAIN) {
		if (ret != 1) {
			continue;
		}
		check(item->kind == STORE_GAP || item->lsn > last);
		last = item->kind == STORE_GAP ? last : item->lsn;
		for (uint32_t i = 0; item->kind == STORE_SAMPLES && i < item->samples.count; i++) {
			const struct ew_sample *sample = &item->samples.at[i];

			check(sample->tag < item->samples.known_count);
			check(item->samples.known[sample->tag].tag.name != NULL);
			check(!ew_sample_has_bytes(sample) || sample->v.x.size <= size);
		}
		items++;
		check(items <= 2 * size);
	}
	check(ret == 0);
	store_reader_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_config config = {
		.path = "fuzz",
		.bytes = (uint64_t)1 << 20,
		.buffer_bytes = 1,
		.boot = "fuzz",
		.is_stepped = true,
	};
	struct store *store;
	struct disk *disk;

	if (size < 1 || size > BYTES_MAX) {
		return 0;
	}
	log_set_sink(on_log, NULL);
	disk = disk_new();
	put_segment(disk, data, size);
	config.files = disk_files(disk);
	for (int turn = 0; turn < 2; turn++) {
		int error = store_open(&config, &store, NULL);

		check(error == 0 || error == -ENOTSUP);
		if (error == 0) {
			read_all(store, size);
			(void)store_sync(store);
			store_close(&store);
		}
	}
	disk_free(&disk);
	return 0;
}
