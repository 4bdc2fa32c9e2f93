/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as it is written: see text.h. */
#include "modules/lwm2m_server/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/cbor/cbor.h"
#include "proto/lwm2m/base64.h"

#define MILLISECOND  INT64_C(1000000)

void text_free(struct text *text)
{
	free(text->at);
	memset(text, 0, sizeof(*text));
}

/* Room for so much more, and a NUL. */
static char *text_grow(struct text *text, size_t size)
{
	size_t room = text->room == 0 ? 256 : text->room;
	char *at;

	if (text->failed || text->size + size >= text->limit) {
		text->failed = true;
		return NULL;
	}
	while (room <= text->size + size) {
		room *= 2;
	}
	if (room != text->room) {
		at = realloc(text->at, room);
		if (at == NULL) {
			text->failed = true;
			return NULL;
		}
		text->at = at;
		text->room = room;
	}
	at = text->at + text->size;
	text->size += size;
	text->at[text->size] = '\0';
	return at;
}

void text_put(struct text *text, const char *bytes, size_t size)
{
	char *at = text_grow(text, size);

	if (at != NULL && size > 0) {
		memcpy(at, bytes, size);
	}
}

void text_words(struct text *text, const char *words)
{
	text_put(text, words, strlen(words));
}

static void text_base64(struct text *text, const char *bytes, size_t size)
{
	char *at;

	text_put(text, "\"", 1);
	at = text_grow(text, base64_size(size));
	if (at != NULL) {
		base64_encode_url(bytes, size, at);
	}
	text_put(text, "\"", 1);
}

void text_string(struct text *text, const char *bytes, size_t size)
{
	if (!cbor_is_utf8((const uint8_t *)bytes, size)) {
		text_base64(text, bytes, size);
		return;
	}
	text_put(text, "\"", 1);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char escape[8];

		if (c == '"' || c == '\\') {
			escape[0] = '\\';
			escape[1] = (char)c;
			text_put(text, escape, 2);
		} else if (c < 0x20) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
			text_put(text, escape, 6);
		} else {
			text_put(text, bytes + i, 1);
		}
	}
	text_put(text, "\"", 1);
}

void text_number(struct text *text, double value)
{
	char digits[LWM2M_VALUE_TEXT_MAX];

	if (!isfinite(value)) {
		text_words(text, "null");       /* JSON has no word for it */
		return;
	}
	text_put(text, digits, lwm2m_float_format(value, digits));
}

void text_unsigned(struct text *text, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	text_put(text, digits + at, sizeof(digits) - at);
}

/* Times come in runs of one second. */
static void text_stamp(struct text *text, int64_t second)
{
	struct tm tm;
	time_t clock = (time_t)second;

	if (text->stamp_size == 0 || second != text->second) {
		text->second = second;
		text->stamp_size = gmtime_r(&clock, &tm) == NULL ? 0 :
				   strftime(text->stamp, sizeof(text->stamp),
					    "\"%Y-%m-%dT%H:%M:%S", &tm);
	}
}

void text_time(struct text *text, int64_t time)
{
	unsigned ms = (unsigned)(time / MILLISECOND % 1000);
	char rest[] = ".000Z\"";

	text_stamp(text, time / 1000 / MILLISECOND);
	if (text->stamp_size == 0 || time < 0) {
		text_words(text, "null");
		return;
	}
	rest[1] = (char)('0' + ms / 100);
	rest[2] = (char)('0' + ms / 10 % 10);
	rest[3] = (char)('0' + ms % 10);
	text_put(text, text->stamp, text->stamp_size);
	text_put(text, rest, sizeof(rest) - 1);
}

void text_record_head(struct text *text, const struct catalog *catalog,
		      const struct lwm2m_path *path)
{
	char numbers[LWM2M_PATH_MAX];
	char name[CATALOG_NAME_MAX];

	text_words(text, "{\"path\":");
	text_string(text, numbers, lwm2m_path_format(path, numbers));
	text_words(text, ",\"name\":");
	text_string(text, name, catalog_name(catalog, path, name));
	text_words(text, ",\"value\":");
}

void text_record_tail(struct text *text, const struct lwm2m_record *record)
{
	text_value(text, &record->value);
	if (record->time != 0) {
		text_words(text, ",\"time\":");
		text_time(text, record->time);
	}
}

void text_value(struct text *text, const struct lwm2m_value *value)
{
	char words[LWM2M_VALUE_TEXT_MAX];

	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		text_put(text, words, (size_t)snprintf(words, sizeof(words), "%lld",
						       (long long)value->v.i));
		break;
	case LWM2M_UNSIGNED:
		text_unsigned(text, value->v.u);
		break;
	case LWM2M_FLOAT:
		text_number(text, value->v.f);
		break;
	case LWM2M_BOOLEAN:
		text_words(text, value->v.b ? "true" : "false");
		break;
	case LWM2M_LINK:
		text_put(text, "\"", 1);
		text_put(text, words, lwm2m_link_format(value->v.link, words));
		text_put(text, "\"", 1);
		break;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
	case LWM2M_PLAIN:
		text_string(text, value->v.x.at, value->v.x.size);
		break;
	case LWM2M_OPAQUE:
	case LWM2M_RAW:
		text_base64(text, value->v.x.at, value->v.x.size);
		break;
	case LWM2M_NONE:
	case LWM2M_NULL:
		text_words(text, "null");
		break;
	}
}

void text_record(struct text *text, const struct catalog *catalog,
		 const struct lwm2m_record *record)
{
	char path[LWM2M_PATH_MAX];
	char name[CATALOG_NAME_MAX];

	text_words(text, "{\"path\":");
	text_string(text, path, lwm2m_path_format(&record->path, path));
	text_words(text, ",\"name\":");
	text_string(text, name, catalog_name(catalog, &record->path, name));
	text_words(text, ",\"value\":");
	text_value(text, &record->value);
	if (record->time != 0) {
		text_words(text, ",\"time\":");
		text_time(text, record->time);
	}
	text_put(text, "}", 1);
}
