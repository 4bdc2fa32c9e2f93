/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up objects and resources: see object.h. */
#include "proto/lwm2m/object.h"

#include <string.h>

static const struct lwm2m_object *object_in(const struct lwm2m_object *objects, size_t count,
					    unsigned id)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (objects[middle].id == id) {
			return &objects[middle];
		}
		if (objects[middle].id < id) {
			low = middle + 1;
		} else {
			count = middle;
		}
	}
	return NULL;
}

const struct lwm2m_object *lwm2m_object_find(unsigned id)
{
	const struct lwm2m_object *object =
		object_in(lwm2m_objects_core, lwm2m_objects_core_count, id);

	return object != NULL ? object :
	       object_in(lwm2m_objects_ipso, lwm2m_objects_ipso_count, id);
}

static const struct lwm2m_resource *object_shared(unsigned id)
{
	size_t i;

	for (i = 0; lwm2m_resources_shared[i].id != id; i++) {
		continue;       /* a list of the table names what is in the table */
	}
	return &lwm2m_resources_shared[i];
}

bool lwm2m_resource_find(const struct lwm2m_object *object, unsigned id,
			 struct lwm2m_resource *resource_out)
{
	for (size_t i = 0; i < object->own_count; i++) {
		if (object->own[i].id == id) {
			*resource_out = object->own[i];
			return true;
		}
	}
	for (size_t i = 0; i < object->shared_count; i++) {
		if (object->shared[i] == id) {
			*resource_out = *object_shared(id);
			resource_out->is_mandatory = i < object->mandatory_count;
			return true;
		}
	}
	return false;
}

bool lwm2m_object_version_is_implied(const struct lwm2m_object *object)
{
	/* core objects as table E-1 of the enabler counts them; the others are 1.0 */
	static const struct {
		uint16_t id;
		const char *version;
	} implied[] = {
		{0, "1.2"}, {1, "1.2"}, {2, "1.1"}, {3, "1.2"}, {4, "1.3"}, {21, "2.0"},
	};

	for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++) {
		if (implied[i].id == object->id) {
			return strcmp(implied[i].version, object->version) == 0;
		}
	}
	return strcmp(object->version, "1.0") == 0;
}
