/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer of bulk data at /api/events that checks the number which each
 * record carries, and says in the file of tests/lib/gate.h what has arrived:
 *
 *     records PORT GATE
 *
 * A record is that of lwm2m.data: "path":".../OBJECT/INSTANCE/5700", and "value"
 * behind it. Every instance is a series of its own and goes up by one. Pages are
 * acknowledged when they were read to the end. Runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"

#include "tests/bench/reader.h"
#include "tests/lib/gate.h"

#define SERIES_MAX  4096u

static uint64_t last[SERIES_MAX];
static uint64_t samples, lost, again;

/* The instance in a path that ends at a quote; SERIES_MAX: it is no sensor's value. */
static size_t series_of(const char *path, const char *end)
{
	const char *at = end - 5;

	if (end - path < 8 || memcmp(at, "/5700", 5) != 0) {
		return SERIES_MAX;
	}
	while (at > path && at[-1] != '/') {
		at--;
	}
	return strtoul(at, NULL, 10);
}

static void look(uint64_t *known, uint64_t number)
{
	samples++;
	if (number <= *known) {
		again++;
		return;
	}
	lost += *known != 0 ? number - *known - 1 : 0;
	*known = number;
}

/* Returns the last number; 0: there was none. */
static uint64_t read_page(const struct reader *reader)
{
	const char *at = reader->body;
	uint64_t number = 0;

	while ((at = strstr(at, "\"path\":\"")) != NULL) {
		const char *path = at + 8;
		const char *end = strchr(path, '"');
		const char *value = end == NULL ? NULL : strstr(end, "\"value\":");
		size_t series;

		check(value != NULL);
		series = series_of(path, end);
		at = value + 8;
		if (series < SERIES_MAX) {
			number = strtoull(at, NULL, 10);
			look(&last[series], number);
		}
	}
	return number;
}

int main(int argc, char **argv)
{
	struct reader reader = {.fd = -1};
	struct gate *gate;
	char target[200];

	if (argc != 3) {
		(void)fputs("usage: records PORT GATE\n", stderr);
		return EXIT_FAILURE;
	}
	check(gate_open(argv[2], &gate) == 0);
	reader_open(&reader, argv[1]);
	(void)snprintf(target, sizeof(target), "/api/events?consumer=bench&session=%d"
		       "&format=ndjson&kind=lwm2m.data&wait=1", (int)getpid());
	for (;;) {
		uint64_t number;

		reader_ask(&reader, "GET", target);
		if (reader.size == 0) {
			continue;
		}
		number = read_page(&reader);
		reader_acknowledge(&reader);
		atomic_store(&gate->lost, lost);
		atomic_store(&gate->again, again);
		atomic_store(&gate->samples, samples);
		if (number != 0) {
			atomic_store(&gate->seen, number);
		}
	}
}
