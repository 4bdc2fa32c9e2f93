/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes, and why: how one tag fares on each of its routes. The publisher's
 * loop tells, and its lines come back by a post.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/ctl/listing.h"
#include "core/ctl/place.h"

#define WHY_LINES_MAX  ((size_t)256 << 10)

static const char *routes_full(enum route_full full)
{
	switch (full) {
	case ROUTE_DROP_OLDEST:
		return "drop_oldest";
	case ROUTE_DROP_NEWEST:
		return "drop_newest";
	case ROUTE_BLOCK:
		return "block";
	}
	return "?";
}

struct routes {
	const struct desk *desk;
	struct listing *listing;
};

/* The desk's places receive and ask for writes: they publish nothing. */
static bool routes_is_silent(const struct desk *desk, const char *from)
{
	return strcmp(from, endpoint_name(desk->endpoint)) == 0 ||
	       watches_have(desk, from);
}

static int routes_add(void *arg, const struct route_stats *route)
{
	const struct routes *routes = arg;
	struct listing *listing = routes->listing;
	struct buf *row;

	if (routes_is_silent(routes->desk, route->from)) {
		return 0;
	}
	row = listing_row(listing);
	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "from", route->from);
	json_add_text(row, "to", route->to);
	json_add_text(row, "origin", route->origin);
	json_add_text(row, "full", routes_full(route->full));
	json_add_uint(row, "batches", route->batches);
	json_add_uint(row, "samples", route->samples);
	json_add_uint(row, "events", route->events);
	json_add_uint(row, "filtered", route->filtered);
	json_add_uint(row, "lost_samples", route->lost_samples);
	json_add_uint(row, "lost_events", route->lost_events);
	json_add_uint(row, "gaps", route->gaps);
	json_add_uint(row, "resyncs", route->resyncs);
	json_add_uint(row, "acked", route->acked);
	json_add_uint(row, "redelivered", route->redelivered);
	json_add_uint(row, "dead", route->dead);
	json_add_uint(row, "open", route->open);
	json_add_uint(row, "queued", route->queued);
	json_add_uint(row, "bytes", route->bytes);
	json_add_uint(row, "limit_bytes", route->limit_bytes);
	listing_row_end(listing);
	return 0;
}

static int routes_walk(struct listing *listing, void *arg)
{
	const struct desk *desk = arg;
	struct routes routes = { desk, listing };

	return bus_routes_walk(desk->bus, routes_add, &routes);
}

void desk_run_routes(struct ctl_request *request, void *arg)
{
	listing_run(request, routes_walk, arg);
}

struct why {
	struct post post;
	struct desk *desk;
	struct ctl_request *request;    /* the desk's loop; NULL: the client is gone */
	struct buf lines;               /* the publisher's loop, until posted */
	unsigned type;                  /* of the tag */
};

/* Publisher's loop. */
static void why_add(void *arg, const struct route_why *route)
{
	struct why *why = arg;
	struct buf *row = &why->lines;
	char hop[160], text[200];

	(void)snprintf(hop, sizeof(hop), "%s > %s", route->from, route->to);
	if (!route->passes) {
		(void)snprintf(text, sizeof(text), "stopped: no pattern of the route names it");
	} else if (route->held_back != NULL && *route->held_back != '\0') {
		(void)snprintf(text, sizeof(text), "last value kept back by %s",
			       route->held_back);
	} else {
		(void)snprintf(text, sizeof(text), "passes%s%s%s; lost on this route: %" PRIu64,
			       route->pattern != NULL ? " by " : "",
			       route->pattern != NULL ? route->pattern : "",
			       route->report == ROUTE_REPORT_EXCEPTION ? ", changes only" : "",
			       route->lost);
	}
	json_begin(row);
	json_add_text(row, "hop", hop);
	json_add_bool(row, "passes", route->passes);
	json_add_text(row, "pattern", route->pattern);
	json_add_text(row, "held_back", route->held_back);
	json_add_uint(row, "lost", route->lost);
	if (route->has_reported) {
		desk_add_sample(row, &route->reported, why->type);
	}
	json_add_text(row, "text", text);
	json_end(row);
	buf_add_byte(row, '\n');
}

/* Desk's loop. */
static void why_finish(struct why *why)
{
	struct ctl_request *request = why->request;

	if (request != NULL && why->lines.fault != 0) {
		ctl_fail(request, why->lines.fault, "too many routes to show");
	} else if (request != NULL) {
		ctl_add_lines(request, buf_text(&why->lines), why->lines.size);
		ctl_end(request);
	}
	buf_fini(&why->lines);
	free(why);
}

static void why_run(struct post *post)
{
	why_finish(container_of(post, struct why, post));
}

/* Publisher's loop, or ours when there is nobody to ask. */
static void why_done(void *arg)
{
	struct why *why = arg;

	why->post.run = why_run;
	why->post.drop = why_run;
	/* the queue closes only after every publisher has gone */
	check(post_push_always(&why->desk->posts, &why->post) == 0);
}

static void why_on_gone(void *arg)
{
	struct why *why = arg;

	why->request = NULL;
}

static void why_add_image(struct ctl_request *request, struct desk *desk,
			  const struct desk_tag *tag)
{
	struct buf *row = ctl_row(request);
	struct ew_sample sample;
	char text[256];

	json_add_text(row, "hop", "image");
	if (bus_read(desk->bus, tag->id, &sample, text, sizeof(text)) == 0) {
		if (ew_sample_has_bytes(&sample) && sample.v.x.size > sizeof(text)) {
			sample.v.x.size = sizeof(text);
		}
		desk_add_sample(row, &sample, tag->type);
		json_add_text(row, "text", "what the owner published last");
	} else {
		json_add_text(row, "text", "stopped: its owner has published nothing yet");
	}
	ctl_row_end(request);
}

void desk_run_why(struct ctl_request *request, void *arg)
{
	const char *name = json_text(ctl_fields(request), "tag");
	struct desk *desk = arg;
	struct desk_tag tag;
	struct why *why;
	int error;

	if (name == NULL || desk_find_tag(desk, name, &tag) != 0) {
		desk_no_tag(request, name);
		return;
	}
	why = calloc(1, sizeof(*why));
	if (why == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	why->desk = desk;
	why->request = request;
	why->type = tag.type;
	buf_init(&why->lines, WHY_LINES_MAX);
	ctl_wait(request, &(struct ctl_hooks){ .gone = why_on_gone, .arg = why });
	why_add_image(request, desk, &tag);
	error = bus_why(desk->bus, tag.id, why_add, why_done, why);
	if (error != 0) {
		why->request = NULL;
		why_finish(why);
		ctl_fail(request, error, "nobody owns '%s' at present", name);
	}
}
