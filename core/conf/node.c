/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, comparing and copying nodes, and the read-only functions that a
 * module may call on a subtree. Knows nothing of YAML syntax. Recursion is
 * bounded by the depth limit of the reader.
 */
#include "core/conf/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

struct ew_node *node_new_scalar(struct arena *arena, const struct conf_place *place,
				const char *text, size_t size)
{
	struct ew_node *node = arena_take(arena, sizeof(*node));

	if (node == NULL) {
		return NULL;
	}
	node->place = *place;
	node->kind = EW_NODE_SCALAR;
	node->weight = 1;
	node->as.text = arena_text(arena, text, size);
	return node->as.text != NULL ? node : NULL;
}

struct ew_node *node_new_map(struct arena *arena, const struct conf_place *place, size_t count)
{
	struct ew_node *node = arena_take(arena, sizeof(*node));

	if (node == NULL) {
		return NULL;
	}
	node->place = *place;
	node->kind = EW_NODE_MAP;
	node->weight = 1;
	node->as.entries = arena_array(arena, count, sizeof(*node->as.entries));
	return node->as.entries != NULL ? node : NULL;
}

void node_add(struct ew_node *map, const char *key, const struct conf_place *place,
	      struct ew_node *value)
{
	check(map->kind == EW_NODE_MAP);
	map->as.entries[map->count++] = (struct node_entry){key, *place, value};
	map->weight += value->weight;
}

static const struct node_origin *node_copy_origin(struct arena *arena,
						  const struct node_origin *from)
{
	struct node_origin *origin = arena_take(arena, sizeof(*origin));

	if (origin == NULL) {
		return NULL;
	}
	*origin = *from;
	origin->name = arena_text(arena, from->name, strlen(from->name));
	origin->place.file = arena_text(arena, from->place.file, strlen(from->place.file));
	return origin->name != NULL && origin->place.file != NULL ? origin : NULL;
}

/* File names repeat from node to node: one copy serves a run of them. */
static const char *node_copy_file(struct arena *arena, const char *file, const char **last)
{
	if (file == NULL) {
		return NULL;
	}
	if (*last == NULL || strcmp(*last, file) != 0) {
		*last = arena_text(arena, file, strlen(file));
	}
	return *last;
}

static struct ew_node *node_copy_deep(struct arena *arena, const struct ew_node *node,
				      const char **file)
{
	struct ew_node *copy = arena_take(arena, sizeof(*copy));
	uint32_t i;

	if (copy == NULL) {
		return NULL;
	}
	*copy = *node;
	copy->place.file = node_copy_file(arena, node->place.file, file);
	if (node->origin != NULL) {
		copy->origin = node_copy_origin(arena, node->origin);
	}
	if (node->kind == EW_NODE_SCALAR) {
		copy->as.text = arena_text(arena, node->as.text, strlen(node->as.text));
		return copy->as.text != NULL ? copy : NULL;
	}
	if (node->kind == EW_NODE_LIST) {
		copy->as.items = arena_array(arena, node->count, sizeof(*copy->as.items));
		for (i = 0; copy->as.items != NULL && i < node->count; i++) {
			copy->as.items[i] = node_copy_deep(arena, node->as.items[i], file);
			if (copy->as.items[i] == NULL) {
				return NULL;
			}
		}
		return copy->as.items != NULL ? copy : NULL;
	}
	copy->as.entries = arena_array(arena, node->count, sizeof(*copy->as.entries));
	for (i = 0; copy->as.entries != NULL && i < node->count; i++) {
		const struct node_entry *from = &node->as.entries[i];
		struct node_entry *to = &copy->as.entries[i];

		*to = *from;
		to->place.file = node_copy_file(arena, from->place.file, file);
		to->key = arena_text(arena, from->key, strlen(from->key));
		to->value = node_copy_deep(arena, from->value, file);
		if (to->key == NULL || to->value == NULL) {
			return NULL;
		}
	}
	return copy->as.entries != NULL ? copy : NULL;
}

struct ew_node *node_copy(struct arena *arena, const struct ew_node *node)
{
	const char *file = NULL;

	return node_copy_deep(arena, node, &file);
}

