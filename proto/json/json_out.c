/* SPDX-License-Identifier: Apache-2.0 */
/* Text as JSON: see json_out.h. */
#include "proto/json/json_out.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the character at the front; 0: it is not UTF-8. */
static size_t json_out_utf8(const unsigned char *at, size_t size)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
	uint32_t code;

	if (at[0] < 0x80) {
		return 1;
	}
	if (length == 0 || at[0] > 0xf4 || length > size) {
		return 0;
	}
	code = at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
		code = code << 6 | (at[i] & 0x3fu);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	}
	return length;
}

static void json_out_escape(struct bytes *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
	case '\\':
		text[1] = (char)c;
		break;
	case '\n':
		text[1] = 'n';
		break;
	case '\r':
		text[1] = 'r';
		break;
	case '\t':
		text[1] = 't';
		break;
	default:
		bytes_add(to, text, 6);
		return;
	}
	bytes_add(to, text, 2);
}

void json_out_text(struct bytes *to, const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t plain = 0, i = 0;

	while (i < size) {
		size_t length = json_out_utf8(at + i, size - i);

		if (length == 0 || at[i] < ' ' || at[i] == '"' || at[i] == '\\' || at[i] == 0x7f) {
			bytes_add(to, text + plain, i - plain);
			if (length == 0) {
				bytes_text(to, "\xef\xbf\xbd");
			} else {
				json_out_escape(to, at[i]);
			}
			plain = ++i;
		} else {
			i += length;
		}
	}
	bytes_add(to, text + plain, size - plain);
}

void json_out_string(struct bytes *to, const char *text)
{
	bytes_char(to, '"');
	json_out_text(to, text, strlen(text));
	bytes_char(to, '"');
}

void json_out_base64(struct bytes *to, const void *from, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = from;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)at[i] << 16;
		char four[4];

		three |= i + 1 < size ? (uint32_t)at[i + 1] << 8 : 0;
		three |= i + 2 < size ? at[i + 2] : 0;
		four[0] = digits[three >> 18];
		four[1] = digits[three >> 12 & 63];
		four[2] = i + 1 < size ? digits[three >> 6 & 63] : '=';
		four[3] = i + 2 < size ? digits[three & 63] : '=';
		bytes_add(to, four, 4);
	}
}

void json_out_line(struct bytes *to, const char *json)
{
	while (*json != '\0') {
		const char *end = json;

		while ((unsigned char)*end >= ' ') {
			end++;
		}
		bytes_add(to, json, (size_t)(end - json));
		json = *end != '\0' ? end + 1 : end;
	}
}
