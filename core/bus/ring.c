/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer, one consumer. `head` is moved by compare-and-swap because the
 * producer may take the oldest too; whoever moves it owns the entry, and what
 * the loser had read of it is thrown away. A slot is written anew only after
 * head has passed it, so a swap that succeeds read what belongs to it.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/bus/ring.h"

struct slot {
	_Atomic(struct block *) block;
	_Atomic uint64_t batches;
	_Atomic uint64_t samples;
	_Atomic uint64_t events;
	_Atomic uint64_t changes;
};

/*
 * Each side has a cache line of its own and remembers there what it saw last
 * of the other's: it looks again when that says full, or empty.
 */
struct ring {
	uint32_t capacity;              /* a power of two */
	_Atomic uint32_t limit_entries; /* at most capacity */
	atomic_size_t limit_bytes;
	struct slot *slots;
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t bytes_out;     /* given back by the consumer */
	uint64_t tail_seen;             /* the consumer's */
	_Alignas(64) _Atomic uint64_t tail;
	_Atomic uint64_t bytes_in;      /* pushed by the producer, less what it dropped */
	uint64_t head_seen, out_seen;   /* the producer's */
	uint64_t seen_at;               /* tail, when it looked */
};

#define LOOK_EVERY  32u         /* entries: a receiver that holds more takes room back */

/* Each counter has one writer: no locked instruction. */
static void add(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
			      memory_order_release);
}

int ring_new(uint32_t capacity, struct ring **ring_out)
{
	struct ring *ring = aligned_alloc(64, sizeof(*ring));
	uint32_t rounded = 2;

	if (ring == NULL) {
		return -ENOMEM;
	}
	while (rounded < capacity && rounded < UINT32_C(1) << 30) {
		rounded *= 2;
	}
	*ring = (struct ring){ .capacity = rounded };
	atomic_init(&ring->limit_entries, rounded);
	atomic_init(&ring->limit_bytes, SIZE_MAX);
	ring->slots = calloc(rounded, sizeof(*ring->slots));
	if (ring->slots == NULL) {
		free(ring);
		return -ENOMEM;
	}
	*ring_out = ring;
	return 0;
}

void ring_free(struct ring **ring_at)
{
	struct ring *ring = *ring_at;
	struct ring_entry entry;

	*ring_at = NULL;
	if (ring == NULL) {
		return;
	}
	while (ring_take(ring, &entry)) {
		block_unref(&entry.block);
	}
	free(ring->slots);
	free(ring);
}

/*
 * By what the producer saw last. An empty queue takes a block of any size, or
 * it would never pass.
 */
static bool seems_to_fit(const struct ring *ring, size_t bytes)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t used = atomic_load_explicit(&ring->bytes_in, memory_order_relaxed) -
			ring->out_seen;

	return tail - ring->head_seen <
		       atomic_load_explicit(&ring->limit_entries, memory_order_relaxed) &&
	       (used == 0 || used + bytes <= ring_limit_bytes(ring));
}

bool ring_has_room(struct ring *ring, size_t bytes)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (tail - ring->seen_at < LOOK_EVERY && seems_to_fit(ring, bytes)) {
		return true;
	}
	ring->seen_at = tail;
	ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
	ring->out_seen = atomic_load_explicit(&ring->bytes_out, memory_order_acquire);
	return seems_to_fit(ring, bytes);
}

void ring_set_limits(struct ring *ring, uint32_t entries, size_t bytes)
{
	atomic_store_explicit(&ring->limit_entries,
			      entries < ring->capacity ? entries : ring->capacity,
			      memory_order_relaxed);
	atomic_store_explicit(&ring->limit_bytes, bytes, memory_order_relaxed);
}

uint32_t ring_capacity(const struct ring *ring)
{
	return ring->capacity;
}

