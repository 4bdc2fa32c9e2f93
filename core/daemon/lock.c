/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file "lock" in the directory, locked by flock(2), with our process id in
 * it for whoever is refused.
 */
#include "core/daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"

int lock_make_dir(const char *path, unsigned mode, struct ew_error *err)
{
	char part[PATH_MAX];
	size_t size = strlen(path);
	struct stat st;
	int error;

	if (size == 0 || size >= sizeof(part)) {
		(void)ew_fail(err, "'%s' is no directory name", path);
		return -EINVAL;
	}
	memcpy(part, path, size + 1);
	for (char *at = part + 1;; at++) {
		char c = *at;

		if (c != '/' && c != '\0') {
			continue;
		}
		*at = '\0';
		/* whether it is there, and a directory, is seen at the end */
		(void)mkdir(part, c == '\0' ? mode : 0755);
		*at = c;
		if (c == '\0') {
			break;
		}
	}
	if (stat(path, &st) != 0 || access(path, W_OK | X_OK) != 0) {
		error = -errno;
		(void)ew_fail(err, "directory '%s': %s", path, strerror(-error));
		return error;
	}
	if (!S_ISDIR(st.st_mode)) {
		(void)ew_fail(err, "'%s' is not a directory", path);
		return -ENOTDIR;
	}
	return 0;
}

/* Whoever holds it wrote its number; a text that is none is left out. */
static int lock_refuse(int fd, const char *path, struct ew_error *err)
{
	char holder[32] = "";
	ssize_t size = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[size > 0 ? strspn(holder, "0123456789") : 0] = '\0';
	(void)ew_fail(err, "state directory '%s' is in use by another edgewayd%s%s", path,
		      *holder != '\0' ? ", process " : "", holder);
	return -EBUSY;
}

int lock_state_dir(const char *path, int *fd_out, struct ew_error *err)
{
	char name[PATH_MAX], text[32];
	int error = lock_make_dir(path, 0700, err);
	int fd, size;

	if (error != 0) {
		return error;
	}
	if (snprintf(name, sizeof(name), "%s/lock", path) >= (int)sizeof(name)) {
		(void)ew_fail(err, "the path '%s' is too long", path);
		return -ENAMETOOLONG;
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		error = -errno;
		(void)ew_fail(err, "'%s': %s", name, strerror(-error));
		return error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		error = errno == EWOULDBLOCK ? lock_refuse(fd, path, err) : -errno;
		if (error != -EBUSY) {
			(void)ew_fail(err, "'%s': %s", name, strerror(-error));
		}
		(void)close(fd);
		return error;
	}
	size = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size) {
		error = -errno;
		(void)ew_fail(err, "'%s': %s", name, strerror(-error));
		(void)close(fd);
		return error;
	}
	*fd_out = fd;
	return 0;
}
