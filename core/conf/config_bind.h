/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one instance gets of a configuration: its module's settings and its
 * devices. Stands on its own: the config may be freed while it is in use.
 * Made on the main thread, read by the instance's loop.
 */
#ifndef CORE_CONF_CONFIG_BIND_H
#define CORE_CONF_CONFIG_BIND_H

#include "core/conf/config.h"

/* Which attributes the YAML gave: they override what the module declares. */
#define CONFIG_SET_TYPE 0x0001u
#define CONFIG_SET_UNIT 0x0002u
#define CONFIG_SET_DESCRIPTION 0x0004u
#define CONFIG_SET_RANGE 0x0008u
#define CONFIG_SET_WRITE_RANGE 0x0010u
#define CONFIG_SET_SCALE 0x0020u
#define CONFIG_SET_OFFSET 0x0040u
#define CONFIG_SET_ACCESS 0x0080u
#define CONFIG_SET_LABELS 0x0100u
#define CONFIG_SET_DEADBAND 0x0200u
#define CONFIG_SET_MAX_AGE 0x0400u
#define CONFIG_SET_MAX_BYTES 0x0800u
#define CONFIG_SET_PROPERTIES 0x1000u
#define CONFIG_SET_VERSION 0x2000u /* devices: type, version, parent, properties */
#define CONFIG_SET_PARENT 0x4000u
#define CONFIG_SET_CLAMP 0x8000u

struct config_tag_extra {
	uint32_t set; /* CONFIG_SET_* */
};

/* A set of tags; devices with the same profile and nothing else share one. */
struct config_tags {
	const struct ew_tag_config *tags;
	const struct config_tag_extra *extras; /* of the same index */
	const uint32_t *by_name; /* indexes, sorted by name */
	size_t count;
};

struct config_device_extra {
	uint32_t set;
	const struct config_tags *tags;
};

struct config_bound {
	struct arena arena;
	void *settings; /* of the module's options */
	struct ew_device_config *devices; /* in the order of the file */
	const struct config_device_extra *extras;
	const uint32_t *by_path; /* indexes, sorted by path */
	size_t device_count;
	uint64_t files; /* a digest of the state of the files that are named; 0: none is */
};

/*
 * Bind an instance's map by its module's tables, then ask the module's check().
 * All findings go to diag. -EINVAL, -ENOMEM. Free with config_bound_free.
 */
int config_bind_instance(const struct config *config, const struct config_instance *instance,
			 const struct ew_module *module, unsigned flags, struct diag *diag,
			 struct config_bound **bound_out) EW_CHECKED;

void config_bound_free(struct config_bound **bound);

/* The YAML's word on a device; NULL: it does not mention the path. */
const struct ew_device_config *config_find_device(const struct config_bound *bound,
						  const char *path,
						  const struct config_device_extra **extra_out);

/* The same on a tag of that device. */
const struct ew_tag_config *config_find_tag(const struct config_device_extra *device,
					    const char *name,
					    const struct config_tag_extra **extra_out);

/*
 * `spec` as the module declares it, in and out: attributes that the YAML gave
 * replace the module's. Texts are borrowed from both. Nothing changes when the
 * YAML does not mention it.
 */
void config_override_device(const struct config_bound *bound, struct ew_device_spec *spec);
void config_override_tag(const struct config_bound *bound, const char *path,
			 struct ew_tag_spec *spec);

#endif
