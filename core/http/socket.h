/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets and addresses as text. Pure but for the kernel; any thread.
 */
#ifndef CORE_HTTP_SOCKET_H
#define CORE_HTTP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include <edgeway/error.h>

struct sockaddr;

/* A listening socket for "127.0.0.1:9280"; err says why not. */
int socket_listen(const char *listen, int *fd_out, struct ew_error *err) EW_CHECKED;

/* Is this the address that a socket listens on already? */
bool socket_is_at(int fd, const char *listen);

/* The port a socket is bound to; 0: none. */
unsigned socket_port(int fd);

/* The address without the port; "?" for what is neither IPv4 nor IPv6. */
void socket_format(const struct sockaddr *address, char *out, size_t size);

#endif
