/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions, and what came in for them. A lane is one subscription of one
 * instance; a filter is what the broker knows, shared by the lanes that say
 * the same text. Each lane is bounded: a QoS 0 message that does not fit is
 * dropped; a QoS 1 message overfills it, up to twice its bounds, and blocks:
 * the session then stops reading, until the instance has caught up or time is
 * over and intake_overrun() lets the lane drop.
 *
 * No locking of its own: under the uplink's lock.
 */
#ifndef CORE_UPLINK_INTAKE_H
#define CORE_UPLINK_INTAKE_H

#include <edgeway/uplink.h>

#include "core/base/list.h"
#include "core/uplink/message.h"
#include "core/uplink/mosq.h"

#define INTAKE_LANES_MAX 256u

enum intake_ask {
	INTAKE_WANTED, /* SUBSCRIBE must be sent */
	INTAKE_ASKED, /* ... was sent, `mid` */
	INTAKE_SETTLED /* the broker answered: `status` */
};

struct intake_filter {
	struct list node; /* in intake.filters, or intake.leaving */
	struct list lanes;
	char *text;
	uint32_t id; /* subscription identifier of MQTT 5 */
	enum intake_ask ask;
	int mid;
	int status;
	uint64_t number; /* of the last message handed over before it was sent */
};

struct intake_lane {
	struct list node; /* in intake_filter.lanes; in none when closed */
	struct list answer; /* in intake.answers while subscribed() is due */
	struct list announce; /* in intake.announces while readable() is due */
	struct intake_filter *filter;
	void *owner;
	uint32_t id;
	uint8_t qos;
	bool no_local;
	size_t max_messages;
	size_t max_bytes;
	struct list queue; /* struct message.node */
	size_t messages; /* queued, and taken but not given back */
	size_t bytes;
	unsigned taken; /* batches that were not given back */
	bool told; /* readable() is due or was called, nothing taken since */
	bool overrun; /* drops QoS 1 too, until it is below its bounds */
	uint64_t received;
	uint64_t dropped;
};

struct intake {
	struct list filters;
	struct list leaving; /* filters to UNSUBSCRIBE */
	struct list answers;
	struct list announces;
	size_t lane_count;
	uint32_t next_id;
	uint64_t received;
	uint64_t dropped;
	uint64_t stray; /* matched no lane */
};

void intake_init(struct intake *intake);

/* Every lane must be closed. */
void intake_fini(struct intake *intake);

/* -EINVAL not a filter, -ENOSPC too many, -ENOMEM. */
int intake_open_lane(struct intake *intake, void *owner, const struct ew_uplink_filter *spec,
		     struct intake_lane **lane_out) EW_CHECKED;

/* Freed now, or when the last batch taken from it is given back. */
void intake_close_lane(struct intake *intake, struct intake_lane **lane);

/* NULL: no such lane of this owner. */
struct intake_lane *intake_find(const struct intake *intake, const void *owner, uint32_t id);

/* Any lane of this owner; NULL: none. */
struct intake_lane *intake_first(const struct intake *intake, const void *owner);

/* A connection begins: every filter is wanted again. What nobody wants any
 * more is forgotten, unless the broker has kept the session. */
void intake_begin(struct intake *intake, bool kept);

/* A filter to send; NULL: none. */
struct intake_filter *intake_wanted(const struct intake *intake);

/* What to send: the highest QoS of its lanes; no-local if all want it. */
struct mosq_subscription intake_request(const struct intake_filter *filter);

/* It was sent, after message number `number`. */
void intake_asked(struct intake_filter *filter, int mid, uint64_t number);

/* The broker answered: its lanes go to `answers`. */
void intake_answered(struct intake *intake, int mid, int status);

/* The broker has answered every subscription (of `owner`; NULL: of all). */
bool intake_is_settled(const struct intake *intake, const void *owner);

/* A filter nobody wants any more, now the caller's; NULL: none. */
struct intake_filter *intake_take_leaving(struct intake *intake);
void intake_filter_free(struct intake_filter **filter);

/* Put a message into each lane it is for; `by_id`: the broker sends the
 * identifiers of the subscriptions. */
void intake_deliver(struct intake *intake, const struct mosq_received *received, bool by_id,
		    uint64_t epoch, ew_dur now);

/* A lane with QoS 1 is full. */
bool intake_is_blocked(const struct intake *intake);

/* Let the full lanes drop. */
void intake_overrun(struct intake *intake);

/* Move up to `count` messages to `list`; they stay counted. Number moved. */
size_t intake_take(struct intake_lane *lane, size_t count, struct list *list);

/* Nothing could be taken: the next message is announced again. */
void intake_missed(struct intake_lane *lane);

/* A batch of `count` messages and `bytes` is done with. */
void intake_give_back(struct intake *intake, struct intake_lane *lane, size_t count, size_t bytes);

#endif
