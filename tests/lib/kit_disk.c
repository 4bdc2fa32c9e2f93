/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: disks in memory below journals. The journal opens the folder
 * that it would have on the real disk; here a disk is put in its place.
 */
#include <edgeway/test_disk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/disk.h"
#include "tests/lib/kit.h"

struct ew_test_disk {
	struct list node;               /* of the test */
	struct disk *disk;
	struct store_files files;       /* its table, as store_files_open() gives it */
	char path[];                    /* `/instances/INSTANCE/JOURNAL` */
};

_Static_assert((int)EW_TEST_DISK_OPEN == (int)DISK_OPEN &&
		       (int)EW_TEST_DISK_SYNC == (int)DISK_SYNC &&
		       (int)EW_TEST_DISK_REMOVE == (int)DISK_REMOVE &&
		       (int)EW_TEST_DISK_TEAR == (int)DISK_CUT_TEAR,
	       "the words of the header are those of the disk");

static struct ew_test_disk *find(const struct ew_test *test, const char *path)
{
	size_t base = test == NULL ? 0 : strlen(test->directory);
	struct list *node;

	if (test == NULL || strncmp(path, test->directory, base) != 0) {
		return NULL;
	}
	list_for_each(node, &test->disks) {
		struct ew_test_disk *disk = list_entry(node, struct ew_test_disk, node);

		if (strcmp(disk->path, path + base) == 0) {
			return disk;
		}
	}
	return NULL;
}

struct ew_test_disk *ew_test_disk(struct ew_test *test, const char *instance, const char *journal)
{
	struct ew_test_disk *disk;
	char *path;

	if (asprintf(&path, "%s/instances/%s/%s", test->directory, instance, journal) < 0) {
		kit_abort(__func__, "out of memory");
	}
	disk = find(test, path);
	if (disk == NULL) {
		const char *tail = path + strlen(test->directory);

		disk = calloc(1, sizeof(*disk) + strlen(tail) + 1);
		if (disk == NULL) {
			kit_abort(__func__, "out of memory");
		}
		memcpy(disk->path, tail, strlen(tail) + 1);
		disk->disk = disk_new();
		disk->files = *disk_files(disk->disk);
		list_init(&disk->node);
		list_push(&test->disks, &disk->node);
	}
	free(path);
	return disk;
}

void kit_free_disks(struct ew_test *test)
{
	struct list *node;

	while ((node = list_pop(&test->disks)) != NULL) {
		struct ew_test_disk *disk = list_entry(node, struct ew_test_disk, node);

		disk_free(&disk->disk);
		free(disk);
	}
}

/* ---- in place of the folder ---- */

int __real_store_files_open(const char *path, struct store_files **files_out);
int __wrap_store_files_open(const char *path, struct store_files **files_out);
void __real_store_files_close(struct store_files **files);
void __wrap_store_files_close(struct store_files **files);

int __wrap_store_files_open(const char *path, struct store_files **files_out)
{
	struct ew_test_disk *disk = find(kit_running, path);

	if (disk == NULL) {
		return __real_store_files_open(path, files_out);
	}
	*files_out = &disk->files;
	return 0;
}

void __wrap_store_files_close(struct store_files **files)
{
	struct list none = { &none, &none };
	struct list *node;

	list_for_each(node, kit_running != NULL ? &kit_running->disks : &none) {
		if (&list_entry(node, struct ew_test_disk, node)->files == *files) {
			*files = NULL;
			return;
		}
	}
	__real_store_files_close(files);
}

/* ---- what goes wrong ---- */

void ew_test_disk_fail(struct ew_test_disk *disk, enum ew_test_disk_op op, int error,
		       unsigned times)
{
	disk_fail(disk->disk, (enum disk_op)op, error, times);
}

void ew_test_disk_room(struct ew_test_disk *disk, uint64_t bytes)
{
	disk_set_room(disk->disk, bytes);
}

void ew_test_disk_forget(struct ew_test_disk *disk)
{
	disk_forget_on_failed_sync(disk->disk);
}

void ew_test_disk_cut(struct ew_test_disk *disk)
{
	disk_die_at(disk->disk, 1);
}

void ew_test_disk_restart(struct ew_test_disk *disk, enum ew_test_disk_left left, uint64_t seed)
{
	disk_restart(disk->disk, (enum disk_cut)left, seed);
}

uint64_t ew_test_disk_steps(struct ew_test_disk *disk)
{
	return disk_steps(disk->disk);
}
