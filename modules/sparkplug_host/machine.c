/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug_host/machine.h"

#include <errno.h>
#include <string.h>

#define MACHINE_SECOND     INT64_C(1000000000)
#define MACHINE_ASK_MOST   INT64_C(32)          /* times rebirth_pause */
#define MACHINE_UNBORN_FOR (60 * MACHINE_SECOND) /* a node that was never born is kept so long */

const char *machine_cause_name(enum machine_cause cause)
{
	static const char *const names[] = {
#define MACHINE_CAUSE_NAME(symbol, word) word,
		MACHINE_CAUSES(MACHINE_CAUSE_NAME)
#undef MACHINE_CAUSE_NAME
	};

	return names[cause];
}

int machine_init(struct machine *machine, const struct machine_settings *settings,
		 const struct machine_ops *ops, void *arg, uint64_t seed)
{
	memset(machine, 0, sizeof(*machine));
	machine->settings = *settings;
	machine->ops = ops;
	machine->arg = arg;
	machine->due = INT64_MAX;
	return model_init(&machine->model, &settings->limits, seed);
}

void machine_fini(struct machine *machine)
{
	for (struct model_node *node = machine->model.nodes; node != NULL; node = node->next) {
		order_begin(machine, node, 0);
	}
	model_fini(&machine->model);
}

void machine_now(struct machine *machine, int64_t now, uint64_t wall_ms)
{
	machine->now = now;
	machine->wall = wall_ms;
}

void machine_count(struct machine *machine, enum machine_count what, uint64_t count)
{
	machine->ops->count(machine->arg, what, count);
}

void machine_want(struct machine *machine, int64_t when)
{
	if (when < machine->due) {
		machine->due = when;
	}
}

static void machine_life_at(struct machine *machine, struct model_device *device,
			    enum model_life life, uint64_t ms, const char *why)
{
	if (device->life != life) {
		device->life = life;
		device->since = ms;
		device->changed = machine->now;
		machine->ops->state(machine->arg, device, why);
	}
}

void machine_life(struct machine *machine, struct model_device *device, enum model_life life,
		  const char *why)
{
	machine_life_at(machine, device, life, machine->wall, why);
}

/* ---- rebirths ---- */

/* One more within rebirth_rate? When not, ask_at says when. */
static bool machine_may_ask(struct machine *machine, struct model_node *node)
{
	int64_t each = MACHINE_SECOND / (int64_t)machine->settings.rebirth_rate;
	int64_t full = machine->ask_full > machine->now ? machine->ask_full : machine->now;

	if (full + each - machine->now > MACHINE_SECOND) {
		node->ask_at = full + each - MACHINE_SECOND;
		return false;
	}
	machine->ask_full = full + each;
	return true;
}

static void machine_send_ask(struct machine *machine, struct model_node *node)
{
	enum machine_cause cause = (enum machine_cause)node->ask_cause;

	if (!machine_may_ask(machine, node)) {
		machine_want(machine, node->ask_at);
		return;
	}
	node->ask_pause = node->ask_pause == 0 ? machine->settings.rebirth_pause
					       : node->ask_pause * 2;
	if (node->ask_pause > MACHINE_ASK_MOST * machine->settings.rebirth_pause) {
		node->ask_pause = MACHINE_ASK_MOST * machine->settings.rebirth_pause;
	}
	node->ask_at = machine->now + node->ask_pause;
	if (machine->ops->ask(machine->arg, node, cause) != 0) {
		machine_want(machine, node->ask_at);
		return;
	}
	node->is_asking = false;
	node->rebirths++;
	node->last_cause = cause;
}

void machine_ask(struct machine *machine, struct model_node *node, enum machine_cause cause)
{
	if (machine->settings.is_passive) {
		return;
	}
	if (node->is_asking || machine->now < node->ask_at) {
		machine_count(machine, MACHINE_COUNT_THROTTLED, 1);
		if (!node->is_asking) {
			node->is_asking = true;
			node->ask_cause = cause;
			machine_want(machine, node->ask_at);
		}
		return;
	}
	node->is_asking = true;
	node->ask_cause = cause;
	machine_send_ask(machine, node);
}

/* ---- messages ---- */

static void machine_data(struct machine *machine, struct model_device *device,
			 struct sp_bytes bytes)
{
	struct data_place place = { .device = device };
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;

