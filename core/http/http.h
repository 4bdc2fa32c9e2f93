/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP listener as the rest of core sees it.
 *
 * struct http owns the table of handlers, the tokens and the open requests;
 * it exists without a listener too, so that modules register alike. The
 * listener runs on a thread of its own, "http". One lock guards the whole; no
 * callback is called with it held.
 *
 * An owner is an instance as HTTP knows it. The listener puts what an owner
 * has to do into the owner's queue and calls its wake function; the owner then
 * calls http_owner_run() on its loop, where handlers run.
 */
#ifndef CORE_HTTP_HTTP_H
#define CORE_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <edgeway/error.h>
#include <edgeway/http.h>

struct http;
struct http_config;
struct http_owner;

/* Counted since the start; gauges are marked. */
struct http_stats {
	uint64_t requests[6];           /* answers by first digit of the status; 0: cut off */
	uint64_t connections;           /* accepted */
	uint64_t refused_token;         /* 401 */
	uint64_t refused_role;          /* 403 */
	uint64_t refused_parked;        /* 503 over a limit of parked requests */
	uint64_t timed_out;             /* connections cut for being slow, requests for no answer */
	uint64_t gone;                  /* clients that left an open request */
	uint64_t received_bytes;        /* bodies */
	uint64_t sent_bytes;            /* bodies */
	uint64_t open_connections;      /* gauge */
	uint64_t parked;                /* gauge: requests that instances hold */
	uint64_t streams;               /* gauge: of them, streams */
	int64_t certificate_until;      /* gauge: seconds since 1970; 0 without TLS */
};

int http_new(struct http **http_out) EW_CHECKED;

/*
 * Stops the listener. Owners that are not closed, because their instance hangs,
 * keep the rest in memory. Accepts NULL.
 */
void http_free(struct http **http);

/*
 * Bring the listener to a configuration: start it, change it, or read tokens
 * and certificate again. Files are read anew each time. On -errno err says why
 * and what ran before goes on as it was.
 *
 * Only the main thread calls this and http_stop().
 */
int http_apply(struct http *http, const struct http_config *config,
	       struct ew_error *err) EW_CHECKED;

/* Stop listening; requests in hand get a second to be sent. */
void http_stop(struct http *http);

/* The port in use, also when 0 was configured; 0: not listening. Main thread. */
unsigned http_port(const struct http *http);

/* What /readyz says from now on. Any thread; text copied. */
void http_set_ready(struct http *http, bool is_ready, const char *text);

/* Any thread. */
void http_read_stats(struct http *http, struct http_stats *stats_out);

/* What an owner brings. */
struct http_owner_ops {
	/*
	 * The owner's queue is no longer empty: let http_owner_run() be called
	 * soon. Any thread; does not block, and may not call into http.
	 */
	void (*wake)(void *arg);
	/* Around each callback, on the owner's loop; may be NULL. path: as registered. */
	void (*enter)(void *arg, const char *path);
	void (*leave)(void *arg);
	void *arg;
};

/* Make an owner. ops and name (for texts) are copied. -ENOMEM. */
int http_owner_new(struct http *http, const char *name, const struct http_owner_ops *ops,
		   struct http_owner **owner_out) EW_CHECKED;

/* Register a handler for the owner. Errors as ew_http_handle(). */
int http_owner_handle(struct http_owner *owner, const struct ew_http_spec *spec) EW_CHECKED;

/*
 * Run what is in the queue, at most a fair share of it; on the owner's loop.
 * True: there is more, and it must be called again without another wake.
 */
bool http_owner_run(struct http_owner *owner) EW_CHECKED;

/* New requests are answered 503 from now on; those in hand go on. */
void http_owner_drain(struct http_owner *owner);

/*
 * Remove the handlers, answer open requests 503, end open streams. No callback
 * begins once it returns; none may be running.
 */
void http_owner_close(struct http_owner **owner);

/* Who holds a request: the arg of its owner's ops, NULL: nobody. Any thread. */
void *http_request_owner(const struct ew_http_request *req);

/* Show each handler until fn returns non-zero. Any thread; no calls back. */
int http_walk_routes(struct http *http,
		     int (*fn)(void *arg, const char *owner, unsigned methods,
			       const struct ew_http_spec *spec),
		     void *arg);

#endif
