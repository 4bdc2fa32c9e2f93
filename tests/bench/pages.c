/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer of /api/events that measures: from the request until the whole page
 * is there, over one connection.
 *
 *     pages PORT PAGES EVENTS MOST-MS
 *
 * takes so many pages of exactly so many events, reads the number that each
 * record carries and checks that it goes up by one, acknowledges each page, and
 * prints rows of the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/bench.h"
#include "tests/bench/reader.h"

/* Every record of the page carries the next number. Returns the events. */
static uint64_t reader_check(struct reader *reader)
{
	uint64_t events = 0;
	const char *at = reader->body;
	const char *line = at;

	while ((at = strstr(at, "\"tag\":\"N0\"")) != NULL) {
		uint64_t number;

		at = strstr(at, "\"value\":");
		check(at != NULL);
		number = strtoull(at + 8, NULL, 10);
		check(reader->number == 0 || number == reader->number + 1);
		reader->number = number;
	}
	for (; (line = strchr(line, '\n')) != NULL; line++) {
		events++;
	}
	return events;
}

int main(int argc, char **argv)
{
	struct reader reader = {.fd = -1};
	double *times;
	char target[160];
	uint64_t events;
	size_t count, bytes = 0;
	int64_t begun;

	check(argc == 5);
	count = strtoul(argv[2], NULL, 10);
	events = strtoull(argv[3], NULL, 10);
	times = calloc(count, sizeof(*times));
	check(times != NULL);
	reader_open(&reader, argv[1]);
	(void)snprintf(target, sizeof(target),
		       "/api/events?consumer=bench&session=%d&format=ndjson&limit=%s",
		       (int)getpid(), argv[3]);
	begun = clock_mono();
	for (size_t i = 0; i < count;) {
		int64_t begin = clock_mono();

		reader_ask(&reader, "GET", target);
		times[i] = (double)(clock_mono() - begin) / 1e6;
		if (reader.size > 0) {
			bytes += reader.size;
			i += reader_check(&reader) == events ? 1 : 0;
			reader_acknowledge(&reader);
		}
	}
	printf("%zu pages of %llu events, %zu bytes, %.0f events/s with their acknowledgements\n",
	       count, (unsigned long long)events, bytes / count,
	       (double)count * (double)events * 1e9 / (double)(clock_mono() - begun));
	bench_values("a page, from request to its last byte", "ms", times, count,
		     strtod(argv[4], NULL));
	free(times);
	reader_close(&reader);
	return bench_end();
}
