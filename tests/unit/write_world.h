/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for tests of writes: peers on loops that the test steps, a
 * clock that the test sets, an audit log in memory.
 */
#ifndef TESTS_UNIT_WRITE_WORLD_H
#define TESTS_UNIT_WRITE_WORLD_H

#include "core/bus/inside.h"

#define MS  INT64_C(1000000)
#define WORLD_LOOPS  3
#define WORLD_PEERS  8
#define WORLD_LINES  64

struct peer {
	struct endpoint endpoint;
	struct ew_module module;
	struct post_queue control;
	uint32_t device;

	/* as an owner: the last write, kept unless `reply` says to answer at once */
	bool replies;
	struct ew_write_status reply;
	struct ew_write *open;
	unsigned writes;
	struct ew_sample items[EW_WRITE_ITEMS_MAX];
	char item_text[64];
	size_t item_count;
	enum ew_write_op op;
	unsigned priority;
	char origin[64], remote[64];

	/* as a requester: the last answer */
	unsigned answers;
	uint64_t token;
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];
	char text[200];
};

struct line {
	char what[16], origin[32], remote[32], target[64], value[64], result[16], text[200];
	size_t items;
	unsigned priority;
};

struct world {
	struct bus bus;
	struct loop *loops[WORLD_LOOPS];
	struct peer *peers[WORLD_PEERS];
	size_t peer_count;
	struct line lines[WORLD_LINES];
	size_t line_count;
	int64_t now;
};

/* For cmocka's setup and teardown: *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

/* A peer on loops[loop], with a control lane of `limit` posts. */
struct peer *world_join(struct world *world, const char *name, size_t loop, unsigned limit);

/* It leaves, as endpoint_leave() has it; its posts are dropped. */
void world_leave(struct world *world, struct peer *peer);

/* The spec of a writable f64, 0 to 100. */
struct ew_tag_spec world_spec(const char *name);

/* On the peer's device `NAME-device`. */
uint32_t world_declare(struct world *world, struct peer *peer, const struct ew_tag_spec *spec);

/* Let everybody write everything, up to priority 14. */
void world_allow_all(struct world *world);

/* Step one loop, or all until nothing is left to do. */
void world_step(struct world *world, size_t loop);
void world_run(struct world *world);

/* Let time pass; then run. */
void world_pass(struct world *world, int64_t span);

/* A request for one value; fields may be changed before world_write(). */
struct ew_write_request world_request(const struct ew_sample *item);

#endif
