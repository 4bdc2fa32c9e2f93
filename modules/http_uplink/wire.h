/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests by libcurl's multi socket interface, on the instance's loop: its
 * sockets are watches, its clock is one timer. Knows nothing of samples.
 *
 * libcurl is used here only. Names are looked up by a short-lived thread of
 * libcurl's own, because getaddrinfo() waits.
 */
#ifndef HTTP_UPLINK_WIRE_H
#define HTTP_UPLINK_WIRE_H

#include <edgeway/module.h>

#include "modules/http_uplink/settings.h"

#define WIRE_TEXT_MAX  200      /* bytes kept of an answer's body */

struct wire;
struct transfer;

/* Why there is no complete answer. */
enum wire_cause {
	WIRE_ANSWERED,          /* there is one: look at the status */
	WIRE_CONNECT,           /* name, address, connection, proxy */
	WIRE_TLS,               /* certificates among them */
	WIRE_TIMEOUT,
	WIRE_ANSWER,            /* closed half way, garbage, too long, redirects */
	WIRE_OTHER
};

struct wire_request {
	const char *url;
	const void *body;       /* borrowed until done */
	size_t size;
	const char *const *headers;     /* complete lines, copied */
	size_t header_count;
};

struct wire_result {
	enum wire_cause cause;
	long status;            /* of the last answer; 0: there was none */
	const char *text;       /* the cause in few words that do not vary; "" with an answer */
	const char *detail;     /* more of it, or the beginning of the answer's body; printable */
	ew_dur took;
	ew_dur retry_after;     /* -1: not told */
	long redirects;
};

typedef void (*wire_done_fn)(void *arg, const struct wire_result *result);

/* -ENOMEM, -ENOTSUP libcurl lacks TLS. The settings are borrowed until wire_change(). */
int wire_open(struct ew_instance *inst, const struct settings *settings,
	      struct wire **wire_out) EW_CHECKED;

/* At the end, before transfers are freed: no watch and no timer is set any more. Accepts NULL. */
void wire_end(struct wire *wire);

/* Transfers must have been freed. Accepts NULL. */
void wire_close(struct wire **wire);

/*
 * Requests that begin from now on follow these settings, and use no connection from before
 * and nothing that was read from files for one.
 */
void wire_change(struct wire *wire, const struct settings *settings);

/* A place for one request after the other; fn is called from the loop, never from here. -ENOMEM */
int transfer_new(struct wire *wire, wire_done_fn fn, void *arg,
		 struct transfer **transfer_out) EW_CHECKED;

/* Breaks off what is under way, without a word. Accepts NULL. */
void transfer_free(struct transfer **transfer);

/* -ENOMEM: nothing began. */
int transfer_start(struct transfer *transfer, const struct wire_request *request) EW_CHECKED;

#endif
