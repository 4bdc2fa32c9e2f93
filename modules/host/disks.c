/* SPDX-License-Identifier: Apache-2.0 */
/* Disks: what /proc/diskstats counts, and how busy they are. Partitions are left out. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "modules/host/host.h"

struct disk_values {
	struct proc_disk file;
	double read_rate, write_rate, busy;
};

#define AT(member) offsetof(struct disk_values, member)

static const struct section_row rows[] = {
	{"Disk/ReadBytes", EW_TYPE_U64, "By", 0, 0, 0, AT(file.read_bytes), "read since boot"},
	{"Disk/WrittenBytes", EW_TYPE_U64, "By", 0, 0, 0, AT(file.written_bytes),
	 "written since boot"},
	{"Disk/Reads", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.reads), "read requests since boot"},
	{"Disk/Writes", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.writes), "write requests since boot"},
	{"Disk/InFlight", EW_TYPE_U32, NULL, 0, 0, 0, AT(file.in_flight), "requests under way"},
	{"Disk/ReadRate", EW_TYPE_F64, "By/s", 0, 0, 0, AT(read_rate), "read since the last scan"},
	{"Disk/WriteRate", EW_TYPE_F64, "By/s", 0, 0, 0, AT(write_rate),
	 "written since the last scan"},
	{"Disk/Busy", EW_TYPE_F32, "%", 0, 100, 1, AT(busy), "time with a request under way"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

int disks_open(struct disks *disks, struct host *host)
{
	return source_init(&disks->stats, host->settings->proc, "diskstats");
}

void disks_close(struct disks *disks)
{
	source_fini(&disks->stats);
	items_close(&disks->items);
}

static bool disks_is_partition(const struct host *host, const char *name)
{
	char path[PROC_PATH_MAX + PROC_NAME_MAX + 32];

	(void)snprintf(path, sizeof(path), "%.256s/class/block/%.64s/partition",
		       host->settings->sys, name);
	return access(path, F_OK) == 0;
}

static int disks_new(struct disks *disks, struct host *host, const char *name,
		     struct item **item_out)
{
	const struct host_settings *set = host->settings;
	struct item *item = items_add(&disks->items, name);

	if (item == NULL) {
		return -ENOMEM;
	}
	*item_out = item;
	if (!host_wants(name, set->disks, set->disk_count, set->skip_disks,
			set->skip_disk_count) || disks_is_partition(host, name)) {
		return 0;
	}
	return items_declare(host, item, "disk", rows, ROW_COUNT);
}

static int disks_sample(struct host *host, struct item *item, const struct proc_disk *file)
{
	const struct proc_disk *before = &item->disk_before;
	struct disk_values values = {.file = *file};
	double busy = host_rate(host, before->busy, file->busy, item->has_before);

	values.read_rate = host_rate(host, before->read_bytes, file->read_bytes, item->has_before);
	values.write_rate = host_rate(host, before->written_bytes, file->written_bytes,
				      item->has_before);
	/* ms a second; the kernel's clock and ours differ by a little */
	values.busy = busy > 1000.0 ? 100.0 : busy / 10.0;
	item->disk_before = *file;
	item->has_before = true;
	return section_sample(&item->section, &values, &host->sheet);
}

int disks_scan(struct disks *disks, struct host *host)
{
	struct proc_disk file;
	struct scan text;
	size_t place = 0;
	int rc = source_read(&disks->stats, &text);

	/* without the file there are no disks: a container, perhaps */
	if (rc == -ENOENT) {
		return 0;
	}
	while (rc == 0 && proc_disk_next(&text, &file)) {
		struct item *item = items_find(&disks->items, file.name, place++);

		if (item == NULL) {
			rc = disks_new(disks, host, file.name, &item);
		}
		if (rc != 0) {
			break;
		}
		item->seen = true;
		if (!item->ignored) {
			rc = disks_sample(host, item, &file);
		}
	}
	if (rc == 0) {
		items_sweep(host, &disks->items);
	}
	return rc;
}
