/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask: how the session is, and which metric of which topic a tag is. */
#include "modules/sparkplug/edge.h"

#include <stdio.h>
#include <string.h>

static void map_device(const struct edge *edge, const struct model_device *device,
		       struct ew_query *query)
{
	const struct model_metric *instance = device->instance.metric;
	char topic[SP_TOPIC_MAX], name[2 * EW_PATH_MAX + 2], member[2 * EW_NAME_MAX + 2];
	int error = edge_topic(edge, device->is_node ? SP_NDATA : SP_DDATA,
			       device->is_node ? NULL : device->topic_device, topic);

	for (const struct model_metric *metric = device->metrics; metric != NULL && error >= 0;
	     metric = metric->next) {
		(void)snprintf(name, sizeof(name), "%s:%s", device->path, metric->name);
		ew_query_text(query, "tag", name);
		ew_query_text(query, "topic", topic);
		(void)snprintf(member, sizeof(member), "%s%s%s",
			       metric->is_member ? instance->name : "",
			       metric->is_member ? "/" : "", metric->name);
		ew_query_text(query, "metric", member);
		ew_query_number(query, "alias",
				metric->is_member ? instance->alias : metric->alias);
		ew_query_row(query);
	}
}

int edge_map(void *self, struct ew_query *query)
{
	const struct edge *edge = self;
	const char *path = ew_query_word(query, 1);
	const struct model_device *device = NULL;

	while ((device = model_next(&edge->model, device)) != NULL) {
		if (path == NULL || strcmp(path, device->path) == 0) {
			map_device(edge, device, query);
		}
	}
	return 0;
}

static const char *session_primary(const struct node *node)
{
	return !node->has_primary ? "none" : !node->primary_known ? "unknown"
	       : node->primary_online ? "online" : "offline";
}

int edge_session(void *self, struct ew_query *query)
{
	const struct edge *edge = self;
	const struct model_device *device = NULL;
	uint32_t devices = 0, born = 0, metrics = 0;

	while ((device = model_next(&edge->model, device)) != NULL) {
		devices += !device->is_node;
		born += !device->is_node && device->life == MODEL_BORN;
		metrics += device->metric_count;
	}
	ew_query_text(query, "group", edge->group);
	ew_query_text(query, "node", edge->node_id);
	ew_query_text(query, "state", node_state_name(edge->node.state));
	ew_query_text(query, "primary_host", session_primary(&edge->node));
	ew_query_number(query, "bdseq", edge->bdseq);
	ew_query_number(query, "seq", edge->seq);
	ew_query_number(query, "devices", devices);
	ew_query_number(query, "born", born);
	ew_query_number(query, "metrics", metrics);
	ew_query_number(query, "batches_unsent",
			(double)(edge->pending.last - edge->pending.taken));
	ew_query_number(query, "unconfirmed", (double)(edge->pending.taken
						       - edge->pending.confirmed));
	return 0;
}
