/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags that only the YAML knows: of devices without a model, or that a profile
 * has and a model has not. They move within their range as `signal:` says;
 * those that can be written keep what was written last.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool signals_has(const struct plant_kind *kind, const char *name)
{
	for (size_t i = 0; kind != NULL && i < kind->tag_count; i++) {
		if (strcmp(kind->tags[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void signals_range(const struct ew_tag_spec *spec, struct simulator_signal *signal)
{
	signal->wave.low = spec->low;
	signal->wave.high = spec->high;
	if (spec->low == spec->high) {
		raw_range(&signal->raw, &signal->wave.low, &signal->wave.high);
	}
}

static void signals_init(struct simulator *sim, const struct ew_device_config *device,
			 const struct ew_tag_config *tag, struct simulator_signal *signal)
{
	const struct simulator_tag_settings *set = tag->settings;
	char name[EW_PATH_MAX + EW_NAME_MAX + 2];

	memset(signal, 0, sizeof(*signal));
	/* the range is in engineering units, whatever the type */
	signal->raw.type = tag->spec.type;
	signal->raw.scale = tag->spec.scale != 0.0 ? tag->spec.scale : 1.0;
	signal->raw.offset = tag->spec.offset;
	signal->writable = (tag->spec.access & EW_ACCESS_WRITE) != 0;
	signal->changed = true;
	signals_range(&tag->spec, signal);
	signal->wave.shape = signal->writable ? WAVE_CONSTANT : (enum wave_shape)set->signal;
	signal->wave.period = (double)set->period / (double)EW_SECOND;
	(void)snprintf(name, sizeof(name), "%s:%s", device->spec.path, tag->spec.name);
	random_init(&signal->wave.random, sim->settings->seed, name);
	wave_init(&signal->wave, simulator_step(sim->settings));
	signal->value = wave_step(&signal->wave, 0.0);
}

static int signals_add(struct simulator *sim, const struct ew_device_config *device,
		       const struct ew_tag_config *tag, uint32_t device_id)
{
	struct simulator_signal *signals;
	struct simulator_signal *signal;

	signals = realloc(sim->signals, (sim->signal_count + 1) * sizeof(*signals));
	if (signals == NULL) {
		return -ENOMEM;
	}
	sim->signals = signals;
	signal = &signals[sim->signal_count++];
	signals_init(sim, device, tag, signal);
	return ew_tag_declare(sim->inst, device_id, &tag->spec, &signal->id);
}

int simulator_declare_signals(struct simulator *sim, const struct ew_device_config *config,
			      uint32_t device, const struct plant_kind *kind)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < config->tag_count; i++) {
		const struct ew_tag_config *tag = &config->tags[i];

		if (signals_has(kind, tag->spec.name)) {
			continue;
		}
		if (!raw_is_number(tag->spec.type)) {
			ew_log(sim->inst, EW_LOG_WARNING,
			       "no values for a tag that is no number device=%s tag=%s",
			       config->spec.path, tag->spec.name);
			continue;
		}
		rc = signals_add(sim, config, tag, device);
	}
	return rc;
}

struct ew_sample simulator_signal_sample(struct simulator_signal *signal, double h, ew_time time)
{
	struct ew_sample sample = ew_sample_none(signal->id, time);

	if (!signal->writable && h > 0.0) {
		signal->value = wave_step(&signal->wave, h);
	}
	sample.flags = 0;
	raw_put(&signal->raw, signal->value, &sample);
	return sample;
}
