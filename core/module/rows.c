/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option, metric and question rows of a descriptor: walked with the row size the module
 * was built with, checked, and copied over zeros when that is not the host's.
 * Whether a fallback or a bound reads well is the binder's to say.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/module/module.h"

#define ROWS_MAX     512        /* of one table */
#define DEPTH_MAX    8          /* of tables in tables */

/* What no row can do without. */
#define LEAST_OPTION_SIZE  offsetof(struct ew_option, unit)
#define LEAST_METRIC_SIZE  offsetof(struct ew_metric, bounds)

/* One table and where it stands, for the text of an error. */
struct table {
	struct module *module;
	const char *name;               /* `options`, `device_options`, ... */
	const struct ew_option *rows;
	size_t struct_size;
	unsigned depth;
};

struct block {
	struct list node;
	_Alignas(16) unsigned char bytes[];
};

static const void *row_at(const void *rows, uint32_t size, size_t index)
{
	return (const char *)rows + index * size;
}

/* The rows over zeros, in the host's size. NULL: no memory. */
static void *copy_rows(struct module *module, const void *rows, uint32_t row_size,
		       size_t host_size, size_t count)
{
	struct block *block = calloc(1, sizeof(*block) + count * host_size);

	if (block == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(block->bytes + i * host_size, row_at(rows, row_size, i), row_size);
	}
	list_push(&module->blocks, &block->node);
	return block->bytes;
}

static const char *option_key(const struct ew_option *row)
{
	return row->name != NULL ? row->name : row->member;
}

/* Bytes that the binder writes at a row's offset. */
static size_t value_size(const struct ew_option *row)
{
	if (row->shape != EW_SHAPE_ONE) {
		return sizeof(void *);
	}
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_BOOL:
		return sizeof(bool);
	case EW_OPTION_ENUM:
		return sizeof(int);
	case EW_OPTION_INT:
	case EW_OPTION_UINT:
	case EW_OPTION_FLOAT:
	case EW_OPTION_DURATION:
	case EW_OPTION_SIZE:
		return 8;
	case EW_OPTION_STRING:
	case EW_OPTION_FILE:
	case EW_OPTION_SECRET:
	case EW_OPTION_PAIRS:
	case EW_OPTION_RAW:
		return sizeof(void *);
	case EW_OPTION_TABLE:
	case EW_OPTION_NONE:
		break;
	}
	return 1;
}

static bool fits(size_t struct_size, size_t offset, size_t size)
{
	return offset <= struct_size && size <= struct_size - offset;
}

/* Why a row is wrong, or NULL. */
static const char *option_fault(const struct table *table, const struct ew_option *row)
{
	bool is_many = row->shape != EW_SHAPE_ONE || row->type == EW_OPTION_PAIRS;

	if (row->type > EW_OPTION_RAW || row->shape > EW_SHAPE_MAP) {
		return "has a type that this edgeway does not know: update edgeway";
	}
	if (option_key(row) == NULL || option_key(row)[0] == '\0') {
		return "has no name: use the EW_..._OPTION() macros";
	}
	if ((row->flags & ~(EW_REQUIRED | EW_SECRET | EW_MUST_EXIST | EW_SHORT)) != 0) {
		return "has flags that this edgeway does not know: update edgeway";
	}
	if (!fits(table->struct_size, row->offset, value_size(row)) ||
	    (is_many && !fits(table->struct_size, row->count_offset, sizeof(size_t))) ||
	    (row->set != 0 && !fits(table->struct_size, row->set - 1, sizeof(bool)))) {
		return "lies outside its struct: set the size to sizeof that struct";
	}
	if (row->type == EW_OPTION_ENUM && (row->words == NULL || row->words[0] == NULL)) {
		return "has no words: give EW_ENUM_OPTION() a list ended by NULL";
	}
	if (row->type == EW_OPTION_TABLE && row->rows == NULL) {
		return "has no table of its own";
	}
	if (row->type == EW_OPTION_TABLE && row->shape != EW_SHAPE_ONE && row->item_size == 0) {
		return "has items without a size: use EW_TABLES_OPTION()";
	}
	return NULL;
}

static int option_fail(const struct table *table, size_t index, const struct ew_option *row,
		       const char *text, struct ew_error *err)
{
	const char *key = option_key(row);

	return ew_fail(err, "%s: .%s row %zu ('%s') %s", table->module->file, table->name, index,
		       key == NULL ? "" : key, text);
}

