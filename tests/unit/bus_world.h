/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small bus for tests: peers that write down what is delivered to them, on
 * loops that the test steps, and a clock that the test sets.
 */
#ifndef TESTS_UNIT_BUS_WORLD_H
#define TESTS_UNIT_BUS_WORLD_H

#include "tests/unit/unit.h"

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
	struct ew_event last_event;     /* its text is gone */
	double last_value;
	char text[64];
	uint64_t position[64];          /* of the last batches */
	uint64_t last_position;         /* of a batch or an event */
	uint32_t route;                 /* of the last batch */
	uint32_t reason;                /* of the last gap */
	double values[4096];            /* of all samples, as they came */
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

extern const struct ew_module receiver_module;  /* with a view */
extern const struct ew_module source_module;

/* For cmocka: *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* One that is there, and has not joined. */
struct peer *come(struct world *world, const char *name, const struct ew_module *like);
struct peer *join_with(struct world *world, const char *name, const struct ew_module *like);
/* Leave; in two steps when only some loops shall run in between. */
void begin_leave(struct peer *peer, bool keep);
void end_leave(struct peer *peer);
void leave(struct world *world, struct peer *peer, bool keep);

/* Step all loops until there is nothing to do. */
void run(struct world *world);

/* Let time pass; then run. */
void pass(struct world *world, int64_t span);

uint32_t device(struct peer *peer, const char *path);
uint32_t tag_of(struct peer *peer, uint32_t device_id, const char *name, unsigned type);

/* One f64 sample of now. */
int publish(struct peer *peer, uint32_t tag, double value);

/* One rule instead of all rules; then run. */
void set_rule(struct world *world, const struct route_rule *rule);

#endif
