/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples into DATA. Batches wait in the order of their delivery; while the
 * node is online each is put into the reports of its devices, which leave when
 * they are big enough or the delay has passed. A sample that its device's birth
 * already covers is historical.
 *
 * Nothing here allocates once the reports have grown to their size.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sparkplug/reading.h"

#define REPORT_FIRST  1024u     /* bytes of a report in the beginning */
/* Batches that may be held after their confirmation; the bus gives out 1,024 a route. */
#define HELD_MAX      512u
/* That many without a confirmation are sent, and a fence behind them, before it is time. */
#define PRESSED       256u

static void flow_begin(struct model_device *device)
{
	device->report.at = device->report.begin;
	device->report_ms = 0;
	device->report_number++;
}

int edge_flush(struct edge *edge, struct model_device *device)
{
	int error;

	if (device->report.at == device->report.begin) {
		return 0;
	}
	error = edge_send(edge, device->is_node ? SP_NDATA : SP_DDATA, device, &device->report);
	if (error == 0) {
		edge_count(edge, EDGE_REPORTS, 1);
		flow_begin(device);
	}
	return error;
}

static int flow_grow(struct edge *edge, struct model_device *device, size_t wanted)
{
	struct sp_writer *report = &device->report;
	size_t used = (size_t)(report->at - report->begin);
	size_t size = report->begin != NULL ? (size_t)(report->end - report->begin) : REPORT_FIRST;
	uint8_t *memory;

	(void)edge;
	while (size < used + wanted) {
		size *= 2;
	}
	memory = realloc(report->begin, size + 2 * SP_SLACK); /* for edge_send() */
	if (memory == NULL) {
		return -ENOMEM;
	}
	sp_writer_init(report, memory, size);
	report->at = memory + used;
	return 0;
}

/* What is not alias, time and a good number. */
static int flow_put_metric(struct model_device *device, const struct sp_metric *metric,
			   uint16_t quality)
{
	uint8_t memory[SP_SLACK + 64];
	const struct sp_item item = {
		.name = sp_text("Quality"), .type = SP_TYPE_INT32,
		.value = sp_value_whole(SP_TYPE_INT32, value_quality(quality)),
	};
	struct sp_metric whole = *metric;
	struct sp_writer set;

	if (quality != EW_GOOD) {
		sp_writer_init(&set, memory, sizeof(memory));
		(void)sp_property_put(&set, &item); /* it fits */
		whole.has |= SP_HAS_PROPERTIES;
		whole.properties = sp_written(&set);
	}
	return sp_metric_put(&device->report, &whole);
}

static int flow_put(struct edge *edge, struct model_metric *source,
		    const struct ew_sample *sample, const struct sp_value *value, bool historical)
{
	struct model_device *device = source->device;
	const struct sp_metric metric = {
		.has = SP_HAS_ALIAS | SP_HAS_TIMESTAMP, .alias = source->alias,
		.timestamp = value_ms(sample->time), .is_historical = historical,
		.is_transient = (sample->flags & EW_TRANSIENT) != 0,
		.is_null = value->carrier == SP_NONE, .value = *value,
	};
	const struct sp_reading reading = { source->alias, metric.timestamp, *value };
	size_t wanted = 2 * SP_SLACK + (value->carrier >= SP_TEXT ? value->x.size : 0);
	int error = 0;

	if ((size_t)(device->report.end - device->report.at) < wanted ||
	    device->report.begin == NULL) {
		error = flow_grow(edge, device, wanted);
	}
	if (error == 0 && !historical && !metric.is_transient && sample->quality == EW_GOOD &&
	    value->carrier >= SP_INT && value->carrier <= SP_BOOL) {
		device->report.at = sp_reading_put(device->report.at, &reading);
	} else if (error == 0) {
		error = flow_put_metric(device, &metric, sample->quality);
	}
	return error;
}

