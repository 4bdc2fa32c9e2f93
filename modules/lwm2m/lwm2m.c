/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m module: the gateway as an LwM2M 1.2 client over MQTT.
 *
 * This file joins the machine (client.h), the object tree (tree.h) and the bus
 * and the uplink. It is a guest of the uplink: whoever owns the will speaks
 * first. All on the instance's loop.
 */
#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m/client.h"
#include "modules/lwm2m/show.h"

#define PARKED_MAX  256u        /* ranges of positions */
#define ID_MAX      600u

struct lwm2m_settings {
	const char *endpoint;
	const char *prefix;
	ew_dur lifetime;
	uint64_t server_id;
	bool muted;
	bool deregister;
	struct lwm2m_send_settings {
		ew_dur every;
		uint64_t records;
		uint64_t bytes;
		uint64_t window;
	} send;
};

static const struct ew_option send_options[] = {
	EW_DURATION_OPTION(struct lwm2m_send_settings, every, .fallback = "10s", .min = "10ms",
			   .max = "1h", .help = "longest time that a sample waits for others"),
	EW_OPTION(struct lwm2m_send_settings, records, .fallback = "500", .min = "1",
		  .max = "10000", .help = "most samples in a Send"),
	EW_SIZE_OPTION(struct lwm2m_send_settings, bytes, .fallback = "12KiB", .min = "1KiB",
		       .max = "128KiB",
		       .help = "largest payload of a Send; below `bulk_limit` of the uplink"),
	EW_OPTION(struct lwm2m_send_settings, window, .fallback = "4", .min = "1", .max = "32",
		  .help = "Sends that may wait for their answer"),
	EW_OPTION_END
};

static const struct ew_option options[] = {
	EW_OPTION(struct lwm2m_settings, endpoint,
		  .help = "endpoint name, a level of the topic; default is the gateway's name"),
	EW_OPTION(struct lwm2m_settings, prefix, .fallback = "",
		  .help = "levels before `lwm2m/rd/ENDPOINT`"),
	EW_DURATION_OPTION(struct lwm2m_settings, lifetime, .fallback = "1h", .min = "20s",
			   .max = "365d", .help = "of the registration; a server may change it"),
	EW_OPTION(struct lwm2m_settings, server_id, .fallback = "1", .min = "1", .max = "65534",
		  .help = "short server id, resource /1/0/0"),
	EW_OPTION(struct lwm2m_settings, muted, .fallback = "yes",
		  .help = "send nothing until the server writes no to /1/0/23"),
	EW_OPTION(struct lwm2m_settings, deregister, .fallback = "no",
		  .help = "leave at a stop: for good, not for a restart"),
	EW_TABLE_OPTION(struct lwm2m_settings, send, send_options,
			.help = "how samples are gathered"),
	EW_OPTION_END
};

enum {
	RECEIVED, IGNORED, RETAINED, SENDS, RECORDS, SKIPPED, REFUSED, PARKED, GAPS, UNMAPPED,
	REGISTERED, METRIC_COUNT
};

static const struct ew_metric metrics[] = {
	[RECEIVED] = {.name = "received_total", .help = "messages that came in"},
	[IGNORED] = {.name = "ignored_total", .help = "messages that were no LwM2M"},
	[RETAINED] = {.name = "retained_total", .help = "retained messages, which are not taken"},
	[SENDS] = {.name = "sends_total", .help = "Sends handed over, repeated ones too"},
	[RECORDS] = {.name = "records_total", .help = "samples put into Sends"},
	[SKIPPED] = {.name = "skipped_total",
		     .help = "samples without an object or without a value"},
	[REFUSED] = {.name = "refused_total",
		     .help = "batches that the server, or the uplink for their size, refused"},
	[PARKED] = {.name = "parked_total", .help = "batches put off: the window was full"},
	[GAPS] = {.name = "lost_samples_total", .help = "samples lost before they came here"},
	[UNMAPPED] = {.name = "unmapped_tags_total", .help = "tags that no object stands for"},
	[REGISTERED] = {.name = "registered", .kind = EW_GAUGE,
			.help = "1 while the server has our registration"},
};

