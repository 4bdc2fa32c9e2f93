/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which routes there should be, and what to tell whom so that there are.
 *
 * The plan runs under bus->lock, on any thread. It never touches the inside
 * of a route: it posts to the publisher's loop what to feed, to the
 * receiver's what begins. A route belongs to an owner and a receiver; a
 * publisher that reloads finds the routes of its name and goes on with them.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

struct order {
	struct post post;
	struct route *route;            /* a reference */
	struct endpoint *publisher;
	struct filter *filter;          /* attach: a reference */
	bool is_awaited;                /* counted in bus->away until it has run */
};

static void order_free(struct order *order)
{
	if (order->is_awaited) {
		atomic_fetch_sub_explicit(&order->route->bus->away, 1, memory_order_release);
	}
	route_unref(&order->route);
	filter_unref(&order->filter);
	free(order);
}

static struct order *order_of(struct post *post)
{
	return container_of(post, struct order, post);
}

static struct order *order_new(struct route *route, struct endpoint *publisher)
{
	struct order *order = calloc(1, sizeof(*order));

	if (order != NULL) {
		order->route = route_ref(route);
		order->publisher = publisher;
	}
	return order;
}

static void order_drop(struct post *post)
{
	order_free(order_of(post));
}

/* ---- to the receiver ---- */

static void begin_run(struct post *post)
{
	receiver_meet(order_of(post)->route);
	order_free(order_of(post));
}

static void filter_run(struct post *post)
{
	struct order *order = order_of(post);

	replay_set_filter(order->route, order->filter);
	order_free(order);
}

static void let_go_run(struct post *post)
{
	struct endpoint *receiver = order_of(post)->route->receiver;

	order_free(order_of(post));
	endpoint_let_go(receiver);
}

/* ---- to the publisher ---- */

static void attach_run(struct post *post)
{
	struct order *order = order_of(post);
	struct filter *filter = order->filter;

	order->filter = NULL;
	route_attach(order->route, order->publisher, filter);
	order_free(order);
}

/*
 * Nobody feeds the route any more: the receiver forgets what it showed, or,
 * when the receiver itself leaves, hears that the producer has let go. Lock
 * held. Drops the list's reference.
 */
static void end_route(struct order *order)
{
	struct route *route = order->route;
	struct endpoint *waiting = route->waiting;

	list_remove(&route->node);
	if (waiting == NULL) {
		atomic_store(&route->is_ended, 1);
		receiver_signal(route);
	}
	order->post = (struct post){ .run = let_go_run, .drop = order_drop };
	if (waiting == NULL || post_push_always(waiting->config.control, &order->post) != 0) {
		order_free(order);
	}
	route_unref(&route);
}

static void detach_end(struct order *order)
{
	struct bus *bus = order->route->bus;

	(void)pthread_mutex_lock(&bus->lock);
	end_route(order);
	(void)pthread_mutex_unlock(&bus->lock);
}

static void detach_run(struct post *post)
{
	struct order *order = order_of(post);
	struct route *route = order->route;

	route_detach(route, order->publisher);
	if (route->durable == NULL && route->bus->store != NULL) {
		/* the log has it, too, when another durable receiver, or this one, wants it */
		atomic_store_explicit(&route->said_to, store_last(route->bus->store),
				      memory_order_relaxed);
	}
	detach_end(order);
}

static void detach_drop(struct post *post)
{
	detach_end(order_of(post));
}

/* ---- the plan ---- */

static bool is_live(const struct endpoint *endpoint)
{
	return endpoint->is_joined && !endpoint->is_leaving;
}

static struct route *find_route(const struct bus *bus, const struct owner *owner,
				const struct endpoint *receiver)
{
	struct list *node;

	list_for_each(node, &bus->routes) {
		struct route *route = list_entry(node, struct route, node);

		if (route->owner == owner && route->receiver == receiver && !route->is_dropped) {
			return route;
		}
	}
	return NULL;
}

static bool is_durable(const struct endpoint *receiver, const struct filter *filter)
{
	return filter->is_durable && replay_of(receiver) != NULL &&
	       replay_is_on(replay_of(receiver));
}

