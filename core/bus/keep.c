/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches that a module keeps after the callback. On the receiver's loop. Each
 * counts against its route's bound until it is released.
 */
#include <stdlib.h>

#include "core/bus/inside.h"

struct held {
	struct delivery delivery;
	struct list node;
};

int endpoint_hold(struct endpoint *endpoint, const struct ew_batch *batch,
		  const struct ew_batch **held_out)
{
	/* core made it: the batch is the first member of a delivery */
	const struct delivery *delivery = (const struct delivery *)(const void *)batch;
	struct held *held;

	if (!ring_charge(delivery->route->ring, delivery->block->bytes)) {
		return -EAGAIN;
	}
	held = malloc(sizeof(*held));
	if (held == NULL) {
		ring_release(delivery->route->ring, delivery->block->bytes);
		return -ENOMEM;
	}
	held->delivery = *delivery;
	block_ref(held->delivery.block, 1);
	(void)route_ref(held->delivery.route);
	list_push(&endpoint->held, &held->node);
	*held_out = &held->delivery.batch;
	return 0;
}

static void held_free(struct held *held)
{
	struct route *route = held->delivery.route;

	list_remove(&held->node);
	ring_release(route->ring, held->delivery.block->bytes);
	block_unref(&held->delivery.block);
	receiver_signal(route);
	route_unref(&route);
	free(held);
}

void endpoint_release(struct endpoint *endpoint, const struct ew_batch **held_at)
{
	const struct ew_batch *batch = held_at == NULL ? NULL : *held_at;
	struct list *node;

	if (batch == NULL) {
		return;
	}
	*held_at = NULL;
	list_for_each(node, &endpoint->held) {
		struct held *held = list_entry(node, struct held, node);

		if (&held->delivery.batch == batch) {
			held_free(held);
			return;
		}
	}
	log_msg(LOG_LEVEL_ERROR, endpoint->name, "released a batch that it does not hold");
}

void held_fini(struct endpoint *receiver)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &receiver->held) {
		held_free(list_entry(node, struct held, node));
	}
}
