/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Births and deaths of devices. What a host knows of a device is compared with
 * what the bus says of it, and each difference is one message. A new round of
 * births makes all devices unborn and is nothing else.
 *
 * When the outbox is full the walk ends; room() begins it again.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>

/* A device that lived at least so long counts as one that does not flap. */
#define FLAP_CALM       (60 * EW_SECOND)
#define FLAP_PAUSE_MAX  (60 * EW_SECOND)

static bool tend_wants_birth(const struct model_device *device)
{
	return device->is_up && !device->is_removed && device->metric_count > 0;
}

/* Births are made in the edge's memory, which grows until they fit. */
static int tend_make(struct edge *edge, struct model_device *device,
		     struct sp_writer *writer)
{
	const struct birth birth = {
		.inst = edge->inst, .room = &edge->room, .now = value_ms(ew_wall()),
		.long_uint32 = edge->settings->long_uint32,
		.scratch = edge->scratch, .scratch_size = sizeof(edge->scratch),
	};
	int error;

	do {
		*writer = edge_writer(edge);
		error = birth_put_metrics(&birth, writer, device);
		if (error == 0 && device->is_node) {
			error = templates_put(&edge->templates, writer, birth.now);
		}
		if (error == 0 && device->is_node) {
			error = birth_put_controls(writer, edge->bdseq, birth.now);
		}
	} while (error == -EMSGSIZE && edge_more_memory(edge) == 0);
	return error;
}

static void tend_was_born(struct edge *edge, struct model_device *device)
{
	for (struct model_metric *metric = device->metrics; metric != NULL; metric = metric->next) {
		metric->is_born = true;
	}
	device->life = MODEL_BORN;
	device->is_stale = false;
	device->born_at = ew_now();
	device->born_mark = edge->pending.last;
	device->birth_order = edge->birth_round;
	device->report_ms = 0;
}

static int tend_give_birth(struct edge *edge, struct model_device *device)
{
	struct sp_writer writer;
	int error = edge_flush(edge, device); /* older than the birth: before it */

	if (error != 0) {
		return error;
	}
	error = tend_make(edge, device, &writer);
	if (error == 0) {
		error = edge_send(edge, device->is_node ? SP_NBIRTH : SP_DBIRTH, device, &writer);
	} else {
		ew_log(edge->inst, EW_LOG_ERROR, "no birth can be made device=%s error=%d",
		       device->path, error);
	}
	if (error == 0 || (error != -EAGAIN && error != -ENOTCONN)) {
		edge_count(edge, device->is_node ? EDGE_NBIRTHS : EDGE_DBIRTHS, error == 0);
		tend_was_born(edge, device); /* else it would be tried for ever */
		return 0;
	}
	return error;
}

/* The next birth waits, the longer the shorter this life was. */
static void tend_damp(struct edge *edge, struct model_device *device)
{
	ew_dur now = ew_now();

	if (now - device->born_at >= FLAP_CALM) {
		device->pause = 0;
		return;
	}
	device->pause = device->pause > 0 ? 2 * device->pause : edge->settings->flap_pause;
	if (device->pause > FLAP_PAUSE_MAX) {
		device->pause = FLAP_PAUSE_MAX;
	}
	device->not_before = now + device->pause;
	edge_count(edge, EDGE_FLAPS, 1);
}

static int tend_bury(struct edge *edge, struct model_device *device)
{
	struct sp_writer writer = edge_writer(edge);
	int error = edge_flush(edge, device);

	if (error == 0) {
		error = edge_send(edge, SP_DDEATH, device, &writer);
	}
	if (error == 0) {
		device->life = MODEL_UNBORN;
		edge_count(edge, EDGE_DDEATHS, 1);
		tend_damp(edge, device);
	}
	return error;
}

/* Definitions are the node's to say, so one that does not fit needs a round of births. */
static bool tend_has_template(struct edge *edge, struct model_device *device, ew_dur *wait)
{
	struct model_device *node = edge->model.node;

	if (!edge->settings->templates || edge_flush(edge, device) != 0 ||
	    templates_join(&edge->templates, device) == 0) {
		return true; /* or the outbox is full, and that is seen again */
	}
	if (!node->is_stale) {
		node->is_stale = true;
		*wait = 0;
	}
	return false;
}

