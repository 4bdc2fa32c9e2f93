/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables as core sees them: rows of whatever size the module was built
 * with, and the one place that turns the text of a scalar into a value. Pure;
 * any thread.
 */
#ifndef CORE_CONF_TABLE_H
#define CORE_CONF_TABLE_H

#include <edgeway/option.h>

struct conf_table {
	const struct ew_option *rows; /* NULL: an empty table */
	uint32_t row_size; /* of the module's rows; 0: as in this build */
};

/* Row flag of core's own tables: keys that are in no row are let through. */
#define TABLE_OPEN 0x10000u

/* The same for EW_OPTION_RAW: only looked at while the tree is there, not copied. */
#define TABLE_BORROW 0x20000u

#define TABLE_NESTING_MAX 8 /* tables within tables */

/* Row `index`, with its name filled in; false behind the last one. */
bool table_row(const struct conf_table *table, size_t index, struct ew_option *row_out);

/* The row of a key. */
bool table_find(const struct conf_table *table, const char *key, struct ew_option *row_out);

/* The table of a row of type EW_OPTION_TABLE. */
struct conf_table table_below(const struct conf_table *table, const struct ew_option *row);

/*
 * Is the table itself right: names, types, offsets inside settings_size,
 * fallbacks and bounds that parse? For the loader, which refuses a module with
 * a wrong one. -EINVAL, text in err.
 */
int table_check(const struct conf_table *table, size_t settings_size, struct ew_error *err)
	EW_CHECKED;

/* Bytes of one item of this type in a settings struct; 0 for tables. */
size_t table_item_size(const struct ew_option *row);

/* For the reader: "duration", "list of text", "one of fast, slow". */
const char *table_type_text(const struct ew_option *row, char *out, size_t size);

union scalar {
	bool b;
	int64_t i;
	uint64_t u;
	double f;
	int e;
	const char *s;
};

/*
 * One scalar as its row wants it, bounds checked. Files and secrets are only
 * text here. On -EINVAL `why` says what is wrong, the text quoted.
 */
int scalar_parse(const struct ew_option *row, const char *text, union scalar *value_out,
		 struct ew_error *why) EW_CHECKED;

#endif
