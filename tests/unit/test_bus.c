/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus from declaration to delivery, on loops that the test steps.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/bus/inside.h"

#define PEERS  4

struct peer {
	struct loop *loop;
	struct post_queue control;
	struct endpoint *endpoint;
	struct ew_module module;
	bool has_left;

	/* what was delivered */
	unsigned declared, updated, removed, states, tags, tags_removed, batches, events, gaps;
	unsigned synced, rooms;
	uint64_t samples, lost, lost_events, durable;
	uint32_t flags;                 /* of the last batch */
	struct ew_sample last;
	double last_value;
	char text[64];
	uint64_t position[64];          /* of the last batches */
	enum ew_state state;
	bool is_disordered;             /* a sample of a tag that it does not know */
	bool hold;
	const struct ew_batch *held;
};

struct world {
	struct bus *bus;
	struct peer peers[PEERS];
	size_t count;
	int64_t now;
};

static struct world *the_world;

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
	peer->samples += batch->count;
	peer->flags = batch->flags;
	for (uint32_t i = 0; i < batch->count; i++) {
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
	assert_non_null(event->kind);
}

static void on_gap(void *self, const struct ew_gap *gap)
{
	struct peer *peer = self;

	peer->gaps++;
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

static void on_durable(void *self, uint64_t number)
{
	((struct peer *)self)->durable = number;
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

static void run(struct world *world)
{
	int turns = 0;

	while (step(world)) {
		assert_true(++turns < 100000);
	}
}

static void pass(struct world *world, int64_t span)
{
	world->now += span;
	run(world);
}

static struct peer *join_with(struct world *world, const char *name, const struct ew_module *like)
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
	assert_int_equal(endpoint_join(peer->endpoint), 0);
	return peer;
}

static const struct ew_module receiver_module = {
	.flags = EW_NEEDS_VIEW,
	.device = on_device,
	.tag = on_tag,
	.batch = on_batch,
	.event = on_event,
	.gap = on_gap,
	.synced = on_synced,
};

static const struct ew_module source_module = { .room = on_room };

static void on_left(void *arg, struct endpoint *endpoint)
{
	struct peer *peer = arg;

	assert_ptr_equal(endpoint, peer->endpoint);
	peer->has_left = true;
}

static void leave(struct world *world, struct peer *peer, bool keep)
{
	assert_int_equal(endpoint_leave(peer->endpoint, keep, on_left, peer), 0);
	run(world);
	assert_true(peer->has_left);
	endpoint_free(&peer->endpoint);
	post_queue_fini(&peer->control);
	loop_free(&peer->loop);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->now = 1000000000;
	source.arg = world;
	clock_set_source(&source);
	assert_int_equal(bus_new(&world->bus), 0);
	the_world = world;
	*state = world;
	return 0;
}

static int teardown(void **state)
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

static uint32_t device(struct peer *peer, const char *path)
{
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = path };
	uint32_t id = 0;

	assert_int_equal(endpoint_device_declare(peer->endpoint, &spec, &id), 0);
	return id;
}

static uint32_t tag_of(struct peer *peer, uint32_t device_id, const char *name, unsigned type)
{
	const struct ew_tag_spec spec = { .size = sizeof(spec), .name = name, .type = type };
	uint32_t id = 0;

	assert_int_equal(endpoint_tag_declare(peer->endpoint, device_id, &spec, &id), 0);
	return id;
}

static int publish(struct peer *peer, uint32_t tag, double value)
{
	struct ew_sample sample = ew_sample_f64(tag, 0, value);

	return endpoint_publish(peer->endpoint, &sample, 1, NULL);
}

static void set_rule(struct world *world, const struct route_rule *rule)
{
	assert_int_equal(bus_set_routes(world->bus, rule, 1, NULL), 0);
	run(world);
}

/* ---- refusals ---- */

