/* SPDX-License-Identifier: Apache-2.0 */
/* Values: see value.h. */
#include "proto/lwm2m/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cbor/cbor.h"
#include "proto/lwm2m/base64.h"

#define NUMBER_MAX  64          /* characters of a number that are read */
#define TWO_63      9223372036854775808.0

int lwm2m_integer_parse(const char *text, size_t size, int64_t *value_out)
{
	bool negative = size > 0 && text[0] == '-';
	uint64_t value = 0;

	if (size == (negative ? 1u : 0u)) {
		return -EPROTO;
	}
	for (size_t i = negative ? 1 : 0; i < size; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9 || value > ((uint64_t)INT64_MAX + 1 - digit) / 10) {
			return -EPROTO;
		}
		value = value * 10 + digit;
	}
	if (!negative && value > INT64_MAX) {
		return -EPROTO;
	}
	*value_out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

static int value_parse_unsigned(const char *text, size_t size, uint64_t *value_out)
{
	uint64_t value = 0;

	if (size == 0) {
		return -EPROTO;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
			return -EPROTO;
		}
		value = value * 10 + digit;
	}
	*value_out = value;
	return 0;
}

int lwm2m_float_parse(const char *text, size_t size, double *value_out)
{
	char number[NUMBER_MAX + 1];
	char *end;
	double value;

	/* strtod() would also take blanks, hexadecimal digits, "inf" and "nan" */
	if (size == 0 || size > NUMBER_MAX) {
		return -EPROTO;
	}
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if ((c < '0' || c > '9') && memchr("+-.eE", c, 5) == NULL) {
			return -EPROTO;
		}
	}
	memcpy(number, text, size);
	number[size] = '\0';
	value = strtod(number, &end);
	if (end != number + size || !isfinite(value)) {
		return -EPROTO;
	}
	*value_out = value;
	return 0;
}

/* A whole number with so many of its digits behind the point. */
static size_t value_format_fixed(int64_t number, unsigned decimals, char *out)
{
	char digits[24];
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	size_t at = sizeof(digits);
	size_t size = 0;

	for (unsigned i = 0; left > 0 || i <= decimals; i++) {
		if (i == decimals && i > 0) {
			digits[--at] = '.';
		}
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	}
	if (number < 0) {
		out[size++] = '-';
	}
	memcpy(out + size, digits + at, sizeof(digits) - at);
	size += sizeof(digits) - at;
	out[size] = '\0';
	return size;
}

/*
 * What sensors say has few decimals: the first whole number that, divided by
 * its power of ten, is the value again, is its shortest text, since that
 * division rounds right. 0: not one of these.
 */
static size_t value_format_short(double value, char *out)
{
	double size = value < 0 ? -value : value;
	double scale = 1;

	if (!(size >= 1e-3 && size < 1e9)) {
		return 0;
	}
	for (unsigned decimals = 0; decimals <= 6; decimals++, scale *= 10) {
		int64_t number = (int64_t)(value * scale + (value < 0 ? -0.5 : 0.5));
		double again = (double)number / scale;

		if (!(again < value) && !(again > value)) {
			return value_format_fixed(number, decimals, out);
		}
	}
	return 0;
}

size_t lwm2m_float_format(double value, char *out)
{
	int size = (int)value_format_short(value, out);

	if (size > 0) {
		return (size_t)size;
	}
	for (int digits = 6; digits <= 17; digits++) {
		size = snprintf(out, LWM2M_VALUE_TEXT_MAX, "%.*g", digits, value);
		if (!(strtod(out, NULL) < value) && !(strtod(out, NULL) > value)) {
			break;
		}
	}
	return (size_t)size;
}

int lwm2m_link_parse(const char *text, size_t size, struct lwm2m_link_value *link_out)
{
	const char *colon = size == 0 ? NULL : memchr(text, ':', size);
	size_t before = colon == NULL ? 0 : (size_t)(colon - text);
	uint64_t object, instance;

	/* one published example has the null link in hexadecimal */
	if (size == 9 && memcmp(text, "FFFF:FFFF", 9) == 0) {
		*link_out = (struct lwm2m_link_value){UINT16_MAX, UINT16_MAX};
		return 0;
	}
	if (colon == NULL || value_parse_unsigned(text, before, &object) != 0 ||
	    value_parse_unsigned(colon + 1, size - before - 1, &instance) != 0 ||
	    object > UINT16_MAX || instance > UINT16_MAX) {
		return -EPROTO;
	}
	*link_out = (struct lwm2m_link_value){(uint16_t)object, (uint16_t)instance};
	return 0;
}

