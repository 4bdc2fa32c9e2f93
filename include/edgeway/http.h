/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP handlers of an instance. The daemon has one listener, with TLS, named
 * tokens and roles; an instance registers paths on it. A handler runs on the
 * loop of its instance, and answers at once or later, or streams.
 *
 * A request that was handed to an instance is the instance's until it makes
 * exactly one closing call, which takes the handle: ew_http_reply(), or
 * ew_http_stream_end() once ew_http_stream_start() was called. That holds too
 * when the client has gone or the deadline has passed in the meantime: the call
 * then says so. A stopping instance may still close its requests until it reports
 * itself stopped; what it leaves open is answered 503 by the core and its
 * handles are dead.
 *
 * The listener checks token, role, method, size and form of a request before
 * the handler sees it, and answers those errors itself, as JSON
 * ({"error": "..."}). No files or directories are served by it.
 */
#ifndef EDGEWAY_HTTP_H
#define EDGEWAY_HTTP_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_instance;
struct ew_http_request;

/* Ordered: each role may do what the ones before it may. */
enum ew_role {
	EW_ROLE_NONE,		/* no token needed: public */
	EW_ROLE_VIEWER,		/* reads */
	EW_ROLE_OPERATOR,	/* writes to tags, acknowledges */
	EW_ROLE_ADMIN		/* changes the gateway itself */
};

/*
 * One handler. Every member that is not set is 0.
 *
 * The callbacks run on the instance's loop, one at a time with all its others,
 * and never from inside a call into this API.
 */
struct ew_http_spec {
	size_t size;		/* sizeof(struct ew_http_spec) */
	const char *methods;	/* "GET", "POST", "GET POST"; GET brings HEAD */
	/*
	 * "/api/tags", "/api/devices/{device}/tags", "/web/" and a star. A
	 * segment in braces matches exactly one segment of the request, a star
	 * at the end everything below. A literal segment wins over one in
	 * braces, and that over the star.
	 */
	const char *path;
	enum ew_role role;	/* least role that may call */
	size_t body_max;	/* bytes of request body, 0 = none is accepted */
	ew_dur deadline;	/* until reply or stream start, 0 = as configured */
	size_t stream_max;	/* bytes waiting for a slow client, 0 = 256 KiB */
	const char *summary;	/* one line for the documentation */

	/* Required. A new request. */
	void (*handle)(void *arg, struct ew_http_request *req);
	/* Optional. After -EAGAIN: the stream takes data again. */
	void (*writable)(void *arg, struct ew_http_request *req);
	/* Optional. Client gone or deadline passed; still to be closed. */
	void (*gone)(void *arg, struct ew_http_request *req);
	void *arg;
};

struct ew_http_header {
	const char *name;
	const char *value;
};

struct ew_http_response {
	size_t size;			/* sizeof(struct ew_http_response) */
	int status;			/* 200..599, 0 = 200 */
	const char *content_type;	/* NULL = application/json with a body */
	const struct ew_http_header *headers;
	size_t header_count;
	const void *body;		/* ew_http_stream_start() ignores it */
	size_t body_size;
	bool body_is_static;		/* never freed nor changed: not copied */
};

/*
 * Register a handler, until the instance stops.
 *
 * Thread:  instance
 * Owner:   spec and its texts copied; arg borrowed until close() has returned
 * Errors:  -EINVAL  a member makes no sense;  -EEXIST  method and path are
 *          taken, the log names by whom;  -ENOSPC  too many handlers;
 *          -ENOTSUP  this host has no HTTP;  -ENOMEM
 *          Without a listener in the YAML it succeeds, and nobody calls.
 */
EW_API int ew_http_handle(struct ew_instance *inst, const struct ew_http_spec *spec) EW_CHECKED;

/*
 * "GET", "HEAD", "POST", ... A HEAD is answered like a GET: the core leaves
 * out the body.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  none
 */
EW_API const char *ew_http_method(const struct ew_http_request *req);

/*
 * The path as it was sent, percent signs and all, without the query.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  none
 */
EW_API const char *ew_http_path(const struct ew_http_request *req);

/*
 * What a segment in braces matched, decoded; "*" names what the star matched.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  NULL: the pattern has no such name
 */
