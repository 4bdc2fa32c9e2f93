/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as it is written, and names of paths: see text.h. */
#include "modules/lwm2m_server/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "proto/cbor/cbor.h"
#include "proto/lwm2m/base64.h"

#define MILLISECOND  INT64_C(1000000)

void text_free(struct text *text)
{
	free(text->at);
	memset(text, 0, sizeof(*text));
}

/* Room for so much more, and a NUL. */
static char *text_grow(struct text *text, size_t size)
{
	size_t room = text->room == 0 ? 256 : text->room;
	char *at;

	if (text->failed || text->size + size >= text->limit) {
		text->failed = true;
		return NULL;
	}
	while (room <= text->size + size) {
		room *= 2;
	}
	if (room != text->room) {
		at = realloc(text->at, room);
		if (at == NULL) {
			text->failed = true;
			return NULL;
		}
		text->at = at;
		text->room = room;
	}
	at = text->at + text->size;
	text->size += size;
	text->at[text->size] = '\0';
	return at;
}

void text_put(struct text *text, const char *bytes, size_t size)
{
	char *at = text_grow(text, size);

	if (at != NULL && size > 0) {
		memcpy(at, bytes, size);
	}
}

void text_words(struct text *text, const char *words)
{
	text_put(text, words, strlen(words));
}

static void text_base64(struct text *text, const char *bytes, size_t size)
{
	char *at;

	text_put(text, "\"", 1);
	at = text_grow(text, base64_size(size));
	if (at != NULL) {
		base64_encode_url(bytes, size, at);
	}
	text_put(text, "\"", 1);
}

void text_string(struct text *text, const char *bytes, size_t size)
{
	if (!cbor_is_utf8((const uint8_t *)bytes, size)) {
		text_base64(text, bytes, size);
		return;
	}
	text_put(text, "\"", 1);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char escape[8];

		if (c == '"' || c == '\\') {
			escape[0] = '\\';
			escape[1] = (char)c;
			text_put(text, escape, 2);
		} else if (c < 0x20) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
			text_put(text, escape, 6);
		} else {
			text_put(text, bytes + i, 1);
		}
	}
	text_put(text, "\"", 1);
}

void text_number(struct text *text, double value)
{
	char digits[LWM2M_VALUE_TEXT_MAX];

	if (!isfinite(value)) {
		text_words(text, "null");       /* JSON has no word for it */
		return;
	}
	text_put(text, digits, lwm2m_float_format(value, digits));
}

void text_unsigned(struct text *text, uint64_t value)
{
	char digits[24];

	text_put(text, digits,
		 (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value));
}

void text_time(struct text *text, int64_t time)
{
	int64_t seconds = time / 1000 / MILLISECOND;
	struct tm tm;
	time_t clock = (time_t)seconds;
	char words[48];
	size_t size = gmtime_r(&clock, &tm) == NULL ? 0 :
		      strftime(words, sizeof(words), "\"%Y-%m-%dT%H:%M:%S", &tm);

	if (size == 0) {
		text_words(text, "null");
		return;
	}
	text_put(text, words, size);
	text_put(text, words, (size_t)snprintf(words, sizeof(words), ".%03dZ\"",
					       (int)(time / MILLISECOND % 1000)));
}

void text_value(struct text *text, const struct lwm2m_value *value)
{
	char words[LWM2M_VALUE_TEXT_MAX];

	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		text_put(text, words, (size_t)snprintf(words, sizeof(words), "%lld",
						       (long long)value->v.i));
		break;
	case LWM2M_UNSIGNED:
		text_unsigned(text, value->v.u);
		break;
	case LWM2M_FLOAT:
		text_number(text, value->v.f);
		break;
	case LWM2M_BOOLEAN:
		text_words(text, value->v.b ? "true" : "false");
		break;
	case LWM2M_LINK:
		text_put(text, "\"", 1);
		text_put(text, words, lwm2m_link_format(value->v.link, words));
		text_put(text, "\"", 1);
		break;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
	case LWM2M_PLAIN:
		text_string(text, value->v.x.at, value->v.x.size);
		break;
	case LWM2M_OPAQUE:
	case LWM2M_RAW:
		text_base64(text, value->v.x.at, value->v.x.size);
		break;
	case LWM2M_NONE:
	case LWM2M_NULL:
		text_words(text, "null");
		break;
	}
}

void text_record(struct text *text, const struct lwm2m_record *record)
{
	char path[LWM2M_PATH_MAX];
	char name[TEXT_NAME_MAX];

	text_words(text, "{\"path\":");
	text_string(text, path, lwm2m_path_format(&record->path, path));
	text_words(text, ",\"name\":");
	text_string(text, name, text_name(&record->path, name));
	text_words(text, ",\"value\":");
	text_value(text, &record->value);
	if (record->time != 0) {
		text_words(text, ",\"time\":");
		text_time(text, record->time);
	}
	text_put(text, "}", 1);
}

