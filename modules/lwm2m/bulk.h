/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk data: samples gathered into Sends as SenML CBOR with the time of each,
 * up to a number of records, of bytes, or a delay; and a window of Sends that
 * the server has not answered. No I/O; runs on the instance's loop.
 *
 * A position is settled when all Sends that carry a part of its batch, and all
 * before, are answered. A batch that the window has no room for is not taken;
 * of one that it has room for in part, the rest is held.
 */
#ifndef MODULES_LWM2M_BULK_H
#define MODULES_LWM2M_BULK_H

#include <edgeway/bus.h>

#include "modules/lwm2m/tree.h"

#define BULK_WINDOW_MAX  32

struct bulk_settings {
	size_t records;         /* of a Send, at most */
	size_t bytes;           /* of its payload, at most */
	ew_dur delay;           /* from the first record to the Send */
	size_t window;          /* Sends without an answer, 1..BULK_WINDOW_MAX */
};

/* What a Send does outside. */
struct bulk_ops {
	/* Leave now, again with the same token after a break. -errno: not now. */
	int (*send)(void *send_arg, uint32_t token, const void *payload, size_t size);
	void *send_arg;
	/* Keep what is left of a batch, and give it back. -errno: it cannot be kept. */
	int (*hold)(void *arg, const struct ew_batch *batch, const struct ew_batch **held_out);
	void (*release)(void *arg, const struct ew_batch **held);
	/* All of a position has arrived, or the server refused it. */
	void (*settle)(void *arg, uint32_t route, uint64_t position, bool refused);
	void *arg;
};

enum bulk_state {
	BULK_FREE = 0,
	BULK_FILLING = 1,       /* at most one, the newest */
	BULK_READY = 2,         /* to be sent */
	BULK_SENT = 3,
	BULK_DONE = 4,          /* answered; leaves when it is the oldest */
	BULK_REFUSED = 5
};

struct bulk_pack {
	enum bulk_state state;
	uint32_t token;
	uint8_t *room;          /* bytes of the settings */
	struct lwm2m_encoder encoder;
	const uint8_t *payload;
	size_t size;
	size_t records;
	ew_dur begun;           /* monotonic */
	ew_dur sent;
	uint64_t upto;          /* batches whose last sample is in it or before */
};

/* A batch that is in Sends as a whole, and is not settled. */
struct bulk_batch {
	uint32_t route;
	uint64_t position;
	uint64_t number;        /* of all batches, from 1 */
};

struct bulk {
	struct bulk_settings settings;
	struct bulk_ops ops;
	const struct tree *tree;
	struct bulk_pack packs[BULK_WINDOW_MAX];
	size_t first;           /* the oldest that is not free */
	size_t used;
	struct bulk_batch *batches;     /* a ring, oldest first */
	size_t batch_first;
	size_t batch_count;
	size_t batch_room;
	uint64_t last_number;   /* of the newest in the ring */
	const struct ew_batch *held;    /* of which a part is in Sends; NULL: none */
	uint32_t held_from;     /* the sample that comes next */
	uint32_t token;         /* the next Send's */
	uint64_t records;       /* that were put into Sends */
	uint64_t skipped;       /* samples without an object or a value */
};

int bulk_init(struct bulk *bulk, const struct bulk_settings *settings, const struct bulk_ops *ops,
	      const struct tree *tree, uint32_t token);
void bulk_fini(struct bulk *bulk);

/*
 * Take a batch. -EAGAIN: there is no room, let it be delivered again later; a
 * part of it may then arrive twice. -ENOMEM: the same.
 */
int bulk_add(struct bulk *bulk, const struct ew_batch *batch, ew_dur now);

/* Whether bulk_add() would take something. */
bool bulk_has_room(const struct bulk *bulk);

/* Gather and send what is due; may: the server listens. */
void bulk_work(struct bulk *bulk, ew_dur now, bool may);

/* The answer to a Send. False: no Send has this token. */
bool bulk_answered(struct bulk *bulk, uint64_t token, bool refused);

/* Token of the oldest Send that waits for its answer; 0: none does. */
uint32_t bulk_oldest(const struct bulk *bulk);

/* The connection broke, or a new registration began: what is not answered is sent again. */
void bulk_again(struct bulk *bulk);

/* It will not be sent any more: all that was taken is settled as refused. */
void bulk_drop(struct bulk *bulk);

/* When bulk_work() has something to do at the latest; INT64_MAX: not by time. */
ew_dur bulk_due(const struct bulk *bulk);

/* Whether everything taken is settled. */
bool bulk_is_idle(const struct bulk *bulk);

#endif