const struct node_entry *node_find_entry(const struct ew_node *map, const char *key)
{
	uint32_t i;

	if (map == NULL || map->kind != EW_NODE_MAP) {
		return NULL;
	}
	for (i = 0; i < map->count; i++) {
		if (strcmp(map->as.entries[i].key, key) == 0) {
			return &map->as.entries[i];
		}
	}
	return NULL;
}

bool node_is_null(const struct ew_node *node)
{
	return node->kind == EW_NODE_SCALAR && !node->is_quoted &&
	       (node->as.text[0] == '\0' || strcmp(node->as.text, "~") == 0 ||
		strcmp(node->as.text, "null") == 0);
}

bool node_equal(const struct ew_node *a, const struct ew_node *b)
{
	uint32_t i;

	if (a == NULL || b == NULL) {
		return a == b;
	}
	if (a == b) {
		return true;
	}
	if (a->kind != b->kind || a->count != b->count || a->weight != b->weight) {
		return false;
	}
	if (a->kind == EW_NODE_SCALAR) {
		if (node_is_null(a) || node_is_null(b)) {
			return node_is_null(a) && node_is_null(b);
		}
		return strcmp(a->as.text, b->as.text) == 0;
	}
	for (i = 0; i < a->count; i++) {
		const struct node_entry *mine, *other;

		if (a->kind == EW_NODE_LIST) {
			if (!node_equal(a->as.items[i], b->as.items[i])) {
				return false;
			}
			continue;
		}
		mine = &a->as.entries[i];
		other = &b->as.entries[i];
		if (strcmp(mine->key, other->key) != 0) { /* the usual case is the same order */
			other = node_find_entry(b, mine->key);
		}
		if (other == NULL || !node_equal(mine->value, other->value)) {
			return false;
		}
	}
	return true;
}

static uint64_t node_mix(uint64_t a, uint64_t b)
{
	uint64_t words[2] = {a, b};

	return text_hash(words, sizeof(words));
}

uint64_t node_hash(const struct ew_node *node)
{
	uint64_t hash = 0;
	uint32_t i;

	if (node == NULL) {
		return 0;
	}
	switch (node->kind) {
	case EW_NODE_SCALAR:
		hash = node_is_null(node) ? 1 : text_hash(node->as.text, strlen(node->as.text));
		break;
	case EW_NODE_LIST:
		for (i = 0; i < node->count; i++) {
			hash = node_mix(hash, node_hash(node->as.items[i]));
		}
		break;
	case EW_NODE_MAP:
		for (i = 0; i < node->count; i++) { /* a sum: order does not matter */
			const struct node_entry *entry = &node->as.entries[i];

			hash += node_mix(text_hash(entry->key, strlen(entry->key)),
					 node_hash(entry->value));
		}
		break;
	}
	return node_mix((uint64_t)node->kind + 1, hash);
}

const char *node_kind_name(const struct ew_node *node)
{
	switch (node->kind) {
	case EW_NODE_SCALAR:
		return "text";
	case EW_NODE_LIST:
		return "a list";
	case EW_NODE_MAP:
		return "a map";
	}
	return "nothing";
}

int node_error(struct diag *diag, const struct ew_node *node, const char *fmt, ...)
{
	const struct node_origin *origin = node->origin;
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args); /* cut is fine */
	va_end(args);
	if (origin == NULL) {
		return diag_error(diag, &node->place, "%s", text);
	}
	return diag_error(diag, &node->place, "%s (variable '%s' is set at %s:%u:%u)", text,
			  origin->name, origin->place.file, origin->place.line, origin->place.col);
}

enum ew_node_kind ew_node_kind(const struct ew_node *node)
{
	return node->kind;
}

const char *ew_node_text(const struct ew_node *node)
{
	if (node->kind != EW_NODE_SCALAR) {
		return NULL;
	}
	return node_is_null(node) ? "" : node->as.text;
}

size_t ew_node_count(const struct ew_node *node)
{
	return node->kind == EW_NODE_SCALAR ? 0 : node->count;
}

const struct ew_node *ew_node_at(const struct ew_node *node, size_t index)
{
	if (node->kind == EW_NODE_SCALAR || index >= node->count) {
		return NULL;
	}
	return node->kind == EW_NODE_LIST ? node->as.items[index] : node->as.entries[index].value;
}

