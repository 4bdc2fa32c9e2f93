/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an object of the split profile: see split_members.h. */
#include "proto/lwm2m/split_members.h"

#include <string.h>

#include "proto/lwm2m/value.h"

#define MILLISECOND  INT64_C(1000000)

enum split_kind {
	KIND_SCALAR, KIND_WHOLE, KIND_NUMBER, KIND_TEXT, KIND_OBJECT, KIND_ARRAY
};

/* A key, and the member of the message that it is, if it is one. */
static const struct {
	const char *name;
	enum split_kind kind;
	uint32_t bit;
	size_t offset;
} keys[KEY_COUNT] = {
#define MEMBER(key, member)  LWM2M_HAS(key), offsetof(struct lwm2m_message, member)
	[KEY_ID] = {"id", KIND_WHOLE, MEMBER(TOKEN, token)},
	[KEY_ENDPOINT] = {"endpoint", KIND_TEXT, MEMBER(EP, ep)},
	[KEY_LIFETIME] = {"lifetime", KIND_WHOLE, MEMBER(LIFETIME, lifetime)},
	[KEY_VERSION] = {"version", KIND_TEXT, MEMBER(VERSION, version)},
	[KEY_BINDING] = {"bindingMode", KIND_TEXT, MEMBER(BINDING, binding)},
	[KEY_LINKS] = {"links", KIND_TEXT, 0, 0},
	[KEY_TIME] = {"timestamp", KIND_SCALAR, 0, 0},
	[KEY_PATH] = {"path", KIND_TEXT, MEMBER(URI, uri)},
	[KEY_OBJECT] = {"objectId", KIND_WHOLE, 0, 0},
	[KEY_INSTANCE] = {"instanceId", KIND_WHOLE, 0, 0},
	[KEY_RESOURCE] = {"resourceId", KIND_WHOLE, 0, 0},
	[KEY_VALUE] = {"value", KIND_SCALAR, 0, 0},
	[KEY_ARGUMENTS] = {"arguments", KIND_TEXT, 0, 0},
	[KEY_RESULT] = {"result", KIND_WHOLE, 0, 0},
	[KEY_STATUS] = {"status", KIND_TEXT, 0, 0},
	[KEY_OPERATION] = {"operation", KIND_TEXT, 0, 0},
	[KEY_DEPTH] = {"depth", KIND_WHOLE, MEMBER(DEPTH, depth)},
	[KEY_PMIN] = {"pmin", KIND_WHOLE, MEMBER(PMIN, pmin)},
	[KEY_PMAX] = {"pmax", KIND_WHOLE, MEMBER(PMAX, pmax)},
	[KEY_EPMIN] = {"epmin", KIND_WHOLE, MEMBER(EPMIN, epmin)},
	[KEY_EPMAX] = {"epmax", KIND_WHOLE, MEMBER(EPMAX, epmax)},
	[KEY_EDGE] = {"edge", KIND_WHOLE, MEMBER(EDGE, edge)},
	[KEY_HQMAX] = {"hqmax", KIND_WHOLE, MEMBER(HQMAX, hqmax)},
	[KEY_GT] = {"gt", KIND_NUMBER, MEMBER(GT, gt)},
	[KEY_ST] = {"st", KIND_NUMBER, MEMBER(ST, st)},
	[KEY_LT] = {"lt", KIND_NUMBER, MEMBER(LT, lt)},
	[KEY_OBJECTS] = {"objects", KIND_OBJECT, 0, 0},
	[KEY_VALUES] = {"values", KIND_OBJECT, 0, 0},
	[KEY_PATHS] = {"paths", KIND_ARRAY, 0, 0},
	[KEY_BULK] = {"bulk_operations", KIND_ARRAY, 0, 0},
#undef MEMBER
};

/* KEY_COUNT: another one, which is passed over. */
static enum split_key split_key_of(const struct json_in_token *token)
{
	unsigned i = 0;

	while (i < KEY_COUNT && !lwm2m_text_is((struct lwm2m_text){token->text, token->size},
					       keys[i].name)) {
		i++;
	}
	return (enum split_key)i;
}

