/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a CSV file of tags: read, and bound as the tags of a device.
 * What is refused is told with a position.
 */
#include "core/conf/csv.h"

#include <string.h>

#include "core/base/check.h"
#include "core/conf/config_tag.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_module.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_limits limits = conf_limits_default;
	struct arena arena;
	struct diag diag;
	struct bind bind = {.arena = &arena, .diag = &diag, .who = "fuzz"};
	struct config_tag_binder binder = {&bind, &fuzz_module};
	struct yaml_reader reader = {.arena = &arena, .diag = &diag, .limits = &limits};
	struct config_tags tags = {0};
	struct ew_node *map = NULL;
	size_t i;

	arena_init(&arena, limits.memory);
	diag_init(&diag);
	if (csv_read(&reader, "fuzz.csv", (const char *)data, size, &map) < 0) {
		check(map == NULL && diag.errors > 0 && diag.items[0].place.line > 0);
	} else if (config_bind_tags(&binder, map, &tags) < 0) {
		check(diag.errors > 0);
	} else {
		check(tags.count == ew_node_count(map));
		for (i = 1; i < tags.count; i++) {
			check(strcmp(tags.tags[tags.by_name[i - 1]].spec.name,
				     tags.tags[tags.by_name[i]].spec.name) < 0);
		}
	}
	diag_fini(&diag);
	arena_fini(&arena);
	return 0;
}
