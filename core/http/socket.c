/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the listener's socket itself, so that a refusal names the address and
 * the reason, and port 0 can be asked for what it became.
 */
#include "core/http/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conf/http.h"

#define BACKLOG 128

static int socket_open(const struct sockaddr_storage *address, socklen_t size)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;
	int ret;

	if (fd < 0) {
		return -errno;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, BACKLOG) < 0) {
		ret = -errno;
		(void)close(fd); /* nothing was written */
		return ret;
	}
	return fd;
}

int socket_listen(const char *text, int *fd_out, struct ew_error *err)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd;

	if (http_parse_listen(text, &address, &size) < 0) {
		return ew_fail(err, "listen: '%s' is not an address and a port", text);
	}
	fd = socket_open(&address, size);
	if (fd < 0) {
		(void)ew_fail(err, "listen: cannot listen on '%s': %s", text, strerror(-fd));
		return fd;
	}
	*fd_out = fd;
	return 0;
}

bool socket_is_at(int fd, const char *text)
{
	struct sockaddr_storage bound = {0};
	struct sockaddr_storage wanted;
	socklen_t bound_size = sizeof(bound);
	socklen_t size;

	return http_parse_listen(text, &wanted, &size) == 0 &&
	       getsockname(fd, (struct sockaddr *)&bound, &bound_size) == 0 &&
	       bound_size == size && memcmp(&bound, &wanted, size) == 0;
}

unsigned socket_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		return 0;
	}
	if (address.ss_family == AF_INET6) {
		return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
	}
	return ntohs(((const struct sockaddr_in *)&address)->sin_port);
}

void socket_format(const struct sockaddr *address, char *out, size_t size)
{
	const void *bytes = NULL;

	if (address->sa_family == AF_INET) {
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	} else if (address->sa_family == AF_INET6) {
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	}
	if (bytes == NULL || inet_ntop(address->sa_family, bytes, out, (socklen_t)size) == NULL) {
		(void)snprintf(out, size, "?");
	}
}
