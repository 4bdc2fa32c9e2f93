/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server for tests of what posts: it keeps a tally of numbered samples,
 * and misbehaves when told to. On 127.0.0.1, with threads of its own; all
 * functions may be called from any thread.
 */
#ifndef TESTS_LIB_HTTP_SINK_H
#define TESTS_LIB_HTTP_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/tally.h"

struct http_sink;

enum sink_mode {
	SINK_OK,                /* 204, the samples are counted */
	SINK_STATUS,            /* a status of the plan, nothing is counted */
	SINK_HANG,              /* no answer until the plan changes, nothing is counted */
	SINK_DRIP,              /* counted; an answer of 10 bytes a second that never ends */
	SINK_GARBAGE,           /* nothing is counted; bytes that are not HTTP */
	SINK_LOOP,              /* redirects for ever, nothing is counted */
	SINK_DOWNGRADE,         /* one redirect to http://, nothing is counted */
	SINK_MOVED,             /* a redirect to /moved, which counts as SINK_OK does */
	SINK_RESET,             /* nothing is counted; the connection is reset */
	SINK_HALF,              /* counted; closed in the middle of the answer */
	SINK_LONG,              /* counted; an answer without an end, at full speed */
	SINK_MODE_COUNT
};

struct sink_plan {
	enum sink_mode mode;
	int status;             /* STATUS: 400..599; MOVED: 301, 302, 303, 307, 308 */
	char retry_after[64];   /* STATUS: ""; else the header's value */
	unsigned requests;      /* how many, then OK; 0: all that come */
	char only[32];          /* path that it holds for, the others are OK; "": any */
};

struct sink_config {
	uint16_t port;          /* 0: any */
	const char *certificate;        /* PEM files; NULL: plain HTTP */
	const char *key;
	const char *client_ca;  /* who else comes is answered 403 */
	const char *authorization;      /* value that the header must have; else 401 */
	size_t most_bytes;      /* of a body as it comes: a longer one is answered 413; 0: any */
	bool discard;           /* count bytes only, for benches */
	bool keep;              /* keep each request for sink_request() */
	uint64_t first;         /* of the tally */
	const char *journal;    /* where the tally is kept; NULL: it ends with the process */
	const char *body;       /* a file for the last body, unpacked; NULL: none */
};

/* Aborts when it cannot. */
struct http_sink *http_sink_start(const struct sink_config *config);
void http_sink_stop(struct http_sink **sink);

uint16_t http_sink_port(const struct http_sink *sink);

/* From the next request on; requests that hang go on as this says. */
void http_sink_plan(struct http_sink *sink, const struct sink_plan *plan);

/* By their words: ok, status, hang, ... Returns SINK_MODE_COUNT for another word. */
enum sink_mode http_sink_mode(const char *word);

struct sink_counts {
	uint64_t requests;      /* complete ones, whatever the answer */
	uint64_t accepted;      /* whose samples were counted */
	uint64_t repeated;      /* of these: with an Idempotency-Key that was there before */
	uint64_t bytes;         /* of bodies as they came */
	uint64_t most_open;     /* requests at a time, at most */
	uint64_t by_mode[SINK_MODE_COUNT];
};

struct sink_counts http_sink_counts(struct http_sink *sink);
struct tally_sum http_sink_tally(struct http_sink *sink);
uint64_t http_sink_highest(struct http_sink *sink, const char *tag);

/* The tally and the counts as one JSON object; the caller frees it. */
char *http_sink_report(struct http_sink *sink);

/* Print what is missing. */
void http_sink_show(struct http_sink *sink);

/* A request that was kept. */
struct sink_request {
	char *method;
	char *target;           /* path and query */
	char *headers;          /* "Name: value\n" each */
	char *body;             /* unpacked, a NUL behind it */
	size_t size;
	int status;             /* of the answer; 0: none */
};

/* NULL: there are not that many. Borrowed until http_sink_stop(). */
const struct sink_request *http_sink_request(struct http_sink *sink, size_t index);

/* The value of a header; the caller frees it. NULL: not there. */
char *sink_request_header(const struct sink_request *request, const char *name);

#endif
