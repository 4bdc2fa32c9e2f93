/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server asks of a client: Read, Observe, Discover and the composite ones. See
 * client.h; what changes something is in changes.c. Each request is checked, and
 * answered with a result of the binding.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/lwm2m/requests.h"

static const struct lwm2m_text nothing;

void requests_result(struct client *client, uint64_t token, unsigned result)
{
	client_answer(client, token, result, 0, nothing);
}

bool requests_is_secret(const struct lwm2m_path *path)
{
	return path->prefix_size == 0 && path->depth > 0 &&
	       (path->ids[0] == 0 || path->ids[0] == 21 || path->ids[0] == 23);
}

bool requests_path(struct client *client, const struct lwm2m_message *request,
		   struct lwm2m_path *path_out)
{
	if ((request->has & LWM2M_HAS(URI)) == 0 ||
	    lwm2m_path_parse(request->uri.at, request->uri.size, path_out) != 0) {
		requests_result(client, request->token, LWM2M_BAD_REQUEST);
		return false;
	}
	if (requests_is_secret(path_out)) {
		requests_result(client, request->token, LWM2M_UNAUTHORIZED);
		return false;
	}
	return true;
}

bool requests_defined(const struct lwm2m_path *path, struct lwm2m_resource *resource_out)
{
	const struct lwm2m_object *object = path->depth < LWM2M_RESOURCE ? NULL :
					    lwm2m_object_find(path->ids[0]);

	return object != NULL && lwm2m_resource_find(object, path->ids[2], resource_out);
}

/* ---- reading ---- */

struct requests_reading {
	struct lwm2m_encoder encoder;
	size_t count;
};

static int requests_push(void *arg, const struct lwm2m_record *record)
{
	struct requests_reading *reading = arg;

	/* what can only be executed is there, and has nothing to read */
	if (record->value.type == LWM2M_NONE) {
		return 0;
	}
	reading->count++;
	return lwm2m_encoder_push(&reading->encoder, record);
}

/* LwM2M CBOR cannot say that there is nothing. */
static void requests_begin(struct client *client, struct requests_reading *reading,
			   unsigned content)
{
	const struct lwm2m_target target = {
		.bytes = client->settings.payload, .room = CLIENT_ROOM - 64,
	};

	reading->count = 0;
	/* the format is in the table and the room is ample */
	(void)lwm2m_encoder_begin(&reading->encoder, content, &target);
}

/* 0, or the result that refuses it. */
static unsigned requests_gather_one(struct client *client, const struct lwm2m_path *path,
				    struct requests_reading *reading)
{
	struct lwm2m_resource resource;
	int rc;

	if (path->depth == LWM2M_ROOT) {
		return LWM2M_BAD_REQUEST;
	}
	if (requests_is_secret(path)) {
		return LWM2M_UNAUTHORIZED;
	}
	if (requests_defined(path, &resource) && (resource.operations & LWM2M_READABLE) == 0) {
		return LWM2M_NOT_ALLOWED;
	}
	rc = tree_read(client->tree, path, requests_push, reading);
	return rc == 0 ? 0 : rc == -ENOENT ? LWM2M_NOT_FOUND : LWM2M_TOO_LARGE;
}

/* Best effort: what is not there is left out. */
static unsigned requests_gather(struct client *client, struct lwm2m_text paths,
				struct requests_reading *reading)
{
	const struct lwm2m_source source = {.bytes = paths.at, .size = paths.size};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	int rc = lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_ETCH_CBOR, &source);

	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		unsigned result = record.value.type != LWM2M_NONE ? LWM2M_BAD_REQUEST :
				  requests_gather_one(client, &record.path, reading);

		if (result != 0 && result != LWM2M_NOT_FOUND) {
			return result;
		}
	}
	return rc == 0 ? 0 : LWM2M_BAD_REQUEST;
}

