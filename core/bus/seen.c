/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receiver knows: for each id the version that was delivered to it
 * last. On the receiver's loop. Versions have the owner's serial, so what
 * comes late (a change that a snapshot has overtaken) is recognised as old.
 */
#include "core/bus/inside.h"

static void call_device(struct endpoint *receiver, enum ew_change change,
			const struct device_version *version)
{
	if (receiver->module->device != NULL) {
		endpoint_enter(receiver, "device");
		receiver->module->device(receiver->self, change, &version->info);
		endpoint_leave_callback(receiver);
	}
}

static void call_tag(struct endpoint *receiver, enum ew_change change,
		     const struct tag_version *version)
{
	if (receiver->module->tag != NULL) {
		endpoint_enter(receiver, "tag");
		receiver->module->tag(receiver->self, change, &version->info);
		endpoint_leave_callback(receiver);
	}
}

/* ---- devices ---- */

static void forget_device(struct endpoint *receiver, struct seen *seen)
{
	struct device_version *version = seen->version;

	if (version == NULL) {
		return;
	}
	call_device(receiver, EW_REMOVED, version);
	seen->version = NULL;
	registry_drop_device(&receiver->bus->registry, version->info.id);
	device_version_unref(&version);
}

/* From one version to the next: what is said, and then its state. */
static void change_device(struct endpoint *receiver, struct seen *seen,
			  struct device_version *version)
{
	struct device_version *old = seen->version;
	bool is_same = device_version_is_same(old, &version->info);

	seen->version = device_version_ref(version);
	if (!is_same) {
		call_device(receiver, EW_UPDATED, version);
	}
	if (old->info.state != version->info.state || old->info.since != version->info.since) {
		call_device(receiver, EW_STATE_CHANGED, version);
	}
	device_version_unref(&old);
}

static void show_device(struct endpoint *receiver, uint32_t owner,
			struct device_version *version)
{
	uint32_t id = version->info.id;
	struct seen *seen = page_table_make(&receiver->seen_devices, id);

	if (seen == NULL) {
		log_msg(LOG_LEVEL_ERROR, receiver->name, "no memory to know device '%s'",
			version->info.spec.path);
		return;
	}
	receiver->seen_device_ids = id > receiver->seen_device_ids ? id :
								     receiver->seen_device_ids;
	seen->generation = receiver->generation;
	seen->is_recalled = false;
	if (seen->version == NULL) {
		registry_hold_device(&receiver->bus->registry, id);
		seen->version = device_version_ref(version);
		seen->owner = owner;
		call_device(receiver, EW_DECLARED, version);
	} else if (((struct device_version *)seen->version)->serial < version->serial) {
		change_device(receiver, seen, version);
	}
}

void seen_device(struct endpoint *receiver, const struct route *route,
		 struct device_version *version, enum ew_change change)
{
	struct seen *seen;

	if (change != EW_REMOVED) {
		show_device(receiver, route->owner->index, version);
		return;
	}
	seen = page_table_find(&receiver->seen_devices, version->info.id);
	if (seen != NULL && seen->version != NULL &&
	    ((struct device_version *)seen->version)->serial <= version->serial) {
		forget_device(receiver, seen);
	}
}

/* ---- tags ---- */

static void forget_tag(struct endpoint *receiver, struct seen *seen)
{
	struct tag_version *version = seen->version;

	if (version == NULL) {
		return;
	}
	call_tag(receiver, EW_REMOVED, version);
	seen->version = NULL;
	receiver->tags_forgotten = (receiver->tags_forgotten + 1) & TAGS_FORGOTTEN_MAX;
	view_forget(receiver, version->info.id);
	registry_drop_tag(&receiver->bus->registry, version->info.id);
	tag_version_unref(&version);
}

