/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object definitions in XML. Whatever a file says: an error has its place, and
 * what was taken is found by id and by name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/lwm2m_server/catalog.h"
#include "tests/fuzz/fuzz.h"

static void look_at(const struct catalog *catalog, const struct lwm2m_object *object)
{
	const uint16_t ids[] = {object->id, 0, object->own_count > 0 ? object->own[0].id : 0};
	const struct lwm2m_path path = lwm2m_path_of(object->own_count > 0 ? 3 : 2, ids);
	struct lwm2m_path back;
	struct lwm2m_resource resource;
	char name[CATALOG_NAME_MAX];

	check(object->name[0] != '\0' && object->own_count <= CATALOG_RESOURCES_MAX);
	check(catalog_name(catalog, &path, name) < sizeof(name));
	(void)catalog_path(catalog, name, &back);       /* a name may have a slash in it */
	for (size_t i = 0; i < object->own_count; i++) {
		check(lwm2m_resource_find(object, object->own[i].id, &resource));
		check(strlen(resource.name) <= CATALOG_TEXT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog catalog = {0};
	char why[CATALOG_WHY_MAX] = "";
	int rc = catalog_parse(&catalog, "f.xml", (const char *)data, size, why);
	unsigned line, column;

	if (rc == 0) {
		check(catalog.count > 0);
		for (size_t i = 0; i < catalog.count; i++) {
			look_at(&catalog, &catalog.objects[i]->object);
		}
	} else {
		check(rc == -EPROTO && catalog.count == 0);
		check(size > CATALOG_FILE_MAX ||
		      sscanf(why, "f.xml:%u:%u: ", &line, &column) == 2);
	}
	catalog_fini(&catalog);
	return 0;
}