static int split_check_kind(enum split_key key, const struct json_in_token *token)
{
	enum json_in_kind kind = token->kind;
	bool fits = false;

	switch (keys[key].kind) {
	case KIND_SCALAR:
		fits = kind >= JSON_IN_TEXT;
		break;
	case KIND_WHOLE:
	case KIND_NUMBER:
		/* what is null takes an attribute back */
		fits = kind == JSON_IN_NUMBER ||
		       (kind == JSON_IN_NULL && key >= KEY_PMIN && key <= KEY_LT);
		break;
	case KIND_TEXT:
		fits = kind == JSON_IN_TEXT;
		break;
	case KIND_OBJECT:
		fits = kind == JSON_IN_OBJECT;
		break;
	case KIND_ARRAY:
		fits = kind == JSON_IN_ARRAY;
		break;
	}
	return fits ? 0 : -EPROTO;
}

/* To the end of what has begun. */
static int split_leave(struct json_in *in)
{
	unsigned outside = in->depth - 1u;
	struct json_in_token token;
	int rc = 0;

	while (rc == 0 && in->depth > outside) {
		rc = json_in_next(in, &token);
	}
	return rc;
}

int split_members(struct json_in *in, struct split_members *members)
{
	struct json_in_token token;
	enum split_key key;
	int rc;

	memset(members, 0, sizeof(*members));
	while ((rc = json_in_next(in, &token)) == 0 && token.kind == JSON_IN_KEY) {
		key = split_key_of(&token);
		if (key == KEY_COUNT) {
			rc = json_in_skip(in);
		} else if (split_has(members, key)) {
			rc = -EPROTO;
		} else if ((rc = json_in_next(in, &members->at[key])) == 0 &&
			   (rc = split_check_kind(key, &members->at[key])) == 0 &&
			   key >= KEY_INSIDE) {
			members->inside[key - KEY_INSIDE] = *in;
			rc = split_leave(in);
		}
		if (rc != 0) {
			return rc;
		}
	}
	return rc;
}

struct json_in split_inside(const struct json_in *in, const struct split_members *members,
			    enum split_key key)
{
	struct json_in inside = members->inside[key - KEY_INSIDE];

	inside.scratch = in->scratch;           /* what was used meanwhile is in use */
	inside.scratch_end = in->scratch_end;
	return inside;
}

int64_t split_time(const struct split_members *members)
{
	const struct json_in_token *token = &members->at[KEY_TIME];
	const char *point = token->kind != JSON_IN_NUMBER ? NULL :
			    memchr(token->text, '.', token->size);
	size_t size = point == NULL ? token->size : (size_t)(point - token->text);
	int64_t time, rest = 0;

	if (token->kind != JSON_IN_NUMBER || token->text[0] == '-' ||
	    lwm2m_integer_parse(token->text, size, &time) != 0 ||
	    time > INT64_MAX / MILLISECOND - 1) {
		return 0;
	}
	for (size_t i = size + 1, unit = MILLISECOND / 10; i < token->size && unit > 0;
	     i++, unit /= 10) {
		if (token->text[i] < '0' || token->text[i] > '9') {
			return 0;
		}
		rest += (token->text[i] - '0') * (int64_t)unit;
	}
	return time * MILLISECOND + rest;
}

int split_whole(const struct json_in_token *token, uint64_t *value_out)
{
	int64_t value;

	if (lwm2m_integer_parse(token->text, token->size, &value) != 0 || value < 0) {
		return -EPROTO;
	}
	*value_out = (uint64_t)value;
	return 0;
}

int split_fill(const struct split_members *members, struct lwm2m_message *message)
{
	int rc = 0;

	for (unsigned key = 0; key < KEY_INSIDE && rc == 0; key++) {
		const struct json_in_token *token = &members->at[key];
		void *member = (char *)message + keys[key].offset;

		if (keys[key].bit == 0 || token->kind == JSON_IN_END) {
			continue;
		}
		if (token->kind == JSON_IN_NULL) {
			message->unset |= keys[key].bit;
			continue;
		}
		message->has |= keys[key].bit;
		if (keys[key].kind == KIND_WHOLE) {
			rc = split_whole(token, member);
		} else if (keys[key].kind == KIND_NUMBER) {
			rc = lwm2m_float_parse(token->text, token->size, member);
		} else {
			const struct lwm2m_text text = {token->text, token->size};

			memcpy(member, &text, sizeof(text));
		}
	}
	return rc;
}

