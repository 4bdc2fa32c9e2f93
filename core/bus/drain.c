/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drain limit: how fast a receiver may read the log, in messages and in
 * bytes a second. On the receiver's loop. What was not used is kept for one
 * second; a message passes while there is something left, whatever its size.
 */
#include "core/bus/replay.h"

static double limit_of(const _Atomic uint64_t *limit)
{
	return (double)atomic_load_explicit(limit, memory_order_relaxed);
}

static double fill(double have, double limit, double seconds)
{
	double full = have + limit * seconds;

	return full < limit ? full : limit;
}

bool drain_may(struct replay *replay)
{
	double messages = limit_of(&replay->drain_messages);
	double bytes = limit_of(&replay->drain_bytes);
	ew_dur now = clock_mono();
	double seconds = (double)(now - replay->filled_at) / (double)EW_SECOND;

	replay->filled_at = now;
	replay->messages = fill(replay->messages, messages, seconds);
	replay->bytes = fill(replay->bytes, bytes, seconds);
	return (messages <= 0 || replay->messages >= 1) && (bytes <= 0 || replay->bytes > 0);
}

void drain_count(struct replay *replay, size_t bytes)
{
	replay->messages -= 1;
	replay->bytes -= (double)bytes;
}

/* Until there is something again. */
static double lack(double have, double least, double limit)
{
	return limit <= 0 || have >= least ? 0 : (least - have) / limit;
}

ew_dur drain_wait(const struct replay *replay)
{
	double messages = lack(replay->messages, 1, limit_of(&replay->drain_messages));
	double bytes = lack(replay->bytes, 1, limit_of(&replay->drain_bytes));
	double seconds = messages > bytes ? messages : bytes;

	return (ew_dur)(seconds * (double)EW_SECOND) + EW_MILLISECOND;
}
