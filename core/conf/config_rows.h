/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of core/conf only: the structs that the daemon's tables
 * fill before their content is judged.
 */
#ifndef CORE_CONF_CONFIG_ROWS_H
#define CORE_CONF_CONFIG_ROWS_H

#include "core/conf/bind.h"
#include "core/conf/config.h"

/* The whole file as the root table fills it. */
struct config_root {
	uint64_t version;
	struct config_strings include;
	const struct ew_property *vars;
	size_t var_count;
	struct config_gateway gateway;
	struct uplink_config uplink;
	bool has_uplink;
	const struct uplink_config *uplinks;
	size_t uplink_count;
	struct config_store store;
	const struct ew_node *profiles;
	const struct config_instance *instances;
	size_t instance_count;
	const struct config_route *routes;
	size_t route_count;
	const struct config_access *access;
	size_t access_count;
	struct http_config http;
	struct config_log log;
	struct config_limits limits;
	const char *state_dir;
};

/* What core knows of one device; module-specific keys stand beside these. */
struct config_device_core {
	const char *profile;
	const char *type;
	const char *version;
	const char *parent;
	const struct ew_property *properties;
	size_t property_count;
	const struct ew_node *tags;
};

/* The same of one tag. */
struct config_tag_core {
	const char *type;
	const char *unit;
	const char *description;
	const struct ew_node *range;
	double scale, offset, deadband;
	bool clamp;
	const struct ew_node *writable;
	const struct ew_node *labels;
	struct config_strings access;
	ew_dur max_age;
	uint64_t max_bytes;
	const struct ew_property *properties;
	size_t property_count;
	bool has_scale, has_offset, has_deadband, has_clamp, has_max_age, has_max_bytes;
};

/* Judge what a table cannot say: config_judge.c. Told; -EINVAL or -ENOMEM. */
int config_judge(struct config *config, struct bind *bind, struct config_root *root) EW_CHECKED;

/* Replace names of CSV files in `profiles` and `instances` by what they hold. */
int config_read_tags(struct config *config) EW_CHECKED;

#endif
