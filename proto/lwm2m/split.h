/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The split topic profile: a topic for each kind of message, and JSON.
 *
 *	[PREFIX/]lwm2m/ENDPOINT/reg  update (or upd)  bulk  dereg       from the client
 *	[PREFIX/]lwm2m/ENDPOINT/cmd/WORD                                from the server
 *	[PREFIX/]lwm2m/ENDPOINT/resp/WORD                               answers of both
 *
 * Both ends work with struct lwm2m_message, as in the profile of the binding;
 * here it is turned into JSON and back. Values travel as a tree of numbers
 * (`"objects": {"3303": {"0": {"5700": 21.5}}}`), as an object of paths
 * (`values`), or as one `value` with its `path`. Decoded they are SenML CBOR,
 * with the type that the object's definition states where it is known.
 *
 * `id` is the token. A message without one, as older clients and servers send
 * them, gets a token from LWM2M_SPLIT_NO_ID on, and so does not carry it back.
 *
 * Pure functions, any thread.
 */
#ifndef PROTO_LWM2M_SPLIT_H
#define PROTO_LWM2M_SPLIT_H

#include "proto/json/bytes.h"
#include "proto/lwm2m/message.h"
#include "proto/lwm2m/path.h"

#define LWM2M_SPLIT_NO_ID  (UINT64_C(1) << 63)

/* Bytes of a number's record in a bulk at most. */
#define LWM2M_SPLIT_RECORD_MAX  144u

/* X(operation, level of the request, level of its answer, status of success) */
#define LWM2M_SPLIT_OPERATIONS(X)                                                       \
	X(REGISTER, "reg", "resp/reg", "registered")                                    \
	X(UPDATE, "update", "resp/update", "updated")                                   \
	X(SEND, "bulk", "resp/bulk", "bulk_processed")                                  \
	X(DEREGISTER, "dereg", "resp/dereg", "deregistered")                            \
	X(NOTIFY, "resp/notify", "", "")                                                \
	X(READ, "cmd/read", "resp/read", "success")                                     \
	X(READ_COMPOSITE, "cmd/read-composite", "resp/read-composite", "success")       \
	X(DISCOVER, "cmd/discover", "resp/discover", "success")                         \
	X(WRITE_REPLACE, "cmd/write", "resp/write", "success")                          \
	X(WRITE_PARTIAL, "cmd/write-partial", "resp/write-partial", "success")          \
	X(WRITE_ATTRIBUTES, "cmd/attributes", "resp/attributes", "success")             \
	X(WRITE_COMPOSITE, "cmd/write-composite", "resp/write-composite", "success")    \
	X(EXECUTE, "cmd/execute", "resp/execute", "executed")                           \
	X(CREATE, "cmd/create", "resp/create", "success")                               \
	X(DELETE, "cmd/delete", "resp/delete", "success")                               \
	X(OBSERVE, "cmd/observe", "resp/observe", "success")                            \
	X(OBSERVE_COMPOSITE, "cmd/observe-composite", "resp/observe-composite", "success") \
	X(CANCEL_OBSERVE, "cmd/cancel", "resp/cancel", "success")

/* ---- topics ---- */

struct lwm2m_split_topic {
	struct lwm2m_text endpoint;
	unsigned operation;             /* enum lwm2m_operation */
	bool is_answer;
};

/*
 * level as in the table, or with a wildcard (`cmd/+`); endpoint NULL: of all.
 * -EMSGSIZE: out, of LWM2M_TOPIC_MAX, is too short.
 */
int lwm2m_split_topic_format(const char *prefix, const char *endpoint, const char *level,
			     char *out);

/* -ENOENT: not below this prefix, without a valid endpoint, or no such level. */
int lwm2m_split_topic_parse(const char *prefix, const char *topic,
			    struct lwm2m_split_topic *topic_out);

/* Where a message goes; an answer must have its operation set. NULL: nowhere. */
const char *lwm2m_split_level(const struct lwm2m_message *message);

/* ---- messages ---- */

/* What an envelope says beside the message. */
struct lwm2m_split_about {
	const char *endpoint;
	int64_t now;            /* ns UTC: `timestamp` of what is written; 0: none */
	uint64_t lifetime;      /* seconds: in the answer to a Register */
	size_t operations;      /* in the answer to a bulk: of it */
	size_t accepted;
};

/*
 * Append the JSON of a message to `out`. -EINVAL: the payload is none, or has
 * what JSON cannot say; -ENOTSUP: no such message in this profile; -ENOMEM.
 */
int lwm2m_split_encode(const struct lwm2m_message *message, const struct lwm2m_split_about *about,
		       struct bytes *out);

struct lwm2m_split {
	struct lwm2m_message message;   /* an answer has its operation, without the bit */
	bool has_id;                    /* else the token is LWM2M_SPLIT_NO_ID */
	struct lwm2m_text values;       /* SenML CBOR beside a Register or Update */
	size_t operations;              /* of a bulk */
	size_t accepted;
};

/*
 * Decode what came on a topic. What it points to is in `memory`, or in the text.
 * A bulk's lifetime, which older clients state, is set in the message: it keeps
 * the registration as an Update does.
 *
 * -EPROTO: not JSON, or not of this profile; -EMSGSIZE: nested too deep; -ENOMEM.
 */
int lwm2m_split_decode(const struct lwm2m_split_topic *topic, struct lwm2m_text text,
		       struct bytes *memory, struct lwm2m_split *split_out);

/* ---- for the files of the profile ---- */

struct lwm2m_split_row {
	unsigned operation;
	const char *request;
	const char *answer;             /* "": none */
	const char *status;
};

/* NULL: not in this profile. */
const struct lwm2m_split_row *lwm2m_split_row_find(uint64_t operation);

#endif
