/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of flat JSON objects, in place: texts are unescaped where they
 * stand, which never makes them longer, and every value is ended by a NUL once
 * the character behind it was read. The writer is in json_write.c.
 */
#include "core/base/json.h"

#include <errno.h>
#include <string.h>

#include "core/base/text.h"

struct json_reader {
	char *at;
	char *end;
};

static void json_skip_blanks(struct json_reader *in)
{
	while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\r' ||
				    *in->at == '\n')) {
		in->at++;
	}
}

static bool json_take(struct json_reader *in, char c)
{
	json_skip_blanks(in);
	if (in->at == in->end || *in->at != c) {
		return false;
	}
	in->at++;
	return true;
}

static int json_hex4(struct json_reader *in, unsigned *code_out)
{
	unsigned code = 0;

	if (in->end - in->at < 4) {
		return -EBADMSG;
	}
	for (int i = 0; i < 4; i++) {
		char c = *in->at++;

		code <<= 4;
		if (c >= '0' && c <= '9') {
			code |= (unsigned)(c - '0');
		} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
			code |= (unsigned)((c | 0x20) - 'a' + 10);
		} else {
			return -EBADMSG;
		}
	}
	*code_out = code;
	return 0;
}

static char *json_put_utf8(char *out, unsigned code)
{
	if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xc0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*out++ = (char)(0xe0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	} else {
		*out++ = (char)(0xf0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3f));
		*out++ = (char)(0x80 | (code >> 6 & 0x3f));
		*out++ = (char)(0x80 | (code & 0x3f));
	}
	return out;
}

/* Behind "\u". NUL and lone surrogates are refused. */
static int json_unicode(struct json_reader *in, char **out)
{
	unsigned code, low;
	int ret = json_hex4(in, &code);

	if (ret == 0 && code >= 0xd800 && code < 0xdc00) {
		if (in->end - in->at < 2 || in->at[0] != '\\' || in->at[1] != 'u') {
			return -EBADMSG;
		}
		in->at += 2;
		ret = json_hex4(in, &low);
		if (ret == 0 && (low < 0xdc00 || low > 0xdfff)) {
			return -EBADMSG;
		}
		code = ret == 0 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : code;
	}
	if (ret != 0 || code == 0 || (code >= 0xd800 && code < 0xe000)) {
		return -EBADMSG;
	}
	*out = json_put_utf8(*out, code);
	return 0;
}

static int json_escape(struct json_reader *in, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char into[] = "\"\\/\b\f\n\r\t";
	const char *which;

	if (in->at == in->end || *in->at == '\0') {
		return -EBADMSG;
	}
	if (*in->at == 'u') {
		in->at++;
		return json_unicode(in, out);
	}
	which = strchr(from, *in->at++);
	if (which == NULL) {
		return -EBADMSG;
	}
	*(*out)++ = into[which - from];
	return 0;
}

/* Behind the opening quote; the result is ended where the closing one stood or before. */
static int json_string(struct json_reader *in, const char **text_out)
{
	char *start = in->at;
	char *out = start;

	while (in->at < in->end && *in->at != '"') {
		unsigned char c = (unsigned char)*in->at++;

		if (c < 0x20) {
			return -EBADMSG;
		}
		if (c != '\\') {
			*out++ = (char)c;
		} else if (json_escape(in, &out) != 0) {
			return -EBADMSG;
		}
	}
	if (in->at == in->end || !text_is_utf8(start, (size_t)(out - start))) {
		return -EBADMSG;
	}
	in->at++;
	*out = '\0';
	*text_out = start;
	return 0;
}

static bool json_digits(struct json_reader *in)
{
	char *start = in->at;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
		in->at++;
	}
	return in->at > start;
}

static int json_number(struct json_reader *in)
{
	char *start;

	if (in->at < in->end && *in->at == '-') {
		in->at++;
	}
	start = in->at;
	if (!json_digits(in) || (*start == '0' && in->at - start > 1)) {
		return -EBADMSG;
	}
	if (in->at < in->end && *in->at == '.') {
		in->at++;
		if (!json_digits(in)) {
			return -EBADMSG;
		}
	}
	if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
		in->at++;
		if (in->at < in->end && (*in->at == '+' || *in->at == '-')) {
			in->at++;
		}
		if (!json_digits(in)) {
			return -EBADMSG;
		}
	}
	return 0;
}

static int json_word(struct json_reader *in, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0) {
		return -EBADMSG;
	}
	in->at += size;
	return 0;
}

