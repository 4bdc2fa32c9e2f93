/* SPDX-License-Identifier: Apache-2.0 */
/* Strands: see strand.h. */
#include "modules/http_uplink/strand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/dead.h"
#include "modules/http_uplink/request.h"
#include "modules/http_uplink/retry.h"
#include "modules/http_uplink/split.h"

#define NO_MEMORY_WAIT  EW_SECOND
#define AFTER_MAX  (3600 * EW_SECOND)   /* a server that asks for more is asked again */
#define TOO_LARGE  413
#define MOST_FLOOR  16384u      /* bytes that a body may always have */
#define PRESSED  256u           /* open positions that make a pile due before its time */

static void strand_enter(struct strand *strand, enum strand_state next)
{
	static const unsigned char edges[] = {
		[STRAND_IDLE] = 1u << STRAND_SENDING | 1u << STRAND_WAITING,
		[STRAND_SENDING] = 1u << STRAND_IDLE | 1u << STRAND_WAITING,
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

/* ---- parcels ---- */

static void strand_push(struct strand *strand, struct parcel *parcel)
{
	struct ew_instance *inst = strand->uplink->inst;

	STAILQ_INSERT_TAIL(&strand->parcels, parcel, next);
	ew_metric_add(inst, METRIC_WAITING, 1);
	ew_metric_add(inst, METRIC_WAITING_BYTES, (double)parcel->content.body.size);
}

static void strand_unshift(struct strand *strand, struct parcel *parcel)
{
	struct ew_instance *inst = strand->uplink->inst;

	STAILQ_INSERT_HEAD(&strand->parcels, parcel, next);
	ew_metric_add(inst, METRIC_WAITING, 1);
	ew_metric_add(inst, METRIC_WAITING_BYTES, (double)parcel->content.body.size);
}

static struct parcel *strand_shift(struct strand *strand)
{
	struct ew_instance *inst = strand->uplink->inst;
	struct parcel *parcel = STAILQ_FIRST(&strand->parcels);

	STAILQ_REMOVE_HEAD(&strand->parcels, next);
	ew_metric_add(inst, METRIC_WAITING, -1);
	ew_metric_add(inst, METRIC_WAITING_BYTES, -(double)parcel->content.body.size);
	strand->failures = 0;
	return parcel;
}

/* The first one is settled. */
static void strand_pop(struct strand *strand, bool is_refused)
{
	struct parcel *parcel = strand_shift(strand);

	parcel_settle(parcel, is_refused);
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
	struct parcel *parcel;
	int error = pile_close(pile, &closing, &parcel);

	if (error == 0) {
		strand_unlist(strand, pile);
		strand_push(strand, parcel);
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

/* A parcel to send, made of the oldest pile if need be. */
static struct parcel *strand_first(struct strand *strand)
{
	struct pile *pile = TAILQ_FIRST(&strand->piles);

	if (STAILQ_EMPTY(&strand->parcels) && pile != NULL && strand_is_due(strand, pile) &&
	    strand_close_pile(strand, pile) != 0) {
		strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
	}
	return STAILQ_FIRST(&strand->parcels);
}

void strand_pump(struct strand *strand)
{
	struct http_uplink *uplink = strand->uplink;
	struct parcel *parcel;

	if (strand->state != STRAND_IDLE) {
		return;
	}
	parcel = strand_first(strand);
	if (parcel == NULL || strand->state != STRAND_IDLE) {
		return;
	}
	if (ew_now() < uplink->hold_until && !uplink->is_stopping) {
		strand_wait(strand, uplink->hold_until);
		return;
	}
	if (request_start(uplink, parcel, strand->transfer) != 0) {
		strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
		return;
	}
	if (strand->failures > 0) {
		ew_metric_add(uplink->inst, METRIC_RETRIES, 1);
	}
	strand_enter(strand, STRAND_SENDING);
}

void strand_wake(struct strand *strand, ew_dur now)
{
	if (strand->state == STRAND_WAITING && strand->due <= now) {
		strand_enter(strand, STRAND_IDLE);
	}
	strand_pump(strand);
}

ew_dur strand_next(const struct strand *strand)
{
	const struct pile *pile = TAILQ_FIRST(&strand->piles);

	if (strand->state == STRAND_WAITING) {
		return strand->due;
	}
	if (strand->state == STRAND_IDLE && pile != NULL) {
		return pile->opened + strand->uplink->settings->batch.delay;
	}
	return INT64_MAX;
}

bool strand_is_done(const struct strand *strand)
{
	/* what waits when the instance stops has failed once more since */
	return strand->state == STRAND_WAITING ||
	       (strand->state == STRAND_IDLE && TAILQ_EMPTY(&strand->piles) &&
		STAILQ_EMPTY(&strand->parcels));
}

/* ---- what came of it ---- */

static void strand_bury(struct strand *strand, const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	const struct parcel *parcel = STAILQ_FIRST(&strand->parcels);
	const char *directory = ew_state_dir(uplink->inst);
	const struct dead_letter letter = {
		.parcel = parcel,
		.status = result->status,
		.answer = result->detail,
		.time = ew_wall(),
	};
	int error = directory == NULL ? -ENOENT :
		    dead_write(directory, uplink->settings->dead_letters.size, &letter);

	ew_metric_add(uplink->inst, METRIC_REFUSED, 1);
	ew_metric_add(uplink->inst, METRIC_DEAD, parcel->content.records);
	if (error != 0) {
		ew_metric_add(uplink->inst, METRIC_DEAD_FAILED, parcel->content.records);
	}
	ew_log(uplink->inst, error == 0 ? EW_LOG_WARNING : EW_LOG_ERROR,
	       "the server refuses for good status=%ld records=%u kept=%s answer=%s",
	       result->status, parcel->content.records,
	       error == 0 ? DEAD_FILE : strerror(-error), result->detail);
	strand_pop(strand, true);
	status_good(uplink);
}

/*
 * Too large for the server: two of half its size take its place, and no pile grows to
 * its size any more. Without the memory for it, it is tried once more as it is.
 */
static void strand_split(struct strand *strand, const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	struct parcel *parcel = STAILQ_FIRST(&strand->parcels);
	size_t half = parcel->raw_size / 2 > MOST_FLOOR ? parcel->raw_size / 2 : MOST_FLOOR;
	struct parcel *halves[2];
	int error = parcel_split(parcel, strand_level(uplink->settings), uplink->sender, halves);

	if (error == -ENOMEM) {
		strand_wait(strand, ew_now() + NO_MEMORY_WAIT);
		return;
	}
	if (error != 0) {
		strand_bury(strand, result);
		return;
	}
	ew_log(uplink->inst, EW_LOG_INFO,
	       "too large for the server, leaves as two records=%u bytes=%zu",
	       parcel->content.records, parcel->content.body.size);
	ew_metric_add(uplink->inst, METRIC_SPLITS, 1);
	if (uplink->most_bytes == 0 || half < uplink->most_bytes) {
		uplink->most_bytes = half;
	}
	parcel = strand_shift(strand);
	parcel_free(&parcel);
	strand_unshift(strand, halves[1]);
	strand_unshift(strand, halves[0]);
	status_good(uplink);
}

static void strand_accept(struct strand *strand, const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	struct ew_instance *inst = uplink->inst;
	const struct parcel *parcel = STAILQ_FIRST(&strand->parcels);

	ew_metric_add(inst, METRIC_ACCEPTED, 1);
	ew_metric_add(inst, METRIC_SAMPLES, parcel->content.records - parcel->content.events);
	ew_metric_add(inst, METRIC_EVENTS, parcel->content.events);
	ew_metric_add(inst, METRIC_RAW_BYTES, (double)parcel->raw_size);
	ew_metric_add(inst, METRIC_SENT_BYTES, (double)parcel->content.body.size);
	ew_metric_observe(inst, METRIC_SECONDS, (double)result->took / (double)EW_SECOND);
	strand_pop(strand, false);
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

/* Its wait, and the server's word: of 429 and 503 it is for all. */
static void strand_fail(struct strand *strand, const struct wire_result *result)
{
	struct http_uplink *uplink = strand->uplink;
	const struct retry_waits waits = {uplink->settings->retry.min, uplink->settings->retry.max};
	ew_dur now = ew_now();
	ew_dur after = result->retry_after < AFTER_MAX ? result->retry_after : AFTER_MAX;
	ew_dur wait;

	strand->failures++;
	ew_metric_add(uplink->inst, strand_metric(result->cause), 1);
	wait = retry_wait(&waits, strand->failures, http_uplink_random(uplink));
	if (result->cause == WIRE_ANSWERED && after > 0) {
		wait = after > wait ? after : wait;
		if (result->status == 429 || result->status == 503) {
			uplink->hold_until = now + after > uplink->hold_until ? now + after :
					     uplink->hold_until;
		}
	}
	strand_wait(strand, uplink->is_stopping ? INT64_MAX : now + wait);
	status_bad(uplink, result);
}

static void strand_on_done(void *arg, const struct wire_result *result)
{
	struct strand *strand = arg;
	struct http_uplink *uplink = strand->uplink;
	enum verdict verdict = VERDICT_AGAIN;

	if (result->cause == WIRE_ANSWERED) {
		verdict = retry_judge(result->status, uplink->settings->retry.statuses,
				      uplink->settings->retry.status_count);
	}
	ew_metric_add(uplink->inst, METRIC_REDIRECTS, (double)result->redirects);
	switch (verdict) {
	case VERDICT_ACCEPTED:
		strand_enter(strand, STRAND_IDLE);
		strand_accept(strand, result);
		break;
	case VERDICT_REFUSED:
		strand_enter(strand, STRAND_IDLE);
		if (result->status == TOO_LARGE &&
		    STAILQ_FIRST(&strand->parcels)->content.records > 1) {
			strand_split(strand, result);
		} else {
			strand_bury(strand, result);
		}
		break;
	case VERDICT_AGAIN:
		strand_fail(strand, result);
		break;
	}
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
		STAILQ_INIT(&uplink->strands[i].parcels);
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
		struct parcel *parcel;

		transfer_free(&strand->transfer);
		while ((parcel = STAILQ_FIRST(&strand->parcels)) != NULL) {
			STAILQ_REMOVE_HEAD(&strand->parcels, next);
			parcel_free(&parcel);
		}
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
	size_t failing = 0;

	for (size_t i = 0; i < uplink->strand_count; i++) {
		failing += uplink->strands[i].failures > 0;
	}
	return failing;
}
