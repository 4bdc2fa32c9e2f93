/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that grows up to a limit. What does not fit is left out and remembered,
 * so that a caller may build a whole page and ask once at the end.
 */
#ifndef CONSOLE_TEXT_H
#define CONSOLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *at;
	size_t size;
	size_t room;
	size_t limit;   /* bytes */
	bool full;      /* something was left out, for the limit or for want of memory */
};

/* Accepts one of zeros. */
void text_free(struct text *text);

/* Empty, and not full. */
void text_clear(struct text *text);

/* Take bytes away at the front. */
void text_drop(struct text *text, size_t size);

/* Back to an earlier size, and not full. */
void text_cut(struct text *text, size_t size);

void text_add(struct text *text, const char *bytes, size_t size);
void text_put(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
