/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling and printing struct ew_error. No state. Text is cut at the size of
 * its field, never refused: an error about an error helps nobody.
 */
#include "core/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void error_clear(struct ew_error *err)
{
	memset(err, 0, sizeof(*err));
}

bool error_is_set(const struct ew_error *err)
{
	return err->text[0] != '\0';
}

int error_vfail(struct ew_error *err, const char *fmt, va_list args)
{
	if (err != NULL) {
		(void)vsnprintf(err->text, sizeof(err->text), fmt, args); /* cut is fine */
	}
	return -EINVAL;
}

int ew_fail(struct ew_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)error_vfail(err, fmt, args); /* always -EINVAL */
	va_end(args);
	return -EINVAL;
}

void error_set_place(struct ew_error *err, const char *file, unsigned line, unsigned col)
{
	if (err == NULL) {
		return;
	}
	(void)snprintf(err->file, sizeof(err->file), "%s", file != NULL ? file : "");
	err->line = line;
	err->col = col;
}

const char *error_format(const struct ew_error *err, char *out, size_t size)
{
	if (err->file[0] == '\0') {
		(void)snprintf(out, size, "%s", err->text);
	} else if (err->line == 0) {
		(void)snprintf(out, size, "%s: %s", err->file, err->text);
	} else if (err->col == 0) {
		(void)snprintf(out, size, "%s:%u: %s", err->file, err->line, err->text);
	} else {
		(void)snprintf(out, size, "%s:%u:%u: %s", err->file, err->line, err->col,
			       err->text);
	}
	return out;
}
