/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host owes to the nodes that wait for it: STATE. The will says offline
 * with the time of the CONNECT, the birth says online with the same time, and
 * a planned end says offline with the time of that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/sparkplug_host/host.h"

#define SESSION_DISPUTE_EVERY  EW_SECOND        /* two hosts of one id shall not fill the broker */
#define SESSION_LAST_WORDS     (3 * EW_SECOND)

int session_prepare(struct host *host, struct ew_uplink_will *will)
{
	struct sp_state state = { .online = false };

	if (host->settings->passive) {
		will->clean = true;
		return 0;
	}
	host->state_ms = value_ms(ew_wall());
	state.timestamp = host->state_ms;
	will->payload_size = sp_state_encode(&state, host->will);
	will->payload = host->will;
	will->topic = host->state_topic;
	will->qos = 1;
	will->retain = true;
	will->clean = true;
	return 0;
}

static int session_say(struct host *host, bool is_online, uint64_t ms, uint64_t token)
{
	const struct sp_state state = { .online = is_online, .timestamp = ms };
	char text[SP_STATE_TEXT];
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = host->state_topic, .payload = text,
		.payload_size = sp_state_encode(&state, text), .qos = 1, .retain = true,
		.traffic = EW_TRAFFIC_CONTROL, .epoch = host->epoch, .token = token,
	};
	int error = ew_uplink_publish(host->inst, &message);

	if (error == 0) {
		host_count(host, HOST_STATES, 1);
	}
	return error;
}

void session_tell_health(struct host *host)
{
	if (host->epoch == 0) {
		ew_health(host->inst, EW_DOWN, "not connected");
	} else if (host->is_doubled) {
		ew_health(host->inst, EW_DEGRADED, "another host has the same id");
	} else {
		ew_health(host->inst, EW_UP, NULL);
	}
}

void session_online(struct host *host, uint64_t epoch)
{
	host->epoch = epoch;
	host->is_doubled = false;
	if (!host->settings->passive &&
	    session_say(host, true, host->state_ms, 0) != 0) {
		ew_log(host->inst, EW_LOG_ERROR, "STATE could not be published");
	}
	(void)ew_uplink_release(host->inst, epoch); /* of an old connection: the next comes */
	host_now(host);
	machine_connect(&host->machine);
	host_arm(host);
}

void session_on_state_timer(void *arg)
{
	struct host *host = arg;

	if (host->epoch != 0 && !host->is_stopping) {
		host->last_dispute = ew_now();
		(void)session_say(host, true, host->state_ms, 0); /* or a new birth follows */
	}
}

/* What comes by itself, says online, and was not said by us, was said by another. */
static void session_on_rival(struct host *host, uint64_t ms)
{
	host_count(host, HOST_DUPLICATES, 1);
	if (!host->is_doubled) {
		ew_log(host->inst, EW_LOG_ERROR,
		       "another host has the same id host_id=%s timestamp=%llu", host->id,
		       (unsigned long long)ms);
	}
	host->is_doubled = true;
	session_tell_health(host);
}

/* An old will, or another host that has our id. */
void session_on_state(struct host *host, const struct ew_uplink_received *message)
{
	struct sp_state state;
	ew_dur due = host->last_dispute + SESSION_DISPUTE_EVERY - ew_now();

	if (message->payload_size == 0 || host->is_stopping ||
	    sp_state_decode((struct sp_bytes){ message->payload, message->payload_size },
			    &state) != 0) {
		return;
	}
	if (state.online) {
		if (state.timestamp != host->state_ms && !message->retain) {
			session_on_rival(host, state.timestamp);
		}
		return;
	}
	host_count(host, HOST_STATE_DISPUTES, 1);
	if (host->last_dispute != 0 && due > 0) {
		ew_timer_set(host->state_timer, due, 0); /* the retained one must not stay */
	} else {
		session_on_state_timer(host);
	}
}

void session_stopped(struct host *host)
{
	if (!host->is_stopped) {
		host->is_stopped = true;
		ew_timer_stop(host->stop_timer);
		ew_stopped(host->inst);
	}
}

void session_on_stop_timer(void *arg)
{
	session_stopped(arg);
}

