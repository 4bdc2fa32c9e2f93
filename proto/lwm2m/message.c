/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the MQTT binding: see message.h; numbers are in binding.h. */
#include "proto/lwm2m/message.h"

#include <stdio.h>
#include <string.h>

#include "proto/cbor/cbor.h"
#include "proto/lwm2m/value.h"

#define WRAPPER  1              /* key of the wrapper; the message is under the next */

/* What may be taken back by a null: the attributes. */
#define UNSETTABLE  (LWM2M_HAS(PMIN) | LWM2M_HAS(PMAX) | LWM2M_HAS(GT) | LWM2M_HAS(ST) | \
		     LWM2M_HAS(EPMIN) | LWM2M_HAS(EPMAX) | LWM2M_HAS(EDGE) | \
		     LWM2M_HAS(HQMAX) | LWM2M_HAS(LT))

struct message_field {
	uint8_t kind;           /* enum lwm2m_key_kind */
	uint16_t offset;        /* 0: no such key */
};

static const struct message_field fields[LWM2M_KEY_LAST + 1] = {
#define LWM2M_KEY_FIELD(name, number, what, member) \
	[number] = {LWM2M_KEY_##what, offsetof(struct lwm2m_message, member)},
	LWM2M_KEYS(LWM2M_KEY_FIELD)
#undef LWM2M_KEY_FIELD
};

static const struct lwm2m_operation_row operations[] = {
#define LWM2M_OPERATION_ROW(name, code, text, level, sender, success) \
	{code, text, LWM2M_##level, LWM2M_##sender, success},
	LWM2M_OPERATIONS(LWM2M_OPERATION_ROW)
#undef LWM2M_OPERATION_ROW
};

const struct lwm2m_operation_row *lwm2m_operation_find(uint64_t code,
						       enum lwm2m_level_name level)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (operations[i].code == code && operations[i].level == level) {
			return &operations[i];
		}
	}
	return NULL;
}

bool lwm2m_text_is(struct lwm2m_text text, const char *words)
{
	return strlen(words) == text.size && memcmp(words, text.at, text.size) == 0;
}

/* FNV-1a */
uint64_t lwm2m_text_hash(struct lwm2m_text text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < text.size; i++) {
		hash = (hash ^ (uint8_t)text.at[i]) * UINT64_C(1099511628211);
	}
	return hash;
}

/* ---- reading ---- */

static int message_number(const struct cbor_item *item, double *value_out)
{
	if (item->kind == CBOR_FLOAT) {
		*value_out = item->v.f;
	} else if (item->kind == CBOR_UINT) {
		*value_out = (double)item->v.u;
	} else if (item->kind == CBOR_NEGATIVE) {
		*value_out = (double)item->v.i;
	} else {
		return -EPROTO;
	}
	return *value_out - *value_out == 0 ? 0 : -EPROTO;
}

static int message_take(struct lwm2m_message *message, uint64_t key,
			const struct cbor_item *item)
{
	const struct message_field *field = &fields[key];
	uint32_t bit = UINT32_C(1) << key;
	char *member = (char *)message + field->offset;
	struct lwm2m_text text;

	if (((message->has | message->unset) & bit) != 0) {
		return -EPROTO;
	}
	if (item->kind == CBOR_NULL && (bit & UNSETTABLE) != 0) {
		message->unset |= bit;
		return 0;
	}
	message->has |= bit;
	switch ((enum lwm2m_key_kind)field->kind) {
	case LWM2M_KEY_UINT:
		if (item->kind != CBOR_UINT) {
			return -EPROTO;
		}
		memcpy(member, &item->v.u, sizeof(item->v.u));
		return 0;
	case LWM2M_KEY_NUMBER:
		return message_number(item, (double *)(void *)member);
	case LWM2M_KEY_TEXT:
	case LWM2M_KEY_BYTES:
		break;
	}
	if (item->kind != CBOR_TEXT &&
	    !(item->kind == CBOR_BYTES && field->kind == LWM2M_KEY_BYTES)) {
		return -EPROTO;
	}
	text.at = (const char *)item->v.x.at;
	text.size = item->v.x.size;
	memcpy(member, &text, sizeof(text));
	return 0;
}

