/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, as events of the bus: registrations, and every record that
 * came, in as many events as its text needs.
 */
#include <string.h>

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/text.h"

#define BODY_ROOM  (EW_EVENT_BODY_MAX - 8)      /* less what closes it */

static const struct {
	const char *kind;
	unsigned metric;
	enum ew_severity severity;
	const char *reason;     /* of the device's state; NULL: it is up */
} kinds[] = {
	[SERVER_REGISTERED] = {"lwm2m.registered", METRIC_REGISTRATIONS, EW_SEVERITY_INFO, NULL},
	[SERVER_UPDATED] = {"lwm2m.updated", METRIC_UPDATES, EW_SEVERITY_INFO, NULL},
	[SERVER_EXPIRED] = {"lwm2m.expired", METRIC_EXPIRED, EW_SEVERITY_WARNING,
			    "registration expired"},
	[SERVER_DEREGISTERED] = {"lwm2m.deregistered", METRIC_DEREGISTRATIONS,
				 EW_SEVERITY_NOTICE, "deregistered"},
};

void lwm2m_server_event(struct lwm2m_server *self, const struct ew_event *event)
{
	if (ew_event_publish(self->inst, event) != 0) {
		ew_metric_add(self->inst, METRIC_LOST_EVENTS, 1);
	}
}

void news_peer(struct lwm2m_server *self, const struct peer *peer, enum server_news news)
{
	struct text body = text_of(EW_EVENT_BODY_MAX + 1);
	const struct peer_device *own = peer->devices;
	struct ew_event event = {
		.size = sizeof(event), .kind = kinds[news].kind,
		.severity = kinds[news].severity, .key = peer->endpoint,
	};

	text_words(&body, "{\"endpoint\":");
	text_string(&body, peer->endpoint, strlen(peer->endpoint));
	text_words(&body, ",\"lifetime\":");
	text_unsigned(&body, peer->lifetime);
	text_words(&body, ",\"version\":");
	text_string(&body, peer->version, strlen(peer->version));
	if (news == SERVER_REGISTERED) {
		text_words(&body, ",\"objects\":");
		text_string(&body, peer->links, strlen(peer->links));
	}
	text_put(&body, "}", 1);
	while (own != NULL && own->prefix[0] != '\0') {
		own = own->next;
	}
	event.device = own == NULL ? EW_NO_ID : own->device;
	event.body = body.at;
	ew_metric_add(self->inst, kinds[news].metric, 1);
	if (body.failed) {
		ew_metric_add(self->inst, METRIC_LOST_EVENTS, 1);
	} else {
		lwm2m_server_event(self, &event);
	}
	text_free(&body);
}

void news_result(struct lwm2m_server *self, const struct ask *ask)
{
	struct text body = text_of(EW_EVENT_BODY_MAX + 1);
	struct ew_event event = {
		.size = sizeof(event), .kind = "lwm2m.result", .severity = EW_SEVERITY_INFO,
		.key = ask->endpoint,
	};

	answer_ask(&self->catalog, &body, ask);
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
}

struct news_data {
	struct lwm2m_server *self;
	const struct peer *peer;
	const char *how;
	struct text body;
	struct text line;       /* one record */
	size_t count;           /* in the body */
	size_t total;
};

static void news_flush(struct news_data *data)
{
	struct ew_event event = {
		.size = sizeof(event), .kind = "lwm2m.data", .severity = EW_SEVERITY_INFO,
		.key = data->peer->endpoint,
	};

	if (data->count > 0) {
		text_words(&data->body, "]}");
		event.body = data->body.at;
		lwm2m_server_event(data->self, &event);
		data->count = 0;
	}
	data->body.size = 0;
}

static void news_begin(struct news_data *data)
{
	text_words(&data->body, "{\"endpoint\":");
	text_string(&data->body, data->peer->endpoint, strlen(data->peer->endpoint));
	text_words(&data->body, ",\"how\":\"");
	text_words(&data->body, data->how);
	text_words(&data->body, "\",\"records\":[");
}

static void news_record(void *arg, const struct lwm2m_record *record, struct lwm2m_text head)
{
	struct news_data *data = arg;

	data->total++;
	data->line.size = 0;
	data->line.failed = false;
	if (head.size > 0) {
		text_put(&data->line, head.at, head.size);
	} else {
		text_record_head(&data->line, &data->self->catalog, &record->path);
	}
	text_record_tail(&data->line, record);
	text_put(&data->line, "}", 1);
	if (data->line.failed) {
		ew_metric_add(data->self->inst, METRIC_LOST_EVENTS, 1);
		return;
	}
	if (data->body.size + data->line.size + 1 > BODY_ROOM) {
		news_flush(data);
	}
	if (data->body.size == 0) {
		news_begin(data);
	} else {
		text_put(&data->body, ",", 1);
	}
	text_put(&data->body, data->line.at, data->line.size);
	data->count++;
}

void news_records(struct lwm2m_server *self, struct peer *peer,
		  const struct server_records *records)
{
	struct news_data data = {
		.self = self, .peer = peer, .how = records->how,
		.body = text_of(EW_EVENT_BODY_MAX + 1),
		.line = text_of(EW_EVENT_BODY_MAX - 1024),
	};

	tags_take(&self->tags, peer, records, news_record, &data);
	news_flush(&data);
	if (strcmp(records->how, "send") == 0) {
		ew_metric_add(self->inst, METRIC_BULK, 1);
		ew_metric_add(self->inst, METRIC_THROUGHPUT, (double)data.total);
		ew_metric_observe(self->inst, METRIC_BULK_SIZE, (double)data.total);
	}
	text_free(&data.body);
	text_free(&data.line);
}
