/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the split profile, read: see split.h. Members come in any order, so
 * an object is looked over first; trees and lists in it are then read from where
 * they began.
 */
#include <errno.h>
#include <string.h>

#include "proto/lwm2m/format.h"
#include "proto/lwm2m/link.h"
#include "proto/lwm2m/object.h"
#include "proto/lwm2m/split.h"
#include "proto/lwm2m/split_members.h"

#define EXPANSION  8u           /* bytes of CBOR for one of JSON at most */

/* ---- values ---- */

/* Records on their way to SenML CBOR, and the list of what there is. */
struct split_records {
	struct lwm2m_encoder encoder;
	struct lwm2m_links_out links;
	int64_t time;                   /* of those that come */
	bool is_timed;                  /* the sender says when they were */
	size_t count;
};

static int split_scalar(const struct json_in_token *token, struct lwm2m_value *value_out)
{
	struct lwm2m_value value = {.type = LWM2M_PLAIN, .v.x = {token->text, token->size}};

	switch (token->kind) {
	case JSON_IN_TEXT:
		break;
	case JSON_IN_TRUE:
	case JSON_IN_FALSE:
		value.type = LWM2M_BOOLEAN;
		value.v.b = token->kind == JSON_IN_TRUE;
		break;
	case JSON_IN_NULL:
		value.type = LWM2M_NULL;
		break;
	case JSON_IN_NUMBER:
		if (lwm2m_value_convert(&value, LWM2M_INTEGER, NULL) != 0 &&
		    lwm2m_value_convert(&value, LWM2M_UNSIGNED, NULL) != 0 &&
		    lwm2m_value_convert(&value, LWM2M_FLOAT, NULL) != 0) {
			return -EPROTO;
		}
		break;
	default:
		return -EPROTO;
	}
	*value_out = value;
	return 0;
}

/* Add a value; what the definition calls it, it becomes, where that can be. */
static int split_push(struct json_in *in, struct split_records *records,
		      const struct lwm2m_path *path, const struct json_in_token *token)
{
	const struct lwm2m_object *object = lwm2m_object_find(path->ids[0]);
	struct lwm2m_record record = {
		.path = *path, .time = records->is_timed ? records->time : 0,
	};
	struct lwm2m_resource resource;
	int rc = path->depth < LWM2M_RESOURCE ? -EPROTO : split_scalar(token, &record.value);

	if (rc != 0) {
		return rc;
	}
	if (object != NULL && lwm2m_resource_find(object, path->ids[2], &resource) &&
	    resource.type != LWM2M_NONE &&
	    (resource.type != LWM2M_OPAQUE ||
	     (size_t)(in->scratch_end - in->scratch) >= token->size)) {
		(void)lwm2m_value_convert(&record.value, (enum lwm2m_type)resource.type,
					  in->scratch);
	}
	if (record.value.type == LWM2M_PLAIN) {
		record.value.type = LWM2M_STRING;
	}
	records->count++;
	rc = lwm2m_encoder_push(&records->encoder, &record);
	return rc == -EINVAL ? -EPROTO : rc;
}

/* Below a path, whose brace has been read. It goes down by a level each time, so not deep. */
static int split_tree(struct json_in *in, struct split_records *records,
		      const struct lwm2m_path *above)
{
	struct json_in_token token;
	const uint8_t *listed;
	int rc;

	while ((rc = json_in_next(in, &token)) == 0 && token.kind == JSON_IN_KEY) {
		struct lwm2m_path path = *above;

		if (token.size == 0 || memchr(token.text, '/', token.size) != NULL ||
		    lwm2m_path_descend(&path, token.text, token.size) != 0) {
			return -EPROTO;
		}
		rc = json_in_next(in, &token);
		if (rc != 0) {
			return rc;
		}
		listed = records->links.out.at;
		rc = token.kind == JSON_IN_OBJECT ? split_tree(in, records, &path) :
		     split_push(in, records, &path, &token);
		/* an object is listed by its instances, if it has any */
		if (path.prefix_size == 0 && path.depth > 0 && path.depth <= LWM2M_INSTANCE &&
		    records->links.out.at == listed) {
			lwm2m_links_put(&records->links, &path, "");
		}
		if (rc != 0) {
			return rc;
		}
	}
	return rc;
}

