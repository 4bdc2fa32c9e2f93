/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller says over HTTP: the first byte chooses JSON or a SenML pack. What
 * is taken is within its limits, and becomes a request or is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/lwm2m_server/request.h"
#include "tests/fuzz/fuzz.h"

static void look_at(const struct body *body, struct request *request)
{
	check(body->item_count <= BODY_ITEMS_MAX);
	for (size_t i = 0; i < body->device_count; i++) {
		check(lwm2m_endpoint_is_valid(body->devices[i], strlen(body->devices[i])));
	}
	for (size_t i = 0; i < body->item_count; i++) {
		check(body->items[i].path.depth <= LWM2M_PATH_IDS);
		check(body->items[i].value.type != LWM2M_PLAIN);
	}
	check(body->queue >= 0 && body->timeout >= 0 && body->within >= 0);
	if (body->item_count > 0) {
		memset(&request->message, 0, sizeof(request->message));
		if (request_make(request, body->has_values ? LWM2M_OP_WRITE_REPLACE :
				 LWM2M_OP_READ, body->items, body->item_count) == 0) {
			check(request->message.uri.size < LWM2M_PATH_MAX);
			check(request->message.payload.size <= REQUEST_PAYLOAD_MAX);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct catalog catalog = {0};
	struct body *body = malloc(sizeof(*body));
	struct request *request = malloc(sizeof(*request));
	char *json = malloc(size + 1);
	const char *why = NULL;
	int rc = 0;

	check(body != NULL && request != NULL && json != NULL);
	if (size > 0) {
		memcpy(json, data + 1, size - 1);
		json[size - 1] = '\0';
		rc = data[0] % 2 == 0 ? body_parse(body, &catalog, json, size - 1, &why) :
		     body_parse_pack(body, &catalog, json, size - 1, &why);
		check(rc == 0 || rc == -EPROTO);
		check(rc == 0 || why != NULL);
		if (rc == 0) {
			look_at(body, request);
		}
		body_free(body);
	}
	free(json);
	free(request);
	free(body);
	return 0;
}
