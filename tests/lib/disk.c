/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file has two images: as it is, and as it was at its last sync. Names
 * have two states in the same way. A lock makes it usable from the log's
 * thread and the test's.
 */
#include "tests/lib/disk.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define FILES_MAX   4096
#define NAME_BYTES  64
#define SECTOR      512u

struct image {
	unsigned char *at;
	size_t size;
};

struct disk_file {
	char name[NAME_BYTES];          /* "": none any more */
	char safe_name[NAME_BYTES];     /* after a cut */
	struct image now;
	struct image safe;
	unsigned opens;
};

struct disk {
	struct store_files files;
	pthread_mutex_t lock;
	struct disk_file *file[FILES_MAX];
	uint64_t steps;
	uint64_t die_at;
	int errors[DISK_OP_COUNT];
	unsigned times[DISK_OP_COUNT];
	size_t write_most;
	uint64_t room;
	bool forgets;
};

static void image_set_size(struct image *image, size_t size)
{
	image->at = realloc(image->at, size + 1);
	check(image->at != NULL);
	if (size > image->size) {
		memset(image->at + image->size, 0, size - image->size);
	}
	image->size = size;
}

static void image_copy(struct image *to, const struct image *from)
{
	image_set_size(to, from->size);
	memcpy(to->at, from->at == NULL ? (const void *)"" : from->at, from->size);
}

/* -errno that this call is to fail with; called and left locked. */
static int disk_step(struct disk *disk, enum disk_op op)
{
	if (op != DISK_READ && op != DISK_OPEN) {
		disk->steps++;
	}
	if (disk->die_at != 0 && disk->steps >= disk->die_at) {
		return -EIO;
	}
	if (disk->times[op] > 0) {
		disk->times[op]--;
		return disk->errors[op];
	}
	return 0;
}

static struct disk_file *disk_find(const struct disk *disk, const char *name)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (disk->file[i] != NULL && strcmp(disk->file[i]->name, name) == 0) {
			return disk->file[i];
		}
	}
	return NULL;
}

static void disk_drop(struct disk *disk, size_t i)
{
	free(disk->file[i]->now.at);
	free(disk->file[i]->safe.at);
	free(disk->file[i]);
	disk->file[i] = NULL;
}

/* A file that nobody can reach any more, now or after a cut. */
static void disk_sweep(struct disk *disk)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct disk_file *file = disk->file[i];

		if (file != NULL && file->opens == 0 && file->name[0] == '\0' &&
		    file->safe_name[0] == '\0') {
			disk_drop(disk, i);
		}
	}
}

static uint64_t disk_used(const struct disk *disk)
{
	uint64_t used = 0;

	for (size_t i = 0; i < FILES_MAX; i++) {
		if (disk->file[i] != NULL &&
		    (disk->file[i]->name[0] != '\0' || disk->file[i]->opens > 0)) {
			used += disk->file[i]->now.size;
		}
	}
	return used;
}

static int disk_grow(struct disk *disk, struct disk_file *file, uint64_t size)
{
	uint64_t used = disk_used(disk);

	if (size > file->now.size && disk->room != 0 &&
	    used + size - file->now.size > disk->room) {
		return -ENOSPC;
	}
	if (size > file->now.size) {
		image_set_size(&file->now, size);
	}
	return 0;
}

