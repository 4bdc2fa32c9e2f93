/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cover of libmosquitto for one connection. A new handle for each: so the
 * library never repeats on a new connection what was in flight on an old one.
 * mosq.c is the only user of mosquitto.h; it decides nothing, link.c does.
 *
 * The uplink's thread only.
 */
#ifndef CORE_UPLINK_MOSQ_H
#define CORE_UPLINK_MOSQ_H

#include <stdbool.h>
#include <stdint.h>

#include "core/uplink/message.h"
#include "core/uplink/will.h"

#define MOSQ_IDS_MAX 16u

struct mosq;

struct mosq_connack {
	int code; /* 0: accepted */
	const char *text; /* of the code */
	bool session_present;
	bool has_ids; /* subscription identifiers come back */
	uint16_t receive_maximum; /* QoS 1 messages it takes at once; 65535: no limit said */
};

/* `ids` are those of the subscriptions it matches, when the broker says so.
 * Borrowed. */
struct mosq_received {
	struct message_source source;
	uint8_t qos;
	bool retain;
	uint32_t ids[MOSQ_IDS_MAX];
	size_t id_count;
};

/* Called from mosq_read only. */
struct mosq_ops {
	void (*connack)(void *arg, const struct mosq_connack *connack);
	void (*suback)(void *arg, int mid, int status);
	void (*puback)(void *arg, int mid, int status);
	void (*received)(void *arg, const struct mosq_received *received);
};

struct mosq_setup {
	int protocol; /* 4 or 5 */
	const char *client_id;
	const char *username; /* NULL: none */
	const char *password;
	const struct will *will; /* and the clean flag */
	ew_dur session_expiry;
	ew_dur keep_alive;
	void *ssl_context; /* NULL: plain */
	const struct mosq_ops *ops;
	void *arg;
	const char *who; /* for the log; borrowed for the life of the handle */
};

struct mosq_subscription {
	const char *filter;
	uint8_t qos;
	bool no_local;
	uint32_t id; /* sent with MQTT 5; 0: none */
};

/* How a call of the library left the connection. */
enum mosq_end {
	MOSQ_ALIVE,
	MOSQ_END_LOST, /* closed, or a socket error: errno tells, 0 means closed */
	MOSQ_END_SILENT, /* no PINGRESP */
	MOSQ_END_TLS,
	MOSQ_END_PACKET, /* not what MQTT allows */
	MOSQ_END_MEMORY,
};

/* Once for each uplink, on the main thread; and undone after its end. */
int mosq_global_init(void) EW_CHECKED;
void mosq_global_fini(void);

/* -ENOMEM, -EINVAL. Everything in `setup` but who, ops and arg is copied. */
int mosq_new(const struct mosq_setup *setup, struct mosq **mosq_out) EW_CHECKED;

/* Drops the connection as it stands. */
void mosq_free(struct mosq **mosq);

/* Begin to connect to a numeric address. -errno of the socket; -EPROTO: the
 * library failed on its own. */
int mosq_connect(struct mosq *mosq, const char *address, uint16_t port) EW_CHECKED;

/* -1: none any more. */
int mosq_fd(const struct mosq *mosq);

/* The SSL of the connection, or NULL. */
void *mosq_ssl(const struct mosq *mosq);

bool mosq_wants_write(const struct mosq *mosq);

/* errno is 0 or says more when the end is LOST. */
enum mosq_end mosq_read(struct mosq *mosq) EW_CHECKED;

/* The last mosq_read() emptied the socket. */
bool mosq_is_dry(const struct mosq *mosq);
enum mosq_end mosq_write(struct mosq *mosq) EW_CHECKED;
enum mosq_end mosq_keep_alive(struct mosq *mosq) EW_CHECKED;

/* Reason code of the server's DISCONNECT; -1: none came. */
int mosq_disconnect_code(const struct mosq *mosq);

/* In words, of MQTT 5. */
const char *mosq_reason(int code);

/* 0; -EMSGSIZE, -ENOTSUP, -EINVAL: this message is refused, the connection
 * lives; -ENOMEM; -ECONNRESET: the connection is over. *mid_out on success. */
int mosq_publish(struct mosq *mosq, const struct message *message, int *mid_out) EW_CHECKED;
int mosq_subscribe(struct mosq *mosq, const struct mosq_subscription *subscription, int *mid_out)
	EW_CHECKED;
int mosq_unsubscribe(struct mosq *mosq, const char *filter);

/* Send DISCONNECT; with_will (MQTT 5): the broker publishes the will too. */
void mosq_disconnect(struct mosq *mosq, bool with_will);

#endif
