/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug_host/spec.h"

#include <stdio.h>
#include <string.h>

#include "modules/sparkplug/value.h"
#include "proto/sparkplug/topic.h"

#define SPEC_NUMBER_MAX  32u    /* bytes of a number as text */
#define SPEC_FOLDER      "_types_/"

unsigned spec_type(unsigned sp_type)
{
	if (sp_type == SP_TYPE_TEXT) {
		return EW_TYPE_TEXT;
	}
	for (unsigned type = EW_TYPE_BOOL; type <= EW_TYPE_TEMPLATE; type++) {
		if (value_type(type) == sp_type) {
			return type;
		}
		if (value_type(type | EW_TYPE_ARRAY) == sp_type) {
			return type | EW_TYPE_ARRAY;
		}
	}
	return 0;
}

/* A terminated copy. NULL: no room, or a text that is none. */
static const char *spec_keep(struct spec_room *room, struct sp_bytes text)
{
	char *copy = room->text + room->used;

	if (text.size >= sizeof(room->text) - room->used ||
	    (text.size > 0 && memchr(text.at, '\0', text.size) != NULL)) {
		return NULL;
	}
	if (text.size > 0) {
		memcpy(copy, text.at, text.size);
	}
	copy[text.size] = '\0';
	room->used += text.size + 1;
	return copy;
}

static bool spec_number(const struct sp_item *item, double *number_out)
{
	struct sp_value value = item->value;

	if (item->is_null || sp_value_cut(&value, item->type) != 0) {
		return false;
	}
	if (value.carrier == SP_DOUBLE) {
		*number_out = value.d;
	} else if (value.carrier == SP_LONG) {
		*number_out = item->type == SP_TYPE_UINT64 ? (double)value.u
							   : (double)(int64_t)value.u;
	} else {
		return false;
	}
	return *number_out - *number_out == 0; /* finite */
}

static const char *spec_text(const struct sp_item *item, struct spec_room *room)
{
	char text[SPEC_NUMBER_MAX];
	double number;

	if (item->is_null) {
		return NULL;
	}
	if (item->value.carrier == SP_TEXT) {
		return spec_keep(room, item->value.x);
	}
	if (item->value.carrier == SP_BOOL) {
		return item->value.u != 0 ? "true" : "false";
	}
	if (!spec_number(item, &number)) {
		return NULL;
	}
	(void)snprintf(text, sizeof(text), "%.15g", number);
	return spec_keep(room, sp_text(text));
}

static bool spec_is(const struct sp_item *item, const char *name)
{
	return sp_bytes_equal(item->name, sp_text(name));
}

/* The ones that have a place of their own. */
static bool spec_known(struct ew_tag_spec *spec, const struct sp_item *item,
		       struct spec_room *room)
{
	if (spec_is(item, "engUnit")) {
		spec->unit = spec_text(item, room);
	} else if (spec_is(item, "documentation")) {
		spec->description = spec_text(item, room);
	} else if (spec_is(item, "engLow")) {
		(void)spec_number(item, &spec->low);
	} else if (spec_is(item, "engHigh")) {
		(void)spec_number(item, &spec->high);
	} else if (spec_is(item, "readOnly")) {
		if (item->value.carrier == SP_BOOL && item->value.u != 0) {
			spec->access = EW_ACCESS_READ;
		}
	} else {
		return spec_is(item, "Quality");
	}
	return true;
}

static void spec_properties(struct ew_tag_spec *spec, struct sp_bytes set,
			    struct spec_room *room)
{
	struct sp_properties properties;
	struct sp_item item;

	sp_properties_open(set, &properties);
	while (sp_property_next(&properties, &item) > 0) {
		struct ew_property *property = &room->properties[spec->property_count];

		if (item.name.size == 0 || spec_known(spec, &item, room) ||
		    spec->property_count == SPEC_PROPERTIES_MAX) {
			continue;
		}
		property->name = spec_keep(room, item.name);
		property->value = property->name != NULL ? spec_text(&item, room) : NULL;
		spec->property_count += property->value != NULL;
	}
}

static void spec_ranges(struct ew_tag_spec *spec)
{
	bool is_number = (spec->type >= EW_TYPE_I8 && spec->type <= EW_TYPE_F64);

	if (!is_number || !(spec->low < spec->high)) {
		spec->low = 0;
		spec->high = 0;
	}
}

