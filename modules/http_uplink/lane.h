/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: the parcels of one device in their order, or, when requests mix devices,
 * those of all devices of a strand. A lane whose first parcel failed waits; the
 * other lanes of its strand go on.
 */
#ifndef HTTP_UPLINK_LANE_H
#define HTTP_UPLINK_LANE_H

#include "modules/http_uplink/parcel.h"

struct lane {
	TAILQ_ENTRY(lane) next;         /* of the strand; who was served goes to the end */
	char *device;                   /* path; NULL: of several devices */
	struct pile *pile;              /* that grows for it; NULL: its device has gone */
	struct parcel_queue parcels;    /* the first one is under way, or failed */
	unsigned failures;              /* since the server took or refused one of it */
	ew_dur since;                   /* monotonic, of the first of these */
	ew_dur due;                     /* of the next try */
};

TAILQ_HEAD(lane_list, lane);

/* The one of all devices, in the caller's memory. */
void lanes_add(struct lane_list *lanes, struct lane *lane, struct pile *pile);

/* The lane of a pile; that of its device, if the device had gone, or a new one. NULL: -ENOMEM */
struct lane *lanes_make(struct lane_list *lanes, struct pile *pile);

/* Forget a lane that has nothing to remember. */
void lanes_drop(struct lane_list *lanes, struct lane *lane);

/* Forget all, with their parcels, whose receipts are not told. */
void lanes_clear(struct lane_list *lanes);

static inline bool lane_is_empty(const struct lane *lane)
{
	return STAILQ_EMPTY(&lane->parcels);
}

/* The metrics are those of the instance. */
void lane_push(struct lane *lane, struct ew_instance *inst, struct parcel *parcel);
void lane_unshift(struct lane *lane, struct ew_instance *inst, struct parcel *parcel);
struct parcel *lane_shift(struct lane *lane, struct ew_instance *inst);

/* Its first parcel failed once more. */
void lane_fail(struct lane *lane, ew_dur now);

/* The server took, or refused, one of it. */
void lane_heal(struct lane *lane);

/* Had it its tries, while the server took what others sent? taken: when it took some last. */
bool lane_is_odd(const struct lane *lane, ew_dur taken);

/* Does a lane fail since the server took something last? Then it is the server. */
bool lanes_fail_since(const struct lane_list *lanes, ew_dur taken);

#endif