static int begin_route(struct bus *bus, struct route *route, struct filter *filter)
{
	struct order *order = order_new(route, NULL);
	int error = order == NULL ? -ENOMEM : 0;

	if (error == 0 && is_durable(route->receiver, filter)) {
		error = replay_plan(replay_of(route->receiver), route, filter);
	}
	if (error != 0) {
		if (order != NULL) {
			order_free(order);
		}
		return error;
	}
	list_push(&bus->routes, &route->node);
	order->post = (struct post){ .run = begin_run, .drop = order_drop };
	if (post_push_always(route->receiver->config.control, &order->post) != 0) {
		order_free(order);
	}
	return 0;
}

/* The receiver looks through it at what it reads in the log. */
static int tell_filter(struct route *route, struct filter *filter)
{
	struct order *order = order_new(route, NULL);

	if (order == NULL) {
		return -ENOMEM;
	}
	order->filter = filter_ref(filter);
	order->post = (struct post){ .run = filter_run, .drop = order_drop };
	if (post_push_always(route->receiver->config.control, &order->post) != 0) {
		order_free(order);
	}
	return 0;
}

static int attach(struct route *route, struct endpoint *publisher, struct filter *filter)
{
	struct order *order = order_new(route, publisher);

	if (order == NULL || (route->durable != NULL && route->planned != NULL &&
			      !filter_is_same(route->planned, filter) &&
			      tell_filter(route, filter) != 0)) {
		if (order != NULL) {
			order_free(order);
		}
		return -ENOMEM;
	}
	order->filter = filter_ref(filter);
	if (route->durable != NULL) {
		/* until it is fed the log takes all that the publisher says */
		order->is_awaited = true;
		atomic_fetch_add_explicit(&route->bus->away, 1, memory_order_release);
	}
	order->post = (struct post){ .run = attach_run, .drop = order_drop };
	if (post_push_always(publisher->config.control, &order->post) != 0) {
		order_free(order);
		return 0;
	}
	filter_unref(&route->planned);
	route->planned = filter_ref(filter);
	route->producer = publisher;
	return 0;
}

/* Let the producer end a route, or end it here when there is none. */
static void drop_route(struct route *route)
{
	struct order *order = order_new(route, route->producer);

	if (order == NULL) {
		/* it stays; the next plan tries again */
		return;
	}
	route->is_dropped = true;
	if (route->producer == NULL) {
		end_route(order);
		return;
	}
	order->post = (struct post){ .run = detach_run, .drop = detach_drop };
	if (post_push_always(route->producer->config.control, &order->post) != 0) {
		end_route(order);
	}
}

/* Nobody knows it yet: the references of the list and of the receiver. */
static void free_unmet(struct route **route)
{
	if (*route != NULL) {
		struct route *other = *route;

		route_unref(&other);
		route_unref(route);
	}
}

static int make_route(struct bus *bus, struct endpoint *publisher, struct endpoint *receiver,
		      struct filter *filter, struct route **route_out)
{
	struct route *route = route_new(bus, publisher->owner, receiver, filter);
	int error = route == NULL ? -ENOMEM : 0;

	if (error == 0) {
		error = begin_route(bus, route, filter);
	}
	if (error != 0) {
		free_unmet(&route);
		return error;
	}
	*route_out = route;
	return 0;
}

static int want_route(struct bus *bus, struct endpoint *publisher, struct endpoint *receiver,
		      struct filter *filter)
{
	struct route *route = find_route(bus, publisher->owner, receiver);
	int error = 0;

	if (route != NULL && (route->durable != NULL) != is_durable(receiver, filter)) {
		/* the new one waits for what the old one still has to say */
		drop_route(route);
		route = route->is_dropped ? NULL : route;
	}
	if (route == NULL) {
		error = make_route(bus, publisher, receiver, filter, &route);
		if (error != 0) {
			return error;
		}
	}
	route->is_wanted = true;
	if (route->producer == publisher && route->planned != NULL &&
	    filter_is_same(route->planned, filter)) {
		return 0;
	}
	return attach(route, publisher, filter);
}

