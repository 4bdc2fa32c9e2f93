/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side: firmware updates and desired states. */
#include <edgeway/http.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/request.h"

#define WITHIN         (24 * 3600 * EW_SECOND)  /* a job that does not say */
#define DESIRED_BODY   65536u                   /* bytes of a desired state */
#define OCTETS         "application/octet-stream"

/* ---- firmware ---- */

static void fleet_put_field(struct text *body, const char *name, const char *words)
{
	text_words(body, ",\"");
	text_words(body, name);
	text_words(body, "\":");
	text_string(body, words, strlen(words));
}

void firmware_put_job(struct text *body, const struct firmware_job *job)
{
	text_words(body, "{\"device\":");
	text_string(body, job->endpoint, strlen(job->endpoint));
	fleet_put_field(body, "state", firmware_state_name(job->state));
	if (job->why[0] != '\0') {
		fleet_put_field(body, "error", job->why);
	}
	if (job->uri != NULL) {
		fleet_put_field(body, "uri", job->uri);
	}
	text_words(body, job->installs ? ",\"install\":true" : ",\"install\":false");
	if (job->device_state >= 0) {
		text_words(body, ",\"device_state\":");
		text_unsigned(body, (uint64_t)job->device_state);
	}
	if (job->result >= 0) {
		text_words(body, ",\"result\":");
		text_unsigned(body, (uint64_t)job->result);
	}
	text_words(body, ",\"started\":");
	text_time(body, job->started);
	text_words(body, ",\"changed\":");
	text_time(body, job->changed);
	text_words(body, ",\"until\":");
	text_time(body, job->until);
	text_words(body, "}");
}

struct fleet_order {
	struct lwm2m_server *self;
	struct firmware_order firmware;
	struct text *body;
	bool has_results;
};

static void fleet_result(struct fleet_order *order, const char *endpoint, int rc)
{
	const struct firmware_job *job = firmware_find(order->self, endpoint);

	text_words(order->body, order->has_results ? "," : "");
	order->has_results = true;
	if (rc == 0 && job != NULL) {
		firmware_put_job(order->body, job);
		return;
	}
	text_words(order->body, "{\"device\":");
	text_string(order->body, endpoint, strlen(endpoint));
	fleet_put_field(order->body, "state", "failed");
	fleet_put_field(order->body, "error", rc == -EBUSY ? "an update is under way" :
			rc == -ENOENT ? "no update is under way" : request_error(rc));
	text_words(order->body, "}");
}

static void fleet_on_start(void *arg, const char *endpoint)
{
	struct fleet_order *order = arg;

	order->firmware.endpoint = endpoint;
	fleet_result(order, endpoint, firmware_start(order->self, &order->firmware));
}

static void fleet_on_cancel(void *arg, const char *endpoint)
{
	struct fleet_order *order = arg;

	fleet_result(order, endpoint, firmware_cancel(order->self, endpoint));
}

/* The package is the body; all else is in the query. */
static int fleet_parse_octets(struct body *body, const struct ew_http_request *req,
			      const char **why_out)
{
	const char *install = ew_http_query(req, "install", 0);
	const char *within = ew_http_query(req, "within", 0);
	int64_t seconds = 0;
	int rc = 0;

	memset(body, 0, sizeof(*body));
	body->has_firmware = true;
	body->package.at = ew_http_body(req, &body->package.size);
	body->argument = ew_http_query(req, "argument", 0);
	body->downloads_only = install != NULL && strcmp(install, "no") == 0;
	for (size_t i = 0; rc == 0 && ew_http_query(req, "device", i) != NULL; i++) {
		rc = body_add_device(body, ew_http_query(req, "device", i));
	}
	if (rc == -EPROTO || (rc == 0 && body->device_count == 0)) {
		*why_out = "there is no `device` in the query, or it is not the name of one";
	} else if (within != NULL &&
		   (lwm2m_integer_parse(within, strlen(within), &seconds) != 0 || seconds < 1 ||
		    seconds > BODY_SECONDS_MAX)) {
		*why_out = "`within` is not of seconds above 0";
	}
	body->within = seconds * EW_SECOND;
	return *why_out != NULL ? -EPROTO : rc;
}

static const char *fleet_judge_firmware(const struct lwm2m_server *self, const struct body *body)
{
	if ((body->uri == NULL) == (body->package.size == 0)) {
		return "there is neither `uri` nor `package`, or both";
	}
	if (body->uri != NULL &&
	    (strlen(body->uri) > FIRMWARE_URI_MAX || strstr(body->uri, "://") == NULL)) {
		return "`uri` is no URI of at most 255 bytes";
	}
	if (body->package.size + 1024 > self->server.settings.message_max) {
		return "the package is larger than a message may be: give a `uri`";
	}
	return body->item_count > 0 ? "a path makes no sense here" : NULL;
}

