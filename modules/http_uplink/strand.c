/* SPDX-License-Identifier: Apache-2.0 */
/* Strands: see strand.h. */
#include "modules/http_uplink/strand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/request.h"
#include "modules/http_uplink/retry.h"
#include "modules/http_uplink/split.h"

#define NO_MEMORY_WAIT  EW_SECOND
#define AFTER_MAX  (3600 * EW_SECOND)   /* a server that asks for more is asked again */
#define TOO_LARGE  413
#define MOST_FLOOR  16384u      /* bytes that a body may always have */
#define PRESSED  256u           /* open positions that make a pile due before its time */
#define CROWDED  512u           /* half of what a route gives */

static void strand_enter(struct strand *strand, enum strand_state next)
{
	static const unsigned char edges[] = {
		[STRAND_IDLE] = 1u << STRAND_SENDING | 1u << STRAND_WAITING,
		[STRAND_SENDING] = 1u << STRAND_IDLE,
		[STRAND_WAITING] = 1u << STRAND_IDLE,
	};
	double sending = (next == STRAND_SENDING) - (strand->state == STRAND_SENDING);

	if ((edges[strand->state] & 1u << next) == 0) {
		abort();
	}
	strand->state = next;
	ew_metric_add(strand->uplink->inst, METRIC_IN_FLIGHT, sending);
}

static void strand_wait(struct strand *strand, ew_dur until)
{
	strand->due = until;
	strand_enter(strand, STRAND_WAITING);
}

/* The first parcel is settled. refused: why the server does not take it, or NULL. */
static void strand_pop(struct strand *strand, struct lane *lane, const char *refused)
{
	struct parcel *parcel = lane_shift(lane, strand->uplink->inst);

	parcel_settle(parcel, refused);
	if (!parcel->is_gzip && strand->spare.room < parcel->content.body.room) {
		bytes_free(&strand->spare);
		strand->spare = parcel->content.body;
		bytes_cut(&strand->spare, 0);
		parcel->content.body = (struct bytes){0};
	}
	parcel_free(&parcel);
	receipts_answer(&strand->uplink->receipts);
}

/* ---- piles ---- */

static void strand_unlist(struct strand *strand, struct pile *pile)
{
	if (pile->is_open) {
		TAILQ_REMOVE(&strand->piles, pile, next);
		pile->is_open = false;
	}
}

static int strand_level(const struct settings *settings)
{
	return settings->compression == COMPRESSION_GZIP ? (int)settings->compression_level : 0;
}

/* -ENOMEM: the pile stays. */
static int strand_close_pile(struct strand *strand, struct pile *pile)
{
	const struct http_uplink *uplink = strand->uplink;
	const struct settings *settings = uplink->settings;
	const struct closing closing = {
		.format = (enum encode_format)settings->format,
		.level = strand_level(settings),
		.sender = uplink->sender,
		.device = pile->device != NULL ? pile->device->path : NULL,
		.type = pile->device != NULL ? pile->device->type : NULL,
	};
	struct lane *lane = lanes_make(&strand->lanes, pile);
	struct parcel *parcel;
	int error = lane == NULL ? -ENOMEM : pile_close(pile, &closing, &parcel);

	if (error != 0 && lane != NULL) {
		lanes_drop(&strand->lanes, lane);
	}
	if (error == 0) {
		strand_unlist(strand, pile);
		lane_push(lane, uplink->inst, parcel);
		if (pile == &strand->pile && pile->content.body.room == 0) {
			pile->content.body = strand->spare;
			strand->spare = (struct bytes){0};
		}
	}
	return error;
}

void strand_grown(struct strand *strand, struct pile *pile)
{
	const struct batch_settings *batch = &strand->uplink->settings->batch;
	size_t learned = strand->uplink->most_bytes;
	size_t most = learned != 0 && learned < batch->bytes ? learned : batch->bytes;

	if (!pile->is_open) {
		pile->is_open = true;
		pile->opened = ew_now();
		TAILQ_INSERT_TAIL(&strand->piles, pile, next);
	}
	if ((pile->content.records >= batch->records || pile->content.body.size >= most) &&
	    strand_close_pile(strand, pile) == 0) {
		strand_pump(strand);
	}
}

