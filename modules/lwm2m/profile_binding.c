/* SPDX-License-Identifier: Apache-2.0 */
/* The profile of the binding: see profile.h. */
#include <errno.h>
#include <string.h>

#include "modules/lwm2m/profile.h"

void profile_end_fini(struct profile_end *end)
{
	bytes_free(&end->memory);
	bytes_free(&end->written);
}

static int binding_filter(const struct profile_end *end, size_t number, char *topic_out)
{
	return number > 0 ? -ENOENT :
	       lwm2m_topic_format(end->prefix, LWM2M_RD, end->endpoint, topic_out);
}

static int binding_encode(struct profile_end *end, const struct lwm2m_message *message,
			  ew_time now)
{
	char *at;
	size_t size;
	int rc = lwm2m_topic_format(end->prefix, LWM2M_RD, end->endpoint, end->topic);

	(void)now;
	bytes_cut(&end->written, 0);
	at = bytes_room(&end->written, message->payload.size + message->paths.size + 1024);
	if (at == NULL || rc != 0) {
		return rc != 0 ? rc : -ENOMEM;
	}
	rc = lwm2m_message_encode(message, at, end->written.room, &size);
	if (rc == 0) {
		bytes_grow(&end->written, size);
	}
	return rc;
}

static int binding_decode(struct profile_end *end, const char *topic, struct lwm2m_text bytes,
			  struct lwm2m_message *message_out)
{
	(void)end;
	(void)topic;
	return bytes.size > PROFILE_MESSAGE_MAX ? -EMSGSIZE :
	       lwm2m_message_decode(bytes.at, bytes.size, message_out) != 0 ||
	       message_out->cose.size > 0 ? -EPROTO : 0;
}

const struct profile profile_binding = {
	.filter = binding_filter,
	.encode = binding_encode,
	.decode = binding_decode,
};
