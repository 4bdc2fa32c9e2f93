/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask: which metric of which topic a tag is. */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void map_device(const struct edge *edge, const struct model_device *device,
		       struct ew_query *query)
{
	char topic[SP_TOPIC_MAX], name[2 * EW_PATH_MAX + 2];
	int error = edge_topic(edge, device->is_node ? SP_NDATA : SP_DDATA,
			       device->is_node ? NULL : device->topic_device, topic);

	for (const struct model_metric *metric = device->metrics; metric != NULL && error >= 0;
	     metric = metric->next) {
		(void)snprintf(name, sizeof(name), "%s:%s", device->path, metric->name);
		ew_query_text(query, "tag", name);
		ew_query_text(query, "topic", topic);
		ew_query_text(query, "metric", metric->name);
		ew_query_number(query, "alias", metric->alias);
		ew_query_row(query);
	}
}

int edge_on_query(void *self, struct ew_query *query)
{
	const struct edge *edge = self;
	const char *word = ew_query_word(query, 0), *path = ew_query_word(query, 1);
	const struct model_device *device = NULL;

	if (word == NULL || strcmp(word, "map") != 0) {
		return -ENOENT;
	}
	while ((device = model_next(&edge->model, device)) != NULL) {
		if (path == NULL || strcmp(path, device->path) == 0) {
			map_device(edge, device, query);
		}
	}
	return 0;
}
