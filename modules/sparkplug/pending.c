/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/pending.h"

#include <errno.h>
#include <stdlib.h>

int pending_init(struct pending *pending)
{
	*pending = (struct pending){ 0 };
	pending->batches = calloc(PENDING_MAX, sizeof(*pending->batches));
	return pending->batches != NULL ? 0 : -ENOMEM;
}

void pending_fini(struct pending *pending)
{
	free(pending->batches);
	pending->batches = NULL;
}

uint64_t pending_add(struct pending *pending, const struct ew_batch *batch)
{
	*pending_at(pending, pending->last) = (struct pending_batch){ .batch = batch };
	return pending->last++;
}

void pending_sent(struct pending *pending, uint64_t number, ew_dur now)
{
	uint64_t i = pending->taken;

	while (i > pending->confirmed && pending_at(pending, i - 1)->number == 0) {
		struct pending_batch *batch = pending_at(pending, --i);

		batch->number = number;
		batch->sent_at = now;
	}
}

void pending_untake(struct pending *pending)
{
	while (pending->taken > pending->confirmed &&
	       pending_at(pending, pending->taken - 1)->number == 0) {
		pending->taken--;
	}
}

void pending_confirm(struct pending *pending, uint64_t number)
{
	while (pending->confirmed < pending->taken) {
		uint64_t sent = pending_at(pending, pending->confirmed)->number;

		if (sent == 0 || sent > number) {
			break;
		}
		pending->confirmed++;
	}
}

static uint64_t pending_rewind_from(struct pending *pending, uint64_t index)
{
	uint64_t count = 0;

	for (uint64_t i = index; i < pending->taken; i++) {
		struct pending_batch *batch = pending_at(pending, i);

		count += batch->number != 0;
		batch->number = 0;
	}
	pending->taken = index < pending->taken ? index : pending->taken;
	pending->confirmed = index < pending->confirmed ? index : pending->confirmed;
	return count;
}

uint64_t pending_rewind(struct pending *pending)
{
	return pending_rewind_from(pending, pending->confirmed);
}

uint64_t pending_rewind_to(struct pending *pending, ew_dur since)
{
	uint64_t index = pending->confirmed;

	while (index > pending->first && pending_at(pending, index - 1)->sent_at >= since) {
		index--;
	}
	return pending_rewind_from(pending, index);
}

const struct ew_batch *pending_finish(struct pending *pending, ew_dur before)
{
	struct pending_batch *oldest = pending_at(pending, pending->first);

	if (pending->first == pending->confirmed || oldest->sent_at >= before) {
		return NULL;
	}
	pending->first++;
	return oldest->batch;
}
