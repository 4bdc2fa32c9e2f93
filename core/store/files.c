/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a real folder, by its descriptor. */
#include "core/store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/check.h"

struct folder {
	struct store_files files;
	int fd;
	bool is_read_only;
};

static const struct folder *folder_of(void *arg)
{
	return arg;
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int on_open(void *arg, const char *name, enum store_file_use use)
{
	bool is_read_only = folder_of(arg)->is_read_only;
	int flags = use == STORE_FILE_READ || is_read_only ? O_RDONLY
		    : use == STORE_FILE_WRITE		   ? O_RDWR
							   : O_RDWR | O_CREAT | O_TRUNC;

	if (is_read_only && use == STORE_FILE_CREATE) {
		return -EROFS;
	}
	return result(openat(folder_of(arg)->fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

static void on_close(void *arg, int file)
{
	(void)arg;
	(void)close(file); /* what had to be on disk was synced */
}

static ssize_t on_read(void *arg, int file, void *to, size_t size, uint64_t offset)
{
	ssize_t got = pread(file, to, size, (off_t)offset);

	(void)arg;
	return got < 0 ? -errno : got;
}

static ssize_t on_write(void *arg, int file, const void *from, size_t size, uint64_t offset)
{
	ssize_t put = pwrite(file, from, size, (off_t)offset);

	(void)arg;
	return put < 0 ? -errno : put;
}

static int on_sync(void *arg, int file)
{
	(void)arg;
	return result(fdatasync(file));
}

static int on_sync_names(void *arg)
{
	return result(fsync(folder_of(arg)->fd));
}

static int on_allocate(void *arg, int file, uint64_t size)
{
	(void)arg;
	return result(fallocate(file, 0, 0, (off_t)size));
}

static int on_truncate(void *arg, int file, uint64_t size)
{
	return folder_of(arg)->is_read_only ? -EROFS : result(ftruncate(file, (off_t)size));
}

static int on_size(void *arg, int file, uint64_t *size_out)
{
	struct stat st;

	(void)arg;
	if (fstat(file, &st) != 0) {
		return -errno;
	}
	*size_out = (uint64_t)st.st_size;
	return 0;
}

static int on_rename(void *arg, const char *from, const char *into)
{
	int fd = folder_of(arg)->fd;

	return folder_of(arg)->is_read_only ? -EROFS : result(renameat(fd, from, fd, into));
}

static int on_remove(void *arg, const char *name)
{
	return folder_of(arg)->is_read_only ? -EROFS
					    : result(unlinkat(folder_of(arg)->fd, name, 0));
}

static int on_list(void *arg, int (*fn)(void *fn_arg, const char *name), void *fn_arg)
{
	int fd = openat(folder_of(arg)->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int ret = 0;

	if (dir == NULL) {
		ret = -errno;
		if (fd >= 0) {
			(void)close(fd);
		}
		return ret;
	}
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		ret = fn(fn_arg, entry->d_name);
	}
	(void)closedir(dir);
	return ret;
}

static int on_space(void *arg, uint64_t *free_out)
{
	struct statvfs st;

	if (fstatvfs(folder_of(arg)->fd, &st) != 0) {
		return -errno;
	}
	*free_out = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

static const struct store_files folder_table = {
	.open = on_open,
	.close = on_close,
	.read = on_read,
	.write = on_write,
	.sync = on_sync,
	.sync_names = on_sync_names,
	.allocate = on_allocate,
	.truncate = on_truncate,
	.size = on_size,
	.rename = on_rename,
	.remove = on_remove,
	.list = on_list,
	.space = on_space,
};

static int make_folders(const char *path)
{
	char *copy = strdup(path);
	int error = copy == NULL ? -ENOMEM : 0;

	for (char *at = copy; error == 0 && *at != '\0';) {
		char kept;

		at += strspn(at, "/");
		at += strcspn(at, "/");
		kept = *at;
		*at = '\0';
		if (copy[0] != '\0' && mkdir(copy, 0700) != 0 && errno != EEXIST) {
			error = -errno;
		}
		*at = kept;
	}
	free(copy);
	return error;
}

static int folder_open(const char *path, bool is_read_only, struct store_files **files_out)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	int error;

	if (folder == NULL) {
		return -ENOMEM;
	}
	folder->files = folder_table;
	folder->files.arg = folder;
	folder->is_read_only = is_read_only;
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0) {
		error = -errno;
		free(folder);
		return error;
	}
	*files_out = &folder->files;
	return 0;
}

int store_files_look(const char *path, struct store_files **files_out)
{
	return folder_open(path, true, files_out);
}

int store_files_open(const char *path, struct store_files **files_out)
{
	struct store_files *files;
	int error = make_folders(path);

	if (error == 0) {
		error = folder_open(path, false, &files);
	}
	if (error != 0) {
		return error;
	}
	if (flock(folder_of(files->arg)->fd, LOCK_EX | LOCK_NB) != 0) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		store_files_close(&files);
		return error;
	}
	*files_out = files;
	return 0;
}

void store_files_close(struct store_files **files)
{
	struct folder *folder;

	if (*files == NULL) {
		return;
	}
	folder = container_of(*files, struct folder, files);
	*files = NULL;
	(void)close(folder->fd);
	free(folder);
}

ssize_t store_files_read(const struct store_files *files, int file, void *to, size_t size,
			 uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = files->read(files->arg, file, (char *)to + done, size - done,
					  offset + done);

		if (got == -EINTR) {
			continue;
		}
		if (got < 0) {
			return got;
		}
		if (got == 0) {
			break;
		}
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int store_files_write(const struct store_files *files, int file, const void *from, size_t size,
		      uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t put = files->write(files->arg, file, (const char *)from + done, size - done,
					   offset + done);

		if (put < 0 && put != -EINTR) {
			return (int)put;
		}
		if (put == 0) {
			return -EIO;
		}
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}
