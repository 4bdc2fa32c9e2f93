/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow. Want of memory sticks: a caller builds a whole record, asks
 * once at the end, and cuts back to where it began. Pure, any thread.
 */
#ifndef PROTO_JSON_BYTES_H
#define PROTO_JSON_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	char *at;
	size_t size;
	size_t room;
	bool failed;    /* something is missing for want of memory */
};

/* Accepts one of zeros. */
void bytes_free(struct bytes *bytes);

/*
 * Room for so many more, to be written at the pointer and then counted by
 * bytes_grow(). NULL: no memory.
 */
char *bytes_room(struct bytes *bytes, size_t more);

/* What was written into the room. */
static inline void bytes_grow(struct bytes *bytes, size_t by)
{
	bytes->size += by;
}

/* Back to an earlier size, and whole. */
void bytes_cut(struct bytes *bytes, size_t size);

void bytes_add(struct bytes *bytes, const char *from, size_t size);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_char(struct bytes *bytes, char c);

#endif
