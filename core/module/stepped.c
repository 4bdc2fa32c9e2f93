/* SPDX-License-Identifier: Apache-2.0 */
/* Turns at one time, and time from timer to timer. */
#include "core/module/stepped.h"

static int64_t stepped_mono(void *arg)
{
	const struct stepped *stepped = arg;

	return atomic_load(&stepped->mono);
}

static int64_t stepped_utc(void *arg)
{
	const struct stepped *stepped = arg;

	return atomic_load(&stepped->mono) + atomic_load(&stepped->wall);
}

void stepped_begin(struct stepped *stepped, ew_dur mono, ew_time wall)
{
	atomic_store(&stepped->mono, mono);
	atomic_store(&stepped->wall, wall - mono);
	stepped->more_due = INT64_MAX;
	stepped->clock = (struct clock_source){ stepped_mono, stepped_utc, stepped };
	clock_set_source(&stepped->clock);
}

void stepped_end(struct stepped *stepped)
{
	if (stepped->clock.mono != NULL) {
		clock_set_source(NULL);
	}
	stepped->clock = (struct clock_source){ 0 };
}

/* ---- turns ---- */

struct stepped_turn {
	const struct stepped *stepped;
	bool did;
	int64_t next;
};

static int stepped_step_one(void *arg, struct loop *loop)
{
	struct stepped_turn *turn = arg;

	turn->did |= loop != turn->stepped->hung && loop_step(loop);
	return 0;
}

bool stepped_settle(struct stepped *stepped)
{
	struct stepped_turn turn = { .stepped = stepped };

	for (unsigned count = 0; count < STEPPED_TURNS_MAX; count++) {
		stepped->more_due = stepped->more == NULL ? INT64_MAX : stepped->more(stepped->arg);
		turn.did = stepped->more_due <= atomic_load(&stepped->mono);
		turn.did |= loop_step(stepped->main);
		(void)fleet_loops_walk(stepped->fleet, stepped_step_one, &turn);
		if (!turn.did) {
			return true;
		}
	}
	return false;
}

static int stepped_next_one(void *arg, struct loop *loop)
{
	struct stepped_turn *turn = arg;
	int64_t due = loop == turn->stepped->hung ? INT64_MAX : loop_next_timer(loop);

	turn->next = due < turn->next ? due : turn->next;
	return 0;
}

bool stepped_run_until(struct stepped *stepped, ew_dur until, bool (*done)(void *arg), void *arg)
{
	struct stepped_turn turn = { .stepped = stepped };

	while (stepped_settle(stepped)) {
		int64_t now = atomic_load(&stepped->mono);

		turn.next = loop_next_timer(stepped->main);
		turn.next = turn.next < stepped->more_due ? turn.next : stepped->more_due;
		(void)fleet_loops_walk(stepped->fleet, stepped_next_one, &turn);
		if (now >= until || (done != NULL && done(arg))) {
			return true;
		}
		turn.next = turn.next < until ? turn.next : until;
		atomic_store(&stepped->mono, turn.next > now ? turn.next : now);
	}
	return false;
}
