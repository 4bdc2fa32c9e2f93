/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an uplink, shared by uplink.c (calls from other threads),
 * run.c (the thread) and tell.c (callbacks). Members say who may touch them.
 */
#ifndef CORE_UPLINK_STATE_H
#define CORE_UPLINK_STATE_H

#include <pthread.h>

#include "core/base/log.h"
#include "core/uplink/cause.h"
#include "core/uplink/intake.h"
#include "core/uplink/link.h"
#include "core/uplink/outbox.h"
#include "core/uplink/session.h"
#include "core/uplink/uplink.h"
#include "core/conf/url.h"
#include "core/uplink/will.h"

#define UPLINK_MAGIC 0x75706c6bu
#define UPLINK_GUEST_MAGIC 0x67757374u

struct uplink_guest {
	uint32_t magic;
	struct list node; /* in uplink.guests */
	struct uplink *uplink;
	char name[64];
	const struct uplink_guest_ops *ops;
	void *arg;
	/* under the lock */
	bool owns_will;
	bool gone; /* detached: freed by the thread when its box is idle */
	struct outbox_box box;
	uint64_t online_epoch; /* it was told online; 0: it is offline */
	uint64_t asked_epoch; /* prepare() was called for it */
};

struct uplink {
	uint32_t magic;
	/* fixed after uplink_open */
	const struct uplink_config *config;
	char name[64];
	char who[80]; /* for the log */
	struct url urls[UPLINK_SERVERS_MAX];
	int wake_fd;
	pthread_mutex_t lock;
	pthread_cond_t calm; /* `calling` has changed */

	/* main thread */
	pthread_t thread;
	bool has_thread;
	bool is_stepped; /* uplink_step() takes the turns */

	/* under the lock */
	struct list guests;
	struct uplink_guest *owner; /* of the will; NULL: none */
	struct uplink_guest *calling; /* whose callback is running */
	struct outbox outbox;
	struct intake intake;
	struct will will;
	uint64_t will_epoch; /* `will` is the owner's for this one; 0: nobody's */
	bool will_refused; /* the owner said no */
	bool sleeping; /* in poll: wake_fd must be written */
	bool news; /* something was asked since the turn began */
	bool start_asked;
	bool stop_asked;
	bool cycle_asked;
	bool close_asked;
	uint64_t release_epoch; /* the owner has released this one */
	char cycle_text[120];
	ew_dur stop_limit;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct session session;
	struct failure failure; /* of the last connection */
	struct list done; /* finished messages whose ack is due */
	struct uplink_guest *gate; /* the owner, whose session this is; NULL: none */
	bool gate_open; /* the guests of it may speak */
	uint64_t number; /* of the last message handed over in this epoch */
	uint64_t connects;
	struct link_facts facts;
	uint64_t bytes_in; /* of earlier connections */
	uint64_t bytes_out;

	/* the thread's own */
	struct link *link;
	bool reading;
	bool has_failed; /* `failure` is of the present connection */
	struct failure opening; /* of the connection, as long as the lock is not held */
	struct log_limit end_limit;
	ew_dur blocked_since; /* the session does not read; 0: it reads */
	bool accepted; /* CONNACK has come, the session was not told yet */
	struct mosq_connack connack;
};

/* Make the thread take a turn. Under the lock. */
void uplink_wake(struct uplink *uplink);

/* May guests other than the owner speak? Under the lock. */
const struct outbox_box *uplink_only(const struct uplink *uplink);

/* The thread. */
void *run_main(void *arg);

/* Send the subscriptions that are wanted, and end those that are not. Under
 * the lock, with a connection. */
void send_subscriptions(struct uplink *uplink);

/* Hand messages over until the connection has enough. Whether more could be
 * handed over at once. Under the lock, which is released around each. */
bool send_messages(struct uplink *uplink);

/* Drop what has waited too long. Under the lock. */
void send_expire(struct uplink *uplink, ew_dur now);

/* Move a finished message to where its ack is sent from. Under the lock. */
void tell_done(struct uplink *uplink, struct message *message, int status);

/* Run every callback that is due. Under the lock, which is released and taken
 * again around each. */
void tell_all(struct uplink *uplink);

/* Ask the owner for the will of the coming epoch. As tell_all. */
void tell_prepare(struct uplink *uplink);

/* Tell all that are online that they are not. As tell_all. */
void tell_offline(struct uplink *uplink);

#endif
