/* SPDX-License-Identifier: Apache-2.0 */
/* See outbox.h. Every message is counted from outbox_add to outbox_finish. */
#include "core/uplink/outbox.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/uplink/topic.h"

#define OUTBOX_TELEMETRY_TURNS 8u

void outbox_init(struct outbox *outbox, const struct outbox_limits *limits)
{
	int i;

	memset(outbox, 0, sizeof(*outbox));
	outbox->limits = *limits;
	outbox->in_flight_max = limits->in_flight;
	list_init(&outbox->in_flight);
	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		list_init(&outbox->turns[i]);
	}
}

void outbox_fini(struct outbox *outbox)
{
	struct list gone;

	list_init(&gone);
	outbox_clear(outbox, &gone);
	message_free_all(&gone);
}

void outbox_box_init(struct outbox_box *box)
{
	int i;

	memset(box, 0, sizeof(*box));
	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		list_init(&box->lanes[i].queue);
		list_init(&box->lanes[i].turn);
		box->lanes[i].box = box;
		box->lanes[i].traffic = (enum ew_traffic)i;
	}
}

bool outbox_box_is_idle(const struct outbox_box *box)
{
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		if (box->lanes[i].messages > 0) {
			return false;
		}
	}
	return true;
}

static bool outbox_text_is_valid(const char *text)
{
	size_t size;

	if (text == NULL) {
		return true;
	}
	size = strnlen(text, TOPIC_SIZE_MAX + 1);
	return size <= TOPIC_SIZE_MAX && text_is_utf8(text, size);
}

static bool outbox_extra_is_valid(const struct ew_uplink_extra *extra)
{
	size_t i;

	if (extra == NULL) {
		return true;
	}
	if (!outbox_text_is_valid(extra->content_type) ||
	    (extra->response_topic != NULL && !topic_is_valid(extra->response_topic)) ||
	    extra->correlation_size > UINT16_MAX || extra->expiry < 0 ||
	    (extra->correlation == NULL && extra->correlation_size > 0) ||
	    extra->property_count > OUTBOX_PROPERTIES_MAX) {
		return false;
	}
	for (i = 0; i < extra->property_count; i++) {
		if (extra->properties[i].name == NULL || extra->properties[i].value == NULL ||
		    !outbox_text_is_valid(extra->properties[i].name) ||
		    !outbox_text_is_valid(extra->properties[i].value)) {
			return false;
		}
	}
	return true;
}

int outbox_check(const struct outbox *outbox, const struct ew_uplink_message *message)
{
	size_t limit;

	if (message->size != sizeof(*message) || message->qos > 1 ||
	    (unsigned)message->traffic >= EW_TRAFFIC_COUNT || message->topic == NULL ||
	    !topic_is_valid(message->topic) || !outbox_extra_is_valid(message->extra) ||
	    (message->payload == NULL && message->payload_size > 0)) {
		return -EINVAL;
	}
	limit = message->traffic == EW_TRAFFIC_BULK ? outbox->limits.bulk_limit
						    : outbox->limits.message_limit;
	return message->payload_size > limit ? -EMSGSIZE : 0;
}

int outbox_add(struct outbox *outbox, struct outbox_box *box,
	       const struct ew_uplink_message *message, ew_dur now)
{
	struct message_source source = {.topic = message->topic,
					.payload = message->payload,
					.payload_size = message->payload_size,
					.extra = message->extra};
	struct outbox_lane *lane = &box->lanes[message->traffic];
	struct outbox_class *class = &outbox->classes[message->traffic];
	struct message *copy;

	if (lane->messages >= outbox->limits.messages || lane->bytes >= outbox->limits.bytes) {
		lane->wants_room = true;
		class->refused++;
		return -EAGAIN;
	}
	copy = message_new(&source);
	if (copy == NULL) {
		return -ENOMEM;
	}
	copy->qos = message->qos;
	copy->retain = message->retain;
	copy->epoch = message->epoch;
	copy->token = message->token;
	copy->time = now;
	copy->lane = lane;
	if (list_is_empty(&lane->queue)) {
		list_push(&outbox->turns[message->traffic], &lane->turn);
	}
	list_push(&lane->queue, &copy->node);
	lane->messages++;
	lane->bytes += copy->cost;
	class->messages++;
	class->bytes += copy->cost;
	return 0;
}

static struct message *outbox_first(const struct outbox_lane *lane)
{
	return list_entry(lane->queue.next, struct message, node);
}

/* Bulk and telemetry leave some of the window to those before them. */
static size_t outbox_window(const struct outbox *outbox, enum ew_traffic traffic)
{
	size_t window = outbox->in_flight_max;

	if (traffic == EW_TRAFFIC_TELEMETRY) {
		window = window * 3 / 4;
	} else if (traffic == EW_TRAFFIC_BULK) {
		window = window / 2;
	}
	return window > 0 ? window : 1;
}

/* The lane whose turn it is; NULL when none of the class may send. */
static struct outbox_lane *outbox_turn(struct outbox *outbox, enum ew_traffic traffic,
				       const struct outbox_box *only)
{
	bool window = outbox->in_flight_count < outbox_window(outbox, traffic);
	struct list *node;

	list_for_each(node, &outbox->turns[traffic]) {
		struct outbox_lane *lane = list_entry(node, struct outbox_lane, turn);

		if ((only == NULL || lane->box == only) &&
		    (window || outbox_first(lane)->qos == 0)) {
			return lane;
		}
	}
	return NULL;
}

/* Take the first message out of its queue; the lane goes to the end of its
 * class, or out of it. */
static struct message *outbox_pop(struct outbox *outbox, struct outbox_lane *lane)
{
	struct message *message = outbox_first(lane);

