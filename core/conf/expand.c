/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: ${name} in values becomes the text that `vars:` gives; $${ stands
 * for ${ itself. A variable may use others, never itself. Each changed scalar
 * keeps where its variable was defined. Keys are never expanded.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/source.h"

enum {
	EXPAND_DEPTH_MAX = 32, /* variables within variables */
};

enum expand_state {
	EXPAND_NEW,
	EXPAND_OPEN, /* being expanded: meeting it again is a circle */
	EXPAND_DONE,
};

struct expand_var {
	const struct node_entry *entry;
	enum expand_state state;
};

struct expand {
	struct conf_source *source;
	struct expand_var *vars;
	const char **names; /* for suggestions */
	size_t count;
	unsigned depth;
};

static int expand_scalar(struct expand *expand, struct ew_node *node);

static bool expand_is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static struct expand_var *expand_find(const struct expand *expand, const char *name, size_t size)
{
	size_t i;

	for (i = 0; i < expand->count; i++) {
		const char *key = expand->vars[i].entry->key;

		if (strlen(key) == size && memcmp(key, name, size) == 0) {
			return &expand->vars[i];
		}
	}
	return NULL;
}

static int expand_unknown(const struct expand *expand, const struct ew_node *node, const char *name,
			  size_t size)
{
	char text[64];
	const char *meant;

	if (size >= sizeof(text)) {
		size = sizeof(text) - 1;
	}
	memcpy(text, name, size);
	text[size] = '\0';
	meant = text_suggest(text, expand->names, expand->count);
	if (meant != NULL) {
		return diag_error(expand->source->diag, &node->place,
				  "unknown variable '%s', did you mean '%s'?", text, meant);
	}
	return diag_error(expand->source->diag, &node->place, "unknown variable '%s'", text);
}

static int expand_origin(struct expand *expand, struct ew_node *node,
			 const struct node_entry *entry)
{
	struct node_origin *origin;

	if (node->origin != NULL) {
		return 0; /* the first one is named */
	}
	origin = arena_take(&expand->source->arena, sizeof(*origin));
	if (origin == NULL) {
		return diag_no_memory(expand->source->diag, &node->place);
	}
	*origin = (struct node_origin){entry->key, entry->place};
	node->origin = origin;
	return 0;
}

/* Make the variable's own text final. */
static int expand_var(struct expand *expand, struct expand_var *var, const struct ew_node *user)
{
	const struct conf_place *place = &var->entry->place;
	int ret;

	if (var->state == EXPAND_DONE) {
		return 0;
	}
	if (var->state == EXPAND_OPEN || expand->depth == EXPAND_DEPTH_MAX) {
		return diag_error(expand->source->diag, &user->place,
				  "variable '%s' %s, it is set at %s:%u:%u", var->entry->key,
				  var->state == EXPAND_OPEN ? "uses itself" : "is nested too deep",
				  place->file, place->line, place->col);
	}
	if (var->entry->value->kind != EW_NODE_SCALAR) {
		return diag_error(expand->source->diag, &user->place,
				  "variable '%s' is %s, not text, it is set at %s:%u:%u",
				  var->entry->key, node_kind_name(var->entry->value), place->file,
				  place->line, place->col);
	}
	var->state = EXPAND_OPEN;
	expand->depth++;
	ret = expand_scalar(expand, var->entry->value);
	expand->depth--;
	var->state = EXPAND_DONE;
	return ret;
}

/* `at` stands behind "${". Adds the variable's text; returns its length up to
 * and with the brace in *used_out. */
static int expand_use(struct expand *expand, struct ew_node *node, const char *at, struct buf *out,
		      size_t *used_out)
{
	struct diag *diag = expand->source->diag;
	struct expand_var *var;
	size_t size = 0;
	int ret;

	while (expand_is_name(at[size])) {
		size++;
	}
	if (size == 0 || at[size] != '}') {
		return diag_error(diag, &node->place,
				  "'${' without a name and '}' (write '$${' for the characters)");
	}
	var = expand_find(expand, at, size);
	if (var == NULL) {
		return expand_unknown(expand, node, at, size);
	}
	ret = expand_var(expand, var, node);
	if (ret < 0) {
		return ret;
	}
	(void)buf_add_text(out, ew_node_text(var->entry->value)); /* the fault sticks */
	*used_out = size + 1;
	return expand_origin(expand, node, var->entry);
}

static int expand_text(struct expand *expand, struct ew_node *node, struct buf *out)
{
	const char *at = node->as.text;
	int ret;

	while (*at != '\0') {
		size_t used = 1;

		if (strncmp(at, "$${", 3) == 0) {
			(void)buf_add_text(out, "${"); /* the fault sticks */
			used = 3;
		} else if (strncmp(at, "${", 2) == 0) {
			ret = expand_use(expand, node, at + 2, out, &used);
			if (ret < 0) {
				return ret;
			}
			used += 2;
		} else {
			(void)buf_add_byte(out, *at); /* the fault sticks */
		}
		at += used;
	}
	return 0;
}

static int expand_scalar(struct expand *expand, struct ew_node *node)
{
	struct conf_source *source = expand->source;
	struct buf text;
	char *copy = NULL;
	int ret;

	if (node->is_expanded) {
		return 0;
	}
	if (strstr(node->as.text, "${") == NULL) {
		node->is_expanded = true;
		return 0;
	}
	buf_init(&text, source->limits.scalar_bytes);
	ret = expand_text(expand, node, &text);
	if (ret == 0 && text.fault == -EMSGSIZE) {
		ret = node_error(source->diag, node, "text of more than %zu bytes",
				 source->limits.scalar_bytes);
	} else if (ret == 0) {
		if (text.fault == 0) {
			copy = arena_text(&source->arena, buf_text(&text), text.size);
		}
		if (copy == NULL) {
			ret = diag_no_memory(source->diag, &node->place);
		} else {
			node->as.text = copy;
		}
	}
	buf_fini(&text);
	node->is_expanded = true; /* not before: an alias may lead back here */
	return ret;
}

static int expand_walk(struct expand *expand, struct ew_node *node)
{
	uint32_t i;
	int ret = 0, first = 0;

	if (node->kind == EW_NODE_SCALAR) {
		return expand_scalar(expand, node);
	}
	if (node->is_expanded) {
		return 0;
	}
	node->is_expanded = true;
	for (i = 0; i < node->count && ret != -ENOMEM; i++) {
		if (node->kind == EW_NODE_LIST) {
			ret = expand_walk(expand, node->as.items[i]);
		} else {
			const struct node_entry *entry = &node->as.entries[i];

			if (strstr(entry->key, "${") != NULL) {
				first = diag_error(expand->source->diag, &entry->place,
						   "variables are not replaced in keys: '%s'",
						   entry->key);
			}
			ret = expand_walk(expand, entry->value);
		}
		first = ret < 0 ? ret : first;
	}
	return first;
}

int expand_tree(struct conf_source *source, struct ew_node *root)
{
	const struct ew_node *vars = ew_node_find(root, "vars");
	struct expand expand = {.source = source};
	int ret = 0, first = 0;
	size_t i;

	if (vars != NULL && vars->kind == EW_NODE_MAP) {
		expand.count = vars->count;
		expand.vars = arena_array(&source->arena, expand.count, sizeof(*expand.vars));
		expand.names = arena_array(&source->arena, expand.count, sizeof(*expand.names));
		if (expand.vars == NULL || expand.names == NULL) {
			return diag_no_memory(source->diag, &vars->place);
		}
		for (i = 0; i < expand.count; i++) {
			expand.vars[i].entry = &vars->as.entries[i];
			expand.names[i] = vars->as.entries[i].key;
		}
	}
	for (i = 0; i < expand.count && ret != -ENOMEM; i++) {
		ret = expand_var(&expand, &expand.vars[i], expand.vars[i].entry->value);
		first = ret < 0 ? ret : first;
	}
	ret = ret == -ENOMEM ? ret : expand_walk(&expand, root);
	return ret < 0 ? ret : first;
}
