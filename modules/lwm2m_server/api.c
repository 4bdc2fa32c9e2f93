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

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/body.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/request.h"
#include "modules/lwm2m_server/text.h"

#define DEADLINE    (120 * EW_SECOND)   /* above the largest timeout */
#define TIMEOUT_MAX (60 * EW_SECOND)    /* for an answer */

struct api_call {
	struct ask_caller caller;       /* first: the call is where its caller is */
	struct lwm2m_server *self;
	struct api_call *next;
	struct api_call **at;           /* what points here */
	struct ew_http_request *req;    /* NULL: the caller has gone */
	struct text body;
	size_t open;                    /* requests without a result, and one while it is made */
	ew_dur begun;                   /* monotonic */
	int status;
	bool has_results;
	bool is_senml;                  /* one request, answered as SenML */
};

struct api_operation {
	const char *path;
	enum lwm2m_operation code;      /* for one path */
	enum ew_role role;
	const char *summary;
};

static const struct api_operation operations[] = {
	{"/api/lwm2m/read", LWM2M_OP_READ, EW_ROLE_VIEWER, "read paths of clients"},
	{"/api/lwm2m/discover", LWM2M_OP_DISCOVER, EW_ROLE_VIEWER,
	 "ask clients what is at a path"},
	{"/api/lwm2m/write", LWM2M_OP_WRITE_REPLACE, EW_ROLE_OPERATOR, "write values to clients"},
	{"/api/lwm2m/execute", LWM2M_OP_EXECUTE, EW_ROLE_OPERATOR, "execute a resource"},
	{"/api/lwm2m/observe", LWM2M_OP_OBSERVE, EW_ROLE_OPERATOR, "observe paths of clients"},
	{"/api/lwm2m/cancel", LWM2M_OP_CANCEL_OBSERVE, EW_ROLE_OPERATOR, "end an observation"},
	{"/api/lwm2m/attributes", LWM2M_OP_WRITE_ATTRIBUTES, EW_ROLE_OPERATOR,
	 "write notification attributes"},
	{"/api/lwm2m/create", LWM2M_OP_CREATE, EW_ROLE_ADMIN, "create an object instance"},
	{"/api/lwm2m/delete", LWM2M_OP_DELETE, EW_ROLE_ADMIN, "delete an object instance"},
};
#define OPERATION_COUNT  (sizeof(operations) / sizeof(operations[0]))

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
static void api_settle(struct api_call *call)
{
	call->open--;
	if (call->open > 0) {
		return;
	}
	text_words(&call->body, call->is_senml ? "" : "]}\n");
	ew_metric_add(call->self->inst, METRIC_HTTP_REQUESTS, 1);
	ew_metric_observe(call->self->inst, METRIC_HTTP_SECONDS,
			  (double)(ew_now() - call->begun) / (double)EW_SECOND);
	if (call->req != NULL) {
		answer_reply(&call->req, call->status, call->is_senml && call->status == 200 ?
			     ANSWER_SENML : NULL, &call->body);
	}
	api_call_free(call);
}

static void api_put_result(struct api_call *call, const struct ask *ask)
{
	const struct catalog *catalog = &call->self->catalog;

	if (call->is_senml) {
		call->status = answer_senml(catalog, &call->body, ask);
		return;
	}
	text_words(&call->body, call->has_results ? "," : "");
	call->has_results = true;
	answer_ask(catalog, &call->body, ask);
}

