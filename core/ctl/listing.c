/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that come or go between two walks may be shown twice or not at all;
 * a list is a snapshot only while it fits into one.
 */
#include "core/ctl/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void listing_more(struct ctl_request *request, void *arg)
{
	struct listing *listing = arg;

	listing->seen = 0;
	listing->is_full = false;
	/* it returns is_full */
	(void)listing->walk(listing, listing->arg);
	if (!listing->is_full) {
		free(listing);
		ctl_end(request);
	}
}

void listing_run(struct ctl_request *request, int (*walk)(struct listing *listing, void *arg),
		 void *arg)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	const char *glob = json_text(ctl_fields(request), "glob");

	if (listing == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	listing->request = request;
	listing->walk = walk;
	listing->arg = arg;
	if (glob != NULL &&
	    snprintf(listing->glob, sizeof(listing->glob), "%s", glob) >=
		    (int)sizeof(listing->glob)) {
		free(listing);
		ctl_fail(request, -EINVAL, "the pattern is too long");
		return;
	}
	ctl_wait(request, &(struct ctl_hooks){ .room = listing_more, .gone = free,
					       .arg = listing });
	listing_more(request, listing);
}

/* Is the next entry to be sent now? */
static bool listing_takes(struct listing *listing)
{
	if (listing->seen++ < listing->sent) {
		return false;
	}
	if (!ctl_has_room(listing->request)) {
		listing->is_full = true;
		return false;
	}
	listing->sent++;
	return true;
}

struct buf *listing_row(struct listing *listing)
{
	return listing_takes(listing) ? ctl_row(listing->request) : NULL;
}

void listing_row_end(struct listing *listing)
{
	ctl_row_end(listing->request);
}

int listing_line(struct listing *listing, const char *line)
{
	if (!listing_takes(listing)) {
		return listing->is_full;
	}
	ctl_add_lines(listing->request, line, strlen(line));
	ctl_add_lines(listing->request, "\n", 1);
	return 0;
}
