/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a scalar to a value of its row's type. Pure. Bounds of a row are
 * text in the same form and are read by the same functions.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/conf/table.h"

static int scalar_read(const struct ew_option *row, const char *text, union scalar *value)
{
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_BOOL:
		return text_parse_bool(text, &value->b);
	case EW_OPTION_INT:
		return text_parse_int(text, &value->i);
	case EW_OPTION_UINT:
		return text_parse_uint(text, &value->u);
	case EW_OPTION_FLOAT:
		return text_parse_float(text, &value->f);
	case EW_OPTION_DURATION:
		return text_parse_duration(text, &value->i);
	case EW_OPTION_SIZE:
		return text_parse_size(text, &value->u);
	case EW_OPTION_ENUM:
		for (value->e = 0; row->words[value->e] != NULL; value->e++) {
			if (strcmp(row->words[value->e], text) == 0) {
				return 0;
			}
		}
		return -EINVAL;
	case EW_OPTION_STRING:
	case EW_OPTION_FILE:
	case EW_OPTION_SECRET:
		value->s = text;
		return 0;
	case EW_OPTION_NONE:
	case EW_OPTION_PAIRS:
	case EW_OPTION_TABLE:
	case EW_OPTION_RAW:
		return -EINVAL;
	}
	return -EINVAL;
}

/* Below zero, zero or above like a - b. */
static int scalar_compare(const struct ew_option *row, union scalar a, union scalar b)
{
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_INT:
	case EW_OPTION_DURATION:
		return a.i < b.i ? -1 : a.i > b.i;
	case EW_OPTION_UINT:
	case EW_OPTION_SIZE:
		return a.u < b.u ? -1 : a.u > b.u;
	case EW_OPTION_FLOAT:
		return a.f < b.f ? -1 : a.f > b.f;
	case EW_OPTION_NONE:
	case EW_OPTION_BOOL:
	case EW_OPTION_STRING:
	case EW_OPTION_ENUM:
	case EW_OPTION_FILE:
	case EW_OPTION_SECRET:
	case EW_OPTION_PAIRS:
	case EW_OPTION_TABLE:
	case EW_OPTION_RAW:
		break;
	}
	return 0;
}

static int scalar_refuse_word(const struct ew_option *row, const char *text, struct ew_error *why)
{
	char words[256];
	const char *meant;
	size_t count, at = 0;

	words[0] = '\0';
	for (count = 0; row->words[count] != NULL; count++) {
		int size = snprintf(words + at, sizeof(words) - at, "%s%s", count > 0 ? ", " : "",
				    row->words[count]);

		at += size > 0 ? (size_t)size : 0;
		if (at >= sizeof(words)) {
			at = sizeof(words) - 1;
		}
	}
	meant = text_suggest(text, row->words, count);
	if (meant != NULL) {
		return ew_fail(why, "'%s' is not one of %s, did you mean '%s'?", text, words,
			       meant);
	}
	return ew_fail(why, "'%s' is not one of %s", text, words);
}

static int scalar_refuse(const struct ew_option *row, const char *text, int ret,
			 struct ew_error *why)
{
	if (row->type == EW_OPTION_ENUM) {
		return scalar_refuse_word(row, text, why);
	}
	if (ret == -ERANGE) {
		return ew_fail(why, "'%s' is too large", text);
	}
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_BOOL:
		return ew_fail(why, "'%s' is not yes or no", text);
	case EW_OPTION_INT:
		return ew_fail(why, "'%s' is not a whole number", text);
	case EW_OPTION_UINT:
		return ew_fail(why, "'%s' is not a whole number from 0 on", text);
	case EW_OPTION_FLOAT:
		return ew_fail(why, "'%s' is not a number", text);
	case EW_OPTION_DURATION:
		return ret == -EDOM
			       ? ew_fail(why, "'%s' needs a unit (ms, s, m, h, d)", text)
			       : ew_fail(why, "'%s' is not a duration such as 500ms or 1h", text);
	case EW_OPTION_SIZE:
		return ret == -EDOM
			       ? ew_fail(why, "'%s' needs a unit (B, kB, KiB, MB, MiB, GiB)", text)
			       : ew_fail(why, "'%s' is not a size such as 64KiB or 2GiB", text);
	case EW_OPTION_NONE:
	case EW_OPTION_STRING:
	case EW_OPTION_ENUM:
	case EW_OPTION_FILE:
	case EW_OPTION_SECRET:
	case EW_OPTION_PAIRS:
	case EW_OPTION_TABLE:
	case EW_OPTION_RAW:
		break;
	}
	return ew_fail(why, "'%s' cannot be read", text);
}

int scalar_parse(const struct ew_option *row, const char *text, union scalar *value_out,
		 struct ew_error *why)
{
	union scalar value = {0}, bound = {0};
	int ret;

	ret = scalar_read(row, text, &value);
	if (ret < 0) {
		return scalar_refuse(row, text, ret, why);
	}
	if (row->min != NULL && scalar_read(row, row->min, &bound) == 0 &&
	    scalar_compare(row, value, bound) < 0) {
		return ew_fail(why, "'%s' is below the minimum %s", text, row->min);
	}
	if (row->max != NULL && scalar_read(row, row->max, &bound) == 0 &&
	    scalar_compare(row, value, bound) > 0) {
		return ew_fail(why, "'%s' is above the maximum %s", text, row->max);
	}
	*value_out = value;
	return 0;
}
