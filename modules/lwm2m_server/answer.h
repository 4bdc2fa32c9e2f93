/* SPDX-License-Identifier: Apache-2.0 */
/* What callers are told of requests: JSON, and SenML JSON. On the instance's loop. */
#ifndef MODULES_LWM2M_SERVER_ANSWER_H
#define MODULES_LWM2M_SERVER_ANSWER_H

#include <edgeway/http.h>

#include "modules/lwm2m_server/asks.h"
#include "modules/lwm2m_server/text.h"

#define ANSWER_MAX    (16u << 20)       /* bytes of an answer */
#define ANSWER_SENML  "application/senml+json"

/* A request as JSON, with the records of its answer: names, and types of the definitions. */
void answer_ask(const struct catalog *catalog, struct text *body, const struct ask *ask);

/*
 * The records of one request that is over as a SenML pack (RFC 8428), or why there
 * are none as {"error": ...}. Returns the status of HTTP that says so.
 */
int answer_senml(const struct catalog *catalog, struct text *body, const struct ask *ask);

/* Whether a caller wants SenML; JSON otherwise. */
bool answer_wants_senml(const struct ew_http_request *req);

/* Reply, and free the body. type NULL: JSON. */
void answer_reply(struct ew_http_request **req, int status, const char *type, struct text *body);

/* {"error": "..."}. */
void answer_put_error(struct text *body, const char *words);

#endif