static void test_a_sample_of_an_undeclared_tag_is_refused(void **state)
{
	struct peer *source_peer = join_with(*state, "src", &source_module);

	assert_int_equal(publish(source_peer, 77, 1), -ENOENT);
	assert_int_equal(publish(source_peer, PAGE_IDS_MAX + 5, 1), -ENOENT);
}

static void test_a_sample_of_anothers_tag_is_refused(void **state)
{
	struct peer *one = join_with(*state, "one", &source_module);
	struct peer *two = join_with(*state, "two", &source_module);
	uint32_t tag = tag_of(one, device(one, "d"), "t", EW_TYPE_F64);

	assert_int_equal(publish(two, tag, 1), -EPERM);
}

static void test_a_wrong_carrier_refuses_the_whole_batch(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	uint32_t tag = tag_of(peer, device(peer, "d"), "t", EW_TYPE_F64);
	struct ew_sample samples[2] = { ew_sample_f64(tag, 0, 1), ew_sample_i64(tag, 0, 1) };
	struct ew_sample sample;

	assert_int_equal(endpoint_publish(peer->endpoint, samples, 2, NULL), -EINVAL);
	assert_int_equal(endpoint_publish(peer->endpoint, samples, 0, NULL), -EINVAL);
	assert_int_equal(bus_read(the_world->bus, tag, &sample, NULL, 0), -ENODATA);
}

static void test_a_text_longer_than_max_bytes_is_refused(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	uint32_t tag = tag_of(peer, device(peer, "d"), "t", EW_TYPE_TEXT);
	char text[300] = { 'x' };
	struct ew_sample sample = ew_sample_text(tag, 0, text, 257);

	assert_int_equal(endpoint_publish(peer->endpoint, &sample, 1, NULL), -EMSGSIZE);
}

static void test_a_device_of_another_instance_is_refused(void **state)
{
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = "d" };
	struct peer *one = join_with(*state, "one", &source_module);
	struct peer *two = join_with(*state, "two", &source_module);
	uint32_t id = device(one, "d");
	uint32_t other = 0;

	assert_int_equal(endpoint_device_declare(two->endpoint, &spec, &other), -EEXIST);
	assert_int_equal(endpoint_device_state(two->endpoint, id, EW_DEVICE_UP, NULL), -EPERM);
	assert_int_equal(endpoint_device_remove(two->endpoint, id), -EPERM);
	assert_int_equal(other, 0);
}

static void test_impossible_names_are_refused(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	static const char *const paths[] = { "", "a+b", "a#", "a*", "a:b", "a\nb", "\xff" };
	uint32_t id;

	for (size_t i = 0; i < array_count(paths); i++) {
		const struct ew_device_spec spec = { .size = sizeof(spec), .path = paths[i] };

		assert_int_equal(endpoint_device_declare(peer->endpoint, &spec, &id), -EINVAL);
	}
}

/* ---- order and state ---- */

static void test_a_receiver_learns_what_was_there_before_it(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	uint32_t dev = device(src, "pump-1");
	uint32_t tag = tag_of(src, dev, "Speed", EW_TYPE_F64);
	struct peer *sink;

	(void)tag_of(src, dev, "Silent", EW_TYPE_F64);
	assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, NULL), 0);
	assert_int_equal(publish(src, tag, 42), 0);
	sink = join_with(*state, "sink", &receiver_module);
	run(*state);

	assert_int_equal(sink->declared, 1);
	assert_int_equal(sink->state, EW_DEVICE_UP);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(sink->samples, 1);
	assert_true(sink->flags == EW_BATCH_INITIAL);
	assert_true(sink->last_value == 42);
	assert_int_equal(sink->synced, 1);
	assert_int_equal(sink->gaps, 0);
}

static void test_live_samples_follow_their_declaration(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct ew_sample view;
	uint32_t tag;

	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->tags, 1);
	assert_int_equal(sink->samples, 10);
	assert_false(sink->is_disordered);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
	assert_true(view.v.f == 9);
}

