/* SPDX-License-Identifier: Apache-2.0 */
/* What the YAML says of an event stream. */
#ifndef EVENTS_SETTINGS_H
#define EVENTS_SETTINGS_H

#include <edgeway/module.h>

#define CONSUMERS_MAX  60u      /* a journal has 64 cursors */
#define WINDOW_MAX     256u     /* pages */

struct settings {
	bool samples;
	uint64_t size;          /* of the journal, bytes */
	ew_dur age;
	ew_dur sync;
	uint64_t page_events;   /* most in a page */
	uint64_t page_bytes;
	ew_dur wait;            /* the longest long poll */
	uint64_t waiting;       /* polls and streams that may be open */
	uint64_t consumers;
	uint64_t window;        /* pages handed out and not acknowledged */
	ew_dur redeliver_after;
	ew_dur forget_after;    /* 0: never */
};

extern const struct ew_option settings_options[];

/* Rules that no row can say. */
int settings_check(const void *settings, struct ew_error *err);

#endif
