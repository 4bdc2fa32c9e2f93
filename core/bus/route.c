/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a route. Who feeds it and who reads it are elsewhere: feed.c
 * and deliver.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

struct route *route_new(struct bus *bus, struct owner *owner, struct endpoint *receiver,
			struct filter *filter)
{
	struct route *route = aligned_alloc(_Alignof(struct route), sizeof(*route));
	uint32_t capacity = filter->queue_batches > ROUTE_QUEUE_BATCHES ? filter->queue_batches :
									   ROUTE_QUEUE_BATCHES;

	if (route == NULL) {
		return NULL;
	}
	memset(route, 0, sizeof(*route));
	route->magic = ROUTE_MAGIC;
	/* the bus's list, and the receiver */
	atomic_init(&route->refs, 2);
	route->bus = bus;
	route->id = ++bus->route_ids;
	route->owner = owner;
	route->receiver = receiver;
	list_init(&route->node);
	list_init(&route->received);
	if (asprintf(&route->name, "%s>%s", owner->name, receiver->name) < 0) {
		route->name = NULL;
	}
	if (route->name == NULL || ring_new(capacity, &route->ring) != 0 ||
	    ((receiver->module->flags & EW_ACKS) != 0 && window_new(&route->window) != 0)) {
		ring_free(&route->ring);
		free(route->name);
		free(route);
		return NULL;
	}
	return route;
}

struct route *route_ref(struct route *route)
{
	atomic_fetch_add_explicit(&route->refs, 1, memory_order_relaxed);
	return route;
}

void route_unref(struct route **route_at)
{
	struct route *route = *route_at;

	*route_at = NULL;
	if (route == NULL ||
	    atomic_fetch_sub_explicit(&route->refs, 1, memory_order_acq_rel) != 1) {
		return;
	}
	check_obj(route, ROUTE_MAGIC);
	check(list_is_empty(&route->node) && list_is_empty(&route->received));
	window_free(&route->window, route);
	durable_free(&route->durable);
	ring_free(&route->ring);
	filter_unref(&route->filter);
	filter_unref(&route->planned);
	page_table_fini(&route->marks);
	page_table_fini(&route->reported);
	free(route->held);
	free(route->name);
	route->magic = 0;
	free(route);
}

void owner_signal(struct owner *owner)
{
	(void)pthread_rwlock_rdlock(&owner->signal_lock);
	if (owner->endpoint != NULL) {
		task_schedule(&owner->endpoint->signal);
	}
	(void)pthread_rwlock_unlock(&owner->signal_lock);
}