/* An object of paths. */
static int split_paths_values(struct json_in *in, struct split_records *records)
{
	struct json_in_token token;
	int rc;

	while ((rc = json_in_next(in, &token)) == 0 && token.kind == JSON_IN_KEY) {
		struct lwm2m_path path;

		if (lwm2m_path_parse(token.text, token.size, &path) != 0) {
			return -EPROTO;
		}
		rc = json_in_next(in, &token);
		if (rc == 0) {
			rc = split_push(in, records, &path, &token);
		}
		if (rc != 0) {
			return rc;
		}
	}
	return rc;
}

/* All values that an object has, in whichever form. */
static int split_values(struct json_in *in, const struct split_members *members,
			const struct lwm2m_path *target, struct split_records *records)
{
	const struct lwm2m_path root = {0};
	int64_t time = split_time(members);
	struct json_in inside;
	int rc = 0;

	records->time = time != 0 ? time : records->time;
	if (split_has(members, KEY_VALUE)) {
		rc = split_push(in, records, target, &members->at[KEY_VALUE]);
	}
	if (rc == 0 && split_has(members, KEY_OBJECTS)) {
		inside = split_inside(in, members, KEY_OBJECTS);
		rc = split_tree(&inside, records, &root);
	}
	if (rc == 0 && split_has(members, KEY_VALUES)) {
		inside = split_inside(in, members, KEY_VALUES);
		rc = split_paths_values(&inside, records);
	}
	return rc;
}

/* ---- messages ---- */

struct split_in {
	struct json_in in;
	struct split_members members;
	struct split_records records;
	struct lwm2m_path target;
	char *uri;                      /* LWM2M_PATH_MAX: of a path in numbers */
	uint8_t *room;                  /* of what is made: records, then links or paths */
	size_t half;
};

/* The path: as text, or in numbers. */
static int split_target(struct split_in *split, struct lwm2m_split *out)
{
	static const enum split_key numbers[] = {KEY_OBJECT, KEY_INSTANCE, KEY_RESOURCE};
	struct lwm2m_message *message = &out->message;

	if ((message->has & LWM2M_HAS(URI)) != 0) {
		return lwm2m_path_parse(message->uri.at, message->uri.size, &split->target);
	}
	for (size_t i = 0; i < 3 && split_has(&split->members, numbers[i]); i++) {
		uint64_t id;

		if (split_whole(&split->members.at[numbers[i]], &id) != 0 || id > LWM2M_NO_ID) {
			return -EPROTO;
		}
		split->target.ids[split->target.depth++] = (uint16_t)id;
	}
	if (split->target.depth > 0) {
		message->has |= LWM2M_HAS(URI);
		message->uri = (struct lwm2m_text){
			split->uri, lwm2m_path_format(&split->target, split->uri),
		};
	}
	return 0;
}

/* What was gathered, as SenML CBOR. */
static struct lwm2m_text split_gathered(struct split_in *split)
{
	const uint8_t *at;
	size_t size;

	/* the format can say nothing too */
	return lwm2m_encoder_end(&split->records.encoder, &at, &size) != 0 ?
	       (struct lwm2m_text){NULL, 0} : (struct lwm2m_text){(const char *)at, size};
}

static void split_take_payload(struct split_in *split, struct lwm2m_message *message)
{
	message->has |= LWM2M_HAS(CT) | LWM2M_HAS(PAYLOAD);
	message->ct = LWM2M_CONTENT_SENML_CBOR;
	message->payload = split_gathered(split);
}

