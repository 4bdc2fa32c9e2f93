/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's descriptor: options, metrics, life cycle, and the callbacks of
 * core, which hand on to the parts that host.h lists.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "modules/sparkplug_host/host.h"


static const struct ew_option options[] = {
	EW_OPTION(struct host_settings, host_id,
		  .help = "id in STATE; default: the gateway's name"),
	EW_OPTION(struct host_settings, passive,
		  .help = "listen only: no STATE, no commands, no rebirth requests"),
	EW_OPTION(struct host_settings, ask_births,
		  .help = "passive, but for rebirth requests"),
	EW_LIST_OPTION(struct host_settings, groups, group_count,
		       .help = "only these groups; default: all"),
	EW_DURATION_OPTION(struct host_settings, reorder_timeout, .fallback = "2s", .min = "0s",
			   .max = "1m",
			   .help = "wait so long for a missing message; 0s: do not wait"),
	EW_OPTION(struct host_settings, reorder_messages, .fallback = "64", .min = "1",
		  .max = "255", .help = "messages of a node that wait for a missing one"),
	EW_SIZE_OPTION(struct host_settings, reorder_bytes, .fallback = "8MiB", .min = "1MiB",
		       .max = "1GiB", .help = "bytes of all messages that wait"),
	EW_DURATION_OPTION(struct host_settings, rebirth_pause, .fallback = "5s", .min = "100ms",
			   .max = "10m",
			   .help = "between two rebirth requests to a node; doubled, up to 32 "
				   "times this, while it does not answer"),
	EW_OPTION(struct host_settings, rebirth_rate, .fallback = "20", .min = "1", .max = "1000",
		  .help = "rebirth requests to all nodes in a second"),
	EW_DURATION_OPTION(struct host_settings, command_timeout, .fallback = "5s",
			   .min = "100ms", .max = "1m",
			   .help = "how long a command waits for data that shows it"),
	EW_DURATION_OPTION(struct host_settings, forget_after, .fallback = "168h", .min = "0s",
			   .help = "drop a node or device that was offline so long; 0s: never"),
	EW_OPTION(struct host_settings, max_groups, .fallback = "100", .min = "1",
		  .help = "groups that are kept"),
	EW_OPTION(struct host_settings, max_nodes, .fallback = "1000", .min = "1",
		  .help = "nodes that are kept"),
	EW_OPTION(struct host_settings, max_devices_of_node, .fallback = "1000", .min = "1",
		  .help = "devices of one node"),
	EW_OPTION(struct host_settings, max_metrics, .fallback = "10000", .min = "1",
		  .help = "metrics of one device"),
	EW_OPTION(struct host_settings, max_name, .fallback = "255", .min = "1", .max = "255",
		  .help = "bytes of a metric's name"),
	EW_SIZE_OPTION(struct host_settings, max_memory, .fallback = "256MiB", .min = "64KiB",
		       .help = "memory for all nodes, devices and metrics"),
	EW_SIZE_OPTION(struct host_settings, max_payload, .fallback = "1MiB", .min = "1KiB",
		       .max = "64MiB", .help = "bytes of one message"),
	EW_SIZE_OPTION(struct host_settings, max_value, .fallback = "64KiB", .min = "1KiB",
		       .max = "1MiB", .help = "bytes of one text, array or file"),
	EW_OPTION(struct host_settings, max_waiting, .fallback = "4096", .min = "100",
		  .max = "100000",
		  .help = "messages that wait to be read, with 4 KiB each"),
	EW_LIST_OPTION(struct host_settings, topics, topic_count,
		       .help = "further MQTT topics for the monitor, with + and #"),
	EW_OPTION(struct host_settings, monitor_topics, .fallback = "1000", .min = "1",
		  .max = "100000", .help = "topics whose last message is kept"),
	EW_SIZE_OPTION(struct host_settings, monitor_bytes, .fallback = "4KiB", .min = "64B",
		       .max = "1MiB", .help = "bytes that are kept of each"),
	EW_OPTION_END
};

static const double latency_bounds[] = {
	0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100,
};

