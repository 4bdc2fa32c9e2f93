/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples on their way to endpoints, and positions on their way back. With one
 * endpoint each batch is its own; with one a device a batch is for those that have
 * a tag in it, and settled when all of them have settled their part.
 */
#include <errno.h>

#include "modules/lwm2m/lwm2m.h"

static void batches_answer(struct lwm2m *self, uint32_t route, uint64_t position, bool refused)
{
	/* a route that ended has no positions any more; then this does nothing */
	if (refused) {
		ew_metric_add(self->inst, REFUSED, 1);
		(void)ew_dead_letter(self->inst, route, position, position,
				     "the server refused the Send");
	} else {
		(void)ew_ack(self->inst, route, position, position);
	}
}

/* Put a position off until there is room. */
static void batches_park(struct lwm2m *self, uint32_t route, uint64_t position)
{
	struct parked *last = self->parked_count == 0 ? NULL :
			      &self->parked[self->parked_count - 1];

	ew_metric_add(self->inst, PARKED, 1);
	if (last != NULL && last->route == route && last->to + 1 == position) {
		last->to++;
	} else if (self->parked_count < PARKED_MAX) {
		self->parked[self->parked_count++] = (struct parked){route, position, position};
	} else {
		/* as it cannot be remembered, it comes again at once */
		(void)ew_nack(self->inst, route, position, position, EW_REDELIVER);
	}
}

/* All that is open of it is settled. */
static void batches_close(struct lwm2m *self, struct ledger_entry *entry)
{
	const struct ledger_entry closed = *entry;

	if (closed.open > 0) {
		return;
	}
	if (closed.is_short) {
		batches_park(self, closed.route, closed.position);
		return;
	}
	ledger_close(&self->ledger, entry);
	batches_answer(self, closed.route, closed.position, closed.is_refused);
}

void batches_settle(struct endpoint *endpoint, uint32_t route, uint64_t position, bool refused)
{
	struct lwm2m *self = endpoint->module;
	struct ledger_entry *entry;

	if (!self->settings->each_device) {
		batches_answer(self, route, position, refused);
		return;
	}
	entry = ledger_find(&self->ledger, route, position);
	if (entry != NULL) {
		entry->open--;
		entry->is_refused = entry->is_refused || refused;
		batches_close(self, entry);
	}
}

void batches_unpark(struct lwm2m *self)
{
	size_t count = self->parked_count;

	for (size_t i = 0; i < self->endpoint_count && count > 0; i++) {
		const struct client *client = &self->endpoints[i]->client;

		/* one that is full would have all of it come at once, and again */
		if (!client->muted && !bulk_has_room(&client->bulk)) {
			return;
		}
	}
	self->parked_count = 0;
	for (size_t i = 0; i < count; i++) {
		/* a route that ended has nothing to deliver again */
		(void)ew_nack(self->inst, self->parked[i].route, self->parked[i].from,
			      self->parked[i].to, EW_REDELIVER);
	}
}

/* Whose tags are in it. */
static void batches_mark(struct lwm2m *self, const struct ew_batch *batch)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		self->endpoints[i]->has_part = false;
	}
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct tree_entry *entry =
			tree_index_find(&self->index, batch->samples[i].tag);

		if (entry == NULL) {
			ew_metric_add(self->inst, SKIPPED, 1);
			continue;
		}
		for (size_t j = 0; j < self->endpoint_count; j++) {
			if (&self->endpoints[j]->tree == entry->device->tree) {
				self->endpoints[j]->has_part = true;
				break;
			}
		}
	}
}

static void batches_share(struct lwm2m *self, const struct ew_batch *batch, bool must_wait,
			  ew_dur now)
{
	struct ledger_entry *entry = ledger_open(&self->ledger, batch->route, batch->position);

	if (entry == NULL) {
		batches_park(self, batch->route, batch->position);
		return;
	}
	/* nothing is settled while it is shared out: bulk_add() alone sends nothing */
	batches_mark(self, batch);
	for (size_t i = 0; i < self->endpoint_count; i++) {
		struct endpoint *endpoint = self->endpoints[i];

		if (!endpoint->has_part || ledger_has_taken(entry, endpoint->number)) {
			continue;
		}
		client_on_samples(&endpoint->client, batch, now);
		/* a device whose server wants no data would hold up all others */
		if (endpoint->client.muted) {
			continue;
		}
		if (must_wait || bulk_add(&endpoint->client.bulk, batch, now) != 0) {
			entry->is_short = true;
		} else {
			ledger_take(entry, endpoint->number);
		}
	}
	batches_close(self, entry);
	for (size_t i = 0; i < self->endpoint_count; i++) {
		if (self->endpoints[i]->has_part) {
			client_work(&self->endpoints[i]->client, now);
		}
	}
}

void batches_take(struct lwm2m *self, const struct ew_batch *batch)
{
	struct client *client = &self->endpoints[0]->client;
	/* what was put off comes first */
	bool must_wait = self->parked_count > 0 && (batch->flags & EW_BATCH_REDELIVERED) == 0;
	ew_dur now = ew_now();

	if (self->settings->each_device) {
		batches_share(self, batch, must_wait, now);
		return;
	}
	client_on_samples(client, batch, now);
	if (must_wait || bulk_add(&client->bulk, batch, now) != 0) {
		batches_park(self, batch->route, batch->position);
	}
	client_work(client, now);
}
