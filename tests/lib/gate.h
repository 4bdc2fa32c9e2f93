/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mapped file between a source of numbers in one process (numbers.c), a
 * receiver in another (checker.c), and who leads both: how far the source may
 * go, and what has arrived. So a link is kept full without filling queues
 * that are not bounded.
 */
#ifndef TESTS_LIB_GATE_H
#define TESTS_LIB_GATE_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

struct gate {
	_Atomic uint64_t allowed;       /* the last number that may be said */
	_Atomic uint64_t ahead;         /* numbers that may be under way; 0: any */
	_Atomic uint64_t seen;          /* the last number that arrived */
	_Atomic uint64_t samples;       /* that arrived, each checked */
	_Atomic uint64_t lost;          /* numbers that were left out, per tag */
	_Atomic uint64_t again;         /* numbers that came before */
};

#define TRIPS_MAX  65536u

/* How long each sample of a tag `Mono` took to arrive, in a file of its own. */
struct trips {
	_Atomic uint64_t count;
	int64_t took[TRIPS_MAX];        /* ns */
};

/* So much of a file, which is made when it is not there. Errors: -errno */
static inline int gate_map(const char *path, size_t size, void **at_out)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = MAP_FAILED;
	int error = 0;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0) {
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (at == MAP_FAILED) {
		error = -errno;
	} else {
		*at_out = at;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return error;
}

static inline int gate_open(const char *path, struct gate **gate_out)
{
	void *at = NULL;
	int error = gate_map(path, sizeof(**gate_out), &at);

	if (error == 0) {
		*gate_out = at;
	}
	return error;
}

static inline void gate_close(struct gate **gate)
{
	if (*gate != NULL) {
		(void)munmap(*gate, sizeof(**gate));
		*gate = NULL;
	}
}

#endif
