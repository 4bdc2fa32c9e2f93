/* SPDX-License-Identifier: Apache-2.0 */
/* Desired states of clients: see desired.h. */
#include "modules/lwm2m_server/desired.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/request.h"

enum run_phase {
	RUN_READ, RUN_WRITE, RUN_VERIFY
};

/* One state being applied to one client. */
struct desired_run {
	struct ask_caller caller;       /* first: the run is where its caller is */
	struct lwm2m_server *self;
	struct desired_run *next;
	struct desired_run **at;        /* what points here */
	enum run_phase phase;
	uint64_t version;               /* of the state */
	char name[DESIRED_NAME_MAX + 1];
	char endpoint[];
};

static const char *const status_names[] = {
#define DESIRED_STATUS_NAME(name, word) [DESIRED_##name] = (word),
	DESIRED_STATUSES(DESIRED_STATUS_NAME)
#undef DESIRED_STATUS_NAME
};

const char *desired_status_name(enum desired_status status)
{
	return status_names[status];
}

static struct desired **desired_at(struct desired_states *states, const char *name)
{
	struct desired **at = &states->first;

	while (*at != NULL && strcmp((*at)->name, name) != 0) {
		at = &(*at)->next;
	}
	return at;
}

const struct desired *desired_find(const struct lwm2m_server *self, const char *name)
{
	return *desired_at((struct desired_states *)(uintptr_t)&self->desired, name);
}

static void desired_free(struct desired *desired)
{
	body_free(&desired->body);
	free(desired->json);
	free(desired);
}

/* ---- one state and one client ---- */

static void run_free(struct desired_run *run)
{
	*run->at = run->next;
	if (run->next != NULL) {
		run->next->at = run->at;
	}
	free(run);
}

static void run_end(struct desired_run *run, enum desired_status status, unsigned result)
{
	struct lwm2m_server *self = run->self;
	struct peer *peer = peers_find(&self->server.peers, (struct lwm2m_text){
		run->endpoint, strlen(run->endpoint)});
	const struct store_status row = {
		.name = run->name, .endpoint = run->endpoint, .state = (int)status,
		.result = (int)result, .time = ew_wall(),
	};

	if (peer != NULL && status == DESIRED_PENDING) {
		peer->is_unsettled = true;
	}
	lwm2m_server_kept(self, store_put_status(self->store, &row));
	ew_metric_add(self->inst, status == DESIRED_APPLIED ? METRIC_DESIRED_APPLIED :
		      METRIC_DESIRED_OPEN, 1);
	desired_tell(self, &row);
	run_free(run);
}

static int run_ask(struct desired_run *run, enum run_phase phase, const struct body_item *items,
		   size_t count)
{
	struct lwm2m_server *self = run->self;
	struct request *request = malloc(sizeof(*request));
	struct server_order order = {
		.endpoint = run->endpoint, .timeout = self->settings->timeout,
		.caller = &run->caller,
	};
	uint64_t id;
	int rc = -ENOMEM;

	run->phase = phase;
	if (request != NULL) {
		memset(&request->message, 0, sizeof(request->message));
		order.request = &request->message;
		rc = request_make(request, phase == RUN_WRITE ? LWM2M_OP_WRITE_REPLACE :
				  LWM2M_OP_READ, items, count);
	}
	if (rc == 0) {
		rc = server_ask(&self->server, &order, ew_now(), &id);
	}
	free(request);
	return rc;
}

/* Of what is desired: those paths that the answer does not have as they should be. */
static size_t run_compare(const struct desired_run *run, const struct desired *desired,
			  const struct ask *ask, struct body_item *differing)
{
	const struct body *body = &desired->body;
	struct answer_records records;
	bool is_there[BODY_ITEMS_MAX] = {false};
	size_t count = 0;
	int rc = ask->answer == NULL ? -ENODATA :
		 answer_begin(&records, &run->self->catalog, ask);

	while (rc >= 0 && (rc = answer_next(&records)) > 0) {
		for (size_t i = 0; i < body->item_count; i++) {
			if (lwm2m_path_equal(&body->items[i].path, &records.record.path)) {
				is_there[i] = answer_is_near(&body->items[i].value,
							     &records.record.value);
			}
		}
	}
	if (ask->answer != NULL) {
		answer_end(&records);
	}
	for (size_t i = 0; i < body->item_count; i++) {
		if (!is_there[i]) {
			differing[count++] = body->items[i];
		}
	}
	return count;
}

