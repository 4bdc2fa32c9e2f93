/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: see lane.h. */
#include "modules/http_uplink/lane.h"

#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/http_uplink.h"

#define TRIES  3u       /* before a lane counts as failing alone */

void lanes_add(struct lane_list *lanes, struct lane *lane, struct pile *pile)
{
	*lane = (struct lane){.pile = pile};
	STAILQ_INIT(&lane->parcels);
	pile->lane = lane;
	TAILQ_INSERT_TAIL(lanes, lane, next);
}

/* What a device left behind that went, and came back. */
static struct lane *lanes_find_left(struct lane_list *lanes, const char *device)
{
	struct lane *lane;

	TAILQ_FOREACH(lane, lanes, next) {
		if (lane->pile == NULL && strcmp(lane->device, device) == 0) {
			return lane;
		}
	}
	return NULL;
}

struct lane *lanes_make(struct lane_list *lanes, struct pile *pile)
{
	struct lane *lane = pile->lane;
	char *device;

	if (lane == NULL) {
		lane = lanes_find_left(lanes, pile->device->path);
	}
	if (lane != NULL) {
		lane->pile = pile;
		pile->lane = lane;
		return lane;
	}
	device = strdup(pile->device->path);
	lane = device == NULL ? NULL : malloc(sizeof(*lane));
	if (lane == NULL) {
		free(device);
		return NULL;
	}
	lanes_add(lanes, lane, pile);
	lane->device = device;
	return lane;
}

static void lane_free(struct lane *lane)
{
	struct parcel *parcel;

	if (lane->pile != NULL) {
		lane->pile->lane = NULL;
	}
	while ((parcel = STAILQ_FIRST(&lane->parcels)) != NULL) {
		STAILQ_REMOVE_HEAD(&lane->parcels, next);
		parcel_free(&parcel);
	}
	if (lane->device != NULL) {
		free(lane->device);
		free(lane);
	}
}

void lanes_drop(struct lane_list *lanes, struct lane *lane)
{
	/* failures of a device that is gone are of no use */
	if (lane->device != NULL && lane_is_empty(lane) &&
	    (lane->failures == 0 || lane->pile == NULL)) {
		TAILQ_REMOVE(lanes, lane, next);
		lane_free(lane);
	}
}

void lanes_clear(struct lane_list *lanes)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(lanes)) != NULL) {
		TAILQ_REMOVE(lanes, lane, next);
		lane_free(lane);
	}
}

static void lane_count(struct ew_instance *inst, const struct parcel *parcel, double by)
{
	ew_metric_add(inst, METRIC_WAITING, by);
	ew_metric_add(inst, METRIC_WAITING_BYTES, by * (double)parcel->content.body.size);
}

void lane_push(struct lane *lane, struct ew_instance *inst, struct parcel *parcel)
{
	STAILQ_INSERT_TAIL(&lane->parcels, parcel, next);
	lane_count(inst, parcel, 1);
}

void lane_unshift(struct lane *lane, struct ew_instance *inst, struct parcel *parcel)
{
	STAILQ_INSERT_HEAD(&lane->parcels, parcel, next);
	lane_count(inst, parcel, 1);
}

struct parcel *lane_shift(struct lane *lane, struct ew_instance *inst)
{
	struct parcel *parcel = STAILQ_FIRST(&lane->parcels);

	STAILQ_REMOVE_HEAD(&lane->parcels, next);
	lane_count(inst, parcel, -1);
	return parcel;
}

void lane_fail(struct lane *lane, ew_dur now)
{
	if (lane->failures++ == 0) {
		lane->since = now;
	}
}

void lane_heal(struct lane *lane)
{
	lane->failures = 0;
	lane->due = 0;
}

bool lane_is_odd(const struct lane *lane, ew_dur taken)
{
	return lane->failures >= TRIES && lane->since < taken;
}

bool lanes_fail_since(const struct lane_list *lanes, ew_dur taken)
{
	const struct lane *lane;

	TAILQ_FOREACH(lane, lanes, next) {
		if (lane->failures > 0 && lane->since >= taken) {
			return true;
		}
	}
	return false;
}
