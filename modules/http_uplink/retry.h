/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do after an answer, and when to try again. Pure, any thread.
 */
#ifndef HTTP_UPLINK_RETRY_H
#define HTTP_UPLINK_RETRY_H

#include <edgeway/module.h>

/* Of one request that has ended. */
enum verdict {
	VERDICT_ACCEPTED,       /* 2xx, the answer complete */
	VERDICT_REFUSED,        /* will never be taken: dead letter */
	VERDICT_AGAIN
};

/*
 * Judge a complete answer. Of 4xx those of the list are tried again, the others
 * refuse for good; everything else but 2xx is tried again.
 */
enum verdict retry_judge(long status, const uint64_t *again, size_t again_count);

struct retry_waits {
	ew_dur min;
	ew_dur max;
};

/*
 * How long to wait after so many failures in a row (from 1): doubles from min
 * to max, and is drawn between half of it and all of it by `random`.
 */
ew_dur retry_wait(const struct retry_waits *waits, unsigned failures, uint64_t random);

/*
 * The value of Retry-After: seconds, or a date, which counts from `now` (ns
 * UTC, of the server if it told). A date of the past is 0.
 * -EINVAL: neither
 */
int retry_after_parse(const char *text, size_t size, ew_time now, ew_dur *wait_out) EW_CHECKED;

/* A date of HTTP in its three forms, ns UTC. -EINVAL: not one. */
int retry_date_parse(const char *text, size_t size, ew_time *time_out) EW_CHECKED;

#endif
