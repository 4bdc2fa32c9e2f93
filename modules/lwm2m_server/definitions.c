/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object definitions in the XML of the OMA registry: LWM2M/Object, and below it
 * Resources/Item. Elements that say nothing a machine needs are passed over. See
 * catalog.h. Pure but for the memory.
 */
#include <dirent.h>
#include <errno.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/catalog.h"
#include "proto/lwm2m/value.h"

#define DEPTH_MAX  16u

enum {
	AT_ROOT = 1, AT_OBJECT, AT_MEMBER, AT_ITEM, AT_FACT  /* depths: LWM2M, Object, ... */
};

struct definitions {
	XML_Parser parser;
	struct catalog catalog;         /* what this file adds */
	struct catalog_object *object;  /* the one that is read */
	struct lwm2m_resource resource;
	unsigned depth;
	bool has_object_id, has_multiple, is_in_resources;
	bool is_seen[8];                /* facts of the item, by place */
	char text[CATALOG_TEXT_MAX + 1];
	size_t text_size;
	bool is_too_long;
	const char *file;
	char *why;                      /* "": nothing is wrong */
	int error;
};

__attribute__((format(printf, 2, 3)))
static void definitions_fail(struct definitions *d, const char *format, ...)
{
	char words[CATALOG_WHY_MAX];
	va_list list;

	if (d->error != 0) {
		return;
	}
	va_start(list, format);
	(void)vsnprintf(words, sizeof(words), format, list);
	va_end(list);
	d->error = -EPROTO;
	(void)snprintf(d->why, CATALOG_WHY_MAX, "%.200s:%lu:%lu: %.250s", d->file,
		       (unsigned long)XML_GetCurrentLineNumber(d->parser),
		       (unsigned long)XML_GetCurrentColumnNumber(d->parser) + 1, words);
	(void)XML_StopParser(d->parser, XML_FALSE);
}

static void definitions_no_memory(struct definitions *d)
{
	if (d->error == 0) {
		d->error = -ENOMEM;
		(void)snprintf(d->why, CATALOG_WHY_MAX, "%.200s: out of memory", d->file);
		(void)XML_StopParser(d->parser, XML_FALSE);
	}
}

/* ---- facts ---- */

static char *definitions_keep(struct definitions *d)
{
	char *kept = strndup(d->text, d->text_size);

	if (kept == NULL) {
		definitions_no_memory(d);
	}
	return kept;
}

static bool text_is(const struct definitions *d, const char *words)
{
	return strcmp(d->text, words) == 0;
}

static bool definitions_id(struct definitions *d, const char *text, uint16_t *id_out)
{
	int64_t number;

	if (lwm2m_integer_parse(text, strlen(text), &number) != 0 || number < 0 ||
	    number >= LWM2M_NO_ID) {
		definitions_fail(d, "'%.40s' is not an id of 0 to 65534", text);
		return false;
	}
	*id_out = (uint16_t)number;
	return true;
}

/* One of two words. */
static bool definitions_either(struct definitions *d, const char *yes, const char *no)
{
	if (!text_is(d, yes) && !text_is(d, no)) {
		definitions_fail(d, "'%.40s' is neither %s nor %s", d->text, yes, no);
	}
	return text_is(d, yes);
}

static void take_name(struct definitions *d, const char **name)
{
	if (d->text_size == 0) {
		definitions_fail(d, "the name is empty");
	} else if (*name != NULL) {
		definitions_fail(d, "a second name");
	} else {
		*name = definitions_keep(d);
	}
}

static void take_type(struct definitions *d)
{
	static const struct {
		const char *word;
		enum lwm2m_type type;
	} types[] = {
		{"", LWM2M_NONE}, {"String", LWM2M_STRING}, {"Integer", LWM2M_INTEGER},
		{"Unsigned Integer", LWM2M_UNSIGNED}, {"Float", LWM2M_FLOAT},
		{"Boolean", LWM2M_BOOLEAN}, {"Opaque", LWM2M_OPAQUE}, {"Time", LWM2M_TIME},
		{"Objlnk", LWM2M_LINK}, {"Corelnk", LWM2M_CORELINK},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (text_is(d, types[i].word)) {
			d->resource.type = (uint8_t)types[i].type;
			return;
		}
	}
	definitions_fail(d, "the type '%.40s' is not known", d->text);
}

