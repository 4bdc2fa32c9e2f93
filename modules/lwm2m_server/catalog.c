/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that are known by name: see catalog.h. */
#include "modules/lwm2m_server/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void catalog_object_free(struct catalog_object **owned)
{
	struct catalog_object *object = *owned;

	if (object == NULL) {
		return;
	}
	*owned = NULL;
	for (size_t i = 0; i < object->object.own_count; i++) {
		free((char *)(uintptr_t)object->resources[i].name);
		free((char *)(uintptr_t)object->resources[i].unit);
	}
	free(object->resources);
	free((char *)(uintptr_t)object->object.name);
	free((char *)(uintptr_t)object->object.version);
	free(object->file);
	free(object);
}

void catalog_fini(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++) {
		catalog_object_free(&catalog->objects[i]);
	}
	free(catalog->objects);
	memset(catalog, 0, sizeof(*catalog));
}

/* The place of the first whose id is not lower. */
static size_t catalog_place(const struct catalog *catalog, unsigned id)
{
	size_t low = 0;
	size_t high = catalog->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (catalog->objects[middle]->object.id < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const struct catalog_object *catalog_own(const struct catalog *catalog, unsigned id)
{
	size_t place = catalog_place(catalog, id);

	return place < catalog->count && catalog->objects[place]->object.id == id ?
	       catalog->objects[place] : NULL;
}

int catalog_add(struct catalog *catalog, struct catalog_object **added)
{
	size_t place = catalog_place(catalog, (*added)->object.id);
	struct catalog_object **objects;

	if (catalog_own(catalog, (*added)->object.id) != NULL) {
		return -EEXIST;
	}
	objects = realloc(catalog->objects, (catalog->count + 1) * sizeof(*objects));
	if (objects == NULL) {
		return -ENOMEM;
	}
	memmove(objects + place + 1, objects + place,
		(catalog->count - place) * sizeof(*objects));
	objects[place] = *added;
	*added = NULL;
	catalog->objects = objects;
	catalog->count++;
	return 0;
}

const struct lwm2m_object *catalog_object(const struct catalog *catalog, unsigned id)
{
	const struct catalog_object *own = catalog_own(catalog, id);

	return own != NULL ? &own->object : lwm2m_object_find(id);
}

static const struct lwm2m_object *catalog_nearer(const struct lwm2m_object *best,
						 const struct lwm2m_object *table, size_t count,
						 unsigned id)
{
	size_t i = 0;

	while (i < count && table[i].id < id) {
		i++;
	}
	return i < count && (best == NULL || table[i].id < best->id) ? &table[i] : best;
}

const struct lwm2m_object *catalog_from(const struct catalog *catalog, unsigned id)
{
	size_t place = catalog_place(catalog, id);
	const struct lwm2m_object *best = place == catalog->count ? NULL :
					  &catalog->objects[place]->object;

	best = catalog_nearer(best, lwm2m_objects_core, lwm2m_objects_core_count, id);
	return catalog_nearer(best, lwm2m_objects_ipso, lwm2m_objects_ipso_count, id);
}

/* ---- names ---- */

bool catalog_resource(const struct catalog *catalog, const struct lwm2m_path *path,
		      struct lwm2m_resource *resource_out)
{
	const struct lwm2m_object *object = path->depth < LWM2M_RESOURCE ? NULL :
					    catalog_object(catalog, path->ids[0]);

	return object != NULL && lwm2m_resource_find(object, path->ids[2], resource_out);
}

size_t catalog_name(const struct catalog *catalog, const struct lwm2m_path *path, char *out)
{
	const struct lwm2m_object *object = path->depth == 0 ? NULL :
					    catalog_object(catalog, path->ids[0]);
	struct lwm2m_resource resource;
	size_t size = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < path->depth && size < CATALOG_NAME_MAX; i++) {
		const char *slash = i == 0 ? "" : "/";
		const char *name = NULL;

		if (i == 0 && object != NULL) {
			name = object->name;
		} else if (i == 2 && catalog_resource(catalog, path, &resource)) {
			name = resource.name;
		}
		if (name != NULL) {
			size += (size_t)snprintf(out + size, CATALOG_NAME_MAX - size, "%s%s",
						 slash, name);
		} else {
			size += (size_t)snprintf(out + size, CATALOG_NAME_MAX - size, "%s%u",
						 slash, path->ids[i]);
		}
	}
	return size < CATALOG_NAME_MAX ? size : CATALOG_NAME_MAX - 1;
}

static bool catalog_is(const char *name, const char *text, size_t size)
{
	return name != NULL && strlen(name) == size && strncasecmp(name, text, size) == 0;
}

static const struct lwm2m_object *catalog_find(const struct catalog *catalog, const char *name,
					       size_t size)
{
	for (size_t i = 0; i < catalog->count; i++) {
		if (catalog_is(catalog->objects[i]->object.name, name, size)) {
			return &catalog->objects[i]->object;
		}
	}
	for (size_t i = 0; i < lwm2m_objects_core_count + lwm2m_objects_ipso_count; i++) {
		size_t beyond = lwm2m_objects_core_count;
		const struct lwm2m_object *object = i < beyond ? &lwm2m_objects_core[i] :
						    &lwm2m_objects_ipso[i - beyond];

		/* one that a file defines anew may have another name there */
		if (catalog_is(object->name, name, size) &&
		    catalog_own(catalog, object->id) == NULL) {
			return object;
		}
	}
	return NULL;
}

/* Below an object of this name: is there a resource of that name? */
static bool catalog_find_resource(const struct lwm2m_object *object, const char *name,
				  size_t size, uint16_t *id_out)
{
	for (size_t i = 0; i < object->own_count + object->shared_count; i++) {
		uint16_t id = i < object->own_count ? object->own[i].id :
			      object->shared[i - object->own_count];
		struct lwm2m_resource resource;

		if (lwm2m_resource_find(object, id, &resource) &&
		    catalog_is(resource.name, name, size)) {
			*id_out = id;
			return true;
		}
	}
	return false;
}

static int catalog_parse_id(const char *text, size_t size, uint16_t *id_out)
{
	int64_t number;

	if (lwm2m_integer_parse(text, size, &number) != 0 || number < 0 || number > 65535) {
		return -EPROTO;
	}
	*id_out = (uint16_t)number;
	return 0;
}

/* text: object name, then instance, resource name or number, resource instance */
static int catalog_parse_names(const struct catalog *catalog, const char *text,
			       struct lwm2m_path *path)
{
	const struct lwm2m_object *object = NULL;

	for (unsigned level = 0; *text != '\0'; level++) {
		size_t size = strcspn(text, "/");
		uint16_t id = 0;

		if (level == 0) {
			object = catalog_find(catalog, text, size);
			if (object == NULL) {
				return -EPROTO;
			}
			id = object->id;
		} else if (level >= LWM2M_PATH_IDS ||
			   ((level != 2 || !catalog_find_resource(object, text, size, &id)) &&
			    catalog_parse_id(text, size, &id) != 0)) {
			return -EPROTO;
		}
		path->ids[level] = id;
		path->depth = (uint8_t)(level + 1);
		text += size + (text[size] == '/' ? 1 : 0);
	}
	return path->depth == 0 ? -EPROTO : 0;
}

int catalog_path(const struct catalog *catalog, const char *text, struct lwm2m_path *path_out)
{
	const char *names = text + (text[0] == '/' ? 1 : 0);
	struct lwm2m_path path = {0};
	const char *slash;

	if (catalog_parse_names(catalog, names, &path) == 0) {
		*path_out = path;
		return 0;
	}
	if (text[0] == '/' && lwm2m_path_parse(text, strlen(text), &path) == 0) {
		*path_out = path;
		return 0;
	}
	/* a prefix, then names */
	slash = strchr(names, '/');
	memset(&path, 0, sizeof(path));
	if (slash == NULL || !lwm2m_prefix_is_valid(names, (size_t)(slash - names)) ||
	    slash - names > LWM2M_PREFIX_MAX ||
	    catalog_parse_names(catalog, slash + 1, &path) != 0) {
		return -EPROTO;
	}
	path.prefix = names;
	path.prefix_size = (uint8_t)(slash - names);
	*path_out = path;
	return 0;
}
