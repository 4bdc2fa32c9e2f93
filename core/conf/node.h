/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that a configuration is read into: scalars, lists and maps, each
 * with its place. Nodes live in an arena and are shared (aliases, profiles),
 * so a node is never changed once the tree stands. Readers: any thread.
 */
#ifndef CORE_CONF_NODE_H
#define CORE_CONF_NODE_H

#include <stdbool.h>

#include <edgeway/option.h>

#include "core/base/arena.h"
#include "core/conf/diag.h"

/* A variable whose text went into a scalar. */
struct node_origin {
	const char *name; /* of the variable */
	struct conf_place place; /* of its definition */
};

/* How the text of a scalar stands in the file, for places within it. */
enum node_layout {
	NODE_FLOWN, /* not as it is read: only the place of the whole is known */
	NODE_LINE, /* in one line, perhaps quoted */
	NODE_LITERAL /* behind a |, line by line */
};

struct node_entry {
	const char *key;
	struct conf_place place; /* of the key */
	struct ew_node *value;
};

struct ew_node {
	struct conf_place place;
	enum ew_node_kind kind;
	bool is_quoted;
	bool is_expanded; /* variables are replaced here and below */
	uint8_t layout; /* enum node_layout, of a scalar's text in the file */
	uint16_t indent; /* NODE_LITERAL: columns before the text */
	uint32_t count; /* items or entries */
	uint32_t weight; /* nodes in this subtree, aliases counted each time */
	union {
		const char *text;
		struct ew_node **items;
		struct node_entry *entries;
	} as;
	const struct node_origin *origin; /* NULL: the text stands in the file as it is */
};

/* NULL: out of memory, like all that make nodes. Text is copied. */
struct ew_node *node_new_scalar(struct arena *arena, const struct conf_place *place,
				const char *text, size_t size);

/* Room for `count` entries, in use: none. */
struct ew_node *node_new_map(struct arena *arena, const struct conf_place *place, size_t count);

/* Append to a map that has room; key and value are kept, not copied. */
void node_add(struct ew_node *map, const char *key, const struct conf_place *place,
	      struct ew_node *value);

/* Deep copy into another arena; file names and origins too. */
struct ew_node *node_copy(struct arena *arena, const struct ew_node *node);

const struct node_entry *node_find_entry(const struct ew_node *map, const char *key);

/* A key without a value: nothing, `~` or `null`, not quoted. */
bool node_is_null(const struct ew_node *node);

/* Same content, whatever the order of map keys, comments, places and quotes. */
bool node_equal(const struct ew_node *a, const struct ew_node *b);

/* The same for equal nodes, in every process. NULL has a hash too. */
uint64_t node_hash(const struct ew_node *node);

/* "a map", "a list", "text". */
const char *node_kind_name(const struct ew_node *node);

/* diag_error at the node's place; when its text came from a variable, that is
 * said too. */
int node_error(struct diag *diag, const struct ew_node *node, const char *fmt, ...) EW_PRINTF(3, 4);

#endif
