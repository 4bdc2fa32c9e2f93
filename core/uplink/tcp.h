/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the session needs of the network without MQTT: addresses of a name, and
 * facts about a TCP socket that someone else owns. The uplink's thread.
 */
#ifndef CORE_UPLINK_TCP_H
#define CORE_UPLINK_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/uplink/cause.h"

#define TCP_ADDRESSES_MAX 8u
#define TCP_ADDRESS_SIZE 64u

struct tcp_addresses {
	char text[TCP_ADDRESSES_MAX][TCP_ADDRESS_SIZE]; /* numeric */
	size_t count;
};

/* Resolve; this blocks as long as the system's resolver does. -ENOENT, and
 * *failure says why. */
int tcp_resolve(const char *host, struct tcp_addresses *addresses_out, struct failure *failure)
	EW_CHECKED;

/* The pending error of a connect, 0 when it went well. */
int tcp_error(int fd);

/* At most `bytes` may wait unsent in the kernel. -errno. */
int tcp_limit_unsent(int fd, size_t bytes) EW_CHECKED;

/* Everything written was acknowledged by the other side's kernel. */
bool tcp_is_flushed(int fd);

/* Bytes received, and bytes sent and acknowledged; 0 when not known. */
void tcp_bytes(int fd, uint64_t *in_out, uint64_t *out_out);

#endif