size_t lwm2m_link_format(struct lwm2m_link_value link, char *out)
{
	return (size_t)snprintf(out, LWM2M_VALUE_TEXT_MAX, "%u:%u", link.object, link.instance);
}

/* ---- conversion: each takes what the formats can say of its type ---- */

static uint64_t value_big_endian(const struct lwm2m_value *value)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < value->v.x.size; i++) {
		bits = bits << 8 | (unsigned char)value->v.x.at[i];
	}
	return bits;
}

/* 1, 2, 4 or 8 bytes, two's complement */
static int value_raw_integer(const struct lwm2m_value *value, int64_t *value_out)
{
	size_t size = value->v.x.size;
	uint64_t bits;

	if (size != 1 && size != 2 && size != 4 && size != 8) {
		return -EPROTO;
	}
	bits = value_big_endian(value);
	if (size < 8 && bits >> (8 * size - 1) != 0) {
		bits |= ~(uint64_t)0 << (8 * size);
	}
	memcpy(value_out, &bits, sizeof(bits));
	return 0;
}

static int value_to_integer(const struct lwm2m_value *value, int64_t *value_out)
{
	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		*value_out = value->v.i;
		return 0;
	case LWM2M_UNSIGNED:
		*value_out = (int64_t)value->v.u;
		return value->v.u <= INT64_MAX ? 0 : -EPROTO;
	case LWM2M_FLOAT:
		if (!(value->v.f >= -TWO_63 && value->v.f < TWO_63) ||
		    trunc(value->v.f) < value->v.f || trunc(value->v.f) > value->v.f) {
			return -EPROTO;
		}
		*value_out = (int64_t)value->v.f;
		return 0;
	case LWM2M_RAW:
		return value_raw_integer(value, value_out);
	case LWM2M_PLAIN:
		return lwm2m_integer_parse(value->v.x.at, value->v.x.size, value_out);
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_STRING:
	case LWM2M_BOOLEAN:
	case LWM2M_OPAQUE:
	case LWM2M_LINK:
	case LWM2M_CORELINK:
		break;
	}
	return -EPROTO;
}

static int value_to_unsigned(const struct lwm2m_value *value, uint64_t *value_out)
{
	int64_t whole;
	size_t size = value->v.x.size;

	if (value->type == LWM2M_UNSIGNED) {
		*value_out = value->v.u;
		return 0;
	}
	if (value->type == LWM2M_PLAIN) {
		return value_parse_unsigned(value->v.x.at, size, value_out);
	}
	if (value->type == LWM2M_RAW && (size == 1 || size == 2 || size == 4 || size == 8)) {
		*value_out = value_big_endian(value);
		return 0;
	}
	if (value_to_integer(value, &whole) != 0 || whole < 0) {
		return -EPROTO;
	}
	*value_out = (uint64_t)whole;
	return 0;
}

static int value_to_float(const struct lwm2m_value *value, double *value_out)
{
	uint64_t bits;
	uint32_t word;
	float single;

	switch (value->type) {
	case LWM2M_FLOAT:
		*value_out = value->v.f;
		return 0;
	case LWM2M_INTEGER:
		*value_out = (double)value->v.i;
		return 0;
	case LWM2M_UNSIGNED:
		*value_out = (double)value->v.u;
		return 0;
	case LWM2M_PLAIN:
		return lwm2m_float_parse(value->v.x.at, value->v.x.size, value_out);
	case LWM2M_RAW:
		if (value->v.x.size == 8) {
			bits = value_big_endian(value);
			memcpy(value_out, &bits, sizeof(bits));
			return 0;
		}
		if (value->v.x.size == 4) {
			word = (uint32_t)value_big_endian(value);
			memcpy(&single, &word, sizeof(word));
			*value_out = (double)single;
			return 0;
		}
		return -EPROTO;
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_STRING:
	case LWM2M_BOOLEAN:
	case LWM2M_OPAQUE:
	case LWM2M_TIME:
	case LWM2M_LINK:
	case LWM2M_CORELINK:
		break;
	}
	return -EPROTO;
}

static int value_to_boolean(const struct lwm2m_value *value, bool *value_out)
{
	bool one;

	if (value->type == LWM2M_BOOLEAN) {
		*value_out = value->v.b;
		return 0;
	}
	if ((value->type != LWM2M_RAW && value->type != LWM2M_PLAIN) || value->v.x.size != 1) {
		return -EPROTO;
	}
	one = value->v.x.at[0] == (value->type == LWM2M_RAW ? 1 : '1');
	if (!one && value->v.x.at[0] != (value->type == LWM2M_RAW ? 0 : '0')) {
		return -EPROTO;
	}
	*value_out = one;
	return 0;
}

