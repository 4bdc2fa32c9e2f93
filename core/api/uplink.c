/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/uplink.h>: an instance as a guest of an uplink.
 *
 * The guest is a part of the instance. What the uplink's thread tells is
 * queued as notes, in order, and handed to the module by a task in the control
 * lane of the instance's loop; messages that came in are fetched by a task in
 * the data lane, so that they do not hold up answers and sessions.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <edgeway/uplink.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/loop/loop.h"
#include "core/module/instance.h"
#include "core/uplink/uplinks.h"

/* messages handed to received() in one call */
#define PART_BATCH 64u

#define PART_CALLS(X) \
	X(PREPARE, "uplink prepare") \
	X(ONLINE, "uplink online") \
	X(OFFLINE, "uplink offline") \
	X(ACKED, "uplink acked") \
	X(SUBSCRIBED, "uplink subscribed") \
	X(ROOM, "uplink room") \
	X(RECEIVED, "uplink received")

enum part_call {
#define PART_ENUM(name, text) PART_##name,
	PART_CALLS(PART_ENUM)
#undef PART_ENUM
};
#define PART_CALL_COUNT (PART_RECEIVED + 1)

/* Something to tell the module. */
struct note {
	struct list node;
	enum part_call call;
	uint64_t epoch;
	enum ew_uplink_cause cause;
	struct ew_uplink_session session;
	uint32_t subscription;
	char text[240];
	size_t count;
	struct ew_uplink_ack acks[]; /* count of them */
};

struct uplink_part {
	struct instance_part part;
	struct ew_instance *inst;
	const struct ew_uplink_ops *ops;
	struct uplink_guest *guest;
	uint32_t calls[PART_CALL_COUNT]; /* their numbers, for the record of what runs */
	struct task tell;
	struct task fetch;
	pthread_mutex_t lock;
	struct list notes; /* under the lock */
	struct list readable; /* under the lock: notes with a subscription each */
};

static void part_lock(struct uplink_part *part)
{
	check(pthread_mutex_lock(&part->lock) == 0);
}

static void part_unlock(struct uplink_part *part)
{
	check(pthread_mutex_unlock(&part->lock) == 0);
}

/* ---- on the uplink's thread ---- */

static struct note *part_note(struct uplink_part *part, enum part_call call, size_t acks)
{
	struct note *note = calloc(1, sizeof(*note) + acks * sizeof(note->acks[0]));

	if (note == NULL) {
		log_msg(LOG_LEVEL_ERROR, instance_who(part->inst),
			"out of memory: the module is not told of its uplink's news");
		return NULL;
	}
	note->call = call;
	note->count = acks;
	return note;
}

static void part_post(struct uplink_part *part, struct note *note)
{
	if (note == NULL) {
		return;
	}
	part_lock(part);
	list_push(&part->notes, &note->node);
	part_unlock(part);
	task_schedule(&part->tell);
}

static void part_on_prepare(void *arg, uint64_t epoch)
{
	struct note *note = part_note(arg, PART_PREPARE, 0);

	if (note != NULL) {
		note->epoch = epoch;
	}
	part_post(arg, note);
}

static void part_on_online(void *arg, const struct ew_uplink_session *session)
{
	struct note *note = part_note(arg, PART_ONLINE, 0);

	if (note != NULL) {
		note->session = *session;
	}
	part_post(arg, note);
}

static void part_on_offline(void *arg, uint64_t epoch, enum ew_uplink_cause cause, const char *text)
{
	struct note *note = part_note(arg, PART_OFFLINE, 0);

	if (note != NULL) {
		note->epoch = epoch;
		note->cause = cause;
		(void)snprintf(note->text, sizeof(note->text), "%s", text);
	}
	part_post(arg, note);
}

static void part_on_acked(void *arg, const struct ew_uplink_ack *acks, size_t count)
{
	struct note *note = part_note(arg, PART_ACKED, count);

	if (note != NULL) {
		memcpy(note->acks, acks, count * sizeof(note->acks[0]));
	}
	part_post(arg, note);
}

static void part_on_subscribed(void *arg, const struct ew_uplink_ack *ack)
{
	struct note *note = part_note(arg, PART_SUBSCRIBED, 1);

	if (note != NULL) {
		note->acks[0] = *ack;
	}
	part_post(arg, note);
}

static void part_on_readable(void *arg, uint32_t subscription)
{
	struct uplink_part *part = arg;
	struct note *note = part_note(part, PART_RECEIVED, 0);

	if (note == NULL) {
		return;
	}
	note->subscription = subscription;
	part_lock(part);
	list_push(&part->readable, &note->node);
	part_unlock(part);
	task_schedule(&part->fetch);
}

