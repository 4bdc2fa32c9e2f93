/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP side: /api/lwm2m. A POST asks one or many clients and is answered
 * when all have answered or their time is over; one that is queued is answered
 * at once with the numbers of its requests.
 */
#include <edgeway/http.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/body.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/text.h"

#define ANSWER_MAX  (16u << 20)         /* bytes of an answer */
#define DEADLINE    (120 * EW_SECOND)   /* above the largest timeout */
#define PAYLOAD_MAX 65536u              /* bytes of what is written */

struct api_call {
	struct api_call *next;
	struct api_call **at;           /* what points here */
	struct ew_http_request *req;    /* NULL: the caller has gone */
	struct text body;
	size_t open;                    /* requests without a result, and one while it is made */
	bool has_results;
};

struct api_operation {
	const char *path;
	enum lwm2m_operation code;      /* for one path */
	int composite;                  /* for several; -1: not allowed */
	enum ew_role role;
	const char *summary;
};

static const struct api_operation operations[] = {
	{"/api/lwm2m/read", LWM2M_OP_READ, LWM2M_OP_READ_COMPOSITE, EW_ROLE_VIEWER,
	 "read paths of clients"},
	{"/api/lwm2m/discover", LWM2M_OP_DISCOVER, -1, EW_ROLE_VIEWER,
	 "ask clients what is at a path"},
	{"/api/lwm2m/write", LWM2M_OP_WRITE_REPLACE, LWM2M_OP_WRITE_COMPOSITE, EW_ROLE_OPERATOR,
	 "write values to clients"},
	{"/api/lwm2m/execute", LWM2M_OP_EXECUTE, -1, EW_ROLE_OPERATOR, "execute a resource"},
	{"/api/lwm2m/observe", LWM2M_OP_OBSERVE, LWM2M_OP_OBSERVE_COMPOSITE, EW_ROLE_OPERATOR,
	 "observe paths of clients"},
	{"/api/lwm2m/cancel", LWM2M_OP_CANCEL_OBSERVE, -1, EW_ROLE_OPERATOR,
	 "end an observation"},
	{"/api/lwm2m/attributes", LWM2M_OP_WRITE_ATTRIBUTES, -1, EW_ROLE_OPERATOR,
	 "write notification attributes"},
	{"/api/lwm2m/create", LWM2M_OP_CREATE, -1, EW_ROLE_ADMIN, "create an object instance"},
	{"/api/lwm2m/delete", LWM2M_OP_DELETE, -1, EW_ROLE_ADMIN, "delete an object instance"},
};
#define OPERATION_COUNT  (sizeof(operations) / sizeof(operations[0]))

/* ---- answers ---- */

static void api_reply(struct ew_http_request **req, int status, struct text *body)
{
	const struct ew_http_response response = {
		.size = sizeof(response), .status = status, .body = body->at,
		.body_size = body->size,
	};

	if (body->failed) {
		(void)ew_http_reply_error(req, 500, "the answer is too large");
	} else {
		(void)ew_http_reply(req, &response);    /* a client that has gone */
	}
	text_free(body);
}

static void api_put_records(const struct lwm2m_server *self, struct text *body,
			    const struct ask *ask)
{
	char *scratch = malloc(2 * ask->answer_size + 2);
	struct lwm2m_source source = {
		.bytes = ask->answer, .size = ask->answer_size, .now = ew_wall(),
		.scratch = scratch, .scratch_size = ask->answer_size + 1,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	size_t before = body->size;
	bool is_first = true;
	int rc = scratch == NULL ? -ENOMEM : ask->uri[0] == '\0' ? 0 :
		 lwm2m_path_parse(ask->uri, strlen(ask->uri), &source.base);

	if (rc == 0) {
		rc = lwm2m_decoder_begin(&decoder, ask->content, &source);
	}
	text_words(body, ",\"records\":[");
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		struct lwm2m_resource resource;

		if (catalog_resource(&self->catalog, &record.path, &resource) &&
		    resource.type != LWM2M_NONE) {
			/* what is not of the type is shown as it came */
			(void)lwm2m_value_convert(&record.value, (enum lwm2m_type)resource.type,
						  scratch + ask->answer_size + 1);
		}
		text_words(body, is_first ? "" : ",");
		is_first = false;
		text_record(body, &self->catalog, &record);
	}
	text_put(body, "]", 1);
	if (rc < 0) {
		body->size = before;
		text_words(body, ",\"error\":\"the payload of the answer cannot be read\"");
	}
	free(scratch);
}

