/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before the next try: doubles from min to max, and each wait
 * is drawn between half of it and all of it, so that a thousand gateways do not
 * come back in the same second. One owner; the caller brings the randomness.
 */
#ifndef CORE_UPLINK_BACKOFF_H
#define CORE_UPLINK_BACKOFF_H

#include <stdint.h>

#include <edgeway/base.h>

struct backoff {
	ew_dur min;
	ew_dur max;
	ew_dur next; /* the coming wait before jitter */
	uint64_t seed; /* never 0 */
};

void backoff_init(struct backoff *backoff, ew_dur min, ew_dur max, uint64_t seed);

/* The wait to observe now; the one after it is longer. */
ew_dur backoff_take(struct backoff *backoff);

/* As the first wait, and without making later ones longer. */
ew_dur backoff_short(struct backoff *backoff);

/* Things went well: begin at min again. */
void backoff_reset(struct backoff *backoff);

#endif
