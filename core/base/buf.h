/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes with a mandatory limit. One owner, no locking.
 *
 * The first failure sticks: later adds do nothing and return it again, so a
 * writer of many pieces checks once, at the end. `at` is always followed by a
 * NUL that is not counted (once anything was added or reserved).
 */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <edgeway/base.h>

struct buf {
	char *at;     /* the bytes; NULL while nothing was ever added */
	size_t size;  /* bytes in use */
	size_t room;  /* bytes allocated, the NUL not counted */
	size_t limit; /* most bytes ever in use */
	int fault;    /* 0, or the first -errno since buf_clear */
};

void buf_init(struct buf *buf, size_t limit);
void buf_fini(struct buf *buf);

/* Forget content and fault; keep the memory. */
void buf_clear(struct buf *buf);

/* All adds: -EMSGSIZE over the limit, -ENOMEM; content unchanged then. */
int buf_add(struct buf *buf, const void *bytes, size_t size);
int buf_add_byte(struct buf *buf, char byte);
int buf_add_text(struct buf *buf, const char *text);
int buf_printf(struct buf *buf, const char *fmt, ...) EW_PRINTF(2, 3);
int buf_vprintf(struct buf *buf, const char *fmt, va_list args) EW_PRINTF(2, 0);

/* Make room for `more` bytes behind `size`; the caller writes them and raises
 * `size` itself. */
int buf_reserve(struct buf *buf, size_t more);

/* Drop `size` bytes (at most all) from the front. */
void buf_consume(struct buf *buf, size_t size);

/* The bytes, NUL behind them, now the caller's (free()); NULL after a fault
 * (nothing is leaked). The buffer is empty and usable after. */
char *buf_take(struct buf *buf, size_t *size_out);

/* The text so far, "" when nothing was added; borrowed until the next change. */
const char *buf_text(const struct buf *buf);

#endif
