/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See mosq.h. Messages, properties and codes are turned from ours to the
 * library's and back; nothing of the library leaves this file.
 */
#include "core/uplink/mosq.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/uplink/cause.h"

#define MOSQ_MAGIC 0x6d6f7371u
/* user properties taken from an incoming message; more are left out */
#define MOSQ_PAIRS_MAX 64u

struct mosq {
	uint32_t magic;
	struct mosquitto *handle;
	const struct mosq_ops *ops;
	void *arg;
	const char *who;
	int protocol;
	int keep_alive; /* s */
	bool reading; /* inside mosquitto_loop_read */
	bool dry; /* the last read found no more in the socket */
	int disconnect_code; /* in the server's DISCONNECT; -1: none came */
	int library_code; /* the library's reason for the end; 0: none */
};

int mosq_global_init(void)
{
	return mosquitto_lib_init() == MOSQ_ERR_SUCCESS ? 0 : -ENOMEM;
}

void mosq_global_fini(void)
{
	(void)mosquitto_lib_cleanup(); /* always succeeds */
}

static struct mosq *mosq_of(void *arg)
{
	struct mosq *mosq = arg;

	check_obj(mosq, MOSQ_MAGIC);
	return mosq;
}

static void mosq_on_connect(struct mosquitto *handle, void *arg, int code, int flags,
			    const mosquitto_property *properties)
{
	struct mosq *mosq = mosq_of(arg);
	struct mosq_connack connack = {.code = code,
				       .session_present = (flags & 1) != 0,
				       .has_ids = mosq->protocol == 5,
				       .receive_maximum = UINT16_MAX};
	uint8_t ids = 1;

	(void)handle;
	connack.text = mosq->protocol == 5 && code >= 0x80 ? mosquitto_reason_string(code)
							   : mosquitto_connack_string(code);
	if (mosquitto_property_read_byte(properties, MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE, &ids,
					 false) != NULL) {
		connack.has_ids = ids != 0;
	}
	(void)mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					    &connack.receive_maximum, false);
	mosq->ops->connack(mosq->arg, &connack);
}

static void mosq_on_disconnect(struct mosquitto *handle, void *arg, int code,
			       const mosquitto_property *properties)
{
	struct mosq *mosq = mosq_of(arg);

	(void)handle;
	(void)properties;
	if (mosq->library_code == 0) {
		mosq->library_code = code;
	}
}

static void mosq_on_subscribe(struct mosquitto *handle, void *arg, int mid, int count,
			      const int *codes)
{
	struct mosq *mosq = mosq_of(arg);

	(void)handle;
	mosq->ops->suback(mosq->arg, mid, count > 0 ? cause_errno_of_reason(codes[0]) : -EPROTO);
}

static void mosq_on_publish(struct mosquitto *handle, void *arg, int mid, int code,
			    const mosquitto_property *properties)
{
	struct mosq *mosq = mosq_of(arg);

	(void)handle;
	(void)properties;
	/* also called when a QoS 0 message was written; a PUBACK is read */
	if (mosq->reading) {
		mosq->ops->puback(mosq->arg, mid, cause_errno_of_reason(code));
	}
}

/* What an incoming message carries beside its payload. The texts are the
 * library's allocations, freed by mosq_carried_fini. */
struct mosq_carried {
	struct ew_uplink_extra extra;
	struct ew_uplink_property pairs[MOSQ_PAIRS_MAX];
	char *texts[MOSQ_PAIRS_MAX * 2 + 3];
	size_t text_count;
};

static const char *mosq_carry(struct mosq_carried *carried, char *text)
{
	carried->texts[carried->text_count++] = text;
	return text;
}

static void mosq_carried_fini(struct mosq_carried *carried)
{
	size_t i;

	for (i = 0; i < carried->text_count; i++) {
		free(carried->texts[i]);
	}
}

