/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where check() ends. Runs on any thread, also in a damaged process: it uses
 * the stack and write(2) only. Does not log: the log may be what is broken.
 */
#include "core/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void check_failed(const char *file, int line, const char *what)
{
	char text[256];
	int size;

	size = snprintf(text, sizeof(text), "%s:%d: check failed: %s\n", file, line, what);
	if (size > (int)sizeof(text) - 1) {
		size = (int)sizeof(text) - 1;
	}
	if (size > 0 && write(STDERR_FILENO, text, (size_t)size) < 0) {
		abort();
	}
	abort();
}
