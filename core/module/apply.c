/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of the YAML names lists of instances; a rule of the bus names one
 * pair: rows are multiplied out.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/module/apply.h"

struct rules {
	struct route_rule *at;
	size_t count;
};

static size_t pairs_of(const struct config_route *row)
{
	return (row->from.count > 0 ? row->from.count : 1) *
	       (row->to.count > 0 ? row->to.count : 1);
}

static enum route_full full_of(const struct config_route *row)
{
	switch ((enum config_full)row->full) {
	case CONFIG_FULL_DROP_NEWEST:
		return ROUTE_DROP_NEWEST;
	case CONFIG_FULL_BLOCK:
		return ROUTE_BLOCK;
	case CONFIG_FULL_DROP_OLDEST:
		break;
	}
	return ROUTE_DROP_OLDEST;
}

static enum route_durable durable_of(const struct config_route *row)
{
	if (!row->has_durable) {
		return ROUTE_DURABLE_BY_MODULE;
	}
	return row->durable.is_on ? ROUTE_DURABLE_YES : ROUTE_DURABLE_NO;
}

static void add_rules(struct rules *rules, const struct config_route *row)
{
	size_t pairs = pairs_of(row);

	for (size_t i = 0; i < pairs; i++) {
		size_t to_count = row->to.count > 0 ? row->to.count : 1;

		rules->at[rules->count++] = (struct route_rule){
			.from = row->from.count > 0 ? row->from.at[i / to_count] : NULL,
			.to = row->to.count > 0 ? row->to.at[i % to_count] : NULL,
			.tags = row->tags.at,
			.tag_count = row->tags.count,
			.events = row->events,
			.report = row->report == CONFIG_EXCEPTION ? ROUTE_REPORT_EXCEPTION
								  : ROUTE_REPORT_ALL,
			.deadband = row->has_deadband ? row->deadband : (double)NAN,
			.min_interval = row->min_interval,
			.max_age = row->max_age,
			.full = full_of(row),
			.queue_batches = row->queue.batches > UINT32_MAX
						 ? UINT32_MAX : (uint32_t)row->queue.batches,
			.queue_bytes = (size_t)row->queue.size,
			.durable = durable_of(row),
		};
	}
}

int apply_routes(struct bus *bus, const struct config *config, struct ew_error *err)
{
	struct rules rules = { .count = 0 };
	size_t room = 0;
	int error;

	for (size_t i = 0; i < config->route_count; i++) {
		room += pairs_of(&config->routes[i]);
	}
	rules.at = calloc(room + 1, sizeof(*rules.at));
	if (rules.at == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->route_count; i++) {
		add_rules(&rules, &config->routes[i]);
	}
	error = bus_set_routes(bus, rules.at, rules.count, err);
	free(rules.at);
	return error;
}

static double rate_of(const struct config_write_rule *write)
{
	if (write->rate_window <= 0) {
		return 0;
	}
	return (double)write->rate_count * (double)EW_SECOND / (double)write->rate_window;
}

static struct access_rule write_rule(const struct config_access *access,
				     const struct config_write_rule *write)
{
	return (struct access_rule){
		.who = access->name,
		.write = write->tags.at,
		.write_count = write->tags.count,
		.low = write->has_range ? write->low : (double)NAN,
		.high = write->has_range ? write->high : (double)NAN,
		.rate = rate_of(write),
		.priority_max = access->max_priority,
	};
}

static struct access_rule execute_rule(const struct config_access *access)
{
	return (struct access_rule){
		.who = access->name,
		.write = access->execute.at,
		.write_count = access->execute.count,
		.execute = true,
		.low = (double)NAN,
		.high = (double)NAN,
		.priority_max = access->max_priority,
	};
}

int apply_access(struct bus *bus, const struct config *config, struct ew_error *err)
{
	struct access_rule *rules;
	size_t room = 0;
	size_t count = 0;
	int error;

	for (size_t i = 0; i < config->access_count; i++) {
		room += config->access[i].write_count + 1;
	}
	rules = calloc(room + 1, sizeof(*rules));
	if (rules == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->access_count; i++) {
		const struct config_access *access = &config->access[i];

		for (size_t j = 0; j < access->write_count; j++) {
			rules[count++] = write_rule(access, &access->writes[j]);
		}
		if (access->execute.count > 0) {
			rules[count++] = execute_rule(access);
		}
	}
	error = bus_set_access(bus, rules, count, err);
	free(rules);
	return error;
}

static void override_tag(void *arg, const char *device, struct ew_tag_spec *spec)
{
	config_override_tag(arg, device, spec);
}

static void drop_bound(void *arg)
{
	struct config_bound *bound = arg;

	config_bound_free(&bound);
}

int apply_bind(const struct config *config, const struct config_instance *instance,
	       const struct module *module, struct diag *diag,
	       struct instance_settings *settings_out)
{
	struct config_bound *bound = NULL;
	int error = config_bind_instance(config, instance, &module->what, 0, diag, &bound);

	if (error != 0) {
		return error;
	}
	*settings_out = (struct instance_settings){
		.settings = bound->settings,
		.devices = bound->devices,
		.device_count = bound->device_count,
		.override = override_tag,
		.drop = drop_bound,
		.arg = bound,
	};
	return 0;
}

static uint32_t limit_of(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

struct instance_config apply_instance(const struct config_instance *instance)
{
	return (struct instance_config){
		.name = instance->name,
		/* a loop of the instance's own name is its own unless others name it, too */
		.loop = instance->loop,
		.uplink = instance->uplink,
		.deadline = instance->stop_timeout,
		.limits = {
			.devices = limit_of(instance->max_devices),
			.tags = limit_of(instance->max_tags),
		},
		.has_log_level = instance->has_log,
		.log_level = (enum ew_log_level)instance->log,
	};
}
