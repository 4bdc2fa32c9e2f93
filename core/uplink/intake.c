/* SPDX-License-Identifier: Apache-2.0 */
/* See intake.h. Lanes are few (256 at most), so they are walked, not hashed. */
#include "core/uplink/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/uplink/topic.h"

#define INTAKE_MESSAGES_DEFAULT 1000u
#define INTAKE_BYTES_DEFAULT (4u << 20)

void intake_init(struct intake *intake)
{
	memset(intake, 0, sizeof(*intake));
	list_init(&intake->filters);
	list_init(&intake->leaving);
	list_init(&intake->answers);
	list_init(&intake->announces);
}

void intake_filter_free(struct intake_filter **filter)
{
	if (*filter == NULL) {
		return;
	}
	check(list_is_empty(&(*filter)->lanes));
	free((*filter)->text);
	free(*filter);
	*filter = NULL;
}

void intake_fini(struct intake *intake)
{
	struct intake_filter *filter;

	check(list_is_empty(&intake->filters));
	while ((filter = intake_take_leaving(intake)) != NULL) {
		intake_filter_free(&filter);
	}
}

static struct intake_filter *intake_filter_at(struct list *node)
{
	return list_entry(node, struct intake_filter, node);
}

static struct intake_lane *intake_lane_at(struct list *node)
{
	return list_entry(node, struct intake_lane, node);
}

static struct intake_filter *intake_find_filter(const struct intake *intake, const char *text)
{
	struct list *node;

	list_for_each(node, &intake->filters) {
		if (strcmp(intake_filter_at(node)->text, text) == 0) {
			return intake_filter_at(node);
		}
	}
	return NULL;
}

/* Asked for again while its UNSUBSCRIBE was not sent yet: never mind. */
static void intake_forget_leaving(struct intake *intake, const char *text)
{
	struct list *node;
	struct list *after;

	list_for_each_safe(node, after, &intake->leaving) {
		struct intake_filter *filter = intake_filter_at(node);

		if (strcmp(filter->text, text) == 0) {
			list_remove(node);
			intake_filter_free(&filter);
		}
	}
}

static struct intake_filter *intake_new_filter(struct intake *intake, const char *text)
{
	struct intake_filter *filter = calloc(1, sizeof(*filter));

	if (filter == NULL) {
		return NULL;
	}
	list_init(&filter->lanes);
	filter->text = strdup(text);
	if (filter->text == NULL) {
		intake_filter_free(&filter);
		return NULL;
	}
	intake_forget_leaving(intake, text);
	filter->id = ++intake->next_id;
	list_push(&intake->filters, &filter->node);
	return filter;
}

int intake_open_lane(struct intake *intake, void *owner, const struct ew_uplink_filter *spec,
		     struct intake_lane **lane_out)
{
	struct intake_filter *filter;
	struct intake_lane *lane;

	if (spec->size != sizeof(*spec) || spec->filter == NULL || spec->qos > 1 ||
	    !topic_filter_is_valid(spec->filter)) {
		return -EINVAL;
	}
	if (intake->lane_count >= INTAKE_LANES_MAX) {
		return -ENOSPC;
	}
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL) {
		return -ENOMEM;
	}
	filter = intake_find_filter(intake, spec->filter);
	if (filter == NULL) {
		filter = intake_new_filter(intake, spec->filter);
	}
	if (filter == NULL) {
		free(lane);
		return -ENOMEM;
	}
	list_init(&lane->answer);
	list_init(&lane->announce);
	list_init(&lane->queue);
	lane->filter = filter;
	lane->owner = owner;
	lane->id = ++intake->next_id;
	lane->qos = spec->qos;
	lane->no_local = spec->no_local;
	lane->max_messages = spec->max_messages > 0 ? spec->max_messages : INTAKE_MESSAGES_DEFAULT;
	lane->max_bytes = spec->max_bytes > 0 ? spec->max_bytes : INTAKE_BYTES_DEFAULT;
	list_push(&filter->lanes, &lane->node);
	/* also when the broker has it: the newcomer is owed what it retained */
	filter->ask = INTAKE_WANTED;
	intake->lane_count++;
	*lane_out = lane;
	return 0;
}

