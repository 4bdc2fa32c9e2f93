/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of one session: which step comes next, and when. Pure: it is
 * told the time and what happened, and answers with what to do. It opens no
 * socket and asks no clock. One owner (the uplink's thread), no locking.
 */
#ifndef CORE_UPLINK_SESSION_H
#define CORE_UPLINK_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include <edgeway/uplink.h>

#include "core/uplink/backoff.h"

#define SESSION_STATES(X) \
	X(IDLE, "idle") \
	X(PREPARING, "preparing") \
	X(CONNECTING, "connecting") \
	X(SUBSCRIBING, "subscribing") \
	X(GATED, "gated") \
	X(OPEN, "online") \
	X(DRAINING, "draining") \
	X(LEAVING, "leaving") \
	X(WAITING, "waiting")

enum session_state {
#define SESSION_ENUM(name, word) SESSION_##name,
	SESSION_STATES(SESSION_ENUM)
#undef SESSION_ENUM
};
#define SESSION_STATE_COUNT (SESSION_WAITING + 1)

/* What the caller must do, in the order of the bits. */
enum session_action {
	SESSION_DO_CLOSE = 0x001, /* drop the connection, if there is one */
	SESSION_DO_TELL_OFFLINE = 0x002, /* to all that were told online: told_epoch, cause */
	SESSION_DO_PREPARE = 0x004, /* ask for the will of `epoch` */
	SESSION_DO_CONNECT = 0x008, /* to server number `server` */
	SESSION_DO_SUBSCRIBE = 0x010, /* send every subscription */
	SESSION_DO_TELL_OWNER = 0x020, /* the will's owner is online */
	SESSION_DO_TELL_GUESTS = 0x040, /* the gate is open */
	SESSION_DO_WARN_GATE = 0x080, /* it was opened by guest_wait */
	SESSION_DO_DRAIN = 0x100, /* an end in order begins */
	SESSION_DO_LEAVE = 0x200, /* send DISCONNECT */
	SESSION_DO_STOPPED = 0x400 /* nothing more will happen */
};

struct session_rules {
	ew_dur will_wait; /* for the owner's will */
	ew_dur connect_timeout; /* from the start to CONNACK, and from there to the last SUBACK */
	ew_dur guest_wait; /* for the release of the gate */
	ew_dur drain_wait; /* for the outbox at the end of a session */
	ew_dur leave_wait; /* from DISCONNECT to the end of the connection */
	ew_dur backoff_min;
	ew_dur backoff_max;
	size_t server_count; /* at least 1 */
	uint64_t seed; /* of the jitter */
};

struct session {
	struct session_rules rules;
	enum session_state state;
	ew_dur since; /* when the state was entered */
	ew_dur deadline; /* when session_tick has something to do; INT64_MAX: never */
	uint64_t epoch; /* of the coming or present connection; counts CONNECTs */
	size_t server; /* index into the list */
	size_t tried; /* servers that failed in this round of the list */
	ew_dur online_since;
	enum ew_uplink_cause cause; /* why the last connection ended or failed */
	enum ew_uplink_cause leave; /* why we leave: CYCLED or STOPPED; while DRAINING, LEAVING */
	uint64_t ends[EW_UPLINK_CAUSE_COUNT]; /* ended or failed connections */
	struct backoff backoff;
	const char *who; /* for the log; borrowed */
};

void session_init(struct session *session, const struct session_rules *rules, const char *who);

const char *session_state_name(enum session_state state);

/* A gated, open or draining session: messages may leave. */
bool session_is_online(const struct session *session);

/* Events. Each returns actions. Events that do not fit the state are late
 * arrivals and do nothing. */
unsigned session_start(struct session *session, ew_dur now);
unsigned session_stop(struct session *session, ew_dur now, ew_dur limit);
unsigned session_cycle(struct session *session, ew_dur now);
unsigned session_on_will(struct session *session, ew_dur now, bool given);
unsigned session_on_connack(struct session *session, ew_dur now);
unsigned session_on_subscribed(struct session *session, ew_dur now);
unsigned session_on_release(struct session *session, ew_dur now);
unsigned session_on_drained(struct session *session, ew_dur now);
unsigned session_on_closed(struct session *session, ew_dur now, enum ew_uplink_cause cause);

/* The deadline has passed, or not yet. */
unsigned session_tick(struct session *session, ew_dur now);

#endif