	if (sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics) != 0) {
		return; /* it was checked */
	}
	machine_count(machine, MACHINE_COUNT_DATA, 1);
	place.ms = payload.timestamp;
	data_take(machine, &place, metrics);
	machine->ops->flush(machine->arg);
}

/* The device has its own clock, and it says when it died. */
static void machine_ddeath(struct machine *machine, struct model_device *device,
			   struct sp_bytes bytes)
{
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;

	(void)sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics);
	machine_count(machine, MACHINE_COUNT_DDEATHS, 1);
	machine_life_at(machine, device, MODEL_DEAD,
			payload.has & SP_HAS_TIMESTAMP ? payload.timestamp : machine->wall,
			"its node says so");
}

void machine_take(struct machine *machine, struct model_node *node,
		  const struct machine_turn *turn)
{
	struct model_device *device;

	if (turn->verb == SP_DBIRTH) {
		machine_dbirth(machine, node, turn);
		return;
	}
	device = model_device(&machine->model, node, turn->device);
	if (device == NULL || device->life != MODEL_ALIVE) {
		machine_count(machine, MACHINE_COUNT_DROP_UNBORN, 1);
		if (turn->verb != SP_DDEATH) {
			machine_ask(machine, node, MACHINE_DEVICE);
		}
	} else if (turn->verb == SP_DDEATH) {
		machine_ddeath(machine, device, turn->payload);
	} else {
		machine_data(machine, device, turn->payload);
	}
}

/* By our own clock: what a will says of the time was said when it was made. */
static void machine_ndeath(struct machine *machine, struct model_node *node,
			   struct sp_bytes bytes)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;
	bool is_same = !node->has_bdseq;

	if (sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics) != 0) {
		return; /* it was checked */
	}
	while (!is_same && sp_metric_next(&metrics, &metric) > 0) {
		is_same = metric.has & SP_HAS_NAME &&
			  sp_bytes_equal(metric.name, sp_text("bdSeq")) &&
			  (metric.value.carrier == SP_INT || metric.value.carrier == SP_LONG) &&
			  metric.value.u == node->bdseq;
	}
	if (!is_same || node->self->life == MODEL_DEAD || node->self->life == MODEL_UNBORN) {
		machine_count(machine, MACHINE_COUNT_LATE_DEATH, 1);
		return;
	}
	node->deaths++;
	machine_count(machine, MACHINE_COUNT_NDEATHS, 1);
	order_begin(machine, node, 0);
	for (struct model_device *d = node->self->next; d != NULL; d = d->next) {
		if (d->life != MODEL_UNBORN) {
			machine_life(machine, d, MODEL_DEAD, "its node is offline");
		}
	}
	machine_life(machine, node->self, MODEL_DEAD, "offline");
}

static bool machine_is_wanted(const struct machine *machine, struct sp_bytes group)
{
	const struct machine_settings *settings = &machine->settings;

	for (size_t i = 0; i < settings->group_count; i++) {
		if (sp_bytes_equal(group, sp_text(settings->groups[i]))) {
			return true;
		}
	}
	return settings->group_count == 0;
}

static void machine_dispatch(struct machine *machine, struct model_node *node,
			     const struct sp_topic *topic, struct sp_bytes bytes)
{
	const struct machine_turn turn = { topic->verb, topic->device, bytes };
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;

	if (topic->verb == SP_NBIRTH) {
		machine_nbirth(machine, node, bytes);
	} else if (topic->verb == SP_NDEATH) {
		machine_ndeath(machine, node, bytes);
	} else if (node->self->life != MODEL_ALIVE) {
		machine_count(machine, MACHINE_COUNT_DROP_UNBORN, 1);
		machine_ask(machine, node, MACHINE_UNBORN);
	} else if (sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics) != 0 ||
		   !(payload.has & SP_HAS_SEQ) || payload.seq > UINT8_MAX) {
		machine_count(machine, MACHINE_COUNT_DROP_MALFORMED, 1);
		machine_ask(machine, node, MACHINE_MALFORMED);
	} else {
		order_hear(machine, node, &turn, (uint8_t)payload.seq);
	}
}

static bool machine_is_of_node(const struct sp_topic *topic)
{
	return topic->verb != SP_STATE && topic->verb != SP_NCMD && topic->verb != SP_DCMD;
}

