/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of blocks. Returned blocks gather on a lock-free stack that the owner
 * takes whole and sorts into its classes. Bodies above the largest class
 * (snapshots of many tags) are allocated and freed one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bus/block.h"

#define CLASS_COUNT  7          /* bodies of 512 B, 2 KiB, 8 KiB, ... 2 MiB */
#define CLASS_FIRST  512u
#define CLASS_NONE   0xffffu

struct block_pool {
	/* the owner's */
	struct block *free[CLASS_COUNT];
	unsigned epoch;
	uint64_t taken[2];              /* blocks taken in epochs of this parity */
	atomic_size_t bytes;
	/* whoever gives back */
	_Alignas(64) _Atomic(struct block *) returned;
	_Atomic uint64_t given[2];
};

static size_t class_body(unsigned size_class)
{
	return (size_t)CLASS_FIRST << (2 * size_class);
}

int block_pool_new(struct block_pool **pool_out)
{
	struct block_pool *pool = aligned_alloc(64, sizeof(*pool));

	if (pool == NULL) {
		return -ENOMEM;
	}
	memset(pool, 0, sizeof(*pool));
	*pool_out = pool;
	return 0;
}

static void free_chain(struct block *block)
{
	while (block != NULL) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

void block_pool_free(struct block_pool **pool_at)
{
	struct block_pool *pool = *pool_at;

	*pool_at = NULL;
	if (pool == NULL) {
		return;
	}
	check(block_pool_out(pool) == 0);
	free_chain(atomic_load_explicit(&pool->returned, memory_order_acquire));
	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		free_chain(pool->free[i]);
	}
	free(pool);
}

static void sort_returned(struct block_pool *pool)
{
	struct block *block;

	if (atomic_load_explicit(&pool->returned, memory_order_relaxed) == NULL) {
		return;
	}
	block = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
	while (block != NULL) {
		struct block *next = block->next;

		block->next = pool->free[block->size_class];
		pool->free[block->size_class] = block;
		block = next;
	}
}

static struct block *block_alloc(struct block_pool *pool, unsigned size_class, size_t body)
{
	size_t bytes = sizeof(struct block) + body;
	struct block *block = malloc(bytes);

	if (block == NULL) {
		return NULL;
	}
	block->pool = pool;
	block->size_class = (uint16_t)size_class;
	block->bytes = bytes;
	atomic_fetch_add_explicit(&pool->bytes, bytes, memory_order_relaxed);
	return block;
}

static struct block *block_find(struct block_pool *pool, size_t body)
{
	struct block *block;
	unsigned size_class = 0;

	while (size_class < CLASS_COUNT && class_body(size_class) < body) {
		size_class++;
	}
	if (size_class == CLASS_COUNT) {
		return block_alloc(pool, CLASS_NONE, body);
	}
	if (pool->free[size_class] == NULL) {
		sort_returned(pool);
	}
	block = pool->free[size_class];
	if (block == NULL) {
		return block_alloc(pool, size_class, class_body(size_class));
	}
	pool->free[size_class] = block->next;
	return block;
}

struct block *block_take(struct block_pool *pool, enum block_kind kind, size_t body)
{
	struct block *block = block_find(pool, body);

	if (block == NULL) {
		return NULL;
	}
	atomic_init(&block->refs, 1);
	block->kind = (uint16_t)kind;
	block->flags = 0;
	block->count = 0;
	block->number = 0;
	block->lsn_from = 0;
	block->lsn = 0;
	block->stamped = 0;
	block->next = NULL;
	block->epoch = pool->epoch;
	pool->taken[pool->epoch & 1]++;
	return block;
}

static void drop_subjects(struct block *block)
{
	union block_subject *subject = block_subject(block);
	struct block_snapshot *snapshot = block_snapshot(block);

	if (block->kind == BLOCK_DEVICE) {
		device_version_unref(&subject->device);
	} else if (block->kind == BLOCK_TAG) {
		tag_version_unref(&subject->tag);
	} else if (block->kind == BLOCK_SNAPSHOT) {
		for (uint32_t i = 0; i < snapshot->device_count + snapshot->tag_count; i++) {
			struct device_version *device = snapshot->versions[i];
			struct tag_version *tag = snapshot->versions[i];

			if (i < snapshot->device_count) {
				device_version_unref(&device);
			} else {
				tag_version_unref(&tag);
			}
		}
	}
}

/* Counted last: once all are counted nobody touches the pool any more. */
static void give_back(struct block *block)
{
	struct block_pool *pool = block->pool;
	unsigned parity = block->epoch & 1;
	struct block *head = atomic_load_explicit(&pool->returned, memory_order_relaxed);

	if (block->size_class == CLASS_NONE) {
		atomic_fetch_sub_explicit(&pool->bytes, block->bytes, memory_order_relaxed);
		free(block);
	} else {
		do {
			block->next = head;
		} while (!atomic_compare_exchange_weak_explicit(&pool->returned, &head, block,
								memory_order_release,
								memory_order_relaxed));
	}
	atomic_fetch_add_explicit(&pool->given[parity], 1, memory_order_release);
}

void block_unref(struct block **block_at)
{
	struct block *block = *block_at;

	*block_at = NULL;
	/* who has the only reference needs no locked instruction to know it */
	if (block == NULL ||
	    (atomic_load_explicit(&block->refs, memory_order_acquire) != 1 &&
	     atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)) {
		return;
	}
	if (block->kind != BLOCK_SAMPLES) {
		drop_subjects(block);
	}
	give_back(block);
}

static uint64_t epoch_out(const struct block_pool *pool, unsigned parity)
{
	return pool->taken[parity] -
	       atomic_load_explicit(&pool->given[parity], memory_order_acquire);
}

size_t block_pool_out(const struct block_pool *pool)
{
	return epoch_out(pool, 0) + epoch_out(pool, 1);
}

size_t block_pool_bytes(const struct block_pool *pool)
{
	return atomic_load_explicit(&pool->bytes, memory_order_relaxed);
}

unsigned block_pool_epoch(struct block_pool *pool)
{
	if (epoch_out(pool, (pool->epoch + 1) & 1) == 0) {
		pool->epoch++;
	}
	return pool->epoch;
}
