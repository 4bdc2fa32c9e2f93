/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplink's thread: one turn takes what others asked for, lets the session
 * decide, does what it says, hands messages over and calls back; then it polls
 * and serves the connection. The lock is held all through but while it polls,
 * resolves, reads, writes and calls back. A test without a thread takes the
 * same turns by uplink_step().
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/prctl.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/uplink/state.h"

/* while the kernel still holds what must be out before DISCONNECT */
#define RUN_FLUSH_POLL ((ew_dur)10000000)

static void run_lock(struct uplink *uplink)
{
	check(pthread_mutex_lock(&uplink->lock) == 0);
}

static void run_unlock(struct uplink *uplink)
{
	check(pthread_mutex_unlock(&uplink->lock) == 0);
}

/* ---- what the connection reports; the lock is not held ---- */

static void run_on_connack(void *arg, const struct mosq_connack *connack)
{
	struct uplink *uplink = arg;

	uplink->connack = *connack;
	uplink->accepted = true;
}

static void run_on_suback(void *arg, int mid, int status)
{
	struct uplink *uplink = arg;

	run_lock(uplink);
	intake_answered(&uplink->intake, mid, status);
	run_unlock(uplink);
}

static void run_on_puback(void *arg, int mid, int status)
{
	struct uplink *uplink = arg;
	struct message *message;

	run_lock(uplink);
	message = outbox_acked(&uplink->outbox, mid);
	if (message != NULL) {
		tell_done(uplink, message, status);
	}
	run_unlock(uplink);
}

static void run_on_received(void *arg, const struct mosq_received *received)
{
	struct uplink *uplink = arg;
	ew_dur now = clock_mono();

	run_lock(uplink);
	intake_deliver(&uplink->intake, received, uplink->connack.has_ids, uplink->session.epoch,
		       now);
	run_unlock(uplink);
}

static const struct mosq_ops run_ops = {
	.connack = run_on_connack,
	.suback = run_on_suback,
	.puback = run_on_puback,
	.received = run_on_received,
};

/* ---- what the session decides ---- */

static void run_log_end(struct uplink *uplink)
{
	enum ew_uplink_cause cause = uplink->failure.cause;
	bool asked = cause == EW_UPLINK_STOPPED || cause == EW_UPLINK_CYCLED;
	char more[48] = "";
	uint32_t held;

	if (asked) {
		log_msg(LOG_LEVEL_NOTICE, uplink->who, "session ended: %s", uplink->failure.text);
	} else if (log_limit_pass(&uplink->end_limit, &held)) {
		if (held > 0) {
			(void)snprintf(more, sizeof(more), " not_shown=%" PRIu32, held);
		}
		log_msg(LOG_LEVEL_WARNING, uplink->who, "no session: %s cause=%s%s",
			uplink->failure.text, cause_name(cause), more);
	}
}

static void run_do_close(struct uplink *uplink)
{
	bool had_link = uplink->link != NULL;
	struct list gone;
	struct list *node;

	if (had_link) {
		link_facts(uplink->link, &uplink->facts);
		uplink->bytes_in += uplink->facts.bytes_in;
		uplink->bytes_out += uplink->facts.bytes_out;
		uplink->facts.bytes_in = 0;
		uplink->facts.bytes_out = 0;
		link_close(&uplink->link);
	}
	if (!uplink->has_failed) {
		/* the session's own decision: a deadline, a stop, a cycle */
		memset(&uplink->failure, 0, sizeof(uplink->failure));
		failure_set(&uplink->failure, uplink->session.cause, "%s",
			    uplink->session.cause == EW_UPLINK_CYCLED
				    ? uplink->cycle_text
				    : cause_text(uplink->session.cause));
	}
	uplink->has_failed = false;
	if (had_link || uplink->failure.cause != EW_UPLINK_STOPPED) {
		run_log_end(uplink);
	}
	list_init(&gone);
	outbox_end_epoch(&uplink->outbox, uplink->session.epoch, &gone);
	while ((node = list_pop(&gone)) != NULL) {
		struct message *message = list_entry(node, struct message, node);

		tell_done(uplink, message, message->handed_epoch != 0 ? -ECONNRESET : -ECANCELED);
	}
	uplink->gate = NULL;
	uplink->gate_open = false;
	uplink->accepted = false;
	uplink->blocked_since = 0;
	uplink->reading = true;
}

