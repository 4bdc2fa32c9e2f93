/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that a caller sends: see body.h. */
#include "modules/lwm2m_server/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json/json_in.h"
#include "proto/lwm2m/base64.h"

#define SECOND        INT64_C(1000000000)

struct body_parser {
	struct body *body;
	const struct catalog *catalog;
	struct json_in in;
	const char *why;
};

static int body_fail(struct body_parser *parser, const char *why)
{
	parser->why = why;
	return -EPROTO;
}

/* A copy with a NUL. There is room: it is shorter than what it came from. */
static char *body_keep(struct body *body, const struct json_in_token *token)
{
	char *at = body->memory + body->used;

	if (token->size > 0) {
		memcpy(at, token->text, token->size);
	}
	at[token->size] = '\0';
	body->used += token->size + 1;
	return at;
}

static int body_next(struct body_parser *parser, struct json_in_token *token)
{
	return json_in_next(&parser->in, token) == 0 ? 0 :
	       body_fail(parser, "the body is not JSON");
}

int body_add_device(struct body *body, const char *endpoint)
{
	if (!lwm2m_endpoint_is_valid(endpoint, strlen(endpoint))) {
		return -EPROTO;
	}
	if (body->device_count == body->device_room) {
		size_t room = body->device_room == 0 ? 16 : body->device_room * 2;
		const char **devices = realloc(body->devices, room * sizeof(*devices));

		if (devices == NULL) {
			return -ENOMEM;
		}
		body->devices = devices;
		body->device_room = room;
	}
	body->devices[body->device_count++] = endpoint;
	return 0;
}

static int body_parse_device(struct body_parser *parser, const struct json_in_token *token)
{
	int rc = token->kind != JSON_IN_TEXT || memchr(token->text, '\0', token->size) != NULL ?
		 -EPROTO : body_add_device(parser->body, body_keep(parser->body, token));

	return rc != -EPROTO ? rc : body_fail(parser, "a device is not the name of an endpoint");
}

static int body_add_path(struct body_parser *parser, const struct json_in_token *token)
{
	struct body *body = parser->body;
	struct body_item *item = &body->items[body->item_count];

	if (body->item_count == BODY_ITEMS_MAX) {
		return body_fail(parser, "more than 256 paths");
	}
	if (token->kind != JSON_IN_TEXT && token->kind != JSON_IN_KEY) {
		return body_fail(parser, "a path is not a text");
	}
	item->words = body_keep(body, token);
	if (catalog_path(parser->catalog, item->words, &item->path) != 0) {
		return body_fail(parser, "a path is neither of numbers nor of known names");
	}
	body->item_count++;
	return 0;
}

static bool body_is_in_range(const struct lwm2m_value *value, const struct lwm2m_resource *resource)
{
	double number;

	switch (value->type) {
	case LWM2M_INTEGER:
		number = (double)value->v.i;
		break;
	case LWM2M_UNSIGNED:
		number = (double)value->v.u;
		break;
	case LWM2M_FLOAT:
		number = value->v.f;
		break;
	default:
		return true;    /* a range of anything else is one of lengths */
	}
	return resource->low >= resource->high ||
	       (number >= resource->low && number <= resource->high);
}

/* A scalar as a value of the resource's type, or of the nearest without one. */
static int body_value(struct body_parser *parser, const struct lwm2m_path *path,
		      const struct json_in_token *token, struct lwm2m_value *value_out)
{
	struct lwm2m_value value = {.type = LWM2M_PLAIN};
	struct lwm2m_resource resource;
	bool is_known = catalog_resource(parser->catalog, path, &resource) &&
			resource.type != LWM2M_NONE;
	char *words;

	if (token->kind == JSON_IN_TRUE || token->kind == JSON_IN_FALSE) {
		value.v.x.at = token->kind == JSON_IN_TRUE ? "1" : "0";
		value.v.x.size = 1;
		resource.type = is_known ? resource.type : LWM2M_BOOLEAN;
	} else if (token->kind == JSON_IN_NUMBER || token->kind == JSON_IN_TEXT) {
		words = body_keep(parser->body, token);
		value.v.x.at = words;
		value.v.x.size = token->size;
		if (!is_known) {
			resource.type = token->kind == JSON_IN_TEXT ? LWM2M_STRING :
					strpbrk(words, ".eE") != NULL ? LWM2M_FLOAT : LWM2M_INTEGER;
		}
	} else {
		return body_fail(parser, "a value is not a text, a number, true or false");
	}
	/* base64 gets shorter, so that it can be decoded where it is */
	if (lwm2m_value_convert(&value, (enum lwm2m_type)resource.type,
				(char *)(uintptr_t)value.v.x.at) != 0) {
		return body_fail(parser, "a value does not have the type of its resource");
	}
	if (is_known && !body_is_in_range(&value, &resource)) {
		return body_fail(parser, "a value is out of the range of its resource");
	}
	*value_out = value;
	return 0;
}

