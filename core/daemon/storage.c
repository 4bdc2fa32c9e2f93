/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of the daemon: opened when the first receiver is durable, at the start
 * or by a reload, closed after all instances. Without it the daemon runs as
 * well, with routes in memory.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/daemon/run.h"
#include "core/store/store.h"

/* ---- which receivers ---- */

static bool storage_names(const struct config_strings *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static struct durable_receiver storage_how(const char *name, const struct config_route *route)
{
	struct durable_receiver how = { .name = name };

	if (route != NULL && route->has_durable) {
		how.live_first = route->durable.order == CONFIG_LIVE_FIRST;
		how.drain_messages = route->durable.drain.messages;
		how.drain_bytes = route->durable.drain.bytes;
	}
	return how;
}

bool storage_wants(const struct config *config, const char *name, uint32_t flags,
		   struct durable_receiver *how_out)
{
	bool by_module = (flags & EW_DURABLE) != 0;
	bool is_named = false;

	for (size_t i = 0; i < config->route_count; i++) {
		const struct config_route *route = &config->routes[i];

		if (!storage_names(&route->to, name)) {
			continue;
		}
		is_named = true;
		if (route->has_durable ? route->durable.is_on : by_module) {
			*how_out = storage_how(name, route);
			return true;
		}
	}
	if (is_named || !by_module) {
		return false;
	}
	*how_out = storage_how(name, NULL);
	return true;
}

static size_t storage_list(struct daemon *daemon, const struct config *config,
			   struct durable_receiver *receivers)
{
	size_t count = 0;

	for (size_t i = 0; i < config->instance_count; i++) {
		const struct config_instance *instance = &config->instances[i];
		const struct module *module;
		struct ew_error err;

		error_clear(&err);
		if (loader_find(daemon->loader, instance->module, &module, &err) == 0 &&
		    storage_wants(config, instance->name, module->what.flags,
				  &receivers[count])) {
			count++;
		}
	}
	return count;
}

/* ---- the log ---- */

static void storage_on_durable(void *arg, uint64_t lsn)
{
	bus_stored(arg, lsn);
}

static void storage_on_room(void *arg)
{
	bus_log_has_room(arg);
}

static int storage_on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

static struct store_config storage_config(const struct config_store *from, const char *path)
{
	static const enum store_drop drops[] = {
		[CONFIG_DROP_OLDEST] = STORE_DROP_OLDEST,
		[CONFIG_DROP_NEWEST] = STORE_DROP_NEWEST,
		[CONFIG_THIN] = STORE_DROP_THIN,
	};

	return (struct store_config){
		.path = path,
		.bytes = from->size,
		.age = from->age,
		.drop = drops[from->when_full],
		.sync = from->sync < 0 ? STORE_SYNC_NEVER : from->sync,
		.reserve = from->reserve,
	};
}

static void storage_open_log(struct daemon *daemon, const struct config_store *from)
{
	const struct store_listener listener = {
		.durable = storage_on_durable,
		.describe = storage_on_describe,
		.arg = daemon->bus,
	};
	struct store_config config;
	struct ew_error err;
	char path[PATH_MAX];
	int error;

	if (from->path[0] == '/') {
		(void)snprintf(path, sizeof(path), "%s", from->path);
	} else {
		(void)snprintf(path, sizeof(path), "%s/%s", daemon->state_dir, from->path);
	}
	config = storage_config(from, path);
	error_clear(&err);
	error = store_open(&config, &daemon->store, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, "store",
			"%s: routes are kept in memory only; tried again at the next reload",
			error_is_set(&err) ? err.text : strerror(-error));
		return;
	}
	store_listen(daemon->store, &listener);
	store_listen_for_room(daemon->store, storage_on_room, daemon->bus);
	bus_set_store(daemon->bus, daemon->store);
}

int storage_apply(struct daemon *daemon, const struct config *config)
{
	struct durable_receiver *receivers =
		calloc(config->instance_count + 1, sizeof(*receivers));
	size_t count;
	int error;

	if (receivers == NULL) {
		return -ENOMEM;
	}
	count = storage_list(daemon, config, receivers);
	if (daemon->store == NULL && (config->store.is_given || count > 0)) {
		storage_open_log(daemon, &config->store);
	}
	error = bus_set_durables(daemon->bus, receivers, count);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, "store", "not all receivers can be kept: %s",
			strerror(-error));
	}
	free(receivers);
	/* trouble with the store stops nobody */
	return 0;
}

void storage_commit(struct daemon *daemon)
{
	/* all but its path, which takes a restart */
	const struct store_config limits = storage_config(&daemon->config->store, NULL);

	if (daemon->store != NULL) {
		store_set_limits(daemon->store, &limits);
	}
	bus_drop_durables(daemon->bus);
}

/* ---- the clock ---- */

void storage_ready(struct daemon *daemon)
{
	daemon->waits_for_clock = daemon->store != NULL && daemon->config->store.clock_wait > 0;
	if (!daemon->waits_for_clock) {
		bus_ready(daemon->bus);
		return;
	}
	log_msg(LOG_LEVEL_NOTICE, "store", "routes wait for a clock that is known good");
	storage_look_at_clock(daemon);
}

void storage_look_at_clock(struct daemon *daemon)
{
	if (!daemon->waits_for_clock) {
		return;
	}
	if (gateway_look_at_clock(daemon->gateway)) {
		log_msg(LOG_LEVEL_NOTICE, "store", "the clock is known good: routes begin");
	} else if (clock_mono() - daemon->started >= daemon->config->store.clock_wait) {
		log_msg(LOG_LEVEL_WARNING, "store",
			"the clock is not known good after clock_wait: routes begin all the same");
	} else {
		return;
	}
	daemon->waits_for_clock = false;
	bus_ready(daemon->bus);
}