static const struct ew_metric metrics[HOST_METRIC_COUNT] = {
#define HOST_COUNT_ROW(symbol, name_, help_) \
	[MACHINE_COUNT_##symbol] = { .name = name_, .kind = EW_COUNTER, .help = help_ },
	MACHINE_COUNTS(HOST_COUNT_ROW)
#undef HOST_COUNT_ROW
#define HOST_CAUSE_ROW(symbol, word)                                                        \
	[HOST_CAUSE_FIRST + MACHINE_##symbol] = { .name = "rebirths_" word "_total",        \
						  .kind = EW_COUNTER,                       \
						  .help = "rebirth requests because of this" },
	MACHINE_CAUSES(HOST_CAUSE_ROW)
#undef HOST_CAUSE_ROW
#define HOST_METRIC_ROW(symbol, name_, kind_, help_) \
	[HOST_##symbol] = { .name = name_, .kind = kind_, .help = help_ },
	HOST_METRICS(HOST_METRIC_ROW)
#undef HOST_METRIC_ROW
	[HOST_LATENCY] = { .name = "latency_seconds", .kind = EW_HISTOGRAM, .unit = "seconds",
			   .help = "from the time of a live value to its arrival here",
			   .bounds = latency_bounds,
			   .bound_count = sizeof(latency_bounds) / sizeof(*latency_bounds) },
};

void host_count(struct host *host, enum host_metric metric, uint64_t count)
{
	ew_metric_add(host->inst, (unsigned)metric, (double)count);
}

void host_now(struct host *host)
{
	machine_now(&host->machine, ew_now(), value_ms(ew_wall()));
}

void host_arm(struct host *host)
{
	if (host->machine.due != INT64_MAX) {
		ew_timer_set(host->tick_timer, host->machine.due - ew_now(), 0);
	}
}

static void host_gauges(struct host *host)
{
	const struct model *model = &host->machine.model;

	ew_metric_set(host->inst, HOST_NODES, (double)model->node_count);
	ew_metric_set(host->inst, HOST_DEVICES, (double)model->device_count);
	ew_metric_set(host->inst, HOST_TAGS, (double)model->metric_count);
	ew_metric_set(host->inst, HOST_MEMORY, (double)model->bytes);
}

static void host_on_tick(void *arg)
{
	struct host *host = arg;

	host_now(host);
	machine_tick(&host->machine);
	host_gauges(host);
	host_arm(host);
}

static int host_check(const void *arg, struct ew_error *err)
{
	const struct host_settings *settings = arg;

	if (settings->host_id != NULL && !sp_id_is_valid(sp_text(settings->host_id))) {
		return ew_fail(err, "'host_id' \"%s\" may not be empty or have + / #",
			       settings->host_id);
	}
	if (settings->ask_births && !settings->passive) {
		return ew_fail(err, "'ask_births' is for passive hosts: any other asks anyway");
	}
	if (settings->group_count > HOST_GROUPS_MAX) {
		return ew_fail(err, "more than %u groups", HOST_GROUPS_MAX);
	}
	for (size_t i = 0; i < settings->group_count; i++) {
		if (!sp_id_is_valid(sp_text(settings->groups[i]))) {
			return ew_fail(err, "the group \"%s\" may not be empty or have + / #",
				       settings->groups[i]);
		}
		if (strcmp(settings->groups[i], "STATE") == 0) {
			return ew_fail(err, "no group is called STATE");
		}
	}
	return 0;
}

/* ---- the uplink ---- */

static int host_prepare(void *self, uint64_t epoch, struct ew_uplink_will *will)
{
	(void)epoch;
	return session_prepare(self, will);
}

static void host_online(void *self, const struct ew_uplink_session *session)
{
	struct host *host = self;

	session_online(host, session->epoch);
	session_tell_health(host);
}

static void host_offline(void *self, uint64_t epoch, enum ew_uplink_cause cause, const char *text)
{
	struct host *host = self;

	(void)epoch;
	(void)cause;
	(void)text;
	host->epoch = 0;
	command_lost(host, NULL);
	host_now(host);
	machine_disconnect(&host->machine);
	host_arm(host);
	session_tell_health(host);
	if (host->is_stopping) {
		session_stopped(host);
	}
}

static void host_acked(void *self, const struct ew_uplink_ack *acks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		session_acked(self, &acks[i]);
	}
}

static void host_received(void *self, uint32_t subscription,
			  const struct ew_uplink_received *messages, size_t count)
{
	struct host *host = self;
	ew_time since = ew_wall() - ew_now(); /* UTC of the monotonic clock's zero */

	host_now(host);
	for (size_t i = 0; i < count; i++) {
		const struct machine_message message = {
			.topic = messages[i].topic,
			.payload = { messages[i].payload, messages[i].payload_size },
			.is_retained = messages[i].retain,
		};

		host->arrived = since + messages[i].arrived;
		monitor_take(&host->monitor, &messages[i]);
		if ((messages[i].epoch != host->epoch && host->epoch != 0) ||
		    strncmp(message.topic, SP_NAMESPACE "/", sizeof(SP_NAMESPACE)) != 0) {
			continue; /* of a connection that is over, or only for the monitor */
		}
		if (subscription == host->state && host->state != 0) {
			session_on_state(host, &messages[i]);
		} else {
			machine_hear(&host->machine, &message);
		}
	}
	host_gauges(host);
	host_arm(host);
}

static void host_room(void *self)
{
	session_room(self);
}

static const struct ew_uplink_ops uplink_ops = {
	.size = sizeof(uplink_ops),
	.prepare = host_prepare,
	.online = host_online,
	.offline = host_offline,
	.acked = host_acked,
	.received = host_received,
	.room = host_room,
};

/* A monitor is a guest: it leaves the will to others. */
static const struct ew_uplink_ops passive_ops = {
	.size = sizeof(passive_ops),
	.online = host_online,
	.offline = host_offline,
	.received = host_received,
};

/* ---- life ---- */

static int host_timers(struct host *host)
{
	int error = ew_timer_new(host->inst, "tick", host_on_tick, host, &host->tick_timer);

	if (error == 0) {
		error = ew_timer_new(host->inst, "command", command_on_timer, host,
				     &host->command_timer);
	}
	if (error == 0) {
		error = ew_timer_new(host->inst, "stop", session_on_stop_timer, host,
				     &host->stop_timer);
	}
	if (error == 0) {
		error = ew_timer_new(host->inst, "state", session_on_state_timer, host,
				     &host->state_timer);
	}
	return error;
}

static void host_close(void *self)
{
	struct host *host = self;

	ew_timer_free(&host->tick_timer);
	ew_timer_free(&host->command_timer);
	ew_timer_free(&host->stop_timer);
	ew_timer_free(&host->state_timer);
	if (host->machine.ops != NULL) {
		machine_fini(&host->machine);
	}
	monitor_fini(&host->monitor);
	free(host->room.memory);
	free(host->memory);
	free(host);
}

static int host_machine(struct host *host)
{
	const struct host_settings *set = host->settings;
	const struct machine_settings settings = {
		.limits = { .groups = set->max_groups, .nodes = set->max_nodes,
			    .devices = set->max_devices_of_node, .metrics = set->max_metrics,
			    .name = set->max_name, .bytes = set->max_memory },
		.payload = { .bytes = set->max_payload, .metrics = set->max_metrics,
			     .items = 10 * set->max_metrics, .depth = value_limits.depth },
		.groups = set->groups, .group_count = set->group_count,
		.reorder_timeout = set->reorder_timeout,
		.reorder_messages = set->reorder_messages,
		.reorder_bytes = set->reorder_bytes,
		.is_passive = set->passive && !set->ask_births,
		.rebirth_pause = set->rebirth_pause, .rebirth_rate = set->rebirth_rate,
		.forget_after = set->forget_after,
	};
	uint64_t seed = 0;
	int error;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
		seed = (uint64_t)ew_wall(); /* no worse than what others have */
	}
	error = monitor_init(&host->monitor, set->monitor_topics, set->monitor_bytes, seed);
	return error == 0 ? machine_init(&host->machine, &settings, &tags_ops, host, seed) : error;
}

