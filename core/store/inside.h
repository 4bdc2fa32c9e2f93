/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a log, for the files of core/store only.
 *
 * What appends changes is under `lock`; it is held for the time of encoding
 * one batch. Files are written, synced, removed and written anew by one thread
 * only, the log's own (or, stepped, the one that calls store_sync): what is
 * marked W belongs to it. Segments are added under the lock by who appends
 * and taken out under the lock by the log's thread, so that thread may walk
 * them without it.
 */
#ifndef CORE_STORE_INSIDE_H
#define CORE_STORE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/store/dictionary.h"
#include "core/store/files.h"
#include "core/store/mark.h"
#include "core/store/segment.h"
#include "core/store/store.h"
#include "core/store/tail.h"

#define STORE_BOOTS_MAX   64u
#define STORE_LOSSES_MAX  64u

/* Who appends. Under the lock; never freed before the log. */
struct store_owner {
	uint32_t id;            /* in store.owners, and in segments of this run */
	uint64_t samples;       /* appended ever */
	uint64_t events;        /* and entries */
	uint32_t serial;        /* of the dictionary whose segment knows the owner */
	char name[];
};

/* Totals of an owner at some place of the log. */
struct owner_mark {
	const struct store_owner *owner;
	uint64_t samples;
	uint64_t events;
};

/* A named cursor. */
struct cursor {
	char name[STORE_NAME_MAX + 1];
	struct store_cursor at;
	struct owner_mark *marks;       /* at `at.lsn`, once that was removed; else none */
	uint32_t mark_count;
	enum store_loss why;            /* it was removed */
	bool is_dirty;                  /* not on record as it is */
};

/* What is known of the clock of a boot. */
struct boot_clock {
	char boot[BOOT_ID_SIZE];
	struct record_base pair;
};

/* Why a stretch of the log is not there. */
struct loss {
	uint64_t first, last;   /* lsn */
	enum store_loss why;
};

enum writer_wait {
	WRITER_BUSY,
	WRITER_TIMED,           /* for the moment to sync */
	WRITER_IDLE             /* for something to write */
};

struct store {
	pthread_mutex_t lock;
	pthread_cond_t wake;            /* the log's thread */
	pthread_cond_t done;            /* who waits in store_sync() */
	struct store_config config;     /* path, files: below */
	char *path;
	const struct store_files *files;
	struct store_files *own_files;
	struct store_listener listener;
	void (*room)(void *arg);        /* who is told of it; or NULL */
	void *room_arg;
	char boot[BOOT_ID_SIZE];
	uint64_t segment_bytes;

	/* the log: under the lock */
	struct tail tail;
	struct list segments;
	struct segment *open;           /* the last of them, or NULL before the first append */
	struct dictionary dictionary;   /* of the open segment */
	uint32_t *ids;                  /* of one batch's tags there */
	struct store_owner *owners[STORE_OWNERS_MAX];
	uint32_t owner_count;
	size_t owner_name_bytes;        /* of all their names */
	struct cursor *cursors[STORE_CURSORS_MAX];
	uint32_t cursor_count;
	bool are_cursors_dirty;
	struct boot_clock boots[STORE_BOOTS_MAX];
	uint32_t boot_count;
	struct loss losses[STORE_LOSSES_MAX];
	uint32_t loss_count;
	bool is_full;                   /* the last append was refused for it */
	atomic_bool is_tight;           /* written under the lock */
	bool is_clock_good;
	bool is_clock_said;             /* in the open segment, or its header */
	struct mark *mark;              /* `last` is there; `file_mark`, or `own_mark` */
	struct mark *file_mark;
	struct mark own_mark;
	struct store_end end;           /* of the run before */
	_Atomic uint64_t durable;

	/* between who appends and the log's thread: under the lock */
	pthread_t thread;
	bool has_thread;
	bool is_stopping;
	enum writer_wait waits;
	bool is_urgent;
	uint64_t sync_asked;            /* calls of store_sync() */
	uint64_t sync_done;
	int sync_result;

	/* how it is: under the lock */
	enum store_state state;
	int error;
	ew_dur since;
	struct store_stats counts;      /* the counters only */

	/* W */
	bool are_names_dirty;
	ew_dur backoff;
	ew_dur retry_at;
	ew_dur tick_at;
};

/* ---- store.c ---- */

/* The segment with the record `lsn`, or the next one behind; NULL. Locked. */
struct segment *store_segment(const struct store *store, uint64_t lsn);

/* Bytes on disk, and those that the open segment may still take. Locked. */
uint64_t store_bytes(const struct store *store);

