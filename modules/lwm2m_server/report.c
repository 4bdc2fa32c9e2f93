/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask at the gateway itself: `edgewayctl ask INSTANCE`. */
#include <string.h>

#include "modules/lwm2m_server/lwm2m_server.h"

static int report_clients(void *arg, struct ew_query *query)
{
	const struct lwm2m_server *self = arg;
	const char *only = ew_query_word(query, 1);
	ew_dur now = ew_now();

	for (const struct peer *peer = self->server.peers.first; peer != NULL; peer = peer->next) {
		size_t watches = 0;

		if (only != NULL && strcmp(only, peer->endpoint) != 0) {
			continue;
		}
		for (const struct peer_watch *w = peer->watches; w != NULL; w = w->next) {
			watches++;
		}
		ew_query_text(query, "client", peer->endpoint);
		ew_query_text(query, "version", peer->version);
		ew_query_number(query, "lifetime", (double)peer->lifetime);
		ew_query_number(query, "left", (double)((peer->ends - now) / EW_SECOND));
		ew_query_number(query, "devices", (double)peer->device_count);
		ew_query_number(query, "observations", (double)watches);
		ew_query_number(query, "pending", (double)peer->pending_count);
		ew_query_row(query);
	}
	return 0;
}

static int report_firmware(void *arg, struct ew_query *query)
{
	const struct lwm2m_server *self = arg;

	for (size_t i = 0; i < FIRMWARE_SLOTS; i++) {
		for (const struct firmware_job *job = self->firmware.slots[i]; job != NULL;
		     job = job->next) {
			ew_query_text(query, "client", job->endpoint);
			ew_query_text(query, "state", firmware_state_name(job->state));
			ew_query_text(query, "why", job->why);
			ew_query_text(query, "from", job->uri != NULL ? job->uri : "package");
			ew_query_row(query);
		}
	}
	return 0;
}

static void report_status(void *arg, const struct store_status *row)
{
	struct ew_query *query = arg;

	if (row->state >= 0 && row->state <= DESIRED_FAILED) {
		ew_query_text(query, "state", row->name);
		ew_query_text(query, "client", row->endpoint);
		ew_query_text(query, "is", desired_status_name((enum desired_status)row->state));
		ew_query_number(query, "result", row->result);
		ew_query_row(query);
	}
}

static int report_desired(void *arg, struct ew_query *query)
{
	const struct lwm2m_server *self = arg;
	int rc = 0;

	for (const struct desired *desired = self->desired.first; desired != NULL && rc == 0;
	     desired = desired->next) {
		rc = store_load_statuses(self->store, desired->name, query, report_status);
	}
	return rc;
}

const struct ew_question report_questions[] = {
	{ "clients", "[CLIENT]", "clients that are registered", report_clients },
	{ "firmware", NULL, "firmware updates, and where they are", report_firmware },
	{ "desired", NULL, "desired states, and how each client is", report_desired },
	EW_QUESTION_END
};