/* The connection says why it is over; when we left it, that is why. */
static void run_failed(struct uplink *uplink)
{
	if (uplink->session.state != SESSION_LEAVING) {
		uplink->failure = uplink->opening;
		uplink->has_failed = true;
	}
	memset(&uplink->opening, 0, sizeof(uplink->opening));
}

static unsigned run_do_connect(struct uplink *uplink, ew_dur now)
{
	struct link_spec spec = {
		.config = uplink->config,
		.client_id = uplink->config->client_id,
		.url = uplink->urls[uplink->session.server],
		.will = &uplink->will,
		.ops = &run_ops,
		.arg = uplink,
		.who = uplink->who,
	};
	int rc;

	uplink->number = 0;
	uplink->gate = uplink->will_epoch == uplink->session.epoch ? uplink->owner : NULL;
	run_unlock(uplink); /* resolving a name blocks */
	rc = link_open(&spec, now, &uplink->link, &uplink->opening);
	run_lock(uplink);
	if (rc < 0) {
		run_failed(uplink);
		return session_on_closed(&uplink->session, clock_mono(), uplink->failure.cause);
	}
	return 0;
}

static void run_do_subscribe(struct uplink *uplink)
{
	size_t limit = uplink->outbox.limits.in_flight;
	size_t most = uplink->connack.receive_maximum;

	uplink->outbox.in_flight_max = most < limit ? most : limit;
	intake_begin(&uplink->intake, uplink->connack.session_present);
}

static void run_log_online(struct uplink *uplink)
{
	char server[URL_HOST_MAX + 20];

	url_format(&uplink->urls[uplink->session.server], server, sizeof(server));
	link_facts(uplink->link, &uplink->facts);
	log_msg(LOG_LEVEL_NOTICE, uplink->who,
		"session online server=%s address=%s protocol=%s epoch=%" PRIu64
		" session_present=%s",
		server, uplink->facts.address,
		uplink_config_protocol(uplink->config) == 5 ? "5" : "3.1.1", uplink->session.epoch,
		uplink->connack.session_present ? "yes" : "no");
}

static unsigned run_do_tell_owner(struct uplink *uplink, ew_dur now)
{
	uplink->connects++;
	run_log_online(uplink);
	return uplink->gate == NULL ? session_on_release(&uplink->session, now) : 0;
}

static void run_do_stopped(struct uplink *uplink)
{
	void (*stopped)(void *arg) = uplink->stopped;
	struct list gone;
	struct list *node;

	list_init(&gone);
	outbox_clear(&uplink->outbox, &gone);
	while ((node = list_pop(&gone)) != NULL) {
		tell_done(uplink, list_entry(node, struct message, node), -ECANCELED);
	}
	tell_all(uplink);
	uplink->stopped = NULL;
	if (stopped != NULL) {
		run_unlock(uplink);
		stopped(uplink->stopped_arg);
		run_lock(uplink);
	}
}

static unsigned run_act_up(struct uplink *uplink, unsigned actions, ew_dur now)
{
	unsigned next = 0;

	if ((actions & SESSION_DO_PREPARE) != 0) {
		uplink->news = true; /* run_requests asks the owner */
	}
	if ((actions & SESSION_DO_CONNECT) != 0) {
		next |= run_do_connect(uplink, now);
	}
	if ((actions & SESSION_DO_SUBSCRIBE) != 0) {
		run_do_subscribe(uplink);
	}
	if ((actions & SESSION_DO_TELL_OWNER) != 0) {
		next |= run_do_tell_owner(uplink, now);
	}
	if ((actions & SESSION_DO_WARN_GATE) != 0) {
		log_msg(LOG_LEVEL_WARNING, uplink->who,
			"guest_wait is over: %s did not release the session, its guests speak now",
			uplink->owner != NULL ? uplink->owner->name : "the will's owner");
	}
	if ((actions & SESSION_DO_TELL_GUESTS) != 0) {
		uplink->gate_open = true;
	}
	return next;
}

static void run_log_left(struct uplink *uplink)
{
	size_t left = 0;
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		left += uplink->outbox.classes[i].messages;
	}
	if (left > 0) {
		log_msg(LOG_LEVEL_WARNING, uplink->who,
			"out of time: %zu messages are given up with the session", left);
	}
}