const char *ew_node_key(const struct ew_node *node, size_t index)
{
	if (node->kind != EW_NODE_MAP || index >= node->count) {
		return NULL;
	}
	return node->as.entries[index].key;
}

const struct ew_node *ew_node_find(const struct ew_node *node, const char *key)
{
	const struct node_entry *entry = node_find_entry(node, key);

	return entry != NULL ? entry->value : NULL;
}

int ew_node_fail(struct ew_error *err, const struct ew_node *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)error_vfail(err, format, args); /* always -EINVAL */
	va_end(args);
	error_set_place(err, node->place.file, node->place.line, node->place.col);
	return -EINVAL;
}

/* Where a byte of a scalar's text stands; the scalar's own place if that is not known. */
static struct conf_place node_place_at(const struct ew_node *node, size_t byte)
{
	struct conf_place place = node->place;
	const char *text = node->as.text;
	size_t begin = 0;

	if (node->kind != EW_NODE_SCALAR || node->origin != NULL || node->layout == NODE_FLOWN) {
		return place;
	}
	if (node->layout == NODE_LITERAL) {
		place.line++;
		place.col = node->indent + 1u;
	} else {
		place.col += node->is_quoted;
	}
	for (size_t i = 0; i < byte && text[i] != '\0'; i++) {
		if (text[i] == '\n') {
			place.line++;
			begin = i + 1;
		}
	}
	for (size_t i = begin; i < byte && text[i] != '\0'; i++) {
		place.col += (text[i] & 0xc0) != 0x80; /* characters, not bytes */
	}
	return place;
}

int ew_node_fail_at(struct ew_error *err, const struct ew_node *node, size_t byte,
		    const char *format, ...)
{
	struct conf_place place = node_place_at(node, byte);
	va_list args;

	va_start(args, format);
	(void)error_vfail(err, format, args); /* always -EINVAL */
	va_end(args);
	error_set_place(err, place.file, place.line, place.col);
	return -EINVAL;
}

void ew_node_warn(struct ew_error *err, const struct ew_node *node, const char *format, ...)
{
	struct ew_error warning = {0};
	va_list args;

	if (err == NULL || err->warn == NULL) {
		return;
	}
	va_start(args, format);
	(void)error_vfail(&warning, format, args); /* always -EINVAL */
	va_end(args);
	error_set_place(&warning, node->place.file, node->place.line, node->place.col);
	err->warn(err->warn_arg, &warning);
}

static const char *node_shown(const struct ew_node *node)
{
	return node->kind == EW_NODE_SCALAR ? node->as.text : node_kind_name(node);
}

int ew_node_bool(const struct ew_node *node, bool *value_out, struct ew_error *err)
{
	if (node->kind != EW_NODE_SCALAR || text_parse_bool(node->as.text, value_out) < 0) {
		return ew_node_fail(err, node, "'%s' is not yes or no", node_shown(node));
	}
	return 0;
}

int ew_node_int(const struct ew_node *node, int64_t *value_out, struct ew_error *err)
{
	if (node->kind != EW_NODE_SCALAR || text_parse_int(node->as.text, value_out) < 0) {
		return ew_node_fail(err, node, "'%s' is not a whole number", node_shown(node));
	}
	return 0;
}

int ew_node_float(const struct ew_node *node, double *value_out, struct ew_error *err)
{
	if (node->kind != EW_NODE_SCALAR || text_parse_float(node->as.text, value_out) < 0) {
		return ew_node_fail(err, node, "'%s' is not a number", node_shown(node));
	}
	return 0;
}

int ew_node_duration(const struct ew_node *node, ew_dur *value_out, struct ew_error *err)
{
	int ret = -EINVAL;

	if (node->kind == EW_NODE_SCALAR) {
		ret = text_parse_duration(node->as.text, value_out);
	}
	if (ret == -EDOM) {
		return ew_node_fail(err, node, "'%s' needs a unit (ms, s, m, h, d)",
				    node_shown(node));
	}
	if (ret < 0) {
		return ew_node_fail(err, node, "'%s' is not a duration such as 500ms or 1h",
				    node_shown(node));
	}
	return 0;
}