static int value_to_link(const struct lwm2m_value *value, struct lwm2m_link_value *value_out)
{
	switch (value->type) {
	case LWM2M_LINK:
		*value_out = value->v.link;
		return 0;
	case LWM2M_STRING:
	case LWM2M_PLAIN:
		return lwm2m_link_parse(value->v.x.at, value->v.x.size, value_out);
	case LWM2M_RAW:
		if (value->v.x.size == 4) {
			uint64_t bits = value_big_endian(value);

			value_out->object = (uint16_t)(bits >> 16);
			value_out->instance = (uint16_t)bits;
			return 0;
		}
		break;
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_INTEGER:
	case LWM2M_UNSIGNED:
	case LWM2M_FLOAT:
	case LWM2M_BOOLEAN:
	case LWM2M_OPAQUE:
	case LWM2M_TIME:
	case LWM2M_CORELINK:
		break;
	}
	return -EPROTO;
}

static bool value_is_text(const struct lwm2m_value *value)
{
	if (value->type == LWM2M_STRING || value->type == LWM2M_CORELINK) {
		return true;
	}
	return (value->type == LWM2M_RAW || value->type == LWM2M_PLAIN) &&
	       cbor_is_utf8((const uint8_t *)value->v.x.at, value->v.x.size);
}

static int value_to_opaque(struct lwm2m_value *value, char *scratch)
{
	size_t size;

	if (value->type == LWM2M_PLAIN) {
		if (base64_decode(value->v.x.at, value->v.x.size, scratch, &size) != 0) {
			return -EPROTO;
		}
		value->v.x.at = scratch;
		value->v.x.size = size;
		return 0;
	}
	return value->type == LWM2M_OPAQUE || value->type == LWM2M_RAW ? 0 : -EPROTO;
}

int lwm2m_value_convert(struct lwm2m_value *value, enum lwm2m_type type, char *scratch)
{
	struct lwm2m_value to = *value;
	int rc = -EPROTO;

	if (value->type == LWM2M_NONE || value->type == LWM2M_NULL) {
		return 0;
	}
	switch (type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		rc = value_to_integer(value, &to.v.i);
		break;
	case LWM2M_UNSIGNED:
		rc = value_to_unsigned(value, &to.v.u);
		break;
	case LWM2M_FLOAT:
		rc = value_to_float(value, &to.v.f);
		break;
	case LWM2M_BOOLEAN:
		rc = value_to_boolean(value, &to.v.b);
		break;
	case LWM2M_LINK:
		rc = value_to_link(value, &to.v.link);
		break;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
		rc = value_is_text(value) ? 0 : -EPROTO;
		break;
	case LWM2M_OPAQUE:
		rc = value_to_opaque(&to, scratch);
		break;
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		break;
	}
	if (rc == 0) {
		*value = to;
		value->type = type;
	}
	return rc;
}

const char *lwm2m_type_name(enum lwm2m_type type)
{
	static const char *const names[] = {
		[LWM2M_NONE] = "none", [LWM2M_NULL] = "null", [LWM2M_STRING] = "string",
		[LWM2M_INTEGER] = "integer", [LWM2M_UNSIGNED] = "unsigned",
		[LWM2M_FLOAT] = "float", [LWM2M_BOOLEAN] = "boolean", [LWM2M_OPAQUE] = "opaque",
		[LWM2M_TIME] = "time", [LWM2M_LINK] = "objlnk", [LWM2M_CORELINK] = "corelnk",
		[LWM2M_RAW] = "raw", [LWM2M_PLAIN] = "plain",
	};

	return names[type];
}

bool lwm2m_value_equal(const struct lwm2m_value *a, const struct lwm2m_value *b)
{
	if (a->type != b->type) {
		return false;
	}
	switch (a->type) {
	case LWM2M_NONE:
	case LWM2M_NULL:
		return true;
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		return a->v.i == b->v.i;
	case LWM2M_UNSIGNED:
		return a->v.u == b->v.u;
	case LWM2M_FLOAT:
		return memcmp(&a->v.f, &b->v.f, sizeof(a->v.f)) == 0;
	case LWM2M_BOOLEAN:
		return a->v.b == b->v.b;
	case LWM2M_LINK:
		return a->v.link.object == b->v.link.object &&
		       a->v.link.instance == b->v.link.instance;
	case LWM2M_STRING:
	case LWM2M_OPAQUE:
	case LWM2M_CORELINK:
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		break;
	}
	return a->v.x.size == b->v.x.size &&
	       (a->v.x.size == 0 || memcmp(a->v.x.at, b->v.x.at, a->v.x.size) == 0);
}