static int body_parse_values(struct body_parser *parser)
{
	struct body *body = parser->body;
	struct json_in_token token;
	int rc = body_next(parser, &token);

	if (rc == 0 && token.kind != JSON_IN_OBJECT) {
		return body_fail(parser, "`values` is not an object of paths");
	}
	body->has_values = true;
	while (rc == 0 && (rc = body_next(parser, &token)) == 0 && token.kind == JSON_IN_KEY) {
		rc = body_add_path(parser, &token);
		if (rc == 0) {
			rc = body_next(parser, &token);
		}
		if (rc == 0) {
			struct body_item *item = &body->items[body->item_count - 1];

			rc = body_value(parser, &item->path, &token, &item->value);
		}
	}
	return rc;
}

static int body_parse_list(struct body_parser *parser,
			   int (*add)(struct body_parser *, const struct json_in_token *))
{
	struct json_in_token token;
	int rc = body_next(parser, &token);

	if (rc == 0 && token.kind != JSON_IN_ARRAY) {
		return body_fail(parser, "a list is not an array");
	}
	while (rc == 0 && (rc = body_next(parser, &token)) == 0 && token.kind != JSON_IN_CLOSE) {
		rc = add(parser, &token);
	}
	return rc;
}

static int body_number(struct body_parser *parser, double high, double *number_out)
{
	struct json_in_token token;
	int rc = body_next(parser, &token);
	double number = -1;

	if (rc == 0 && (token.kind != JSON_IN_NUMBER ||
			lwm2m_float_parse(token.text, token.size, &number) != 0 ||
			number < -high || number > high)) {
		return body_fail(parser, "a number is out of range, or is none");
	}
	*number_out = number;
	return rc;
}

static int body_parse_duration(struct body_parser *parser, ew_dur *out)
{
	double seconds = 0;
	int rc = body_number(parser, BODY_SECONDS_MAX, &seconds);

	if (rc == 0 && seconds < 0.001) {
		return body_fail(parser, "a duration is not of seconds above 0");
	}
	*out = (ew_dur)(seconds * (double)SECOND);
	return rc;
}

static const struct body_attribute {
	const char *name;
	enum lwm2m_key key;
	bool is_count;
	size_t offset;
} attributes[] = {
	{"pmin", LWM2M_KEY_PMIN, true, offsetof(struct lwm2m_message, pmin)},
	{"pmax", LWM2M_KEY_PMAX, true, offsetof(struct lwm2m_message, pmax)},
	{"epmin", LWM2M_KEY_EPMIN, true, offsetof(struct lwm2m_message, epmin)},
	{"epmax", LWM2M_KEY_EPMAX, true, offsetof(struct lwm2m_message, epmax)},
	{"edge", LWM2M_KEY_EDGE, true, offsetof(struct lwm2m_message, edge)},
	{"hqmax", LWM2M_KEY_HQMAX, true, offsetof(struct lwm2m_message, hqmax)},
	{"depth", LWM2M_KEY_DEPTH, true, offsetof(struct lwm2m_message, depth)},
	{"gt", LWM2M_KEY_GT, false, offsetof(struct lwm2m_message, gt)},
	{"st", LWM2M_KEY_ST, false, offsetof(struct lwm2m_message, st)},
};

static int body_parse_attribute(struct body_parser *parser, const char *name)
{
	struct lwm2m_message *message = &parser->body->attributes;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		double number;
		int rc;

		if (strcmp(name, attributes[i].name) != 0) {
			continue;
		}
		rc = body_number(parser, 1e15, &number);
		if (rc == 0 && attributes[i].is_count &&
		    (number < 0 || number != (double)(uint64_t)number)) {
			return body_fail(parser, "an attribute is not a whole number");
		}
		if (rc != 0) {
			return rc;
		}
		if (attributes[i].is_count) {
			uint64_t count = (uint64_t)number;

			memcpy((char *)message + attributes[i].offset, &count, sizeof(count));
		} else {
			memcpy((char *)message + attributes[i].offset, &number, sizeof(number));
		}
		message->has |= UINT32_C(1) << attributes[i].key;
		return 0;
	}
	return body_fail(parser, strcmp(name, "lt") == 0 ?
			 "`lt` cannot be said over MQTT" : "the body has a key that is not known");
}