unsigned client_content(void *arg, const struct lwm2m_path *path, struct lwm2m_text paths,
			struct lwm2m_text *payload_out, unsigned *content_out)
{
	struct client *client = arg;
	struct requests_reading reading;
	unsigned content = LWM2M_CONTENT_LWM2M_CBOR;
	const uint8_t *at;
	unsigned result;
	size_t size;

	requests_begin(client, &reading, content);
	result = paths.at != NULL ? requests_gather(client, paths, &reading) :
		 requests_gather_one(client, path, &reading);
	if (result != 0) {
		return result;
	}
	if (reading.count == 0) {
		content = LWM2M_CONTENT_SENML_CBOR;
		requests_begin(client, &reading, content);
	}
	if (lwm2m_encoder_end(&reading.encoder, &at, &size) != 0) {
		return LWM2M_INTERNAL;
	}
	*payload_out = (struct lwm2m_text){(const char *)at, size};
	*content_out = content;
	return 0;
}

/* Read and Observe, of one path or of a list. */
static void requests_read(struct client *client, const struct lwm2m_message *request, ew_dur now)
{
	bool list = request->operation == LWM2M_OP_READ_COMPOSITE ||
		    request->operation == LWM2M_OP_OBSERVE_COMPOSITE;
	bool observe = request->operation == LWM2M_OP_OBSERVE ||
		       request->operation == LWM2M_OP_OBSERVE_COMPOSITE;
	struct lwm2m_text paths = list ? request->paths : nothing;
	struct lwm2m_path path = {0};
	struct lwm2m_text payload;
	unsigned content;
	unsigned result;

	if (list && paths.at == NULL) {
		requests_result(client, request->token, LWM2M_BAD_REQUEST);
		return;
	}
	if (!list && !requests_path(client, request, &path)) {
		return;
	}
	result = client_content(client, &path, paths, &payload, &content);
	if (result == 0 && observe &&
	    observe_begin(&client->observe, request->token, &path, paths, now) != 0) {
		result = LWM2M_UNAVAILABLE;
	}
	if (result != 0) {
		requests_result(client, request->token, result);
		return;
	}
	if (observe) {
		observe_said(&client->observe, request->token, payload);
	}
	client_answer(client, request->token, LWM2M_CONTENT, content, payload);
}

static void requests_cancel(struct client *client, const struct lwm2m_message *request)
{
	requests_result(client, request->token,
			observe_end(&client->observe, request->token) ? LWM2M_CONTENT :
			LWM2M_NOT_FOUND);
}

/* Whether a path leads anywhere is asked by reading it. */
static int requests_nothing(void *arg, const struct lwm2m_record *record)
{
	(void)arg;
	(void)record;
	return 0;
}

bool requests_is_there(struct client *client, const struct lwm2m_path *path)
{
	return tree_read(client->tree, path, requests_nothing, NULL) == 0;
}

static void requests_attributes(struct client *client, const struct lwm2m_message *request)
{
	struct lwm2m_path path;
	int rc;

	if (!requests_path(client, request, &path)) {
		return;
	}
	if (path.depth == LWM2M_ROOT) {
		requests_result(client, request->token, LWM2M_BAD_REQUEST);
		return;
	}
	if (!requests_is_there(client, &path)) {
		requests_result(client, request->token, LWM2M_NOT_FOUND);
		return;
	}
	rc = observe_attach(&client->observe, &path, request);
	requests_result(client, request->token, rc == 0 ? LWM2M_CHANGED :
			rc == -EINVAL ? LWM2M_BAD_REQUEST : LWM2M_UNAVAILABLE);
}

struct requests_discovery {
	struct lwm2m_links_out links;
	struct lwm2m_path last;         /* that was listed */
	unsigned depth;                 /* of what is listed at most */
	const struct observe *observe;  /* which knows the attributes */
};

