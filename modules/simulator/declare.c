/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings and `devices:` to a plant, and from the plant to declared
 * devices and tags. Runs inside open(), on the instance's loop.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FULL_SPEED_STEP 0.1 /* s of plant time a scan with every: 0s, before `speed` */

static const struct ew_label mode_labels[PLANT_MODE_COUNT] = {
	{PLANT_STOPPED, "stopped"},
	{PLANT_RUNNING, "running"},
	{PLANT_TRIPPED, "tripped"},
	{PLANT_SAFE, "safe"},
};

double simulator_step(const struct simulator_settings *settings)
{
	double seconds = settings->every == 0 ? FULL_SPEED_STEP :
	    (double)settings->every / (double)EW_SECOND;

	return seconds * settings->speed;
}

static int declare_plant(struct simulator *sim, const struct ew_device_config *configs,
			 size_t count)
{
	const struct simulator_settings *set = sim->settings;
	const struct plant_options options = {
		.seed = set->seed,
		.step = simulator_step(set),
		.heartbeat = (double)set->heartbeat / (double)EW_SECOND,
		.noise = set->noise,
		.count = (unsigned)set->count,
	};
	struct plant_spec *specs;
	size_t spec_count;
	int rc = simulator_specs(configs, count, &specs, &spec_count);

	if (rc == 0 && spec_count > 0) {
		rc = plant_new(&options, specs, spec_count, &sim->plant);
	}
	free(specs);
	return rc;
}

static int declare_tag(struct simulator *sim, size_t device, const struct plant_tag *tag,
		       struct simulator_slot *slot)
{
	struct ew_tag_spec spec = {
		.size = sizeof(spec),
		.name = tag->name,
		.type = simulator_types[tag->type],
		.access = EW_ACCESS_READ,
		.unit = tag->unit,
		.description = tag->about,
		.low = tag->low,
		.high = tag->high,
		.deadband = 3.0 * tag->noise,
	};

	if (tag->flags & PLANT_WRITABLE) {
		spec.access |= EW_ACCESS_WRITE;
		spec.write_low = tag->write_low;
		spec.write_high = tag->write_high;
	}
	if (tag->flags & PLANT_MODE) {
		spec.labels = mode_labels;
		spec.label_count = PLANT_MODE_COUNT;
	}
	slot->device = (uint32_t)device;
	return ew_tag_declare(sim->inst, sim->devices[device].id, &spec, &slot->id);
}

static int declare_device(struct simulator *sim, size_t index)
{
	const struct plant_device *device = plant_device(sim->plant, index);
	struct ew_device_spec spec = {
		.size = sizeof(spec),
		.path = device->name,
		.type = device->kind->name,
	};
	int rc = ew_device_declare(sim->inst, &spec, &sim->devices[index].id);

	for (size_t i = 0; rc == 0 && i < device->kind->tag_count; i++) {
		rc = declare_tag(sim, index, &device->kind->tags[i],
				 &sim->slots[device->first_tag + i]);
	}
	return rc;
}

static int declare_add_raw(struct simulator *sim, struct simulator_slot *slot, struct raw raw)
{
	struct raw *raws = realloc(sim->raws, (sim->raw_count + 1) * sizeof(*raws));

	if (raws == NULL) {
		return -ENOMEM;
	}
	sim->raws = raws;
	raws[sim->raw_count++] = raw;
	slot->raw = (uint32_t)sim->raw_count;
	return 0;
}

/* Tags of the model whose datatype the YAML changes. */
static int declare_raws(struct simulator *sim, const struct ew_device_config *config,
			const struct plant_device *device)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < config->tag_count; i++) {
		const struct ew_tag_spec *spec = &config->tags[i].spec;
		size_t at = simulator_tag_of(device->kind, spec->name);

		if (at == device->kind->tag_count || spec->type == 0 ||
		    spec->type == simulator_types[device->kind->tags[at].type]) {
			continue;
		}
		rc = declare_add_raw(sim, &sim->slots[device->first_tag + at],
				     raw_of(spec->type, spec));
	}
	return rc;
}

static int declare_bare(struct simulator *sim, const struct ew_device_config *config,
			uint32_t *id_out)
{
	int rc = ew_device_declare(sim->inst, &config->spec, id_out);

	if (rc == 0) {
		sim->bare[sim->bare_count++] = *id_out;
	}
	return rc;
}

/* What the YAML adds to the models: datatypes, tags and devices of its own. */
static int declare_own(struct simulator *sim, const struct ew_device_config *configs, size_t count)
{
	size_t modelled = 0;
	int rc = 0;

	sim->bare = calloc(count, sizeof(*sim->bare));
	if (sim->bare == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct plant_kind *kind = simulator_kind_of(&configs[i]);
		uint32_t id = EW_NO_ID;

		if (kind == NULL) {
			rc = declare_bare(sim, &configs[i], &id);
		} else {
			rc = declare_raws(sim, &configs[i], plant_device(sim->plant, modelled));
			id = sim->devices[modelled++].id;
		}
		if (rc == 0) {
			rc = simulator_declare_signals(sim, &configs[i], id, kind);
		}
	}
	return rc;
}

static int declare_compare(const void *a, const void *b)
{
	const struct simulator_order *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

/* Places by id, so that a write finds its tag. */
static int declare_order(struct simulator *sim)
{
	size_t count = sim->slot_count + sim->signal_count;

	sim->order = calloc(count, sizeof(*sim->order));
	if (sim->order == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < sim->slot_count; i++) {
		sim->order[i] = (struct simulator_order){sim->slots[i].id, (uint32_t)i};
	}
	for (size_t i = sim->slot_count; i < count; i++) {
		sim->order[i].id = sim->signals[i - sim->slot_count].id;
		sim->order[i].place = (uint32_t)i;
	}
	qsort(sim->order, count, sizeof(*sim->order), declare_compare);
	return 0;
}

static int declare_models(struct simulator *sim)
{
	size_t count = simulator_device_count(sim);
	int rc = 0;

	if (count == 0) {
		return 0;
	}
	sim->slot_count = plant_tag_count(sim->plant);
	sim->devices = calloc(count, sizeof(*sim->devices));
	sim->slots = calloc(sim->slot_count, sizeof(*sim->slots));
	if (sim->devices == NULL || sim->slots == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = declare_device(sim, i);
	}
	return rc;
}

int simulator_declare(struct simulator *sim)
{
	size_t count;
	const struct ew_device_config *configs = ew_device_configs(sim->inst, &count);
	int rc = declare_plant(sim, configs, count);

	if (rc == 0) {
		rc = declare_models(sim);
	}
	/* copies have names that the YAML does not know */
	if (rc == 0 && count > 0 && sim->settings->count == 1) {
		rc = declare_own(sim, configs, count);
	}
	return rc == 0 ? declare_order(sim) : rc;
}
