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

/* An answer being read, its values of the types that the definitions say. */
struct answer_records {
	const struct catalog *catalog;
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	char *scratch;
	size_t half;            /* of it: for the decoder; the other for conversions */
};

/* The ask has an answer. Errors of lwm2m_decoder_begin(); -ENOMEM. answer_end() in each case. */
int answer_begin(struct answer_records *records, const struct catalog *catalog,
		 const struct ask *ask);

/* 1 and records->record; 0 at the end; -EPROTO. */
int answer_next(struct answer_records *records);
void answer_end(struct answer_records *records);

/* Whether two values are the same, as far as a client with 32-bit floats can tell. */
bool answer_is_near(const struct lwm2m_value *a, const struct lwm2m_value *b);

/* Whether a caller wants SenML; JSON otherwise. */
bool answer_wants_senml(const struct ew_http_request *req);

/* Reply, and free the body. type NULL: JSON. */
void answer_reply(struct ew_http_request **req, int status, const char *type, struct text *body);

/* {"error": "..."}. */
void answer_put_error(struct text *body, const char *words);

#endif
