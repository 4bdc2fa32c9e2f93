/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"

#define ANSWER_MAX  ((size_t)16 << 20)

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

void reader_ask(struct reader *reader, const char *method, const char *target)
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

void reader_acknowledge(struct reader *reader)
{
	const char *page = strstr(reader->answer, "Edgeway-Page: ");
	char target[160];

	check(page != NULL);
	page += strlen("Edgeway-Page: ");
	(void)snprintf(target, sizeof(target), "/api/events/ack?consumer=bench&page=%.*s",
		       (int)strcspn(page, "\r"), page);
	reader_ask(reader, "POST", target);
}

void reader_open(struct reader *reader, const char *port)
{
	reader->answer = malloc(ANSWER_MAX + 1);
	check(reader->answer != NULL);
	reader->fd = reader_connect(port);
}

void reader_close(struct reader *reader)
{
	free(reader->answer);
	(void)close(reader->fd);
}
