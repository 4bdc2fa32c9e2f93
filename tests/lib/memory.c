/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local unsigned left;     /* until one fails; 0: none does */
static _Thread_local bool has_failed;

/* The linker's names: what was called, and what is there. */
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
char *__wrap_strdup(const char *text);
char *__real_strdup(const char *text);

void memory_fail(unsigned nth)
{
	left = nth;
	has_failed = false;
}

bool memory_relax(void)
{
	left = 0;
	return has_failed;
}

static bool fails(void)
{
	if (left == 0 || --left > 0) {
		return false;
	}
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}
