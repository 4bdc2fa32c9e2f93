/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what goes wrong with a daemon that has preload_faults.so (faults.h):
 *
 *   faults FILE [WORD...]
 *
 *   open|allocate|write|sync=ERROR[,AFTER[,TIMES]]
 *                   such calls fail with EIO, ENOSPC or EROFS, after AFTER good ones,
 *                   so many times; without TIMES until =none
 *   clock=SECONDS   the wall clock is so far ahead; clock=1970: it is 1970 now
 *   ntp=yes|no|own  whether the clock is synchronised; own: as the kernel says
 *   hits=CALL       prints how many of these calls failed
 *   down=FOLDER     its file system goes down as at a power cut: what is not synced
 *                   is gone, and every call fails until it is mounted anew (root)
 *   cut=FOLDER      the power was cut: half of the sectors that were not synced are
 *                   zeros; the daemon must be dead
 *
 * FILE is made when it is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/faults.h"

#define SECTOR  512u
#define GOING_DOWN  _IOR('X', 125, uint32_t)    /* of ext4 and xfs */
#define NO_FLUSH    2u                          /* not even the journal is written */

static const char *const call_names[FAULT_CALL_COUNT] = {
	[FAULT_OPEN] = "open",
	[FAULT_ALLOCATE] = "allocate",
	[FAULT_WRITE] = "write",
	[FAULT_SYNC] = "sync",
};

static const struct {
	const char *name;
	uint64_t error;
} errors[] = { { "none", 0 }, { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EROFS", EROFS } };

static _Noreturn void refuse(const char *word)
{
	(void)fprintf(stderr, "faults: cannot read '%s'\n", word);
	exit(2);
}

static struct faults *map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(struct faults)) == 0) {
		at = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (at == MAP_FAILED) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return at;
}

static int call_of(const char *word, size_t size)
{
	for (int i = 0; i < FAULT_CALL_COUNT; i++) {
		if (strlen(call_names[i]) == size && strncmp(call_names[i], word, size) == 0) {
			return i;
		}
	}
	return -1;
}

static void set_fault(struct fault *fault, const char *word, const char *value)
{
	size_t size = strcspn(value, ",");
	unsigned long long after = 0;
	unsigned long long times = UINT64_MAX;

	if (value[size] == ',' && sscanf(value + size, ",%llu,%llu", &after, &times) < 1) {
		refuse(word);
	}
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strlen(errors[i].name) == size && strncmp(errors[i].name, value, size) == 0) {
			atomic_store(&fault->error, 0);
			atomic_store(&fault->after, after);
			atomic_store(&fault->times, times);
			atomic_store(&fault->error, errors[i].error);
			return;
		}
	}
	refuse(word);
}

static void set_clock(struct faults *faults, const char *value)
{
	int64_t ahead = strtoll(value, NULL, 10);

	if (strcmp(value, "1970") == 0) {
		ahead = -(int64_t)time(NULL);
	}
	atomic_store(&faults->utc, ahead * 1000000000);
}

static void set_ntp(struct faults *faults, const char *word, const char *value)
{
	if (strcmp(value, "own") == 0) {
		atomic_store(&faults->clock, FAULT_CLOCK_OWN);
	} else if (strcmp(value, "yes") == 0) {
		atomic_store(&faults->clock, FAULT_CLOCK_KEPT);
	} else if (strcmp(value, "no") == 0) {
		atomic_store(&faults->clock, FAULT_CLOCK_ADRIFT);
	} else {
		refuse(word);
	}
}

/* Every other sector, from one that chance chose, of what was not synced. */
static void tear(int fd, uint64_t from, uint64_t to)
{
	static const char zeros[SECTOR];
	struct timespec now;
	uint64_t at = from;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	for (bool is_lost = (now.tv_nsec & 1024) != 0; at < to; is_lost = !is_lost) {
		uint64_t end = (at / SECTOR + 1) * SECTOR;

		end = end < to ? end : to;
		if (is_lost && pwrite(fd, zeros, (size_t)(end - at), (off_t)at) < 0) {
			perror("faults");
		}
		at = end;
	}
}

static void cut(struct faults *faults, const char *folder)
{
	for (unsigned i = 0; i < FAULT_FILES; i++) {
		struct fault_unsynced *unsynced = &faults->unsynced[i];
		char path[4096];
		int fd;

		(void)snprintf(path, sizeof(path), "%s/%s", folder, unsynced->name);
		fd = unsynced->name[0] == '\0' ? -1 : open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0) {
			tear(fd, atomic_load(&unsynced->from), atomic_load(&unsynced->to));
			(void)close(fd);
		}
		unsynced->name[0] = '\0';
	}
}

static void go_down(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const uint32_t how = NO_FLUSH;

	if (fd < 0 || ioctl(fd, GOING_DOWN, &how) != 0) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	(void)close(fd);
}

static void carry_out(struct faults *faults, const char *word)
{
	size_t size = strcspn(word, "=");
	const char *value = word[size] == '=' ? word + size + 1 : word + size;
	int call = call_of(word, size);

	if (call >= 0) {
		set_fault(&faults->calls[call], word, value);
	} else if (strncmp(word, "clock=", 6) == 0) {
		set_clock(faults, value);
	} else if (strncmp(word, "ntp=", 4) == 0) {
		set_ntp(faults, word, value);
	} else if (strncmp(word, "down=", 5) == 0) {
		go_down(value);
	} else if (strncmp(word, "cut=", 4) == 0) {
		cut(faults, value);
	} else if (strncmp(word, "hits=", 5) == 0 && (call = call_of(value, strlen(value))) >= 0) {
		(void)printf("%" PRIu64 "\n", atomic_load(&faults->calls[call].hits));
	} else {
		refuse(word);
	}
}

int main(int argc, char **argv)
{
	struct faults *faults;

	if (argc < 2) {
		refuse("");
	}
	faults = map(argv[1]);
	for (int i = 2; i < argc; i++) {
		carry_out(faults, argv[i]);
	}
	return 0;
}