/* List the levels above a record that were not listed yet. */
static int requests_link(void *arg, const struct lwm2m_record *record)
{
	struct requests_discovery *discovery = arg;
	struct lwm2m_path path = record->path;
	unsigned from = 0;

	path.prefix = NULL;
	path.prefix_size = 0;
	while (from < discovery->last.depth && from < path.depth &&
	       discovery->last.ids[from] == path.ids[from]) {
		from++;
	}
	for (unsigned depth = from + 1; depth <= path.depth && depth <= discovery->depth;
	     depth++) {
		struct lwm2m_path listed = path;
		const struct lwm2m_object *object = lwm2m_object_find(path.ids[0]);
		char facts[16 + LWM2M_ATTRIBUTES_MAX] = "";
		const struct lwm2m_attributes *attributes;
		size_t size = 0;

		listed.depth = (uint8_t)depth;
		if (depth == LWM2M_OBJECT && object != NULL &&
		    !lwm2m_object_version_is_implied(object)) {
			size = (size_t)snprintf(facts, 16, ";ver=%s", object->version);
		}
		listed.prefix = record->path.prefix;
		listed.prefix_size = record->path.prefix_size;
		attributes = observe_attached(discovery->observe, &listed);
		if (attributes != NULL) {
			lwm2m_attributes_format(attributes, facts + size);
		}
		listed.prefix_size = 0;         /* links of a device are without its prefix */
		lwm2m_links_put(&discovery->links, &listed, facts);
	}
	discovery->last = path;
	return discovery->links.out.full ? -EMSGSIZE : 0;
}

static void requests_discover(struct client *client, const struct lwm2m_message *request)
{
	struct requests_discovery discovery = {
		.links.out = {client->settings.payload,
			      client->settings.payload + CLIENT_ROOM - 64, false},
		.observe = &client->observe,
	};
	struct lwm2m_path path;
	uint64_t below;
	int rc;

	if (!requests_path(client, request, &path)) {
		return;
	}
	below = (request->has & LWM2M_HAS(DEPTH)) != 0 ? request->depth :
		path.depth == LWM2M_OBJECT ? 2 : 1;
	if (below > 3 || (path.depth == LWM2M_ROOT && path.prefix_size == 0)) {
		requests_result(client, request->token, LWM2M_BAD_REQUEST);
		return;
	}
	discovery.depth = path.depth + (unsigned)below;
	/* what is asked for is listed itself; what is above it is not */
	discovery.last = path;
	discovery.last.depth = path.depth > 0 ? path.depth - 1 : 0;
	rc = tree_read(client->tree, &path, requests_link, &discovery);
	if (rc != 0) {
		requests_result(client, request->token,
				rc == -ENOENT ? LWM2M_NOT_FOUND : LWM2M_TOO_LARGE);
		return;
	}
	client_answer(client, request->token, LWM2M_CONTENT, LWM2M_CONTENT_LINKS,
		      (struct lwm2m_text){(const char *)client->settings.payload,
					  (size_t)(discovery.links.out.at -
						   client->settings.payload)});
}

void client_request(struct client *client, const struct lwm2m_message *request, ew_dur now)
{
	switch (request->operation) {
	case LWM2M_OP_READ:
	case LWM2M_OP_READ_COMPOSITE:
	case LWM2M_OP_OBSERVE:
	case LWM2M_OP_OBSERVE_COMPOSITE:
		requests_read(client, request, now);
		return;
	case LWM2M_OP_CANCEL_OBSERVE:
		requests_cancel(client, request);
		return;
	case LWM2M_OP_WRITE_ATTRIBUTES:
		requests_attributes(client, request);
		return;
	case LWM2M_OP_DISCOVER:
		requests_discover(client, request);
		return;
	case LWM2M_OP_WRITE_REPLACE:
	case LWM2M_OP_WRITE_PARTIAL:
	case LWM2M_OP_WRITE_COMPOSITE:
	case LWM2M_OP_EXECUTE:
	case LWM2M_OP_CREATE:
	case LWM2M_OP_DELETE:
		changes_request(client, request, now);
		return;
	default:
		requests_result(client, request->token, LWM2M_NOT_IMPLEMENTED);
		return;
	}
}
