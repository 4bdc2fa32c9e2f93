/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong with the disk and the clock of a daemon that runs with
 * preload_faults.so: words in a file that both sides map, $EW_FAULTS, so that a
 * scenario changes them while the daemon runs (faults.c).
 */
#ifndef TESTS_LIB_FAULTS_H
#define TESTS_LIB_FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

/* Calls on segments of the store. */
enum fault_call {
	FAULT_OPEN,             /* of a new file */
	FAULT_ALLOCATE,
	FAULT_WRITE,
	FAULT_SYNC,             /* what a failed one should have written is gone */
	FAULT_CALL_COUNT
};

struct fault {
	_Atomic uint64_t error; /* errno; 0: none */
	_Atomic uint64_t after; /* so many calls pass first */
	_Atomic uint64_t times; /* so many fail then */
	_Atomic uint64_t hits;  /* so many failed */
};

enum fault_clock {
	FAULT_CLOCK_OWN,        /* NTP: as the kernel says */
	FAULT_CLOCK_ADRIFT,     /* not synchronised */
	FAULT_CLOCK_KEPT        /* synchronised */
};

/* What a segment was written since its last good sync. */
struct fault_unsynced {
	char name[32];          /* "": free */
	_Atomic uint64_t from, to;
};

#define FAULT_FILES  64u

struct faults {
	struct fault calls[FAULT_CALL_COUNT];
	_Atomic int64_t utc;    /* nanoseconds that the wall clock is ahead of the kernel's */
	_Atomic uint32_t clock; /* enum fault_clock */
	_Atomic uint32_t used;  /* files that `unsynced` ever had */
	struct fault_unsynced unsynced[FAULT_FILES];
};

#endif
