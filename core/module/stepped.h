/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet without threads, under a clock of its own: all its loops are stepped
 * in turn until none has anything to do, then time passes to the next timer.
 * So the same steps give the same samples. The test library and rehearsals run
 * on it. One at a time in a process, on one thread.
 */
#ifndef CORE_MODULE_STEPPED_H
#define CORE_MODULE_STEPPED_H

#include <stdatomic.h>

#include "core/base/clock.h"
#include "core/module/fleet.h"

#define STEPPED_TURNS_MAX  100000u      /* at one time: more go round for ever */

struct stepped {
	struct clock_source clock;
	_Atomic int64_t mono;
	_Atomic int64_t wall;           /* what is added to mono */
	struct loop *main;
	struct fleet *fleet;            /* made with .stepped */
	const struct loop *hung;        /* is not stepped; NULL: none */
	/* Step what is no loop; returns when it wants its next turn. May be NULL */
	int64_t (*more)(void *arg);
	void *arg;
	int64_t more_due;
};

/* Take over the clocks of the process. main and fleet may be set later. */
void stepped_begin(struct stepped *stepped, ew_dur mono, ew_time wall);

/* Give them back. Harmless where they were not taken. */
void stepped_end(struct stepped *stepped);

/* Run all until nothing is left to do. False: it goes round for ever. */
bool stepped_settle(struct stepped *stepped);

/* Let time pass up to `until`, or until done says so, which may be NULL. As above. */
bool stepped_run_until(struct stepped *stepped, ew_dur until, bool (*done)(void *arg), void *arg);

#endif
