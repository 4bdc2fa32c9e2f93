/* SPDX-License-Identifier: Apache-2.0 */
/* What is owed to the bus: see receipt.h. */
#include "modules/http_uplink/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route_book {
	SLIST_ENTRY(route_book) next;
	uint32_t id;
	uint64_t open;
	struct receipt_queue queue;     /* in order of arrival */
	uint64_t left_from, left_to;    /* positions that found no memory; 0: none */
};

void receipts_init(struct receipts *receipts, struct ew_instance *inst)
{
	*receipts = (struct receipts){.inst = inst};
	SLIST_INIT(&receipts->routes);
}

static void receipts_clear(struct receipt_queue *queue)
{
	struct receipt *receipt;

	while ((receipt = STAILQ_FIRST(queue)) != NULL) {
		STAILQ_REMOVE_HEAD(queue, next);
		free(receipt);
	}
}

void receipts_free(struct receipts *receipts)
{
	struct route_book *route;

	while ((route = SLIST_FIRST(&receipts->routes)) != NULL) {
		SLIST_REMOVE_HEAD(&receipts->routes, next);
		receipts_clear(&route->queue);
		free(route);
	}
}

/* Routes that ended with their publisher and owe nothing. */
static void receipts_sweep(struct receipts *receipts)
{
	struct route_book *route = SLIST_FIRST(&receipts->routes);

	while (route != NULL) {
		struct route_book *next = SLIST_NEXT(route, next);

		if (STAILQ_EMPTY(&route->queue) &&
		    ew_route_name(receipts->inst, route->id) == NULL) {
			SLIST_REMOVE(&receipts->routes, route, route_book, next);
			free(route);
		}
		route = next;
	}
}

static struct route_book *receipts_route(struct receipts *receipts, uint32_t id)
{
	struct route_book *route;

	SLIST_FOREACH(route, &receipts->routes, next) {
		if (route->id == id) {
			return route;
		}
	}
	receipts_sweep(receipts);
	route = calloc(1, sizeof(*route));
	if (route != NULL) {
		route->id = id;
		STAILQ_INIT(&route->queue);
		SLIST_INSERT_HEAD(&receipts->routes, route, next);
	}
	return route;
}

/* ---- taking ---- */

static void receipts_leave(struct route_book *route, uint64_t position)
{
	route->left_from = route->left_from == 0 || position < route->left_from ?
			   position : route->left_from;
	route->left_to = position > route->left_to ? position : route->left_to;
}

struct receipt *receipts_take(struct receipts *receipts, uint32_t id, uint64_t position,
			      uint32_t records)
{
	struct route_book *route = receipts_route(receipts, id);
	struct receipt *receipt = NULL;

	if (route == NULL) {
		/* not even a place to remember it: again, as soon as the loop comes by */
		(void)ew_nack(receipts->inst, id, position, position, EW_REDELIVER);
		return NULL;
	}
	if (route->left_from == 0) {
		receipt = calloc(1, sizeof(*receipt));
	}
	if (receipt == NULL) {
		receipts_leave(route, position);
		return NULL;
	}
	receipt->route = route;
	receipt->position = position;
	receipt->open = records;
	STAILQ_INSERT_TAIL(&route->queue, receipt, next);
	receipts->open++;
	route->open++;
	return receipt;
}

/* ---- settling ---- */

void receipt_settle(struct receipt *receipt, uint32_t records, const char *refused)
{
	receipt->open -= records;
	if (refused != NULL) {
		(void)snprintf(receipt->refused, sizeof(receipt->refused), "%s", refused);
	}
}

void receipt_shorten(struct receipt *receipt, uint32_t records)
{
	receipt->open -= records;
	receipt->is_short = true;
	receipts_leave(receipt->route, receipt->position);
}

/* Positions with the same answer. */
struct range {
	uint64_t from, to;      /* 0: none */
	char refused[RECEIPT_REASON_SIZE];
};

/* Nothing can be wrong with the range: it was delivered and is open. */
static void receipts_tell(struct receipts *receipts, uint32_t route, const struct range *range)
{
	if (range->from == 0) {
		return;
	}
	if (range->refused[0] == '\0') {
		(void)ew_ack(receipts->inst, route, range->from, range->to);
	} else {
		(void)ew_dead_letter(receipts->inst, route, range->from, range->to,
				     range->refused);
	}
}

static void range_add(struct range *range, const struct receipt *receipt)
{
	range->from = range->from == 0 ? receipt->position : range->from;
	range->to = receipt->position;
	memcpy(range->refused, receipt->refused, sizeof(range->refused));
}

static bool range_fits(const struct range *range, const struct receipt *receipt)
{
	return range->from == 0 || (!receipt->is_short && receipt->position == range->to + 1 &&
				    strcmp(range->refused, receipt->refused) == 0);
}

/* Receipts at the front of a route, in as few ranges as they make. */
static void receipts_answer_route(struct receipts *receipts, struct route_book *route)
{
	struct range range = {.from = 0};
	struct receipt *receipt;

	while ((receipt = STAILQ_FIRST(&route->queue)) != NULL && receipt->open == 0) {
		if (!range_fits(&range, receipt)) {
			receipts_tell(receipts, route->id, &range);
			range.from = 0;
		}
		/* what is to come again stays unanswered until receipts_repeat() */
		if (!receipt->is_short) {
			range_add(&range, receipt);
		}
		STAILQ_REMOVE_HEAD(&route->queue, next);
		receipts->open--;
		route->open--;
		free(receipt);
	}
	receipts_tell(receipts, route->id, &range);
}

uint64_t receipts_most(const struct receipts *receipts)
{
	const struct route_book *route;
	uint64_t most = 0;

	SLIST_FOREACH(route, &receipts->routes, next) {
		most = route->open > most ? route->open : most;
	}
	return most;
}

void receipts_answer(struct receipts *receipts)
{
	struct route_book *route;

	SLIST_FOREACH(route, &receipts->routes, next) {
		receipts_answer_route(receipts, route);
	}
}

/* ---- want of memory ---- */

bool receipts_are_short(const struct receipts *receipts)
{
	const struct route_book *route;

	SLIST_FOREACH(route, &receipts->routes, next) {
		if (route->left_from != 0) {
			return true;
		}
	}
	return false;
}

/* Nothing of the route that was taken before those that were left may be open. */
static bool receipts_may_repeat(const struct route_book *route)
{
	const struct receipt *receipt;

	STAILQ_FOREACH(receipt, &route->queue, next) {
		if (receipt->is_short) {
			return false;
		}
	}
	return route->left_from != 0;
}

void receipts_repeat(struct receipts *receipts)
{
	struct route_book *route;

	SLIST_FOREACH(route, &receipts->routes, next) {
		if (receipts_may_repeat(route)) {
			uint64_t from = route->left_from, to = route->left_to;

			route->left_from = 0;
			route->left_to = 0;
			(void)ew_nack(receipts->inst, route->id, from, to, EW_REDELIVER);
		}
	}
}
