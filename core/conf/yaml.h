/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to a tree of nodes. Main thread; no state between calls.
 *
 * A strict part of YAML: one document, keys are plain text, no tags (!!x), no
 * merge keys (<<), no key twice, no alias inside what it names.
 */
#ifndef CORE_CONF_YAML_H
#define CORE_CONF_YAML_H

#include "core/conf/file.h"
#include "core/conf/node.h"

/* What several files of one reading share. */
struct yaml_reader {
	struct arena *arena; /* nodes go here */
	struct diag *diag;
	const struct conf_limits *limits; /* every member set */
	uint32_t nodes; /* made so far, aliases counted each time */
};

/*
 * Read one file's text. `file` (kept, not copied) names it in places. All
 * errors of the text are told, then -EINVAL or -ENOMEM returned. An empty text
 * is an empty map.
 */
int yaml_read(struct yaml_reader *reader, const char *file, const char *text, size_t size,
	      struct ew_node **node_out) EW_CHECKED;

#endif