static void api_put_ask(const struct lwm2m_server *self, struct text *body,
			const struct ask *ask)
{
	const struct lwm2m_operation_row *row = lwm2m_operation_find(ask->request.operation,
								     LWM2M_RD);

	text_words(body, "{\"id\":");
	text_unsigned(body, ask->id);
	text_words(body, ",\"device\":");
	text_string(body, ask->endpoint, strlen(ask->endpoint));
	text_words(body, ",\"operation\":\"");
	text_words(body, row == NULL ? "" : row->text);
	text_put(body, "\"", 1);
	if (ask->uri[0] != '\0') {
		text_words(body, ",\"path\":");
		text_string(body, ask->uri, strlen(ask->uri));
	}
	text_words(body, ",\"state\":\"");
	text_words(body, ask_state_name(ask->state));
	text_put(body, "\"", 1);
	if (ask->result != 0) {
		text_words(body, ",\"result\":");
		text_unsigned(body, ask->result);
		text_words(body, ",\"seconds\":");
		text_number(body, ask->seconds);
	}
	if (ask->state == ASK_DONE && (ask->request.operation == LWM2M_OP_OBSERVE ||
				       ask->request.operation == LWM2M_OP_OBSERVE_COMPOSITE)) {
		text_words(body, ",\"observation\":");
		text_unsigned(body, ask_token(ask));
	}
	if (ask->answer != NULL && ask->content == LWM2M_CONTENT_LINKS) {
		text_words(body, ",\"links\":");
		text_string(body, (const char *)ask->answer, ask->answer_size);
	} else if (ask->answer != NULL && ask->state == ASK_DONE) {
		api_put_records(self, body, ask);
	}
	text_put(body, "}", 1);
}

static void api_comma(struct api_call *call)
{
	text_words(&call->body, call->has_results ? "," : "");
	call->has_results = true;
}

/* ---- calls ---- */

static void api_call_free(struct api_call *call)
{
	*call->at = call->next;
	if (call->next != NULL) {
		call->next->at = call->at;
	}
	text_free(&call->body);
	free(call);
}

/* One request less is open; after the last the caller is answered. */
static void api_settle(struct api_call *call, int status)
{
	call->open--;
	if (call->open == 0) {
		text_words(&call->body, "]}\n");
		if (call->req != NULL) {
			api_reply(&call->req, status, &call->body);
		}
		api_call_free(call);
	}
}

void api_finished(struct lwm2m_server *self, struct ask *ask)
{
	struct ew_event event = {
		.size = sizeof(event), .kind = "lwm2m.result", .severity = EW_SEVERITY_INFO,
		.key = ask->endpoint,
	};
	struct text body = text_of(EW_EVENT_BODY_MAX + 1);
	struct api_call *call = ask->call;

	api_put_ask(self, &body, ask);
	if (body.failed) {
		/* its records have gone out as data */
		text_free(&body);
		body = text_of(EW_EVENT_BODY_MAX + 1);
		text_words(&body, "{\"id\":");
		text_unsigned(&body, ask->id);
		text_words(&body, ",\"state\":\"");
		text_words(&body, ask_state_name(ask->state));
		text_words(&body, "\"}");
	}
	event.body = body.at;
	lwm2m_server_event(self, &event);
	text_free(&body);
	if (call != NULL) {
		ask->call = NULL;
		api_comma(call);
		api_put_ask(self, &call->body, ask);
		api_settle(call, 200);
	}
}

void api_close(struct lwm2m_server *self)
{
	while (self->calls != NULL) {
		api_call_free(self->calls);
	}
}

static void api_on_gone(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;

	for (struct api_call *call = self->calls; call != NULL; call = call->next) {
		if (call->req == req) {
			/* its requests are on their way; the call ends with the last */
			(void)ew_http_reply_error(&call->req, 504, "gone");
			return;
		}
	}
}

/* ---- requests out of a body ---- */

