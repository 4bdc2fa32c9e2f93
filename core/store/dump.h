/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a log, for people and scripts: a line of JSON for each sample,
 * event, entry and gap. Reads the folder as a start would, but changes nothing
 * and takes no lock, so a log that is in use can be looked at, too.
 */
#ifndef CORE_STORE_DUMP_H
#define CORE_STORE_DUMP_H

#include <edgeway/error.h>

/*
 * fn gets each line, without a line feed, borrowed for the call; it ends the dump by
 * returning non-zero, which is returned. Else 0, or -errno of the folder, with err.
 */
int store_dump(const char *path, int (*fn)(void *arg, const char *line), void *arg,
	       struct ew_error *err) EW_CHECKED;

#endif
