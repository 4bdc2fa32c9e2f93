/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in memory, in place of the real one: it knows what is written and
 * what is synced, can lose the difference, dies after so many steps, fills up,
 * fails and damages as a test says. Files stay readable while they are open.
 */
#ifndef TESTS_LIB_DISK_H
#define TESTS_LIB_DISK_H

#include "core/store/files.h"

struct disk;

enum disk_op {
	DISK_OPEN,
	DISK_READ,
	DISK_WRITE,
	DISK_SYNC,
	DISK_SYNC_NAMES,
	DISK_ALLOCATE,
	DISK_TRUNCATE,
	DISK_RENAME,
	DISK_REMOVE,
	DISK_OP_COUNT
};

/* What a power cut leaves of what was not synced. */
enum disk_cut {
	DISK_CUT_LOSE,          /* nothing */
	DISK_CUT_KEEP,          /* all: only the process died */
	DISK_CUT_TEAR           /* some sectors of 512 bytes, by the seed */
};

struct disk *disk_new(void);
void disk_free(struct disk **disk);

/* The table to open a store with. */
const struct store_files *disk_files(struct disk *disk);

/* Steps are all that changes something on the disk. */
uint64_t disk_steps(struct disk *disk);

/* Die before the step with this number, from 1: it and all later fail. 0: live. */
void disk_die_at(struct disk *disk, uint64_t step);
bool disk_is_dead(const struct disk *disk);

/* The power comes back: with what the cut left. Nothing is open any more. */
void disk_restart(struct disk *disk, enum disk_cut cut, uint64_t seed);

/* The next `times` calls of an operation fail with this -errno. */
void disk_fail(struct disk *disk, enum disk_op op, int error, unsigned times);

/* Writes take at most so many bytes; 0: all. */
void disk_write_short(struct disk *disk, size_t most);

/* Bytes that the disk has in all; 0: without end. */
void disk_set_room(struct disk *disk, uint64_t bytes);

/* Every failed sync drops what it should have written, as a kernel may. */
void disk_forget_on_failed_sync(struct disk *disk);

/* Files there are, their names and bytes. */
size_t disk_count(const struct disk *disk);
const char *disk_name(const struct disk *disk, size_t index);
uint64_t disk_size(const struct disk *disk, const char *name);
unsigned char *disk_bytes(struct disk *disk, const char *name);

/* Bytes from `size` on are gone. */
void disk_cut_off(struct disk *disk, const char *name, uint64_t size);

#endif
