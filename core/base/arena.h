/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once: a bump allocator with a limit. One
 * owner, no locking. What it hands out is zeroed and aligned for any type.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

#include <edgeway/base.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* bytes asked for */
	size_t limit;               /* most bytes ever asked for */
};

void arena_init(struct arena *arena, size_t limit);
void arena_fini(struct arena *arena);

/* NULL: limit or memory. Size 0 gives a pointer that must not be read. */
void *arena_take(struct arena *arena, size_t size);

/* `count` items of `size`; NULL also when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copy of `size` bytes with a NUL behind. */
char *arena_text(struct arena *arena, const char *text, size_t size);

char *arena_printf(struct arena *arena, const char *fmt, ...) EW_PRINTF(2, 3);

#endif
