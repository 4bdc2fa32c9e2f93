/* SPDX-License-Identifier: Apache-2.0 */
/* Growable text with a limit: see text.h. */
#include "modules/console/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_free(struct text *text)
{
	free(text->at);
	text->at = NULL;
	text->size = 0;
	text->room = 0;
}

void text_clear(struct text *text)
{
	text_cut(text, 0);
}

void text_cut(struct text *text, size_t size)
{
	text->size = size;
	text->full = false;
}

void text_drop(struct text *text, size_t size)
{
	memmove(text->at, text->at + size, text->size - size);
	text->size -= size;
}

static bool text_reserve(struct text *text, size_t more)
{
	size_t room = text->room == 0 ? 1024 : text->room;
	char *at;

	if (text->full || more > text->limit - text->size) {
		return false;
	}
	while (room < text->size + more) {
		room *= 2;
	}
	if (room == text->room) {
		return true;
	}
	at = realloc(text->at, room);
	if (at == NULL) {
		return false;
	}
	text->at = at;
	text->room = room;
	return true;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
	if (!text_reserve(text, size)) {
		text->full = true;
		return;
	}
	if (size > 0) {
		memcpy(text->at + text->size, bytes, size);
		text->size += size;
	}
}

void text_put(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	char piece[256];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	if (size > 0) {
		/* pieces are numbers and short words; a longer one is cut */
		text_add(text, piece, (size_t)size < sizeof(piece) ? (size_t)size :
			 sizeof(piece) - 1);
	}
}
