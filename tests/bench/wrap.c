/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "core/base/hash.h"

#include "tests/bench/wrap.h"

static _Thread_local struct wrap_counts counts;

/* The linker's names: what was called, and what is there. */
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
uint32_t __wrap_hash_code(const char *key, size_t size);
uint32_t __real_hash_code(const char *key, size_t size);
void *__wrap_hash_find(const struct hash *hash, const char *key);
void *__real_hash_find(const struct hash *hash, const char *key);
ssize_t __wrap_write(int fd, const void *from, size_t size);
ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __real_read(int fd, void *to, size_t size);

struct wrap_counts wrap_read(void)
{
	return counts;
}

void wrap_add(struct wrap_counts *sum, struct wrap_counts begin)
{
	sum->allocations += counts.allocations - begin.allocations;
	sum->hashes += counts.hashes - begin.hashes;
	sum->calls += counts.calls - begin.calls;
}

void *__wrap_malloc(size_t size)
{
	counts.allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	counts.allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	counts.allocations++;
	return __real_realloc(at, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	counts.allocations++;
	return __real_aligned_alloc(align, size);
}

uint32_t __wrap_hash_code(const char *key, size_t size)
{
	counts.hashes++;
	return __real_hash_code(key, size);
}

void *__wrap_hash_find(const struct hash *hash, const char *key)
{
	counts.hashes++;
	return __real_hash_find(hash, key);
}

ssize_t __wrap_write(int fd, const void *from, size_t size)
{
	counts.calls++;
	return __real_write(fd, from, size);
}

ssize_t __wrap_read(int fd, void *to, size_t size)
{
	counts.calls++;
	return __real_read(fd, to, size);
}
