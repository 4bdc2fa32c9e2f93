/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One endpoint: the hands of its machine, which write to the uplink and the bus, and
 * its place among the others. See lwm2m.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m/lwm2m.h"

/* ---- the machine's hands ---- */

static int endpoint_publish(void *arg, const struct lwm2m_message *said, bool is_bulk)
{
	struct endpoint *endpoint = arg;
	struct lwm2m *self = endpoint->module;
	struct profile_end *end = &endpoint->end;
	struct ew_uplink_message message = {
		.size = sizeof(message), .topic = end->topic, .qos = 1, .epoch = self->epoch,
		.traffic = is_bulk ? EW_TRAFFIC_BULK : EW_TRAFFIC_CONTROL,
	};
	int rc;

	if (self->epoch == 0) {
		return -ENOTCONN;
	}
	rc = self->profile->encode(end, said, ew_wall());
	if (rc != 0) {
		return rc;
	}
	message.payload = end->written.at;
	message.payload_size = end->written.size;
	if (is_bulk) {
		ew_metric_add(self->inst, SENDS, 1);
	}
	rc = message.payload_size > PROFILE_MESSAGE_MAX ? -EMSGSIZE :
	     ew_uplink_publish(self->inst, &message);
	if (rc == -EMSGSIZE) {
		ew_log(self->inst, EW_LOG_ERROR,
		       "a message is over the uplink's limit of its class bytes=%zu bulk=%d",
		       message.payload_size, is_bulk);
	}
	return rc;
}

static int endpoint_write(void *arg, const struct client_write *write)
{
	struct endpoint *endpoint = arg;
	struct ew_write_request request = {
		.size = sizeof(request), .items = write->items, .count = write->count,
		.op = write->is_execute ? EW_WRITE_EXECUTE : EW_WRITE_SET,
		.priority = EW_PRIORITY_REMOTE, .remote = "lwm2m server",
	};
	size_t place = 0;
	int rc;

	while (place < CLIENT_WRITES_MAX && endpoint->writes[place].is_open) {
		place++;
	}
	if (place == CLIENT_WRITES_MAX) {
		return -EAGAIN;
	}
	request.token = endpoint->number * CLIENT_WRITES_MAX + place;
	rc = ew_write(endpoint->module->inst, &request);
	if (rc == 0) {
		endpoint->writes[place] = (struct endpoint_write){write->token, true};
	}
	return rc;
}

void endpoint_written(struct lwm2m *self, uint64_t token, int error)
{
	struct endpoint *endpoint = self->endpoints[token / CLIENT_WRITES_MAX];
	struct endpoint_write *write = &endpoint->writes[token % CLIENT_WRITES_MAX];

	write->is_open = false;
	client_written(&endpoint->client, write->token, error, ew_now());
}

static int endpoint_hold(void *arg, const struct ew_batch *batch, const struct ew_batch **held_out)
{
	struct endpoint *endpoint = arg;

	return ew_batch_hold(endpoint->module->inst, batch, held_out);
}

static void endpoint_release(void *arg, const struct ew_batch **held)
{
	struct endpoint *endpoint = arg;

	ew_batch_release(endpoint->module->inst, held);
}

static void endpoint_settle(void *arg, uint32_t route, uint64_t position, bool refused)
{
	batches_settle(arg, route, position, refused);
}

static void endpoint_entered(void *arg, enum client_state state, const char *why)
{
	struct endpoint *endpoint = arg;
	struct lwm2m *self = endpoint->module;
	bool registered = state == CLIENT_REGISTERED;
	double count = 0;

	ew_log(self->inst, EW_LOG_INFO, "registration is %s: %s endpoint=%s",
	       client_state_name(state), why, endpoint->name);
	for (size_t i = 0; i < self->endpoint_count; i++) {
		count += self->endpoints[i]->client.state == CLIENT_REGISTERED ? 1 : 0;
	}
	ew_metric_set(self->inst, REGISTERED, count);
	if (endpoint->path == NULL && state != CLIENT_GONE && state != CLIENT_LEAVING) {
		ew_health(self->inst, registered ? EW_UP : EW_DEGRADED,
			  registered ? NULL : "not registered");
	}
}

static ew_time endpoint_wall(void *arg)
{
	(void)arg;
	return ew_wall();
}

static bool endpoint_value(void *arg, const struct tree_entry *entry,
			   struct lwm2m_value *value_out)
{
	struct endpoint *endpoint = arg;
	struct ew_sample sample;

	return ew_view(endpoint->module->inst, entry->tag, &sample) == 0 &&
	       ipso_from_sample(&entry->place, &sample, value_out);
}

/* ---- life ---- */

/* What a gateway has, and a device behind it has not. The last one only with a command. */
static const uint16_t gateway_objects[] = {1, 3, CONNECTIVITY, FIRMWARE};

static void endpoint_add_objects(struct endpoint *endpoint, struct client_settings *settings)
{
	struct lwm2m *self = endpoint->module;

	settings->objects[settings->object_count++] = (struct client_object){
		CONNECTIVITY, &connectivity_object, &self->connectivity,
	};
	if (self->package != NULL) {
		settings->objects[settings->object_count++] = (struct client_object){
			FIRMWARE, &firmware_object, package_firmware(self->package),
		};
	}
}

