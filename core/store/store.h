/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log on disk: what durable routes and the logs of modules are kept in.
 *
 * Records are appended by any thread, in memory, and written and synced
 * together by a thread of the log's own. Each has a number, its *lsn*, from 1
 * and never reused, which says its place in the log. Readers follow the log
 * from any lsn; named cursors say how far the far end has confirmed.
 *
 * Nothing that happens to the disk stops the daemon: while it cannot be
 * written the log goes on in its bounded buffer, says so in its state, and
 * then refuses what does not fit. What is lost, to retention or to damage, is
 * told by readers as a gap, with the counts of each owner.
 *
 * The files are described byte by byte in docs/store-format.md.
 */
#ifndef CORE_STORE_STORE_H
#define CORE_STORE_STORE_H

#include <edgeway/bus.h>
#include <edgeway/error.h>

struct store;
struct store_files;
struct store_owner;
struct store_reader;

#define STORE_SYNC_NEVER     ((ew_dur)-1)
#define STORE_RECORD_MAX     ((size_t)1 << 20)  /* bytes of one record on disk */
#define STORE_TEXT_MAX       ((size_t)960 << 10) /* of one sample's text, an event's, an entry's */
#define STORE_NAME_MAX       255u               /* bytes of the name of an owner or a cursor */
#define STORE_OWNERS_MAX     256u
#define STORE_CURSORS_MAX    64u
#define STORE_RANGES_MAX     16u                /* remembered above a cursor */

/* What goes when the log is full. */
enum store_drop {
	STORE_DROP_OLDEST,
	STORE_DROP_NEWEST,      /* appends are refused until there is room */
	STORE_DROP_THIN         /* every other sample of each tag, oldest first, before all goes */
};

struct store_config {
	const char *path;               /* of the folder; made when it is not there */
	uint64_t bytes;                 /* most on disk; 0: 1 GiB */
	ew_dur age;                     /* older than this goes; 0: never */
	enum store_drop drop;
	ew_dur sync;                    /* most time unsynced; 0: as soon as possible;
					 * STORE_SYNC_NEVER: when the kernel likes */
	uint64_t reserve;               /* bytes to leave free on the disk; 0: none */
	size_t buffer_bytes;            /* of memory for what is not synced; 0: 4 MiB */
	const struct store_files *files; /* borrowed until close; NULL: the disk */
	const char *boot;               /* id of this boot; NULL: as the kernel says */
	bool is_stepped;                /* no thread: writes when store_sync() says so, for tests */
};

/* A tag as the dictionary of a segment describes it. */
struct store_tag {
	const char *device;             /* path */
	const char *device_type;        /* or "" */
	const char *name;
	const char *unit;               /* or "" */
	unsigned type;                  /* enum ew_type, or-ed with EW_TYPE_ARRAY */
};

/* Who is told, and who is asked. Any of them may be NULL. */
struct store_listener {
	/*
	 * All up to lsn is on disk. On the log's thread, at the end on that
	 * which closes; no lock held; must not block.
	 */
	void (*durable)(void *arg, uint64_t lsn);

	/*
	 * What is this tag? Asked on the thread that appends, once a segment
	 * and tag, under the log's lock: must not call into the log. The text
	 * is borrowed until the append returns. -ENOENT: unknown, the append
	 * is refused.
	 */
	int (*describe)(void *arg, uint32_t tag, struct store_tag *tag_out);
	void *arg;
};

/*
 * Open the log at config->path and repair what a crash left behind.
 *
 * Thread:  main; the log's thread starts here
 * Owner:   config copied; free with store_close()
 * Errors:  -EBUSY   another process has it open
 *          -ENOTSUP a segment was written by a newer version
 *          -errno   the folder cannot be made or read; err says which
 *          -ENOMEM
 *          Damage is no error: see store_stats.
 */
int store_open(const struct store_config *config, struct store **store_out,
	       struct ew_error *err) EW_CHECKED;

/*
 * Write and sync what is in the buffer, end the thread, close.
 *
 * Thread:  main; nobody appends and all readers are closed
 * Owner:   takes and clears; accepts NULL
 * Errors:  none: what a broken disk does not take is lost and logged
 */