/* One message, if one is due. wait: shortened to when the next is. */
static int tend_device(struct edge *edge, struct model_device *device, ew_dur *wait)
{
	bool wanted = tend_wants_birth(device);
	ew_dur now = ew_now();

	if (!wanted && device->life == MODEL_BORN) {
		return tend_bury(edge, device);
	}
	if (!wanted || (device->life == MODEL_BORN && !device->is_stale)) {
		return 0;
	}
	if (device->life == MODEL_UNBORN && now < device->not_before) {
		*wait = device->not_before - now < *wait ? device->not_before - now : *wait;
		return 0;
	}
	return tend_has_template(edge, device, wait) ? tend_give_birth(edge, device) : 0;
}

/* The node's own birth comes first and makes all the others due. */
static int tend_node(struct edge *edge)
{
	struct model_device *node = edge->model.node;
	int error;

	if (node->life == MODEL_BORN) {
		return 0;
	}
	edge->seq = 0;
	error = tend_give_birth(edge, node);
	if (error == 0) {
		edge->born_number = edge->number;
		edge->echoes[edge->echo_next++ % EDGE_ECHOES] = edge->sent_ms;
	}
	return error;
}

/* That takes a round of births, which are not to follow each other too closely. */
static bool tend_node_changed(const struct edge *edge, ew_dur *wait)
{
	ew_dur due = edge->last_rebirth + edge->settings->rebirth_pause;
	ew_dur now = ew_now();

	if (edge->node.state != NODE_ONLINE || !edge->model.node->is_stale) {
		return false;
	}
	if (edge->last_rebirth == 0 || now >= due) {
		return true;
	}
	*wait = due - now;
	return false;
}

static void tend_all_born(struct edge *edge)
{
	if (edge->node.state != NODE_BIRTH) {
		return;
	}
	node_born(&edge->node);
	if (!edge->is_released) {
		edge->is_released = true;
		(void)ew_uplink_release(edge->inst, edge->node.epoch); /* over: offline follows */
	}
	ew_log(edge->inst, EW_LOG_INFO, "births are out messages=%llu",
	       (unsigned long long)(edge->number - edge->born_number + 1));
	edge_tell_health(edge);
}

void edge_tend(struct edge *edge)
{
	struct model_device *device, *next;
	ew_dur wait = INT64_MAX;
	int error;

	if (edge->is_blocked ||
	    (edge->node.state != NODE_BIRTH && edge->node.state != NODE_ONLINE)) {
		return;
	}
	if (tend_node_changed(edge, &wait)) {
		edge_rebirth(edge, "the node's metrics changed");
		return;
	}
	error = tend_node(edge);
	for (device = model_next(&edge->model, edge->model.node); device != NULL && error == 0;
	     device = next) {
		next = model_next(&edge->model, device);
		error = tend_device(edge, device, &wait);
		if (error == 0 && device->is_removed && device->life == MODEL_UNBORN) {
			model_remove_device(&edge->model, device);
		}
	}
	if (error != 0) {
		return; /* room() or online() begin again */
	}
	if (wait != INT64_MAX) {
		ew_timer_set(edge->tend_timer, wait, 0);
	}
	tend_all_born(edge);
	edge_flow(edge);
}

void edge_on_tend(void *arg)
{
	edge_tend(arg);
}

void edge_begin_births(struct edge *edge)
{
	struct model_device *device = NULL;

	edge_drop_reports(edge);
	edge->birth_round++;
	while ((device = model_next(&edge->model, device)) != NULL) {
		device->life = MODEL_UNBORN;
		device->not_before = edge->model.node == device ? 0 : device->not_before;
	}
	if (edge->settings->templates &&
	    templates_make(&edge->templates, value_ms(ew_wall())) != 0) {
		ew_log(edge->inst, EW_LOG_ERROR, "not all templates can be made");
	}
	(void)alias_sync(edge->book); /* else they hold for this run only */
	edge_tend(edge);
}