/* One pair; the head of the key has been read. */
static int message_pair(struct cbor_in *in, struct lwm2m_message *message,
			const struct cbor_item *key)
{
	struct cbor_item item;

	if (key->kind == CBOR_TEXT && key->v.x.size == 2 && memcmp(key->v.x.at, "lt", 2) == 0) {
		if (cbor_next(in, &item) != 0 || ((message->has | message->unset) &
						  LWM2M_HAS(LT)) != 0) {
			return -EPROTO;
		}
		if (item.kind == CBOR_NULL) {
			message->unset |= LWM2M_HAS(LT);
			return 0;
		}
		message->has |= LWM2M_HAS(LT);
		return message_number(&item, &message->lt);
	}
	if (key->kind != CBOR_UINT && key->kind != CBOR_NEGATIVE && key->kind != CBOR_TEXT) {
		return -EPROTO;
	}
	if (key->kind != CBOR_UINT || key->v.u > LWM2M_KEY_LAST || fields[key->v.u].offset == 0) {
		return cbor_skip(in);
	}
	return cbor_next(in, &item) == 0 ? message_take(message, key->v.u, &item) : -EPROTO;
}

/* Pairs of a map whose head has been read. */
static int message_map(struct cbor_in *in, uint64_t pairs, struct lwm2m_message *message)
{
	struct cbor_item key;
	int rc;

	for (; pairs > 0; pairs -= pairs == CBOR_INDEFINITE ? 0 : 1) {
		if (cbor_next(in, &key) != 0) {
			return -EPROTO;
		}
		if (key.kind == CBOR_BREAK && pairs == CBOR_INDEFINITE) {
			return 0;
		}
		rc = message_pair(in, message, &key);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/*
 * {1: null or the encrypted message, 2: the message}. Keys 1 and 2 of a bare
 * message are numbers, so a map under key 2 tells them apart. False: bare.
 */
static bool message_unwrap(struct cbor_in in, uint64_t pairs, struct cbor_item *cose_out,
			   struct cbor_in *inside_out)
{
	bool found = false;

	cose_out->kind = CBOR_NULL;
	for (; pairs > 0; pairs -= pairs == CBOR_INDEFINITE ? 0 : 1) {
		struct cbor_item key;

		if (cbor_next(&in, &key) != 0 || key.kind == CBOR_BREAK) {
			break;
		}
		if (key.kind == CBOR_UINT && key.v.u == WRAPPER) {
			if (cbor_next(&in, cose_out) != 0) {
				return false;
			}
			if (cose_out->kind != CBOR_BYTES && cose_out->kind != CBOR_NULL) {
				return false;
			}
			continue;
		}
		if (key.kind == CBOR_UINT && key.v.u == WRAPPER + 1) {
			found = in.at < in.end && *in.at >> 5 == CBOR_MAP;
			*inside_out = in;
		}
		if (cbor_skip(&in) != 0) {
			return false;
		}
	}
	return found;
}

int lwm2m_message_decode(const void *bytes, size_t size, struct lwm2m_message *message_out)
{
	const uint32_t kinds = LWM2M_HAS(OPERATION) | LWM2M_HAS(RESULT);
	struct cbor_in in = {bytes, (const uint8_t *)bytes + size};
	struct cbor_in inside, all;
	struct lwm2m_message message;
	struct cbor_item head, cose;
	uint32_t kind;
	int rc;

	memset(&message, 0, sizeof(message));
	all = in;
	if (cbor_next(&in, &head) != 0 || head.kind != CBOR_MAP) {
		return -EPROTO;
	}
	if (message_unwrap(in, head.v.u, &cose, &inside)) {
		if (cbor_skip(&all) != 0 || all.at != all.end) {
			return -EPROTO;
		}
		message.is_wrapped = true;
		in = inside;
		if (cose.kind == CBOR_BYTES) {
			message.cose.at = (const char *)cose.v.x.at;
			message.cose.size = cose.v.x.size;
			*message_out = message;
			return 0;
		}
		if (cbor_next(&in, &head) != 0) {
			return -EPROTO;
		}
	}
	rc = message_map(&in, head.v.u, &message);
	if (rc != 0) {
		return rc;
	}
	kind = message.has & kinds;
	if ((message.has & LWM2M_HAS(TOKEN)) == 0 || kind == 0 || kind == kinds ||
	    (!message.is_wrapped && in.at != in.end)) {
		return -EPROTO;
	}
	*message_out = message;
	return 0;
}

/* ---- writing ---- */

static void message_put(struct cbor_out *out, const struct lwm2m_message *message, unsigned key)
{
	const struct message_field *field = &fields[key];
	const char *member = (const char *)message + field->offset;
	struct lwm2m_text text;
	uint64_t whole;
	double number;

	cbor_put_uint(out, key);
	if ((message->unset >> key & 1) != 0) {
		cbor_put_null(out);
		return;
	}
	switch ((enum lwm2m_key_kind)field->kind) {
	case LWM2M_KEY_UINT:
		memcpy(&whole, member, sizeof(whole));
		cbor_put_uint(out, whole);
		return;
	case LWM2M_KEY_NUMBER:
		memcpy(&number, member, sizeof(number));
		cbor_put_float(out, number);
		return;
	case LWM2M_KEY_TEXT:
	case LWM2M_KEY_BYTES:
		break;
	}
	memcpy(&text, member, sizeof(text));
	cbor_put_string(out, field->kind == LWM2M_KEY_TEXT ? CBOR_TEXT : CBOR_BYTES, text.at,
			text.size);
}

int lwm2m_message_encode(const struct lwm2m_message *message, void *bytes, size_t room,
			 size_t *size_out)
{
	struct cbor_out out = {bytes, (uint8_t *)bytes + room, false};
	uint32_t keys = message->has | message->unset;
	unsigned count = 0;

	if (message->is_wrapped) {
		cbor_put_head(&out, CBOR_MAP, 2);
		cbor_put_uint(&out, WRAPPER);
		if (message->cose.size > 0) {
			cbor_put_string(&out, CBOR_BYTES, message->cose.at, message->cose.size);
		} else {
			cbor_put_null(&out);
		}
		cbor_put_uint(&out, WRAPPER + 1);
	}
	for (unsigned key = 0; key <= LWM2M_KEY_LAST; key++) {
		count += keys >> key & 1;
	}
	cbor_put_head(&out, CBOR_MAP, count);
	for (unsigned key = 0; key <= LWM2M_KEY_LAST; key++) {
		if ((keys >> key & 1) != 0) {
			message_put(&out, message, key);
		}
	}
	if (out.full) {
		return -EMSGSIZE;
	}
	*size_out = (size_t)(out.at - (uint8_t *)bytes);
	return 0;
}

/* ---- topics ---- */

static const char *const level_names[] = {[LWM2M_RD] = "rd", [LWM2M_BS] = "bs"};

bool lwm2m_endpoint_is_valid(const char *text, size_t size)
{
	if (size == 0 || size > LWM2M_ENDPOINT_MAX ||
	    !cbor_is_utf8((const uint8_t *)text, size)) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f || c == '/' || c == '+' || c == '#') {
			return false;
		}
	}
	return true;
}

