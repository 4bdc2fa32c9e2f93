/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request targets and path patterns. The first line is a pattern, the rest a
 * target. What is accepted has one spelling: decoded texts are UTF-8 without
 * control characters, and a literal pattern made of them matches.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/http/router.h"

#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	check(text_is_utf8(text, strlen(text)));
	for (; *text != '\0'; text++) {
		check((unsigned char)*text >= 0x20 && *text != 0x7f);
	}
}

static void check_uri(const struct uri *uri)
{
	check(uri->path[0] == '/' && uri->whole[0] == '/');
	check_text(uri->whole);
	for (size_t i = 0; i < uri->segment_count; i++) {
		const char *segment = uri->segments[i];

		check(segment[0] != '\0' && strcmp(segment, "..") != 0);
		check(strncmp(uri->whole + uri->offsets[i], segment, strlen(segment)) == 0);
	}
	for (size_t i = 0; i < uri->pair_count; i++) {
		check_text(uri->pairs[i].name);
		check_text(uri->pairs[i].value);
		check(uri_query(uri, uri->pairs[i].name, 0) != NULL);
	}
}

static void check_match(const struct pattern *pattern, const struct uri *uri)
{
	check(pattern_compare(pattern, pattern) == 0);
	if (!pattern_matches(pattern, uri)) {
		return;
	}
	for (size_t i = 0; i < pattern->count; i++) {
		const char *name = pattern->segments[i].text;

		if (pattern->segments[i].kind != PATTERN_LITERAL) {
			check_text(pattern_param(pattern, uri, name));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pattern pattern = {0};
	struct uri uri;
	char *text;
	char *target;

	text = malloc(size + 1);
	if (text == NULL) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	target = strchr(text, '\n');
	if (target != NULL) {
		*target = '\0';
		target++;
		if (pattern_parse(text, &pattern) < 0) {
			pattern = (struct pattern){0};
		}
		if (uri_parse(target, &uri) == 0) {
			check_uri(&uri);
			check_match(&pattern, &uri);
			uri_fini(&uri);
		}
		pattern_fini(&pattern);
	}
	free(text);
	return 0;
}
