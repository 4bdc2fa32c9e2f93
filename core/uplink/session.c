/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's machine. All changes of state go through session_enter.
 *
 *  IDLE --start--> PREPARING --will--> CONNECTING --connack--> SUBSCRIBING
 *                   ^   |                  |                        |
 *       back-off    |   v                  v                     subacks
 *         over      +- WAITING <--failed---+<-----------------------+
 *                        ^                                          v
 *                        |<--lost-- OPEN <--release/guest_wait-- GATED
 *                        |           |                             |
 *                        |           +--stop/cycle--> DRAINING <---+
 *  IDLE <--(if stop)-----+---closed--- LEAVING <--drained--+
 *
 * stop goes to IDLE at once from the states without a connection, and by way
 * of LEAVING from those that wait for one: a CONNECT may have left, and whoever
 * drops a connection lets the will out.
 */
#include "core/uplink/session.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/uplink/cause.h"

#define SESSION_NEVER INT64_MAX

static const char *const session_names[SESSION_STATE_COUNT] = {
#define SESSION_NAME(name, word) [SESSION_##name] = word,
	SESSION_STATES(SESSION_NAME)
#undef SESSION_NAME
};

#define EDGE(name) (1u << SESSION_##name)

static const unsigned session_next[SESSION_STATE_COUNT] = {
	[SESSION_IDLE] = EDGE(PREPARING),
	[SESSION_PREPARING] = EDGE(CONNECTING) | EDGE(WAITING) | EDGE(IDLE),
	[SESSION_CONNECTING] = EDGE(SUBSCRIBING) | EDGE(LEAVING) | EDGE(WAITING),
	[SESSION_SUBSCRIBING] = EDGE(GATED) | EDGE(LEAVING) | EDGE(WAITING),
	[SESSION_GATED] = EDGE(OPEN) | EDGE(DRAINING) | EDGE(WAITING),
	[SESSION_OPEN] = EDGE(DRAINING) | EDGE(WAITING),
	[SESSION_DRAINING] = EDGE(LEAVING) | EDGE(WAITING) | EDGE(IDLE),
	[SESSION_LEAVING] = EDGE(WAITING) | EDGE(IDLE),
	[SESSION_WAITING] = EDGE(PREPARING) | EDGE(IDLE),
};

void session_init(struct session *session, const struct session_rules *rules, const char *who)
{
	check(rules->server_count > 0);
	memset(session, 0, sizeof(*session));
	session->rules = *rules;
	session->state = SESSION_IDLE;
	session->deadline = SESSION_NEVER;
	session->who = who;
	backoff_init(&session->backoff, rules->backoff_min, rules->backoff_max, rules->seed);
}

const char *session_state_name(enum session_state state)
{
	check((unsigned)state < SESSION_STATE_COUNT);
	return session_names[state];
}

bool session_is_online(const struct session *session)
{
	switch (session->state) {
	case SESSION_GATED:
	case SESSION_OPEN:
	case SESSION_DRAINING:
		return true;
	case SESSION_IDLE:
	case SESSION_PREPARING:
	case SESSION_CONNECTING:
	case SESSION_SUBSCRIBING:
	case SESSION_LEAVING:
	case SESSION_WAITING:
		break;
	}
	return false;
}

/* The entry action of a state: what to do, and its deadline. */
static unsigned session_enter(struct session *session, enum session_state next, ew_dur now,
			      const char *why)
{
	const struct session_rules *rules = &session->rules;

	check((session_next[session->state] & (1u << next)) != 0);
	log_msg(LOG_LEVEL_DEBUG, session->who, "%s -> %s (%s)", session_names[session->state],
		session_names[next], why);
	session->state = next;
	session->since = now;
	session->deadline = SESSION_NEVER;
	switch (next) {
	case SESSION_IDLE:
		return SESSION_DO_STOPPED;
	case SESSION_PREPARING:
		session->epoch++;
		session->deadline = now + rules->will_wait;
		return SESSION_DO_PREPARE;
	case SESSION_CONNECTING:
		session->deadline = now + rules->connect_timeout;
		return SESSION_DO_CONNECT;
	case SESSION_SUBSCRIBING:
		session->deadline = now + rules->connect_timeout;
		return SESSION_DO_SUBSCRIBE;
	case SESSION_GATED:
		session->deadline = now + rules->guest_wait;
		session->online_since = now;
		session->cause = EW_UPLINK_NONE;
		session->tried = 0;
		return SESSION_DO_TELL_OWNER;
	case SESSION_OPEN:
		return SESSION_DO_TELL_GUESTS;
	case SESSION_DRAINING:
		session->deadline = now + rules->drain_wait;
		return SESSION_DO_DRAIN;
	case SESSION_LEAVING:
		session->deadline = now + rules->leave_wait;
		return SESSION_DO_LEAVE;
	case SESSION_WAITING:
		break;
	}
	return 0;
}

static ew_dur session_wait_after_online(struct session *session, ew_dur now)
{
	if (session->cause == EW_UPLINK_CYCLED) {
		session->server = (session->server + 1) % session->rules.server_count;
		return backoff_short(&session->backoff);
	}
	if (now - session->online_since >= session->rules.backoff_max) {
		backoff_reset(&session->backoff);
	}
	/* a session that is ended at once, over and over (two clients with one
	 * id), must not become a storm of connects */
	return backoff_take(&session->backoff);
}

static ew_dur session_wait_after_failure(struct session *session)
{
	session->server = (session->server + 1) % session->rules.server_count;
	session->tried++;
	if (session->tried < session->rules.server_count) {
		return backoff_short(&session->backoff);
	}
	session->tried = 0;
	return backoff_take(&session->backoff);
}