static void intake_free_lane(struct intake *intake, struct intake_lane *lane)
{
	message_free_all(&lane->queue);
	intake->lane_count--;
	free(lane);
}

void intake_close_lane(struct intake *intake, struct intake_lane **lane_at)
{
	struct intake_lane *lane = *lane_at;
	struct intake_filter *filter;

	*lane_at = NULL;
	if (lane == NULL) {
		return;
	}
	filter = lane->filter;
	list_remove(&lane->node);
	list_remove(&lane->answer);
	list_remove(&lane->announce);
	lane->filter = NULL;
	if (list_is_empty(&filter->lanes)) {
		list_remove(&filter->node);
		list_push(&intake->leaving, &filter->node);
	}
	if (lane->taken == 0) {
		intake_free_lane(intake, lane);
	}
}

struct intake_lane *intake_find(const struct intake *intake, const void *owner, uint32_t id)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		list_for_each(node, &intake_filter_at(at)->lanes) {
			struct intake_lane *lane = intake_lane_at(node);

			if (lane->id == id && lane->owner == owner) {
				return lane;
			}
		}
	}
	return NULL;
}

struct intake_lane *intake_first(const struct intake *intake, const void *owner)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		list_for_each(node, &intake_filter_at(at)->lanes) {
			if (intake_lane_at(node)->owner == owner) {
				return intake_lane_at(node);
			}
		}
	}
	return NULL;
}

void intake_begin(struct intake *intake, bool kept)
{
	struct intake_filter *filter;
	struct list *node;

	list_for_each(node, &intake->filters) {
		intake_filter_at(node)->ask = INTAKE_WANTED;
	}
	while (!kept && (filter = intake_take_leaving(intake)) != NULL) {
		intake_filter_free(&filter);
	}
}

struct intake_filter *intake_wanted(const struct intake *intake)
{
	struct list *node;

	list_for_each(node, &intake->filters) {
		if (intake_filter_at(node)->ask == INTAKE_WANTED) {
			return intake_filter_at(node);
		}
	}
	return NULL;
}

struct mosq_subscription intake_request(const struct intake_filter *filter)
{
	struct mosq_subscription request = {
		.filter = filter->text,
		.id = filter->id,
		/* not allowed together with a shared subscription, 3.8.3.1 */
		.no_local = strncmp(filter->text, "$share/", 7) != 0,
	};
	struct list *node;

	list_for_each(node, &filter->lanes) {
		const struct intake_lane *lane = intake_lane_at(node);

		request.qos = lane->qos > request.qos ? lane->qos : request.qos;
		request.no_local = request.no_local && lane->no_local;
	}
	return request;
}

void intake_asked(struct intake_filter *filter, int mid, uint64_t number)
{
	filter->number = number;
	filter->ask = INTAKE_ASKED;
	filter->mid = mid;
}

void intake_answered(struct intake *intake, int mid, int status)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		struct intake_filter *filter = intake_filter_at(at);

		if (filter->ask != INTAKE_ASKED || filter->mid != mid) {
			continue;
		}
		filter->ask = INTAKE_SETTLED;
		filter->status = status;
		list_for_each(node, &filter->lanes) {
			struct intake_lane *lane = intake_lane_at(node);

			list_remove(&lane->answer);
			list_push(&intake->answers, &lane->answer);
		}
		return;
	}
}

bool intake_is_settled(const struct intake *intake, const void *owner)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		if (intake_filter_at(at)->ask == INTAKE_SETTLED) {
			continue;
		}
		list_for_each(node, &intake_filter_at(at)->lanes) {
			if (owner == NULL || intake_lane_at(node)->owner == owner) {
				return false;
			}
		}
	}
	return true;
}

struct intake_filter *intake_take_leaving(struct intake *intake)
{
	struct list *node = list_pop(&intake->leaving);

	return node != NULL ? intake_filter_at(node) : NULL;
}

