/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics of Sparkplug B:
 *
 *	spBv1.0/GROUP/NBIRTH|NDEATH|NDATA|NCMD/NODE
 *	spBv1.0/GROUP/DBIRTH|DDEATH|DDATA|DCMD/NODE/DEVICE
 *	spBv1.0/STATE/HOST
 *
 * Ids are UTF-8 without + / # and control characters, 1 to SP_ID_MAX bytes; no
 * group is called STATE.
 */
#ifndef PROTO_SPARKPLUG_TOPIC_H
#define PROTO_SPARKPLUG_TOPIC_H

#include "proto/sparkplug/type.h"

#define SP_NAMESPACE  "spBv1.0"
#define SP_ID_MAX     255u
#define SP_TOPIC_MAX  (sizeof(SP_NAMESPACE) + sizeof("/NBIRTH/") + 3 * (SP_ID_MAX + 1))

/* Which have a device level follows from the first letter. */
#define SP_VERBS(X)             \
	X(NBIRTH, "NBIRTH")     \
	X(NDEATH, "NDEATH")     \
	X(NDATA, "NDATA")       \
	X(NCMD, "NCMD")         \
	X(DBIRTH, "DBIRTH")     \
	X(DDEATH, "DDEATH")     \
	X(DDATA, "DDATA")       \
	X(DCMD, "DCMD")         \
	X(STATE, "STATE")

enum sp_verb {
#define SP_VERB_ENUM(symbol, word) SP_##symbol,
	SP_VERBS(SP_VERB_ENUM)
#undef SP_VERB_ENUM
};

struct sp_topic {
	enum sp_verb verb;
	struct sp_bytes group;          /* empty for STATE */
	struct sp_bytes node;           /* the host for STATE */
	struct sp_bytes device;         /* empty where there is none */
};

/* Whether the text may be a group, node, device or host. */
bool sp_id_is_valid(struct sp_bytes id);

bool sp_verb_has_device(enum sp_verb verb);

/*
 * Errors: -EPROTO  not a topic of Sparkplug B
 */
int sp_topic_parse(struct sp_bytes topic, struct sp_topic *topic_out);

/*
 * Returns the length; the text is terminated.
 *
 * Errors: -EINVAL  an id is none, or one too few or too many;  -EMSGSIZE  no room
 */
int sp_topic_format(const struct sp_topic *topic, char *text, size_t size);

static inline bool sp_bytes_equal(struct sp_bytes a, struct sp_bytes b)
{
	return a.size == b.size &&
	       (a.size == 0 || __builtin_memcmp(a.at, b.at, a.size) == 0);
}

struct sp_bytes sp_text(const char *text);

#endif
