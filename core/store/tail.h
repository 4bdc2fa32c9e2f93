/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the log in memory: a ring of bytes that holds all that is not on
 * disk yet, exactly as the files will have it.
 *
 * The ring is mapped twice, one copy behind the other, so nothing in it ever
 * wraps: a record is written, and any stretch of the ring is handed to the
 * kernel, in one piece. Places in it are counted from the log's opening and
 * never start anew. No locking: the log's lock covers `head` and `begin`.
 */
#ifndef CORE_STORE_TAIL_H
#define CORE_STORE_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include <edgeway/base.h>

struct tail {
	unsigned char *at;
	size_t size;            /* a power of two, of whole pages */
	uint64_t begin;         /* all before is on disk */
	uint64_t head;          /* where the next byte goes */
};

/* Rounded up to a power of two, 256 KiB at least. -errno. */
int tail_init(struct tail *tail, size_t size) EW_CHECKED;
void tail_fini(struct tail *tail);

static inline size_t tail_room(const struct tail *tail)
{
	return tail->size - (size_t)(tail->head - tail->begin);
}

/* The byte at a place; as many behind it as the ring has are in one piece. */
static inline unsigned char *tail_at(const struct tail *tail, uint64_t place)
{
	return tail->at + (place & (tail->size - 1));
}

#endif
