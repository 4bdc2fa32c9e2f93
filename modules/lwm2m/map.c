/* SPDX-License-Identifier: Apache-2.0 */
/* `map:` of the YAML: see map.h. */
#include "modules/lwm2m/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/lwm2m/object.h"

struct map_target {
	uint16_t object;
	struct lwm2m_resource resource;
	bool is_out;            /* `no` */
};

/* A text and NULL, or why it is no target. */
static const char *map_target_parse(const char *text, struct map_target *target_out)
{
	const struct lwm2m_object *object;
	struct lwm2m_path path;

	memset(target_out, 0, sizeof(*target_out));
	target_out->is_out = strcmp(text, "no") == 0;
	if (target_out->is_out) {
		return NULL;
	}
	if (lwm2m_path_parse(text, strlen(text), &path) != 0 || path.prefix_size > 0 ||
	    path.depth != LWM2M_INSTANCE) {
		return "is not /OBJECT/RESOURCE in numbers, nor `no`";
	}
	object = lwm2m_object_find(path.ids[0]);
	if (object == NULL) {
		return "has an object that is not built in";
	}
	if (!object->is_multiple) {
		return "has an object of which there is only one: no tag can be an instance of it";
	}
	if (!lwm2m_resource_find(object, path.ids[1], &target_out->resource)) {
		return "has a resource that its object has not";
	}
	if (target_out->resource.operations == 0 || target_out->resource.is_multiple) {
		return "has a resource that no tag can stand for";
	}
	switch (target_out->resource.type) {
	case LWM2M_NONE:
	case LWM2M_BOOLEAN:
	case LWM2M_FLOAT:
	case LWM2M_INTEGER:
	case LWM2M_UNSIGNED:
		target_out->object = path.ids[0];
		return NULL;
	default:
		return "has a resource that is neither a number, a boolean nor executable";
	}
}

/* DEVICE:TAG */
static bool map_is_tag(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon != NULL && colon > text && colon[1] != '\0';
}

int map_check(const struct ew_node *map, struct ew_error *err)
{
	if (map == NULL) {
		return 0;
	}
	if (ew_node_kind(map) != EW_NODE_MAP) {
		return ew_node_fail(err, map, "map must be a map of DEVICE:TAG to "
					      "/OBJECT/RESOURCE");
	}
	for (size_t i = 0; i < ew_node_count(map); i++) {
		const struct ew_node *node = ew_node_at(map, i);
		const char *text = ew_node_text(node);
		const char *key = ew_node_key(map, i);
		struct map_target target;
		const char *why;

		if (!map_is_tag(key)) {
			return ew_node_fail(err, node, "'%s' is not DEVICE:TAG", key);
		}
		why = text == NULL ? "is not text" : map_target_parse(text, &target);
		if (why != NULL) {
			return ew_node_fail(err, node, "'%s' %s", text == NULL ? "" : text, why);
		}
	}
	return 0;
}

/* NULL: it is not mapped. One that names its device comes before one of any. */
static const char *map_find(const struct ew_node *map, const char *device, const char *tag)
{
	char key[EW_PATH_MAX + EW_NAME_MAX + 2];
	const struct ew_node *node = NULL;
	const char *const devices[] = {device, "*"};

	for (size_t i = 0; map != NULL && node == NULL && i < 2; i++) {
		(void)snprintf(key, sizeof(key), "%s:%s", devices[i], tag);
		node = ew_node_find(map, key);
	}
	return node == NULL ? NULL : ew_node_text(node);
}

bool map_place_of(const struct ew_node *map, const char *device, const struct ew_tag_spec *spec,
		  struct ipso_place *place_out)
{
	const char *text = map_find(map, device, spec->name);
	struct map_target target;

	if (text == NULL) {
		return ipso_place_of(spec, place_out);
	}
	if (map_target_parse(text, &target) != NULL || target.is_out) {
		return false;
	}
	return ipso_place_as(spec, target.object, &target.resource, place_out);
}
