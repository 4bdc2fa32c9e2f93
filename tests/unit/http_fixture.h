/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listener on a free port with one owner, whose loop is the test's own
 * thread: handlers run while the test waits for a client. Clients are bare
 * sockets and the curl command. Every wait has a deadline.
 */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/base/error.h"
#include "core/conf/http.h"
#include "core/http/http.h"
#include "core/http/reply.h"
#include "core/http/tokens.h"

#include "tests/unit/unit.h"

#define FIXTURE_TEXT 65536
#define FIXTURE_PARKED 64

struct fixture {
	char folder[40];                /* of the test's files; removed at the end */
	struct http *http;
	struct http_owner *owner;
	struct http_config config;
	int wake_fd;

	/* what the handlers saw */
	unsigned handled;
	unsigned gone;
	unsigned writable;
	struct ew_http_request *parked[FIXTURE_PARKED];         /* by /later and /stream */
	unsigned parked_count;
	char seen[1024];                /* the last one, as text */

	char text[FIXTURE_TEXT];        /* what the last client read */
	size_t size;
};

/* Settings of a listener on 127.0.0.1, port 0, with short timeouts. */
void fixture_config(struct http_config *config);

/* Group setup and teardown: state is a struct fixture that listens. */
int fixture_open(void **state);
int fixture_close(void **state);

/* Apply f->config; must succeed. */
void fixture_apply(struct fixture *f);

/* A path in the folder. */
const char *fixture_path(struct fixture *f, const char *name);

/* Connect to the listener; send; both must succeed. */
int fixture_connect(struct fixture *f);
void fixture_send(int fd, const char *text);

/* Read to f->text until it has `until` (NULL: until the end); serve the owner. */
void fixture_read(struct fixture *f, int fd, const char *until);

/* Connect, send, read to the end, close. Returns f->text. */
const char *fixture_ask(struct fixture *f, const char *request);

/* The same for "METHOD target", with Host and Connection: close added. */
const char *fixture_get(struct fixture *f, const char *line);

/* Run the curl command with these words; its output is in f->text, its exit
 * status is returned. %s in words is the port. */
int fixture_curl(struct fixture *f, const char *words);

/* Serve until the number is reached. */
void fixture_wait(struct fixture *f, const unsigned *number, unsigned least);

/* Serve what there is for now. */
void fixture_serve(struct fixture *f);

/* Wait on a condition of the listener's. */
void fixture_wait_stat(struct fixture *f, size_t offset, uint64_t value);
#define fixture_wait_for(f, stat, value) \
	fixture_wait_stat((f), offsetof(struct http_stats, stat), (value))

/* Answer the oldest parked request; what request_reply() returned. */
int fixture_reply(struct fixture *f, const char *body);
struct ew_http_request *fixture_take(struct fixture *f);

#endif
