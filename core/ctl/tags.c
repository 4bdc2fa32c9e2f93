/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices, tags, get. Values are read after the walk, because the bus may not
 * be called under its registry's lock; so tags are taken in pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/pattern.h"
#include "core/ctl/listing.h"
#include "core/ctl/place.h"

#define TAGS_PAGE  512

/* A device's path, for tags that know only its id. */
struct tags_device {
	uint32_t id;
	char *path;
};

struct tags_list {
	struct desk *desk;
	struct ctl_request *request;
	char glob[512];
	struct tags_device *devices;    /* by id */
	size_t device_count, device_room;
	uint32_t last;                  /* id that was looked at last */
	bool has_more;
	bool no_memory;
	struct desk_tag page[TAGS_PAGE];
	size_t page_count, page_sent;
	char text[DESK_TEXT_MAX];
};

static int devices_add(void *arg, const struct ew_device_info *device)
{
	struct listing *listing = arg;
	struct buf *row;

	if (listing->glob[0] != '\0' && !pattern_match_device(listing->glob, device->spec.path)) {
		return 0;
	}
	row = listing_row(listing);
	if (row == NULL) {
		return listing->is_full;
	}
	json_add_text(row, "device", device->spec.path);
	json_add_text(row, "state", ew_state_name(device->state));
	json_add_text(row, "reason", device->reason);
	json_add_time(row, "since", device->since);
	json_add_text(row, "owner", device->owner);
	json_add_text(row, "type", device->spec.type);
	json_add_text(row, "version", device->spec.version);
	json_add_text(row, "parent", device->spec.parent);
	listing_row_end(listing);
	return 0;
}

static int devices_walk(struct listing *listing, void *arg)
{
	struct desk *desk = arg;

	return bus_devices_walk(desk->bus, devices_add, listing);
}

void desk_run_devices(struct ctl_request *request, void *arg)
{
	listing_run(request, devices_walk, arg);
}

static void tags_copy(struct desk_tag *tag, const char *device, const struct ew_tag_info *info)
{
	memset(tag, 0, sizeof(*tag));
	tag->id = info->id;
	tag->device = info->device;
	tag->type = info->spec.type;
	tag->carrier = info->carrier;
	tag->access = info->spec.access;
	(void)snprintf(tag->unit, sizeof(tag->unit), "%s",
		       info->spec.unit != NULL ? info->spec.unit : "");
	(void)snprintf(tag->name, sizeof(tag->name), "%s:%s", device, info->spec.name);
}

void desk_add_tag(struct buf *row, const struct desk_tag *tag)
{
	char access[4] = "";
	size_t size = 0;

	if (tag->access == 0 || (tag->access & EW_ACCESS_READ) != 0) {
		access[size++] = 'r';
	}
	if ((tag->access & EW_ACCESS_WRITE) != 0) {
		access[size++] = 'w';
	}
	if ((tag->access & EW_ACCESS_EXECUTE) != 0) {
		access[size++] = 'x';
	}
	json_add_text(row, "tag", tag->name);
	json_add_text(row, "type", ew_type_name(tag->type));
	json_add_text(row, "unit", tag->unit);
	json_add_text(row, "access", access);
}

static void tags_add_value(struct ctl_request *request, struct desk *desk,
			   const struct desk_tag *tag, char *text)
{
	struct buf *row = ctl_row(request);
	struct ew_sample sample;

	desk_add_tag(row, tag);
	if (bus_read(desk->bus, tag->id, &sample, text, DESK_TEXT_MAX) == 0) {
		if (ew_sample_has_bytes(&sample) && sample.v.x.size > DESK_TEXT_MAX) {
			sample.v.x.size = DESK_TEXT_MAX;
		}
		desk_add_sample(row, &sample, tag->type);
	} else {
		json_add_text(row, "value", NULL);
		json_add_text(row, "quality", "none");
	}
	ctl_row_end(request);
}

static int tags_keep_device(void *arg, const struct ew_device_info *device)
{
	struct tags_list *list = arg;

	if (list->device_count == list->device_room) {
		size_t room = list->device_room == 0 ? 64 : list->device_room * 2;
		struct tags_device *grown = realloc(list->devices, room * sizeof(*grown));

		if (grown == NULL) {
			list->no_memory = true;
			return 1;
		}
		list->devices = grown;
		list->device_room = room;
	}
	list->devices[list->device_count].id = device->id;
	list->devices[list->device_count].path = strdup(device->spec.path);
	if (list->devices[list->device_count].path == NULL) {
		list->no_memory = true;
		return 1;
	}
	list->device_count++;
	return 0;
}

