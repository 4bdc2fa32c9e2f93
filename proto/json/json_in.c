/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON: see json_in.h. */
#include "proto/json/json_in.h"

#include <string.h>

#include "proto/cbor/cbor.h"

/* What may come next. */
enum {
	EXPECT_VALUE,           /* a value; in an array that has items already */
	EXPECT_FIRST,           /* a value or the end of an empty array */
	EXPECT_KEY,             /* a key */
	EXPECT_FIRST_KEY,       /* a key or the end of an empty object */
	EXPECT_MORE,            /* a comma or the end of what is open */
	EXPECT_NOTHING          /* the text is over */
};

void json_in_begin(struct json_in *in, const char *text, size_t size)
{
	memset(in, 0, sizeof(*in));
	in->at = text;
	in->end = text + size;
	in->expects = EXPECT_VALUE;
}

void json_in_scratch(struct json_in *in, char *scratch, size_t size)
{
	in->scratch = scratch;
	in->scratch_end = scratch + size;
}

static void json_in_blanks(struct json_in *in)
{
	while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' ||
				    *in->at == '\r')) {
		in->at++;
	}
}

static bool json_in_is_object(const struct json_in *in)
{
	return in->depth > 0 && (in->objects >> (in->depth - 1) & 1) != 0;
}

static void json_in_after_value(struct json_in *in)
{
	in->expects = in->depth == 0 ? EXPECT_NOTHING : EXPECT_MORE;
}

/* Four hexadecimal digits. */
static bool json_in_unit(struct json_in *in, uint32_t *unit_out)
{
	uint32_t unit = 0;

	if (in->end - in->at < 4) {
		return false;
	}
	for (int i = 0; i < 4; i++) {
		char c = *in->at++;
		uint32_t digit;

		if (c >= '0' && c <= '9') {
			digit = (uint32_t)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			digit = (uint32_t)(c - 'a') + 10;
		} else if (c >= 'A' && c <= 'F') {
			digit = (uint32_t)(c - 'A') + 10;
		} else {
			return false;
		}
		unit = unit << 4 | digit;
	}
	*unit_out = unit;
	return true;
}

/* After \u; surrogates come in pairs. */
static bool json_in_character(struct json_in *in, uint32_t *code_out)
{
	uint32_t high, low;

	if (!json_in_unit(in, &high)) {
		return false;
	}
	if (high >= 0xd800 && high <= 0xdbff) {
		if (in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u') {
			return false;
		}
		in->at += 2;
		if (!json_in_unit(in, &low) || low < 0xdc00 || low > 0xdfff) {
			return false;
		}
		*code_out = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
		return true;
	}
	*code_out = high;
	return high != 0 && (high < 0xdc00 || high > 0xdfff);
}

/* At most 4 bytes. */
static size_t json_in_utf8(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* After a backslash. */
static bool json_in_escape(struct json_in *in, uint32_t *code_out)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c;

	if (in->at == in->end) {
		return false;
	}
	c = *in->at++;
	if (c == 'u') {
		return json_in_character(in, code_out);
	}
	found = memchr(escapes, c, sizeof(escapes) - 1);
	if (found == NULL) {
		return false;
	}
	*code_out = (uint32_t)meanings[found - escapes];
	return true;
}

/* Text with escapes, from its first backslash on; `begin` is what was before. */
static int json_in_escaped(struct json_in *in, const char *begin, struct json_in_token *token)
{
	size_t size = (size_t)(in->at - begin);

	if ((size_t)(in->scratch_end - in->scratch) < size) {
		return -EMSGSIZE;
	}
	token->text = in->scratch;
	if (size > 0) {
		memcpy(in->scratch, begin, size);
		in->scratch += size;
	}
	while (in->at < in->end && *in->at != '"') {
		char c = *in->at++;
		char bytes[4] = {c};
		size_t count = 1;
		uint32_t code;

		if ((unsigned char)c < ' ') {
			return -EPROTO;
		}
		if (c == '\\') {
			if (!json_in_escape(in, &code)) {
				return -EPROTO;
			}
			count = json_in_utf8(code, bytes);
		}
		if ((size_t)(in->scratch_end - in->scratch) < count) {
			return -EMSGSIZE;
		}
		memcpy(in->scratch, bytes, count);
		in->scratch += count;
	}
	token->size = (size_t)(in->scratch - token->text);
	return 0;
}

/* At the opening quote. */
static int json_in_string(struct json_in *in, struct json_in_token *token)
{
	const char *begin = ++in->at;
	int rc = 0;

	while (in->at < in->end && *in->at != '"' && *in->at != '\\') {
		if ((unsigned char)*in->at < ' ') {
			return -EPROTO;
		}
		in->at++;
	}
	token->text = begin;
	token->size = (size_t)(in->at - begin);
	if (in->at < in->end && *in->at == '\\') {
		rc = json_in_escaped(in, begin, token);
	}
	if (rc != 0) {
		return rc;
	}
	if (in->at == in->end || !cbor_is_utf8((const uint8_t *)token->text, token->size)) {
		return -EPROTO;
	}
	in->at++;
	return 0;
}

