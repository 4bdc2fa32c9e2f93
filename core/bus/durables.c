/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which receivers the log keeps data for, whether they are here or not. Main
 * thread, under bus->lock, but for what the log's own thread calls.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

#define DRAIN_SPAN  (15 * EW_SECOND)

/* Where a receiver was, and the end of the log. */
struct drain_mark {
	ew_dur at;
	uint64_t cursor, last;          /* lsn */
};

struct durable_name {
	struct list node;               /* of the bus */
	struct drain_mark marks[2];     /* DRAIN_SPAN apart at least, older first */
	struct durable_receiver how;    /* its name is owned */
	bool is_here;                   /* joined, and routed; else counted in bus->away */
	bool is_named;                  /* by the list that is being set */
};

/* ---- what the log asks and says ---- */

void bus_set_store(struct bus *bus, struct store *store)
{
	bus->log_opened = clock_mono();
	bus->log_marks[0] = (struct log_mark){ .at = bus->log_opened };
	bus->log_marks[1] = bus->log_marks[0];
	bus->store = store;
}

void bus_stored(struct bus *bus, uint64_t lsn)
{
	struct list *node;

	(void)lsn;
	registry_lock(&bus->registry);
	list_for_each(node, &bus->registry.owners) {
		struct owner *owner = list_entry(node, struct owner, node);

		if (atomic_load_explicit(&owner->asks_durable, memory_order_relaxed) &&
		    atomic_exchange(&owner->asks_durable, false)) {
			owner_signal(owner);
		}
	}
	registry_unlock(&bus->registry);
}

void bus_log_has_room(struct bus *bus)
{
	struct list *node;

	registry_lock(&bus->registry);
	list_for_each(node, &bus->registry.owners) {
		struct owner *owner = list_entry(node, struct owner, node);

		if (atomic_load(&owner->listens)) {
			owner_signal(owner);
		}
	}
	registry_unlock(&bus->registry);
}

/* On the loop of who publishes it, which alone changes what is said of it. */
int bus_describe_tag(struct bus *bus, uint32_t tag, struct store_tag *tag_out)
{
	const struct tag_cell *cell = registry_tag(&bus->registry, tag);
	const struct ew_tag_info *info;
	const struct device *device;

	if (cell == NULL) {
		return -ENOENT;
	}
	info = &cell->version->info;
	device = registry_device(&bus->registry, info->device);
	*tag_out = (struct store_tag){
		.device = device->version->info.spec.path,
		.device_type = device->version->info.spec.type == NULL ?
				       "" : device->version->info.spec.type,
		.name = info->spec.name,
		.unit = info->spec.unit == NULL ? "" : info->spec.unit,
		.type = info->spec.type,
	};
	return 0;
}

/* ---- coming and going; lock held ---- */

static struct durable_name *find_name(const struct bus *bus, const char *name)
{
	struct list *node;

	list_for_each(node, &bus->durables) {
		struct durable_name *durable = list_entry(node, struct durable_name, node);

		if (strcmp(durable->how.name, name) == 0) {
			return durable;
		}
	}
	return NULL;
}

static int give_replay(struct endpoint *endpoint, const struct durable_name *durable)
{
	struct replay *replay = replay_of(endpoint);
	int error = 0;

	if (replay == NULL) {
		error = replay_new(endpoint, &durable->how, &replay);
	}
	if (error == 0) {
		replay_set_how(replay, &durable->how);
		replay_turn(replay, true);
		atomic_store_explicit(&endpoint->replay, replay, memory_order_release);
	}
	return error;
}

int durables_join(struct endpoint *endpoint)
{
	const struct durable_name *durable = find_name(endpoint->bus, endpoint->name);

	if (durable == NULL || endpoint->bus->store == NULL || !endpoint_is_receiver(endpoint)) {
		return 0;
	}
	return give_replay(endpoint, durable);
}

void durables_joined(struct endpoint *endpoint)
{
	struct durable_name *durable = find_name(endpoint->bus, endpoint->name);

	if (durable != NULL && !durable->is_here && replay_of(endpoint) != NULL) {
		durable->is_here = true;
		replay_planned(replay_of(endpoint));
		atomic_fetch_sub_explicit(&endpoint->bus->away, 1, memory_order_release);
	}
}

void durables_leave(struct endpoint *endpoint)
{
	struct durable_name *durable = find_name(endpoint->bus, endpoint->name);
	struct replay *replay = replay_of(endpoint);

	if (durable != NULL && durable->is_here) {
		durable->is_here = false;
		atomic_fetch_add_explicit(&endpoint->bus->away, 1, memory_order_release);
	}
	if (replay != NULL) {
		replay_last(replay);
	}
}

static struct endpoint *find_here(const struct bus *bus, const char *name)
{
	struct list *node;

	list_for_each(node, &bus->endpoints) {
		struct endpoint *endpoint = list_entry(node, struct endpoint, node);

		if (endpoint->is_joined && !endpoint->is_leaving &&
		    strcmp(endpoint->name, name) == 0) {
			return endpoint;
		}
	}
	return NULL;
}