static void test_a_removed_tag_is_forgotten_and_keeps_its_id(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev, tag;
	struct ew_sample sample;

	run(*state);
	dev = device(src, "d");
	tag = tag_of(src, dev, "t", EW_TYPE_F64);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(endpoint_tag_remove(src->endpoint, tag), 0);
	run(*state);

	assert_int_equal(sink->tags_removed, 1);
	assert_null(endpoint_tag(sink->endpoint, tag));
	assert_int_equal(publish(src, tag, 1), -ENOENT);
	assert_int_equal(bus_read(the_world->bus, tag, &sample, NULL, 0), -ENOENT);
	assert_int_equal(tag_of(src, dev, "t", EW_TYPE_F64), tag);
	run(*state);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), -ENODATA);
}

static void test_a_device_says_its_state_once(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev = device(src, "d");

	run(*state);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, "x"), 0);
	}
	run(*state);

	assert_int_equal(sink->states, 1);
	assert_string_equal(endpoint_device(sink->endpoint, dev)->reason, "x");
}

static void test_text_reaches_image_view_and_receiver(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_TEXT);
	struct ew_sample sample = ew_sample_text(tag, 0, "running", 7);
	char buffer[16] = "";

	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);

	assert_string_equal(sink->text, "running");
	assert_int_equal(bus_read(the_world->bus, tag, &sample, buffer, sizeof(buffer)), 0);
	assert_int_equal(sample.v.x.size, 7);
	assert_memory_equal(buffer, "running", 7);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), 0);
	assert_memory_equal(sample.v.x.at, "running", 7);
}

static void test_historical_samples_touch_neither_image_nor_view(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	struct ew_sample sample = ew_sample_f64(tag, 5, 1);

	run(*state);
	sample.flags = EW_HISTORICAL;
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);

	assert_int_equal(sink->samples, 1);
	assert_int_equal(bus_read(the_world->bus, tag, &sample, NULL, 0), -ENODATA);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), -ENODATA);
}

static void test_a_scaled_tag_is_f64_in_engineering_units(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct ew_tag_spec spec = { .size = sizeof(spec), .name = "t", .type = EW_TYPE_U16,
					  .scale = 0.1, .offset = 1, .low = 0, .high = 10,
					  .clamp = true };
	struct ew_sample sample;
	uint32_t tag;

	assert_int_equal(endpoint_tag_declare(src->endpoint, device(src, "d"), &spec, &tag), 0);
	sample = ew_sample_u64(tag, 0, 50);
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);
	assert_true(sink->last_value == 6);
	assert_int_equal(endpoint_tag(sink->endpoint, tag)->carrier, EW_F64);

	sample.v.u = 5000;
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);
	assert_true(sink->last_value == 10);
	assert_int_equal(sink->last.quality, EW_UNCERTAIN | EW_REASON_OUT_OF_RANGE);
}

static void test_events_move_in_order(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct ew_event event = { .size = sizeof(event), .kind = "alarm.raised", .body = "{}" };

	run(*state);
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	event.kind = "";
	assert_int_equal(endpoint_event(src->endpoint, &event), -EINVAL);
	run(*state);

	assert_int_equal(sink->events, 1);
}

/* ---- loss ---- */

static void small_queue(struct world *world, enum route_full full)
{
	const struct route_rule rule = { .to = "sink", .full = full, .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = 4 };

	set_rule(world, &rule);
}

static void test_dropping_the_oldest_is_told_in_its_place(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;

	small_queue(*state, ROUTE_DROP_OLDEST);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->samples + sink->lost, 100);
	assert_int_equal(sink->gaps, 1);
	assert_int_equal(sink->samples, 4);
	assert_true(sink->last_value == 99);
	assert_int_equal(sink->position[0], 97);
}

static void test_dropping_the_newest_ends_with_the_last_value(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;

	small_queue(*state, ROUTE_DROP_NEWEST);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->lost, 96);
	assert_int_equal(sink->samples, 5);
	assert_true(sink->flags == EW_BATCH_RESYNC);
	assert_true(sink->last_value == 99);
}

