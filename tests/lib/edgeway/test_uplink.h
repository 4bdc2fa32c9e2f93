/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker at the other end of an uplink, played by the test. Session, gate,
 * outbox, subscriptions and back-off are the real thing; only the connection
 * is missing. Part of <edgeway/test.h>, whose rules hold here too.
 *
 *	ew_test_config(test, "uplink: {servers: ['mqtt://broker'], plaintext: yes}");
 *	... ew_test_load(), ew_test_start(): the uplink is online
 *	ew_test_broker_send(test, "main", &(struct ew_uplink_message){
 *				    .size = sizeof(struct ew_uplink_message),
 *				    .topic = "cmd/go", .payload = "1", .payload_size = 1 });
 *	assert(strcmp(ew_test_sent(test, "main", 0)->topic, "cmd/gone") == 0);
 *
 * `uplink` is the name in YAML, "main" for `uplink:`. The broker is up at the
 * beginning and answers at once; a session that ended is tried again after the
 * back-off, so the test lets time pass with ew_test_advance().
 */
#ifndef EDGEWAY_TEST_UPLINK_H
#define EDGEWAY_TEST_UPLINK_H

#include <edgeway/test.h>
#include <edgeway/uplink.h>

EW_BEGIN_DECLS

enum ew_test_broker {
	EW_TEST_BROKER_ANSWERS = 0,     /* acknowledges all at once */
	EW_TEST_BROKER_HOLDS = 1,       /* QoS 1 waits for ew_test_broker_ack() */
	EW_TEST_BROKER_STALLS = 2,      /* takes nothing: what is published stays in the outbox */
	EW_TEST_BROKER_DOWN = 3         /* no connection, EW_UPLINK_REFUSED */
};

/*
 * How the broker behaves from now on, and step. What it held it goes on
 * holding.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_broker_be(struct ew_test *test, const char *uplink, enum ew_test_broker how);

/*
 * Break the connection, if there is one, and step. The broker publishes the
 * will.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_broker_cut(struct ew_test *test, const char *uplink,
			       enum ew_uplink_cause cause);

/*
 * Forget the session that a connection without the clean flag has left: the
 * next one is told that there is none.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_broker_forget(struct ew_test *test, const char *uplink);

/*
 * Refuse subscriptions to this filter from now on (-EACCES).
 *
 * Thread:  the test's
 * Owner:   filter copied
 * Errors:  none
 */
EW_API void ew_test_broker_refuse(struct ew_test *test, const char *uplink, const char *filter);

/*
 * Let a message come in, and step. Class, epoch and token mean nothing here.
 *
 * Thread:  the test's
 * Owner:   message and all it points to copied
 * Errors:  the number of subscriptions that match; 0: it went nowhere
 */
EW_API size_t ew_test_broker_send(struct ew_test *test, const char *uplink,
				  const struct ew_uplink_message *message);

/* A message that has left, or a will that the broker has published. */
struct ew_test_sent {
	const char *topic;
	const void *payload;    /* with a NUL behind it */
	size_t payload_size;
	uint8_t qos;
	bool retain;
	bool is_will;
	bool is_open;           /* QoS 1, not acknowledged */
	unsigned connection;    /* as ew_test_connections() counts */
	struct ew_uplink_extra extra;
};

/*
 * What has left, from the first one on. At most 100,000 are kept.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_sent_forget()
 * Errors:  NULL: there are not that many
 */
EW_API const struct ew_test_sent *ew_test_sent(struct ew_test *test, const char *uplink,
					       size_t index);

/*
 * How many have left to topics that match the filter.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API size_t ew_test_sent_count(struct ew_test *test, const char *uplink, const char *filter);

/*
 * Forget what has left. What is not acknowledged stays open for ever.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_sent_forget(struct ew_test *test, const char *uplink);

/*
 * Acknowledge a message that is open, and step: status 0, or what the broker
 * refuses it with.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  -ENOENT  it is not open in this connection
 */
EW_API int ew_test_broker_ack(struct ew_test *test, const char *uplink, size_t index, int status);

/*
 * How many CONNECTs the broker has accepted.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API unsigned ew_test_connections(struct ew_test *test, const char *uplink);

/*
 * The will and the clean flag of the last CONNECT.
 *
 * Thread:  the test's
 * Owner:   borrowed until the next CONNECT
 * Errors:  NULL: there was none
 */
EW_API const struct ew_uplink_will *ew_test_will(struct ew_test *test, const char *uplink);

/*
 * Is this filter subscribed to in the present connection?
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API bool ew_test_is_subscribed(struct ew_test *test, const char *uplink, const char *filter);

/*
 * With which QoS it is.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  -ENOENT  it is not subscribed to
 */
EW_API int ew_test_subscribed_qos(struct ew_test *test, const char *uplink, const char *filter);

/*
 * The state of the session: "online", "gated", "waiting", ...
 *
 * Thread:  the test's
 * Owner:   a constant
 * Errors:  none
 */
EW_API const char *ew_test_uplink_state(struct ew_test *test, const char *uplink);

EW_END_DECLS

#endif
