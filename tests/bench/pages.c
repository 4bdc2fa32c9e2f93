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
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/bench.h"

#define ANSWER_MAX  ((size_t)16 << 20)

struct reader {
	int fd;
	char *answer;           /* head and body, a NUL behind */
	const char *body;
	size_t size;            /* of the body */
	uint64_t number;        /* the last that was read */
};

static int reader_connect(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	return fd;
}

/* Send a request and read all of its answer. */
static void reader_ask(struct reader *reader, const char *method, const char *target)
{
	char request[512];
	size_t have = 0, whole = SIZE_MAX;
	int size = snprintf(request, sizeof(request),
			    "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
			    method, target);

	check(size > 0 && write(reader->fd, request, (size_t)size) == size);
	while (have < whole) {
		ssize_t got = read(reader->fd, reader->answer + have, ANSWER_MAX - have);
		const char *end, *length;

		check(got > 0);
		have += (size_t)got;
		reader->answer[have] = '\0';
		end = whole == SIZE_MAX ? strstr(reader->answer, "\r\n\r\n") : NULL;
		if (end != NULL) {
			length = strstr(reader->answer, "Content-Length: ");
			check(length != NULL);
			reader->body = end + 4;
			reader->size = strtoul(length + 16, NULL, 10);
			whole = (size_t)(reader->body - reader->answer) + reader->size;
		}
	}
	if (strncmp(reader->answer, "HTTP/1.1 200", 12) != 0) {
		(void)fprintf(stderr, "%s: %.300s\n", target, reader->answer);
		exit(EXIT_FAILURE);
	}
}

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

static void reader_acknowledge(struct reader *reader)
{
	const char *page = strstr(reader->answer, "Edgeway-Page: ");
	char target[160];

	check(page != NULL);
	page += strlen("Edgeway-Page: ");
	(void)snprintf(target, sizeof(target), "/api/events/ack?consumer=bench&page=%.*s",
		       (int)strcspn(page, "\r"), page);
	reader_ask(reader, "POST", target);
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
	reader.answer = malloc(ANSWER_MAX + 1);
	check(times != NULL && reader.answer != NULL);
	reader.fd = reader_connect(argv[1]);
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
	free(reader.answer);
	(void)close(reader.fd);
	return bench_end();
}
