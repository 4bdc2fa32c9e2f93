/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel files that are read again and again: see source.h. */
#include "modules/host/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SIZE 4096u

int source_init(struct source *source, const char *dir, const char *file)
{
	size_t size = strlen(dir) + strlen(file) + 2;

	memset(source, 0, sizeof(*source));
	source->fd = -1;
	source->path = malloc(size);
	if (source->path == NULL) {
		return -ENOMEM;
	}
	(void)snprintf(source->path, size, "%s/%s", dir, file); /* it fits */
	return 0;
}

static void source_close(struct source *source)
{
	if (source->path != NULL && source->fd >= 0) {
		(void)close(source->fd); /* nothing was written */
	}
	source->fd = -1;
}

void source_fini(struct source *source)
{
	source_close(source);
	free(source->path);
	free(source->buffer);
	memset(source, 0, sizeof(*source));
	source->fd = -1;
}

static int source_grow(struct source *source)
{
	size_t size = source->size == 0 ? FIRST_SIZE : source->size * 2;
	char *buffer = realloc(source->buffer, size);

	if (buffer == NULL) {
		return -ENOMEM;
	}
	source->buffer = buffer;
	source->size = size;
	return 0;
}

/* To the end of the file, or to SOURCE_SIZE_MAX. The buffer always has a byte left at the end. */
static int source_fill(struct source *source, size_t *length_out)
{
	size_t length = 0;

	for (;;) {
		ssize_t got;

		if (length == source->size) {
			int rc = source->size >= SOURCE_SIZE_MAX ? 0 : source_grow(source);

			if (rc != 0) {
				return rc;
			}
			if (length == source->size) {
				break;
			}
		}
		got = pread(source->fd, source->buffer + length, source->size - length,
			    (off_t)length);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -errno;
		}
		if (got == 0) {
			break;
		}
		length += (size_t)got;
	}
	*length_out = length;
	return 0;
}

int source_read(struct source *source, struct scan *text_out)
{
	size_t length = 0;
	int rc;

	if (source->fd < 0) {
		source->fd = open(source->path, O_RDONLY | O_CLOEXEC);
		if (source->fd < 0) {
			return -errno;
		}
	}
	rc = source_fill(source, &length);
	if (rc != 0) {
		source_close(source);
		return rc;
	}
	*text_out = scan_of(source->buffer, length);
	return 0;
}
