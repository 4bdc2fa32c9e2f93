/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files that make a configuration, with limits, and the paths
 * between them. Main thread.
 */
#ifndef CORE_CONF_FILE_H
#define CORE_CONF_FILE_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/conf/diag.h"

/* What one reading may use; 0 in any member means its default. */
struct conf_limits {
	size_t file_bytes; /* one file; 4 MiB */
	size_t memory; /* everything that is made of it; 256 MiB */
	uint32_t depth; /* of nesting; 64 */
	uint32_t nodes; /* all files, aliases counted each time; 2,000,000 */
	size_t scalar_bytes; /* one scalar, variables expanded; 64 KiB */
	uint32_t files; /* YAML and CSV; 256 */
};

extern const struct conf_limits conf_limits_default;

/*
 * Add a regular file's bytes to `out` (initialised; its limit is the file's).
 * Errors go to diag at `place` (who names the file) and return -EINVAL, a
 * missing file -ENOENT, both told.
 */
int conf_file_read(struct diag *diag, const struct conf_place *place, const char *path,
		   struct buf *out);

/* Is it text: UTF-8 without NUL and control characters? Told with position. */
int conf_file_check_text(struct diag *diag, const char *file, const char *bytes, size_t size);

/* `path` as seen from the folder of `from`; absolute paths stay. NULL: memory. */
char *conf_path_beside(struct arena *arena, const char *from, const char *path);

#endif
