/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/tag.h>: devices and tags, on the instance's endpoint.
 */
#include <errno.h>

#include "core/module/instance.h"

/* Every spec begins with its size; a newer module's is not understood. */
static bool is_device_spec(const struct ew_device_spec *spec)
{
	return spec != NULL && spec->size == sizeof(*spec) && spec->path != NULL &&
	       (spec->properties != NULL || spec->property_count == 0);
}

static bool is_tag_spec(const struct ew_tag_spec *spec)
{
	return spec != NULL && spec->size == sizeof(*spec) && spec->name != NULL &&
	       (spec->properties != NULL || spec->property_count == 0) &&
	       (spec->labels != NULL || spec->label_count == 0);
}

int ew_device_declare(struct ew_instance *inst, const struct ew_device_spec *spec,
		      uint32_t *device_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (!is_device_spec(spec) || device_out == NULL) {
		return -EINVAL;
	}
	return endpoint_device_declare(instance_endpoint(inst), spec, device_out);
}

int ew_device_state(struct ew_instance *inst, uint32_t device, enum ew_state state,
		    const char *reason)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if ((unsigned)state > EW_DEVICE_STALE) {
		return -EINVAL;
	}
	return endpoint_device_state(instance_endpoint(inst), device, state, reason);
}

int ew_device_remove(struct ew_instance *inst, uint32_t device)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_device_remove(instance_endpoint(inst), device);
}

int ew_tag_declare(struct ew_instance *inst, uint32_t device, const struct ew_tag_spec *spec,
		   uint32_t *tag_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (!is_tag_spec(spec) || tag_out == NULL) {
		return -EINVAL;
	}
	return endpoint_tag_declare(instance_endpoint(inst), device, spec, tag_out);
}

int ew_tag_remove(struct ew_instance *inst, uint32_t tag)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_tag_remove(instance_endpoint(inst), tag);
}

const struct ew_device_info *ew_device(struct ew_instance *inst, uint32_t device)
{
	if (!instance_may_call(inst, __func__)) {
		return NULL;
	}
	return endpoint_device(instance_endpoint(inst), device);
}

const struct ew_tag_info *ew_tag(struct ew_instance *inst, uint32_t tag)
{
	if (!instance_may_call(inst, __func__)) {
		return NULL;
	}
	return endpoint_tag(instance_endpoint(inst), tag);
}

int ew_devices_walk(struct ew_instance *inst,
		    int (*fn)(void *arg, const struct ew_device_info *device), void *arg)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (fn == NULL) {
		return -EINVAL;
	}
	return endpoint_devices_walk(instance_endpoint(inst), fn, arg);
}

int ew_tags_walk(struct ew_instance *inst, uint32_t device,
		 int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (fn == NULL) {
		return -EINVAL;
	}
	return endpoint_tags_walk(instance_endpoint(inst), device, fn, arg);
}

const struct ew_device_config *ew_device_configs(struct ew_instance *inst, size_t *count_out)
{
	size_t count = 0;
	const struct ew_device_config *devices = NULL;

	if (instance_may_call(inst, __func__)) {
		devices = instance_devices(inst, &count);
	}
	if (count_out != NULL) {
		*count_out = count;
	}
	return devices;
}
