/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message of the MQTT binding: a request, which has an operation, or a
 * response, which has a result. Pure functions, any thread; nothing is
 * allocated, text is borrowed from the bytes.
 */
#ifndef PROTO_LWM2M_MESSAGE_H
#define PROTO_LWM2M_MESSAGE_H

#include <errno.h>

#include "proto/lwm2m/binding.h"

#define LWM2M_TOPIC_MAX     512         /* bytes, with a NUL */
#define LWM2M_ENDPOINT_MAX  255         /* bytes */

struct lwm2m_text {
	const char *at;         /* borrowed, not terminated */
	size_t size;
};

/* Members are valid as `has` says; see LWM2M_KEYS. */
struct lwm2m_message {
	uint32_t has;           /* LWM2M_HAS(key) */
	uint32_t unset;         /* attributes that were given as null */
	uint64_t operation;     /* of a response: what it answers, where that is known; not sent */
	uint64_t token;
	struct lwm2m_text ep;
	uint64_t pct;
	struct lwm2m_text uri;
	struct lwm2m_text paths;        /* a SenML-ETCH CBOR pack */
	struct lwm2m_text payload;
	uint64_t lifetime;      /* seconds */
	struct lwm2m_text version;
	struct lwm2m_text binding;
	struct lwm2m_text sms;
	uint64_t pmin, pmax, epmin, epmax;      /* seconds */
	double gt, st, lt;
	uint64_t result;
	uint64_t ct;
	uint64_t edge;
	uint64_t hqmax;
	uint64_t depth;
	bool is_wrapped;                /* in the map that COSE needs */
	struct lwm2m_text cose;         /* wrapped and encrypted: all there is to know */
};

/*
 * -EPROTO: not CBOR, a key twice or of the wrong kind, no token, not exactly
 * one of operation and result. -EMSGSIZE: nested too deep.
 */
int lwm2m_message_decode(const void *bytes, size_t size, struct lwm2m_message *message_out);

/* Keys ascending. -EMSGSIZE: no room. */
int lwm2m_message_encode(const struct lwm2m_message *message, void *bytes, size_t room,
			 size_t *size_out);

/* Whether a key's value, a text, is these words. */
bool lwm2m_text_is(struct lwm2m_text text, const char *words);

/* For tables; the same in each process. */
uint64_t lwm2m_text_hash(struct lwm2m_text text);

/* ---- topics: [PREFIX/]lwm2m/rd/ENDPOINT ---- */

/* Whether it can be a level of a topic. */
bool lwm2m_endpoint_is_valid(const char *text, size_t size);

/* Empty, or levels without wildcards. */
bool lwm2m_topic_prefix_is_valid(const char *text);

/* endpoint NULL: the filter of all. -EMSGSIZE: out, of LWM2M_TOPIC_MAX, is too short. */
int lwm2m_topic_format(const char *prefix, enum lwm2m_level_name level, const char *endpoint,
		       char *out);

/* What follows PREFIX/lwm2m/; NULL: not below this prefix. */
const char *lwm2m_topic_below(const char *prefix, const char *topic);

/* -ENOENT: not below this prefix, or without an endpoint. */
int lwm2m_topic_parse(const char *prefix, const char *topic, enum lwm2m_level_name *level_out,
		      struct lwm2m_text *endpoint_out);

#endif