static int body_parse_mode(struct body_parser *parser, const struct json_in_token *token)
{
	parser->body->is_partial = token->size == 7 && memcmp(token->text, "partial", 7) == 0;
	return parser->body->is_partial ||
	       (token->size == 7 && memcmp(token->text, "replace", 7) == 0) ? 0 :
	       body_fail(parser, "`mode` is neither replace nor partial");
}

static int body_parse_observation(struct body_parser *parser)
{
	double number = 0;
	int rc = body_number(parser, 4294967295.0, &number);

	if (rc == 0 && number < 1) {
		return body_fail(parser, "`observation` is not a token");
	}
	parser->body->observation = rc == 0 ? (uint64_t)number : 0;
	return rc;
}

static int body_parse_install(struct body_parser *parser)
{
	struct json_in_token token;
	int rc = body_next(parser, &token);

	if (rc == 0 && token.kind != JSON_IN_TRUE && token.kind != JSON_IN_FALSE) {
		return body_fail(parser, "`install` is neither true nor false");
	}
	parser->body->downloads_only = token.kind == JSON_IN_FALSE;
	return rc;
}

static int body_parse_package(struct body_parser *parser)
{
	struct body *body = parser->body;
	struct json_in_token token;
	int rc = body_next(parser, &token);
	char *kept;

	if (rc == 0 && token.kind != JSON_IN_TEXT) {
		return body_fail(parser, "`package` is not a text");
	}
	if (rc == 0) {
		kept = body_keep(body, &token); /* base64 gets shorter where it is */
		body->package.at = kept;
		if (base64_decode(kept, token.size, kept, &body->package.size) != 0) {
			return body_fail(parser, "`package` is not base64");
		}
	}
	return rc;
}

/* A key of a firmware update. -ENOENT: another key. */
static int body_parse_firmware(struct body_parser *parser, const char *key)
{
	struct body *body = parser->body;
	struct json_in_token token;
	int rc = -ENOENT;

	if (strcmp(key, "uri") == 0) {
		rc = body_next(parser, &token);
		if (rc == 0 && token.kind != JSON_IN_TEXT) {
			return body_fail(parser, "`uri` is not a text");
		}
		body->uri = rc == 0 ? body_keep(body, &token) : NULL;
	} else if (strcmp(key, "package") == 0) {
		rc = body_parse_package(parser);
	} else if (strcmp(key, "install") == 0) {
		rc = body_parse_install(parser);
	} else if (strcmp(key, "within") == 0) {
		rc = body_parse_duration(parser, &body->within);
	}
	body->has_firmware = body->has_firmware || rc != -ENOENT;
	return rc;
}

/* A key whose value is one text. -ENOENT: another key. */
static int body_parse_text(struct body_parser *parser, const char *key)
{
	struct json_in_token token;
	bool is_device = strcmp(key, "device") == 0;
	bool is_path = strcmp(key, "path") == 0;
	bool is_mode = strcmp(key, "mode") == 0;
	int rc;

	if (!is_device && !is_path && !is_mode && strcmp(key, "argument") != 0) {
		return -ENOENT;
	}
	rc = body_next(parser, &token);
	if (rc == 0 && token.kind != JSON_IN_TEXT) {
		return body_fail(parser, "a text was expected");
	}
	if (rc != 0) {
		return rc;
	}
	if (is_device) {
		return body_parse_device(parser, &token);
	}
	if (is_path) {
		return body_add_path(parser, &token);
	}
	if (is_mode) {
		return body_parse_mode(parser, &token);
	}
	parser->body->argument = body_keep(parser->body, &token);
	return 0;
}

static int body_parse_key(struct body_parser *parser, const char *key)
{
	int rc = body_parse_text(parser, key);

	if (rc == -ENOENT) {
		rc = body_parse_firmware(parser, key);
	}
	if (rc != -ENOENT) {
		return rc;
	}
	if (strcmp(key, "devices") == 0) {
		return body_parse_list(parser, body_parse_device);
	}
	if (strcmp(key, "paths") == 0) {
		return body_parse_list(parser, body_add_path);
	}
	if (strcmp(key, "values") == 0) {
		return body_parse_values(parser);
	}
	if (strcmp(key, "timeout") == 0) {
		return body_parse_duration(parser, &parser->body->timeout);
	}
	if (strcmp(key, "queue") == 0) {
		return body_parse_duration(parser, &parser->body->queue);
	}
	if (strcmp(key, "observation") == 0) {
		return body_parse_observation(parser);
	}
	return body_parse_attribute(parser, key);
}

