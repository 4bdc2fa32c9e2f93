/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks to guests, on the uplink's thread. What is due is found under the
 * lock; the call runs without it, while `calling` keeps the guest alive:
 * uplink_detach waits for it.
 */
#include "core/uplink/state.h"

#include <string.h>

#include "core/base/check.h"

/* acks handed to a guest in one call */
#define TELL_ACKS_MAX 64u

static void tell_begin(struct uplink *uplink, struct uplink_guest *guest)
{
	uplink->calling = guest;
	(void)pthread_mutex_unlock(&uplink->lock); /* cannot fail: it is held */
}

static void tell_end(struct uplink *uplink)
{
	(void)pthread_mutex_lock(&uplink->lock); /* cannot fail: not held */
	uplink->calling = NULL;
	(void)pthread_cond_broadcast(&uplink->calm); /* never fails */
}

void tell_done(struct uplink *uplink, struct message *message, int status)
{
	message->status = status;
	list_push(&uplink->done, &message->node);
}

static struct uplink_guest *tell_guest_of(const struct message *message)
{
	return container_of(message->lane->box, struct uplink_guest, box);
}

/* The first acks of `done`, of one guest, up to the room of `acks`. */
static struct uplink_guest *tell_gather(struct uplink *uplink, struct ew_uplink_ack *acks,
					size_t *count_out)
{
	struct uplink_guest *guest = NULL;
	size_t count = 0;

	while (!list_is_empty(&uplink->done) && count < TELL_ACKS_MAX) {
		struct message *message = list_entry(uplink->done.next, struct message, node);

		if (guest != NULL && tell_guest_of(message) != guest) {
			break;
		}
		list_remove(&message->node);
		if (message->token != 0) {
			guest = tell_guest_of(message);
			acks[count++] = (struct ew_uplink_ack){.token = message->token,
							       .status = message->status,
							       .epoch = message->handed_epoch,
							       .number = message->number};
		}
		message_free(&message);
	}
	*count_out = count;
	return guest;
}

static void tell_acks(struct uplink *uplink)
{
	struct ew_uplink_ack acks[TELL_ACKS_MAX];

	while (!list_is_empty(&uplink->done)) {
		size_t count;
		struct uplink_guest *guest = tell_gather(uplink, acks, &count);

		if (guest != NULL && !guest->gone && guest->ops->acked != NULL) {
			tell_begin(uplink, guest);
			guest->ops->acked(guest->arg, acks, count);
			tell_end(uplink);
		}
	}
}

static void tell_answers(struct uplink *uplink)
{
	struct list *node;

	while ((node = list_pop(&uplink->intake.answers)) != NULL) {
		struct intake_lane *lane = list_entry(node, struct intake_lane, answer);
		struct uplink_guest *guest = lane->owner;
		struct ew_uplink_ack ack = {.token = lane->id,
					    .status = lane->filter->status,
					    .epoch = uplink->session.epoch,
					    .number = lane->filter->number};

		if (!guest->gone && guest->ops->subscribed != NULL) {
			tell_begin(uplink, guest);
			guest->ops->subscribed(guest->arg, &ack);
			tell_end(uplink);
		}
	}
}

static void tell_readable(struct uplink *uplink)
{
	struct list *node;

	while ((node = list_pop(&uplink->intake.announces)) != NULL) {
		struct intake_lane *lane = list_entry(node, struct intake_lane, announce);
		struct uplink_guest *guest = lane->owner;
		uint32_t id = lane->id;

		if (!guest->gone && guest->ops->readable != NULL) {
			tell_begin(uplink, guest);
			guest->ops->readable(guest->arg, id);
			tell_end(uplink);
		}
	}
}

/* Is it this guest's time to hear of the present session? */
static bool tell_is_online_due(const struct uplink *uplink, const struct uplink_guest *guest)
{
	enum session_state state = uplink->session.state;

	if (guest->gone || guest->online_epoch == uplink->session.epoch ||
	    !intake_is_settled(&uplink->intake, guest)) {
		return false;
	}
	if (guest->owns_will) {
		/* only in a session that was opened with its will */
		return uplink->gate == guest && (state == SESSION_GATED || state == SESSION_OPEN);
	}
	return state == SESSION_OPEN;
}

static void tell_online(struct uplink *uplink, struct uplink_guest *guest)
{
	struct ew_uplink_session session = {
		.epoch = uplink->session.epoch,
		.present = uplink->connack.session_present,
		.protocol = (uint8_t)uplink_config_protocol(uplink->config),
	};

	guest->online_epoch = session.epoch;
	if (guest->ops->online != NULL) {
		tell_begin(uplink, guest);
		guest->ops->online(guest->arg, &session);
		tell_end(uplink);
	}
}

static void tell_guests(struct uplink *uplink)
{
	struct list *node;

	list_for_each(node, &uplink->guests) {
		struct uplink_guest *guest = list_entry(node, struct uplink_guest, node);

		if (tell_is_online_due(uplink, guest)) {
			tell_online(uplink, guest);
		}
		if (!guest->gone && outbox_take_room(&uplink->outbox, &guest->box) &&
		    guest->ops->room != NULL) {
			tell_begin(uplink, guest);
			guest->ops->room(guest->arg);
			tell_end(uplink);
		}
	}
}

void tell_all(struct uplink *uplink)
{
	tell_acks(uplink);
	tell_answers(uplink);
	tell_guests(uplink);
	tell_readable(uplink);
}

void tell_prepare(struct uplink *uplink)
{
	struct uplink_guest *owner = uplink->owner;
	uint64_t epoch = uplink->session.epoch;

	owner->asked_epoch = epoch;
	tell_begin(uplink, owner);
	owner->ops->prepare(owner->arg, epoch);
	tell_end(uplink);
}

void tell_offline(struct uplink *uplink)
{
	struct failure failure = uplink->failure;
	struct list *node;

	tell_acks(uplink); /* what became of its messages, before its end */
	list_for_each(node, &uplink->guests) {
		struct uplink_guest *guest = list_entry(node, struct uplink_guest, node);
		uint64_t epoch = guest->online_epoch;

		guest->online_epoch = 0;
		if (epoch == 0 || guest->gone || guest->ops->offline == NULL) {
			continue;
		}
		tell_begin(uplink, guest);
		guest->ops->offline(guest->arg, epoch, failure.cause, failure.text);
		tell_end(uplink);
	}
}
