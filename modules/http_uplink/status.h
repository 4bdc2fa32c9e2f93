/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the instance is, for people: what goes wrong, and since when. The words
 * stay the same while the fault does, so that the log has a line a change.
 */
#ifndef HTTP_UPLINK_STATUS_H
#define HTTP_UPLINK_STATUS_H

#include <edgeway/module.h>

struct http_uplink;
struct wire_result;

struct status {
	ew_time since;          /* ns UTC of the first failure in a row; 0: none */
	unsigned failures;      /* since the last success of any strand */
};

/* A request was taken, or refused for good: the server works. */
void status_good(struct http_uplink *uplink);

/* A request failed and will be tried again. */
void status_bad(struct http_uplink *uplink, const struct wire_result *result);

/* Samples wait for memory. */
void status_short(struct http_uplink *uplink);

#endif