/* Without room it is said when there is some; the wait is bounded. */
static void session_say_the_end(struct host *host)
{
	int error = session_say(host, false, value_ms(ew_wall()), 1);

	if (error == 0) {
		host->stop_token = 1;
	} else if (error != -EAGAIN) {
		session_stopped(host);
	}
}

void session_stop(struct host *host)
{
	host->is_stopping = true;
	command_lost(host, NULL);
	if (host->settings->passive || host->epoch == 0) {
		session_stopped(host);
		return;
	}
	ew_timer_set(host->stop_timer, SESSION_LAST_WORDS, 0);
	session_say_the_end(host);
}

void session_room(struct host *host)
{
	if (host->is_stopping && !host->is_stopped && host->stop_token == 0) {
		session_say_the_end(host);
	}
}

void session_acked(struct host *host, const struct ew_uplink_ack *ack)
{
	if (host->is_stopping && ack->token == host->stop_token) {
		session_stopped(host);
	}
}

int session_command(struct host *host, const struct model_device *device,
		    struct sp_writer *writer)
{
	const struct sp_payload payload = { .has = SP_HAS_TIMESTAMP,
					    .timestamp = value_ms(ew_wall()) };
	bool is_node = device->name[0] == '\0';
	const struct sp_topic parts = {
		.verb = is_node ? SP_NCMD : SP_DCMD,
		.group = sp_text(device->node->group->name),
		.node = sp_text(device->node->name),
		.device = is_node ? (struct sp_bytes){ NULL, 0 } : sp_text(device->name),
	};
	char topic[SP_TOPIC_MAX];
	struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic,
		.traffic = EW_TRAFFIC_CONTROL, .epoch = host->epoch,
	};
	int error = host->epoch != 0 ? sp_topic_format(&parts, topic, sizeof(topic)) : -ENOTCONN;

	if (error >= 0) {
		error = sp_payload_put(writer, &payload);
	}
	if (error < 0) {
		return error;
	}
	message.payload = writer->begin;
	message.payload_size = sp_written(writer).size;
	return ew_uplink_publish(host->inst, &message);
}

int session_ask(struct host *host, struct model_node *node)
{
	const struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
		.name = sp_text("Node Control/Rebirth"),
		.timestamp = value_ms(ew_wall()),
		.datatype = SP_TYPE_BOOLEAN,
		.value = { .carrier = SP_BOOL, .u = 1 },
	};
	uint8_t memory[3 * SP_SLACK];
	struct sp_writer writer;
	int error;

	sp_writer_init(&writer, memory, sizeof(memory));
	error = sp_metric_put(&writer, &metric);
	return error != 0 ? error : session_command(host, node->self, &writer);
}

static int session_subscribe(struct host *host, const char *text, uint32_t *subscription_out)
{
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = text, .qos = 1,
		.max_messages = (size_t)host->settings->max_waiting,
		.max_bytes = (size_t)host->settings->max_waiting * 4096,
	};

	return ew_uplink_subscribe(host->inst, &filter, subscription_out);
}

int session_join(struct host *host)
{
	const struct host_settings *settings = host->settings;
	const struct sp_topic state = { .verb = SP_STATE, .node = sp_text(host->id) };
	char filter[SP_TOPIC_MAX];
	uint32_t subscription;
	int error = 0;

	if (!settings->passive) {
		error = sp_topic_format(&state, host->state_topic, sizeof(host->state_topic));
		error = error < 0 ? error
				  : session_subscribe(host, host->state_topic, &host->state);
	}
	if (error == 0 && settings->group_count == 0) {
		error = session_subscribe(host, SP_NAMESPACE "/#", &subscription);
	}
	for (size_t i = 0; i < settings->group_count && error == 0; i++) {
		(void)snprintf(filter, sizeof(filter), SP_NAMESPACE "/%s/#", settings->groups[i]);
		error = session_subscribe(host, filter, &subscription);
	}
	for (size_t i = 0; i < settings->topic_count && error == 0; i++) {
		error = session_subscribe(host, settings->topics[i], &subscription);
	}
	return error;
}
