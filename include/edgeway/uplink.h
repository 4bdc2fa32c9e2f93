/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplink: one MQTT session that instances share.
 *
 * An instance joins in open(). Which uplink it joins is said in YAML
 * (`uplink: NAME`, default `main`). One instance may own the will; it speaks
 * first in every connection, the others are its guests:
 *
 *   prepare(epoch)      owner   before every CONNECT: fill will and clean flag
 *   online(session)     owner   its subscriptions are acknowledged
 *   ew_uplink_release() owner   first messages are in: the gate opens
 *   online(session)     guests  theirs are acknowledged, they may speak
 *   offline(...)        all     that were told online
 *
 * Without an owner there is no gate. The epoch counts CONNECTs: it is never
 * the same twice in the life of the process and names one connection.
 *
 * A message with an epoch leaves in that connection or not at all, so nothing
 * of an old session ever follows a new birth. Order is kept within one
 * instance and one traffic class; so an acknowledged QoS 1 message proves that
 * the broker has read every message of the same instance, class and epoch that
 * was published before it.
 */
#ifndef EDGEWAY_UPLINK_H
#define EDGEWAY_UPLINK_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_instance;

/*
 * Why a session ended or did not begin: the word for status and metrics, and
 * what it means. Each is counted, and each is tried again.
 */
#define EW_UPLINK_CAUSES(X)                                                     \
	X(NONE, "none", "nothing is wrong")                                     \
	X(STOPPED, "stopped", "the uplink was stopped")                         \
	X(CYCLED, "cycled", "the will's owner asked for a new session")         \
	X(NO_WILL, "no-will", "the will's owner gave no will in time")          \
	X(FILES, "files", "own CA, certificate, key or password is unusable")   \
	X(DNS, "dns", "the server's name does not resolve")                     \
	X(REFUSED, "refused", "nothing listens there")                          \
	X(UNREACHABLE, "unreachable", "no route to the server")                 \
	X(TIMEOUT, "timeout", "the server does not answer in time")             \
	X(TLS_CA, "tls-ca", "the server's certificate is not from our CA")      \
	X(TLS_EXPIRED, "tls-expired", "the server's certificate has expired")   \
	X(TLS_EARLY, "tls-early", "the server's certificate is not valid yet")  \
	X(TLS_HOST, "tls-host", "the server's certificate has another name")    \
	X(TLS_CLIENT, "tls-client", "the server refuses our certificate")       \
	X(TLS_OTHER, "tls-other", "TLS failed")                                 \
	X(PROTOCOL, "protocol", "the server refuses this MQTT version")         \
	X(CLIENT_ID, "client-id", "the server refuses the client id")           \
	X(CREDENTIALS, "credentials", "user name or password is wrong")         \
	X(DENIED, "denied", "the server does not authorise this client")        \
	X(UNAVAILABLE, "unavailable", "the server is busy or shuts down")       \
	X(NO_SUBACK, "no-suback", "subscriptions not acknowledged in time")     \
	X(KEEP_ALIVE, "keep-alive", "the server went silent")                   \
	X(TAKEN_OVER, "taken-over", "another client uses the same client id")   \
	X(DISCONNECTED, "disconnected", "the server ended the session")         \
	X(LOST, "lost", "the connection broke")                                 \
	X(BAD_PACKET, "bad-packet", "one side sent what MQTT does not allow")   \
	X(INTERNAL, "internal", "out of memory or of file descriptors")

enum ew_uplink_cause {
#define EW_UPLINK_CAUSE_ENUM(name, word, text) EW_UPLINK_##name,
	EW_UPLINK_CAUSES(EW_UPLINK_CAUSE_ENUM)
#undef EW_UPLINK_CAUSE_ENUM
};
#define EW_UPLINK_CAUSE_COUNT  (EW_UPLINK_INTERNAL + 1)

/* Strictly first; then telemetry, of which every ninth turn is left to bulk. */
enum ew_traffic {
	EW_TRAFFIC_CONTROL = 0,         /* births, answers, deaths, registrations */
	EW_TRAFFIC_TELEMETRY = 1,
	EW_TRAFFIC_BULK = 2             /* history, files; size limited by `bulk_limit` */
};
#define EW_TRAFFIC_COUNT  3

/* The will and the clean flag of the next CONNECT. */
struct ew_uplink_will {
	size_t size;                    /* sizeof(struct ew_uplink_will), set by core */
	const char *topic;              /* NULL: connect without a will */
	const void *payload;
	size_t payload_size;
	uint8_t qos;                    /* 0 or 1 */
	bool retain;
	bool clean;                     /* preset from `clean:` in YAML */
	bool on_stop;                   /* MQTT 5: published after a planned end too */
};

struct ew_uplink_session {
	uint64_t epoch;
	bool present;                   /* the broker kept our session */
	uint8_t protocol;               /* 4: MQTT 3.1.1, 5: MQTT 5 */
};

struct ew_uplink_property {
	const char *name;
	const char *value;
};

/* What MQTT 5 carries beside the payload. Left out on 3.1.1; zero: not sent. */
struct ew_uplink_extra {
	const char *content_type;
	const char *response_topic;
	const void *correlation;
	size_t correlation_size;        /* at most 65535 */
	ew_dur expiry;                  /* whole seconds count; 0: never */
	const struct ew_uplink_property *properties;
	size_t property_count;          /* at most 64 */
};

struct ew_uplink_message {
	size_t size;                    /* sizeof(struct ew_uplink_message) */
	const char *topic;
	const void *payload;
	size_t payload_size;
	uint8_t qos;                    /* 0 or 1 */
	bool retain;
	enum ew_traffic traffic;
	uint64_t epoch;                 /* only in this connection; 0: in any that comes */
	uint64_t token;                 /* comes back in acked(); 0: no report */
	const struct ew_uplink_extra *extra;    /* may be NULL */
};

