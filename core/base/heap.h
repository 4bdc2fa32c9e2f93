/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive min-heap keyed by int64_t (times, usually). Equal keys come out in
 * the order they were pushed. One owner, no locking. A node is in at most one
 * heap; zeroed is in none.
 */
#ifndef CORE_BASE_HEAP_H
#define CORE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t turn; /* breaks ties; the heap's */
	size_t place;  /* index + 1; 0: in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count;
	size_t room;
	uint64_t turn;
};

void heap_init(struct heap *heap);
void heap_fini(struct heap *heap);

/* Room for `count` nodes in all: pushes up to there cannot fail. -ENOMEM. */
int heap_reserve(struct heap *heap, size_t count);

/* Push a node that is in no heap. -ENOMEM (never within reserved room). */
int heap_push(struct heap *heap, struct heap_node *node, int64_t key);

/* Give a node that is in the heap another key; it queues behind equal ones. */
void heap_move(struct heap *heap, struct heap_node *node, int64_t key);

/* Take a node out; harmless when it is in none. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* The smallest, left in place; NULL when empty. */
struct heap_node *heap_first(const struct heap *heap);

static inline bool heap_holds(const struct heap_node *node)
{
	return node->place != 0;
}

#endif
