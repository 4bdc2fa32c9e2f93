/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plant may be made of: the list of kinds, the default plant, and the check of a
 * description with a sentence for its author. Pure, any thread.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "modules/simulator/plant/plant.h"

#define KIND_POINTER(name)  &plant_##name,

static const struct plant_kind *const kinds[] = { PLANT_KINDS(KIND_POINTER) NULL };

static const char *const link_names[PLANT_LINK_COUNT] = {
	[PLANT_FEEDS] = "feeds",
	[PLANT_DRIVES] = "drives",
	[PLANT_HEATS] = "heats",
	[PLANT_COOLS] = "cools",
};

static const struct plant_spec default_plant[] = {
	{"pump-1", "pump", {[PLANT_FEEDS] = "flow-1"}},
	{"flow-1", "flow", {[PLANT_FEEDS] = "tank-1", [PLANT_COOLS] = "temp-1"}},
	{"tank-1", "level", {NULL}},
	{"compressor-1", "compressor", {[PLANT_FEEDS] = "press-1"}},
	{"press-1", "pressure", {NULL}},
	{"motor-1", "motor", {[PLANT_DRIVES] = "compressor-1", [PLANT_HEATS] = "temp-1"}},
	{"temp-1", "temperature", {NULL}},
};

const char *plant_link_name(enum plant_link link)
{
	return link_names[link];
}

const struct plant_kind *const *plant_kinds(void)
{
	return kinds;
}

const struct plant_kind *plant_kind_find(const char *name)
{
	for (size_t i = 0; kinds[i] != NULL; i++) {
		if (strcmp(kinds[i]->name, name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

const struct plant_spec *plant_default(size_t *count_out)
{
	*count_out = sizeof(default_plant) / sizeof(default_plant[0]);
	return default_plant;
}

static int __attribute__((format(printf, 3, 4)))
spec_fail(struct plant_error *error, size_t index, const char *format, ...)
{
	va_list args;

	error->index = index;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args); /* cut when too long */
	va_end(args);
	return -EINVAL;
}

static const struct plant_spec *spec_find(const struct plant_spec *specs, size_t count,
					  const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(specs[i].name, name) == 0) {
			return &specs[i];
		}
	}
	return NULL;
}

static bool spec_allows(const struct plant_kind *kind, enum plant_link link, const char *target)
{
	for (size_t i = 0; kind->links[link] != NULL && kind->links[link][i] != NULL; i++) {
		if (strcmp(kind->links[link][i], target) == 0) {
			return true;
		}
	}
	return false;
}

static int spec_check_link(const struct plant_spec *specs, size_t count,
			   const struct plant_spec *from, enum plant_link link,
			   struct plant_error *error)
{
	const struct plant_kind *kind = plant_kind_find(from->kind);
	const struct plant_spec *to = spec_find(specs, count, from->links[link]);
	size_t index = (size_t)(from - specs);

	if (to == NULL) {
		return spec_fail(error, index, "device '%s' %s '%s', which is not a device",
				 from->name, link_names[link], from->links[link]);
	}
	if (to == from) {
		return spec_fail(error, index, "device '%s' %s itself", from->name,
				 link_names[link]);
	}
	if (!spec_allows(kind, link, to->kind)) {
		return spec_fail(error, index,
				 "device '%s' %s '%s': a %s does not do this to a %s", from->name,
				 link_names[link], to->name, from->kind, to->kind);
	}
	return 0;
}

/* A machine has one drive. */
static int spec_check_drives(const struct plant_spec *specs, const struct plant_spec *spec,
			     struct plant_error *error)
{
	for (const struct plant_spec *other = specs; other < spec; other++) {
		if (other->links[PLANT_DRIVES] != NULL &&
		    spec->links[PLANT_DRIVES] != NULL &&
		    strcmp(other->links[PLANT_DRIVES], spec->links[PLANT_DRIVES]) == 0) {
			return spec_fail(error, (size_t)(spec - specs),
					 "'%s' is driven by '%s' and by '%s'",
					 spec->links[PLANT_DRIVES], other->name, spec->name);
		}
	}
	return 0;
}

int plant_check(const struct plant_spec *specs, size_t count, struct plant_error *error)
{
	int rc = 0;

	if (count == 0) {
		return spec_fail(error, 0, "a plant has at least one device");
	}
	for (size_t i = 0; i < count; i++) {
		if (specs[i].kind[0] == '\0') {
			return spec_fail(error, i, "device '%s' has no kind", specs[i].name);
		}
		if (plant_kind_find(specs[i].kind) == NULL) {
			return spec_fail(error, i, "device '%s' has the unknown kind '%s'",
					 specs[i].name, specs[i].kind);
		}
		if (spec_find(specs, i, specs[i].name) != NULL) {
			return spec_fail(error, i, "device '%s' is there twice", specs[i].name);
		}
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		for (int link = 0; link < PLANT_LINK_COUNT && rc == 0; link++) {
			if (specs[i].links[link] != NULL) {
				rc = spec_check_link(specs, count, &specs[i],
						     (enum plant_link)link, error);
			}
		}
		if (rc == 0) {
			rc = spec_check_drives(specs, &specs[i], error);
		}
	}
	return rc;
}
