/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of file operations: all that the log asks of a disk. The real one
 * works in one folder; tests put a disk in its place that tears, fills up and
 * fails where they say (tests/lib/edgeway/test_disk.h).
 *
 * Functions return 0 or what they count, or -errno. Any thread, but one file
 * is written by one thread only.
 */
#ifndef CORE_STORE_FILES_H
#define CORE_STORE_FILES_H

#include <sys/types.h>

#include <edgeway/base.h>

enum store_file_use {
	STORE_FILE_READ,
	STORE_FILE_WRITE,       /* and read; it must be there */
	STORE_FILE_CREATE       /* and write and read; an old one of the name is emptied */
};

struct store_files {
	void *arg;

	/* Returns the file's number. */
	int (*open)(void *arg, const char *name, enum store_file_use use);
	void (*close)(void *arg, int file);

	/* May read and write less than asked; read returns 0 at the end. */
	ssize_t (*read)(void *arg, int file, void *to, size_t size, uint64_t offset);
	ssize_t (*write)(void *arg, int file, const void *from, size_t size, uint64_t offset);

	/* Until it returns 0 nothing of the file's content needs to outlive a power cut. */
	int (*sync)(void *arg, int file);

	/* The same for names: created, renamed, removed. */
	int (*sync_names)(void *arg);

	/* Room for `size` bytes, which read as zeros; -EOPNOTSUPP does no harm. */
	int (*allocate)(void *arg, int file, uint64_t size);
	int (*truncate)(void *arg, int file, uint64_t size);
	int (*size)(void *arg, int file, uint64_t *size_out);

	int (*rename)(void *arg, const char *from, const char *into);
	int (*remove)(void *arg, const char *name);

	/* Call fn for each name, in no order, until it returns non-zero, which is returned. */
	int (*list)(void *arg, int (*fn)(void *fn_arg, const char *name), void *fn_arg);

	/* Bytes that may still be written to this disk. */
	int (*space)(void *arg, uint64_t *free_out);
};

/*
 * A table for the folder at `path`, which is made with its parents when it is
 * not there, and locked against a second process. -EBUSY: it is locked. Free with
 * store_files_close().
 */
int store_files_open(const char *path, struct store_files **files_out) EW_CHECKED;

/* The same to look at only: makes nothing, locks nothing; all that changes something is -EROFS. */
int store_files_look(const char *path, struct store_files **files_out) EW_CHECKED;

void store_files_close(struct store_files **files);

/* All of it, however many calls it takes. Short at the end of the file. */
ssize_t store_files_read(const struct store_files *files, int file, void *to, size_t size,
			 uint64_t offset);
int store_files_write(const struct store_files *files, int file, const void *from, size_t size,
		      uint64_t offset);

#endif