/* The owner with this name, made when it is not there. Locked. -ENOSPC, -ENOMEM. */
int store_owner_make(struct store *store, const char *name, struct store_owner **owner_out);

/* Say how the disk is; logs a change. The log's thread, without the lock. */
void store_set_state(struct store *store, enum store_state state, int error);

/* Learn the clock of a boot. Locked. */
void store_learn_clock(struct store *store, const char *boot, const struct record_base *pair);

/* NULL: not known. Locked. */
const struct record_base *store_clock_of(const struct store *store, const char *boot);

/* first..last are gone. Locked. */
void store_note_loss(struct store *store, uint64_t first, uint64_t last, enum store_loss why);
enum store_loss store_why_lost(const struct store *store, uint64_t lsn);

/* Free a segment that is in no list any more. */
void segment_free(struct store *store, struct segment *segment);

/* ---- append.c: locked ---- */

/* Let the log's thread know, when it would sleep through what was appended. */
void append_wake(struct store *store);

/* Look whether appends have room. True: they have again. */
bool append_look_for_room(struct store *store);

/* End the open segment with its closing. -EAGAIN: no room in the tail. */
int append_close_segment(struct store *store);

/*
 * Begin a segment and end it at once: what the log consists of, twice, so that it
 * is known what the one before has lost when its end is. -EAGAIN, -ENOMEM.
 */
int append_seal(struct store *store);

/*
 * An open segment with room for `bound` more bytes, if need be a new one, and as
 * much room in the tail; the owner (or NULL) is known there. -EAGAIN, -ENOSPC, -ENOMEM.
 */
int append_prepare(struct store *store, struct store_owner *owner, size_t bound);

/*
 * Encode data where append_prepare() has made room: the head, whose end is returned,
 * what the caller puts behind it, and the frame, which gives it the next lsn.
 */
unsigned char *append_put_head(struct store *store, const struct store_owner *owner,
			       uint64_t number, ew_dur stamped, bool has_wall);
uint64_t append_data(struct store *store, enum record_kind kind, const unsigned char *end);

/* What was encoded at the tail's head counts from now on. */
void append_commit(struct store *store, const unsigned char *end);

/* The end of each append: counts, wakes, unlocks. Returns its error. */
int append_leave(struct store *store, int error);

/* Put a cursor on record. -EAGAIN. */
int append_cursor(struct store *store, const struct cursor *cursor, bool is_gone);

/* Encode the closing of a segment: owners, cursors, footer, trailer. Returns the end. */
unsigned char *append_put_closing(struct store *store, unsigned char *at,
				  const struct segment *segment);
size_t append_closing_bound(const struct store *store);

/* ---- cursor.c: locked ---- */

struct cursor *cursor_find(const struct store *store, const char *name);

/* As found on disk: replaces, makes, or removes. -ENOMEM, -ENOSPC. */
int cursor_restore(struct store *store, const struct record_cursor *found);

/* Put all that moved on record. -EAGAIN: not all of them. */
int cursor_record_moved(struct store *store);
void cursor_free_all(struct store *store);
size_t cursor_bound(const struct cursor *cursor);
unsigned char *cursor_put(unsigned char *at, const struct cursor *cursor, bool is_gone);

/* The lowest lsn that a cursor stands at; UINT64_MAX: there is none. */
uint64_t cursor_lowest(const struct store *store);

/* ---- writer.c ---- */

int writer_start(struct store *store);
void writer_stop(struct store *store);

/* Write and sync all there is; the log's thread. -errno. */
int writer_flush(struct store *store);

/* ---- recovery.c: before the thread starts ---- */

int recovery_run(struct store *store, struct ew_error *err);

/* ---- retention.c: the log's thread, without the lock ---- */

/* Remove what no cursor needs, what is too old, and what is too much. */
void retention_run(struct store *store);

/* Make room on the disk for another segment by letting the oldest go. False: cannot. */
bool retention_give(struct store *store);

/* Whether another segment fits beside the reserve. */
bool retention_has_reserve(struct store *store);

/* ---- reader.c, for retention ---- */

/*
 * Totals of all owners at `lsn`, which is in a segment that is there, and how many
 * samples and events of that segment come before and at it. The log's thread.
 */
struct place_totals {
	struct owner_mark *marks;       /* the caller frees them */
	uint32_t mark_count;
	uint64_t samples;
	uint64_t events;
};
int reader_totals(struct store *store, uint64_t lsn, struct place_totals *totals_out);

#endif
