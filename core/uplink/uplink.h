/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One named uplink: a session, its thread, and the instances that share it
 * (guests; one of them may own the will). <edgeway/uplink.h> says what is
 * promised to them; core/api binds these functions to instances.
 *
 * Functions are callable from any thread unless they say otherwise. Callbacks
 * run on the uplink's thread, with no lock held, and may only post: they call
 * nothing of this header.
 */
#ifndef CORE_UPLINK_UPLINK_H
#define CORE_UPLINK_UPLINK_H

#include <edgeway/uplink.h>

#include "core/conf/uplink.h"

struct uplink;
struct uplink_guest;

struct uplink_guest_ops {
	/* Required of the will's owner, who answers by uplink_will(). */
	void (*prepare)(void *arg, uint64_t epoch);
	void (*online)(void *arg, const struct ew_uplink_session *session);
	void (*offline)(void *arg, uint64_t epoch, enum ew_uplink_cause cause, const char *text);
	/* Acknowledgements and answers to subscriptions; borrowed. */
	void (*acked)(void *arg, const struct ew_uplink_ack *acks, size_t count);
	void (*subscribed)(void *arg, const struct ew_uplink_ack *ack);
	/* The subscription has messages: uplink_take() until it gives none. Not
	 * repeated until something was taken. */
	void (*readable)(void *arg, uint32_t subscription);
	void (*room)(void *arg);
};

struct uplink_guest_spec {
	const char *name; /* of the instance; copied */
	bool owns_will;
	const struct uplink_guest_ops *ops; /* a constant */
	void *arg; /* borrowed until uplink_detach returns */
};

/* Messages taken from a subscription. */
struct uplink_batch {
	uint32_t subscription;
	size_t count;
	const struct ew_uplink_received *messages; /* count of them */
};

struct uplink_class_status {
	size_t messages; /* waiting or in flight */
	size_t bytes;
	ew_dur oldest; /* how long the oldest has waited; 0: none waits */
	uint64_t handed;
	uint64_t expired;
	uint64_t refused;
};

struct uplink_status {
	const char *state; /* "online", "waiting", ... */
	bool online;
	enum ew_uplink_cause cause; /* why the last connection ended; NONE while online */
	char text[240]; /* in words, with what the server said */
	char server[272]; /* mqtts://host:port of the present or coming try */
	char address[64]; /* the one that was used last */
	uint64_t epoch;
	uint64_t connects; /* sessions that came online */
	uint64_t ends[EW_UPLINK_CAUSE_COUNT]; /* connections that ended or failed, by cause */
	ew_dur online_for; /* 0 when not online */
	ew_dur next_try; /* 0 when not waiting */
	struct uplink_class_status classes[EW_TRAFFIC_COUNT];
	size_t in_flight;
	uint64_t received;
	uint64_t dropped; /* came in and found a full lane */
	uint64_t bytes_in; /* on the wire */
	uint64_t bytes_out;
	int64_t own_until; /* end of our certificate, UTC ns; 0: not known */
	int64_t peer_until; /* and of the server's */
	size_t guests;
	const char *will_owner; /* of the guest; borrowed while it is attached; NULL */
};

/*
 * config, with client_id set, is borrowed until uplink_close; it has passed
 * uplink_config_check. Starts no thread. Main thread. -ENOMEM, -errno.
 */
int uplink_open(const struct uplink_config *config, const char *name, struct uplink **uplink_out)
	EW_CHECKED;

/* Begin to connect. Main thread. -errno of pthread_create; -EALREADY. */
int uplink_start(struct uplink *uplink) EW_CHECKED;

/* The same without a thread, for tests: uplink_step() takes its turns, and the
 * jitter of its back-off is the same each time. */
void uplink_start_stepped(struct uplink *uplink);

/* One turn. When the next is due; not after clock_mono(): at once. */
ew_dur uplink_step(struct uplink *uplink);

/*
 * End in order: what is in the outbox leaves, for at most `limit`; DISCONNECT;
 * then stopped(arg) on the uplink's thread, once. Main thread. When guests are
 * to say good-bye they do so before.
 */
void uplink_stop(struct uplink *uplink, ew_dur limit, void (*stopped)(void *arg), void *arg);

/*
 * Ends the thread (a name that is being resolved is waited for), drops the
 * connection, frees everything. Guests are detached before. Main thread.
 */
void uplink_close(struct uplink **uplink);

const char *uplink_name(const struct uplink *uplink);

/* -EBUSY: the will is owned by another (*owner_out names it, borrowed until it
 * detaches); -ENOMEM, -EINVAL. A will's owner that comes to a session without
 * a will begins a new one. */
int uplink_attach(struct uplink *uplink, const struct uplink_guest_spec *spec,
		  struct uplink_guest **guest_out, const char **owner_out) EW_CHECKED;

/* No callback runs after it returns. What it published still leaves. Not from
 * a callback. The will's owner takes its session with it. */
void uplink_detach(struct uplink_guest **guest);

/* The owner's answer to prepare(): status 0 and the will, or -errno and NULL.
 * -ESTALE: not the epoch asked for. -EINVAL, -ENOMEM: counts as no will. */
int uplink_will(struct uplink_guest *guest, uint64_t epoch, const struct ew_uplink_will *will,
		int status);

/* A will as the owner gets it to fill in. */
struct ew_uplink_will uplink_blank_will(const struct uplink_guest *guest);

/* As the functions of <edgeway/uplink.h>. */
int uplink_publish(struct uplink_guest *guest, const struct ew_uplink_message *message) EW_CHECKED;
int uplink_subscribe(struct uplink_guest *guest, const struct ew_uplink_filter *filter,
		     uint32_t *subscription_out) EW_CHECKED;
int uplink_unsubscribe(struct uplink_guest *guest, uint32_t subscription);
int uplink_release(struct uplink_guest *guest, uint64_t epoch);
int uplink_cycle(struct uplink_guest *guest, const char *reason);

/* Up to `limit` messages (at most 256). -ENOENT: no such subscription; -EAGAIN:
 * nothing waits; -ENOMEM. */
int uplink_take(struct uplink_guest *guest, uint32_t subscription, size_t limit,
		struct uplink_batch **batch_out) EW_CHECKED;

/* Gives the room back. Before uplink_close. Accepts NULL. */
void uplink_batch_free(struct uplink_batch **batch);

void uplink_status(struct uplink *uplink, struct uplink_status *status_out);

#endif
