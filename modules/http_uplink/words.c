/* SPDX-License-Identifier: Apache-2.0 */
/* Words and pieces that all forms share: see words.h. */
#include "modules/http_uplink/words.h"

#include <math.h>
#include <string.h>

#include "modules/http_uplink/number.h"

const char *words_quality(uint16_t quality)
{
	switch (EW_QUALITY_CLASS(quality)) {
	case EW_GOOD:
		return "good";
	case EW_UNCERTAIN:
		return "uncertain";
	default:
		return "bad";
	}
}

const char *words_reason(uint16_t quality)
{
	static const char *const words[] = {
		[EW_REASON_NONE] = "",
		[EW_REASON_NO_VALUE] = "no_value",
		[EW_REASON_STALE] = "stale",
		[EW_REASON_COMM_FAILURE] = "comm_failure",
		[EW_REASON_DEVICE_DOWN] = "device_down",
		[EW_REASON_SENSOR_FAILURE] = "sensor_failure",
		[EW_REASON_OUT_OF_RANGE] = "out_of_range",
		[EW_REASON_SUBSTITUTED] = "substituted",
		[EW_REASON_NOT_CONFIGURED] = "not_configured",
	};
	unsigned reason = EW_QUALITY_REASON(quality);

	return reason < sizeof(words) / sizeof(words[0]) ? words[reason] : "other";
}

const char *words_severity(enum ew_severity severity)
{
	switch (severity) {
	case EW_SEVERITY_INFO:
		return "info";
	case EW_SEVERITY_NOTICE:
		return "notice";
	case EW_SEVERITY_WARNING:
		return "warning";
	case EW_SEVERITY_ALARM:
		return "alarm";
	case EW_SEVERITY_CRITICAL:
		return "critical";
	}
	return "other";
}

bool words_has_value(const struct ew_sample *sample)
{
	return sample->type != EW_NONE && (sample->flags & EW_NULL) == 0 &&
	       (sample->type != EW_F64 || isfinite(sample->v.f));
}

/* ---- text ---- */

/* Bytes of the character at the front; 0: it is not UTF-8. */
static size_t words_utf8(const unsigned char *at, size_t size)
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

static void words_escape(struct bytes *to, unsigned char c)
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

void words_json(struct bytes *to, const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t plain = 0, i = 0;

	while (i < size) {
		size_t length = words_utf8(at + i, size - i);

		if (length == 0 || at[i] < ' ' || at[i] == '"' || at[i] == '\\' || at[i] == 0x7f) {
			bytes_add(to, text + plain, i - plain);
			if (length == 0) {
				bytes_text(to, "\xef\xbf\xbd");
			} else {
				words_escape(to, at[i]);
			}
			plain = ++i;
		} else {
			i += length;
		}
	}
	bytes_add(to, text + plain, size - plain);
}

void words_json_string(struct bytes *to, const char *text)
{
	bytes_char(to, '"');
	words_json(to, text, strlen(text));
	bytes_char(to, '"');
}

void words_base64(struct bytes *to, const void *from, size_t size)
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

/* ---- arrays ---- */

static size_t words_element_size(unsigned element)
{
	switch (element) {
	case EW_TYPE_BOOL:
	case EW_TYPE_I8:
	case EW_TYPE_U8:
		return 1;
	case EW_TYPE_I16:
	case EW_TYPE_U16:
		return 2;
	case EW_TYPE_I32:
	case EW_TYPE_U32:
	case EW_TYPE_F32:
		return 4;
	case EW_TYPE_I64:
	case EW_TYPE_U64:
	case EW_TYPE_F64:
	case EW_TYPE_TIME:
		return 8;
	default:
		return 0;
	}
}

static size_t words_float(char *to, double value, bool is_single)
{
	if (!isfinite(value)) {
		memcpy(to, "null", 4);
		return 4;
	}
	return number_f64(to, value, is_single);
}

/* One element of little-endian bytes. */
static size_t words_element(char *to, unsigned element, const unsigned char *at, size_t size)
{
	uint64_t bits = 0, sign;
	double f64;
	float f32;
	uint32_t low;

	for (size_t i = 0; i < size; i++) {
		bits |= (uint64_t)at[i] << 8 * i;
	}
	sign = (uint64_t)1 << (8 * size - 1);
	switch (element) {
	case EW_TYPE_BOOL:
		memcpy(to, bits != 0 ? "true" : "false", bits != 0 ? 4 : 5);
		return bits != 0 ? 4 : 5;
	case EW_TYPE_F32:
		low = (uint32_t)bits;
		memcpy(&f32, &low, sizeof(f32));
		return words_float(to, (double)f32, true);
	case EW_TYPE_F64:
		memcpy(&f64, &bits, sizeof(f64));
		return words_float(to, f64, false);
	case EW_TYPE_U8:
	case EW_TYPE_U16:
	case EW_TYPE_U32:
	case EW_TYPE_U64:
		return number_u64(to, bits);
	default:
		return number_i64(to, (int64_t)((bits ^ sign) - sign));
	}
}

static void words_numbers(struct bytes *to, unsigned element, const unsigned char *at, size_t size)
{
	size_t step = words_element_size(element);

	for (size_t i = 0; step > 0 && i + step <= size; i += step) {
		char *room = bytes_room(to, NUMBER_SIZE + 1);
		size_t comma = i > 0 ? 1 : 0;

		if (room == NULL) {
			return;
		}
		*room = ',';
		bytes_grow(to, comma + words_element(room + comma, element, at + i, step));
	}
}

/* Texts, each ended by a zero byte. */
static void words_texts(struct bytes *to, const char *at, size_t size)
{
	size_t i = 0;

	while (i < size) {
		size_t length = strnlen(at + i, size - i);

		bytes_text(to, i > 0 ? ",\"" : "\"");
		words_json(to, at + i, length);
		bytes_char(to, '"');
		i += length + 1;
	}
}

void words_array(struct bytes *to, unsigned element, const struct ew_sample *sample)
{
	bytes_char(to, '[');
	if (element == EW_TYPE_TEXT || element == EW_TYPE_UUID) {
		words_texts(to, sample->v.x.at, sample->v.x.size);
	} else {
		words_numbers(to, element, sample->v.x.at, sample->v.x.size);
	}
	bytes_char(to, ']');
}
