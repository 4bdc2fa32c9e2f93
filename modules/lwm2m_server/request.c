/* SPDX-License-Identifier: Apache-2.0 */
/* A request for paths or values: see request.h. */
#include "modules/lwm2m_server/request.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* Paths or values as `content`. */
static int request_encode(struct request *request, unsigned content,
			  const struct body_item *items, size_t count)
{
	const struct lwm2m_target target = {
		.bytes = request->bytes, .room = sizeof(request->bytes),
	};
	struct lwm2m_text *text = content == LWM2M_CONTENT_ETCH_CBOR ?
				  &request->message.paths : &request->message.payload;
	struct lwm2m_encoder encoder;
	const uint8_t *bytes;
	int rc = lwm2m_encoder_begin(&encoder, content, &target);

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct lwm2m_record record = {
			.path = items[i].path, .value = items[i].value,
		};

		rc = lwm2m_encoder_push(&encoder, &record);
	}
	if (rc == 0) {
		rc = lwm2m_encoder_end(&encoder, &bytes, &text->size);
	}
	if (rc == 0) {
		text->at = (const char *)bytes;
	}
	return rc;
}

static enum lwm2m_operation request_composite(enum lwm2m_operation operation)
{
	return operation == LWM2M_OP_READ ? LWM2M_OP_READ_COMPOSITE :
	       operation == LWM2M_OP_OBSERVE ? LWM2M_OP_OBSERVE_COMPOSITE :
	       operation == LWM2M_OP_WRITE_REPLACE ? LWM2M_OP_WRITE_COMPOSITE : operation;
}

bool request_has_composite(enum lwm2m_operation operation)
{
	return request_composite(operation) != operation;
}

int request_make(struct request *request, enum lwm2m_operation operation,
		 const struct body_item *items, size_t count)
{
	struct lwm2m_message *message = &request->message;
	bool is_composite = count > 1 && request_has_composite(operation);
	int rc = 0;

	message->operation = is_composite ? request_composite(operation) : operation;
	message->has |= LWM2M_HAS(OPERATION);
	if (!is_composite) {
		struct lwm2m_path path = items[0].path;

		path.depth = operation == LWM2M_OP_CREATE ? LWM2M_OBJECT : path.depth;
		message->uri.at = request->uri;
		message->uri.size = lwm2m_path_format(&path, request->uri);
		message->has |= LWM2M_HAS(URI);
	}
	if (items[0].value.type != LWM2M_NONE) {
		rc = request_encode(request, LWM2M_CONTENT_SENML_CBOR, items, count);
		message->ct = LWM2M_CONTENT_SENML_CBOR;
		message->has |= LWM2M_HAS(PAYLOAD) | LWM2M_HAS(CT);
	} else if (is_composite) {
		rc = request_encode(request, LWM2M_CONTENT_ETCH_CBOR, items, count);
		message->has |= LWM2M_HAS(PATHS);
	}
	return rc;
}

bool request_is_pattern(const struct peers *peers, const char *device)
{
	return strchr(device, '*') != NULL &&
	       peers_find(peers, (struct lwm2m_text){device, strlen(device)}) == NULL;
}

void request_each_device(const struct peers *peers, const struct body *body,
			 request_device_fn each, void *arg)
{
	for (size_t i = 0; i < body->device_count; i++) {
		const char *device = body->devices[i];

		if (!request_is_pattern(peers, device)) {
			each(arg, device);
			continue;
		}
		for (const struct peer *peer = peers->first; peer != NULL; peer = peer->next) {
			if (fnmatch(device, peer->endpoint, 0) == 0) {
				each(arg, peer->endpoint);
			}
		}
	}
}

bool request_may(const struct catalog *catalog, const struct body *body, unsigned operation)
{
	struct lwm2m_resource resource;

	for (size_t i = 0; i < body->item_count; i++) {
		if (catalog_resource(catalog, &body->items[i].path, &resource) &&
		    (resource.operations & operation) == 0) {
			return false;
		}
	}
	return true;
}

const char *request_error(int rc)
{
	return rc == -ENOENT ? "not registered" : rc == -ENOSPC ? "too many are open" :
	       rc == -EMSGSIZE ? "the request is too large" :
	       rc == -EIO ? "the request cannot be kept" : "out of memory";
}