EW_API const char *ew_http_param(const struct ew_http_request *req, const char *name);

/*
 * The nth value, from 0, of a name in the query, decoded.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  NULL: not in the query
 */
EW_API const char *ew_http_query(const struct ew_http_request *req, const char *name, size_t nth);

/*
 * A header by name, case does not matter; of several the first. Authorization
 * is not shown.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  NULL: no such header
 */
EW_API const char *ew_http_header(const struct ew_http_request *req, const char *name);

/*
 * The body; there is a NUL after its last byte.
 *
 * Thread:  instance
 * Owner:   borrowed until the closing call; size_out may be NULL
 * Errors:  none; never NULL
 */
EW_API const void *ew_http_body(const struct ew_http_request *req, size_t *size_out);

/* Who asks. */
struct ew_http_peer {
	const char *user;       /* name of the token; "anonymous" without one */
	enum ew_role role;
	const char *address;    /* of the client, without the port */
};

/*
 * Thread:  instance
 * Owner:   borrowed until the closing call
 * Errors:  none
 */
EW_API const struct ew_http_peer *ew_http_peer(const struct ew_http_request *req);

/*
 * Keep a pointer of the handler's own with the request.
 *
 * Thread:  instance
 * Owner:   state stays the caller's
 * Errors:  none
 */
EW_API void ew_http_set_state(struct ew_http_request *req, void *state);

/*
 * Thread:  instance
 * Owner:   as ew_http_set_state()
 * Errors:  NULL: none was set
 */
EW_API void *ew_http_state(const struct ew_http_request *req);

/*
 * Answer. Closes the request.
 *
 * Thread:  instance
 * Owner:   takes *req and clears it; response copied, but for a static body
 * Errors:  in each case the request is over
 *          -EPIPE      the client has gone
 *          -ETIMEDOUT  the deadline passed, the client got a 504
 *          -EINVAL     the response makes no sense or a stream was started,
 *                      the client got a 500 or was cut off
 *          -ENOMEM     likewise
 */
EW_API int ew_http_reply(struct ew_http_request **req, const struct ew_http_response *response);

/*
 * Answer with {"error": text}. Closes the request.
 *
 * Thread:  instance
 * Owner:   takes *req and clears it; text copied
 * Errors:  as ew_http_reply()
 */
EW_API int ew_http_reply_error(struct ew_http_request **req, int status, const char *text);

/*
 * Answer with a body of unknown length that is written piece by piece. Status
 * and headers leave at once; the body of the response is not looked at.
 *
 * Thread:  instance
 * Owner:   response copied; the request stays open until ew_http_stream_end()
 *          or ew_http_stream_cut()
 * Errors:  -EPIPE      the client has gone
 *          -ETIMEDOUT  the deadline passed, the client got a 504
 *          -EINVAL     the response makes no sense or a stream was started
 *          -ENOMEM
 *          After an error nothing was sent; the request must still be closed.
 */
EW_API int ew_http_stream_start(struct ew_http_request *req,
				const struct ew_http_response *response) EW_CHECKED;

/*
 * Send more: all of it or nothing.
 *
 * Thread:  instance
 * Owner:   data copied
 * Errors:  -EAGAIN    the client is slow and stream_max bytes wait for it;
 *                     writable is called when half of that is free
 *          -EMSGSIZE  size is over stream_max
 *          -EPIPE     the client has gone
 *          -EINVAL    no stream was started
 *          -ENOMEM
 */
EW_API int ew_http_stream_write(struct ew_http_request *req, const void *data,
				size_t size) EW_CHECKED;

/*
 * End the stream: what was written still reaches the client. Closes the
 * request.
 *
 * Thread:  instance
 * Owner:   takes *req and clears it
 * Errors:  -EPIPE  the client has gone;  -EINVAL  no stream was started, the
 *          client got a 500
 */
EW_API int ew_http_stream_end(struct ew_http_request **req);

/*
 * Break the stream off, so that the client sees that the body is not whole.
 * Closes the request.
 *
 * Thread:  instance
 * Owner:   takes *req and clears it
 * Errors:  as ew_http_stream_end()
 */
EW_API int ew_http_stream_cut(struct ew_http_request **req);

EW_END_DECLS

#endif