/* ---- names ---- */

bool text_resource(const struct lwm2m_path *path, struct lwm2m_resource *resource_out)
{
	const struct lwm2m_object *object = path->depth < LWM2M_RESOURCE ? NULL :
					    lwm2m_object_find(path->ids[0]);

	return object != NULL && lwm2m_resource_find(object, path->ids[2], resource_out);
}

size_t text_name(const struct lwm2m_path *path, char *out)
{
	const struct lwm2m_object *object = path->depth == 0 ? NULL :
					    lwm2m_object_find(path->ids[0]);
	struct lwm2m_resource resource;
	size_t size = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < path->depth && size < TEXT_NAME_MAX; i++) {
		const char *slash = i == 0 ? "" : "/";
		const char *name = NULL;

		if (i == 0 && object != NULL) {
			name = object->name;
		} else if (i == 2 && text_resource(path, &resource)) {
			name = resource.name;
		}
		size += (size_t)(name != NULL ?
				 snprintf(out + size, TEXT_NAME_MAX - size, "%s%s", slash, name) :
				 snprintf(out + size, TEXT_NAME_MAX - size, "%s%u", slash,
					  path->ids[i]));
	}
	return size < TEXT_NAME_MAX ? size : TEXT_NAME_MAX - 1;
}

static const struct lwm2m_object *text_find_object(const char *name, size_t size)
{
	for (size_t i = 0; i < lwm2m_objects_core_count + lwm2m_objects_ipso_count; i++) {
		size_t beyond = lwm2m_objects_core_count;
		const struct lwm2m_object *object = i < beyond ? &lwm2m_objects_core[i] :
						    &lwm2m_objects_ipso[i - beyond];

		if (strlen(object->name) == size && strncasecmp(object->name, name, size) == 0) {
			return object;
		}
	}
	return NULL;
}

/* Below an object of this name: is there a resource of that name? */
static bool text_find_resource(const struct lwm2m_object *object, const char *name, size_t size,
			       uint16_t *id_out)
{
	for (size_t i = 0; i < object->own_count + object->shared_count; i++) {
		uint16_t id = i < object->own_count ? object->own[i].id :
			      object->shared[i - object->own_count];
		struct lwm2m_resource resource;

		if (lwm2m_resource_find(object, id, &resource) && resource.name != NULL &&
		    strlen(resource.name) == size &&
		    strncasecmp(resource.name, name, size) == 0) {
			*id_out = id;
			return true;
		}
	}
	return false;
}

static int text_parse_id(const char *text, size_t size, uint16_t *id_out)
{
	int64_t number;

	if (lwm2m_integer_parse(text, size, &number) != 0 || number < 0 || number > 65535) {
		return -EPROTO;
	}
	*id_out = (uint16_t)number;
	return 0;
}

/* text: object name, then instance, resource name or number, resource instance */
static int text_parse_names(const char *text, struct lwm2m_path *path)
{
	const struct lwm2m_object *object = NULL;

	for (unsigned level = 0; *text != '\0'; level++) {
		size_t size = strcspn(text, "/");
		uint16_t id = 0;

		if (level == 0) {
			object = text_find_object(text, size);
			if (object == NULL) {
				return -EPROTO;
			}
			id = object->id;
		} else if (level >= LWM2M_PATH_IDS ||
			   ((level != 2 || !text_find_resource(object, text, size, &id)) &&
			    text_parse_id(text, size, &id) != 0)) {
			return -EPROTO;
		}
		path->ids[level] = id;
		path->depth = (uint8_t)(level + 1);
		text += size + (text[size] == '/' ? 1 : 0);
	}
	return path->depth == 0 ? -EPROTO : 0;
}

int text_path(const char *text, struct lwm2m_path *path_out)
{
	const char *names = text + (text[0] == '/' ? 1 : 0);
	struct lwm2m_path path = {0};
	const char *slash;

	if (text_parse_names(names, &path) == 0) {
		*path_out = path;
		return 0;
	}
	if (text[0] == '/' && lwm2m_path_parse(text, strlen(text), &path) == 0) {
		*path_out = path;
		return 0;
	}
	/* a prefix, then names */
	slash = strchr(names, '/');
	memset(&path, 0, sizeof(path));
	if (slash == NULL || !lwm2m_prefix_is_valid(names, (size_t)(slash - names)) ||
	    slash - names > LWM2M_PREFIX_MAX || text_parse_names(slash + 1, &path) != 0) {
		return -EPROTO;
	}
	path.prefix = names;
	path.prefix_size = (uint8_t)(slash - names);
	*path_out = path;
	return 0;
}
