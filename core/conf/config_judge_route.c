/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes and access: the instances that they name are there, patterns are
 * patterns, rates are rates. What depends on modules (block routes, cycles,
 * who is a source) is judged where descriptors are known.
 */
#include <errno.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/config_judge.h"

enum {
	JUDGE_PATTERN_MAX = 511
};

static const char judge_token[] = "token:";

static void judge_names(struct judge *judge, const struct config_strings *names,
			const struct ew_node *node, const char *key)
{
	size_t i, j;

	node = judge_at(node, key);
	for (i = 0; i < names->count; i++) {
		const char *name = names->at[i], *meant;
		const struct ew_node *item = judge_item(node, i);

		if (name == NULL) {
			continue; /* was no text, and told */
		}
		for (j = 0; j < i; j++) {
			if (names->at[j] != NULL && strcmp(names->at[j], name) == 0) {
				(void)bind_error(judge->bind, item,
						 "routes: '%s': '%s' is named "
						 "twice",
						 key, name); /* counted */
				break;
			}
		}
		if (config_find_instance(judge->config, name) != NULL) {
			continue;
		}
		meant = judge_suggest(judge, name);
		if (meant != NULL) {
			(void)bind_error(judge->bind, item,
					 "routes: '%s': there is no instance "
					 "'%s', did you mean '%s'?",
					 key, name, meant); /* counted */
		} else {
			(void)bind_error(judge->bind, item,
					 "routes: '%s': there is no instance '%s'", key,
					 name); /* counted */
		}
	}
}

static void judge_patterns(struct judge *judge, const struct config_strings *patterns,
			   const struct ew_node *node, const char *section)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->at[i];

		if (pattern == NULL) {
			continue; /* was no text, and told */
		}
		if (pattern[0] == '\0' || strlen(pattern) > JUDGE_PATTERN_MAX) {
			(void)bind_error(judge->bind, judge_item(node, i),
					 "%s: a pattern has 1 to %d bytes", section,
					 JUDGE_PATTERN_MAX); /* counted */
		} else if (pattern[0] == ':' || pattern[strlen(pattern) - 1] == ':') {
			(void)bind_error(judge->bind, judge_item(node, i),
					 "%s: '%s' is no pattern device:tag", section,
					 pattern); /* counted */
		}
	}
}

