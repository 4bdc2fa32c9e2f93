/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rules and wants to filters. A receiver that some rule names gets what
 * the rules say and nothing else; one that none names gets what it wants; one
 * that wants nothing in particular gets everything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bus/pattern.h"
#include "core/bus/rules.h"

static void patterns_free(char **patterns, size_t count)
{
	for (size_t i = 0; patterns != NULL && i < count; i++) {
		free(patterns[i]);
	}
	free(patterns);
}

static int patterns_copy(const char *const *from, size_t count, char ***patterns_out)
{
	char **patterns;

	if (count == 0) {
		*patterns_out = NULL;
		return 0;
	}
	patterns = calloc(count, sizeof(*patterns));
	for (size_t i = 0; patterns != NULL && i < count; i++) {
		patterns[i] = strdup(from[i]);
		if (patterns[i] == NULL) {
			patterns_free(patterns, count);
			patterns = NULL;
		}
	}
	if (patterns == NULL) {
		return -ENOMEM;
	}
	*patterns_out = patterns;
	return 0;
}

static int filter_rule_copy(struct filter_rule *to, const struct filter_rule *from)
{
	*to = *from;
	to->patterns = NULL;
	return patterns_copy((const char *const *)from->patterns, from->pattern_count,
			     &to->patterns);
}

static int check_patterns(const struct route_rule *rule, struct ew_error *err)
{
	for (size_t i = 0; i < rule->tag_count; i++) {
		const char *fault = pattern_fault(rule->tags[i]);

		if (fault != NULL) {
			return ew_fail(err, "%s: '%s'", fault, rule->tags[i]);
		}
	}
	return 0;
}

static int rule_copy(struct rule *to, const struct route_rule *from)
{
	to->filter = (struct filter_rule){
		.pattern_count = from->tag_count,
		.events = from->events,
		.report = {
			.exception = from->report == ROUTE_REPORT_EXCEPTION,
			.deadband = from->deadband,
			.min_interval = from->min_interval,
			.max_age = from->max_age,
		},
	};
	to->full = from->full;
	to->queue_batches = from->queue_batches;
	to->queue_bytes = from->queue_bytes;
	to->durable = from->durable;
	to->from = from->from == NULL ? NULL : strdup(from->from);
	to->to = from->to == NULL ? NULL : strdup(from->to);
	if ((from->from != NULL && to->from == NULL) || (from->to != NULL && to->to == NULL)) {
		return -ENOMEM;
	}
	return patterns_copy(from->tags, from->tag_count, &to->filter.patterns);
}

int ruleset_new(const struct route_rule *rules, size_t count, struct ew_error *err,
		struct ruleset **ruleset_out)
{
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	int error = ruleset == NULL ? -ENOMEM : 0;

	if (error == 0 && count > 0) {
		ruleset->rules = calloc(count, sizeof(*ruleset->rules));
		error = ruleset->rules == NULL ? -ENOMEM : 0;
	}
	for (size_t i = 0; error == 0 && i < count; i++) {
		error = check_patterns(&rules[i], err);
		if (error == 0) {
			ruleset->count = i + 1;
			error = rule_copy(&ruleset->rules[i], &rules[i]);
		}
	}
	if (error != 0) {
		ruleset_free(&ruleset);
		return error;
	}
	*ruleset_out = ruleset;
	return 0;
}

void ruleset_free(struct ruleset **ruleset_at)
{
	struct ruleset *ruleset = *ruleset_at;

	*ruleset_at = NULL;
	if (ruleset == NULL) {
		return;
	}
	for (size_t i = 0; i < ruleset->count; i++) {
		struct rule *rule = &ruleset->rules[i];

		free(rule->from);
		free(rule->to);
		patterns_free(rule->filter.patterns, rule->filter.pattern_count);
	}
	free(ruleset->rules);
	free(ruleset);
}

int want_new(const char *pattern, const struct ew_want *how, struct want **want_out)
{
	struct want *want = calloc(1, sizeof(*want));

	if (want != NULL) {
		list_init(&want->node);
		want->pattern = strdup(pattern);
		if (how != NULL) {
			memcpy(&want->how, how,
			       how->size < sizeof(want->how) ? how->size : sizeof(want->how));
		}
		if (want->pattern == NULL) {
			want_free(&want);
		}
	}
	if (want == NULL) {
		return -ENOMEM;
	}
	*want_out = want;
	return 0;
}

