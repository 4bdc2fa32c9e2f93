/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server changes: Write, Write-Composite, Execute, Create, Delete. See client.h.
 * Each request is checked as a whole, and done once, however often it comes.
 */
#include <errno.h>
#include <string.h>

#include "modules/lwm2m/requests.h"

#define ITEMS_MAX   64          /* resources of one write */
#define SEEN_TIME   (120 * INT64_C(1000000000))

/* The same request seen before; NULL: it is new. */
static struct client_request *changes_seen(struct client *client,
					    const struct lwm2m_message *request, ew_dur now)
{
	for (size_t i = 0; i < CLIENT_SEEN; i++) {
		struct client_request *seen = &client->seen[i];

		if (seen->is_used && seen->token == request->token &&
		    seen->operation == request->operation && now < seen->time + SEEN_TIME) {
			return seen;
		}
	}
	return NULL;
}

static void changes_remember(struct client *client, const struct lwm2m_message *request,
			      ew_dur now)
{
	client->seen[client->next_seen] = (struct client_request){
		.token = request->token, .operation = request->operation, .time = now,
		.is_used = true,
	};
	client->next_seen = (client->next_seen + 1) % CLIENT_SEEN;
}

/* Answer a request that was remembered. */
static void changes_done(struct client *client, uint64_t token, unsigned result)
{
	for (size_t i = 0; i < CLIENT_SEEN; i++) {
		if (client->seen[i].is_used && client->seen[i].token == token &&
		    client->seen[i].result == 0) {
			client->seen[i].result = result;
			client->answering = client->seen[i].operation;
		}
	}
	requests_result(client, token, result);
}

/* What one write sets: own resources, and tags. */
struct changes_write {
	struct ew_sample items[ITEMS_MAX];
	size_t count;
	const struct client_object *object;     /* whose resource `path` is; NULL: of none */
	struct lwm2m_path path;
	struct lwm2m_value value;
	bool is_full;                           /* there may be no more beside it */
	uint64_t lifetime;
	bool has_lifetime;
	bool muted;
	bool has_muted;
};

static unsigned changes_write_server(struct changes_write *write, unsigned resource,
				      struct lwm2m_value *value)
{
	if (resource == 1) {
		if (lwm2m_value_convert(value, LWM2M_INTEGER, NULL) != 0 ||
		    value->type != LWM2M_INTEGER || value->v.i < 0 || value->v.i > INT32_MAX) {
			return LWM2M_BAD_REQUEST;
		}
		write->lifetime = (uint64_t)value->v.i;
		write->has_lifetime = true;
		return 0;
	}
	if (resource == 23) {
		if (lwm2m_value_convert(value, LWM2M_BOOLEAN, NULL) != 0 ||
		    value->type != LWM2M_BOOLEAN) {
			return LWM2M_BAD_REQUEST;
		}
		write->muted = value->v.b;
		write->has_muted = true;
		return 0;
	}
	return LWM2M_NOT_ALLOWED;       /* what we are is not the server's to say */
}

/* A resource of an own object is written alone. */
static unsigned changes_write_object(struct changes_write *write,
				     const struct client_object *object,
				     const struct lwm2m_record *record)
{
	struct lwm2m_resource resource;

	if (record->path.depth != LWM2M_RESOURCE || record->path.ids[1] != 0 ||
	    !requests_defined(&record->path, &resource)) {
		return LWM2M_NOT_FOUND;
	}
	if ((resource.operations & LWM2M_WRITABLE) == 0 || object->ops->write == NULL ||
	    write->count > 0 || write->has_lifetime || write->has_muted) {
		return LWM2M_NOT_ALLOWED;
	}
	write->object = object;
	write->path = record->path;
	write->value = record->value;
	write->is_full = true;
	return 0;
}

/* 0, or the result that refuses the whole write. */
static unsigned changes_write_one(struct client *client, struct changes_write *write,
				   struct lwm2m_record *record)
{
	const struct tree_entry *entry = tree_find(client->tree, &record->path);
	const struct client_object *object = client_object_of(client, &record->path);
	struct lwm2m_resource resource;

