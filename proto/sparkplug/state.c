/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of one flat JSON object. It goes by the grammar as far as members
 * are looked at or passed over; a member that is an object or a list is passed
 * over by counting its brackets.
 */
#include "proto/sparkplug/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct sp_json {
	const char *at;
	const char *end;
};

static void sp_json_blank(struct sp_json *json)
{
	while (json->at < json->end && memchr(" \t\r\n", *json->at, 4) != NULL) {
		json->at++;
	}
}

static bool sp_json_take(struct sp_json *json, char c)
{
	sp_json_blank(json);
	if (json->at == json->end || *json->at != c) {
		return false;
	}
	json->at++;
	return true;
}

static bool sp_json_word(struct sp_json *json, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(json->end - json->at) < size || memcmp(json->at, word, size) != 0) {
		return false;
	}
	json->at += size;
	return true;
}

/* A text between quotes, escapes as they stand. */
static bool sp_json_text(struct sp_json *json, struct sp_bytes *text_out)
{
	const char *begin;

	if (!sp_json_take(json, '"')) {
		return false;
	}
	begin = json->at;
	while (json->at < json->end && *json->at != '"') {
		if (*json->at == '\\' && json->at + 1 < json->end) {
			json->at++;
		}
		json->at++;
	}
	if (json->at == json->end) {
		return false;
	}
	*text_out = (struct sp_bytes){ begin, (size_t)(json->at - begin) };
	json->at++;
	return true;
}

static bool sp_json_whole(struct sp_json *json, uint64_t *value_out)
{
	const char *begin = json->at;
	uint64_t value = 0;

	while (json->at < json->end && *json->at >= '0' && *json->at <= '9') {
		unsigned digit = (unsigned)(*json->at - '0');

		if (value > ((uint64_t)INT64_MAX - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
		json->at++;
	}
	*value_out = value;
	return json->at > begin;
}

/* A number, word or text of no interest, or brackets with all that is between them. */
static bool sp_json_skip(struct sp_json *json)
{
	const char *begin = json->at;
	unsigned depth = 0;
	struct sp_bytes text;

	while (json->at < json->end) {
		char c = *json->at;

		if (depth == 0 && (c == ',' || c == '}')) {
			break;
		}
		if (c == '"') {
			if (!sp_json_text(json, &text)) {
				return false;
			}
			continue;
		}
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		json->at++;
	}
	return json->at > begin && depth == 0;
}

static bool sp_json_member(struct sp_json *json, struct sp_state *state, unsigned *found)
{
	struct sp_bytes key;

	if (!sp_json_text(json, &key) || !sp_json_take(json, ':')) {
		return false;
	}
	sp_json_blank(json);
	if (key.size == 6 && memcmp(key.at, "online", 6) == 0) {
		*found |= 1;
		state->online = sp_json_word(json, "true");
		return state->online || sp_json_word(json, "false");
	}
	if (key.size == 9 && memcmp(key.at, "timestamp", 9) == 0) {
		*found |= 2;
		return sp_json_whole(json, &state->timestamp);
	}
	return sp_json_skip(json);
}

int sp_state_decode(struct sp_bytes text, struct sp_state *state_out)
{
	struct sp_json json = { text.at, (const char *)text.at + text.size };
	struct sp_state state = { 0 };
	unsigned found = 0;

	if (text.size == 0 || text.size > SP_STATE_BYTES || !sp_json_take(&json, '{')) {
		return -EPROTO;
	}
	do {
		if (!sp_json_member(&json, &state, &found)) {
			return -EPROTO;
		}
	} while (sp_json_take(&json, ','));
	if (!sp_json_take(&json, '}') || found != 3) {
		return -EPROTO;
	}
	sp_json_blank(&json);
	if (json.at != json.end) {
		return -EPROTO;
	}
	*state_out = state;
	return 0;
}

size_t sp_state_encode(const struct sp_state *state, char *text_out)
{
	return (size_t)snprintf(text_out, SP_STATE_TEXT,
				"{\"online\":%s,\"timestamp\":%" PRIu64 "}",
				state->online ? "true" : "false", state->timestamp);
}
