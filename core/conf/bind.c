/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling settings structs. Walks rows and entries of one map, and calls
 * itself for tables inside; the depth is that of the tables. Knows no option
 * by name. Members are written through memcpy at the offset of their row.
 */
#include "core/conf/bind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum {
	BIND_NAMES_MAX = 128
};

static int bind_row(struct bind *bind, const struct conf_table *table, const struct ew_option *row,
		    const struct ew_node *node, char *settings);

int bind_error(const struct bind *bind, const struct ew_node *node, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args); /* cut is fine */
	va_end(args);
	if (bind->who == NULL) {
		return node_error(bind->diag, node, "%s", text);
	}
	return node_error(bind->diag, node, "%s: %s", bind->who, text);
}

const char *bind_text(struct bind *bind, const char *text)
{
	return bind->is_tree_kept ? text : arena_text(bind->arena, text, strlen(text));
}

struct ew_node *bind_widen(struct bind *bind, const char *key, const struct ew_node *value)
{
	struct ew_node *map = node_new_map(bind->arena, &value->place, 1);
	struct ew_node *copy = arena_take(bind->arena, sizeof(*copy));

	if (map == NULL || copy == NULL) {
		return NULL;
	}
	*copy = *value;
	node_add(map, key, &value->place, copy);
	return map;
}

static int bind_no_memory(struct bind *bind, const struct ew_node *node)
{
	return diag_no_memory(bind->diag, node != NULL ? &node->place : NULL);
}

static void bind_mark_set(const struct ew_option *row, char *settings)
{
	if (row->set != 0) {
		const bool yes = true;

		memcpy(settings + row->set - 1, &yes, sizeof(yes));
	}
}

/* Write a scalar of the row's type to `at`. */
static int bind_scalar(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		       char *at)
{
	struct ew_error why = {0};
	union scalar value;
	int ret;

	if (node->kind != EW_NODE_SCALAR) {
		char type[256];

		return bind_error(bind, node, "'%s' must be a %s, not %s", row->name,
				  table_type_text(row, type, sizeof(type)), node_kind_name(node));
	}
	if (node_is_null(node)) {
		return bind_error(bind, node, "'%s' has no value", row->name);
	}
	ret = scalar_parse(row, node->as.text, &value, &why);
	if (ret < 0) {
		return bind_error(bind, node, "'%s': %s", row->name, why.text);
	}
	if (row->type == EW_OPTION_STRING) {
		value.s = bind_text(bind, value.s);
	} else if (row->type == EW_OPTION_FILE) {
		ret = bind_file(bind, row, node, &value.s);
	} else if (row->type == EW_OPTION_SECRET) {
		ret = bind_secret(bind, row, node, &value.s);
	}
	if (row->type == EW_OPTION_STRING && value.s == NULL) {
		return bind_no_memory(bind, node);
	}
	if (ret == 0) {
		memcpy(at, &value, table_item_size(row));
	}
	return ret;
}

static int bind_pairs(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		      char *settings)
{
	struct ew_property *pairs;
	size_t i, count = node->count;

	if (node->kind != EW_NODE_MAP) {
		return bind_error(bind, node, "'%s' must be a map of text, not %s", row->name,
				  node_kind_name(node));
	}
	pairs = arena_array(bind->arena, count, sizeof(*pairs));
	for (i = 0; pairs != NULL && i < count; i++) {
		const struct node_entry *entry = &node->as.entries[i];

		if (entry->value->kind != EW_NODE_SCALAR) {
			return bind_error(bind, entry->value, "'%s': '%s' must be text, not %s",
					  row->name, entry->key, node_kind_name(entry->value));
		}
		pairs[i].name = bind_text(bind, entry->key);
		pairs[i].value = bind_text(bind, ew_node_text(entry->value));
		if (pairs[i].name == NULL || pairs[i].value == NULL) {
			return bind_no_memory(bind, node);
		}
	}
	if (pairs == NULL) {
		return bind_no_memory(bind, node);
	}
	memcpy(settings + row->offset, &pairs, sizeof(pairs));
	memcpy(settings + row->count_offset, &count, sizeof(count));
	return 0;
}

