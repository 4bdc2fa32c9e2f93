/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags of the registry. They are found by a table of buckets chained through
 * the cells, keyed by device id and name, so a tag costs its cell, a bucket
 * and its version.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bus/registry.h"
#include "core/store/store.h"

static uint32_t *bucket_of(const struct registry *registry, uint32_t device, const char *name)
{
	uint32_t code = hash_code(name, strlen(name)) ^ device * 0x9e3779b1u;

	return &registry->buckets[code & (registry->bucket_count - 1)];
}

/* Tombstones too. */
static uint32_t find_any_tag(const struct registry *registry, uint32_t device, const char *name)
{
	uint32_t id = *bucket_of(registry, device, name);

	while (id != EW_NO_ID) {
		const struct tag_cell *cell = page_table_find(&registry->tags, id);

		if (cell->version->info.device == device &&
		    strcmp(cell->version->info.spec.name, name) == 0) {
			return id;
		}
		id = cell->next_same;
	}
	return EW_NO_ID;
}

uint32_t registry_find_tag(const struct registry *registry, uint32_t device, const char *name)
{
	uint32_t id = find_any_tag(registry, device, name);

	return id != EW_NO_ID && registry_tag(registry, id) == NULL ? EW_NO_ID : id;
}

static void link_tag(struct registry *registry, uint32_t id, struct tag_cell *cell)
{
	uint32_t *bucket = bucket_of(registry, cell->version->info.device,
				     cell->version->info.spec.name);

	cell->next_same = *bucket;
	*bucket = id;
}

static void unlink_tag(struct registry *registry, uint32_t id, const struct tag_cell *cell)
{
	uint32_t *at = bucket_of(registry, cell->version->info.device,
				 cell->version->info.spec.name);

	while (*at != id) {
		at = &((struct tag_cell *)page_table_find(&registry->tags, *at))->next_same;
	}
	*at = cell->next_same;
}

/* Keep chains short; without memory they just get longer. */
static void grow_buckets(struct registry *registry)
{
	uint32_t count = registry->bucket_count * 2;
	uint32_t *buckets;

	if (registry->tag_ids < registry->bucket_count) {
		return;
	}
	buckets = calloc(count, sizeof(*buckets));
	if (buckets == NULL) {
		return;
	}
	free(registry->buckets);
	registry->buckets = buckets;
	registry->bucket_count = count;
	for (uint32_t id = 1; id <= registry->tag_ids; id++) {
		struct tag_cell *cell = page_table_find(&registry->tags, id);

		if (cell->version != NULL) {
			link_tag(registry, id, cell);
		}
	}
}

/* Tombstones stand in a queue, oldest first; one that lives again leaves it from anywhere. */
static void queue_tombstone(struct registry *registry, struct owner *owner, uint32_t id)
{
	struct tag_cell *cell = registry_any_tag(registry, id);

	cell->next_dead = EW_NO_ID;
	cell->prev_dead = owner->dead_tag_last;
	if (cell->prev_dead == EW_NO_ID) {
		owner->dead_tag_first = id;
	} else {
		registry_any_tag(registry, cell->prev_dead)->next_dead = id;
	}
	owner->dead_tag_last = id;
	owner->dead_tag_count++;
	registry->dead++;
}

static void unqueue_tombstone(struct registry *registry, struct owner *owner, uint32_t id)
{
	struct tag_cell *cell = registry_any_tag(registry, id);

	if (cell->prev_dead == EW_NO_ID) {
		owner->dead_tag_first = cell->next_dead;
	} else {
		registry_any_tag(registry, cell->prev_dead)->next_dead = cell->next_dead;
	}
	if (cell->next_dead == EW_NO_ID) {
		owner->dead_tag_last = cell->prev_dead;
	} else {
		registry_any_tag(registry, cell->next_dead)->prev_dead = cell->prev_dead;
	}
	cell->next_dead = EW_NO_ID;
	cell->prev_dead = EW_NO_ID;
	owner->dead_tag_count--;
	registry->dead--;
}