static void test_a_lost_declaration_is_made_good_by_a_snapshot(void **state)
{
	static const enum route_full policies[] = { ROUTE_DROP_OLDEST, ROUTE_DROP_NEWEST };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);

	for (size_t p = 0; p < array_count(policies); p++) {
		char path[16], name[16];
		uint32_t dev, tag = 0;

		small_queue(*state, policies[p]);
		snprintf(path, sizeof(path), "d%zu", p);
		dev = device(src, path);
		for (int i = 0; i < 50; i++) {
			snprintf(name, sizeof(name), "t%d", i);
			tag = tag_of(src, dev, name, EW_TYPE_F64);
			assert_int_equal(publish(src, tag, i), 0);
		}
		run(*state);
		assert_int_equal(sink->tags, 50 * (p + 1));
		assert_false(sink->is_disordered);
		for (int i = 0; i < 50; i++) {
			struct ew_sample view;

			snprintf(name, sizeof(name), "t%d", i);
			tag = bus_find_tag(the_world->bus, dev, name);
			assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
			assert_true(view.v.f == i);
		}
	}
}

static void test_lost_events_are_counted(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct ew_event event = { .size = sizeof(event), .kind = "k" };

	small_queue(*state, ROUTE_DROP_NEWEST);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	}
	run(*state);

	assert_int_equal(sink->events + sink->lost_events, 10);
	assert_true(sink->lost_events > 0);
}

static void test_a_blocking_route_refuses_and_calls_back(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag;
	int taken = 0;

	small_queue(*state, ROUTE_BLOCK);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	while (publish(src, tag, taken) == 0) {
		taken++;
	}
	assert_int_equal(taken, 4);
	assert_int_equal(publish(src, tag, 0), -EAGAIN);
	assert_int_equal(src->rooms, 0);
	run(*state);

	assert_int_equal(src->rooms, 1);
	assert_int_equal(sink->samples, 4);
	assert_int_equal(sink->lost, 0);
	assert_int_equal(publish(src, tag, 5), 0);
}

static void test_a_held_batch_counts_against_the_bound(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .deadband = __builtin_nan(""),
					 .queue_bytes = 1500, .full = ROUTE_BLOCK };
	uint32_t tag;

	set_rule(*state, &rule);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	sink->hold = true;
	assert_int_equal(publish(src, tag, 1), 0);
	run(*state);
	assert_non_null(sink->held);
	assert_true(sink->held->samples[0].v.f == 1);
	assert_int_equal(publish(src, tag, 2), 0);
	assert_int_equal(publish(src, tag, 3), -EAGAIN);
	endpoint_release(sink->endpoint, &sink->held);
	assert_null(sink->held);
	run(*state);
	assert_int_equal(publish(src, tag, 3), 0);
}

/* ---- routes ---- */

static void test_a_route_shows_only_what_its_patterns_name(void **state)
{
	static const char *const patterns[] = { "pump-*:Speed" };
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .tags = patterns, .tag_count = 1,
					 .deadband = __builtin_nan("") };
	uint32_t dev = device(src, "pump-1");
	uint32_t speed = tag_of(src, dev, "Speed", EW_TYPE_F64);
	uint32_t other = tag_of(src, dev, "Other", EW_TYPE_F64);

	(void)device(src, "tank-1");
	run(*state);
	assert_int_equal(sink->tags, 2);
	set_rule(*state, &rule);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->removed, 1);
	assert_null(endpoint_tag(sink->endpoint, other));
	assert_int_equal(publish(src, other, 1), 0);
	assert_int_equal(publish(src, speed, 2), 0);
	run(*state);
	assert_int_equal(sink->samples, 1);

	/* and back: the value that it did not see comes with the tag */
	assert_int_equal(bus_set_routes(the_world->bus, NULL, 0, NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 3);
	assert_int_equal(sink->samples, 2);
	assert_true(sink->last_value == 1);
	assert_int_equal(sink->gaps, 0);
}