bool lwm2m_topic_prefix_is_valid(const char *text)
{
	size_t size;

	if (*text == '\0') {
		return true;
	}
	if (*text == '$') {
		return false;
	}
	for (;;) {
		size = strcspn(text, "/");
		if (!lwm2m_endpoint_is_valid(text, size)) {
			return false;
		}
		if (text[size] == '\0') {
			return true;
		}
		text += size + 1;
	}
}

int lwm2m_topic_format(const char *prefix, enum lwm2m_level_name level, const char *endpoint,
		       char *out)
{
	int size = snprintf(out, LWM2M_TOPIC_MAX, "%s%slwm2m/%s/%s", prefix,
			    *prefix == '\0' ? "" : "/", level_names[level],
			    endpoint == NULL ? "#" : endpoint);

	return size > 0 && size < LWM2M_TOPIC_MAX ? 0 : -EMSGSIZE;
}

const char *lwm2m_topic_below(const char *prefix, const char *topic)
{
	size_t size = strlen(prefix);

	if (size > 0) {
		if (strncmp(topic, prefix, size) != 0 || topic[size] != '/') {
			return NULL;
		}
		topic += size + 1;
	}
	return strncmp(topic, "lwm2m/", 6) == 0 ? topic + 6 : NULL;
}

int lwm2m_topic_parse(const char *prefix, const char *topic, enum lwm2m_level_name *level_out,
		      struct lwm2m_text *endpoint_out)
{
	const char *rest = lwm2m_topic_below(prefix, topic);
	enum lwm2m_level_name level;

	if (rest == NULL) {
		return -ENOENT;
	}
	if (strncmp(rest, "rd/", 3) == 0) {
		level = LWM2M_RD;
	} else if (strncmp(rest, "bs/", 3) == 0) {
		level = LWM2M_BS;
	} else {
		return -ENOENT;
	}
	if (!lwm2m_endpoint_is_valid(rest + 3, strlen(rest + 3))) {
		return -ENOENT;
	}
	*level_out = level;
	endpoint_out->at = rest + 3;
	endpoint_out->size = strlen(rest + 3);
	return 0;
}