/* Do what the session says, and what that leads to. */
static void run_act(struct uplink *uplink, unsigned actions, ew_dur now)
{
	while (actions != 0) {
		unsigned next = 0;

		if ((actions & SESSION_DO_CLOSE) != 0) {
			run_do_close(uplink);
		}
		if ((actions & SESSION_DO_TELL_OFFLINE) != 0) {
			tell_offline(uplink);
		}
		next |= run_act_up(uplink, actions, now);
		if ((actions & SESSION_DO_DRAIN) != 0) {
			log_msg(LOG_LEVEL_INFO, uplink->who, "draining the outbox");
		}
		if ((actions & SESSION_DO_LEAVE) != 0) {
			run_log_left(uplink);
			link_leave(uplink->link, uplink->will.on_stop);
		}
		if ((actions & SESSION_DO_STOPPED) != 0) {
			run_do_stopped(uplink);
		}
		actions = next;
	}
}

/* ---- what others asked for ---- */

/* A session without the owner's will, or with the will of one who left. */
static bool run_is_orphaned(const struct uplink *uplink)
{
	return session_is_online(&uplink->session) && uplink->owner != uplink->gate;
}

/* The will of the coming connection: the owner's, or none without an owner. */
static unsigned run_prepare(struct uplink *uplink, ew_dur now)
{
	struct session *session = &uplink->session;

	if (uplink->owner == NULL) {
		will_fini(&uplink->will);
		will_init(&uplink->will, uplink->config->clean);
		return session_on_will(session, now, true);
	}
	if (uplink->owner->asked_epoch != session->epoch) {
		tell_prepare(uplink);
	}
	if (uplink->will_epoch == session->epoch) {
		return session_on_will(session, now, !uplink->will_refused);
	}
	return 0;
}

static unsigned run_requests(struct uplink *uplink, ew_dur now)
{
	struct session *session = &uplink->session;
	unsigned actions = 0;

	if (uplink->start_asked) {
		uplink->start_asked = false;
		actions |= session_start(session, now);
	}
	if (uplink->gate != NULL && uplink->release_epoch == session->epoch) {
		actions |= session_on_release(session, now);
	}
	if (uplink->stop_asked) {
		uplink->stop_asked = false;
		return actions | session_stop(session, now, uplink->stop_limit);
	}
	if (run_is_orphaned(uplink)) {
		(void)snprintf(uplink->cycle_text, sizeof(uplink->cycle_text),
			       "the will's owner has changed");
		return actions | session_cycle(session, now);
	}
	if (uplink->cycle_asked) {
		uplink->cycle_asked = false;
		return actions | session_cycle(session, now);
	}
	if (session->state == SESSION_PREPARING) {
		actions |= run_prepare(uplink, now);
	}
	return actions;
}

/* ---- what follows ---- */

static bool run_is_drained(struct uplink *uplink)
{
	const struct outbox_box *only = uplink_only(uplink);

	return (only != NULL ? outbox_box_is_idle(only) : outbox_is_empty(&uplink->outbox)) &&
	       link_is_flushed(uplink->link);
}

/* Steps that follow from what came in or went out. Whether more can leave. */
static bool run_advance(struct uplink *uplink, ew_dur now)
{
	struct session *session = &uplink->session;
	bool more = false;

	if (uplink->accepted) {
		uplink->accepted = false;
		run_act(uplink, session_on_connack(session, now), now);
	}
	if (session->state == SESSION_SUBSCRIBING || session_is_online(session)) {
		send_subscriptions(uplink);
	}
	if (session->state == SESSION_SUBSCRIBING && intake_is_settled(&uplink->intake, NULL)) {
		run_act(uplink, session_on_subscribed(session, now), now);
	}
	if (session_is_online(session)) {
		more = send_messages(uplink);
	}
	if (session->state == SESSION_DRAINING && run_is_drained(uplink)) {
		run_act(uplink, session_on_drained(session, now), now);
	}
	return more;
}

/* ---- the turn ---- */

/* For a lane with QoS 1 that is full the session stops reading, for half a
 * keep-alive at most: then the broker must see a sign of life read. */
static void run_set_reading(struct uplink *uplink, ew_dur now)
{
	if (!intake_is_blocked(&uplink->intake)) {
		uplink->blocked_since = 0;
	} else if (uplink->blocked_since == 0) {
		uplink->blocked_since = now;
	} else if (now - uplink->blocked_since >= uplink->config->keep_alive / 2) {
		log_msg(LOG_LEVEL_WARNING, uplink->who,
			"a subscription is full for too long: QoS 1 messages are dropped");
		intake_overrun(&uplink->intake);
		uplink->blocked_since = 0;
	}
	uplink->reading = uplink->blocked_since == 0;
}

