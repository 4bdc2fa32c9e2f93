/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the node machine asks for, and what hosts and other publishers say that
 * concerns the node as a whole.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The longest that an own NDEATH may keep the stop waiting. */
#define LAST_WORDS  (2 * EW_SECOND)

void edge_count(struct edge *edge, enum edge_metric metric, uint64_t count)
{
	if (count > 0) {
		ew_metric_add(edge->inst, metric, (double)count);
	}
}

void edge_tell_health(struct edge *edge)
{
	switch (edge->node.state) {
	case NODE_OFFLINE:
		ew_health(edge->inst, EW_DEGRADED, "not connected");
		break;
	case NODE_WAITING:
		ew_health(edge->inst, EW_DEGRADED, "waits for the primary host");
		break;
	case NODE_BIRTH:
		ew_health(edge->inst, EW_DEGRADED, "births go out");
		break;
	case NODE_ONLINE:
		if (edge->is_doubled) {
			ew_health(edge->inst, EW_DEGRADED,
				  "another publisher has the same group and node");
		} else {
			ew_health(edge->inst, EW_UP, NULL);
		}
		break;
	case NODE_LEAVING:
		ew_health(edge->inst, EW_DEGRADED, "ends its session");
		break;
	}
}

void edge_stopped(struct edge *edge)
{
	if (!edge->is_stopped) {
		edge->is_stopped = true;
		ew_stopped(edge->inst);
	}
}

static void edge_leave(struct edge *edge, const char *why)
{
	uint64_t token = 0;
	int error = 0;

	edge_drop_reports(edge);
	if (edge->node.is_born) {
		error = edge_send_ndeath(edge, &token);
	}
	if (error != 0) {
		ew_log(edge->inst, EW_LOG_WARNING, "the will has to tell of the end: %s",
		       strerror(-error));
	}
	if (edge->is_stopping) {
		edge->stop_token = token;
		if (token != 0) {
			ew_timer_set(edge->wait_timer, LAST_WORDS, 0);
		} else {
			edge_stopped(edge);
		}
		return;
	}
	(void)ew_uplink_cycle(edge->inst, why); /* the will is ours */
}

void edge_step(struct edge *edge, enum node_step step, const char *why)
{
	if (step == NODE_STAY) {
		return;
	}
	ew_log(edge->inst, EW_LOG_INFO, "%s: %s",
	       step == NODE_LEAVE ? "ends its session" : "births begin", why);
	ew_timer_stop(edge->wait_timer);
	if (step == NODE_LEAVE) {
		edge_leave(edge, why);
	} else {
		edge->waiting_since = 0;
		edge_begin_births(edge);
	}
	edge_tell_health(edge);
}

/* Hosts ask in chorus: one birth answers all that come while it is young. */
void edge_rebirth(struct edge *edge, const char *why)
{
	ew_dur now = ew_now();

	if (edge->node.state == NODE_BIRTH ||
	    (edge->last_rebirth != 0 && now - edge->last_rebirth < edge->settings->rebirth_pause)) {
		edge_count(edge, EDGE_MERGED, 1);
		return;
	}
	edge->last_rebirth = now;
	edge_step(edge, node_rebirth(&edge->node), why);
}

void edge_on_state(struct edge *edge, const struct ew_uplink_received *message)
{
	bool was_online = edge->node.primary_online;
	struct sp_state state;

	if (message->payload_size == 0) {
		return; /* a retained STATE was deleted: nothing is said */
	}
	if (sp_state_decode((struct sp_bytes){ message->payload, message->payload_size },
			    &state) != 0) {
		edge_count(edge, EDGE_MALFORMED, 1);
		return;
	}
	if (!state.online && was_online && edge->node.is_born &&
	    state.timestamp >= edge->node.primary_time) {
		/* it was gone before it was missed: what it may not have seen goes out again */
		edge_count(edge, EDGE_PRIMARY_LOST, 1);
		edge_count(edge, EDGE_REWINDS,
			   pending_rewind_to(&edge->pending,
					     ew_now() - edge->settings->hold));
	}
	edge_step(edge, node_primary(&edge->node, &state),
		  state.online ? "the primary host is online" : "the primary host is offline");
}

/* The bdSeq of a birth or death. -EPROTO: there is none. */
static int edge_read_bdseq(const struct ew_uplink_received *message, uint64_t *time_out,
			   uint64_t *bdseq_out)
{
	struct sp_bytes bytes = { message->payload, message->payload_size };
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;

	if (sp_payload_decode(bytes, &value_limits, &payload, &metrics) != 0) {
		return -EPROTO;
	}
	*time_out = payload.has & SP_HAS_TIMESTAMP ? payload.timestamp : 0;
	while (sp_metric_next(&metrics, &metric) > 0) {
		if (metric.has & SP_HAS_NAME && sp_bytes_equal(metric.name, sp_text("bdSeq")) &&
		    sp_value_cut(&metric.value, SP_TYPE_INT64) == 0) {
			*bdseq_out = metric.value.u;
			return 0;
		}
	}
	return -EPROTO;
}

/* MQTT 3.1.1 brings back our own births too; they are known by their time. */
void edge_on_birth(struct edge *edge, const struct ew_uplink_received *message)
{
	uint64_t time = 0, bdseq = 0;

	if (edge_read_bdseq(message, &time, &bdseq) != 0) {
		edge_count(edge, EDGE_MALFORMED, 1);
		return;
	}
	for (unsigned i = 0; i < EDGE_ECHOES; i++) {
		if (edge->echoes[i] == time && bdseq == edge->bdseq) {
			return;
		}
	}
	edge_count(edge, EDGE_DUPLICATES, 1);
	edge->is_doubled = true;
	ew_log(edge->inst, EW_LOG_ERROR,
	       "another publisher has the same group and node group=%s node=%s bdseq=%" PRIu64,
	       edge->group, edge->node_id, bdseq);
	edge_tell_health(edge);
}

/* A late will with our own number would leave us dead in the eyes of all hosts. */
void edge_on_death(struct edge *edge, const struct ew_uplink_received *message)
{
	uint64_t time = 0, bdseq = 0;

	if (edge_read_bdseq(message, &time, &bdseq) != 0) {
		edge_count(edge, EDGE_MALFORMED, 1);
	} else if (bdseq == edge->bdseq && edge->node.state == NODE_ONLINE) {
		edge_rebirth(edge, "a death with the present bdSeq was published");
	}
}

/* What is left of the wait for the primary host; INT64_MAX: it is waited for without end. */
static ew_dur edge_wait_left(const struct edge *edge)
{
	ew_dur wait = edge->settings->primary_wait;

	return wait > 0 ? edge->waiting_since + wait - ew_now() : INT64_MAX;
}

void edge_wait(struct edge *edge)
{
	ew_dur left;

	if (edge->waiting_since == 0) {
		edge->waiting_since = ew_now();
	}
	left = edge_wait_left(edge);
	ew_timer_set(edge->wait_timer,
		     left < edge->settings->walk_after ? left : edge->settings->walk_after, 0);
}

/* For the primary host long enough, or for the acknowledgement of the NDEATH. */
void edge_on_wait(void *arg)
{
	struct edge *edge = arg;

	if (edge->is_stopping) {
		ew_timer_stop(edge->wait_timer);
		edge_stopped(edge);
		return;
	}
	if (edge_wait_left(edge) <= 0) {
		edge_step(edge, node_give_up_waiting(&edge->node),
			  "the primary host does not come");
	} else if (edge->node.state == NODE_WAITING) {
		edge_step(edge, node_leave(&edge->node), "the primary host is not at this server");
	}
}
