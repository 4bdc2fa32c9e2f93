/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocator over blocks that double in size up to 256 KiB; what does not
 * fit in a quarter of that gets a block of its own. Nothing is freed before
 * arena_fini.
 */
#include "core/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

enum {
	ARENA_FIRST = 1024,
	ARENA_LARGEST = 256 * 1024,
};

struct arena_block {
	struct arena_block *next;
	size_t room;
	size_t used;
	max_align_t bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
	check(limit < SIZE_MAX / 2);
	memset(arena, 0, sizeof(*arena));
	arena->limit = limit;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	memset(arena, 0, sizeof(*arena));
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
	struct arena_block *block, *newest = arena->blocks;
	size_t room = newest == NULL ? ARENA_FIRST : newest->room * 2;

	if (room > ARENA_LARGEST) {
		room = ARENA_LARGEST;
	}
	if (size > room / 4) {
		room = size;
	}
	block = calloc(1, sizeof(*block) + room);
	if (block == NULL) {
		return NULL;
	}
	block->room = room;
	if (newest != NULL && room == size) { /* keep filling the one in front */
		block->next = newest->next;
		newest->next = block;
	} else {
		block->next = newest;
		arena->blocks = block;
	}
	return block;
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t step = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *at;

	if (size > arena->limit || step > arena->limit - arena->used) {
		return NULL;
	}
	if (block == NULL || step > block->room - block->used) {
		block = arena_grow(arena, step);
		if (block == NULL) {
			return NULL;
		}
	}
	at = (char *)block->bytes + block->used;
	block->used += step;
	arena->used += step;
	return at;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		return NULL;
	}
	return arena_take(arena, total);
}

char *arena_text(struct arena *arena, const char *text, size_t size)
{
	char *copy;

	if (size == SIZE_MAX) {
		return NULL;
	}
	copy = arena_take(arena, size + 1);
	if (copy != NULL && size > 0) {
		memcpy(copy, text, size);
	}
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, fmt);
	size = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (size < 0) {
		return NULL;
	}
	text = arena_take(arena, (size_t)size + 1);
	if (text != NULL) {
		va_start(args, fmt);
		(void)vsnprintf(text, (size_t)size + 1, fmt, args); /* measured above */
		va_end(args);
	}
	return text;
}