static size_t json_in_digits(struct json_in *in)
{
	const char *begin = in->at;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
		in->at++;
	}
	return (size_t)(in->at - begin);
}

static int json_in_number(struct json_in *in, struct json_in_token *token)
{
	const char *begin = in->at;
	const char *first;
	size_t digits;

	if (*in->at == '-') {
		in->at++;
	}
	first = in->at;
	digits = json_in_digits(in);
	if (digits == 0 || (digits > 1 && *first == '0')) {
		return -EPROTO;
	}
	if (in->at < in->end && *in->at == '.') {
		in->at++;
		if (json_in_digits(in) == 0) {
			return -EPROTO;
		}
	}
	if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
		in->at++;
		if (in->at < in->end && (*in->at == '+' || *in->at == '-')) {
			in->at++;
		}
		if (json_in_digits(in) == 0) {
			return -EPROTO;
		}
	}
	token->kind = JSON_IN_NUMBER;
	token->text = begin;
	token->size = (size_t)(in->at - begin);
	return 0;
}

static int json_in_word(struct json_in *in, struct json_in_token *token)
{
	static const struct {
		const char *word;
		enum json_in_kind kind;
	} words[] = {
		{"true", JSON_IN_TRUE}, {"false", JSON_IN_FALSE}, {"null", JSON_IN_NULL},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = strlen(words[i].word);

		if ((size_t)(in->end - in->at) >= size &&
		    memcmp(in->at, words[i].word, size) == 0) {
			in->at += size;
			token->kind = words[i].kind;
			return 0;
		}
	}
	return -EPROTO;
}

static int json_in_open(struct json_in *in, struct json_in_token *token)
{
	bool object = *in->at++ == '{';

	if (in->depth == JSON_IN_DEPTH_MAX) {
		return -EMSGSIZE;
	}
	in->objects &= ~(UINT32_C(1) << in->depth);
	in->objects |= (uint32_t)object << in->depth;
	in->depth++;
	in->expects = object ? EXPECT_FIRST_KEY : EXPECT_FIRST;
	token->kind = object ? JSON_IN_OBJECT : JSON_IN_ARRAY;
	return 0;
}

static int json_in_value(struct json_in *in, struct json_in_token *token)
{
	int rc;

	switch (*in->at) {
	case '{':
	case '[':
		return json_in_open(in, token);
	case '"':
		token->kind = JSON_IN_TEXT;
		rc = json_in_string(in, token);
		break;
	case 't':
	case 'f':
	case 'n':
		rc = json_in_word(in, token);
		break;
	default:
		rc = json_in_number(in, token);
	}
	if (rc == 0) {
		json_in_after_value(in);
	}
	return rc;
}

static int json_in_key(struct json_in *in, struct json_in_token *token)
{
	int rc;

	if (*in->at != '"') {
		return -EPROTO;
	}
	rc = json_in_string(in, token);
	if (rc != 0) {
		return rc;
	}
	json_in_blanks(in);
	if (in->at == in->end || *in->at++ != ':') {
		return -EPROTO;
	}
	token->kind = JSON_IN_KEY;
	in->expects = EXPECT_VALUE;
	return 0;
}

static int json_in_close(struct json_in *in, struct json_in_token *token)
{
	if (*in->at != (json_in_is_object(in) ? '}' : ']')) {
		return -EPROTO;
	}
	in->at++;
	in->depth--;
	token->kind = JSON_IN_CLOSE;
	json_in_after_value(in);
	return 0;
}

int json_in_next(struct json_in *in, struct json_in_token *token_out)
{
	json_in_blanks(in);
	if (in->at == in->end) {
		token_out->kind = JSON_IN_END;
		return in->expects == EXPECT_NOTHING ? 0 : -EPROTO;
	}
	if (in->expects == EXPECT_MORE && *in->at == ',') {
		in->at++;
		json_in_blanks(in);
		in->expects = json_in_is_object(in) ? EXPECT_KEY : EXPECT_VALUE;
		if (in->at == in->end) {
			return -EPROTO;
		}
	}
	switch (in->expects) {
	case EXPECT_FIRST:
		if (*in->at == ']') {
			return json_in_close(in, token_out);
		}
		return json_in_value(in, token_out);
	case EXPECT_VALUE:
		return json_in_value(in, token_out);
	case EXPECT_FIRST_KEY:
		if (*in->at == '}') {
			return json_in_close(in, token_out);
		}
		return json_in_key(in, token_out);
	case EXPECT_KEY:
		return json_in_key(in, token_out);
	case EXPECT_MORE:
		return json_in_close(in, token_out);
	default:
		return -EPROTO;
	}
}

int json_in_skip(struct json_in *in)
{
	unsigned depth = in->depth;
	struct json_in_token token;
	int rc;

	do {
		rc = json_in_next(in, &token);
	} while (rc == 0 && in->depth > depth);
	return rc;
}