static int count_options(const struct table *table, size_t *count_out, struct ew_error *err)
{
	uint32_t size = table->module->what.option_size;
	const struct ew_option *row;

	for (size_t i = 0; i < ROWS_MAX; i++) {
		row = row_at(table->rows, size, i);
		if (row->type == EW_OPTION_NONE) {
			*count_out = i + 1;
			return 0;
		}
	}
	return ew_fail(err, "%s: .%s has no end in %d rows: end it with EW_OPTION_END",
		       table->module->file, table->name, ROWS_MAX);
}

static int take_options(struct table *table, struct ew_error *err);

/* The table of a row, in the host's size. */
static int take_inner(const struct table *table, const struct ew_option *row,
		      const struct ew_option **rows_out, struct ew_error *err)
{
	struct table inner = {
		.module = table->module,
		.name = option_key(row),
		.rows = row->rows,
		.struct_size = row->shape == EW_SHAPE_ONE ? table->struct_size - row->offset
							  : row->item_size,
		.depth = table->depth + 1,
	};
	int error = take_options(&inner, err);

	*rows_out = inner.rows;
	return error;
}

static int check_option(const struct table *table, const struct ew_option *rows, size_t index,
			struct ew_error *err)
{
	const struct ew_option *row = &rows[index];
	const char *fault = option_fault(table, row);

	if (fault != NULL) {
		return option_fail(table, index, row, fault, err);
	}
	for (size_t i = 0; i < index; i++) {
		if (strcmp(option_key(&rows[i]), option_key(row)) == 0) {
			return option_fail(table, index, row, "is there twice: take one out", err);
		}
	}
	return 0;
}

/* Check the rows and what is in them; copy is NULL when they need not be copied. */
static int walk_options(const struct table *table, const struct ew_option *rows,
			struct ew_option *copy, struct ew_error *err)
{
	const struct ew_option *inner;
	int error = 0;

	for (size_t i = 0; rows[i].type != EW_OPTION_NONE && error == 0; i++) {
		error = check_option(table, rows, i, err);
		if (error != 0 || rows[i].type != EW_OPTION_TABLE) {
			continue;
		}
		error = take_inner(table, &rows[i], &inner, err);
		if (copy != NULL) {
			copy[i].rows = inner;
		}
	}
	return error;
}

static int take_options(struct table *table, struct ew_error *err)
{
	uint32_t size = table->module->what.option_size;
	struct ew_option *copy = NULL;
	size_t count = 0;
	int error;

	if (table->rows == NULL) {
		return 0;
	}
	if (table->depth > DEPTH_MAX) {
		return ew_fail(err, "%s: .%s is a table in a table more than %d deep",
			       table->module->file, table->name, DEPTH_MAX);
	}
	error = count_options(table, &count, err);
	if (error != 0) {
		return error;
	}
	if (size != sizeof(struct ew_option)) {
		copy = copy_rows(table->module, table->rows, size, sizeof(*copy), count);
		if (copy == NULL) {
			return -ENOMEM;
		}
		table->rows = copy;
	}
	return walk_options(table, table->rows, copy, err);
}

static bool ends_with(const char *text, const char *end)
{
	size_t text_size = strlen(text);
	size_t end_size = strlen(end);

	return text_size >= end_size && strcmp(text + text_size - end_size, end) == 0;
}

