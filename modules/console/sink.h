/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the console writes: standard output or a file. Never blocks the
 * instance's loop: what a pipe or a terminal does not take now waits in a
 * bounded text and goes out when it is writable. Loop's thread only.
 */
#ifndef CONSOLE_SINK_H
#define CONSOLE_SINK_H

#include <edgeway/module.h>

#include "modules/console/text.h"

struct sink {
	struct ew_instance *inst;
	int fd;
	bool owned;             /* close it */
	bool broken;            /* the reader is gone: nothing is written any more */
	struct text waiting;
	struct ew_watch *watch; /* while something waits */
};

void sink_init(struct sink *sink, struct ew_instance *inst);

/* path NULL: standard output. -errno of open(2). */
int sink_open(struct sink *sink, const char *path);

/* Writes what can be written at once. */
void sink_close(struct sink *sink);

bool sink_is_terminal(const struct sink *sink);

/* Columns and lines of the terminal; 0 and 0 when it is none or does not know. */
void sink_size(const struct sink *sink, size_t *columns_out, size_t *lines_out);

/* Nothing waits. */
bool sink_is_idle(const struct sink *sink);

/* Build into sink->waiting, then: send. */
void sink_flush(struct sink *sink);

#endif
