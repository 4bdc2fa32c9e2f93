/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of core/conf share: findings as one text, and a folder of
 * files that is removed at the end.
 */
#ifndef TESTS_UNIT_CONF_FIXTURE_H
#define TESTS_UNIT_CONF_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/conf/diag.h"
#include "tests/unit/unit.h"

static inline void fixture_line(void *arg, bool is_error, const char *line)
{
	(void)is_error;
	(void)buf_printf(arg, "%s\n", line); /* a fault makes the comparison fail */
}

/* All findings, a line each; valid until the next call. */
static inline const char *fixture_told(const struct diag *diag)
{
	static struct buf lines;

	if (lines.limit == 0) {
		buf_init(&lines, 1024 * 1024);
	}
	buf_clear(&lines);
	diag_each(diag, fixture_line, &lines);
	return buf_text(&lines);
}

#define assert_told(diag, text) \
	do { \
		const char *told = fixture_told(diag); \
		if (strstr(told, text) == NULL) { \
			print_error("not told: %s\ntold:\n%s", text, told); \
			fail(); \
		} \
	} while (0)

#define FIXTURE_FOLDER "/tmp/edgeway-conf-XXXXXX"

/* A new folder, entered, so that paths in messages are short. */
static inline void fixture_enter(char folder[sizeof(FIXTURE_FOLDER)])
{
	memcpy(folder, FIXTURE_FOLDER, sizeof(FIXTURE_FOLDER));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
}

static inline void fixture_write(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Remove the files named (ended by NULL), then the folder. */
static inline void fixture_leave(const char *folder, const char *const *names)
{
	for (; *names != NULL; names++) {
		assert_int_equal(remove(*names), 0);
	}
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

#endif
