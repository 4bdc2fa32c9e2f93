/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All files of one configuration as one tree: includes followed, sections
 * merged, variables replaced. Main thread.
 *
 * Order: a file's own content, then what it includes, in the order stated (a
 * glob's files by name). Sections that are maps are merged key by key, lists
 * are joined; the same key twice is refused, both places named.
 */
#ifndef CORE_CONF_SOURCE_H
#define CORE_CONF_SOURCE_H

#include "core/base/hash.h"
#include "core/conf/yaml.h"

struct source_file;

struct conf_source {
	struct arena arena; /* the tree and all names */
	struct conf_limits limits;
	struct diag *diag; /* borrowed */
	size_t errors_before; /* that it held already */
	bool is_alone;        /* no other file may be read */
	struct yaml_reader reader;
	struct source_file *files; /* newest first */
	uint32_t file_count;
	struct ew_node *root; /* a map; NULL until source_load returned 0 */
};

/* limits: NULL or zeros for the defaults. */
void source_init(struct conf_source *source, const struct conf_limits *limits, struct diag *diag);
void source_fini(struct conf_source *source);

/* Read `path` and what it includes. All errors are told; -EINVAL or -ENOMEM. */
int source_load(struct conf_source *source, const char *path) EW_CHECKED;

/* The same for text that is no file (includes are then relative to `name`). */
int source_load_text(struct conf_source *source, const char *name, const char *text, size_t size)
	EW_CHECKED;

/*
 * Read another file that the tree names, `path` relative to the file of
 * `node`. `name_out` is how it is called in places.
 */
int source_read_beside(struct conf_source *source, const struct ew_node *node, const char *path,
		       struct buf *out, const char **name_out) EW_CHECKED;

/* Replace ${name} everywhere under root by what its section `vars` says. */
int expand_tree(struct conf_source *source, struct ew_node *root) EW_CHECKED;

#endif