static void part_on_room(void *arg)
{
	part_post(arg, part_note(arg, PART_ROOM, 0));
}

static const struct uplink_guest_ops part_guest_ops = {
	.prepare = part_on_prepare,
	.online = part_on_online,
	.offline = part_on_offline,
	.acked = part_on_acked,
	.subscribed = part_on_subscribed,
	.readable = part_on_readable,
	.room = part_on_room,
};

/* ---- on the instance's loop ---- */

static void part_prepare(struct uplink_part *part, uint64_t epoch)
{
	struct ew_uplink_will will = uplink_blank_will(part->guest);
	int status;
	int rc;

	instance_enter(part->inst, part->calls[PART_PREPARE]);
	status = part->ops->prepare(instance_self(part->inst), epoch, &will);
	instance_leave(part->inst);
	rc = uplink_will(part->guest, epoch, &will, status);
	if (rc == -EINVAL || rc == -EMSGSIZE) {
		instance_misuse(part->inst, "prepare", "the will makes no sense");
	}
}

static void part_call(struct uplink_part *part, const struct note *note)
{
	const struct ew_uplink_ops *ops = part->ops;
	void *self = instance_self(part->inst);

	instance_enter(part->inst, part->calls[note->call]);
	switch (note->call) {
	case PART_ONLINE:
		if (ops->online != NULL) {
			ops->online(self, &note->session);
		}
		break;
	case PART_OFFLINE:
		if (ops->offline != NULL) {
			ops->offline(self, note->epoch, note->cause, note->text);
		}
		break;
	case PART_ACKED:
		if (ops->acked != NULL) {
			ops->acked(self, note->acks, note->count);
		}
		break;
	case PART_SUBSCRIBED:
		if (ops->subscribed != NULL) {
			ops->subscribed(self, &note->acks[0]);
		}
		break;
	case PART_ROOM:
		if (ops->room != NULL) {
			ops->room(self);
		}
		break;
	case PART_PREPARE:
	case PART_RECEIVED:
		break;
	}
	instance_leave(part->inst);
}

static struct note *part_next(struct uplink_part *part, struct list *notes, bool *more_out)
{
	struct list *node;

	part_lock(part);
	node = list_pop(notes);
	*more_out = !list_is_empty(notes);
	part_unlock(part);
	return node != NULL ? list_entry(node, struct note, node) : NULL;
}

static bool part_tell(struct task *task)
{
	struct uplink_part *part = container_of(task, struct uplink_part, tell);
	bool more;
	struct note *note = part_next(part, &part->notes, &more);

	if (note == NULL) {
		return false;
	}
	if (note->call == PART_PREPARE) {
		part_prepare(part, note->epoch);
	} else {
		part_call(part, note);
	}
	free(note);
	return more;
}

/* Hand over a batch of one subscription. */
static void part_receive(struct uplink_part *part, uint32_t subscription)
{
	struct uplink_batch *batch;

	if (uplink_take(part->guest, subscription, PART_BATCH, &batch) < 0) {
		/* it was closed; or there is no memory, then the next one calls again */
		return;
	}
	if (part->ops->received != NULL) {
		instance_enter(part->inst, part->calls[PART_RECEIVED]);
		part->ops->received(instance_self(part->inst), subscription, batch->messages,
				    batch->count);
		instance_leave(part->inst);
	}
	uplink_batch_free(&batch); /* announces what is left */
}

static bool part_fetch(struct task *task)
{
	struct uplink_part *part = container_of(task, struct uplink_part, fetch);
	bool more;
	struct note *note = part_next(part, &part->readable, &more);

	if (note == NULL) {
		return false;
	}
	part_receive(part, note->subscription);
	free(note);
	return more;
}

static void part_free_notes(struct list *notes)
{
	struct list *node;

	while ((node = list_pop(notes)) != NULL) {
		free(list_entry(node, struct note, node));
	}
}

static void part_close(struct instance_part *closing)
{
	struct uplink_part *part = container_of(closing, struct uplink_part, part);

	uplink_detach(&part->guest);
	task_fini(&part->tell);
	task_fini(&part->fetch);
	part_free_notes(&part->notes);
	part_free_notes(&part->readable);
	(void)pthread_mutex_destroy(&part->lock); /* nobody holds it */
	free(part);
}

static struct uplink_part *part_of(struct ew_instance *inst)
{
	struct instance_part *part = instance_find_part(inst, part_close);

	return part != NULL ? container_of(part, struct uplink_part, part) : NULL;
}

