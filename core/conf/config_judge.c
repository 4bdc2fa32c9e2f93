/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables cannot say: names, addresses, what refers to what, defaults
 * that depend on other keys. Runs also after binding found errors, so members
 * may be missing: nothing here trusts a required key to be there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/conf/config_judge.h"
#include "core/conf/own.h"
#include "core/conf/url.h"

enum {
	JUDGE_NAME_MAX = 64
};

const struct ew_node *judge_at(const struct ew_node *map, const char *key)
{
	const struct ew_node *node = map != NULL ? ew_node_find(map, key) : NULL;

	return node != NULL ? node : map;
}

const struct ew_node *judge_item(const struct ew_node *node, size_t index)
{
	if (node != NULL && node->kind == EW_NODE_LIST && index < node->count) {
		return node->as.items[index];
	}
	return node;
}

bool judge_is_name(const char *name)
{
	size_t size = strlen(name);

	return size > 0 && size <= JUDGE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_-.") == size;
}

const char *judge_suggest(const struct judge *judge, const char *name)
{
	const struct config *config = judge->config;
	const char *best = NULL;
	size_t i;

	for (i = 0; i < config->instance_count && best == NULL; i++) {
		const char *one = config->instances[i].name;

		best = text_suggest(name, &one, 1);
	}
	return best;
}

/* Names that become part of topics: no '/', '+', '#'. */
static int judge_gateway(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *node = ew_node_find(judge->root, "gateway");
	struct config_gateway *gateway = &judge->config->gateway;
	char host[256] = "";
	int ret = 0;

	*gateway = root->gateway;
	if (gateway->name == NULL) {
		if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0') {
			return bind_error(judge->bind, judge_at(judge->root, "gateway"),
					  "gateway: this host has no name, so 'name' is required");
		}
		gateway->name = arena_text(judge->bind->arena, host, strlen(host));
	}
	if (gateway->name == NULL || gateway->group == NULL) {
		return diag_no_memory(judge->bind->diag, NULL);
	}
	if (gateway->group[0] == '\0' || strpbrk(gateway->group, "/+#") != NULL) {
		ret = bind_error(judge->bind, judge_at(node, "group"),
				 "gateway: 'group' must be text without / + #");
	}
	if (gateway->name[0] == '\0' || strpbrk(gateway->name, "/+#") != NULL) {
		ret = bind_error(judge->bind, node != NULL ? judge_at(node, "name") : judge->root,
				 "gateway: 'name' must be text without / + #");
	}
	return ret;
}

/* Is each server an address? Told at its own place. */
static bool judge_servers(struct judge *judge, const struct uplink_config *uplink,
			  const struct ew_node *node)
{
	const struct ew_node *servers = judge_at(node, "servers");
	bool is_right = true;
	size_t i;

	for (i = 0; i < uplink->server_count; i++) {
		struct ew_error err = {0};
		struct url url;

		if (uplink->servers[i] == NULL) {
			is_right = false; /* was no text, and told */
		} else if (url_parse(uplink->servers[i], &url, &err) < 0) {
			is_right = false;
			(void)bind_error(judge->bind, judge_item(servers, i), "'servers': %s",
					 err.text); /* counted */
		}
	}
	return is_right && ew_node_find(node, "servers") != NULL;
}

static int judge_uplink(struct judge *judge, struct uplink_config *uplink,
			const struct ew_node *node)
{
	const struct config_gateway *gateway = &judge->config->gateway;
	struct bind *bind = judge->bind;
	struct ew_error err = {0};

	if (judge_servers(judge, uplink, node) && uplink_config_check(uplink, &err) < 0) {
		(void)bind_error(bind, node, "%s", err.text); /* counted */
	}
	if (uplink->plaintext) {
		diag_warn(bind->diag, &judge_at(node, "plaintext")->place,
			  "connections may go unencrypted");
	}
	if (uplink_config_is_unverified(uplink) && node->kind == EW_NODE_MAP) {
		diag_warn(bind->diag, &judge_at(node, "tls")->place,
			  "the server's certificate is not verified: anybody can pose as it");
	}
	if (uplink->client_id == NULL && gateway->group != NULL && gateway->name != NULL) {
		bool is_main = strcmp(uplink->name, CONFIG_MAIN_UPLINK) == 0;

		uplink->client_id =
			arena_printf(bind->arena, "%s-%s%s%s", gateway->group, gateway->name,
				     is_main ? "" : "-", is_main ? "" : uplink->name);
	}
	return uplink->client_id != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
}

