/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages leave. One counter of seq for the node and all its devices, so
 * one place that takes a number, and only for what the outbox has taken.
 *
 * NBIRTH and the DBIRTHs of a new connection are class control, so that they
 * leave before the guests speak. All that follows is telemetry: in one class
 * order is kept, and seq needs it.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX  (16u << 20)

int edge_topic(const struct edge *edge, enum sp_verb verb, const char *device, char *topic_out)
{
	const struct sp_topic topic = {
		.verb = verb, .group = sp_text(edge->group), .node = sp_text(edge->node_id),
		.device = device != NULL ? sp_text(device) : (struct sp_bytes){ NULL, 0 },
	};

	return sp_topic_format(&topic, topic_out, SP_TOPIC_MAX);
}

struct sp_writer edge_writer(struct edge *edge)
{
	struct sp_writer writer;

	sp_writer_init(&writer, edge->memory, edge->memory_size - 2 * SP_SLACK);
	return writer;
}

int edge_more_memory(struct edge *edge)
{
	uint8_t *memory;

	if (edge->memory_size >= MEMORY_MAX) {
		return -EMSGSIZE;
	}
	memory = realloc(edge->memory, 2 * edge->memory_size);
	if (memory == NULL) {
		return -ENOMEM;
	}
	edge->memory = memory;
	edge->memory_size *= 2;
	return 0;
}

int edge_send(struct edge *edge, enum sp_verb verb, const struct model_device *device,
	      struct sp_writer *writer)
{
	const struct sp_payload payload = {
		.has = SP_HAS_TIMESTAMP | SP_HAS_SEQ,
		.timestamp = value_ms(ew_wall()), .seq = edge->seq,
	};
	struct sp_writer whole = *writer;
	char topic[SP_TOPIC_MAX];
	struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic, .epoch = edge->node.epoch,
		.traffic = edge->is_released ? EW_TRAFFIC_TELEMETRY : EW_TRAFFIC_CONTROL,
		.token = edge->number + 1,
	};
	int error = edge_topic(edge, verb, device->is_node ? NULL : device->topic_device, topic);

	whole.end += 2 * SP_SLACK; /* kept for this */
	if (error > 0) {
		error = sp_payload_put(&whole, &payload);
	}
	if (error == 0) {
		message.payload = whole.begin;
		message.payload_size = sp_written(&whole).size;
		error = ew_uplink_publish(edge->inst, &message);
	}
	if (error == 0) {
		edge->seq++;
		edge->number++;
		edge->sent_ms = payload.timestamp;
		edge_count(edge, EDGE_BYTES, message.payload_size);
	} else if (error == -EAGAIN) {
		edge->is_blocked = true;
	} else if (error != -ENOTCONN) {
		ew_log(edge->inst, EW_LOG_ERROR, "a message cannot leave topic=%s bytes=%zu: %s",
		       topic, message.payload_size, strerror(-error));
	}
	return error;
}

int edge_send_ndeath(struct edge *edge, uint64_t *token_out)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = edge->will_topic, .payload = edge->will,
		.payload_size = edge->will_size,
		.qos = 1, .traffic = EW_TRAFFIC_TELEMETRY, .epoch = edge->node.epoch,
		.token = ++edge->next_token,
	};
	int error = ew_uplink_publish(edge->inst, &message);

	if (error == 0) {
		*token_out = message.token;
		edge_count(edge, EDGE_NDEATHS, 1);
	}
	return error;
}

void edge_send_fence(struct edge *edge)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = edge->settings->fence_topic, .payload = "",
		.qos = 1, .traffic = EW_TRAFFIC_TELEMETRY, .epoch = edge->node.epoch,
		.token = edge->next_token + 1,
	};

	if (edge->fence_number == 0 && ew_uplink_publish(edge->inst, &message) == 0) {
		edge->fence_token = ++edge->next_token;
		edge->fence_number = edge->number;
		edge->next_fence = ew_now() + edge->settings->fence_every;
	}
}