/* A table inside: a map, or plain text for its first row where allowed. */
static int bind_table(struct bind *bind, const struct conf_table *table,
		      const struct ew_option *row, const struct ew_node *node, char *settings)
{
	struct bind_part part = {table_below(table, row), settings, (row->flags & TABLE_OPEN) != 0};
	struct ew_option first;

	if (node->kind == EW_NODE_SCALAR && !node_is_null(node) && (row->flags & EW_SHORT) != 0 &&
	    table_row(&part.table, 0, &first)) {
		node = bind_widen(bind, first.name, node);
		if (node == NULL) {
			return bind_no_memory(bind, NULL);
		}
	}
	return bind_map(bind, node, &part, 1);
}

static int bind_raw(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		    char *settings)
{
	if (!bind->is_tree_kept && (row->flags & TABLE_BORROW) == 0) {
		node = node_copy(bind->arena, node);
		if (node == NULL) {
			return bind_no_memory(bind, NULL);
		}
	}
	memcpy(settings + row->offset, &node, sizeof(node));
	return 0;
}

static int bind_item(struct bind *bind, const struct conf_table *table, const struct ew_option *row,
		     const struct ew_node *node, char *at)
{
	if (row->type == EW_OPTION_TABLE) {
		return bind_table(bind, table, row, node, at);
	}
	return bind_scalar(bind, row, node, at);
}

static int bind_key(struct bind *bind, const struct ew_option *row, const struct node_entry *entry,
		    char *item)
{
	const char *key = bind_text(bind, entry->key);

	if (key == NULL) {
		return bind_no_memory(bind, entry->value);
	}
	memcpy(item + row->key_offset, &key, sizeof(key));
	return 0;
}

/* A list or a map of items; a single item needs no list around it. */
static int bind_many(struct bind *bind, const struct conf_table *table, const struct ew_option *row,
		     const struct ew_node *node, char *settings)
{
	size_t size = row->type == EW_OPTION_TABLE ? row->item_size : table_item_size(row);
	bool is_map = row->shape == EW_SHAPE_MAP, is_one = !is_map && node->kind != EW_NODE_LIST;
	size_t i, count = is_one ? 1 : node->count;
	int ret = 0, worst = 0;
	char *items;

	if (node_is_null(node)) {
		count = 0; /* nothing behind the key: no items */
	} else if (is_map && node->kind != EW_NODE_MAP) {
		return bind_error(bind, node, "'%s' must be a map, not %s", row->name,
				  node_kind_name(node));
	}
	items = arena_array(bind->arena, count, size);
	if (items == NULL) {
		return bind_no_memory(bind, node);
	}
	for (i = 0; i < count && ret != -ENOMEM; i++) {
		char *item = items + i * size;

		if (is_map) {
			ret = bind_key(bind, row, &node->as.entries[i], item);
			if (ret == 0) {
				ret = bind_item(bind, table, row, node->as.entries[i].value, item);
			}
		} else {
			ret = bind_item(bind, table, row, is_one ? node : node->as.items[i], item);
		}
		worst = ret < 0 ? ret : worst;
	}
	memcpy(settings + row->offset, &items, sizeof(items));
	memcpy(settings + row->count_offset, &count, sizeof(count));
	return worst;
}

static int bind_row(struct bind *bind, const struct conf_table *table, const struct ew_option *row,
		    const struct ew_node *node, char *settings)
{
	bind_mark_set(row, settings);
	if (row->shape != EW_SHAPE_ONE) {
		return bind_many(bind, table, row, node, settings);
	}
	if (row->type == EW_OPTION_PAIRS) {
		return bind_pairs(bind, row, node, settings);
	}
	if (row->type == EW_OPTION_RAW) {
		return bind_raw(bind, row, node, settings);
	}
	return bind_item(bind, table, row, node, settings + row->offset);
}

/* "0.1, 1, 10" as the list that a fallback means. */
static int bind_fallback_list(struct bind *bind, const struct conf_table *table,
			      const struct ew_option *row, const struct conf_place *place,
			      char *settings)
{
	struct ew_node *list = arena_take(bind->arena, sizeof(*list));
	const char *at = row->fallback;
	size_t commas = 0;

	for (; *at != '\0'; at++) {
		commas += *at == ',';
	}
	if (list != NULL) {
		list->place = *place;
		list->kind = EW_NODE_LIST;
		list->as.items = arena_array(bind->arena, commas + 1, sizeof(*list->as.items));
	}
	if (list == NULL || list->as.items == NULL) {
		return bind_no_memory(bind, NULL);
	}
	for (at = row->fallback; *at != '\0';) {
		size_t size = strcspn(at, ",");
		struct ew_node *item = node_new_scalar(bind->arena, place, at, size);

		if (item == NULL) {
			return bind_no_memory(bind, NULL);
		}
		list->as.items[list->count++] = item;
		at += size + (at[size] == ',');
		at += strspn(at, " ");
	}
	return bind_many(bind, table, row, list, settings);
}

