/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree to YAML. What it writes is read back as an equal tree, but for what is
 * masked. Walks tree and tables side by side, so that it knows what is secret;
 * depth is bounded by the reader's.
 */
#include "core/conf/print.h"

#include <string.h>

#include "core/conf/config_rows.h"

enum {
	PRINT_WIDTH = 80
};

static const char print_mask[] = "\"***\"";

struct print {
	print_find_fn find;
	void *arg;
	struct buf *out;
};

/* The tables that say what the keys of one map are; both may be empty. */
struct print_tables {
	struct conf_table core;
	struct conf_table module;
	const struct ew_module *owner; /* whose devices and tags are below; or NULL */
};

/* What lies under one key. */
struct print_below {
	struct print_tables tables;
	bool is_names; /* keys of the map are names, what they hold has these tables */
	bool is_secret;
};

static void print_node(struct print *print, const struct ew_node *node,
		       const struct print_below *below, unsigned depth);

static bool print_is_plain(const struct ew_node *node)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_./%+-";
	const char *text = node->as.text;

	if (text[0] == '-' && text[1] >= '0' && text[1] <= '9') {
		text++; /* a number */
	}
	if (text[0] == '\0' || strcmp(text, "null") == 0 || strchr("%.+-", text[0]) != NULL) {
		return false;
	}
	return strspn(text, safe) == strlen(text);
}

static void print_text(struct print *print, const char *text)
{
	(void)buf_add_byte(print->out, '"'); /* like all here: the fault sticks */
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '"':
		case '\\':
			(void)buf_printf(print->out, "\\%c", *text); /* sticks */
			break;
		case '\n':
			(void)buf_add_text(print->out, "\\n"); /* sticks */
			break;
		case '$':
			/* A brace behind it would be read as a variable. */
			(void)buf_add_text(print->out, text[1] == '{' ? "$$" : "$"); /* sticks */
			break;
		default:
			if ((unsigned char)*text < 0x20) {
				(void)buf_printf(print->out, "\\x%02x", *text); /* sticks */
			} else {
				(void)buf_add_byte(print->out, *text); /* sticks */
			}
		}
	}
	(void)buf_add_byte(print->out, '"'); /* sticks */
}

static void print_scalar(struct print *print, const struct ew_node *node)
{
	if (node_is_null(node)) {
		(void)buf_add_byte(print->out, '~'); /* sticks */
	} else if (print_is_plain(node)) {
		(void)buf_add_text(print->out, node->as.text); /* sticks */
	} else {
		print_text(print, node->as.text);
	}
}

static bool print_ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static bool print_sounds_secret(const char *key)
{
	static const char *const words[] = {"password", "secret", "token", "passphrase", "psk"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (print_ends_with(key, words[i])) {
			return true;
		}
	}
	return false;
}

/* The tables of one instance, device or tag below a map of names. */
static struct print_tables print_named(struct print *print, const struct print_below *below,
				       const struct ew_node *value)
{
	struct print_tables tables = below->tables;
	const struct ew_node *name;

	if (tables.core.rows == config_instance_table.rows) {
		name = ew_node_find(value, "module");
		if (name != NULL && ew_node_text(name) != NULL && print->find != NULL) {
			tables.owner = print->find(print->arg, ew_node_text(name));
		}
		if (tables.owner != NULL) {
			tables.module = (struct conf_table){tables.owner->options,
							    tables.owner->option_size};
		}
	}
	return tables;
}

/* Maps of names that core's tables only call raw. */
static bool print_find_names(const struct print_tables *tables, const char *key,
			     struct print_below *below)
{
	const struct ew_module *owner = tables->owner;

	if (tables->core.rows == config_instance_table.rows && strcmp(key, "devices") == 0) {
		below->tables.core = config_device_table;
		if (owner != NULL) {
			below->tables.module =
				(struct conf_table){owner->device_options, owner->option_size};
		}
	} else if (tables->core.rows == config_device_table.rows && strcmp(key, "tags") == 0) {
		below->tables.core = config_tag_table;
		if (owner != NULL) {
			below->tables.module =
				(struct conf_table){owner->tag_options, owner->option_size};
		}
	} else {
		return false;
	}
	below->is_names = true;
	return true;
}

static struct print_below print_find(const struct print_tables *tables, const char *key)
{
	struct print_below below = {.tables = {.owner = tables->owner}};
	const struct conf_table *from = &tables->core;
	struct ew_option row;