static void mosq_carry_pair(struct mosq_carried *carried, const mosquitto_property *at)
{
	struct ew_uplink_property *pair = &carried->pairs[carried->extra.property_count];
	char *name = NULL;
	char *value = NULL;

	if (carried->extra.property_count == MOSQ_PAIRS_MAX ||
	    mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value,
						false) == NULL) {
		return;
	}
	pair->name = mosq_carry(carried, name);
	pair->value = mosq_carry(carried, value);
	carried->extra.properties = carried->pairs;
	carried->extra.property_count++;
}

/* One property. The library has checked that those but the user's and the
 * subscription's come once. */
static void mosq_carry_one(struct mosq_carried *carried, const mosquitto_property *at,
			   struct mosq_received *received)
{
	struct ew_uplink_extra *extra = &carried->extra;
	int identifier = mosquitto_property_identifier(at);
	uint32_t number = 0;
	uint16_t size = 0;
	char *text = NULL;
	void *bytes = NULL;

	if (identifier == MQTT_PROP_USER_PROPERTY) {
		mosq_carry_pair(carried, at);
	} else if (identifier == MQTT_PROP_CONTENT_TYPE && extra->content_type == NULL) {
		(void)mosquitto_property_read_string(at, identifier, &text, false);
		extra->content_type = mosq_carry(carried, text);
	} else if (identifier == MQTT_PROP_RESPONSE_TOPIC && extra->response_topic == NULL) {
		(void)mosquitto_property_read_string(at, identifier, &text, false);
		extra->response_topic = mosq_carry(carried, text);
	} else if (identifier == MQTT_PROP_CORRELATION_DATA && extra->correlation == NULL) {
		(void)mosquitto_property_read_binary(at, identifier, &bytes, &size, false);
		extra->correlation = mosq_carry(carried, bytes);
		extra->correlation_size = size;
	} else if (identifier == MQTT_PROP_MESSAGE_EXPIRY_INTERVAL) {
		(void)mosquitto_property_read_int32(at, identifier, &number, false);
		extra->expiry = (ew_dur)number * 1000000000;
	} else if (identifier == MQTT_PROP_SUBSCRIPTION_IDENTIFIER &&
		   received->id_count < MOSQ_IDS_MAX) {
		(void)mosquitto_property_read_varint(at, identifier, &number, false);
		received->ids[received->id_count++] = number;
	}
}

static void mosq_on_message(struct mosquitto *handle, void *arg,
			    const struct mosquitto_message *message,
			    const mosquitto_property *properties)
{
	struct mosq *mosq = mosq_of(arg);
	const mosquitto_property *at;
	struct mosq_carried carried;
	struct mosq_received received = {
		.source = {.topic = message->topic,
			   .payload = message->payload,
			   .payload_size = (size_t)message->payloadlen},
		.qos = (uint8_t)message->qos,
		.retain = message->retain,
	};

	(void)handle;
	if (message->topic == NULL || message->payloadlen < 0) {
		return;
	}
	memset(&carried, 0, sizeof(carried));
	for (at = properties; at != NULL; at = mosquitto_property_next(at)) {
		mosq_carry_one(&carried, at, &received);
	}
	received.source.extra = &carried.extra;
	mosq->ops->received(mosq->arg, &received);
	mosq_carried_fini(&carried);
}

static void mosq_on_log(struct mosquitto *handle, void *arg, int level, const char *text)
{
	struct mosq *mosq = mosq_of(arg);

	(void)handle;
	(void)level;
	/* the callbacks of the library do not say by which reason code the server
	 * ended the session, only its log does */
	if (strncmp(text, "Received DISCONNECT", 19) == 0) {
		(void)sscanf(text, "Received DISCONNECT (%d)", &mosq->disconnect_code);
	}
	log_msg(LOG_LEVEL_DEBUG, mosq->who, "%s", text);
}