static uint32_t recycle_tag(struct registry *registry, struct owner *owner)
{
	uint32_t id = owner->dead_tag_first;
	struct tag_cell *cell;

	if (owner->dead_tag_count <= TOMBSTONES_MAX) {
		return EW_NO_ID;
	}
	cell = registry_any_tag(registry, id);
	if (atomic_load_explicit(&cell->holders, memory_order_acquire) != 0 ||
	    !owner_epoch_is_over(owner, cell->dead_epoch)) {
		return EW_NO_ID;
	}
	unqueue_tombstone(registry, owner, id);
	unlink_tag(registry, id, cell);
	tag_version_unref(&cell->version);
	cell->is_dead = false;
	return id;
}

static int device_add_tag(struct device *device, uint32_t id)
{
	if (device->tag_count == device->tag_room) {
		uint32_t room = device->tag_room == 0 ? 8 : device->tag_room * 2;
		uint32_t *tags = realloc(device->tags, room * sizeof(*tags));

		if (tags == NULL) {
			return -ENOMEM;
		}
		device->tags = tags;
		device->tag_room = room;
	}
	device->tags[device->tag_count++] = id;
	return 0;
}

static void device_remove_tag(struct device *device, uint32_t id)
{
	uint32_t i = device->tag_count;

	/* a device that goes is taken apart from its end */
	while (device->tags[--i] != id) {
		check(i > 0);
	}
	memmove(&device->tags[i], &device->tags[i + 1],
		(device->tag_count - i - 1) * sizeof(*device->tags));
	device->tag_count--;
}

/* A cell for a new tag, with its gate, and room in its device. */
static int tag_new(struct registry *registry, struct device *device, uint32_t *id_out,
		   struct tag_cell **cell_out)
{
	uint32_t id = recycle_tag(registry, device->owner);
	struct tag_cell *cell;

	if (id == EW_NO_ID) {
		if (registry->tag_ids + 1 >= PAGE_IDS_MAX) {
			return -EMSGSIZE;
		}
		id = registry->tag_ids + 1;
	}
	cell = page_table_make(&registry->tags, id);
	if (cell == NULL || page_table_make(&registry->gates, id) == NULL ||
	    device_add_tag(device, id) != 0) {
		return -ENOMEM;
	}
	if (id > registry->tag_ids) {
		registry->tag_ids = id;
	}
	*id_out = id;
	*cell_out = cell;
	return 0;
}

static int declare_new_tag(struct registry *registry, struct device *device,
			   const struct ew_tag_info *info, struct registry_change *change_out)
{
	struct tag_version *version;
	struct tag_cell *cell;
	uint32_t id;
	int error = tag_version_new(info, &version);

	if (error != 0) {
		return error;
	}
	error = tag_new(registry, device, &id, &cell);
	if (error != 0) {
		tag_version_unref(&version);
		return error;
	}
	version->serial = ++device->owner->serial;
	version->born = version->serial;
	version->info.id = id;
	cell->version = version;
	link_tag(registry, id, cell);
	grow_buckets(registry);
	device->owner->tag_count++;
	registry->live_tags++;
	*change_out = (struct registry_change){ .id = id, .change = EW_DECLARED };
	return 0;
}

static int tag_revive(struct registry *registry, struct device *device, uint32_t id,
		      struct tag_cell *cell)
{
	int error = device_add_tag(device, id);

	if (error != 0) {
		return error;
	}
	unqueue_tombstone(registry, device->owner, id);
	cell->is_dead = false;
	device->owner->tag_count++;
	registry->live_tags++;
	return 0;
}