void machine_hear(struct machine *machine, const struct machine_message *message)
{
	struct sp_topic topic;
	struct model_node *node;
	int error = sp_topic_parse(sp_text(message->topic), &topic);

	machine_count(machine, MACHINE_COUNT_BYTES, message->payload.size);
	if (error != 0) {
		machine_count(machine, MACHINE_COUNT_DROP_TOPIC, 1);
		return;
	}
	if (!machine_is_of_node(&topic)) {
		return;
	}
	if (!machine_is_wanted(machine, topic.group)) {
		machine_count(machine, MACHINE_COUNT_DROP_GROUP, 1);
		return;
	}
	if (message->is_retained) {
		machine_count(machine, MACHINE_COUNT_DROP_RETAINED, 1);
		return;
	}
	node = model_node(&machine->model, topic.group, topic.node);
	error = sp_payload_check(message->payload, &machine->settings.payload);
	if (error != 0) {
		machine_count(machine, error == -EMSGSIZE ? MACHINE_COUNT_DROP_SIZE
							  : MACHINE_COUNT_DROP_MALFORMED, 1);
		if (node != NULL) {
			machine_ask(machine, node, MACHINE_MALFORMED);
		}
		return;
	}
	if (node == NULL && topic.verb == SP_NDEATH) {
		machine_count(machine, MACHINE_COUNT_LATE_DEATH, 1);
		return;
	}
	if (node == NULL &&
	    model_add_node(&machine->model, topic.group, topic.node, &node) != 0) {
		machine_count(machine, MACHINE_COUNT_DROP_LIMIT, 1);
		return;
	}
	node->heard = machine->now;
	machine_want(machine, machine->now + MACHINE_UNBORN_FOR);
	machine_dispatch(machine, node, &topic, message->payload);
}

/* ---- time and connection ---- */

static bool machine_is_forgotten(const struct machine *machine, const struct model_node *node)
{
	int64_t age = machine->now - node->heard;

	switch (node->self->life) {
	case MODEL_UNBORN:
		return age >= MACHINE_UNBORN_FOR;
	case MODEL_ALIVE:
		return false;
	default:
		return machine->settings.forget_after > 0 && age >= machine->settings.forget_after;
	}
}

/* Devices that are gone while their node lives on. */
static void machine_forget_devices(struct machine *machine, struct model_node *node)
{
	struct model_device **at = &node->self->next;
	int64_t after = machine->settings.forget_after;

	while (after > 0 && *at != NULL) {
		struct model_device *device = *at;

		if (device->life == MODEL_ALIVE || machine->now - device->changed < after) {
			at = &device->next;
		} else {
			machine_count(machine, MACHINE_COUNT_FORGOTTEN, 1);
			machine->ops->drop_device(machine->arg, device);
			model_drop_device(&machine->model, at);
		}
	}
}

void machine_tick(struct machine *machine)
{
	struct model_node *next;

	machine->due = INT64_MAX;
	for (struct model_node *node = machine->model.nodes; node != NULL; node = next) {
		next = node->next;
		if (machine_is_forgotten(machine, node)) {
			machine_count(machine, MACHINE_COUNT_FORGOTTEN, 1);
			machine_drop_node(machine, node);
			continue;
		}
		machine_forget_devices(machine, node);
		order_tick(machine, node);
		if (node->is_asking && machine->now >= node->ask_at) {
			machine_send_ask(machine, node);
		} else if (node->is_asking) {
			machine_want(machine, node->ask_at);
		}
	}
	if (machine->model.nodes != NULL) {
		machine_want(machine, machine->now + MACHINE_UNBORN_FOR);
	}
}

void machine_disconnect(struct machine *machine)
{
	for (struct model_node *node = machine->model.nodes; node != NULL; node = node->next) {
		order_begin(machine, node, 0);
		node->is_asking = false;
		node->ask_at = 0;
		node->ask_pause = 0;
		for (struct model_device *d = node->self; d != NULL; d = d->next) {
			if (d->life == MODEL_ALIVE) {
				machine_life(machine, d, MODEL_STALE, "the host is not connected");
			}
		}
	}
}

void machine_connect(struct machine *machine)
{
	for (struct model_node *node = machine->model.nodes; node != NULL; node = node->next) {
		if (node->self->life != MODEL_UNBORN) {
			machine_ask(machine, node, MACHINE_RECONNECT);
		}
	}
}
