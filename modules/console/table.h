/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page: one line a tag, columns as wide as they must be and the screen
 * allows. Pure: rows in, text out.
 */
#ifndef CONSOLE_TABLE_H
#define CONSOLE_TABLE_H

#include <edgeway/module.h>

#include "modules/console/text.h"
#include "modules/console/value.h"

struct table_row {
	const char *device;     /* borrowed until the page is drawn */
	const char *tag;
	const char *unit;       /* or NULL */
	enum ew_state state;
	uint16_t quality;
	bool has_value;
	char value[VALUE_SIZE];
	char age[VALUE_SIZE];
};

struct table_page {
	const char *title;      /* first line */
	size_t width;           /* columns of the screen */
	size_t height;          /* lines of the screen; 0: all rows */
	bool terminal;          /* colours, and each line cleared to its end */
};

void table_draw(struct text *text, const struct table_page *page, const struct table_row *rows,
		size_t count);

#endif