	if (requests_is_secret(&record->path)) {
		return LWM2M_UNAUTHORIZED;
	}
	if (write->is_full) {
		return LWM2M_NOT_ALLOWED;       /* no way to do both or none */
	}
	if (object != NULL) {
		return changes_write_object(write, object, record);
	}
	if (record->path.prefix_size == 0 && record->path.ids[0] == 1 &&
	    record->path.ids[1] == 0 && record->path.depth == LWM2M_RESOURCE &&
	    requests_defined(&record->path, &resource)) {
		return changes_write_server(write, record->path.ids[2], &record->value);
	}
	if (entry == NULL) {
		struct lwm2m_value known;

		return record->path.prefix_size == 0 && record->path.depth >= LWM2M_RESOURCE &&
		       record->path.ids[0] == 3 && client_own(client, &record->path, &known) ?
		       LWM2M_NOT_ALLOWED : LWM2M_NOT_FOUND;
	}
	if (!entry->place.is_writable) {
		return LWM2M_NOT_ALLOWED;
	}
	for (size_t i = 0; i < write->count; i++) {
		if (write->items[i].tag == entry->tag) {
			return LWM2M_BAD_REQUEST;       /* twice in one request */
		}
	}
	if (write->count == ITEMS_MAX) {
		return LWM2M_TOO_LARGE;
	}
	write->items[write->count].tag = entry->tag;
	if (ipso_to_sample(&entry->place, &record->value, entry->carrier,
			   &write->items[write->count]) != 0) {
		return LWM2M_BAD_REQUEST;
	}
	write->count++;
	return 0;
}

