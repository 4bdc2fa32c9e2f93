/* SPDX-License-Identifier: Apache-2.0 */
/* Values of clients as tags: see tags.h. */
#include "modules/lwm2m_server/tags.h"

#include <edgeway/loop.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/text.h"
#include "proto/lwm2m/link.h"


#define SECOND        INT64_C(1000000000)
#define LATE          (60 * SECOND)     /* a value so old is not the present one */
#define GATEWAY       25u
#define HEAD_MAX      1024u             /* bytes that are kept of a record's text */

struct tags_entry {
	uint32_t device;                /* 0: free */
	uint32_t tag;
	ew_time newest;
	uint16_t ids[LWM2M_PATH_IDS];
	uint8_t depth;
	uint8_t carrier;
	uint8_t type;                   /* enum lwm2m_type */
	uint8_t wanted;                 /* the definition's; LWM2M_NONE: there is none */
	char *head;                     /* text_record_head(); NULL: not kept */
	size_t head_size;
};

int tags_init(struct tags *tags, struct ew_instance *inst, const struct catalog *catalog,
	      size_t message_max)
{
	memset(tags, 0, sizeof(*tags));
	tags->inst = inst;
	tags->catalog = catalog;
	tags->slot_count = 256;
	tags->slots = calloc(tags->slot_count, sizeof(*tags->slots));
	tags->scratch_size = message_max;
	tags->scratch = malloc(2 * message_max);
	if (tags->slots == NULL || tags->scratch == NULL) {
		tags_fini(tags);
		return -ENOMEM;
	}
	return 0;
}

void tags_fini(struct tags *tags)
{
	for (size_t i = 0; tags->slots != NULL && i < tags->slot_count; i++) {
		free(tags->slots[i].head);
	}
	free(tags->slots);
	free(tags->scratch);
	tags->slots = NULL;
	tags->scratch = NULL;
}

/* ---- the table ---- */

