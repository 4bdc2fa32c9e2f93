/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m_server module: an LwM2M 1.2 server over MQTT.
 *
 * This file joins the machine (server.h), the file (store.h), the bus (tags.h,
 * news.c), HTTP (api.c) and the uplink. It is a guest of the uplink. All on the
 * instance's loop.
 */
#include "modules/lwm2m_server/lwm2m_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ew_option options[] = {
	EW_OPTION(struct lwm2m_server_settings, prefix, .fallback = "",
		  .help = "levels of the topics before `lwm2m/`"),
	EW_FILE_OPTION(struct lwm2m_server_settings, objects,
		       .help = "directory of object definitions, XML as in the OMA registry"),
	EW_DURATION_OPTION(struct lwm2m_server_settings, timeout, .fallback = "10s",
			   .min = "100ms", .max = "60s", .help = "for the answer of a client"),
	EW_OPTION(struct lwm2m_server_settings, clients, .fallback = "10000", .min = "1",
		  .max = "1000000", .help = "most clients that may be registered"),
	EW_OPTION(struct lwm2m_server_settings, requests, .fallback = "10000", .min = "1",
		  .max = "100000", .help = "most requests that may be queued or sent"),
	EW_OPTION(struct lwm2m_server_settings, observations, .fallback = "100000", .min = "1",
		  .max = "1000000", .help = "most observations"),
	EW_SIZE_OPTION(struct lwm2m_server_settings, message_max, .fallback = "256KiB",
		       .min = "1KiB", .max = "4MiB", .help = "largest message, in and out"),
	EW_OPTION_END
};

static const double latency_bounds[] = {
	0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
};
static const double bulk_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000};

#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))

