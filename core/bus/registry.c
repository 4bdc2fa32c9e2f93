/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners and devices, and the ids of the dead. Tags are in registry_tag.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/bus/registry.h"
#include "core/store/store.h"

#define OWNERS_MAX     0xffffu
#define BUCKETS_FIRST  256u

int registry_init(struct registry *registry)
{
	int error;

	memset(registry, 0, sizeof(*registry));
	list_init(&registry->owners);
	hash_init(&registry->paths, PAGE_IDS_MAX);
	error = page_table_init(&registry->devices, sizeof(_Atomic(struct device *)));
	if (error == 0) {
		error = page_table_init(&registry->tags, sizeof(struct tag_cell));
	}
	if (error == 0) {
		error = page_table_init(&registry->gates, sizeof(_Atomic uint32_t));
	}
	registry->buckets = calloc(BUCKETS_FIRST, sizeof(*registry->buckets));
	registry->bucket_count = BUCKETS_FIRST;
	if (error != 0 || registry->buckets == NULL ||
	    pthread_mutex_init(&registry->lock, NULL) != 0) {
		registry_fini(registry);
		return -ENOMEM;
	}
	return 0;
}

static void device_free(struct device *device)
{
	list_remove(&device->owned);
	device_version_unref(&device->version);
	free(device->tags);
	free(device);
}

static void owner_free(struct owner *owner)
{
	struct list *node;

	while ((node = list_pop(&owner->devices)) != NULL) {
		device_free(list_entry(node, struct device, owned));
	}
	while ((node = list_pop(&owner->dead_devices)) != NULL) {
		device_free(list_entry(node, struct device, owned));
	}
	list_remove(&owner->node);
	block_pool_free(&owner->pool);
	(void)pthread_rwlock_destroy(&owner->signal_lock);
	free(owner->name);
	free(owner);
}

void registry_fini(struct registry *registry)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &registry->owners) {
		owner_free(list_entry(node, struct owner, node));
	}
	for (uint32_t id = 1; registry->tags.pages != NULL && id <= registry->tag_ids; id++) {
		struct tag_cell *cell = page_table_find(&registry->tags, id);

		tag_version_unref(&cell->version);
	}
	page_table_fini(&registry->devices);
	page_table_fini(&registry->tags);
	page_table_fini(&registry->gates);
	hash_fini(&registry->paths);
	free(registry->buckets);
	registry->buckets = NULL;
}

static struct owner *owner_new(const char *name)
{
	struct owner *owner = calloc(1, sizeof(*owner));

	if (owner == NULL) {
		return NULL;
	}
	list_init(&owner->node);
	list_init(&owner->devices);
	list_init(&owner->dead_devices);
	atomic_init(&owner->appending, UINT64_MAX);
	owner->name = strdup(name);
	(void)pthread_rwlock_init(&owner->signal_lock, NULL);
	if (owner->name == NULL || block_pool_new(&owner->pool) != 0) {
		owner_free(owner);
		return NULL;
	}
	return owner;
}

struct owner *registry_owner(struct registry *registry, const char *name)
{
	struct owner *owner = NULL;
	struct list *node;

	registry_lock(registry);
	list_for_each(node, &registry->owners) {
		if (strcmp(list_entry(node, struct owner, node)->name, name) == 0) {
			owner = list_entry(node, struct owner, node);
		}
	}
	if (owner == NULL && registry->owner_count < OWNERS_MAX) {
		owner = owner_new(name);
		if (owner != NULL) {
			owner->index = ++registry->owner_count;
			list_push(&registry->owners, &owner->node);
		}
	}
	registry_unlock(registry);
	return owner;
}

struct device *registry_any_device(const struct registry *registry, uint32_t id)
{
	_Atomic(struct device *) *at =
		(_Atomic(struct device *) *)page_table_find(&registry->devices, id);

	return at == NULL ? NULL : atomic_load_explicit(at, memory_order_acquire);
}

struct device *registry_device(const struct registry *registry, uint32_t id)
{
	struct device *device = registry_any_device(registry, id);

	return device == NULL || device->is_dead ? NULL : device;
}

struct tag_cell *registry_tag(const struct registry *registry, uint32_t id)
{
	struct tag_cell *cell = page_table_find(&registry->tags, id);

	return cell == NULL || cell->version == NULL || cell->is_dead ? NULL : cell;
}

uint32_t registry_find_device(const struct registry *registry, const char *path)
{
	const struct device *device = hash_find(&registry->paths, path);

	return device == NULL || device->is_dead ? EW_NO_ID : device->id;
}

void registry_hold_device(struct registry *registry, uint32_t id)
{
	atomic_fetch_add_explicit(&registry_any_device(registry, id)->holders, 1,
				  memory_order_relaxed);
}