static void test_exception_reports_changes_beyond_the_deadband(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .report = ROUTE_REPORT_EXCEPTION,
					 .deadband = 0.5, .max_age = 10 * EW_SECOND };
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	set_rule(*state, &rule);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(publish(src, tag, 1.4), 0);
	assert_int_equal(publish(src, tag, 1.6), 0);
	run(*state);
	assert_int_equal(sink->samples, 2);
	pass(*state, 11 * EW_SECOND);
	assert_int_equal(publish(src, tag, 1.6), 0);
	run(*state);
	assert_int_equal(sink->samples, 3);
}

static void test_min_interval_sends_the_last_value_when_it_is_over(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct route_rule rule = { .to = "sink", .deadband = __builtin_nan(""),
					 .min_interval = EW_SECOND };
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	set_rule(*state, &rule);
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);
	assert_int_equal(sink->samples, 1);
	pass(*state, EW_SECOND);
	assert_int_equal(sink->samples, 2);
	assert_true(sink->last_value == 5);
	pass(*state, 5 * EW_SECOND);
	assert_int_equal(sink->samples, 2);
}

static void test_a_module_that_wants_gets_only_that(void **state)
{
	struct ew_module wanting = receiver_module;
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink;
	uint32_t dev = device(src, "d");

	wanting.flags |= EW_WANTS_ONLY;
	sink = join_with(*state, "sink", &wanting);
	(void)tag_of(src, dev, "a", EW_TYPE_F64);
	(void)tag_of(src, dev, "b", EW_TYPE_F64);
	run(*state);
	assert_int_equal(sink->tags, 0);
	assert_int_equal(endpoint_want(sink->endpoint, "d:", NULL), -EINVAL);
	assert_int_equal(endpoint_want(sink->endpoint, "d:a", NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 1);
	assert_int_equal(endpoint_want(sink->endpoint, "d:b", NULL), 0);
	run(*state);
	assert_int_equal(sink->tags, 2);
}

/* ---- positions ---- */

static uint32_t route_id;

static int find_route_id(void *arg, const struct route_stats *route)
{
	if (strcmp(route->to, arg) == 0) {
		route_id = route->id;
	}
	return 0;
}

static void test_positions_are_answered_in_any_order(void **state)
{
	struct ew_module acking = receiver_module;
	struct ew_module asking = source_module;
	struct peer *src, *sink;
	uint32_t tag;

	acking.flags = EW_ACKS;
	asking.durable = on_durable;
	src = join_with(*state, "src", &asking);
	sink = join_with(*state, "sink", &acking);
	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);
	(void)bus_routes_walk(the_world->bus, find_route_id, (void *)(uintptr_t)"sink");
	assert_int_equal(sink->batches, 4);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 5, 5), -EINVAL);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 2, 1), -EINVAL);
	assert_int_equal(endpoint_ack(sink->endpoint, 999, 1, 1), -ENOENT);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 2, 3), 0);
	run(*state);
	assert_int_equal(src->durable, 0);
	assert_int_equal(endpoint_ack(sink->endpoint, route_id, 1, 1), 0);
	run(*state);
	assert_int_equal(src->durable, 3);
	assert_int_equal(endpoint_nack(sink->endpoint, route_id, 4, 4, EW_REDELIVER), 0);
	run(*state);
	assert_int_equal(sink->batches, 5);
	assert_true(sink->flags == EW_BATCH_REDELIVERED);
	assert_true(sink->last_value == 3);
	assert_int_equal(endpoint_nack(sink->endpoint, route_id, 4, 4, EW_DEAD_LETTER), 0);
	run(*state);
	assert_int_equal(src->durable, 4);
}

/* ---- leaving ---- */

