/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on their way out. Each instance has a box of three lanes, one a
 * traffic class; a lane is first in, first out, and bounded in bytes, count
 * and age. Control leaves strictly first; telemetry leaves every ninth turn to
 * bulk; within a class the boxes take turns.
 *
 * It is no store: the store is elsewhere. What was handed over at QoS 1 stays
 * here, and counted, until the broker acknowledged it.
 *
 * No locking of its own: under the uplink's lock.
 */
#ifndef CORE_UPLINK_OUTBOX_H
#define CORE_UPLINK_OUTBOX_H

#include <edgeway/uplink.h>

#include "core/base/list.h"
#include "core/uplink/message.h"

#define OUTBOX_PROPERTIES_MAX 64u

struct outbox_limits {
	size_t bytes; /* of each lane */
	size_t messages; /* of each lane */
	ew_dur age; /* waiting longer, a message is dropped */
	size_t message_limit; /* payload of control and telemetry */
	size_t bulk_limit; /* payload of bulk */
	size_t in_flight; /* QoS 1 messages without acknowledgement */
};

struct outbox_lane {
	struct list queue; /* struct message.node, oldest first */
	struct list turn; /* in outbox.turns while the queue is not empty */
	struct outbox_box *box;
	enum ew_traffic traffic;
	size_t bytes; /* queued and in flight */
	size_t messages;
	bool wants_room; /* -EAGAIN was said */
};

struct outbox_box {
	struct outbox_lane lanes[EW_TRAFFIC_COUNT];
};

struct outbox_class {
	size_t bytes;
	size_t messages;
	uint64_t handed;
	uint64_t expired;
	uint64_t refused; /* -EAGAIN */
};

struct outbox {
	struct outbox_limits limits;
	struct list turns[EW_TRAFFIC_COUNT]; /* struct outbox_lane.turn */
	struct list in_flight; /* struct message.node, oldest first */
	size_t in_flight_count;
	size_t in_flight_max; /* limits.in_flight, or less if the broker says so */
	unsigned telemetry_turns; /* since bulk had one */
	struct outbox_class classes[EW_TRAFFIC_COUNT];
};

void outbox_init(struct outbox *outbox, const struct outbox_limits *limits);

/* Frees what is left. */
void outbox_fini(struct outbox *outbox);

void outbox_box_init(struct outbox_box *box);

/* Nothing of this box waits or is in flight. */
bool outbox_box_is_idle(const struct outbox_box *box);

/* Is the message well formed and small enough? 0, -EINVAL, -EMSGSIZE. */
int outbox_check(const struct outbox *outbox, const struct ew_uplink_message *message);

/* Copy a checked message in. -EAGAIN: the lane is full; -ENOMEM. */
int outbox_add(struct outbox *outbox, struct outbox_box *box,
	       const struct ew_uplink_message *message, ew_dur now) EW_CHECKED;

/* The next to hand over, taken out of its queue but still counted; NULL when
 * there is none. `only` is the single box that may speak; NULL: all may. */
struct message *outbox_next(struct outbox *outbox, const struct outbox_box *only);

/* What becomes of a message that outbox_next gave: it waits for its
 * acknowledgement, or is finished. outbox_finish makes it the caller's. */
void outbox_keep(struct outbox *outbox, struct message *message);
void outbox_finish(struct outbox *outbox, struct message *message);

/* The message in flight with this id, taken out and finished; NULL. */
struct message *outbox_acked(struct outbox *outbox, int mid);

/* Move to `gone`, finished: what has waited too long. */
void outbox_expire(struct outbox *outbox, ew_dur now, struct list *gone);

/* Move to `gone`, finished: what is in flight, and what may leave in this
 * epoch only. */
void outbox_end_epoch(struct outbox *outbox, uint64_t epoch, struct list *gone);

/* Move to `gone`, finished, everything. */
void outbox_clear(struct outbox *outbox, struct list *gone);

/* Nothing waits and nothing is in flight. */
bool outbox_is_empty(const struct outbox *outbox);

/* When the oldest waiting message is too old; INT64_MAX: none waits. */
ew_dur outbox_next_expiry(const struct outbox *outbox);

/* When the oldest waiting message of a class was put in; INT64_MAX: none. */
ew_dur outbox_oldest(const struct outbox *outbox, enum ew_traffic traffic);

/* After -EAGAIN, and below half of its bounds again: say so once. */
bool outbox_take_room(const struct outbox *outbox, struct outbox_box *box);

#endif
