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

void tree_init(struct tree *tree, const struct tree_ask *ask, struct tree_index *index,
	       struct names *names, const char *id)
{
	static const uint16_t own[] = {SERVER, DEVICE};

	memset(tree, 0, sizeof(*tree));
	tree->ask = *ask;
	tree->index = index;
	tree->own = own;
	tree->own_count = sizeof(own) / sizeof(own[0]);
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
		tree->index->by_tag[device->entries[i]->tag] = NULL;
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
	memset(tree, 0, sizeof(*tree));
}

void tree_index_fini(struct tree_index *index)
{
	free(index->by_tag);
	memset(index, 0, sizeof(*index));
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
		    (path->prefix_size == 0 ||
		     memcmp(prefix, path->prefix, path->prefix_size) == 0)) {
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
	device->tree = tree;
	device->id = id;
	device->number = number;
	if (!tree->is_flat) {
		(void)snprintf(device->prefix, sizeof(device->prefix), "d%u", number);
	}
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
	struct tree_index *index = tree->index;
	size_t room = index->room == 0 ? 256 : index->room;
	struct tree_entry **at;

	while (room <= tag) {
		room *= 2;
	}
	if (room == index->room) {
		return 0;
	}
	at = realloc(index->by_tag, room * sizeof(struct tree_entry *));
	if (at == NULL) {
		return -ENOMEM;
	}
	memset(at + index->room, 0, (room - index->room) * sizeof(struct tree_entry *));
	index->by_tag = at;
	index->room = room;
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

	/* the same in a flat tree, so that numbers stay when the one becomes the other */
	(void)snprintf(scope, sizeof(scope), "d%u/%u", device->number, place->object);
	return names_number(tree->names, scope, name, number_out);
}

int tree_tag_add(struct tree *tree, const struct ew_tag_info *tag,
		 const struct ipso_place *place)
{
	struct tree_device *device = tree_device_by_id(tree, tag->device);
	struct tree_entry *entry;
	uint16_t instance;
	size_t at;
	int rc;

	tree_tag_remove(tree, tag->id);
	if (device == NULL) {
		return -ENOENT;
	}
	rc = tree_number(tree, device, place, tag->spec.name, &instance);
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
	entry->place = *place;
	entry->instance = instance;
	for (at = device->count; at > 0 && tree_order(device->entries[at - 1], entry) > 0; at--) {
		device->entries[at] = device->entries[at - 1];
	}
	device->entries[at] = entry;
	device->count++;
	tree->index->by_tag[tag->id] = entry;
	tree->changed = tree->changed || tree->is_flat;
	return 0;
}

void tree_tag_remove(struct tree *tree, uint32_t tag)
{
	struct tree_entry *entry = tree_index_find(tree->index, tag);
	struct tree_device *device;

	if (entry == NULL || entry->device->tree != tree) {
		return;
	}
	device = entry->device;
	tree->changed = tree->changed || tree->is_flat;
	for (size_t i = 0; i < device->count; i++) {
		if (device->entries[i] == entry) {
			device->count--;
			memmove(device->entries + i, device->entries + i + 1,
				(device->count - i) * sizeof(device->entries[0]));
			break;
		}
	}
	tree->index->by_tag[tag] = NULL;
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
	if (entry->place.is_executable) {
		value.type = LWM2M_NONE;
		has_value = true;
	}
	rc = reading_resource(reading, &path, has_value ? &value : NULL);
	if (rc == 0 && *entry->own_unit != '\0' &&
	    lwm2m_resource_find(lwm2m_object_find(entry->place.object), IPSO_UNIT, &unit)) {
		rc = reading_text(reading, path, IPSO_UNIT, entry->own_unit);
	}
	return rc != 0 ? rc : reading_text(reading, path, IPSO_APPLICATION, entry->name);
}

/* List a device's instances; where the list ends that fits. */
static uint8_t *tree_list(const struct tree_device *device, struct lwm2m_links_out *links)
{
	uint8_t *end = links->out.at;

	for (size_t i = 0; i < device->count && !links->out.full; i++) {
		const struct tree_entry *entry = device->entries[i];
		const uint16_t ids[] = {entry->place.object, entry->instance};
		struct lwm2m_path path = lwm2m_path_of(2, ids);

		end = links->out.at;
		lwm2m_links_put(links, &path, "");
	}
	return links->out.full ? end : links->out.at;
}

