/* SPDX-License-Identifier: Apache-2.0 */
/* See uplinks.h. The array does not change between open and close. */
#include "core/uplink/uplinks.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

struct uplinks {
	size_t count;
	struct uplink **items;
	atomic_size_t running; /* not stopped yet, while uplinks_stop is under way */
	void (*stopped)(void *arg);
	void *arg;
};

int uplinks_open(const struct uplink_config *configs, size_t count, struct uplinks **uplinks_out)
{
	struct uplinks *uplinks = calloc(1, sizeof(*uplinks));
	int rc = 0;

	if (uplinks == NULL) {
		return -ENOMEM;
	}
	uplinks->items = calloc(count > 0 ? count : 1, sizeof(struct uplink *));
	if (uplinks->items == NULL) {
		rc = -ENOMEM;
	}
	while (rc == 0 && uplinks->count < count) {
		const struct uplink_config *config = &configs[uplinks->count];

		rc = uplink_open(config, config->name, &uplinks->items[uplinks->count]);
		uplinks->count += rc == 0 ? 1 : 0;
	}
	if (rc < 0) {
		uplinks_close(&uplinks);
		return rc;
	}
	*uplinks_out = uplinks;
	return 0;
}

int uplinks_start(struct uplinks *uplinks)
{
	int first = 0;
	size_t i;

	for (i = 0; i < uplinks->count; i++) {
		int rc = uplink_start(uplinks->items[i]);

		first = first != 0 ? first : rc;
	}
	return first;
}

static void uplinks_on_stopped(void *arg)
{
	struct uplinks *uplinks = arg;

	if (atomic_fetch_sub(&uplinks->running, 1) == 1 && uplinks->stopped != NULL) {
		uplinks->stopped(uplinks->arg);
	}
}

void uplinks_stop(struct uplinks *uplinks, ew_dur limit, void (*stopped)(void *arg), void *arg)
{
	size_t i;

	uplinks->stopped = stopped;
	uplinks->arg = arg;
	/* one for the loop: nobody is last before all were asked */
	atomic_store(&uplinks->running, uplinks->count + 1);
	for (i = 0; i < uplinks->count; i++) {
		uplink_stop(uplinks->items[i], limit, uplinks_on_stopped, uplinks);
	}
	uplinks_on_stopped(uplinks);
}

void uplinks_close(struct uplinks **uplinks_at)
{
	struct uplinks *uplinks = *uplinks_at;
	size_t i;

	if (uplinks == NULL) {
		return;
	}
	for (i = 0; i < uplinks->count; i++) {
		uplink_close(&uplinks->items[i]);
	}
	free(uplinks->items);
	free(uplinks);
	*uplinks_at = NULL;
}

struct uplink *uplinks_find(struct uplinks *uplinks, const char *name)
{
	size_t i;

	for (i = 0; i < uplinks->count; i++) {
		if (strcmp(uplink_name(uplinks->items[i]), name) == 0) {
			return uplinks->items[i];
		}
	}
	return NULL;
}

size_t uplinks_count(const struct uplinks *uplinks)
{
	return uplinks->count;
}

struct uplink *uplinks_at(struct uplinks *uplinks, size_t index)
{
	check(index < uplinks->count);
	return uplinks->items[index];
}
