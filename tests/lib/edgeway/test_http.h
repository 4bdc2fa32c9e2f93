/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests of a test to the handlers of modules. There is no socket;
 * everything behind it is the real thing: paths, roles, limits, deadlines,
 * streams. Part of <edgeway/test.h>, whose rules hold here too.
 *
 *	struct ew_test_client *client = ew_test_ask(test, "GET", "/metrics", NULL);
 *
 *	assert(ew_test_client_status(client) == 200);
 *	assert(strstr(ew_test_client_body(client, NULL), "edgeway_build_info"));
 *	ew_test_client_free(&client);
 */
#ifndef EDGEWAY_TEST_HTTP_H
#define EDGEWAY_TEST_HTTP_H

#include <edgeway/http.h>
#include <edgeway/test.h>

EW_BEGIN_DECLS

struct ew_test_client;

/* A request with all there is to say. */
struct ew_test_request {
	size_t size;            /* sizeof(struct ew_test_request) */
	const char *method;
	const char *target;     /* path and query, as on the wire */
	enum ew_role role;      /* of who asks */
	const struct ew_http_header *headers;
	size_t header_count;
	const void *body;
	size_t body_size;
};

/*
 * Send a request, as an administrator, and step. body: text, or NULL.
 *
 * Thread:  the test's
 * Owner:   the caller; ew_test_client_free(). Texts are copied
 * Errors:  never NULL: without memory it aborts
 */
EW_API struct ew_test_client *ew_test_ask(struct ew_test *test, const char *method,
					  const char *target, const char *body);

/*
 * The same for a request in full.
 *
 * Thread:  the test's
 * Owner:   as ew_test_ask()
 * Errors:  as ew_test_ask()
 */
EW_API struct ew_test_client *ew_test_send(struct ew_test *test,
					   const struct ew_test_request *request);

/*
 * The status of the answer.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  0: there is no answer yet
 */
EW_API int ew_test_client_status(const struct ew_test_client *client);

/*
 * A header of the answer, case does not matter.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_client_free()
 * Errors:  NULL: the answer does not have it
 */
EW_API const char *ew_test_client_header(const struct ew_test_client *client, const char *name);

/*
 * What came of the body so far, a NUL behind it. A client that is slow
 * (ew_test_client_pause()) has got nothing new.
 *
 * Thread:  the test's
 * Owner:   borrowed until the next step; size_out may be NULL
 * Errors:  never NULL
 */
EW_API const char *ew_test_client_body(const struct ew_test_client *client, size_t *size_out);

enum ew_test_end {
	EW_TEST_OPEN = 0,       /* no answer yet, or a stream that goes on */
	EW_TEST_WHOLE = 1,
	EW_TEST_CUT = 2         /* the stream was broken off */
};

/*
 * Has it ended, and how?
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API enum ew_test_end ew_test_client_end(const struct ew_test_client *client);

/*
 * Stop reading, and read on. A paused client makes ew_http_stream_write() say
 * -EAGAIN once stream_max bytes wait.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_client_pause(struct ew_test_client *client);
EW_API void ew_test_client_go_on(struct ew_test_client *client);

/*
 * The client goes away, if it has not got all, and step.
 *
 * Thread:  the test's
 * Owner:   takes *client and clears it; accepts NULL. Before ew_test_free()
 * Errors:  none
 */
EW_API void ew_test_client_free(struct ew_test_client **client);

EW_END_DECLS

#endif
