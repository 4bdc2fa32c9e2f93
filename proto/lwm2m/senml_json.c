/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML JSON (content format 110), and SenML-ETCH JSON (320), which is the same
 * with names alone or with null values. See format.h.
 */
#include "proto/lwm2m/format.h"

#include <stdio.h>
#include <string.h>

#include "proto/lwm2m/base64.h"

#define NAME_MAX_ESCAPED  (6 * LWM2M_PATH_MAX)

/* ---- reading ---- */

enum senml_key {
	KEY_BASE_NAME, KEY_BASE_TIME, KEY_BASE_VERSION, KEY_NAME, KEY_TIME, KEY_VALUE, KEY_STRING,
	KEY_BOOLEAN, KEY_DATA, KEY_LINK, KEY_UNIT, KEY_BASE_UNIT, KEY_UPDATE,
	KEY_BASE_VALUE, KEY_BASE_SUM, KEY_SUM,
	KEY_COUNT
};

static const char *const keys[] = {
	[KEY_BASE_NAME] = "bn", [KEY_BASE_TIME] = "bt", [KEY_BASE_VERSION] = "bver",
	[KEY_NAME] = "n", [KEY_TIME] = "t", [KEY_VALUE] = "v", [KEY_STRING] = "vs",
	[KEY_BOOLEAN] = "vb", [KEY_DATA] = "vd", [KEY_LINK] = "vlo", [KEY_UNIT] = "u",
	[KEY_BASE_UNIT] = "bu", [KEY_UPDATE] = "ut", [KEY_BASE_VALUE] = "bv",
	[KEY_BASE_SUM] = "bs", [KEY_SUM] = "s",
};

/* What a value of each key must be; JSON_IN_TRUE stands for a boolean. */
static const enum json_in_kind key_kinds[] = {
	[KEY_BASE_NAME] = JSON_IN_TEXT, [KEY_BASE_TIME] = JSON_IN_NUMBER,
	[KEY_BASE_VERSION] = JSON_IN_NUMBER, [KEY_NAME] = JSON_IN_TEXT,
	[KEY_TIME] = JSON_IN_NUMBER, [KEY_VALUE] = JSON_IN_NUMBER, [KEY_STRING] = JSON_IN_TEXT,
	[KEY_BOOLEAN] = JSON_IN_TRUE, [KEY_DATA] = JSON_IN_TEXT, [KEY_LINK] = JSON_IN_TEXT,
	[KEY_UNIT] = JSON_IN_TEXT, [KEY_BASE_UNIT] = JSON_IN_TEXT,
	[KEY_UPDATE] = JSON_IN_NUMBER, [KEY_BASE_VALUE] = JSON_IN_END,
	[KEY_BASE_SUM] = JSON_IN_END, [KEY_SUM] = JSON_IN_END,
};

static int senml_json_begin(struct lwm2m_decoder *decoder)
{
	struct json_in_token token;

	json_in_begin(&decoder->json, decoder->source.bytes, decoder->source.size);
	json_in_scratch(&decoder->json, decoder->source.scratch, decoder->source.scratch_size);
	if (json_in_next(&decoder->json, &token) != 0 || token.kind != JSON_IN_ARRAY) {
		return -EPROTO;
	}
	return 0;
}

static enum senml_key senml_key_of(const struct json_in_token *token)
{
	unsigned i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strlen(keys[i]) == token->size &&
		    memcmp(keys[i], token->text, token->size) == 0) {
			break;
		}
	}
	return (enum senml_key)i;
}

/* A whole number stays one: a double has room for 53 bits of it. */
static int senml_json_number(const struct json_in_token *token, struct lwm2m_value *value_out)
{
	struct lwm2m_value plain = {
		.type = LWM2M_PLAIN, .v.x = {token->text, token->size},
	};

	*value_out = plain;
	if (lwm2m_value_convert(value_out, LWM2M_INTEGER, NULL) == 0 ||
	    lwm2m_value_convert(value_out, LWM2M_UNSIGNED, NULL) == 0) {
		return 0;
	}
	return lwm2m_value_convert(value_out, LWM2M_FLOAT, NULL);
}

