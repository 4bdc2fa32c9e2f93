/* SPDX-License-Identifier: Apache-2.0 */
/* The double mapping: one piece of anonymous memory at two neighbouring addresses. */
#include "core/store/tail.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define TAIL_BYTES_MIN  ((size_t)256 << 10)

static int tail_map(unsigned char *at, size_t size, int fd)
{
	for (int copy = 0; copy < 2; copy++) {
		void *got = mmap(at + (size_t)copy * size, size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, fd, 0);

		if (got == MAP_FAILED) {
			return -errno;
		}
	}
	return 0;
}

int tail_init(struct tail *tail, size_t size)
{
	size_t rounded = TAIL_BYTES_MIN;
	void *at;
	int fd, error;

	while (rounded < size) {
		rounded *= 2;
	}
	/* addresses first, so that the two copies have room beside each other */
	at = mmap(NULL, 2 * rounded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED) {
		return -errno;
	}
	fd = memfd_create("edgeway-store", MFD_CLOEXEC);
	error = fd < 0 || ftruncate(fd, (off_t)rounded) != 0 ? -errno : tail_map(at, rounded, fd);
	if (fd >= 0) {
		(void)close(fd);
	}
	if (error != 0) {
		(void)munmap(at, 2 * rounded);
		return error;
	}
	*tail = (struct tail){ .at = at, .size = rounded };
	return 0;
}

void tail_fini(struct tail *tail)
{
	if (tail->at != NULL) {
		(void)munmap(tail->at, 2 * tail->size);
	}
	*tail = (struct tail){ 0 };
}
