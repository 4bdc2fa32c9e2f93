/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plant: see plant.h. Owns the devices and their links, divides a scan into ticks that are
 * short against every time constant, and runs the watchdogs.
 */
#include "modules/simulator/plant/plant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MAX 0.1 /* s; the shortest time constant is 0.5 s */

struct link {
	uint32_t from, to;
	enum plant_link what;
};

struct plant {
	struct plant_device *devices;
	size_t device_count;
	size_t tag_count;
	struct link *links;
	size_t link_count;
	unsigned ticks;   /* a scan */
	double h;         /* s a tick */
	double heartbeat; /* s */
};

static void plant_link_transfer(struct plant *plant, const struct link *link)
{
	struct plant_device *from = &plant->devices[link->from];
	struct plant_device *to = &plant->devices[link->to];

	switch (link->what) {
	case PLANT_FEEDS:
		to->in.flow += from->out.flow;
		to->in.fed = true;
		from->in.resistance = to->out.resistance;
		from->in.head = to->out.head;
		from->in.feeding = true;
		break;
	case PLANT_DRIVES:
		to->in.drive = from->out.speed;
		from->in.load += to->out.power;
		from->in.driving = true;
		break;
	case PLANT_HEATS:
		to->in.heat += from->out.heat;
		break;
	case PLANT_COOLS:
		to->in.coolant += from->out.flow;
		break;
	case PLANT_LINK_COUNT:
		break;
	}
}

static void plant_gather(struct plant *plant)
{
	for (size_t i = 0; i < plant->device_count; i++) {
		plant->devices[i].in = (struct plant_input){.drive = 1.0};
	}
	for (size_t i = 0; i < plant->link_count; i++) {
		plant_link_transfer(plant, &plant->links[i]);
	}
}

static void plant_watchdog(struct plant_device *device, double h)
{
	if (device->watch != PLANT_WATCH_ARMED) {
		return;
	}
	device->heartbeat_left -= h;
	if (device->heartbeat_left <= 0.0) {
		device->watch = PLANT_WATCH_EXPIRED;
		device->kind->safe(device);
	}
}

static void plant_tick(struct plant *plant)
{
	plant_gather(plant);
	for (size_t i = 0; i < plant->device_count; i++) {
		struct plant_device *device = &plant->devices[i];

		plant_watchdog(device, plant->h);
		device->kind->step(device, plant->h);
		if (device->watch == PLANT_WATCH_EXPIRED) {
			device->mode = PLANT_SAFE;
		}
	}
}

void plant_step(struct plant *plant)
{
	for (unsigned i = 0; i < plant->ticks; i++) {
		plant_tick(plant);
	}
}

static void *plant_member(struct plant_device *device, const struct plant_tag *tag)
{
	return (char *)device + tag->at;
}

struct plant_reading plant_sense(struct plant_device *device, const struct plant_tag *tag)
{
	const void *member = plant_member(device, tag);
	struct plant_reading reading = {.saturated = false};
	double x;

	switch (tag->type) {
	case PLANT_BOOL:
		reading.value.b = *(const bool *)member;
		return reading;
	case PLANT_U8:
	case PLANT_U32:
		reading.value.u = *(const uint64_t *)member;
		return reading;
	case PLANT_F32:
	case PLANT_F64:
		break;
	}
	x = *(const double *)member;
	if (tag->noise > 0.0 && device->noise > 0.0) {
		x += device->noise * tag->noise * random_noise(&device->sensor_noise);
	}
	x = signal_quantise(x, tag->resolution);
	if (tag->low < tag->high) {
		double within = signal_clamp(x, tag->low, tag->high);

		/* noise around an end of the range is no fault of the sensor */
		reading.saturated = fabs(x - within) > 5.0 * device->noise * tag->noise +
		    tag->resolution;
		x = within;
	}
	reading.value.f = x;
	return reading;
}

/* Whether the group feeds the watchdog of this device. */
static bool plant_write_revives(const struct plant *plant, const struct plant_write *items,
				size_t count, size_t device)
{
	const struct plant_kind *kind = plant->devices[device].kind;

	for (size_t i = 0; i < count; i++) {
		if (items[i].device == device && items[i].tag < kind->tag_count &&
		    kind->tags[items[i].tag].flags & PLANT_HEARTBEAT) {
			return true;
		}
	}
	return false;
}

static int plant_write_check(const struct plant *plant, const struct plant_write *items,
			     size_t count, const struct plant_write *item)
{
	const struct plant_device *device;
	const struct plant_tag *tag;
	double x;

	if (item->device >= plant->device_count) {
		return -ENOENT;
	}
	device = &plant->devices[item->device];
	if (item->tag >= device->kind->tag_count) {
		return -ENOENT;
	}
	tag = &device->kind->tags[item->tag];
	if (!(tag->flags & PLANT_WRITABLE)) {
		return -EACCES;
	}
	if (tag->type != PLANT_BOOL) {
		x = tag->type == PLANT_F32 || tag->type == PLANT_F64 ? item->value.f :
		    (double)item->value.u;
		/* the negation refuses a value that is not a number, too */
		if (!(x >= tag->write_low && x <= tag->write_high)) {
			return -ERANGE;
		}
	}
	if (device->watch == PLANT_WATCH_EXPIRED &&
	    !plant_write_revives(plant, items, count, item->device)) {
		return -EBUSY;
	}
	return 0;
}

static void plant_heartbeat(const struct plant *plant, struct plant_device *device)
{
	device->heartbeat_left = plant->heartbeat;
	device->watch = device->heartbeat != 0 && plant->heartbeat > 0.0 ? PLANT_WATCH_ARMED :
	    PLANT_WATCH_OFF;
}

