/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How messages travel: both topic profiles at once. A client is answered in the one
 * it speaks, and asked in the one it registered in. No I/O, no clock; runs on the
 * instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_WIRES_H
#define MODULES_LWM2M_SERVER_WIRES_H

#include "modules/lwm2m_server/server.h"
#include "proto/json/bytes.h"

struct wires {
	const char *prefix;
	size_t message_max;             /* bytes */
	struct bytes memory;            /* of the last message that was read */
	struct bytes written;           /* the last payload */
	char topic[LWM2M_TOPIC_MAX];    /* of it */
	uint64_t nameless;              /* messages without an id, so far */
	size_t operations, accepted;    /* of the bulk that is being answered */
};

void wires_fini(struct wires *wires);

/* What to subscribe to, by number; -ENOENT: no more. */
int wires_filter(const struct wires *wires, size_t number, char *topic_out);

/*
 * A message that came on a topic, for the machine. -ENOENT: the topic is of no
 * endpoint. What cannot be read is counted by the machine.
 */
int wires_hear(struct wires *wires, struct server *server, const char *topic,
	       struct lwm2m_text bytes, ew_dur now);

/* To wires->topic and wires->written. -EINVAL, -EMSGSIZE, -ENOMEM: it cannot be said. */
int wires_say(struct wires *wires, const struct server *server, const struct server_said *said);

#endif
