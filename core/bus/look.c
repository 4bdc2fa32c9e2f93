/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking in from outside: values, names, numbers. Any thread.
 */
#include <string.h>

#include "core/bus/inside.h"

int bus_read(struct bus *bus, uint32_t tag, struct ew_sample *sample_out, void *buffer,
	     size_t buffer_size)
{
	if (registry_gate(&bus->registry, tag) == 0) {
		return -ENOENT;
	}
	return image_read(&bus->image, tag, sample_out, buffer, buffer_size, NULL);
}

uint32_t bus_find_device(struct bus *bus, const char *path)
{
	uint32_t id;

	registry_lock(&bus->registry);
	id = registry_find_device(&bus->registry, path);
	registry_unlock(&bus->registry);
	return id;
}

uint32_t bus_find_tag(struct bus *bus, uint32_t device, const char *name)
{
	uint32_t id;

	registry_lock(&bus->registry);
	id = registry_find_tag(&bus->registry, device, name);
	registry_unlock(&bus->registry);
	return id;
}

int bus_devices_walk(struct bus *bus, int (*fn)(void *arg, const struct ew_device_info *device),
		     void *arg)
{
	struct registry *registry = &bus->registry;
	int result = 0;

	registry_lock(registry);
	for (uint32_t id = 1; result == 0 && id <= registry->device_ids; id++) {
		const struct device *device = registry_device(registry, id);

		if (device != NULL) {
			result = fn(arg, &device->version->info);
		}
	}
	registry_unlock(registry);
	return result;
}

static int walk_device(const struct registry *registry, const struct device *device,
		       int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg)
{
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < device->tag_count; i++) {
		result = fn(arg, &registry_tag(registry, device->tags[i])->version->info);
	}
	return result;
}

int bus_tags_walk(struct bus *bus, uint32_t id,
		  int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg)
{
	struct registry *registry = &bus->registry;
	uint32_t first = id == EW_NO_ID ? 1 : id;
	uint32_t last;
	int result = 0;

	registry_lock(registry);
	last = id == EW_NO_ID ? registry->device_ids : id;
	for (uint32_t at = first; result == 0 && at <= last; at++) {
		const struct device *device = registry_device(registry, at);

		if (device != NULL) {
			result = walk_device(registry, device, fn, arg);
		}
	}
	registry_unlock(registry);
	return result;
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void endpoint_look(const struct endpoint *endpoint, struct endpoint_stats *stats)
{
	*stats = (struct endpoint_stats){
		.name = endpoint->name,
		.batches = get(&endpoint->batches),
		.samples = get(&endpoint->samples),
		.events = get(&endpoint->events),
		.refused = get(&endpoint->refused),
		.over_limit = get(&endpoint->over_limit),
		.appended = get(&endpoint->appended),
		.not_stored = get(&endpoint->not_stored),
		.pool_bytes = block_pool_bytes(endpoint->owner->pool),
	};
}

int bus_endpoints_walk(struct bus *bus,
		       int (*fn)(void *arg, const struct endpoint_stats *endpoint), void *arg)
{
	struct list *node;
	int result = 0;

	(void)pthread_mutex_lock(&bus->lock);
	list_for_each(node, &bus->endpoints) {
		const struct endpoint *endpoint = list_entry(node, struct endpoint, node);
		struct endpoint_stats stats;

		endpoint_look(endpoint, &stats);
		registry_lock(&bus->registry);
		stats.devices = endpoint->owner->device_count;
		stats.tags = endpoint->owner->tag_count;
		registry_unlock(&bus->registry);
		result = fn(arg, &stats);
		if (result != 0) {
			break;
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return result;
}

static int add_endpoint(void *arg, const struct endpoint_stats *endpoint)
{
	struct bus_stats *stats = arg;

	stats->batches += endpoint->batches;
	stats->samples += endpoint->samples;
	stats->events += endpoint->events;
	stats->refused += endpoint->refused;
	return 0;
}

void bus_stats(struct bus *bus, struct bus_stats *stats_out)
{
	struct bus_stats stats = {
		.writes = get(&bus->writes),
		.writes_refused = get(&bus->writes_refused),
		.writes_unknown = get(&bus->writes_unknown),
	};

	(void)bus_endpoints_walk(bus, add_endpoint, &stats);
	registry_lock(&bus->registry);
	stats.devices = bus->registry.live_devices;
	stats.tags = bus->registry.live_tags;
	stats.tombstones = bus->registry.dead;
	registry_unlock(&bus->registry);
	*stats_out = stats;
}

static void route_look(const struct route *route, struct route_stats *stats)
{
	*stats = (struct route_stats){
		.id = route->id,
		.from = route->owner->name,
		.to = route->receiver->name,
		.origin = route->planned == NULL ? "" : route->planned->origin,
		.full = route->planned == NULL ? ROUTE_DROP_OLDEST : route->planned->full,
		.batches = get(&route->batches),
		.samples = get(&route->samples),
		.events = get(&route->events),
		.lost_samples = get(&route->lost_samples),
		.lost_events = get(&route->lost_events),
		.is_durable = route->durable != NULL,
		.is_behind = route->durable != NULL && durable_is_behind(route->durable),
		.stored_samples = get(&route->stored_samples),
		.stored_events = get(&route->stored_events),
		.filtered = get(&route->filtered),
		.gaps = get(&route->gaps),
		.resyncs = get(&route->resyncs),
		.acked = get(&route->acked),
		.redelivered = get(&route->redelivered),
		.dead = get(&route->dead),
		.dead_lost = get(&route->dead_lost),
		.open = atomic_load_explicit(&route->open, memory_order_relaxed),
		.queued = ring_count(route->ring),
		.bytes = ring_bytes(route->ring),
		.limit_bytes = ring_limit_bytes(route->ring),
	};
	for (unsigned i = 0; i < EW_GAP_REASON_COUNT; i++) {
		stats->told_samples[i] = get(&route->told_samples[i]);
		stats->told_events[i] = get(&route->told_events[i]);
	}
}

int bus_routes_walk(struct bus *bus, int (*fn)(void *arg, const struct route_stats *route),
		    void *arg)
{
	struct list *node;
	int result = 0;

	(void)pthread_mutex_lock(&bus->lock);
	list_for_each(node, &bus->routes) {
		struct route_stats stats;

		route_look(list_entry(node, struct route, node), &stats);
		result = fn(arg, &stats);
		if (result != 0) {
			break;
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return result;
}