void want_free(struct want **want_at)
{
	struct want *want = *want_at;

	*want_at = NULL;
	if (want == NULL) {
		return;
	}
	list_remove(&want->node);
	free(want->pattern);
	free(want);
}

/* ---- making a filter ---- */

static bool is_for(const char *name, const char *rule)
{
	return rule == NULL || strcmp(rule, name) == 0;
}

static bool is_named(const struct ruleset *ruleset, const char *to)
{
	for (size_t i = 0; ruleset != NULL && i < ruleset->count; i++) {
		if (is_for(to, ruleset->rules[i].to)) {
			return true;
		}
	}
	return false;
}

static struct filter *filter_alloc(const char *origin)
{
	struct filter *filter = calloc(1, sizeof(*filter));

	if (filter != NULL) {
		atomic_init(&filter->refs, 1);
		filter->origin = origin;
		filter->rules = calloc(FILTER_RULES_MAX, sizeof(*filter->rules));
		if (filter->rules == NULL) {
			filter_unref(&filter);
		}
	}
	return filter;
}

static int filter_add(struct filter *filter, const struct filter_rule *rule)
{
	if (filter->rule_count == FILTER_RULES_MAX) {
		return -EMSGSIZE;
	}
	filter->events |= rule->events;
	return filter_rule_copy(&filter->rules[filter->rule_count++], rule);
}

static int add_rules(struct filter *filter, const struct ruleset *ruleset, const char *from,
		     const char *to)
{
	bool by_default = filter->is_durable;
	int error = 0;

	for (size_t i = 0; error == 0 && i < ruleset->count; i++) {
		const struct rule *rule = &ruleset->rules[i];

		if (!is_for(from, rule->from) || !is_for(to, rule->to)) {
			continue;
		}
		if (filter->rule_count == 0) {
			filter->full = rule->full;
			filter->queue_batches = rule->queue_batches;
			filter->queue_bytes = rule->queue_bytes;
			filter->is_durable = rule->durable == ROUTE_DURABLE_BY_MODULE ?
						     by_default :
						     rule->durable == ROUTE_DURABLE_YES;
		}
		error = filter_add(filter, &rule->filter);
	}
	return error;
}

static int add_pattern(struct filter_rule *rule, const char *pattern)
{
	char **patterns = realloc(rule->patterns, (rule->pattern_count + 1) * sizeof(*patterns));

	if (patterns == NULL) {
		return -ENOMEM;
	}
	rule->patterns = patterns;
	patterns[rule->pattern_count] = strdup(pattern);
	if (patterns[rule->pattern_count] == NULL) {
		return -ENOMEM;
	}
	rule->pattern_count++;
	return 0;
}

/* Wants that report alike share a rule. */
static int add_want(struct filter *filter, const struct want *want)
{
	const struct filter_rule rule = {
		.events = true,
		.report = {
			.exception = want->how.exception,
			.deadband = __builtin_nan(""),
			.min_interval = want->how.min_interval,
		},
	};
	int error;

	for (size_t i = 0; i < filter->rule_count; i++) {
		if (filter->rules[i].report.exception == rule.report.exception &&
		    filter->rules[i].report.min_interval == rule.report.min_interval) {
			return add_pattern(&filter->rules[i], want->pattern);
		}
	}
	error = filter_add(filter, &rule);
	return error != 0 ? error :
			    add_pattern(&filter->rules[filter->rule_count - 1], want->pattern);
}

static int add_wants(struct filter *filter, struct list *wants)
{
	struct list *node;
	int error = 0;

	list_for_each(node, wants) {
		error = add_want(filter, list_entry(node, struct want, node));
		if (error != 0) {
			break;
		}
	}
	return error;
}

static int add_everything(struct filter *filter)
{
	const struct filter_rule rule = {
		.events = true,
		.report = { .deadband = __builtin_nan("") },
	};

	return filter_add(filter, &rule);
}