static int fleet_parse_firmware(struct lwm2m_server *self, struct body *body,
				const struct ew_http_request *req, const char **why_out)
{
	const char *type = ew_http_header(req, "Content-Type");
	size_t size;
	const char *json = ew_http_body(req, &size);

	return type != NULL && strcmp(type, OCTETS) == 0 ?
	       fleet_parse_octets(body, req, why_out) :
	       body_parse(body, &self->catalog, json, size, why_out);
}

/* Start jobs for all devices of the body; rc of the package that cannot be kept. */
static int fleet_start(struct fleet_order *order, const struct body *body)
{
	struct lwm2m_server *self = order->self;
	int rc = 0;

	order->firmware.uri = body->uri;
	order->firmware.installs = !body->downloads_only;
	order->firmware.argument = body->argument;
	order->firmware.within = body->within == 0 ? WITHIN : body->within;
	if (body->uri == NULL) {
		order->firmware.package = firmware_package_new(self, body->package.at,
							       body->package.size, &rc);
	}
	if (rc == 0) {
		request_each_device(&self->server.peers, body, fleet_on_start, order);
		rc = store_commit(self->store);
	}
	firmware_package_release(&order->firmware.package);
	return rc;
}

static void fleet_on_firmware(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	bool is_cancel = strcmp(ew_http_path(req), "/api/lwm2m/firmware/cancel") == 0;
	struct text text = text_of(ANSWER_MAX);
	struct fleet_order order = {.self = self, .body = &text};
	struct body *body = malloc(sizeof(*body));
	const char *why = NULL;
	int rc = body == NULL ? -ENOMEM : fleet_parse_firmware(self, body, req, &why);

	if (rc == 0 && !is_cancel) {
		why = fleet_judge_firmware(self, body);
	}
	if (rc == 0 && why == NULL) {
		text_words(&text, "{\"results\":[");
		if (is_cancel) {
			request_each_device(&self->server.peers, body, fleet_on_cancel, &order);
		} else {
			rc = fleet_start(&order, body);
		}
		text_words(&text, "]}\n");
	}
	if (rc == 0 && why == NULL) {
		answer_reply(&req, is_cancel ? 200 : 202, NULL, &text);
	} else {
		(void)ew_http_reply_error(&req, why != NULL ? 400 : 503,
					  why != NULL ? why : request_error(rc));
	}
	text_free(&text);
	if (body != NULL) {
		body_free(body);
	}
	free(body);
	firmware_work(self, ew_now());
	lwm2m_server_turned(self);
}

static void fleet_on_jobs(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const char *device = ew_http_param(req, "device");
	struct text text = text_of(ANSWER_MAX);
	bool is_first = true;

	if (device != NULL) {
		const struct firmware_job *job = firmware_find(self, device);

		if (job == NULL) {
			(void)ew_http_reply_error(&req, 404, "there is no firmware update");
			return;
		}
		firmware_put_job(&text, job);
		text_words(&text, "\n");
		answer_reply(&req, 200, NULL, &text);
		return;
	}
	text_words(&text, "[");
	for (size_t i = 0; i < FIRMWARE_SLOTS; i++) {
		for (const struct firmware_job *job = self->firmware.slots[i]; job != NULL;
		     job = job->next) {
			text_words(&text, is_first ? "" : ",");
			is_first = false;
			firmware_put_job(&text, job);
		}
	}
	text_words(&text, "]\n");
	answer_reply(&req, 200, NULL, &text);
}

/* ---- desired states ---- */

static void desired_put_status(struct text *body, const struct store_status *row)
{
	text_words(body, "{\"device\":");
	text_string(body, row->endpoint, strlen(row->endpoint));
	fleet_put_field(body, "state", desired_status_name((enum desired_status)row->state));
	if (row->result != 0) {
		text_words(body, ",\"result\":");
		text_unsigned(body, (uint64_t)row->result);
	}
	text_words(body, ",\"time\":");
	text_time(body, row->time);
	text_words(body, "}");
}

void desired_tell(struct lwm2m_server *self, const struct store_status *row)
{
	struct text body = text_of(EW_EVENT_BODY_MAX);
	struct ew_event event = {
		.size = sizeof(event), .kind = "lwm2m.desired", .key = row->endpoint,
		.severity = row->state == DESIRED_FAILED || row->state == DESIRED_DIFFERS ?
			    EW_SEVERITY_WARNING : EW_SEVERITY_INFO,
	};

	text_words(&body, "{\"name\":");
	text_string(&body, row->name, strlen(row->name));
	text_words(&body, ",\"status\":");
	desired_put_status(&body, row);
	text_words(&body, "}");
	event.body = body.at;
	lwm2m_server_event(self, &event);
	text_free(&body);
}