static int bind_fallback(struct bind *bind, const struct conf_table *table,
			 const struct ew_option *row, char *settings)
{
	const struct conf_place place = {.file = "(fallback)"};
	struct ew_node *node;

	if (row->type == EW_OPTION_TABLE && row->shape == EW_SHAPE_ONE) {
		const struct conf_table below = table_below(table, row);

		return bind_defaults(bind, &below, settings + row->offset);
	}
	if (row->fallback == NULL) {
		return 0;
	}
	if (row->shape == EW_SHAPE_LIST) {
		return bind_fallback_list(bind, table, row, &place, settings);
	}
	node = node_new_scalar(bind->arena, &place, row->fallback, strlen(row->fallback));
	if (node == NULL) {
		return bind_no_memory(bind, NULL);
	}
	node->is_quoted = true;
	return bind_item(bind, table, row, node, settings + row->offset);
}

int bind_defaults(struct bind *bind, const struct conf_table *table, void *settings)
{
	struct ew_option row;
	size_t i;
	int ret = 0;

	for (i = 0; ret == 0 && table_row(table, i, &row); i++) {
		ret = bind_fallback(bind, table, &row, settings);
	}
	return ret;
}

static bool bind_is_known(const struct bind_part *parts, size_t count, const char *key)
{
	struct ew_option row;
	size_t i;

	for (i = 0; i < count; i++) {
		if (parts[i].is_open || table_find(&parts[i].table, key, &row)) {
			return true;
		}
	}
	return false;
}

static int bind_refuse_unknown(struct bind *bind, const struct node_entry *entry,
			       const struct bind_part *parts, size_t count)
{
	const char *names[BIND_NAMES_MAX], *meant;
	size_t part, i, known = 0;
	struct ew_option row;
	char more[128] = "";

	for (part = 0; part < count; part++) {
		for (i = 0; known < BIND_NAMES_MAX && table_row(&parts[part].table, i, &row); i++) {
			names[known++] = row.name;
		}
	}
	meant = text_suggest(entry->key, names, known);
	if (meant != NULL) {
		(void)snprintf(more, sizeof(more), ", did you mean '%s'?", meant); /* cut is fine */
	}
	return diag_error(bind->diag, &entry->place, "%s%sunknown option '%.100s'%s",
			  bind->who != NULL ? bind->who : "", bind->who != NULL ? ": " : "",
			  entry->key, more);
}

static int bind_part(struct bind *bind, const struct ew_node *node, const struct bind_part *part)
{
	struct ew_option row;
	int ret = 0, worst = 0;
	size_t i;

	for (i = 0; ret != -ENOMEM && table_row(&part->table, i, &row); i++) {
		const struct node_entry *entry = node_find_entry(node, row.name);

		if (entry != NULL) {
			ret = bind_row(bind, &part->table, &row, entry->value, part->settings);
		} else if ((row.flags & EW_REQUIRED) != 0) {
			ret = bind_error(bind, node, "option '%s' is required", row.name);
		} else {
			ret = bind_fallback(bind, &part->table, &row, part->settings);
		}
		worst = ret < 0 ? ret : worst;
	}
	return worst;
}

int bind_map(struct bind *bind, const struct ew_node *node, const struct bind_part *parts,
	     size_t count)
{
	int ret = 0, worst = 0;
	size_t i;

	if (node->kind != EW_NODE_MAP && !node_is_null(node)) {
		return bind_error(bind, node, "a map of options is wanted here, not %s",
				  node_kind_name(node));
	}
	for (i = 0; node->kind == EW_NODE_MAP && i < node->count; i++) {
		if (!bind_is_known(parts, count, node->as.entries[i].key)) {
			worst = bind_refuse_unknown(bind, &node->as.entries[i], parts, count);
		}
	}
	for (i = 0; i < count && ret != -ENOMEM; i++) {
		if (parts[i].settings != NULL) {
			ret = bind_part(bind, node, &parts[i]);
			worst = ret < 0 ? ret : worst;
		}
	}
	return worst;
}
