/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict scalar parsers and text facts. Pure; any thread. Does not depend on
 * the locale: floats go through strtod only after their form was checked, and
 * the daemon never calls setlocale().
 */
#include "core/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

enum {
	TEXT_SUGGEST_MAX = 48, /* longest name worth comparing */
};

struct text_unit {
	const char *name;
	uint64_t scale;
};

static const struct text_unit text_durations[] = {
	{"ns", 1},		 {"us", 1000},		   {"ms", 1000000},
	{"s", 1000000000},	 {"m", 60000000000},	   {"h", 3600000000000},
	{"d", 86400000000000}, {"w", 604800000000000},
};

static const struct text_unit text_sizes[] = {
	{"B", 1},
	{"kB", 1000},
	{"KiB", 1024},
	{"MB", 1000000},
	{"MiB", 1048576},
	{"GB", 1000000000},
	{"GiB", 1073741824},
	{"TB", 1000000000000},
	{"TiB", 1099511627776},
};

static bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int text_digit(char c, unsigned base)
{
	int value = -1;

	if (text_is_digit(c)) {
		value = c - '0';
	} else if (c >= 'a' && c <= 'f') {
		value = c - 'a' + 10;
	} else if (c >= 'A' && c <= 'F') {
		value = c - 'A' + 10;
	}
	return value < (int)base ? value : -1;
}

int text_parse_uint(const char *text, uint64_t *value_out)
{
	unsigned base = 10;
	uint64_t value = 0;
	bool was_digit = false;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	if (*text == '\0') {
		return -EINVAL;
	}
	for (; *text != '\0'; text++) {
		int digit = text_digit(*text, base);

		if (*text == '_' && was_digit && text_digit(text[1], base) >= 0) {
			was_digit = false;
			continue;
		}
		if (digit < 0) {
			return -EINVAL;
		}
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value)) {
			return -ERANGE;
		}
		was_digit = true;
	}
	*value_out = value;
	return 0;
}

int text_parse_int(const char *text, int64_t *value_out)
{
	bool is_negative = *text == '-';
	uint64_t value;
	int ret;

	ret = text_parse_uint(is_negative ? text + 1 : text, &value);
	if (ret < 0) {
		return ret;
	}
	if (value > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
		return -ERANGE;
	}
	if (is_negative) {
		*value_out = value == 0 ? 0 : -(int64_t)(value - 1) - 1;
	} else {
		*value_out = (int64_t)value;
	}
	return 0;
}

/* Length of a decimal number (digits, fraction, and exponent if allowed) at
 * the start of the text; 0: none. */
static size_t text_number_size(const char *text, bool exponent)
{
	size_t at = 0, digits = 0, mark;

	while (text_is_digit(text[at])) {
		at++;
		digits++;
	}
	if (text[at] == '.' && text_is_digit(text[at + 1])) {
		at++;
		while (text_is_digit(text[at])) {
			at++;
			digits++;
		}
	}
	if (digits == 0 || !text_is_digit(text[0])) {
		return 0;
	}
	if (exponent && (text[at] == 'e' || text[at] == 'E')) {
		mark = at + 1;
		if (text[mark] == '+' || text[mark] == '-') {
			mark++;
		}
		if (!text_is_digit(text[mark])) {
			return 0;
		}
		while (text_is_digit(text[mark])) {
			mark++;
		}
		at = mark;
	}
	return at;
}

int text_parse_float(const char *text, double *value_out)
{
	const char *number = *text == '-' ? text + 1 : text;
	size_t size = text_number_size(number, true);
	double value;

	if (size == 0 || number[size] != '\0') {
		return -EINVAL;
	}
	value = strtod(text, NULL);
	if (!isfinite(value)) {
		return -ERANGE;
	}
	*value_out = value;
	return 0;
}

int text_parse_bool(const char *text, bool *value_out)
{
	if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0) {
		*value_out = true;
		return 0;
	}
	if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0) {
		*value_out = false;
		return 0;
	}
	return -EINVAL;
}