/* ---- the list ---- */

static void name_free(struct durable_name *durable)
{
	list_remove(&durable->node);
	free((char *)(uintptr_t)durable->how.name);
	free(durable);
}

void durables_fini(struct bus *bus)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &bus->durables) {
		name_free(list_entry(node, struct durable_name, node));
	}
}

static struct drain_mark drain_mark(const struct bus *bus, const char *name)
{
	struct drain_mark mark = { .at = clock_mono() };
	struct store_cursor cursor;

	if (store_cursor_get(bus->store, name, &cursor) == 0) {
		mark.cursor = cursor.lsn;
	}
	/* after the cursor, which is never beyond it */
	mark.last = store_last(bus->store);
	return mark;
}

/* A receiver that is new begins at the end of the log. */
static int make_cursor(struct store *store, const char *name)
{
	struct store_cursor cursor;
	int error = store_cursor_get(store, name, &cursor);

	if (error == -ENOENT) {
		cursor = (struct store_cursor){ .lsn = store_last(store) };
		error = store_cursor_set(store, name, &cursor);
	}
	return error;
}

static int add_name(struct bus *bus, const struct durable_receiver *how)
{
	struct durable_name *durable = calloc(1, sizeof(*durable));
	int error = durable == NULL ? -ENOMEM : make_cursor(bus->store, how->name);

	if (error != 0) {
		free(durable);
		return error;
	}
	durable->how = *how;
	durable->how.name = strdup(how->name);
	if (durable->how.name == NULL) {
		free(durable);
		return -ENOMEM;
	}
	durable->is_named = true;
	durable->marks[0] = drain_mark(bus, how->name);
	durable->marks[1] = durable->marks[0];
	list_push(&bus->durables, &durable->node);
	atomic_fetch_add_explicit(&bus->away, 1, memory_order_release);
	return 0;
}

static int set_name(struct bus *bus, const struct durable_receiver *how)
{
	struct durable_name *durable = find_name(bus, how->name);
	struct endpoint *endpoint = find_here(bus, how->name);
	const char *name;
	int error = 0;

	if (durable == NULL) {
		error = add_name(bus, how);
		durable = find_name(bus, how->name);
	}
	if (durable == NULL) {
		return error;
	}
	name = durable->how.name;
	durable->how = *how;
	durable->how.name = name;
	durable->is_named = true;
	return endpoint == NULL ? 0 : give_replay(endpoint, durable);
}

static void drop_name(struct bus *bus, struct durable_name *durable)
{
	const struct endpoint *endpoint = find_here(bus, durable->how.name);
	struct replay *replay = endpoint == NULL ? NULL : replay_of(endpoint);

	if (replay != NULL) {
		replay_turn(replay, false);
	}
	if (!durable->is_here) {
		atomic_fetch_sub_explicit(&bus->away, 1, memory_order_release);
	}
	name_free(durable);
}

/* Cursors of receivers that are not named any more would keep their records for ever. */
static void drop_cursors(struct bus *bus)
{
	char name[STORE_NAME_MAX + 1];
	struct store_cursor cursor;
	size_t i = 0;

	while (store_cursor_name(bus->store, i, name) == 0) {
		if (find_name(bus, name) != NULL) {
			i++;
			continue;
		}
		if (store_cursor_get(bus->store, name, &cursor) == 0) {
			log_msg(LOG_LEVEL_NOTICE, name,
				"is not durable any more: what the store kept for it is dropped "
				"records=%llu", (unsigned long long)
				(store_last(bus->store) - cursor.lsn));
		}
		(void)store_cursor_remove(bus->store, name);
	}
}

