/* SPDX-License-Identifier: Apache-2.0 */
/* The split profile: see profile.h; topics and JSON are in proto/lwm2m/split.h. */
#include <errno.h>
#include <string.h>

#include "modules/lwm2m/profile.h"
#include "proto/lwm2m/split.h"

static int split_filter(const struct profile_end *end, size_t number, char *topic_out)
{
	static const char *const levels[] = {"cmd/+", "resp/+"};

	return number >= sizeof(levels) / sizeof(levels[0]) ? -ENOENT :
	       lwm2m_split_topic_format(end->prefix, end->endpoint, levels[number], topic_out);
}

static int split_encode(struct profile_end *end, const struct lwm2m_message *message, ew_time now)
{
	const struct lwm2m_split_about about = {.endpoint = end->endpoint, .now = now};
	const char *level = lwm2m_split_level(message);
	int rc = level == NULL ? -EINVAL :
		 lwm2m_split_topic_format(end->prefix, end->endpoint, level, end->topic);

	bytes_cut(&end->written, 0);
	if (rc == 0) {
		rc = lwm2m_split_encode(message, &about, &end->written);
	}
	return rc;
}

static int split_decode(struct profile_end *end, const char *topic, struct lwm2m_text bytes,
			struct lwm2m_message *message_out)
{
	struct lwm2m_split_topic parsed;
	struct lwm2m_split split;
	int rc = bytes.size > PROFILE_MESSAGE_MAX ? -EMSGSIZE :
		 lwm2m_split_topic_parse(end->prefix, topic, &parsed) != 0 ? -EPROTO :
		 lwm2m_split_decode(&parsed, bytes, &end->memory, &split);

	if (rc != 0) {
		return rc;
	}
	if (!split.has_id) {
		/* each is another one, and an answer to none carries it */
		split.message.token += end->nameless++;
	}
	*message_out = split.message;
	return 0;
}

const struct profile profile_split = {
	.record_max = LWM2M_SPLIT_RECORD_MAX,
	.filter = split_filter,
	.encode = split_encode,
	.decode = split_decode,
};
