/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of a CSV text, row by row, each with its place. One thread.
 *
 * The first line names the columns. Separator is ',' or, when the first line
 * has no ',', ';'. "..." quotes a cell, "" inside is a quote. Empty lines and
 * lines from '#' on are skipped, blanks around a cell are not counted.
 */
#ifndef CORE_CONF_CSV_CELLS_H
#define CORE_CONF_CSV_CELLS_H

#include "core/conf/diag.h"

#define CSV_COLUMNS  128

struct csv_cell {
	struct conf_place place;
	const char *text;               /* in the arena; NULL: empty */
	size_t size;
};

/* Zeroed, then the first three set. */
struct csv_cells {
	struct arena *arena;            /* cells go here; the caller may change it between rows */
	struct diag *diag;              /* every error is told here */
	size_t cell_bytes;              /* most of one */
	const char *at, *end;
	struct conf_place place;        /* of `at` */
	char separator;
	struct csv_cell header[CSV_COLUMNS];
	size_t columns;
	struct csv_cell row[CSV_COLUMNS];
	size_t cells;                   /* of the row; more or fewer than columns */
};

/* Read the first line. file (kept, not copied) names the text in places. -EINVAL, -ENOMEM. */
int csv_cells_begin(struct csv_cells *csv, const char *file, const char *text, size_t size)
	EW_CHECKED;

/* The next line that has content into `row`. 0: read; 1: the end; -EINVAL, -ENOMEM. */
int csv_cells_next(struct csv_cells *csv) EW_CHECKED;

#endif
