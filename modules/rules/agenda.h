/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to do what: a heap of numbers 0..count-1, each at most once, by their
 * time. All memory is taken at the beginning. Pure; any thread.
 */
#ifndef MODULES_RULES_AGENDA_H
#define MODULES_RULES_AGENDA_H

#include <edgeway/loop.h>

#define AGENDA_NEVER  INT64_MAX

struct agenda {
	uint32_t *heap;         /* numbers, the earliest first */
	uint32_t *places;       /* of a number in the heap, from 1; 0: not there */
	ew_dur *times;
	uint32_t used;
};

int agenda_init(struct agenda *agenda, uint32_t count);
void agenda_fini(struct agenda *agenda);

/* AGENDA_NEVER takes it out. */
void agenda_set(struct agenda *agenda, uint32_t number, ew_dur time);

/* AGENDA_NEVER: nothing is to be done. */
ew_dur agenda_next(const struct agenda *agenda);

/* Take out one whose time has come. False: there is none. */
bool agenda_take(struct agenda *agenda, ew_dur now, uint32_t *number_out);

#endif
