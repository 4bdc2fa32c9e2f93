/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LwM2M server for scenarios: answers Register, Update, Send and De-register
 * of any client, asks what it is told to, and prints a line for each message.
 *
 *	lwm2m_server HOST PORT CA FIFO
 *
 * Lines of the FIFO: `ENDPOINT OPERATION TOKEN [URI [VALUE]]`; quit. A URI of -
 * is none; a value is text. Lines of the output, after `ready`:
 *
 *	register ENDPOINT LINKS         update ENDPOINT         deregister ENDPOINT
 *	send ENDPOINT COUNT PATH=VALUE...
 *	notify ENDPOINT TOKEN PATH=VALUE...
 *	result ENDPOINT TOKEN CODE PATH=VALUE...
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/format.h"
#include "proto/lwm2m/message.h"

#define H(key)     LWM2M_HAS(key)
#define SHOWN_MAX  20           /* records of a line */

static void on_connect(struct mosquitto *client, void *arg, int code)
{
	(void)arg;
	check(code == 0);
	check(mosquitto_subscribe(client, NULL, "lwm2m/rd/#", 1) == MOSQ_ERR_SUCCESS);
}

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int count, const int *qos)
{
	(void)client;
	(void)arg;
	(void)mid;
	check(count == 1 && qos[0] == 1);
	printf("ready\n");
}

static void publish(struct mosquitto *client, const char *topic,
		    const struct lwm2m_message *message)
{
	uint8_t bytes[4096];
	size_t size;

	check(lwm2m_message_encode(message, bytes, sizeof(bytes), &size) == 0);
	check(mosquitto_publish(client, NULL, topic, (int)size, bytes, 1, false) ==
	      MOSQ_ERR_SUCCESS);
}

static void show_record(const struct lwm2m_record *record)
{
	char path[LWM2M_PATH_MAX];
	struct lwm2m_value value = record->value;

	(void)lwm2m_path_format(&record->path, path);
	if (value.type == LWM2M_STRING) {
		printf(" %s=%.*s", path, (int)value.v.x.size, value.v.x.at);
	} else if (value.type == LWM2M_BOOLEAN) {
		printf(" %s=%d", path, value.v.b);
	} else if (lwm2m_value_convert(&value, LWM2M_FLOAT, NULL) == 0) {
		printf(" %s=%g", path, value.v.f);
	}
}

/* The records of a payload; returns how many. */
static unsigned show(const struct lwm2m_message *message)
{
	const struct lwm2m_source source = {
		.bytes = message->payload.at, .size = message->payload.size,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	unsigned count = 0;
	int rc = lwm2m_decoder_begin(&decoder, (unsigned)message->ct, &source);

	if (rc == -ENOTSUP) {
		printf(" %.*s", (int)message->payload.size, message->payload.at);
		return 0;
	}
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		if (count++ < SHOWN_MAX) {
			show_record(&record);
		}
	}
	check(rc == 0);
	return count;
}

static unsigned count_records(const struct lwm2m_message *message)
{
	const struct lwm2m_source source = {
		.bytes = message->payload.at, .size = message->payload.size,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	unsigned count = 0;

	check(lwm2m_decoder_begin(&decoder, (unsigned)message->ct, &source) == 0);
	while (lwm2m_decoder_next(&decoder, &record) > 0) {
		check(record.time > 0);
		count++;
	}
	return count;
}

/* A request of a client: what it is answered with; 0: nothing. */
static unsigned take(const char *endpoint, const struct lwm2m_message *message)
{
	switch (message->operation) {
	case LWM2M_OP_REGISTER:
		printf("register %s %.*s\n", endpoint, (int)message->payload.size,
		       message->payload.at);
		return LWM2M_CREATED;
	case LWM2M_OP_UPDATE:
		printf("update %s\n", endpoint);
		return LWM2M_CHANGED;
	case LWM2M_OP_DEREGISTER:
		printf("deregister %s\n", endpoint);
		return LWM2M_DELETED;
	case LWM2M_OP_SEND:
		printf("send %s %u", endpoint, count_records(message));
		(void)show(message);
		printf("\n");
		return LWM2M_CHANGED;
	case LWM2M_OP_NOTIFY:
		printf("notify %s %llu", endpoint, (unsigned long long)message->token);
		(void)show(message);
		printf("\n");
		return 0;
	default:
		return 0;       /* an echo of our own request */
	}
}

static void on_message(struct mosquitto *client, void *arg,
		       const struct mosquitto_message *received)
{
	struct lwm2m_message message;
	struct lwm2m_message answer = {.has = H(TOKEN) | H(RESULT)};
	struct lwm2m_text endpoint;
	enum lwm2m_level_name level;

	(void)arg;
	check(lwm2m_topic_parse("", received->topic, &level, &endpoint) == 0);
	check(lwm2m_message_decode(received->payload, (size_t)received->payloadlen,
				   &message) == 0);
	if ((message.has & H(RESULT)) == 0) {
		answer.token = message.token;
		answer.result = take(endpoint.at, &message);
		if (answer.result != 0) {
			publish(client, received->topic, &answer);
		}
	} else if (message.token % 2 == 0) {    /* of our own requests */
		printf("result %s %llu %llu", endpoint.at, (unsigned long long)message.token,
		       (unsigned long long)message.result);
		if ((message.has & H(PAYLOAD)) != 0) {
			(void)show(&message);
		}
		printf("\n");
	}
}

static void ask(struct mosquitto *client, char *line)
{
	struct lwm2m_message message = {.has = H(OPERATION) | H(TOKEN)};
	char endpoint[64], uri[LWM2M_PATH_MAX], value[64], topic[LWM2M_TOPIC_MAX];
	unsigned operation, token;
	int fields = sscanf(line, "%63s %u %u %95s %63s", endpoint, &operation, &token, uri,
			    value);

	check(fields >= 3);
	message.operation = operation;
	message.token = token;
	if (fields >= 4 && strcmp(uri, "-") != 0) {
		message.has |= H(URI);
		message.uri = (struct lwm2m_text){uri, strlen(uri)};
	}
	if (fields == 5) {
		message.has |= H(CT) | H(PAYLOAD);
		message.payload = (struct lwm2m_text){value, strlen(value)};
	}
	check(lwm2m_topic_format("", LWM2M_RD, endpoint, topic) == 0);
	publish(client, topic, &message);
}

int main(int argc, char **argv)
{
	struct mosquitto *client;
	char line[512];
	FILE *lines;

	check(argc == 5);
	check(setvbuf(stdout, NULL, _IOLBF, 0) == 0);
	check(mosquitto_lib_init() == MOSQ_ERR_SUCCESS);
	client = mosquitto_new(NULL, true, NULL);
	check(client != NULL);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_subscribe_callback_set(client, on_subscribe);
	mosquitto_message_callback_set(client, on_message);
	check(mosquitto_tls_set(client, argv[3], NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS);
	check(mosquitto_connect(client, argv[1], (int)strtol(argv[2], NULL, 10), 60) ==
	      MOSQ_ERR_SUCCESS);
	check(mosquitto_loop_start(client) == MOSQ_ERR_SUCCESS);
	lines = fopen(argv[4], "r+e");          /* for writing too: it has no end then */
	check(lines != NULL);
	while (fgets(line, sizeof(line), lines) != NULL && strcmp(line, "quit\n") != 0) {
		ask(client, line);
	}
	(void)fclose(lines);
	check(mosquitto_disconnect(client) == MOSQ_ERR_SUCCESS);
	check(mosquitto_loop_stop(client, false) == MOSQ_ERR_SUCCESS);
	mosquitto_destroy(client);
	return 0;
}