/* The objects that a device has, in the syntax of a Register. */
static size_t tree_device_links(struct tree *tree, const struct tree_device *device)
{
	uint8_t *begin = (uint8_t *)tree->index->links;
	struct lwm2m_links_out links = {
		.out = {begin, begin + sizeof(tree->index->links), false},
	};

	return (size_t)(tree_list(device, &links) - begin);
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
	links.v.x.at = tree->index->links;
	links.v.x.size = tree_device_links(tree, device);
	return reading_resource(reading, &path, &links);
}

static int reading_own(struct tree *tree, struct tree_reading *reading, uint16_t number)
{
	const struct lwm2m_object *object = lwm2m_object_find(number);
	int rc = 0;

	/* a resource may have instances; they come by number until there is no more */
	for (size_t i = 0; i < object->own_count && rc == 0; i++) {
		struct lwm2m_path path = {
			.depth = LWM2M_RESOURCE, .ids = {number, 0, object->own[i].id},
		};
		struct lwm2m_value value;

		if (!object->own[i].is_multiple) {
			if (tree->ask.own(tree->ask.own_arg, &path, &value)) {
				rc = reading_resource(reading, &path, &value);
			}
			continue;
		}
		path.depth = LWM2M_RESOURCE_INSTANCE;
		for (; rc == 0 && tree->ask.own(tree->ask.own_arg, &path, &value);
		     path.ids[3]++) {
			rc = reading_resource(reading, &path, &value);
		}
	}
	return rc;
}

int tree_read(struct tree *tree, const struct lwm2m_path *path, tree_fn fn, void *arg)
{
	struct tree_reading reading = {.path = path, .fn = fn, .arg = arg};
	const struct tree_device *device = tree_device_by_prefix(tree, path);
	int rc = 0;

	if (path->prefix_size > 0) {
		reading.found = device != NULL && path->depth == LWM2M_ROOT;
	}
	for (size_t i = 0; path->prefix_size == 0 && rc == 0 && i < tree->own_count; i++) {
		rc = reading_own(tree, &reading, tree->own[i]);
	}
	for (size_t i = 0; path->prefix_size == 0 && !tree->is_flat && rc == 0 &&
	     i < tree->device_count; i++) {
		rc = reading_gateway(tree, &reading, tree->devices[i]);
	}
	for (size_t i = 0; device != NULL && rc == 0 && i < device->count; i++) {
		rc = reading_entry(tree, &reading, device->entries[i]);
	}
	return rc != 0 || reading.found ? rc : -ENOENT;
}

/* One instance; the object before it when its version must be said. */
static void tree_link(struct lwm2m_links_out *links, uint16_t number)
{
	const struct lwm2m_object *object = lwm2m_object_find(number);
	struct lwm2m_path path = {.depth = LWM2M_OBJECT, .ids = {number}};
	char version[32];

	if (!lwm2m_object_version_is_implied(object)) {
		(void)snprintf(version, sizeof(version), ";ver=%s", object->version);
		lwm2m_links_put(links, &path, version);
	}
	path.depth = LWM2M_INSTANCE;
	lwm2m_links_put(links, &path, "");
}

void tree_links(struct tree *tree, struct lwm2m_links_out *links)
{
	struct lwm2m_path path = {0};

	lwm2m_links_put(links, &path, ";ct=\"112 11544\"");
	for (size_t i = 0; i < tree->own_count; i++) {
		tree_link(links, tree->own[i]);
	}
	tree->changed = false;
	if (tree->is_flat) {
		/* a list that does not fit says what does */
		for (size_t i = 0; i < tree->device_count; i++) {
			links->out.at = tree_list(tree->devices[i], links);
		}
		return;
	}
	path.ids[0] = GATEWAY;
	path.depth = LWM2M_OBJECT;
	lwm2m_links_put(links, &path, ";ver=2.0");
	path.depth = LWM2M_INSTANCE;
	for (size_t i = 0; i < tree->device_count; i++) {
		path.ids[1] = tree->devices[i]->number;
		lwm2m_links_put(links, &path, "");
	}
}
