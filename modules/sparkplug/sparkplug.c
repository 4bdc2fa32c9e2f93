/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's descriptor: options, metrics, life cycle, and the callbacks of
 * bus and uplink, which hand on to the parts that edge.h lists.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug/bdseq.h"

#define MEMORY_FIRST  (64u << 10)       /* bytes for births and commands */

static const struct ew_option options[] = {
	EW_OPTION(struct edge_settings, group, .help = "group id; default: the gateway's group"),
	EW_OPTION(struct edge_settings, node, .help = "edge node id; default: the gateway's name"),
	EW_OPTION(struct edge_settings, primary_host,
		  .help = "id of the host without which nothing is published"),
	EW_DURATION_OPTION(struct edge_settings, primary_wait, .fallback = "0s", .min = "0s",
			   .help = "publish without the primary host after this; 0s: never"),
	EW_DURATION_OPTION(struct edge_settings, walk_after, .fallback = "30s", .min = "1s",
			   .max = "1h",
			   .help = "try the next server when the primary host is not at this one"),
	EW_DURATION_OPTION(struct edge_settings, hold, .fallback = "2m", .min = "0s", .max = "1h",
			   .help = "with a primary host: send again what is younger than this when "
				   "the host is found to be gone; twice its keep alive is right"),
	EW_DURATION_OPTION(struct edge_settings, fence_every, .fallback = "1s", .min = "10ms",
			   .max = "1m", .help = "time between two messages that prove arrival"),
	EW_DURATION_OPTION(struct edge_settings, report_delay, .fallback = "100ms", .min = "0s",
			   .max = "1m", .help = "gather the values of a device so long"),
	EW_SIZE_OPTION(struct edge_settings, report_size, .fallback = "8KiB", .min = "256B",
		       .max = "512KiB", .help = "or until its message is this long"),
	EW_DURATION_OPTION(struct edge_settings, rebirth_pause, .fallback = "5s", .min = "0s",
			   .max = "10m", .help = "one birth answers all that ask within this time"),
	EW_DURATION_OPTION(struct edge_settings, flap_pause, .fallback = "1s", .min = "0s",
			   .max = "1m",
			   .help = "first wait before the birth of a device that died young"),
	EW_OPTION(struct edge_settings, node_device, .fallback = "gateway",
		  .help = "device whose tags are the metrics of the node itself"),
	EW_OPTION(struct edge_settings, fence_topic, .fallback = "edgeway/fence",
		  .help = "topic of the empty messages that prove arrival"),
	EW_OPTION(struct edge_settings, long_uint32,
		  .help = "UInt32 in long_value, for hosts that look only there"),
	EW_OPTION(struct edge_settings, templates,
		  .help = "what devices of one type have in common becomes a Template (UDT)"),
	EW_OPTION_END
};

