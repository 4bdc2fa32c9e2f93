/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk for the journals of a module under test (<edgeway/journal.h>), in
 * memory: it fails, fills up, and loses its power as the test says.
 *
 *	struct ew_test_disk *disk = ew_test_disk(test, "spool", "out");
 *
 *	assert(ew_test_start(test) == 0);               // instance `spool` opens its journal `out`
 *	ew_test_disk_fail(disk, EW_TEST_DISK_SYNC, -EIO, 1);
 *	ew_test_advance(test, EW_SECOND);               // what does it do?
 *
 *	ew_test_disk_cut(disk);                         // the power goes
 *	(void)ew_test_stop(test, "spool");
 *	ew_test_disk_restart(disk, EW_TEST_DISK_LOSE, 1);
 *	assert(ew_test_run(test, "spool") == 0);        // with what was synced
 */
#ifndef EDGEWAY_TEST_DISK_H
#define EDGEWAY_TEST_DISK_H

#include <edgeway/test.h>

EW_BEGIN_DECLS

struct ew_test_disk;

/* What a disk is asked to do. */
enum ew_test_disk_op {
	EW_TEST_DISK_OPEN,
	EW_TEST_DISK_READ,
	EW_TEST_DISK_WRITE,
	EW_TEST_DISK_SYNC,
	EW_TEST_DISK_SYNC_NAMES,        /* created, renamed, removed */
	EW_TEST_DISK_ALLOCATE,
	EW_TEST_DISK_TRUNCATE,
	EW_TEST_DISK_RENAME,
	EW_TEST_DISK_REMOVE
};

/* What a power cut leaves of what was not synced. */
enum ew_test_disk_left {
	EW_TEST_DISK_LOSE,      /* nothing */
	EW_TEST_DISK_KEEP,      /* all: only the process died */
	EW_TEST_DISK_TEAR       /* some sectors of 512 bytes, by the seed */
};

/*
 * Put a disk below one journal of one instance, before the instance opens it.
 * The same names give the same disk again.
 *
 * Thread:  the test's
 * Owner:   the test: valid until ew_test_free()
 * Errors:  aborts without memory
 */
EW_API struct ew_test_disk *ew_test_disk(struct ew_test *test, const char *instance,
					 const char *journal);

/*
 * Let the next `times` calls of one kind fail with `error`, a negative errno.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_disk_fail(struct ew_test_disk *disk, enum ew_test_disk_op op, int error,
			      unsigned times);

/*
 * The bytes that it has in all; what does not go in is -ENOSPC. 0: without end.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_disk_room(struct ew_test_disk *disk, uint64_t bytes);

/*
 * Every sync that fails drops what it should have written, as kernels do.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_disk_forget(struct ew_test_disk *disk);

/*
 * The power goes: everything fails from now on.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_disk_cut(struct ew_test_disk *disk);

/*
 * The power is back, after ew_test_stop() of the instance.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_disk_restart(struct ew_test_disk *disk, enum ew_test_disk_left left,
				 uint64_t seed);

/*
 * How often it was changed: written, synced, renamed, ...
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API uint64_t ew_test_disk_steps(struct ew_test_disk *disk);

EW_END_DECLS

#endif
