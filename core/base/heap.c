/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binary heap over an array of node pointers. Owns the array, never the nodes.
 * Each node knows its place, so that removal needs no search.
 */
#include "core/base/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

void heap_init(struct heap *heap)
{
	memset(heap, 0, sizeof(*heap));
}

void heap_fini(struct heap *heap)
{
	free(heap->nodes);
	memset(heap, 0, sizeof(*heap));
}

int heap_reserve(struct heap *heap, size_t count)
{
	struct heap_node **nodes;
	size_t room = heap->room < 8 ? 8 : heap->room;

	if (count <= heap->room) {
		return 0;
	}
	while (room < count) {
		room *= 2;
	}
	nodes = realloc(heap->nodes, room * sizeof(*nodes));
	if (nodes == NULL) {
		return -ENOMEM;
	}
	heap->nodes = nodes;
	heap->room = room;
	return 0;
}

static bool heap_before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->turn < b->turn;
}

static void heap_set(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->place = at + 1;
}

static void heap_rise(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;

	while (at > 0 && heap_before(node, heap->nodes[(at - 1) / 2])) {
		heap_set(heap, at, heap->nodes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(heap, at, node);
}

static void heap_sink(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < heap->count &&
		    heap_before(heap->nodes[child + 1], heap->nodes[child])) {
			child++;
		}
		if (child >= heap->count || heap_before(node, heap->nodes[child])) {
			break;
		}
		heap_set(heap, at, heap->nodes[child]);
		at = child;
	}
	heap_set(heap, at, node);
}

int heap_push(struct heap *heap, struct heap_node *node, int64_t key)
{
	int ret;

	check(node->place == 0);
	ret = heap_reserve(heap, heap->count + 1);
	if (ret < 0) {
		return ret;
	}
	node->key = key;
	node->turn = heap->turn++;
	heap_set(heap, heap->count++, node);
	heap_rise(heap, node);
	return 0;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;
	struct heap_node *last;

	if (node->place == 0) {
		return;
	}
	check(at < heap->count && heap->nodes[at] == node);
	node->place = 0;
	last = heap->nodes[--heap->count];
	if (last == node) {
		return;
	}
	heap_set(heap, at, last);
	heap_rise(heap, last);
	heap_sink(heap, last);
}

void heap_move(struct heap *heap, struct heap_node *node, int64_t key)
{
	check(node->place != 0);
	node->key = key;
	node->turn = heap->turn++;
	heap_rise(heap, node);
	heap_sink(heap, node);
}

struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count > 0 ? heap->nodes[0] : NULL;
}
