/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small bus of bus_world.h with a real log in a temporary folder, which is
 * written when the test says so, and one durable receiver, `sink`.
 */
#ifndef TESTS_UNIT_DURABLE_WORLD_H
#define TESTS_UNIT_DURABLE_WORLD_H

#include "tests/unit/bus_world.h"

struct disk {
	char path[64];
	struct store *store;
	struct store_config config;
};

extern struct disk disk;

/* Receivers: one that answers when the test does, and one with a view that need not. */
extern struct ew_module acking, plain;

/* For cmocka: *state is the world. */
int durable_setup(void **state);
int durable_teardown(void **state);

/* Without the log, which disk_open() gives to the bus. */
int late_setup(void **state);
void disk_open(struct world *world);

#define DURABLE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, durable_setup, durable_teardown)

void set_durables(struct world *world, const struct durable_receiver *how);

/* The sink is durable, and whoever has something to declare has come. */
void begin(struct world *world);

/* A queue of so many batches to it. */
void durable_rule(struct world *world, uint32_t batches);

struct peer *source(struct world *world, uint32_t *tag_out);
void publish_range(struct peer *src, uint32_t tag, int from, int to);

/* From the first-th sample on these came, in order, and nothing else. */
void assert_values(const struct peer *sink, size_t first, int from, int to);

/* The others do not run. */
void step_alone(const struct peer *peer);

void ack(struct peer *sink, uint64_t from, uint64_t to);
struct durable_stats durable_of(const struct world *world);

/* All gone but the log: as after a stop of the daemon and a new start. */
void restart(struct world **world);

#endif
