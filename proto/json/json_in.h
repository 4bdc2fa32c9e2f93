/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) token by token, from the caller's memory. Pure functions, any
 * thread; nothing is allocated. The grammar is checked as it goes: what comes
 * out is the beginning of a well-formed text, and JSON_IN_END says that all of
 * it was.
 */
#ifndef PROTO_JSON_JSON_IN_H
#define PROTO_JSON_JSON_IN_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_IN_DEPTH_MAX  16

enum json_in_kind {
	JSON_IN_END = 0,
	JSON_IN_OBJECT = 1,     /* begins; its keys and values follow, then JSON_IN_CLOSE */
	JSON_IN_ARRAY = 2,
	JSON_IN_CLOSE = 3,      /* of the innermost object or array */
	JSON_IN_KEY = 4,        /* text; its value follows */
	JSON_IN_TEXT = 5,
	JSON_IN_NUMBER = 6,     /* text: as it stands */
	JSON_IN_TRUE = 7,
	JSON_IN_FALSE = 8,
	JSON_IN_NULL = 9
};

struct json_in_token {
	enum json_in_kind kind;
	const char *text;       /* UTF-8; borrowed from the input, or from scratch */
	size_t size;
};

/* Set by json_in_begin(); `at` says how far it has come. */
struct json_in {
	const char *at;
	const char *end;
	char *scratch;          /* where text with escapes goes */
	char *scratch_end;
	uint32_t objects;       /* one bit a level: an object */
	uint8_t depth;
	uint8_t expects;
};

/* scratch may be NULL with size 0; then text with escapes is -EMSGSIZE. */
void json_in_begin(struct json_in *in, const char *text, size_t size);

/* Give it memory for text with escapes; as much as the input is always enough. */
void json_in_scratch(struct json_in *in, char *scratch, size_t size);

/* -EPROTO not JSON, or a NUL in a text; -EMSGSIZE too deep, or scratch is full. */
int json_in_next(struct json_in *in, struct json_in_token *token_out);

/* After a key, or where a value is due: pass over the value. Errors as above. */
int json_in_skip(struct json_in *in);

#endif