static bool is_plain(const struct filter_rule *rule)
{
	return rule->pattern_count == 0 && !rule->report.exception &&
	       rule->report.min_interval == 0;
}

int filter_new(const struct ruleset *ruleset, const char *from, const char *to,
	       struct list *wants, uint32_t flags, struct filter **filter_out)
{
	bool named = is_named(ruleset, to);
	bool wanting = !list_is_empty(wants);
	struct filter *filter;
	int error;

	if (!named && !wanting && (flags & EW_WANTS_ONLY) != 0) {
		*filter_out = NULL;
		return 0;
	}
	filter = filter_alloc(named ? "routes" : wanting ? "want" : "default");
	if (filter == NULL) {
		return -ENOMEM;
	}
	filter->is_durable = (flags & EW_DURABLE) != 0;
	if (named) {
		error = add_rules(filter, ruleset, from, to);
	} else {
		error = wanting ? add_wants(filter, wants) : add_everything(filter);
	}
	if (error != 0 || filter->rule_count == 0) {
		filter_unref(&filter);
		*filter_out = NULL;
		return error;
	}
	filter->everything = is_plain(&filter->rules[0]);
	if (filter->is_durable && filter->full == ROUTE_DROP_NEWEST) {
		/* when it is full it falls behind */
		filter->full = ROUTE_DROP_OLDEST;
	}
	*filter_out = filter;
	return 0;
}

struct filter *filter_ref(struct filter *filter)
{
	atomic_fetch_add_explicit(&filter->refs, 1, memory_order_relaxed);
	return filter;
}

void filter_unref(struct filter **filter_at)
{
	struct filter *filter = *filter_at;

	*filter_at = NULL;
	if (filter == NULL ||
	    atomic_fetch_sub_explicit(&filter->refs, 1, memory_order_acq_rel) != 1) {
		return;
	}
	for (size_t i = 0; i < filter->rule_count; i++) {
		patterns_free(filter->rules[i].patterns, filter->rules[i].pattern_count);
	}
	free(filter->rules);
	free(filter);
}

static bool rule_is_same(const struct filter_rule *a, const struct filter_rule *b)
{
	if (a->pattern_count != b->pattern_count || a->events != b->events ||
	    a->report.exception != b->report.exception ||
	    memcmp(&a->report.deadband, &b->report.deadband, sizeof(double)) != 0 ||
	    a->report.min_interval != b->report.min_interval ||
	    a->report.max_age != b->report.max_age) {
		return false;
	}
	for (size_t i = 0; i < a->pattern_count; i++) {
		if (strcmp(a->patterns[i], b->patterns[i]) != 0) {
			return false;
		}
	}
	return true;
}

bool filter_is_same(const struct filter *a, const struct filter *b)
{
	if (a->rule_count != b->rule_count || a->full != b->full ||
	    a->queue_batches != b->queue_batches || a->queue_bytes != b->queue_bytes ||
	    a->is_durable != b->is_durable || strcmp(a->origin, b->origin) != 0) {
		return false;
	}
	for (size_t i = 0; i < a->rule_count; i++) {
		if (!rule_is_same(&a->rules[i], &b->rules[i])) {
			return false;
		}
	}
	return true;
}

const char *filter_pattern(const struct filter *filter, int index, const char *device,
			   const char *tag)
{
	const struct filter_rule *rule = &filter->rules[index];

	for (size_t i = 0; i < rule->pattern_count; i++) {
		if (pattern_match_tag(rule->patterns[i], device, tag)) {
			return rule->patterns[i];
		}
	}
	return NULL;
}

int filter_match_tag(const struct filter *filter, const char *device, const char *tag)
{
	for (size_t i = 0; i < filter->rule_count; i++) {
		if (filter->rules[i].pattern_count == 0 ||
		    filter_pattern(filter, (int)i, device, tag) != NULL) {
			return (int)i;
		}
	}
	return -1;
}

bool filter_match_device(const struct filter *filter, const char *device)
{
	for (size_t i = 0; i < filter->rule_count; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		if (rule->pattern_count == 0) {
			return true;
		}
		for (size_t p = 0; p < rule->pattern_count; p++) {
			if (pattern_match_device(rule->patterns[p], device)) {
				return true;
			}
		}
	}
	return false;
}