static const struct ew_metric metrics[EDGE_METRIC_COUNT] = {
#define EDGE_METRIC_ROW(symbol, name_, help_) \
	[EDGE_##symbol] = { .name = name_, .kind = EW_COUNTER, .help = help_ },
	EDGE_METRICS(EDGE_METRIC_ROW)
#undef EDGE_METRIC_ROW
};

static int sparkplug_check(const void *arg, struct ew_error *err)
{
	const struct edge_settings *settings = arg;
	const char *ids[] = { settings->group, settings->node, settings->primary_host };
	static const char *const names[] = { "group", "node", "primary_host" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (ids[i] != NULL && !sp_id_is_valid(sp_text(ids[i]))) {
			return ew_fail(err, "'%s' \"%s\" may not be empty or have + / #", names[i],
				       ids[i]);
		}
	}
	if (settings->group != NULL && strcmp(settings->group, "STATE") == 0) {
		return ew_fail(err, "no group is called STATE");
	}
	return 0;
}

/* ---- the uplink ---- */

static int sparkplug_prepare(void *self, uint64_t epoch, struct ew_uplink_will *will)
{
	struct edge *edge = self;
	const char *directory = ew_state_dir(edge->inst);
	struct sp_writer writer;
	int error;

	(void)epoch;
	error = directory != NULL ? bdseq_next(directory, &edge->bdseq) : -EIO;
	if (error != 0) {
		ew_log(edge->inst, EW_LOG_ERROR, "the number of this birth cannot be kept: %s",
		       strerror(-error));
		return error;
	}
	sp_writer_init(&writer, edge->will, sizeof(edge->will));
	error = birth_put_bdseq(&writer, edge->bdseq, value_ms(ew_wall()));
	edge->will_size = sp_written(&writer).size;
	will->topic = edge->will_topic;
	will->payload = edge->will;
	will->payload_size = edge->will_size;
	will->qos = 1;
	will->retain = false;
	will->clean = true;
	will->on_stop = true;
	return error;
}

static void sparkplug_online(void *self, const struct ew_uplink_session *session)
{
	struct edge *edge = self;

	edge->is_blocked = false;
	edge->is_released = false;
	edge->is_doubled = false;
	edge->fence_number = 0;
	edge_step(edge, node_online(&edge->node, session->epoch), "connected");
	if (edge->node.state == NODE_WAITING) {
		edge_wait(edge);
	}
	edge_tell_health(edge);
}

static void sparkplug_offline(void *self, uint64_t epoch, enum ew_uplink_cause cause,
			      const char *text)
{
	struct edge *edge = self;

	(void)epoch;
	(void)cause;
	(void)text;
	node_offline(&edge->node);
	edge_drop_reports(edge);
	edge_count(edge, EDGE_REWINDS, pending_rewind(&edge->pending));
	edge->fence_number = 0;
	ew_timer_stop(edge->report_timer);
	edge->is_report_due = false;
	ew_timer_stop(edge->wait_timer);
	edge_tell_health(edge);
	if (edge->is_stopping) {
		edge_stopped(edge);
	}
}

static void sparkplug_acked(void *self, const struct ew_uplink_ack *acks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		edge_on_ack(self, &acks[i]);
	}
}

static void sparkplug_received(void *self, uint32_t subscription,
			       const struct ew_uplink_received *messages, size_t count)
{
	struct edge *edge = self;

	for (size_t i = 0; i < count; i++) {
		if (messages[i].epoch != edge->node.epoch && edge->node.state != NODE_OFFLINE) {
			continue; /* of a connection that is over */
		}
		if (subscription == edge->state) {
			edge_on_state(edge, &messages[i]);
		} else if (subscription == edge->births) {
			edge_on_birth(edge, &messages[i]);
		} else if (subscription == edge->deaths) {
			edge_on_death(edge, &messages[i]);
		} else {
			edge_on_command(edge, &messages[i]);
		}
	}
}

static void sparkplug_uplink_room(void *self)
{
	struct edge *edge = self;

	edge->is_blocked = false;
	edge_tend(edge);
	if (!edge->is_blocked) {
		edge_on_report(edge);
		edge_flow(edge);
	}
}

static const struct ew_uplink_ops uplink_ops = {
	.size = sizeof(uplink_ops),
	.prepare = sparkplug_prepare,
	.online = sparkplug_online,
	.offline = sparkplug_offline,
	.acked = sparkplug_acked,
	.received = sparkplug_received,
	.room = sparkplug_uplink_room,
};

/* ---- the bus ---- */

static void sparkplug_device(void *self, enum ew_change change, const struct ew_device_info *info)
{
	struct edge *edge = self;
	struct model_device *device;
	int error = model_add_device(&edge->model, info, &device);

	if (error != 0) {
		ew_log(edge->inst, EW_LOG_ERROR, "a device has no place here path=%s: %s",
		       info->spec.path,
		       error == -EEXIST ? "its id is another one's" : strerror(-error));
		return;
	}
	device->is_up = device->is_node || info->state != EW_DEVICE_DOWN;
	device->is_removed = change == EW_REMOVED;
	if (change == EW_UPDATED && edge->settings->templates) {
		device->is_stale = true; /* its type or the parameters of its instance */
	}
	if (device->is_removed && (device->is_node || device->life == MODEL_UNBORN)) {
		model_remove_device(&edge->model, device);
	}
	ew_timer_set(edge->tend_timer, 0, 0); /* after what else is said now */
}

