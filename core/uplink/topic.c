/* SPDX-License-Identifier: Apache-2.0 */
/* See topic.h. One pass each, linear in the text. */
#include "core/uplink/topic.h"

#include <stddef.h>
#include <string.h>

#include "core/base/text.h"

static bool topic_is_text(const char *text)
{
	size_t size = strnlen(text, TOPIC_SIZE_MAX + 1);

	return size > 0 && size <= TOPIC_SIZE_MAX && text_is_utf8(text, size);
}

bool topic_is_valid(const char *topic)
{
	return topic_is_text(topic) && strpbrk(topic, "+#") == NULL;
}

/* Behind "$share/GROUP/"; the filter itself when not shared; NULL: damaged. */
static const char *topic_unshared(const char *filter)
{
	const char *group;
	const char *slash;

	if (strncmp(filter, "$share/", 7) != 0) {
		return filter;
	}
	group = filter + 7;
	slash = strchr(group, '/');
	if (slash == NULL || slash == group || slash[1] == '\0') {
		return NULL;
	}
	for (const char *at = group; at < slash; at++) {
		if (*at == '+' || *at == '#') {
			return NULL;
		}
	}
	return slash + 1;
}

bool topic_filter_is_valid(const char *filter)
{
	const char *at;

	if (!topic_is_text(filter)) {
		return false;
	}
	filter = topic_unshared(filter);
	if (filter == NULL) {
		return false;
	}
	for (at = filter; *at != '\0'; at++) {
		bool first = at == filter || at[-1] == '/';

		if (*at == '+' && (!first || (at[1] != '\0' && at[1] != '/'))) {
			return false;
		}
		if (*at == '#' && (!first || at[1] != '\0')) {
			return false;
		}
	}
	return true;
}

bool topic_matches(const char *filter, const char *topic)
{
	filter = topic_unshared(filter);
	if (filter == NULL) {
		return false;
	}
	if (*topic == '$' && (*filter == '+' || *filter == '#')) {
		return false; /* 4.7.2 */
	}
	for (;;) {
		size_t filter_size = strcspn(filter, "/");
		size_t topic_size = strcspn(topic, "/");

		if (*filter == '#') {
			return true;
		}
		if (*filter != '+' &&
		    (filter_size != topic_size || memcmp(filter, topic, topic_size) != 0)) {
			return false;
		}
		filter += filter_size;
		topic += topic_size;
		if (*topic == '\0') {
			/* "sport/#" matches "sport" too, 4.7.1.2 */
			return *filter == '\0' || strcmp(filter, "/#") == 0;
		}
		if (*filter == '\0') {
			return false;
		}
		filter++;
		topic++;
	}
}