void store_close(struct store **store);

/*
 * Thread:  main, before anybody appends
 * Owner:   copied; arg borrowed until close
 * Errors:  none
 */
void store_listen(struct store *store, const struct store_listener *listener);

/*
 * Have `room` called when store_is_tight() holds no more: on the log's thread, no
 * lock held; it must not block.
 *
 * Thread:  main, before anybody appends
 * Owner:   arg borrowed until close
 * Errors:  none
 */
void store_listen_for_room(struct store *store, void (*room)(void *arg), void *arg);

/*
 * Change the limits (bytes, age, drop, sync, reserve) of an open log; path,
 * buffer and files stay.
 *
 * Thread:  any
 * Owner:   config copied
 * Errors:  none
 */
void store_set_limits(struct store *store, const struct store_config *config);

/*
 * The wall clock is known good from now on, as may be said again: samples of this
 * boot that were taken before get their times repaired when they are read.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none: without room it is said with the next record
 */
void store_clock_is_good(struct store *store);

/* ---- appending ---- */

/*
 * The owner of a name: whoever appends under it, over restarts.
 *
 * Thread:  any
 * Owner:   name copied; the owner lives until the log is closed
 * Errors:  -EINVAL  an empty name, or over STORE_NAME_MAX
 *          -ENOSPC  STORE_OWNERS_MAX of them;  -ENOMEM
 */
int store_owner_find(struct store *store, const char *name, struct store_owner **owner_out)
	EW_CHECKED;

/* How much an owner has appended ever: its place among its own records. */
struct store_totals {
	uint64_t samples;
	uint64_t events;                /* and entries */
};

/* Of the thread that appends for this owner, which alone changes them. */
struct store_totals store_owner_totals(const struct store_owner *owner);

struct store_batch {
	const struct ew_sample *samples; /* tag: the id that describe() understands */
	uint32_t count;                 /* 1 to EW_BATCH_MAX */
	uint64_t number;                /* at the publisher */
	ew_dur stamped;                 /* monotonic, of this boot */
};

/*
 * Append samples of one owner. A batch that is too large for a record makes
 * several; lsn_out is that of the last.
 *
 * No system call but, after a pause, to wake the log's thread. Allocates
 * only when a tag or a segment is new.
 *
 * Thread:  any
 * Owner:   batch borrowed until return
 * Errors:  nothing is appended:
 *          -EAGAIN   the buffer is full: the disk is slower than the load, or fails
 *          -ENOSPC   the log is full and `drop` is newest, or nothing can be dropped
 *          -EMSGSIZE a text is over STORE_TEXT_MAX, or all of it over half the buffer
 *          -ENOENT   describe() does not know a tag
 *          -ENOMEM
 */
int store_append_samples(struct store *store, struct store_owner *owner,
			 const struct store_batch *batch, uint64_t *lsn_out) EW_CHECKED;

struct store_event {
	const struct ew_event *event;   /* its device is not looked at */
	const char *device;             /* path, or NULL */
	uint64_t number;
	ew_dur stamped;
};

/* As store_append_samples(); text over STORE_TEXT_MAX: -EMSGSIZE. */
int store_append_event(struct store *store, struct store_owner *owner,
		       const struct store_event *event, uint64_t *lsn_out) EW_CHECKED;

/* Bytes with a key: what modules log. */
struct store_entry {
	ew_time time;
	const char *key;                /* or NULL */
	const void *bytes;
	size_t size;
};

/* As store_append_samples(); key and bytes over STORE_TEXT_MAX: -EMSGSIZE. */
int store_append_entry(struct store *store, struct store_owner *owner,
		       const struct store_entry *entry, uint64_t *lsn_out) EW_CHECKED;

/*
 * What describe() said of a tag holds no more: its device, name, type or unit
 * changed, or its id was given to another. It is described again at its next
 * sample.
 *
 * Thread:  any, but not in parallel with an append of the same tag
 * Owner:   nothing
 * Errors:  none
 */
void store_forget_tag(struct store *store, uint32_t tag);

/*
 * Will appends be refused soon, as the disk or a full log does not take them?
 * Who can wait does so now, and looks again when it hears of room.
 *
 * Thread:  any; an atomic read
 * Owner:   nothing
 * Errors:  none
 */