static int senml_json_time(const struct json_in_token *token, int64_t *time_out)
{
	struct lwm2m_value value;

	return senml_json_number(token, &value) == 0 ?
	       lwm2m_senml_seconds(&value, time_out) : -EPROTO;
}

static int senml_json_data(struct lwm2m_decoder *decoder, const struct json_in_token *token,
			   struct lwm2m_value *value)
{
	struct json_in *json = &decoder->json;
	size_t size;

	if ((size_t)(json->scratch_end - json->scratch) < token->size ||
	    base64_decode(token->text, token->size, json->scratch, &size) != 0) {
		return -EPROTO;
	}
	value->type = LWM2M_OPAQUE;
	value->v.x.at = json->scratch;
	value->v.x.size = size;
	json->scratch += size;
	return 0;
}

static int senml_json_value(struct lwm2m_decoder *decoder, struct lwm2m_senml *record,
			    enum senml_key key, const struct json_in_token *token)
{
	struct lwm2m_value *value = &record->value;

	if (record->has_value) {
		return -EPROTO;
	}
	record->has_value = true;
	if (token->kind == JSON_IN_NULL) {
		value->type = LWM2M_NULL;
		return 0;
	}
	switch (key) {
	case KEY_VALUE:
		return senml_json_number(token, value);
	case KEY_BOOLEAN:
		value->type = LWM2M_BOOLEAN;
		value->v.b = token->kind == JSON_IN_TRUE;
		return 0;
	case KEY_DATA:
		return senml_json_data(decoder, token, value);
	case KEY_LINK:
		value->type = LWM2M_LINK;
		return lwm2m_link_parse(token->text, token->size, &value->v.link);
	default:
		value->type = LWM2M_STRING;
		value->v.x.at = token->text;
		value->v.x.size = token->size;
		return 0;
	}
}

/* One field; the key has been read. */
static int senml_json_field(struct lwm2m_decoder *decoder, struct lwm2m_senml *record,
			    enum senml_key key)
{
	struct json_in_token token;
	enum json_in_kind kind;
	int64_t version;

	if (json_in_next(&decoder->json, &token) != 0) {
		return -EPROTO;
	}
	kind = token.kind == JSON_IN_FALSE ? JSON_IN_TRUE : token.kind;
	if (kind != key_kinds[key] &&
	    !(kind == JSON_IN_NULL && key >= KEY_VALUE && key <= KEY_LINK)) {
		return -EPROTO;
	}
	switch (key) {
	case KEY_BASE_NAME:
		record->has_base = true;
		return lwm2m_senml_base(decoder, token.text, token.size);
	case KEY_BASE_TIME:
		record->has_base = true;
		decoder->has_time = true;
		return senml_json_time(&token, &decoder->base_time);
	case KEY_BASE_VERSION:
		return lwm2m_integer_parse(token.text, token.size, &version) == 0 &&
		       version <= LWM2M_SENML_VERSION ? 0 : -EPROTO;
	case KEY_NAME:
		record->name = token.text;
		record->name_size = token.size;
		return 0;
	case KEY_TIME:
		record->has_time = true;
		return senml_json_time(&token, &record->time);
	case KEY_VALUE:
	case KEY_STRING:
	case KEY_BOOLEAN:
	case KEY_DATA:
	case KEY_LINK:
		return senml_json_value(decoder, record, key, &token);
	case KEY_UNIT:
	case KEY_BASE_UNIT:
	case KEY_UPDATE:
		return 0;
	case KEY_BASE_VALUE:
	case KEY_BASE_SUM:
	case KEY_SUM:
	case KEY_COUNT:
		break;          /* to leave a sum out would change the value */
	}
	return -EPROTO;
}

