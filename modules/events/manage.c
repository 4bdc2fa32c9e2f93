/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers, acknowledgements, the list of consumers: see events.h. */
#include "modules/events/events.h"

#include <errno.h>
#include <string.h>

#include "proto/json/json_out.h"
#include "proto/json/number.h"

#define ACK_BODY_MAX   4096u
#define STREAM_SLACK   ((size_t)1 << 20)        /* a page may end with a long event */
#define WAIT_SLACK     (10 * EW_SECOND)

const char *manage_query(const void *arg, const char *name, size_t nth)
{
	return ew_http_query(arg, name, nth);
}

void manage_refuse(struct events *events, struct ew_http_request **req, int status,
		   const char *text)
{
	ew_metric_add(events->inst, METRIC_BAD, 1);
	(void)ew_http_reply_error(req, status, text); /* it has gone, then */
}

void manage_fail(struct events *events, struct ew_http_request **req, int error)
{
	if (error == -ENOENT) {
		manage_refuse(events, req, 404, "there is no such consumer");
	} else if (error == -ENOSPC) {
		manage_refuse(events, req, 409, "as many consumers as may be: delete one");
	} else {
		manage_refuse(events, req, 503, error == -ENOMEM ?
			      "no memory" : "the journal cannot be read now");
	}
}

void manage_measure(struct events *events)
{
	uint64_t lowest = consumers_lowest(&events->consumers);
	uint64_t durable = ew_journal_durable(events->journal);

	ew_metric_set(events->inst, METRIC_CONSUMERS, (double)events->consumers.count);
	ew_metric_set(events->inst, METRIC_LAG, lowest < durable ? (double)(durable - lowest) : 0);
	ew_metric_set(events->inst, METRIC_WAITING, (double)events->client_count);
}

void manage_forget(struct events *events)
{
	ew_dur now = ew_now();
	const struct consumer *consumer;
	struct client *client;

	/* a stream that is open, or a poll that waits, is asking */
	TAILQ_FOREACH(client, &events->clients, next) {
		struct consumer *own = consumers_find(&events->consumers, client->ask.consumer);

		if (own != NULL) {
			own->used = now;
		}
	}
	while ((consumer = consumers_forgotten(&events->consumers, now)) != NULL) {
		char name[ASK_NAME_MAX + 1];
		int error;

		memcpy(name, consumer->name, sizeof(name));
		error = consumers_remove(&events->consumers, name);
		ew_metric_add(events->inst, METRIC_FORGOTTEN, 1);
		ew_log(events->inst, error == 0 ? EW_LOG_NOTICE : EW_LOG_WARNING,
		       "a consumer did not ask for too long and is forgotten name=%s error=%d",
		       name, -error);
	}
}

/* ---- JSON ---- */

static void manage_text(struct bytes *to, const char *key, const char *text)
{
	bytes_text(to, key);
	json_out_string(to, text);
}

static void manage_number(struct bytes *to, const char *key, int64_t value)
{
	char text[NUMBER_SIZE];

	bytes_text(to, key);
	bytes_add(to, text, number_i64(text, value));
}

/* Answer with JSON, and free it. */
static void manage_reply(struct events *events, struct ew_http_request **req, struct bytes *body)
{
	const struct ew_http_response response = {
		.size = sizeof(response), .body = body->at, .body_size = body->size,
	};

	if (body->failed) {
		manage_fail(events, req, -ENOMEM);
	} else {
		(void)ew_http_reply(req, &response); /* who left asks again */
	}
	bytes_free(body);
}

