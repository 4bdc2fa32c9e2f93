/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/events, answered at once or later: see events.h. */
#include "modules/events/events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SSE_BYTES  ((uint64_t)128 << 10)        /* of a page in a stream */

/* ---- pages ---- */

/* For a client without a consumer: its place is its own. */
static int page_next_own(struct client *client, struct page_plan *plan, struct page *page)
{
	const struct settings *settings = client->events->settings;
	uint64_t limit = client->ask.is_recent ? INTAKE_RECENT : settings->page_events;
	uint64_t bytes = client->ask.is_recent ? RECENT_BYTES : settings->page_bytes;
	int error;

	*plan = (struct page_plan){
		.ask = &client->ask, .after = client->after, .from = client->place,
		.limit = client->ask.limit > 0 && client->ask.limit < limit ?
			 client->ask.limit : limit,
		.bytes = client->is_stream && bytes > SSE_BYTES ? SSE_BYTES : bytes,
		.hides_gap = client->ask.is_recent,
	};
	error = page_make(client->is_stream ? &client->feed : &client->events->feed, plan, page);
	if (error != 0) {
		return error;
	}
	client->place = page->to;
	client->after = page->body.size > 0 ? page->to : client->after;
	return 0;
}

static int page_next_consumer(struct client *client, struct page_plan *plan, struct page *page)
{
	struct events *events = client->events;
	struct consumer *consumer = consumers_find(&events->consumers, client->ask.consumer);
	int error;

	if (consumer == NULL) {
		return -ENOENT;
	}
	if (consumer_due(consumer, events->settings) <= ew_now()) {
		consumer_rewind(consumer);
	}
	*page = (struct page){.from = 0};
	if (!consumer_plan(consumer, &client->ask, events->settings, plan)) {
		return 0;
	}
	plan->bytes = client->is_stream && plan->bytes > SSE_BYTES ? SSE_BYTES : plan->bytes;
	error = page_make(&consumer->feed, plan, page);
	if (error == 0) {
		consumer_hand(consumer, &client->ask, plan, page);
	}
	return error;
}

int page_next(struct client *client, struct page_plan *plan_out, struct page *page_out)
{
	int error = client->ask.consumer[0] != '\0' ?
		    page_next_consumer(client, plan_out, page_out) :
		    page_next_own(client, plan_out, page_out);

	if (error != 0) {
		return error;
	}
	client->is_looking = page_out->body.size == 0 && page_out->has_more;
	return page_out->body.size > 0 ? 1 : 0;
}

void page_count(struct events *events, const struct page *page)
{
	ew_metric_add(events->inst, METRIC_PAGES, 1);
	ew_metric_add(events->inst, METRIC_OUT, (double)page->events);
	ew_metric_add(events->inst, METRIC_REDELIVERED, (double)page->again);
	ew_metric_observe(events->inst, METRIC_PAGE_BYTES, (double)page->body.size);
	if (page->lost > 0) {
		ew_metric_add(events->inst, METRIC_GAPS, 1);
		ew_metric_add(events->inst, METRIC_GAP_EVENTS, (double)page->lost);
	}
}

/* ---- answers ---- */

/* Answer with a page, which may be empty. */
static int poll_reply(struct client *client, const struct page_plan *plan, struct page *page)
{
	const struct consumer *consumer =
		consumers_find(&client->events->consumers, client->ask.consumer);
	char name[72], next[24], last[24];
	const struct ew_http_header headers[] = {
		{"Cache-Control", "no-store"}, {"Edgeway-Next", next}, {"Edgeway-Last", last},
		{"Edgeway-Page", name},
	};
	bool is_array = client->ask.form == ASK_ARRAY;
	bool is_page = consumer != NULL && page->body.size > 0;
	struct ew_http_response response = {
		.size = sizeof(response),
		.content_type = is_array ? "application/json" : "application/x-ndjson",
		.headers = headers,
		.header_count = is_page ? 4 : 3,
	};

	if (is_array) {
		bytes_text(&page->body, page->body.size == 0 ? "[]\n" : "]\n");
	}
	(void)snprintf(name, sizeof(name), "%" PRIu64 "-%" PRIu64 "-%" PRIu64, plan->after,
		       page->to, consumer != NULL ? consumer->turn : 0);
	(void)snprintf(next, sizeof(next), "%" PRIu64, page->to); /* these fit */
	(void)snprintf(last, sizeof(last), "%" PRIu64, ew_journal_durable(client->events->journal));
	if (page->body.failed) {
		return ew_http_reply_error(&client->req, 503, "no memory") == 0 ? -ENOMEM : -EPIPE;
	}
	response.body = page->body.at;
	response.body_size = page->body.size;
	return ew_http_reply(&client->req, &response);
}