static int split_in_registration(struct split_in *split, struct lwm2m_split *out)
{
	struct lwm2m_message *message = &out->message;
	const struct lwm2m_links_out *links = &split->records.links;
	int rc = split_values(&split->in, &split->members, &split->target, &split->records);

	if (rc != 0) {
		return rc;
	}
	if (split_has(&split->members, KEY_LINKS)) {
		message->has |= LWM2M_HAS(PAYLOAD);
		message->payload = split_said(&split->members, KEY_LINKS);
	} else if (message->operation == LWM2M_OP_REGISTER &&
		   split_has(&split->members, KEY_OBJECTS)) {
		message->has |= LWM2M_HAS(PAYLOAD);
		message->payload.at = (const char *)split->room + split->half;
		message->payload.size = (size_t)(links->out.at - split->room) - split->half;
	}
	if (split->records.count > 0) {
		out->values = split_gathered(split);
	}
	return links->out.full ? -EMSGSIZE : 0;
}

static int split_in_bulk(struct split_in *split, struct lwm2m_split *out)
{
	struct json_in inside = split_inside(&split->in, &split->members, KEY_BULK);
	int64_t time = split_time(&split->members);
	struct split_members entry;
	struct json_in_token token;
	int rc;

	if (!split_has(&split->members, KEY_BULK)) {
		return -EPROTO;
	}
	while ((rc = json_in_next(&inside, &token)) == 0 && token.kind == JSON_IN_OBJECT) {
		rc = split_members(&inside, &entry);
		if (rc != 0) {
			return rc;
		}
		out->operations++;
		/* what else there may be is not a client's to ask */
		if (!lwm2m_text_is(split_said(&entry, KEY_OPERATION), "update")) {
			continue;
		}
		out->accepted++;
		if (split_has(&entry, KEY_LIFETIME)) {
			out->message.has |= LWM2M_HAS(LIFETIME);
		}
		split->records.time = time;
		rc = split_values(&inside, &entry, &split->target, &split->records);
		if (rc != 0) {
			return rc;
		}
	}
	if (rc != 0 || token.kind != JSON_IN_CLOSE) {
		return rc != 0 ? rc : -EPROTO;
	}
	split_take_payload(split, &out->message);
	return 0;
}

static int split_in_paths(struct split_in *split, struct lwm2m_split *out)
{
	struct json_in inside = split_inside(&split->in, &split->members, KEY_PATHS);
	const struct lwm2m_target target = {
		.bytes = split->room + split->half, .room = split->half,
	};
	struct lwm2m_encoder encoder;
	struct json_in_token token;
	const uint8_t *at;
	size_t size;
	int rc = lwm2m_encoder_begin(&encoder, LWM2M_CONTENT_ETCH_CBOR, &target);

	while (rc == 0 && (rc = json_in_next(&inside, &token)) == 0 &&
	       token.kind != JSON_IN_CLOSE) {
		struct lwm2m_record record = {.value.type = LWM2M_NONE};

		rc = token.kind != JSON_IN_TEXT ||
		     lwm2m_path_parse(token.text, token.size, &record.path) != 0 ? -EPROTO :
		     lwm2m_encoder_push(&encoder, &record);
	}
	if (rc == 0) {
		rc = lwm2m_encoder_end(&encoder, &at, &size);
	}
	if (rc != 0) {
		return rc == -EMSGSIZE ? rc : -EPROTO;
	}
	out->message.has |= LWM2M_HAS(PATHS);
	out->message.paths = (struct lwm2m_text){(const char *)at, size};
	return 0;
}

static int split_in_request(struct split_in *split, struct lwm2m_split *out)
{
	struct lwm2m_message *message = &out->message;
	int rc;

	message->has |= LWM2M_HAS(OPERATION);
	if (message->operation == LWM2M_OP_REGISTER || message->operation == LWM2M_OP_UPDATE) {
		return split_in_registration(split, out);
	}
	if (message->operation == LWM2M_OP_SEND) {
		return split_in_bulk(split, out);
	}
	if (split_has(&split->members, KEY_ARGUMENTS)) {
		message->has |= LWM2M_HAS(PAYLOAD);
		message->payload = split_said(&split->members, KEY_ARGUMENTS);
		return 0;
	}
	rc = split_has(&split->members, KEY_PATHS) ? split_in_paths(split, out) : 0;
	if (rc == 0) {
		rc = split_values(&split->in, &split->members, &split->target, &split->records);
	}
	if (rc == 0 && (split_has(&split->members, KEY_VALUE) ||
			split_has(&split->members, KEY_VALUES) ||
			split_has(&split->members, KEY_OBJECTS))) {
		split_take_payload(split, message);
	}
	return rc;
}

