/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m module: the gateway as an LwM2M 1.2 client over MQTT.
 *
 * This file joins endpoints (endpoint.c), which are machine, object tree and topics,
 * with the bus and the uplink. It is a guest of the uplink: whoever owns the will
 * speaks first. All on the instance's loop.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m/lwm2m.h"
#include "modules/lwm2m/show.h"

static const char *const topics[] = {"binding", "split", NULL};
static const struct profile *const profiles[] = {&profile_binding, &profile_split};

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

static const struct ew_option firmware_options[] = {
	EW_LIST_OPTION(struct package_settings, command, command_count,
		       .help = "program and arguments that apply a package; else there is no /5"),
	EW_SIZE_OPTION(struct package_settings, size_max, .name = "size", .fallback = "256MiB",
		       .min = "1KiB", .max = "16GiB", .help = "largest package that is fetched"),
	EW_OPTION(struct package_settings, sha256, .fallback = "yes",
		  .help = "fetch nothing from a URI that does not say its SHA-256"),
	EW_FILE_OPTION(struct package_settings, ca,
		       .help = "whom the server of a package is trusted by; default is the system"),
	EW_FILE_OPTION(struct package_settings, certificate,
		       .help = "ours, where that server wants one"),
	EW_FILE_OPTION(struct package_settings, key, .help = "of our certificate"),
	EW_OPTION_END
};

static const struct ew_option options[] = {
	EW_OPTION(struct lwm2m_settings, endpoint,
		  .help = "endpoint name, a level of the topic; default is the gateway's name"),
	EW_OPTION(struct lwm2m_settings, prefix, .fallback = "",
		  .help = "levels of the topics before `lwm2m/`"),
	EW_ENUM_OPTION(struct lwm2m_settings, topics, topics, .fallback = "binding",
		       .help = "CBOR on one topic, as LwM2M binds MQTT, or JSON on a topic a kind"),
	EW_OPTION(struct lwm2m_settings, each_device, .fallback = "no",
		  .help = "make each device an endpoint of its own, ENDPOINT.DEVICE"),
	EW_DURATION_OPTION(struct lwm2m_settings, lifetime, .fallback = "1h", .min = "20s",
			   .max = "365d", .help = "of the registration; a server may change it"),
	EW_OPTION(struct lwm2m_settings, server_id, .fallback = "1", .min = "1", .max = "65534",
		  .help = "short server id, resource /1/0/0"),
	EW_OPTION(struct lwm2m_settings, muted, .fallback = "yes",
		  .help = "send nothing until the server writes no to /1/0/23"),
	EW_OPTION(struct lwm2m_settings, deregister, .fallback = "no",
		  .help = "leave at a stop: for good, not for a restart"),
	EW_RAW_OPTION(struct lwm2m_settings, map,
		      .help = "tags to resources: `DEVICE:TAG: /OBJECT/RESOURCE`, or `no`"),
	EW_TABLE_OPTION(struct lwm2m_settings, firmware, firmware_options,
			.help = "how a package is fetched and applied"),
	EW_TABLE_OPTION(struct lwm2m_settings, send, send_options,
			.help = "how samples are gathered"),
	EW_OPTION_END
};

static const struct ew_metric metrics[] = {
	[RECEIVED] = {.name = "received_total", .help = "messages that came in"},
	[IGNORED] = {.name = "ignored_total", .help = "messages that were none of the profile"},
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
			.help = "endpoints of which the server has the registration"},
};

/* ---- turns: after everything that happened ---- */

void lwm2m_turned(struct lwm2m *self)
{
	ew_dur now = ew_now();
	ew_dur due = INT64_MAX;
	bool is_gone = true;

	batches_unpark(self);
	for (size_t i = 0; i < self->endpoint_count; i++) {
		struct endpoint *endpoint = self->endpoints[i];
		const struct client *client = &endpoint->client;
		ew_dur at = client_due(client);

		ew_metric_add(self->inst, RECORDS,
			      (double)(client->bulk.records - endpoint->records));
		ew_metric_add(self->inst, SKIPPED,
			      (double)(client->bulk.skipped - endpoint->skipped));
		endpoint->records = client->bulk.records;
		endpoint->skipped = client->bulk.skipped;
		due = at < due ? at : due;
		is_gone = is_gone && client->state == CLIENT_GONE;
	}
	if (due == INT64_MAX) {
		ew_timer_stop(self->timer);
	} else {
		ew_timer_set(self->timer, due > now ? due - now : 0, 0);
	}
	if (self->is_stopping && is_gone) {
		self->is_stopping = false;
		ew_stopped(self->inst);
	}
}

