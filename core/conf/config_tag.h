/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between config_bind.c and config_tag.c: one map of tags to an array of them.
 */
#ifndef CORE_CONF_CONFIG_TAG_H
#define CORE_CONF_CONFIG_TAG_H

#include "core/conf/bind.h"
#include "core/conf/config_bind.h"

struct config_tag_binder {
	struct bind *bind;
	const struct ew_module *module;
};

/* Bind every tag of a map (NULL: none). Told; -EINVAL or -ENOMEM. */
int config_bind_tags(struct config_tag_binder *binder, const struct ew_node *map,
		     struct config_tags *tags_out) EW_CHECKED;

/* The profile's tags with the device's on top: attributes of one tag are put
 * together, the device's win. NULL: memory. */
const struct ew_node *config_lay_over(struct arena *arena, const struct ew_node *profile,
				      const struct ew_node *tags);

#endif