void registry_drop_device(struct registry *registry, uint32_t id)
{
	atomic_fetch_sub_explicit(&registry_any_device(registry, id)->holders, 1,
				  memory_order_release);
}

void registry_hold_tag(struct registry *registry, uint32_t id)
{
	atomic_fetch_add_explicit(&registry_any_tag(registry, id)->holders, 1,
				  memory_order_relaxed);
}

void registry_drop_tag(struct registry *registry, uint32_t id)
{
	atomic_fetch_sub_explicit(&registry_any_tag(registry, id)->holders, 1,
				  memory_order_release);
}

bool owner_epoch_is_over(struct owner *owner, unsigned epoch)
{
	unsigned now = block_pool_epoch(owner->pool);

	return now - epoch >= 2 || block_pool_epoch(owner->pool) - epoch >= 2;
}

/* The id of a tombstone that nobody knows any more; EW_NO_ID: none to be had. */
static uint32_t recycle_device(struct registry *registry, struct owner *owner)
{
	struct device *device;
	uint32_t id;

	if (owner->dead_device_count <= TOMBSTONES_MAX) {
		return EW_NO_ID;
	}
	device = list_entry(owner->dead_devices.next, struct device, owned);
	if (atomic_load_explicit(&device->holders, memory_order_acquire) != 0 ||
	    !owner_epoch_is_over(owner, device->dead_epoch)) {
		return EW_NO_ID;
	}
	id = device->id;
	if (!device->is_nameless) {
		(void)hash_take(&registry->paths, device->version->info.spec.path);
	}
	owner->dead_device_count--;
	registry->dead--;
	device_free(device);
	return id;
}

static int device_new(struct registry *registry, struct owner *owner,
		      struct device_version *version, struct device **device_out)
{
	struct device *device = calloc(1, sizeof(*device));
	_Atomic(struct device *) *at;
	int error = -ENOMEM;
	uint32_t id;

	if (device == NULL) {
		return -ENOMEM;
	}
	id = recycle_device(registry, owner);
	if (id == EW_NO_ID) {
		id = registry->device_ids + 1;
	}
	list_init(&device->owned);
	at = page_table_make(&registry->devices, id);
	if (at != NULL) {
		error = hash_put(&registry->paths, version->info.spec.path, device);
	}
	if (error != 0) {
		free(device);
		return error;
	}
	if (id > registry->device_ids) {
		registry->device_ids = id;
	}
	device->id = id;
	device->owner = owner;
	device->version = version;
	list_push(&owner->devices, &device->owned);
	atomic_store_explicit(at, device, memory_order_release);
	*device_out = device;
	return 0;
}

/* The map's key is the version's text: both change together. */
static void device_set_version(struct registry *registry, struct device *device,
			       struct device_version *version)
{
	struct device_version *old = device->version;

	version->serial = ++device->owner->serial;
	version->info.id = device->id;
	(void)hash_take(&registry->paths, old->info.spec.path);
	device->version = version;
	/* there was an entry a moment ago: it cannot fail */
	check(hash_put(&registry->paths, version->info.spec.path, device) == 0);
	device_version_unref(&old);
}

static void device_revive(struct registry *registry, struct device *device)
{
	struct owner *owner = device->owner;

	device->is_dead = false;
	list_remove(&device->owned);
	list_push(&owner->devices, &device->owned);
	owner->dead_device_count--;
	owner->device_count++;
	registry->dead--;
	registry->live_devices++;
}

/* The path is in nobody's hands: a tombstone, as if it had been declared and removed. */
static int bury_unborn_device(struct registry *registry, struct owner *owner,
			      const struct store_tag *tag, struct device **device_out)
{
	const struct ew_device_info info = {
		.state = EW_DEVICE_DOWN,
		.reason = "only the store knows it",
		.owner = owner->name,
		.spec = {
			.size = sizeof(info.spec),
			.path = tag->device,
			.type = tag->device_type[0] == '\0' ? NULL : tag->device_type,
		},
	};
	struct device *device = calloc(1, sizeof(*device));
	uint32_t id = registry->device_ids + 1;
	_Atomic(struct device *) *at = page_table_make(&registry->devices, id);
	int error = id >= PAGE_IDS_MAX ? -EMSGSIZE :
		    device == NULL || at == NULL ? -ENOMEM :
						   device_version_new(&info, &device->version);

	if (error == 0) {
		error = hash_put(&registry->paths, device->version->info.spec.path, device);
	}
	if (error != 0) {
		if (device != NULL) {
			device_version_unref(&device->version);
		}
		free(device);
		return error;
	}
	registry->device_ids = id;
	device->id = id;
	device->owner = owner;
	device->is_dead = true;
	device->version->info.id = id;
	list_push(&owner->dead_devices, &device->owned);
	owner->dead_device_count++;
	registry->dead++;
	atomic_store_explicit(at, device, memory_order_release);
	*device_out = device;
	return 0;
}

