/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which owners a durable receiver has routes for, and where a new route
 * begins in the log. Under bus->lock; the reader on the receiver's loop only
 * looks. It passes the records of an owner that is covered and none of its
 * routes wants, so the count of unmet routes, which keeps reader and cursor
 * where they are, goes up before the owner is covered.
 */
#include "core/bus/replay.h"

bool replay_cover(struct replay *replay, const struct owner *owner)
{
	uint64_t bit = UINT64_C(1) << owner->index % 64;
	uint64_t before = atomic_fetch_or_explicit(&replay->covered[owner->index / 64], bit,
						   memory_order_acq_rel);

	return (before & bit) == 0;
}

bool replay_covers(const struct replay *replay, const struct owner *owner)
{
	return (atomic_load_explicit(&replay->covered[owner->index / 64],
				     memory_order_acquire) >> owner->index % 64 & 1) != 0;
}

static void uncover(struct replay *replay, const struct owner *owner)
{
	atomic_fetch_and_explicit(&replay->covered[owner->index / 64],
				  ~(UINT64_C(1) << owner->index % 64), memory_order_release);
}

/*
 * Where a new route begins. The first of an owner takes all that the log has
 * of it behind the cursor; a later one what is appended from now on: the
 * earlier one still brings what came before.
 */
int replay_plan(struct replay *replay, struct route *route, struct filter *filter)
{
	struct store_cursor cursor;
	bool is_first;
	int error = 0;

	/* before it is covered: see above */
	atomic_fetch_add_explicit(&replay->unmet, 1, memory_order_acq_rel);
	is_first = replay_cover(replay, route->owner);
	if (is_first) {
		error = store_cursor_get(replay->store, replay->receiver->name, &cursor);
	}
	route->durable = durable_new(is_first && error == 0 ? &cursor : NULL,
				     store_last(replay->store) + 1, filter);
	if (route->durable == NULL) {
		if (is_first) {
			uncover(replay, route->owner);
		}
		atomic_fetch_sub_explicit(&replay->unmet, 1, memory_order_release);
		return -ENOMEM;
	}
	if (replay_is_live_first(replay)) {
		atomic_init(&route->durable->wanted, 1);
	}
	return 0;
}

void replay_planned(struct replay *replay)
{
	if (!replay->is_planned) {
		replay->is_planned = true;
		atomic_fetch_sub_explicit(&replay->unmet, 1, memory_order_release);
	}
	/* without any route, too: the log may know owners that nobody else does */
	task_schedule(&replay->receiver->data);
}