/* Paths or values into `out` as `content`. */
static int api_encode(const struct body *body, unsigned content, char *out, size_t *size_out)
{
	const struct lwm2m_target target = {.bytes = out, .room = PAYLOAD_MAX};
	struct lwm2m_encoder encoder;
	const uint8_t *bytes;
	int rc = lwm2m_encoder_begin(&encoder, content, &target);

	for (size_t i = 0; i < body->item_count && rc == 0; i++) {
		const struct lwm2m_record record = {
			.path = body->items[i].path, .value = body->items[i].value,
		};

		rc = lwm2m_encoder_push(&encoder, &record);
	}
	if (rc == 0) {
		rc = lwm2m_encoder_end(&encoder, &bytes, size_out);
	}
	if (rc == 0) {
		memmove(out, bytes, *size_out);
	}
	return rc;
}

/* Whether the definitions allow it; what they do not know is the client's to judge. */
static bool api_may(const struct catalog *catalog, const struct body *body, unsigned operation)
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

/* What is wrong with the body for this operation; NULL: nothing. */
static const char *api_judge(const struct catalog *catalog, const struct api_operation *operation,
			     const struct body *body)
{
	bool writes = operation->code == LWM2M_OP_WRITE_REPLACE ||
		      operation->code == LWM2M_OP_CREATE;

	if (operation->code == LWM2M_OP_CANCEL_OBSERVE) {
		return body->observation == 0 ? "there is no `observation`" : NULL;
	}
	if (body->item_count == 0) {
		return "there is no `path`";
	}
	if (writes != body->has_values) {
		return writes ? "there is no `value`" : "a `value` makes no sense here";
	}
	if (body->item_count > 1 && operation->composite < 0 &&
	    operation->code != LWM2M_OP_CREATE) {
		return "more than one path";
	}
	if (operation->code == LWM2M_OP_WRITE_REPLACE &&
	    !api_may(catalog, body, LWM2M_WRITABLE)) {
		return "a resource cannot be written, as its definition says";
	}
	if (operation->code == LWM2M_OP_EXECUTE && !api_may(catalog, body, LWM2M_EXECUTABLE)) {
		return "the resource cannot be executed, as its definition says";
	}
	return NULL;
}

/* The request that the body says; bytes has PAYLOAD_MAX and then room for a path. */
static int api_request(const struct api_operation *operation, const struct body *body,
		       char *bytes, struct lwm2m_message *request)
{
	bool is_composite = body->item_count > 1 && operation->composite >= 0;
	struct lwm2m_path path = body->items[0].path;
	char *uri = bytes + PAYLOAD_MAX;
	size_t size = 0;
	int rc = 0;

	*request = body->attributes;
	request->operation = is_composite ? (uint64_t)operation->composite : operation->code;
	request->has |= LWM2M_HAS(OPERATION);
	if (operation->code == LWM2M_OP_CANCEL_OBSERVE) {
		return 0;
	}
	if (operation->code == LWM2M_OP_CREATE) {
		path.depth = LWM2M_OBJECT;
	}
	if (operation->code == LWM2M_OP_WRITE_REPLACE && body->is_partial && !is_composite) {
		request->operation = LWM2M_OP_WRITE_PARTIAL;
	}
	if (!is_composite) {
		request->uri = (struct lwm2m_text){uri, lwm2m_path_format(&path, uri)};
		request->has |= LWM2M_HAS(URI);
	} else if (!body->has_values) {
		rc = api_encode(body, LWM2M_CONTENT_ETCH_CBOR, bytes, &size);
		request->paths = (struct lwm2m_text){bytes, size};
		request->has |= LWM2M_HAS(PATHS);
	}
	if (body->has_values && rc == 0) {
		rc = api_encode(body, LWM2M_CONTENT_SENML_CBOR, bytes, &size);
		request->payload = (struct lwm2m_text){bytes, size};
		request->ct = LWM2M_CONTENT_SENML_CBOR;
		request->has |= LWM2M_HAS(PAYLOAD) | LWM2M_HAS(CT);
	} else if (body->argument != NULL && operation->code == LWM2M_OP_EXECUTE) {
		request->payload = (struct lwm2m_text){body->argument, strlen(body->argument)};
		request->has |= LWM2M_HAS(PAYLOAD);
	}
	return rc;
}