bool store_is_tight(const struct store *store);

/* The last lsn given out; 0: none. Any thread. */
uint64_t store_last(const struct store *store);

/* All up to here is on disk (with STORE_SYNC_NEVER: handed to the kernel). Any thread. */
uint64_t store_durable(const struct store *store);

/* The lowest lsn that is still there; store_last() + 1 when nothing is. Any thread. */
uint64_t store_oldest(struct store *store);

/*
 * Write and sync what was appended before the call, and wait for it.
 *
 * Thread:  any but the log's
 * Owner:   nothing
 * Errors:  -errno of the disk, which was tried once
 */
int store_sync(struct store *store);

/* ---- cursors ---- */

struct store_range {
	uint64_t from, to;              /* both included */
};

/* How far a receiver is: all up to lsn, and some ranges above it. */
struct store_cursor {
	uint64_t lsn;
	uint32_t range_count;
	struct store_range ranges[STORE_RANGES_MAX];    /* ascending, apart */
};

/*
 * Read a cursor.
 *
 * Thread:  any
 * Owner:   copied out
 * Errors:  -ENOENT  no such cursor: a receiver that is new
 */
int store_cursor_get(struct store *store, const char *name, struct store_cursor *cursor_out)
	EW_CHECKED;

/*
 * Make a cursor or move it. It is on disk with the next group; after a crash
 * it may be where it was a group ago. Segments that all cursors have passed
 * are removed.
 *
 * Thread:  any
 * Owner:   copied
 * Errors:  -EINVAL  the name; ranges not ascending or not above lsn; lsn after store_last()
 *          -ENOSPC  STORE_CURSORS_MAX of them;  -ENOMEM
 */
int store_cursor_set(struct store *store, const char *name, const struct store_cursor *cursor);

/* Forget a receiver. Any thread. -ENOENT. */
int store_cursor_remove(struct store *store, const char *name);

/* The name of the index-th cursor, copied; -ENOENT at the end. Any thread. */
int store_cursor_name(struct store *store, size_t index, char name_out[STORE_NAME_MAX + 1]);

/* ---- reading ---- */

enum store_kind {
	STORE_SAMPLES,
	STORE_EVENT,
	STORE_ENTRY,
	STORE_GAP
};

/* Why records are not there. */
enum store_loss {
	STORE_LOST_SIZE,        /* the log was full */
	STORE_LOST_AGE,
	STORE_LOST_THINNED,
	STORE_LOST_DAMAGED
};
#define STORE_LOSS_COUNT  4

/* A tag of the dictionary, as the reader found it. Lives until the reader goes on. */
struct store_known {
	struct store_tag tag;
	uint64_t mark;          /* the caller's own; 0 when the reader learns the tag */
};

struct store_item {
	enum store_kind kind;
	uint64_t lsn;           /* STORE_GAP: of what follows it */
	const char *owner;      /* name; lives as long as the reader */
	uint64_t number;        /* at the publisher, within its run */
	ew_dur stamped;         /* monotonic time; of this boot if is_this_boot */
	bool is_this_boot;
	union {
		struct {
			/*
			 * tag is an index into known[]. Times are repaired when
			 * the boot's clock became good: EW_CLOCK_UNSET is gone then.
			 */
			struct ew_sample *at;
			uint32_t count;
			struct store_known *known;
			uint32_t known_count;
		} samples;
		struct {
			struct ew_event event;  /* device is EW_NO_ID */
			const char *device;     /* path, or NULL */
		} event;
		struct store_entry entry;       /* key is NULL or ended by a zero byte */
		struct {
			enum store_loss why;
			uint64_t samples;
			uint64_t events;        /* and entries */
		} gap;                          /* of this owner, before lsn */
	};
};

/*
 * Read the records after `after`. With the name of a cursor, what was removed
 * since that cursor's lsn is counted exactly, also over restarts.
 *
 * Thread:  any; the reader belongs to one thread at a time
 * Owner:   cursor copied, may be NULL; free with store_reader_close()
 * Errors:  -ENOMEM
 */
