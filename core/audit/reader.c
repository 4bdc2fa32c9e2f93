/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the audit log back. All files are opened at once, so that a rename
 * meanwhile loses nothing; the start is found by counting line feeds from the
 * end. A line that is longer than the buffer is handed out in pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit/audit.h"

#define READER_BYTES  65536

struct audit_reader {
	int fds[AUDIT_KEEP_MAX + 1];    /* oldest first */
	off_t starts[AUDIT_KEEP_MAX + 1];
	size_t count;
	size_t file;                    /* that is read now */
	off_t offset;                   /* in it */
	size_t begin, end;              /* of what is in the buffer and not handed out */
	char buffer[READER_BYTES];
};

/* Where the last *left lines of a file begin; *left is what is still missing. */
static int reader_find_start(struct audit_reader *reader, int fd, uint64_t *left, off_t *start_out)
{
	struct stat st;
	off_t at;

	if (fstat(fd, &st) != 0) {
		return -errno;
	}
	at = st.st_size;
	while (at > 0 && *left > 0) {
		off_t from = at > READER_BYTES ? at - READER_BYTES : 0;
		ssize_t got = pread(fd, reader->buffer, (size_t)(at - from), from);

		if (got != at - from) {
			return -EIO;
		}
		while (got > 0) {
			got--;
			/* the line feed before a line, not the one that ends the file */
			if (reader->buffer[got] == '\n' && from + got + 1 < st.st_size &&
			    --*left == 0) {
				*start_out = from + got + 1;
				return 0;
			}
		}
		at = from;
	}
	if (st.st_size > 0 && *left > 0) {
		--*left; /* the first line has no line feed before it */
	}
	*start_out = 0;
	return 0;
}

static int reader_open(struct audit_reader *reader, const char *path)
{
	char name[4096];

	for (unsigned i = AUDIT_KEEP_MAX + 1; i-- > 0;) {
		int size = i == 0 ? snprintf(name, sizeof(name), "%s", path)
				  : snprintf(name, sizeof(name), "%s.%u", path, i);
		int fd;

		if (size >= (int)sizeof(name)) {
			return -ENAMETOOLONG;
		}
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT) {
			return -errno;
		}
		if (fd >= 0) {
			reader->fds[reader->count++] = fd;
		}
	}
	return 0;
}

int audit_reader_new(const char *path, uint64_t last, struct audit_reader **reader_out)
{
	struct audit_reader *reader = calloc(1, sizeof(*reader));
	uint64_t left = last;
	int error;

	if (reader == NULL) {
		return -ENOMEM;
	}
	error = reader_open(reader, path);
	reader->file = reader->count;
	while (error == 0 && reader->file > 0 && left > 0) {
		reader->file--;
		error = reader_find_start(reader, reader->fds[reader->file], &left,
					  &reader->starts[reader->file]);
	}
	if (error != 0) {
		audit_reader_free(&reader);
		return error;
	}
	reader->offset = reader->file < reader->count ? reader->starts[reader->file] : 0;
	*reader_out = reader;
	return 0;
}

void audit_reader_free(struct audit_reader **reader_at)
{
	struct audit_reader *reader = *reader_at;

	if (reader == NULL) {
		return;
	}
	*reader_at = NULL;
	for (size_t i = 0; i < reader->count; i++) {
		(void)close(reader->fds[i]);
	}
	free(reader);
}

/* Move what is left to the front and read behind it. 0: the file has ended. */
static ssize_t reader_fill(struct audit_reader *reader)
{
	ssize_t got;

	memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
	reader->end -= reader->begin;
	reader->begin = 0;
	got = pread(reader->fds[reader->file], reader->buffer + reader->end,
		    READER_BYTES - reader->end, reader->offset);
	if (got < 0) {
		return -errno;
	}
	reader->offset += got;
	reader->end += (size_t)got;
	return got;
}

int audit_reader_next(struct audit_reader *reader, const char **line_out, size_t *size_out)
{
	while (reader->file < reader->count) {
		char *start = reader->buffer + reader->begin;
		size_t size = reader->end - reader->begin;
		char *feed = memchr(start, '\n', size);
		ssize_t got = 0;

		if (feed == NULL && size < READER_BYTES) {
			got = reader_fill(reader);
			if (got < 0) {
				return (int)got;
			}
			if (got > 0) {
				continue;
			}
			start = reader->buffer;
		}
		if (feed == NULL && size == 0) {
			reader->file++;
			reader->offset = 0;
			continue;
		}
		*line_out = start;
		*size_out = feed != NULL ? (size_t)(feed - start) : size;
		reader->begin = (size_t)(start - reader->buffer) + *size_out +
				(feed != NULL ? 1 : 0);
		return 1;
	}
	return 0;
}