/* Everything is checked before anything is set. */
static unsigned changes_write_all(struct client *client, const struct lwm2m_message *request,
				   const struct lwm2m_path *base, struct changes_write *write)
{
	const struct lwm2m_source source = {
		.bytes = request->payload.at, .size = request->payload.size, .base = *base,
		.scratch = client->settings.scratch, .scratch_size = CLIENT_ROOM,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	unsigned result;
	int rc = request->ct > UINT16_MAX ? -ENOTSUP :
		 lwm2m_decoder_begin(&decoder, (unsigned)request->ct, &source);

	if (rc != 0) {
		return rc == -ENOTSUP ? LWM2M_UNSUPPORTED_FORMAT : LWM2M_BAD_REQUEST;
	}
	while ((rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		if (!lwm2m_path_is_below(&record.path, base) &&
		    request->operation != LWM2M_OP_WRITE_COMPOSITE) {
			return LWM2M_BAD_REQUEST;
		}
		result = changes_write_one(client, write, &record);
		if (result != 0) {
			return result;
		}
	}
	return rc == 0 ? 0 : LWM2M_BAD_REQUEST;
}

static void changes_write(struct client *client, const struct lwm2m_message *request)
{
	struct changes_write write;
	struct lwm2m_path path = {0};
	unsigned result;

	memset(&write, 0, sizeof(write));
	if ((request->has & LWM2M_HAS(CT)) == 0 || (request->has & LWM2M_HAS(PAYLOAD)) == 0 ||
	    (request->operation != LWM2M_OP_WRITE_COMPOSITE &&
	     (lwm2m_path_parse(request->uri.at, request->uri.size, &path) != 0 ||
	      path.depth < LWM2M_INSTANCE))) {
		changes_done(client, request->token, LWM2M_BAD_REQUEST);
		return;
	}
	result = changes_write_all(client, request, &path, &write);
	if (result == 0 && write.count > 0 && (write.has_lifetime || write.has_muted)) {
		result = LWM2M_NOT_ALLOWED;     /* no way to do both or none */
	}
	if (result != 0) {
		changes_done(client, request->token, result);
		return;
	}
	if (write.object != NULL) {
		changes_done(client, request->token,
			     write.object->ops->write(write.object->arg, &write.path,
						      &write.value));
		return;
	}
	if (write.count > 0) {
		const struct client_write items = {
			.items = write.items, .count = write.count, .token = request->token,
		};
		int rc = client->ops.write(client->ops.arg, &items);

		if (rc != 0) {
			changes_done(client, request->token,
				      rc == -EINVAL ? LWM2M_NOT_ALLOWED : LWM2M_UNAVAILABLE);
		}
		return;
	}
	if (write.has_lifetime) {
		client->lifetime_differs = client->lifetime != write.lifetime;
		client->lifetime = write.lifetime;
	}
	if (write.has_muted) {
		client->muted = write.muted;
	}
	changes_done(client, request->token, LWM2M_CHANGED);
}

/* The text between the quotes of `0='...'`, or the text as it stands. */
static struct lwm2m_text changes_argument(struct lwm2m_text text)
{
	if (text.size >= 4 && memcmp(text.at, "0='", 3) == 0 && text.at[text.size - 1] == '\'') {
		return (struct lwm2m_text){text.at + 3, text.size - 4};
	}
	return text;
}

/* A tag: the argument, if there is one, is what its carrier can be. */
static void changes_execute_tag(struct client *client, const struct lwm2m_message *request,
				const struct tree_entry *entry)
{
	const struct lwm2m_text argument = changes_argument(request->payload);
	const struct ipso_place place = {
		.type = entry->carrier == EW_BOOL ? LWM2M_BOOLEAN : LWM2M_FLOAT,
	};
	const struct lwm2m_value value = {
		.type = LWM2M_PLAIN, .v.x = {argument.at, argument.size},
	};
	struct ew_sample item = {.tag = entry->tag};
	const struct client_write write = {
		.items = &item, .count = 1, .token = request->token, .is_execute = true,
	};
	int rc = argument.size == 0 ? 0 :
		 ipso_to_sample(&place, &value, entry->carrier, &item) != 0 ? -EPROTO : 0;

	if (rc == 0) {
		rc = client->ops.write(client->ops.arg, &write);
	}
	if (rc != 0) {
		changes_done(client, request->token, rc == -EPROTO ? LWM2M_BAD_REQUEST :
			     rc == -EINVAL ? LWM2M_NOT_ALLOWED : LWM2M_UNAVAILABLE);
	}
}

static void changes_execute(struct client *client, const struct lwm2m_message *request)
{
	const struct client_object *object;
	const struct tree_entry *entry;
	struct lwm2m_resource resource;
	struct lwm2m_path path;
	unsigned result = LWM2M_NOT_FOUND;

	if (lwm2m_path_parse(request->uri.at, request->uri.size, &path) != 0 ||
	    path.depth != LWM2M_RESOURCE) {
		changes_done(client, request->token, LWM2M_BAD_REQUEST);
		return;
	}
	entry = tree_find(client->tree, &path);
	object = client_object_of(client, &path);
	if (entry != NULL && entry->place.is_executable) {
		changes_execute_tag(client, request, entry);
		return;
	}
	if (requests_defined(&path, &resource) &&
	    (resource.operations & LWM2M_EXECUTABLE) == 0) {
		result = LWM2M_NOT_ALLOWED;
	} else if (object != NULL && object->ops->execute != NULL) {
		result = object->ops->execute(object->arg, &path, request->payload);
	} else if (path.prefix_size == 0 && path.ids[0] == 1 && path.ids[1] == 0 &&
		   path.ids[2] == 8) {
		client->lifetime_differs = true;        /* an Update that says something */
		result = LWM2M_CHANGED;
	}
	changes_done(client, request->token, result);
}

/*
 * Instances stand for what there is: tags, devices, the gateway itself. A server can
 * neither make one nor take it away.
 */
static void changes_instance(struct client *client, const struct lwm2m_message *request)
{
	bool is_create = request->operation == LWM2M_OP_CREATE;
	struct lwm2m_path path;
	unsigned result;

	if (lwm2m_path_parse(request->uri.at, request->uri.size, &path) != 0 ||
	    (is_create ? path.depth != LWM2M_OBJECT : path.depth < LWM2M_INSTANCE) ||
	    (is_create && (request->has & LWM2M_HAS(PAYLOAD)) == 0)) {
		result = LWM2M_BAD_REQUEST;
	} else if (requests_is_secret(&path)) {
		result = LWM2M_UNAUTHORIZED;
	} else {
		result = requests_is_there(client, &path) ? LWM2M_NOT_ALLOWED : LWM2M_NOT_FOUND;
	}
	changes_done(client, request->token, result);
}

static unsigned changes_result_of(int error)
{
	switch (error) {
	case 0:
		return LWM2M_CHANGED;
	case -EACCES:
	case -EPERM:
		return LWM2M_UNAUTHORIZED;
	case -ERANGE:
	case -EINVAL:
		return LWM2M_BAD_REQUEST;
	case -ENOENT:
		return LWM2M_NOT_FOUND;
	case -EBUSY:
		return LWM2M_UNAVAILABLE;
	default:
		return LWM2M_INTERNAL;
	}
}

void client_written(struct client *client, uint64_t token, int error, ew_dur now)
{
	changes_done(client, token, changes_result_of(error));
	client_work(client, now);
}

void changes_request(struct client *client, const struct lwm2m_message *request, ew_dur now)
{
	const struct client_request *seen = changes_seen(client, request, now);

	if (seen != NULL) {
		if (seen->result != 0) {
			requests_result(client, request->token, seen->result);
		}
		return;
	}
	changes_remember(client, request, now);
	switch (request->operation) {
	case LWM2M_OP_EXECUTE:
		changes_execute(client, request);
		return;
	case LWM2M_OP_CREATE:
	case LWM2M_OP_DELETE:
		changes_instance(client, request);
		return;
	default:
		changes_write(client, request);
		return;
	}
}
