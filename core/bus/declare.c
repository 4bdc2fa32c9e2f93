/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declaring, changing and removing devices and tags, on the owner's loop: the
 * registry first, then the routes that show them.
 */
#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bus/inside.h"

#define DEVICES_MAX     10000u
#define TAGS_MAX        1000000u
#define TEXT_DEFAULT    256u            /* max_bytes when not said */
#define TEXT_MAX        (1u << 20)
#define REASON_MAX      120u

/* ---- checks ---- */

/* What a name may not be; NULL: it is fine. */
static const char *name_fault(const char *name, size_t max)
{
	size_t size = name == NULL ? 0 : strlen(name);

	if (size == 0) {
		return "it is empty";
	}
	if (size > max) {
		return "it is longer than 255 bytes";
	}
	if (!text_is_utf8(name, size)) {
		return "it is not UTF-8";
	}
	for (const char *at = name; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '+' || *at == '#' ||
		    *at == '*') {
			return "it has a control character, '+', '#' or '*'";
		}
	}
	return NULL;
}

static const char *path_fault(const char *path)
{
	const char *fault = name_fault(path, EW_PATH_MAX);

	if (fault == NULL && strchr(path, ':') != NULL) {
		return "it has a ':', which separates a device from a tag";
	}
	return fault;
}

static bool is_ordered(double low, double high)
{
	return !isnan(low) && !isnan(high) && low <= high;
}

static const char *spec_fault(const struct ew_tag_spec *spec)
{
	const char *fault = name_fault(spec->name, EW_NAME_MAX);

	if (fault != NULL) {
		return fault;
	}
	if (ew_type_carrier(spec->type) == EW_NONE) {
		return "its type is no datatype";
	}
	if (!is_ordered(spec->low, spec->high) ||
	    !is_ordered(spec->write_low, spec->write_high)) {
		return "a range ends below its beginning";
	}
	if (!(spec->deadband >= 0) || spec->max_age < 0) {
		return "deadband or max_age is negative";
	}
	if (!isfinite(spec->scale) || !isfinite(spec->offset)) {
		return "scale or offset is not a finite number";
	}
	if (spec->max_bytes > TEXT_MAX) {
		return "max_bytes is over 1 MiB";
	}
	return NULL;
}

static bool is_shaped(const struct ew_tag_spec *spec)
{
	return (spec->scale != 0 && spec->scale != 1) || spec->offset != 0 || spec->clamp;
}

static bool is_number(enum ew_carrier carrier)
{
	return carrier == EW_I64 || carrier == EW_U64 || carrier == EW_F64;
}

static int say_refused(struct endpoint *endpoint, const char *what, const char *name,
		       const char *why)
{
	log_limited(&endpoint->refused_said, LOG_LEVEL_WARNING, endpoint->name,
		    "cannot declare %s '%s': %s", what, name == NULL ? "" : name, why);
	return -EINVAL;
}

static int over_limit(struct endpoint *endpoint)
{
	atomic_fetch_add_explicit(&endpoint->over_limit, 1, memory_order_relaxed);
	return -EDQUOT;
}

/* ---- telling ---- */

static void tell_device(struct endpoint *publisher, struct device_version *version,
			enum ew_change change)
{
	for (size_t i = 0; i < publisher->fed_count; i++) {
		struct route *route = publisher->fed[i];
		struct block *block;

		if (!route_shows_device(route, version->info.spec.path)) {
			continue;
		}
		block = block_take(publisher->owner->pool, BLOCK_DEVICE,
				   sizeof(union block_subject));
		if (block == NULL) {
			route_spoil(route);
			continue;
		}
		block->flags = change;
		block_subject(block)->device = device_version_ref(version);
		route_push(route, publisher, block);
	}
}

static void tell_tag_on(struct endpoint *publisher, struct route *route,
			struct tag_version *version, enum ew_change change)
{
	struct block *block = block_take(publisher->owner->pool, BLOCK_TAG,
					 sizeof(union block_subject));

	if (block == NULL) {
		route_spoil(route);
		return;
	}
	block->flags = change;
	block_subject(block)->tag = tag_version_ref(version);
	route_push(route, publisher, block);
}

/* ---- devices ---- */

static void device_info(const struct endpoint *endpoint, const struct ew_device_spec *spec,
			struct ew_device_info *info)
{
	*info = (struct ew_device_info){
		.state = EW_DEVICE_DOWN,
		.reason = "",
		.since = clock_utc(),
		.owner = endpoint->name,
	};
	memcpy(&info->spec, spec,
	       spec->size < sizeof(info->spec) ? spec->size : sizeof(info->spec));
}