/* A control that is a button: written with true, to no lasting effect. */
static bool spec_is_button(const struct sp_metric *birth)
{
	static const char *const begins[] = { "Node Control/", "Device Control/" };

	for (size_t i = 0; i < 2 && birth->datatype == SP_TYPE_BOOLEAN; i++) {
		size_t size = strlen(begins[i]);

		if (birth->name.size > size && memcmp(birth->name.at, begins[i], size) == 0) {
			return true;
		}
	}
	return false;
}

void spec_fill(struct ew_tag_spec *spec, const struct sp_metric *birth, const char *name,
	       uint32_t max_bytes, struct spec_room *room)
{
	uint64_t bytes = birth->value.carrier >= SP_TEXT ? 2 * birth->value.x.size : 0;

	memset(spec, 0, sizeof(*spec));
	room->used = 0;
	spec->size = sizeof(*spec);
	spec->name = name;
	spec->type = spec_type(birth->datatype);
	spec->access = EW_ACCESS_READ | EW_ACCESS_WRITE;
	spec->properties = room->properties;
	if (birth->has & SP_HAS_PROPERTIES) {
		spec_properties(spec, birth->properties, room);
	}
	if (spec_is_button(birth)) {
		spec->access = EW_ACCESS_READ | EW_ACCESS_EXECUTE;
	}
	if (sp_bytes_equal(birth->name, sp_text("bdSeq"))) {
		spec->access = EW_ACCESS_READ;
	}
	spec_ranges(spec);
	bytes = bytes < SPEC_BYTES_MIN ? SPEC_BYTES_MIN : bytes;
	spec->max_bytes = (uint32_t)(bytes < max_bytes ? bytes : max_bytes);
}

/* One that is empty says nothing; the first of a name counts. */
static void spec_parameters(struct ew_device_spec *spec, struct sp_reader parameters,
			    struct spec_room *room)
{
	struct sp_item item;

	while (sp_parameter_next(&parameters, &item) > 0) {
		struct ew_property *property = &room->properties[spec->property_count];
		size_t at = 0;

		while (at < spec->property_count &&
		       !spec_is(&item, room->properties[at].name)) {
			at++;
		}
		if (at < spec->property_count || at == SPEC_PROPERTIES_MAX ||
		    item.name.size == 0 ||
		    (item.value.carrier == SP_TEXT && item.value.x.size == 0)) {
			continue;
		}
		property->name = spec_keep(room, item.name);
		property->value = property->name != NULL ? spec_text(&item, room) : NULL;
		spec->property_count += property->value != NULL;
	}
}

void spec_fill_device(struct ew_device_spec *spec, const struct sp_metric *instance,
		      const char *name, struct sp_bytes definition, struct spec_room *room)
{
	size_t folder = strncmp(name, SPEC_FOLDER, strlen(SPEC_FOLDER)) == 0 ? strlen(SPEC_FOLDER)
									     : 0;
	struct sp_reader metrics, own = { 0 }, defaults = { 0 };
	struct sp_template said = { 0 }, defined = { 0 };

	room->used = 0;
	(void)sp_template_decode(instance->value.x, &said, &metrics, &own); /* both were checked */
	(void)sp_template_decode(definition, &defined, &metrics, &defaults);
	if (!(said.has & SP_HAS_VERSION)) {
		said.version = defined.version;
	}
	spec->type = name + folder;
	spec->version = said.version.size > 0 ? spec_keep(room, said.version) : NULL;
	spec->properties = room->properties;
	spec_parameters(spec, own, room);
	spec_parameters(spec, defaults, room);
}

uint16_t spec_quality(const struct sp_metric *metric)
{
	struct sp_properties properties;
	struct sp_item item;

	if (!(metric->has & SP_HAS_PROPERTIES)) {
		return EW_GOOD;
	}
	sp_properties_open(metric->properties, &properties);
	while (sp_property_next(&properties, &item) > 0) {
		if (!spec_is(&item, "Quality") || item.value.carrier != SP_INT) {
			continue;
		}
		return item.value.u == 192   ? EW_GOOD
		       : item.value.u == 500 ? EW_UNCERTAIN | EW_REASON_STALE
					     : EW_BAD;
	}
	return EW_GOOD;
}
