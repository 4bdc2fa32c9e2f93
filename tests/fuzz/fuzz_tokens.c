/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens file: any bytes are a list of tokens, or an error with a text. */
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/http/tokens.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tokens *tokens = NULL;
	struct ew_error err = {0};
	const char *name;
	enum ew_role role;

	if (tokens_parse((const char *)data, size, "tokens", &tokens, &err) == 0) {
		check(tokens_count(tokens) <= size / 64);
		check(tokens_find(tokens, "ew_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &name,
				  &role) < 0);
	} else {
		check(tokens == NULL && error_is_set(&err));
	}
	tokens_free(&tokens);
	return 0;
}