static void strand_give_back(struct strand *strand, struct pile *pile)
{
	strand_unlist(strand, pile);
	pile_give_back(pile);
	receipts_answer(&strand->uplink->receipts);
}

void strand_close_piles(struct strand *strand)
{
	struct pile *pile;

	while ((pile = TAILQ_FIRST(&strand->piles)) != NULL) {
		if (strand_close_pile(strand, pile) != 0) {
			strand_give_back(strand, pile);
		}
	}
}

void strand_remove_pile(struct strand *strand, struct pile **pile_at)
{
	struct pile *pile = *pile_at;

	if (pile == NULL) {
		return;
	}
	*pile_at = NULL;
	if (pile->is_open && strand_close_pile(strand, pile) != 0) {
		strand_give_back(strand, pile);
	}
	if (pile->lane != NULL) {
		struct lane *lane = pile->lane;

		lane->pile = NULL;
		lanes_drop(&strand->lanes, lane);
	}
	pile_free(pile);
	free(pile);
}

/* ---- sending ---- */

static bool strand_is_due(const struct strand *strand, const struct pile *pile)
{
	const struct http_uplink *uplink = strand->uplink;

	/* a route gives only so many batches that are not answered */
	return uplink->is_stopping || uplink->receipts.open >= PRESSED ||
	       ew_now() >= pile->opened + uplink->settings->batch.delay;
}

/* So much is open that the others will not get any more: what fails alone must go. */
static bool strand_is_pressed(const struct http_uplink *uplink)
{
	return receipts_most(&uplink->receipts) >= CROWDED;
}

/* It is what this lane sends, not the server: that takes what the others send. */
static bool strand_is_alone(const struct http_uplink *uplink, const struct lane *lane)
{
	if (!lane_is_odd(lane, uplink->taken_at)) {
		return false;
	}
	for (size_t i = 0; i < uplink->strand_count; i++) {
		if (lanes_fail_since(&uplink->strands[i].lanes, uplink->taken_at)) {
			return false;
		}
	}
	return true;
}

static bool strand_may_send(const struct http_uplink *uplink, const struct lane *lane, ew_dur now)
{
	return !lane_is_empty(lane) &&
	       (lane->due <= now ||
		(strand_is_alone(uplink, lane) && strand_is_pressed(uplink)));
}

static struct lane *strand_find_ready(const struct strand *strand, ew_dur now)
{
	struct lane *lane;

	TAILQ_FOREACH(lane, &strand->lanes, next) {
		if (strand_may_send(strand->uplink, lane, now)) {
			return lane;
		}
	}
	return NULL;
}

/* The oldest pile behind which nothing of its lane waits; NULL: there is none. */
static struct pile *strand_free_pile(struct strand *strand)
{
	struct pile *pile;

	TAILQ_FOREACH(pile, &strand->piles, next) {
		if (pile->lane == NULL || lane_is_empty(pile->lane)) {
			return pile;
		}
	}
	return NULL;
}

/* A lane that may send, with a parcel made of the oldest pile if need be. */
static struct lane *strand_next_lane(struct strand *strand)
{
	struct lane *lane = strand_find_ready(strand, ew_now());
	struct pile *pile = lane == NULL ? strand_free_pile(strand) : NULL;

	if (pile != NULL && strand_is_due(strand, pile)) {
		if (strand_close_pile(strand, pile) != 0) {
			strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
			return NULL;
		}
		lane = strand_find_ready(strand, ew_now());
	}
	return lane;
}

