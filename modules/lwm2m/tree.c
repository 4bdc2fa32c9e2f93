/* SPDX-License-Identifier: Apache-2.0 */
/* The object tree of a client: see tree.h. */
#include "modules/lwm2m/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/lwm2m/object.h"

#define SERVER   1
#define DEVICE   3
#define GATEWAY  25
#define NAME_ROOM  1024         /* bytes of a device's id */

void tree_init(struct tree *tree, const struct tree_ask *ask, struct names *names,
	       const char *id)
{
	memset(tree, 0, sizeof(*tree));
	tree->ask = *ask;
	tree->names = names;
	tree->id = id;
}

static void tree_entry_free(struct tree_entry *entry)
{
	free(entry->name);
	free(entry->own_unit);
	free(entry);
}

static void tree_device_free(struct tree *tree, struct tree_device *device)
{
	for (size_t i = 0; i < device->count; i++) {
		tree->by_tag[device->entries[i]->tag] = NULL;
		tree_entry_free(device->entries[i]);
	}
	free(device->entries);
	free(device->name);
	free(device);
}

void tree_fini(struct tree *tree)
{
	for (size_t i = 0; i < tree->device_count; i++) {
		tree_device_free(tree, tree->devices[i]);
	}
	free(tree->devices);
	free(tree->by_tag);
	memset(tree, 0, sizeof(*tree));
}