static int tags_compare(const void *a, const void *b)
{
	const struct tags_device *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int tags_take(void *arg, const struct ew_tag_info *info)
{
	struct tags_list *list = arg;
	const struct tags_device key = { .id = info->device };
	const struct tags_device *device;

	if (info->id <= list->last) {
		return 0;
	}
	if (list->page_count == TAGS_PAGE) {
		list->has_more = true;
		return 1;
	}
	list->last = info->id;
	device = list->device_count == 0 ? NULL
		 : bsearch(&key, list->devices, list->device_count, sizeof(key), tags_compare);
	if (device == NULL || (list->glob[0] != '\0' &&
			       !pattern_match_tag(list->glob, device->path, info->spec.name))) {
		return 0;
	}
	tags_copy(&list->page[list->page_count++], device->path, info);
	return 0;
}

static void tags_free(void *arg)
{
	struct tags_list *list = arg;

	for (size_t i = 0; i < list->device_count; i++) {
		free(list->devices[i].path);
	}
	free(list->devices);
	free(list);
}

static void tags_more(struct ctl_request *request, void *arg)
{
	struct tags_list *list = arg;

	while (ctl_has_room(request)) {
		if (list->page_sent < list->page_count) {
			tags_add_value(request, list->desk, &list->page[list->page_sent++],
				       list->text);
			continue;
		}
		if (!list->has_more) {
			tags_free(list);
			ctl_end(request);
			return;
		}
		list->has_more = false;
		list->page_count = 0;
		list->page_sent = 0;
		/* it returns what tags_take() returned: 1 when the page is full */
		(void)bus_tags_walk(list->desk->bus, EW_NO_ID, tags_take, list);
	}
}

void desk_run_tags(struct ctl_request *request, void *arg)
{
	const char *glob = json_text(ctl_fields(request), "glob");
	struct desk *desk = arg;
	struct tags_list *list;

	if (glob != NULL && strlen(glob) >= sizeof(list->glob)) {
		ctl_fail(request, -EINVAL, "the pattern is too long");
		return;
	}
	list = calloc(1, sizeof(*list));
	if (list == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	list->desk = desk;
	list->request = request;
	list->has_more = true;
	(void)snprintf(list->glob, sizeof(list->glob), "%s", glob != NULL ? glob : "");
	/* it returns what tags_keep_device() returned, which is in no_memory too */
	(void)bus_devices_walk(desk->bus, tags_keep_device, list);
	if (list->no_memory) {
		tags_free(list);
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	if (list->device_count > 0) {
		qsort(list->devices, list->device_count, sizeof(list->devices[0]), tags_compare);
	}
	ctl_wait(request, &(struct ctl_hooks){ .room = tags_more, .gone = tags_free, .arg = list });
	tags_more(request, list);
}

struct tags_find {
	uint32_t id;
	const char *device;
	struct desk_tag *tag;
	bool found;
};

static int tags_find_one(void *arg, const struct ew_tag_info *info)
{
	struct tags_find *find = arg;

	if (info->id != find->id) {
		return 0;
	}
	tags_copy(find->tag, find->device, info);
	find->found = true;
	return 1;
}

int desk_find_tag(struct desk *desk, const char *name, struct desk_tag *tag_out)
{
	struct tags_find find = { .tag = tag_out };
	char device[EW_PATH_MAX + 1];

	/* a device's path may hold colons too */
	for (const char *colon = strchr(name, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		size_t size = (size_t)(colon - name);
		uint32_t id;

		if (size > EW_PATH_MAX) {
			break;
		}
		memcpy(device, name, size);
		device[size] = '\0';
		id = bus_find_device(desk->bus, device);
		find.id = id == EW_NO_ID ? EW_NO_ID : bus_find_tag(desk->bus, id, colon + 1);
		if (find.id != EW_NO_ID) {
			find.device = device;
			(void)bus_tags_walk(desk->bus, id, tags_find_one, &find);
			return find.found ? 0 : -ENOENT;
		}
	}
	return -ENOENT;
}

void desk_no_tag(struct ctl_request *request, const char *name)
{
	if (name == NULL) {
		ctl_fail(request, -EINVAL, "no tag is named");
	} else if (strchr(name, ':') == NULL) {
		ctl_fail(request, -EINVAL, "'%s' is not DEVICE:TAG", name);
	} else {
		ctl_fail(request, -ENOENT, "no tag '%s'", name);
	}
}

void desk_run_get(struct ctl_request *request, void *arg)
{
	const char *name = json_text(ctl_fields(request), "tag");
	struct desk *desk = arg;
	struct desk_tag tag;
	char *text;

	if (name == NULL || desk_find_tag(desk, name, &tag) != 0) {
		desk_no_tag(request, name);
		return;
	}
	text = malloc(DESK_TEXT_MAX);
	if (text == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	tags_add_value(request, desk, &tag, text);
	free(text);
	ctl_end(request);
}
