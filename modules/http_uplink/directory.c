/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of tags and devices: see directory.h. */
#include "modules/http_uplink/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/parcel.h"
#include "modules/http_uplink/template.h"

void directory_init(struct directory *directory, struct ew_instance *inst,
		    const struct settings *settings)
{
	*directory = (struct directory){.inst = inst, .settings = settings, .version = 1};
}

static void directory_free_device(struct device_entry *device)
{
	if (device != NULL) {
		if (device->pile != NULL) {
			pile_free(device->pile);
			free(device->pile);
		}
		free(device->path);
		free(device->type);
		free(device);
	}
}

void directory_free(struct directory *directory)
{
	for (size_t i = 0; i < directory->tag_room; i++) {
		shape_free(&directory->tags[i].shape);
	}
	for (size_t i = 0; i < directory->device_room; i++) {
		directory_free_device(directory->devices[i]);
	}
	free(directory->tags);
	free(directory->devices);
}

/* Ids are dense: a table with a place for each. -ENOMEM */
static int directory_room(void **table, size_t *room, size_t size, uint32_t id)
{
	size_t more = *room == 0 ? 256 : *room;
	char *at;

	if (id < *room) {
		return 0;
	}
	while (more <= id) {
		more *= 2;
	}
	at = realloc(*table, more * size);
	if (at == NULL) {
		return -ENOMEM;
	}
	memset(at + *room * size, 0, (more - *room) * size);
	*table = at;
	*room = more;
	return 0;
}

/* ---- names ---- */

static char *directory_fill(const char *text, const struct template_values *values)
{
	struct bytes filled = {0};

	template_fill(&filled, text, values, TEMPLATE_PLAIN);
	bytes_add(&filled, "", 1);
	if (filled.failed) {
		bytes_free(&filled);
	}
	return filled.at;
}

static struct ew_property *directory_fields(const struct settings *settings,
					    const struct template_values *values)
{
	struct ew_property *fields = calloc(settings->field_count + 1, sizeof(*fields));

	for (size_t i = 0; fields != NULL && i < settings->field_count; i++) {
		fields[i].name = settings->fields[i].name;
		fields[i].value = directory_fill(settings->fields[i].value, values);
	}
	return fields;
}

/* The names own what was filled in; the struct is for readers, hence const. */
static void directory_drop(const char *text)
{
	union {
		const char *from;
		char *to;
	} way = {.from = text};

	free(way.to);
}

void directory_names_free(struct shape_names *names)
{
	union {
		const struct ew_property *from;
		struct ew_property *to;
	} way = {.from = names->extra};

	for (size_t i = 0; names->extra != NULL && i < names->extra_count; i++) {
		directory_drop(names->extra[i].value);
	}
	free(way.to);
	directory_drop(names->measurement);
}

int directory_names(const struct directory *directory, const struct device_entry *device,
		    struct shape_names *names_out)
{
	const struct settings *settings = directory->settings;
	const struct ew_gateway *gateway = ew_gateway(directory->inst);
	const struct template_values values = {
		.gateway = gateway->name,
		.group = gateway->group,
		.instance = ew_name(directory->inst),
		.device = device == NULL ? NULL : device->path,
		.type = device == NULL ? NULL : device->type,
	};
	struct shape_names names = {
		.device = device == NULL ? NULL : device->path,
		.measurement = directory_fill(settings->measurement, &values),
		.extra = directory_fields(settings, &values),
		.extra_count = settings->field_count,
	};
	bool is_whole = names.measurement != NULL && names.extra != NULL;

	for (size_t i = 0; is_whole && i < names.extra_count; i++) {
		is_whole = names.extra[i].value != NULL;
	}
	if (!is_whole) {
		directory_names_free(&names);
		return -ENOMEM;
	}
	/* a device without a type, for one */
	if (names.measurement[0] == '\0') {
		directory_drop(names.measurement);
		names.measurement = strdup("edgeway");
		if (names.measurement == NULL) {
			directory_names_free(&names);
			return -ENOMEM;
		}
	}
	*names_out = names;
	return 0;
}

/* ---- devices ---- */

