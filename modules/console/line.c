/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines: see line.h. */
#include "modules/console/line.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "modules/console/value.h"

/* A string; bytes that are not printable ASCII or UTF-8 stay out of the way as \u00xx. */
static void line_bytes(struct text *text, const char *bytes, size_t size)
{
	text_put(text, "\"");
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\') {
			text_printf(text, "\\%c", c);
		} else if (c < ' ' || c == 0x7f) {
			text_printf(text, "\\u%04x", c);
		} else {
			text_add(text, &bytes[i], 1);
		}
	}
	text_put(text, "\"");
}

static void line_string(struct text *text, const char *string)
{
	line_bytes(text, string, strlen(string));
}

/* `,"key":` or, at the start of an object, `"key":` */
static void line_key(struct text *text, const char *key)
{
	if (text->size > 0 && text->at[text->size - 1] != '{') {
		text_put(text, ",");
	}
	text_printf(text, "\"%s\":", key);
}

static void line_pair(struct text *text, const char *key, const char *string)
{
	if (string != NULL && string[0] != '\0') {
		line_key(text, key);
		line_string(text, string);
	}
}

static void line_hex(struct text *text, const unsigned char *bytes, size_t size)
{
	text_put(text, "\"");
	for (size_t i = 0; i < size; i++) {
		text_printf(text, "%02x", bytes[i]);
	}
	text_put(text, "\"");
}

static void line_number(struct text *text, unsigned type, double value)
{
	char number[VALUE_SIZE];

	/* JSON has no word for these */
	if (!isfinite(value)) {
		text_put(text, "null");
		return;
	}
	value_number(type, value, number);
	text_put(text, number);
}

static void line_value(struct text *text, const struct ew_tag_info *tag,
		       const struct ew_sample *sample)
{
	char time[VALUE_SIZE];

	switch ((enum ew_carrier)sample->type) {
	case EW_NONE:
		text_put(text, "null");
		return;
	case EW_BOOL:
		text_put(text, sample->v.b ? "true" : "false");
		return;
	case EW_I64:
		if (tag->spec.type == EW_TYPE_TIME) {
			value_time(sample->v.i, time);
			line_string(text, time);
			return;
		}
		text_printf(text, "%" PRId64, sample->v.i);
		return;
	case EW_U64:
		text_printf(text, "%" PRIu64, sample->v.u);
		return;
	case EW_F64:
		line_number(text, tag->spec.type, sample->v.f);
		return;
	case EW_TEXT:
		line_bytes(text, sample->v.x.at, sample->v.x.size);
		return;
	case EW_BYTES:
		line_hex(text, sample->v.x.at, sample->v.x.size);
		return;
	}
	text_put(text, "null");
}

static void line_time(struct text *text, ew_time time)
{
	char out[VALUE_SIZE];

	value_time(time, out);
	line_pair(text, "time", out);
}

void line_sample(struct text *text, const struct ew_device_info *device,
		 const struct ew_tag_info *tag, const struct ew_sample *sample)
{
	text_put(text, "{");
	line_pair(text, "device", device->spec.path);
	line_pair(text, "tag", tag->spec.name);
	line_key(text, "value");
	line_value(text, tag, sample);
	line_pair(text, "unit", tag->spec.unit);
	line_pair(text, "quality", ew_quality_name(sample->quality));
	line_pair(text, "reason", ew_reason_name(sample->quality));
	if (sample->flags & EW_HISTORICAL) {
		line_key(text, "historical");
		text_put(text, "true");
	}
	line_time(text, sample->time);
	text_put(text, "}\n");
}

static const char *line_change(enum ew_change change)
{
	switch (change) {
	case EW_DECLARED:
		return "declared";
	case EW_UPDATED:
		return "updated";
	case EW_STATE_CHANGED:
		return "state";
	case EW_REMOVED:
		return "removed";
	}
	return "?";
}

void line_device(struct text *text, enum ew_change change, const struct ew_device_info *device)
{
	text_put(text, "{");
	line_pair(text, "device", device->spec.path);
	line_pair(text, "change", line_change(change));
	line_pair(text, "type", device->spec.type);
	line_pair(text, "state", ew_state_name(device->state));
	line_pair(text, "reason", device->reason);
	text_put(text, "}\n");
}

void line_event(struct text *text, const struct ew_event *event,
		const struct ew_device_info *device)
{
	text_put(text, "{");
	line_pair(text, "event", event->kind);
	line_pair(text, "severity", ew_severity_name(event->severity));
	line_pair(text, "device", device != NULL ? device->spec.path : NULL);
	line_pair(text, "key", event->key);
	line_time(text, event->time);
	if (event->body != NULL) {
		line_key(text, "body");
		text_put(text, event->body);
	}
	text_put(text, "}\n");
}

void line_gap(struct text *text, const struct ew_gap *gap)
{
	static const char *const reasons[EW_GAP_REASON_COUNT] = {
		[EW_GAP_OVERFLOW] = "overflow",
		[EW_GAP_SUPERSEDED] = "superseded",
		[EW_GAP_NO_MEMORY] = "no memory",
		[EW_GAP_RETENTION] = "retention",
		[EW_GAP_DAMAGED] = "damaged",
		[EW_GAP_NOT_STORED] = "not stored",
		[EW_GAP_RETYPED] = "retyped",
	};

	text_put(text, "{");
	line_pair(text, "gap", gap->reason < EW_GAP_REASON_COUNT ? reasons[gap->reason] : "other");
	text_printf(text, ",\"samples\":%" PRIu64 ",\"events\":%" PRIu64 "}\n", gap->samples,
		    gap->events);
}
