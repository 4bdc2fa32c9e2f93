/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON: see entry.h. */
#include "modules/events/entry.h"

#include <math.h>
#include <string.h>

#include "proto/json/json_in.h"
#include "proto/json/json_out.h"
#include "proto/json/number.h"

const char *entry_key(const struct entry_names *names)
{
	return names->device != NULL ? names->device : names->source;
}

/* ---- pieces ---- */

static void entry_number(struct bytes *to, uint64_t value)
{
	char *room = bytes_room(to, NUMBER_SIZE);

	if (room != NULL) {
		bytes_grow(to, number_u64(room, value));
	}
}

/* `,"key":"text"` */
static void entry_pair(struct bytes *to, const char *key, const char *text)
{
	bytes_text(to, ",\"");
	bytes_text(to, key);
	bytes_text(to, "\":");
	json_out_string(to, text);
}

static void entry_digits(char *to, unsigned value, unsigned count)
{
	while (count-- > 0) {
		to[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/*
 * RFC 3339 in UTC, to the nanosecond. The years of a time_t in nanoseconds are
 * 1677 to 2262; the date follows from days since 1 March of the year 0.
 */
static void entry_time(struct bytes *to, ew_time time)
{
	char text[] = "\"0000-00-00T00:00:00.000000000Z\"";
	ew_time rest = time % EW_SECOND;
	int64_t seconds = time / EW_SECOND - (rest < 0 ? 1 : 0);
	int64_t second = seconds % 86400;
	unsigned days, era_day, year, day, month;

	rest += rest < 0 ? EW_SECOND : 0;
	second += second < 0 ? 86400 : 0;
	days = (unsigned)((seconds - second) / 86400 + 719468);
	era_day = days % 146097;
	year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	day = era_day - (365 * year + year / 4 - year / 100);
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month += month < 10 ? 3 : (unsigned)-9;
	year += days / 146097 * 400 + (month <= 2 ? 1 : 0);
	entry_digits(text + 1, year, 4);
	entry_digits(text + 6, month, 2);
	entry_digits(text + 9, day + 1, 2);
	entry_digits(text + 12, (unsigned)(second / 3600), 2);
	entry_digits(text + 15, (unsigned)(second / 60 % 60), 2);
	entry_digits(text + 18, (unsigned)(second % 60), 2);
	entry_digits(text + 21, (unsigned)rest, 9);
	bytes_add(to, text, sizeof(text) - 1);
}

static void entry_begin(struct bytes *to, const struct entry_names *names, const char *kind,
			ew_time time)
{
	bytes_text(to, kind);
	bytes_text(to, "\n");
	entry_pair(to, "event_type", kind);
	bytes_text(to, ",\"timestamp\":");
	entry_time(to, time);
	if (names->device != NULL) {
		entry_pair(to, "device_id", names->device);
	}
	entry_pair(to, "key", entry_key(names));
	entry_pair(to, "source", names->source);
}

/* ---- events ---- */

/* Is it one JSON object? Texts with escapes are read into the room behind what is there. */
static bool entry_is_object(struct bytes *to, const char *text)
{
	size_t size = strlen(text);
	char *scratch = bytes_room(to, size);
	struct json_in in;
	struct json_in_token token;
	int error;

	if (scratch == NULL) {
		return false;
	}
	json_in_begin(&in, text, size);
	if (json_in_next(&in, &token) != 0 || token.kind != JSON_IN_OBJECT) {
		return false;
	}
	do {
		json_in_scratch(&in, scratch, size);
		error = json_in_next(&in, &token);
	} while (error == 0 && token.kind != JSON_IN_END);
	return error == 0;
}

void entry_event(struct bytes *to, const struct entry_names *names, const struct ew_event *event)
{
	entry_begin(to, names, event->kind, event->time);
	entry_pair(to, "severity", ew_severity_name(event->severity));
	if (event->key != NULL) {
		entry_pair(to, "subject", event->key);
	}
	bytes_text(to, ",\"data\":");
	if (event->body == NULL || event->body[0] == '\0') {
		bytes_text(to, "{}}");
	} else if (entry_is_object(to, event->body)) {
		json_out_line(to, event->body);
		bytes_char(to, '}');
	} else {
		bytes_text(to, "{\"text\":");
		json_out_string(to, event->body);
		bytes_text(to, "}}");
	}
}

/* ---- samples ---- */

void entry_begin_samples(struct bytes *to, const struct entry_names *names, ew_time time)
{
	entry_begin(to, names, ENTRY_KIND_SAMPLES, time);
	bytes_text(to, ",\"data\":{\"records\":[");
}

/* A value that is not long. */
static void entry_value(struct bytes *to, const struct ew_tag_info *tag,
			const struct ew_sample *sample)
{
	char *room = bytes_room(to, NUMBER_SIZE);

	if (room == NULL) {
		return;
	}
	if (sample->type == EW_BOOL) {
		bytes_text(to, sample->v.b ? "true" : "false");
	} else if (sample->type == EW_I64) {
		bytes_grow(to, number_i64(room, sample->v.i));
	} else if (sample->type == EW_U64) {
		bytes_grow(to, number_u64(room, sample->v.u));
	} else {
		bytes_grow(to, number_f64(room, sample->v.f, tag->spec.type == EW_TYPE_F32));
	}
}

static bool entry_has_value(const struct ew_sample *sample)
{
	return sample->type != EW_NONE && (sample->flags & EW_NULL) == 0 &&
	       (sample->type != EW_F64 || isfinite(sample->v.f)) &&
	       (!ew_sample_has_bytes(sample) || sample->v.x.size <= ENTRY_VALUE_MAX);
}

bool entry_record(struct bytes *to, const struct ew_tag_info *tag,
		  const struct ew_sample *sample, bool is_first)
{
	bool is_long = ew_sample_has_bytes(sample) && sample->v.x.size > ENTRY_VALUE_MAX;

	bytes_text(to, is_first ? "{\"tag\":" : ",{\"tag\":");
	json_out_string(to, tag->spec.name);
	entry_pair(to, "type", ew_type_name(tag->spec.type));
	if (tag->spec.unit != NULL && tag->spec.unit[0] != '\0') {
		entry_pair(to, "unit", tag->spec.unit);
	}
	bytes_text(to, ",\"value\":");
	if (!entry_has_value(sample)) {
		bytes_text(to, "null");
	} else if (ew_sample_has_bytes(sample)) {
		bytes_char(to, '"');
		if (sample->type == EW_TEXT) {
			json_out_text(to, sample->v.x.at, sample->v.x.size);
		} else {
			json_out_base64(to, sample->v.x.at, sample->v.x.size);
		}
		bytes_char(to, '"');
	} else {
		entry_value(to, tag, sample);
	}
	if (is_long) {
		bytes_text(to, ",\"too_long\":");
		entry_number(to, sample->v.x.size);
	}
	entry_pair(to, "quality", ew_quality_name(sample->quality));
	if ((sample->flags & EW_HISTORICAL) != 0) {
		bytes_text(to, ",\"historical\":true");
	}
	bytes_text(to, ",\"timestamp\":");
	entry_time(to, sample->time);
	bytes_char(to, '}');
	return !is_long;
}

void entry_end_samples(struct bytes *to)
{
	bytes_text(to, "]}}");
}

/* ---- for clients ---- */

const char *entry_kind(const void *bytes, size_t size, size_t *size_out)
{
	const char *end = memchr(bytes, '\n', size);

	if (end == NULL) {
		return NULL;
	}
	*size_out = (size_t)(end - (const char *)bytes);
	return bytes;
}

/* What comes before an event's JSON, and its id. */
static void entry_lead(struct bytes *to, const struct entry_place *place)
{
	if (place->form == ASK_ARRAY) {
		bytes_text(to, place->is_first ? "[{\"id\":" : ",\n{\"id\":");
	} else if (place->form == ASK_NDJSON) {
		bytes_text(to, "{\"id\":");
	} else {
		bytes_text(to, "id: ");
		entry_number(to, place->id);
		bytes_text(to, "\ndata: {\"id\":");
	}
	entry_number(to, place->id);
}

static void entry_trail(struct bytes *to, const struct entry_place *place)
{
	if (place->form != ASK_ARRAY) {
		bytes_text(to, place->form == ASK_SSE ? "\n\n" : "\n");
	}
}

void entry_show(struct bytes *to, const struct entry_place *place, const void *bytes, size_t size)
{
	size_t kind_size = 0;
	const char *kind = entry_kind(bytes, size, &kind_size);

	if (kind == NULL) {
		return;
	}
	entry_lead(to, place);
	bytes_add(to, kind + kind_size + 1, size - kind_size - 1);
	entry_trail(to, place);
}

void entry_show_gap(struct bytes *to, const struct entry_place *place, uint64_t after,
		    uint64_t lost)
{
	entry_lead(to, place);
	entry_pair(to, "event_type", ENTRY_KIND_GAP);
	bytes_text(to, ",\"severity\":\"warning\",\"data\":{\"after\":");
	entry_number(to, after);
	bytes_text(to, ",\"lost\":");
	entry_number(to, lost);
	bytes_text(to, "}}");
	entry_trail(to, place);
}