/* Answer a poll if there is something, or if its time has come. False: it waits. */
static bool poll_serve(struct client *client)
{
	struct events *events = client->events;
	ew_dur begin = ew_now();
	struct page_plan plan;
	struct page page;
	struct consumer *consumer;
	int ret = page_next(client, &plan, &page);

	if (ret < 0) {
		manage_fail(events, &client->req, ret);
		return true;
	}
	if (ret == 0 && (client->due > ew_now() || client->is_looking)) {
		page_free(&page);
		return false;
	}
	if (ret == 0) {
		page.to = client->ask.consumer[0] != '\0' ? plan.after : client->place;
	}
	page_count(events, &page);
	ret = poll_reply(client, &plan, &page);
	consumer = consumers_find(&events->consumers, client->ask.consumer);
	if (ret < 0 && consumer != NULL && page.events > 0) {
		consumer_take_back(consumer, &plan);
	}
	ew_metric_observe(events->inst, METRIC_PAGE_SECONDS,
			  (double)(ew_now() - begin) / (double)EW_SECOND);
	page_free(&page);
	return true;
}

/* ---- clients ---- */

void client_end(struct client **client_at)
{
	struct client *client = *client_at;

	*client_at = NULL;
	TAILQ_REMOVE(&client->events->clients, client, next);
	client->events->client_count--;
	if (client->req != NULL && client->is_stream) {
		(void)ew_http_stream_cut(&client->req); /* it has gone, or comes again */
	} else if (client->req != NULL) {
		(void)ew_http_reply_error(&client->req, 503, "the instance stops"); /* as above */
	}
	feed_close(&client->feed);
	page_free(&client->page);
	free(client);
}

static struct client *client_new(struct events *events, struct ew_http_request *req,
				 const struct ask *ask)
{
	struct client *client = calloc(1, sizeof(*client));
	ew_dur wait = ask->wait < events->settings->wait ? ask->wait : events->settings->wait;

	if (client == NULL) {
		return NULL;
	}
	client->events = events;
	client->req = req;
	client->ask = *ask;
	client->due = ew_now() + wait;
	client->place = ask->since;
	if (!ask->has_since) {
		client->place = ask->is_recent ?
				intake_recent(&events->intake, ask->limit > 0 ? ask->limit :
					      INTAKE_RECENT, RECENT_BYTES) :
				ew_journal_durable(events->journal);
	}
	client->after = client->place;
	feed_init(&client->feed, events->journal);
	TAILQ_INSERT_TAIL(&events->clients, client, next);
	events->client_count++;
	ew_http_set_state(req, client);
	return client;
}

/* What keeps this client from being served; NULL: nothing. */
static const char *client_fault(struct events *events, struct ew_http_request *req,
				const struct ask *ask, int *status_out)
{
	const struct ew_http_peer *peer = ew_http_peer(req);

	*status_out = 409;
	if (events->is_stopping || events->client_count >= events->settings->waiting) {
		*status_out = 503;
		return events->is_stopping ? "the instance stops" :
					     "as many polls and streams as may be open";
	}
	if (ask->since > ew_journal_durable(events->journal)) {
		return "since is after the last event: the stream was begun anew";
	}
	if (ask->consumer[0] != '\0' && peer->role < EW_ROLE_OPERATOR) {
		*status_out = 403;
		return "a consumer needs the role operator";
	}
	if (ask->consumer[0] != '\0' && strcmp(ew_http_method(req), "GET") != 0) {
		*status_out = 405;
		return "a consumer's page is handed out by GET only";
	}
	return NULL;
}