int bus_set_durables(struct bus *bus, const struct durable_receiver *receivers, size_t count)
{
	struct list *node;
	int error = 0;

	if (bus->store == NULL) {
		return 0;
	}
	(void)pthread_mutex_lock(&bus->lock);
	list_for_each(node, &bus->durables) {
		list_entry(node, struct durable_name, node)->is_named = false;
	}
	for (size_t i = 0; i < count; i++) {
		int failed = set_name(bus, &receivers[i]);

		error = failed != 0 ? failed : error;
	}
	(void)plan_routes(bus);
	list_for_each(node, &bus->endpoints) {
		struct endpoint *endpoint = list_entry(node, struct endpoint, node);

		/* one that leaves, or has hung, makes room for its next life */
		if (endpoint->is_joined && !endpoint->is_leaving) {
			durables_joined(endpoint);
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return error;
}

void bus_drop_durables(struct bus *bus)
{
	struct list *node, *after;

	if (bus->store == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&bus->lock);
	list_for_each_safe(node, after, &bus->durables) {
		struct durable_name *durable = list_entry(node, struct durable_name, node);

		if (!durable->is_named) {
			drop_name(bus, durable);
		}
	}
	drop_cursors(bus);
	(void)plan_routes(bus);
	(void)pthread_mutex_unlock(&bus->lock);
}

void bus_ready(struct bus *bus)
{
	struct list *node;

	atomic_store_explicit(&bus->is_ready, true, memory_order_release);
	(void)pthread_mutex_lock(&bus->lock);
	list_for_each(node, &bus->endpoints) {
		struct endpoint *endpoint = list_entry(node, struct endpoint, node);

		if (endpoint->is_joined && !endpoint->is_leaving && replay_of(endpoint) != NULL) {
			task_schedule(&endpoint->data);
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
}

/* ---- looking ---- */

static void count_routes(const struct bus *bus, const char *name, struct durable_stats *stats)
{
	struct list *node;

	list_for_each(node, &bus->routes) {
		const struct route *route = list_entry(node, struct route, node);

		if (route->durable != NULL && strcmp(route->receiver->name, name) == 0) {
			stats->routes++;
			stats->behind += durable_is_behind(route->durable);
		}
	}
}

/* At the pace of the last half minute, whoever asks and how often. */
static double drain_time(const struct bus *bus, struct durable_name *durable,
			 const struct durable_stats *stats)
{
	const struct drain_mark now = drain_mark(bus, durable->how.name);
	struct drain_mark since;
	double passed, came;

	if (now.at - durable->marks[1].at >= DRAIN_SPAN) {
		durable->marks[0] = durable->marks[1];
		durable->marks[1] = now;
	}
	since = durable->marks[0];
	if (stats->is_here && stats->behind == 0) {
		return 0;
	}
	passed = (double)(now.cursor - since.cursor);
	came = (double)(now.last - since.last);
	if (passed <= came) {
		return (double)NAN;
	}
	return (double)(now.last - now.cursor) / (passed - came) *
	       (double)(now.at - since.at) / (double)EW_SECOND;
}

int bus_durables_walk(struct bus *bus,
		      int (*fn)(void *arg, const struct durable_stats *durable), void *arg)
{
	struct list *node;
	int result = 0;

	(void)pthread_mutex_lock(&bus->lock);
	list_for_each(node, &bus->durables) {
		struct durable_name *durable = list_entry(node, struct durable_name, node);
		struct durable_stats stats = {
			.name = durable->how.name,
			.is_here = durable->is_here,
			.live_first = durable->how.live_first,
		};
		struct store_cursor cursor;

		if (store_cursor_get(bus->store, stats.name, &cursor) == 0) {
			stats.cursor = cursor.lsn;
			store_backlog(bus->store, cursor.lsn, &stats.records, &stats.bytes);
		}
		count_routes(bus, stats.name, &stats);
		stats.drain = drain_time(bus, durable, &stats);
		result = fn(arg, &stats);
		if (result != 0) {
			break;
		}
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return result;
}

static int add_backlog(void *arg, const struct durable_stats *durable)
{
	struct log_stats *stats = arg;

	if (durable->bytes > stats->backlog_bytes) {
		stats->backlog_bytes = durable->bytes;
	}
	if (isnan(durable->drain) || durable->drain > stats->drain) {
		stats->drain = durable->drain;  /* once not a number, no number is more */
	}
	return 0;
}

static double a_second(uint64_t bytes, ew_dur span)
{
	return span > 0 ? (double)bytes * (double)EW_SECOND / (double)span : 0;
}

/* Of the last minute or two, whoever asks and how often. */
static double write_rate(struct bus *bus, uint64_t written)
{
	const struct log_mark now = { clock_mono(), written };
	struct log_mark since;

	(void)pthread_mutex_lock(&bus->lock);
	if (now.at - bus->log_marks[1].at >= 60 * EW_SECOND) {
		bus->log_marks[0] = bus->log_marks[1];
		bus->log_marks[1] = now;
	}
	since = bus->log_marks[0];
	(void)pthread_mutex_unlock(&bus->lock);
	return a_second(written - since.bytes, now.at - since.at);
}

int bus_log_stats(struct bus *bus, struct log_stats *stats_out)
{
	struct store_stats store;
	struct log_stats stats;

	if (bus->store == NULL) {
		return -ENOENT;
	}
	store = store_stats(bus->store);
	stats = (struct log_stats){
		.state = store.state,
		.drop = store.drop,
		.end = store.end,
		.bytes = store.bytes,
		.bytes_max = store.bytes_max,
		.oldest = store.oldest_time,
		.oldest_age = store.oldest_age,
		.rate = write_rate(bus, store.written_bytes),
		.hours_left = (double)NAN,
		.bytes_a_day = a_second(store.written_bytes, clock_mono() - bus->log_opened) *
			       86400,
		.refused = store.refused,
		.damaged = store.damaged_records,
		.last = store.last,
		.durable = store.durable,
		.disk_errors = store.disk_errors,
	};
	memcpy(stats.lost_samples, store.lost_samples, sizeof(stats.lost_samples));
	memcpy(stats.lost_events, store.lost_events, sizeof(stats.lost_events));
	(void)bus_durables_walk(bus, add_backlog, &stats);
	if (stats.rate > 0) {
		stats.hours_left = stats.bytes_max > stats.bytes ?
			(double)(stats.bytes_max - stats.bytes) / stats.rate / 3600 : 0;
	}
	*stats_out = stats;
	return 0;
}
