/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/bdseq.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* 255 when there is none, so that the first is 0. */
static uint8_t bdseq_read(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned number = UINT8_MAX;

	if (file == NULL) {
		return UINT8_MAX;
	}
	if (fscanf(file, "%3u", &number) != 1) {
		number = UINT8_MAX;
	}
	(void)fclose(file); /* only read */
	return (uint8_t)number;
}

static int bdseq_sync(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int error = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fsync(fd) != 0) {
		error = -errno;
	}
	(void)close(fd); /* nothing was written through it */
	return error;
}

static int bdseq_write(const char *path, uint8_t number)
{
	FILE *file = fopen(path, "we");
	int error;

	if (file == NULL) {
		return -errno;
	}
	error = fprintf(file, "%u\n", number) < 0 ? -EIO : 0;
	if (fclose(file) != 0 && error == 0) {
		error = -errno;
	}
	return error != 0 ? error : bdseq_sync(path, O_RDONLY);
}

int bdseq_next(const char *directory, uint8_t *number_out)
{
	char path[PATH_MAX], next[PATH_MAX];
	int error;
	uint8_t number;

	if (snprintf(path, sizeof(path), "%s/bdseq", directory) >= PATH_MAX ||
	    snprintf(next, sizeof(next), "%s/bdseq.new", directory) >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	number = (uint8_t)(bdseq_read(path) + 1);
	error = bdseq_write(next, number);
	if (error == 0 && rename(next, path) != 0) {
		error = -errno;
	}
	if (error == 0) {
		error = bdseq_sync(directory, O_RDONLY | O_DIRECTORY);
	}
	if (error == 0) {
		*number_out = number;
	}
	return error;
}
