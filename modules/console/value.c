/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people read them: see value.h. */
#include "modules/console/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool value_reads_back(unsigned type, const char *text, double value)
{
	if (type == EW_TYPE_F32) {
		return strtof(text, NULL) == (float)value;
	}
	return strtod(text, NULL) == value;
}

void value_number(unsigned type, double value, char out[VALUE_SIZE])
{
	int digits = type == EW_TYPE_F32 ? 6 : 15;
	int most = type == EW_TYPE_F32 ? 9 : 17;

	for (; digits <= most; digits++) {
		(void)snprintf(out, VALUE_SIZE, "%.*g", digits, value); /* it fits */
		if (value_reads_back(type, out, value)) {
			break;
		}
	}
}

void value_time(ew_time time, char out[VALUE_SIZE])
{
	int64_t seconds = time / EW_SECOND, rest = time % EW_SECOND;
	struct tm tm;
	time_t clock;

	if (rest < 0) {
		rest += EW_SECOND;
		seconds--;
	}
	clock = (time_t)seconds;
	if (gmtime_r(&clock, &tm) == NULL) {
		(void)snprintf(out, VALUE_SIZE, "?");
		return;
	}
	(void)snprintf(out, VALUE_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03" PRId64 "Z",
		       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		       tm.tm_sec, rest / EW_MILLISECOND); /* it fits */
}

void value_age(ew_dur age, char out[VALUE_SIZE])
{
	static const struct {
		int64_t seconds;
		int64_t below;
		char unit;
	} rows[] = {{1, 60, 's'}, {60, 3600, 'm'}, {3600, 86400, 'h'}, {86400, INT64_MAX, 'd'}};
	int64_t seconds = age / EW_SECOND;
	size_t row = 0;

	if (age < 10 * EW_SECOND) {
		(void)snprintf(out, VALUE_SIZE, "%.1fs",
			       age < 0 ? 0.0 : (double)age / (double)EW_SECOND);
		return;
	}
	while (seconds >= rows[row].below) {
		row++;
	}
	(void)snprintf(out, VALUE_SIZE, "%" PRId64 "%c", seconds / rows[row].seconds,
		       rows[row].unit);
}

static const char *value_label(const struct ew_tag_info *tag, const struct ew_sample *sample)
{
	int64_t value;

	if (sample->type == EW_I64) {
		value = sample->v.i;
	} else if (sample->type == EW_U64 && sample->v.u <= INT64_MAX) {
		value = (int64_t)sample->v.u;
	} else if (sample->type == EW_BOOL) {
		value = sample->v.b ? 1 : 0;
	} else {
		return NULL;
	}
	for (size_t i = 0; i < tag->spec.label_count; i++) {
		if (tag->spec.labels[i].value == value) {
			return tag->spec.labels[i].text;
		}
	}
	return NULL;
}

/* One line: control characters become dots. Bytes above 127 are UTF-8 and stay. */
static void value_text(const char *bytes, size_t size, char out[VALUE_SIZE])
{
	size_t length = size < VALUE_SIZE - 4 ? size : VALUE_SIZE - 4;

	/* not in the middle of a character */
	while (length > 0 && length < size && ((unsigned char)bytes[length] & 0xc0) == 0x80) {
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		out[i] = c < ' ' || c == 0x7f ? '.' : (char)c;
	}
	(void)snprintf(out + length, VALUE_SIZE - length, "%s", length < size ? "..." : "");
}

static void value_bytes(const unsigned char *bytes, size_t size, char out[VALUE_SIZE])
{
	size_t shown = size < 16 ? size : 16;

	out[0] = '\0';
	for (size_t i = 0; i < shown; i++) {
		(void)snprintf(out + 2 * i, VALUE_SIZE - 2 * i, "%02x", bytes[i]);
	}
	if (shown < size) {
		(void)snprintf(out + 2 * shown, VALUE_SIZE - 2 * shown, "... (%zu bytes)", size);
	}
}

void value_show(const struct ew_tag_info *tag, const struct ew_sample *sample,
		char out[VALUE_SIZE])
{
	const char *label = value_label(tag, sample);

	if (label != NULL) {
		value_text(label, strlen(label), out);
		return;
	}
	switch ((enum ew_carrier)sample->type) {
	case EW_NONE:
		(void)snprintf(out, VALUE_SIZE, "-");
		return;
	case EW_BOOL:
		(void)snprintf(out, VALUE_SIZE, "%s", sample->v.b ? "yes" : "no");
		return;
	case EW_I64:
		if (tag->spec.type == EW_TYPE_TIME) {
			value_time(sample->v.i, out);
			return;
		}
		(void)snprintf(out, VALUE_SIZE, "%" PRId64, sample->v.i);
		return;
	case EW_U64:
		(void)snprintf(out, VALUE_SIZE, "%" PRIu64, sample->v.u);
		return;
	case EW_F64:
		value_number(tag->spec.type, sample->v.f, out);
		return;
	case EW_TEXT:
		value_text(sample->v.x.at, sample->v.x.size, out);
		return;
	case EW_BYTES:
		value_bytes(sample->v.x.at, sample->v.x.size, out);
		return;
	}
	(void)snprintf(out, VALUE_SIZE, "?");
}
