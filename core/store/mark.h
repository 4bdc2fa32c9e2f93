/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a run of the log came, also what was not on disk yet: a small mapped
 * file, which outlives the process as the kernel has it, and which the next run
 * compares with what it finds. It is not synced: when the power goes it says
 * little, and is not believed.
 */
#ifndef CORE_STORE_MARK_H
#define CORE_STORE_MARK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/boot.h"
#include "core/store/store.h"

#define MARK_NAME  "appended"

/* Byte for byte the file; in the order of the machine, which wrote it itself. */
struct mark {
	char magic[8];
	char boot[BOOT_ID_SIZE];
	uint64_t base;                  /* lsn behind which this run began */
	_Atomic uint64_t last;          /* lsn that was given out last */
	int64_t sync;                   /* ns: how long that run left data unsynced */
};

/* Map the file anew for this run. NULL: it cannot be; the log runs without. */
struct mark *mark_open(const char *path, const char *boot);
void mark_close(struct mark **mark);

/*
 * How the run before ended, into store->end; its mark is still there. `last`: the
 * highest number found; is_clean: it was closed in order. Before mark_open().
 */
void mark_look_at_end(struct store *store, uint64_t last, bool is_clean);

#endif