static bool is_word(const char *text)
{
	return text[0] >= 'a' && text[0] <= 'z' &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static const char *metric_fault(const struct ew_metric *row)
{
	if (row->name == NULL || !is_word(row->name)) {
		return "has a name that is not [a-z][a-z0-9_]*";
	}
	if ((unsigned)row->kind > EW_HISTOGRAM) {
		return "has a kind that this edgeway does not know: update edgeway";
	}
	if ((row->kind == EW_COUNTER) != ends_with(row->name, "_total")) {
		return "does not fit its kind: counters, and only they, end in _total";
	}
	if (row->help == NULL || row->help[0] == '\0') {
		return "has no help: say in one line what it counts";
	}
	if (row->kind != EW_HISTOGRAM) {
		return NULL;
	}
	if (row->bounds == NULL || row->bound_count == 0 ||
	    row->bound_count > EW_METRIC_BOUNDS_MAX) {
		return "is a histogram without 1 to 16 bounds";
	}
	for (size_t i = 1; i < row->bound_count; i++) {
		if (!(row->bounds[i - 1] < row->bounds[i])) {
			return "has bounds that do not ascend";
		}
	}
	return NULL;
}

static int take_metrics(struct module *module, struct ew_error *err)
{
	struct ew_module *what = &module->what;
	const struct ew_metric *rows = what->metrics;

	if (what->metric_count > ROWS_MAX || (what->metric_count > 0 && what->metrics == NULL)) {
		return ew_fail(err, "%s: .metric_count is %" PRIu32 ", expected the number of rows "
			       "of .metrics, at most %d", module->file, what->metric_count,
			       ROWS_MAX);
	}
	if (what->metric_size != sizeof(*rows) && what->metric_count > 0) {
		rows = copy_rows(module, rows, what->metric_size, sizeof(*rows),
				 what->metric_count);
		if (rows == NULL) {
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < what->metric_count; i++) {
		const char *fault = metric_fault(&rows[i]);

		for (size_t j = 0; j < i && fault == NULL; j++) {
			fault = strcmp(rows[i].name, rows[j].name) == 0 ? "is there twice" : NULL;
		}
		if (fault != NULL) {
			return ew_fail(err, "%s: .metrics row %zu ('%s') %s", module->file, i,
				       rows[i].name == NULL ? "" : rows[i].name, fault);
		}
	}
	what->metrics = rows;
	return 0;
}

/* Either may be NULL. */
static bool is_same(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static int take_questions(const struct module *module, struct ew_error *err)
{
	const struct ew_question *rows = module->what.questions;

	for (size_t i = 0; rows != NULL && rows[i].answer != NULL; i++) {
		const char *word = rows[i].word, *fault = NULL;

		if (i == ROWS_MAX) {
			fault = "is too many: end the table with EW_QUESTION_END";
		} else if (word != NULL && !is_word(word)) {
			fault = "has a word that is not [a-z][a-z0-9_]*";
		} else if (rows[i].summary == NULL || rows[i].summary[0] == '\0') {
			fault = "has no summary: say in one line what the answer tells";
		}
		for (size_t j = 0; j < i && fault == NULL; j++) {
			fault = is_same(word, rows[j].word) ? "is there twice" : NULL;
		}
		if (fault != NULL) {
			return ew_fail(err, "%s: .questions row %zu ('%s') %s", module->file, i,
				       word == NULL ? "" : word, fault);
		}
	}
	return 0;
}

static int check_row_size(const struct module *module, const char *what, const uint32_t found,
			  const size_t limits[2], struct ew_error *err)
{
	if (found > limits[1]) {
		return ew_fail(err, "%s: built for a newer edgeway: %s row has %" PRIu32 " bytes, "
			       "this edgeway's %zu: update edgeway, or build the module against "
			       "its headers", module->file, what, found, limits[1]);
	}
	if (found < limits[0]) {
		return ew_fail(err, "%s: %s row has %" PRIu32 " bytes, expected at least %zu: "
			       "define the descriptor with EW_MODULE()", module->file, what, found,
			       limits[0]);
	}
	return 0;
}

int module_take_rows(struct module *module, struct ew_error *err)
{
	static const size_t option_limits[2] = { LEAST_OPTION_SIZE, sizeof(struct ew_option) };
	static const size_t metric_limits[2] = { LEAST_METRIC_SIZE, sizeof(struct ew_metric) };
	struct ew_module *what = &module->what;
	struct table tables[] = {
		{ .module = module, .name = "options", .rows = what->options,
		  .struct_size = what->settings_size },
		{ .module = module, .name = "device_options", .rows = what->device_options,
		  .struct_size = what->device_settings_size },
		{ .module = module, .name = "tag_options", .rows = what->tag_options,
		  .struct_size = what->tag_settings_size },
	};
	int error = check_row_size(module, "an option", what->option_size, option_limits, err);

	if (error == 0) {
		error = check_row_size(module, "a metric", what->metric_size, metric_limits, err);
	}
	for (size_t i = 0; i < array_count(tables) && error == 0; i++) {
		error = take_options(&tables[i], err);
	}
	if (error != 0) {
		return error;
	}
	what->options = tables[0].rows;
	what->device_options = tables[1].rows;
	what->tag_options = tables[2].rows;
	error = take_questions(module, err);
	return error != 0 ? error : take_metrics(module, err);
}