static void desired_put_one(struct text *body, const struct desired *desired)
{
	text_words(body, "{\"name\":");
	text_string(body, desired->name, strlen(desired->name));
	text_words(body, ",\"desired\":");
	text_words(body, desired->json);        /* it was parsed: it is JSON */
}

struct fleet_statuses {
	struct text *body;
	bool has_any;
};

static void fleet_on_status(void *arg, const struct store_status *row)
{
	struct fleet_statuses *statuses = arg;

	if (row->state < 0 || row->state > DESIRED_FAILED) {
		return;
	}
	text_words(statuses->body, statuses->has_any ? "," : "");
	statuses->has_any = true;
	desired_put_status(statuses->body, row);
}

static void fleet_on_desired(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "name");
	const struct desired *desired = name == NULL ? self->desired.first :
					desired_find(self, name);
	struct text text = text_of(ANSWER_MAX);
	struct fleet_statuses statuses = {.body = &text};
	int rc = 0;

	if (name != NULL && desired == NULL) {
		(void)ew_http_reply_error(&req, 404, "no such desired state");
		return;
	}
	text_words(&text, name == NULL ? "[" : "");
	for (; desired != NULL; desired = name == NULL ? desired->next : NULL) {
		desired_put_one(&text, desired);
		if (name != NULL) {
			text_words(&text, ",\"status\":[");
			rc = store_load_statuses(self->store, name, &statuses, fleet_on_status);
			text_words(&text, "]");
		}
		text_words(&text, name == NULL && desired->next != NULL ? "}," : "}");
	}
	text_words(&text, name == NULL ? "]\n" : "\n");
	if (rc != 0) {
		text_free(&text);
		(void)ew_http_reply_error(&req, 503, "the file cannot be read");
		return;
	}
	answer_reply(&req, 200, NULL, &text);
}

static void fleet_on_change(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "name");
	const char *why = NULL;
	struct text text = text_of(ANSWER_MAX);
	size_t size;
	const char *json = ew_http_body(req, &size);
	int rc = strcmp(ew_http_method(req), "DELETE") == 0 ? desired_drop(self, name) :
		 desired_put(self, name, json, size, &why);

	if (rc == 0) {
		text_words(&text, "{\"name\":");
		text_string(&text, name, strlen(name));
		text_words(&text, "}\n");
		answer_reply(&req, 200, NULL, &text);
	} else {
		(void)ew_http_reply_error(&req, rc == -ENOENT ? 404 : why != NULL ? 400 : 503,
					  rc == -ENOENT ? "no such desired state" :
					  why != NULL ? why : request_error(rc));
	}
	lwm2m_server_turned(self);
}

int fleet_open(struct lwm2m_server *self)
{
	const struct ew_http_spec specs[] = {
		{.methods = "GET", .path = "/api/lwm2m/firmware", .role = EW_ROLE_VIEWER,
		 .summary = "firmware updates", .handle = fleet_on_jobs},
		{.methods = "GET", .path = "/api/lwm2m/firmware/{device}", .role = EW_ROLE_VIEWER,
		 .summary = "the firmware update of one client", .handle = fleet_on_jobs},
		{.methods = "POST", .path = "/api/lwm2m/firmware", .role = EW_ROLE_ADMIN,
		 .body_max = 2 * self->server.settings.message_max + BODY_MAX,
		 .summary = "update firmware of clients", .handle = fleet_on_firmware},
		{.methods = "POST", .path = "/api/lwm2m/firmware/cancel", .role = EW_ROLE_ADMIN,
		 .body_max = BODY_MAX, .summary = "end firmware updates",
		 .handle = fleet_on_firmware},
		{.methods = "GET", .path = "/api/lwm2m/desired", .role = EW_ROLE_VIEWER,
		 .summary = "desired states", .handle = fleet_on_desired},
		{.methods = "GET", .path = "/api/lwm2m/desired/{name}", .role = EW_ROLE_VIEWER,
		 .summary = "a desired state and how clients are", .handle = fleet_on_desired},
		{.methods = "PUT DELETE", .path = "/api/lwm2m/desired/{name}",
		 .role = EW_ROLE_OPERATOR, .body_max = DESIRED_BODY,
		 .summary = "say a desired state, or end it", .handle = fleet_on_change},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]) && rc == 0; i++) {
		struct ew_http_spec spec = specs[i];

		spec.size = sizeof(spec);
		spec.arg = self;
		rc = ew_http_handle(self->inst, &spec);
	}
	return rc;
}
