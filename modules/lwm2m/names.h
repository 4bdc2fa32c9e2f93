/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that are given once: of devices behind the gateway, and of the tags
 * of a device within an object. Kept in a file, a line each, so that a path of
 * a server never means another thing, whatever is declared first next time.
 * Runs on the instance's loop; the file is small and written when something is
 * new.
 */
#ifndef MODULES_LWM2M_NAMES_H
#define MODULES_LWM2M_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX       65535u  /* names; each has a number below 65535 */
#define NAMES_LINE_MAX  1100    /* bytes of a line */

struct names_entry {
	char *scope;            /* numbers are counted in it: "device", or device and object */
	char *name;
	uint64_t scope_hash;    /* to look at no more text than needed */
	uint64_t name_hash;
	uint16_t number;
};

struct names {
	struct names_entry *at;
	size_t count;
	size_t room;
	int fd;                 /* -1: not kept */
};

/*
 * Read the file, make it when it is not there. A line that is cut or does not
 * make sense is left out. -errno: it cannot be read or written.
 */
int names_open(struct names *names, const char *path);
void names_close(struct names *names);

/*
 * The number of a name in a scope; given now when it has none. -ENOSPC: none
 * is left; -ENOMEM; -errno: it cannot be written, and has no number then.
 */
int names_number(struct names *names, const char *scope, const char *name, uint16_t *number_out);

#endif
