/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: what a far end refused for good, kept as it was delivered, in a
 * log of its receiver. On the receiver's loop, which alone knows under which
 * names it knew the tags.
 */
#include <errno.h>

#include "core/bus/inside.h"

struct letters {
	struct endpoint *receiver;
	struct store *store;
	struct store_owner *owner;      /* the route */
};

static const char *letter_text(const char *text)
{
	return text == NULL ? "" : text;
}

static const struct device_version *letter_device(const struct endpoint *receiver, uint32_t id)
{
	const struct seen *seen = page_table_find(&receiver->seen_devices, id);

	return seen == NULL ? NULL : seen->version;
}

static int letter_on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	const struct endpoint *receiver = arg;
	const struct seen *seen = page_table_find(&receiver->seen_tags, tag);
	const struct tag_version *version = seen == NULL ? NULL : seen->version;
	const struct device_version *device =
		version == NULL ? NULL : letter_device(receiver, version->info.device);

	if (device == NULL) {
		return -ENOENT;
	}
	*tag_out = (struct store_tag){
		.device = device->info.spec.path,
		.device_type = letter_text(device->info.spec.type),
		.name = version->info.spec.name,
		.unit = letter_text(version->info.spec.unit),
		.type = version->info.spec.type,
	};
	return 0;
}

static int letter_add_samples(const struct letters *letters, const struct ew_batch *batch)
{
	const struct store_batch stored = {
		.samples = batch->samples,
		.count = batch->count,
		.number = batch->number,
		.stamped = batch->stamped,
	};
	uint64_t lsn;

	/* ids are used again: each letter says anew what its tags are */
	for (uint32_t i = 0; i < batch->count; i++) {
		store_forget_tag(letters->store, batch->samples[i].tag);
	}
	return store_append_samples(letters->store, letters->owner, &stored, &lsn);
}

static int letter_add_event(const struct letters *letters, const struct ew_event *event)
{
	const struct device_version *device = letter_device(letters->receiver, event->device);
	const struct store_event stored = {
		.event = event,
		.device = device == NULL ? NULL : device->info.spec.path,
	};
	uint64_t lsn;

	return store_append_event(letters->store, letters->owner, &stored, &lsn);
}

static int letter_put(const struct letters *letters, const struct delivery *delivery)
{
	return delivery->block->kind == BLOCK_EVENT ?
		       letter_add_event(letters, &delivery->event) :
		       letter_add_samples(letters, &delivery->batch);
}

/* Many at once fill the buffer before the disk is asked. */
static int letter_add(const struct letters *letters, const struct delivery *delivery)
{
	int error = letter_put(letters, delivery);

	if (error == -EAGAIN && store_sync(letters->store) == 0) {
		error = letter_put(letters, delivery);
	}
	return error;
}

/* How many there are, and how many of them the log took. */
struct letter_counts {
	uint64_t all, kept;
};

static int letter_add_all(const struct letters *letters, struct route *route, struct span range,
			  struct letter_counts *counts)
{
	const struct delivery *delivery;
	uint32_t index = 0;
	int error = 0;

	while (route->window != NULL &&
	       (delivery = window_next_in(route->window, &index, range)) != NULL) {
		int one = letters->owner == NULL ? -ENOENT : letter_add(letters, delivery);

		counts->all++;
		counts->kept += one == 0;
		error = error != 0 ? error : one;
	}
	return error;
}

int endpoint_bury(struct endpoint *endpoint, uint32_t id, uint64_t from, uint64_t to,
		  struct store *store)
{
	const struct store_listener listener = {
		.describe = letter_on_describe,
		.arg = endpoint,
	};
	struct letters letters = { .receiver = endpoint, .store = store };
	struct letter_counts counts = { 0, 0 };
	struct route *route = receiver_find_route(endpoint, id);
	int error = 0, failed;

	if (route == NULL) {
		return -ENOENT;
	}
	if (store != NULL) {
		store_listen(store, &listener);
		error = store_owner_find(store, route->name, &letters.owner);
	}
	failed = letter_add_all(&letters, route, (struct span){ from, to }, &counts);
	if (counts.kept > 0) {
		/* before the cursor passes them; what the disk does not take waits in memory */
		failed = failed != 0 ? failed : store_sync(store);
	}
	atomic_fetch_add_explicit(&route->dead_lost, counts.all - counts.kept,
				  memory_order_relaxed);
	return error != 0 ? error : failed;
}
