/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journals: a module's own log on disk, of bytes with a key, in the format and
 * with the promises of the store behind durable routes. What an event stream
 * needs: append, read from a number on, remember how far each consumer is.
 *
 * Entries are numbered from 1; a number is never used again, but there may be
 * holes. When a journal is full or entries are too old, the oldest go; a reader
 * learns how many it missed. Entries that all cursors have passed go, too; a cursor
 * that stays at 0 keeps them until they are too old or too many.
 */
#ifndef EDGEWAY_JOURNAL_H
#define EDGEWAY_JOURNAL_H

#include <edgeway/module.h>

EW_BEGIN_DECLS

struct ew_journal;
struct ew_journal_reader;

#define EW_JOURNAL_ENTRY_MAX  ((size_t)960 << 10)       /* bytes of one entry with its key */
#define EW_JOURNAL_NAME_MAX   64u                       /* of a journal, of a cursor */

struct ew_journal_config {
	size_t size;            /* sizeof(struct ew_journal_config) */
	const char *name;       /* of its folder in ew_state_dir(): a-z, 0-9, - and _;
				 * "dead-letters" is core's */
	uint64_t bytes;         /* most on disk; 0: 64 MiB */
	ew_dur age;             /* entries older than this go; 0: none for that */
	ew_dur sync;            /* most time until an entry is on disk; 0: 50 ms */
};

struct ew_journal_entry {
	uint64_t number;
	ew_time time;           /* ns UTC; made good when the clock was not known good at first */
	const char *key;        /* or NULL */
	const void *bytes;
	size_t size;
	uint64_t lost;          /* entries that were removed between the last one read and this */
};

/*
 * Open a journal, or make it. What a crash left behind is repaired.
 *
 * Thread:  instance; a thread of the journal's own writes
 * Owner:   ew_journal_close(); what the module leaves open is closed after close()
 * Errors:  -EINVAL  the name;  -EBUSY  it is open;  -ENOTSUP  a newer version wrote it
 *          -errno   the folder cannot be made or read; the log says which
 *          -ENOMEM
 */
EW_API int ew_journal_open(struct ew_instance *inst, const struct ew_journal_config *config,
			   struct ew_journal **journal_out) EW_CHECKED;

/*
 * Write what is not on disk yet, and close, with all its readers.
 *
 * Thread:  instance
 * Owner:   takes *journal and clears it; accepts NULL and a pointer to NULL
 * Errors:  none
 */
EW_API void ew_journal_close(struct ew_journal **journal);

/*
 * Append an entry, now. number_out may be NULL.
 *
 * Thread:  instance
 * Owner:   key and bytes copied; key may be NULL
 * Errors:  -EAGAIN   the disk is slower than this, or fails: the buffer is full
 *          -EMSGSIZE over EW_JOURNAL_ENTRY_MAX, or half the buffer (512 KiB)
 *          -ENOMEM
 */
EW_API int ew_journal_append(struct ew_journal *journal, const char *key, const void *bytes,
			     size_t size, uint64_t *number_out);

/*
 * The last number given out, and the last that is on disk; 0: none yet.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  none
 */
EW_API uint64_t ew_journal_last(struct ew_journal *journal);
EW_API uint64_t ew_journal_durable(struct ew_journal *journal);

/*
 * How far a consumer is: all up to `number` is done with. Kept on disk; after a
 * crash it may be where it was a moment before.
 *
 * Thread:  instance
 * Owner:   name copied
 * Errors:  get: -ENOENT  there is no such cursor
 *          set: -EINVAL  the name, or a number after ew_journal_last();
 *               -ENOSPC  64 cursors;  -ENOMEM
 *          remove: -ENOENT
 *          name, of the index-th: -ENOENT  there are not that many
 */
EW_API int ew_journal_cursor_get(struct ew_journal *journal, const char *name,
				 uint64_t *number_out) EW_CHECKED;
EW_API int ew_journal_cursor_set(struct ew_journal *journal, const char *name, uint64_t number);
EW_API int ew_journal_cursor_remove(struct ew_journal *journal, const char *name);
EW_API int ew_journal_cursor_name(struct ew_journal *journal, size_t index,
				  char name_out[EW_JOURNAL_NAME_MAX + 1]) EW_CHECKED;

/*
 * Read the entries after a number.
 *
 * Thread:  instance
 * Owner:   ew_journal_reader_close(), or the journal's end
 * Errors:  -ENOMEM
 */
EW_API int ew_journal_reader_open(struct ew_journal *journal, uint64_t after,
				  struct ew_journal_reader **reader_out) EW_CHECKED;

/*
 * The next entry. Reads 256 KiB from the disk at most, or one entry.
 *
 * Thread:  instance
 * Owner:   key and bytes borrowed until the next call
 * Errors:  1 an entry; 0 there is none yet; -EAGAIN there is more to pass over: call again;
 *          -errno the disk cannot be read now
 */
EW_API int ew_journal_reader_next(struct ew_journal_reader *reader,
				  struct ew_journal_entry *entry_out) EW_CHECKED;

/*
 * Thread:  instance
 * Owner:   takes *reader and clears it; accepts NULL and a pointer to NULL
 * Errors:  none
 */
EW_API void ew_journal_reader_close(struct ew_journal_reader **reader);

EW_END_DECLS

#endif
