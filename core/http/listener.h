/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket, its connections, and the thread "http" that serves
 * them. The only part that knows libmicrohttpd. All functions are the main
 * thread's.
 */
#ifndef CORE_HTTP_LISTENER_H
#define CORE_HTTP_LISTENER_H

#include <stdbool.h>

#include <edgeway/error.h>

struct http;
struct http_config;
struct listener;
struct tls;

/*
 * Open the socket; nothing is served yet. When `old` listens on the same
 * address its socket is shared. -errno; err says what cannot be had.
 */
int listener_new(struct http *http, const struct http_config *config, const struct listener *old,
		 struct listener **listener_out, struct ew_error *err) EW_CHECKED;

/* Serve, on a new thread. -errno. */
int listener_start(struct listener *listener, struct ew_error *err) EW_CHECKED;

/* Stop; answers on their way have a second. Accepts NULL and what never started. */
void listener_free(struct listener **listener);

/* Can the running one serve this configuration as it is? NULL: no. */
bool listener_fits(const struct listener *listener, const struct http_config *config);

/* Certificate for handshakes from now on; taken. NULL when there is no TLS. */
void listener_set_tls(struct listener *listener, struct tls *tls);

unsigned listener_port(const struct listener *listener);

#endif
