/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans: a step of the plant and its samples, in batches.
 *
 * With a period a scan is published as a whole in one callback. As fast as
 * possible, each callback publishes one batch and comes back through the
 * loop, so that writes and other instances of the loop have their turn. When
 * a `block` route has no room the batch stays where it is and plant time
 * stands still until room(): nothing is lost and nothing is skipped.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>

static const struct plant_tag *scan_tag(const struct simulator *sim, size_t slot)
{
	const struct plant_device *device = plant_device(sim->plant, sim->slots[slot].device);

	return &device->kind->tags[slot - device->first_tag];
}

static void scan_fill_value(enum plant_type type, const union plant_value *value,
			    struct ew_sample *sample)
{
	switch (type) {
	case PLANT_BOOL:
		sample->type = EW_BOOL;
		sample->v.b = value->b;
		break;
	case PLANT_U8:
	case PLANT_U32:
		sample->type = EW_U64;
		sample->v.u = value->u;
		break;
	case PLANT_F32:
		sample->type = EW_F64;
		sample->v.f = (double)(float)value->f;
		break;
	case PLANT_F64:
		sample->type = EW_F64;
		sample->v.f = value->f;
		break;
	}
}

static double scan_number(enum plant_type type, const union plant_value *value)
{
	switch (type) {
	case PLANT_BOOL:
		return value->b ? 1.0 : 0.0;
	case PLANT_U8:
	case PLANT_U32:
		return (double)value->u;
	case PLANT_F32:
	case PLANT_F64:
		break;
	}
	return value->f;
}

/* All but tag and time, in the form that the YAML gives the tag. */
static void scan_fill(const struct simulator *sim, const struct simulator_slot *slot,
		      const struct plant_tag *tag, const struct plant_reading *reading,
		      struct ew_sample *sample)
{
	sample->quality = reading->saturated ?
	    (uint16_t)(EW_UNCERTAIN | EW_REASON_OUT_OF_RANGE) : EW_GOOD;
	sample->flags = 0;
	sample->v.raw[0] = 0;
	sample->v.raw[1] = 0;
	if (slot->raw != 0) {
		raw_put(&sim->raws[slot->raw - 1], scan_number(tag->type, &reading->value),
			sample);
	} else {
		scan_fill_value(tag->type, &reading->value, sample);
	}
}

struct ew_sample simulator_sample(struct simulator *sim, size_t place)
{
	const struct simulator_slot *slot;
	const struct plant_tag *tag;
	struct plant_reading reading;
	struct ew_sample sample;

	if (place >= sim->slot_count) {
		return simulator_signal_sample(&sim->signals[place - sim->slot_count], 0.0,
					       ew_wall());
	}
	slot = &sim->slots[place];
	tag = scan_tag(sim, place);
	reading = plant_sense(plant_device(sim->plant, slot->device), tag);
	sample.tag = slot->id;
	sample.time = ew_wall();
	scan_fill(sim, slot, tag, &reading, &sample);
	return sample;
}

/* All samples of one device into the batch; there is room for them. */
static void scan_device(struct simulator *sim, struct plant_device *device)
{
	for (size_t i = 0; i < device->kind->tag_count; i++) {
		const struct plant_tag *tag = &device->kind->tags[i];
		struct simulator_slot *slot = &sim->slots[device->first_tag + i];
		struct ew_sample *sample = &sim->samples[sim->sample_count];
		struct plant_reading reading = plant_sense(device, tag);

		scan_fill(sim, slot, tag, &reading, sample);
		if (tag->flags & PLANT_ON_CHANGE) {
			if (sample->v.raw[0] == slot->last && !sim->first) {
				continue;
			}
			slot->last = sample->v.raw[0];
		}
		sample->tag = slot->id;
		sample->time = sim->time;
		sim->sample_count++;
	}
}

static void scan_signal(struct simulator *sim, struct simulator_signal *signal)
{
	struct ew_sample sample = simulator_signal_sample(signal, sim->step, sim->time);

	if (signal->writable && !signal->changed) {
		return;
	}
	signal->changed = false;
	sim->samples[sim->sample_count++] = sample;
}

/* How far the cursor goes in a scan. */
static size_t scan_end(const struct simulator *sim)
{
	return simulator_device_count(sim) + sim->signal_count;
}