static void show_tag(struct endpoint *receiver, uint32_t owner, struct tag_version *version)
{
	uint32_t id = version->info.id;
	struct seen *seen = page_table_make(&receiver->seen_tags, id);
	struct tag_version *old;

	if (seen == NULL) {
		log_msg(LOG_LEVEL_ERROR, receiver->name, "no memory to know tag '%s'",
			version->info.spec.name);
		return;
	}
	receiver->seen_tag_ids = id > receiver->seen_tag_ids ? id : receiver->seen_tag_ids;
	seen->generation = receiver->generation;
	seen->is_recalled = false;
	old = seen->version;
	/* it was removed and declared again, and neither came: the old value is gone */
	if (old != NULL && old->serial < version->serial && old->born != 0 &&
	    old->born != version->born) {
		forget_tag(receiver, seen);
		old = NULL;
	}
	if (old == NULL) {
		registry_hold_tag(&receiver->bus->registry, id);
		seen->version = tag_version_ref(version);
		seen->owner = owner;
		call_tag(receiver, EW_DECLARED, version);
	} else if (old->serial < version->serial) {
		seen->version = tag_version_ref(version);
		call_tag(receiver, EW_UPDATED, version);
		tag_version_unref(&old);
	}
}

void seen_tag(struct endpoint *receiver, const struct route *route, struct tag_version *version,
	      enum ew_change change)
{
	struct seen *seen;

	if (change != EW_REMOVED) {
		show_tag(receiver, route->owner->index, version);
		return;
	}
	seen = page_table_find(&receiver->seen_tags, version->info.id);
	if (seen != NULL && seen->version != NULL &&
	    ((struct tag_version *)seen->version)->serial <= version->serial) {
		forget_tag(receiver, seen);
	}
}

static void show_recalled(struct endpoint *receiver, const struct recalled *recalled)
{
	struct seen *device = page_table_find(&receiver->seen_devices, recalled->device->info.id);
	struct seen *tag = page_table_find(&receiver->seen_tags, recalled->tag->info.id);
	bool is_new_device = device->version == NULL, is_new_tag = tag->version == NULL;

	show_device(receiver, recalled->owner, recalled->device);
	show_tag(receiver, recalled->owner, recalled->tag);
	device->is_recalled = device->is_recalled || is_new_device;
	tag->is_recalled = tag->is_recalled || is_new_tag;
}

int seen_recalled(struct endpoint *receiver, struct recalled *recalled)
{
	int error = -ENOMEM;

	if (page_table_make(&receiver->seen_devices, recalled->device->info.id) != NULL &&
	    page_table_make(&receiver->seen_tags, recalled->tag->info.id) != NULL) {
		show_recalled(receiver, recalled);
		error = 0;
	}
	registry_recalled_fini(&receiver->bus->registry, recalled);
	return error;
}

static bool is_left_over(const struct route *route, const struct seen *seen)
{
	return seen != NULL && seen->version != NULL && seen->is_recalled &&
	       seen->owner == route->owner->index;
}

void seen_forget_recalled(struct endpoint *receiver, const struct route *route)
{
	const struct registry *registry = &receiver->bus->registry;

	for (uint32_t id = 1; id <= receiver->seen_tag_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_tags, id);

		/* one that is there today was, or will be, declared by its publisher */
		if (is_left_over(route, seen) && registry_tag(registry, id) == NULL) {
			forget_tag(receiver, seen);
		}
	}
	for (uint32_t id = 1; id <= receiver->seen_device_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_devices, id);

		if (is_left_over(route, seen) && registry_device(registry, id) == NULL) {
			forget_device(receiver, seen);
		}
	}
}

/* ---- snapshots ---- */

/* Known of this owner, and the snapshot did not name it. */
static bool is_gone(const struct endpoint *receiver, const struct route *route,
		    const struct seen *seen)
{
	return seen != NULL && seen->version != NULL && seen->owner == route->owner->index &&
	       seen->generation != receiver->generation;
}

static void mark_named(struct page_table *table, uint32_t id, uint32_t generation)
{
	struct seen *seen = page_table_find(table, id);

	if (seen != NULL) {
		seen->generation = generation;
	}
}

