/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a log, for people and scripts: a line of JSON for each sample,
 * event, entry and gap. Reads the folder as a start would, but changes nothing
 * and takes no lock, so a log that is in use can be looked at, too.
 */
#ifndef CORE_STORE_DUMP_H
#define CORE_STORE_DUMP_H

#include <edgeway/error.h>

#include "core/base/buf.h"
#include "core/store/store.h"

#define STORE_LINE_MAX  ((size_t)8 << 20)       /* bytes: a text of 1 MiB, escaped */

/* A log that is looked at. */
struct look {
	struct store_files *files;
	struct store *store;            /* nothing may be appended to it */
};

/* -errno of the folder, with err. */
int look_open(const char *path, struct look *look_out, struct ew_error *err) EW_CHECKED;
void look_close(struct look *look);

/*
 * fn gets each item that is there, borrowed for the call; those that a cursor of this name
 * has passed are left out, NULL: none. It ends the walk by returning non-zero, which is
 * returned. Else 0, or -errno of the disk.
 */
int look_all(struct look *look, const char *cursor,
	     int (*fn)(void *arg, const struct store_item *item), void *arg) EW_CHECKED;

/* Lines of JSON of an item; fn as of store_dump(). line: for its use, of STORE_LINE_MAX. */
int store_dump_item(const struct store_item *item, struct buf *line,
		    int (*fn)(void *arg, const char *line), void *arg);

/*
 * fn gets each line, without a line feed, borrowed for the call; it ends the dump by
 * returning non-zero, which is returned. Else 0, or -errno of the folder, with err.
 */
int store_dump(const char *path, int (*fn)(void *arg, const char *line), void *arg,
	       struct ew_error *err) EW_CHECKED;

#endif
