/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a JSON object of the split profile, in whichever order they
 * come. Internal to its files; see split.h.
 */
#ifndef PROTO_LWM2M_SPLIT_MEMBERS_H
#define PROTO_LWM2M_SPLIT_MEMBERS_H

#include "proto/json/json_in.h"
#include "proto/lwm2m/message.h"

enum split_key {
	KEY_ID, KEY_ENDPOINT, KEY_LIFETIME, KEY_VERSION, KEY_BINDING, KEY_LINKS, KEY_TIME,
	KEY_PATH, KEY_OBJECT, KEY_INSTANCE, KEY_RESOURCE, KEY_VALUE, KEY_ARGUMENTS, KEY_RESULT,
	KEY_STATUS, KEY_OPERATION, KEY_DEPTH, KEY_PMIN, KEY_PMAX, KEY_EPMIN, KEY_EPMAX, KEY_EDGE,
	KEY_HQMAX, KEY_GT, KEY_ST, KEY_LT,
	/* those that have an inside */
	KEY_OBJECTS, KEY_VALUES, KEY_PATHS, KEY_BULK,
	KEY_COUNT
};
#define KEY_INSIDE  KEY_OBJECTS

/* An object that was looked over. */
struct split_members {
	struct json_in_token at[KEY_COUNT];     /* JSON_IN_END: not there */
	struct json_in inside[KEY_COUNT - KEY_INSIDE];  /* after the brace or bracket */
};

static inline bool split_has(const struct split_members *members, enum split_key key)
{
	return members->at[key].kind != JSON_IN_END;
}

static inline struct lwm2m_text split_said(const struct split_members *members, enum split_key key)
{
	return (struct lwm2m_text){members->at[key].text, members->at[key].size};
}

/*
 * Look over an object whose brace has been read, to its end. Texts with escapes use up
 * scratch of *in. -EPROTO: not JSON, a member twice or of the wrong kind; -EMSGSIZE.
 */
int split_members(struct json_in *in, struct split_members *members);

/* Where a member's tree or list begins; the scratch that is left is that of *in. */
struct json_in split_inside(const struct json_in *in, const struct split_members *members,
			    enum split_key key);

/* `timestamp`, milliseconds, in ns UTC; 0: none, or none that can be. */
int64_t split_time(const struct split_members *members);

/* -EPROTO: not a whole number that is not negative. */
int split_whole(const struct json_in_token *token, uint64_t *value_out);

/* The members of the message that the object has. -EPROTO. */
int split_fill(const struct split_members *members, struct lwm2m_message *message);

#endif