void seen_reconcile(struct endpoint *receiver, const struct route *route,
		    const struct block_snapshot *snapshot)
{
	uint32_t devices = snapshot == NULL ? 0 : snapshot->device_count;
	uint32_t tags = snapshot == NULL ? 0 : snapshot->tag_count;

	receiver->generation++;
	for (uint32_t i = 0; i < devices; i++) {
		const struct device_version *version = snapshot->versions[i];

		mark_named(&receiver->seen_devices, version->info.id, receiver->generation);
	}
	for (uint32_t i = devices; i < devices + tags; i++) {
		const struct tag_version *version = snapshot->versions[i];

		mark_named(&receiver->seen_tags, version->info.id, receiver->generation);
	}
	for (uint32_t id = 1; id <= receiver->seen_tag_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_tags, id);

		if (is_gone(receiver, route, seen)) {
			forget_tag(receiver, seen);
		}
	}
	for (uint32_t id = 1; id <= receiver->seen_device_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_devices, id);

		if (is_gone(receiver, route, seen)) {
			forget_device(receiver, seen);
		}
	}
	for (uint32_t i = 0; i < devices; i++) {
		show_device(receiver, route->owner->index, snapshot->versions[i]);
	}
	for (uint32_t i = devices; i < devices + tags; i++) {
		show_tag(receiver, route->owner->index, snapshot->versions[i]);
	}
}

void seen_fini(struct endpoint *receiver)
{
	for (uint32_t id = 1; id <= receiver->seen_tag_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_tags, id);

		if (seen != NULL && seen->version != NULL) {
			struct tag_version *version = seen->version;

			registry_drop_tag(&receiver->bus->registry, id);
			tag_version_unref(&version);
		}
	}
	for (uint32_t id = 1; id <= receiver->seen_device_ids; id++) {
		struct seen *seen = page_table_find(&receiver->seen_devices, id);

		if (seen != NULL && seen->version != NULL) {
			struct device_version *version = seen->version;

			registry_drop_device(&receiver->bus->registry, id);
			device_version_unref(&version);
		}
	}
	page_table_fini(&receiver->seen_tags);
	page_table_fini(&receiver->seen_devices);
}

/* ---- what the module asks ---- */

const struct ew_device_info *endpoint_device(struct endpoint *endpoint, uint32_t id)
{
	const struct seen *seen = page_table_find(&endpoint->seen_devices, id);
	struct registry *registry = &endpoint->bus->registry;
	const struct ew_device_info *info = NULL;
	const struct device *device;

	if (seen != NULL && seen->version != NULL) {
		return &((const struct device_version *)seen->version)->info;
	}
	/* another's device may go at any time; an own one only by this loop */
	registry_lock(registry);
	device = registry_device(registry, id);
	if (device != NULL && device->owner == endpoint->owner) {
		info = &device->version->info;
	}
	registry_unlock(registry);
	return info;
}

const struct ew_tag_info *endpoint_tag(struct endpoint *endpoint, uint32_t id)
{
	const struct seen *seen = page_table_find(&endpoint->seen_tags, id);
	const struct registry *registry = &endpoint->bus->registry;

	if (seen != NULL && seen->version != NULL) {
		return &((const struct tag_version *)seen->version)->info;
	}
	/* the gate says whose it is without a look at the cell of another's tag */
	if (GATE_OWNER(registry_gate(registry, id)) != endpoint->owner->index) {
		return NULL;
	}
	return &registry_tag(registry, id)->version->info;
}

int endpoint_devices_walk(struct endpoint *endpoint,
			  int (*fn)(void *arg, const struct ew_device_info *device), void *arg)
{
	int result = 0;

	for (uint32_t id = 1; result == 0 && id <= endpoint->seen_device_ids; id++) {
		const struct seen *seen = page_table_find(&endpoint->seen_devices, id);

		if (seen != NULL && seen->version != NULL) {
			result = fn(arg, &((const struct device_version *)seen->version)->info);
		}
	}
	return result;
}

int endpoint_tags_walk(struct endpoint *endpoint, uint32_t device,
		       int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg)
{
	int result = 0;

	for (uint32_t id = 1; result == 0 && id <= endpoint->seen_tag_ids; id++) {
		const struct seen *seen = page_table_find(&endpoint->seen_tags, id);
		const struct tag_version *version = seen == NULL ? NULL : seen->version;

		if (version != NULL && (device == EW_NO_ID || version->info.device == device)) {
			result = fn(arg, &version->info);
		}
	}
	return result;
}
