/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the split profile, written: see split.h. */
#include <errno.h>
#include <string.h>

#include "proto/json/json_out.h"
#include "proto/json/number.h"
#include "proto/lwm2m/format.h"
#include "proto/lwm2m/link.h"
#include "proto/lwm2m/object.h"
#include "proto/lwm2m/split.h"

#define MILLISECOND  INT64_C(1000000)

/* Nothing but a brace stands before the first key. */
static void split_key(struct bytes *out, const char *key)
{
	if (out->size > 0 && out->at[out->size - 1] != '{') {
		bytes_char(out, ',');
	}
	json_out_string(out, key);
	bytes_char(out, ':');
}

static void split_quoted(struct bytes *out, const char *text, size_t size)
{
	bytes_char(out, '"');
	json_out_text(out, text, size);
	bytes_char(out, '"');
}

static void split_text(struct bytes *out, const char *key, struct lwm2m_text text)
{
	split_key(out, key);
	split_quoted(out, text.at, text.size);
}

static void split_words(struct bytes *out, const char *key, const char *words)
{
	split_text(out, key, (struct lwm2m_text){words, strlen(words)});
}

static void split_put_unsigned(struct bytes *out, uint64_t value)
{
	char *at = bytes_room(out, NUMBER_SIZE);

	if (at != NULL) {
		bytes_grow(out, number_u64(at, value));
	}
}

static void split_put_integer(struct bytes *out, int64_t value)
{
	char *at = bytes_room(out, NUMBER_SIZE);

	if (at != NULL) {
		bytes_grow(out, number_i64(at, value));
	}
}

static void split_put_double(struct bytes *out, double value)
{
	char *at = bytes_room(out, NUMBER_SIZE);

	if (at != NULL) {
		bytes_grow(out, number_f64(at, value, false));
	}
}

static void split_unsigned(struct bytes *out, const char *key, uint64_t value)
{
	split_key(out, key);
	split_put_unsigned(out, value);
}

