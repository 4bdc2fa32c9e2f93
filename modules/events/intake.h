/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from the bus goes into the journal, and is acknowledged to the bus
 * when it is on disk there. What the journal does not take now is delivered
 * again by the bus. Runs on the instance's loop.
 */
#ifndef EVENTS_INTAKE_H
#define EVENTS_INTAKE_H

#include <edgeway/journal.h>

#include "modules/events/entry.h"

#define INTAKE_RECENT  1000u    /* events whose ids are remembered */

/* Written and not on disk yet: all of a position is when `number` is. */
struct owed {
	uint32_t route;
	uint64_t position;
	uint64_t number;
};

/* Positions of a route that the journal did not take. */
struct left {
	uint32_t route;
	uint64_t from, to;
};

struct recent {
	uint64_t number;
	size_t bytes;
};

/* A sample of a batch. */
struct sample_place {
	uint32_t device;
	uint32_t index;
};

struct intake {
	struct ew_instance *inst;
	struct ew_journal *journal;
	struct bytes entry;             /* memory of the last one, for the next */
	struct owed *owed;              /* a ring */
	size_t owed_room, owed_first, owed_count;
	struct left *left;
	size_t left_room, left_count;
	struct sample_place *places;    /* of the batch at hand */
	size_t place_room;
	struct recent recent[INTAKE_RECENT];    /* a ring */
	size_t recent_first, recent_count;
	uint64_t events, samples, put_off, refused, too_long;   /* since the start */
	bool has_failed;                /* the journal did not take the last one */
};

/* Looks for the last events of the journal. -ENOMEM, or what the journal says. */
int intake_open(struct intake *intake, struct ew_instance *inst,
		struct ew_journal *journal) EW_CHECKED;
void intake_close(struct intake *intake);

void intake_event(struct intake *intake, const struct ew_event *event);

/* is_wanted: append its samples; else they are only acknowledged. */
void intake_batch(struct intake *intake, const struct ew_batch *batch, bool is_wanted);

/* Acknowledge what is on disk, and let what was left be delivered again. */
void intake_settle(struct intake *intake);

/* Is something owed, or to be delivered again? */
bool intake_is_busy(const struct intake *intake);

/* The place before the last events: so many, of those remembered, and so many bytes. */
uint64_t intake_recent(const struct intake *intake, uint64_t events, uint64_t bytes);

#endif
