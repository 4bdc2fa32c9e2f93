/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug_host/monitor.h"

#include <edgeway/module.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug_host/show.h"
#include "proto/json/json_out.h"
#include "proto/sparkplug/topic.h"

#define PAGE_MAX       1000u    /* topics of one answer */
#define STREAM_BYTES   (1u << 20)

/* The last message of a topic. */
struct monitored {
	struct monitored *newer, *older;
	struct index_key by_topic;
	uint64_t messages;      /* of the topic, since it is here */
	ew_time time;
	size_t size;            /* as it came */
	size_t kept;            /* bytes of it behind the topic */
	uint8_t qos;
	bool retain;
	char topic[];           /* terminated, then the payload */
};

/* ---- topics ---- */

bool monitor_matches(const char *filter, const char *topic)
{
	while (*filter != '\0' && *filter != '#') {
		if (*filter == '+') {
			topic += strcspn(topic, "/");
			filter++;
		} else if (*filter == *topic) {
			filter++;
			topic++;
		} else {
			/* `a/#` is about `a` too */
			return *topic == '\0' && strcmp(filter, "/#") == 0;
		}
	}
	return *filter == '#' || *topic == '\0';
}

static void unlink_it(struct monitor *monitor, struct monitored *it)
{
	*(it->newer != NULL ? &it->newer->older : &monitor->newest) = it->older;
	*(it->older != NULL ? &it->older->newer : &monitor->oldest) = it->newer;
	index_remove(&monitor->by_topic, &it->by_topic);
	monitor->count--;
}

static struct monitored *make(const struct monitor *monitor,
			      const struct ew_uplink_received *message)
{
	size_t name = strlen(message->topic) + 1;
	size_t kept = message->payload_size < monitor->payload_max ? message->payload_size
								   : monitor->payload_max;
	struct monitored *it = malloc(sizeof(*it) + name + kept);

	if (it == NULL) {
		return NULL;
	}
	*it = (struct monitored){
		.messages = 1, .time = ew_wall(), .size = message->payload_size,
		.kept = kept, .qos = message->qos, .retain = message->retain,
	};
	memcpy(it->topic, message->topic, name);
	if (kept > 0) {
		memcpy(it->topic + name, message->payload, kept);
	}
	it->by_topic = (struct index_key){
		.owner = monitor, .name = sp_text(it->topic), .thing = it,
	};
	return it;
}

/* NULL: no memory, or nothing is to be kept. */
static struct monitored *keep(struct monitor *monitor, const struct ew_uplink_received *message)
{
	struct monitored *before =
		index_find(&monitor->by_topic, monitor, sp_text(message->topic));
	struct monitored *it = make(monitor, message);

	if (it == NULL) {
		return NULL;
	}
	if (before == NULL && monitor->count >= monitor->topics_max) {
		before = monitor->oldest;
	} else if (before != NULL) {
		it->messages += before->messages;
	}
	if (before != NULL) {
		unlink_it(monitor, before);
		free(before);
	}
	index_add(&monitor->by_topic, &it->by_topic);
	it->older = monitor->newest;
	*(monitor->newest != NULL ? &monitor->newest->newer : &monitor->oldest) = it;
	monitor->newest = it;
	monitor->count++;
	return it;
}

/* ---- as JSON ---- */

static bool is_text(const char *at, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)at[i] < ' ' && at[i] != '\t' && at[i] != '\n' &&
		    at[i] != '\r') {
			return false;
		}
	}
	return true;
}

static void add_payload(struct bytes *to, const struct monitored *it)
{
	const char *payload = it->topic + strlen(it->topic) + 1;
	size_t before = to->size;
	struct sp_topic topic;

	if (it->kept == it->size && sp_topic_parse(sp_text(it->topic), &topic) == 0 &&
	    topic.verb != SP_STATE) {
		bytes_text(to, ",\"sparkplug\":");
		if (show_payload(to, (struct sp_bytes){ payload, it->kept })) {
			return;
		}
		bytes_cut(to, before);
	}
	if (is_text(payload, it->kept)) {
		bytes_text(to, ",\"text\":\"");
		json_out_text(to, payload, it->kept);
	} else {
		bytes_text(to, ",\"base64\":\"");
		json_out_base64(to, payload, it->kept);
	}
	bytes_char(to, '"');
}

static void add_message(struct bytes *to, const struct monitored *it)
{
	bytes_text(to, "{\"topic\":");
	json_out_string(to, it->topic);
	bytes_text(to, ",\"time\":");
	show_whole(to, (uint64_t)(it->time / 1000000));
	bytes_text(to, ",\"messages\":");
	show_whole(to, it->messages);
	bytes_text(to, ",\"qos\":");
	show_whole(to, it->qos);
	bytes_text(to, it->retain ? ",\"retain\":true,\"bytes\":" : ",\"retain\":false,\"bytes\":");
	show_whole(to, it->size);
	if (it->kept < it->size) {
		bytes_text(to, ",\"cut\":true");
	}
	add_payload(to, it);
	bytes_char(to, '}');
}