static bool judge_holds(const struct config_strings *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (names->at[i] != NULL && strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void judge_route(struct judge *judge, struct config_route *route, const struct ew_node *node)
{
	struct bind *bind = judge->bind;
	size_t i;

	route->place = node->place;
	judge_names(judge, &route->from, node, "from");
	judge_names(judge, &route->to, node, "to");
	judge_patterns(judge, &route->tags, judge_at(node, "tags"), "routes");
	if (ew_node_find(node, "to") != NULL && route->to.count == 0) {
		(void)bind_error(bind, judge_at(node, "to"), "routes: 'to' is empty"); /* counted */
	}
	for (i = 0; i < route->from.count; i++) {
		if (route->from.at[i] != NULL && judge_holds(&route->to, route->from.at[i])) {
			(void)bind_error(bind, node, "routes: from '%s' to itself",
					 route->from.at[i]); /* counted */
		}
	}
	if (route->report == CONFIG_ALL && route->has_deadband) {
		diag_warn(bind->diag, &judge_at(node, "deadband")->place,
			  "routes: 'deadband' does nothing without 'report: exception'");
	}
	if (route->report == CONFIG_ALL && route->max_age != 0) {
		diag_warn(bind->diag, &judge_at(node, "max_age")->place,
			  "routes: 'max_age' does nothing without 'report: exception'");
	}
	if (route->min_interval != 0 && route->max_age != 0 &&
	    route->max_age < route->min_interval) {
		(void)bind_error(bind, judge_at(node, "max_age"),
				 "routes: 'max_age' is below 'min_interval'"); /* counted */
	}
}

int judge_routes(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *node = ew_node_find(judge->root, "routes");
	struct config_route *all;
	size_t i;

	if (node == NULL || root->route_count == 0) {
		return 0;
	}
	all = arena_array(judge->bind->arena, root->route_count, sizeof(*all));
	if (all == NULL) {
		return diag_no_memory(judge->bind->diag, NULL);
	}
	memcpy(all, root->routes, root->route_count * sizeof(*all));
	for (i = 0; i < root->route_count; i++) {
		judge_route(judge, &all[i], judge_item(node, i));
	}
	judge->config->routes = all;
	judge->config->route_count = root->route_count;
	return 0;
}

/* "10/m": ten in a minute. */
static int judge_rate(struct config_write_rule *rule)
{
	const char *slash = strchr(rule->rate, '/');
	char count[24];
	size_t size;

	if (slash == NULL || (size = (size_t)(slash - rule->rate)) >= sizeof(count)) {
		return -EINVAL;
	}
	memcpy(count, rule->rate, size);
	count[size] = '\0';
	if (strcmp(slash, "/s") == 0) {
		rule->rate_window = INT64_C(1000000000);
	} else if (strcmp(slash, "/m") == 0) {
		rule->rate_window = INT64_C(60000000000);
	} else if (strcmp(slash, "/h") == 0) {
		rule->rate_window = INT64_C(3600000000000);
	} else {
		return -EINVAL;
	}
	return text_parse_uint(count, &rule->rate_count) == 0 && rule->rate_count > 0 ? 0 : -EINVAL;
}

static void judge_write(struct judge *judge, struct config_write_rule *rule,
			const struct ew_node *node)
{
	judge_patterns(judge, &rule->tags,
		       node->kind == EW_NODE_MAP ? judge_at(node, "tags") : node, "access");
	if (rule->range_count > 0) {
		if (rule->range_count != 2 || rule->range[0] > rule->range[1]) {
			(void)bind_error(judge->bind, judge_at(node, "range"),
					 "access: 'range' is [low, high]"); /* counted */
		} else {
			rule->has_range = true;
			rule->low = rule->range[0];
			rule->high = rule->range[1];
		}
	}
	if (rule->rate != NULL && judge_rate(rule) < 0) {
		(void)bind_error(judge->bind, judge_at(node, "rate"),
				 "access: 'rate': '%s' is no rate such as 10/s, 10/m or 10/h",
				 rule->rate); /* counted */
	}
}

static int judge_who_writes(struct judge *judge, struct config_access *access,
			    const struct ew_node *node)
{
	static const unsigned priorities[] = {EW_PRIORITY_REMOTE, EW_PRIORITY_RULE,
					      EW_PRIORITY_OPERATOR, EW_PRIORITY_INTERLOCK};
	const struct ew_node *write = judge_at(node, "write");
	struct config_write_rule *rules;
	size_t i;

	access->max_priority = priorities[access->max_priority_word];
	judge_patterns(judge, &access->execute, judge_at(node, "execute"), "access");
	if (strncmp(access->name, judge_token, sizeof(judge_token) - 1) == 0) {
		if (!judge_is_name(access->name + sizeof(judge_token) - 1)) {
			(void)bind_error(judge->bind, node, "access: '%s' names no token",
					 access->name); /* counted */
		}
	} else if (config_find_instance(judge->config, access->name) == NULL) {
		const char *meant = judge_suggest(judge, access->name);

		(void)bind_error(judge->bind, node,
				 "access: '%s' is neither an instance nor token:NAME%s%s%s",
				 access->name, meant != NULL ? ", did you mean '" : "",
				 meant != NULL ? meant : "",
				 meant != NULL ? "'?" : ""); /* counted */
	}
	if (access->write_count == 0) {
		return 0;
	}
	rules = arena_array(judge->bind->arena, access->write_count, sizeof(*rules));
	if (rules == NULL) {
		return diag_no_memory(judge->bind->diag, &node->place);
	}
	memcpy(rules, access->writes, access->write_count * sizeof(*rules));
	for (i = 0; i < access->write_count; i++) {
		judge_write(judge, &rules[i], judge_item(write, i));
	}
	access->writes = rules;
	return 0;
}

int judge_access(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *node = ew_node_find(judge->root, "access");
	struct config_access *all;
	int ret = 0;
	size_t i;

	if (node == NULL || node->kind != EW_NODE_MAP || root->access_count == 0) {
		return 0;
	}
	all = arena_array(judge->bind->arena, root->access_count, sizeof(*all));
	if (all == NULL) {
		return diag_no_memory(judge->bind->diag, NULL);
	}
	memcpy(all, root->access, root->access_count * sizeof(*all));
	for (i = 0; i < root->access_count && ret == 0; i++) {
		if (all[i].name != NULL) {
			ret = judge_who_writes(judge, &all[i], node->as.entries[i].value);
		}
	}
	judge->config->access = all;
	judge->config->access_count = root->access_count;
	return ret;
}
