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

/* Batches that may be held after their confirmation; the bus gives out 1,024 a route. */
#define HELD_MAX      512u
/* That many without a confirmation are sent, and a fence behind them, before it is time. */
#define PRESSED       256u

int edge_flush(struct edge *edge, struct model_device *device)
{
	int error;

	if (gather_close(device) != 0) {
		edge_count(edge, EDGE_UNFIT, 1);
	}
	if (gather_size(device) == 0) {
		return 0;
	}
	error = edge_send(edge, device->is_node ? SP_NDATA : SP_DDATA, device, &device->report);
	if (error == 0) {
		edge_count(edge, EDGE_REPORTS, 1);
		gather_clear(device);
	}
	return error;
}

/* An earlier birth may have said it and be lost with its connection; this one says what is last. */
static bool flow_is_in_birth(const struct edge *edge, const struct ew_sample *sample)
{
	struct ew_sample last;

	return ew_view(edge->inst, sample->tag, &last) == 0 && last.time <= sample->time;
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
	if (is_repeat && historical && flow_is_in_birth(edge, sample)) {
		return 0;
	}
	if (gather_has_to_flush(metric, value_ms(sample->time), historical) &&
	    edge_flush(edge, device) == -EAGAIN) {
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
	if (gather_put(metric, sample, &value, historical) != 0) {
		edge_count(edge, EDGE_UNFIT, 1);
		return 0;
	}
	edge_count(edge, EDGE_VALUES, 1);
	edge_count(edge, EDGE_HISTORICAL, historical);
	if (gather_size(device) >= edge->settings->report_size) {
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
		gather_clear(device);
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
