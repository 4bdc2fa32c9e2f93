/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model on the bus: devices GROUP/NODE and GROUP/NODE/DEVICE, metrics as
 * tags. What dies or cannot be heard any more leaves its last values there,
 * marked stale with the time of that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/sparkplug_host/host.h"

#define TAGS_BODY_MAX  (4 * SP_ID_MAX + 128u)

static int tags_path(const struct model_device *device, char *path_out)
{
	const struct model_node *node = device->node;
	int size = snprintf(path_out, EW_PATH_MAX + 1, "%s/%s%s%s", node->group->name, node->name,
			    device->name[0] != '\0' ? "/" : "", device->name);

	return size > EW_PATH_MAX ? -ENAMETOOLONG : 0;
}

static int tags_device(void *arg, struct model_device *device, const struct sp_metric *instance,
		       const struct model_definition *definition)
{
	struct host *host = arg;
	char path[EW_PATH_MAX + 1], parent[EW_PATH_MAX + 1];
	struct ew_device_spec spec = { .size = sizeof(spec), .path = path };
	int error = tags_path(device, path);

	if (error == 0 && device->name[0] != '\0') {
		spec.parent = parent;
		error = tags_path(device->node->self, parent);
	}
	if (error == 0 && instance != NULL) {
		spec_fill_device(&spec, instance, definition->name, definition->value, &host->spec);
	}
	if (error == 0) {
		error = ew_device_declare(host->inst, &spec, &device->id);
	}
	if (error == 0) {
		command_born(host, device);
	}
	return error;
}

static int tags_metric(void *arg, struct model_metric *metric, const struct sp_metric *birth)
{
	struct host *host = arg;
	struct ew_tag_spec spec;
	int error;

	spec_fill(&spec, birth, metric->name, (uint32_t)host->settings->max_value, &host->spec);
	metric->has_last = false;
	metric->max_bytes = spec.max_bytes;
	metric->is_writable = (spec.access & EW_ACCESS_WRITE) != 0;
	metric->is_executable = (spec.access & EW_ACCESS_EXECUTE) != 0;
	error = spec.type != 0 ? ew_tag_declare(host->inst, metric->device->id, &spec,
						&metric->tag) : -EINVAL;
	if (error != 0) {
		metric->tag = EW_NO_ID;
	}
	return error;
}

static void tags_drop_metric(void *arg, struct model_metric *metric)
{
	struct host *host = arg;

	command_forget(host, metric);
	if (metric->tag != EW_NO_ID) {
		(void)ew_tag_remove(host->inst, metric->tag); /* it is ours and there */
	}
}

static void tags_drop_device(void *arg, struct model_device *device)
{
	struct host *host = arg;

	command_lost(host, device);
	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		command_forget(host, m);
	}
	if (device->id != EW_NO_ID) {
		(void)ew_device_remove(host->inst, device->id); /* it is ours and there */
	}
}

/* One that the bus refuses must not take the others with it. */
static void tags_flush(void *arg)
{
	struct host *host = arg;
	size_t count = host->sample_count;

	host->sample_count = 0;
	if (count == 0 || ew_publish(host->inst, host->samples, count, NULL) == 0) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (ew_publish(host->inst, &host->samples[i], 1, NULL) != 0) {
			machine_count(&host->machine, MACHINE_COUNT_DROP_UNFIT, 1);
		}
	}
}

static void tags_add(struct host *host, const struct ew_sample *sample)
{
	if (host->sample_count == HOST_SAMPLES_MAX) {
		tags_flush(host);
	}
	host->samples[host->sample_count++] = *sample;
}

static bool tags_uses_room(unsigned type)
{
	return type == SP_TYPE_BOOLEAN_ARRAY || type == SP_TYPE_DATETIME_ARRAY;
}

/* Times that ns cannot count are none. */
static ew_time tags_time(uint64_t ms)
{
	return ms <= INT64_MAX / 1000000 ? (ew_time)ms * 1000000 : 0;
}

