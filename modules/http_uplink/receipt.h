/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is owed to the bus: a receipt for each batch and event that is on its
 * way, and the acknowledgements that follow from those that are settled.
 *
 * Receipts of a route are answered in the order of their arrival. An event has
 * no position of its own; batches that came after it are not acknowledged
 * before it is settled, so that a cursor never passes an event that is still on
 * its way. Runs on the instance's loop.
 */
#ifndef HTTP_UPLINK_RECEIPT_H
#define HTTP_UPLINK_RECEIPT_H

#include <edgeway/module.h>

#include <sys/queue.h>

struct route_book;

struct receipt {
	STAILQ_ENTRY(receipt) next;
	struct route_book *route;       /* NULL: an event */
	uint64_t position;
	uint64_t arrived;       /* its number over all routes */
	uint32_t open;          /* records that are not settled */
	bool is_refused;        /* some went to the dead letters */
	bool is_short;          /* some found no memory: to be delivered again */
};

STAILQ_HEAD(receipt_queue, receipt);

struct receipts {
	struct ew_instance *inst;
	SLIST_HEAD(, route_book) routes;
	struct receipt_queue events;
	uint64_t arrived;
	uint64_t batches;       /* that are open, on all routes */
};

void receipts_init(struct receipts *receipts, struct ew_instance *inst);
void receipts_free(struct receipts *receipts);

/*
 * A receipt for a batch: as many records open as it has samples. NULL: no
 * memory, or an earlier batch of the route waits for some; it will be delivered
 * again after receipts_repeat().
 */
struct receipt *receipts_batch(struct receipts *receipts, const struct ew_batch *batch);

/* The same for an event: one record. NULL: no memory. */
struct receipt *receipts_event(struct receipts *receipts);

/* So many records of it are settled. */
void receipt_settle(struct receipt *receipt, uint32_t records, bool is_refused);

/* So many records of it found no memory. */
void receipt_shorten(struct receipt *receipt, uint32_t records);

/* Acknowledge what is settled. */
void receipts_answer(struct receipts *receipts);

/* Does something wait for memory? */
bool receipts_are_short(const struct receipts *receipts);

/* Let what found no memory be delivered again. */
void receipts_repeat(struct receipts *receipts);

#endif