static int body_parse_all(struct body_parser *parser)
{
	struct json_in_token token;
	/* `value` may come before the `path` that says its type */
	struct json_in_token value = {.kind = JSON_IN_END};
	struct body *body = parser->body;
	int rc = body_next(parser, &token);

	if (rc == 0 && token.kind != JSON_IN_OBJECT) {
		return body_fail(parser, "the body is not a JSON object");
	}
	while (rc == 0 && (rc = body_next(parser, &token)) == 0 && token.kind == JSON_IN_KEY) {
		if (token.size == 5 && memcmp(token.text, "value", 5) == 0) {
			rc = body_next(parser, &value);
		} else {
			rc = body_parse_key(parser, body_keep(body, &token));
		}
	}
	if (rc == 0) {
		rc = body_next(parser, &token);
	}
	if (rc != 0 || value.kind == JSON_IN_END) {
		return rc;
	}
	if (body->item_count != 1 || body->has_values) {
		return body_fail(parser, "`value` goes with one `path`");
	}
	body->has_values = true;
	return body_value(parser, &body->items[0].path, &value, &body->items[0].value);
}

int body_parse(struct body *body, const struct catalog *catalog, const char *json, size_t size,
	       const char **why_out)
{
	struct body_parser parser = {.body = body, .catalog = catalog};
	int rc;

	memset(body, 0, sizeof(*body));
	/* texts with a NUL each, and below them scratch for escapes */
	body->memory = malloc(2 * size + 2);
	if (body->memory == NULL) {
		return -ENOMEM;
	}
	json_in_begin(&parser.in, json, size);
	json_in_scratch(&parser.in, body->memory + size + 1, size + 1);
	rc = body_parse_all(&parser);
	if (rc == 0 && body->device_count == 0) {
		rc = body_fail(&parser, "there is no `device` and no `devices`");
	}
	*why_out = parser.why;
	return rc;
}

/* One record of a pack as an item. */
static const char *body_take_record(struct body *body, const struct catalog *catalog,
				    const struct lwm2m_record *record, char *scratch)
{
	struct body_item *item = &body->items[body->item_count];
	struct lwm2m_resource resource;

	if (body->item_count == BODY_ITEMS_MAX) {
		return "more than 256 paths";
	}
	*item = (struct body_item){.path = record->path, .value = record->value};
	if (record->path.prefix_size > 0) {
		memcpy(item->prefix, record->path.prefix, record->path.prefix_size);
		item->path.prefix = item->prefix;
	}
	if (record->value.type == LWM2M_NONE || record->value.type == LWM2M_NULL) {
		return "a record has no value";
	}
	if (catalog_resource(catalog, &item->path, &resource) && resource.type != LWM2M_NONE) {
		if (lwm2m_value_convert(&item->value, (enum lwm2m_type)resource.type,
					scratch) != 0) {
			return "a value does not have the type of its resource";
		}
		if (!body_is_in_range(&item->value, &resource)) {
			return "a value is out of the range of its resource";
		}
	}
	body->item_count++;
	return NULL;
}

int body_parse_pack(struct body *body, const struct catalog *catalog, const char *json, size_t size,
		    const char **why_out)
{
	struct lwm2m_source source = {.bytes = json, .size = size, .scratch_size = size};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	const char *why = NULL;
	int rc;

	memset(body, 0, sizeof(*body));
	/* texts with escapes, and those that are converted, each its own place in order */
	body->memory = malloc(2 * size + 2);
	if (body->memory == NULL) {
		return -ENOMEM;
	}
	source.scratch = body->memory;
	body->has_values = true;
	rc = lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_SENML_JSON, &source);
	while (rc >= 0 && why == NULL && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		size_t converted = size + body->used;

		why = body_take_record(body, catalog, &record, body->memory + converted);
		body->used += lwm2m_value_has_text(&record.value) ? record.value.v.x.size : 0;
	}
	*why_out = rc < 0 ? "the body is not a SenML pack" : why == NULL && body->item_count == 0 ?
		   "the pack has no records" : why;
	return *why_out != NULL ? -EPROTO : 0;
}

void body_free(struct body *body)
{
	free(body->devices);
	free(body->memory);
	body->devices = NULL;
	body->memory = NULL;
}
