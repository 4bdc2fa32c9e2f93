/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is owed to the bus: a receipt for each batch and event that is on its
 * way, and the acknowledgements that follow from those that are settled.
 *
 * Receipts of a route are answered in the order of their arrival. Runs on the
 * instance's loop.
 */
#ifndef HTTP_UPLINK_RECEIPT_H
#define HTTP_UPLINK_RECEIPT_H

#include <edgeway/module.h>

#include <sys/queue.h>

#define RECEIPT_REASON_SIZE  48

struct route_book;

struct receipt {
	STAILQ_ENTRY(receipt) next;
	struct route_book *route;
	uint64_t position;
	uint32_t open;          /* records that are not settled */
	char refused[RECEIPT_REASON_SIZE];      /* why some go to the dead letters; "": none do */
	bool is_short;          /* some found no memory: to be delivered again */
};

STAILQ_HEAD(receipt_queue, receipt);

struct receipts {
	struct ew_instance *inst;
	SLIST_HEAD(, route_book) routes;
	uint64_t open;          /* positions, on all routes */
};

void receipts_init(struct receipts *receipts, struct ew_instance *inst);
void receipts_free(struct receipts *receipts);

/*
 * A receipt for a batch or an event of so many records, all of them open. NULL:
 * no memory, or an earlier position of the route waits for some; it will be
 * delivered again after receipts_repeat().
 */
struct receipt *receipts_take(struct receipts *receipts, uint32_t route, uint64_t position,
			      uint32_t records);

/* So many records of it are settled. refused: why they go to the dead letters, or NULL. */
void receipt_settle(struct receipt *receipt, uint32_t records, const char *refused);

/* So many records of it found no memory. */
void receipt_shorten(struct receipt *receipt, uint32_t records);

/* Positions that are open on the route that has most. */
uint64_t receipts_most(const struct receipts *receipts);

/* Acknowledge what is settled. */
void receipts_answer(struct receipts *receipts);

/* Does something wait for memory? */
bool receipts_are_short(const struct receipts *receipts);

/* Let what found no memory be delivered again. */
void receipts_repeat(struct receipts *receipts);

#endif