static int tags_value(void *arg, struct model_metric *metric, const struct machine_value *value)
{
	struct host *host = arg;
	const struct sp_metric *source = value->metric;
	struct ew_sample sample = ew_sample_none(metric->tag, tags_time(value->ms));
	int error = 0;

	if (tags_uses_room(metric->type)) {
		tags_flush(host);
	}
	if (!source->is_null && source->value.carrier != SP_NONE) {
		error = value_decode(metric->type, &source->value, &host->room, &sample);
		sample.flags = 0;
	}
	if (error == 0 && ew_sample_has_bytes(&sample) && sample.v.x.size > metric->max_bytes) {
		error = -EMSGSIZE;
	}
	if (error != 0) {
		return error;
	}
	sample.quality = spec_quality(source);
	sample.flags |= (source->is_historical ? EW_HISTORICAL : 0) |
			(source->is_transient ? EW_TRANSIENT : 0);
	tags_add(host, &sample);
	if (tags_uses_room(metric->type)) {
		tags_flush(host);
	}
	if (source->is_historical) {
		return 0;
	}
	metric->last = sample;
	metric->has_last = true;
	if (!value->is_birth) {
		ew_metric_observe(host->inst, HOST_LATENCY,
				  (double)(host->arrived - sample.time) / (double)EW_SECOND);
	}
	command_saw(host, metric, &sample);
	return 0;
}

/* The last value again, as one of which nobody knows whether it holds. */
static void tags_age(struct host *host, const struct model_metric *metric, ew_time time)
{
	struct ew_sample sample = metric->last;

	if (metric->tag == EW_NO_ID) {
		return;
	}
	if (!metric->has_last) {
		sample = ew_sample_none(metric->tag, time);
		sample.quality = EW_BAD | EW_REASON_NO_VALUE;
	} else if (ew_sample_has_bytes(&sample)) {
		tags_flush(host); /* the buffer is one for all */
		if (ew_read(host->inst, metric->tag, &sample, host->memory,
			    host->memory_size) != 0) {
			return;
		}
	}
	sample.time = time;
	sample.flags &= EW_NULL | EW_TRANSIENT;
	if (EW_QUALITY_CLASS(sample.quality) != EW_BAD) {
		sample.quality = EW_UNCERTAIN | EW_REASON_STALE;
	}
	tags_add(host, &sample);
}

static void tags_event(struct host *host, const struct model_device *device)
{
	static const char *const kinds[2][2] = {
		{ "sparkplug.node_birth", "sparkplug.node_death" },
		{ "sparkplug.device_birth", "sparkplug.device_death" },
	};
	bool is_dead = device->life == MODEL_DEAD;
	char path[EW_PATH_MAX + 1];
	char body[TAGS_BODY_MAX];
	struct ew_event event = {
		.size = sizeof(event), .kind = kinds[device->name[0] != '\0'][is_dead],
		.severity = is_dead ? EW_SEVERITY_WARNING : EW_SEVERITY_INFO,
		.device = device->id, .time = tags_time(device->since), .key = path, .body = body,
	};

	if (device->life == MODEL_STALE || tags_path(device, path) != 0) {
		return; /* that we are not connected is said of the uplink */
	}
	(void)snprintf(body, sizeof(body), "{\"births\":%llu,\"deaths\":%llu,\"bdSeq\":%llu}",
		       (unsigned long long)device->node->births,
		       (unsigned long long)device->node->deaths,
		       (unsigned long long)device->node->bdseq);
	(void)ew_event_publish(host->inst, &event); /* without memory it is not told */
}

static void tags_state(void *arg, struct model_device *device, const char *why)
{
	struct host *host = arg;
	static const enum ew_state states[] = {
		[MODEL_UNBORN] = EW_DEVICE_DOWN, [MODEL_ALIVE] = EW_DEVICE_UP,
		[MODEL_STALE] = EW_DEVICE_STALE, [MODEL_DEAD] = EW_DEVICE_DOWN,
	};

	if (device->life != MODEL_ALIVE) {
		tags_flush(host);
		for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
			tags_age(host, m, tags_time(device->since));
		}
		tags_flush(host);
		command_lost(host, device);
	}
	(void)ew_device_state(host->inst, device->id, states[device->life], why);
	tags_event(host, device);
}

static int tags_ask(void *arg, struct model_node *node, enum machine_cause cause)
{
	struct host *host = arg;
	int error = session_ask(host, node);

	if (error == 0) {
		host_count(host, (enum host_metric)(HOST_CAUSE_FIRST + (unsigned)cause), 1);
		ew_log(host->inst, EW_LOG_INFO, "a rebirth is asked for group=%s node=%s cause=%s",
		       node->group->name, node->name, machine_cause_name(cause));
	}
	return error;
}

static void tags_count(void *arg, enum machine_count what, uint64_t count)
{
	host_count(arg, (enum host_metric)what, count);
}

const struct machine_ops tags_ops = {
	.device = tags_device,
	.metric = tags_metric,
	.drop_metric = tags_drop_metric,
	.drop_device = tags_drop_device,
	.state = tags_state,
	.value = tags_value,
	.flush = tags_flush,
	.ask = tags_ask,
	.count = tags_count,
};
