/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a member in a definition, or of a parameter, beside its name. */
#define TEMPLATE_ITEM  64u

void templates_free(struct templates *templates)
{
	while (templates->first != NULL) {
		struct template_definition *definition = templates->first;

		templates->first = definition->next;
		free(definition->bytes);
		free(definition);
	}
}

static struct sp_bytes template_value(const struct template_definition *definition)
{
	return (struct sp_bytes){ definition->bytes, definition->size };
}

/* What the bus says of a device that has a type; NULL: no instance can be made of it. */
static const struct ew_device_info *template_typed(const struct templates *templates,
						   const struct model_device *device)
{
	const struct ew_device_info *info = NULL;

	if (!device->is_node && !device->is_removed && device->metrics != NULL) {
		info = ew_device(templates->inst, device->id);
	}
	return info != NULL && info->spec.type != NULL && info->spec.type[0] != '\0' ? info : NULL;
}

static struct template_definition *template_find(const struct templates *templates,
						 const char *type)
{
	struct template_definition *definition = templates->first;

	while (definition != NULL &&
	       strcmp(definition->name + strlen(TEMPLATE_FOLDER), type) != 0) {
		definition = definition->next;
	}
	return definition;
}

/* Devices of a type mostly have their tags in one order: what is sought is next to the last. */
static struct model_metric *template_seek(const struct model_device *device,
					  const struct model_metric *last, struct sp_bytes name)
{
	struct model_metric *next = last != NULL ? last->next : device->metrics;

	return next != NULL && sp_bytes_equal(sp_text(next->name), name)
		       ? next : model_by_name(device, name);
}

/* ---- definitions ---- */

static void template_leave(struct model_device *device)
{
	device->instance.of = NULL;
	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		m->is_member = false;
	}
}

/* What another device of the type has not is no member. */
static void template_narrow(struct model_device *device, const struct model_device *other)
{
	const struct model_metric *last = NULL;

	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		const struct model_metric *same = template_seek(other, last, sp_text(m->name));

		m->is_member = m->is_member && same != NULL && same->type == m->type;
		last = same != NULL ? same : last;
	}
}

static bool template_has_parameter(struct sp_bytes value, const char *name)
{
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_item parameter;

	if (sp_template_decode(value, &template_, &metrics, &parameters) != 0) {
		return false;
	}
	while (sp_parameter_next(&parameters, &parameter) > 0) {
		if (sp_bytes_equal(parameter.name, sp_text(name))) {
			return true;
		}
	}
	return false;
}

static int template_put_parameter(struct sp_writer *writer, const char *name, const char *value)
{
	const struct sp_item parameter = {
		.name = sp_text(name), .type = SP_TYPE_STRING,
		.value = { .carrier = SP_TEXT, .x = sp_text(value) },
	};

	return sp_parameter_put(writer, &parameter);
}

/* Instances say what they have; one that says nothing has an empty text. */
static int template_add_parameters(struct sp_writer *writer, const struct ew_device_info *info)
{
	int error = 0;

	for (size_t i = 0; i < info->spec.property_count && error == 0; i++) {
		if (!template_has_parameter(sp_written(writer),
					    info->spec.properties[i].name)) {
			error = template_put_parameter(writer, info->spec.properties[i].name, "");
		}
	}
	return error;
}

static int template_put_members(struct sp_writer *writer, const struct model_device *device,
				uint64_t now_ms)
{
	int error = 0;

	for (const struct model_metric *m = device->metrics; m != NULL && error == 0; m = m->next) {
		const struct sp_metric member = {
			.has = SP_HAS_NAME | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
			.name = sp_text(m->name), .timestamp = now_ms, .datatype = m->type,
			.is_null = true,
		};

		if (m->is_member) {
			error = sp_metric_put(writer, &member);
		}
	}
	return error;
}

/* A family: the first device of a type, and all others of it. */
struct template_family {
	const struct templates *templates;
	struct model_device *first;
	const struct ew_device_info *info;      /* of the first */
	size_t room;                            /* for all that may be said */
	size_t member_count;
	bool is_one_version;
};

static bool template_is_of(const struct template_family *family, const struct ew_device_info *info)
{
	return info != NULL && strcmp(info->spec.type, family->info->spec.type) == 0;
}

static bool template_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Find the members; they are marked at the first device. */
static void template_measure(struct template_family *family)
{
	struct model_device *device = family->first;

	family->room = 4 * SP_SLACK;
	family->is_one_version = true;
	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		m->is_member = true;
		family->room += strlen(m->name) + TEMPLATE_ITEM;
	}
	while (device != NULL) {
		const struct ew_device_info *info = template_typed(family->templates, device);

		if (template_is_of(family, info)) {
			template_narrow(family->first, device);
			family->is_one_version = family->is_one_version &&
						 template_same_text(info->spec.version,
								    family->info->spec.version);
			for (size_t i = 0; i < info->spec.property_count; i++) {
				family->room += strlen(info->spec.properties[i].name) +
						TEMPLATE_ITEM;
			}
		}
		device = model_next(family->templates->model, device);
	}
	for (struct model_metric *m = family->first->metrics; m != NULL; m = m->next) {
		family->member_count += m->is_member;
	}
}