static int run_read(struct desired_run *run, const struct desired *desired, enum run_phase phase)
{
	struct body_item *paths = calloc(desired->body.item_count, sizeof(*paths));
	int rc = -ENOMEM;

	if (paths != NULL) {
		for (size_t i = 0; i < desired->body.item_count; i++) {
			paths[i].path = desired->body.items[i].path;
		}
		rc = run_ask(run, phase, paths, desired->body.item_count);
	}
	free(paths);
	return rc;
}

/* The answer to a Read: done, or write what differs. */
static void run_on_values(struct desired_run *run, const struct desired *desired,
			  const struct ask *ask)
{
	const struct body *body = &desired->body;
	struct body_item *differing = calloc(body->item_count, sizeof(*differing));
	size_t count = differing == NULL ? 0 : body->item_count;
	int rc = differing == NULL ? -ENOMEM : 0;

	if (differing != NULL && ask->state == ASK_DONE) {
		count = run_compare(run, desired, ask, differing);
	} else if (differing != NULL) {
		memcpy(differing, body->items, count * sizeof(*differing));
	}
	if (rc == 0 && count > 0 && run->phase == RUN_READ) {
		rc = run_ask(run, RUN_WRITE, differing, count);
	} else if (rc == 0) {
		/* what cannot be read is as it was written */
		run_end(run, count == 0 || ask->state == ASK_FAILED ? DESIRED_APPLIED :
			DESIRED_DIFFERS, ask->result);
	}
	if (rc != 0) {
		run_end(run, DESIRED_PENDING, 0);
	}
	free(differing);
}

static void run_on_finished(struct ask_caller *caller, struct ask *ask)
{
	struct desired_run *run = (struct desired_run *)caller;
	const struct desired *desired = desired_find(run->self, run->name);

	if (desired == NULL || desired->version != run->version) {
		run_free(run);          /* said anew: another run is there for that */
	} else if (ask->result == 0) {
		run_end(run, DESIRED_PENDING, 0);
	} else if (run->phase != RUN_WRITE) {
		run_on_values(run, desired, ask);
	} else if (ask->state != ASK_DONE) {
		run_end(run, DESIRED_FAILED, ask->result);
	} else if (run_read(run, desired, RUN_VERIFY) != 0) {
		run_end(run, DESIRED_PENDING, 0);
	}
}

static void desired_run(struct lwm2m_server *self, const struct desired *desired,
			const char *endpoint)
{
	size_t size = strlen(endpoint) + 1;
	struct desired_run *run = calloc(1, sizeof(*run) + size);

	if (run == NULL) {
		return;         /* the next Register is another chance */
	}
	run->caller.finished = run_on_finished;
	run->self = self;
	run->version = desired->version;
	memcpy(run->name, desired->name, sizeof(run->name));
	memcpy(run->endpoint, endpoint, size);
	run->next = self->desired.runs;
	run->at = &self->desired.runs;
	if (run->next != NULL) {
		run->next->at = &run->next;
	}
	self->desired.runs = run;
	if (run_read(run, desired, RUN_READ) != 0) {
		run_end(run, DESIRED_PENDING, 0);
	}
}

/* ---- all of them ---- */

static bool desired_is_for(const struct desired *desired, const char *endpoint)
{
	for (size_t i = 0; i < desired->body.device_count; i++) {
		if (strcmp(desired->body.devices[i], endpoint) == 0 ||
		    fnmatch(desired->body.devices[i], endpoint, 0) == 0) {
			return true;
		}
	}
	return false;
}

void desired_on_spoke(struct lwm2m_server *self, struct peer *peer, bool is_register)
{
	if (!is_register && !peer->is_unsettled) {
		return;
	}
	peer->is_unsettled = false;
	for (const struct desired *desired = self->desired.first; desired != NULL;
	     desired = desired->next) {
		if (desired_is_for(desired, peer->endpoint)) {
			desired_run(self, desired, peer->endpoint);
		}
	}
}