static const char *api_error(int rc)
{
	return rc == -ENOENT ? "not registered" : rc == -ENOSPC ? "too many are open" :
	       rc == -EMSGSIZE ? "the request is too large" :
	       rc == -EIO ? "the request cannot be kept" : "out of memory";
}

static void api_put_refusal(struct api_call *call, const char *device, int rc)
{
	api_comma(call);
	text_words(&call->body, "{\"device\":");
	text_string(&call->body, device, strlen(device));
	text_words(&call->body, ",\"state\":\"failed\",\"error\":\"");
	text_words(&call->body, api_error(rc));
	text_words(&call->body, "\"}");
}

static void api_ask_all(struct lwm2m_server *self, struct api_call *call,
			const struct body *body, const struct lwm2m_message *request)
{
	ew_dur timeout = body->timeout == 0 ? self->settings->timeout : body->timeout;

	timeout = timeout > 60 * EW_SECOND ? 60 * EW_SECOND : timeout;
	for (size_t i = 0; i < body->device_count; i++) {
		const struct server_order order = {
			.endpoint = body->devices[i], .request = request, .timeout = timeout,
			.until = body->queue == 0 ? 0 : ew_wall() + body->queue,
			.about = body->observation, .call = body->queue == 0 ? call : NULL,
		};
		uint64_t id = 0;
		int rc;

		call->open += order.call != NULL ? 1 : 0;
		rc = server_ask(&self->server, &order, ew_now(), &id);
		if (rc != 0) {
			call->open -= order.call != NULL ? 1 : 0;
			api_put_refusal(call, body->devices[i], rc);
		} else if (order.call == NULL) {
			api_comma(call);
			api_put_ask(self, &call->body, asks_find(&self->server.asks, id));
		}
	}
}

static struct api_call *api_call_new(struct lwm2m_server *self, struct ew_http_request *req)
{
	struct api_call *call = calloc(1, sizeof(*call));

	if (call != NULL) {
		call->body = text_of(ANSWER_MAX);
		call->req = req;
		call->open = 1;
		call->next = self->calls;
		call->at = &self->calls;
		if (call->next != NULL) {
			call->next->at = &call->next;
		}
		self->calls = call;
		text_words(&call->body, "{\"results\":[");
	}
	return call;
}

static const struct api_operation *api_operation_of(const struct ew_http_request *req)
{
	const char *path = ew_http_path(req);

	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		if (strcmp(path, operations[i].path) == 0) {
			return &operations[i];
		}
	}
	return NULL;
}

static void api_on_operation(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const struct api_operation *operation = api_operation_of(req);
	struct body *body = malloc(sizeof(*body));
	char *bytes = malloc(PAYLOAD_MAX + LWM2M_PATH_MAX);
	const char *why = NULL;
	struct lwm2m_message request;
	struct api_call *call = NULL;
	size_t size;
	const char *json = ew_http_body(req, &size);
	int rc = body == NULL ? -ENOMEM : body_parse(body, &self->catalog, json, size, &why);

	if (rc == 0 && operation != NULL) {
		why = api_judge(&self->catalog, operation, body);
	}
	if (why == NULL && rc == 0 && body->queue != 0 &&
	    ew_http_peer(req)->role < EW_ROLE_OPERATOR) {
		(void)ew_http_reply_error(&req, 403, "`queue` needs the role operator");
	} else if (why == NULL && rc == 0 && bytes != NULL && operation != NULL) {
		rc = api_request(operation, body, bytes, &request);
		why = rc == 0 ? NULL : "the paths and values do not fit into a message";
		call = why != NULL ? NULL : api_call_new(self, req);
	}
	if (call != NULL) {
		bool is_queued = body->queue != 0;

		if (body->device_count > 1) {
			ew_metric_add(self->inst, METRIC_BULK, 1);
		}
		api_ask_all(self, call, body, &request);
		api_settle(call, is_queued ? 202 : 200);
	} else if (req != NULL) {
		(void)ew_http_reply_error(&req, why != NULL ? 400 : 503,
					  why != NULL ? why : "out of memory");
	}
	if (body != NULL) {
		body_free(body);
	}
	free(body);
	free(bytes);
	lwm2m_server_turned(self);
}

/* ---- what is there ---- */

