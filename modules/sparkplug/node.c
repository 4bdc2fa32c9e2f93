/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/node.h"

#include <stddef.h>

static const char *const node_names[] = {
#define NODE_STATE_NAME(name, word) word,
	NODE_STATES(NODE_STATE_NAME)
#undef NODE_STATE_NAME
};

void node_init(struct node *node, bool has_primary)
{
	*node = (struct node){ .state = NODE_OFFLINE, .has_primary = has_primary };
}

const char *node_state_name(enum node_state state)
{
	return node_names[state];
}

static enum node_step node_begin_birth(struct node *node)
{
	node->state = NODE_BIRTH;
	node->is_born = true;
	return NODE_GIVE_BIRTH;
}

/*
 * What the primary said on another server does not say where it is now: its
 * retained STATE comes with the subscription.
 */
enum node_step node_online(struct node *node, uint64_t epoch)
{
	if (node->state != NODE_OFFLINE) {
		return NODE_STAY;
	}
	node->epoch = epoch;
	node->is_born = false;
	node->state = NODE_WAITING;
	return !node->has_primary || node->primary_online ? node_begin_birth(node) : NODE_STAY;
}

void node_offline(struct node *node)
{
	node->state = NODE_OFFLINE;
	node->is_born = false;
	node->primary_online = false;
}

enum node_step node_primary(struct node *node, const struct sp_state *state)
{
	if (!node->has_primary ||
	    (node->primary_known && state->timestamp < node->primary_time)) {
		return NODE_STAY;
	}
	node->primary_known = true;
	node->primary_time = state->timestamp;
	node->primary_online = state->online;
	switch (node->state) {
	case NODE_WAITING:
		return state->online ? node_begin_birth(node) : NODE_STAY;
	case NODE_BIRTH:
	case NODE_ONLINE:
		return state->online ? NODE_STAY : node_leave(node);
	case NODE_OFFLINE:
	case NODE_LEAVING:
		break;
	}
	return NODE_STAY;
}

enum node_step node_give_up_waiting(struct node *node)
{
	return node->state == NODE_WAITING ? node_begin_birth(node) : NODE_STAY;
}

enum node_step node_rebirth(struct node *node)
{
	switch (node->state) {
	case NODE_BIRTH:
	case NODE_ONLINE:
		return node_begin_birth(node);
	case NODE_OFFLINE:
	case NODE_WAITING:
	case NODE_LEAVING:
		break;
	}
	return NODE_STAY;
}

void node_born(struct node *node)
{
	if (node->state == NODE_BIRTH) {
		node->state = NODE_ONLINE;
	}
}

enum node_step node_leave(struct node *node)
{
	switch (node->state) {
	case NODE_WAITING:
	case NODE_BIRTH:
	case NODE_ONLINE:
		node->state = NODE_LEAVING;
		return NODE_LEAVE;
	case NODE_OFFLINE:
	case NODE_LEAVING:
		break;
	}
	return NODE_STAY;
}