static int mosq_set_credentials(struct mosq *mosq, const struct mosq_setup *setup)
{
	const struct will *will = setup->will;
	int code = MOSQ_ERR_SUCCESS;

	if (setup->username != NULL) {
		code = mosquitto_username_pw_set(mosq->handle, setup->username, setup->password);
	}
	if (code == MOSQ_ERR_SUCCESS && will->topic != NULL) {
		code = mosquitto_will_set(mosq->handle, will->topic, (int)will->payload_size,
					  will->payload, will->qos, will->retain);
	}
	return code;
}

static int mosq_set_tls(struct mosq *mosq, const struct mosq_setup *setup)
{
	int code;

	if (setup->ssl_context == NULL) {
		return MOSQ_ERR_SUCCESS;
	}
	code = mosquitto_void_option(mosq->handle, MOSQ_OPT_SSL_CTX, setup->ssl_context);
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosquitto_int_option(mosq->handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
	}
	return code;
}

static int mosq_set_options(struct mosq *mosq)
{
	int code =
		mosquitto_int_option(mosq->handle, MOSQ_OPT_PROTOCOL_VERSION,
				     mosq->protocol == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);

	if (code == MOSQ_ERR_SUCCESS) {
		code = mosquitto_int_option(mosq->handle, MOSQ_OPT_TCP_NODELAY, 1);
	}
	if (code == MOSQ_ERR_SUCCESS) {
		/* our outbox keeps the window, the library must not queue */
		code = mosquitto_int_option(mosq->handle, MOSQ_OPT_SEND_MAXIMUM, UINT16_MAX);
	}
	return code;
}

/* MQTT 5: how long the broker keeps a session that is not clean. */
static int mosq_set_expiry(struct mosq *mosq, const struct mosq_setup *setup)
{
	mosquitto_property *properties = NULL;
	int code;

	if (mosq->protocol != 5 || setup->will->clean) {
		return MOSQ_ERR_SUCCESS;
	}
	code = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
					    (uint32_t)(setup->session_expiry / 1000000000));
	if (code == MOSQ_ERR_SUCCESS) {
		/* without a host it only remembers the properties, and says INVAL;
		 * the asynchronous connect cannot be given any */
		code = mosquitto_connect_bind_v5(mosq->handle, NULL, 0, 0, NULL, properties);
		code = code == MOSQ_ERR_INVAL ? MOSQ_ERR_SUCCESS : code;
	}
	mosquitto_property_free_all(&properties);
	return code;
}

int mosq_new(const struct mosq_setup *setup, struct mosq **mosq_out)
{
	struct mosq *mosq = calloc(1, sizeof(*mosq));
	int code;

	if (mosq == NULL) {
		return -ENOMEM;
	}
	mosq->magic = MOSQ_MAGIC;
	mosq->ops = setup->ops;
	mosq->arg = setup->arg;
	mosq->who = setup->who;
	mosq->protocol = setup->protocol;
	mosq->keep_alive = (int)(setup->keep_alive / 1000000000);
	mosq->disconnect_code = -1;
	mosq->handle = mosquitto_new(setup->client_id, setup->will->clean, mosq);
	if (mosq->handle == NULL) {
		mosq_free(&mosq);
		return -ENOMEM;
	}
	mosquitto_connect_v5_callback_set(mosq->handle, mosq_on_connect);
	mosquitto_disconnect_v5_callback_set(mosq->handle, mosq_on_disconnect);
	mosquitto_subscribe_callback_set(mosq->handle, mosq_on_subscribe);
	mosquitto_publish_v5_callback_set(mosq->handle, mosq_on_publish);
	mosquitto_message_v5_callback_set(mosq->handle, mosq_on_message);
	mosquitto_log_callback_set(mosq->handle, mosq_on_log);
	code = mosq_set_options(mosq);
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosq_set_tls(mosq, setup);
	}
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosq_set_credentials(mosq, setup);
	}
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosq_set_expiry(mosq, setup);
	}
	if (code != MOSQ_ERR_SUCCESS) {
		mosq_free(&mosq);
		return code == MOSQ_ERR_NOMEM ? -ENOMEM : -EINVAL;
	}
	*mosq_out = mosq;
	return 0;
}