/* Milliseconds, with as many decimals as there are nanoseconds. */
static void split_time(struct bytes *out, int64_t time)
{
	uint64_t rest = (uint64_t)(time % MILLISECOND);
	char decimals[] = ".000000";

	if (time <= 0) {
		return;
	}
	split_unsigned(out, "timestamp", (uint64_t)(time / MILLISECOND));
	if (rest == 0) {
		return;
	}
	for (size_t i = 6; i > 0; i--) {
		decimals[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	bytes_text(out, decimals);
}

/* ---- values ---- */

/* What the format could not tell, the definition does. */
static int split_typed(struct lwm2m_value *value, const struct lwm2m_path *path)
{
	const struct lwm2m_object *object = path->depth < LWM2M_RESOURCE ? NULL :
					    lwm2m_object_find(path->ids[0]);
	struct lwm2m_resource resource;

	if (value->type != LWM2M_RAW && value->type != LWM2M_PLAIN) {
		return 0;
	}
	if (object == NULL || !lwm2m_resource_find(object, path->ids[2], &resource) ||
	    resource.type == LWM2M_OPAQUE) {
		return lwm2m_value_convert(value, LWM2M_STRING, NULL);
	}
	return lwm2m_value_convert(value, (enum lwm2m_type)resource.type, NULL);
}

static int split_value(struct bytes *out, const struct lwm2m_record *record)
{
	struct lwm2m_value value = record->value;
	char text[LWM2M_VALUE_TEXT_MAX];

	if (split_typed(&value, &record->path) != 0) {
		return -EINVAL;
	}
	switch (value.type) {
	case LWM2M_NONE:
	case LWM2M_NULL:
		bytes_text(out, "null");
		return 0;
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		split_put_integer(out, value.v.i);
		return 0;
	case LWM2M_UNSIGNED:
		split_put_unsigned(out, value.v.u);
		return 0;
	case LWM2M_FLOAT:
		if (value.v.f - value.v.f != 0) {
			return -EINVAL;         /* JSON has no word for it */
		}
		split_put_double(out, value.v.f);
		return 0;
	case LWM2M_BOOLEAN:
		bytes_text(out, value.v.b ? "true" : "false");
		return 0;
	case LWM2M_LINK:
		(void)lwm2m_link_format(value.v.link, text);
		json_out_string(out, text);
		return 0;
	case LWM2M_OPAQUE:
		bytes_char(out, '"');
		json_out_base64(out, value.v.x.at, value.v.x.size);
		bytes_char(out, '"');
		return 0;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
		split_quoted(out, value.v.x.at, value.v.x.size);
		return 0;
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		break;
	}
	return -EINVAL;
}

static void split_path(struct bytes *out, const struct lwm2m_path *path)
{
	static const char *const names[] = {"objectId", "instanceId", "resourceId"};
	char text[LWM2M_PATH_MAX];

	split_text(out, "path", (struct lwm2m_text){text, lwm2m_path_format(path, text)});
	for (size_t i = 0; path->prefix_size == 0 && i < path->depth && i < 3; i++) {
		split_unsigned(out, names[i], path->ids[i]);
	}
}

static int split_decoder(struct lwm2m_decoder *decoder, const struct lwm2m_message *message,
			 const struct lwm2m_path *base)
{
	const struct lwm2m_source source = {
		.bytes = message->payload.at, .size = message->payload.size, .base = *base,
	};

	return message->ct > UINT16_MAX ||
	       lwm2m_decoder_begin(decoder, (unsigned)message->ct, &source) != 0 ? -EINVAL : 0;
}

/* One record as a value with its path, several as an object of paths. */
static int split_payload(struct bytes *out, const struct lwm2m_message *message,
			 const struct lwm2m_path *base)
{
	struct lwm2m_decoder decoder, first;
	struct lwm2m_record record;
	char text[LWM2M_PATH_MAX];
	size_t count = 0;
	bool is_at_base = false;        /* which a request has said already */
	int rc = split_decoder(&decoder, message, base);

	first = decoder;
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		is_at_base = lwm2m_path_equal(&record.path, base);
		count++;
	}
	decoder = first;
	if (rc != 0) {
		return -EINVAL;
	}
	/* where nothing was said, the record says it; a prefix alone is said too */
	if (count == 1 && (is_at_base || (base->depth == 0 && base->prefix_size == 0))) {
		if (lwm2m_decoder_next(&decoder, &record) != 1) {
			return -EINVAL;
		}
		if (!is_at_base) {
			split_path(out, &record.path);
		}
		split_key(out, "value");
		return split_value(out, &record);
	}
	split_key(out, "values");
	bytes_char(out, '{');
	while (rc == 0 && count-- > 0) {
		if (lwm2m_decoder_next(&decoder, &record) != 1) {
			return -EINVAL;
		}
		(void)lwm2m_path_format(&record.path, text);
		split_key(out, text);
		rc = split_value(out, &record);
	}
	bytes_char(out, '}');
	return rc;
}

/* ---- trees ---- */

/* An object under way; where it ends with a colon, its last key has no value yet. */
struct split_tree {
	struct bytes *out;
	struct lwm2m_path path;         /* of the last one */
	char prefix[LWM2M_PREFIX_MAX];
	unsigned open;                  /* braces */
};

static bool split_ends(const struct bytes *out, char c)
{
	return out->size > 0 && out->at[out->size - 1] == c;
}

static void split_tree_begin(struct split_tree *tree, struct bytes *out)
{
	memset(tree, 0, sizeof(*tree));
	tree->out = out;
	split_key(out, "objects");
}

static void split_tree_open(struct split_tree *tree)
{
	if (split_ends(tree->out, ':')) {
		bytes_char(tree->out, '{');
		tree->open++;
	}
}

static void split_tree_close(struct split_tree *tree, unsigned open)
{
	if (split_ends(tree->out, ':')) {
		bytes_text(tree->out, "{}");
	}
	for (; tree->open > open; tree->open--) {
		bytes_char(tree->out, '}');
	}
}

static void split_tree_key(struct split_tree *tree, const char *key, size_t size)
{
	split_tree_open(tree);
	if (!split_ends(tree->out, '{')) {
		bytes_char(tree->out, ',');
	}
	bytes_char(tree->out, '"');
	bytes_add(tree->out, key, size);
	bytes_text(tree->out, "\":");
}

/* Open the way to a path that comes after the last one; its value follows. */
static void split_tree_go(struct split_tree *tree, const struct lwm2m_path *path)
{
	unsigned prefixed = path->prefix_size > 0 ? 1 : 0;
	bool same = tree->path.prefix_size == path->prefix_size &&
		    (prefixed == 0 || memcmp(tree->prefix, path->prefix, path->prefix_size) == 0);
	unsigned level = 0;

	split_tree_open(tree);
	while (same && level < path->depth && level < tree->path.depth &&
	       path->ids[level] == tree->path.ids[level]) {
		level++;
	}
	split_tree_close(tree, same ? 1 + prefixed + level : 1);
	if (!same && prefixed != 0) {
		split_tree_key(tree, path->prefix, path->prefix_size);
		memcpy(tree->prefix, path->prefix, path->prefix_size);
	}
	for (; level < path->depth; level++) {
		char number[NUMBER_SIZE];

		split_tree_key(tree, number, number_u64(number, path->ids[level]));
	}
	tree->path = *path;
	tree->path.prefix = tree->prefix;
}

/* The list of a Register: what there is, and as text with all that it says. */
static int split_links(struct bytes *out, struct lwm2m_text text)
{
	struct lwm2m_links links;
	struct lwm2m_link link;
	struct split_tree tree;
	int rc;

	split_tree_begin(&tree, out);
	lwm2m_links_begin(&links, text.at, text.size);
	while ((rc = lwm2m_links_next(&links, &link)) > 0) {
		/* in order, each once: else the text alone says it */
		if (link.path.prefix_size == 0 &&
		    lwm2m_path_compare(&link.path, &tree.path) > 0) {
			split_tree_go(&tree, &link.path);
		}
	}
	split_tree_close(&tree, 0);
	split_text(out, "links", text);
	return rc == 0 ? 0 : -EINVAL;
}

/* A Send: an entry for all that has one time and comes in order. */
static int split_bulk(struct bytes *out, const struct lwm2m_message *message)
{
	const struct lwm2m_path root = {0};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	struct split_tree tree = {0};
	int64_t time = 0;
	size_t count = 0;
	int rc = split_decoder(&decoder, message, &root);

	split_key(out, "bulk_operations");
	bytes_char(out, '[');
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		if (count == 0 || record.time != time ||
		    lwm2m_path_compare(&record.path, &tree.path) <= 0) {
			if (count > 0) {
				split_tree_close(&tree, 0);
				bytes_text(out, "},");
			}
			bytes_text(out, "{\"operation\":\"update\"");
			split_time(out, record.time);
			split_tree_begin(&tree, out);
			time = record.time;
			count++;
		}
		split_tree_go(&tree, &record.path);
		rc = split_value(out, &record);
	}
	if (count > 0) {
		split_tree_close(&tree, 0);
		bytes_char(out, '}');
	}
	bytes_char(out, ']');
	split_unsigned(out, "bulk_size", count);
	return rc == 0 ? 0 : -EINVAL;
}

