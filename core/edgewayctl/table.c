/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On a terminal no line is longer than the terminal is wide: the last column
 * is cut. Elsewhere nothing is cut, so that other programs get everything.
 */
#include "core/edgewayctl/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TABLE_SAMPLE  500       /* rows that widths are made of */

struct table {
	const struct column *columns;
	size_t count;
	unsigned widths[TABLE_COLUMNS_MAX];
	char *cells[TABLE_SAMPLE][TABLE_COLUMNS_MAX];
	size_t waiting;
	size_t sample;          /* rows to wait for; 0: the heading is printed */
	unsigned screen;        /* columns of the terminal; 0: none */
};

/* Characters, not bytes. */
static unsigned table_width(const char *text)
{
	unsigned width = 0;

	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return width;
}

static size_t table_cut(const char *text, unsigned width)
{
	const char *at = text;

	while (*at != '\0' && width > 0) {
		do {
			at++;
		} while (((unsigned char)*at & 0xc0) == 0x80);
		width--;
	}
	return (size_t)(at - text);
}

struct table *table_new(const struct column *columns, bool streams)
{
	struct table *table = calloc(1, sizeof(*table));
	struct winsize size;

	if (table == NULL) {
		abort(); /* a person's command: there is nothing to save */
	}
	table->columns = columns;
	table->sample = streams ? 1 : TABLE_SAMPLE;
	while (columns[table->count].key != NULL) {
		table->widths[table->count] = columns[table->count].min;
		table->count++;
	}
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		table->screen = size.ws_col;
	}
	return table;
}

static void table_print(const struct table *table, const char *const *cells)
{
	unsigned used = 0;

	for (size_t i = 0; i < table->count; i++) {
		unsigned width = table_width(cells[i]);
		unsigned pad = width < table->widths[i] ? table->widths[i] - width : 0;
		bool is_last = i + 1 == table->count;

		if (table->columns[i].right) {
			printf("%*s", (int)pad, "");
		}
		if (is_last && table->screen > used && width > table->screen - used) {
			fwrite(cells[i], 1, table_cut(cells[i], table->screen - used), stdout);
		} else {
			fputs(cells[i], stdout);
		}
		if (!is_last) {
			printf("%*s", table->columns[i].right ? 2 : (int)pad + 2, "");
		}
		used += width + pad + 2;
	}
	putchar('\n');
}

/* The heading, then all that waits. */
static void table_flush(struct table *table)
{
	const char *titles[TABLE_COLUMNS_MAX];

	if (table->sample > 0) {
		for (size_t i = 0; i < table->count; i++) {
			titles[i] = table->columns[i].title;
			if (table_width(titles[i]) > table->widths[i]) {
				table->widths[i] = table_width(titles[i]);
			}
		}
		table_print(table, titles);
		table->sample = 0;
	}
	for (size_t row = 0; row < table->waiting; row++) {
		table_print(table, (const char *const *)table->cells[row]);
		for (size_t i = 0; i < table->count; i++) {
			free(table->cells[row][i]);
		}
	}
	table->waiting = 0;
}

void table_add(struct table *table, const struct json_object *row)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct json_field *field = json_find(row, table->columns[i].key);
		const char *text = field == NULL || field->kind == JSON_NULL ? "-" : field->text;
		char *cell = strdup(*text == '\0' ? "-" : text);
		unsigned width;

		if (cell == NULL) {
			abort(); /* as above */
		}
		for (char *at = cell; *at != '\0'; at++) {
			/* what comes from devices must not drive the terminal */
			*at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
		}
		width = table_width(cell);
		if (table->sample > 0 && width > table->widths[i]) {
			table->widths[i] = width;
		}
		table->cells[table->waiting][i] = cell;
	}
	table->waiting++;
	if (table->waiting >= table->sample) {
		table_flush(table);
		fflush(stdout);
	}
}

void table_free(struct table **table_at)
{
	struct table *table = *table_at;

	*table_at = NULL;
	if (table->waiting > 0) {
		table_flush(table);
	}
	free(table);
}