static void sparkplug_tag(void *self, enum ew_change change, const struct ew_tag_info *info)
{
	struct edge *edge = self;
	size_t size;
	int error;

	if (change == EW_REMOVED) {
		model_remove_tag(&edge->model, info->id);
	} else {
		error = model_add_tag(&edge->model, info);
		if (error != 0 && error != -ENOENT) {
			ew_log(edge->inst, EW_LOG_WARNING, "a tag has no place here tag=%s: %s",
			       info->spec.name, strerror(-error));
		}
	}
	size = edge->model.room_size;
	if (size > edge->room.size) {
		uint8_t *memory = realloc(edge->room.memory, size);

		if (memory != NULL) { /* without it such values count as unfit */
			edge->room = (struct value_room){ memory, size };
		}
	}
	ew_timer_set(edge->tend_timer, 0, 0);
}

static void sparkplug_batch(void *self, const struct ew_batch *batch)
{
	struct edge *edge = self;

	if (!pending_has_room(&edge->pending)) {
		edge_count(edge, EDGE_SKIPPED, batch->count);
		(void)ew_ack(edge->inst, batch->route, batch->position, batch->position);
		return;
	}
	(void)pending_add(&edge->pending, batch);
	edge_flow(edge);
}

static void sparkplug_gap(void *self, const struct ew_gap *gap)
{
	edge_count(self, EDGE_GAPS, gap->samples);
}

static void sparkplug_answered(void *self, const struct ew_write_answer *answer)
{
	edge_on_answer(self, answer);
}

/* ---- life ---- */

static int sparkplug_timers(struct edge *edge)
{
	int error = ew_timer_new(edge->inst, "report", edge_on_report, edge, &edge->report_timer);

	if (error == 0) {
		error = ew_timer_new(edge->inst, "tend", edge_on_tend, edge, &edge->tend_timer);
	}
	if (error == 0) {
		error = ew_timer_new(edge->inst, "hold", edge_on_hold, edge, &edge->hold_timer);
	}
	if (error == 0) {
		error = ew_timer_new(edge->inst, "wait", edge_on_wait, edge, &edge->wait_timer);
	}
	return error;
}

static int sparkplug_subscribe(struct edge *edge, enum sp_verb verb, const char *device,
			       uint32_t *subscription_out)
{
	char topic[SP_TOPIC_MAX];
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = topic, .qos = 1,
		.no_local = verb == SP_NBIRTH || verb == SP_NDEATH,
	};
	/* a filter is no topic: + takes the place of the device */
	int error = edge_topic(edge, verb, device != NULL ? "d" : NULL, topic);

	if (error < 0) {
		return error;
	}
	if (device != NULL) {
		topic[error - 1] = *device;
	}
	return ew_uplink_subscribe(edge->inst, &filter, subscription_out);
}

static int sparkplug_join(struct edge *edge)
{
	char state[SP_TOPIC_MAX];
	const struct ew_uplink_filter filter = {
		.size = sizeof(filter), .filter = state, .qos = 1,
	};
	int error = edge_topic(edge, SP_NDEATH, NULL, edge->will_topic);

	if (error < 0) {
		ew_log(edge->inst, EW_LOG_ERROR, "not a group and a node group=%s node=%s",
		       edge->group, edge->node_id);
		return error;
	}
	error = ew_uplink_join(edge->inst, &uplink_ops);
	if (error == 0) {
		error = sparkplug_subscribe(edge, SP_NCMD, NULL, &edge->ncmd);
	}
	if (error == 0) {
		error = sparkplug_subscribe(edge, SP_DCMD, "+", &edge->dcmd);
	}
	if (error == 0) {
		error = sparkplug_subscribe(edge, SP_NBIRTH, NULL, &edge->births);
	}
	if (error == 0) {
		error = sparkplug_subscribe(edge, SP_NDEATH, NULL, &edge->deaths);
	}
	if (error == 0 && edge->settings->primary_host != NULL) {
		const struct sp_topic topic = {
			.verb = SP_STATE, .node = sp_text(edge->settings->primary_host),
		};

		(void)sp_topic_format(&topic, state, sizeof(state)); /* the id was checked */
		error = ew_uplink_subscribe(edge->inst, &filter, &edge->state);
	}
	return error;
}