/* ---- messages ---- */

static int split_paths(struct bytes *out, struct lwm2m_text paths)
{
	const struct lwm2m_source source = {.bytes = paths.at, .size = paths.size};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	char text[LWM2M_PATH_MAX];
	int rc = lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_ETCH_CBOR, &source);

	split_key(out, "paths");
	bytes_char(out, '[');
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		(void)lwm2m_path_format(&record.path, text);
		if (!split_ends(out, '[')) {
			bytes_char(out, ',');
		}
		json_out_string(out, text);
	}
	bytes_char(out, ']');
	return rc == 0 ? 0 : -EINVAL;
}

static void split_attributes(struct bytes *out, const struct lwm2m_message *message)
{
	const struct {
		const char *name;
		uint32_t bit;
		bool is_whole;
		uint64_t whole;
		double number;
	} attributes[] = {
		{"pmin", LWM2M_HAS(PMIN), true, message->pmin, 0},
		{"pmax", LWM2M_HAS(PMAX), true, message->pmax, 0},
		{"epmin", LWM2M_HAS(EPMIN), true, message->epmin, 0},
		{"epmax", LWM2M_HAS(EPMAX), true, message->epmax, 0},
		{"edge", LWM2M_HAS(EDGE), true, message->edge, 0},
		{"hqmax", LWM2M_HAS(HQMAX), true, message->hqmax, 0},
		{"gt", LWM2M_HAS(GT), false, 0, message->gt},
		{"st", LWM2M_HAS(ST), false, 0, message->st},
		{"lt", LWM2M_HAS(LT), false, 0, message->lt},
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if ((message->unset & attributes[i].bit) != 0) {
			split_key(out, attributes[i].name);
			bytes_text(out, "null");
		} else if ((message->has & attributes[i].bit) != 0 && attributes[i].is_whole) {
			split_unsigned(out, attributes[i].name, attributes[i].whole);
		} else if ((message->has & attributes[i].bit) != 0) {
			split_key(out, attributes[i].name);
			split_put_double(out, attributes[i].number);
		}
	}
}