/* The connection is over, or did not come to be. */
static unsigned session_end(struct session *session, ew_dur now, enum ew_uplink_cause cause)
{
	bool was_online = session_is_online(session) || session->state == SESSION_LEAVING;
	bool stop = was_online && session->leave == EW_UPLINK_STOPPED;
	unsigned actions = SESSION_DO_CLOSE | (was_online ? SESSION_DO_TELL_OFFLINE : 0u);
	ew_dur wait;

	session->cause = cause;
	session->leave = EW_UPLINK_NONE;
	session->ends[cause]++;
	if (stop) {
		return actions | session_enter(session, SESSION_IDLE, now, cause_name(cause));
	}
	wait = was_online ? session_wait_after_online(session, now)
			  : session_wait_after_failure(session);
	actions |= session_enter(session, SESSION_WAITING, now, cause_name(cause));
	session->deadline = now + wait;
	return actions;
}

unsigned session_start(struct session *session, ew_dur now)
{
	if (session->state != SESSION_IDLE) {
		return 0;
	}
	return session_enter(session, SESSION_PREPARING, now, "start");
}

unsigned session_stop(struct session *session, ew_dur now, ew_dur limit)
{
	unsigned actions;

	switch (session->state) {
	case SESSION_IDLE:
		return SESSION_DO_STOPPED;
	case SESSION_PREPARING:
	case SESSION_WAITING:
		session->cause = EW_UPLINK_STOPPED;
		return SESSION_DO_CLOSE | session_enter(session, SESSION_IDLE, now, "stop");
	case SESSION_CONNECTING:
	case SESSION_SUBSCRIBING:
		actions = session_enter(session, SESSION_LEAVING, now, "stop");
		session->leave = EW_UPLINK_STOPPED;
		if (limit < session->rules.leave_wait) {
			session->deadline = now + limit;
		}
		return actions;
	case SESSION_GATED:
	case SESSION_OPEN:
		actions = session_enter(session, SESSION_DRAINING, now, "stop");
		session->leave = EW_UPLINK_STOPPED;
		session->deadline = now + limit;
		return actions;
	case SESSION_DRAINING:
		session->leave = EW_UPLINK_STOPPED;
		session->deadline = now + limit;
		return 0;
	case SESSION_LEAVING:
		session->leave = EW_UPLINK_STOPPED;
		return 0;
	}
	return 0;
}

unsigned session_cycle(struct session *session, ew_dur now)
{
	if (session->state != SESSION_GATED && session->state != SESSION_OPEN) {
		return 0; /* a new connection is on its way, or the old one is leaving */
	}
	session->leave = EW_UPLINK_CYCLED;
	return session_enter(session, SESSION_DRAINING, now, "cycle");
}

unsigned session_on_will(struct session *session, ew_dur now, bool given)
{
	if (session->state != SESSION_PREPARING) {
		return 0;
	}
	if (!given) {
		return session_end(session, now, EW_UPLINK_NO_WILL);
	}
	return session_enter(session, SESSION_CONNECTING, now, "will given");
}

unsigned session_on_connack(struct session *session, ew_dur now)
{
	if (session->state != SESSION_CONNECTING) {
		return 0;
	}
	return session_enter(session, SESSION_SUBSCRIBING, now, "accepted");
}

unsigned session_on_subscribed(struct session *session, ew_dur now)
{
	if (session->state != SESSION_SUBSCRIBING) {
		return 0;
	}
	return session_enter(session, SESSION_GATED, now, "subscribed");
}

unsigned session_on_release(struct session *session, ew_dur now)
{
	if (session->state != SESSION_GATED) {
		return 0;
	}
	return session_enter(session, SESSION_OPEN, now, "released");
}

unsigned session_on_drained(struct session *session, ew_dur now)
{
	if (session->state != SESSION_DRAINING) {
		return 0;
	}
	return session_enter(session, SESSION_LEAVING, now, "drained");
}

unsigned session_on_closed(struct session *session, ew_dur now, enum ew_uplink_cause cause)
{
	switch (session->state) {
	case SESSION_CONNECTING:
	case SESSION_SUBSCRIBING:
	case SESSION_GATED:
	case SESSION_OPEN:
	case SESSION_DRAINING:
		return session_end(session, now, cause);
	case SESSION_LEAVING:
		return session_end(session, now, session->leave);
	case SESSION_IDLE:
	case SESSION_PREPARING:
	case SESSION_WAITING:
		break;
	}
	return 0;
}

unsigned session_tick(struct session *session, ew_dur now)
{
	if (now < session->deadline) {
		return 0;
	}
	switch (session->state) {
	case SESSION_PREPARING:
		return session_end(session, now, EW_UPLINK_NO_WILL);
	case SESSION_CONNECTING:
		return session_end(session, now, EW_UPLINK_TIMEOUT);
	case SESSION_SUBSCRIBING:
		return session_end(session, now, EW_UPLINK_NO_SUBACK);
	case SESSION_GATED:
		return SESSION_DO_WARN_GATE |
		       session_enter(session, SESSION_OPEN, now, "guest_wait is over");
	case SESSION_DRAINING:
		return session_enter(session, SESSION_LEAVING, now, "out of time");
	case SESSION_LEAVING:
		return session_end(session, now, session->leave);
	case SESSION_WAITING:
		return session_enter(session, SESSION_PREPARING, now, "next try");
	case SESSION_IDLE:
	case SESSION_OPEN:
		break;
	}
	return 0;
}
