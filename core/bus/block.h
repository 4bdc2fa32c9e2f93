/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks: what travels in a receiver's queue. Immutable once pushed, counted
 * by reference; the last one out gives it back to the pool it came from.
 *
 * A pool belongs to one publisher's thread, which alone takes from it; any
 * thread gives back. Blocks come in size classes and stay in the pool, so a
 * warm publisher allocates nothing.
 */
#ifndef CORE_BUS_BLOCK_H
#define CORE_BUS_BLOCK_H

#include <stdatomic.h>
#include <stddef.h>

#include "core/bus/version.h"

#include <edgeway/bus.h>

enum block_kind {
	BLOCK_SAMPLES,
	BLOCK_EVENT,
	BLOCK_DEVICE,           /* a device was declared, changed or removed */
	BLOCK_TAG,
	BLOCK_SNAPSHOT,         /* all that a route shows, as it is now */
	BLOCK_SYNCED            /* what there was when the route began has been sent */
};

struct block {
	_Atomic uint32_t refs;
	uint16_t kind;          /* enum block_kind */
	uint16_t size_class;
	uint32_t flags;         /* BLOCK_SAMPLES: EW_BATCH_*; DEVICE, TAG: enum ew_change */
	uint32_t count;         /* samples; BLOCK_EVENT: bytes of text */
	size_t bytes;           /* of memory it stands for, the bound of queues */
	uint64_t number;        /* at the publisher */
	uint64_t lsn_from, lsn; /* its place in the log, ends included; 0: it is not there */
	ew_dur stamped;
	struct block_pool *pool;
	struct block *next;     /* in the pool */
	unsigned epoch;         /* of the pool, when taken */
	_Alignas(16) unsigned char body[];
};

/* BLOCK_SAMPLES: body is struct ew_sample[count], then text. */
static inline struct ew_sample *block_samples(struct block *block)
{
	return (struct ew_sample *)(void *)block->body;
}

/* Samples that count as lost with it: values of the image come again by themselves. */
static inline uint32_t block_published(const struct block *block)
{
	return (block->flags & (EW_BATCH_INITIAL | EW_BATCH_RESYNC)) == 0 ? block->count : 0;
}

/* BLOCK_EVENT: body is this, then text. BLOCK_SYNCED has none. */
static inline struct ew_event *block_event(struct block *block)
{
	return (struct ew_event *)(void *)block->body;
}

/* BLOCK_DEVICE, BLOCK_TAG: body is one reference. */
union block_subject {
	struct device_version *device;
	struct tag_version *tag;
};

static inline union block_subject *block_subject(struct block *block)
{
	return (union block_subject *)(void *)block->body;
}

/* BLOCK_SNAPSHOT: body is this, then the references, devices before tags. */
struct block_snapshot {
	uint32_t device_count;
	uint32_t tag_count;
	void *versions[];       /* struct device_version *, then struct tag_version * */
};

static inline struct block_snapshot *block_snapshot(struct block *block)
{
	return (struct block_snapshot *)(void *)block->body;
}

/* -ENOMEM. */
int block_pool_new(struct block_pool **pool_out);

/* All blocks must be back. Accepts NULL. */
void block_pool_free(struct block_pool **pool);

/* A block with room for `body` bytes and one reference; NULL: no memory. Owner's thread. */
struct block *block_take(struct block_pool *pool, enum block_kind kind, size_t body);

/* Blocks given out and not back. Owner's thread. */
size_t block_pool_out(const struct block_pool *pool);

/* Bytes that the pool has allocated. Any thread. */
size_t block_pool_bytes(const struct block_pool *pool);

/*
 * Epochs say when all blocks that were out at some moment have come back: a
 * block taken in epoch e is back once block_pool_epoch() has reached e + 2.
 * Asking moves it on when it can. Owner's thread.
 */
unsigned block_pool_epoch(struct block_pool *pool);

/* More references; the caller has one. Any thread. */
static inline void block_ref(struct block *block, uint32_t more)
{
	atomic_fetch_add_explicit(&block->refs, more, memory_order_relaxed);
}

/* Any thread. Takes and clears; accepts NULL. */
void block_unref(struct block **block);

#endif
