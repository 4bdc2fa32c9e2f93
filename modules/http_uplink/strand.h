/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strand: piles that grow, lanes of parcels that wait, and one request under way, in
 * this order of age. Requests of a strand never overlap.
 *
 *	IDLE --due--> SENDING --answered, or not--> IDLE
 *	  |
 *	all are to wait, or no memory --> WAITING --time--> IDLE
 *
 * A pile leaves when it is full; or when its time has come, the strand is idle and
 * nothing of its lane waits, so under load, or while the server is away, requests
 * become full.
 *
 * A lane that fails waits alone. When it goes on failing while the server takes what
 * others send, it is given up: what it has goes to the dead letters, one request after
 * the other, after a time (`retry: give_up`), or as soon as it holds so much that the
 * others would have to wait for it.
 */
#ifndef HTTP_UPLINK_STRAND_H
#define HTTP_UPLINK_STRAND_H

#include "modules/http_uplink/http_uplink.h"
#include "modules/http_uplink/lane.h"

enum strand_state {
	STRAND_IDLE,
	STRAND_SENDING,
	STRAND_WAITING
};

struct strand {
	struct http_uplink *uplink;
	enum strand_state state;
	struct pile pile;       /* of all devices without one of their own */
	struct pile_list piles; /* that have records, the oldest first */
	struct lane mixed;      /* of the devices without a lane of their own */
	struct lane_list lanes; /* all, each with parcels or failures but for the mixed one */
	struct lane *sending;   /* whose first parcel is under way */
	struct transfer *transfer;
	struct bytes spare;     /* memory of a body that has gone, for the next one */
	ew_dur due;             /* WAITING: monotonic time of the next try */
};

/* -ENOMEM: uplink->strands is NULL. */
int strands_open(struct http_uplink *uplink) EW_CHECKED;

/* Break off, forget all. Piles of devices are freed with them. */
void strands_close(struct http_uplink *uplink);

/* The strand of a path: the same in every run. */
struct strand *strand_of(struct http_uplink *uplink, const char *path);

/* A record was added to a pile of the strand. */
void strand_grown(struct strand *strand, struct pile *pile);

/* Send what may be sent now; wait for what is not due. */
void strand_pump(struct strand *strand);

/* Its time has come, if it waits. */
void strand_wake(struct strand *strand, ew_dur now);

/* Whatever waits is tried now. */
void strand_hurry(struct strand *strand);

/* The next time that it has something to do; INT64_MAX: none. */
ew_dur strand_next(struct strand *strand);

/* Make parcels of all piles. Without memory their records will be delivered again. */
void strand_close_piles(struct strand *strand);

/* The same for the pile of a device that goes away, and free it. */
void strand_remove_pile(struct strand *strand, struct pile **pile);

/* Nothing is left, or what is left has failed since the stop began. */
bool strand_is_done(struct strand *strand);

/* How many lanes fail. */
size_t strands_failing(const struct http_uplink *uplink);

#endif
