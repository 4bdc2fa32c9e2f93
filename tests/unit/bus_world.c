/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers and their clock.
 */
#include "tests/unit/bus_world.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

static int64_t world_now(void *arg)
{
	return ((struct world *)arg)->now;
}

static struct clock_source source = { .mono = world_now, .utc = world_now };

/* ---- a module that writes down what it gets ---- */

static void on_device(void *self, enum ew_change change, const struct ew_device_info *device)
{
	struct peer *peer = self;

	peer->declared += change == EW_DECLARED;
	peer->updated += change == EW_UPDATED;
	peer->removed += change == EW_REMOVED;
	peer->states += change == EW_STATE_CHANGED;
	peer->state = device->state;
}

static void on_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	struct peer *peer = self;

	assert_non_null(tag->spec.name);
	peer->tags += change == EW_DECLARED;
	peer->tags_removed += change == EW_REMOVED;
}

static void on_batch(void *self, const struct ew_batch *batch)
{
	struct peer *peer = self;

	peer->position[peer->batches % 64] = batch->position;
	peer->batches++;
	peer->route = batch->route;
	peer->last_position = batch->position;
	peer->flags = batch->flags;
	for (uint32_t i = 0; i < batch->count; i++) {
		peer->values[peer->samples++ % array_count(peer->values)] =
			batch->samples[i].v.f;
		peer->last = batch->samples[i];
		peer->last_value = batch->samples[i].v.f;
		peer->is_disordered |= endpoint_tag(peer->endpoint, batch->samples[i].tag) == NULL;
		if (batch->samples[i].type == EW_TEXT) {
			memcpy(peer->text, batch->samples[i].v.x.at, batch->samples[i].v.x.size);
			peer->text[batch->samples[i].v.x.size] = '\0';
		}
	}
	if (peer->hold) {
		peer->hold = false;
		assert_int_equal(endpoint_hold(peer->endpoint, batch, &peer->held), 0);
	}
}

static void on_event(void *self, const struct ew_event *event)
{
	struct peer *peer = self;

	peer->events++;
	peer->last_event = *event;
	peer->last_position = event->position;
	assert_non_null(event->kind);
}

static void on_gap(void *self, const struct ew_gap *gap)
{
	struct peer *peer = self;

	peer->gaps++;
	peer->reason = gap->reason;
	peer->lost += gap->samples;
	peer->lost_events += gap->events;
}

static void on_synced(void *self, uint32_t route)
{
	struct peer *peer = self;

	assert_int_not_equal(route, 0);
	peer->synced++;
}

static void on_room(void *self)
{
	((struct peer *)self)->rooms++;
}

/* ---- the world ---- */

static bool step(struct world *world)
{
	bool did = false;

	for (size_t i = 0; i < world->count; i++) {
		if (world->peers[i].loop != NULL) {
			did |= loop_step(world->peers[i].loop);
		}
	}
	return did;
}

void run(struct world *world)
{
	int turns = 0;

	while (step(world)) {
		assert_true(++turns < 100000);
	}
}

void pass(struct world *world, int64_t span)
{
	world->now += span;
	run(world);
}

struct peer *come(struct world *world, const char *name, const struct ew_module *like)
{
	struct peer *peer = &world->peers[world->count++];
	struct endpoint_config config = { .name = name, .module = &peer->module };

	assert_true(world->count <= PEERS);
	memset(peer, 0, sizeof(*peer));
	peer->module = *like;
	assert_int_equal(loop_new(name, &peer->loop), 0);
	post_queue_init(&peer->control, peer->loop, 1000);
	config.loop = peer->loop;
	config.control = &peer->control;
	assert_int_equal(endpoint_new(world->bus, &config, &peer->endpoint), 0);
	endpoint_set_self(peer->endpoint, peer);
	return peer;
}

struct peer *join_with(struct world *world, const char *name, const struct ew_module *like)
{
	struct peer *peer = come(world, name, like);

	assert_int_equal(endpoint_join(peer->endpoint), 0);
	return peer;
}

const struct ew_module receiver_module = {
	.flags = EW_NEEDS_VIEW,
	.device = on_device,
	.tag = on_tag,
	.batch = on_batch,
	.event = on_event,
	.gap = on_gap,
	.synced = on_synced,
};

const struct ew_module source_module = { .room = on_room };

static void on_left(void *arg, struct endpoint *endpoint)
{
	struct peer *peer = arg;

	assert_ptr_equal(endpoint, peer->endpoint);
	peer->has_left = true;
}

void begin_leave(struct peer *peer, bool keep)
{
	assert_int_equal(endpoint_leave(peer->endpoint, keep, on_left, peer), 0);
}

void end_leave(struct peer *peer)
{
	assert_true(peer->has_left);
	endpoint_free(&peer->endpoint);
	post_queue_fini(&peer->control);
	loop_free(&peer->loop);
}

void leave(struct world *world, struct peer *peer, bool keep)
{
	begin_leave(peer, keep);
	run(world);
	end_leave(peer);
}

int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->now = 1000000000;
	source.arg = world;
	clock_set_source(&source);
	assert_int_equal(bus_new(&world->bus), 0);
	*state = world;
	return 0;
}

int world_teardown(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < world->count; i++) {
		if (world->peers[i].endpoint != NULL) {
			leave(world, &world->peers[i], false);
		}
	}
	bus_free(&world->bus);
	clock_set_source(NULL);
	free(world);
	return 0;
}

uint32_t device(struct peer *peer, const char *path)
{
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = path };
	uint32_t id = 0;

	assert_int_equal(endpoint_device_declare(peer->endpoint, &spec, &id), 0);
	return id;
}

uint32_t tag_of(struct peer *peer, uint32_t device_id, const char *name, unsigned type)
{
	const struct ew_tag_spec spec = { .size = sizeof(spec), .name = name, .type = type };
	uint32_t id = 0;

	assert_int_equal(endpoint_tag_declare(peer->endpoint, device_id, &spec, &id), 0);
	return id;
}

int publish(struct peer *peer, uint32_t tag, double value)
{
	struct ew_sample sample = ew_sample_f64(tag, 0, value);

	return endpoint_publish(peer->endpoint, &sample, 1, NULL);
}

void set_rule(struct world *world, const struct route_rule *rule)
{
	assert_int_equal(bus_set_routes(world->bus, rule, 1, NULL), 0);
	run(world);
}