	if (print_find_names(tables, key, &below)) {
		return below;
	}
	if (!table_find(from, key, &row)) {
		from = &tables->module;
		if (!table_find(from, key, &row)) {
			below.is_secret = print_sounds_secret(key);
			return below;
		}
	}
	below.is_secret = (row.flags & EW_SECRET) != 0;
	below.is_names = row.shape == EW_SHAPE_MAP;
	if (row.type == EW_OPTION_TABLE) {
		below.tables.core = table_below(from, &row);
	}
	if (row.type == EW_OPTION_RAW || row.type == EW_OPTION_PAIRS) {
		below.is_secret = below.is_secret || print_sounds_secret(key);
	}
	return below;
}

static void print_indent(struct print *print, unsigned depth)
{
	(void)buf_printf(print->out, "%*s", (int)(depth * 2), ""); /* sticks */
}

static void print_map(struct print *print, const struct ew_node *map,
		      const struct print_below *below, unsigned depth)
{
	uint32_t i;

	for (i = 0; i < map->count; i++) {
		const struct node_entry *entry = &map->as.entries[i];
		struct ew_node key = {.kind = EW_NODE_SCALAR, .as.text = entry->key};
		struct print_below next;

		if (below->is_names) {
			next = (struct print_below){
				.tables = print_named(print, below, entry->value)};
		} else {
			next = print_find(&below->tables, entry->key);
		}
		if (i > 0) { /* the first one may follow a "- " */
			print_indent(print, depth);
		}
		if (print_is_plain(&key)) {
			(void)buf_add_text(print->out, entry->key); /* sticks */
		} else {
			print_text(print, entry->key);
		}
		(void)buf_add_byte(print->out, ':'); /* sticks */
		if (next.is_secret && !node_is_null(entry->value)) {
			(void)buf_printf(print->out, " %s\n", print_mask); /* sticks */
			continue;
		}
		print_node(print, entry->value, &next, depth + 1);
	}
}

/* A short list of scalars goes on one line. */
static bool print_is_short(const struct ew_node *list)
{
	size_t width = 0;
	uint32_t i;

	for (i = 0; i < list->count; i++) {
		if (list->as.items[i]->kind != EW_NODE_SCALAR) {
			return false;
		}
		width += strlen(list->as.items[i]->as.text) + 4;
	}
	return width < PRINT_WIDTH;
}

static void print_list(struct print *print, const struct ew_node *list,
		       const struct print_below *below, unsigned depth)
{
	uint32_t i;

	if (print_is_short(list)) {
		(void)buf_add_text(print->out, " ["); /* sticks */
		for (i = 0; i < list->count; i++) {
			(void)buf_add_text(print->out, i > 0 ? ", " : ""); /* sticks */
			print_scalar(print, list->as.items[i]);
		}
		(void)buf_add_text(print->out, "]\n"); /* sticks */
		return;
	}
	(void)buf_add_byte(print->out, '\n'); /* sticks */
	for (i = 0; i < list->count; i++) {
		const struct ew_node *item = list->as.items[i];

		print_indent(print, depth);
		(void)buf_add_byte(print->out, '-'); /* sticks */
		if (item->kind == EW_NODE_MAP && item->count > 0) {
			(void)buf_add_byte(print->out, ' '); /* sticks */
			print_map(print, item, below, depth + 1);
		} else {
			print_node(print, item, below, depth + 1);
		}
	}
}

/* Behind "key:" or "-", up to and with the end of the line. */
static void print_node(struct print *print, const struct ew_node *node,
		       const struct print_below *below, unsigned depth)
{
	switch (node->kind) {
	case EW_NODE_SCALAR:
		(void)buf_add_byte(print->out, ' '); /* sticks */
		print_scalar(print, node);
		(void)buf_add_byte(print->out, '\n'); /* sticks */
		break;
	case EW_NODE_LIST:
		print_list(print, node, below, depth);
		break;
	case EW_NODE_MAP:
		if (node->count == 0) {
			(void)buf_add_text(print->out, " {}\n"); /* sticks */
			break;
		}
		(void)buf_add_byte(print->out, '\n'); /* sticks */
		print_indent(print, depth);
		print_map(print, node, below, depth);
		break;
	}
}

void print_config(const struct config *config, print_find_fn find, void *arg, struct buf *out)
{
	struct print print = {.find = find, .arg = arg, .out = out};
	const struct print_below root = {.tables = {.core = config_table}};

	print_map(&print, config->source.root, &root, 0);
}
