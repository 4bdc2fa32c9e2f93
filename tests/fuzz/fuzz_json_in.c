/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: it ends, in balance, on any input. */
#include <stdlib.h>

#include "core/base/check.h"
#include "proto/json/json_in.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *scratch = malloc(size + 1);
	struct json_in_token token;
	struct json_in in;
	int opened = 0;

	check(scratch != NULL);
	json_in_begin(&in, (const char *)data, size);
	json_in_scratch(&in, scratch, size);
	while (json_in_next(&in, &token) == 0) {
		check(in.depth <= JSON_IN_DEPTH_MAX);
		opened += token.kind == JSON_IN_OBJECT || token.kind == JSON_IN_ARRAY;
		opened -= token.kind == JSON_IN_CLOSE;
		if (token.kind == JSON_IN_END) {
			check(opened == 0);
			break;
		}
	}
	json_in_begin(&in, (const char *)data, size);
	json_in_scratch(&in, scratch, size);
	if (json_in_skip(&in) == 0) {
		check(in.depth == 0);
	}
	free(scratch);
	return 0;
}