static int plan_pair(struct bus *bus, struct endpoint *publisher, struct endpoint *receiver)
{
	struct filter *filter;
	int error = filter_new(bus->rules, publisher->name, receiver->name, &receiver->wants,
			       receiver->module->flags, &filter);

	if (error != 0 || filter == NULL) {
		return error;
	}
	error = want_route(bus, publisher, receiver, filter);
	filter_unref(&filter);
	return error;
}

/* A publisher that is away keeps its routes: it may come back under its name. */
static bool is_stale(const struct route *route)
{
	return !route->is_wanted && !route->is_dropped &&
	       (route->producer != NULL || !route->owner->is_kept);
}

int plan_routes(struct bus *bus)
{
	struct list *from, *to, *node, *after;
	int error = 0;

	list_for_each(node, &bus->routes) {
		list_entry(node, struct route, node)->is_wanted = false;
	}
	list_for_each(from, &bus->endpoints) {
		struct endpoint *publisher = list_entry(from, struct endpoint, node);

		list_for_each(to, &bus->endpoints) {
			struct endpoint *receiver = list_entry(to, struct endpoint, node);

			if (publisher->owner != receiver->owner && is_live(publisher) &&
			    is_live(receiver) && endpoint_is_receiver(receiver)) {
				int failed = plan_pair(bus, publisher, receiver);

				error = failed != 0 ? failed : error;
			}
		}
	}
	list_for_each_safe(node, after, &bus->routes) {
		struct route *route = list_entry(node, struct route, node);

		if (is_stale(route)) {
			drop_route(route);
		}
	}
	return error;
}

/* Through what a receiver would see the owner; NULL: nothing, or nothing durable. Lock held. */
static int orphan_filter(struct endpoint *receiver, const struct owner *owner,
			 struct filter **filter_out)
{
	struct filter *filter = NULL;
	int error = filter_new(receiver->bus->rules, owner->name, receiver->name,
			       &receiver->wants, receiver->module->flags, &filter);

	if (filter != NULL && !filter->is_durable) {
		filter_unref(&filter);
	}
	*filter_out = filter;
	return error;
}

/* NULL: there is nothing to bring. Lock held. */
static int orphan_route(struct endpoint *receiver, struct owner *owner, struct route **route_out)
{
	struct replay *replay = replay_of(receiver);
	struct route *route = NULL;
	struct filter *filter;
	int error = orphan_filter(receiver, owner, &filter);

	if (error == 0 && filter == NULL) {
		(void)replay_cover(replay, owner);
	} else if (error == 0 && !replay_covers(replay, owner)) {
		route = route_new(receiver->bus, owner, receiver, filter);
		error = route == NULL ? -ENOMEM : replay_plan(replay, route, filter);
	}
	if (error != 0) {
		free_unmet(&route);
	}
	filter_unref(&filter);
	*route_out = route;
	return error;
}

int plan_orphan(struct endpoint *receiver, struct owner *owner)
{
	struct bus *bus = receiver->bus;
	struct route *route;
	int error;

	if (replay_covers(replay_of(receiver), owner)) {
		return 0;
	}
	(void)pthread_mutex_lock(&bus->lock);
	error = orphan_route(receiver, owner, &route);
	(void)pthread_mutex_unlock(&bus->lock);
	if (route == NULL) {
		return error;
	}
	/* it ends where the log ends now; no list has it, the receiver's reference is left */
	atomic_store(&route->durable->ended_at, store_last(bus->store));
	atomic_store(&route->is_ended, 1);
	receiver_meet(route);
	route_unref(&route);
	return 1;
}

unsigned plan_leave(struct endpoint *endpoint, bool keep)
{
	struct list *node, *after;
	unsigned waits = 0;

	list_for_each_safe(node, after, &endpoint->bus->routes) {
		struct route *route = list_entry(node, struct route, node);

		if (route->receiver == endpoint) {
			waits++;
			route->waiting = endpoint;
			if (!route->is_dropped) {
				drop_route(route);
			}
		} else if (route->producer == endpoint && keep && !route->is_dropped) {
			route->producer = NULL;
		}
	}
	return waits;
}
