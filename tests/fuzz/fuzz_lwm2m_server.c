/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's machine: messages of two clients in turn, each with two bytes of
 * its size before it, the first bit of which says whose it is. Whatever they
 * say, what the server says is well-formed, and its limits hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/lwm2m_server/server.h"
#include "modules/lwm2m_server/wires.h"
#include "proto/lwm2m/split.h"
#include "modules/lwm2m_server/text.h"
#include "tests/fuzz/fuzz.h"

#define SECOND      INT64_C(1000000000)
#define CLIENTS     2u
#define REQUESTS    8u
#define WATCHES     4u
#define MESSAGE     4096u

static uint64_t asked;          /* token of the last request */
static struct server server;
static struct wires wires = {.prefix = "", .message_max = MESSAGE};

/* What it says can be said in both profiles. */
static int publish(void *arg, const struct server_said *said)
{
	struct server_said other = *said;
	struct lwm2m_message message;

	(void)arg;
	check(said->endpoint[0] == 'g');
	other.profile = SERVER_SPLIT;
	/* an answer to what is no operation has no topic there */
	check(wires_say(&wires, &server, &other) == 0 || lwm2m_split_level(said->message) == NULL);
	other.profile = SERVER_BINDING;
	check(wires_say(&wires, &server, &other) == 0 && wires.written.size <= MESSAGE);
	check(lwm2m_message_decode(wires.written.at, wires.written.size, &message) == 0);
	if ((message.has & LWM2M_HAS(OPERATION)) != 0) {
		check(message.operation == LWM2M_OP_CANCEL_OBSERVE || message.token % 2 == 0);
		asked = message.token;
	}
	return 0;
}

/* They have been looked at: they decode to the end, and can be said as JSON. */
static void take_records(void *arg, struct peer *peer, const struct server_records *records)
{
	static char scratch[MESSAGE];
	const struct lwm2m_source source = {
		.bytes = records->payload.at, .size = records->payload.size,
		.base = records->base, .now = SECOND, .scratch = scratch,
		.scratch_size = sizeof(scratch),
	};
	const struct catalog catalog = {0};
	struct text text = text_of(1u << 20);
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	int rc;

	(void)arg;
	check(peer->endpoint[0] == 'g');
	check(lwm2m_decoder_begin(&decoder, records->content, &source) == 0);
	while ((rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		text_record(&text, &catalog, &record);
	}
	check(rc == 0);
	text_free(&text);
}

static void news(void *arg, struct peer *peer, enum server_news what)
{
	(void)arg;
	check(peer->endpoint[0] == 'g' && what <= SERVER_DEREGISTERED);
}

static void count(void *arg, enum server_count what)
{
	(void)arg;
	check(what < SERVER_COUNT_COUNT);
}

static void finished(void *arg, struct ask *ask)
{
	(void)arg;
	check(ask_state_name(ask->state) != NULL);
}

static void spoke(void *arg, struct peer *peer, bool is_register)
{
	(void)arg;
	check(peer->endpoint[0] == 'g' && (is_register || peer->updated > 0));
}

static void watched(void *arg, struct peer *peer)
{
	(void)arg;
	(void)peer;
}

static int queued(void *arg, const struct ask *ask, bool is_open)
{
	(void)arg;
	(void)is_open;
	check(ask->until != 0);
	return 0;
}

static ew_time wall(void *arg)
{
	(void)arg;
	return INT64_C(1767225600) * SECOND;
}

/* What a caller wants meanwhile; refusals are as good. */
static void ask(unsigned what, ew_dur now)
{
	const struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI), .uri = {"/3/0/0", 6},
		.operation = what % 3 == 0 ? LWM2M_OP_READ : what % 3 == 1 ? LWM2M_OP_OBSERVE :
			     LWM2M_OP_CANCEL_OBSERVE,
	};
	const struct server_order order = {
		.endpoint = what % 2 == 0 ? "g0" : "g1", .request = &request,
		.timeout = 5 * SECOND, .about = asked,
		.until = what % 5 == 0 ? wall(NULL) + 60 * SECOND : 0,
	};
	uint64_t id;

	(void)server_ask(&server, &order, now, &id);
}

/* In the profile of the binding; or, after a line with its level, in the split one. */
static void hear(const char *endpoint, struct lwm2m_text bytes, ew_dur now)
{
	const char *line = bytes.size == 0 ? NULL : memchr(bytes.at, '\n', bytes.size);
	size_t level = line == NULL ? 0 : (size_t)(line - bytes.at);
	char topic[128];

	if (level > 0 && level < 32 && memchr(bytes.at, '\0', level) == NULL) {
		(void)snprintf(topic, sizeof(topic), "lwm2m/%s/%.*s", endpoint, (int)level,
			       bytes.at);
		bytes.at += level + 1;
		bytes.size -= level + 1;
		if (wires_hear(&wires, &server, topic, bytes, now) == 0) {
			return;
		}
		bytes.at -= level + 1;
		bytes.size += level + 1;
	}
	(void)snprintf(topic, sizeof(topic), "lwm2m/rd/%s", endpoint);
	check(wires_hear(&wires, &server, topic, bytes, now) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct server_settings settings = {
		.clients = CLIENTS, .requests = REQUESTS, .observations = WATCHES,
		.message_max = MESSAGE,
	};
	const struct server_ops ops = {
		.publish = publish, .records = take_records, .news = news, .count = count,
		.finished = finished, .spoke = spoke, .watched = watched, .queued = queued,
		.wall = wall,
	};
	ew_dur now = SECOND;
	unsigned turn = 0;
	size_t at = 0;

	check(server_init(&server, &settings, &ops, 0) == 0);
	while (size - at >= 2) {
		size_t next = (size_t)(data[at] & 0x7f) << 8 | data[at + 1];
		const char *endpoint = (data[at] & 0x80) != 0 ? "g1" : "g0";

		at += 2;
		next = next < size - at ? next : size - at;
		hear(endpoint, (struct lwm2m_text){(const char *)data + at, next}, now);
		ask(turn++, now);
		now += SECOND;
		server_work(&server, now);
		check(server.peers.count <= CLIENTS && server.asks.open <= REQUESTS);
		check(server.peers.watch_count <= WATCHES + REQUESTS);
		at += next;
	}
	server_fini(&server);
	return 0;
}