static bool intake_lane_is_full(const struct intake_lane *lane, size_t times)
{
	return lane->messages >= lane->max_messages * times ||
	       lane->bytes >= lane->max_bytes * times;
}

static void intake_drop(struct intake *intake, struct intake_lane *lane)
{
	lane->dropped++;
	intake->dropped++;
}

static void intake_put(struct intake *intake, struct intake_lane *lane,
		       const struct mosq_received *received, uint64_t epoch, ew_dur now)
{
	uint8_t qos = received->qos < lane->qos ? received->qos : lane->qos;
	struct message *message;

	if (intake_lane_is_full(lane, qos == 0 || lane->overrun ? 1 : 2)) {
		intake_drop(intake, lane);
		return;
	}
	message = message_new(&received->source);
	if (message == NULL) {
		intake_drop(intake, lane);
		return;
	}
	message->qos = qos;
	message->retain = received->retain;
	message->epoch = epoch;
	message->time = now;
	list_push(&lane->queue, &message->node);
	lane->messages++;
	lane->bytes += message->cost;
	lane->received++;
	if (!lane->told) {
		lane->told = true;
		list_push(&intake->announces, &lane->announce);
	}
}

static bool intake_is_for(const struct intake_filter *filter, const struct mosq_received *received,
			  bool by_id)
{
	size_t i;

	if (!by_id || received->id_count == 0) {
		return topic_matches(filter->text, received->source.topic);
	}
	for (i = 0; i < received->id_count; i++) {
		if (received->ids[i] == filter->id) {
			return true;
		}
	}
	return false;
}

void intake_deliver(struct intake *intake, const struct mosq_received *received, bool by_id,
		    uint64_t epoch, ew_dur now)
{
	bool stray = true;
	struct list *at;
	struct list *node;

	intake->received++;
	list_for_each(at, &intake->filters) {
		if (!intake_is_for(intake_filter_at(at), received, by_id)) {
			continue;
		}
		stray = false;
		list_for_each(node, &intake_filter_at(at)->lanes) {
			intake_put(intake, intake_lane_at(node), received, epoch, now);
		}
	}
	intake->stray += stray ? 1 : 0;
}

bool intake_is_blocked(const struct intake *intake)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		list_for_each(node, &intake_filter_at(at)->lanes) {
			const struct intake_lane *lane = intake_lane_at(node);

			if (lane->qos > 0 && !lane->overrun && intake_lane_is_full(lane, 1)) {
				return true;
			}
		}
	}
	return false;
}

void intake_overrun(struct intake *intake)
{
	struct list *at;
	struct list *node;

	list_for_each(at, &intake->filters) {
		list_for_each(node, &intake_filter_at(at)->lanes) {
			struct intake_lane *lane = intake_lane_at(node);

			lane->overrun = lane->overrun || intake_lane_is_full(lane, 1);
		}
	}
}

void intake_missed(struct intake_lane *lane)
{
	lane->told = false;
	list_remove(&lane->announce);
}

size_t intake_take(struct intake_lane *lane, size_t count, struct list *list)
{
	size_t taken = 0;

	intake_missed(lane);
	while (taken < count && !list_is_empty(&lane->queue)) {
		list_push(list, list_pop(&lane->queue));
		taken++;
	}
	lane->taken += taken > 0 ? 1 : 0;
	return taken;
}

void intake_give_back(struct intake *intake, struct intake_lane *lane, size_t count, size_t bytes)
{
	check(lane->taken > 0 && lane->messages >= count && lane->bytes >= bytes);
	lane->taken--;
	lane->messages -= count;
	lane->bytes -= bytes;
	if (!intake_lane_is_full(lane, 1)) {
		lane->overrun = false;
	}
	if (lane->filter == NULL) {
		if (lane->taken == 0) {
			intake_free_lane(intake, lane);
		}
	} else if (!list_is_empty(&lane->queue) && !lane->told) {
		lane->told = true;
		list_push(&intake->announces, &lane->announce);
	}
}