static void take_operations(struct definitions *d)
{
	for (size_t i = 0; i < d->text_size; i++) {
		uint8_t operation = d->text[i] == 'R' ? LWM2M_READABLE :
				    d->text[i] == 'W' ? LWM2M_WRITABLE :
				    d->text[i] == 'E' ? LWM2M_EXECUTABLE : 0;

		if (operation == 0 || (d->resource.operations & operation) != 0) {
			definitions_fail(d, "the operations '%.40s' are none of R, W, RW, E",
					 d->text);
			return;
		}
		d->resource.operations |= operation;
	}
}

/* "0..255"; a range in other words is for people. */
static void take_range(struct definitions *d)
{
	const char *dots = strstr(d->text, "..");
	double low, high;

	if (dots != NULL && lwm2m_float_parse(d->text, (size_t)(dots - d->text), &low) == 0 &&
	    lwm2m_float_parse(dots + 2, strlen(dots + 2), &high) == 0 && low < high) {
		d->resource.low = low;
		d->resource.high = high;
	}
}

static void take_unit(struct definitions *d)
{
	if (d->text_size > 0) {
		d->resource.unit = definitions_keep(d);
	}
}

static void take_fact(struct definitions *d, size_t which)
{
	switch (which) {
	case 0:
		take_name(d, &d->resource.name);
		break;
	case 1:
		take_operations(d);
		break;
	case 2:
		d->resource.is_multiple = definitions_either(d, "Multiple", "Single");
		break;
	case 3:
		d->resource.is_mandatory = definitions_either(d, "Mandatory", "Optional");
		break;
	case 4:
		take_type(d);
		break;
	case 5:
		take_range(d);
		break;
	default:
		take_unit(d);
		break;
	}
}

/* By place in take_fact(). */
static const char *const facts[] = {
	"Name", "Operations", "MultipleInstances", "Mandatory", "Type", "RangeEnumeration", "Units",
};
#define FACT_COUNT   (sizeof(facts) / sizeof(facts[0]))
#define FACT_NEEDED  5u         /* the first so many; a range and a unit may be left out */

static size_t fact_of(const char *name)
{
	size_t i = 0;

	while (i < FACT_COUNT && strcmp(facts[i], name) != 0) {
		i++;
	}
	return i;
}

/* ---- objects and items ---- */

static void begin_object(struct definitions *d)
{
	d->object = calloc(1, sizeof(*d->object));
	d->has_object_id = false;
	d->has_multiple = false;
	if (d->object == NULL) {
		definitions_no_memory(d);
	} else if (d->catalog.count == CATALOG_OBJECTS_MAX) {
		definitions_fail(d, "more than %u objects", CATALOG_OBJECTS_MAX);
	} else {
		d->object->file = strdup(d->file);
	}
}

static void end_object(struct definitions *d)
{
	struct lwm2m_object *object = &d->object->object;

	if (object->version == NULL) {
		object->version = strdup("1.0");        /* what it is without */
	}
	if (d->object->file == NULL || object->version == NULL) {
		definitions_no_memory(d);
	} else if (!d->has_object_id || object->name == NULL || !d->has_multiple) {
		definitions_fail(d, "the object has no %s", !d->has_object_id ? "ObjectID" :
				 object->name == NULL ? "Name" : "MultipleInstances");
	} else {
		int rc;

		object->own = d->object->resources;
		rc = catalog_add(&d->catalog, &d->object);
		if (rc == -EEXIST) {
			definitions_fail(d, "object %u is there twice", object->id);
		} else if (rc != 0) {
			definitions_no_memory(d);
		}
	}
}

static void take_member(struct definitions *d, const char *name)
{
	struct lwm2m_object *object = &d->object->object;

	if (strcmp(name, "Name") == 0) {
		take_name(d, &object->name);
	} else if (strcmp(name, "ObjectID") == 0) {
		d->has_object_id = definitions_id(d, d->text, &object->id);
	} else if (strcmp(name, "ObjectVersion") == 0 && d->text_size > 0) {
		if (object->version != NULL || d->text_size > 7) {
			definitions_fail(d, "'%.40s' is not one version", d->text);
		} else {
			object->version = definitions_keep(d);
		}
	} else if (strcmp(name, "MultipleInstances") == 0) {
		object->is_multiple = definitions_either(d, "Multiple", "Single");
		d->has_multiple = true;
	}
}

