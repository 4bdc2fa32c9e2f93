/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of an edge node: what it may say now, and what it must do next.
 * Pure: it knows no topics, payloads or clocks; whoever drives it does what the
 * returned step says.
 *
 *	OFFLINE --online--> WAITING --primary host--> BIRTH --born--> ONLINE
 *	ONLINE --rebirth--> BIRTH
 *	WAITING, BIRTH, ONLINE --leave--> LEAVING
 *	any --offline--> OFFLINE
 *
 * Without a primary host WAITING is passed through at once.
 */
#ifndef MODULES_SPARKPLUG_NODE_H
#define MODULES_SPARKPLUG_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/sparkplug/state.h"

#define NODE_STATES(X)                                                  \
	X(OFFLINE, "offline")   /* no connection */                     \
	X(WAITING, "waiting")   /* connected, the primary host is not */ \
	X(BIRTH, "birth")       /* NBIRTH and DBIRTHs are going out */  \
	X(ONLINE, "online")     /* DATA may go out */                   \
	X(LEAVING, "leaving")   /* NDEATH is out, the connection ends */

enum node_state {
#define NODE_STATE_ENUM(name, word) NODE_##name,
	NODE_STATES(NODE_STATE_ENUM)
#undef NODE_STATE_ENUM
};

enum node_step {
	NODE_STAY = 0,
	NODE_GIVE_BIRTH,        /* NBIRTH, then every DBIRTH, then node_born() */
	NODE_LEAVE              /* NDEATH if it was born, then end the connection */
};

struct node {
	enum node_state state;
	uint64_t epoch;         /* of the connection */
	bool has_primary;       /* a primary host is configured */
	bool is_born;           /* NBIRTH of this connection was begun */
	/* what the primary host said last; kept over connections */
	bool primary_known;
	bool primary_online;
	uint64_t primary_time;  /* ms */
};

void node_init(struct node *node, bool has_primary);

/* The word for a state. */
const char *node_state_name(enum node_state state);

/* Connected, subscriptions acknowledged. */
enum node_step node_online(struct node *node, uint64_t epoch);

/* The connection is gone. */
void node_offline(struct node *node);

/*
 * A STATE of the primary host. One that is older than the newest seen counts
 * for nothing; the same time counts.
 */
enum node_step node_primary(struct node *node, const struct sp_state *state);

/* Waited long enough for the primary host: as if it were online. */
enum node_step node_give_up_waiting(struct node *node);

/* Asked for by a host, or needed: NBIRTH again in the same connection. */
enum node_step node_rebirth(struct node *node);

/* All births are out. */
void node_born(struct node *node);

/* End this connection: a command, or the gateway stops. */
enum node_step node_leave(struct node *node);

#endif