static int client_consumer(struct events *events, const struct ask *ask)
{
	struct consumer *consumer;
	int error;

	if (ask->consumer[0] == '\0') {
		return 0;
	}
	error = consumers_take(&events->consumers, ask->consumer, &consumer);
	if (error != 0) {
		return error;
	}
	consumer_begin(consumer, ask, events->settings);
	if (ask->form == ASK_SSE) {
		consumer_rewind(consumer);
	}
	consumer->last_poll = ew_wall();
	return 0;
}

/* A browser says where it was by a header. */
static void client_resume(struct ew_http_request *req, struct ask *ask)
{
	const char *last = ew_http_header(req, "Last-Event-ID");
	char name[48];
	struct ask_page page;

	if (ask->form != ASK_SSE || ask->consumer[0] != '\0' || last == NULL ||
	    strlen(last) > 20) {
		return;
	}
	(void)snprintf(name, sizeof(name), "%s-%" PRId64 "-0", last, INT64_MAX); /* it fits */
	if (ask_page(name, &page) == 0) {
		ask->since = page.after;
		ask->has_since = true;
	}
}

void clients_on_request(void *arg, struct ew_http_request *req)
{
	struct events *events = arg;
	struct client *client;
	struct ask ask;
	const char *why;
	int error, status;

	if (ask_parse(manage_query, req, ew_http_header(req, "Accept"), &ask, &why) != 0) {
		manage_refuse(events, &req, 400, why);
		return;
	}
	client_resume(req, &ask);
	why = client_fault(events, req, &ask, &status);
	if (why != NULL) {
		manage_refuse(events, &req, status, why);
		return;
	}
	error = client_consumer(events, &ask);
	client = error == 0 ? client_new(events, req, &ask) : NULL;
	if (client == NULL) {
		manage_fail(events, &req, error != 0 ? error : -ENOMEM);
		return;
	}
	if (ask.form != ASK_SSE) {
		if (poll_serve(client)) {
			client_end(&client);
		}
	} else if (stream_start(client) != 0) {
		client_end(&client);
	} else {
		(void)stream_serve(client); /* gone, or in the list */
	}
	events_schedule(events);
}

void clients_on_gone(void *arg, struct ew_http_request *req)
{
	struct client *client = ew_http_state(req);

	(void)arg;
	client_end(&client);
}

void clients_on_writable(void *arg, struct ew_http_request *req)
{
	struct client *client = ew_http_state(req);

	client->is_blocked = false;
	(void)stream_serve(client); /* gone, or in the list */
	events_schedule(arg);
}

void clients_serve(struct events *events)
{
	struct client *client = TAILQ_FIRST(&events->clients);

	while (client != NULL) {
		struct client *next = TAILQ_NEXT(client, next);

		if (client->is_stream) {
			(void)stream_serve(client); /* as above */
		} else if (poll_serve(client)) {
			client_end(&client);
		}
		client = next;
	}
}

ew_dur clients_next(struct events *events)
{
	const struct client *client;
	ew_dur next = INT64_MAX;

	TAILQ_FOREACH(client, &events->clients, next) {
		const struct consumer *consumer = client->is_blocked ? NULL :
			consumers_find(&events->consumers, client->ask.consumer);
		ew_dur due = client->is_looking && !client->is_blocked ? 0 : client->due;

		if (consumer != NULL && consumer_due(consumer, events->settings) < due) {
			due = consumer_due(consumer, events->settings);
		}
		next = due < next ? due : next;
	}
	return next;
}

void clients_close(struct events *events)
{
	struct client *client;

	while ((client = TAILQ_FIRST(&events->clients)) != NULL) {
		client_end(&client);
	}
}
