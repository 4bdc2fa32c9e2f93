/* SPDX-License-Identifier: Apache-2.0 */
/* See tcp.h. */
#include "core/uplink/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>
#include <linux/tcp.h>

int tcp_resolve(const char *host, struct tcp_addresses *addresses_out, struct failure *failure)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct tcp_addresses addresses = {.count = 0};
	struct addrinfo *first = NULL;
	struct addrinfo *at;
	int rc = getaddrinfo(host, NULL, &hints, &first);

	if (rc != 0) {
		failure_set(failure, EW_UPLINK_DNS, "'%s': %s", host, gai_strerror(rc));
		return -ENOENT;
	}
	for (at = first; at != NULL && addresses.count < TCP_ADDRESSES_MAX; at = at->ai_next) {
		if (getnameinfo(at->ai_addr, at->ai_addrlen, addresses.text[addresses.count],
				TCP_ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) == 0) {
			addresses.count++;
		}
	}
	freeaddrinfo(first);
	if (addresses.count == 0) {
		failure_set(failure, EW_UPLINK_DNS, "'%s': no usable address", host);
		return -ENOENT;
	}
	*addresses_out = addresses;
	return 0;
}

int tcp_error(int fd)
{
	socklen_t size = sizeof(int);
	int error = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int tcp_limit_unsent(int fd, size_t bytes)
{
	int unsent = (int)bytes;

	return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent)) < 0 ? -errno
											   : 0;
}

bool tcp_is_flushed(int fd)
{
	int waiting = 0;

	return ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting == 0;
}

void tcp_bytes(int fd, uint64_t *in_out, uint64_t *out_out)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size); /* zeros say: not known */
	*in_out = info.tcpi_bytes_received;
	*out_out = info.tcpi_bytes_acked;
}
