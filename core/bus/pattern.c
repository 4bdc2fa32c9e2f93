/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is split at its first colon; each half is matched on its own.
 */
#include <stddef.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/bus/pattern.h"

#define PATTERN_MAX  512        /* bytes */

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
	size_t size = device_size(pattern);
	char half[PATTERN_MAX + 1];

	if (pattern[size] == '\0') {
		return text_match(pattern, device);
	}
	check(size < sizeof(half));
	memcpy(half, pattern, size);
	half[size] = '\0';
	return text_match(half, device);
}

bool pattern_match_tag(const char *pattern, const char *device, const char *tag)
{
	size_t size = device_size(pattern);

	return pattern_match_device(pattern, device) &&
	       (pattern[size] == '\0' || text_match(pattern + size + 1, tag));
}
