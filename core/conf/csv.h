/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV file of tags to the same tree that YAML would give: a map of names to
 * maps of columns to text. Main thread.
 *
 * The first line names the columns; one is `name`. Empty cells mean: not given.
 * csv_cells.h says what a cell is.
 */
#ifndef CORE_CONF_CSV_H
#define CORE_CONF_CSV_H

#include "core/conf/yaml.h"

/* As yaml_read. Every error is told with file:line:col. */
int csv_read(struct yaml_reader *reader, const char *file, const char *text, size_t size,
	     struct ew_node **node_out) EW_CHECKED;

#endif
