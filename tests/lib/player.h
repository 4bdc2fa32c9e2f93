/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A player: an endpoint of the real bus with a control lane on a loop that
 * runs in its own thread. For tests and benches that race. All functions are
 * for the main thread; they wait, at most PLAYER_PATIENCE, and abort then.
 */
#ifndef TESTS_LIB_PLAYER_H
#define TESTS_LIB_PLAYER_H

#include "core/bus/bus.h"

#define PLAYER_PATIENCE  (60 * EW_SECOND)

struct player {
	const char *name;
	struct loop *loop;
	struct post_queue control;
	struct post_queue door;         /* zeroed before the first start; stays with the loop */
	struct endpoint *endpoint;
	atomic_bool has_left;
};

/* On the bus, joined; fn(self), if any, ran on the loop between open and join. */
void player_start(struct player *player, struct bus *bus, const struct ew_module *module,
		  void (*fn)(void *self), void *self);

/* Run fn(arg) on the player's loop and wait for it. */
void player_call(struct player *player, void (*fn)(void *arg), void *arg);

/* Leave and free; keep as of endpoint_leave(). The loop must be running. */
void player_stop(struct player *player, bool keep);

/* Wait until test(arg) is true, asking again every millisecond. False: patience is over. */
bool wait_until(bool (*test)(void *arg), void *arg);

#endif
