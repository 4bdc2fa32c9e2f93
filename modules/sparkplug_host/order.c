/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a node's messages. One that comes before its turn waits, in a
 * list by its distance from the expected one; when the missing one does not
 * come in time, those that wait go on without it, since what they say is true
 * all the same, and the node is asked for its births.
 */
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug_host/machine.h"

struct held {
	struct held *next;
	uint8_t seq;
	enum sp_verb verb;
	size_t device_size, payload_size;
	uint8_t bytes[];        /* device, payload */
};

static size_t held_size(const struct held *held)
{
	return sizeof(*held) + held->device_size + held->payload_size;
}

static struct held *order_take(struct machine *machine, struct model_node *node)
{
	struct held *held = node->held;

	node->held = held->next;
	node->held_count--;
	machine->held_bytes -= held_size(held);
	return held;
}

static void order_let(struct machine *machine, struct model_node *node)
{
	struct held *held = order_take(machine, node);
	const struct machine_turn turn = {
		.verb = held->verb,
		.device = { held->bytes, held->device_size },
		.payload = { held->bytes + held->device_size, held->payload_size },
	};

	node->expected = (uint8_t)(held->seq + 1);
	machine_take(machine, node, &turn);
	free(held);
}

static bool order_is_next(const struct model_node *node)
{
	return node->held != NULL && node->held->seq == node->expected;
}

void order_begin(struct machine *machine, struct model_node *node, uint8_t seq)
{
	while (node->held != NULL) {
		free(order_take(machine, node));
	}
	node->held_until = 0;
	node->expected = (uint8_t)(seq + 1);
}

/* The missing one has not come. */
static void order_give_up(struct machine *machine, struct model_node *node)
{
	node->held_until = 0;
	node->gaps++;
	machine_count(machine, MACHINE_COUNT_GAPS, 1);
	while (node->held != NULL) {
		order_let(machine, node);
	}
	machine_ask(machine, node, MACHINE_GAP);
}

static void order_hold(struct machine *machine, struct model_node *node,
		       const struct machine_turn *turn, uint8_t seq)
{
	size_t size = sizeof(struct held) + turn->device.size + turn->payload.size;
	uint8_t distance = (uint8_t)(seq - node->expected);
	struct held **at = &node->held;
	struct held *held = NULL;

	if (node->held_count < machine->settings.reorder_messages &&
	    machine->held_bytes + size <= machine->settings.reorder_bytes) {
		held = malloc(size);
	}
	if (held == NULL) {
		machine_count(machine, MACHINE_COUNT_DROP_HELD, 1);
		return;
	}
	held->seq = seq;
	held->verb = turn->verb;
	held->device_size = turn->device.size;
	held->payload_size = turn->payload.size;
	if (turn->device.size > 0) {
		memcpy(held->bytes, turn->device.at, turn->device.size);
	}
	memcpy(held->bytes + turn->device.size, turn->payload.at, turn->payload.size);
	while (*at != NULL && (uint8_t)((*at)->seq - node->expected) <= distance) {
		at = &(*at)->next;
	}
	held->next = *at;
	*at = held;
	node->held_count++;
	machine->held_bytes += size;
	machine_count(machine, MACHINE_COUNT_REORDERED, 1);
}

void order_hear(struct machine *machine, struct model_node *node, const struct machine_turn *turn,
		uint8_t seq)
{
	if (seq != node->expected) {
		if (machine->settings.reorder_timeout == 0) {
			node->gaps++;
			machine_count(machine, MACHINE_COUNT_GAPS, 1);
			node->expected = (uint8_t)(seq + 1);
			machine_take(machine, node, turn);
			machine_ask(machine, node, MACHINE_GAP);
			return;
		}
		if (node->held_until == 0) {
			node->held_until = machine->now + machine->settings.reorder_timeout;
			machine_want(machine, node->held_until);
		}
		order_hold(machine, node, turn, seq);
		return;
	}
	node->expected++;
	machine_take(machine, node, turn);
	while (order_is_next(node)) {
		order_let(machine, node);
	}
	if (node->held == NULL) {
		node->held_until = 0;
	}
}

void order_tick(struct machine *machine, struct model_node *node)
{
	if (node->held_until == 0) {
		return;
	}
	if (machine->now >= node->held_until) {
		order_give_up(machine, node);
	} else {
		machine_want(machine, node->held_until);
	}
}