struct parked {
	uint32_t route;
	uint64_t from, to;
};

struct lwm2m {
	struct ew_instance *inst;
	const struct lwm2m_settings *settings;
	struct names names;
	struct tree tree;
	struct client client;
	struct ew_timer *timer;
	uint64_t epoch;         /* 0: offline */
	char topic[LWM2M_TOPIC_MAX];
	char id[ID_MAX];        /* GROUP/NAME */
	struct parked parked[PARKED_MAX];
	size_t parked_count;
	uint64_t records, skipped;      /* that metrics know of */
	bool is_stopping;
};

/* ---- the machine's hands ---- */

static int lwm2m_publish(void *arg, const void *bytes, size_t size, bool is_bulk)
{
	struct lwm2m *self = arg;
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = self->topic, .payload = bytes,
		.payload_size = size, .qos = 1, .epoch = self->epoch,
		.traffic = is_bulk ? EW_TRAFFIC_BULK : EW_TRAFFIC_CONTROL,
	};
	int rc;

	if (self->epoch == 0) {
		return -ENOTCONN;
	}
	if (is_bulk) {
		ew_metric_add(self->inst, SENDS, 1);
	}
	rc = ew_uplink_publish(self->inst, &message);
	if (rc == -EMSGSIZE) {
		ew_log(self->inst, EW_LOG_ERROR,
		       "a message is over the uplink's limit of its class bytes=%zu bulk=%d", size,
		       is_bulk);
	}
	return rc;
}

static int lwm2m_write(void *arg, const struct ew_sample *items, size_t count, uint64_t token)
{
	struct lwm2m *self = arg;
	const struct ew_write_request request = {
		.size = sizeof(request), .op = EW_WRITE_SET, .items = items, .count = count,
		.priority = EW_PRIORITY_REMOTE, .remote = "lwm2m server", .token = token,
	};

	return ew_write(self->inst, &request);
}

static int lwm2m_hold(void *arg, const struct ew_batch *batch, const struct ew_batch **held_out)
{
	struct lwm2m *self = arg;

	return ew_batch_hold(self->inst, batch, held_out);
}

static void lwm2m_release(void *arg, const struct ew_batch **held)
{
	struct lwm2m *self = arg;

	ew_batch_release(self->inst, held);
}

/* A route that ended has no positions any more; then this does nothing. */
static void lwm2m_settle(void *arg, uint32_t route, uint64_t position, bool refused)
{
	struct lwm2m *self = arg;

	if (refused) {
		ew_metric_add(self->inst, REFUSED, 1);
		(void)ew_nack(self->inst, route, position, position, EW_DEAD_LETTER);
	} else {
		(void)ew_ack(self->inst, route, position, position);
	}
}

static void lwm2m_entered(void *arg, enum client_state state, const char *why)
{
	struct lwm2m *self = arg;
	bool registered = state == CLIENT_REGISTERED;

	ew_log(self->inst, EW_LOG_INFO, "registration is %s: %s", client_state_name(state), why);
	ew_metric_set(self->inst, REGISTERED, registered ? 1 : 0);
	if (state != CLIENT_GONE && state != CLIENT_LEAVING) {
		ew_health(self->inst, registered ? EW_UP : EW_DEGRADED,
			  registered ? NULL : "not registered");
	}
}

static void lwm2m_ignored(void *arg)
{
	struct lwm2m *self = arg;

	ew_metric_add(self->inst, IGNORED, 1);
}

static ew_time lwm2m_wall(void *arg)
{
	(void)arg;
	return ew_wall();
}

static bool lwm2m_value(void *arg, const struct tree_entry *entry,
			struct lwm2m_value *value_out)
{
	struct lwm2m *self = arg;
	struct ew_sample sample;

	return ew_view(self->inst, entry->tag, &sample) == 0 &&
	       ipso_from_sample(&entry->place, &sample, value_out);
}

/* ---- turns: after everything that happened ---- */