int store_reader_open(struct store *store, uint64_t after, const char *cursor,
		      struct store_reader **reader_out) EW_CHECKED;

/*
 * What the owner with this name had appended up to where it matters, which is the
 * reader's place or behind it: a loss from there on is told, too, when what was
 * there is gone.
 *
 * Thread:  the reader's, before store_reader_next()
 * Owner:   name copied
 * Errors:  none
 */
void store_reader_expect(struct store_reader *reader, const char *name,
			 struct store_totals totals);

/* Takes and clears; accepts NULL. */
void store_reader_close(struct store_reader **reader);

/*
 * The next record up to `up_to` (UINT64_MAX: to the end), also one that is not
 * on disk yet. Gaps come in their place, one an owner and reason, before the
 * first record of that owner behind them.
 *
 * Reads at most one chunk (256 KiB, or one record) from the disk a call; it
 * may return -EAGAIN after that when it has to skip more than a chunk: call
 * again, later or at once.
 *
 * Thread:  the reader's
 * Owner:   item and all it points to borrowed until the next call; the samples
 *          may be written to
 * Errors:  1 an item; 0 nothing up to up_to yet; -EAGAIN call again;
 *          -errno  the disk cannot be read now: nothing is skipped, call again later
 */
int store_reader_next(struct store_reader *reader, uint64_t up_to,
		      const struct store_item **item_out) EW_CHECKED;

/* All up to here has been read. Reader's thread. */
uint64_t store_reader_at(const struct store_reader *reader);

/* ---- how it is ---- */

enum store_state {
	STORE_GOOD,
	STORE_FULL,             /* refuses appends: `drop: newest`, or nothing left to drop */
	STORE_NO_SPACE,         /* the disk is full, or has no inodes */
	STORE_FAILING           /* the disk cannot be written; tried again with a back-off */
};

/* How the run before this one ended, and what it had appended that is not on disk. */
enum store_end_how {
	STORE_END_NONE,         /* there was none */
	STORE_END_IN_ORDER,     /* all was written and synced */
	STORE_END_KILLED,       /* the process was; `records` went with it */
	STORE_END_POWER         /* the machine was: what came in the last `sync` went, at most */
};

struct store_end {
	enum store_end_how how;
	uint64_t records;               /* batches, events and entries, at most */
	ew_dur sync;                    /* as store_config has it, of that run */
};

struct store_stats {
	enum store_state state;
	int error;                      /* the -errno behind it; 0 */
	ew_dur since;                   /* monotonic, when the state was entered */
	uint64_t bytes;                 /* on disk */
	uint64_t bytes_max;
	enum store_drop drop;
	struct store_end end;
	uint64_t segments;
	uint64_t oldest;                /* lsn */
	uint64_t last;
	uint64_t durable;
	ew_time oldest_time;            /* UTC when the oldest segment began; 0: not known */
	ew_dur oldest_age;              /* of this boot without UTC; -1: not known */
	uint64_t buffered_bytes;        /* not synced yet */
	uint64_t written_bytes;         /* since open, of all that was written */
	uint64_t appended_samples;      /* since open */
	uint64_t appended_events;       /* and entries */
	uint64_t refused;               /* appends that failed, since open */
	uint64_t syncs;
	uint64_t sync_ns;               /* spent in them */
	uint64_t disk_errors;
	uint64_t damaged_segments;      /* put aside, found since open */
	uint64_t damaged_records;       /* skipped, found since open */
	/* removed before every cursor had passed them, since open */
	uint64_t lost_samples[STORE_LOSS_COUNT];
	uint64_t lost_events[STORE_LOSS_COUNT];
};

/* Any thread. */
struct store_stats store_stats(struct store *store);

/* Records after lsn, bytes of disk that they take, about. Any thread. */
void store_backlog(struct store *store, uint64_t lsn, uint64_t *records_out, uint64_t *bytes_out);

/* "good", "full", "no space", "failing". */
const char *store_state_name(enum store_state state);
/* "none", "in order", "killed", "power". */
const char *store_end_name(enum store_end_how how);
/* "size", "age", "thinned", "damaged". */
const char *store_loss_name(enum store_loss why);

#endif