int endpoint_device_declare(struct endpoint *endpoint, const struct ew_device_spec *spec,
			    uint32_t *device_out)
{
	struct registry *registry = &endpoint->bus->registry;
	const char *fault = path_fault(spec->path);
	uint32_t limit = endpoint->config.limits.devices;
	struct registry_change change;
	struct ew_device_info info;
	const char *other;
	int error;

	if (fault != NULL) {
		return say_refused(endpoint, "device", spec->path, fault);
	}
	if (endpoint->owner->device_count >= (limit == 0 ? DEVICES_MAX : limit) &&
	    registry_find_device(registry, spec->path) == EW_NO_ID) {
		return over_limit(endpoint);
	}
	device_info(endpoint, spec, &info);
	error = registry_declare_device(registry, endpoint->owner, &info, &change, &other);
	if (error == -EEXIST) {
		log_msg(LOG_LEVEL_ERROR, endpoint->name,
			"device '%s' belongs to '%s': two instances cannot own one path",
			spec->path, other);
	}
	if (error != 0) {
		return error;
	}
	if (!change.is_same) {
		tell_device(endpoint, registry_device(registry, change.id)->version,
			    change.change);
	}
	*device_out = change.id;
	return 0;
}

/* An own, live device. */
static int own_device(const struct endpoint *endpoint, uint32_t id, struct device **device_out)
{
	struct device *device = registry_device(&endpoint->bus->registry, id);

	if (device == NULL) {
		return -ENOENT;
	}
	if (device->owner != endpoint->owner) {
		return -EPERM;
	}
	*device_out = device;
	return 0;
}

int endpoint_device_state(struct endpoint *endpoint, uint32_t id, enum ew_state state,
			  const char *reason)
{
	char text[REASON_MAX + 1] = "";
	struct device *device;
	int error = own_device(endpoint, id, &device);

	if (error != 0) {
		return error;
	}
	if (reason != NULL) {
		memcpy(text, reason, strnlen(reason, REASON_MAX));
	}
	if (device->version->info.state == state &&
	    strcmp(device->version->info.reason, text) == 0) {
		return 0;
	}
	error = registry_set_state(&endpoint->bus->registry, device, state, text, clock_utc());
	if (error == 0) {
		tell_device(endpoint, device->version, EW_STATE_CHANGED);
	}
	return error;
}

int endpoint_device_remove(struct endpoint *endpoint, uint32_t id)
{
	struct device *device;
	int error = own_device(endpoint, id, &device);

	if (error != 0) {
		return error;
	}
	while (device->tag_count > 0) {
		(void)endpoint_tag_remove(endpoint, device->tags[device->tag_count - 1]);
	}
	tell_device(endpoint, device->version, EW_REMOVED);
	registry_bury_device(&endpoint->bus->registry, device);
	return 0;
}

/* ---- tags ---- */

/* The info that a receiver sees: in engineering units, defaults filled in. */
static void tag_info(const struct ew_tag_spec *spec, uint32_t device, struct ew_tag_info *info)
{
	*info = (struct ew_tag_info){
		.device = device,
		.carrier = ew_type_carrier(spec->type),
		.spec = *spec,
	};
	if (is_shaped(spec) && is_number(info->carrier)) {
		info->carrier = EW_F64;
		info->spec.type = EW_TYPE_F64;
	}
	if (spec->access == 0) {
		info->spec.access = EW_ACCESS_READ;
	}
	if (spec->max_bytes == 0) {
		info->spec.max_bytes = TEXT_DEFAULT;
	}
	if (spec->write_low == spec->write_high) {
		info->spec.write_low = spec->low;
		info->spec.write_high = spec->high;
	}
}

static uint32_t gate_of(const struct endpoint *endpoint, const struct ew_tag_spec *raw)
{
	enum ew_carrier carrier = ew_type_carrier(raw->type);
	uint32_t gate = endpoint->owner->index | (uint32_t)carrier << 16;

	if (carrier == EW_TEXT || carrier == EW_BYTES) {
		gate |= GATE_BYTES;
	} else if (is_shaped(raw) && is_number(carrier)) {
		gate |= GATE_SHAPED;
	}
	return gate;
}

static void tell_tag(struct endpoint *endpoint, struct tag_version *version, const char *device,
		     enum ew_change change)
{
	for (size_t i = 0; i < endpoint->fed_count; i++) {
		struct route *route = endpoint->fed[i];

		if (route_judge_tag(route, version, device)) {
			tell_tag_on(endpoint, route, version, change);
		}
	}
}