void ring_push(struct ring *ring, struct block *block, const struct ring_totals *before)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	struct slot *slot = &ring->slots[tail & (ring->capacity - 1)];

	add(&ring->bytes_in, block->bytes);
	atomic_store_explicit(&slot->block, block, memory_order_relaxed);
	atomic_store_explicit(&slot->batches, before->batches, memory_order_relaxed);
	atomic_store_explicit(&slot->samples, before->samples, memory_order_relaxed);
	atomic_store_explicit(&slot->events, before->events, memory_order_relaxed);
	atomic_store_explicit(&slot->changes, before->changes, memory_order_relaxed);
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}

/* Is there an entry at head, by what was seen of the tail, or else by a new look at it? */
static bool has_entry(const struct ring *ring, uint64_t head, uint64_t *tail_seen)
{
	/* the other side may have moved the head past what we saw of the tail */
	if ((int64_t)(*tail_seen - head) > 0) {
		return true;
	}
	*tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return *tail_seen != head;
}

static bool take(struct ring *ring, uint64_t *tail_seen, struct ring_entry *entry_out)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	struct ring_entry entry;
	struct slot *slot;

	do {
		if (!has_entry(ring, head, tail_seen)) {
			return false;
		}
		slot = &ring->slots[head & (ring->capacity - 1)];
		entry.block = atomic_load_explicit(&slot->block, memory_order_relaxed);
		entry.before.batches = atomic_load_explicit(&slot->batches, memory_order_relaxed);
		entry.before.samples = atomic_load_explicit(&slot->samples, memory_order_relaxed);
		entry.before.events = atomic_load_explicit(&slot->events, memory_order_relaxed);
		entry.before.changes = atomic_load_explicit(&slot->changes, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&ring->head, &head, head + 1,
							memory_order_acq_rel,
							memory_order_acquire));
	*entry_out = entry;
	return true;
}

/* Begin to fetch what the consumer takes next: the producer's core has it. */
static void fetch_next(const struct ring *ring)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if ((int64_t)(ring->tail_seen - head) > 0) {
		__builtin_prefetch(atomic_load_explicit(
			&ring->slots[head & (ring->capacity - 1)].block, memory_order_relaxed));
	}
}

bool ring_take(struct ring *ring, struct ring_entry *entry_out)
{
	if (!take(ring, &ring->tail_seen, entry_out)) {
		return false;
	}
	fetch_next(ring);
	return true;
}

struct block *ring_peek(const struct ring *ring, uint32_t index)
{
	uint64_t at = atomic_load_explicit(&ring->head, memory_order_relaxed) + index;

	if ((int64_t)(atomic_load_explicit(&ring->tail, memory_order_acquire) - at) <= 0) {
		return NULL;
	}
	return atomic_load_explicit(&ring->slots[at & (ring->capacity - 1)].block,
				    memory_order_relaxed);
}

bool ring_take_back(struct ring *ring, struct ring_entry *entry_out)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	return take(ring, &tail, entry_out);
}

void ring_release(struct ring *ring, size_t bytes)
{
	add(&ring->bytes_out, bytes);
}

void ring_drop(struct ring *ring, size_t bytes)
{
	add(&ring->bytes_in, (uint64_t)0 - bytes);
}

bool ring_charge(struct ring *ring, size_t bytes)
{
	if (ring_bytes(ring) + bytes > ring_limit_bytes(ring)) {
		return false;
	}
	add(&ring->bytes_out, (uint64_t)0 - bytes);
	return true;
}

bool ring_is_empty(const struct ring *ring)
{
	return ring_count(ring) == 0;
}

uint32_t ring_count(const struct ring *ring)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	return (uint32_t)(tail - head);
}

size_t ring_bytes(const struct ring *ring)
{
	uint64_t out = atomic_load_explicit(&ring->bytes_out, memory_order_acquire);

	return atomic_load_explicit(&ring->bytes_in, memory_order_acquire) - out;
}

size_t ring_limit_bytes(const struct ring *ring)
{
	return atomic_load_explicit(&ring->limit_bytes, memory_order_relaxed);
}
