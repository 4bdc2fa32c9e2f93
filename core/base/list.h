/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive doubly linked list. The list is circular through its head; a node
 * that is in no list points at itself after list_init or list_remove, so
 * removing it again is harmless. Belongs to whoever owns the head; no locking.
 */
#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

#include <stdbool.h>

#include "core/base/check.h"

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* Insert `node` in front of `at`; in front of the head is the tail. */
static inline void list_insert(struct list *at, struct list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

/* Append at the tail. */
static inline void list_push(struct list *head, struct list *node)
{
	list_insert(head, node);
}

static inline void list_push_front(struct list *head, struct list *node)
{
	list_insert(head->next, node);
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Remove and return the first node; NULL when empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	if (node == head) {
		return NULL;
	}
	list_remove(node);
	return node;
}

/* Move all nodes of `from` to the tail of `head`; `from` is empty after. */
static inline void list_splice(struct list *head, struct list *from)
{
	if (list_is_empty(from)) {
		return;
	}
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

/* Walk the nodes; the current one must not be removed. */
#define list_for_each(node, head) \
	for ((node) = (head)->next; (node) != (head); (node) = (node)->next)

/* Walk the nodes; the current one may be removed. */
#define list_for_each_safe(node, after, head) \
	for ((node) = (head)->next, (after) = (node)->next; (node) != (head); \
	     (node) = (after), (after) = (node)->next)

#endif