static void run_reap(struct uplink *uplink)
{
	struct list *node;
	struct list *after;

	if (!list_is_empty(&uplink->done)) {
		return;
	}
	list_for_each_safe(node, after, &uplink->guests) {
		struct uplink_guest *guest = list_entry(node, struct uplink_guest, node);

		if (guest->gone && guest != uplink->gate && outbox_box_is_idle(&guest->box)) {
			list_remove(node);
			guest->magic = 0;
			free(guest);
		}
	}
}

static ew_dur run_earlier(ew_dur a, ew_dur b)
{
	return a < b ? a : b;
}

/* When the next turn is due; now: at once. */
static ew_dur run_due(struct uplink *uplink, ew_dur now, bool more)
{
	ew_dur next = run_earlier(uplink->session.deadline, outbox_next_expiry(&uplink->outbox));

	if (uplink->link != NULL) {
		next = run_earlier(next, link_deadline(uplink->link));
		if (uplink->reading && link_has_input(uplink->link)) {
			more = true;
		}
	}
	if (uplink->blocked_since != 0) {
		next = run_earlier(next, uplink->blocked_since + uplink->config->keep_alive / 2);
	}
	if (uplink->session.state == SESSION_DRAINING) {
		next = run_earlier(next, now + RUN_FLUSH_POLL);
	}
	return more ? now : next;
}

/* Milliseconds for poll(2), rounded up; -1: for ever. */
static int run_timeout(ew_dur due)
{
	ew_dur now = clock_mono();

	if (due <= now) {
		return 0;
	}
	if (due == INT64_MAX) {
		return -1;
	}
	return (int)run_earlier((due - now + 999999) / 1000000, 3600000);
}

static void run_drain_wake(struct uplink *uplink)
{
	uint64_t count;

	if (read(uplink->wake_fd, &count, sizeof(count)) < 0) {
		check(errno == EAGAIN);
	}
}

/* Let the connection do what poll(2) reported. Entered without the lock, left
 * with it. */
static void run_serve(struct uplink *uplink, short revents, bool reading)
{
	int rc = 0;

	if (uplink->link != NULL) {
		rc = link_turn(uplink->link, clock_mono(), revents, reading, &uplink->opening);
	}
	run_lock(uplink);
	uplink->sleeping = false;
	if (rc < 0) {
		run_failed(uplink);
		run_act(uplink,
			session_on_closed(&uplink->session, clock_mono(), uplink->failure.cause),
			clock_mono());
	}
}

/* Sleep until there is something to do, then serve the connection. */
static void run_poll(struct uplink *uplink, ew_dur due)
{
	struct pollfd fds[2] = {{.fd = uplink->wake_fd, .events = POLLIN}, {.fd = -1}};
	bool reading = uplink->reading;
	int timeout = run_timeout(due);

	if (uplink->link != NULL) {
		/* asked anew each time: the library may close it behind our back */
		fds[1].fd = link_fd(uplink->link);
		fds[1].events = link_events(uplink->link, reading);
	}
	uplink->sleeping = timeout != 0;
	run_unlock(uplink);
	(void)poll(fds, 2, timeout); /* EINTR is a turn without news */
	if ((fds[0].revents & POLLIN) != 0) {
		run_drain_wake(uplink);
	}
	run_serve(uplink, fds[1].revents, reading);
}

/* Do all that can be done now; when the next turn is due. */
static ew_dur run_turn(struct uplink *uplink)
{
	ew_dur now = clock_mono();
	bool more;

	uplink->news = false;
	run_act(uplink, run_requests(uplink, now), now);
	run_act(uplink, session_tick(&uplink->session, now), now);
	more = uplink->link != NULL && run_advance(uplink, now);
	send_expire(uplink, now);
	tell_all(uplink);
	run_reap(uplink);
	run_set_reading(uplink, now);
	if (uplink->link != NULL) {
		link_facts(uplink->link, &uplink->facts);
	}
	return run_due(uplink, now, more || uplink->news);
}

ew_dur uplink_step(struct uplink *uplink)
{
	ew_dur due;

	run_lock(uplink);
	due = run_turn(uplink);
	run_unlock(uplink);
	run_serve(uplink, 0, uplink->reading);
	run_unlock(uplink);
	return due;
}

void *run_main(void *arg)
{
	struct uplink *uplink = arg;

	(void)prctl(PR_SET_NAME, "uplink"); /* a name is a convenience */
	run_lock(uplink);
	while (!uplink->close_asked) {
		ew_dur due = run_turn(uplink);

		if (!uplink->close_asked) {
			run_poll(uplink, due);
		}
	}
	run_unlock(uplink);
	return NULL;
}
