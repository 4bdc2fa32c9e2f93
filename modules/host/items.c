/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things that come and go: disks, mounts, interfaces. Each scan marks what it
 * sees; what is not seen is removed. The kernel lists them in one order, so
 * the place of the last scan is nearly always right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/host/host.h"

struct item *items_find(struct items *items, const char *name, size_t hint)
{
	if (hint < items->count && strcmp(items->at[hint].name, name) == 0) {
		return &items->at[hint];
	}
	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->at[i].name, name) == 0) {
			return &items->at[i];
		}
	}
	return NULL;
}

struct item *items_add(struct items *items, const char *name)
{
	struct item *item;

	if (items->count == HOST_ITEMS_MAX) {
		return NULL;
	}
	if (items->count == items->room) {
		size_t room = items->room == 0 ? 8 : items->room * 2;
		struct item *at = realloc(items->at, room * sizeof(*at));

		if (at == NULL) {
			return NULL;
		}
		items->at = at;
		items->room = room;
	}
	item = &items->at[items->count++];
	memset(item, 0, sizeof(*item));
	item->state.fd = -1;
	item->ignored = true;
	(void)snprintf(item->name, sizeof(item->name), "%s", name); /* names fit */
	return item;
}

int items_declare(struct host *host, struct item *item, const char *prefix,
		  const struct section_row *rows, size_t count)
{
	char path[HOST_PATH_MAX];
	int rc;

	host_path(host, prefix, item->name, path);
	rc = section_device(host->inst, path, host->settings->device, prefix, &item->device);
	if (rc == 0) {
		rc = section_declare(host->inst, item->device, rows, count, &item->section);
	}
	item->ignored = rc != 0;
	return rc;
}

void items_sweep(struct host *host, struct items *items)
{
	size_t kept = 0;

	for (size_t i = 0; i < items->count; i++) {
		struct item *item = &items->at[i];

		if (item->seen) {
			item->seen = false;
			if (kept != i) {
				items->at[kept] = *item;
			}
			kept++;
			continue;
		}
		if (!item->ignored) {
			/* it is ours and exists */
			(void)ew_device_remove(host->inst, item->device);
		}
		source_fini(&item->state);
	}
	items->count = kept;
}

void items_close(struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		source_fini(&items->at[i].state);
	}
	free(items->at);
}