	list_remove(&message->node);
	list_remove(&lane->turn);
	if (!list_is_empty(&lane->queue)) {
		list_push(&outbox->turns[lane->traffic], &lane->turn);
	}
	return message;
}

struct message *outbox_next(struct outbox *outbox, const struct outbox_box *only)
{
	struct outbox_lane *lane = outbox_turn(outbox, EW_TRAFFIC_CONTROL, only);
	struct outbox_lane *bulk;

	if (lane != NULL) {
		return outbox_pop(outbox, lane);
	}
	lane = outbox_turn(outbox, EW_TRAFFIC_TELEMETRY, only);
	bulk = outbox_turn(outbox, EW_TRAFFIC_BULK, only);
	if (bulk != NULL && (lane == NULL || outbox->telemetry_turns >= OUTBOX_TELEMETRY_TURNS)) {
		outbox->telemetry_turns = 0;
		return outbox_pop(outbox, bulk);
	}
	if (lane == NULL) {
		return NULL;
	}
	outbox->telemetry_turns += bulk != NULL ? 1 : 0;
	return outbox_pop(outbox, lane);
}

void outbox_keep(struct outbox *outbox, struct message *message)
{
	list_push(&outbox->in_flight, &message->node);
	outbox->in_flight_count++;
	outbox->classes[message->lane->traffic].handed++;
}

static void outbox_uncount(struct outbox *outbox, struct message *message)
{
	struct outbox_lane *lane = message->lane;
	struct outbox_class *class = &outbox->classes[lane->traffic];

	lane->messages--;
	lane->bytes -= message->cost;
	class->messages--;
	class->bytes -= message->cost;
}

void outbox_finish(struct outbox *outbox, struct message *message)
{
	outbox->classes[message->lane->traffic].handed += message->handed_epoch != 0 ? 1 : 0;
	outbox_uncount(outbox, message);
}

struct message *outbox_acked(struct outbox *outbox, int mid)
{
	struct list *node;

	list_for_each(node, &outbox->in_flight) {
		struct message *message = list_entry(node, struct message, node);

		if (message->mid == mid) {
			list_remove(&message->node);
			outbox->in_flight_count--;
			outbox_uncount(outbox, message);
			return message;
		}
	}
	return NULL;
}

void outbox_expire(struct outbox *outbox, ew_dur now, struct list *gone)
{
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		struct list *node;
		struct list *after;

		list_for_each_safe(node, after, &outbox->turns[i]) {
			struct outbox_lane *lane = list_entry(node, struct outbox_lane, turn);

			while (!list_is_empty(&lane->queue) &&
			       now - outbox_first(lane)->time >= outbox->limits.age) {
				struct message *message = outbox_pop(outbox, lane);

				outbox->classes[i].expired++;
				outbox_uncount(outbox, message);
				list_push(gone, &message->node);
			}
		}
	}
}

static void outbox_end_in_flight(struct outbox *outbox, struct list *gone)
{
	struct list *node;

	while ((node = list_pop(&outbox->in_flight)) != NULL) {
		outbox_uncount(outbox, list_entry(node, struct message, node));
		list_push(gone, node);
	}
	outbox->in_flight_count = 0;
}

/* Out of a lane's queue: all, or those of one epoch. */
static void outbox_end_lane(struct outbox *outbox, struct outbox_lane *lane, uint64_t epoch,
			    struct list *gone)
{
	struct list *node;
	struct list *after;

	list_for_each_safe(node, after, &lane->queue) {
		struct message *message = list_entry(node, struct message, node);

		if (epoch == 0 || message->epoch == epoch) {
			list_remove(node);
			outbox_uncount(outbox, message);
			list_push(gone, node);
		}
	}
	if (list_is_empty(&lane->queue)) {
		list_remove(&lane->turn);
	}
}

static void outbox_end(struct outbox *outbox, uint64_t epoch, struct list *gone)
{
	int i;

	outbox_end_in_flight(outbox, gone);
	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		struct list *node;
		struct list *after;

		list_for_each_safe(node, after, &outbox->turns[i]) {
			outbox_end_lane(outbox, list_entry(node, struct outbox_lane, turn), epoch,
					gone);
		}
	}
}

void outbox_end_epoch(struct outbox *outbox, uint64_t epoch, struct list *gone)
{
	check(epoch != 0);
	outbox_end(outbox, epoch, gone);
}

void outbox_clear(struct outbox *outbox, struct list *gone)
{
	outbox_end(outbox, 0, gone);
}

bool outbox_is_empty(const struct outbox *outbox)
{
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		if (outbox->classes[i].messages > 0) {
			return false;
		}
	}
	return true;
}

ew_dur outbox_oldest(const struct outbox *outbox, enum ew_traffic traffic)
{
	ew_dur oldest = INT64_MAX;
	struct list *node;

	list_for_each(node, &outbox->turns[traffic]) {
		struct outbox_lane *lane = list_entry(node, struct outbox_lane, turn);

		if (outbox_first(lane)->time < oldest) {
			oldest = outbox_first(lane)->time;
		}
	}
	return oldest;
}

ew_dur outbox_next_expiry(const struct outbox *outbox)
{
	ew_dur next = INT64_MAX;
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		ew_dur oldest = outbox_oldest(outbox, (enum ew_traffic)i);

		if (oldest != INT64_MAX && oldest + outbox->limits.age < next) {
			next = oldest + outbox->limits.age;
		}
	}
	return next;
}

bool outbox_take_room(const struct outbox *outbox, struct outbox_box *box)
{
	bool room = false;
	int i;

	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		struct outbox_lane *lane = &box->lanes[i];

		if (lane->wants_room && lane->messages <= outbox->limits.messages / 2 &&
		    lane->bytes <= outbox->limits.bytes / 2) {
			lane->wants_room = false;
			room = true;
		}
	}
	return room;
}