static size_t tags_hash(uint32_t device, const struct lwm2m_path *path)
{
	uint64_t hash = device;

	for (unsigned i = 0; i < path->depth; i++) {
		hash = (hash + path->ids[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return (size_t)(hash >> 24);
}

static struct tags_entry *tags_slot(struct tags *tags, uint32_t device,
				    const struct lwm2m_path *path)
{
	size_t at = tags_hash(device, path);

	for (;; at++) {
		struct tags_entry *entry = &tags->slots[at & (tags->slot_count - 1)];

		if (entry->device == 0 ||
		    (entry->device == device && entry->depth == path->depth &&
		     memcmp(entry->ids, path->ids, path->depth * sizeof(path->ids[0])) == 0)) {
			return entry;
		}
	}
}

/* The table with so many slots, and without the tags of a device. */
static int tags_rebuild(struct tags *tags, size_t slot_count, uint32_t without)
{
	struct tags_entry *old = tags->slots;
	size_t count = tags->slot_count;

	tags->slots = calloc(slot_count, sizeof(*old));
	if (tags->slots == NULL) {
		tags->slots = old;
		return -ENOMEM;
	}
	tags->slot_count = slot_count;
	tags->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (old[i].device != 0 && old[i].device != without) {
			const struct lwm2m_path path = lwm2m_path_of(old[i].depth, old[i].ids);

			*tags_slot(tags, old[i].device, &path) = old[i];
			tags->count++;
		} else {
			free(old[i].head);
		}
	}
	free(old);
	return 0;
}

/* ---- devices ---- */

/* ENDPOINT/NAME; of a name that has the endpoint in it only what follows. */
static void tags_device_path(const struct peer *peer, const struct peer_device *device,
			     char *out, size_t room)
{
	const char *name = device->name != NULL ? device->name : device->prefix;
	size_t size = strlen(peer->endpoint);
	const char *found = device->name == NULL ? NULL : strstr(name, peer->endpoint);

	if (device->prefix[0] == '\0') {
		(void)snprintf(out, room, "%s", peer->endpoint);
		return;
	}
	if (found != NULL && (found == name || found[-1] == '/') && found[size] == '/' &&
	    found[size + 1] != '\0') {
		name = found + size + 1;
	}
	(void)snprintf(out, room, "%s/%s", peer->endpoint, name);
}

/* EW_NO_ID: the bus does not take it. */
static uint32_t tags_device(struct tags *tags, struct peer *peer, struct peer_device *device)
{
	char path[EW_PATH_MAX + 1];
	struct ew_device_spec spec = {.size = sizeof(spec), .path = path};

	if (device->device != EW_NO_ID) {
		return device->device;
	}
	if (device->prefix[0] != '\0') {
		spec.parent = peer->endpoint;
	}
	tags_device_path(peer, device, path, sizeof(path));
	if (ew_device_declare(tags->inst, &spec, &device->device) != 0) {
		device->device = EW_NO_ID;
		return EW_NO_ID;
	}
	(void)ew_device_state(tags->inst, device->device, EW_DEVICE_UP, NULL);
	return device->device;
}

void tags_set_state(struct tags *tags, struct peer *peer, const char *reason)
{
	struct peer_device *own = peer_device_of(peer, "", 0);

	if (own == NULL) {
		return;
	}
	(void)tags_device(tags, peer, own);     /* a name that is no path has no tags */
	for (struct peer_device *device = peer->devices; device != NULL; device = device->next) {
		if (device->device != EW_NO_ID) {
			(void)ew_device_state(tags->inst, device->device,
					      reason == NULL ? EW_DEVICE_UP : EW_DEVICE_DOWN,
					      reason);
		}
	}
}

static void tags_flush(struct tags *tags)
{
	size_t count = tags->sample_count;

	tags->sample_count = 0;
	if (count > 0 && ew_publish(tags->inst, tags->samples, count, NULL) == 0) {
		tags->published += count;
		return;
	}
	/* one that is refused takes no other with it */
	for (size_t i = 0; i < count; i++) {
		if (ew_publish(tags->inst, &tags->samples[i], 1, NULL) == 0) {
			tags->published++;
		} else {
			tags->skipped++;
		}
	}
}

/* The device and its tags are no more; without memory it stays under its old name. */
static void tags_remove_device(struct tags *tags, struct peer_device *device)
{
	tags_flush(tags);
	if (tags_rebuild(tags, tags->slot_count, device->device) == 0) {
		(void)ew_device_remove(tags->inst, device->device);
		device->device = EW_NO_ID;
	}
}

/* What object 25 says: 0 is the name, 1 the prefix; the name comes first. */
static void tags_learn(struct tags *tags, struct peer *peer,
		       const struct lwm2m_record *record, char **name)
{
	struct peer_device *device = peer->devices;
	uint16_t instance = record->path.ids[1];

	if (record->path.ids[0] != GATEWAY || record->path.depth != LWM2M_RESOURCE ||
	    record->path.prefix_size != 0 || record->value.type != LWM2M_STRING ||
	    record->value.v.x.size == 0) {
		return;
	}
	if (record->path.ids[2] == 0) {
		free(*name);
		*name = strndup(record->value.v.x.at, record->value.v.x.size);
		while (device != NULL && device->instance != instance) {
			device = device->next;
		}
	} else if (record->path.ids[2] == 1) {
		device = peer_device_of(peer, record->value.v.x.at, record->value.v.x.size);
		if (device != NULL) {
			device->instance = instance;
		}
	} else {
		return;
	}
	if (device != NULL && device->name == NULL) {
		device->name = *name;
		*name = NULL;
		/* values that came before its name are under its prefix */
		if (device->name != NULL && device->device != EW_NO_ID) {
			tags_remove_device(tags, device);
		}
		peer->has_learned = device->name != NULL;
	}
}

/* ---- tags ---- */

static unsigned tags_type(enum lwm2m_type type)
{
	switch (type) {
	case LWM2M_INTEGER:
		return EW_TYPE_I64;
	case LWM2M_UNSIGNED:
		return EW_TYPE_U64;
	case LWM2M_FLOAT:
		return EW_TYPE_F64;
	case LWM2M_BOOLEAN:
		return EW_TYPE_BOOL;
	case LWM2M_TIME:
		return EW_TYPE_TIME;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
	case LWM2M_PLAIN:
		return EW_TYPE_TEXT;
	case LWM2M_OPAQUE:
	case LWM2M_RAW:
		return EW_TYPE_BYTES;
	case LWM2M_LINK:
	case LWM2M_NONE:
	case LWM2M_NULL:
		break;
	}
	return 0;
}

/* What can be done with it; what no definition describes is the client's to judge. */
static unsigned tags_access(const struct lwm2m_resource *resource)
{
	return resource == NULL ? EW_ACCESS_READ | EW_ACCESS_WRITE :
	       ((resource->operations & LWM2M_READABLE) != 0 ? EW_ACCESS_READ : 0) |
	       ((resource->operations & LWM2M_WRITABLE) != 0 ? EW_ACCESS_WRITE : 0) |
	       ((resource->operations & LWM2M_EXECUTABLE) != 0 ? EW_ACCESS_EXECUTE : 0);
}

/* The type that the definition states. */
static enum lwm2m_type tags_wanted(const struct tags *tags, const struct lwm2m_path *path)
{
	struct lwm2m_resource resource;

	return catalog_resource(tags->catalog, path, &resource) ? (enum lwm2m_type)resource.type
								: LWM2M_NONE;
}

static int tags_declare(struct tags *tags, uint32_t device, const struct lwm2m_path *whole,
			enum lwm2m_type type, uint32_t *tag_out)
{
	char name[CATALOG_NAME_MAX];
	char path[LWM2M_PATH_MAX];
	const struct lwm2m_path plain = lwm2m_path_of(whole->depth, whole->ids);
	const struct ew_property property = {"lwm2m_path", path};
	struct lwm2m_resource resource;
	bool is_known = catalog_resource(tags->catalog, &plain, &resource);
	struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name,
		.type = type == LWM2M_NONE ? EW_TYPE_BOOL : tags_type(type),
		.access = tags_access(is_known ? &resource : NULL),
		.max_bytes = TAGS_TEXT_MAX, .properties = &property, .property_count = 1,
	};

	(void)catalog_name(tags->catalog, &plain, name);
	(void)lwm2m_path_format(whole, path);
	if (is_known) {
		spec.unit = resource.unit;
		spec.write_low = resource.low;
		spec.write_high = resource.high;
	}
	return ew_tag_declare(tags->inst, device, &spec, tag_out);
}

/*
 * The entry of a path, made when it is new. NULL: it has no tag. What the bus
 * refuses has no entry: max_tags bounds the table.
 */
static struct tags_entry *tags_enter(struct tags *tags, uint32_t device,
				     const struct lwm2m_path *path, enum lwm2m_type type)
{
	struct tags_entry *entry = tags_slot(tags, device, path);
	struct text head = text_of(HEAD_MAX);
	uint32_t tag;

	if (entry->device != 0) {
		return entry;
	}
	if (2 * (tags->count + 1) > tags->slot_count) {
		if (tags_rebuild(tags, 2 * tags->slot_count, EW_NO_ID) != 0) {
			return NULL;
		}
		entry = tags_slot(tags, device, path);
	}
	if (tags_declare(tags, device, path, type, &tag) != 0) {
		return NULL;
	}
	tags->count++;
	entry->device = device;
	entry->depth = path->depth;
	memcpy(entry->ids, path->ids, sizeof(entry->ids));
	entry->type = (uint8_t)type;
	entry->tag = tag;
	entry->carrier = (uint8_t)ew_type_carrier(tags_type(type));
	entry->wanted = (uint8_t)tags_wanted(tags, path);
	text_record_head(&head, tags->catalog, path);
	if (head.failed) {
		text_free(&head);
	}
	entry->head = head.at;
	entry->head_size = head.size;
	return entry;
}

static uint32_t tags_device_at(struct tags *tags, struct peer *peer, const struct lwm2m_path *path)
{
	struct peer_device *device = peer_device_of(peer, path->prefix, path->prefix_size);

	return device == NULL ? EW_NO_ID : tags_device(tags, peer, device);
}

static bool tags_is_executable(const struct tags *tags, const struct lwm2m_path *path)
{
	struct lwm2m_resource resource;

	return catalog_resource(tags->catalog, path, &resource) &&
	       resource.operations == LWM2M_EXECUTABLE;
}

void tags_discovered(struct tags *tags, struct peer *peer, struct lwm2m_text text)
{
	struct lwm2m_links links;
	struct lwm2m_link link;

	lwm2m_links_begin(&links, text.at, text.size);
	while (lwm2m_links_next(&links, &link) > 0) {
		if (link.path.depth == LWM2M_RESOURCE && tags_is_executable(tags, &link.path)) {
			uint32_t device = tags_device_at(tags, peer, &link.path);

			/* without a tag it can still be executed over HTTP */
			(void)(device == EW_NO_ID ? NULL :
			       tags_enter(tags, device, &link.path, LWM2M_NONE));
		}
	}
}

static struct tags_entry *tags_entry_of(struct tags *tags, struct peer *peer,
					const struct lwm2m_record *record)
{
	uint32_t device = tags_type(record->value.type) == 0 ? EW_NO_ID :
			  tags_device_at(tags, peer, &record->path);
	struct tags_entry *entry;

	if (device == EW_NO_ID || record->path.depth < LWM2M_RESOURCE) {
		return NULL;
	}
	entry = tags_enter(tags, device, &record->path, record->value.type);
	return entry == NULL || entry->type != record->value.type ? NULL : entry;
}

static void tags_publish(struct tags *tags, struct tags_entry *entry,
			 const struct lwm2m_record *record, ew_time time)
{
	const ew_time now = ew_wall();
	struct ew_sample sample =
		ew_sample_none(entry->tag, record->time != 0 ? record->time : time);

	sample.type = entry->carrier;
	sample.flags = sample.time < entry->newest || sample.time < now - LATE ? EW_HISTORICAL : 0;
	switch (record->value.type) {
	case LWM2M_INTEGER:
		sample.v.i = record->value.v.i;
		break;
	case LWM2M_TIME:
		if (record->value.v.i > INT64_MAX / SECOND ||
		    record->value.v.i < INT64_MIN / SECOND) {
			tags->skipped++;
			return;
		}
		sample.v.i = record->value.v.i * SECOND;
		break;
	case LWM2M_UNSIGNED:
		sample.v.u = record->value.v.u;
		break;
	case LWM2M_FLOAT:
		sample.v.f = record->value.v.f;
		break;
	case LWM2M_BOOLEAN:
		sample.v.b = record->value.v.b;
		break;
	default:
		if (record->value.v.x.size > TAGS_TEXT_MAX) {
			tags->skipped++;
			return;
		}
		sample.v.x.at = record->value.v.x.at;
		sample.v.x.size = (uint32_t)record->value.v.x.size;
		break;
	}
	/* a time to come does not make what is true now an old value */
	if (sample.time > entry->newest && sample.time <= now) {
		entry->newest = sample.time;
	}
	tags->samples[tags->sample_count++] = sample;
	/* text is borrowed from the decoder */
	if (tags->sample_count == TAGS_BATCH || ew_sample_has_bytes(&sample)) {
		tags_flush(tags);
	}
}

/* A number that no definition describes may come as 21 and then as 21.5. */
static void tags_widen(struct lwm2m_record *record)
{
	if (record->value.type == LWM2M_INTEGER) {
		record->value.v.f = (double)record->value.v.i;
		record->value.type = LWM2M_FLOAT;
	} else if (record->value.type == LWM2M_UNSIGNED) {
		record->value.v.f = (double)record->value.v.u;
		record->value.type = LWM2M_FLOAT;
	}
}

/* The entry of a path that came before, whose device is most likely that of the last; NULL. */
static struct tags_entry *tags_known(struct tags *tags, struct peer *peer,
				     const struct lwm2m_path *path, struct peer_device **last)
{
	struct tags_entry *entry;

	if (path->depth < LWM2M_RESOURCE || path->ids[0] == GATEWAY) {
		return NULL; /* what is learnt of these may take entries away */
	}
	if (*last == NULL || strlen((*last)->prefix) != path->prefix_size ||
	    (path->prefix_size > 0 &&
	     memcmp((*last)->prefix, path->prefix, path->prefix_size) != 0)) {
		*last = peer_device_of(peer, path->prefix, path->prefix_size);
	}
	if (*last == NULL || (*last)->device == EW_NO_ID) {
		return NULL;
	}
	entry = tags_slot(tags, (*last)->device, path);
	return entry->device != 0 ? entry : NULL;
}

void tags_take(struct tags *tags, struct peer *peer, const struct server_records *records,
	       tags_fn each, void *arg)
{
	const ew_time now = ew_wall();
	const struct lwm2m_source source = {
		.bytes = records->payload.at, .size = records->payload.size,
		.base = records->base, .now = now,
		.scratch = tags->scratch, .scratch_size = tags->scratch_size,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	struct peer_device *last = NULL;
	char *name = NULL;

	if (lwm2m_decoder_begin(&decoder, records->content, &source) != 0) {
		return;         /* the machine has looked: it does begin */
	}
	while (lwm2m_decoder_next(&decoder, &record) > 0) {
		struct tags_entry *entry = tags_known(tags, peer, &record.path, &last);
		enum lwm2m_type wanted = entry != NULL ? (enum lwm2m_type)entry->wanted
						       : tags_wanted(tags, &record.path);
		struct lwm2m_text head = { NULL, 0 };

		if (wanted != LWM2M_NONE) {
			/* as it came when it is not of that type */
			(void)lwm2m_value_convert(&record.value, wanted,
						  tags->scratch + tags->scratch_size);
		}
		tags_learn(tags, peer, &record, &name);
		if (entry != NULL && entry->head != NULL) {
			head = (struct lwm2m_text){ entry->head, entry->head_size };
		}
		if (each != NULL) {
			each(arg, &record, head);
		}
		if (wanted == LWM2M_NONE) {
			tags_widen(&record);
		}
		entry = entry != NULL ? entry : tags_entry_of(tags, peer, &record);
		if (entry == NULL || entry->type != record.value.type) {
			tags->skipped++;
		} else {
			tags_publish(tags, entry, &record,
				     records->time != 0 ? records->time : now);
		}
	}
	tags_flush(tags);
	free(name);
}

void tags_each(const struct tags *tags, const struct peer *peer, tags_path_fn each, void *arg)
{
	for (const struct peer_device *device = peer->devices; device != NULL;
	     device = device->next) {
		if (device->device == EW_NO_ID) {
			continue;
		}
		for (size_t i = 0; i < tags->slot_count; i++) {
			if (tags->slots[i].device == device->device) {
				each(arg, device->prefix, tags->slots[i].depth,
				     tags->slots[i].ids);
			}
		}
	}
}