/* Room for one more in an array of pointers. */
static int tree_grow(void ***at, size_t count, size_t *room)
{
	size_t more = *room == 0 ? 8 : *room * 2;
	void **grown;

	if (count < *room) {
		return 0;
	}
	grown = realloc(*at, more * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	*at = grown;
	*room = more;
	return 0;
}

static struct tree_device *tree_device_by_id(const struct tree *tree, uint32_t id)
{
	for (size_t i = 0; i < tree->device_count; i++) {
		if (tree->devices[i]->id == id) {
			return tree->devices[i];
		}
	}
	return NULL;
}

static struct tree_device *tree_device_by_prefix(const struct tree *tree,
						 const struct lwm2m_path *path)
{
	for (size_t i = 0; i < tree->device_count; i++) {
		const char *prefix = tree->devices[i]->prefix;

		if (strlen(prefix) == path->prefix_size &&
		    memcmp(prefix, path->prefix, path->prefix_size) == 0) {
			return tree->devices[i];
		}
	}
	return NULL;
}

int tree_device_add(struct tree *tree, uint32_t id, const char *path)
{
	struct tree_device *device;
	char name[NAME_ROOM];
	uint16_t number;
	size_t at;
	int rc;

	if (tree_device_by_id(tree, id) != NULL) {
		return 0;
	}
	rc = names_number(tree->names, "device", path, &number);
	if (rc != 0) {
		return rc;
	}
	(void)snprintf(name, sizeof(name), "%s/%s", tree->id, path);
	device = calloc(1, sizeof(*device));
	if (device == NULL || (device->name = strdup(name)) == NULL ||
	    tree_grow((void ***)&tree->devices, tree->device_count, &tree->device_room) != 0) {
		if (device != NULL) {
			free(device->name);
		}
		free(device);
		return -ENOMEM;
	}
	device->id = id;
	device->number = number;
	(void)snprintf(device->prefix, sizeof(device->prefix), "d%u", number);
	for (at = tree->device_count; at > 0 && tree->devices[at - 1]->number > number; at--) {
		tree->devices[at] = tree->devices[at - 1];
	}
	tree->devices[at] = device;
	tree->device_count++;
	tree->changed = true;
	return 0;
}

void tree_device_remove(struct tree *tree, uint32_t id)
{
	for (size_t i = 0; i < tree->device_count; i++) {
		if (tree->devices[i]->id == id) {
			tree_device_free(tree, tree->devices[i]);
			tree->device_count--;
			memmove(tree->devices + i, tree->devices + i + 1,
				(tree->device_count - i) * sizeof(tree->devices[0]));
			tree->changed = true;
			return;
		}
	}
}

static int tree_tag_room(struct tree *tree, uint32_t tag)
{
	size_t room = tree->tag_room == 0 ? 256 : tree->tag_room;
	struct tree_entry **at;

	while (room <= tag) {
		room *= 2;
	}
	if (room == tree->tag_room) {
		return 0;
	}
	at = realloc(tree->by_tag, room * sizeof(struct tree_entry *));
	if (at == NULL) {
		return -ENOMEM;
	}
	memset(at + tree->tag_room, 0, (room - tree->tag_room) * sizeof(struct tree_entry *));
	tree->by_tag = at;
	tree->tag_room = room;
	return 0;
}

static int tree_order(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->place.object != b->place.object ?
	       (int)a->place.object - (int)b->place.object : (int)a->instance - (int)b->instance;
}

/* The number of a tag among those of its device that have the same object. */
static int tree_number(struct tree *tree, const struct tree_device *device,
		       const struct ipso_place *place, const char *name, uint16_t *number_out)
{
	char scope[32];

	(void)snprintf(scope, sizeof(scope), "%s/%u", device->prefix, place->object);
	return names_number(tree->names, scope, name, number_out);
}

int tree_tag_add(struct tree *tree, const struct ew_tag_info *tag)
{
	struct tree_device *device = tree_device_by_id(tree, tag->device);
	struct tree_entry *entry;
	struct ipso_place place;
	uint16_t instance;
	size_t at;
	int rc;

	tree_tag_remove(tree, tag->id);
	if (device == NULL) {
		return -ENOENT;
	}
	if (!ipso_place_of(&tag->spec, &place)) {
		return -ENOTSUP;
	}
	rc = tree_number(tree, device, &place, tag->spec.name, &instance);
	if (rc == 0) {
		rc = tree_tag_room(tree, tag->id);
	}
	if (rc != 0) {
		return rc;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL || (entry->name = strdup(tag->spec.name)) == NULL ||
	    (entry->own_unit = strdup(ipso_unit(tag->spec.unit))) == NULL ||
	    tree_grow((void ***)&device->entries, device->count, &device->room) != 0) {
		if (entry != NULL) {
			tree_entry_free(entry);
		}
		return -ENOMEM;
	}
	entry->device = device;
	entry->tag = tag->id;
	entry->carrier = tag->carrier;
	entry->place = place;
	entry->instance = instance;
	for (at = device->count; at > 0 && tree_order(device->entries[at - 1], entry) > 0; at--) {
		device->entries[at] = device->entries[at - 1];
	}
	device->entries[at] = entry;
	device->count++;
	tree->by_tag[tag->id] = entry;
	return 0;
}

void tree_tag_remove(struct tree *tree, uint32_t tag)
{
	struct tree_entry *entry = tag < tree->tag_room ? tree->by_tag[tag] : NULL;
	struct tree_device *device;

	if (entry == NULL) {
		return;
	}
	device = entry->device;
	for (size_t i = 0; i < device->count; i++) {
		if (device->entries[i] == entry) {
			device->count--;
			memmove(device->entries + i, device->entries + i + 1,
				(device->count - i) * sizeof(device->entries[0]));
			break;
		}
	}
	tree->by_tag[tag] = NULL;
	tree_entry_free(entry);
}

struct lwm2m_path tree_path(const struct tree_entry *entry)
{
	return (struct lwm2m_path){
		.prefix = entry->device->prefix,
		.prefix_size = (uint8_t)strlen(entry->device->prefix),
		.depth = LWM2M_RESOURCE,
		.ids = {entry->place.object, entry->instance, entry->place.resource},
	};
}

const struct tree_entry *tree_find(const struct tree *tree, const struct lwm2m_path *path)
{
	const struct tree_device *device = tree_device_by_prefix(tree, path);

	for (size_t i = 0; device != NULL && i < device->count; i++) {
		struct lwm2m_path at = tree_path(device->entries[i]);

		if (lwm2m_path_equal(&at, path)) {
			return device->entries[i];
		}
	}
	return NULL;
}

/* ---- reading ---- */

struct tree_reading {
	const struct lwm2m_path *path;
	tree_fn fn;
	void *arg;
	bool found;             /* the path leads somewhere, with a value or without */
};

/* A resource that is there; value NULL: it has no value. */
static int reading_resource(struct tree_reading *reading, const struct lwm2m_path *path,
			    const struct lwm2m_value *value)
{
	struct lwm2m_record record = {.path = *path};

	if (!lwm2m_path_is_below(path, reading->path)) {
		return 0;
	}
	reading->found = true;
	if (value == NULL) {
		return 0;
	}
	record.value = *value;
	return reading->fn(reading->arg, &record);
}

static int reading_text(struct tree_reading *reading, struct lwm2m_path path, uint16_t resource,
			const char *text)
{
	struct lwm2m_value value = {
		.type = LWM2M_STRING, .v.x = {text, strlen(text)},
	};

	path.ids[2] = resource;
	return reading_resource(reading, &path, &value);
}

static int reading_entry(struct tree *tree, struct tree_reading *reading,
			 const struct tree_entry *entry)
{
	struct lwm2m_path path = tree_path(entry);
	struct lwm2m_resource unit;
	struct lwm2m_value value;
	bool has_value;
	int rc;

	path.depth = LWM2M_INSTANCE;
	if (!lwm2m_path_is_below(&path, reading->path) &&
	    !lwm2m_path_is_below(reading->path, &path)) {
		return 0;
	}
	path.depth = LWM2M_RESOURCE;
	has_value = tree->ask.value(tree->ask.arg, entry, &value);
	rc = reading_resource(reading, &path, has_value ? &value : NULL);
	if (rc == 0 && *entry->own_unit != '\0' &&
	    lwm2m_resource_find(lwm2m_object_find(entry->place.object), IPSO_UNIT, &unit)) {
		rc = reading_text(reading, path, IPSO_UNIT, entry->own_unit);
	}
	return rc != 0 ? rc : reading_text(reading, path, IPSO_APPLICATION, entry->name);
}

/* The objects that a device has, in the syntax of a Register. */
static size_t tree_device_links(struct tree *tree, const struct tree_device *device)
{
	uint8_t *begin = (uint8_t *)tree->links;
	struct lwm2m_links_out links = {.out = {begin, begin + sizeof(tree->links), false}};

	for (size_t i = 0; i < device->count; i++) {
		const struct tree_entry *entry = device->entries[i];
		const uint16_t ids[] = {entry->place.object, entry->instance};
		struct lwm2m_path path = lwm2m_path_of(2, ids);
		uint8_t *before = links.out.at;

		lwm2m_links_put(&links, &path, "");
		if (links.out.full) {
			return (size_t)(before - begin);
		}
	}
	return (size_t)(links.out.at - begin);
}

static int reading_gateway(struct tree *tree, struct tree_reading *reading,
			   const struct tree_device *device)
{
	struct lwm2m_path path = {
		.depth = LWM2M_RESOURCE, .ids = {GATEWAY, device->number, 3},
	};
	struct lwm2m_value links = {.type = LWM2M_CORELINK};
	int rc = reading_text(reading, path, 0, device->name);

	if (rc == 0) {
		rc = reading_text(reading, path, 1, device->prefix);
	}
	if (rc != 0) {
		return rc;
	}
	links.v.x.at = tree->links;
	links.v.x.size = tree_device_links(tree, device);
	return reading_resource(reading, &path, &links);
}

static int reading_own(struct tree *tree, struct tree_reading *reading, uint16_t number)
{
	const struct lwm2m_object *object = lwm2m_object_find(number);
	int rc = 0;

	for (size_t i = 0; i < object->own_count && rc == 0; i++) {
		struct lwm2m_path path = {
			.depth = LWM2M_RESOURCE, .ids = {number, 0, object->own[i].id},
		};
		struct lwm2m_value value;

		if (object->own[i].is_multiple) {
			path.depth = LWM2M_RESOURCE_INSTANCE;
		}
		if (tree->ask.own(tree->ask.own_arg, &path, &value)) {
			rc = reading_resource(reading, &path, &value);
		}
	}
	return rc;
}

int tree_read(struct tree *tree, const struct lwm2m_path *path, tree_fn fn, void *arg)
{
	struct tree_reading reading = {.path = path, .fn = fn, .arg = arg};
	const struct tree_device *device;
	int rc = 0;

	if (path->prefix_size > 0) {
		device = tree_device_by_prefix(tree, path);
		reading.found = device != NULL && path->depth == LWM2M_ROOT;
		for (size_t i = 0; device != NULL && rc == 0 && i < device->count; i++) {
			rc = reading_entry(tree, &reading, device->entries[i]);
		}
		return rc != 0 || reading.found ? rc : -ENOENT;
	}
	rc = reading_own(tree, &reading, SERVER);
	if (rc == 0) {
		rc = reading_own(tree, &reading, DEVICE);
	}
	for (size_t i = 0; rc == 0 && i < tree->device_count; i++) {
		rc = reading_gateway(tree, &reading, tree->devices[i]);
	}
	return rc != 0 || reading.found ? rc : -ENOENT;
}

void tree_links(struct tree *tree, struct lwm2m_links_out *links)
{
	struct lwm2m_path path = {0};

	lwm2m_links_put(links, &path, ";ct=\"112 11544\"");
	path.depth = LWM2M_INSTANCE;
	path.ids[0] = SERVER;
	lwm2m_links_put(links, &path, "");
	path.ids[0] = DEVICE;
	lwm2m_links_put(links, &path, "");
	path.ids[0] = GATEWAY;
	path.depth = LWM2M_OBJECT;
	lwm2m_links_put(links, &path, ";ver=2.0");
	path.depth = LWM2M_INSTANCE;
	for (size_t i = 0; i < tree->device_count; i++) {
		path.ids[1] = tree->devices[i]->number;
		lwm2m_links_put(links, &path, "");
	}
	tree->changed = false;
}