void strand_pump(struct strand *strand)
{
	struct http_uplink *uplink = strand->uplink;
	struct lane *lane;

	if (strand->state != STRAND_IDLE) {
		return;
	}
	lane = strand_next_lane(strand);
	if (lane == NULL) {
		return;
	}
	if (ew_now() < uplink->hold_until && !uplink->is_stopping) {
		strand_wait(strand, uplink->hold_until);
		return;
	}
	if (request_start(uplink, STAILQ_FIRST(&lane->parcels), strand->transfer) != 0) {
		strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
		return;
	}
	if (lane->failures > 0) {
		ew_metric_add(uplink->inst, METRIC_RETRIES, 1);
	}
	TAILQ_REMOVE(&strand->lanes, lane, next);
	TAILQ_INSERT_TAIL(&strand->lanes, lane, next);
	strand->sending = lane;
	strand_enter(strand, STRAND_SENDING);
}

void strand_wake(struct strand *strand, ew_dur now)
{
	if (strand->state == STRAND_WAITING && strand->due <= now) {
		strand_enter(strand, STRAND_IDLE);
	}
	strand_pump(strand);
}

void strand_hurry(struct strand *strand)
{
	struct lane *lane;

	TAILQ_FOREACH(lane, &strand->lanes, next) {
		lane->due = 0;
	}
	strand_wake(strand, INT64_MAX);
}

ew_dur strand_next(struct strand *strand)
{
	const struct pile *pile;
	const struct lane *lane;
	ew_dur next = INT64_MAX;

	if (strand->state != STRAND_IDLE) {
		return strand->state == STRAND_WAITING ? strand->due : INT64_MAX;
	}
	TAILQ_FOREACH(lane, &strand->lanes, next) {
		next = !lane_is_empty(lane) && lane->due < next ? lane->due : next;
	}
	pile = strand_free_pile(strand);
	if (pile != NULL && pile->opened + strand->uplink->settings->batch.delay < next) {
		next = pile->opened + strand->uplink->settings->batch.delay;
	}
	return next;
}

bool strand_is_done(struct strand *strand)
{
	const struct lane *lane;

	/* what waits when the instance stops has failed once more since */
	if (strand->state != STRAND_IDLE) {
		return strand->state == STRAND_WAITING;
	}
	TAILQ_FOREACH(lane, &strand->lanes, next) {
		if (!lane_is_empty(lane) && lane->due != INT64_MAX) {
			return false;
		}
	}
	return strand_free_pile(strand) == NULL;
}

/* ---- what came of it ---- */

/* To core's dead letters, which keep batches and events as they were delivered. */
static void strand_bury(struct strand *strand, struct lane *lane, const struct wire_result *result,
			const char *fate)
{
	struct http_uplink *uplink = strand->uplink;
	uint32_t records = STAILQ_FIRST(&lane->parcels)->content.records;
	char why[RECEIPT_REASON_SIZE];

	if (result->cause == WIRE_ANSWERED) {
		(void)snprintf(why, sizeof(why), "%sHTTP %ld", fate, result->status);
	} else {
		(void)snprintf(why, sizeof(why), "%s%s", fate, result->text); /* cut is fine */
	}
	ew_metric_add(uplink->inst, METRIC_DEAD, records);
	ew_log(uplink->inst, EW_LOG_WARNING, "to the dead letters why='%s' records=%u answer=%s",
	       why, records, result->detail);
	strand_pop(strand, lane, why);
}

static void strand_refuse(struct strand *strand, struct lane *lane,
			  const struct wire_result *result)
{
	ew_metric_add(strand->uplink->inst, METRIC_REFUSED, 1);
	lane_heal(lane);
	strand_bury(strand, lane, result, "");
	status_good(strand->uplink);
}

/*
 * Too large for the server: two of half its size take its place, and no pile grows to
 * its size any more. Without the memory for it, it is tried once more as it is.
 */