static int directory_copy(struct device_entry *device, const struct ew_device_info *info)
{
	char *path = strdup(info->spec.path);
	char *type = strdup(info->spec.type != NULL ? info->spec.type : "");

	if (path == NULL || type == NULL) {
		free(path);
		free(type);
		return -ENOMEM;
	}
	free(device->path);
	free(device->type);
	device->path = path;
	device->type = type;
	return 0;
}

int directory_device(struct directory *directory, uint32_t id, struct device_entry **device_out)
{
	const struct ew_device_info *info;
	void *table = directory->devices;
	struct device_entry *device;
	int error = directory_room(&table, &directory->device_room, sizeof(*directory->devices),
				   id);

	directory->devices = table;
	if (error != 0) {
		return error;
	}
	if (directory->devices[id] == NULL) {
		info = ew_device(directory->inst, id);
		if (info == NULL) {
			*device_out = NULL;
			return 0;
		}
		device = calloc(1, sizeof(*device));
		error = device == NULL ? -ENOMEM : directory_copy(device, info);
		if (error != 0) {
			free(device);
			return error;
		}
		device->version = ++directory->version;
		directory->devices[id] = device;
	}
	*device_out = directory->devices[id];
	return 0;
}

struct device_entry *directory_find(struct directory *directory, uint32_t id)
{
	return id < directory->device_room ? directory->devices[id] : NULL;
}

void directory_change_device(struct directory *directory, const struct ew_device_info *info)
{
	struct device_entry *device = directory_find(directory, info->id);

	/* without memory the old names stay, which is better than none */
	if (device != NULL && directory_copy(device, info) == 0) {
		device->version = ++directory->version;
	}
}

void directory_forget_device(struct directory *directory, uint32_t id)
{
	struct device_entry *device = directory_find(directory, id);

	if (device == NULL) {
		return;
	}
	for (size_t i = 0; i < directory->tag_room; i++) {
		if (directory->tags[i].device == device) {
			shape_free(&directory->tags[i].shape);
			directory->tags[i] = (struct tag_entry){0};
		}
	}
	directory_free_device(device);
	directory->devices[id] = NULL;
}

/* ---- tags ---- */

static int directory_make(struct directory *directory, const struct ew_tag_info *info,
			  struct tag_entry *tag)
{
	struct shape_names names;
	struct shape shape;
	int error = directory_names(directory, tag->device, &names);

	if (error != 0) {
		return error;
	}
	error = shape_make((enum encode_format)directory->settings->format, &names, &info->spec,
			   &shape);
	directory_names_free(&names);
	if (error == 0) {
		shape_free(&tag->shape);
		tag->shape = shape;
		tag->version = tag->device->version;
	}
	return error;
}

int directory_tag(struct directory *directory, uint32_t id, struct tag_entry **tag_out)
{
	const struct ew_tag_info *info;
	struct tag_entry *tag = id < directory->tag_room ? &directory->tags[id] : NULL;
	void *table = directory->tags;
	int error;

	if (tag != NULL && tag->device != NULL && tag->version == tag->device->version) {
		*tag_out = tag;
		return 0;
	}
	*tag_out = NULL;
	info = ew_tag(directory->inst, id);
	if (info == NULL) {
		return 0;
	}
	error = directory_room(&table, &directory->tag_room, sizeof(*directory->tags), id);
	directory->tags = table;
	if (error != 0) {
		return error;
	}
	tag = &directory->tags[id];
	error = directory_device(directory, info->device, &tag->device);
	if (error != 0 || tag->device == NULL) {
		return error;
	}
	error = directory_make(directory, info, tag);
	if (error == 0) {
		*tag_out = tag;
	}
	return error;
}

void directory_forget_tag(struct directory *directory, uint32_t id)
{
	if (id < directory->tag_room) {
		shape_free(&directory->tags[id].shape);
		directory->tags[id] = (struct tag_entry){0};
	}
}

void directory_reset(struct directory *directory, const struct settings *settings)
{
	directory->settings = settings;
	for (size_t i = 0; i < directory->device_room; i++) {
		if (directory->devices[i] != NULL) {
			directory->devices[i]->version = ++directory->version;
		}
	}
}
