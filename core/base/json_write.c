/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of flat JSON objects, over struct buf. What comes from outside is
 * escaped here, once, so no name can end a text or a line.
 */
#include "core/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"

/* Bytes of the UTF-8 character at `at`; 0: it is none. */
static size_t json_char_size(const unsigned char *at, size_t size)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (length > size || !text_is_utf8((const char *)at, length)) {
		return 0;
	}
	return length;
}

static void json_put_control(struct buf *buf, unsigned char c)
{
	static const char from[] = "\b\f\n\r\t";
	static const char into[] = "bfnrt";
	const char *which = c == '\0' ? NULL : strchr(from, c);

	if (which != NULL) {
		buf_add_byte(buf, '\\');
		buf_add_byte(buf, into[which - from]);
	} else {
		buf_printf(buf, "\\u%04x", c);
	}
}

static void json_put_text(struct buf *buf, const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + size;

	buf_add_byte(buf, '"');
	while (at < end) {
		size_t length = json_char_size(at, (size_t)(end - at));

		if (length == 0) {
			buf_add_text(buf, "\xef\xbf\xbd");
			at++;
			continue;
		}
		if (*at < 0x20 || *at == 0x7f) {
			json_put_control(buf, *at);
		} else {
			if (*at == '"' || *at == '\\') {
				buf_add_byte(buf, '\\');
			}
			buf_add(buf, at, length);
		}
		at += length;
	}
	buf_add_byte(buf, '"');
}

static void json_key(struct buf *buf, const char *key)
{
	if (buf->size > 0 && buf->at[buf->size - 1] != '{') {
		buf_add_byte(buf, ',');
	}
	json_put_text(buf, key, strlen(key));
	buf_add_byte(buf, ':');
}

void json_begin(struct buf *buf)
{
	buf_add_byte(buf, '{');
}

void json_end(struct buf *buf)
{
	buf_add_byte(buf, '}');
}

void json_add_text(struct buf *buf, const char *key, const char *text)
{
	json_key(buf, key);
	if (text == NULL) {
		buf_add_text(buf, "null");
	} else {
		json_put_text(buf, text, strlen(text));
	}
}

void json_add_bytes(struct buf *buf, const char *key, const void *bytes, size_t size)
{
	json_key(buf, key);
	json_put_text(buf, bytes, size);
}

void json_add_int(struct buf *buf, const char *key, int64_t value)
{
	json_key(buf, key);
	buf_printf(buf, "%" PRId64, value);
}

void json_add_uint(struct buf *buf, const char *key, uint64_t value)
{
	json_key(buf, key);
	buf_printf(buf, "%" PRIu64, value);
}

void json_add_bool(struct buf *buf, const char *key, bool value)
{
	json_key(buf, key);
	buf_add_text(buf, value ? "true" : "false");
}

void json_add_float(struct buf *buf, const char *key, double value)
{
	char text[48];

	json_key(buf, key);
	if (isfinite(value)) {
		buf_add_text(buf, text_format_float(value, text, sizeof(text)));
	} else {
		buf_add_text(buf, isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"");
	}
}

void json_add_time(struct buf *buf, const char *key, ew_time time)
{
	int64_t rest = time % 1000000000;
	time_t seconds = (time_t)(time / 1000000000 - (rest < 0 ? 1 : 0));
	struct tm parts;
	char text[64];

	rest += rest < 0 ? 1000000000 : 0;
	if (time == 0 || gmtime_r(&seconds, &parts) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
		json_add_text(buf, key, NULL);
		return;
	}
	json_key(buf, key);
	buf_printf(buf, "\"%s.%03dZ\"", text, (int)(rest / 1000000));
}

void json_add_hex(struct buf *buf, const char *key, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	json_key(buf, key);
	buf_add_byte(buf, '"');
	for (size_t i = 0; i < size; i++) {
		buf_printf(buf, "%02x", at[i]);
	}
	buf_add_byte(buf, '"');
}
