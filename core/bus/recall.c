/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record of the log to a delivery, on the receiver's loop: whose it
 * is, what of it the route shows, which ids its tags have today. A tag that
 * the receiver does not know is declared to it first: as it is now, or, when
 * nobody declares it any more, as the log describes it.
 */
#include <string.h>

#include "core/bus/replay.h"

/*
 * store_known.mark: what was found out of a tag, so that it is asked once.
 * Bits 0-31 its id, 32-35 the rule, then flags, then the receiver's count of
 * forgotten tags when the id was looked up: ids of forgotten tags may be
 * another's by now.
 */
#define KNOWN_JUDGED    (UINT64_C(1) << 36)
#define KNOWN_PASSES    (UINT64_C(1) << 37)
#define KNOWN_RULE(m)   ((unsigned)((m) >> 32) & 0xfu)
#define KNOWN_SINCE     40

static uint64_t forgotten_bits(const struct endpoint *receiver)
{
	return (uint64_t)receiver->tags_forgotten << KNOWN_SINCE;
}

/* ---- whose ---- */

static struct owner *find_owner(struct replay *replay, const char *name)
{
	struct recalled_owner *cell =
		&replay->owners[(uintptr_t)name / 16 & (RECALLED_OWNERS - 1)];

	if (cell->name != name || cell->owner == NULL) {
		cell->name = name;
		cell->owner = registry_owner(&replay->receiver->bus->registry, name);
	}
	return cell->owner;
}

/* A gap stands before its lsn: what it took may be all of a span. */
static bool wants(const struct route *route, const struct store_item *item)
{
	const struct durable *durable = route->durable;

	for (uint32_t i = 0; i < durable->span_count; i++) {
		if (durable->spans[i].next <= item->lsn &&
		    (item->lsn <= durable->spans[i].to || item->kind == STORE_GAP)) {
			return true;
		}
	}
	return false;
}

static struct route *find_wanting(const struct replay *replay, const struct owner *owner,
				  const struct store_item *item)
{
	struct list *node;

	list_for_each(node, &replay->receiver->received) {
		struct route *route = list_entry(node, struct route, received);

		if (route->durable != NULL && route->owner == owner && wants(route, item)) {
			return route;
		}
	}
	return NULL;
}

/* The route that a record is for; NULL: none shows it. -ENOMEM: not known. */
static int find_route(struct replay *replay, const struct store_item *item,
		      struct route **route_out)
{
	struct owner *owner = find_owner(replay, item->owner);
	struct route *route;
	int planned = 0;

	if (owner == NULL) {
		return -ENOMEM;
	}
	route = find_wanting(replay, owner, item);
	if (route == NULL) {
		planned = plan_orphan(replay->receiver, owner);
	}
	if (planned < 0) {
		return planned;
	}
	*route_out = planned > 0 ? find_wanting(replay, owner, item) : route;
	return 0;
}

/* ---- tags ---- */

static const struct tag_version *known_version(const struct endpoint *receiver, uint32_t tag)
{
	const struct seen *seen = page_table_find(&receiver->seen_tags, tag);

	return seen == NULL ? NULL : seen->version;
}

/* Make the tag known to the receiver, under the id it has today; EW_NO_ID: there is none left. */
static int recall_tag(struct route *route, const struct store_tag *tag, uint32_t *id_out)
{
	struct endpoint *receiver = route->receiver;
	struct recalled recalled;
	int error = registry_recall(&receiver->bus->registry, route->owner, tag, &recalled);

	*id_out = EW_NO_ID;
	if (error == 0) {
		*id_out = recalled.tag->info.id;
		error = seen_recalled(receiver, &recalled);
	}
	return error == -EMSGSIZE ? 0 : error;
}

static void judge(const struct route *route, struct store_known *known)
{
	int rule = filter_match_tag(route->durable->filter, known->tag.device, known->tag.name);

	known->mark = KNOWN_JUDGED;
	if (rule >= 0) {
		known->mark |= KNOWN_PASSES | (uint64_t)rule << 32;
	}
}