/* The log describes a tag once a segment: it shall ask again. */
static void forget_description(struct bus *bus, uint32_t tag)
{
	if (bus->store != NULL) {
		store_forget_tag(bus->store, tag);
	}
}

static int declare_spec(struct endpoint *endpoint, struct device *device,
			const struct ew_tag_spec *spec, uint32_t *tag_out)
{
	struct bus *bus = endpoint->bus;
	struct registry_change change;
	struct ew_tag_info info;
	bool has_bytes;
	int error;

	tag_info(spec, device->id, &info);
	has_bytes = info.carrier == EW_TEXT || info.carrier == EW_BYTES;
	error = registry_declare_tag(&bus->registry, device, &info, &change);
	if (error != 0) {
		return error;
	}
	error = image_prepare(&bus->image, change.id, has_bytes ? info.spec.max_bytes : 0);
	if (error != 0) {
		registry_bury_tag(&bus->registry, change.id);
		return error;
	}
	registry_set_gate(&bus->registry, change.id, gate_of(endpoint, spec));
	if (!change.is_same) {
		forget_description(bus, change.id);
		tell_tag(endpoint, registry_tag(&bus->registry, change.id)->version,
			 device->version->info.spec.path, change.change);
	}
	*tag_out = change.id;
	return 0;
}

int endpoint_tag_declare(struct endpoint *endpoint, uint32_t id, const struct ew_tag_spec *spec,
			 uint32_t *tag_out)
{
	struct registry *registry = &endpoint->bus->registry;
	uint32_t limit = endpoint->config.limits.tags;
	struct ew_tag_spec full = { 0 };
	struct device *device;
	const char *fault;
	int error = own_device(endpoint, id, &device);

	if (error != 0) {
		return error;
	}
	memcpy(&full, spec, spec->size < sizeof(full) ? spec->size : sizeof(full));
	if (endpoint->config.override != NULL) {
		endpoint->config.override(endpoint->config.arg, device->version->info.spec.path,
					  &full);
	}
	fault = spec_fault(&full);
	if (fault != NULL) {
		return say_refused(endpoint, "tag", full.name, fault);
	}
	if (endpoint->owner->tag_count >= (limit == 0 ? TAGS_MAX : limit) &&
	    registry_find_tag(registry, id, full.name) == EW_NO_ID) {
		return over_limit(endpoint);
	}
	return declare_spec(endpoint, device, &full, tag_out);
}

int endpoint_tag_remove(struct endpoint *endpoint, uint32_t id)
{
	struct registry *registry = &endpoint->bus->registry;
	struct tag_cell *cell = registry_tag(registry, id);

	if (cell == NULL) {
		return -ENOENT;
	}
	if (GATE_OWNER(registry_gate(registry, id)) != endpoint->owner->index) {
		return -EPERM;
	}
	registry_set_gate(registry, id, 0);
	for (size_t i = 0; i < endpoint->fed_count; i++) {
		struct route *route = endpoint->fed[i];

		if (route_shows_tag(route, id)) {
			tell_tag_on(endpoint, route, cell->version, EW_REMOVED);
		}
		report_forget(route, id);
	}
	registry_bury_tag(registry, id);
	image_clear(&endpoint->bus->image, id);
	return 0;
}

/* ---- reloads ---- */

void endpoint_keep(struct endpoint *endpoint)
{
	struct list *node;

	list_for_each(node, &endpoint->owner->devices) {
		struct device *device = list_entry(node, struct device, owned);

		(void)endpoint_device_state(endpoint, device->id, EW_DEVICE_DOWN,
					    "its instance is reloading");
		device->is_kept = true;
		for (uint32_t i = 0; i < device->tag_count; i++) {
			registry_tag(&endpoint->bus->registry, device->tags[i])->is_kept = true;
		}
	}
}

void endpoint_forget(struct endpoint *endpoint)
{
	while (!list_is_empty(&endpoint->owner->devices)) {
		struct device *device =
			list_entry(endpoint->owner->devices.next, struct device, owned);

		(void)endpoint_device_remove(endpoint, device->id);
	}
}

void endpoint_settle(struct endpoint *endpoint)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &endpoint->owner->devices) {
		struct device *device = list_entry(node, struct device, owned);

		if (device->is_kept) {
			(void)endpoint_device_remove(endpoint, device->id);
			continue;
		}
		for (uint32_t i = device->tag_count; i-- > 0;) {
			if (registry_tag(&endpoint->bus->registry, device->tags[i])->is_kept) {
				(void)endpoint_tag_remove(endpoint, device->tags[i]);
			}
		}
	}
}
