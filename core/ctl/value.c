/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples as JSON, and what a person wrote as a sample.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/bus/settable.h"
#include "core/ctl/place.h"

/* 27.33 of a tag of 32 bits is no 27.329999923706055. */
static double value_of_f32(double value)
{
	char text[32];

	for (int digits = 1; digits <= 9; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtof(text, NULL) == (float)value) {
			return strtod(text, NULL);
		}
	}
	return value;
}

static void value_add(struct buf *row, const struct ew_sample *sample, unsigned type)
{
	if ((sample->flags & EW_NULL) != 0) {
		json_add_text(row, "value", NULL);
		return;
	}
	switch ((enum ew_carrier)sample->type) {
	case EW_NONE:
		json_add_text(row, "value", NULL);
		break;
	case EW_BOOL:
		json_add_bool(row, "value", sample->v.b);
		break;
	case EW_I64:
		json_add_int(row, "value", sample->v.i);
		break;
	case EW_U64:
		json_add_uint(row, "value", sample->v.u);
		break;
	case EW_F64:
		json_add_float(row, "value",
			       type == EW_TYPE_F32 ? value_of_f32(sample->v.f) : sample->v.f);
		break;
	case EW_TEXT:
		json_add_bytes(row, "value", sample->v.x.at, sample->v.x.size);
		break;
	case EW_BYTES:
		json_add_hex(row, "value", sample->v.x.at, sample->v.x.size);
		break;
	}
}

void desk_add_sample(struct buf *row, const struct ew_sample *sample, unsigned type)
{
	value_add(row, sample, type);
	json_add_text(row, "quality", ew_quality_name(sample->quality));
	if (EW_QUALITY_REASON(sample->quality) != EW_REASON_NONE) {
		json_add_text(row, "reason", ew_reason_name(sample->quality));
	}
	json_add_time(row, "time", sample->time);
	if ((sample->flags & EW_CLOCK_UNSET) != 0) {
		json_add_bool(row, "clock_unset", true);
	}
	if ((sample->flags & EW_HISTORICAL) != 0) {
		json_add_bool(row, "historical", true);
	}
}

static int value_hex(const char *text, struct buf *bytes)
{
	size_t size = strlen(text);

	if (size % 2 != 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < size; i += 2) {
		const char pair[] = { '0', 'x', text[i], text[i + 1], '\0' };
		uint64_t byte;

		if (text_parse_uint(pair, &byte) != 0) {
			return -EINVAL;
		}
		buf_add_byte(bytes, (char)byte);
	}
	return bytes->fault;
}

int desk_parse_value(const struct desk_tag *tag, const char *text, struct buf *bytes,
		     struct ew_sample *sample_out, struct ew_error *err)
{
	struct ew_sample sample;
	int error;

	if (tag->carrier == EW_BYTES) {
		error = value_hex(text, bytes);
		sample = ew_sample_bytes(0, 0, bytes->at, (uint32_t)bytes->size);
	} else {
		error = settable_parse(tag->carrier, text, &sample);
	}
	if (error != 0) {
		const char *type = ew_type_name(tag->type);

		return ew_fail(err, "'%s' is not a value of type %s%s", text,
			       type != NULL ? type : "?",
			       tag->carrier == EW_BYTES ? " in hexadecimal digits" : "");
	}
	sample.tag = tag->id;
	*sample_out = sample;
	return 0;
}

int desk_duration(struct ctl_request *request, const char *key, ew_dur fallback,
		  ew_dur *value_out)
{
	const char *text = json_text(ctl_fields(request), key);

	if (text == NULL) {
		*value_out = fallback;
		return 0;
	}
	if (text_parse_duration(text, value_out) != 0) {
		ctl_fail(request, -EINVAL, "%s: '%s' is not a duration such as 500ms, 10s or 1h",
			 key, text);
		return -EINVAL;
	}
	return 0;
}
