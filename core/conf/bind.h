/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of the tree to a settings struct, as its table says. Main thread.
 *
 * Every error of the map is told, not only the first: unknown keys (with what
 * was probably meant), wrong types, bounds, missing units, missing keys. What
 * is not given gets its fallback, else zero.
 */
#ifndef CORE_CONF_BIND_H
#define CORE_CONF_BIND_H

#include "core/conf/node.h"
#include "core/conf/table.h"

struct bind {
	struct arena *arena; /* settings' text and arrays go here */
	struct diag *diag;
	const char *who; /* put in front of each message; NULL: nothing */
	bool is_check; /* nothing will run: an absent credential is a warning */
	bool is_tree_kept; /* the tree lives as long as the settings: text is not copied */
	uint64_t files; /* a digest of which files options named, and of what state; 0: none */
};

/* One of the tables that share a map. */
struct bind_part {
	struct conf_table table;
	void *settings; /* zeroed; NULL: these keys are known but bound elsewhere */
	bool is_open; /* keys of no table are let through: they are bound elsewhere */
};

/* 0, -EINVAL or -ENOMEM, told. On error settings are partly filled. */
int bind_map(struct bind *bind, const struct ew_node *node, const struct bind_part *parts,
	     size_t count) EW_CHECKED;

/* All fallbacks of a table, nothing required. Errors as above. */
int bind_defaults(struct bind *bind, const struct conf_table *table, void *settings) EW_CHECKED;

/* diag_error at the node, with `who` in front. */
int bind_error(const struct bind *bind, const struct ew_node *node, const char *fmt, ...)
	EW_PRINTF(3, 4);

/* Copy of a text for the settings: the text itself if the tree is kept. */
const char *bind_text(struct bind *bind, const char *text);

/* A map that gives one key, where plain text stands for it. NULL: memory. */
struct ew_node *bind_widen(struct bind *bind, const char *key, const struct ew_node *value);

/* What a file or secret option's text stands for; see file_value.c. */
int bind_file(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
	      const char **path_out) EW_CHECKED;
int bind_secret(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		const char **text_out) EW_CHECKED;

#endif
