/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `map:` of the YAML: which resource stands for a tag, where it is not the one that
 * unit and type call for. A map of tags, `DEVICE:TAG` or `*:TAG` for any device, to
 * `/OBJECT/RESOURCE`, or to `no` for a tag that no server sees. Any thread.
 */
#ifndef MODULES_LWM2M_MAP_H
#define MODULES_LWM2M_MAP_H

#include <edgeway/option.h>

#include "modules/lwm2m/ipso.h"

/* NULL: there is none. -EINVAL with text and position. */
int map_check(const struct ew_node *map, struct ew_error *err);

/*
 * The place of a tag: as mapped, else as ipso_place_of() says. False: it has none, or
 * what it is mapped to cannot carry it.
 */
bool map_place_of(const struct ew_node *map, const char *device, const struct ew_tag_spec *spec,
		  struct ipso_place *place_out);

#endif