static void begin_item(struct definitions *d, const XML_Char **attributes)
{
	const struct lwm2m_object *object = &d->object->object;
	const char *id = NULL;

	memset(&d->resource, 0, sizeof(d->resource));
	memset(d->is_seen, 0, sizeof(d->is_seen));
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		id = strcmp(attributes[i], "ID") == 0 ? attributes[i + 1] : id;
	}
	if (id == NULL) {
		definitions_fail(d, "the item has no ID");
	} else if (definitions_id(d, id, &d->resource.id)) {
		for (size_t i = 0; i < object->own_count; i++) {
			if (d->object->resources[i].id == d->resource.id) {
				definitions_fail(d, "resource %u is there twice", d->resource.id);
			}
		}
	}
}

static void end_item(struct definitions *d)
{
	struct lwm2m_object *object = &d->object->object;
	struct lwm2m_resource *resources;

	for (size_t i = 0; i < FACT_NEEDED; i++) {
		if (!d->is_seen[i]) {
			definitions_fail(d, "resource %u has no %s", d->resource.id, facts[i]);
			return;
		}
	}
	if (object->own_count == CATALOG_RESOURCES_MAX) {
		definitions_fail(d, "more than %u resources", CATALOG_RESOURCES_MAX);
		return;
	}
	if (d->resource.type == LWM2M_NONE && d->resource.operations != LWM2M_EXECUTABLE) {
		definitions_fail(d, "resource %u has no type", d->resource.id);
		return;
	}
	resources = realloc(d->object->resources, (object->own_count + 1) * sizeof(*resources));
	if (resources == NULL) {
		definitions_no_memory(d);
		return;
	}
	d->object->resources = resources;
	resources[object->own_count++] = d->resource;
	d->resource.name = NULL;
	d->resource.unit = NULL;
}

/* ---- what the parser calls ---- */

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct definitions *d = arg;

	if (d->error != 0) {
		return;         /* expat may say more before it stops */
	}
	d->depth++;
	d->text_size = 0;
	d->text[0] = '\0';
	d->is_too_long = false;
	if (d->depth > DEPTH_MAX) {
		definitions_fail(d, "nested more than %u deep", DEPTH_MAX);
	} else if (d->depth == AT_ROOT && strcmp(name, "LWM2M") != 0) {
		definitions_fail(d, "the root is '%.40s', not LWM2M", name);
	} else if (d->depth == AT_OBJECT) {
		if (strcmp(name, "Object") == 0) {
			begin_object(d);
		} else {
			definitions_fail(d, "'%.40s' where Object is expected", name);
		}
	} else if (d->depth == AT_MEMBER) {
		d->is_in_resources = strcmp(name, "Resources") == 0;
	} else if (d->depth == AT_ITEM && d->is_in_resources) {
		if (strcmp(name, "Item") == 0) {
			begin_item(d, attributes);
		} else {
			definitions_fail(d, "'%.40s' where Item is expected", name);
		}
	}
}

/* Without the space around it; whether it is a text that is looked at. */
static void definitions_trim(struct definitions *d)
{
	size_t from = strspn(d->text, " \t\r\n");

	while (d->text_size > from && strchr(" \t\r\n", d->text[d->text_size - 1]) != NULL) {
		d->text_size--;
	}
	d->text_size -= from < d->text_size ? from : d->text_size;
	memmove(d->text, d->text + from, d->text_size);
	d->text[d->text_size] = '\0';
}

static void on_end_fact(struct definitions *d, const char *name)
{
	size_t which = fact_of(name);

	if (which == FACT_COUNT) {
		return;
	}
	if (d->is_seen[which]) {
		definitions_fail(d, "a second %s", name);
	} else if (d->is_too_long && which <= 1) {
		definitions_fail(d, "%s is longer than %u bytes", name, CATALOG_TEXT_MAX);
	} else if (!d->is_too_long || which < FACT_NEEDED) {
		d->is_seen[which] = true;
		take_fact(d, which);
	}
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct definitions *d = arg;

	if (d->error != 0) {
		return;
	}
	definitions_trim(d);
	if (d->depth == AT_FACT && d->is_in_resources) {
		on_end_fact(d, name);
	} else if (d->depth == AT_ITEM && d->is_in_resources) {
		end_item(d);
	} else if (d->depth == AT_MEMBER && !d->is_in_resources) {
		if (d->is_too_long && strcmp(name, "Name") == 0) {
			definitions_fail(d, "Name is longer than %u bytes", CATALOG_TEXT_MAX);
		} else {
			take_member(d, name);
		}
	} else if (d->depth == AT_OBJECT) {
		end_object(d);
	}
	d->depth--;
	d->text_size = 0;
	d->text[0] = '\0';
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int size)
{
	struct definitions *d = arg;

	if ((size_t)size > CATALOG_TEXT_MAX - d->text_size) {
		d->is_too_long = true;  /* a description, or an error when it ends */
		return;
	}
	memcpy(d->text + d->text_size, text, (size_t)size);
	d->text_size += (size_t)size;
	d->text[d->text_size] = '\0';
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
			       const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	definitions_fail(arg, "a document type is not allowed");
}

