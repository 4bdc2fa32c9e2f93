/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes. Grows by doubling up to the limit. Owns its memory; does not
 * know what the bytes mean.
 */
#include "core/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

enum { BUF_FIRST_ROOM = 63 };

void buf_init(struct buf *buf, size_t limit)
{
	check(limit < SIZE_MAX / 2);
	memset(buf, 0, sizeof(*buf));
	buf->limit = limit;
}

void buf_fini(struct buf *buf)
{
	free(buf->at);
	memset(buf, 0, sizeof(*buf));
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->fault = 0;
	if (buf->at != NULL) {
		buf->at[0] = '\0';
	}
}

int buf_reserve(struct buf *buf, size_t more)
{
	size_t room;
	char *at;

	if (buf->fault != 0) {
		return buf->fault;
	}
	if (more > buf->limit - buf->size) {
		buf->fault = -EMSGSIZE;
		return buf->fault;
	}
	if (buf->at != NULL && buf->size + more <= buf->room) {
		return 0;
	}
	room = buf->room < BUF_FIRST_ROOM ? BUF_FIRST_ROOM : buf->room * 2 + 1;
	if (room > buf->limit) {
		room = buf->limit;
	}
	if (room < buf->size + more) {
		room = buf->size + more;
	}
	at = realloc(buf->at, room + 1);
	if (at == NULL) {
		buf->fault = -ENOMEM;
		return buf->fault;
	}
	buf->at = at;
	buf->room = room;
	buf->at[buf->size] = '\0';
	return 0;
}

int buf_add(struct buf *buf, const void *bytes, size_t size)
{
	int ret = buf_reserve(buf, size);

	if (ret < 0) {
		return ret;
	}
	if (size > 0) {
		memcpy(buf->at + buf->size, bytes, size);
		buf->size += size;
		buf->at[buf->size] = '\0';
	}
	return 0;
}

int buf_add_byte(struct buf *buf, char byte)
{
	return buf_add(buf, &byte, 1);
}

int buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int size, ret;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (size < 0) {
		buf->fault = buf->fault != 0 ? buf->fault : -EINVAL;
		return buf->fault;
	}
	ret = buf_reserve(buf, (size_t)size);
	if (ret < 0) {
		return ret;
	}
	(void)vsnprintf(buf->at + buf->size, (size_t)size + 1, fmt, args); /* measured above */
	buf->size += (size_t)size;
	return 0;
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = buf_vprintf(buf, fmt, args);
	va_end(args);
	return ret;
}

void buf_consume(struct buf *buf, size_t size)
{
	if (size > buf->size) {
		size = buf->size;
	}
	if (size == 0) {
		return;
	}
	memmove(buf->at, buf->at + size, buf->size - size);
	buf->size -= size;
	buf->at[buf->size] = '\0';
}

char *buf_take(struct buf *buf, size_t *size_out)
{
	size_t limit = buf->limit;
	char *at;

	if (buf->fault != 0 || buf_reserve(buf, 0) < 0) {
		buf_fini(buf);
		buf_init(buf, limit);
		return NULL;
	}
	at = buf->at;
	if (size_out != NULL) {
		*size_out = buf->size;
	}
	buf_init(buf, limit);
	return at;
}

const char *buf_text(const struct buf *buf)
{
	return buf->at != NULL ? buf->at : "";
}