static int judge_uplinks(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *others = ew_node_find(judge->root, "uplinks");
	struct config *config = judge->config;
	struct uplink_config *all;
	size_t i, first = root->has_uplink ? 1 : 0;
	int ret = 0;

	all = arena_array(judge->bind->arena, first + root->uplink_count, sizeof(*all));
	if (all == NULL) {
		return diag_no_memory(judge->bind->diag, NULL);
	}
	if (root->has_uplink) {
		all[0] = root->uplink;
		all[0].name = CONFIG_MAIN_UPLINK;
	}
	if (root->uplink_count > 0) {
		memcpy(all + first, root->uplinks, root->uplink_count * sizeof(*all));
	}
	config->uplinks = all;
	config->uplink_count = first + root->uplink_count;
	for (i = 0; i < config->uplink_count && ret == 0; i++) {
		const struct ew_node *node = i < first ? ew_node_find(judge->root, "uplink")
						       : others->as.entries[i - first].value;

		if (i >= first &&
		    (!judge_is_name(all[i].name) || strcmp(all[i].name, CONFIG_MAIN_UPLINK) == 0)) {
			(void)bind_error(judge->bind, node, "'%s' cannot be the name of an uplink",
					 all[i].name); /* counted */
		}
		judge->bind->who = i < first ? "uplink" : all[i].name;
		ret = judge_uplink(judge, &all[i], node);
		judge->bind->who = NULL;
	}
	return ret;
}

static int judge_store(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *node = judge_at(ew_node_find(judge->root, "store"), "sync");
	struct config_store *store = &judge->config->store;

	*store = root->store;
	if (store->sync_text == NULL || node == NULL || strcmp(store->sync_text, "always") == 0) {
		store->sync = 0;
		if (node == NULL) {
			return text_parse_duration("50ms", &store->sync);
		}
	} else if (strcmp(store->sync_text, "never") == 0) {
		store->sync = -1;
	} else if (text_parse_duration(store->sync_text, &store->sync) < 0 || store->sync == 0) {
		return bind_error(judge->bind, node,
				  "store: 'sync': '%s' is no duration, always or never",
				  store->sync_text);
	}
	return 0;
}

static void judge_instance(struct judge *judge, struct config_instance *instance)
{
	const struct config_limits *limits = &judge->config->limits;
	struct bind *bind = judge->bind;
	const struct ew_node *node = instance->node;

	if (!judge_is_name(instance->name)) {
		(void)bind_error(bind, node,
				 "'%s' cannot be the name of an instance (letters, "
				 "digits, _ - . and at most %d)",
				 instance->name, JUDGE_NAME_MAX); /* counted */
	}
	if (strcmp(instance->name, OWN_GATEWAY) == 0 ||
	    strcmp(instance->name, OWN_CONTROL) == 0) {
		(void)bind_error(bind, node,
				 "'%s' is a name of edgeway's own: give the instance another",
				 instance->name); /* counted */
	}
	bind->who = instance->name;
	if (instance->module != NULL &&
	    (strspn(instance->module, "abcdefghijklmnopqrstuvwxyz0123456789_") !=
		     strlen(instance->module) ||
	     instance->module[0] < 'a')) {
		(void)bind_error(bind, judge_at(node, "module"),
				 "'module': '%s' is no name of a module",
				 instance->module); /* counted */
	}
	if (instance->loop == NULL) {
		instance->loop = instance->name;
	} else if (!judge_is_name(instance->loop)) {
		(void)bind_error(bind, judge_at(node, "loop"), "'loop': '%s' is no name",
				 instance->loop); /* counted */
	}
	if (instance->uplink != NULL && ew_node_find(node, "uplink") != NULL &&
	    config_find_uplink(judge->config, instance->uplink) == NULL) {
		(void)bind_error(bind, judge_at(node, "uplink"),
				 "'uplink': there is no uplink '%s'",
				 instance->uplink); /* counted */
	}
	if (instance->devices != NULL && instance->devices->kind != EW_NODE_MAP &&
	    !node_is_null(instance->devices)) {
		(void)bind_error(bind, instance->devices, "'devices' must be a map, not %s",
				 node_kind_name(instance->devices)); /* counted */
	}
	bind->who = NULL;
	if (!instance->has_stop_timeout) {
		instance->stop_timeout = limits->stop_timeout;
	}
	if (!instance->has_max_devices) {
		instance->max_devices = limits->max_devices;
	}
	if (!instance->has_max_tags) {
		instance->max_tags = limits->max_tags;
	}
}