void mosq_free(struct mosq **mosq)
{
	if (*mosq == NULL) {
		return;
	}
	check_obj(*mosq, MOSQ_MAGIC);
	if ((*mosq)->handle != NULL) {
		mosquitto_destroy((*mosq)->handle);
	}
	(*mosq)->magic = 0;
	free(*mosq);
	*mosq = NULL;
}

int mosq_connect(struct mosq *mosq, const char *address, uint16_t port)
{
	int code;

	errno = 0;
	code = mosquitto_connect_bind_async(mosq->handle, address, port, mosq->keep_alive, NULL);
	if (code == MOSQ_ERR_SUCCESS) {
		return 0;
	}
	if (code == MOSQ_ERR_ERRNO && errno != 0) {
		return -errno;
	}
	return code == MOSQ_ERR_NOMEM ? -ENOMEM : -EPROTO;
}

int mosq_fd(const struct mosq *mosq)
{
	return mosquitto_socket(mosq->handle);
}

void *mosq_ssl(const struct mosq *mosq)
{
	return mosquitto_ssl_get(mosq->handle);
}

bool mosq_wants_write(const struct mosq *mosq)
{
	return mosquitto_want_write(mosq->handle);
}

static enum mosq_end mosq_end(const struct mosq *mosq, int code)
{
	int error = code == MOSQ_ERR_ERRNO ? errno : 0;

	if (code == MOSQ_ERR_SUCCESS && mosq_fd(mosq) >= 0) {
		return MOSQ_ALIVE;
	}
	errno = error;
	if (code == MOSQ_ERR_KEEPALIVE || mosq->library_code == MOSQ_ERR_KEEPALIVE) {
		return MOSQ_END_SILENT;
	}
	switch (code) {
	case MOSQ_ERR_TLS:
		return MOSQ_END_TLS;
	case MOSQ_ERR_NOMEM:
		return MOSQ_END_MEMORY;
	case MOSQ_ERR_PROTOCOL:
	case MOSQ_ERR_MALFORMED_PACKET:
	case MOSQ_ERR_MALFORMED_UTF8:
	case MOSQ_ERR_DUPLICATE_PROPERTY:
		return MOSQ_END_PACKET;
	default:
		return MOSQ_END_LOST;
	}
}

enum mosq_end mosq_read(struct mosq *mosq)
{
	int code;

	errno = 0;
	mosq->reading = true;
	code = mosquitto_loop_read(mosq->handle, 1);
	mosq->reading = false;
	mosq->dry = errno == EAGAIN;
	return mosq_end(mosq, code);
}

bool mosq_is_dry(const struct mosq *mosq)
{
	return mosq->dry;
}

enum mosq_end mosq_write(struct mosq *mosq)
{
	errno = 0;
	return mosq_end(mosq, mosquitto_loop_write(mosq->handle, 1));
}

enum mosq_end mosq_keep_alive(struct mosq *mosq)
{
	errno = 0;
	return mosq_end(mosq, mosquitto_loop_misc(mosq->handle));
}

int mosq_disconnect_code(const struct mosq *mosq)
{
	return mosq->disconnect_code;
}

const char *mosq_reason(int code)
{
	return mosquitto_reason_string(code);
}

/* A code of the library for one packet, as -errno. */
static int mosq_errno(int code)
{
	switch (code) {
	case MOSQ_ERR_SUCCESS:
		return 0;
	case MOSQ_ERR_NOMEM:
		return -ENOMEM;
	case MOSQ_ERR_PAYLOAD_SIZE:
	case MOSQ_ERR_OVERSIZE_PACKET:
		return -EMSGSIZE;
	case MOSQ_ERR_NOT_SUPPORTED:
	case MOSQ_ERR_QOS_NOT_SUPPORTED:
	case MOSQ_ERR_RETAIN_NOT_SUPPORTED:
		return -ENOTSUP;
	case MOSQ_ERR_INVAL:
	case MOSQ_ERR_MALFORMED_UTF8:
	case MOSQ_ERR_DUPLICATE_PROPERTY:
	case MOSQ_ERR_PROTOCOL:
		return -EINVAL;
	default:
		return -ECONNRESET;
	}
}