static void plant_write_apply(struct plant *plant, const struct plant_write *item)
{
	struct plant_device *device = &plant->devices[item->device];
	const struct plant_tag *tag = &device->kind->tags[item->tag];
	void *member = plant_member(device, tag);

	switch (tag->type) {
	case PLANT_BOOL:
		*(bool *)member = item->value.b;
		break;
	case PLANT_U8:
	case PLANT_U32:
		*(uint64_t *)member = item->value.u;
		break;
	case PLANT_F32:
	case PLANT_F64:
		*(double *)member = item->value.f;
		break;
	}
	if (tag->flags & PLANT_HEARTBEAT) {
		plant_heartbeat(plant, device);
	}
}

int plant_write(struct plant *plant, const struct plant_write *items, size_t count, int *errors)
{
	int first = 0;

	for (size_t i = 0; i < count; i++) {
		errors[i] = plant_write_check(plant, items, count, &items[i]);
		if (first == 0) {
			first = errors[i];
		}
	}
	if (first != 0) {
		return first;
	}
	for (size_t i = 0; i < count; i++) {
		plant_write_apply(plant, &items[i]);
	}
	return 0;
}

size_t plant_device_count(const struct plant *plant)
{
	return plant->device_count;
}

size_t plant_tag_count(const struct plant *plant)
{
	return plant->tag_count;
}

struct plant_device *plant_device(struct plant *plant, size_t index)
{
	return &plant->devices[index];
}

static char *plant_copy_name(const char *name, unsigned copy)
{
	size_t size = strlen(name) + 12;
	char *text = malloc(size);

	if (text != NULL) {
		if (copy == 0) {
			(void)snprintf(text, size, "%s", name); /* it fits */
		} else {
			(void)snprintf(text, size, "%s.%u", name, copy);
		}
	}
	return text;
}

static int plant_add_device(struct plant *plant, const struct plant_options *options,
			    const struct plant_spec *spec, unsigned copy)
{
	struct plant_device *device = &plant->devices[plant->device_count];

	device->kind = plant_kind_find(spec->kind);
	if (device->kind == NULL) {
		return -EINVAL;
	}
	device->name = plant_copy_name(spec->name, copy);
	if (device->name == NULL) {
		return -ENOMEM;
	}
	random_init(&device->random, options->seed, device->name);
	random_init(&device->sensor_noise, ~options->seed, device->name);
	device->noise = options->noise;
	device->first_tag = (uint32_t)plant->tag_count;
	device->kind->init(device, plant->h);
	plant->device_count++;
	plant->tag_count += device->kind->tag_count;
	return 0;
}

static int plant_add_links(struct plant *plant, const struct plant_spec *specs, size_t count,
			   size_t base)
{
	for (size_t i = 0; i < count; i++) {
		for (int what = 0; what < PLANT_LINK_COUNT; what++) {
			size_t to = 0;

			if (specs[i].links[what] == NULL) {
				continue;
			}
			while (to < count && strcmp(specs[to].name, specs[i].links[what]) != 0) {
				to++;
			}
			if (to == count) {
				return -EINVAL;
			}
			plant->links[plant->link_count++] = (struct link){
				.from = (uint32_t)(base + i),
				.to = (uint32_t)(base + to),
				.what = (enum plant_link)what,
			};
		}
	}
	return 0;
}

static int plant_fill(struct plant *plant, const struct plant_options *options,
		      const struct plant_spec *specs, size_t count)
{
	unsigned copies = options->count;
	int rc = 0;

	plant->ticks = (unsigned)ceil(options->step / TICK_MAX - 1e-9);
	plant->ticks = plant->ticks == 0 ? 1 : plant->ticks;
	plant->h = options->step / plant->ticks;
	plant->heartbeat = options->heartbeat;
	plant->devices = calloc(count * copies, sizeof(*plant->devices));
	plant->links = calloc(count * copies * PLANT_LINK_COUNT, sizeof(*plant->links));
	if (plant->devices == NULL || plant->links == NULL) {
		return -ENOMEM;
	}
	for (unsigned copy = 0; rc == 0 && copy < copies; copy++) {
		size_t base = plant->device_count;

		for (size_t i = 0; rc == 0 && i < count; i++) {
			rc = plant_add_device(plant, options, &specs[i],
					      copies == 1 ? 0 : copy + 1);
		}
		if (rc == 0) {
			rc = plant_add_links(plant, specs, count, base);
		}
	}
	if (rc == 0) {
		/* outputs are defined before anybody reads them */
		plant_tick(plant);
	}
	return rc;
}

int plant_new(const struct plant_options *options, const struct plant_spec *specs, size_t count,
	      struct plant **plant_out)
{
	struct plant *plant;
	int rc;

	if (count == 0 || options->count == 0 || count > PLANT_DEVICES_MAX / options->count ||
	    !(options->step > 0.0 && options->step <= PLANT_STEP_MAX)) {
		return -EINVAL;
	}
	plant = calloc(1, sizeof(*plant));
	if (plant == NULL) {
		return -ENOMEM;
	}
	rc = plant_fill(plant, options, specs, count);
	if (rc != 0) {
		plant_free(&plant);
		return rc;
	}
	*plant_out = plant;
	return 0;
}

void plant_free(struct plant **plant)
{
	if (*plant == NULL) {
		return;
	}
	for (size_t i = 0; i < (*plant)->device_count; i++) {
		free((*plant)->devices[i].name);
	}
	free((*plant)->devices);
	free((*plant)->links);
	free(*plant);
	*plant = NULL;
}
