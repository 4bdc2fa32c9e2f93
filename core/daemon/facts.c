/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that only the daemon knows, for the gateway device and for status.
 */
#include <string.h>

#include "core/daemon/run.h"

static void facts_add_instances(struct daemon *daemon, struct gateway_facts *facts)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		const struct member *member = list_entry(node, struct member, node);

		if (member->inst != NULL && instance_state(member->inst) == INSTANCE_RUNNING) {
			facts->instances_running++;
		}
		if (member_is_down(member)) {
			facts->instances_down++;
		}
	}
}

static void facts_add_certificate(struct gateway_facts *facts, ew_time until)
{
	if (until != 0 && (facts->certificate_until == 0 || until < facts->certificate_until)) {
		facts->certificate_until = until;
	}
}

/* Sessions that are not online come first, the others do not say much. */
static void facts_add_uplinks(struct daemon *daemon, struct gateway_facts *facts)
{
	for (size_t i = 0; i < uplinks_count(daemon->uplinks); i++) {
		struct uplink_status status;

		uplink_status(uplinks_at(daemon->uplinks, i), &status);
		if (facts->uplink_state == NULL || !status.online) {
			facts->uplink_state = status.state;
		}
		facts->uplink_reconnects += status.connects > 0 ? status.connects - 1 : 0;
		for (size_t class = 0; class < EW_TRAFFIC_COUNT; class++) {
			facts->uplink_backlog += status.classes[class].bytes;
		}
		facts_add_certificate(facts, status.own_until);
	}
}

void facts_fill(void *arg, struct gateway_facts *facts_out)
{
	struct gateway_facts facts = { 0 };
	struct daemon *daemon = arg;
	struct http_stats http;

	facts.config_hash = daemon->config->hash;
	facts_add_instances(daemon, &facts);
	http_read_stats(daemon->http, &http);
	facts_add_certificate(&facts, http.certificate_until * EW_SECOND);
	facts_add_uplinks(daemon, &facts);
	*facts_out = facts;
}
