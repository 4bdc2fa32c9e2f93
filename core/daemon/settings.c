/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration's structs to what bus, instances and HTTP take.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/conf/config_bind.h"
#include "core/daemon/run.h"

static void settings_override(void *arg, const char *device, struct ew_tag_spec *spec)
{
	config_override_tag(arg, device, spec);
}

static void settings_free(void *arg)
{
	struct config_bound *bound = arg;

	config_bound_free(&bound);
}

int settings_bind(const struct settings_source *source, const struct config_instance *instance,
		  struct diag *diag, struct instance_settings *settings_out)
{
	const struct module *module;
	struct config_bound *bound;
	struct ew_error err;
	int error;

	error_clear(&err);
	error = loader_find(source->loader, instance->module, &module, &err);
	if (error != 0) {
		return diag_error(diag, &instance->node->place, "%s: %s", instance->name, err.text);
	}
	error = config_bind_instance(source->config, instance, &module->what, source->flags, diag,
				     &bound);
	if (error != 0) {
		return error;
	}
	*settings_out = (struct instance_settings){
		.settings = bound->settings,
		.devices = bound->devices,
		.device_count = bound->device_count,
		.files = bound->files,
		.override = settings_override,
		.drop = settings_free,
		.arg = bound,
	};
	return 0;
}

void settings_give_back(struct instance_settings *settings)
{
	if (settings->drop != NULL) {
		settings->drop(settings->arg);
	}
	*settings = (struct instance_settings){ 0 };
}

static struct route_rule settings_route(const struct config_route *route, const char *from,
					const char *to)
{
	static const enum route_full full[] = {
		[CONFIG_FULL_DROP_OLDEST] = ROUTE_DROP_OLDEST,
		[CONFIG_FULL_DROP_NEWEST] = ROUTE_DROP_NEWEST,
		[CONFIG_FULL_BLOCK] = ROUTE_BLOCK,
	};

	return (struct route_rule){
		.from = from,
		.to = to,
		.tags = route->tags.at,
		.tag_count = route->tags.count,
		.events = route->events,
		.report = route->report == CONFIG_EXCEPTION ? ROUTE_REPORT_EXCEPTION
							    : ROUTE_REPORT_ALL,
		.deadband = route->has_deadband ? route->deadband : NAN,
		.min_interval = route->min_interval,
		.max_age = route->max_age,
		.full = full[route->full],
		.queue_batches = (uint32_t)route->queue.batches,
		.queue_bytes = (size_t)route->queue.size,
		.durable = !route->has_durable ? ROUTE_DURABLE_BY_MODULE
			   : route->durable.is_on ? ROUTE_DURABLE_YES
						  : ROUTE_DURABLE_NO,
	};
}

/* A row of the YAML names several of both; a rule of the bus names one of each. */
static size_t settings_cross(const struct config_route *route, struct route_rule *rules)
{
	size_t count = 0;

	for (size_t to = 0; to < route->to.count; to++) {
		if (route->from.count == 0) {
			rules[count++] = settings_route(route, NULL, route->to.at[to]);
		}
		for (size_t from = 0; from < route->from.count; from++) {
			rules[count++] = settings_route(route, route->from.at[from],
							route->to.at[to]);
		}
	}
	return count;
}

int settings_apply_routes(struct daemon *daemon, const struct config *config)
{
	struct route_rule *rules;
	struct ew_error err;
	size_t room = 1, count = 0;
	int error;

	for (size_t i = 0; i < config->route_count; i++) {
		const struct config_route *route = &config->routes[i];

		room += route->to.count * (route->from.count > 0 ? route->from.count : 1);
	}
	rules = calloc(room, sizeof(*rules));
	if (rules == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->route_count; i++) {
		count += settings_cross(&config->routes[i], rules + count);
	}
	error_clear(&err);
	error = bus_set_routes(daemon->bus, rules, count, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, NULL, "routes: %s",
			error_is_set(&err) ? err.text : strerror(-error));
	}
	free(rules);
	return error;
}

static size_t settings_access_rules(const struct config_access *access, struct access_rule *rules)
{
	size_t count = 0;

	for (size_t i = 0; i < access->write_count; i++) {
		const struct config_write_rule *write = &access->writes[i];

		rules[count++] = (struct access_rule){
			.who = access->name,
			.write = write->tags.at,
			.write_count = write->tags.count,
			.low = write->has_range ? write->low : NAN,
			.high = write->has_range ? write->high : NAN,
			.rate = write->rate_window > 0 ? (double)write->rate_count *
								 (double)EW_SECOND /
								 (double)write->rate_window
						       : 0,
			.priority_max = access->max_priority,
		};
	}
	if (access->execute.count > 0) {
		rules[count++] = (struct access_rule){
			.who = access->name,
			.write = access->execute.at,
			.write_count = access->execute.count,
			.execute = true,
			.no_set = true,
			.low = NAN,
			.high = NAN,
			.priority_max = access->max_priority,
		};
	}
	return count;
}

int settings_apply_access(struct daemon *daemon, const struct config *config)
{
	struct access_rule *rules;
	struct ew_error err;
	size_t room = 1, count = 0;
	int error;

	for (size_t i = 0; i < config->access_count; i++) {
		room += config->access[i].write_count + 1;
	}
	rules = calloc(room, sizeof(*rules));
	if (rules == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->access_count; i++) {
		count += settings_access_rules(&config->access[i], rules + count);
	}
	error_clear(&err);
	error = bus_set_access(daemon->bus, rules, count, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, NULL, "access: %s",
			error_is_set(&err) ? err.text : strerror(-error));
	}
	free(rules);
	return error;
}

int settings_apply_http(struct daemon *daemon, const struct config *config)
{
	struct ew_error err;
	int error;

	error_clear(&err);
	error = http_apply(daemon->http, &config->http, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, "http", "%s",
			error_is_set(&err) ? err.text : strerror(-error));
	}
	return error;
}
