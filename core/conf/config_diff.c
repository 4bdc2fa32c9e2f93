/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two configurations: a comparison of expanded subtrees,
 * so that comments, quotes and the order of keys do not count. An instance has
 * changed when its own map has, or a profile that one of its devices uses, or
 * a limit or the gateway's identity that it inherits.
 */
#include "core/conf/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool diff_section(const struct config *a, const struct config *b, const char *key)
{
	return !node_equal(ew_node_find(a->source.root, key), ew_node_find(b->source.root, key));
}

static bool diff_gateway(const struct config *a, const struct config *b)
{
	return strcmp(a->gateway.group, b->gateway.group) != 0 ||
	       strcmp(a->gateway.name, b->gateway.name) != 0 || diff_section(a, b, "gateway");
}

/* Do the devices of an instance see other profiles? */
static bool diff_profiles(const struct config *a, const struct config *b,
			  const struct ew_node *devices)
{
	uint32_t i;

	if (a->profiles == b->profiles || devices == NULL || devices->kind != EW_NODE_MAP) {
		return false;
	}
	for (i = 0; i < devices->count; i++) {
		const struct ew_node *name = ew_node_find(devices->as.entries[i].value, "profile");
		const char *text = name != NULL ? ew_node_text(name) : NULL;

		if (text != NULL &&
		    !node_equal(a->profiles != NULL ? ew_node_find(a->profiles, text) : NULL,
				b->profiles != NULL ? ew_node_find(b->profiles, text) : NULL)) {
			return true;
		}
	}
	return false;
}

static enum config_change diff_instance(const struct config *a, const struct config_instance *old,
					const struct config *b, const struct config_instance *new)
{
	if (old == NULL || !old->is_enabled) {
		return new->is_enabled ? CONFIG_ADDED : CONFIG_SAME;
	}
	if (!new->is_enabled) {
		return CONFIG_REMOVED;
	}
	if (!node_equal(old->node, new->node) || diff_profiles(a, b, new->devices) ||
	    old->max_devices != new->max_devices || old->max_tags != new->max_tags ||
	    old->stop_timeout != new->stop_timeout || diff_gateway(a, b)) {
		return CONFIG_CHANGED;
	}
	return CONFIG_SAME;
}

int config_diff_make(const struct config *old_config, const struct config *new_config,
		     struct config_diff *diff_out)
{
	const struct config *a = old_config, *b = new_config;
	struct config_diff diff = {0};
	size_t i;

	diff.instances = calloc(a->instance_count + b->instance_count + 1, sizeof(*diff.instances));
	if (diff.instances == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < b->instance_count; i++) {
		const struct config_instance *new = &b->instances[i];
		const struct config_instance *old = config_find_instance(a, new->name);

		diff.instances[diff.instance_count++] =
			(struct config_instance_change){new->name, diff_instance(a, old, b, new)};
	}
	for (i = 0; i < a->instance_count; i++) {
		const struct config_instance *old = &a->instances[i];

		if (config_find_instance(b, old->name) == NULL && old->is_enabled) {
			diff.instances[diff.instance_count++] =
				(struct config_instance_change){old->name, CONFIG_REMOVED};
		}
	}
	diff.gateway = diff_gateway(a, b);
	diff.uplinks =
		diff_section(a, b, "uplink") || diff_section(a, b, "uplinks") || diff.gateway;
	diff.store = diff_section(a, b, "store");
	diff.store_path = strcmp(a->store.path, b->store.path) != 0;
	diff.routes = diff_section(a, b, "routes");
	diff.access = diff_section(a, b, "access");
	diff.http = diff_section(a, b, "http");
	diff.log = diff_section(a, b, "log");
	diff.limits = diff_section(a, b, "limits");
	diff.state_dir = strcmp(a->state_dir, b->state_dir) != 0;
	*diff_out = diff;
	return 0;
}

void config_diff_fini(struct config_diff *diff)
{
	free(diff->instances);
	memset(diff, 0, sizeof(*diff));
}

bool config_diff_is_empty(const struct config_diff *diff)
{
	size_t i;

	for (i = 0; i < diff->instance_count; i++) {
		if (diff->instances[i].change != CONFIG_SAME) {
			return false;
		}
	}
	return !diff->gateway && !diff->uplinks && !diff->store && !diff->routes && !diff->access &&
	       !diff->http && !diff->log && !diff->limits && !diff->state_dir;
}
