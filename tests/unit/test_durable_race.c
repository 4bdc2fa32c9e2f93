/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable routes on real threads: two publishers, a receiver with a small
 * queue that answers late, and all of them reload again and again. Each value
 * is a number; none may be missing, and one comes again only when the receiver
 * had not answered it.
 */
#include "tests/unit/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/store/store.h"
#include "tests/lib/player.h"

#define SOURCES  2u
#define NUMBERS  UINT64_C(20000)
#define LATE     8u             /* positions that stay open */
#define RELOADS  24

struct source {
	struct player player;
	struct task task;
	uint64_t index, next;
	uint32_t tag;
	atomic_bool is_done;
};

struct sink {
	struct player player;
	_Atomic uint64_t next[SOURCES];
	_Atomic uint64_t missing, again;
};

static struct bus *bus;
static struct store *store;
static char path[64];
static struct source sources[SOURCES];
static struct sink sink;

/* ---- the publishers ---- */

static void source_open(void *arg)
{
	struct source *self = arg;
	const struct ew_device_spec device = { .size = sizeof(device),
					       .path = self->player.name };
	const struct ew_tag_spec tag = { .size = sizeof(tag), .name = "N",
					 .type = EW_TYPE_U64 };
	uint32_t id;

	check(endpoint_device_declare(self->player.endpoint, &device, &id) == 0);
	check(endpoint_tag_declare(self->player.endpoint, id, &tag, &self->tag) == 0);
}

/* Once it has joined: before that nobody hears it. */
static void source_begin(void *arg)
{
	task_schedule(&((struct source *)arg)->task);
}

static bool source_run(struct task *task)
{
	struct source *self = container_of(task, struct source, task);

	for (int i = 0; i < 16 && self->player.endpoint != NULL && self->next < NUMBERS; i++) {
		struct ew_sample sample =
			ew_sample_u64(self->tag, 1, self->index * NUMBERS + self->next);

		check(endpoint_publish(self->player.endpoint, &sample, 1, NULL) == 0);
		self->next++;
	}
	atomic_store(&self->is_done, self->next == NUMBERS);
	return self->next < NUMBERS;
}

/* Between two lives of its endpoint it has none to publish to. */
static void source_rest(void *arg)
{
	struct source *self = arg;

	task_fini(&self->task);
	task_init(&self->task, self->player.loop, LANE_DATA, source_run);
}

static const struct ew_module source_module = { .flags = 0 };

/* ---- the receiver ---- */

static void sink_batch(void *arg, const struct ew_batch *batch)
{
	struct sink *self = arg;

	for (uint32_t i = 0; i < batch->count; i++) {
		uint64_t from = batch->samples[i].v.u / NUMBERS;
		uint64_t number = batch->samples[i].v.u % NUMBERS;
		uint64_t next = self->next[from];

		self->missing += number > next ? number - next : 0;
		self->again += number < next;
		self->next[from] = number >= next ? number + 1 : next;
	}
	if (batch->position > LATE) {
		(void)endpoint_ack(self->player.endpoint, batch->route, 1,
				   batch->position - LATE);
	}
}

static const struct ew_module sink_module = {
	.flags = EW_ACKS | EW_DURABLE, .batch = sink_batch
};

static bool all_said(void *arg)
{
	(void)arg;
	return atomic_load(&sources[0].is_done) && atomic_load(&sources[1].is_done);
}

static bool all_came(void *arg)
{
	(void)arg;
	return all_said(NULL) && sink.next[0] == NUMBERS && sink.next[1] == NUMBERS;
}

static bool some_came(void *arg)
{
	const uint64_t *goal = arg;

	return sink.next[0] + sink.next[1] >= *goal;
}

/* ---- the stage ---- */

static void on_stored(void *arg, uint64_t lsn)
{
	bus_stored(arg, lsn);
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

static void open_log(void)
{
	const struct store_listener listener = { on_stored, on_describe, bus };
	const struct store_config config = { .path = path, .sync = EW_MILLISECOND };

	(void)snprintf(path, sizeof(path), "/tmp/edgeway-race-XXXXXX");
	check(mkdtemp(path) != NULL);
	assert_int_equal(store_open(&config, &store, NULL), 0);
	store_listen(store, &listener);
	bus_set_store(bus, store);
}

static void start_source(struct source *source)
{
	player_start(&source->player, bus, &source_module, source_open, source);
	player_call(&source->player, source_begin, source);
}

static void start_loop(struct player *player, const char *name)
{
	player->name = name;
	check(loop_new(name, &player->loop) == 0 && loop_start(player->loop) == 0);
}

static void begin(void)
{
	static const char *const names[SOURCES] = { "one", "two" };
	const struct durable_receiver how = { .name = "sink" };
	const struct route_rule rule = { .to = "sink", .events = true,
					 .deadband = __builtin_nan(""), .queue_batches = 16 };

	assert_int_equal(bus_new(&bus), 0);
	open_log();
	assert_int_equal(bus_set_durables(bus, &how, 1), 0);
	assert_int_equal(bus_set_routes(bus, &rule, 1, NULL), 0);
	start_loop(&sink.player, "sink");
	for (uint64_t i = 0; i < SOURCES; i++) {
		sources[i].index = i;
		start_loop(&sources[i].player, names[i]);
		task_init(&sources[i].task, sources[i].player.loop, LANE_DATA, source_run);
		start_source(&sources[i]);
	}
	player_start(&sink.player, bus, &sink_module, NULL, &sink);
	bus_ready(bus);
}

static int remove_one(const char *name, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(name);
}

static void end(void)
{
	player_stop(&sink.player, false);
	loop_stop(sink.player.loop);
	loop_free(&sink.player.loop);
	for (size_t i = 0; i < SOURCES; i++) {
		player_call(&sources[i].player, source_rest, &sources[i]);
		player_stop(&sources[i].player, false);
		loop_stop(sources[i].player.loop);
		loop_free(&sources[i].player.loop);
	}
	store_close(&store);
	bus_free(&bus);
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void reload_source(struct source *source)
{
	player_call(&source->player, source_rest, source);
	player_stop(&source->player, true);
	start_source(source);
}

static void test_a_storm_of_reloads_misses_nothing(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < RELOADS; i++) {
		uint64_t goal = sink.next[0] + sink.next[1] + 200;

		if (goal < SOURCES * NUMBERS) {
			assert_true(wait_until(some_came, &goal));
		}
		if (i % 3 == 2) {
			reload_source(&sources[i % SOURCES]);
		} else {
			player_stop(&sink.player, true);
			player_start(&sink.player, bus, &sink_module, NULL, &sink);
		}
	}
	assert_true(wait_until(all_came, NULL));
	end();

	assert_int_equal(sink.missing, 0);
	assert_true(sink.again <= RELOADS * SOURCES * LATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_storm_of_reloads_misses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