static int part_new(struct ew_instance *inst, const struct ew_uplink_ops *ops,
		    struct uplink_part **part_out)
{
	static const char *const names[PART_CALL_COUNT] = {
#define PART_NAME(name, text) [PART_##name] = text,
		PART_CALLS(PART_NAME)
#undef PART_NAME
	};
	struct running *running = fleet_running(instance_fleet(inst));
	struct uplink_part *part = calloc(1, sizeof(*part));
	size_t i;

	if (part == NULL) {
		return -ENOMEM;
	}
	if (pthread_mutex_init(&part->lock, NULL) != 0) {
		free(part);
		return -ENOMEM;
	}
	for (i = 0; i < PART_CALL_COUNT; i++) {
		part->calls[i] = running_name_of(running, names[i]);
	}
	part->inst = inst;
	part->ops = ops;
	part->part.close = part_close;
	list_init(&part->notes);
	list_init(&part->readable);
	task_init(&part->tell, instance_loop(inst), LANE_CONTROL, part_tell);
	task_init(&part->fetch, instance_loop(inst), LANE_DATA, part_fetch);
	*part_out = part;
	return 0;
}

static int part_attach(struct uplink_part *part, struct uplink *uplink)
{
	struct uplink_guest_spec spec = {
		.name = instance_name(part->inst),
		.owns_will = part->ops->prepare != NULL,
		.ops = &part_guest_ops,
		.arg = part,
	};
	const char *owner = "";
	int rc = uplink_attach(uplink, &spec, &part->guest, &owner);

	if (rc == -EBUSY) {
		log_msg(LOG_LEVEL_ERROR, instance_who(part->inst),
			"the will of uplink '%s' belongs to '%s'", uplink_name(uplink), owner);
	}
	return rc;
}

int ew_uplink_join(struct ew_instance *inst, const struct ew_uplink_ops *ops)
{
	struct uplinks *uplinks;
	struct uplink *uplink;
	struct uplink_part *part;
	int rc;

	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (ops == NULL || ops->size != sizeof(*ops)) {
		return -EINVAL;
	}
	if (part_of(inst) != NULL) {
		return -EEXIST;
	}
	uplinks = fleet_uplinks(instance_fleet(inst));
	uplink = uplinks != NULL ? uplinks_find(uplinks, instance_uplink(inst)) : NULL;
	if (uplink == NULL) {
		return -ENOENT;
	}
	rc = part_new(inst, ops, &part);
	if (rc < 0) {
		return rc;
	}
	rc = part_attach(part, uplink);
	if (rc < 0) {
		part_close(&part->part);
		return rc;
	}
	instance_attach(inst, &part->part);
	return 0;
}

/* The part, when this thread may use it; else NULL and *rc_out. */
static struct uplink_part *part_use(struct ew_instance *inst, const char *function, int *rc_out)
{
	struct uplink_part *part;

	if (!instance_may_call(inst, function)) {
		*rc_out = -EPERM;
		return NULL;
	}
	part = part_of(inst);
	if (part == NULL) {
		instance_misuse(inst, function, "it has not joined an uplink");
		*rc_out = -EPERM;
	}
	return part;
}

int ew_uplink_publish(struct ew_instance *inst, const struct ew_uplink_message *message)
{
	int rc;
	struct uplink_part *part = part_use(inst, __func__, &rc);

	if (part == NULL) {
		return rc;
	}
	return message != NULL ? uplink_publish(part->guest, message) : -EINVAL;
}

int ew_uplink_subscribe(struct ew_instance *inst, const struct ew_uplink_filter *filter,
			uint32_t *subscription_out)
{
	int rc;
	struct uplink_part *part = part_use(inst, __func__, &rc);

	if (part == NULL) {
		return rc;
	}
	if (filter == NULL || subscription_out == NULL) {
		return -EINVAL;
	}
	return uplink_subscribe(part->guest, filter, subscription_out);
}

int ew_uplink_unsubscribe(struct ew_instance *inst, uint32_t subscription)
{
	int rc;
	struct uplink_part *part = part_use(inst, __func__, &rc);

	return part != NULL ? uplink_unsubscribe(part->guest, subscription) : rc;
}

int ew_uplink_release(struct ew_instance *inst, uint64_t epoch)
{
	int rc;
	struct uplink_part *part = part_use(inst, __func__, &rc);

	return part != NULL ? uplink_release(part->guest, epoch) : rc;
}

int ew_uplink_cycle(struct ew_instance *inst, const char *reason)
{
	int rc;
	struct uplink_part *part = part_use(inst, __func__, &rc);

	if (part == NULL) {
		return rc;
	}
	return uplink_cycle(part->guest, reason != NULL ? reason : "asked");
}