/* value += number * scale, exactly for integers, rounded for fractions. */
static int text_add_scaled(const char *number, size_t size, uint64_t scale, uint64_t *value)
{
	uint64_t whole = 0, part = 0, weight = scale;
	size_t at;

	for (at = 0; at < size && number[at] != '.'; at++) {
		if (__builtin_mul_overflow(whole, (uint64_t)10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(number[at] - '0'), &whole)) {
			return -ERANGE;
		}
	}
	for (at++; at < size; at++) {
		weight /= 10;
		part += weight * (uint64_t)(number[at] - '0');
	}
	if (__builtin_mul_overflow(whole, scale, &whole) ||
	    __builtin_add_overflow(whole, part, &whole) ||
	    __builtin_add_overflow(*value, whole, value) || *value > (uint64_t)INT64_MAX) {
		return -ERANGE;
	}
	return 0;
}

static const struct text_unit *text_find_unit(const struct text_unit *units, size_t count,
					      const char *name, size_t size)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strlen(units[i].name) == size && memcmp(units[i].name, name, size) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

static int text_parse_scaled(const char *text, const struct text_unit *units, size_t count,
			     bool many, uint64_t *value_out)
{
	uint64_t value = 0;
	const char *at = text;

	if (strcmp(text, "0") == 0) {
		*value_out = 0;
		return 0;
	}
	do {
		const struct text_unit *unit;
		size_t number = text_number_size(at, false);
		size_t name;
		int ret;

		if (number == 0) {
			return -EINVAL;
		}
		if (at[number] == '\0') {
			return -EDOM;
		}
		name = strcspn(at + number, "0123456789");
		unit = text_find_unit(units, count, at + number, name);
		if (unit == NULL) {
			return -EINVAL;
		}
		ret = text_add_scaled(at, number, unit->scale, &value);
		if (ret < 0) {
			return ret;
		}
		at += number + name;
	} while (many && *at != '\0');
	if (*at != '\0') {
		return -EINVAL;
	}
	*value_out = value;
	return 0;
}

int text_parse_duration(const char *text, ew_dur *value_out)
{
	uint64_t value;
	int ret;

	ret = text_parse_scaled(text, text_durations, array_count(text_durations), true, &value);
	if (ret == 0) {
		*value_out = (ew_dur)value;
	}
	return ret;
}

int text_parse_size(const char *text, uint64_t *value_out)
{
	return text_parse_scaled(text, text_sizes, array_count(text_sizes), false, value_out);
}

const char *text_format_duration(ew_dur value, char *out, size_t size)
{
	uint64_t left = value < 0 ? 0 : (uint64_t)value;
	size_t at = 0, i;

	if (left == 0) {
		(void)snprintf(out, size, "0");
		return out;
	}
	out[0] = '\0';
	for (i = array_count(text_durations) - 1; i-- > 0 && left > 0;) { /* weeks stay days */
		uint64_t scale = text_durations[i].scale;
		int added;

		if (left < scale) {
			continue;
		}
		added = snprintf(out + at, size - at, "%" PRIu64 "%s", left / scale,
				 text_durations[i].name);
		left %= scale;
		if (added < 0 || (size_t)added >= size - at) {
			break;
		}
		at += (size_t)added;
	}
	return out;
}

const char *text_format_size(uint64_t value, char *out, size_t size)
{
	size_t i = array_count(text_sizes) - 1;

	while (i > 0 && (value == 0 || value % text_sizes[i].scale != 0)) {
		i--;
	}
	(void)snprintf(out, size, "%" PRIu64 "%s", value / text_sizes[i].scale,
		       text_sizes[i].name);
	return out;
}

/* 2e+01 as 20: people read these, while they are not too long. */
static void text_spell_out(double value, int digits, char *out, size_t size)
{
	const char *exponent = strchr(out, 'e');
	long power = exponent != NULL ? strtol(exponent + 1, NULL, 10) : 0;
	char text[40];

	if (exponent == NULL || power < -6 || power > 15) {
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*f",
		       digits - 1 > (int)power ? digits - 1 - (int)power : 0, value);
	if (strtod(text, NULL) == value && strlen(text) < size) {
		memcpy(out, text, strlen(text) + 1);
	}
}