static void strand_split(struct strand *strand, struct lane *lane,
			 const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	struct parcel *parcel = STAILQ_FIRST(&lane->parcels);
	size_t half = parcel->raw_size / 2 > MOST_FLOOR ? parcel->raw_size / 2 : MOST_FLOOR;
	struct parcel *halves[2];
	int error = parcel_split(parcel, strand_level(uplink->settings), uplink->sender, halves);

	if (error == -ENOMEM) {
		strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
		return;
	}
	if (error != 0) {
		strand_refuse(strand, lane, result);
		return;
	}
	ew_log(uplink->inst, EW_LOG_INFO,
	       "too large for the server, leaves as two records=%u bytes=%zu",
	       parcel->content.records, parcel->content.body.size);
	ew_metric_add(uplink->inst, METRIC_SPLITS, 1);
	if (uplink->most_bytes == 0 || half < uplink->most_bytes) {
		uplink->most_bytes = half;
	}
	parcel = lane_shift(lane, uplink->inst);
	parcel_free(&parcel);
	lane_unshift(lane, uplink->inst, halves[1]);
	lane_unshift(lane, uplink->inst, halves[0]);
	lane_heal(lane);
	status_good(uplink);
}

static void strand_accept(struct strand *strand, struct lane *lane,
			  const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	struct ew_instance *inst = uplink->inst;
	const struct parcel *parcel = STAILQ_FIRST(&lane->parcels);

	uplink->taken_at = ew_now();
	lane_heal(lane);
	ew_metric_add(inst, METRIC_ACCEPTED, 1);
	ew_metric_add(inst, METRIC_SAMPLES, parcel->content.records - parcel->content.events);
	ew_metric_add(inst, METRIC_EVENTS, parcel->content.events);
	ew_metric_add(inst, METRIC_RAW_BYTES, (double)parcel->raw_size);
	ew_metric_add(inst, METRIC_SENT_BYTES, (double)parcel->content.body.size);
	ew_metric_observe(inst, METRIC_SECONDS, (double)result->took / (double)EW_SECOND);
	strand_pop(strand, lane, NULL);
	status_good(uplink);
}

static unsigned strand_metric(enum wire_cause cause)
{
	switch (cause) {
	case WIRE_ANSWERED:
		return METRIC_STATUS;
	case WIRE_CONNECT:
		return METRIC_CONNECT;
	case WIRE_TLS:
		return METRIC_TLS;
	case WIRE_TIMEOUT:
		return METRIC_TIMEOUT;
	case WIRE_ANSWER:
		return METRIC_ANSWER;
	case WIRE_OTHER:
		break;
	}
	return METRIC_OTHER;
}

static bool strand_gives_up(const struct http_uplink *uplink, const struct lane *lane, ew_dur now)
{
	ew_dur most = uplink->settings->retry.give_up;

	return !uplink->is_stopping &&
	       (strand_is_pressed(uplink) || (most > 0 && now - lane->since >= most));
}

/* Its wait, and the server's word: of 429 and 503 it is for all, unless all others are taken. */
static void strand_put_off(struct strand *strand, struct lane *lane,
			   const struct wire_result *result, bool is_alone)
{
	struct http_uplink *uplink = strand->uplink;
	const struct retry_waits waits = {uplink->settings->retry.min, uplink->settings->retry.max};
	ew_dur now = ew_now();
	ew_dur after = result->retry_after < AFTER_MAX ? result->retry_after : AFTER_MAX;
	ew_dur wait = retry_wait(&waits, lane->failures, http_uplink_random(uplink));

	if (result->cause == WIRE_ANSWERED && after > 0) {
		wait = after > wait ? after : wait;
		if ((result->status == 429 || result->status == 503) && !is_alone) {
			uplink->hold_until = now + after > uplink->hold_until ? now + after :
					     uplink->hold_until;
		}
	}
	lane->due = uplink->is_stopping ? INT64_MAX : now + wait;
}

