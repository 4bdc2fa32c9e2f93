/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: read, includes followed, variables replaced. A
 * refusal names at least one finding with a place; an accepted text gives a tree
 * that can be walked within the limits that it was read with.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/conf/source.h"
#include "tests/fuzz/fuzz.h"

/* small, so that a hostile text that gets past a limit is seen as slow or large */
static const struct conf_limits limits = {
	.file_bytes = 64 << 10,
	.memory = 8 << 20,
	.depth = 32,
	.nodes = 20000,
	.scalar_bytes = 4096,
	.files = 8,
};

static uint32_t walk(const struct ew_node *node, uint32_t depth)
{
	const char *text = ew_node_text(node);
	uint32_t nodes = 1;
	size_t i;

	check(depth <= limits.depth);
	if (text) {
		check(strlen(text) <= limits.scalar_bytes);
	}
	for (i = 0; i < ew_node_count(node); i++) {
		const char *key = ew_node_key(node, i);

		if (key) {
			check(ew_node_find(node, key) == ew_node_at(node, i));
		}
		nodes += walk(ew_node_at(node, i), depth + 1);
	}
	check(ew_node_at(node, i) == NULL);
	check(nodes <= limits.nodes);
	return nodes;
}

static void see(void *arg, bool is_error, const char *line)
{
	size_t *errors = arg;

	check(line[0] != '\0');
	check(!strchr(line, '\n'));
	*errors += is_error;
}

/*
 * A pattern of an include with a wildcard for a folder would search this
 * machine's disks, and its time say nothing of our code.
 */
static void tame(char *text, size_t size)
{
	bool has_wildcard = false;
	size_t i;

	for (i = 0; i < size; i++) {
		if (text[i] == '/' && has_wildcard) {
			text[i] = '_';
		}
		has_wildcard = (has_wildcard || strchr("*?[", text[i])) && text[i] != '\n';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag;
	struct conf_source source;
	size_t errors = 0;
	char *text = malloc(size ? size : 1);
	int rc;

	check(text != NULL);
	if (size) {
		memcpy(text, data, size);
	}
	tame(text, size);
	diag_init(&diag);
	source_init(&source, &limits, &diag);
	rc = source_load_text(&source, "fuzz.yaml", text, size);
	diag_each(&diag, see, &errors);
	if (rc == 0) {
		check(errors == 0);
		(void)walk(source.root, 0);     /* the checks are inside */
	} else {
		check(rc == -EINVAL || rc == -ENOMEM);
		check(errors > 0);
		check(source.root == NULL);
	}
	source_fini(&source);
	diag_fini(&diag);
	free(text);
	return 0;
}
