/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of /proc or /sys that is read again and again: opened once, then one
 * pread(2) into a buffer that has grown to its size. One thread at a time.
 */
#ifndef HOST_SOURCE_H
#define HOST_SOURCE_H

#include "modules/host/proc/scan.h"

#define SOURCE_SIZE_MAX (4u << 20) /* a longer file is cut */

struct source {
	char *path;
	int fd;         /* -1: not open */
	char *buffer;
	size_t size;
};

/* Remember dir/file; it is opened when it is read. -ENOMEM. */
int source_init(struct source *source, const char *dir, const char *file);

/* Accepts one of zeros. */
void source_fini(struct source *source);

/*
 * The text of now, borrowed until the next read.
 * -errno of open(2) or pread(2), -ENOMEM. After an error the next read opens anew.
 */
int source_read(struct source *source, struct scan *text_out);

#endif
