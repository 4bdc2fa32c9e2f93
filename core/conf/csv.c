/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV of tags. One pass over the text, a row at a time; at most CSV_COLUMNS
 * columns. What columns mean is the option tables' business, as in YAML.
 */
#include "core/conf/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/text.h"

enum {
	CSV_COLUMNS = 128
};

struct csv_cell {
	struct conf_place place;
	const char *text; /* in the arena; NULL: empty */
	size_t size;
};

struct csv {
	struct yaml_reader *reader;
	const char *at;
	const char *end;
	struct conf_place place; /* of `at` */
	char separator;
	struct csv_cell header[CSV_COLUMNS];
	size_t columns;
	size_t name_column;
	struct csv_cell row[CSV_COLUMNS];
	size_t cells;
	struct ew_node *map;
	size_t room; /* entries that the map has room for */
	struct hash names;
};

/* Move over one character. */
static void csv_step(struct csv *csv)
{
	size_t step = text_utf8_size(csv->at, (size_t)(csv->end - csv->at));

	if (*csv->at == '\n') {
		csv->place.line++;
		csv->place.col = 1;
	} else {
		csv->place.col++;
	}
	csv->at += step > 0 ? step : 1;
}

static bool csv_is_line_end(const struct csv *csv)
{
	return csv->at == csv->end || *csv->at == '\n' ||
	       (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static void csv_skip_line_end(struct csv *csv)
{
	if (csv->at < csv->end && *csv->at == '\r') {
		csv_step(csv);
	}
	if (csv->at < csv->end) {
		csv_step(csv);
	}
}

/* Behind the opening quote, up to and with the closing one. */
static int csv_quoted(struct csv *csv, const struct csv_cell *cell, struct buf *text)
{
	while (csv->at < csv->end) {
		const char *from = csv->at;

		if (*csv->at == '"') {
			csv_step(csv);
			if (csv->at == csv->end || *csv->at != '"') {
				return 0;
			}
			from = csv->at;
		}
		csv_step(csv);
		(void)buf_add(text, from, (size_t)(csv->at - from)); /* the fault sticks */
	}
	return diag_error(csv->reader->diag, &cell->place, "a quote without its end");
}

static int csv_cell_text(struct csv *csv, struct csv_cell *cell, struct buf *text)
{
	if (*csv->at == '"') {
		csv_step(csv);
		if (csv_quoted(csv, cell, text) < 0) {
			return -EINVAL;
		}
		if (!csv_is_line_end(csv) && *csv->at != csv->separator) {
			return diag_error(csv->reader->diag, &csv->place,
					  "text behind the closing quote");
		}
		return 0;
	}
	while (!csv_is_line_end(csv) && *csv->at != csv->separator) {
		const char *from = csv->at;

		csv_step(csv);
		(void)buf_add(text, from, (size_t)(csv->at - from)); /* the fault sticks */
	}
	while (text->size > 0 &&
	       (text->at[text->size - 1] == ' ' || text->at[text->size - 1] == '\t')) {
		text->at[--text->size] = '\0';
	}
	return 0;
}

/* One cell, blanks around it not counted. */
static int csv_read_cell(struct csv *csv, struct csv_cell *cell)
{
	struct yaml_reader *reader = csv->reader;
	struct buf text;
	int ret;

	while (csv->at < csv->end && *csv->at == ' ') {
		csv_step(csv);
	}
	*cell = (struct csv_cell){.place = csv->place};
	if (csv_is_line_end(csv) || *csv->at == csv->separator) {
		return 0;
	}
	buf_init(&text, reader->limits->scalar_bytes);
	ret = csv_cell_text(csv, cell, &text);
	if (ret == 0 && text.fault == -EMSGSIZE) {
		ret = diag_error(reader->diag, &cell->place, "a cell of more than %zu bytes",
				 reader->limits->scalar_bytes);
	} else if (ret == 0 && text.size > 0) {
		cell->text = text.fault == 0 ? arena_text(reader->arena, buf_text(&text), text.size)
					     : NULL;
		cell->size = text.size;
		ret = cell->text != NULL ? 0 : diag_no_memory(reader->diag, &cell->place);
	}
	buf_fini(&text);
	return ret;
}

/* The next line that has content. 0: read; 1: the end. */
static int csv_read_row(struct csv *csv)
{
	int ret;

	while (csv->at < csv->end && (csv_is_line_end(csv) || *csv->at == '#')) {
		while (!csv_is_line_end(csv)) {
			csv_step(csv);
		}
		csv_skip_line_end(csv);
	}
	if (csv->at == csv->end) {
		return 1;
	}
	csv->cells = 0;
	for (;;) {
		if (csv->cells == CSV_COLUMNS) {
			return diag_error(csv->reader->diag, &csv->place, "more than %d columns",
					  CSV_COLUMNS);
		}
		ret = csv_read_cell(csv, &csv->row[csv->cells]);
		if (ret < 0) {
			return ret;
		}
		csv->cells++;
		if (csv_is_line_end(csv)) {
			csv_skip_line_end(csv);
			return 0;
		}
		csv_step(csv); /* the separator */
	}
}

static int csv_read_header(struct csv *csv)
{
	struct diag *diag = csv->reader->diag;
	size_t i, j;
	int ret;

	ret = csv_read_row(csv);
	if (ret != 0) {
		return ret < 0 ? ret : diag_error(diag, &csv->place, "no line that names columns");
	}
	csv->name_column = CSV_COLUMNS;
	csv->columns = csv->cells;
	for (i = 0; i < csv->columns; i++) {
		csv->header[i] = csv->row[i];
		if (csv->row[i].text == NULL) {
			return diag_error(diag, &csv->row[i].place, "a column without a name");
		}
		for (j = 0; j < i; j++) {
			if (strcmp(csv->header[j].text, csv->header[i].text) == 0) {
				return diag_error(diag, &csv->header[i].place,
						  "column '%s' stands twice", csv->header[i].text);
			}
		}
		if (strcmp(csv->row[i].text, "name") == 0) {
			csv->name_column = i;
		}
	}
	if (csv->name_column == CSV_COLUMNS) {
		return diag_error(diag, &csv->header[0].place,
				  "no column 'name'; the first line names the columns");
	}
	return 0;
}

static int csv_count(struct csv *csv, uint32_t nodes)
{
	struct yaml_reader *reader = csv->reader;

	if (nodes > reader->limits->nodes - reader->nodes) {
		return diag_error(reader->diag, &csv->row[0].place, "more than %u values in all",
				  reader->limits->nodes);
	}
	reader->nodes += nodes;
	return 0;
}

/* The map doubles; what it leaves behind stays in the arena. */
static int csv_make_room(struct csv *csv)
{
	struct ew_node *map = csv->map;
	struct node_entry *entries;

	if (map->count < csv->room) {
		return 0;
	}
	entries = arena_array(csv->reader->arena, csv->room * 2, sizeof(*entries));
	if (entries == NULL) {
		return diag_no_memory(csv->reader->diag, &csv->place);
	}
	memcpy(entries, map->as.entries, map->count * sizeof(*entries));
	map->as.entries = entries;
	csv->room *= 2;
	return 0;
}

static int csv_judge_row(struct csv *csv)
{
	const struct csv_cell *name = &csv->row[csv->name_column];
	struct diag *diag = csv->reader->diag;
	const struct csv_cell *first;

	if (csv->cells > csv->columns) {
		return diag_error(diag, &csv->row[csv->columns].place,
				  "%zu cells, but the first line names %zu columns", csv->cells,
				  csv->columns);
	}
	if (csv->cells <= csv->name_column || name->text == NULL) {
		return diag_error(diag, &csv->row[0].place, "a row without a name");
	}
	if (strlen(name->text) != name->size) {
		return diag_error(diag, &name->place, "a zero byte in a name");
	}
	first = hash_find(&csv->names, name->text);
	if (first != NULL) {
		return diag_error(diag, &name->place, "'%s' is given twice, first at %s:%u:%u",
				  name->text, first->place.file, first->place.line,
				  first->place.col);
	}
	return 0;
}

static int csv_add_row(struct csv *csv)
{
	struct yaml_reader *reader = csv->reader;
	struct csv_cell *name;
	struct ew_node *tag;
	size_t i;
	int ret;

	ret = csv_judge_row(csv);
	if (ret < 0) {
		return 0; /* told; the next rows are looked at too */
	}
	ret = csv_count(csv, (uint32_t)csv->cells);
	if (ret == 0) {
		ret = csv_make_room(csv);
	}
	if (ret < 0) {
		return ret;
	}
	name = arena_take(reader->arena, sizeof(*name));
	tag = node_new_map(reader->arena, &csv->row[0].place, csv->cells);
	if (name == NULL || tag == NULL) {
		return diag_no_memory(reader->diag, &csv->row[0].place);
	}
	*name = csv->row[csv->name_column];
	if (hash_put(&csv->names, name->text, name) < 0) {
		return diag_no_memory(reader->diag, &name->place);
	}
	for (i = 0; i < csv->cells; i++) {
		const struct csv_cell *cell = &csv->row[i];
		struct ew_node *value;

		if (i == csv->name_column || cell->text == NULL) {
			continue;
		}
		value = node_new_scalar(reader->arena, &cell->place, cell->text, cell->size);
		if (value == NULL) {
			return diag_no_memory(reader->diag, &cell->place);
		}
		value->is_expanded = true;
		node_add(tag, csv->header[i].text, &csv->header[i].place, value);
	}
	node_add(csv->map, name->text, &name->place, tag);
	return 0;
}

/* What the first line with content uses. */
static char csv_find_separator(const struct csv *csv)
{
	const char *at = csv->at;

	while (at < csv->end && (*at == '#' || *at == '\n' || *at == '\r')) {
		const char *next = memchr(at, '\n', (size_t)(csv->end - at));

		at = next != NULL ? next + 1 : csv->end;
	}
	while (at < csv->end && *at != '\n') {
		if (*at++ == ',') {
			return ',';
		}
	}
	return ';';
}

static int csv_run(struct csv *csv)
{
	int ret;

	ret = csv_read_header(csv);
	while (ret == 0) {
		ret = csv_read_row(csv);
		if (ret == 0) {
			ret = csv_add_row(csv);
		}
	}
	return ret < 0 ? ret : 0;
}

int csv_read(struct yaml_reader *reader, const char *file, const char *text, size_t size,
	     struct ew_node **node_out)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t errors = reader->diag->errors;
	struct csv *csv;
	int ret;

	if (size >= sizeof(bom) - 1 && memcmp(text, bom, sizeof(bom) - 1) == 0) {
		text += sizeof(bom) - 1;
		size -= sizeof(bom) - 1;
	}
	ret = conf_file_check_text(reader->diag, file, text, size);
	if (ret < 0) {
		return ret;
	}
	csv = calloc(1, sizeof(*csv));
	if (csv == NULL) {
		return diag_no_memory(reader->diag, NULL);
	}
	csv->reader = reader;
	csv->at = text;
	csv->end = text + size;
	csv->place = (struct conf_place){.file = file, .line = 1, .col = 1};
	csv->separator = csv_find_separator(csv);
	csv->room = 16;
	csv->map = node_new_map(reader->arena, &csv->place, csv->room);
	hash_init(&csv->names, reader->limits->nodes);
	ret = csv->map != NULL ? csv_run(csv) : diag_no_memory(reader->diag, NULL);
	if (ret == 0 && reader->diag->errors > errors) {
		ret = -EINVAL;
	}
	if (ret == 0) {
		csv->map->is_expanded = true;
		*node_out = csv->map;
	}
	hash_fini(&csv->names);
	free(csv);
	return ret;
}