static void on_last(void *arg, struct ew_http_request *req)
{
	struct monitor *monitor = arg;
	const char *filter = ew_http_query(req, "topic", 0);
	struct bytes body = { 0 };
	size_t count = 0;

	bytes_char(&body, '[');
	for (const struct monitored *it = monitor->newest; it != NULL && count < PAGE_MAX;
	     it = it->older) {
		if (filter == NULL || monitor_matches(filter, it->topic)) {
			bytes_text(&body, count++ > 0 ? ",\n" : "");
			add_message(&body, it);
		}
	}
	bytes_text(&body, "]\n");
	if (body.failed) {
		(void)ew_http_reply_error(&req, 503, "out of memory"); /* closed in any case */
	} else {
		const struct ew_http_response response = {
			.size = sizeof(response), .body = body.at, .body_size = body.size,
		};

		(void)ew_http_reply(&req, &response); /* the same */
	}
	bytes_free(&body);
}

/* ---- live ---- */

static void let_go(struct monitor *monitor, size_t client)
{
	free(monitor->filters[client]);
	monitor->filters[client] = NULL;
	monitor->clients[client] = NULL;
	monitor->missed[client] = 0;
}

static void on_gone(void *arg, struct ew_http_request *req)
{
	struct monitor *monitor = arg;

	for (size_t i = 0; i < MONITOR_CLIENTS; i++) {
		if (monitor->clients[i] == req) {
			let_go(monitor, i);
		}
	}
	(void)ew_http_stream_end(&req); /* closed in any case */
}

static void on_live(void *arg, struct ew_http_request *req)
{
	struct monitor *monitor = arg;
	const struct ew_http_response response = {
		.size = sizeof(response), .content_type = "application/x-ndjson",
	};
	const char *filter = ew_http_query(req, "topic", 0);
	size_t at = 0;

	while (at < MONITOR_CLIENTS && monitor->clients[at] != NULL) {
		at++;
	}
	if (at == MONITOR_CLIENTS) {
		(void)ew_http_reply_error(&req, 503, "too many watch already"); /* closed */
		return;
	}
	monitor->filters[at] = strdup(filter != NULL ? filter : "#");
	if (monitor->filters[at] == NULL || ew_http_stream_start(req, &response) != 0) {
		let_go(monitor, at);
		(void)ew_http_reply_error(&req, 503, "out of memory"); /* closed */
		return;
	}
	monitor->clients[at] = req;
}

/* What a slow client missed is told before what it gets next. */
static void show(struct monitor *monitor, size_t client, const struct monitored *it)
{
	struct bytes *line = &monitor->line;

	line->size = 0;
	if (monitor->missed[client] > 0) {
		bytes_text(line, "{\"missed\":");
		show_whole(line, monitor->missed[client]);
		bytes_text(line, "}\n");
	}
	add_message(line, it);
	bytes_char(line, '\n');
	if (line->failed) {
		bytes_cut(line, 0);
		monitor->missed[client]++;
	} else if (ew_http_stream_write(monitor->clients[client], line->at, line->size) == 0) {
		monitor->missed[client] = 0;
	} else {
		monitor->missed[client]++;
	}
}

void monitor_take(struct monitor *monitor, const struct ew_uplink_received *message)
{
	const struct monitored *it = keep(monitor, message);

	for (size_t i = 0; it != NULL && i < MONITOR_CLIENTS; i++) {
		if (monitor->clients[i] != NULL &&
		    monitor_matches(monitor->filters[i], message->topic)) {
			show(monitor, i, it);
		}
	}
}

/* ---- life ---- */

int monitor_init(struct monitor *monitor, size_t topics_max, size_t payload_max, uint64_t seed)
{
	monitor->topics_max = topics_max;
	monitor->payload_max = payload_max;
	return index_init(&monitor->by_topic, seed);
}

int monitor_open(struct monitor *monitor, struct ew_instance *inst)
{
	const struct ew_http_spec last = {
		.size = sizeof(last), .methods = "GET", .path = "/api/sparkplug/monitor",
		.role = EW_ROLE_VIEWER, .handle = on_last, .arg = monitor,
		.summary = "the last message of each topic",
	};
	const struct ew_http_spec live = {
		.size = sizeof(live), .methods = "GET", .path = "/api/sparkplug/monitor/live",
		.role = EW_ROLE_VIEWER, .handle = on_live, .gone = on_gone, .arg = monitor,
		.stream_max = STREAM_BYTES, .summary = "messages as they come, one a line",
	};
	int error = ew_http_handle(inst, &last);

	return error != 0 ? error : ew_http_handle(inst, &live);
}

void monitor_stop(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS; i++) {
		struct ew_http_request *req = monitor->clients[i];

		if (req != NULL) {
			let_go(monitor, i);
			(void)ew_http_stream_end(&req); /* closed in any case */
		}
	}
}

void monitor_fini(struct monitor *monitor)
{
	while (monitor->newest != NULL) {
		struct monitored *it = monitor->newest;

		unlink_it(monitor, it);
		free(it);
	}
	for (size_t i = 0; i < MONITOR_CLIENTS; i++) {
		free(monitor->filters[i]);
	}
	index_fini(&monitor->by_topic);
	bytes_free(&monitor->line);
}
