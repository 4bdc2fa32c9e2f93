/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the messages of a client travel: a topic profile turns them into topic and
 * payload, and back. One row each: that of the binding, CBOR on one topic
 * (profile_binding.c), and the split one, JSON on a topic for each kind of message
 * (profile_split.c). No I/O; runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_PROFILE_H
#define MODULES_LWM2M_PROFILE_H

#include <edgeway/base.h>

#include "proto/json/bytes.h"
#include "proto/lwm2m/message.h"

#define PROFILE_FILTERS_MAX  2u
#define PROFILE_MESSAGE_MAX  262144u    /* bytes of a message, in and out */

/* One end, and what was last written or read by it. */
struct profile_end {
	const char *prefix;
	const char *endpoint;
	struct bytes memory;            /* of the last message that was read */
	struct bytes written;           /* the last payload */
	char topic[LWM2M_TOPIC_MAX];    /* of it */
	uint64_t nameless;              /* messages without an id, so far */
};

struct profile {
	/* Bytes of a record in a Send at most; 0: no more than CBOR has. */
	size_t record_max;

	/* What to subscribe to, by number; -ENOENT: no more. */
	int (*filter)(const struct profile_end *end, size_t number, char *topic_out);

	/* To end->topic and end->written. -EINVAL, -EMSGSIZE, -ENOMEM: it cannot be said. */
	int (*encode)(struct profile_end *end, const struct lwm2m_message *message, ew_time now);

	/* -EPROTO: no message of this profile; -EMSGSIZE, -ENOMEM. Borrowed until the next. */
	int (*decode)(struct profile_end *end, const char *topic, struct lwm2m_text bytes,
		      struct lwm2m_message *message_out);
};

extern const struct profile profile_binding;
extern const struct profile profile_split;

void profile_end_fini(struct profile_end *end);

#endif
