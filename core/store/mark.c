/* SPDX-License-Identifier: Apache-2.0 */
/* The mapped file. It has its blocks before it is mapped: a full disk later changes nothing. */
#include "core/store/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/store/inside.h"

static const char mark_magic[8] = "EWMARK1\n";

static int mark_file(const char *path, int flags)
{
	char *name = NULL;
	int fd;

	if (asprintf(&name, "%s/" MARK_NAME, path) < 0) {
		return -ENOMEM;
	}
	fd = open(name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	fd = fd < 0 ? -errno : fd;
	free(name);
	return fd;
}

/* What the run before left in the folder. False: nothing that can be believed. */
static bool mark_read(const char *path, struct mark *mark_out)
{
	int fd = mark_file(path, O_RDONLY);
	struct mark mark;
	bool is_whole;

	if (fd < 0) {
		return false;
	}
	is_whole = pread(fd, &mark, sizeof(mark), 0) == (ssize_t)sizeof(mark) &&
		   memcmp(mark.magic, mark_magic, sizeof(mark.magic)) == 0 &&
		   memchr(mark.boot, '\0', sizeof(mark.boot)) != NULL;
	(void)close(fd);
	if (is_whole) {
		*mark_out = mark;
	}
	return is_whole;
}

struct mark *mark_open(const char *path, const char *boot)
{
	int fd = mark_file(path, O_RDWR | O_CREAT);
	struct mark *mark;
	void *at;

	if (fd < 0) {
		return NULL;
	}
	at = posix_fallocate(fd, 0, sizeof(*mark)) != 0 ? MAP_FAILED :
	     mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (at == MAP_FAILED) {
		return NULL;
	}
	mark = at;
	memcpy(mark->magic, mark_magic, sizeof(mark->magic));
	memset(mark->boot, 0, sizeof(mark->boot));
	memcpy(mark->boot, boot, strnlen(boot, sizeof(mark->boot) - 1));
	return mark;
}

void mark_close(struct mark **mark)
{
	if (*mark != NULL) {
		(void)munmap(*mark, sizeof(**mark));
	}
	*mark = NULL;
}

/* ---- how the run before ended ---- */

static void mark_say_end(const struct store *store)
{
	const struct store_end *end = &store->end;

	if (end->how == STORE_END_POWER) {
		log_msg(LOG_LEVEL_WARNING, "store",
			"%s: the machine stopped while it was open: what was not synced is gone "
			"sync=%lld ms", store->path, (long long)(end->sync / 1000000));
	} else {
		log_msg(end->records > 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "store",
			"%s: was not closed: what was not written yet is gone records=%llu",
			store->path, (unsigned long long)end->records);
	}
}

/* Nothing that it appended has a higher number than its mark, if that is of this boot. */
void mark_look_at_end(struct store *store, uint64_t last, bool is_clean)
{
	struct store_end *end = &store->end;
	struct mark mark;
	bool has_mark = mark_read(store->path, &mark);

	if (is_clean) {
		end->how = STORE_END_IN_ORDER;
	} else if (!has_mark) {
		end->how = last == 0 ? STORE_END_NONE : STORE_END_POWER;
	} else if (strcmp(mark.boot, store->boot) != 0) {
		end->how = STORE_END_POWER;
	} else {
		end->how = mark.last == 0 ? STORE_END_IN_ORDER : STORE_END_KILLED;
		last = mark.base > last ? mark.base : last;
		end->records = mark.last > last ? mark.last - last : 0;
	}
	end->sync = has_mark ? mark.sync : 0;
	if (end->how == STORE_END_KILLED || end->how == STORE_END_POWER) {
		mark_say_end(store);
	}
}