static int senml_json_fields(struct lwm2m_decoder *decoder, struct lwm2m_senml *record)
{
	struct json_in_token token;
	uint32_t seen = 0;
	enum senml_key key;
	int rc;

	for (;;) {
		if (json_in_next(&decoder->json, &token) != 0) {
			return -EPROTO;
		}
		if (token.kind == JSON_IN_CLOSE) {
			return 0;
		}
		key = senml_key_of(&token);
		if (key == KEY_COUNT) {
			/* a name that ends so must be understood (RFC 8428, 4.4) */
			rc = token.size > 0 && token.text[token.size - 1] == '_' ? -EPROTO :
			     json_in_skip(&decoder->json);
		} else if ((seen >> key & 1) != 0) {
			rc = -EPROTO;
		} else {
			seen |= UINT32_C(1) << key;
			rc = senml_json_field(decoder, record, key);
		}
		if (rc != 0) {
			return -EPROTO;
		}
	}
}

static int senml_json_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	struct lwm2m_senml record;
	struct json_in_token token;
	int rc = 0;

	while (rc == 0) {
		if (json_in_next(&decoder->json, &token) != 0) {
			return -EPROTO;
		}
		if (token.kind == JSON_IN_CLOSE) {
			return json_in_next(&decoder->json, &token) == 0 ? 0 : -EPROTO;
		}
		if (token.kind != JSON_IN_OBJECT) {
			return -EPROTO;
		}
		memset(&record, 0, sizeof(record));
		rc = senml_json_fields(decoder, &record);
		if (rc == 0) {
			rc = lwm2m_senml_resolve(decoder, &record, record_out);
		}
	}
	return rc;
}

static int etch_json_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	int rc = senml_json_next(decoder, record_out);

	return rc > 0 && record_out->time != 0 ? -EPROTO : rc;
}

/* ---- writing ---- */

static void json_put(struct cbor_out *out, const char *text, size_t size)
{
	if (cbor_room(out, size)) {
		memcpy(out->at, text, size);
		out->at += size;
	}
}

static void json_put_word(struct cbor_out *out, const char *word)
{
	json_put(out, word, strlen(word));
}

static void json_put_string(struct cbor_out *out, const char *text, size_t size)
{
	char escape[8];

	json_put(out, "\"", 1);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			json_put(out, "\\", 1);
		}
		if (c < ' ') {
			(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
			json_put(out, escape, 6);
		} else {
			cbor_put_byte(out, c);
		}
	}
	json_put(out, "\"", 1);
}

static void json_put_key(struct cbor_out *out, enum senml_key key)
{
	/* nothing but the brace stands before the first key */
	if (out->at[-1] != '{') {
		json_put(out, ",", 1);
	}
	json_put(out, "\"", 1);
	json_put_word(out, keys[key]);
	json_put(out, "\":", 2);
}

static void json_put_integer(struct cbor_out *out, int64_t value)
{
	char text[LWM2M_VALUE_TEXT_MAX];

	json_put(out, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)value));
}

static int json_put_value(struct cbor_out *out, const struct lwm2m_value *value)
{
	char text[LWM2M_VALUE_TEXT_MAX];

	switch (value->type) {
	case LWM2M_NONE:
		return 0;
	case LWM2M_NULL:
		json_put_key(out, KEY_VALUE);
		json_put_word(out, "null");
		return 0;
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		json_put_key(out, KEY_VALUE);
		json_put_integer(out, value->v.i);
		return 0;
	case LWM2M_UNSIGNED:
		json_put_key(out, KEY_VALUE);
		json_put(out, text, (size_t)snprintf(text, sizeof(text), "%llu",
						     (unsigned long long)value->v.u));
		return 0;
	case LWM2M_FLOAT:
		if (value->v.f - value->v.f != 0) {
			return -EINVAL;         /* JSON has no word for it */
		}
		json_put_key(out, KEY_VALUE);
		json_put(out, text, lwm2m_float_format(value->v.f, text));
		return 0;
	case LWM2M_BOOLEAN:
		json_put_key(out, KEY_BOOLEAN);
		json_put_word(out, value->v.b ? "true" : "false");
		return 0;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
		json_put_key(out, KEY_STRING);
		json_put_string(out, value->v.x.at, value->v.x.size);
		return 0;
	case LWM2M_OPAQUE:
		json_put_key(out, KEY_DATA);
		json_put(out, "\"", 1);
		if (cbor_room(out, base64_size(value->v.x.size))) {
			base64_encode_url(value->v.x.at, value->v.x.size, (char *)out->at);
			out->at += base64_size(value->v.x.size);
		}
		json_put(out, "\"", 1);
		return 0;
	case LWM2M_LINK:
		json_put_key(out, KEY_LINK);
		json_put_string(out, text, lwm2m_link_format(value->v.link, text));
		return 0;
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		break;
	}
	return -EINVAL;
}

