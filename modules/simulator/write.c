/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the plant and to signals. Core has checked access, range, type and
 * leases; the plant checks its own state (a device in its safe state refuses).
 * A group is applied all or none, and every request is answered before the
 * callback returns.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>

/* A request taken apart: what goes to the plant, and what to signals. */
struct write_plan {
	struct plant_write items[EW_WRITE_ITEMS_MAX];
	size_t origins[EW_WRITE_ITEMS_MAX];     /* place of the item in the request */
	size_t item_count;
	struct simulator_signal *signals[EW_WRITE_ITEMS_MAX];
	double values[EW_WRITE_ITEMS_MAX];
	size_t signal_count;
};

/* -ENOENT: no tag of ours has this id. */
static int write_find(const struct simulator *sim, uint32_t id, size_t *place_out)
{
	size_t count = sim->slot_count + sim->signal_count;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sim->order[middle].id < id) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == count || sim->order[low].id != id) {
		return -ENOENT;
	}
	*place_out = sim->order[low].place;
	return 0;
}

static int write_value(enum plant_type type, const struct ew_sample *item,
		       union plant_value *value_out)
{
	switch (type) {
	case PLANT_BOOL:
		if (item->type != EW_BOOL) {
			return -EINVAL;
		}
		value_out->b = item->v.b;
		return 0;
	case PLANT_U8:
	case PLANT_U32:
		if (item->type != EW_U64) {
			return -EINVAL;
		}
		value_out->u = item->v.u;
		return 0;
	case PLANT_F32:
	case PLANT_F64:
		break;
	}
	if (item->type != EW_F64) {
		return -EINVAL;
	}
	value_out->f = item->v.f;
	return 0;
}

/* From the form that the YAML gives the tag to that of the model. */
static int write_reshape(const struct raw *raw, enum plant_type type,
			 const struct ew_sample *item, union plant_value *value_out)
{
	double value;
	int rc = raw_get(raw, item, &value);

	if (rc != 0) {
		return rc;
	}
	if (type == PLANT_F32 || type == PLANT_F64) {
		value_out->f = value;
		return 0;
	}
	if (!(value >= 0.0 && value <= 4294967295.0)) {
		return -ERANGE;
	}
	if (type == PLANT_BOOL) {
		value_out->b = value >= 0.5;
	} else {
		value_out->u = (uint64_t)value;
	}
	return 0;
}

static int write_plan_slot(struct simulator *sim, const struct ew_sample *item, size_t place,
			   struct plant_write *write_out)
{
	const struct simulator_slot *slot = &sim->slots[place];
	const struct plant_device *device = plant_device(sim->plant, slot->device);
	enum plant_type type;

	write_out->device = slot->device;
	write_out->tag = place - device->first_tag;
	type = device->kind->tags[write_out->tag].type;
	if (slot->raw != 0) {
		return write_reshape(&sim->raws[slot->raw - 1], type, item, &write_out->value);
	}
	return write_value(type, item, &write_out->value);
}

static int write_plan_item(struct simulator *sim, struct write_plan *plan,
			   const struct ew_sample *item, size_t origin)
{
	struct simulator_signal *signal;
	size_t place;
	int rc = write_find(sim, item->tag, &place);

	if (rc != 0) {
		return rc;
	}
	if (place < sim->slot_count) {
		plan->origins[plan->item_count] = origin;
		return write_plan_slot(sim, item, place, &plan->items[plan->item_count++]);
	}
	signal = &sim->signals[place - sim->slot_count];
	if (!signal->writable) {
		return -EACCES;
	}
	plan->signals[plan->signal_count] = signal;
	return raw_get(&signal->raw, item, &plan->values[plan->signal_count++]);
}

/* 0, or the first error; errors gets one for each item of the request. */
static int write_apply(struct simulator *sim, const struct write_plan *plan, int *errors)
{
	int plant_errors[EW_WRITE_ITEMS_MAX];
	int rc = 0;

	if (plan->item_count > 0) {
		rc = plant_write(sim->plant, plan->items, plan->item_count, plant_errors);
	}
	if (rc != 0) {
		for (size_t i = 0; i < plan->item_count; i++) {
			errors[plan->origins[i]] = plant_errors[i];
		}
		return rc;
	}
	for (size_t i = 0; i < plan->signal_count; i++) {
		plan->signals[i]->value = plan->values[i];
		plan->signals[i]->changed = true;
	}
	return 0;
}

/* Items that had no fault of their own were given up with the group. */
static void write_answer(struct simulator *sim, struct ew_write **write, const int *errors)
{
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];

	for (size_t i = 0; i < (*write)->count; i++) {
		status[i].result = EW_WRITE_REFUSED;
		status[i].error = errors[i] != 0 ? errors[i] : -ECANCELED;
	}
	(void)ew_write_done(sim->inst, write, status); /* too late is core's to tell */
}

static void write_set(struct simulator *sim, struct ew_write *write)
{
	struct write_plan plan;
	int errors[EW_WRITE_ITEMS_MAX] = {0};
	int rc = 0;

	plan.item_count = 0;
	plan.signal_count = 0;
	for (size_t i = 0; i < write->count; i++) {
		errors[i] = write_plan_item(sim, &plan, &write->items[i], i);
		rc = rc == 0 ? errors[i] : rc;
	}
	if (rc == 0) {
		rc = write_apply(sim, &plan, errors);
	}
	if (rc != 0) {
		write_answer(sim, &write, errors);
		return;
	}
	(void)ew_write_done(sim->inst, &write, NULL); /* too late is core's to tell */
}

static void write_refresh(struct simulator *sim, struct ew_write *write)
{
	struct ew_sample samples[EW_WRITE_ITEMS_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < write->count; i++) {
		size_t place = 0;

		rc = write_find(sim, write->items[i].tag, &place);
		if (rc == 0) {
			samples[i] = simulator_sample(sim, place);
		}
	}
	if (rc == 0) {
		rc = ew_publish(sim->inst, samples, write->count, NULL);
	}
	if (rc != 0) {
		(void)ew_write_refuse(sim->inst, &write, rc); /* too late is core's to tell */
		return;
	}
	(void)ew_write_done(sim->inst, &write, NULL); /* the same */
}

void simulator_on_write(void *self, struct ew_write *write)
{
	struct simulator *sim = self;

	switch (write->op) {
	case EW_WRITE_SET:
		write_set(sim, write);
		break;
	case EW_WRITE_REFRESH:
		write_refresh(sim, write);
		break;
	case EW_WRITE_EXECUTE:
		(void)ew_write_refuse(sim->inst, &write, -ENOTSUP); /* the same */
		break;
	}
}