static int declare_known_tag(struct registry *registry, struct device *device,
			     struct tag_cell *cell, const struct ew_tag_info *info,
			     struct registry_change *change_out)
{
	struct tag_version *old = cell->version;
	struct registry_change change = {
		.id = old->info.id,
		.change = cell->is_dead ? EW_DECLARED : EW_UPDATED,
		.is_same = !cell->is_dead && tag_version_is_same(old, info),
		.was_kept = cell->is_kept,
	};
	struct tag_version *version;
	int error;

	if (!change.is_same) {
		error = tag_version_new(info, &version);
		if (error == 0 && cell->is_dead) {
			error = tag_revive(registry, device, change.id, cell);
			if (error != 0) {
				tag_version_unref(&version);
			}
		}
		if (error != 0) {
			return error;
		}
		version->serial = ++device->owner->serial;
		version->born = change.change == EW_DECLARED ? version->serial : old->born;
		version->info.id = change.id;
		cell->version = version;
		tag_version_unref(&old);
	}
	cell->is_kept = false;
	*change_out = change;
	return 0;
}

int registry_declare_tag(struct registry *registry, struct device *device,
			 const struct ew_tag_info *info, struct registry_change *change_out)
{
	uint32_t id;
	int error;

	registry_lock(registry);
	id = find_any_tag(registry, device->id, info->spec.name);
	if (id == EW_NO_ID) {
		error = declare_new_tag(registry, device, info, change_out);
	} else {
		error = declare_known_tag(registry, device, registry_any_tag(registry, id), info,
					  change_out);
	}
	registry_unlock(registry);
	return error;
}

/* A tombstone of what was never alive. Its id is new: only its owner knows which are free. */
static int bury_unborn_tag(struct registry *registry, struct device *device,
			   const struct ew_tag_info *info)
{
	uint32_t id = registry->tag_ids + 1;
	struct tag_cell *cell = page_table_make(&registry->tags, id);
	int error;

	if (cell == NULL || page_table_make(&registry->gates, id) == NULL) {
		return id >= PAGE_IDS_MAX ? -EMSGSIZE : -ENOMEM;
	}
	error = tag_version_new(info, &cell->version);
	if (error != 0) {
		return error;
	}
	registry->tag_ids = id;
	cell->version->info.id = id;
	cell->is_dead = true;
	link_tag(registry, id, cell);
	grow_buckets(registry);
	queue_tombstone(registry, device->owner, id);
	return 0;
}

int registry_recall_tag(struct registry *registry, struct device *device,
			const struct store_tag *tag, uint32_t *id_out)
{
	const struct ew_tag_info info = {
		.device = device->id,
		.carrier = ew_type_carrier(tag->type),
		.spec = {
			.size = sizeof(info.spec),
			.name = tag->name,
			.type = tag->type,
			.access = EW_ACCESS_READ,
			.unit = tag->unit[0] == '\0' ? NULL : tag->unit,
		},
	};
	uint32_t id = find_any_tag(registry, device->id, tag->name);
	int error = 0;

	if (id == EW_NO_ID) {
		error = bury_unborn_tag(registry, device, &info);
		id = registry->tag_ids;
	}
	if (error == 0) {
		*id_out = id;
	}
	return error;
}

void registry_set_gate(struct registry *registry, uint32_t tag, uint32_t gate)
{
	_Atomic uint32_t *at = (_Atomic uint32_t *)page_table_find(&registry->gates, tag);

	atomic_store_explicit(at, gate, memory_order_relaxed);
}

void registry_bury_tag(struct registry *registry, uint32_t tag)
{
	struct tag_cell *cell;
	struct device *device;
	struct owner *owner;

	registry_lock(registry);
	cell = registry_any_tag(registry, tag);
	device = registry_any_device(registry, cell->version->info.device);
	owner = device->owner;
	device_remove_tag(device, tag);
	cell->is_dead = true;
	cell->is_kept = false;
	cell->dead_epoch = block_pool_epoch(owner->pool);
	queue_tombstone(registry, owner, tag);
	owner->tag_count--;
	registry->live_tags--;
	registry_unlock(registry);
}
