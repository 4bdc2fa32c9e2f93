/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a daemon: calls of the C library that fail as a scenario says
 * (faults.h). Only files of the store (*.seg) are touched, and the wall clock;
 * monotonic time is left alone. What does not fail is a plain system call. Built
 * without any sanitizer, so that it may come before the run time of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/faults.h"

#define FD_MAX  4096
#define SEEN    __attribute__((visibility("default")))

static struct faults none;
static struct faults *faults = &none;
/* of which entry of `unsynced` a descriptor is, from 1; 0: not of the store */
static _Atomic uint32_t entry_of[FD_MAX];

static ssize_t sys_pwrite(int fd, const void *from, size_t size, off_t offset)
{
	return syscall(SYS_pwrite64, fd, from, size, offset);
}

__attribute__((constructor)) static void faults_load(void)
{
	const char *path = getenv("EW_FAULTS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		void *at = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		faults = at == MAP_FAILED ? &none : at;
		(void)syscall(SYS_close, fd);
	}
}

/* Does this call fail? Then errno says why. */
static bool fails(enum fault_call call)
{
	struct fault *fault = &faults->calls[call];
	int error = (int)atomic_load(&fault->error);

	if (error == 0) {
		return false;
	}
	if (atomic_load(&fault->after) > 0) {
		(void)atomic_fetch_sub(&fault->after, 1);
		return false;
	}
	if (atomic_load(&fault->times) == 0) {
		return false;
	}
	(void)atomic_fetch_sub(&fault->times, 1);
	(void)atomic_fetch_add(&fault->hits, 1);
	errno = error;
	return true;
}

/* ---- files ---- */

static struct fault_unsynced *entry_at(int fd)
{
	uint32_t entry = fd >= 0 && fd < FD_MAX ? atomic_load(&entry_of[fd]) : 0;

	return entry == 0 ? NULL : &faults->unsynced[entry - 1];
}

static void entry_make(int fd, const char *name)
{
	uint32_t entry = atomic_fetch_add(&faults->used, 1) % FAULT_FILES;
	struct fault_unsynced *unsynced = &faults->unsynced[entry];

	(void)strncpy(unsynced->name, name, sizeof(unsynced->name) - 1);
	atomic_store(&unsynced->from, UINT64_MAX);
	atomic_store(&unsynced->to, 0);
	atomic_store(&entry_of[fd], entry + 1);
}

SEEN int openat(int dir, const char *name, int flags, ...)
{
	const char *end = strrchr(name, '.');
	bool is_new = (flags & O_CREAT) != 0 && end != NULL && strcmp(end, ".seg") == 0;
	mode_t mode = 0;
	va_list list;
	int fd;

	if ((flags & O_CREAT) != 0) {
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		va_end(list);
	}
	if (is_new && fails(FAULT_OPEN)) {
		return -1;
	}
	fd = (int)syscall(SYS_openat, dir, name, flags, mode);
	if (is_new && fd >= 0 && fd < FD_MAX) {
		entry_make(fd, name);
	}
	return fd;
}

SEEN int close(int fd)
{
	if (fd >= 0 && fd < FD_MAX) {
		atomic_store(&entry_of[fd], 0);
	}
	return (int)syscall(SYS_close, fd);
}

SEEN ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
	struct fault_unsynced *unsynced = entry_at(fd);
	ssize_t put;

	if (unsynced == NULL) {
		return sys_pwrite(fd, from, size, offset);
	}
	if (fails(FAULT_WRITE)) {
		/* some of it has come through */
		(void)sys_pwrite(fd, from, size / 2, offset);
		errno = (int)atomic_load(&faults->calls[FAULT_WRITE].error);
		return -1;
	}
	put = sys_pwrite(fd, from, size, offset);
	if (put > 0) {
		uint64_t begin = (uint64_t)offset;
		uint64_t end = begin + (uint64_t)put;

		if (begin < atomic_load(&unsynced->from)) {
			atomic_store(&unsynced->from, begin);
		}
		if (end > atomic_load(&unsynced->to)) {
			atomic_store(&unsynced->to, end);
		}
	}
	return put;
}

/* The kernel drops what it could not write, and says so once. */
static void forget(int fd, const struct fault_unsynced *unsynced)
{
	static const char zeros[4096];
	uint64_t at = atomic_load(&unsynced->from);
	uint64_t end = atomic_load(&unsynced->to);

	while (at < end) {
		size_t size = end - at < sizeof(zeros) ? (size_t)(end - at) : sizeof(zeros);

		(void)sys_pwrite(fd, zeros, size, (off_t)at);
		at += size;
	}
}

SEEN int fdatasync(int fd)
{
	struct fault_unsynced *unsynced = entry_at(fd);
	int result;

	if (unsynced != NULL && fails(FAULT_SYNC)) {
		forget(fd, unsynced);
		errno = (int)atomic_load(&faults->calls[FAULT_SYNC].error);
		return -1;
	}
	result = (int)syscall(SYS_fdatasync, fd);
	if (unsynced != NULL && result == 0) {
		atomic_store(&unsynced->from, UINT64_MAX);
		atomic_store(&unsynced->to, 0);
	}
	return result;
}

SEEN int fallocate(int fd, int mode, off_t offset, off_t size)
{
	if (entry_at(fd) != NULL && fails(FAULT_ALLOCATE)) {
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

/* ---- the clock ---- */

SEEN int clock_gettime(clockid_t id, struct timespec *now)
{
	/* may be asked before anything is loaded */
	int result = (int)syscall(SYS_clock_gettime, id, now);
	int64_t ahead = atomic_load(&faults->utc);

	if (result == 0 && ahead != 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		int64_t time = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + ahead;

		now->tv_sec = (time_t)(time / 1000000000);
		now->tv_nsec = (long)(time % 1000000000);
	}
	return result;
}

SEEN time_t time(time_t *now_out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (now_out != NULL) {
		*now_out = now.tv_sec;
	}
	return now.tv_sec;
}

SEEN int gettimeofday(struct timeval *restrict now_out, void *restrict zone)
{
	struct timespec now;
	int result = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	now_out->tv_sec = now.tv_sec;
	now_out->tv_usec = now.tv_nsec / 1000;
	return result;
}

SEEN int adjtimex(struct timex *timex)
{
	uint32_t clock = atomic_load(&faults->clock);
	int state = (int)syscall(SYS_adjtimex, timex);

	if (clock == FAULT_CLOCK_ADRIFT) {
		timex->status |= STA_UNSYNC;
		return TIME_ERROR;
	}
	if (clock == FAULT_CLOCK_KEPT) {
		timex->status &= ~STA_UNSYNC;
		return TIME_OK;
	}
	return state;
}