static const char *desired_judge(const struct catalog *catalog, const struct body *body)
{
	if (!body->has_values || body->item_count == 0) {
		return "there is no `value`";
	}
	if (body->queue != 0 || body->argument != NULL || body->has_firmware) {
		return "a desired state is of devices and values";
	}
	for (size_t i = 0; i < body->item_count; i++) {
		if (body->items[i].value.type == LWM2M_NONE) {
			return "a path without a value";
		}
	}
	return request_may(catalog, body, LWM2M_WRITABLE) ? NULL :
	       "a resource cannot be written, as its definition says";
}

static bool desired_name_is_valid(const char *name)
{
	size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789._-");

	return size > 0 && name[size] == '\0' && size <= DESIRED_NAME_MAX;
}

/* Into the list, instead of one of this name. */
static int desired_take(struct lwm2m_server *self, const char *name, struct lwm2m_text json,
			const char **why_out)
{
	struct desired_states *states = &self->desired;
	struct desired **at = desired_at(states, name);
	struct desired *desired;
	int rc;

	if (*at == NULL && states->count == DESIRED_MAX) {
		return -ENOSPC;
	}
	desired = calloc(1, sizeof(*desired));
	if (desired == NULL) {
		return -ENOMEM;
	}
	desired->json = strndup(json.at, json.size);
	rc = desired->json == NULL ? -ENOMEM :
	     body_parse(&desired->body, &self->catalog, json.at, json.size, why_out);
	if (rc == 0) {
		*why_out = desired_judge(&self->catalog, &desired->body);
		rc = *why_out == NULL ? 0 : -EPROTO;
	}
	if (rc != 0) {
		desired_free(desired);
		return rc;
	}
	(void)snprintf(desired->name, sizeof(desired->name), "%s", name);
	desired->version = ++states->version;
	if (*at != NULL) {
		struct desired *before = *at;

		desired->next = before->next;
		desired_free(before);
	} else {
		states->count++;
	}
	*at = desired;
	return 0;
}

int desired_put(struct lwm2m_server *self, const char *name, const char *json, size_t size,
		const char **why_out)
{
	const struct desired *desired;
	int rc;

	*why_out = desired_name_is_valid(name) ? NULL :
		   "a name is of letters, digits and . _ -, at most 63";
	rc = *why_out != NULL ? -EPROTO :
	     desired_take(self, name, (struct lwm2m_text){json, size}, why_out);
	if (rc != 0) {
		return rc;
	}
	desired = desired_find(self, name);
	rc = store_put_desired(self->store, name, desired->json);
	if (rc == 0) {
		rc = store_drop_statuses(self->store, name);
	}
	if (rc == 0) {
		rc = store_commit(self->store);
	}
	for (const struct peer *peer = self->server.peers.first; peer != NULL; peer = peer->next) {
		if (desired_is_for(desired, peer->endpoint)) {
			desired_run(self, desired, peer->endpoint);
		}
	}
	return rc;
}

int desired_drop(struct lwm2m_server *self, const char *name)
{
	struct desired **at = desired_at(&self->desired, name);
	struct desired *desired = *at;
	int rc;

	if (desired == NULL) {
		return -ENOENT;
	}
	*at = desired->next;
	self->desired.count--;
	desired_free(desired);
	rc = store_drop_desired(self->store, name);
	return rc != 0 ? rc : store_commit(self->store);
}

static void desired_on_kept(void *arg, const char *name, struct lwm2m_text json)
{
	struct lwm2m_server *self = arg;
	const char *why = NULL;
	int rc = desired_take(self, name, json, &why);

	if (rc != 0) {
		/* definitions may have changed since */
		ew_log(self->inst, EW_LOG_WARNING, "a desired state is left out name=%s: %s", name,
		       why != NULL ? why : "out of memory");
	}
}

int desired_load(struct lwm2m_server *self)
{
	return store_load_desired(self->store, self, desired_on_kept);
}

void desired_close(struct lwm2m_server *self)
{
	while (self->desired.runs != NULL) {
		run_free(self->desired.runs);
	}
	while (self->desired.first != NULL) {
		struct desired *desired = self->desired.first;

		self->desired.first = desired->next;
		desired_free(desired);
	}
}
