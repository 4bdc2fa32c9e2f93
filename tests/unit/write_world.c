/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tests/unit/write_world.h"

static int64_t world_clock(void *arg)
{
	return ((struct world *)arg)->now;
}

static struct clock_source source = { world_clock, world_clock, NULL };

static void keep_line(void *arg, const struct audit_record *record)
{
	struct world *world = arg;
	struct line *line = &world->lines[world->line_count++ % WORLD_LINES];

	(void)snprintf(line->what, sizeof(line->what), "%s", record->what);
	(void)snprintf(line->origin, sizeof(line->origin), "%s", record->origin);
	(void)snprintf(line->remote, sizeof(line->remote), "%s", record->remote);
	(void)snprintf(line->target, sizeof(line->target), "%s", record->target);
	(void)snprintf(line->value, sizeof(line->value), "%s", record->value);
	(void)snprintf(line->result, sizeof(line->result), "%s", record->result);
	(void)snprintf(line->text, sizeof(line->text), "%s", record->text);
	line->items = record->items;
	line->priority = record->priority;
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct bus *bus = &world->bus;

	world->now = 1000 * MS;
	source.arg = world;
	clock_set_source(&source);
	assert_int_equal(registry_init(&bus->registry), 0);
	(void)pthread_mutex_init(&bus->lock, NULL);
	(void)pthread_mutex_init(&bus->access_lock, NULL);
	bus->magic = BUS_MAGIC;
	bus->audit = keep_line;
	bus->audit_arg = world;
	for (size_t i = 0; i < WORLD_LOOPS; i++) {
		assert_int_equal(loop_new("test", &world->loops[i]), 0);
	}
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;

	while (world->peer_count > 0) {
		world_leave(world, world->peers[world->peer_count - 1]);
	}
	for (size_t i = 0; i < WORLD_LOOPS; i++) {
		loop_free(&world->loops[i]);
	}
	access_unref(&world->bus.access);
	registry_fini(&world->bus.registry);
	clock_set_source(NULL);
	free(world);
	return 0;
}

/* ---- a peer's module ---- */

static void keep_write(void *self, struct ew_write *write)
{
	struct peer *peer = self;
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];

	peer->writes++;
	peer->op = write->op;
	peer->priority = write->priority;
	peer->item_count = write->count;
	memcpy(peer->items, write->items, write->count * sizeof(*write->items));
	if (ew_sample_has_bytes(&write->items[0])) {
		(void)snprintf(peer->item_text, sizeof(peer->item_text), "%.*s",
			       (int)write->items[0].v.x.size,
			       (const char *)write->items[0].v.x.at);
	}
	(void)snprintf(peer->origin, sizeof(peer->origin), "%s", write->origin);
	(void)snprintf(peer->remote, sizeof(peer->remote), "%s", write->remote);
	if (!peer->replies) {
		peer->open = write;
		return;
	}
	for (size_t i = 0; i < write->count; i++) {
		status[i] = peer->reply;
	}
	assert_int_equal(endpoint_write_done(&peer->endpoint, &write, status), 0);
	assert_null(write);
}

static void keep_answer(void *self, const struct ew_write_answer *answer)
{
	struct peer *peer = self;

	peer->answers++;
	peer->token = answer->token;
	memcpy(peer->status, answer->status, answer->count * sizeof(*answer->status));
	(void)snprintf(peer->text, sizeof(peer->text), "%s", answer->text);
}

/* ---- peers ---- */

static void declare_device(struct world *world, struct peer *peer)
{
	char path[64];
	const char *other;
	struct registry_change change;
	struct ew_device_info info = {
		.reason = "",
		.owner = peer->endpoint.name,
		.spec = { .size = sizeof(info.spec), .path = path },
	};

	(void)snprintf(path, sizeof(path), "%s-device", peer->endpoint.name);
	assert_int_equal(registry_declare_device(&world->bus.registry, peer->endpoint.owner,
						 &info, &change, &other), 0);
	peer->device = change.id;
}

struct peer *world_join(struct world *world, const char *name, size_t loop, unsigned limit)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct endpoint *endpoint = &peer->endpoint;

	peer->module.write = keep_write;
	peer->module.answered = keep_answer;
	post_queue_init(&peer->control, world->loops[loop], limit);
	endpoint->magic = ENDPOINT_MAGIC;
	endpoint->bus = &world->bus;
	endpoint->name = strdup(name);
	endpoint->module = &peer->module;
	endpoint->self = peer;
	endpoint->config.loop = world->loops[loop];
	endpoint->config.control = &peer->control;
	endpoint->owner = registry_owner(&world->bus.registry, name);
	assert_non_null(endpoint->owner);
	writes_init(endpoint);
	endpoint->takes_writes = true;
	endpoint->owner->endpoint = endpoint;
	declare_device(world, peer);
	world->peers[world->peer_count++] = peer;
	return peer;
}

void world_leave(struct world *world, struct peer *peer)
{
	struct endpoint *endpoint = &peer->endpoint;

	writes_leave(endpoint);
	(void)pthread_rwlock_wrlock(&endpoint->owner->signal_lock);
	endpoint->owner->endpoint = NULL;
	(void)pthread_rwlock_unlock(&endpoint->owner->signal_lock);
	post_queue_fini(&peer->control);
	for (size_t i = 0; i < world->peer_count; i++) {
		if (world->peers[i] == peer) {
			world->peers[i] = world->peers[--world->peer_count];
			break;
		}
	}
	free(endpoint->name);
	free(peer);
}

struct ew_tag_spec world_spec(const char *name)
{
	return (struct ew_tag_spec){
		.size = sizeof(struct ew_tag_spec),
		.name = name,
		.type = EW_TYPE_F64,
		.access = EW_ACCESS_READ | EW_ACCESS_WRITE,
		.high = 100,
	};
}

uint32_t world_declare(struct world *world, struct peer *peer, const struct ew_tag_spec *spec)
{
	struct registry *registry = &world->bus.registry;
	struct registry_change change;
	struct ew_tag_info info = {
		.device = peer->device,
		.carrier = ew_type_carrier(spec->type),
		.spec = *spec,
	};

	if (spec->scale != 0 || spec->offset != 0) {
		info.carrier = EW_F64;
	}
	assert_int_equal(registry_declare_tag(registry, registry_device(registry, peer->device),
					      &info, &change), 0);
	return change.id;
}

void world_allow_all(struct world *world)
{
	static const char *const everything[] = { "**" };
	struct access_rule rules[WORLD_PEERS];

	for (size_t i = 0; i < world->peer_count; i++) {
		rules[i] = (struct access_rule){
			.who = world->peers[i]->endpoint.name,
			.write = everything,
			.write_count = 1,
			.execute = true,
			.low = NAN,
			.high = NAN,
			.priority_max = 14,
		};
	}
	assert_int_equal(bus_set_access(&world->bus, rules, world->peer_count, NULL), 0);
}

void world_step(struct world *world, size_t loop)
{
	while (loop_step(world->loops[loop])) {
	}
}

void world_run(struct world *world)
{
	bool ran = true;

	while (ran) {
		ran = false;
		for (size_t i = 0; i < WORLD_LOOPS; i++) {
			ran = loop_step(world->loops[i]) || ran;
		}
	}
}

void world_pass(struct world *world, int64_t span)
{
	world->now += span;
	world_run(world);
}

struct ew_write_request world_request(const struct ew_sample *item)
{
	return (struct ew_write_request){
		.size = sizeof(struct ew_write_request),
		.items = item,
		.count = 1,
		.priority = EW_PRIORITY_RULE,
		.token = 7,
	};
}
