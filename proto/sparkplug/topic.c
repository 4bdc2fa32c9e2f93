/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sparkplug/topic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const sp_verbs[] = {
#define SP_VERB_WORD(symbol, word) word,
	SP_VERBS(SP_VERB_WORD)
#undef SP_VERB_WORD
};

struct sp_bytes sp_text(const char *text)
{
	return (struct sp_bytes){ text, strlen(text) };
}

/* Bytes of the UTF-8 character at `at`, no control character; 0: it is none. */
static size_t sp_char_size(const unsigned char *at, size_t room)
{
	size_t size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t code = size == 1 ? at[0] : at[0] & (0xffu >> (size + 1));
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (at[0] >= 0xf8 || (at[0] >= 0x80 && at[0] < 0xc0) || size > room) {
		return 0;
	}
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ||
	    code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
		return 0;
	}
	return size;
}

bool sp_id_is_valid(struct sp_bytes id)
{
	const unsigned char *at = id.at;
	size_t left = id.size;

	if (id.size == 0 || id.size > SP_ID_MAX) {
		return false;
	}
	while (left > 0) {
		size_t size = sp_char_size(at, left);

		if (size == 0 || *at == '+' || *at == '/' || *at == '#') {
			return false;
		}
		at += size;
		left -= size;
	}
	return true;
}

bool sp_verb_has_device(enum sp_verb verb)
{
	return verb >= SP_DBIRTH && verb <= SP_DCMD;
}

/* The next level of the topic; at NULL: there is none. */
static struct sp_bytes sp_level(struct sp_bytes *rest)
{
	struct sp_bytes level = *rest;
	const char *slash;

	if (rest->at == NULL) {
		return level;
	}
	slash = memchr(rest->at, '/', rest->size);
	if (slash == NULL) {
		*rest = (struct sp_bytes){ NULL, 0 };
		return level;
	}
	level.size = (size_t)(slash - (const char *)rest->at);
	rest->at = slash + 1;
	rest->size -= level.size + 1;
	return level;
}

static bool sp_is_state(struct sp_bytes level)
{
	return sp_bytes_equal(level, sp_text(sp_verbs[SP_STATE]));
}

static bool sp_verb_parse(struct sp_bytes level, enum sp_verb *verb_out)
{
	for (int i = SP_NBIRTH; i < SP_STATE; i++) {
		if (sp_bytes_equal(level, sp_text(sp_verbs[i]))) {
			*verb_out = (enum sp_verb)i;
			return true;
		}
	}
	return false;
}

/* Every level that the verb has is an id, and no other is there. */
static bool sp_topic_is_sound(const struct sp_topic *topic)
{
	if (!sp_id_is_valid(topic->node)) {
		return false;
	}
	if (topic->verb == SP_STATE) {
		return topic->group.size == 0 && topic->device.size == 0;
	}
	return sp_id_is_valid(topic->group) && !sp_is_state(topic->group) &&
	       (sp_verb_has_device(topic->verb) ? sp_id_is_valid(topic->device)
						: topic->device.at == NULL);
}

int sp_topic_parse(struct sp_bytes topic, struct sp_topic *topic_out)
{
	struct sp_topic found = { 0 };
	struct sp_bytes rest = topic;
	struct sp_bytes first = sp_level(&rest);
	struct sp_bytes second = sp_level(&rest);

	if (first.at == NULL || !sp_bytes_equal(first, sp_text(SP_NAMESPACE)) ||
	    second.at == NULL) {
		return -EPROTO;
	}
	if (sp_is_state(second)) {
		found.verb = SP_STATE;
		found.node = sp_level(&rest);
	} else {
		struct sp_bytes verb = sp_level(&rest);

		found.group = second;
		if (verb.at == NULL || !sp_verb_parse(verb, &found.verb)) {
			return -EPROTO;
		}
		found.node = sp_level(&rest);
		found.device = sp_level(&rest);
	}
	if (rest.at != NULL || !sp_topic_is_sound(&found)) {
		return -EPROTO;
	}
	*topic_out = found;
	return 0;
}

int sp_topic_format(const struct sp_topic *topic, char *text, size_t size)
{
	const char *verb = sp_verbs[topic->verb];
	int length;

	if (!sp_topic_is_sound(topic)) {
		return -EINVAL;
	}
	if (topic->verb == SP_STATE) {
		length = snprintf(text, size, SP_NAMESPACE "/%s/%.*s", verb,
				  (int)topic->node.size, (const char *)topic->node.at);
	} else {
		length = snprintf(text, size, SP_NAMESPACE "/%.*s/%s/%.*s%s%.*s",
				  (int)topic->group.size, (const char *)topic->group.at, verb,
				  (int)topic->node.size, (const char *)topic->node.at,
				  topic->device.size > 0 ? "/" : "", (int)topic->device.size,
				  topic->device.size > 0 ? (const char *)topic->device.at : "");
	}
	return length >= 0 && (size_t)length < size ? length : -EMSGSIZE;
}
