/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of a wire, from its options to its result. For wire.c and
 * transfer.c only.
 */
#ifndef HTTP_UPLINK_TRANSFER_H
#define HTTP_UPLINK_TRANSFER_H

#include <curl/curl.h>

#include "modules/http_uplink/wire.h"

struct wire {
	struct ew_instance *inst;
	const struct settings *settings;
	CURLM *multi;
	struct ew_timer *timer;
	ew_dur changed_at;      /* monotonic: other settings, or other files; 0: as it began */
	bool has_ended;         /* what libcurl asks for is not done any more */
};

/* libcurl is done with it: tell. */
void transfer_end(struct transfer *transfer, CURLcode code);

#endif
