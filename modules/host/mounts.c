/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space of mounted file systems. Only those on a block device, and the root:
 * asking a network file system may block for ever. A device that is mounted
 * more than once counts once.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "modules/host/host.h"

struct space_values {
	uint64_t size, free, used, inodes, inodes_free;
	double usage;
};

#define AT(member) offsetof(struct space_values, member)

static const struct section_row rows[] = {
	{"Space/Size", EW_TYPE_U64, "By", 0, 0, 0, AT(size), "size of the file system"},
	{"Space/Free", EW_TYPE_U64, "By", 0, 0, 1e6, AT(free), "what programs can still write"},
	{"Space/Used", EW_TYPE_U64, "By", 0, 0, 1e6, AT(used), "what is taken"},
	{"Space/Usage", EW_TYPE_F32, "%", 0, 100, 0.1, AT(usage), "used of used and free"},
	{"Space/Inodes", EW_TYPE_U64, NULL, 0, 0, 0, AT(inodes), "files that can exist"},
	{"Space/InodesFree", EW_TYPE_U64, NULL, 0, 0, 100, AT(inodes_free),
	 "files that can still be made"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

int mounts_open(struct mounts *mounts, struct host *host)
{
	return source_init(&mounts->table, host->settings->proc, "self/mounts");
}

void mounts_close(struct mounts *mounts)
{
	source_fini(&mounts->table);
	items_close(&mounts->items);
}

/* `/` has no name of its own */
static const char *mounts_name(const char *point)
{
	return strcmp(point, "/") == 0 ? "root" : point + 1;
}

static bool mounts_is_wanted(const struct host *host, const struct proc_mount *mount)
{
	const struct host_settings *set = host->settings;

	if (mount->source[0] != '/' && strcmp(mount->point, "/") != 0) {
		return false;
	}
	return host_wants(mount->point, set->mounts, set->mount_count, set->skip_mounts,
			  set->skip_mount_count);
}

static int mounts_sample(struct host *host, struct item *item, const char *point)
{
	struct space_values values;
	struct statvfs space;
	uint64_t block;

	if (statvfs(point, &space) != 0) {
		return section_sample_bad(&item->section, EW_REASON_COMM_FAILURE, &host->sheet);
	}
	block = space.f_frsize;
	values.size = block * space.f_blocks;
	values.free = block * space.f_bavail;
	values.used = block * (space.f_blocks - space.f_bfree);
	/* as df(1): what is kept for root is neither used nor free */
	values.usage = (double)values.used / (double)(values.used + values.free) * 100.0;
	values.inodes = space.f_files;
	values.inodes_free = space.f_favail;
	return section_sample(&item->section, &values, &host->sheet);
}

static int mounts_scan_one(struct mounts *mounts, struct host *host,
			   const struct proc_mount *mount, size_t place)
{
	struct item *item = items_find(&mounts->items, mounts_name(mount->point), place);
	int rc = 0;

	if (item == NULL) {
		item = items_add(&mounts->items, mounts_name(mount->point));
		if (item == NULL) {
			return -ENOMEM;
		}
		rc = items_declare(host, item, "space", rows, ROW_COUNT);
	}
	/* a second mount on the same point hides the first: it has been sampled already */
	if (rc == 0 && !item->seen && !item->ignored) {
		rc = mounts_sample(host, item, mount->point);
	}
	item->seen = true;
	return rc;
}

/* Whether the mount's device came earlier in the table. */
static bool mounts_is_repeated(struct scan table, const struct proc_mount *mount)
{
	struct proc_mount other;

	while (proc_mount_next(&table, &other) && strcmp(other.point, mount->point) != 0) {
		if (strcmp(other.source, mount->source) == 0) {
			return true;
		}
	}
	return false;
}

int mounts_scan(struct mounts *mounts, struct host *host)
{
	struct proc_mount mount;
	struct scan table, text;
	size_t place = 0;
	int rc = source_read(&mounts->table, &table);

	if (rc == -ENOENT) {
		return 0;
	}
	text = table;
	while (rc == 0 && proc_mount_next(&text, &mount)) {
		if (mounts_is_wanted(host, &mount) && !mounts_is_repeated(table, &mount)) {
			rc = mounts_scan_one(mounts, host, &mount, place++);
		}
	}
	if (rc == 0) {
		items_sweep(host, &mounts->items);
	}
	return rc;
}