/* Find out the mark of a tag. -ENOMEM. */
static int know_tag(struct route *route, struct store_known *known)
{
	struct endpoint *receiver = route->receiver;
	uint32_t id = (uint32_t)known->mark;
	int error = 0;

	if ((known->mark & KNOWN_JUDGED) == 0) {
		judge(route, known);
	}
	if ((known->mark & KNOWN_PASSES) == 0) {
		return 0;
	}
	if (id == EW_NO_ID || known->mark >> KNOWN_SINCE != receiver->tags_forgotten) {
		error = recall_tag(route, &known->tag, &id);
		known->mark = (known->mark & (KNOWN_JUDGED | KNOWN_PASSES |
					      UINT64_C(0xf) << 32)) |
			      forgotten_bits(receiver) | (error == 0 ? id : EW_NO_ID);
	}
	return error;
}

/* The tag has another carrier today. False: there is no way from one to the other. */
static bool convert(struct ew_sample *sample, enum ew_carrier carrier)
{
	double number;

	if (sample->type == EW_NONE || sample->type == carrier) {
		return true;
	}
	if (ew_sample_has_bytes(sample) || carrier == EW_TEXT || carrier == EW_BYTES) {
		return false;
	}
	number = sample->type == EW_F64 ? sample->v.f :
		 sample->type == EW_BOOL ? sample->v.b :
		 sample->type == EW_I64 ? (double)sample->v.i : (double)sample->v.u;
	sample->type = (uint8_t)carrier;
	sample->v.raw[0] = 0;
	switch (carrier) {
	case EW_F64:
		sample->v.f = number;
		return true;
	case EW_I64:
		sample->v.i = (int64_t)number;
		return number >= -0x1p63 && number < 0x1p63;
	case EW_U64:
		sample->v.u = (uint64_t)number;
		return number >= 0 && number < 0x1p64;
	default:
		sample->v.b = number != 0;
		return true;
	}
}

/* ---- samples ---- */

/* What became of the samples of a record. */
struct selection {
	uint32_t passing;
	uint32_t kept_back;             /* by the filter */
	uint32_t retyped;               /* no way to today's datatype */
	uint32_t unknown;               /* no id is left for the tag */
	size_t text_bytes;
};

static void select_sample(struct route *route, const struct store_item *item, uint32_t index,
			  struct selection *selection)
{
	struct ew_sample *sample = &item->samples.at[index];
	struct store_known *known = &item->samples.known[sample->tag];
	uint32_t id = (uint32_t)known->mark;
	const struct tag_version *version = known_version(route->receiver, id);

	sample->tag = id;
	if ((known->mark & KNOWN_PASSES) == 0) {
		selection->kept_back++;
	} else if (version == NULL) {
		selection->unknown++;
	} else if (!convert(sample, version->info.carrier)) {
		selection->retyped++;
	} else if (!report_recalled(route, KNOWN_RULE(known->mark), version, sample)) {
		selection->kept_back++;
	} else {
		selection->text_bytes += ew_sample_has_bytes(sample) ? sample->v.x.size : 0;
		item->samples.at[selection->passing++] = *sample;
	}
}

static size_t samples_bytes(const struct selection *selection)
{
	return selection->passing * sizeof(struct ew_sample) + selection->text_bytes;
}

/*
 * All that takes memory, before anything is said or changed: the tags are known, and
 * there is a block for what may pass. -ENOMEM.
 */
static int prepare_samples(struct replay *replay, struct route *route,
			   const struct store_item *item, struct block **block_out)
{
	struct selection most = { 0 };

	for (uint32_t i = 0; i < item->samples.count; i++) {
		const struct ew_sample *sample = &item->samples.at[i];
		struct store_known *known = &item->samples.known[sample->tag];
		int error = know_tag(route, known);

		if (error != 0) {
			return error;
		}
		if ((known->mark & KNOWN_PASSES) != 0) {
			most.passing++;
			most.text_bytes += ew_sample_has_bytes(sample) ? sample->v.x.size : 0;
		}
	}
	if (most.passing > 0) {
		*block_out = block_take(replay->pool, BLOCK_SAMPLES, samples_bytes(&most));
	}
	return most.passing > 0 && *block_out == NULL ? -ENOMEM : 0;
}