static void api_put_peer(struct text *body, const struct peer *peer, bool has_objects)
{
	text_words(body, "{\"endpoint\":");
	text_string(body, peer->endpoint, strlen(peer->endpoint));
	text_words(body, ",\"lifetime\":");
	text_unsigned(body, peer->lifetime);
	text_words(body, ",\"version\":");
	text_string(body, peer->version, strlen(peer->version));
	text_words(body, ",\"registered\":");
	text_time(body, peer->registered);
	text_words(body, ",\"updated\":");
	text_time(body, peer->updated);
	if (has_objects) {
		text_words(body, ",\"objects\":");
		text_string(body, peer->links, strlen(peer->links));
	}
	text_words(body, ",\"devices\":[");
	for (const struct peer_device *d = peer->devices, *first = NULL; d != NULL; d = d->next) {
		if (d->prefix[0] == '\0') {
			continue;
		}
		text_words(body, first == NULL ? "" : ",");
		first = d;
		text_words(body, "{\"prefix\":");
		text_string(body, d->prefix, strlen(d->prefix));
		text_words(body, ",\"name\":");
		text_string(body, d->name == NULL ? "" : d->name,
			    d->name == NULL ? 0 : strlen(d->name));
		text_put(body, "}", 1);
	}
	text_words(body, "],\"observations\":[");
	for (const struct peer_watch *w = peer->watches; w != NULL; w = w->next) {
		text_words(body, w == peer->watches ? "{\"observation\":" : ",{\"observation\":");
		text_unsigned(body, w->token);
		text_words(body, ",\"path\":");
		text_string(body, w->uri, strlen(w->uri));
		text_words(body, w->is_pending ? ",\"pending\":true}" : "}");
	}
	text_words(body, "]}");
}

static void api_on_devices(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	struct text body = text_of(ANSWER_MAX);
	const struct peer *first = self->server.peers.first;

	text_put(&body, "[", 1);
	for (const struct peer *peer = first; peer != NULL; peer = peer->next) {
		text_words(&body, peer == first ? "" : ",");
		api_put_peer(&body, peer, false);
	}
	text_words(&body, "]\n");
	api_reply(&req, 200, &body);
}

static void api_on_device(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "device");
	const struct peer *peer = peers_find(&self->server.peers,
					     (struct lwm2m_text){name, strlen(name)});
	struct text body = text_of(ANSWER_MAX);

	if (peer == NULL) {
		(void)ew_http_reply_error(&req, 404, "not registered");
		return;
	}
	api_put_peer(&body, peer, true);
	text_put(&body, "\n", 1);
	api_reply(&req, 200, &body);
}

static void api_on_request(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "id");
	struct text body = text_of(ANSWER_MAX);
	const struct ask *ask = NULL;
	int64_t id;

	if (lwm2m_integer_parse(name, strlen(name), &id) == 0 && id > 0) {
		ask = asks_find(&self->server.asks, (uint64_t)id);
	}
	if (ask == NULL) {
		(void)ew_http_reply_error(&req, 404, "no such request, or it is forgotten");
		return;
	}
	api_put_ask(self, &body, ask);
	text_put(&body, "\n", 1);
	api_reply(&req, 200, &body);
}

int api_open(struct lwm2m_server *self)
{
	const struct ew_http_spec reads[] = {
		{.path = "/api/lwm2m/devices", .handle = api_on_devices,
		 .summary = "clients that are registered"},
		{.path = "/api/lwm2m/devices/{device}", .handle = api_on_device,
		 .summary = "one client"},
		{.path = "/api/lwm2m/requests/{id}", .handle = api_on_request,
		 .summary = "what became of a request"},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]) && rc == 0; i++) {
		struct ew_http_spec spec = reads[i];

		spec.size = sizeof(spec);
		spec.methods = "GET";
		spec.role = EW_ROLE_VIEWER;
		spec.arg = self;
		rc = ew_http_handle(self->inst, &spec);
	}
	for (size_t i = 0; i < OPERATION_COUNT && rc == 0; i++) {
		const struct ew_http_spec spec = {
			.size = sizeof(spec), .methods = "POST", .path = operations[i].path,
			.role = operations[i].role, .body_max = BODY_MAX, .deadline = DEADLINE,
			.summary = operations[i].summary, .handle = api_on_operation,
			.gone = api_on_gone, .arg = self,
		};

		rc = ew_http_handle(self->inst, &spec);
	}
	return rc;
}