/* Oldest first, and no two values of one metric with one time. */
static bool flow_has_to_flush(const struct model_metric *metric, uint64_t ms, bool historical)
{
	const struct model_device *device = metric->device;

	if (device->report.at == device->report.begin) {
		return false;
	}
	return (!historical && ms < device->report_ms) ||
	       (device->report_ms != 0 && metric->last_report == device->report_number &&
		metric->last_ms == ms);
}

/*
 * One sample. -EAGAIN: the outbox is full, or no birth has named the metric
 * yet; the sample was not taken. Nothing else stops the flow.
 */
static int flow_sample(struct edge *edge, const struct ew_sample *sample, bool is_repeat,
		       uint64_t index)
{
	struct model_metric *metric = model_metric(&edge->model, sample->tag);
	struct model_device *device = metric != NULL ? metric->device : NULL;
	uint64_t ms = value_ms(sample->time);
	struct sp_value value;
	bool historical;

	if (device == NULL || device->life != MODEL_BORN) {
		edge_count(edge, EDGE_SKIPPED, 1);
		return 0;
	}
	if (!metric->is_born) {
		return -EAGAIN; /* edge_tend() goes on behind the birth that names it */
	}
	historical = index < device->born_mark || (sample->flags & EW_HISTORICAL) != 0;
	if (is_repeat && index < device->born_mark) {
		return 0; /* the birth said it */
	}
	if (flow_has_to_flush(metric, ms, historical) && edge_flush(edge, device) == -EAGAIN) {
		return -EAGAIN;
	}
	if (value_encode(metric->type, sample, &edge->room, &value) != 0) {
		edge_count(edge, EDGE_UNFIT, 1);
		return 0;
	}
	if (edge->settings->long_uint32 && metric->type == SP_TYPE_UINT32 &&
	    value.carrier == SP_INT) {
		value.carrier = SP_LONG;
	}
	if (flow_put(edge, metric, sample, &value, historical) != 0) {
		edge_count(edge, EDGE_UNFIT, 1);
		return 0;
	}
	metric->last_report = device->report_number;
	metric->last_ms = ms;
	device->report_ms = !historical && ms > device->report_ms ? ms : device->report_ms;
	edge_count(edge, EDGE_VALUES, 1);
	edge_count(edge, EDGE_HISTORICAL, historical);
	if ((size_t)(device->report.at - device->report.begin) >= edge->settings->report_size) {
		(void)edge_flush(edge, device); /* full: it is tried again with the next one */
	}
	return 0;
}

/* All samples of the batch? */
static bool flow_batch(struct edge *edge, uint64_t index)
{
	const struct ew_batch *batch = pending_at(&edge->pending, index)->batch;
	bool is_repeat = (batch->flags & (EW_BATCH_INITIAL | EW_BATCH_RESYNC)) != 0;

	while (edge->batch_next < batch->count) {
		if (flow_sample(edge, &batch->samples[edge->batch_next], is_repeat, index) != 0) {
			return false;
		}
		edge->batch_next++;
	}
	edge->batch_next = 0;
	return true;
}

static bool flow_is_pressed(const struct edge *edge)
{
	return edge->pending.taken - edge->pending.confirmed >= PRESSED &&
	       edge->fence_number == 0;
}

static void flow_fence(struct edge *edge)
{
	if (edge->pending.confirmed < edge->pending.taken &&
	    (ew_now() >= edge->next_fence || flow_is_pressed(edge))) {
		edge_send_fence(edge);
	}
}

/* Every report leaves; then all that was taken is in messages. */
static void flow_flush_all(struct edge *edge)
{
	struct model_device *device = NULL;

	while ((device = model_next(&edge->model, device)) != NULL) {
		if (edge_flush(edge, device) == -EAGAIN) {
			return;
		}
	}
	pending_sent(&edge->pending, edge->number, ew_now());
	flow_fence(edge);
}

