/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end's book of numbered samples: a source numbers the values of each
 * tag, and this says whether any is missing, came twice or came out of order. A
 * tag `Mono` has the monotonic time of this machine as its value: it says how
 * wrong the times of samples are.
 * Reads bodies as modules/http_uplink sends them. Any thread, one at a time.
 */
#ifndef TESTS_LIB_TALLY_H
#define TESTS_LIB_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally;

struct tally_sum {
	uint64_t tags;
	uint64_t samples;       /* all that came, numbered or not */
	uint64_t events;
	uint64_t numbered;      /* different numbers that came */
	uint64_t duplicates;
	uint64_t missing;       /* numbers below the highest of their tag that never came */
	uint64_t reordered;     /* numbers that came behind a higher one, for the first time */
	uint64_t highest;       /* number of any tag */
	uint64_t malformed;     /* records that could not be read */
	uint64_t clock_error;   /* nanoseconds that the time of a tag `Mono` was wrong, at most */
	uint64_t clock_unset;   /* samples that say that their time is not known */
};

/* first: the number of each tag's first sample; UINT64_MAX: whatever comes first. */
struct tally *tally_new(uint64_t first);
void tally_free(struct tally **tally);

/* Keep what comes in a file, and begin with what is in it: it outlives a kill. */
void tally_keep(struct tally *tally, const char *path);

/* One number of one tag. */
void tally_add(struct tally *tally, const char *tag, uint64_t number);

/* A whole body; content_type says in which form it is. body is changed; body[size] is too. */
void tally_body(struct tally *tally, const char *content_type, char *body, size_t size);

struct tally_sum tally_sum(const struct tally *tally);

/* The highest number of a tag, `device:tag`; 0: none came. */
uint64_t tally_highest(struct tally *tally, const char *tag);

/* For each tag with something missing: name and the first numbers, to stdout. */
void tally_show(const struct tally *tally);

#endif