static int split_in_answer(struct split_in *split, struct lwm2m_split *out)
{
	struct lwm2m_message *message = &out->message;
	const struct lwm2m_operation_row *row = lwm2m_operation_find(message->operation, LWM2M_RD);
	bool failed = lwm2m_text_is(split_said(&split->members, KEY_STATUS), "error");
	int rc = 0;

	message->has |= LWM2M_HAS(RESULT);
	message->result = failed ? LWM2M_BAD_REQUEST : row->success;
	if (split_has(&split->members, KEY_RESULT)) {
		rc = split_whole(&split->members.at[KEY_RESULT], &message->result);
	}
	if (rc != 0 || row->sender == LWM2M_CLIENT) {
		return rc;
	}
	if (split_has(&split->members, KEY_LINKS)) {
		message->has |= LWM2M_HAS(CT) | LWM2M_HAS(PAYLOAD);
		message->ct = LWM2M_CONTENT_LINKS;
		message->payload = split_said(&split->members, KEY_LINKS);
		return 0;
	}
	rc = split_values(&split->in, &split->members, &split->target, &split->records);
	if (rc == 0 && (split->records.count > 0 || split_has(&split->members, KEY_VALUES))) {
		split_take_payload(split, message);
	}
	return rc;
}

/* A path, scratch for texts, then room for records, then for links or paths. */
static int split_begin(struct split_in *split, struct lwm2m_text text, struct bytes *memory)
{
	size_t scratch = 2 * text.size;
	size_t half = EXPANSION * text.size + 2 * LWM2M_RECORD_ROOM;
	struct lwm2m_target target = {.room = half};
	struct json_in_token token;
	char *at;

	memset(split, 0, sizeof(*split));
	bytes_cut(memory, 0);
	at = bytes_room(memory, LWM2M_PATH_MAX + scratch + 2 * half);
	if (at == NULL) {
		return -ENOMEM;
	}
	split->uri = at;
	at += LWM2M_PATH_MAX;
	split->room = (uint8_t *)at + scratch;
	split->half = half;
	target.bytes = split->room;
	split->records.links.out.at = split->room + half;
	split->records.links.out.end = split->room + 2 * half;
	json_in_begin(&split->in, text.at, text.size);
	json_in_scratch(&split->in, at, scratch);
	if (lwm2m_encoder_begin(&split->records.encoder, LWM2M_CONTENT_SENML_CBOR, &target) != 0 ||
	    json_in_next(&split->in, &token) != 0 || token.kind != JSON_IN_OBJECT) {
		return -EPROTO;
	}
	return 0;
}

int lwm2m_split_decode(const struct lwm2m_split_topic *topic, struct lwm2m_text text,
		       struct bytes *memory, struct lwm2m_split *split_out)
{
	struct split_in split;
	struct json_in_token token;
	int rc = split_begin(&split, text, memory);

	if (rc != 0) {
		return rc;
	}
	memset(split_out, 0, sizeof(*split_out));
	rc = split_members(&split.in, &split.members);
	if (rc == 0) {
		rc = json_in_next(&split.in, &token);
	}
	if (rc == 0) {
		rc = split_fill(&split.members, &split_out->message);
	}
	if (rc != 0) {
		return rc;
	}
	split_out->message.operation = topic->operation;
	/* a server says when it asked, a client when it was so */
	split.records.is_timed = topic->is_answer ||
		lwm2m_operation_find(topic->operation, LWM2M_RD)->sender == LWM2M_CLIENT;
	split_out->has_id = (split_out->message.has & LWM2M_HAS(TOKEN)) != 0;
	if (!split_out->has_id) {
		split_out->message.has |= LWM2M_HAS(TOKEN);
		split_out->message.token = LWM2M_SPLIT_NO_ID;
	}
	rc = split_target(&split, split_out);
	if (rc != 0) {
		return rc;
	}
	return topic->is_answer ? split_in_answer(&split, split_out) :
	       split_in_request(&split, split_out);
}