static void strand_fail(struct strand *strand, struct lane *lane, const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	ew_dur now = ew_now();
	bool is_alone;

	ew_metric_add(uplink->inst, strand_metric(result->cause), 1);
	lane_fail(lane, now);
	is_alone = strand_is_alone(uplink, lane);
	status_bad(uplink, result);
	if (is_alone && strand_gives_up(uplink, lane, now)) {
		ew_metric_add(uplink->inst, METRIC_GIVEN_UP, 1);
		strand_bury(strand, lane, result, "given up: ");
		lane->due = 0;
	} else {
		strand_put_off(strand, lane, result, is_alone);
	}
}

static void strand_judge(struct strand *strand, struct lane *lane, const struct wire_result *result)
{
	const struct retry_settings *retry = &strand->uplink->settings->retry;
	enum verdict verdict = VERDICT_AGAIN;

	if (result->cause == WIRE_ANSWERED) {
		verdict = retry_judge(result->status, retry->statuses, retry->status_count);
	}
	switch (verdict) {
	case VERDICT_ACCEPTED:
		strand_accept(strand, lane, result);
		break;
	case VERDICT_REFUSED:
		if (result->status == TOO_LARGE &&
		    STAILQ_FIRST(&lane->parcels)->content.records > 1) {
			strand_split(strand, lane, result);
		} else {
			strand_refuse(strand, lane, result);
		}
		break;
	case VERDICT_AGAIN:
		strand_fail(strand, lane, result);
		break;
	}
}

static void strand_on_done(void *arg, const struct wire_result *result)
{
	struct strand *strand = arg;
	struct http_uplink *uplink = strand->uplink;
	struct lane *lane = strand->sending;

	strand->sending = NULL;
	strand_enter(strand, STRAND_IDLE);
	ew_metric_add(uplink->inst, METRIC_REDIRECTS, (double)result->redirects);
	strand_judge(strand, lane, result);
	lanes_drop(&strand->lanes, lane);
	strand_pump(strand);
	http_uplink_schedule(uplink);
	http_uplink_stop_if_done(uplink);
}

/* ---- all of them ---- */

int strands_open(struct http_uplink *uplink)
{
	size_t count = uplink->settings->requests;
	int error = 0;

	uplink->strands = calloc(count, sizeof(*uplink->strands));
	if (uplink->strands == NULL) {
		return -ENOMEM;
	}
	uplink->strand_count = count;
	for (size_t i = 0; i < count; i++) {
		uplink->strands[i].uplink = uplink;
		TAILQ_INIT(&uplink->strands[i].piles);
		TAILQ_INIT(&uplink->strands[i].lanes);
		lanes_add(&uplink->strands[i].lanes, &uplink->strands[i].mixed,
			  &uplink->strands[i].pile);
	}
	for (size_t i = 0; error == 0 && i < count; i++) {
		error = transfer_new(uplink->wire, strand_on_done, &uplink->strands[i],
				     &uplink->strands[i].transfer);
	}
	return error;
}

void strands_close(struct http_uplink *uplink)
{
	for (size_t i = 0; i < uplink->strand_count; i++) {
		struct strand *strand = &uplink->strands[i];

		transfer_free(&strand->transfer);
		lanes_clear(&strand->lanes);
		pile_free(&strand->pile);
		bytes_free(&strand->spare);
	}
	free(uplink->strands);
	uplink->strands = NULL;
	uplink->strand_count = 0;
}

struct strand *strand_of(struct http_uplink *uplink, const char *path)
{
	uint32_t hash = 2166136261u;

	for (; *path != '\0'; path++) {
		hash = (hash ^ (unsigned char)*path) * 16777619u;
	}
	/* the low bits of this hash are its weak ones */
	return &uplink->strands[(hash ^ hash >> 15) % uplink->strand_count];
}

size_t strands_failing(const struct http_uplink *uplink)
{
	const struct lane *lane;
	size_t failing = 0;

	for (size_t i = 0; i < uplink->strand_count; i++) {
		TAILQ_FOREACH(lane, &uplink->strands[i].lanes, next) {
			failing += lane->failures > 0;
		}
	}
	return failing;
}
