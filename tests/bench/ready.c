/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a daemon takes from exec to READY=1 on its notification socket:
 *
 *     ready COUNT LIMIT-MS COMMAND [ARGUMENT...]
 *
 * runs the command COUNT times, ends it each time with SIGTERM, and prints a
 * row of the table.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/text.h"

#include "tests/bench/bench.h"

#define PATIENCE  30            /* seconds until READY=1 */

/* A datagram socket with a name that the kernel chose; the name goes to NOTIFY_SOCKET. */
static int open_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE };
	socklen_t length = sizeof(address);
	char name[sizeof(address.sun_path) + 1];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0);
	check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	check(bind(fd, (const struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
	check(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
	length -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
	address.sun_path[0] = '@';      /* abstract */
	memcpy(name, address.sun_path, length);
	name[length] = '\0';
	check(setenv("NOTIFY_SOCKET", name, 1) == 0);
	return fd;
}

static void wait_ready(int fd)
{
	char text[4096];

	for (;;) {
		ssize_t size = recv(fd, text, sizeof(text) - 1, 0);

		if (size < 0) {
			(void)fprintf(stderr, "not ready: %s\n", strerror(errno));
			exit(EXIT_FAILURE);
		}
		text[size] = '\0';
		if (strstr(text, "READY=1") != NULL) {
			return;
		}
	}
}

static double run_once(char **command)
{
	int fd = open_socket();
	int64_t begin = clock_mono();
	pid_t pid = fork();
	double took;

	check(pid >= 0);
	if (pid == 0) {
		(void)execv(command[0], command);
		_exit(127);
	}
	wait_ready(fd);
	took = (double)(clock_mono() - begin) / 1e6;
	check(kill(pid, SIGTERM) == 0);
	check(waitpid(pid, NULL, 0) == pid);
	(void)close(fd);
	return took;
}

int main(int argc, char **argv)
{
	uint64_t count, limit;
	double *times;

	if (argc < 4 || text_parse_uint(argv[1], &count) != 0 || count == 0 ||
	    text_parse_uint(argv[2], &limit) != 0) {
		(void)fputs("usage: ready COUNT LIMIT-MS COMMAND [ARGUMENT...]\n", stderr);
		return EXIT_FAILURE;
	}
	times = calloc(count, sizeof(*times));
	check(times != NULL);
	for (uint64_t i = 0; i < count; i++) {
		times[i] = run_once(argv + 3);
	}
	bench_values("exec to READY", "ms", times, count, (double)limit);
	free(times);
	return bench_end();
}