/* The passing samples stand at the front, with the ids of today. */
static void fill_block(const struct replay *replay, const struct store_item *item,
		       const struct selection *selection, struct block *block)
{
	uint32_t count = selection->passing;
	struct ew_sample *to = block_samples(block);
	unsigned char *text = block->body + count * sizeof(*to);

	memcpy(to, item->samples.at, count * sizeof(*to));
	for (uint32_t i = 0; i < count; i++) {
		if (replay_is_live_first(replay)) {
			to[i].flags |= EW_HISTORICAL;
		}
		if (ew_sample_has_bytes(&to[i])) {
			memcpy(text, to[i].v.x.at, to[i].v.x.size);
			to[i].v.x.at = text;
			text += to[i].v.x.size;
		}
	}
	block->count = count;
}

/* ---- events ---- */

static size_t event_bytes(const struct block *block)
{
	return sizeof(struct ew_event) + block->count;
}

static struct block *stored_event(const struct replay *replay, const struct store_item *item)
{
	struct block *block = publish_event_block(replay->pool, &item->event.event);

	if (block != NULL && item->event.device != NULL) {
		block_event(block)->device =
			bus_find_device(replay->receiver->bus, item->event.device);
	}
	return block;
}

/* ---- items ---- */

static enum ew_gap_reason reason_of(enum store_loss why)
{
	return why == STORE_LOST_DAMAGED ? EW_GAP_DAMAGED : EW_GAP_RETENTION;
}

static bool has_room(const struct route *route)
{
	return (route->window == NULL || window_has_room(route->window)) &&
	       (route->durable->bytes == 0 ||
		route->durable->bytes < ring_limit_bytes(route->ring));
}

static void deliver_block(struct route *route, struct block *block,
			  const struct store_item *item)
{
	block->flags = EW_BATCH_STORED;
	block->number = item->number;
	block->stamped = item->is_this_boot ? item->stamped : 0;
	block->lsn_from = item->lsn;
	block->lsn = item->lsn;
	route->durable->bytes += block->bytes;
	receiver_deliver_stored(route, block);
}

static int prepare(struct replay *replay, struct route *route, const struct store_item *item,
		   struct block **block_out)
{
	if (item->kind == STORE_SAMPLES) {
		return prepare_samples(replay, route, item, block_out);
	}
	if (route->durable->filter->events) {
		*block_out = stored_event(replay, item);
	}
	return route->durable->filter->events && *block_out == NULL ? -ENOMEM : 0;
}

static void deliver_event(struct replay *replay, struct route *route,
			  const struct store_item *item, struct block *block)
{
	if (block != NULL) {
		drain_count(replay, event_bytes(block));
		deliver_block(route, block, item);
	}
}

static void deliver_samples(struct replay *replay, struct route *route,
			    const struct store_item *item, struct block *block)
{
	struct selection selection = { 0 };

	for (uint32_t i = 0; i < item->samples.count; i++) {
		select_sample(route, item, i, &selection);
	}
	atomic_fetch_add_explicit(&route->filtered, selection.kept_back, memory_order_relaxed);
	if (selection.unknown > 0) {
		receiver_tell_gap(route, EW_GAP_NO_MEMORY, selection.unknown, 0);
	}
	if (selection.retyped > 0) {
		receiver_tell_gap(route, EW_GAP_RETYPED, selection.retyped, 0);
	}
	if (selection.passing > 0) {
		fill_block(replay, item, &selection, block);
		drain_count(replay, samples_bytes(&selection));
		deliver_block(route, block, item);
	} else {
		block_unref(&block);
	}
}

enum recall recall_item(struct replay *replay, const struct store_item *item)
{
	struct route *route = NULL;
	struct block *block = NULL;

	if (item->kind != STORE_ENTRY && find_route(replay, item, &route) != 0) {
		return RECALL_NO_MEMORY;
	}
	if (route == NULL) {
		return RECALL_DONE;
	}
	if (item->kind == STORE_GAP) {
		receiver_tell_gap(route, reason_of(item->gap.why), item->gap.samples,
				  item->gap.events);
		return RECALL_DONE;
	}
	if (!has_room(route) || receiver_must_wait(route) ||
	    replay_is_past(replay, item->lsn, item->lsn)) {
		return RECALL_NO_ROOM;
	}
	if (!drain_may(replay)) {
		return RECALL_TOO_FAST;
	}
	if (prepare(replay, route, item, &block) != 0) {
		return RECALL_NO_MEMORY;
	}
	while (receiver_redeliver(route)) {
	}
	if (item->kind == STORE_EVENT) {
		deliver_event(replay, route, item, block);
	} else {
		deliver_samples(replay, route, item, block);
	}
	return RECALL_DONE;
}