/*
 * Pass over a nested value: brackets must pair and texts must end; what
 * stands between them is for its reader to judge.
 */
static int json_nested(struct json_reader *in)
{
	char open[JSON_DEPTH_MAX];
	size_t depth = 0;

	do {
		char c = *in->at++;

		if (c == '"') {
			while (in->at < in->end && *in->at != '"') {
				in->at += *in->at == '\\' && in->end - in->at > 1 ? 2 : 1;
			}
			if (in->at >= in->end) {
				return -EBADMSG;
			}
			in->at++;
		} else if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH_MAX) {
				return -EMSGSIZE;
			}
			open[depth++] = c == '{' ? '}' : ']';
		} else if (c == '}' || c == ']') {
			if (c != open[--depth]) {
				return -EBADMSG;
			}
		}
	} while (depth > 0 && in->at < in->end);
	return depth == 0 ? 0 : -EBADMSG;
}

/* *end_out: where a NUL goes once the next character was read; NULL: it is there. */
static int json_value(struct json_reader *in, struct json_field *field, char **end_out)
{
	int ret;

	json_skip_blanks(in);
	if (in->at == in->end) {
		return -EBADMSG;
	}
	field->text = in->at;
	*end_out = NULL;
	switch (*in->at) {
	case '"':
		in->at++;
		field->kind = JSON_TEXT;
		return json_string(in, &field->text);
	case '{':
	case '[':
		field->kind = JSON_NESTED;
		ret = json_nested(in);
		break;
	case 't':
	case 'f':
		field->kind = JSON_BOOL;
		ret = json_word(in, *in->at == 't' ? "true" : "false");
		break;
	case 'n':
		field->kind = JSON_NULL;
		ret = json_word(in, "null");
		break;
	default:
		field->kind = JSON_NUMBER;
		ret = json_number(in);
		break;
	}
	*end_out = in->at;
	return ret;
}

static int json_field(struct json_reader *in, struct json_object *object, bool *more_out)
{
	struct json_field field;
	char *end = NULL;
	int ret;

	if (!json_take(in, '"')) {
		return -EBADMSG;
	}
	ret = json_string(in, &field.key);
	if (ret == 0) {
		ret = json_take(in, ':') ? json_value(in, &field, &end) : -EBADMSG;
	}
	if (ret != 0) {
		return ret;
	}
	*more_out = json_take(in, ',');
	if (!*more_out && !json_take(in, '}')) {
		return -EBADMSG;
	}
	if (end != NULL) {
		*end = '\0';
	}
	if (json_find(object, field.key) != NULL) {
		return -EBADMSG;
	}
	if (object->count == JSON_FIELDS_MAX) {
		return -EMSGSIZE;
	}
	object->fields[object->count++] = field;
	return 0;
}

int json_read(char *line, size_t size, struct json_object *object_out)
{
	struct json_reader in = { .at = line, .end = line + size };
	bool more = true;
	int ret = 0;

	object_out->count = 0;
	if (!json_take(&in, '{')) {
		return -EBADMSG;
	}
	if (json_take(&in, '}')) {
		more = false;
	}
	while (ret == 0 && more) {
		ret = json_field(&in, object_out, &more);
	}
	json_skip_blanks(&in);
	if (ret == 0 && in.at != in.end) {
		ret = -EBADMSG;
	}
	if (ret != 0) {
		object_out->count = 0;
	}
	return ret;
}

const struct json_field *json_find(const struct json_object *object, const char *key)
{
	for (size_t i = 0; i < object->count; i++) {
		if (strcmp(object->fields[i].key, key) == 0) {
			return &object->fields[i];
		}
	}
	return NULL;
}

const char *json_text(const struct json_object *object, const char *key)
{
	const struct json_field *field = json_find(object, key);

	return field != NULL && field->kind == JSON_TEXT ? field->text : NULL;
}

bool json_is_true(const struct json_object *object, const char *key)
{
	const struct json_field *field = json_find(object, key);

	return field != NULL && field->kind == JSON_BOOL && field->text[0] == 't';
}

int json_int(const struct json_object *object, const char *key, int64_t *value_out)
{
	const struct json_field *field = json_find(object, key);

	if (field == NULL) {
		return -ENOENT;
	}
	if (field->kind != JSON_NUMBER) {
		return -EINVAL;
	}
	return text_parse_int(field->text, value_out);
}
