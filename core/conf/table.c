/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking and checking option tables. Rows are copied out at their own size,
 * so that a module with shorter rows than this build reads as zeros behind.
 */
#include "core/conf/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"

bool table_row(const struct conf_table *table, size_t index, struct ew_option *row_out)
{
	size_t size = table->row_size != 0 ? table->row_size : sizeof(*row_out);
	const char *at;

	if (table->rows == NULL) {
		return false;
	}
	at = (const char *)table->rows + index * size;
	memset(row_out, 0, sizeof(*row_out));
	memcpy(row_out, at, size < sizeof(*row_out) ? size : sizeof(*row_out));
	if (row_out->type == EW_OPTION_NONE) {
		return false;
	}
	if (row_out->name == NULL) {
		row_out->name = row_out->member;
	}
	return true;
}

bool table_find(const struct conf_table *table, const char *key, struct ew_option *row_out)
{
	struct ew_option row;
	size_t i;

	for (i = 0; table_row(table, i, &row); i++) {
		if (strcmp(row.name, key) == 0) {
			*row_out = row;
			return true;
		}
	}
	return false;
}

struct conf_table table_below(const struct conf_table *table, const struct ew_option *row)
{
	return (struct conf_table){.rows = row->rows, .row_size = table->row_size};
}

size_t table_item_size(const struct ew_option *row)
{
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_BOOL:
		return sizeof(bool);
	case EW_OPTION_INT:
	case EW_OPTION_DURATION:
		return sizeof(int64_t);
	case EW_OPTION_UINT:
	case EW_OPTION_SIZE:
		return sizeof(uint64_t);
	case EW_OPTION_FLOAT:
		return sizeof(double);
	case EW_OPTION_ENUM:
		return sizeof(int);
	case EW_OPTION_STRING:
	case EW_OPTION_FILE:
	case EW_OPTION_SECRET:
	case EW_OPTION_RAW:
	case EW_OPTION_PAIRS:
		return sizeof(void *);
	case EW_OPTION_NONE:
	case EW_OPTION_TABLE:
		return 0;
	}
	return 0;
}

static bool table_is_name(const char *name)
{
	return name != NULL && name[0] != '\0' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

/* Does the member lie inside the struct? */
static bool table_is_inside(const struct ew_option *row, size_t settings_size)
{
	size_t size = row->shape == EW_SHAPE_ONE ? table_item_size(row) : sizeof(void *);
	bool has_count = row->shape != EW_SHAPE_ONE || row->type == EW_OPTION_PAIRS;

	return row->offset + size <= settings_size &&
	       (!has_count || row->count_offset + sizeof(size_t) <= settings_size) &&
	       row->set <= settings_size;
}

static int table_check_texts(const struct ew_option *row, struct ew_error *err)
{
	struct ew_option open = *row;
	const char *fallback = row->shape == EW_SHAPE_ONE ? row->fallback : NULL;
	const char *texts[] = {row->min, row->max, fallback};
	union scalar value;
	struct ew_error why = {0};
	size_t i;

	open.min = NULL;
	open.max = NULL;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i] != NULL &&
		    scalar_parse(i < 2 ? &open : row, texts[i], &value, &why) < 0) {
			return ew_fail(err, "option '%s': its own %s %s", row->name,
				       i == 0   ? "minimum"
				       : i == 1 ? "maximum"
						: "fallback",
				       why.text);
		}
	}
	return 0;
}

static int table_check_level(const struct conf_table *table, size_t settings_size,
			     struct ew_error *err, unsigned level);

