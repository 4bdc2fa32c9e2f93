/* SPDX-License-Identifier: Apache-2.0 */
/* Records as JSON objects: see encode_inside.h. */
#include <string.h>

#include "modules/http_uplink/array.h"
#include "modules/http_uplink/encode_inside.h"
#include "proto/json/json_in.h"
#include "proto/json/json_out.h"
#include "proto/json/number.h"

/* `"key":"text"`, and a comma before it; a NULL or empty text is left out. */
static void object_pair(struct bytes *to, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		return;
	}
	bytes_char(to, ',');
	json_out_string(to, key);
	bytes_char(to, ':');
	json_out_string(to, text);
}

static void object_extra(struct bytes *to, const struct shape_names *names)
{
	for (size_t i = 0; i < names->extra_count; i++) {
		object_pair(to, names->extra[i].name, names->extra[i].value);
	}
}

void object_shape(struct bytes *to, const struct shape_names *names,
		  const struct ew_tag_spec *tag)
{
	const char *type = ew_type_name(tag->type);

	bytes_text(to, "{\"device\":");
	json_out_string(to, names->device);
	object_pair(to, "tag", tag->name);
	object_pair(to, "type", type);
	object_pair(to, "unit", tag->unit);
	object_extra(to, names);
	bytes_text(to, ",\"value\":");
}

/* Text and bytes; numbers are written by the caller. */
static void object_long(struct bytes *body, unsigned type, const struct ew_sample *sample)
{
	if ((type & EW_TYPE_ARRAY) != 0 && sample->type == EW_BYTES) {
		array_json(body, type & ~EW_TYPE_ARRAY, sample);
		return;
	}
	bytes_char(body, '"');
	if (sample->type == EW_TEXT) {
		json_out_text(body, sample->v.x.at, sample->v.x.size);
	} else {
		json_out_base64(body, sample->v.x.at, sample->v.x.size);
	}
	bytes_char(body, '"');
}

static size_t object_put(char *to, const char *text, size_t size)
{
	memcpy(to, text, size);
	return size;
}

#define object_word(to, text)  object_put(to, text, sizeof(text) - 1)

/* A value that takes at most NUMBER_SIZE bytes. */
static size_t object_short(char *to, unsigned type, const struct ew_sample *sample)
{
	if (!encode_has_value(sample)) {
		return object_word(to, "null");
	}
	if (sample->type == EW_BOOL) {
		return sample->v.b ? object_word(to, "true") : object_word(to, "false");
	}
	if (sample->type == EW_I64) {
		return number_i64(to, sample->v.i);
	}
	if (sample->type == EW_U64) {
		return number_u64(to, sample->v.u);
	}
	return number_f64(to, sample->v.f, type == EW_TYPE_F32);
}

/* What follows the value. It fits into ENCODE_SLACK. */
static size_t object_tail(char *to, const struct ew_sample *sample)
{
	const char *reason = ew_reason_name(sample->quality);
	const char *quality = ew_quality_name(sample->quality);
	char *at = to;

	at += object_word(at, ",\"quality\":\"");
	at += object_put(at, quality, strlen(quality));
	if (reason[0] != '\0') {
		at += object_word(at, "\",\"reason\":\"");
		at += object_put(at, reason, strlen(reason));
	}
	at += object_word(at, "\",\"time\":");
	at += number_i64(at, sample->time);
	if ((sample->flags & EW_HISTORICAL) != 0) {
		at += object_word(at, ",\"historical\":true");
	}
	if ((sample->flags & EW_CLOCK_UNSET) != 0) {
		at += object_word(at, ",\"clock_unset\":true");
	}
	*at++ = '}';
	return (size_t)(at - to);
}

void object_sample(struct bytes *body, const struct shape *shape, const struct ew_sample *sample)
{
	char *at = bytes_room(body, shape->size + NUMBER_SIZE + ENCODE_SLACK);
	char *begin = at;

	if (at == NULL) {
		return;
	}
	at += object_put(at, shape->text, shape->size);
	if (ew_sample_has_bytes(sample) && encode_has_value(sample)) {
		bytes_grow(body, (size_t)(at - begin));
		object_long(body, shape->type, sample);
		begin = bytes_room(body, ENCODE_SLACK);
		if (begin == NULL) {
			return;
		}
		at = begin;
	} else {
		at += object_short(at, shape->type, sample);
	}
	at += object_tail(at, sample);
	bytes_grow(body, (size_t)(at - begin));
}

/* Uses the room behind what is there. Too deep is no JSON, either. */
static bool object_is_json(struct bytes *to, const char *body)
{
	size_t size = strlen(body);
	char *scratch = bytes_room(to, size);
	struct json_in_token token;
	struct json_in in;
	int error;

	if (scratch == NULL) {
		return false; /* the whole record is taken back */
	}
	json_in_begin(&in, body, size);
	json_in_scratch(&in, scratch, size);
	do {
		error = json_in_next(&in, &token);
	} while (error == 0 && token.kind != JSON_IN_END);
	return error == 0;
}

/* What is no JSON would spoil all that is sent with it: it goes as a text. */
static void object_body(struct bytes *to, const char *body)
{
	if (object_is_json(to, body)) {
		json_out_line(to, body);
	} else {
		json_out_string(to, body);
	}
}

void object_event(struct bytes *body, const struct shape_names *names,
		  const struct ew_event *event)
{
	char time[NUMBER_SIZE];

	bytes_text(body, "{\"event\":");
	json_out_string(body, event->kind);
	object_pair(body, "severity", ew_severity_name(event->severity));
	object_pair(body, "device", names->device);
	object_extra(body, names);
	object_pair(body, "key", event->key);
	if (event->body != NULL) {
		bytes_text(body, ",\"body\":");
		object_body(body, event->body);
	}
	bytes_text(body, ",\"time\":");
	bytes_add(body, time, number_i64(time, event->time));
	bytes_char(body, '}');
}
