/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV of tags: each row a node. What columns mean is the option tables'
 * business, as in YAML.
 */
#include "core/conf/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/conf/csv_cells.h"

struct csv {
	struct yaml_reader *reader;
	struct csv_cells cells;
	size_t name_column;
	struct ew_node *map;
	size_t room; /* entries that the map has room for */
	struct hash names;
};

static int csv_count(struct csv *csv, uint32_t nodes)
{
	struct yaml_reader *reader = csv->reader;

	if (nodes > reader->limits->nodes - reader->nodes) {
		return diag_error(reader->diag, &csv->cells.row[0].place,
				  "more than %u values in all", reader->limits->nodes);
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
		return diag_no_memory(csv->reader->diag, &csv->cells.place);
	}
	memcpy(entries, map->as.entries, map->count * sizeof(*entries));
	map->as.entries = entries;
	csv->room *= 2;
	return 0;
}

static int csv_judge_row(struct csv *csv)
{
	const struct csv_cell *name = &csv->cells.row[csv->name_column];
	struct diag *diag = csv->reader->diag;
	const struct csv_cell *first;

	if (csv->cells.cells > csv->cells.columns) {
		return diag_error(diag, &csv->cells.row[csv->cells.columns].place,
				  "%zu cells, but the first line names %zu columns",
				  csv->cells.cells, csv->cells.columns);
	}
	if (csv->cells.cells <= csv->name_column || name->text == NULL) {
		return diag_error(diag, &csv->cells.row[0].place, "a row without a name");
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
	ret = csv_count(csv, (uint32_t)csv->cells.cells);
	if (ret == 0) {
		ret = csv_make_room(csv);
	}
	if (ret < 0) {
		return ret;
	}
	name = arena_take(reader->arena, sizeof(*name));
	tag = node_new_map(reader->arena, &csv->cells.row[0].place, csv->cells.cells);
	if (name == NULL || tag == NULL) {
		return diag_no_memory(reader->diag, &csv->cells.row[0].place);
	}
	*name = csv->cells.row[csv->name_column];
	if (hash_put(&csv->names, name->text, name) < 0) {
		return diag_no_memory(reader->diag, &name->place);
	}
	for (i = 0; i < csv->cells.cells; i++) {
		const struct csv_cell *cell = &csv->cells.row[i];
		struct ew_node *value;

		if (i == csv->name_column || cell->text == NULL) {
			continue;
		}
		value = node_new_scalar(reader->arena, &cell->place, cell->text, cell->size);
		if (value == NULL) {
			return diag_no_memory(reader->diag, &cell->place);
		}
		value->is_expanded = true;
		node_add(tag, csv->cells.header[i].text, &csv->cells.header[i].place, value);
	}
	node_add(csv->map, name->text, &name->place, tag);
	return 0;
}

static int csv_find_name(struct csv *csv)
{
	const struct csv_cells *cells = &csv->cells;

	for (size_t i = 0; i < cells->columns; i++) {
		if (strcmp(cells->header[i].text, "name") == 0) {
			csv->name_column = i;
			return 0;
		}
	}
	return diag_error(csv->reader->diag, &cells->header[0].place,
			  "no column 'name'; the first line names the columns");
}

static int csv_run(struct csv *csv)
{
	int ret;

	ret = csv_find_name(csv);
	while (ret == 0) {
		ret = csv_cells_next(&csv->cells);
		if (ret == 0) {
			ret = csv_add_row(csv);
		}
	}
	return ret < 0 ? ret : 0;
}

int csv_read(struct yaml_reader *reader, const char *file, const char *text, size_t size,
	     struct ew_node **node_out)
{
	const struct conf_place first = {.file = file, .line = 1, .col = 1};
	size_t errors = reader->diag->errors;
	struct csv *csv = calloc(1, sizeof(*csv));
	int ret;

	if (csv == NULL) {
		return diag_no_memory(reader->diag, NULL);
	}
	csv->reader = reader;
	csv->cells = (struct csv_cells){
		.arena = reader->arena, .diag = reader->diag,
		.cell_bytes = reader->limits->scalar_bytes,
	};
	hash_init(&csv->names, reader->limits->nodes);
	ret = csv_cells_begin(&csv->cells, file, text, size);
	if (ret == 0) {
		csv->room = 16;
		csv->map = node_new_map(reader->arena, &first, csv->room);
		ret = csv->map != NULL ? csv_run(csv) : diag_no_memory(reader->diag, NULL);
	}
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
