/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of http_sink.h: requests, answers, and what the test looks at. */
#ifndef TESTS_LIB_HTTP_SINK_INSIDE_H
#define TESTS_LIB_HTTP_SINK_INSIDE_H

#include <pthread.h>
#include <stdlib.h>

#include <microhttpd.h>

#include "tests/lib/http_sink.h"

struct http_sink {
	struct MHD_Daemon *daemon;
	struct sink_config config;
	char *files[3];         /* certificate, key, client_ca */
	uint16_t port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_ending;
	unsigned plan_number;
	struct sink_plan plan;
	struct tally *tally;
	struct sink_counts counts;
	uint64_t open;
	uint64_t *keys;         /* ring of what keys were hashed to */
	size_t key_count;
	struct sink_request **kept;
	size_t kept_count;
};

/* One request while it comes in. */
struct upload {
	char *at;
	size_t size, room;
	bool is_long;
};

/* No part of core is here: the sink is linked to tests that have their own copy of it. */
static inline void check(bool is_so)
{
	if (!is_so) {
		abort();
	}
}

static inline void *must(void *at)
{
	check(at != NULL);
	return at;
}

/* http_sink_look.c; under the lock */
struct sink_request *sink_keep(struct http_sink *sink, struct MHD_Connection *connection,
			       const char *method, const char *target,
			       const struct upload *upload);
void sink_forget(struct http_sink *sink);

/* http_sink_answer.c */
enum MHD_Result sink_answer(struct MHD_Connection *connection, int status, const char *body,
			    const char *name, const char *value);
enum MHD_Result sink_carry_out(struct http_sink *sink, struct MHD_Connection *connection,
			       const char *target, const struct sink_plan *plan);

#endif
