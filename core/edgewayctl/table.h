/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as an aligned table on stdout. Widths come from the first rows, so that
 * a long table needs no more memory than a short one. One thread.
 */
#ifndef CORE_EDGEWAYCTL_TABLE_H
#define CORE_EDGEWAYCTL_TABLE_H

#include "core/edgewayctl/client.h"

#define TABLE_COLUMNS_MAX  12

struct table;

/* columns: ended by a NULL key. streams: print each row at once. */
struct table *table_new(const struct column *columns, bool streams);
void table_add(struct table *table, const struct json_object *row);

/* Print what waits. Takes and clears. */
void table_free(struct table **table);

#endif