static void lwm2m_unpark(struct lwm2m *self)
{
	size_t count = self->parked_count;

	if (count == 0 || !bulk_has_room(&self->client.bulk)) {
		return;
	}
	self->parked_count = 0;
	for (size_t i = 0; i < count; i++) {
		/* a route that ended has nothing to deliver again */
		(void)ew_nack(self->inst, self->parked[i].route, self->parked[i].from,
			      self->parked[i].to, EW_REDELIVER);
	}
}

static void lwm2m_turned(struct lwm2m *self)
{
	struct client *client = &self->client;
	ew_dur now = ew_now();
	ew_dur due;

	lwm2m_unpark(self);
	ew_metric_add(self->inst, RECORDS, (double)(client->bulk.records - self->records));
	ew_metric_add(self->inst, SKIPPED, (double)(client->bulk.skipped - self->skipped));
	self->records = client->bulk.records;
	self->skipped = client->bulk.skipped;
	due = client_due(client);
	if (due == INT64_MAX) {
		ew_timer_stop(self->timer);
	} else {
		ew_timer_set(self->timer, due > now ? due - now : 0, 0);
	}
	if (self->is_stopping && client->state == CLIENT_GONE) {
		self->is_stopping = false;
		ew_stopped(self->inst);
	}
}

static void lwm2m_on_timer(void *arg)
{
	struct lwm2m *self = arg;

	client_work(&self->client, ew_now());
	lwm2m_turned(self);
}

/* ---- bus ---- */

static void lwm2m_on_device(void *arg, enum ew_change change,
			    const struct ew_device_info *device)
{
	struct lwm2m *self = arg;
	int rc = 0;

	if (change == EW_REMOVED) {
		tree_device_remove(&self->tree, device->id);
	} else if (change == EW_DECLARED) {
		rc = tree_device_add(&self->tree, device->id, device->spec.path);
	}
	if (rc != 0) {
		ew_log(self->inst, EW_LOG_WARNING, "device stays out device=%s error=%d",
		       device->spec.path, -rc);
	}
	client_work(&self->client, ew_now());
	lwm2m_turned(self);
}

static void lwm2m_on_tag(void *arg, enum ew_change change, const struct ew_tag_info *tag)
{
	struct lwm2m *self = arg;
	int rc;

	if (change == EW_REMOVED) {
		tree_tag_remove(&self->tree, tag->id);
		return;
	}
	rc = tree_tag_add(&self->tree, tag);
	if (rc != 0) {
		ew_metric_add(self->inst, UNMAPPED, 1);
		ew_log(self->inst, EW_LOG_DEBUG, "tag stays out tag=%s error=%d", tag->spec.name,
		       -rc);
	}
}

/* Put a batch off until the window has room. */
static void lwm2m_park(struct lwm2m *self, const struct ew_batch *batch)
{
	struct parked *last = self->parked_count == 0 ? NULL :
			      &self->parked[self->parked_count - 1];

	ew_metric_add(self->inst, PARKED, 1);
	if (last != NULL && last->route == batch->route && last->to + 1 == batch->position) {
		last->to++;
	} else if (self->parked_count < PARKED_MAX) {
		self->parked[self->parked_count++] = (struct parked){
			batch->route, batch->position, batch->position,
		};
	} else {
		/* as it cannot be remembered, it comes again at once */
		(void)ew_nack(self->inst, batch->route, batch->position, batch->position,
			      EW_REDELIVER);
	}
}

static void lwm2m_on_batch(void *arg, const struct ew_batch *batch)
{
	struct lwm2m *self = arg;
	ew_dur now = ew_now();

	client_on_samples(&self->client, batch, now);
	/* what was put off comes first */
	if ((self->parked_count > 0 && (batch->flags & EW_BATCH_REDELIVERED) == 0) ||
	    bulk_add(&self->client.bulk, batch, now) != 0) {
		lwm2m_park(self, batch);
	}
	client_work(&self->client, now);
	lwm2m_turned(self);
}

static void lwm2m_on_gap(void *arg, const struct ew_gap *gap)
{
	struct lwm2m *self = arg;

	ew_metric_add(self->inst, GAPS, (double)gap->samples);
}

