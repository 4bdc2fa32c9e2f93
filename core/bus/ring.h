/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of one route: one producer, one consumer, and a producer that may
 * take the oldest entry away from the consumer to make room.
 *
 * Every entry carries running totals of all that was meant for the route
 * before it, pushed or not. A consumer that compares them with what it has
 * seen knows of every loss, in its place, without being told.
 */
#ifndef CORE_BUS_RING_H
#define CORE_BUS_RING_H

#include "core/bus/block.h"

/* All that a route was meant to bring so far. */
struct ring_totals {
	uint64_t batches;
	uint64_t samples;
	uint64_t events;
	uint64_t changes;       /* of devices and tags */
};

struct ring_entry {
	struct block *block;
	struct ring_totals before;
};

struct ring;

/* capacity is rounded up to a power of two; it stays. Bounds are set apart. -ENOMEM. */
int ring_new(uint32_t capacity, struct ring **ring_out);

/* How much may be in it; entries over the capacity count as the capacity. Producer. */
void ring_set_limits(struct ring *ring, uint32_t entries, size_t bytes);
uint32_t ring_capacity(const struct ring *ring);

/* Drops the references left in it. Accepts NULL. */
void ring_free(struct ring **ring);

/* Would an entry of this size fit? Producer. */
bool ring_has_room(struct ring *ring, size_t bytes);

/* Push; takes one reference of the block. The caller has seen that there is room. Producer. */
void ring_push(struct ring *ring, struct block *block, const struct ring_totals *before);

/* Take the oldest, with its reference. False: empty. Consumer; the producer, to drop it. */
bool ring_take(struct ring *ring, struct ring_entry *entry_out);
bool ring_take_back(struct ring *ring, struct ring_entry *entry_out);

/*
 * The index-th from the oldest; NULL: there are not so many. Borrowed until it is taken.
 * Consumer, when the producer takes nothing back.
 */
struct block *ring_peek(const struct ring *ring, uint32_t index);

/*
 * Bytes stay counted after ring_take() until they are given back: a receiver
 * that holds blocks holds room. Consumer; the producer drops what it takes.
 */
void ring_release(struct ring *ring, size_t bytes);
void ring_drop(struct ring *ring, size_t bytes);

/* Count bytes that a receiver goes on holding. False: over the bound. Consumer. */
bool ring_charge(struct ring *ring, size_t bytes);

bool ring_is_empty(const struct ring *ring);

/* Entries and bytes in it, the bytes with what is held. Any thread. */
uint32_t ring_count(const struct ring *ring);
size_t ring_bytes(const struct ring *ring);
size_t ring_limit_bytes(const struct ring *ring);

#endif
