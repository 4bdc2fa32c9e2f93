/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request may go to a handler, and to which: form, token, path,
 * method, role, size. Knows nothing of sockets. The listener's thread.
 */
#ifndef CORE_HTTP_ADMIT_H
#define CORE_HTTP_ADMIT_H

#include "core/http/request.h"

/* What the listener read. Borrowed. */
struct head {
	const char *method;
	const char *authorization;      /* NULL: not sent */
	bool has_body;
	bool is_sized;                  /* body_size is known */
	uint64_t body_size;
};

/*
 * Look at a head; the request has headers, address, and uri unless uri_error
 * (of uri_parse()) is set. Sets the method and who asks. Either *route_out is
 * set, or *answer_out is what to answer.
 */
void request_admit(struct ew_http_request *req, const struct head *head, int uri_error,
		   struct http_route **route_out, struct answer *answer_out);

#endif
