/* SPDX-License-Identifier: Apache-2.0 */
/* The forms side by side, and their frames: see encode.h. */
#include "modules/http_uplink/encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/encode_inside.h"

const char *encode_content_type(enum encode_format format)
{
	switch (format) {
	case FORMAT_NDJSON:
		return "application/x-ndjson";
	case FORMAT_JSON:
		return "application/json";
	case FORMAT_INFLUX:
		return "text/plain; charset=utf-8";
	}
	return "application/octet-stream";
}

int shape_make(enum encode_format format, const struct shape_names *names,
	       const struct ew_tag_spec *tag, struct shape *shape_out)
{
	struct bytes text = {0};
	uint32_t head = 0;

	if (format == FORMAT_INFLUX) {
		influx_shape(&text, names, tag, &head);
	} else {
		object_shape(&text, names, tag);
	}
	if (text.failed) {
		bytes_free(&text);
		return -ENOMEM;
	}
	*shape_out = (struct shape){
		.text = text.at,
		.size = (uint32_t)text.size,
		.head = head,
		.type = (uint16_t)tag->type,
	};
	return 0;
}

void shape_free(struct shape *shape)
{
	free(shape->text);
	*shape = (struct shape){0};
}

/* Between two records of an array, and before the first. */
static void encode_separate(enum encode_format format, struct bytes *body)
{
	if (format == FORMAT_JSON) {
		bytes_text(body, body->size == 0 ? "[\n" : ",\n");
	}
}

static int encode_done(struct bytes *body, size_t before)
{
	if (body->failed) {
		bytes_cut(body, before);
		return -ENOMEM;
	}
	return 0;
}

int encode_sample(enum encode_format format, struct bytes *body, const struct shape *shape,
		  const struct ew_sample *sample)
{
	size_t before = body->size;

	encode_separate(format, body);
	if (format == FORMAT_INFLUX) {
		influx_sample(body, shape, sample);
	} else {
		object_sample(body, shape, sample);
	}
	if (format == FORMAT_NDJSON) {
		bytes_char(body, '\n');
	}
	return encode_done(body, before);
}

int encode_event(enum encode_format format, struct bytes *body, const struct shape_names *names,
		 const struct ew_event *event)
{
	size_t before = body->size;

	encode_separate(format, body);
	if (format == FORMAT_INFLUX) {
		influx_event(body, names, event);
	} else {
		object_event(body, names, event);
	}
	if (format == FORMAT_NDJSON) {
		bytes_char(body, '\n');
	}
	return encode_done(body, before);
}

int encode_end(enum encode_format format, struct bytes *body)
{
	size_t before = body->size;

	if (format == FORMAT_JSON) {
		bytes_text(body, before == 0 ? "[]\n" : "\n]\n");
	}
	return encode_done(body, before);
}
