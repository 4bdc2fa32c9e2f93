/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requirements of Sparkplug were looked at, and which were broken. A
 * requirement is known by its id of the specification, here without the
 * `tck-id-` that all have in common.
 */
#ifndef TESTS_CONFORMANCE_LEDGER_H
#define TESTS_CONFORMANCE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#define LEDGER_MAX  320u

struct ledger_line {
	char id[128];
	unsigned long checked;
	unsigned long broken;
	char why[160];          /* the first time */
};

struct ledger {
	size_t count;
	struct ledger_line lines[LEDGER_MAX];
};

/* One look at one or more requirements, their ids with a blank between. */
void ledger_check(struct ledger *ledger, bool holds, const char *ids, const char *why);

size_t ledger_broken(const struct ledger *ledger);

/*
 * Lines "ID kept|broken COUNT TEST [WHY]" into a file.
 *
 * Errors: as fopen() and fclose()
 */
int ledger_write(const struct ledger *ledger, const char *path, const char *test);

#endif