static void sparkplug_close(void *self)
{
	struct edge *edge = self;

	ew_timer_free(&edge->report_timer);
	ew_timer_free(&edge->tend_timer);
	ew_timer_free(&edge->hold_timer);
	ew_timer_free(&edge->wait_timer);
	templates_free(&edge->templates);
	model_fini(&edge->model);
	pending_fini(&edge->pending);
	alias_close(&edge->book);
	free(edge->room.memory);
	free(edge->memory);
	free(edge);
}

static int sparkplug_fill(struct edge *edge)
{
	const struct ew_gateway *gateway = ew_gateway(edge->inst);
	const char *directory = ew_state_dir(edge->inst);
	int error;

	edge->group = edge->settings->group != NULL ? edge->settings->group : gateway->group;
	edge->node_id = edge->settings->node != NULL ? edge->settings->node : gateway->name;
	edge->next_token = EDGE_TOKEN;
	node_init(&edge->node, edge->settings->primary_host != NULL);
	edge->memory = malloc(MEMORY_FIRST);
	edge->memory_size = MEMORY_FIRST;
	error = edge->memory != NULL && directory != NULL ? pending_init(&edge->pending) : -ENOMEM;
	if (error == 0) {
		error = alias_open(directory, &edge->book);
	}
	if (error == 0) {
		edge->templates = (struct templates){ .inst = edge->inst, .model = &edge->model };
		error = model_init(&edge->model, edge->settings->node_device, edge->book);
	}
	if (error == 0) {
		error = sparkplug_timers(edge);
	}
	return error != 0 ? error : sparkplug_join(edge);
}

static int sparkplug_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct edge *edge = calloc(1, sizeof(*edge));
	int error;

	if (edge == NULL) {
		return -ENOMEM;
	}
	edge->inst = inst;
	edge->settings = settings;
	error = sparkplug_fill(edge);
	if (error != 0) {
		sparkplug_close(edge);
		return error;
	}
	*self_out = edge;
	return 0;
}

static int sparkplug_start(void *self)
{
	struct edge *edge = self;

	ew_timer_set(edge->hold_timer, EW_SECOND, EW_SECOND);
	edge_tell_health(edge);
	return 0;
}

static void sparkplug_stop(void *self)
{
	struct edge *edge = self;

	edge->is_stopping = true;
	if (edge->node.state == NODE_ONLINE) {
		edge_on_report(edge); /* what was gathered still leaves */
	}
	if (edge->node.state == NODE_OFFLINE || edge->node.state == NODE_LEAVING) {
		edge_stopped(edge);
		return;
	}
	edge_step(edge, node_leave(&edge->node), "the gateway stops");
}

static const struct ew_question questions[] = {
	{ NULL, NULL, "the session: state, bdSeq, what is born, what waits", edge_session },
	{ "map", "[DEVICE]", "topic, metric and alias of each tag", edge_map },
	EW_QUESTION_END
};

EW_MODULE(
	.name = "sparkplug", .version = "1.0", .summary = "a Sparkplug B edge node",
	.flags = EW_NEEDS_VIEW | EW_ACKS | EW_DURABLE,
	.options = options, .settings_size = sizeof(struct edge_settings),
	.metrics = metrics, .metric_count = EDGE_METRIC_COUNT,
	.check = sparkplug_check,
	.open = sparkplug_open, .start = sparkplug_start,
	.stop = sparkplug_stop, .close = sparkplug_close,
	.device = sparkplug_device, .tag = sparkplug_tag, .batch = sparkplug_batch,
	.gap = sparkplug_gap, .answered = sparkplug_answered, .questions = questions);
