/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as lines of InfluxDB's line protocol: see encode_inside.h.
 *
 * In names a backslash stands before comma, blank and equals sign. The protocol
 * has no escape for a backslash at the end of a name nor for a line feed, so a
 * backslash in a name is written as a slash and a control character as a blank;
 * in a text, line feed and carriage return are written as \n and \r.
 */
#include <string.h>

#include "modules/http_uplink/array.h"
#include "modules/http_uplink/encode_inside.h"
#include "proto/json/json_out.h"
#include "proto/json/number.h"

static void influx_name(struct bytes *to, const char *name)
{
	for (; *name != '\0'; name++) {
		char c = (unsigned char)*name < ' ' || *name == 0x7f ? ' ' :
			 *name == '\\' ? '/' : *name;

		if (c == ',' || c == ' ' || c == '=') {
			bytes_char(to, '\\');
		}
		bytes_char(to, c);
	}
}

/* `,key=value`; the protocol has no empty tags. */
static void influx_tag(struct bytes *to, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0') {
		return;
	}
	bytes_char(to, ',');
	influx_name(to, key);
	bytes_char(to, '=');
	influx_name(to, value);
}

static void influx_text(struct bytes *to, const char *text, size_t size)
{
	bytes_char(to, '"');
	for (size_t i = 0; i < size; i++) {
		switch (text[i]) {
		case '"':
		case '\\':
			bytes_char(to, '\\');
			bytes_char(to, text[i]);
			break;
		case '\n':
			bytes_text(to, "\\n");
			break;
		case '\r':
			bytes_text(to, "\\r");
			break;
		case '\0':
			break;
		default:
			bytes_char(to, text[i]);
			break;
		}
	}
	bytes_char(to, '"');
}

/* `measurement,device=...,extra=... ` */
static void influx_head(struct bytes *to, const struct shape_names *names, const char *measurement)
{
	/* a line that begins with # is a comment */
	if (measurement[0] == '#') {
		bytes_char(to, '_');
	}
	influx_name(to, measurement);
	influx_tag(to, "device", names->device);
	for (size_t i = 0; i < names->extra_count; i++) {
		influx_tag(to, names->extra[i].name, names->extra[i].value);
	}
}

void influx_shape(struct bytes *to, const struct shape_names *names, const struct ew_tag_spec *tag,
		  uint32_t *head_out)
{
	influx_head(to, names, names->measurement);
	bytes_char(to, ' ');
	*head_out = (uint32_t)to->size;
	influx_name(to, tag->name);
	bytes_char(to, '=');
}

/* ---- values ---- */

/* Bytes and arrays as a text. */
static void influx_long(struct bytes *body, unsigned type, const struct ew_sample *sample)
{
	struct bytes text = {0};

	if (sample->type == EW_TEXT) {
		influx_text(body, sample->v.x.at, sample->v.x.size);
		return;
	}
	if ((type & EW_TYPE_ARRAY) != 0) {
		array_json(&text, type & ~EW_TYPE_ARRAY, sample);
	} else {
		json_out_base64(&text, sample->v.x.at, sample->v.x.size);
	}
	influx_text(body, text.at, text.size);
	body->failed = body->failed || text.failed;
	bytes_free(&text);
}

/* A value that takes at most NUMBER_SIZE bytes. */
static size_t influx_short(char *to, unsigned type, const struct ew_sample *sample)
{
	size_t size;

	switch (sample->type) {
	case EW_BOOL:
		*to = sample->v.b ? 't' : 'f';
		return 1;
	case EW_I64:
		size = number_i64(to, sample->v.i);
		to[size] = 'i';
		return size + 1;
	case EW_U64:
		size = number_u64(to, sample->v.u);
		to[size] = type == EW_TYPE_U64 ? 'u' : 'i';
		return size + 1;
	default:
		return number_f64(to, sample->v.f, type == EW_TYPE_F32);
	}
}

/* `NAME.key="word"`; NAME and its equals sign end the shape. */
static void influx_aside(struct bytes *body, const struct shape *shape, const char *key,
			 const char *word)
{
	bytes_add(body, shape->text + shape->head, shape->size - shape->head - 1);
	bytes_text(body, key);
	bytes_text(body, word);
	bytes_char(body, '"');
}

static void influx_quality(struct bytes *body, const struct shape *shape,
			   const struct ew_sample *sample, bool is_first)
{
	const char *reason = ew_reason_name(sample->quality);

	if (!is_first) {
		bytes_char(body, ',');
	}
	influx_aside(body, shape, ".quality=\"", ew_quality_name(sample->quality));
	if (reason[0] != '\0') {
		bytes_char(body, ',');
		influx_aside(body, shape, ".reason=\"", reason);
	}
}

static void influx_time(struct bytes *body, ew_time time)
{
	char *at = bytes_room(body, NUMBER_SIZE + 2);
	size_t size;

	if (at == NULL) {
		return;
	}
	at[0] = ' ';
	size = 1 + number_i64(at + 1, time);
	at[size] = '\n';
	bytes_grow(body, size + 1);
}

void influx_sample(struct bytes *body, const struct shape *shape, const struct ew_sample *sample)
{
	bool has_value = encode_has_value(sample);
	char *at = bytes_room(body, shape->size + NUMBER_SIZE);
	size_t size = has_value ? shape->size : shape->head;

	if (at == NULL) {
		return;
	}
	memcpy(at, shape->text, size);
	if (has_value && !ew_sample_has_bytes(sample)) {
		size += influx_short(at + size, shape->type, sample);
	}
	bytes_grow(body, size);
	if (has_value && ew_sample_has_bytes(sample)) {
		influx_long(body, shape->type, sample);
	}
	/* good is not said, but a line needs a field */
	if (!has_value || sample->quality != EW_GOOD) {
		influx_quality(body, shape, sample, !has_value);
	}
	influx_time(body, sample->time);
}

void influx_event(struct bytes *body, const struct shape_names *names,
		  const struct ew_event *event)
{
	influx_head(body, names, "event");
	influx_tag(body, "kind", event->kind);
	influx_tag(body, "severity", ew_severity_name(event->severity));
	influx_tag(body, "key", event->key);
	bytes_text(body, " body=");
	influx_text(body, event->body != NULL ? event->body : "",
		    event->body != NULL ? strlen(event->body) : 0);
	influx_time(body, event->time);
}