static const struct ew_metric metrics[] = {
#define LWM2M_SERVER_METRIC_ROW(row, text, type, words) \
	[METRIC_##row] = {.name = (text), .kind = EW_##type, .help = (words)},
	LWM2M_SERVER_METRICS(LWM2M_SERVER_METRIC_ROW)
#undef LWM2M_SERVER_METRIC_ROW
	[METRIC_LATENCY] = {.name = "command_latency_seconds", .kind = EW_HISTOGRAM,
			    .unit = "seconds", .help = "from a request to its answer",
			    .bounds = latency_bounds, .bound_count = COUNT_OF(latency_bounds)},
	[METRIC_BULK_SIZE] = {.name = "bulk_operations_size", .kind = EW_HISTOGRAM,
			      .help = "records in a Send", .bounds = bulk_bounds,
			      .bound_count = COUNT_OF(bulk_bounds)},
	[METRIC_HTTP_SECONDS] = {.name = "http_request_duration_seconds", .kind = EW_HISTOGRAM,
				 .unit = "seconds", .help = "from a call over HTTP to its answer",
				 .bounds = latency_bounds,
				 .bound_count = COUNT_OF(latency_bounds)},
#define LWM2M_SERVER_LATENCY_ROW(row, word)                                             \
	[METRIC_LATENCY_##row] = {.name = word "_latency_seconds", .kind = EW_HISTOGRAM, \
				  .unit = "seconds", .help = "of these: " word,         \
				  .bounds = latency_bounds,                             \
				  .bound_count = COUNT_OF(latency_bounds)},
	LWM2M_SERVER_LATENCIES(LWM2M_SERVER_LATENCY_ROW)
#undef LWM2M_SERVER_LATENCY_ROW
};

/* ---- the machine's hands ---- */

static int lwm2m_server_publish(void *arg, const struct server_said *said)
{
	struct lwm2m_server *self = arg;
	struct wires *wires = &self->wires;
	struct ew_uplink_message message = {
		.size = sizeof(message), .topic = wires->topic, .qos = 1, .epoch = self->epoch,
		.traffic = EW_TRAFFIC_CONTROL,
	};
	int rc = self->epoch == 0 ? -ENOTCONN : wires_say(wires, &self->server, said);

	if (rc != 0) {
		return rc;
	}
	message.payload = wires->written.at;
	message.payload_size = wires->written.size;
	return ew_uplink_publish(self->inst, &message);
}

void lwm2m_server_kept(struct lwm2m_server *self, int rc)
{
	if (rc != 0) {
		ew_metric_add(self->inst, METRIC_STORE_ERRORS, 1);
		ew_log(self->inst, EW_LOG_ERROR, "cannot keep a change error=%d", -rc);
	}
}

static void lwm2m_server_records(void *arg, struct peer *peer,
				 const struct server_records *records)
{
	struct lwm2m_server *self = arg;

	news_records(self, peer, records);
	if (peer->has_learned) {
		peer->has_learned = false;
		lwm2m_server_kept(self, store_put_devices(self->store, peer));
	}
}

static void lwm2m_server_news(void *arg, struct peer *peer, enum server_news news)
{
	struct lwm2m_server *self = arg;
	bool is_gone = news == SERVER_EXPIRED || news == SERVER_DEREGISTERED;

	tags_set_state(&self->tags, peer, !is_gone ? NULL : news == SERVER_EXPIRED ?
		       "registration expired" : "deregistered");
	news_peer(self, peer, news);
	lwm2m_server_kept(self, is_gone ? store_drop_peer(self->store, peer->endpoint) :
			  store_put_peer(self->store, peer));
	/* an Update that is lost is repeated; what a client was told stays true */
	if (news == SERVER_REGISTERED || news == SERVER_DEREGISTERED) {
		lwm2m_server_kept(self, store_commit(self->store));
	}
}

static void lwm2m_server_count(void *arg, enum server_count count)
{
	static const unsigned counts[SERVER_COUNT_COUNT] = {
		[SERVER_MALFORMED] = METRIC_MALFORMED, [SERVER_ECHOES] = METRIC_ECHOES,
		[SERVER_LATE] = METRIC_LATE, [SERVER_REFUSED] = METRIC_REFUSED,
		[SERVER_REPEATED] = METRIC_REPEATED, [SERVER_UNKNOWN] = METRIC_UNKNOWN,
	};
	struct lwm2m_server *self = arg;

	ew_metric_add(self->inst, counts[count], 1);
}

/* What tags learn of a request that was done: what there is to execute, what was written. */
static void lwm2m_server_learn(struct lwm2m_server *self, const struct ask *ask)
{
	const struct lwm2m_message *request = &ask->request;
	struct server_records written = {
		.how = "write", .content = (unsigned)request->ct, .payload = request->payload,
		.time = ew_wall() - (ew_now() - ask->sent),
	};
	struct peer *peer = peers_find(&self->server.peers, (struct lwm2m_text){
		ask->endpoint, strlen(ask->endpoint)});

	if (peer == NULL || ask->state != ASK_DONE) {
		return;
	}
	if (request->operation == LWM2M_OP_WRITE_REPLACE ||
	    request->operation == LWM2M_OP_WRITE_PARTIAL ||
	    request->operation == LWM2M_OP_WRITE_COMPOSITE) {
		if (request->ct == LWM2M_CONTENT_SENML_CBOR) {
			tags_take(&self->tags, peer, &written, NULL, NULL);
		}
	} else if (ask->content == LWM2M_CONTENT_LINKS && ask->answer != NULL) {
		tags_discovered(&self->tags, peer, (struct lwm2m_text){
			(const char *)ask->answer, ask->answer_size});
	}
}

static unsigned lwm2m_server_latency(uint64_t operation)
{
	switch (operation) {
	case LWM2M_OP_READ:
	case LWM2M_OP_READ_COMPOSITE:
		return METRIC_LATENCY_READ;
	case LWM2M_OP_WRITE_REPLACE:
	case LWM2M_OP_WRITE_PARTIAL:
	case LWM2M_OP_WRITE_COMPOSITE:
		return METRIC_LATENCY_WRITE;
	case LWM2M_OP_EXECUTE:
		return METRIC_LATENCY_EXECUTE;
	case LWM2M_OP_DISCOVER:
		return METRIC_LATENCY_DISCOVER;
	case LWM2M_OP_OBSERVE:
	case LWM2M_OP_OBSERVE_COMPOSITE:
		return METRIC_LATENCY_OBSERVE;
	default:
		return METRIC_LATENCY_OTHER;
	}
}

static void lwm2m_server_measure(struct lwm2m_server *self, const struct ask *ask)
{
	ew_metric_add(self->inst, METRIC_ASKED, 1);
	ew_metric_add(self->inst, ask->state == ASK_DONE ? METRIC_DONE :
		      ask->state == ASK_FAILED ? METRIC_FAILED : METRIC_EXPIRED_REQUESTS, 1);
	if (ask->result != 0) {
		ew_metric_observe(self->inst, METRIC_LATENCY, ask->seconds);
		ew_metric_observe(self->inst, lwm2m_server_latency(ask->request.operation),
				  ask->seconds);
	}
}

static void lwm2m_server_finished(void *arg, struct ask *ask)
{
	struct lwm2m_server *self = arg;

	lwm2m_server_measure(self, ask);
	lwm2m_server_learn(self, ask);
	news_result(self, ask);
	if (ask->caller != NULL) {
		struct ask_caller *caller = ask->caller;

		ask->caller = NULL;
		caller->finished(caller, ask);
	}
}

static void lwm2m_server_spoke(void *arg, struct peer *peer, bool is_register)
{
	firmware_on_spoke(arg, peer->endpoint);
	desired_on_spoke(arg, peer, is_register);
}

static void lwm2m_server_watched(void *arg, struct peer *peer)
{
	struct lwm2m_server *self = arg;

	lwm2m_server_kept(self, store_put_watches(self->store, peer));
}

static int lwm2m_server_queued(void *arg, const struct ask *ask, bool is_open)
{
	struct lwm2m_server *self = arg;
	int rc = is_open ? store_put_ask(self->store, ask) :
		 store_drop_ask(self->store, ask->id);

	lwm2m_server_kept(self, rc);
	return rc;
}

static ew_time lwm2m_server_wall(void *arg)
{
	(void)arg;
	return ew_wall();
}

/* ---- turns ---- */

void lwm2m_server_turned(struct lwm2m_server *self)
{
	ew_dur now = ew_now();
	ew_dur due = server_due(&self->server);

	ew_metric_add(self->inst, METRIC_RECORDS,
		      (double)(self->tags.published - self->published));
	ew_metric_add(self->inst, METRIC_SKIPPED, (double)(self->tags.skipped - self->skipped));
	self->published = self->tags.published;
	self->skipped = self->tags.skipped;
	ew_metric_set(self->inst, METRIC_ACTIVE, (double)self->server.peers.count);
	ew_metric_set(self->inst, METRIC_OBSERVATIONS,
		      (double)(self->server.peers.watch_count - self->server.peers.pending_count));
	ew_metric_set(self->inst, METRIC_PENDING, (double)self->server.peers.pending_count);
	ew_metric_set(self->inst, METRIC_REQUESTS, (double)self->server.asks.open);
	ew_metric_set(self->inst, METRIC_QUEUED, (double)self->server.asks.queued);
	ew_metric_set(self->inst, METRIC_FIRMWARE_OPEN, (double)self->firmware.open);
	if ((store_is_dirty(self->store) || self->firmware.open > 0) && due > now + EW_SECOND) {
		due = now + EW_SECOND;
	}
	if (due == INT64_MAX) {
		ew_timer_stop(self->timer);
	} else {
		ew_timer_set(self->timer, due > now ? due - now : 0, 0);
	}
}

static void lwm2m_server_on_timer(void *arg)
{
	struct lwm2m_server *self = arg;

	server_work(&self->server, ew_now());
	firmware_work(self, ew_now());
	lwm2m_server_kept(self, store_commit(self->store));
	lwm2m_server_turned(self);
}

/* ---- uplink ---- */

static void lwm2m_server_on_online(void *arg, const struct ew_uplink_session *session)
{
	struct lwm2m_server *self = arg;

	self->epoch = session->epoch;
	ew_health(self->inst, EW_UP, NULL);
	if (!self->was_online) {
		self->was_online = true;
		server_explore_all(&self->server, ew_now());
	}
	lwm2m_server_turned(self);
}

static void lwm2m_server_on_offline(void *arg, uint64_t epoch, enum ew_uplink_cause cause,
				    const char *text)
{
	struct lwm2m_server *self = arg;

	(void)epoch;
	(void)cause;
	(void)text;
	self->epoch = 0;
	ew_health(self->inst, EW_DEGRADED, "offline");
}

static void lwm2m_server_on_received(void *arg, uint32_t subscription,
				     const struct ew_uplink_received *messages, size_t count)
{
	struct lwm2m_server *self = arg;
	ew_dur now = ew_now();

	(void)subscription;
	ew_metric_add(self->inst, METRIC_RECEIVED, (double)count);
	for (size_t i = 0; i < count; i++) {
		const struct lwm2m_text bytes = {
			messages[i].payload, messages[i].payload_size,
		};

		ew_metric_add(self->inst, METRIC_RECEIVED_BYTES, (double)messages[i].payload_size);
		if (messages[i].retain) {
			ew_metric_add(self->inst, METRIC_RETAINED, 1);
		} else if (wires_hear(&self->wires, &self->server, messages[i].topic, bytes,
				      now) != 0) {
			ew_metric_add(self->inst, METRIC_WRONG_TOPICS, 1);
		}
	}
	lwm2m_server_turned(self);
}

static const struct ew_uplink_ops uplink_ops = {
	.size = sizeof(uplink_ops),
	.online = lwm2m_server_on_online,
	.offline = lwm2m_server_on_offline,
	.received = lwm2m_server_on_received,
};

/* ---- life cycle ---- */

static int lwm2m_server_check(const void *settings, struct ew_error *err)
{
	const struct lwm2m_server_settings *s = settings;
	struct catalog catalog = {0};
	char why[CATALOG_WHY_MAX];
	int rc = 0;

	if (!lwm2m_topic_prefix_is_valid(s->prefix)) {
		return ew_fail(err, "prefix '%s' is not the beginning of a topic", s->prefix);
	}
	if (s->objects != NULL) {
		rc = catalog_load(&catalog, s->objects, why);
		catalog_fini(&catalog);
	}
	return rc == 0 ? 0 : ew_fail(err, "objects: %s", why);
}

static void lwm2m_server_close(void *arg)
{
	struct lwm2m_server *self = arg;

	api_close(self);
	commands_close(self);
	firmware_close(self);
	desired_close(self);
	server_fini(&self->server);
	wires_fini(&self->wires);
	tags_fini(&self->tags);
	catalog_fini(&self->catalog);
	store_close(&self->store);
	ew_timer_free(&self->timer);
	free(self);
}

static int lwm2m_server_open_store(struct lwm2m_server *self)
{
	const char *directory = ew_state_dir(self->inst);
	char path[4096];
	char why[256];
	int rc;

	if (directory == NULL ||
	    snprintf(path, sizeof(path), "%s/clients.db", directory) >= (int)sizeof(path)) {
		return -EIO;
	}
	rc = store_open(path, &self->store, why);
	if (rc == 0) {
		int loaded;

		(void)snprintf(why, sizeof(why), "the file cannot be read");
		rc = store_load(self->store, &self->server, ew_wall(), ew_now());
		loaded = rc < 0 ? rc : firmware_load(self);
		loaded = loaded != 0 ? loaded : desired_load(self);
		rc = loaded < 0 ? loaded : rc;
	}
	if (rc < 0) {
		ew_log(self->inst, EW_LOG_ERROR, "cannot keep registrations file=%s: %s",
		       path, why);
		return rc;
	}
	ew_log(self->inst, EW_LOG_INFO, "registrations were kept count=%d", rc);
	return 0;
}

static int lwm2m_server_open_machine(struct lwm2m_server *self)
{
	const struct lwm2m_server_settings *s = self->settings;
	const struct server_settings settings = {
		.clients = (size_t)s->clients, .requests = (size_t)s->requests,
		.observations = (size_t)s->observations, .message_max = (size_t)s->message_max,
	};
	const struct server_ops ops = {
		.publish = lwm2m_server_publish, .records = lwm2m_server_records,
		.news = lwm2m_server_news, .count = lwm2m_server_count,
		.finished = lwm2m_server_finished, .spoke = lwm2m_server_spoke,
		.watched = lwm2m_server_watched,
		.queued = lwm2m_server_queued, .wall = lwm2m_server_wall, .arg = self,
	};
	int rc;

	self->wires.prefix = s->prefix;
	self->wires.message_max = settings.message_max;
	rc = tags_init(&self->tags, self->inst, &self->catalog, settings.message_max);

	return rc != 0 ? rc :
	       server_init(&self->server, &settings, &ops, (uint64_t)(ew_wall() / EW_MILLISECOND));
}

static int lwm2m_server_open_uplink(struct lwm2m_server *self)
{
	char topic[LWM2M_TOPIC_MAX];
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = topic, .qos = 1, .no_local = true,
	};
	uint32_t subscription;
	int rc = ew_uplink_join(self->inst, &uplink_ops);

	for (size_t i = 0; rc == 0 && (rc = wires_filter(&self->wires, i, topic)) == 0; i++) {
		rc = ew_uplink_subscribe(self->inst, &filter, &subscription);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* What was read when the YAML was checked may have changed since. */
static int lwm2m_server_open_catalog(struct lwm2m_server *self)
{
	char why[CATALOG_WHY_MAX];
	int rc = self->settings->objects == NULL ? 0 :
		 catalog_load(&self->catalog, self->settings->objects, why);

	if (rc != 0) {
		ew_log(self->inst, EW_LOG_ERROR, "cannot take object definitions: %s", why);
	} else if (self->settings->objects != NULL) {
		ew_log(self->inst, EW_LOG_INFO, "object definitions were read count=%zu",
		       self->catalog.count);
	}
	return rc;
}

static int lwm2m_server_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct lwm2m_server *self = calloc(1, sizeof(*self));
	int rc;

	if (self == NULL) {
		return -ENOMEM;
	}
	self->inst = inst;
	self->settings = settings;
	rc = ew_timer_new(inst, "work", lwm2m_server_on_timer, self, &self->timer);
	if (rc == 0) {
		rc = lwm2m_server_open_catalog(self);
	}
	if (rc == 0) {
		rc = lwm2m_server_open_machine(self);
	}
	if (rc == 0) {
		rc = lwm2m_server_open_store(self);
	}
	if (rc == 0) {
		rc = api_open(self);
	}
	if (rc == 0) {
		rc = lwm2m_server_open_uplink(self);
	}
	if (rc != 0) {
		ew_log(inst, EW_LOG_ERROR, "cannot begin error=%d", -rc);
		lwm2m_server_close(self);
		return rc;
	}
	*self_out = self;
	return 0;
}

static void lwm2m_server_write(void *arg, struct ew_write *write)
{
	commands_write(arg, write);
	lwm2m_server_turned(arg);
}

/* Devices that were registered before are on the bus again. */
static int lwm2m_server_start(void *arg)
{
	struct lwm2m_server *self = arg;

	for (struct peer *peer = self->server.peers.first; peer != NULL; peer = peer->next) {
		tags_set_state(&self->tags, peer, NULL);
	}
	lwm2m_server_turned(self);
	return 0;
}

EW_MODULE(
	.name = "lwm2m_server",
	.version = "1.0",
	.summary = "LwM2M 1.2 server over MQTT: registrations, requests over HTTP, bulk data",
	.options = options,
	.settings_size = sizeof(struct lwm2m_server_settings),
	.metrics = metrics,
	.metric_count = METRIC_COUNT,
	.check = lwm2m_server_check,
	.open = lwm2m_server_open,
	.start = lwm2m_server_start,
	.write = lwm2m_server_write,
	.questions = report_questions,
	.close = lwm2m_server_close);
