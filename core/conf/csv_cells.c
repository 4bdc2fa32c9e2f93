/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text, a row at a time. */
#include "core/conf/csv_cells.h"

#include <errno.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/conf/file.h"

/* Move over one character. */
static void csv_step(struct csv_cells *csv)
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

static bool csv_is_line_end(const struct csv_cells *csv)
{
	return csv->at == csv->end || *csv->at == '\n' ||
	       (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static void csv_skip_line_end(struct csv_cells *csv)
{
	if (csv->at < csv->end && *csv->at == '\r') {
		csv_step(csv);
	}
	if (csv->at < csv->end) {
		csv_step(csv);
	}
}

/* Behind the opening quote, up to and with the closing one. */
static int csv_quoted(struct csv_cells *csv, const struct csv_cell *cell, struct buf *text)
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
	return diag_error(csv->diag, &cell->place, "a quote without its end");
}

static int csv_cell_text(struct csv_cells *csv, struct csv_cell *cell, struct buf *text)
{
	if (*csv->at == '"') {
		csv_step(csv);
		if (csv_quoted(csv, cell, text) < 0) {
			return -EINVAL;
		}
		if (!csv_is_line_end(csv) && *csv->at != csv->separator) {
			return diag_error(csv->diag, &csv->place,
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
static int csv_read_cell(struct csv_cells *csv, struct csv_cell *cell)
{
	struct buf text;
	int ret;

	while (csv->at < csv->end && *csv->at == ' ') {
		csv_step(csv);
	}
	*cell = (struct csv_cell){.place = csv->place};
	if (csv_is_line_end(csv) || *csv->at == csv->separator) {
		return 0;
	}
	buf_init(&text, csv->cell_bytes);
	ret = csv_cell_text(csv, cell, &text);
	if (ret == 0 && text.fault == -EMSGSIZE) {
		ret = diag_error(csv->diag, &cell->place, "a cell of more than %zu bytes",
				 csv->cell_bytes);
	} else if (ret == 0 && text.size > 0) {
		cell->text = text.fault == 0 ? arena_text(csv->arena, buf_text(&text), text.size)
					     : NULL;
		cell->size = text.size;
		ret = cell->text != NULL ? 0 : diag_no_memory(csv->diag, &cell->place);
	}
	buf_fini(&text);
	return ret;
}

int csv_cells_next(struct csv_cells *csv)
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
			return diag_error(csv->diag, &csv->place, "more than %d columns",
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

static int csv_read_header(struct csv_cells *csv)
{
	struct diag *diag = csv->diag;
	size_t i, j;
	int ret;

	ret = csv_cells_next(csv);
	if (ret != 0) {
		return ret < 0 ? ret : diag_error(diag, &csv->place, "no line that names columns");
	}
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
	}
	return 0;
}

/* What the first line with content uses. */
static char csv_find_separator(const struct csv_cells *csv)
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

int csv_cells_begin(struct csv_cells *csv, const char *file, const char *text, size_t size)
{
	static const char bom[] = "\xef\xbb\xbf";
	int ret;

	if (size >= sizeof(bom) - 1 && memcmp(text, bom, sizeof(bom) - 1) == 0) {
		text += sizeof(bom) - 1;
		size -= sizeof(bom) - 1;
	}
	ret = conf_file_check_text(csv->diag, file, text, size);
	if (ret < 0) {
		return ret;
	}
	csv->at = text;
	csv->end = text + size;
	csv->place = (struct conf_place){.file = file, .line = 1, .col = 1};
	csv->separator = csv_find_separator(csv);
	return csv_read_header(csv);
}