const char *text_format_float(double value, char *out, size_t size)
{
	int digits;

	for (digits = 1; digits <= 17; digits++) {
		(void)snprintf(out, size, "%.*g", digits, value);
		if (!isfinite(value) || strtod(out, NULL) == value) {
			break;
		}
	}
	text_spell_out(value, digits, out, size);
	return out;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t text_days(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = year - (month <= 2 ? 1 : 0); /* the year begins in March */
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719468;
}

int text_parse_time(const char *text, ew_time *value_out)
{
	static const int8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const char form[] = "0000-00-00T00:00:00Z";
	size_t size = strlen(text), i;
	int64_t part[6] = {0};
	size_t at = 0;
	bool is_leap;

	if (size != 10 && size != sizeof(form) - 1) {
		return -EINVAL;
	}
	for (i = 0; i < size; i++) {
		if (form[i] == '0' && text_is_digit(text[i])) {
			part[at] = part[at] * 10 + (text[i] - '0');
		} else if (form[i] != '0' && form[i] == text[i]) {
			at++;
		} else {
			return -EINVAL;
		}
	}
	is_leap = (part[0] % 4 == 0 && part[0] % 100 != 0) || part[0] % 400 == 0;
	if (part[0] < 1970 || part[0] > 2200 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
	    part[2] > lengths[part[1] - 1] || (part[1] == 2 && part[2] == 29 && !is_leap) ||
	    part[3] > 23 || part[4] > 59 || part[5] > 59) {
		return -ERANGE;
	}
	*value_out = ((text_days(part[0], part[1], part[2]) * 24 + part[3]) * 3600 +
		      part[4] * 60 + part[5]) *
		     1000000000;
	return 0;
}

size_t text_utf8_size(const char *text, size_t left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t size, i;
	unsigned low = 0x80, high = 0xbf;

	if (at[0] < 0x80) {
		return 1;
	}
	if (at[0] < 0xc2 || at[0] > 0xf4) {
		return 0;
	}
	size = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (left < size) {
		return 0;
	}
	if (at[0] == 0xe0) {
		low = 0xa0;
	} else if (at[0] == 0xed) {
		high = 0x9f;
	} else if (at[0] == 0xf0) {
		low = 0x90;
	} else if (at[0] == 0xf4) {
		high = 0x8f;
	}
	if (at[1] < low || at[1] > high) {
		return 0;
	}
	for (i = 2; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return size;
}

bool text_is_utf8(const char *text, size_t size)
{
	while (size > 0) {
		size_t step = text_utf8_size(text, size);

		if (step == 0) {
			return false;
		}
		text += step;
		size -= step;
	}
	return true;
}

static unsigned text_min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits (insert, drop, change, swap of neighbours) from a to b. */
static unsigned text_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned rows[3][TEXT_SUGGEST_MAX + 1];
	size_t i, j;

	for (j = 0; j <= b_size; j++) {
		rows[0][j] = (unsigned)j;
	}
	for (i = 1; i <= a_size; i++) {
		unsigned *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (j = 1; j <= b_size; j++) {
			unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;

			now[j] = text_min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < now[j]) {
				now[j] = up2[j - 2] + 1;
			}
		}
	}
	return rows[a_size % 3][b_size];
}

const char *text_suggest(const char *name, const char *const *names, size_t count)
{
	size_t size = strlen(name), i;
	unsigned limit = size < 4 ? 1 : size < 9 ? 2 : 3;
	const char *best = NULL;

	if (size == 0 || size > TEXT_SUGGEST_MAX) {
		return NULL;
	}
	for (i = 0; i < count; i++) {
		size_t other = strlen(names[i]);
		unsigned distance;

		if (other > TEXT_SUGGEST_MAX) {
			continue;
		}
		distance = text_distance(name, size, names[i], other);
		if (distance <= limit && distance < other) {
			limit = distance > 0 ? distance - 1 : 0;
			best = names[i];
			if (distance == 0) {
				break;
			}
		}
	}
	return best;
}

uint64_t text_hash(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t hash = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < size; i++) {
		hash = (hash ^ at[i]) * 0x100000001b3;
	}
	return hash;
}

/*
 * Backtracks only to the last star of each kind, so that a hostile pattern
 * costs at most pattern x text steps per kind.
 */
bool text_match(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL; /* behind the last '*' */
	const char *deep = NULL, *deep_text = NULL; /* behind the last '**' */

	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			pattern += 2;
			deep = pattern;
			deep_text = text;
			star = NULL;
		} else if (*pattern == '*') {
			pattern++;
			star = pattern;
			star_text = text;
		} else if (*text == '\0' && *pattern == '\0') {
			return true;
		} else if (*text != '\0' && *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL && *star_text != '\0' && *star_text != '/') {
			pattern = star;
			text = ++star_text;
		} else if (deep != NULL && *deep_text != '\0') {
			pattern = deep;
			text = ++deep_text;
			star = NULL;
		} else {
			return false;
		}
	}
}