static int template_write(const struct template_family *family, struct sp_writer *writer,
			  uint64_t now_ms)
{
	const char *version = family->is_one_version ? family->info->spec.version : NULL;
	const struct sp_template head = {
		.has = SP_HAS_DEFINITION | (version != NULL ? SP_HAS_VERSION : 0),
		.version = sp_text(version != NULL ? version : ""), .is_definition = true,
	};
	int error = sp_template_put(writer, &head);

	if (error == 0) {
		error = template_put_members(writer, family->first, now_ms);
	}
	for (struct model_device *device = family->first; device != NULL && error == 0;
	     device = model_next(family->templates->model, device)) {
		const struct ew_device_info *info = template_typed(family->templates, device);

		if (template_is_of(family, info)) {
			error = template_add_parameters(writer, info);
		}
	}
	return error;
}

/* The definition of a type of which this is the first device. */
static int template_make(struct templates *templates, struct model_device *first,
			 const struct ew_device_info *info, uint64_t now_ms)
{
	struct template_family family = { .templates = templates, .first = first, .info = info };
	size_t folder = strlen(TEMPLATE_FOLDER), size = strlen(info->spec.type) + 1;
	struct template_definition *definition = malloc(sizeof(*definition) + folder + size);
	struct sp_writer writer;
	uint8_t *memory;
	int error;

	template_measure(&family);
	family.room += info->spec.version != NULL ? strlen(info->spec.version) : 0;
	memory = malloc(family.room);
	if (definition == NULL || memory == NULL) {
		free(definition);
		free(memory);
		return -ENOMEM;
	}
	sp_writer_init(&writer, memory, family.room);
	error = template_write(&family, &writer, now_ms);
	template_leave(first); /* until it joins */
	if (error != 0) {
		free(definition);
		free(memory);
		return error;
	}
	memcpy(definition->name, TEMPLATE_FOLDER, folder);
	memcpy(definition->name + folder, info->spec.type, size);
	definition->bytes = memory;
	definition->size = sp_written(&writer).size;
	definition->member_count = family.member_count;
	definition->next = templates->first;
	templates->first = definition;
	return 0;
}

int templates_make(struct templates *templates, uint64_t now_ms)
{
	struct model_device *device = NULL;
	int error = 0, first_error = 0;

	while ((device = model_next(templates->model, device)) != NULL) {
		template_leave(device);
	}
	templates_free(templates);
	while ((device = model_next(templates->model, device)) != NULL) {
		const struct ew_device_info *info = template_typed(templates, device);

		if (info != NULL && template_find(templates, info->spec.type) == NULL) {
			error = template_make(templates, device, info, now_ms);
			first_error = first_error != 0 ? first_error : error;
		}
	}
	while ((device = model_next(templates->model, device)) != NULL) {
		device->instance.is_apart = false;
		device->instance.is_apart = templates_join(templates, device) != 0;
	}
	return first_error;
}

/* ---- instances ---- */

/* Has the device all members, and no parameter beside the definition's? */
static bool template_fits(const struct template_definition *definition,
			  const struct model_device *device, const struct ew_device_info *info)
{
	const struct model_metric *last = NULL;
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_metric member;

	if (sp_template_decode(template_value(definition), &template_, &metrics,
			       &parameters) != 0) {
		return false;
	}
	while (sp_metric_next(&metrics, &member) > 0) {
		last = template_seek(device, last, member.name);
		if (last == NULL || last->type != member.datatype) {
			return false;
		}
	}
	for (size_t i = 0; i < info->spec.property_count; i++) {
		if (!template_has_parameter(template_value(definition),
					    info->spec.properties[i].name)) {
			return false;
		}
	}
	return true;
}

static void template_enter(struct model_device *device,
			   const struct template_definition *definition)
{
	struct sp_reader metrics, parameters;
	struct model_metric *last = NULL;
	struct sp_template template_;
	struct sp_metric member;

	device->instance.of = definition;
	(void)sp_template_decode(template_value(definition), &template_, &metrics, &parameters);
	while (sp_metric_next(&metrics, &member) > 0) {
		last = template_seek(device, last, member.name);
		last->is_member = true; /* it fits */
	}
}

int templates_join(struct templates *templates, struct model_device *device)
{
	const struct ew_device_info *info = template_typed(templates, device);
	const struct template_definition *definition;

	if (info == NULL || device->instance.is_apart) {
		template_leave(device);
		return 0;
	}
	definition = template_find(templates, info->spec.type);
	if (definition == NULL || !template_fits(definition, device, info)) {
		return -ESTALE;
	}
	template_leave(device);
	if (definition->member_count > 0 &&
	    model_name_instance(templates->model, device, info->spec.type) == 0) {
		template_enter(device, definition);
	}
	return 0; /* without a name for the instance its metrics say as much */
}

/* ---- what births say ---- */

int templates_put(const struct templates *templates, struct sp_writer *writer, uint64_t now_ms)
{
	int error = 0;

	for (const struct template_definition *definition = templates->first;
	     definition != NULL && error == 0; definition = definition->next) {
		const struct sp_metric metric = {
			.has = SP_HAS_NAME | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
			.name = sp_text(definition->name), .timestamp = now_ms,
			.datatype = SP_TYPE_TEMPLATE,
			.value = { .carrier = SP_TEMPLATE, .x = template_value(definition) },
		};

		if (definition->member_count > 0) {
			error = sp_metric_put(writer, &metric);
		}
	}
	return error;
}

int templates_put_parameters(struct ew_instance *inst, struct sp_writer *writer,
			     const struct model_device *device)
{
	const struct ew_device_info *info = ew_device(inst, device->id);
	int error = 0;

	for (size_t i = 0; info != NULL && i < info->spec.property_count && error == 0; i++) {
		error = template_put_parameter(writer, info->spec.properties[i].name,
					       info->spec.properties[i].value);
	}
	return error;
}
