/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow: see bytes.h. */
#include "proto/json/bytes.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM  512u

void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){0};
}

static bool bytes_reserve(struct bytes *bytes, size_t more)
{
	size_t room = bytes->room == 0 ? FIRST_ROOM : bytes->room;
	char *at;

	if (more > (size_t)-1 / 4 - bytes->size) {
		return false;
	}
	while (room < bytes->size + more) {
		room *= 2;
	}
	at = realloc(bytes->at, room);
	if (at == NULL) {
		return false;
	}
	bytes->at = at;
	bytes->room = room;
	return true;
}

char *bytes_room(struct bytes *bytes, size_t more)
{
	if (more > bytes->room - bytes->size && !bytes_reserve(bytes, more)) {
		bytes->failed = true;
		return NULL;
	}
	return bytes->at + bytes->size;
}

void bytes_cut(struct bytes *bytes, size_t size)
{
	bytes->size = size;
	bytes->failed = false;
}

void bytes_add(struct bytes *bytes, const char *from, size_t size)
{
	char *to = bytes_room(bytes, size);

	if (to != NULL && size > 0) {
		memcpy(to, from, size);
		bytes_grow(bytes, size);
	}
}

void bytes_text(struct bytes *bytes, const char *text)
{
	bytes_add(bytes, text, strlen(text));
}

void bytes_char(struct bytes *bytes, char c)
{
	bytes_add(bytes, &c, 1);
}
