/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus: the registry, the image, the rules, and who is on it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

int bus_new(struct bus **bus_out)
{
	struct bus *bus = calloc(1, sizeof(*bus));

	if (bus == NULL) {
		return -ENOMEM;
	}
	bus->magic = BUS_MAGIC;
	list_init(&bus->endpoints);
	list_init(&bus->routes);
	list_init(&bus->durables);
	(void)pthread_mutex_init(&bus->lock, NULL);
	(void)pthread_mutex_init(&bus->access_lock, NULL);
	atomic_init(&bus->clock_valid, true);
	if (registry_init(&bus->registry) != 0) {
		free(bus);
		return -ENOMEM;
	}
	if (image_init(&bus->image) != 0) {
		bus_free(&bus);
		return -ENOMEM;
	}
	*bus_out = bus;
	return 0;
}

void bus_free(struct bus **bus_at)
{
	struct bus *bus = *bus_at;
	struct list *node;

	*bus_at = NULL;
	if (bus == NULL) {
		return;
	}
	check_obj(bus, BUS_MAGIC);
	check(list_is_empty(&bus->endpoints));
	while ((node = list_pop(&bus->routes)) != NULL) {
		struct route *route = list_entry(node, struct route, node);

		route_unref(&route);
	}
	durables_fini(bus);
	ruleset_free(&bus->rules);
	access_unref(&bus->access);
	image_fini(&bus->image);
	registry_fini(&bus->registry);
	(void)pthread_mutex_destroy(&bus->lock);
	(void)pthread_mutex_destroy(&bus->access_lock);
	bus->magic = 0;
	free(bus);
}

void bus_set_clock_valid(struct bus *bus, bool valid)
{
	atomic_store_explicit(&bus->clock_valid, valid, memory_order_relaxed);
	if (valid && bus->store != NULL) {
		store_clock_is_good(bus->store);
	}
}

void bus_set_audit(struct bus *bus, void (*fn)(void *arg, const struct audit_record *record),
		   void *arg)
{
	bus->audit = fn;
	bus->audit_arg = arg;
}

int bus_set_routes(struct bus *bus, const struct route_rule *rules, size_t count,
		   struct ew_error *err)
{
	struct ruleset *ruleset;
	int error = ruleset_new(rules, count, err, &ruleset);

	if (error != 0) {
		return error;
	}
	(void)pthread_mutex_lock(&bus->lock);
	ruleset_free(&bus->rules);
	bus->rules = ruleset;
	error = plan_routes(bus);
	(void)pthread_mutex_unlock(&bus->lock);
	return error;
}

static void bury_tags(struct bus *bus, struct device *device)
{
	while (device->tag_count > 0) {
		uint32_t tag = device->tags[device->tag_count - 1];

		registry_set_gate(&bus->registry, tag, 0);
		registry_bury_tag(&bus->registry, tag);
		image_clear(&bus->image, tag);
	}
}

void bus_forget(struct bus *bus, const char *name)
{
	struct owner *owner = registry_owner(&bus->registry, name);

	(void)pthread_mutex_lock(&bus->lock);
	if (owner != NULL && owner->endpoint == NULL) {
		owner->is_kept = false;
		/* receivers forget as the routes end */
		(void)plan_routes(bus);
		while (!list_is_empty(&owner->devices)) {
			struct device *device =
				list_entry(owner->devices.next, struct device, owned);

			bury_tags(bus, device);
			registry_bury_device(&bus->registry, device);
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
}