static int mosq_add_pairs(const struct ew_uplink_extra *extra, mosquitto_property **list)
{
	int code = MOSQ_ERR_SUCCESS;
	size_t i;

	for (i = 0; i < extra->property_count && code == MOSQ_ERR_SUCCESS; i++) {
		code = mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY,
							  extra->properties[i].name,
							  extra->properties[i].value);
	}
	return code;
}

/* The list is the caller's also after an error. */
static int mosq_add_extra(const struct ew_uplink_extra *extra, mosquitto_property **list)
{
	int code = mosq_add_pairs(extra, list);

	if (code == MOSQ_ERR_SUCCESS && extra->content_type != NULL) {
		code = mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE,
						     extra->content_type);
	}
	if (code == MOSQ_ERR_SUCCESS && extra->response_topic != NULL) {
		code = mosquitto_property_add_string(list, MQTT_PROP_RESPONSE_TOPIC,
						     extra->response_topic);
	}
	if (code == MOSQ_ERR_SUCCESS && extra->correlation != NULL) {
		code = mosquitto_property_add_binary(list, MQTT_PROP_CORRELATION_DATA,
						     extra->correlation,
						     (uint16_t)extra->correlation_size);
	}
	if (code == MOSQ_ERR_SUCCESS && extra->expiry >= 1000000000) {
		ew_dur seconds = extra->expiry / 1000000000;

		code = mosquitto_property_add_int32(list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
						    seconds > UINT32_MAX ? UINT32_MAX
									 : (uint32_t)seconds);
	}
	return code;
}

int mosq_publish(struct mosq *mosq, const struct message *message, int *mid_out)
{
	mosquitto_property *properties = NULL;
	int code = MOSQ_ERR_SUCCESS;
	int mid = 0;

	if (mosq->protocol == 5) {
		code = mosq_add_extra(&message->extra, &properties);
	}
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosquitto_publish_v5(mosq->handle, &mid, message->topic,
					    (int)message->payload_size, message->payload,
					    message->qos, message->retain, properties);
	}
	mosquitto_property_free_all(&properties);
	if (code == MOSQ_ERR_SUCCESS) {
		*mid_out = mid;
	}
	return mosq_errno(code);
}

int mosq_subscribe(struct mosq *mosq, const struct mosq_subscription *subscription, int *mid_out)
{
	mosquitto_property *properties = NULL;
	int options = 0;
	int mid = 0;
	int code = MOSQ_ERR_SUCCESS;

	if (mosq->protocol == 5 && subscription->no_local) {
		options |= MQTT_SUB_OPT_NO_LOCAL;
	}
	if (mosq->protocol == 5 && subscription->id != 0) {
		code = mosquitto_property_add_varint(&properties, MQTT_PROP_SUBSCRIPTION_IDENTIFIER,
						     subscription->id);
	}
	if (code == MOSQ_ERR_SUCCESS) {
		code = mosquitto_subscribe_v5(mosq->handle, &mid, subscription->filter,
					      subscription->qos, options, properties);
	}
	mosquitto_property_free_all(&properties);
	if (code == MOSQ_ERR_SUCCESS) {
		*mid_out = mid;
	}
	return mosq_errno(code);
}

int mosq_unsubscribe(struct mosq *mosq, const char *filter)
{
	return mosq_errno(mosquitto_unsubscribe(mosq->handle, NULL, filter));
}

void mosq_disconnect(struct mosq *mosq, bool with_will)
{
	int reason = mosq->protocol == 5 && with_will ? MQTT_RC_DISCONNECT_WITH_WILL_MSG
						      : MQTT_RC_NORMAL_DISCONNECTION;

	/* an error means that the connection is gone already: the next turn says so */
	(void)mosquitto_disconnect_v5(mosq->handle, reason, NULL);
}
