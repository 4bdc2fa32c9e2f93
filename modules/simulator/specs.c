/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `devices:` means: which model each device has, and whether they make a
 * plant. Pure: it is asked by `edgewayd --check` too.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const unsigned simulator_types[] = {
	[PLANT_BOOL] = EW_TYPE_BOOL,
	[PLANT_U8] = EW_TYPE_U8,
	[PLANT_U32] = EW_TYPE_U32,
	[PLANT_F32] = EW_TYPE_F32,
	[PLANT_F64] = EW_TYPE_F64,
};

const struct plant_kind *simulator_kind_of(const struct ew_device_config *config)
{
	const struct simulator_device_settings *set = config->settings;

	if (set->kind > 0) {
		return plant_kinds()[set->kind - 1];
	}
	return config->spec.type != NULL ? plant_kind_find(config->spec.type) : NULL;
}

size_t simulator_tag_of(const struct plant_kind *kind, const char *name)
{
	size_t at = 0;

	while (at < kind->tag_count && strcmp(kind->tags[at].name, name) != 0) {
		at++;
	}
	return at;
}

static struct plant_spec *specs_default(size_t *count_out)
{
	const struct plant_spec *line = plant_default(count_out);
	struct plant_spec *specs = calloc(*count_out, sizeof(*specs));

	if (specs != NULL) {
		memcpy(specs, line, *count_out * sizeof(*specs));
	}
	return specs;
}

static struct plant_spec *specs_of(const struct ew_device_config *configs, size_t count,
				   size_t *count_out)
{
	struct plant_spec *specs = calloc(count, sizeof(*specs));
	size_t at = 0;

	for (size_t i = 0; specs != NULL && i < count; i++) {
		const struct simulator_device_settings *set = configs[i].settings;
		const struct plant_kind *kind = simulator_kind_of(&configs[i]);

		if (kind != NULL) {
			specs[at].name = configs[i].spec.path;
			specs[at].kind = kind->name;
			memcpy(specs[at].links, set->links, sizeof(set->links));
			at++;
		}
	}
	*count_out = at;
	return specs;
}

int simulator_specs(const struct ew_device_config *configs, size_t count,
		    struct plant_spec **specs_out, size_t *count_out)
{
	*specs_out = count == 0 ? specs_default(count_out) : specs_of(configs, count, count_out);
	return *specs_out == NULL ? -ENOMEM : 0;
}

/* The entry that a spec was made of. */
static const struct ew_device_config *specs_entry(const struct ew_device_config *configs,
						  size_t index)
{
	while (simulator_kind_of(configs) == NULL || index-- > 0) {
		configs++;
	}
	return configs;
}

static int check_plant(const struct ew_device_config *configs, size_t count,
		       struct ew_error *err)
{
	struct plant_error error;
	struct plant_spec *specs;
	size_t spec_count;
	int rc = simulator_specs(configs, count, &specs, &spec_count);

	if (rc == 0 && spec_count > 0 && plant_check(specs, spec_count, &error) != 0) {
		rc = ew_node_fail(err, specs_entry(configs, error.index)->node, "%s", error.text);
	}
	free(specs);
	return rc;
}

static int check_device(const struct ew_device_config *config, struct ew_error *err)
{
	const struct plant_kind *kind = simulator_kind_of(config);

	if (kind == NULL && config->tag_count == 0) {
		return ew_node_fail(err, config->node,
				    "device '%s' has neither a model nor tags: say 'kind: pump' "
				    "or the like", config->spec.path);
	}
	for (size_t i = 0; kind != NULL && i < config->tag_count; i++) {
		const struct ew_tag_spec *spec = &config->tags[i].spec;

		if (spec->type != 0 && !raw_is_number(spec->type) &&
		    simulator_tag_of(kind, spec->name) < kind->tag_count) {
			return ew_node_fail(err, config->node,
					    "device '%s' tag '%s': the model's numbers do not go "
					    "into a %s", config->spec.path, spec->name,
					    ew_type_name(spec->type));
		}
	}
	return 0;
}

int simulator_check_devices(const void *settings, const struct ew_device_config *devices,
			    size_t count, struct ew_error *err)
{
	int rc = 0;

	(void)settings;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = check_device(&devices[i], err);
	}
	return rc == 0 && count > 0 ? check_plant(devices, count, err) : rc;
}
