/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: who asked for what, and what became of it. A file of JSON
 * lines that only grows, renamed to .1, .2, ... when it is full.
 *
 * Records come from any thread and are written on a loop of the log's own, so
 * no disk ever holds an instance up. Each has a number; what a full queue or a
 * full disk swallowed shows as a hole and is said in a record of its own.
 */
#ifndef CORE_AUDIT_AUDIT_H
#define CORE_AUDIT_AUDIT_H

#include "core/bus/bus.h"

#include <edgeway/error.h>

#define AUDIT_KEEP_MAX     16
#define AUDIT_QUEUE_MAX    4096         /* records that wait for the disk */
#define AUDIT_SYNC_NEVER   ((ew_dur)-1)

struct audit;

struct audit_config {
	const char *path;
	uint64_t max_bytes;     /* of one file; 0: 8 MiB */
	unsigned keep;          /* old files, at most AUDIT_KEEP_MAX */
	ew_dur sync;            /* 0: after every record; AUDIT_SYNC_NEVER; else at the latest */
};

struct audit_stats {
	uint64_t written;
	uint64_t lost;          /* queue full, no memory, disk full */
};

/* -errno, and err says what is wrong with the file. Main thread. */
int audit_new(const struct audit_config *config, struct audit **audit_out,
	      struct ew_error *err) EW_CHECKED;

/* Write what waits, sync, close. Main thread; nobody writes any more. Accepts NULL. */
void audit_free(struct audit **audit);

/* Any thread; copies. */
void audit_write(struct audit *audit, const struct audit_record *record);

/* The same as bus_set_audit() calls it: arg is the struct audit. */
void audit_on_record(void *arg, const struct audit_record *record);

struct audit_stats audit_stats(const struct audit *audit);

/* ---- reading (any thread, any process that may read the files) ---- */

struct audit_reader;

/* The last `last` records, oldest first, of the log at `path`. -errno. */
int audit_reader_new(const char *path, uint64_t last, struct audit_reader **reader_out) EW_CHECKED;

/* 1: a line without its line feed, borrowed until the next call; 0: no more; -errno. */
int audit_reader_next(struct audit_reader *reader, const char **line_out, size_t *size_out);

void audit_reader_free(struct audit_reader **reader);

#endif
