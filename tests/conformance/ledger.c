/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ledger_line *ledger_line(struct ledger *ledger, const char *id, size_t size)
{
	struct ledger_line *line = ledger->lines;

	for (size_t i = 0; i < ledger->count; i++, line++) {
		if (strncmp(line->id, id, size) == 0 && line->id[size] == '\0') {
			return line;
		}
	}
	if (ledger->count == LEDGER_MAX || size >= sizeof(line->id)) {
		abort(); /* there are not so many, nor so long ones */
	}
	memcpy(line->id, id, size);
	ledger->count++;
	return line;
}

void ledger_check(struct ledger *ledger, bool holds, const char *ids, const char *why)
{
	while (*ids != '\0') {
		size_t size = strcspn(ids, " ");
		struct ledger_line *line = ledger_line(ledger, ids, size);

		line->checked++;
		if (!holds && line->broken++ == 0) {
			(void)snprintf(line->why, sizeof(line->why), "%s", why);
		}
		ids += size + (ids[size] == ' ');
	}
}

size_t ledger_broken(const struct ledger *ledger)
{
	size_t count = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		count += ledger->lines[i].broken > 0;
	}
	return count;
}

int ledger_write(const struct ledger *ledger, const char *path, const char *test)
{
	FILE *file = fopen(path, "we");

	if (file == NULL) {
		return -errno;
	}
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_line *line = &ledger->lines[i];

		(void)fprintf(file, "%s %s %lu %s %s\n", line->id,
			      line->broken > 0 ? "broken" : "kept", line->checked, test,
			      line->why); /* fclose() tells */
	}
	return fclose(file) != 0 ? -errno : 0;
}