/* What a client says of itself. */
static int split_registration(struct bytes *out, const struct lwm2m_message *message,
			      const struct lwm2m_split_about *about)
{
	split_words(out, "endpoint", about->endpoint);
	if ((message->has & LWM2M_HAS(LIFETIME)) != 0) {
		split_unsigned(out, "lifetime", message->lifetime);
	}
	if ((message->has & LWM2M_HAS(VERSION)) != 0) {
		split_text(out, "version", message->version);
	}
	if ((message->has & LWM2M_HAS(BINDING)) != 0) {
		split_text(out, "bindingMode", message->binding);
	}
	return (message->has & LWM2M_HAS(PAYLOAD)) != 0 ? split_links(out, message->payload) : 0;
}

static int split_request(struct bytes *out, const struct lwm2m_message *message,
			 const struct lwm2m_split_about *about)
{
	struct lwm2m_path path = {0};
	int rc = 0;

	if (message->operation == LWM2M_OP_REGISTER || message->operation == LWM2M_OP_UPDATE) {
		return split_registration(out, message, about);
	}
	if (message->operation == LWM2M_OP_SEND) {
		split_words(out, "device_id", about->endpoint);
		return split_bulk(out, message);
	}
	if ((message->has & LWM2M_HAS(URI)) != 0) {
		if (lwm2m_path_parse(message->uri.at, message->uri.size, &path) != 0) {
			return -EINVAL;
		}
		split_path(out, &path);
	}
	if ((message->has & LWM2M_HAS(DEPTH)) != 0) {
		split_unsigned(out, "depth", message->depth);
	}
	split_attributes(out, message);
	if ((message->has & LWM2M_HAS(PATHS)) != 0) {
		rc = split_paths(out, message->paths);
	}
	if (rc != 0 || (message->has & LWM2M_HAS(PAYLOAD)) == 0) {
		return rc;
	}
	if (message->operation == LWM2M_OP_EXECUTE) {
		split_text(out, "arguments", message->payload);
		return 0;
	}
	return split_payload(out, message, &path);
}

static int split_answer(struct bytes *out, const struct lwm2m_message *message,
			const struct lwm2m_split_about *about)
{
	const struct lwm2m_split_row *row = lwm2m_split_row_find(message->operation);
	const struct lwm2m_path root = {0};
	bool done = message->result < LWM2M_BAD_REQUEST;

	split_unsigned(out, "result", message->result);
	split_words(out, "status", done ? row->status : "error");
	if (message->operation == LWM2M_OP_SEND) {
		split_unsigned(out, "bulk_size", about->operations);
		split_unsigned(out, "processed_operations", done ? about->accepted : 0);
	}
	if (message->operation == LWM2M_OP_REGISTER && done) {
		split_key(out, "location");
		bytes_text(out, "\"/rd/");
		json_out_text(out, about->endpoint, strlen(about->endpoint));
		bytes_char(out, '"');
		split_unsigned(out, "lifetime", about->lifetime);
	}
	if ((message->has & LWM2M_HAS(PAYLOAD)) == 0) {
		return 0;
	}
	if (message->operation == LWM2M_OP_DISCOVER) {
		split_text(out, "links", message->payload);
		return 0;
	}
	return split_payload(out, message, &root);
}

int lwm2m_split_encode(const struct lwm2m_message *message, const struct lwm2m_split_about *about,
		       struct bytes *out)
{
	int rc;

	if (lwm2m_split_level(message) == NULL) {
		return -ENOTSUP;
	}
	bytes_char(out, '{');
	if (message->token < LWM2M_SPLIT_NO_ID) {
		split_unsigned(out, "id", message->token);
	}
	rc = (message->has & LWM2M_HAS(RESULT)) != 0 ? split_answer(out, message, about) :
	     split_request(out, message, about);
	split_time(out, about->now);
	bytes_char(out, '}');
	return rc != 0 ? rc : out->failed ? -ENOMEM : 0;
}
