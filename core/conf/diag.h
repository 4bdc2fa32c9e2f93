/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a configuration: all findings of one reading, each with
 * its place, kept in the order they were found. Belongs to whoever reads; main
 * thread.
 */
#ifndef CORE_CONF_DIAG_H
#define CORE_CONF_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"

/* Where something stands. */
struct conf_place {
	const char *file; /* as the operator named it; NULL: nowhere */
	uint32_t line; /* from 1; 0: the file as a whole */
	uint32_t col; /* from 1; 0: the line as a whole */
};

struct diag_item {
	struct conf_place place;
	bool is_error; /* else a warning */
	const char *text;
};

#define DIAG_ITEMS_MAX 50

struct diag {
	struct arena arena;
	struct diag_item items[DIAG_ITEMS_MAX];
	size_t count; /* items in use */
	size_t errors; /* all found, also those not kept */
	size_t warnings;
	size_t repeats; /* of both: told before, with the same place and words */
};

void diag_init(struct diag *diag);
void diag_fini(struct diag *diag);

/* Add a finding; text in lower case, no full stop. Beyond DIAG_ITEMS_MAX it is
 * only counted; the same finding at the same place is kept once. diag_error
 * always returns -EINVAL. */
int diag_error(struct diag *diag, const struct conf_place *place, const char *fmt, ...)
	EW_PRINTF(3, 4);
void diag_warn(struct diag *diag, const struct conf_place *place, const char *fmt, ...)
	EW_PRINTF(3, 4);
void diag_vadd(struct diag *diag, bool is_error, const struct conf_place *place, const char *fmt,
	       va_list args) EW_PRINTF(4, 0);

/* Memory ran out or a limit of it was reached: once, with what was at work.
 * Returns -ENOMEM. */
int diag_no_memory(struct diag *diag, const struct conf_place *place);

/* "edge.yaml:14:7: text"; warnings say so. Returns `out`. */
const char *diag_format(const struct diag_item *item, char *out, size_t size);

/* Hand each line to `fn`, those of a file together and in order of place, then
 * one that counts what was not kept. */
typedef void (*diag_fn)(void *arg, bool is_error, const char *line);
void diag_each(const struct diag *diag, diag_fn fn, void *arg);

/* The same for a log, whose level says what is a warning: the line does not. */
void diag_each_to_log(const struct diag *diag, diag_fn fn, void *arg);

#endif