static void test_a_source_that_leaves_takes_its_devices_along(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	run(*state);
	assert_int_equal(publish(src, tag, 7), 0);
	leave(*state, src, false);
	assert_int_equal(sink->samples, 1);
	assert_int_equal(sink->removed, 1);
	assert_int_equal(sink->tags_removed, 1);
}

static void test_a_source_that_reloads_keeps_its_ids(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev = device(src, "d");
	uint32_t tag = tag_of(src, dev, "t", EW_TYPE_F64);
	struct peer *again;

	(void)tag_of(src, dev, "gone", EW_TYPE_F64);
	(void)device(src, "gone");
	assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, NULL), 0);
	assert_int_equal(publish(src, tag, 7), 0);
	run(*state);
	leave(*state, src, true);
	assert_int_equal(sink->state, EW_DEVICE_DOWN);
	assert_int_equal(sink->removed, 0);

	again = join_with(*state, "src", &source_module);
	assert_int_equal(device(again, "d"), dev);
	assert_int_equal(tag_of(again, dev, "t", EW_TYPE_F64), tag);
	endpoint_settle(again->endpoint);
	assert_int_equal(publish(again, tag, 8), 0);
	run(*state);
	assert_int_equal(sink->removed, 1);
	assert_int_equal(sink->tags_removed, 1);
	assert_int_equal(sink->declared, 2);
	assert_true(sink->last_value == 8);
	assert_int_equal(sink->gaps, 0);
}

static void test_what_a_name_kept_can_be_forgotten(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct bus_stats stats;

	(void)tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	run(*state);
	leave(*state, src, true);
	bus_forget(the_world->bus, "src");
	run(*state);

	assert_int_equal(sink->removed, 1);
	bus_stats(the_world->bus, &stats);
	assert_int_equal(stats.devices, 0);
	assert_int_equal(stats.tags, 0);
}

static void test_a_receiver_that_leaves_hinders_nobody(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct peer *other = join_with(*state, "other", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);

	run(*state);
	assert_int_equal(publish(src, tag, 1), 0);
	leave(*state, sink, false);
	assert_int_equal(publish(src, tag, 2), 0);
	run(*state);
	assert_int_equal(other->samples, 2);
	assert_int_equal(other->gaps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_a_sample_of_an_undeclared_tag_is_refused),
		T(test_a_sample_of_anothers_tag_is_refused),
		T(test_a_wrong_carrier_refuses_the_whole_batch),
		T(test_a_text_longer_than_max_bytes_is_refused),
		T(test_a_device_of_another_instance_is_refused),
		T(test_impossible_names_are_refused),
		T(test_a_receiver_learns_what_was_there_before_it),
		T(test_live_samples_follow_their_declaration),
		T(test_a_removed_tag_is_forgotten_and_keeps_its_id),
		T(test_a_device_says_its_state_once),
		T(test_text_reaches_image_view_and_receiver),
		T(test_historical_samples_touch_neither_image_nor_view),
		T(test_a_scaled_tag_is_f64_in_engineering_units),
		T(test_events_move_in_order),
		T(test_dropping_the_oldest_is_told_in_its_place),
		T(test_dropping_the_newest_ends_with_the_last_value),
		T(test_a_lost_declaration_is_made_good_by_a_snapshot),
		T(test_lost_events_are_counted),
		T(test_a_blocking_route_refuses_and_calls_back),
		T(test_a_held_batch_counts_against_the_bound),
		T(test_a_route_shows_only_what_its_patterns_name),
		T(test_exception_reports_changes_beyond_the_deadband),
		T(test_min_interval_sends_the_last_value_when_it_is_over),
		T(test_a_module_that_wants_gets_only_that),
		T(test_positions_are_answered_in_any_order),
		T(test_a_source_that_leaves_takes_its_devices_along),
		T(test_a_source_that_reloads_keeps_its_ids),
		T(test_what_a_name_kept_can_be_forgotten),
		T(test_a_receiver_that_leaves_hinders_nobody),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