void edge_flow(struct edge *edge)
{
	struct pending *pending = &edge->pending;

	if (edge->node.state != NODE_ONLINE) {
		return;
	}
	while (!edge->is_blocked && pending->taken < pending->last &&
	       flow_batch(edge, pending->taken)) {
		pending->taken++;
	}
	if ((edge->settings->report_delay == 0 || flow_is_pressed(edge)) && !edge->is_blocked) {
		flow_flush_all(edge);
	} else if (pending->confirmed < pending->taken && !edge->is_report_due) {
		edge->is_report_due = true;
		ew_timer_set(edge->report_timer, edge->settings->report_delay, 0);
	}
}

void edge_on_report(void *arg)
{
	struct edge *edge = arg;

	edge->is_report_due = false;
	if (edge->node.state == NODE_ONLINE && !edge->is_blocked) {
		flow_flush_all(edge);
	}
}

void edge_drop_reports(struct edge *edge)
{
	struct model_device *device = NULL;

	while ((device = model_next(&edge->model, device)) != NULL) {
		flow_begin(device);
	}
	edge->batch_next = 0;
	pending_untake(&edge->pending);
}

/* Give up what was held long enough, or is too much to be held. */
static void flow_finish(struct edge *edge)
{
	struct pending *pending = &edge->pending;
	ew_dur hold = edge->settings->primary_host != NULL ? edge->settings->hold : 0;
	const struct ew_batch *batch;

	for (;;) {
		bool full = pending->confirmed - pending->first > HELD_MAX;

		batch = pending_finish(pending, full ? INT64_MAX : ew_now() - hold + 1);
		if (batch == NULL) {
			return;
		}
		(void)ew_ack(edge->inst, batch->route, batch->position, batch->position); /* open */
	}
}

void edge_on_hold(void *arg)
{
	struct edge *edge = arg;

	flow_finish(edge);
	if (edge->node.state != NODE_ONLINE) {
		return;
	}
	if (flow_is_pressed(edge) && !edge->is_blocked) {
		flow_flush_all(edge);
	} else {
		flow_fence(edge);
	}
}

/* A message that has a seq did not leave: hosts see a hole, and data is lost. */
static void flow_lost(struct edge *edge, const struct ew_uplink_ack *ack)
{
	if (ack->token < edge->born_number) {
		return; /* before this round of births */
	}
	edge_count(edge, EDGE_REWINDS, pending_rewind(&edge->pending));
	edge_rebirth(edge, "a message could not be sent");
}

void edge_on_ack(struct edge *edge, const struct ew_uplink_ack *ack)
{
	uint64_t confirmed = edge->pending.confirmed;

	if ((ack->token & EDGE_TOKEN) == 0) {
		if (ack->status != 0 && edge->node.state == NODE_ONLINE) {
			flow_lost(edge, ack);
		}
		return;
	}
	if (ack->token == edge->stop_token) {
		edge->stop_token = 0;
		edge_on_wait(edge);
		return;
	}
	if (ack->token != edge->fence_token || edge->fence_number == 0) {
		return;
	}
	/* refused or not: the broker has read it, unless it never left this connection */
	if (ack->epoch == edge->node.epoch && ack->status != -ECANCELED &&
	    ack->status != -ECONNRESET && ack->status != -ETIMEDOUT) {
		pending_confirm(&edge->pending, edge->fence_number);
		edge_count(edge, EDGE_CONFIRMED, edge->pending.confirmed - confirmed);
	}
	edge->fence_number = 0;
	flow_finish(edge);
	edge_on_hold(edge);
}

void edge_reflect(struct edge *edge, const uint32_t *tags, size_t count)
{
	struct ew_sample sample;

	if (edge->node.state != NODE_ONLINE || edge->is_blocked) {
		return; /* births say it */
	}
	for (size_t i = 0; i < count; i++) {
		if (ew_view(edge->inst, tags[i], &sample) == 0) {
			sample.time = ew_wall();
			(void)flow_sample(edge, &sample, false, UINT64_MAX); /* the next says it */
		}
	}
	if (!edge->is_report_due) {
		edge->is_report_due = true;
		ew_timer_set(edge->report_timer, edge->settings->report_delay, 0);
	}
}
