/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer of /api/events over one connection: a request and all of its
 * answer, and the acknowledgement of a page. Ends the program when the daemon
 * does not answer as it should.
 */
#ifndef TESTS_BENCH_READER_H
#define TESTS_BENCH_READER_H

#include <stddef.h>
#include <stdint.h>

struct reader {
	int fd;
	char *answer;           /* head and body, a NUL behind */
	const char *body;
	size_t size;            /* of the body */
	uint64_t number;        /* the last that was read; the caller's */
};

void reader_open(struct reader *reader, const char *port);
void reader_close(struct reader *reader);

/* Send a request and read all of its answer. */
void reader_ask(struct reader *reader, const char *method, const char *target);

/* The page that came last, for the consumer called bench. */
void reader_acknowledge(struct reader *reader);

#endif