static int senml_json_open(struct lwm2m_encoder *encoder)
{
	json_put(&encoder->out, "[", 1);
	return encoder->out.full ? -EMSGSIZE : 0;
}

static int senml_json_put(struct lwm2m_encoder *encoder, const struct lwm2m_record *record,
			  const struct lwm2m_senml_labels *labels)
{
	struct cbor_out *out = &encoder->out;
	struct cbor_out before = *out;
	char text[LWM2M_VALUE_TEXT_MAX];
	int rc;

	if (encoder->count > 0) {
		json_put(out, ",", 1);
	}
	json_put(out, "{", 1);
	if (labels->base_size > 0) {
		json_put_key(out, KEY_BASE_NAME);
		json_put_string(out, labels->base_name, labels->base_size);
	}
	if (labels->has_base_time) {
		json_put_key(out, KEY_BASE_TIME);
		json_put_integer(out, labels->base_time);
	}
	if (labels->name_size > 0) {
		json_put_key(out, KEY_NAME);
		json_put_string(out, labels->name, labels->name_size);
	}
	if (labels->has_time) {
		json_put_key(out, KEY_TIME);
		json_put(out, text, lwm2m_float_format((double)labels->time / 1e9, text));
	}
	rc = json_put_value(out, &record->value);
	json_put(out, "}", 1);
	if (rc == 0 && (size_t)(out->end - out->at) < 1) {
		rc = -EMSGSIZE;         /* the bracket that ends the pack */
	}
	if (rc != 0 || out->full) {
		*out = before;
		return rc != 0 ? rc : -EMSGSIZE;
	}
	encoder->count++;
	return 0;
}

static int senml_json_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	struct lwm2m_encoder before = *encoder;
	struct lwm2m_senml_labels labels;
	int rc;

	if (record->value.type == LWM2M_NONE) {
		return -EINVAL;
	}
	lwm2m_senml_label(encoder, record, &labels);
	rc = senml_json_put(encoder, record, &labels);
	if (rc != 0) {
		*encoder = before;
	}
	return rc;
}

static int etch_json_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	struct lwm2m_senml_labels labels;

	if (record->time != 0) {
		return -EINVAL;
	}
	lwm2m_etch_label(record, &labels);
	return senml_json_put(encoder, record, &labels);
}

static int senml_json_end(struct lwm2m_encoder *encoder)
{
	json_put(&encoder->out, "]", 1);
	return 0;
}

const struct lwm2m_format lwm2m_format_senml_json = {
	.content = LWM2M_CONTENT_SENML_JSON,
	.flags = LWM2M_FORMAT_TIMED | LWM2M_FORMAT_NAMED,
	.media_type = "application/senml+json",
	.decode_begin = senml_json_begin,
	.decode_next = senml_json_next,
	.encode_begin = senml_json_open,
	.encode_push = senml_json_push,
	.encode_end = senml_json_end,
};

const struct lwm2m_format lwm2m_format_etch_json = {
	.content = LWM2M_CONTENT_ETCH_JSON,
	.flags = LWM2M_FORMAT_NAMED,
	.media_type = "application/senml-etch+json",
	.decode_begin = senml_json_begin,
	.decode_next = etch_json_next,
	.encode_begin = senml_json_open,
	.encode_push = etch_json_push,
	.encode_end = senml_json_end,
};