/*
 * What became of a message with a token, told once. QoS 1: when the broker
 * acknowledged it. QoS 0: when it was handed over to the connection.
 */
struct ew_uplink_ack {
	uint64_t token;
	int status;             /* 0;  -ECANCELED never left;  -ETIMEDOUT too old, never left;
				 * -ECONNRESET left, fate unknown;  -EMSGSIZE, -EACCES, -ENOTSUP,
				 * -EPROTO the broker or its limits refused it */
	uint64_t epoch;         /* where it was handed over; 0: never */
	uint64_t number;        /* its place among all messages of the epoch, from 1 */
};

/* A message that came in; borrowed for the call. */
struct ew_uplink_received {
	const char *topic;
	const void *payload;
	size_t payload_size;
	uint8_t qos;
	bool retain;            /* the broker had kept it */
	uint64_t epoch;
	ew_dur arrived;         /* monotonic */
	struct ew_uplink_extra extra;
};

struct ew_uplink_filter {
	size_t size;            /* sizeof(struct ew_uplink_filter) */
	const char *filter;     /* may begin with $share/GROUP/ */
	uint8_t qos;            /* 0 or 1 */
	bool no_local;          /* MQTT 5: not what this session published */
	size_t max_messages;    /* waiting for this instance; 0: 1000 */
	size_t max_bytes;       /* the same in bytes; 0: 4 MiB */
};

/*
 * Callbacks, all on the instance's loop. Those that are NULL are not called.
 */
struct ew_uplink_ops {
	size_t size;            /* sizeof(struct ew_uplink_ops) */

	/*
	 * Having it is the claim of the will. Called before every CONNECT, which
	 * waits for it, for 10 s at most. What the will points to is copied right
	 * after the return: it must not be on the callback's stack. Anything but
	 * 0: no CONNECT is sent now; it is counted and tried again.
	 */
	int (*prepare)(void *self, uint64_t epoch, struct ew_uplink_will *will);

	void (*online)(void *self, const struct ew_uplink_session *session);

	/* text: one sentence for people, with the server and what it said */
	void (*offline)(void *self, uint64_t epoch, enum ew_uplink_cause cause, const char *text);

	void (*acked)(void *self, const struct ew_uplink_ack *acks, size_t count);

	/*
	 * The broker answered a subscription, in every connection anew, before
	 * online() or after a later ew_uplink_subscribe(). token is its id;
	 * status 0, -EACCES refused.
	 */
	void (*subscribed)(void *self, const struct ew_uplink_ack *ack);

	/* Messages of one subscription, in their order. */
	void (*received)(void *self, uint32_t subscription,
			 const struct ew_uplink_received *messages, size_t count);

	/* After -EAGAIN of ew_uplink_publish(): there is room again. */
	void (*room)(void *self);
};

/*
 * Take part in the uplink that the YAML names, until close() has returned.
 * Callbacks may come as soon as open() has returned.
 *
 * Thread:  instance, in open()
 * Owner:   ops borrowed until close() has returned: a constant
 * Errors:  -ENOENT  no such uplink is configured;  -EEXIST  joined already;
 *          -EBUSY  another instance owns the will, the log names it;  -EINVAL,  -ENOMEM
 */
EW_API int ew_uplink_join(struct ew_instance *inst, const struct ew_uplink_ops *ops) EW_CHECKED;

/*
 * Put a message into the outbox.
 *
 * Never blocks. A message that waits longer than `outbox: age` is dropped and,
 * with a token, reported.
 *
 * Thread:  instance
 * Owner:   message and all it points to copied
 * Errors:  -EAGAIN    the outbox of this instance and class is full; room() follows
 *          -ENOTCONN  the epoch is not the one this instance is online in
 *          -EMSGSIZE  over the size limit of its class
 *          -EINVAL    topic, qos, traffic or a property makes no sense;  -ENOMEM
 */
EW_API int ew_uplink_publish(struct ew_instance *inst, const struct ew_uplink_message *message)
	EW_CHECKED;

/*
 * Subscribe, in this and every later connection.
 *
 * A lane that is full drops QoS 0 messages and counts them. For QoS 1 the
 * whole session stops reading for up to half a keep-alive before it does.
 *
 * Thread:  instance
 * Owner:   filter copied
 * Errors:  -EINVAL  not a filter;  -ENOSPC  too many subscriptions;  -ENOMEM
 */
EW_API int ew_uplink_subscribe(struct ew_instance *inst, const struct ew_uplink_filter *filter,
			       uint32_t *subscription_out) EW_CHECKED;

/*
 * End a subscription. received() does not run for it any more.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  -ENOENT  no such subscription of this instance
 */
EW_API int ew_uplink_unsubscribe(struct ew_instance *inst, uint32_t subscription);

/*
 * The will's owner has published its first messages: let the guests speak.
 * What it published before in class control leaves before theirs. Without it
 * the gate opens after `guest_wait`, with a warning.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  -EPERM  not the will's owner;  -ENOTCONN  the epoch is over
 */
EW_API int ew_uplink_release(struct ew_instance *inst, uint64_t epoch);

/*
 * End this connection in order (outbox drained, DISCONNECT) and begin another,
 * with the next server of the list.
 *
 * Thread:  instance
 * Owner:   reason copied
 * Errors:  -EPERM  not the will's owner
 */
EW_API int ew_uplink_cycle(struct ew_instance *inst, const char *reason);

EW_END_DECLS

#endif
