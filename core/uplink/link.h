/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to one broker, from resolving its name to its end, and why it
 * ended. Over mosq.h (MQTT), trust.h (verification) and tcp.h (TCP).
 *
 * The uplink's thread only. The owner polls link_fd() anew each turn.
 */
#ifndef CORE_UPLINK_LINK_H
#define CORE_UPLINK_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/uplink/cause.h"
#include "core/conf/uplink.h"
#include "core/uplink/mosq.h"
#include "core/uplink/tcp.h"
#include "core/conf/url.h"

struct link;

struct link_spec {
	const struct uplink_config *config; /* borrowed for the life of the link */
	const char *client_id; /* the same */
	struct url url;
	const struct will *will; /* the same */
	const struct mosq_ops *ops; /* connack is called only when we are accepted */
	void *arg;
	const char *who; /* for the log */
};

/* What is known of the connection, for status. */
struct link_facts {
	uint64_t bytes_in; /* on the wire, TLS included */
	uint64_t bytes_out;
	int64_t own_until; /* end of a certificate, UTC ns; 0: not known */
	int64_t peer_until;
	char address[TCP_ADDRESS_SIZE];
};

/* Resolve the name (this blocks) and begin to connect. On error *failure says
 * why. */
int link_open(const struct link_spec *spec, ew_dur now, struct link **link_out,
	      struct failure *failure) EW_CHECKED;

/* Drops the connection as it stands; without a DISCONNECT the broker publishes
 * the will. */
void link_close(struct link **link);

int link_fd(const struct link *link);

/* poll(2) events to wait for. */
short link_events(const struct link *link, bool reading);

/* Bytes wait in this process, so poll(2) would not tell. */
bool link_has_input(const struct link *link);

/* When link_turn wants to run at the latest. */
ew_dur link_deadline(const struct link *link);

/* Do what poll(2) reported. -ECONNRESET: it is over, *failure says why. */
int link_turn(struct link *link, ew_dur now, short revents, bool reading, struct failure *failure)
	EW_CHECKED;

/* For publish and subscribe; usable once connack was called. */
struct mosq *link_mosq(struct link *link);

/* Send DISCONNECT, then wait for the other side to end; link_turn says so. When
 * nothing of MQTT has left yet, it is over in the next link_turn. with_will
 * (MQTT 5): the broker publishes the will too. */
void link_leave(struct link *link, bool with_will);

/* Nothing written waits any more, here or in the kernel. */
bool link_is_flushed(const struct link *link);

void link_facts(struct link *link, struct link_facts *facts_out);

#endif