static void lwm2m_on_answered(void *arg, const struct ew_write_answer *answer)
{
	struct lwm2m *self = arg;
	int error = 0;

	for (size_t i = 0; i < answer->count && error == 0; i++) {
		error = answer->status[i].error;
		if (error == 0 && answer->status[i].result != EW_WRITE_DONE) {
			error = -EIO;
		}
	}
	client_written(&self->client, answer->token, error, ew_now());
	lwm2m_turned(self);
}

/* ---- uplink ---- */

static void lwm2m_on_online(void *arg, const struct ew_uplink_session *session)
{
	struct lwm2m *self = arg;

	self->epoch = session->epoch;
	client_on_online(&self->client, ew_now());
	lwm2m_turned(self);
}

static void lwm2m_on_offline(void *arg, uint64_t epoch, enum ew_uplink_cause cause,
			     const char *text)
{
	struct lwm2m *self = arg;

	(void)epoch;
	(void)cause;
	(void)text;
	self->epoch = 0;
	client_on_offline(&self->client);
	lwm2m_turned(self);
}

static void lwm2m_on_received(void *arg, uint32_t subscription,
			      const struct ew_uplink_received *messages, size_t count)
{
	struct lwm2m *self = arg;

	(void)subscription;
	for (size_t i = 0; i < count; i++) {
		ew_metric_add(self->inst, RECEIVED, 1);
		/* an old request would be done again with each subscription */
		if (messages[i].retain) {
			ew_metric_add(self->inst, RETAINED, 1);
			continue;
		}
		client_on_message(&self->client, messages[i].payload, messages[i].payload_size,
				  ew_now());
	}
	lwm2m_turned(self);
}

static void lwm2m_on_room(void *arg)
{
	struct lwm2m *self = arg;

	client_work(&self->client, ew_now());
	lwm2m_turned(self);
}

static const struct ew_uplink_ops uplink_ops = {
	.size = sizeof(uplink_ops),
	.online = lwm2m_on_online,
	.offline = lwm2m_on_offline,
	.received = lwm2m_on_received,
	.room = lwm2m_on_room,
};

/* ---- life cycle ---- */

static int lwm2m_check(const void *settings, struct ew_error *err)
{
	const struct lwm2m_settings *s = settings;

	if (s->endpoint != NULL && !lwm2m_endpoint_is_valid(s->endpoint, strlen(s->endpoint))) {
		return ew_fail(err, "endpoint '%s' cannot be a level of a topic", s->endpoint);
	}
	if (!lwm2m_topic_prefix_is_valid(s->prefix)) {
		return ew_fail(err, "prefix '%s' is not the beginning of a topic", s->prefix);
	}
	return 0;
}

static void lwm2m_close(void *arg)
{
	struct lwm2m *self = arg;

	client_fini(&self->client);
	tree_fini(&self->tree);
	names_close(&self->names);
	ew_timer_free(&self->timer);
	free(self);
}

static int lwm2m_open_names(struct lwm2m *self)
{
	const char *directory = ew_state_dir(self->inst);
	char path[4096];
	int rc;

	if (directory == NULL ||
	    snprintf(path, sizeof(path), "%s/names", directory) >= (int)sizeof(path)) {
		return -EIO;
	}
	rc = names_open(&self->names, path);
	if (rc != 0) {
		ew_log(self->inst, EW_LOG_ERROR, "cannot keep numbers file=%s error=%d", path, -rc);
	}
	return rc;
}