static void manage_consumer(struct bytes *to, const struct consumer *consumer, uint64_t durable)
{
	manage_text(to, "{\"name\":", consumer->name);
	manage_number(to, ",\"acknowledged\":", (int64_t)consumer->acknowledged);
	manage_number(to, ",\"handed_out\":", (int64_t)consumer->tail);
	manage_number(to, ",\"last\":", (int64_t)durable);
	manage_number(to, ",\"lag\":", (int64_t)(durable - consumer->acknowledged));
	manage_number(to, ",\"pages_open\":", (int64_t)consumer->count);
	manage_number(to, ",\"redelivered\":", (int64_t)consumer->redeliveries);
	manage_text(to, ",\"session\":", consumer->session);
	manage_number(to, ",\"last_poll\":", consumer->last_poll / EW_SECOND);
	manage_number(to, ",\"last_ack\":", consumer->last_ack / EW_SECOND);
	bytes_char(to, '}');
}

/* ---- handlers ---- */

static void manage_on_ack(void *arg, struct ew_http_request *req)
{
	struct events *events = arg;
	struct consumer *consumer = NULL;
	struct bytes body = {0};
	struct ask_ack ack;
	const char *why = NULL;
	size_t size;
	const char *text = ew_http_body(req, &size);
	int error = ask_parse_ack(manage_query, req, text, size, &ack, &why);

	if (error != 0) {
		manage_refuse(events, &req, 400, why);
		return;
	}
	consumer = consumers_find(&events->consumers, ack.consumer);
	error = consumer == NULL ? -ENOENT : consumer_ack(consumer, &ack);
	if (error == -EINVAL) {
		manage_refuse(events, &req, 409, "no event has this id yet");
	} else if (error != 0) {
		manage_fail(events, &req, error);
	} else {
		ew_metric_add(events->inst, METRIC_ACKS, 1);
		manage_consumer(&body, consumer, ew_journal_durable(events->journal));
		manage_reply(events, &req, &body);
		clients_serve(events);
		events_schedule(events);
	}
	manage_measure(events);
}

static void manage_on_list(void *arg, struct ew_http_request *req)
{
	struct events *events = arg;
	struct bytes body = {0};

	bytes_char(&body, '[');
	for (size_t i = 0; i < events->consumers.count; i++) {
		bytes_text(&body, i == 0 ? "" : ",\n");
		manage_consumer(&body, events->consumers.at[i],
				ew_journal_durable(events->journal));
	}
	bytes_text(&body, "]\n");
	manage_reply(events, &req, &body);
}

static void manage_on_delete(void *arg, struct ew_http_request *req)
{
	struct events *events = arg;
	int error = consumers_remove(&events->consumers, ew_http_param(req, "name"));
	const struct ew_http_response response = {.size = sizeof(response), .status = 204};

	if (error != 0) {
		manage_fail(events, &req, error);
	} else {
		(void)ew_http_reply(&req, &response); /* as above */
		clients_serve(events);
	}
	manage_measure(events);
}

int manage_open(struct events *events)
{
	const struct ew_http_spec specs[] = {
		{.size = sizeof(specs[0]), .methods = "GET", .path = "/api/events",
		 .role = EW_ROLE_VIEWER, .deadline = events->settings->wait + WAIT_SLACK,
		 .stream_max = (size_t)events->settings->page_bytes + STREAM_SLACK,
		 .summary = "events: JSON, NDJSON or server-sent events",
		 .handle = clients_on_request, .gone = clients_on_gone,
		 .writable = clients_on_writable, .arg = events},
		{.size = sizeof(specs[0]), .methods = "POST", .path = "/api/events/ack",
		 .role = EW_ROLE_OPERATOR, .body_max = ACK_BODY_MAX,
		 .summary = "acknowledge a page, or all up to an event",
		 .handle = manage_on_ack, .arg = events},
		{.size = sizeof(specs[0]), .methods = "GET", .path = "/api/events/consumers",
		 .role = EW_ROLE_VIEWER, .summary = "consumers of events, and how far they are",
		 .handle = manage_on_list, .arg = events},
		{.size = sizeof(specs[0]), .methods = "DELETE",
		 .path = "/api/events/consumers/{name}", .role = EW_ROLE_OPERATOR,
		 .summary = "forget a consumer", .handle = manage_on_delete, .arg = events},
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]) && error == 0; i++) {
		error = ew_http_handle(events->inst, &specs[i]);
	}
	return error;
}