static int judge_instances(struct judge *judge, const struct config_root *root)
{
	const struct ew_node *node = ew_node_find(judge->root, "instances");
	struct config *config = judge->config;
	struct config_instance *all;
	size_t i;

	if (node == NULL || node->kind != EW_NODE_MAP || root->instance_count == 0) {
		return 0;
	}
	all = arena_array(judge->bind->arena, root->instance_count, sizeof(*all));
	if (all == NULL) {
		return diag_no_memory(judge->bind->diag, NULL);
	}
	memcpy(all, root->instances, root->instance_count * sizeof(*all));
	config->instances = all;
	config->instance_count = root->instance_count;
	for (i = 0; i < config->instance_count; i++) {
		if (all[i].name == NULL) { /* binding ran out of memory before it */
			config->instance_count = i;
			break;
		}
		all[i].node = node->as.entries[i].value;
		judge_instance(judge, &all[i]);
	}
	return 0;
}

static void judge_http(struct judge *judge, const struct config_root *root)
{
	static const char *const files[] = {"certificate", "key", "tokens"};
	const struct ew_node *node = ew_node_find(judge->root, "http");
	struct http_config *http = &judge->config->http;
	const char *const paths[] = {root->http.certificate, root->http.key, root->http.tokens};
	struct ew_error err = {0};

	*http = root->http;
	if (node == NULL) {
		return;
	}
	for (size_t i = 0; i < array_count(files); i++) {
		if (paths[i] == NULL && ew_node_find(node, files[i]) != NULL) {
			return; /* is not there, and was told */
		}
	}
	if (http_config_check(http, &err) < 0) {
		(void)bind_error(judge->bind, judge_at(node, "listen"), "http: %s",
				 err.text); /* counted */
	}
}

static void judge_limits(struct judge *judge, const struct config_root *root)
{
	struct config_limits *limits = &judge->config->limits;

	*limits = root->limits;
	if (limits->clock_valid_after_text != NULL &&
	    text_parse_time(limits->clock_valid_after_text, &limits->clock_valid_after) < 0) {
		(void)bind_error(judge->bind,
				 judge_at(ew_node_find(judge->root, "limits"), "clock_valid_after"),
				 "limits: 'clock_valid_after': '%s' is no time such as "
				 "2024-01-01T00:00:00Z",
				 limits->clock_valid_after_text); /* counted */
	}
}

static void judge_profiles(struct judge *judge, const struct config_root *root)
{
	uint32_t i;

	if (root->profiles == NULL || node_is_null(root->profiles)) {
		return;
	}
	if (root->profiles->kind != EW_NODE_MAP) {
		(void)bind_error(judge->bind, root->profiles, "'profiles' must be a map, not %s",
				 node_kind_name(root->profiles)); /* counted */
		return;
	}
	judge->config->profiles = root->profiles;
	for (i = 0; i < root->profiles->count; i++) {
		const struct ew_node *profile = root->profiles->as.entries[i].value;

		if (profile->kind == EW_NODE_LIST) {
			(void)bind_error(judge->bind, profile,
					 "profiles: '%s' must be a map of tags or the name of a "
					 "CSV file, not a list",
					 root->profiles->as.entries[i].key); /* counted */
		}
	}
}

int config_judge(struct config *config, struct bind *bind, struct config_root *root)
{
	struct judge judge = {.config = config, .bind = bind, .root = config->source.root};
	int ret;

	config->version = root->version;
	config->log = root->log;
	config->state_dir = root->state_dir;
	judge_limits(&judge, root);
	judge_profiles(&judge, root);
	judge_http(&judge, root);
	ret = judge_gateway(&judge, root);
	if (ret != -ENOMEM) {
		ret = judge_uplinks(&judge, root);
	}
	if (ret != -ENOMEM) {
		ret = judge_store(&judge, root);
	}
	if (ret != -ENOMEM) {
		ret = judge_instances(&judge, root);
	}
	if (ret != -ENOMEM) {
		ret = judge_routes(&judge, root);
	}
	if (ret != -ENOMEM) {
		ret = judge_access(&judge, root);
	}
	return ret == -ENOMEM ? ret : 0;
}
