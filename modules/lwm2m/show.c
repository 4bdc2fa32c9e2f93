/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask: see show.h. */
#include "modules/lwm2m/show.h"

#include <stdio.h>
#include <string.h>

#include <edgeway/bus.h>
#include <edgeway/loop.h>
#include <edgeway/tag.h>

void show_registration(const struct endpoint *endpoint, struct ew_query *query)
{
	const struct client *client = &endpoint->client;
	char topic[LWM2M_TOPIC_MAX] = "";
	size_t observations = 0;

	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		observations += client->observe.list[i].is_used;
	}
	/* the first that it listens to; it has been said before, so it can be */
	(void)endpoint->module->profile->filter(&endpoint->end, 0, topic);
	ew_query_text(query, "topic", topic);
	ew_query_text(query, "state", client_state_name(client->state));
	ew_query_number(query, "lifetime_s", (double)client->lifetime);
	if (client->refreshed != 0) {
		ew_query_number(query, "refreshed_s_ago",
				(double)((ew_now() - client->refreshed) / EW_SECOND));
	} else {
		ew_query_text(query, "refreshed_s_ago", "never");
	}
	ew_query_number(query, "observations", (double)observations);
	ew_query_bool(query, "muted", client->muted);
	ew_query_number(query, "batches_waiting", (double)client->bulk.batch_count);
}

void show_map(const struct lwm2m *self, struct ew_query *query)
{
	struct ew_instance *inst = self->inst;
	const char *device = ew_query_word(query, 1);

	for (uint32_t tag = 0; tag < self->index.room; tag++) {
		const struct tree_entry *entry = tree_index_find(&self->index, tag);
		const struct ew_tag_info *info = entry != NULL ? ew_tag(inst, tag) : NULL;
		const struct ew_device_info *owner =
			info != NULL ? ew_device(inst, info->device) : NULL;
		char name[EW_PATH_MAX + EW_NAME_MAX + 2], text[LWM2M_PATH_MAX];
		struct lwm2m_path path;

		if (owner == NULL || (device != NULL && strcmp(owner->spec.path, device) != 0)) {
			continue;
		}
		path = tree_path(entry);
		(void)lwm2m_path_format(&path, text);
		(void)snprintf(name, sizeof(name), "%s:%s", owner->spec.path, info->spec.name);
		ew_query_text(query, "tag", name);
		ew_query_text(query, "path", text);
		ew_query_row(query);
	}
}
