/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an endpoint: new, join, leave, free.
 *
 * Leaving, in this order: nobody new is routed to it; on its own loop it ends
 * what it feeds, gives up its devices and falls silent: no callback comes any
 * more, and who asked is told. Every producer that feeds it lets go; until then
 * they put things where nobody looks. Then it may be freed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"
#include "core/bus/pattern.h"

/* ---- signals ---- */

static void call_room(struct endpoint *endpoint)
{
	if (endpoint->wanted_room == 0 || !publish_has_room(endpoint, endpoint->wanted_room)) {
		return;
	}
	endpoint->wanted_room = 0;
	atomic_store(&endpoint->owner->listens, endpoint->module->durable != NULL);
	if (endpoint->module->room != NULL) {
		endpoint_enter(endpoint, "room");
		endpoint->module->room(endpoint->self);
		endpoint_leave_callback(endpoint);
	}
}

/* The number up to which the log is on disk, and no acknowledging route has open what is
 * not in it. */
static uint64_t settled_number(struct endpoint *endpoint)
{
	uint64_t settled = durable_number(endpoint);

	for (size_t i = 0; i < endpoint->fed_count; i++) {
		const struct route *route = endpoint->fed[i];
		uint64_t acked = atomic_load_explicit(&route->acked_number, memory_order_acquire);

		if ((route->receiver->module->flags & EW_ACKS) != 0 &&
		    acked < route->pushed_number && acked < settled) {
			settled = acked;
		}
	}
	return settled;
}

static void call_durable(struct endpoint *endpoint)
{
	uint64_t settled;

	if (endpoint->module->durable == NULL) {
		return;
	}
	settled = settled_number(endpoint);
	if (settled > endpoint->durable_told) {
		endpoint->durable_told = settled;
		endpoint_enter(endpoint, "durable");
		endpoint->module->durable(endpoint->self, settled);
		endpoint_leave_callback(endpoint);
	}
}

static bool signal_run(struct task *task)
{
	struct endpoint *endpoint = container_of(task, struct endpoint, signal);

	if (endpoint->has_left) {
		return false;
	}
	for (size_t i = 0; i < endpoint->fed_count; i++) {
		struct route *route = endpoint->fed[i];

		if (atomic_load_explicit(&route->owes, memory_order_relaxed) ||
		    (route->durable != NULL && durable_is_asked(route->durable))) {
			route_repair(route, endpoint);
		}
	}
	call_room(endpoint);
	call_durable(endpoint);
	return false;
}

static void held_run(struct loop_timer *timer)
{
	struct endpoint *endpoint = container_of(timer, struct endpoint, held_timer);
	ew_dur now = clock_mono();
	ew_dur next = INT64_MAX;

	for (size_t i = 0; i < endpoint->fed_count; i++) {
		ew_dur due = report_flush(endpoint->fed[i], endpoint, now);

		next = due < next ? due : next;
	}
	if (next != INT64_MAX) {
		timer_set(timer, next - now, 0);
	}
}

bool endpoint_hold_until(struct endpoint *endpoint, ew_dur due)
{
	struct loop_timer *timer = &endpoint->held_timer;

	/* not made with the endpoint: a loop that runs has its timers to itself */
	if (timer->loop == NULL && timer_init(timer, endpoint->config.loop, held_run) != 0) {
		return false;
	}
	if (!heap_holds(&timer->node) || timer->node.key > due) {
		timer_set(timer, due - clock_mono(), 0);
	}
	return true;
}

/* ---- new and free ---- */