static int lwm2m_open_client(struct lwm2m *self, const char *endpoint)
{
	const struct lwm2m_settings *s = self->settings;
	const struct tree_ask ask = {
		.value = lwm2m_value, .own = client_own, .arg = self, .own_arg = &self->client,
	};
	const struct client_ops ops = {
		.publish = lwm2m_publish, .write = lwm2m_write, .hold = lwm2m_hold,
		.release = lwm2m_release, .settle = lwm2m_settle, .entered = lwm2m_entered,
		.ignored = lwm2m_ignored, .wall = lwm2m_wall, .arg = self,
	};
	const struct client_settings settings = {
		.serial = endpoint, .version = ew_gateway(self->inst)->version,
		.lifetime = (uint64_t)(s->lifetime / EW_SECOND),
		.server_id = (uint16_t)s->server_id, .muted = s->muted,
		.deregister = s->deregister,
	};
	const struct bulk_settings bulk = {
		.records = (size_t)s->send.records, .bytes = (size_t)s->send.bytes,
		.delay = s->send.every, .window = (size_t)s->send.window,
	};

	tree_init(&self->tree, &ask, &self->names, self->id);
	return client_init(&self->client, &settings, &ops, &self->tree, &bulk);
}

static int lwm2m_open_uplink(struct lwm2m *self)
{
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = self->topic, .qos = 1, .no_local = true,
	};
	uint32_t subscription;
	int rc = ew_uplink_join(self->inst, &uplink_ops);

	return rc != 0 ? rc : ew_uplink_subscribe(self->inst, &filter, &subscription);
}

static int lwm2m_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct lwm2m_settings *s = settings;
	const struct ew_gateway *gateway = ew_gateway(inst);
	const char *endpoint = s->endpoint != NULL ? s->endpoint : gateway->name;
	struct lwm2m *self = calloc(1, sizeof(*self));
	int rc;

	if (self == NULL) {
		return -ENOMEM;
	}
	self->inst = inst;
	self->settings = s;
	self->names.fd = -1;
	(void)snprintf(self->id, sizeof(self->id), "%s/%s", gateway->group, gateway->name);
	rc = !lwm2m_endpoint_is_valid(endpoint, strlen(endpoint)) ? -EINVAL :
	     lwm2m_topic_format(s->prefix, LWM2M_RD, endpoint, self->topic);
	if (rc == 0) {
		rc = lwm2m_open_names(self);
	}
	if (rc == 0) {
		rc = ew_timer_new(inst, "work", lwm2m_on_timer, self, &self->timer);
	}
	if (rc == 0) {
		rc = lwm2m_open_client(self, endpoint);
	}
	if (rc == 0) {
		rc = lwm2m_open_uplink(self);
	}
	if (rc != 0) {
		ew_log(inst, EW_LOG_ERROR, "cannot begin endpoint=%s error=%d", endpoint, -rc);
		lwm2m_close(self);
		return rc;
	}
	*self_out = self;
	return 0;
}

static int lwm2m_show(void *arg, struct ew_query *query)
{
	const struct lwm2m *self = arg;

	show_registration(&self->client, self->topic, query);
	return 0;
}

static int lwm2m_map(void *arg, struct ew_query *query)
{
	const struct lwm2m *self = arg;

	show_map(self->inst, &self->tree, query);
	return 0;
}

static void lwm2m_stop(void *arg)
{
	struct lwm2m *self = arg;

	self->is_stopping = true;
	client_stop(&self->client, ew_now());
	lwm2m_turned(self);
}

static const struct ew_question questions[] = {
	{ NULL, NULL, "the registration: state, age, observations, what waits", lwm2m_show },
	{ "map", "[DEVICE]", "the path of each tag", lwm2m_map },
	EW_QUESTION_END
};

EW_MODULE(
	.name = "lwm2m",
	.version = "1.0",
	.summary = "LwM2M 1.2 client over MQTT: device management and bulk data",
	.flags = EW_NEEDS_VIEW | EW_ACKS | EW_DURABLE,
	.options = options,
	.settings_size = sizeof(struct lwm2m_settings),
	.metrics = metrics,
	.metric_count = METRIC_COUNT,
	.check = lwm2m_check,
	.open = lwm2m_open,
	.stop = lwm2m_stop,
	.close = lwm2m_close,
	.device = lwm2m_on_device,
	.tag = lwm2m_on_tag,
	.batch = lwm2m_on_batch,
	.gap = lwm2m_on_gap,
	.answered = lwm2m_on_answered,
	.questions = questions);
