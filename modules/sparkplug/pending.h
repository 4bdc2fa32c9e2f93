/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches between delivery and acknowledgement, in the order of delivery:
 *
 *	confirmed ... sent ... waiting
 *
 * Sent: all its samples are in messages up to a number. Confirmed: a fence
 * after that number was acknowledged in the same connection, so the broker has
 * read them. That does not prove that a host has: a confirmed batch is held
 * for a while before it is given up, so that it can be sent again.
 *
 * Pure: times and numbers come from outside. The batches are core's and stay
 * valid until they are acknowledged.
 */
#ifndef MODULES_SPARKPLUG_PENDING_H
#define MODULES_SPARKPLUG_PENDING_H

#include <edgeway/module.h>

#define PENDING_MAX  8192u      /* batches; a power of two */

struct pending_batch {
	const struct ew_batch *batch;
	uint64_t number;        /* of the last message with its samples; 0: not sent */
	ew_dur sent_at;         /* monotonic, the last time; 0: never */
};

struct pending {
	/* ever appended, taken away, ... : index & (PENDING_MAX - 1) is the place */
	uint64_t first;         /* oldest kept */
	uint64_t confirmed;     /* first that is not confirmed */
	uint64_t taken;         /* first whose samples wait to be put into messages */
	uint64_t last;          /* one past the newest */
	struct pending_batch *batches;
};

/* Errors: -ENOMEM */
int pending_init(struct pending *pending);
void pending_fini(struct pending *pending);

static inline struct pending_batch *pending_at(const struct pending *pending, uint64_t index)
{
	return &pending->batches[index & (PENDING_MAX - 1)];
}

static inline bool pending_has_room(const struct pending *pending)
{
	return pending->last - pending->first < PENDING_MAX;
}

/* There must be room. Returns its index. */
uint64_t pending_add(struct pending *pending, const struct ew_batch *batch);

/* All that was taken since the last call is in messages up to this number. */
void pending_sent(struct pending *pending, uint64_t number, ew_dur now);

/* What was taken since then was not put into messages after all. */
void pending_untake(struct pending *pending);

/* A fence: messages up to this number have arrived at the broker. */
void pending_confirm(struct pending *pending, uint64_t number);

/* What is not confirmed has to be sent again. Returns how many had been sent. */
uint64_t pending_rewind(struct pending *pending);

/* So has what was sent at this time or later, confirmed or not. */
uint64_t pending_rewind_to(struct pending *pending, ew_dur since);

/*
 * The oldest one, if it is confirmed and was sent before this time; it is
 * taken out. NULL: none.
 */
const struct ew_batch *pending_finish(struct pending *pending, ew_dur before);

#endif