static void api_on_finished(struct ask_caller *caller, struct ask *ask)
{
	struct api_call *call = (struct api_call *)caller;

	api_put_result(call, ask);
	api_settle(call);
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

/* What is wrong with the body for this operation; NULL: nothing. */
static const char *api_judge(const struct catalog *catalog, const struct api_operation *operation,
			     const struct body *body)
{
	bool writes = operation->code == LWM2M_OP_WRITE_REPLACE ||
		      operation->code == LWM2M_OP_CREATE;

	if (body->has_firmware) {
		return "a key of a firmware update makes no sense here";
	}
	if (operation->code == LWM2M_OP_CANCEL_OBSERVE) {
		return body->observation == 0 ? "there is no `observation`" : NULL;
	}
	if (body->item_count == 0) {
		return "there is no `path`";
	}
	if (writes != body->has_values) {
		return writes ? "there is no `value`" : "a `value` makes no sense here";
	}
	if (body->item_count > 1 && !request_has_composite(operation->code) &&
	    operation->code != LWM2M_OP_CREATE) {
		return "more than one path";
	}
	if (operation->code == LWM2M_OP_WRITE_REPLACE &&
	    !request_may(catalog, body, LWM2M_WRITABLE)) {
		return "a resource cannot be written, as its definition says";
	}
	if (operation->code == LWM2M_OP_EXECUTE && !request_may(catalog, body, LWM2M_EXECUTABLE)) {
		return "the resource cannot be executed, as its definition says";
	}
	return NULL;
}

static int api_request(const struct api_operation *operation, const struct body *body,
		       struct request *request)
{
	enum lwm2m_operation code = operation->code;

	request->message = body->attributes;
	if (code == LWM2M_OP_CANCEL_OBSERVE) {
		request->message.operation = code;
		request->message.has |= LWM2M_HAS(OPERATION);
		return 0;
	}
	if (code == LWM2M_OP_WRITE_REPLACE && body->is_partial && body->item_count == 1) {
		code = LWM2M_OP_WRITE_PARTIAL;
	}
	if (body->argument != NULL && code == LWM2M_OP_EXECUTE) {
		request->message.payload.at = body->argument;
		request->message.payload.size = strlen(body->argument);
		request->message.has |= LWM2M_HAS(PAYLOAD);
	}
	return request_make(request, code, body->items, body->item_count);
}

static void api_put_refusal(struct api_call *call, const char *device, int rc)
{
	if (call->is_senml) {
		answer_put_error(&call->body, request_error(rc));
		call->status = rc == -ENOENT ? 404 : 503;
		return;
	}
	text_words(&call->body, call->has_results ? "," : "");
	call->has_results = true;
	text_words(&call->body, "{\"device\":");
	text_string(&call->body, device, strlen(device));
	text_words(&call->body, ",\"state\":\"failed\",\"error\":\"");
	text_words(&call->body, request_error(rc));
	text_words(&call->body, "\"}");
}

struct api_order {
	struct api_call *call;
	struct server_order server;
};

static void api_ask(void *arg, const char *endpoint)
{
	struct api_order *order = arg;
	struct api_call *call = order->call;
	struct lwm2m_server *self = call->self;
	bool waits = order->server.caller != NULL;
	uint64_t id = 0;
	int rc;

	order->server.endpoint = endpoint;
	call->open += waits ? 1 : 0;
	rc = server_ask(&self->server, &order->server, ew_now(), &id);
	if (rc != 0) {
		call->open -= waits ? 1 : 0;
		api_put_refusal(call, endpoint, rc);
	} else if (!waits) {
		api_put_result(call, asks_find(&self->server.asks, id));
	}
}

static void api_ask_all(struct api_call *call, const struct body *body,
			const struct lwm2m_message *request)
{
	struct lwm2m_server *self = call->self;
	ew_dur timeout = body->timeout == 0 ? self->settings->timeout : body->timeout;
	struct api_order order = {
		.call = call,
		.server = {
			.request = request, .about = body->observation,
			.timeout = timeout > TIMEOUT_MAX ? TIMEOUT_MAX : timeout,
			.until = body->queue == 0 ? 0 : ew_wall() + body->queue,
			.caller = body->queue == 0 ? &call->caller : NULL,
		},
	};

	request_each_device(&self->server.peers, body, api_ask, &order);
}

static struct api_call *api_call_new(struct lwm2m_server *self, struct ew_http_request *req)
{
	struct api_call *call = calloc(1, sizeof(*call));

	if (call != NULL) {
		call->caller.finished = api_on_finished;
		call->self = self;
		call->body = text_of(ANSWER_MAX);
		call->req = req;
		call->open = 1;
		call->status = 200;
		call->begun = ew_now();
		call->is_senml = answer_wants_senml(req);
		call->next = self->calls;
		call->at = &self->calls;
		if (call->next != NULL) {
			call->next->at = &call->next;
		}
		self->calls = call;
		text_words(&call->body, call->is_senml ? "" : "{\"results\":[");
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

/* Content-Type application/senml+json: the values are a pack, the rest is in the query. */
static int api_parse_pack(struct lwm2m_server *self, struct body *body,
			  const struct ew_http_request *req, const char **why_out)
{
	size_t size;
	const char *json = ew_http_body(req, &size);
	const char *queue = ew_http_query(req, "queue", 0);
	const char *mode = ew_http_query(req, "mode", 0);
	int64_t seconds = 0;
	int rc = body_parse_pack(body, &self->catalog, json, size, why_out);

	for (size_t i = 0; rc == 0 && ew_http_query(req, "device", i) != NULL; i++) {
		rc = body_add_device(body, ew_http_query(req, "device", i));
	}
	if (rc == -EPROTO && *why_out == NULL) {
		*why_out = "a device is not the name of an endpoint";
	} else if (rc == 0 && body->device_count == 0) {
		*why_out = "there is no `device` in the query";
	} else if (queue != NULL && (lwm2m_integer_parse(queue, strlen(queue), &seconds) != 0 ||
				     seconds < 1 || seconds > BODY_SECONDS_MAX)) {
		*why_out = "`queue` is not of seconds above 0";
	}
	body->queue = seconds * EW_SECOND;
	body->is_partial = mode != NULL && strcmp(mode, "partial") == 0;
	return *why_out != NULL ? -EPROTO : rc;
}

static int api_parse(struct lwm2m_server *self, struct body *body,
		     const struct ew_http_request *req, const char **why_out)
{
	const char *type = ew_http_header(req, "Content-Type");
	size_t size;
	const char *json = ew_http_body(req, &size);

	return type != NULL && strncmp(type, ANSWER_SENML, strlen(ANSWER_SENML)) == 0 ?
	       api_parse_pack(self, body, req, why_out) :
	       body_parse(body, &self->catalog, json, size, why_out);
}

/* What is wrong with a call as a whole; NULL: nothing. */
static const char *api_judge_call(const struct lwm2m_server *self,
				  const struct api_operation *operation, const struct body *body,
				  const struct ew_http_request *req)
{
	bool is_one = body->device_count == 1 &&
		      !request_is_pattern(&self->server.peers, body->devices[0]);

	if (answer_wants_senml(req) && (!is_one || body->queue != 0)) {
		return "SenML is the answer of one device that is asked now";
	}
	return api_judge(&self->catalog, operation, body);
}

static void api_run(struct api_call *call, const struct body *body,
		    const struct lwm2m_message *request)
{
	struct lwm2m_server *self = call->self;

	if (body->device_count > 1 ||
	    request_is_pattern(&self->server.peers, body->devices[0])) {
		ew_metric_add(self->inst, METRIC_BULK, 1);
	}
	call->status = body->queue != 0 ? 202 : 200;
	api_ask_all(call, body, request);
	api_settle(call);
}

static void api_on_operation(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const struct api_operation *operation = api_operation_of(req);
	struct body *body = malloc(sizeof(*body));
	struct request *request = malloc(sizeof(*request));
	struct api_call *call = NULL;
	const char *why = NULL;
	int status = 400;
	int rc = body == NULL ? -ENOMEM : api_parse(self, body, req, &why);

	if (rc == 0) {
		why = api_judge_call(self, operation, body, req);
	}
	if (why == NULL && rc == 0 && body->queue != 0 &&
	    ew_http_peer(req)->role < EW_ROLE_OPERATOR) {
		why = "`queue` needs the role operator";
		status = 403;
	} else if (why == NULL && rc == 0 && request != NULL) {
		rc = api_request(operation, body, request);
		why = rc == 0 ? NULL : "the paths and values do not fit into a message";
		call = why != NULL ? NULL : api_call_new(self, req);
	}
	if (call != NULL) {
		api_run(call, body, &request->message);
	} else {
		(void)ew_http_reply_error(&req, why != NULL ? status : 503,
					  why != NULL ? why : "out of memory");
	}
	if (body != NULL) {
		body_free(body);
	}
	free(body);
	free(request);
	lwm2m_server_turned(self);
}

int api_open(struct lwm2m_server *self)
{
	int rc = 0;

	for (size_t i = 0; i < inventory_read_count && rc == 0; i++) {
		const struct ew_http_spec spec = {
			.size = sizeof(spec), .methods = "GET", .path = inventory_reads[i].path,
			.role = EW_ROLE_VIEWER, .summary = inventory_reads[i].summary,
			.handle = inventory_reads[i].handle, .arg = self,
		};

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
	return rc != 0 ? rc : fleet_open(self);
}