static int host_fill(struct host *host)
{
	const struct host_settings *set = host->settings;
	int error;

	host->id = set->host_id != NULL ? set->host_id : ew_gateway(host->inst)->name;
	host->room.size = (size_t)set->max_value;
	host->room.memory = malloc(host->room.size);
	host->memory_size = (size_t)set->max_payload + (size_t)set->max_value;
	host->memory = malloc(host->memory_size);
	error = host->room.memory != NULL && host->memory != NULL ? host_machine(host) : -ENOMEM;
	if (error == 0) {
		error = host_timers(host);
	}
	if (error == 0) {
		error = web_open(host);
	}
	if (error == 0) {
		error = monitor_open(&host->monitor, host->inst);
	}
	if (error == 0) {
		error = ew_uplink_join(host->inst, set->passive ? &passive_ops : &uplink_ops);
	}
	if (error == 0) {
		error = session_join(host);
	}
	if (error == -EINVAL || error == -EPROTO) {
		ew_log(host->inst, EW_LOG_ERROR, "not a host id or group host_id=%s", host->id);
	}
	return error;
}

static int host_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct host *host = calloc(1, sizeof(*host));
	int error;

	if (host == NULL) {
		return -ENOMEM;
	}
	host->inst = inst;
	host->settings = settings;
	error = host_fill(host);
	if (error != 0) {
		host_close(host);
		return error;
	}
	*self_out = host;
	return 0;
}

static int host_start(void *self)
{
	session_tell_health(self);
	return 0;
}

static void host_stop(void *self)
{
	struct host *host = self;

	monitor_stop(&host->monitor);
	session_stop(host);
}

static void host_write(void *self, struct ew_write *write)
{
	command_write(self, write);
}

EW_MODULE(
	.name = "sparkplug_host", .version = "1.0",
	.summary = "a Sparkplug B host: nodes on the broker become devices here",
	.options = options, .settings_size = sizeof(struct host_settings),
	.metrics = metrics, .metric_count = HOST_METRIC_COUNT,
	.check = host_check,
	.open = host_open, .start = host_start, .stop = host_stop, .close = host_close,
	.write = host_write);