static int make_tables(struct endpoint *endpoint)
{
	struct {
		struct page_table *table;
		size_t cell;
	} tables[] = {
		{ &endpoint->seen_devices, sizeof(struct seen) },
		{ &endpoint->seen_tags, sizeof(struct seen) },
		{ &endpoint->view, sizeof(struct ew_sample) },
		{ &endpoint->view_text, sizeof(void *) },
	};

	for (size_t i = 0; i < array_count(tables); i++) {
		if (page_table_init(tables[i].table, tables[i].cell) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void set_up(struct endpoint *endpoint, struct bus *bus,
		   const struct endpoint_config *config)
{
	endpoint->magic = ENDPOINT_MAGIC;
	endpoint->bus = bus;
	endpoint->config = *config;
	endpoint->module = config->module;
	list_init(&endpoint->node);
	list_init(&endpoint->wants);
	list_init(&endpoint->received);
	list_init(&endpoint->held);
	endpoint->dead_said = endpoint->refused_said = LOG_LIMIT;
	writes_init(endpoint);
	task_init(&endpoint->signal, config->loop, LANE_CONTROL, signal_run);
	task_init(&endpoint->data, config->loop, LANE_DATA, receiver_run);
}

static bool name_is_taken(const struct bus *bus, const char *name)
{
	struct list *node;

	list_for_each(node, &bus->endpoints) {
		const struct endpoint *endpoint = list_entry(node, struct endpoint, node);

		if (!endpoint->has_left && strcmp(endpoint->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void owner_enter(struct owner *owner, struct endpoint *endpoint)
{
	(void)pthread_rwlock_wrlock(&owner->signal_lock);
	owner->endpoint = endpoint;
	(void)pthread_rwlock_unlock(&owner->signal_lock);
}

int endpoint_new(struct bus *bus, const struct endpoint_config *config,
		 struct endpoint **endpoint_out)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	int error = -ENOMEM;

	if (endpoint == NULL) {
		return -ENOMEM;
	}
	set_up(endpoint, bus, config);
	endpoint->name = strdup(config->name);
	endpoint->owner = registry_owner(&bus->registry, config->name);
	if (endpoint->name != NULL && endpoint->owner != NULL) {
		error = make_tables(endpoint);
	}
	endpoint->config.name = endpoint->name;
	(void)pthread_mutex_lock(&bus->lock);
	if (error == 0 && name_is_taken(bus, config->name)) {
		error = -EEXIST;
	}
	if (error == 0) {
		list_push(&bus->endpoints, &endpoint->node);
	}
	(void)pthread_mutex_unlock(&bus->lock);
	if (error != 0) {
		endpoint_free(&endpoint);
		return error;
	}
	endpoint->durable_told = endpoint->owner->number;
	owner_enter(endpoint->owner, endpoint);
	*endpoint_out = endpoint;
	return 0;
}

void endpoint_set_self(struct endpoint *endpoint, void *self)
{
	endpoint->self = self;
	endpoint->takes_writes = true;
}

void endpoint_free(struct endpoint **endpoint_at)
{
	struct endpoint *endpoint = *endpoint_at;
	struct replay *replay;
	struct list *node;

	*endpoint_at = NULL;
	if (endpoint == NULL) {
		return;
	}
	check_obj(endpoint, ENDPOINT_MAGIC);
	(void)pthread_mutex_lock(&endpoint->bus->lock);
	list_remove(&endpoint->node);
	while ((node = list_pop(&endpoint->wants)) != NULL) {
		struct want *want = list_entry(node, struct want, node);

		want_free(&want);
	}
	(void)pthread_mutex_unlock(&endpoint->bus->lock);
	page_table_fini(&endpoint->seen_devices);
	page_table_fini(&endpoint->seen_tags);
	page_table_fini(&endpoint->view);
	page_table_fini(&endpoint->view_text);
	replay = atomic_load_explicit(&endpoint->replay, memory_order_relaxed);
	replay_free(&replay);
	free(endpoint->fed);
	free(endpoint->name);
	endpoint->magic = 0;
	free(endpoint);
}

const char *endpoint_name(const struct endpoint *endpoint)
{
	return endpoint->name;
}

/* ---- join and leave ---- */

int endpoint_join(struct endpoint *endpoint)
{
	struct bus *bus = endpoint->bus;
	int error;

	atomic_store(&endpoint->owner->listens, endpoint->module->durable != NULL);
	(void)pthread_mutex_lock(&bus->lock);
	endpoint->is_joined = true;
	endpoint->owner->is_kept = false;
	error = durables_join(endpoint);
	if (error == 0) {
		error = plan_routes(bus);
	}
	if (error == 0) {
		durables_joined(endpoint);
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return error;
}

int endpoint_want(struct endpoint *endpoint, const char *pattern, const struct ew_want *how)
{
	struct bus *bus = endpoint->bus;
	const char *fault = pattern_fault(pattern);
	struct want *want;
	int error;

	if (fault != NULL) {
		log_msg(LOG_LEVEL_WARNING, endpoint->name, "cannot want '%s': %s", pattern, fault);
		return -EINVAL;
	}
	error = want_new(pattern, how, &want);
	if (error != 0) {
		return error;
	}
	(void)pthread_mutex_lock(&bus->lock);
	list_push(&endpoint->wants, &want->node);
	if (endpoint->is_joined) {
		error = plan_routes(bus);
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return error;
}

struct leave {
	struct post post;
	struct endpoint *endpoint;
	int waits;
	bool keep;
};

/* What the module had of it comes to its end; see receiver_run() and signal_run() for the rest. */
static void fall_silent(struct endpoint *endpoint)
{
	struct replay *replay =
		atomic_load_explicit(&endpoint->replay, memory_order_acquire);

	if (replay != NULL) {
		replay_leave(replay);
	}
	receiver_fini(endpoint);
	held_fini(endpoint);
	receiver_fini(endpoint);
	view_fini(endpoint);
	seen_fini(endpoint);
	timer_fini(&endpoint->held_timer);
	if (endpoint->config.silent != NULL) {
		endpoint->config.silent(endpoint->config.arg);
	}
}

static void finish_leave(struct endpoint *endpoint)
{
	if (!endpoint->has_left || endpoint->ends_awaited > 0) {
		return;
	}
	receiver_fini(endpoint);
	task_fini(&endpoint->signal);
	task_fini(&endpoint->data);
	/* who posted the last word holds the lock until it is done with our queue */
	(void)pthread_mutex_lock(&endpoint->bus->lock);
	(void)pthread_mutex_unlock(&endpoint->bus->lock);
	endpoint->left(endpoint->left_arg, endpoint);
}

void endpoint_let_go(struct endpoint *endpoint)
{
	/* may come before the endpoint itself leaves: the count goes below zero and back */
	endpoint->ends_awaited--;
	finish_leave(endpoint);
}

static void leave_run(struct post *post)
{
	struct leave *leave = container_of(post, struct leave, post);
	struct endpoint *endpoint = leave->endpoint;

	writes_leave(endpoint);
	if (leave->keep) {
		endpoint_keep(endpoint);
	} else {
		endpoint_forget(endpoint);
	}
	while (endpoint->fed_count > 0) {
		struct route *route = endpoint->fed[0];

		route_detach(route, endpoint);
	}
	owner_enter(endpoint->owner, NULL);
	(void)pthread_mutex_lock(&endpoint->bus->lock);
	endpoint->has_left = true;
	(void)pthread_mutex_unlock(&endpoint->bus->lock);
	fall_silent(endpoint);
	endpoint->ends_awaited += leave->waits;
	free(leave);
	finish_leave(endpoint);
}

static void leave_drop(struct post *post)
{
	free(container_of(post, struct leave, post));
}

void endpoint_awaits(struct endpoint *endpoint, char *out, size_t size)
{
	struct list *node;
	size_t used = 0;

	out[0] = '\0';
	(void)pthread_mutex_lock(&endpoint->bus->lock);
	list_for_each(node, &endpoint->bus->routes) {
		const struct route *route = list_entry(node, struct route, node);
		int added;

		if (route->waiting != endpoint) {
			continue;
		}
		added = snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
				 route->owner->name);
		if (added < 0 || (size_t)added >= size - used) {
			break; /* cut is fine */
		}
		used += (size_t)added;
	}
	(void)pthread_mutex_unlock(&endpoint->bus->lock);
}

int endpoint_leave(struct endpoint *endpoint, bool keep,
		   void (*left)(void *arg, struct endpoint *endpoint), void *arg)
{
	struct bus *bus = endpoint->bus;
	struct leave *leave = calloc(1, sizeof(*leave));
	int error;

	if (leave == NULL) {
		return -ENOMEM;
	}
	endpoint->left = left;
	endpoint->left_arg = arg;
	leave->post = (struct post){ .run = leave_run, .drop = leave_drop };
	leave->endpoint = endpoint;
	leave->keep = keep;
	(void)pthread_mutex_lock(&bus->lock);
	endpoint->is_leaving = true;
	endpoint->owner->is_kept = keep;
	durables_leave(endpoint);
	leave->waits = (int)plan_leave(endpoint, keep);
	if (!keep) {
		(void)plan_routes(bus);
	}
	/* within the lock: see finish_leave() */
	error = post_push_always(endpoint->config.control, &leave->post);
	(void)pthread_mutex_unlock(&bus->lock);
	if (error != 0) {
		free(leave);
	}
	return error;
}
