/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known, over HTTP: the nodes; a node with its devices and the last
 * value of each metric, as the bus has it.
 */
#include <string.h>

#include "modules/sparkplug_host/host.h"
#include "modules/sparkplug_host/show.h"
#include "proto/json/json_out.h"

static void reply(struct ew_http_request *req, struct bytes *body)
{
	const struct ew_http_response response = {
		.size = sizeof(response), .body = body->at, .body_size = body->size,
	};

	if (body->failed) {
		(void)ew_http_reply_error(&req, 503, "out of memory"); /* closed in any case */
	} else {
		(void)ew_http_reply(&req, &response); /* the same */
	}
	bytes_free(body);
}

/* `"key":`, and a comma before it unless it is the first. */
static void add_key(struct bytes *to, const char *key, bool is_first)
{
	bytes_text(to, is_first ? "" : ",");
	json_out_string(to, key);
	bytes_char(to, ':');
}

static void add_count(struct bytes *to, const char *key, uint64_t count)
{
	add_key(to, key, false);
	show_whole(to, count);
}

static void add_life(struct bytes *to, const struct model_device *device)
{
	add_key(to, "state", false);
	json_out_string(to, model_life_name(device->life));
	add_count(to, "since", device->since);
}

static void add_node(struct bytes *to, const struct model_node *node)
{
	add_key(to, "group", true);
	json_out_string(to, node->group->name);
	add_key(to, "node", false);
	json_out_string(to, node->name);
	add_life(to, node->self);
	add_count(to, "births", node->births);
	add_count(to, "deaths", node->deaths);
	add_count(to, "gaps", node->gaps);
	add_count(to, "rebirths", node->rebirths);
	if (node->rebirths > 0) {
		add_key(to, "last_rebirth", false);
		json_out_string(to, machine_cause_name((enum machine_cause)node->last_cause));
	}
}

static void on_nodes(void *arg, struct ew_http_request *req)
{
	const struct host *host = arg;
	const struct model_node *first = host->machine.model.nodes;
	struct bytes body = { 0 };

	bytes_char(&body, '[');
	for (const struct model_node *node = first; node != NULL; node = node->next) {
		bytes_text(&body, node == first ? "{" : ",\n{");
		add_node(&body, node);
		bytes_char(&body, '}');
	}
	bytes_text(&body, "]\n");
	reply(req, &body);
}

/* ---- one node ---- */

static void add_value(struct bytes *to, const struct ew_sample *sample)
{
	switch (sample->type) {
	case EW_BOOL:
		bytes_text(to, sample->v.b ? "true" : "false");
		return;
	case EW_I64:
		if (sample->v.i < 0) {
			bytes_char(to, '-');
			show_whole(to, -(uint64_t)sample->v.i);
			return;
		}
		show_whole(to, sample->v.u);
		return;
	case EW_U64:
		show_whole(to, sample->v.u);
		return;
	case EW_F64:
		show_float(to, sample->v.f, false);
		return;
	case EW_TEXT:
		bytes_char(to, '"');
		json_out_text(to, sample->v.x.at, sample->v.x.size);
		bytes_char(to, '"');
		return;
	case EW_BYTES:
		bytes_char(to, '"');
		json_out_base64(to, sample->v.x.at, sample->v.x.size);
		bytes_char(to, '"');
		return;
	default:
		bytes_text(to, "null");
		return;
	}
}

static void add_metric(struct host *host, struct bytes *to, const struct model_metric *metric)
{
	struct ew_sample sample;

	bytes_text(to, "{");
	add_key(to, "name", true);
	json_out_string(to, metric->name);
	add_key(to, "type", false);
	json_out_string(to, sp_type_name(metric->type));
	if (metric->by_alias.name.at != NULL) {
		add_count(to, "alias", metric->alias);
	}
	/* a text of an earlier birth may be longer than the tag takes by now */
	if (ew_read(host->inst, metric->tag, &sample, host->memory, host->memory_size) == 0 &&
	    (!ew_sample_has_bytes(&sample) || sample.v.x.size <= host->memory_size)) {
		add_key(to, "value", false);
		add_value(to, &sample);
		add_key(to, "quality", false);
		json_out_string(to, ew_quality_name(sample.quality));
		add_count(to, "timestamp", value_ms(sample.time));
	}
	bytes_char(to, '}');
}

static void add_device(struct host *host, struct bytes *to, const struct model_device *device)
{
	bytes_text(to, "{");
	add_key(to, "device", true);
	json_out_string(to, device->name);
	add_life(to, device);
	add_key(to, "metrics", false);
	bytes_char(to, '[');
	for (const struct model_metric *metric = device->metrics; metric != NULL;
	     metric = metric->next) {
		bytes_text(to, metric == device->metrics ? "" : ",\n");
		add_metric(host, to, metric);
	}
	bytes_text(to, "]}");
}

static void on_node(void *arg, struct ew_http_request *req)
{
	struct host *host = arg;
	const struct model_node *node = model_node(&host->machine.model,
						   sp_text(ew_http_param(req, "group")),
						   sp_text(ew_http_param(req, "node")));
	struct bytes body = { 0 };

	if (node == NULL) {
		(void)ew_http_reply_error(&req, 404, "no such node was seen"); /* closed */
		return;
	}
	bytes_char(&body, '{');
	add_node(&body, node);
	add_key(&body, "devices", false);
	bytes_char(&body, '[');
	for (const struct model_device *device = node->self; device != NULL;
	     device = device->next) {
		bytes_text(&body, device == node->self ? "" : ",\n");
		add_device(host, &body, device);
	}
	bytes_text(&body, "]}\n");
	reply(req, &body);
}

int web_open(struct host *host)
{
	const struct ew_http_spec nodes = {
		.size = sizeof(nodes), .methods = "GET", .path = "/api/sparkplug/nodes",
		.role = EW_ROLE_VIEWER, .handle = on_nodes, .arg = host,
		.summary = "the edge nodes that were seen",
	};
	const struct ew_http_spec node = {
		.size = sizeof(node), .methods = "GET",
		.path = "/api/sparkplug/nodes/{group}/{node}",
		.role = EW_ROLE_VIEWER, .handle = on_node, .arg = host,
		.summary = "an edge node, its devices and their last values",
	};
	int error = ew_http_handle(host->inst, &nodes);

	return error != 0 ? error : ew_http_handle(host->inst, &node);
}
