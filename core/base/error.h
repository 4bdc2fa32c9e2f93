/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct ew_error: one sentence and where in which file, and who
 * hears warnings meanwhile. Lives on the stack of whoever asks; no thread of
 * its own. Zeroed is empty.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include <edgeway/error.h>

struct ew_error {
	char text[400]; /* "" when nothing failed */
	char file[256]; /* "" when the position is not known */
	unsigned line;  /* from 1; 0: not known */
	unsigned col;   /* from 1; 0: not known */
	void (*warn)(void *arg, const struct ew_error *warning); /* NULL: nobody listens */
	void *warn_arg;
};

void error_clear(struct ew_error *err);
bool error_is_set(const struct ew_error *err);

/* As ew_fail, with the values in a list. */
int error_vfail(struct ew_error *err, const char *fmt, va_list args) EW_PRINTF(2, 0);

/* Say where; keeps the text. err may be NULL. */
void error_set_place(struct ew_error *err, const char *file, unsigned line, unsigned col);

/* "file:line:col: text", leaving out what is not known. Returns `out`. */
const char *error_format(const struct ew_error *err, char *out, size_t size);

#endif
