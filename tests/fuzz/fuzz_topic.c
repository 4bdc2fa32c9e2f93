/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter and a topic of any bytes, a zero between them: matching agrees with
 * a slow matcher that is plainly right.
 */
#include "core/uplink/topic.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"

/* By the letter of MQTT 5, 4.7.1, level after level. */
static bool matches_slowly(const char *filter, const char *topic)
{
	const char *filter_end = strchrnul(filter, '/');
	const char *topic_end = strchrnul(topic, '/');
	bool same = filter_end - filter == topic_end - topic &&
		    strncmp(filter, topic, (size_t)(topic_end - topic)) == 0;

	if (strcmp(filter, "#") == 0) {
		return true;
	}
	if (!same && !(filter_end - filter == 1 && *filter == '+')) {
		return false;
	}
	if (*topic_end == '\0') {
		return *filter_end == '\0' || strcmp(filter_end, "/#") == 0;
	}
	return *filter_end == '/' && matches_slowly(filter_end + 1, topic_end + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *filter = strndup((const char *)data, size);
	size_t used = filter != NULL ? strlen(filter) + 1 : 0;
	char *topic = used < size ? strndup((const char *)data + used, size - used) : strdup("a");

	check(filter != NULL && topic != NULL);
	if (topic_is_valid(topic)) {
		/* a topic is a filter for itself, if it is not one that is shared */
		check(strncmp(topic, "$share/", 7) == 0 || topic_filter_is_valid(topic));
	}
	if (topic_filter_is_valid(filter) && topic_is_valid(topic)) {
		const char *plain = filter;

		if (strncmp(filter, "$share/", 7) == 0) {
			plain = strchr(filter + 7, '/') + 1;
		}
		check(topic_matches(filter, topic) ==
		      (matches_slowly(plain, topic) &&
		       !(*topic == '$' && (*plain == '+' || *plain == '#'))));
	}
	free(filter);
	free(topic);
	return 0;
}
