/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: see base64.h. */
#include "proto/lwm2m/base64.h"

#include <stdint.h>

static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t base64_encode(const char *bytes, size_t size, const char *alphabet, char *out)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i += 3) {
		size_t count = size - i < 3 ? size - i : 3;
		uint32_t group = 0;

		for (size_t j = 0; j < 3; j++) {
			group = group << 8 | (j < count ? (unsigned char)bytes[i + j] : 0u);
		}
		for (size_t j = 0; j <= count; j++) {
			out[to++] = alphabet[group >> (18 - 6 * j) & 63];
		}
	}
	return to;
}

void base64_encode_url(const char *bytes, size_t size, char *out)
{
	(void)base64_encode(bytes, size, url, out);     /* base64_size() tells it before */
}

size_t base64_encode_padded(const char *bytes, size_t size, char *out)
{
	size_t to = base64_encode(bytes, size, common, out);

	while (to % 4 != 0) {
		out[to++] = '=';
	}
	return to;
}

/* 0..63, or 64 for what is no digit. */
static unsigned base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return (unsigned)(c - 'A');
	}
	if (c >= 'a' && c <= 'z') {
		return (unsigned)(c - 'a') + 26;
	}
	if (c >= '0' && c <= '9') {
		return (unsigned)(c - '0') + 52;
	}
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : 64;
}

int base64_decode(const char *text, size_t size, char *out, size_t *size_out)
{
	uint32_t group = 0;
	unsigned bits = 0;
	size_t to = 0;

	if (size > 0 && size % 4 == 0 && text[size - 1] == '=') {
		size -= text[size - 2] == '=' ? 2 : 1;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned digit = base64_digit(text[i]);

		if (digit == 64) {
			return -EPROTO;
		}
		group = (group << 6 | digit) & 0xfff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[to++] = (char)(group >> bits & 255);
		}
	}
	/* one digit alone says nothing, and bits that nobody needs are zero */
	if (bits == 6 || (group & ((1u << bits) - 1)) != 0) {
		return -EPROTO;
	}
	*size_out = to;
	return 0;
}
