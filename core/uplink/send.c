/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves, on the uplink's thread: subscriptions, and messages from the
 * outbox to the connection. A message is handed over only when nothing handed
 * over before still waits in this process: so what is urgent overtakes
 * everything but what the kernel holds, 16 KiB.
 */
#include <errno.h>

#include "core/base/check.h"
#include "core/uplink/state.h"

/* messages handed over before reading gets a turn */
#define SEND_TURN_MAX 64

void send_subscriptions(struct uplink *uplink)
{
	struct mosq *mosq = link_mosq(uplink->link);
	struct intake_filter *filter;

	while ((filter = intake_take_leaving(&uplink->intake)) != NULL) {
		/* an error shows in the next turn of the connection */
		(void)mosq_unsubscribe(mosq, filter->text);
		intake_filter_free(&filter);
	}
	while ((filter = intake_wanted(&uplink->intake)) != NULL) {
		struct mosq_subscription request = intake_request(filter);
		int mid = 0;
		int rc = mosq_subscribe(mosq, &request, &mid);

		intake_asked(filter, mid, uplink->number);
		if (rc < 0 && rc != -ECONNRESET) {
			intake_answered(&uplink->intake, mid, rc);
		}
	}
}

/* Give one message to the connection; the lock is released meanwhile. */
static void send_hand(struct uplink *uplink, struct message *message)
{
	int mid = 0;
	int rc;

	check(pthread_mutex_unlock(&uplink->lock) == 0);
	rc = mosq_publish(link_mosq(uplink->link), message, &mid);
	check(pthread_mutex_lock(&uplink->lock) == 0);
	if (rc == 0) {
		message->mid = mid;
		message->handed_epoch = uplink->session.epoch;
		message->number = ++uplink->number;
	}
	if (rc == 0 && message->qos > 0) {
		outbox_keep(&uplink->outbox, message);
		return;
	}
	outbox_finish(&uplink->outbox, message);
	tell_done(uplink, message, rc);
}

bool send_messages(struct uplink *uplink)
{
	int i;

	for (i = 0; i < SEND_TURN_MAX; i++) {
		struct message *message;

		if (link_fd(uplink->link) < 0 || mosq_wants_write(link_mosq(uplink->link))) {
			return false;
		}
		message = outbox_next(&uplink->outbox, uplink_only(uplink));
		if (message == NULL) {
			return false;
		}
		send_hand(uplink, message);
	}
	return true;
}

void send_expire(struct uplink *uplink, ew_dur now)
{
	struct list gone;
	struct list *node;

	list_init(&gone);
	outbox_expire(&uplink->outbox, now, &gone);
	while ((node = list_pop(&gone)) != NULL) {
		tell_done(uplink, list_entry(node, struct message, node), -ETIMEDOUT);
	}
}