static void definitions_run(struct definitions *d, const char *bytes, size_t size)
{
	XML_SetUserData(d->parser, d);
	XML_SetElementHandler(d->parser, on_start, on_end);
	XML_SetCharacterDataHandler(d->parser, on_text);
	XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
	if (XML_Parse(d->parser, bytes, (int)size, XML_TRUE) != XML_STATUS_OK && d->error == 0) {
		definitions_fail(d, "%s", XML_ErrorString(XML_GetErrorCode(d->parser)));
	}
	if (d->error == 0 && d->catalog.count == 0) {
		definitions_fail(d, "there is no Object");
	}
}

/* All of them, or none. */
static void definitions_merge(struct definitions *d, struct catalog *catalog)
{
	for (size_t i = 0; i < d->catalog.count; i++) {
		const struct catalog_object *same =
			catalog_own(catalog, d->catalog.objects[i]->object.id);

		if (same != NULL) {
			definitions_fail(d, "object %u is defined in %.200s too",
					 same->object.id, same->file);
			return;
		}
	}
	if (catalog->count + d->catalog.count > CATALOG_OBJECTS_MAX) {
		definitions_fail(d, "more than %u objects", CATALOG_OBJECTS_MAX);
	}
	while (d->error == 0 && d->catalog.count > 0) {
		if (catalog_add(catalog, &d->catalog.objects[d->catalog.count - 1]) != 0) {
			definitions_no_memory(d);       /* the instance does not start */
			return;
		}
		d->catalog.count--;
	}
}

int catalog_parse(struct catalog *catalog, const char *file, const char *bytes, size_t size,
		  char *why_out)
{
	struct definitions d = {.file = file, .why = why_out};

	if (size > CATALOG_FILE_MAX) {
		(void)snprintf(why_out, CATALOG_WHY_MAX, "%.200s: larger than %u bytes", file,
			       CATALOG_FILE_MAX);
		return -EPROTO;
	}
	d.parser = XML_ParserCreate(NULL);
	if (d.parser == NULL) {
		(void)snprintf(why_out, CATALOG_WHY_MAX, "%.200s: out of memory", file);
		return -ENOMEM;
	}
	definitions_run(&d, bytes, size);
	if (d.error == 0) {
		definitions_merge(&d, catalog);
	}
	XML_ParserFree(d.parser);
	free((char *)(uintptr_t)d.resource.name);
	free((char *)(uintptr_t)d.resource.unit);
	catalog_object_free(&d.object);
	catalog_fini(&d.catalog);
	return d.error;
}

/* ---- a directory ---- */

static int definitions_select(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 4 && strcmp(entry->d_name + size - 4, ".xml") == 0 &&
	       entry->d_name[0] != '.' && strcmp(entry->d_name, "DDF.xml") != 0 &&
	       strcmp(entry->d_name, "Common.xml") != 0;
}

static int definitions_load(struct catalog *catalog, const char *path, char *why_out)
{
	char *bytes = malloc(CATALOG_FILE_MAX + 1);
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int rc = -EIO;

	(void)snprintf(why_out, CATALOG_WHY_MAX, "%.200s: it cannot be read", path);
	if (file != NULL && bytes != NULL) {
		size = fread(bytes, 1, CATALOG_FILE_MAX + 1, file);
		rc = ferror(file) != 0 ? -EIO :
		     catalog_parse(catalog, path, bytes, size, why_out);
	}
	if (file != NULL) {
		(void)fclose(file);     /* it was read */
	}
	free(bytes);
	return rc;
}

int catalog_load(struct catalog *catalog, const char *directory, char *why_out)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, definitions_select, alphasort);
	int rc = 0;

	if (count < 0) {
		(void)snprintf(why_out, CATALOG_WHY_MAX, "%.200s: %.100s", directory,
			       strerror(errno));
		return -EIO;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];

		if (rc == 0) {
			(void)snprintf(path, sizeof(path), "%s/%s", directory,
				       entries[i]->d_name);
			rc = definitions_load(catalog, path, why_out);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}
