/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for metrics, unique over the node and all its devices, and the same
 * after a restart: a file keeps which name has which. What is in it is never
 * given to another name, so the file grows with the names ever seen.
 */
#ifndef MODULES_SPARKPLUG_ALIAS_H
#define MODULES_SPARKPLUG_ALIAS_H

#include <stdint.h>

#define ALIAS_MAX  1000000u     /* names that are remembered */

struct alias_book;

/*
 * Open the book of a directory. A line that makes no sense is passed over.
 *
 * Errors: what open(2) says;  -ENOMEM
 */
int alias_open(const char *directory, struct alias_book **book_out);

/* Writes what is new; accepts NULL. */
void alias_close(struct alias_book **book);

/*
 * The number of a metric, from 1.
 *
 * Errors: -ENOSPC  ALIAS_MAX;  -ENOMEM
 */
int alias_of(struct alias_book *book, const char *device, const char *name, uint32_t *alias_out);

/*
 * Put what is new on disk.
 *
 * Errors: what write(2) and fsync(2) say: the numbers hold for this run only
 */
int alias_sync(struct alias_book *book);

#endif
