/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long answer made of a walk: the walk is begun anew whenever the client has
 * room, and passes over what was sent. Loop's thread only.
 */
#ifndef CORE_CTL_LISTING_H
#define CORE_CTL_LISTING_H

#include "core/ctl/ctl.h"

struct listing {
	struct ctl_request *request;
	uint64_t sent, seen;
	bool is_full;
	/* Walk, calling listing_row() for each entry; its return value ends the walk when not 0. */
	int (*walk)(struct listing *listing, void *arg);
	void *arg;
	char glob[512];                 /* of the request; "" without */
};

/* Begin. Answers the request in the end, now or later. */
void listing_run(struct ctl_request *request, int (*walk)(struct listing *listing, void *arg),
		 void *arg);

/* For each entry of a walk. NULL: pass over it; the walk then returns listing->is_full. */
struct buf *listing_row(struct listing *listing);
void listing_row_end(struct listing *listing);

/* An entry that is a line of JSON already. What the walk returns then. */
int listing_line(struct listing *listing, const char *line);

#endif