static int endpoint_open_client(struct endpoint *endpoint)
{
	struct lwm2m *self = endpoint->module;
	const struct lwm2m_settings *s = self->settings;
	const struct tree_ask ask = {
		.value = endpoint_value, .own = client_own, .arg = endpoint,
		.own_arg = &endpoint->client,
	};
	const struct client_ops ops = {
		.publish = endpoint_publish, .write = endpoint_write, .hold = endpoint_hold,
		.release = endpoint_release, .settle = endpoint_settle,
		.entered = endpoint_entered, .wall = endpoint_wall, .arg = endpoint,
	};
	struct client_settings settings = {
		.serial = endpoint->name, .version = ew_gateway(self->inst)->version,
		.lifetime = (uint64_t)(s->lifetime / EW_SECOND),
		.server_id = (uint16_t)s->server_id, .muted = s->muted,
		.deregister = s->deregister, .payload = self->payload, .scratch = self->scratch,
	};
	struct bulk_settings bulk = {
		.records = (size_t)s->send.records, .bytes = (size_t)s->send.bytes,
		.delay = s->send.every, .window = (size_t)s->send.window,
	};
	size_t most = self->profile->record_max == 0 ? bulk.records :
		      bulk.bytes / self->profile->record_max;

	if (endpoint->path == NULL) {
		endpoint_add_objects(endpoint, &settings);
	}
	/* `bytes` is what leaves, which may be longer than the payload of the machine */
	bulk.records = bulk.records < most ? bulk.records : most;
	tree_init(&endpoint->tree, &ask, &self->index, &self->names, self->id);
	endpoint->tree.is_flat = endpoint->path != NULL;
	if (endpoint->path == NULL) {
		endpoint->tree.own = gateway_objects;
		endpoint->tree.own_count = 2 + settings.object_count;
	}
	return client_init(&endpoint->client, &settings, &ops, &endpoint->tree, &bulk);
}

static int endpoint_subscribe(struct endpoint *endpoint)
{
	struct lwm2m *self = endpoint->module;
	char topic[LWM2M_TOPIC_MAX];
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = topic, .qos = 1, .no_local = true,
	};
	int rc;

	for (size_t i = 0; (rc = self->profile->filter(&endpoint->end, i, topic)) == 0; i++) {
		rc = ew_uplink_subscribe(self->inst, &filter, &endpoint->subscriptions[i]);
		if (rc != 0) {
			return rc;
		}
	}
	return rc == -ENOENT ? 0 : rc;
}

void endpoint_free(struct endpoint **owned)
{
	struct endpoint *endpoint = *owned;

	if (endpoint == NULL) {
		return;
	}
	*owned = NULL;
	client_fini(&endpoint->client);
	tree_fini(&endpoint->tree);
	profile_end_fini(&endpoint->end);
	free(endpoint->path);
	free(endpoint);
}

/* A name that is another's already would be taken for it by the server. */
static bool endpoint_is_taken(const struct lwm2m *self, const char *name)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		if (strcmp(self->endpoints[i]->name, name) == 0) {
			return true;
		}
	}
	return false;
}

int endpoint_new(struct lwm2m *self, const char *name, uint32_t device, const char *path)
{
	struct endpoint *endpoint;
	int rc;

	if (!lwm2m_endpoint_is_valid(name, strlen(name))) {
		return -EINVAL;
	}
	if (self->endpoint_count == ENDPOINTS_MAX || endpoint_is_taken(self, name)) {
		return self->endpoint_count == ENDPOINTS_MAX ? -ENOSPC : -EEXIST;
	}
	endpoint = calloc(1, sizeof(*endpoint));
	if (endpoint == NULL) {
		return -ENOMEM;
	}
	endpoint->module = self;
	endpoint->number = self->endpoint_count;
	endpoint->device = device;
	memcpy(endpoint->name, name, strlen(name));
	endpoint->end.prefix = self->settings->prefix;
	endpoint->end.endpoint = endpoint->name;
	endpoint->path = path == NULL ? NULL : strdup(path);
	rc = path != NULL && endpoint->path == NULL ? -ENOMEM : endpoint_open_client(endpoint);
	if (rc == 0) {
		rc = endpoint_subscribe(endpoint);
	}
	if (rc != 0) {
		endpoint_free(&endpoint);
		return rc;
	}
	self->endpoints[self->endpoint_count++] = endpoint;
	return 0;
}

struct endpoint *endpoint_of_device(const struct lwm2m *self, uint32_t device)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		if (self->endpoints[i]->path != NULL && self->endpoints[i]->device == device) {
			return self->endpoints[i];
		}
	}
	return NULL;
}

struct endpoint *endpoint_of_path(const struct lwm2m *self, const char *path)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		if (self->endpoints[i]->path != NULL &&
		    strcmp(self->endpoints[i]->path, path) == 0) {
			return self->endpoints[i];
		}
	}
	return NULL;
}

struct endpoint *endpoint_of_subscription(const struct lwm2m *self, uint32_t subscription)
{
	for (size_t i = 0; i < self->endpoint_count; i++) {
		for (size_t j = 0; j < PROFILE_FILTERS_MAX; j++) {
			if (self->endpoints[i]->subscriptions[j] == subscription) {
				return self->endpoints[i];
			}
		}
	}
	return NULL;
}

void endpoint_on_received(struct endpoint *endpoint, const struct ew_uplink_received *received)
{
	struct lwm2m *self = endpoint->module;
	struct lwm2m_message message;

	if (self->profile->decode(&endpoint->end, received->topic,
				  (struct lwm2m_text){received->payload, received->payload_size},
				  &message) != 0) {
		ew_metric_add(self->inst, IGNORED, 1);
		return;
	}
	client_on_message(&endpoint->client, &message, ew_now());
}
