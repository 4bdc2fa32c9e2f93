/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters: what a route lets through and how it reports, made from the rules
 * of the YAML, from what a module wants, or by default. Immutable, counted.
 */
#ifndef CORE_BUS_RULES_H
#define CORE_BUS_RULES_H

#include <stdatomic.h>

#include "core/base/list.h"
#include "core/bus/bus.h"

/* How one rule reports. */
struct report {
	bool exception;
	double deadband;                /* NaN: the tag's own */
	ew_dur min_interval;
	ew_dur max_age;                 /* 0: the tag's own */
};

struct filter_rule {
	char **patterns;                /* none: everything */
	size_t pattern_count;
	bool events;
	struct report report;
};

struct filter {
	atomic_uint refs;
	struct filter_rule *rules;      /* the first that matches a tag says how */
	size_t rule_count;
	const char *origin;             /* "default", "want", "routes" */
	bool everything;                /* no pattern, no reporting: nothing to look up */
	bool events;
	enum route_full full;
	uint32_t queue_batches;
	size_t queue_bytes;
	bool is_durable;                /* when there is a log */
};

#define FILTER_RULES_MAX  16    /* of one route */

/* One row of `routes:`, owned. */
struct rule {
	char *from, *to;
	struct filter_rule filter;
	enum route_full full;
	uint32_t queue_batches;
	size_t queue_bytes;
	enum route_durable durable;
};

struct ruleset {
	struct rule *rules;
	size_t count;
};

/* A pattern that an endpoint asked for by ew_want(). */
struct want {
	struct list node;
	char *pattern;
	struct ew_want how;
};

/* Copy and check rules. -EINVAL with err, -ENOMEM. */
int ruleset_new(const struct route_rule *rules, size_t count, struct ew_error *err,
		struct ruleset **ruleset_out);
void ruleset_free(struct ruleset **ruleset);

int want_new(const char *pattern, const struct ew_want *how, struct want **want_out);
void want_free(struct want **want);

/*
 * The filter between a publisher and a receiver; NULL: no route. wants: of
 * the receiver; flags: its module's, of which EW_WANTS_ONLY and EW_DURABLE
 * count. -ENOMEM; -EMSGSIZE over FILTER_RULES_MAX.
 */
int filter_new(const struct ruleset *ruleset, const char *from, const char *to,
	       struct list *wants, uint32_t flags, struct filter **filter_out);
struct filter *filter_ref(struct filter *filter);
void filter_unref(struct filter **filter);
bool filter_is_same(const struct filter *a, const struct filter *b);

/* The rule that a tag falls under; -1: none. */
int filter_match_tag(const struct filter *filter, const char *device, const char *tag);
bool filter_match_device(const struct filter *filter, const char *device);

/* The pattern of a rule that lets a tag through; NULL: the rule has none. */
const char *filter_pattern(const struct filter *filter, int rule, const char *device,
			   const char *tag);

#endif