static int table_check_row(const struct conf_table *table, const struct ew_option *row,
			   size_t settings_size, struct ew_error *err, unsigned level)
{
	struct conf_table below = table_below(table, row);
	size_t below_size;

	if (row->type > EW_OPTION_RAW || row->shape > EW_SHAPE_MAP) {
		return ew_fail(err, "option '%s': unknown type %u or shape %u", row->name,
			       row->type, row->shape);
	}
	if (row->help == NULL || row->help[0] == '\0') {
		return ew_fail(err, "option '%s' has no help", row->name);
	}
	if (!table_is_inside(row, settings_size)) {
		return ew_fail(err, "option '%s' lies outside its struct of %zu bytes", row->name,
			       settings_size);
	}
	if (row->type == EW_OPTION_ENUM && (row->words == NULL || row->words[0] == NULL)) {
		return ew_fail(err, "option '%s' has no words", row->name);
	}
	if (row->type != EW_OPTION_TABLE) {
		if (row->shape == EW_SHAPE_MAP) {
			return ew_fail(err, "option '%s': only tables make maps", row->name);
		}
		return table_check_texts(row, err);
	}
	if (row->rows == NULL) {
		return ew_fail(err, "option '%s' has no table", row->name);
	}
	if (row->shape == EW_SHAPE_MAP && row->key_offset + sizeof(char *) > row->item_size) {
		return ew_fail(err, "option '%s': its key lies outside the item", row->name);
	}
	below_size = row->shape == EW_SHAPE_ONE ? settings_size - row->offset : row->item_size;
	return table_check_level(&below, below_size, err, level + 1);
}

static int table_check_level(const struct conf_table *table, size_t settings_size,
			     struct ew_error *err, unsigned level)
{
	struct ew_option row, other;
	size_t i, j;
	int ret;

	if (level > TABLE_NESTING_MAX) {
		return ew_fail(err, "tables are nested deeper than %d", TABLE_NESTING_MAX);
	}
	for (i = 0; table_row(table, i, &row); i++) {
		if (!table_is_name(row.name)) {
			return ew_fail(err, "option %zu: '%s' is no name of [a-z0-9_-]", i,
				       row.name != NULL ? row.name : "");
		}
		for (j = 0; j < i && table_row(table, j, &other); j++) {
			if (strcmp(row.name, other.name) == 0) {
				return ew_fail(err, "option '%s' stands twice in the table",
					       row.name);
			}
		}
		ret = table_check_row(table, &row, settings_size, err, level);
		if (ret < 0) {
			return ret;
		}
	}
	return 0;
}

int table_check(const struct conf_table *table, size_t settings_size, struct ew_error *err)
{
	if (table->row_size != 0 && table->row_size < offsetof(struct ew_option, help)) {
		return ew_fail(err, "option rows of %u bytes are too short", table->row_size);
	}
	return table_check_level(table, settings_size, err, 1);
}

static const char *table_word(const struct ew_option *row)
{
	static const char *const words[] = {
		[EW_OPTION_NONE] = "",
		[EW_OPTION_BOOL] = "yes or no",
		[EW_OPTION_INT] = "whole number",
		[EW_OPTION_UINT] = "whole number",
		[EW_OPTION_FLOAT] = "number",
		[EW_OPTION_STRING] = "text",
		[EW_OPTION_DURATION] = "duration",
		[EW_OPTION_SIZE] = "size",
		[EW_OPTION_ENUM] = "word",
		[EW_OPTION_FILE] = "file",
		[EW_OPTION_SECRET] = "secret",
		[EW_OPTION_PAIRS] = "map of text",
		[EW_OPTION_TABLE] = "table",
		[EW_OPTION_RAW] = "see below",
	};

	return row->type <= EW_OPTION_RAW ? words[row->type] : "";
}

const char *table_type_text(const struct ew_option *row, char *out, size_t size)
{
	const char *shape = row->shape == EW_SHAPE_LIST  ? "list of "
			    : row->shape == EW_SHAPE_MAP ? "map of names to "
							 : "";
	size_t i;
	int at;

	if (row->type != EW_OPTION_ENUM) {
		(void)snprintf(out, size, "%s%s", shape, table_word(row)); /* cut is fine */
		return out;
	}
	at = snprintf(out, size, "%sone of ", shape);
	for (i = 0; row->words[i] != NULL && at > 0 && (size_t)at < size; i++) {
		at += snprintf(out + at, size - (size_t)at, "%s%s", i > 0 ? ", " : "",
			       row->words[i]);
	}
	return out;
}
