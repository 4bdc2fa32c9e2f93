/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching with two points of return, one for * and one for **: linear in
 * text times the pattern, never exponential.
 */
#include <stddef.h>
#include <string.h>

#include "core/bus/pattern.h"

#define PATTERN_MAX  512        /* bytes */

/* Match text against pattern[0..size). */
static bool match(const char *pattern, size_t size, const char *text)
{
	const char *end = pattern + size;
	const char *star = NULL, *star_text = NULL;     /* last * and where it began */
	const char *deep = NULL, *deep_text = NULL;     /* last ** */

	while (*text != '\0' || pattern < end) {
		if (pattern < end && *pattern == '*') {
			if (end - pattern > 1 && pattern[1] == '*') {
				pattern += 2;
				deep = pattern;
				deep_text = text;
				star = NULL;
			} else {
				pattern++;
				star = pattern;
				star_text = text;
			}
			continue;
		}
		if (pattern < end && *text != '\0' && *pattern == *text) {
			pattern++;
			text++;
			continue;
		}
		if (star != NULL && *star_text != '\0' && *star_text != '/') {
			text = ++star_text;
			pattern = star;
			continue;
		}
		if (deep != NULL && *deep_text != '\0') {
			text = ++deep_text;
			pattern = deep;
			star = NULL;
			continue;
		}
		return false;
	}
	return true;
}

static size_t device_size(const char *pattern)
{
	const char *colon = strchr(pattern, ':');

	return colon == NULL ? strlen(pattern) : (size_t)(colon - pattern);
}

const char *pattern_fault(const char *pattern)
{
	size_t size = device_size(pattern);

	if (pattern[0] == '\0') {
		return "a pattern is empty";
	}
	if (strlen(pattern) > PATTERN_MAX) {
		return "a pattern is longer than 512 bytes";
	}
	if (size == 0) {
		return "a pattern has no device before its ':'; write '**:TAG' for any";
	}
	if (pattern[size] == ':' && pattern[size + 1] == '\0') {
		return "a pattern has no tag after its ':'; leave the ':' out for all tags";
	}
	return NULL;
}

bool pattern_match_device(const char *pattern, const char *device)
{
	return match(pattern, device_size(pattern), device);
}

bool pattern_match_tag(const char *pattern, const char *device, const char *tag)
{
	size_t size = device_size(pattern);

	if (!match(pattern, size, device)) {
		return false;
	}
	if (pattern[size] == '\0') {
		return true;
	}
	pattern += size + 1;
	return match(pattern, strlen(pattern), tag);
}
