/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request for paths or values, made once: which operation it takes, and the
 * payload. For callers over HTTP, writes of the bus and desired states alike.
 */
#ifndef MODULES_LWM2M_SERVER_REQUEST_H
#define MODULES_LWM2M_SERVER_REQUEST_H

#include "modules/lwm2m_server/body.h"
#include "modules/lwm2m_server/peers.h"

#define REQUEST_PAYLOAD_MAX  65536u     /* bytes of what is written */

struct request {
	struct lwm2m_message message;
	char uri[LWM2M_PATH_MAX];
	char bytes[REQUEST_PAYLOAD_MAX];
};

/*
 * `operation` for one item; for several the composite of Read, Observe and Write. The
 * message may already have attributes; it borrows from the request. Errors: those of
 * lwm2m_encoder_push().
 */
int request_make(struct request *request, enum lwm2m_operation operation,
		 const struct body_item *items, size_t count);

/* Whether several paths can be one request of this operation. */
bool request_has_composite(enum lwm2m_operation operation);

/* A name with a star is every client that is registered and matches. */
bool request_is_pattern(const struct peers *peers, const char *device);

/* each(arg, endpoint) for each device of a body, patterns spelled out. */
typedef void (*request_device_fn)(void *arg, const char *endpoint);
void request_each_device(const struct peers *peers, const struct body *body,
			 request_device_fn each, void *arg);

/* Whether the definitions allow it; what they do not know is the client's to judge. */
bool request_may(const struct catalog *catalog, const struct body *body, unsigned operation);

/* Why a request was not taken, in words: -errno of server_ask(). */
const char *request_error(int rc);

#endif