static void lwm2m_work(struct lwm2m *self)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		client_work(&self->endpoints[i]->client, ew_now());
	}
	lwm2m_turned(self);
}

static void lwm2m_on_timer(void *arg)
{
	lwm2m_work(arg);
}

/* ---- bus ---- */

/* An endpoint for a device, named after the gateway and the device's path. */
static int lwm2m_add_endpoint(struct lwm2m *self, const struct ew_device_info *device)
{
	const char *path = device->spec.path;
	char name[LWM2M_ENDPOINT_MAX + 1];
	struct endpoint *known = endpoint_of_path(self, path);
	int size = snprintf(name, sizeof(name), "%s.%s", self->endpoints[0]->name, path);
	int rc;

	if (known == NULL) {
		for (int i = 0; i < size && i < (int)sizeof(name); i++) {
			name[i] = name[i] == '/' ? '.' : name[i];
		}
		rc = size < 0 || size >= (int)sizeof(name) ? -EINVAL :
		     endpoint_new(self, name, device->id, path);
		if (rc != 0) {
			return rc;
		}
		known = self->endpoints[self->endpoint_count - 1];
	}
	known->device = device->id;
	rc = tree_device_add(&known->tree, device->id, path);
	client_return(&known->client);
	if (rc == 0 && self->epoch != 0) {
		client_on_online(&known->client, ew_now());
	}
	return rc;
}

/* A device that is gone takes its leave; it may come back. */
static void lwm2m_remove_endpoint(struct lwm2m *self, uint32_t device)
{
	struct endpoint *endpoint = endpoint_of_device(self, device);

	if (endpoint != NULL) {
		tree_device_remove(&endpoint->tree, device);
		endpoint->device = EW_NO_ID;
		/* else the others would wait for what nobody sends */
		bulk_drop(&endpoint->client.bulk);
		client_leave(&endpoint->client, ew_now());
	}
}

static void lwm2m_on_device(void *arg, enum ew_change change,
			    const struct ew_device_info *device)
{
	struct lwm2m *self = arg;
	struct tree *tree = &self->endpoints[0]->tree;
	/* what core says of the gateway is the gateway's */
	bool each = self->settings->each_device && strcmp(device->spec.path, "gateway") != 0;
	int rc = 0;

	if (change == EW_REMOVED && each) {
		lwm2m_remove_endpoint(self, device->id);
	} else if (change == EW_REMOVED) {
		tree_device_remove(tree, device->id);
	} else if (change == EW_DECLARED) {
		rc = each ? lwm2m_add_endpoint(self, device) :
		     tree_device_add(tree, device->id, device->spec.path);
	}
	if (rc != 0) {
		ew_log(self->inst, EW_LOG_WARNING, "device stays out device=%s error=%d",
		       device->spec.path, -rc);
	}
	lwm2m_work(self);
}

static void lwm2m_on_tag(void *arg, enum ew_change change, const struct ew_tag_info *tag)
{
	struct lwm2m *self = arg;
	struct endpoint *endpoint = endpoint_of_device(self, tag->device);
	const struct ew_device_info *device = ew_device(self->inst, tag->device);
	struct ipso_place place;
	int rc;

	if (change == EW_REMOVED) {
		const struct tree_entry *entry = tree_index_find(&self->index, tag->id);

		if (entry != NULL) {
			tree_tag_remove(entry->device->tree, tag->id);
		}
		return;
	}
	/* -ENOTSUP: no object fits; -ENOENT: the device of the tag stayed out */
	rc = device == NULL || !map_place_of(self->settings->map, device->spec.path, &tag->spec,
					     &place) ? -ENOTSUP :
	     tree_tag_add(endpoint != NULL ? &endpoint->tree : &self->endpoints[0]->tree, tag,
			  &place);
	if (rc != 0) {
		ew_metric_add(self->inst, UNMAPPED, 1);
		ew_log(self->inst, EW_LOG_DEBUG, "tag stays out tag=%s error=%d", tag->spec.name,
		       -rc);
	}
}

