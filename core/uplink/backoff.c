/* SPDX-License-Identifier: Apache-2.0 */
/* See backoff.h. The generator is xorshift64: jitter needs no better one. */
#include "core/uplink/backoff.h"

void backoff_init(struct backoff *backoff, ew_dur min, ew_dur max, uint64_t seed)
{
	backoff->min = min;
	backoff->max = max < min ? min : max;
	backoff->next = min;
	backoff->seed = seed != 0 ? seed : 1;
}

static ew_dur backoff_jitter(struct backoff *backoff, ew_dur span)
{
	uint64_t half = (uint64_t)span / 2;

	backoff->seed ^= backoff->seed << 13;
	backoff->seed ^= backoff->seed >> 7;
	backoff->seed ^= backoff->seed << 17;
	return span - (ew_dur)(backoff->seed % (half + 1));
}

ew_dur backoff_take(struct backoff *backoff)
{
	ew_dur wait = backoff_jitter(backoff, backoff->next);

	backoff->next = backoff->next > backoff->max / 2 ? backoff->max : backoff->next * 2;
	return wait;
}

ew_dur backoff_short(struct backoff *backoff)
{
	return backoff_jitter(backoff, backoff->min);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->next = backoff->min;
}