int registry_recall(struct registry *registry, struct owner *owner, const struct store_tag *tag,
		    struct recalled *recalled_out)
{
	struct device *device;
	uint32_t id = EW_NO_ID;
	int error = 0;

	registry_lock(registry);
	device = hash_find(&registry->paths, tag->device);
	if (device == NULL) {
		error = bury_unborn_device(registry, owner, tag, &device);
	}
	if (error == 0) {
		error = registry_recall_tag(registry, device, tag, &id);
	}
	if (error == 0) {
		*recalled_out = (struct recalled){
			.device = device_version_ref(device->version),
			.tag = tag_version_ref(registry_any_tag(registry, id)->version),
			.owner = device->owner->index,
		};
		registry_hold_device(registry, device->id);
		registry_hold_tag(registry, id);
	}
	registry_unlock(registry);
	return error;
}

void registry_recalled_fini(struct registry *registry, struct recalled *recalled)
{
	registry_drop_tag(registry, recalled->tag->info.id);
	registry_drop_device(registry, recalled->device->info.id);
	tag_version_unref(&recalled->tag);
	device_version_unref(&recalled->device);
}

static int declare_new_device(struct registry *registry, struct owner *owner,
			      const struct ew_device_info *info,
			      struct registry_change *change_out)
{
	struct device_version *version;
	struct device *device;
	int error = device_version_new(info, &version);

	if (error != 0) {
		return error;
	}
	error = device_new(registry, owner, version, &device);
	if (error != 0) {
		device_version_unref(&version);
		return error;
	}
	version->serial = ++owner->serial;
	version->info.id = device->id;
	owner->device_count++;
	registry->live_devices++;
	*change_out = (struct registry_change){ .id = device->id, .change = EW_DECLARED };
	return 0;
}

static int declare_known_device(struct registry *registry, struct device *device,
				const struct ew_device_info *info,
				struct registry_change *change_out)
{
	struct registry_change change = {
		.id = device->id,
		.change = device->is_dead ? EW_DECLARED : EW_UPDATED,
		.was_kept = device->is_kept,
	};
	struct ew_device_info full = *info;
	struct device_version *version;
	int error;

	change.is_same = !device->is_dead && device_version_is_same(device->version, info);
	if (!change.is_same) {
		if (!device->is_dead) {
			full.state = device->version->info.state;
			full.reason = device->version->info.reason;
			full.since = device->version->info.since;
		}
		error = device_version_new(&full, &version);
		if (error != 0) {
			return error;
		}
		device_set_version(registry, device, version);
	}
	if (device->is_dead) {
		device_revive(registry, device);
	}
	device->is_kept = false;
	*change_out = change;
	return 0;
}

int registry_declare_device(struct registry *registry, struct owner *owner,
			    const struct ew_device_info *info, struct registry_change *change_out,
			    const char **other_out)
{
	struct device *device;
	int error;

	registry_lock(registry);
	device = hash_find(&registry->paths, info->spec.path);
	if (device == NULL) {
		error = declare_new_device(registry, owner, info, change_out);
	} else if (device->owner == owner) {
		error = declare_known_device(registry, device, info, change_out);
	} else if (device->is_dead) {
		/* the path is free; the old id stays with who knows it */
		(void)hash_take(&registry->paths, device->version->info.spec.path);
		device->is_nameless = true;
		error = declare_new_device(registry, owner, info, change_out);
	} else {
		*other_out = device->owner->name;
		error = -EEXIST;
	}
	registry_unlock(registry);
	return error;
}

int registry_set_state(struct registry *registry, struct device *device, enum ew_state state,
		       const char *reason, ew_time since)
{
	struct ew_device_info info;
	struct device_version *version;
	int error;

	registry_lock(registry);
	info = device->version->info;
	info.state = state;
	info.reason = reason;
	info.since = since;
	error = device_version_new(&info, &version);
	if (error == 0) {
		device_set_version(registry, device, version);
	}
	registry_unlock(registry);
	return error;
}

void registry_bury_device(struct registry *registry, struct device *device)
{
	struct owner *owner = device->owner;

	registry_lock(registry);
	check(device->tag_count == 0);
	device->is_dead = true;
	device->is_kept = false;
	device->dead_epoch = block_pool_epoch(owner->pool);
	list_remove(&device->owned);
	list_push(&owner->dead_devices, &device->owned);
	owner->device_count--;
	owner->dead_device_count++;
	registry->live_devices--;
	registry->dead++;
	registry_unlock(registry);
}

