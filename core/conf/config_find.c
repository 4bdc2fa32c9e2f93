/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the YAML says of a device or tag that a module declares, found by
 * binary search, and laid over the module's own words. Reads only; the
 * instance's loop.
 */
#include "core/conf/config_bind.h"

#include <string.h>

const struct ew_device_config *config_find_device(const struct config_bound *bound,
						  const char *path,
						  const struct config_device_extra **extra_out)
{
	size_t low = 0, high = bound->device_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index = bound->by_path[middle];
		int order = strcmp(path, bound->devices[index].spec.path);

		if (order == 0) {
			*extra_out = &bound->extras[index];
			return &bound->devices[index];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

const struct ew_tag_config *config_find_tag(const struct config_device_extra *device,
					    const char *name,
					    const struct config_tag_extra **extra_out)
{
	const struct config_tags *tags = device->tags;
	size_t low = 0, high = tags->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index = tags->by_name[middle];
		int order = strcmp(name, tags->tags[index].spec.name);

		if (order == 0) {
			*extra_out = &tags->extras[index];
			return &tags->tags[index];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

void config_override_device(const struct config_bound *bound, struct ew_device_spec *spec)
{
	const struct config_device_extra *extra;
	const struct ew_device_config *device = config_find_device(bound, spec->path, &extra);

	if (device == NULL) {
		return;
	}
	if ((extra->set & CONFIG_SET_TYPE) != 0) {
		spec->type = device->spec.type;
	}
	if ((extra->set & CONFIG_SET_VERSION) != 0) {
		spec->version = device->spec.version;
	}
	if ((extra->set & CONFIG_SET_PARENT) != 0) {
		spec->parent = device->spec.parent;
	}
	if ((extra->set & CONFIG_SET_PROPERTIES) != 0) {
		spec->properties = device->spec.properties;
		spec->property_count = device->spec.property_count;
	}
}

static void find_override_numbers(const struct ew_tag_spec *from, uint32_t set,
				  struct ew_tag_spec *spec)
{
	if ((set & CONFIG_SET_RANGE) != 0) {
		spec->low = from->low;
		spec->high = from->high;
	}
	if ((set & CONFIG_SET_WRITE_RANGE) != 0) {
		spec->write_low = from->write_low;
		spec->write_high = from->write_high;
	}
	if ((set & CONFIG_SET_SCALE) != 0) {
		spec->scale = from->scale;
	}
	if ((set & CONFIG_SET_OFFSET) != 0) {
		spec->offset = from->offset;
	}
	if ((set & CONFIG_SET_DEADBAND) != 0) {
		spec->deadband = from->deadband;
	}
	if ((set & CONFIG_SET_MAX_AGE) != 0) {
		spec->max_age = from->max_age;
	}
	if ((set & CONFIG_SET_MAX_BYTES) != 0) {
		spec->max_bytes = from->max_bytes;
	}
}

void config_override_tag(const struct config_bound *bound, const char *path,
			 struct ew_tag_spec *spec)
{
	const struct config_device_extra *device_extra;
	const struct config_tag_extra *extra;
	const struct ew_tag_config *tag;

	if (config_find_device(bound, path, &device_extra) == NULL) {
		return;
	}
	tag = config_find_tag(device_extra, spec->name, &extra);
	if (tag == NULL) {
		return;
	}
	if ((extra->set & CONFIG_SET_TYPE) != 0) {
		spec->type = tag->spec.type;
	}
	if ((extra->set & CONFIG_SET_UNIT) != 0) {
		spec->unit = tag->spec.unit;
	}
	if ((extra->set & CONFIG_SET_DESCRIPTION) != 0) {
		spec->description = tag->spec.description;
	}
	if ((extra->set & CONFIG_SET_ACCESS) != 0) {
		spec->access = tag->spec.access;
	}
	if ((extra->set & CONFIG_SET_LABELS) != 0) {
		spec->labels = tag->spec.labels;
		spec->label_count = tag->spec.label_count;
	}
	if ((extra->set & CONFIG_SET_PROPERTIES) != 0) {
		spec->properties = tag->spec.properties;
		spec->property_count = tag->spec.property_count;
	}
	find_override_numbers(&tag->spec, extra->set, spec);
	if ((extra->set & CONFIG_SET_CLAMP) != 0) {
		spec->clamp = tag->spec.clamp;
	}
}
