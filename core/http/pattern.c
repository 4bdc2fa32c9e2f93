/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns: parsed once when a handler is registered, compared with the
 * decoded segments of each request. Pure; any thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/http/router.h"

#define LITERAL_BYTES \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-"
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789_"

/* One segment, cut out of the pattern and terminated. */
static int pattern_add(struct pattern *pattern, char *text, bool is_last)
{
	size_t size = strlen(text);
	enum pattern_kind kind = PATTERN_LITERAL;

	if (pattern->count == URI_SEGMENTS_MAX || size == 0) {
		return -EINVAL;
	}
	if (strcmp(text, "*") == 0) {
		if (!is_last) {
			return -EINVAL;
		}
		kind = PATTERN_REST;
	} else if (text[0] == '{') {
		if (size < 3 || text[size - 1] != '}' || text[1] < 'a' || text[1] > 'z') {
			return -EINVAL;
		}
		text[size - 1] = '\0';
		text++;
		if (text[strspn(text, NAME_BYTES)] != '\0') {
			return -EINVAL;
		}
		kind = PATTERN_PARAM;
		for (size_t i = 0; i < pattern->count; i++) {
			if (pattern->segments[i].kind == PATTERN_PARAM &&
			    strcmp(pattern->segments[i].text, text) == 0) {
				return -EINVAL;
			}
		}
	} else if (text[strspn(text, LITERAL_BYTES)] != '\0' || strcmp(text, ".") == 0 ||
		   strcmp(text, "..") == 0) {
		return -EINVAL;
	}
	pattern->segments[pattern->count].kind = kind;
	pattern->segments[pattern->count].text = text;
	pattern->count++;
	return 0;
}

int pattern_parse(const char *text, struct pattern *pattern_out)
{
	struct pattern pattern = {0};
	char *at;

	if (text[0] != '/' || strnlen(text, PATTERN_BYTES_MAX + 1) > PATTERN_BYTES_MAX) {
		return -EINVAL;
	}
	pattern.text = strdup(text);
	if (pattern.text == NULL) {
		return -ENOMEM;
	}
	at = text[1] != '\0' ? pattern.text + 1 : NULL;
	while (at != NULL) {
		char *slash = strchr(at, '/');

		if (slash != NULL) {
			*slash = '\0';
		}
		if (pattern_add(&pattern, at, slash == NULL) < 0) {
			free(pattern.text);
			return -EINVAL;
		}
		at = slash != NULL ? slash + 1 : NULL;
	}
	*pattern_out = pattern;
	return 0;
}

void pattern_fini(struct pattern *pattern)
{
	free(pattern->text);
	pattern->text = NULL;
	pattern->count = 0;
}

bool pattern_matches(const struct pattern *pattern, const struct uri *uri)
{
	for (size_t i = 0; i < pattern->count; i++) {
		if (pattern->segments[i].kind == PATTERN_REST) {
			return uri->segment_count > i || uri->is_folder || i == 0;
		}
		if (i == uri->segment_count) {
			return false;
		}
		if (pattern->segments[i].kind == PATTERN_LITERAL &&
		    strcmp(pattern->segments[i].text, uri->segments[i]) != 0) {
			return false;
		}
	}
	return pattern->count == uri->segment_count && !uri->is_folder;
}

int pattern_compare(const struct pattern *a, const struct pattern *b)
{
	size_t count = a->count < b->count ? a->count : b->count;

	for (size_t i = 0; i < count; i++) {
		int ret;

		if (a->segments[i].kind != b->segments[i].kind) {
			return a->segments[i].kind < b->segments[i].kind ? -1 : 1;
		}
		if (a->segments[i].kind != PATTERN_LITERAL) {
			continue;
		}
		ret = strcmp(a->segments[i].text, b->segments[i].text);
		if (ret != 0) {
			return ret;
		}
	}
	/* of two that match one path, a longer one has the star further right */
	if (a->count == b->count) {
		return 0;
	}
	return a->count > b->count ? -1 : 1;
}

const char *pattern_param(const struct pattern *pattern, const struct uri *uri, const char *name)
{
	for (size_t i = 0; i < pattern->count; i++) {
		if (pattern->segments[i].kind == PATTERN_REST && strcmp(name, "*") == 0) {
			return i < uri->segment_count ? uri->whole + uri->offsets[i] : "";
		}
		if (pattern->segments[i].kind == PATTERN_PARAM &&
		    strcmp(pattern->segments[i].text, name) == 0) {
			return uri->segments[i];
		}
	}
	return NULL;
}