static void lwm2m_on_batch(void *arg, const struct ew_batch *batch)
{
	struct lwm2m *self = arg;

	batches_take(self, batch);
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
	endpoint_written(self, answer->token, error);
	lwm2m_turned(self);
}

/* ---- uplink ---- */

static void lwm2m_on_online(void *arg, const struct ew_uplink_session *session)
{
	struct lwm2m *self = arg;

	self->epoch = session->epoch;
	for (size_t i = 0; i < self->endpoint_count; i++) {
		client_on_online(&self->endpoints[i]->client, ew_now());
	}
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
	for (size_t i = 0; i < self->endpoint_count; i++) {
		client_on_offline(&self->endpoints[i]->client);
	}
	lwm2m_turned(self);
}

static void lwm2m_on_received(void *arg, uint32_t subscription,
			      const struct ew_uplink_received *messages, size_t count)
{
	struct lwm2m *self = arg;

	for (size_t i = 0; i < count; i++) {
		struct endpoint *endpoint = endpoint_of_subscription(self, subscription);

		ew_metric_add(self->inst, RECEIVED, 1);
		/* an old request would be done again with each subscription */
		if (messages[i].retain) {
			ew_metric_add(self->inst, RETAINED, 1);
		} else if (endpoint != NULL) {
			endpoint_on_received(endpoint, &messages[i]);
		}
	}
	lwm2m_turned(self);
}

static void lwm2m_on_room(void *arg)
{
	lwm2m_work(arg);
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
	if (s->firmware.command_count > 0 && s->firmware.command[0][0] != '/') {
		return ew_fail(err, "firmware: command '%s' is not a path from the root on",
			       s->firmware.command[0]);
	}
	if ((s->firmware.certificate == NULL) != (s->firmware.key == NULL)) {
		return ew_fail(err, "firmware: certificate and key go together");
	}
	return map_check(s->map, err);
}

static void lwm2m_close(void *arg)
{
	struct lwm2m *self = arg;

	for (size_t i = 0; i < self->endpoint_count; i++) {
		endpoint_free(&self->endpoints[i]);
	}
	tree_index_fini(&self->index);
	ledger_free(&self->ledger);
	package_close(&self->package);
	names_close(&self->names);
	ew_timer_free(&self->timer);
	free(self->payload);
	free(self->scratch);
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

/* A server that observes /5 is told. */
static void lwm2m_on_firmware(void *arg)
{
	struct lwm2m *self = arg;

	client_touch(&self->endpoints[0]->client, FIRMWARE);
	ew_timer_set(self->timer, 0, 0);
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
	self->profile = profiles[s->topics];
	self->names.fd = -1;
	self->payload = malloc(CLIENT_ROOM);
	self->scratch = malloc(CLIENT_ROOM);
	(void)snprintf(self->id, sizeof(self->id), "%s/%s", gateway->group, gateway->name);
	rc = self->payload == NULL || self->scratch == NULL ? -ENOMEM : lwm2m_open_names(self);
	if (rc == 0) {
		rc = ew_timer_new(inst, "work", lwm2m_on_timer, self, &self->timer);
	}
	if (rc == 0 && s->firmware.command_count > 0) {
		rc = package_open(inst, &s->firmware, lwm2m_on_firmware, self, &self->package);
	}
	if (rc == 0) {
		rc = ew_uplink_join(inst, &uplink_ops);
	}
	if (rc == 0) {
		rc = endpoint_new(self, endpoint, EW_NO_ID, NULL);
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

	for (size_t i = 0; i < self->endpoint_count; i++) {
		show_registration(self->endpoints[i], query);
		if (i + 1 < self->endpoint_count) {
			ew_query_row(query);
		}
	}
	return 0;
}

static int lwm2m_map(void *arg, struct ew_query *query)
{
	const struct lwm2m *self = arg;

	show_map(self, query);
	return 0;
}

static void lwm2m_stop(void *arg)
{
	struct lwm2m *self = arg;

	self->is_stopping = true;
	for (size_t i = 0; i < self->endpoint_count; i++) {
		client_stop(&self->endpoints[i]->client, ew_now());
	}
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
