/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk data: see bulk.h. */
#include "modules/lwm2m/bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BULK_BATCHES  256u      /* not settled: core delivers no more of a route from 1024 on */
#define ANSWER_TIME  (60 * INT64_C(1000000000))         /* ns until a Send is sent again */

int bulk_init(struct bulk *bulk, const struct bulk_settings *settings, const struct bulk_ops *ops,
	      const struct tree *tree, uint32_t token)
{
	memset(bulk, 0, sizeof(*bulk));
	bulk->settings = *settings;
	bulk->ops = *ops;
	bulk->tree = tree;
	bulk->token = token;
	for (size_t i = 0; i < settings->window; i++) {
		bulk->packs[i].room = malloc(settings->bytes);
		if (bulk->packs[i].room == NULL) {
			bulk_fini(bulk);
			return -ENOMEM;
		}
	}
	return 0;
}

void bulk_fini(struct bulk *bulk)
{
	for (size_t i = 0; i < BULK_WINDOW_MAX; i++) {
		free(bulk->packs[i].room);
	}
	free(bulk->batches);
	memset(bulk, 0, sizeof(*bulk));         /* what is held goes with the instance */
}

static struct bulk_pack *bulk_pack_at(struct bulk *bulk, size_t index)
{
	return &bulk->packs[(bulk->first + index) % bulk->settings.window];
}

static struct bulk_batch *bulk_batch_at(const struct bulk *bulk, size_t index)
{
	return &bulk->batches[(bulk->batch_first + index) % bulk->batch_room];
}

/* Room for one more batch that is not settled. */
static int bulk_batch_room(struct bulk *bulk)
{
	size_t room = bulk->batch_room == 0 ? 64 : bulk->batch_room * 2;
	struct bulk_batch *batches;

	if (bulk->batch_count < bulk->batch_room) {
		return 0;
	}
	batches = malloc(room * sizeof(*batches));
	if (batches == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < bulk->batch_count; i++) {
		batches[i] = *bulk_batch_at(bulk, i);
	}
	free(bulk->batches);
	bulk->batches = batches;
	bulk->batch_first = 0;
	bulk->batch_room = room;
	return 0;
}

bool bulk_has_room(const struct bulk *bulk)
{
	size_t last = (bulk->first + bulk->used + bulk->settings.window - 1) %
		      bulk->settings.window;

	return bulk->held == NULL &&
	       (bulk->used < bulk->settings.window || bulk->packs[last].state == BULK_FILLING);
}

/* The pack that takes records now; NULL: the window is full. */
static struct bulk_pack *bulk_filling(struct bulk *bulk, ew_dur now)
{
	struct lwm2m_target target = {.room = bulk->settings.bytes, .series = true};
	struct bulk_pack *pack;

	if (bulk->used > 0) {
		pack = bulk_pack_at(bulk, bulk->used - 1);
		if (pack->state == BULK_FILLING) {
			return pack;
		}
	}
	if (bulk->used == bulk->settings.window) {
		return NULL;
	}
	pack = bulk_pack_at(bulk, bulk->used);
	target.bytes = pack->room;
	if (lwm2m_encoder_begin(&pack->encoder, LWM2M_CONTENT_SENML_CBOR, &target) != 0) {
		return NULL;
	}
	bulk->used++;
	pack->state = BULK_FILLING;
	pack->records = 0;
	pack->begun = now;
	pack->upto = bulk->last_number;
	return pack;
}

static void bulk_close(struct bulk *bulk, struct bulk_pack *pack)
{
	if (pack->records == 0) {       /* only samples that nobody can be told of */
		pack->state = BULK_DONE;
		return;
	}
	/* it has records, so it has an end */
	if (lwm2m_encoder_end(&pack->encoder, &pack->payload, &pack->size) != 0) {
		pack->state = BULK_REFUSED;
		return;
	}
	pack->token = bulk->token;
	bulk->token += 2;
	pack->state = BULK_READY;
}

/* True: the sample is dealt with; false: it needs another pack. */
static bool bulk_put(struct bulk *bulk, struct bulk_pack *pack, const struct ew_sample *sample)
{
	const struct tree_entry *entry = tree_entry_of(bulk->tree, sample->tag);
	struct lwm2m_record record;

	if (entry == NULL || !ipso_from_sample(&entry->place, sample, &record.value)) {
		bulk->skipped++;
		return true;
	}
	if (pack->records == bulk->settings.records) {
		return false;
	}
	record.path = tree_path(entry);
	record.time = sample->time;
	if (lwm2m_encoder_push(&pack->encoder, &record) != 0) {
		return false;
	}
	pack->records++;
	bulk->records++;
	return true;
}

/* Put a batch from a sample on. False: the window is full; *from tells how far it came. */
static bool bulk_gather(struct bulk *bulk, const struct ew_batch *batch, uint32_t *from,
			ew_dur now)
{
	struct bulk_pack *pack;

	while ((pack = bulk_filling(bulk, now)) != NULL) {
		while (*from < batch->count && bulk_put(bulk, pack, &batch->samples[*from])) {
			(*from)++;
		}
		if (*from == batch->count) {
			bulk->batch_count++;
			*bulk_batch_at(bulk, bulk->batch_count - 1) = (struct bulk_batch){
				.route = batch->route, .position = batch->position,
				.number = ++bulk->last_number,
			};
			pack->upto = bulk->last_number;
			return true;
		}
		bulk_close(bulk, pack);
	}
	return false;
}