static int on_open(void *arg, const char *name, enum store_file_use use)
{
	struct disk *disk = arg;
	struct disk_file *file;
	int ret;
	size_t i = 0;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_OPEN);
	file = disk_find(disk, name);
	if (ret == 0 && file == NULL && use != STORE_FILE_CREATE) {
		ret = -ENOENT;
	}
	if (ret == 0 && file == NULL) {
		while (i < FILES_MAX && disk->file[i] != NULL) {
			i++;
		}
		check(i < FILES_MAX && strlen(name) < NAME_BYTES);
		file = calloc(1, sizeof(*file));
		check(file != NULL);
		(void)snprintf(file->name, sizeof(file->name), "%s", name);
		disk->file[i] = file;
	}
	if (ret == 0) {
		if (use == STORE_FILE_CREATE) {
			image_set_size(&file->now, 0);
		}
		file->opens++;
		for (i = 0; disk->file[i] != file;) {
			i++;
		}
		ret = (int)i;
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static void on_close(void *arg, int number)
{
	struct disk *disk = arg;

	(void)pthread_mutex_lock(&disk->lock);
	disk->file[number]->opens--;
	disk_sweep(disk);
	(void)pthread_mutex_unlock(&disk->lock);
}

static ssize_t on_read(void *arg, int number, void *to, size_t size, uint64_t offset)
{
	struct disk *disk = arg;
	const struct image *image;
	ssize_t ret;

	(void)pthread_mutex_lock(&disk->lock);
	image = &disk->file[number]->now;
	ret = disk_step(disk, DISK_READ);
	if (ret == 0 && offset < image->size) {
		size = size < image->size - offset ? size : image->size - (size_t)offset;
		memcpy(to, image->at + offset, size);
		ret = (ssize_t)size;
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static ssize_t on_write(void *arg, int number, const void *from, size_t size, uint64_t offset)
{
	struct disk *disk = arg;
	struct disk_file *file;
	ssize_t ret;

	(void)pthread_mutex_lock(&disk->lock);
	file = disk->file[number];
	ret = disk_step(disk, DISK_WRITE);
	if (disk->write_most != 0 && size > disk->write_most) {
		size = disk->write_most;
	}
	ret = ret == 0 ? disk_grow(disk, file, offset + size) : ret;
	if (ret == 0) {
		memcpy(file->now.at + offset, from, size);
		ret = (ssize_t)size;
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_sync(void *arg, int number)
{
	struct disk *disk = arg;
	struct disk_file *file;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	file = disk->file[number];
	ret = disk_step(disk, DISK_SYNC);
	if (ret == 0) {
		image_copy(&file->safe, &file->now);
	} else if (disk->forgets) {
		image_copy(&file->now, &file->safe);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_sync_names(void *arg)
{
	struct disk *disk = arg;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_SYNC_NAMES);
	for (size_t i = 0; i < FILES_MAX && ret == 0; i++) {
		if (disk->file[i] != NULL) {
			memcpy(disk->file[i]->safe_name, disk->file[i]->name, NAME_BYTES);
		}
	}
	disk_sweep(disk);
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_allocate(void *arg, int number, uint64_t size)
{
	struct disk *disk = arg;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_ALLOCATE);
	ret = ret == 0 ? disk_grow(disk, disk->file[number], size) : ret;
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_truncate(void *arg, int number, uint64_t size)
{
	struct disk *disk = arg;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_TRUNCATE);
	if (ret == 0) {
		image_set_size(&disk->file[number]->now, size);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_size(void *arg, int number, uint64_t *size_out)
{
	struct disk *disk = arg;

	(void)pthread_mutex_lock(&disk->lock);
	*size_out = disk->file[number]->now.size;
	(void)pthread_mutex_unlock(&disk->lock);
	return 0;
}

static int on_rename(void *arg, const char *from, const char *into)
{
	struct disk *disk = arg;
	struct disk_file *file, *old;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_RENAME);
	file = disk_find(disk, from);
	old = disk_find(disk, into);
	ret = ret == 0 && file == NULL ? -ENOENT : ret;
	if (ret == 0) {
		if (old != NULL) {
			old->name[0] = '\0';
		}
		(void)snprintf(file->name, sizeof(file->name), "%s", into);
		disk_sweep(disk);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_remove(void *arg, const char *name)
{
	struct disk *disk = arg;
	struct disk_file *file;
	int ret;

	(void)pthread_mutex_lock(&disk->lock);
	ret = disk_step(disk, DISK_REMOVE);
	file = disk_find(disk, name);
	ret = ret == 0 && file == NULL ? -ENOENT : ret;
	if (ret == 0) {
		file->name[0] = '\0';
		disk_sweep(disk);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return ret;
}

static int on_list(void *arg, int (*fn)(void *fn_arg, const char *name), void *fn_arg)
{
	struct disk *disk = arg;
	int ret = 0;

	for (size_t i = 0; i < FILES_MAX && ret == 0; i++) {
		if (disk->file[i] != NULL && disk->file[i]->name[0] != '\0') {
			ret = fn(fn_arg, disk->file[i]->name);
		}
	}
	return ret;
}

static int on_space(void *arg, uint64_t *free_out)
{
	struct disk *disk = arg;
	uint64_t used;

	(void)pthread_mutex_lock(&disk->lock);
	used = disk_used(disk);
	*free_out = disk->room == 0 ? UINT64_MAX : disk->room > used ? disk->room - used : 0;
	(void)pthread_mutex_unlock(&disk->lock);
	return 0;
}

struct disk *disk_new(void)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	check(disk != NULL);
	(void)pthread_mutex_init(&disk->lock, NULL);
	disk->files = (struct store_files){
		.arg = disk,
		.open = on_open,
		.close = on_close,
		.read = on_read,
		.write = on_write,
		.sync = on_sync,
		.sync_names = on_sync_names,
		.allocate = on_allocate,
		.truncate = on_truncate,
		.size = on_size,
		.rename = on_rename,
		.remove = on_remove,
		.list = on_list,
		.space = on_space,
	};
	return disk;
}

void disk_free(struct disk **disk_at)
{
	struct disk *disk = *disk_at;

	*disk_at = NULL;
	for (size_t i = 0; disk != NULL && i < FILES_MAX; i++) {
		if (disk->file[i] != NULL) {
			disk_drop(disk, i);
		}
	}
	if (disk != NULL) {
		(void)pthread_mutex_destroy(&disk->lock);
	}
	free(disk);
}

const struct store_files *disk_files(struct disk *disk)
{
	return &disk->files;
}

uint64_t disk_steps(struct disk *disk)
{
	uint64_t steps;

	(void)pthread_mutex_lock(&disk->lock);
	steps = disk->steps;
	(void)pthread_mutex_unlock(&disk->lock);
	return steps;
}

void disk_die_at(struct disk *disk, uint64_t step)
{
	(void)pthread_mutex_lock(&disk->lock);
	disk->die_at = step;
	(void)pthread_mutex_unlock(&disk->lock);
}

bool disk_is_dead(const struct disk *disk)
{
	return disk->die_at != 0 && disk->steps >= disk->die_at;
}

/* xorshift: a test's chance must come out the same each time. */
static uint64_t next_chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void image_tear(struct image *safe, const struct image *now, uint64_t *seed)
{
	size_t most = now->size > safe->size ? now->size : safe->size;

	if (next_chance(seed) % 2 == 0) {
		image_set_size(safe, now->size);
	}
	most = most < safe->size ? most : safe->size;
	for (size_t at = 0; at < most && at < now->size; at += SECTOR) {
		size_t end = at + SECTOR < most ? at + SECTOR : most;

		end = end < now->size ? end : now->size;
		if (next_chance(seed) % 2 == 0) {
			memcpy(safe->at + at, now->at + at, end - at);
		}
	}
}

void disk_restart(struct disk *disk, enum disk_cut cut, uint64_t seed)
{
	seed |= 1;
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct disk_file *file = disk->file[i];

		if (file == NULL) {
			continue;
		}
		file->opens = 0;
		if (cut == DISK_CUT_KEEP) {
			image_copy(&file->safe, &file->now);
			memcpy(file->safe_name, file->name, NAME_BYTES);
			continue;
		}
		if (cut == DISK_CUT_TEAR) {
			image_tear(&file->safe, &file->now, &seed);
		}
		image_copy(&file->now, &file->safe);
		memcpy(file->name, file->safe_name, NAME_BYTES);
	}
	disk_sweep(disk);
	disk->die_at = 0;
	memset(disk->times, 0, sizeof(disk->times));
}

void disk_fail(struct disk *disk, enum disk_op op, int error, unsigned times)
{
	(void)pthread_mutex_lock(&disk->lock);
	disk->errors[op] = error;
	disk->times[op] = times;
	(void)pthread_mutex_unlock(&disk->lock);
}

void disk_write_short(struct disk *disk, size_t most)
{
	disk->write_most = most;
}

void disk_set_room(struct disk *disk, uint64_t bytes)
{
	(void)pthread_mutex_lock(&disk->lock);
	disk->room = bytes;
	(void)pthread_mutex_unlock(&disk->lock);
}

void disk_forget_on_failed_sync(struct disk *disk)
{
	disk->forgets = true;
}

size_t disk_count(const struct disk *disk)
{
	size_t count = 0;

	while (disk_name(disk, count) != NULL) {
		count++;
	}
	return count;
}

const char *disk_name(const struct disk *disk, size_t index)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (disk->file[i] != NULL && disk->file[i]->name[0] != '\0' && index-- == 0) {
			return disk->file[i]->name;
		}
	}
	return NULL;
}

uint64_t disk_size(const struct disk *disk, const char *name)
{
	const struct disk_file *file = disk_find(disk, name);

	return file == NULL ? 0 : file->now.size;
}

unsigned char *disk_bytes(struct disk *disk, const char *name)
{
	struct disk_file *file = disk_find(disk, name);

	return file == NULL ? NULL : file->now.at;
}

void disk_cut_off(struct disk *disk, const char *name, uint64_t size)
{
	struct disk_file *file = disk_find(disk, name);

	image_set_size(&file->now, size);
	image_set_size(&file->safe, size);
}