/* Fill the batch from the cursor on. */
static void scan_fill_batch(struct simulator *sim)
{
	size_t device_count = simulator_device_count(sim);

	while (sim->cursor < device_count) {
		struct plant_device *device = plant_device(sim->plant, sim->cursor);

		if (sim->sample_count + device->kind->tag_count > sim->settings->batch) {
			break;
		}
		scan_device(sim, device);
		sim->cursor++;
	}
	while (sim->cursor >= device_count && sim->cursor < scan_end(sim) &&
	       sim->sample_count < sim->settings->batch) {
		scan_signal(sim, &sim->signals[sim->cursor - device_count]);
		sim->cursor++;
	}
}

/* True: the batch is out of the way. */
static bool scan_publish(struct simulator *sim)
{
	int rc;

	if (sim->sample_count == 0) {
		return true;
	}
	rc = ew_publish(sim->inst, sim->samples, sim->sample_count, NULL);
	if (rc == -EAGAIN) {
		sim->waiting = true;
		ew_metric_add(sim->inst, SIMULATOR_WAITS, 1);
		return false;
	}
	if (rc != 0) {
		ew_metric_add(sim->inst, SIMULATOR_LOST, (double)sim->sample_count);
		ew_log(sim->inst, EW_LOG_WARNING, "samples lost count=%zu error=%d",
		       sim->sample_count, -rc);
	}
	sim->sample_count = 0;
	return true;
}

static void scan_begin(struct simulator *sim)
{
	if (sim->plant != NULL) {
		plant_step(sim->plant);
		simulator_tell_events(sim);
	}
	ew_metric_add(sim->inst, SIMULATOR_SCANS, 1);
	sim->time = ew_wall();
	sim->cursor = 0;
}

static bool scan_is_done(const struct simulator *sim)
{
	return sim->cursor == scan_end(sim) && sim->sample_count == 0;
}

/* One batch of the scan under way; false: there is no room for it. */
static bool scan_advance(struct simulator *sim)
{
	if (sim->sample_count == 0) {
		scan_fill_batch(sim);
	}
	if (!scan_publish(sim)) {
		return false;
	}
	if (sim->cursor == scan_end(sim)) {
		sim->first = false;
	}
	return true;
}

/* When max_rate allows the next batch, counted from when this one was allowed. */
static ew_dur scan_pause(struct simulator *sim, size_t samples)
{
	ew_dur now = ew_now();

	if (sim->settings->max_rate == 0) {
		return 0;
	}
	if (sim->due < now - EW_SECOND) {
		sim->due = now;
	}
	sim->due += (ew_dur)((double)samples * (double)EW_SECOND /
			     (double)sim->settings->max_rate);
	return sim->due - now;
}

static void scan_at_full_speed(struct simulator *sim)
{
	size_t samples;

	if (scan_is_done(sim)) {
		scan_begin(sim);
	}
	if (sim->sample_count == 0) {
		scan_fill_batch(sim);
	}
	samples = sim->sample_count;
	if (scan_advance(sim)) {
		ew_timer_set(sim->timer, scan_pause(sim, samples), 0);
	}
}

static void scan_whole(struct simulator *sim)
{
	if (scan_is_done(sim)) {
		scan_begin(sim);
	}
	while (!scan_is_done(sim)) {
		if (!scan_advance(sim)) {
			return;
		}
	}
}

void simulator_on_timer(void *arg)
{
	struct simulator *sim = arg;

	if (sim->waiting) {
		return;
	}
	if (sim->settings->every == 0) {
		scan_at_full_speed(sim);
	} else {
		scan_whole(sim);
	}
}

void simulator_on_room(void *self)
{
	struct simulator *sim = self;

	if (!sim->waiting) {
		return;
	}
	sim->waiting = false;
	if (sim->settings->every == 0) {
		scan_at_full_speed(sim);
	} else {
		/* only what is left of this scan: the next one is the timer's */
		while (!scan_is_done(sim)) {
			if (!scan_advance(sim)) {
				return;
			}
		}
	}
}

void simulator_start_scans(struct simulator *sim)
{
	sim->first = true;
	sim->step = simulator_step(sim->settings);
	sim->cursor = scan_end(sim);
	sim->due = ew_now();
	ew_timer_set(sim->timer, 0, sim->settings->every);
}