int bulk_add(struct bulk *bulk, const struct ew_batch *batch, ew_dur now)
{
	uint32_t from = 0;
	int rc;

	if (!bulk_has_room(bulk)) {
		return -EAGAIN;
	}
	rc = bulk_batch_room(bulk);
	if (rc != 0 || bulk_gather(bulk, batch, &from, now)) {
		return rc;
	}
	rc = bulk->ops.hold(bulk->ops.arg, batch, &bulk->held);
	bulk->held_from = from;
	return rc;
}

/* Let go of the oldest packs that are answered, and of what they carried. */
static void bulk_settle(struct bulk *bulk)
{
	while (bulk->used > 0) {
		struct bulk_pack *pack = bulk_pack_at(bulk, 0);

		if (pack->state != BULK_DONE && pack->state != BULK_REFUSED) {
			return;
		}
		while (bulk->batch_count > 0 && bulk_batch_at(bulk, 0)->number <= pack->upto) {
			struct bulk_batch batch = *bulk_batch_at(bulk, 0);

			bulk->batch_first = (bulk->batch_first + 1) % bulk->batch_room;
			bulk->batch_count--;
			bulk->ops.settle(bulk->ops.arg, batch.route, batch.position,
					 pack->state == BULK_REFUSED);
		}
		pack->state = BULK_FREE;
		bulk->first = (bulk->first + 1) % bulk->settings.window;
		bulk->used--;
	}
}

void bulk_work(struct bulk *bulk, ew_dur now, bool may)
{
	struct bulk_pack *last;

	if (bulk->held != NULL && bulk_batch_room(bulk) == 0 &&
	    bulk_gather(bulk, bulk->held, &bulk->held_from, now)) {
		bulk->ops.release(bulk->ops.arg, &bulk->held);
	}
	last = bulk->used == 0 ? NULL : bulk_pack_at(bulk, bulk->used - 1);
	if (last != NULL && last->state == BULK_FILLING &&
	    (last->records == 0 || last->records == bulk->settings.records ||
	     bulk->batch_count >= BULK_BATCHES ||
	     now >= last->begun + bulk->settings.delay)) {
		bulk_close(bulk, last);
	}
	for (size_t i = 0; may && i < bulk->used; i++) {
		struct bulk_pack *pack = bulk_pack_at(bulk, i);

		if (pack->state == BULK_SENT && now >= pack->sent + ANSWER_TIME) {
			pack->state = BULK_READY;
		}
		if (pack->state == BULK_READY) {
			int rc = bulk->ops.send(bulk->ops.send_arg, pack->token, pack->payload,
						pack->size);

			if (rc != 0 && rc != -EMSGSIZE) {
				break;          /* in order, or not at all */
			}
			/* what can never leave must not hold up the rest */
			pack->state = rc == 0 ? BULK_SENT : BULK_REFUSED;
			pack->sent = now;
		}
	}
	bulk_settle(bulk);
}

bool bulk_answered(struct bulk *bulk, uint64_t token, bool refused)
{
	for (size_t i = 0; i < bulk->used; i++) {
		struct bulk_pack *pack = bulk_pack_at(bulk, i);

		if (pack->state == BULK_SENT && pack->token == token) {
			pack->state = refused ? BULK_REFUSED : BULK_DONE;
			bulk_settle(bulk);
			return true;
		}
	}
	return false;
}

uint32_t bulk_oldest(const struct bulk *bulk)
{
	for (size_t i = 0; i < bulk->used; i++) {
		const struct bulk_pack *pack =
			&bulk->packs[(bulk->first + i) % bulk->settings.window];

		if (pack->state == BULK_SENT) {
			return pack->token;
		}
	}
	return 0;
}

void bulk_again(struct bulk *bulk)
{
	for (size_t i = 0; i < bulk->used; i++) {
		struct bulk_pack *pack = bulk_pack_at(bulk, i);

		if (pack->state == BULK_SENT) {
			pack->state = BULK_READY;
		}
	}
}

void bulk_drop(struct bulk *bulk)
{
	const struct ew_batch *held = bulk->held;

	for (size_t i = 0; i < bulk->used; i++) {
		bulk_pack_at(bulk, i)->state = BULK_REFUSED;
	}
	bulk_settle(bulk);
	if (held != NULL) {
		bulk->ops.settle(bulk->ops.arg, held->route, held->position, true);
		bulk->ops.release(bulk->ops.arg, &bulk->held);
	}
}

ew_dur bulk_due(const struct bulk *bulk)
{
	ew_dur due = INT64_MAX;

	for (size_t i = 0; i < bulk->used; i++) {
		const struct bulk_pack *pack =
			&bulk->packs[(bulk->first + i) % bulk->settings.window];
		ew_dur at = pack->state == BULK_FILLING ? pack->begun + bulk->settings.delay :
			    pack->state == BULK_SENT ? pack->sent + ANSWER_TIME : INT64_MAX;

		due = at < due ? at : due;
	}
	return due;
}

bool bulk_is_idle(const struct bulk *bulk)
{
	return bulk->batch_count == 0 && bulk->held == NULL;
}
