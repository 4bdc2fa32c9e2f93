/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware updates of clients: see firmware.h. */
#include "modules/lwm2m_server/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/lwm2m_server.h"

#define AGAIN_MAX  (30 * EW_SECOND)
#define OBJECT     5

/* Resources of /5/0. */
enum {
	PACKAGE = 0, PACKAGE_URI = 1, UPDATE = 2, STATE = 3, UPDATE_RESULT = 5, CANCEL = 10
};

/* /5/0/3 */
enum {
	DEVICE_IDLE = 0, DEVICE_DOWNLOADED = 2, DEVICE_UPDATING = 3
};

#define UPDATE_SUCCESS  1       /* /5/0/5 */

static const char *const state_names[] = {
#define FIRMWARE_STATE_NAME(name, word) [FIRMWARE_##name] = (word),
	FIRMWARE_STATES(FIRMWARE_STATE_NAME)
#undef FIRMWARE_STATE_NAME
};

static const char *const results[] = {
	"no result", "success", "not enough flash memory", "out of memory",
	"the connection was lost", "integrity check failed", "the type of the package is not known",
	"the URI is not valid", "the update failed", "the protocol is not known",
	"cancelled by the client", "deferred by the client",
};

const char *firmware_state_name(enum firmware_state state)
{
	return state_names[state];
}

static bool firmware_is_over(const struct firmware_job *job)
{
	return job->state == FIRMWARE_DONE || job->state == FIRMWARE_FAILED ||
	       (job->state == FIRMWARE_DOWNLOADED && !job->installs);
}

/* ---- packages ---- */

static struct firmware_package *package_alloc(struct lwm2m_text bytes)
{
	struct firmware_package *package = malloc(sizeof(*package) + bytes.size);

	if (package != NULL) {
		package->refs = 1;
		package->id = 0;
		package->size = bytes.size;
		memcpy(package->bytes, bytes.at, bytes.size);
	}
	return package;
}

struct firmware_package *firmware_package_new(struct lwm2m_server *self, const char *bytes,
					      size_t size, int *rc_out)
{
	struct firmware_package *package = package_alloc((struct lwm2m_text){bytes, size});

	*rc_out = package == NULL ? -ENOMEM :
		  store_put_package(self->store, bytes, size, &package->id);
	if (*rc_out != 0) {
		firmware_package_release(&package);
	}
	return package;
}

void firmware_package_release(struct firmware_package **owned)
{
	struct firmware_package *package = *owned;

	*owned = NULL;
	if (package != NULL && --package->refs == 0) {
		free(package);
	}
}

/* ---- jobs ---- */

static struct firmware_job **firmware_slot(struct firmware *firmware, const char *endpoint)
{
	size_t hash = (size_t)lwm2m_text_hash((struct lwm2m_text){endpoint, strlen(endpoint)});
	struct firmware_job **at = &firmware->slots[(hash ^ hash >> 16) % FIRMWARE_SLOTS];

	while (*at != NULL && strcmp((*at)->endpoint, endpoint) != 0) {
		at = &(*at)->next;
	}
	return at;
}

const struct firmware_job *firmware_find(const struct lwm2m_server *self, const char *endpoint)
{
	return *firmware_slot((struct firmware *)(uintptr_t)&self->firmware, endpoint);
}

static void job_free(struct firmware_job *job)
{
	firmware_package_release(&job->package);
	free(job->argument);
	free(job->uri);
	free(job->endpoint);
	free(job);
}

static int job_keep(const struct firmware_job *job)
{
	const struct store_firmware row = {
		.endpoint = job->endpoint, .uri = job->uri,
		.package = job->package == NULL ? 0 : job->package->id,
		.installs = job->installs, .state = (int)job->state,
		.device_state = job->device_state, .result = job->result, .why = job->why,
		.started = job->started, .changed = job->changed, .until = job->until,
		.argument = job->argument,
	};

	return store_put_firmware(job->self->store, &row);
}

static void job_tell(const struct firmware_job *job)
{
	struct text body = text_of(EW_EVENT_BODY_MAX);
	struct ew_event event = {
		.size = sizeof(event), .kind = "lwm2m.firmware", .key = job->endpoint,
		.severity = job->state == FIRMWARE_FAILED ? EW_SEVERITY_WARNING :
			    EW_SEVERITY_NOTICE,
	};

	firmware_put_job(&body, job);
	event.body = body.at;
	lwm2m_server_event(job->self, &event);
	text_free(&body);
}

static void job_enter(struct firmware_job *job, enum firmware_state state, const char *why)
{
	struct lwm2m_server *self = job->self;

	job->state = state;
	job->tries = 0;
	job->again = ew_now();
	job->changed = ew_wall();
	(void)snprintf(job->why, sizeof(job->why), "%s", why);
	if (firmware_is_over(job)) {
		self->firmware.open--;
		ew_metric_add(self->inst, state == FIRMWARE_FAILED ? METRIC_FIRMWARE_FAILED :
			      METRIC_FIRMWARE_DONE, 1);
		firmware_package_release(&job->package);
	}
	lwm2m_server_kept(self, job_keep(job));
	if (firmware_is_over(job)) {
		lwm2m_server_kept(self, store_drop_packages(self->store));
	}
	job_tell(job);
}

static void job_on_finished(struct ask_caller *caller, struct ask *ask);

static struct firmware_job *job_new(struct lwm2m_server *self, const char *endpoint,
				    const char *uri, const char *argument)
{
	struct firmware_job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		return NULL;
	}
	job->caller.finished = job_on_finished;
	job->self = self;
	job->endpoint = strdup(endpoint);
	job->uri = uri == NULL ? NULL : strdup(uri);
	job->argument = argument == NULL ? NULL : strdup(argument);
	job->device_state = -1;
	job->result = -1;
	if (job->endpoint == NULL || (uri != NULL && job->uri == NULL) ||
	    (argument != NULL && job->argument == NULL)) {
		job_free(job);
		return NULL;
	}
	return job;
}

/* One that is over makes room, the one that has been so longest. */
static bool firmware_make_room(struct lwm2m_server *self)
{
	struct firmware_job **oldest = NULL;
	struct firmware_job *job;

	for (size_t i = 0; i < FIRMWARE_SLOTS; i++) {
		for (struct firmware_job **at = &self->firmware.slots[i]; *at != NULL;
		     at = &(*at)->next) {
			if (firmware_is_over(*at) && !(*at)->is_asked &&
			    (oldest == NULL || (*at)->changed < (*oldest)->changed)) {
				oldest = at;
			}
		}
	}
	if (oldest == NULL) {
		return false;
	}
	job = *oldest;
	*oldest = job->next;
	self->firmware.count--;
	lwm2m_server_kept(self, store_drop_firmware(self->store, job->endpoint));
	job_free(job);
	return true;
}

int firmware_start(struct lwm2m_server *self, const struct firmware_order *order)
{
	struct firmware *firmware = &self->firmware;
	struct firmware_job **at = firmware_slot(firmware, order->endpoint);
	struct firmware_job *job;

	if (*at != NULL && (!firmware_is_over(*at) || (*at)->is_asked)) {
		return -EBUSY;
	}
	if (*at == NULL && firmware->count >= self->server.settings.clients) {
		if (!firmware_make_room(self)) {
			return -ENOSPC;
		}
		at = firmware_slot(firmware, order->endpoint);
	}
	job = job_new(self, order->endpoint, order->uri, order->argument);
	if (job == NULL) {
		return -ENOMEM;
	}
	job->package = order->package;
	if (job->package != NULL) {
		job->package->refs++;
	}
	job->installs = order->installs;
	job->started = ew_wall();
	job->changed = job->started;
	job->until = job->started + order->within;
	if (job_keep(job) != 0) {
		job_free(job);
		return -EIO;
	}
	if (*at != NULL) {
		job->next = (*at)->next;
		job_free(*at);
	} else {
		firmware->count++;
	}
	*at = job;
	firmware->open++;
	job_tell(job);
	return 0;
}

int firmware_cancel(struct lwm2m_server *self, const char *endpoint)
{
	static const struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI), .operation = LWM2M_OP_EXECUTE,
		.uri = {"/5/0/10", 7},
	};
	const struct server_order order = {
		.endpoint = endpoint, .request = &request, .timeout = self->settings->timeout,
	};
	struct firmware_job *job = *firmware_slot(&self->firmware, endpoint);
	uint64_t id;

	if (job == NULL || firmware_is_over(job)) {
		return -ENOENT;
	}
	if (job->state != FIRMWARE_WAITING) {
		/* a client that is away has nothing to go on with */
		(void)server_ask(&self->server, &order, ew_now(), &id);
	}
	job_enter(job, FIRMWARE_FAILED, "cancelled");
	return 0;
}

/* ---- what is asked ---- */

static void job_wait(struct firmware_job *job)
{
	ew_dur wait = job->tries < 5 ? EW_SECOND << job->tries : AGAIN_MAX;

	job->tries++;
	job->again = ew_now() + (wait < AGAIN_MAX ? wait : AGAIN_MAX);
}

/* The request of the state; uri has LWM2M_PATH_MAX bytes. */
static void job_request(const struct firmware_job *job, struct lwm2m_message *request, char *uri)
{
	uint16_t ids[] = {OBJECT, 0, UPDATE};
	unsigned depth = LWM2M_RESOURCE;
	struct lwm2m_path path;

	*request = (struct lwm2m_message){.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI)};
	if (job->state == FIRMWARE_WAITING) {
		request->operation = LWM2M_OP_WRITE_REPLACE;
		request->has |= LWM2M_HAS(CT) | LWM2M_HAS(PAYLOAD);
		if (job->uri != NULL) {
			ids[2] = PACKAGE_URI;
			request->ct = LWM2M_CONTENT_TEXT;
			request->payload = (struct lwm2m_text){job->uri, strlen(job->uri)};
		} else {
			ids[2] = PACKAGE;
			request->ct = LWM2M_CONTENT_OPAQUE;
			request->payload = (struct lwm2m_text){job->package->bytes,
							       job->package->size};
		}
	} else if (job->state == FIRMWARE_DOWNLOADED) {
		request->operation = LWM2M_OP_EXECUTE;
		if (job->argument != NULL) {
			request->payload = (struct lwm2m_text){job->argument,
							       strlen(job->argument)};
			request->has |= LWM2M_HAS(PAYLOAD);
		}
	} else {
		request->operation = LWM2M_OP_READ;
		depth = LWM2M_INSTANCE;
	}
	path = lwm2m_path_of(depth, ids);
	request->uri = (struct lwm2m_text){uri, lwm2m_path_format(&path, uri)};
}

static void job_step(struct firmware_job *job, ew_dur now)
{
	struct lwm2m_server *self = job->self;
	const struct peer *peer = peers_find(&self->server.peers, (struct lwm2m_text){
		job->endpoint, strlen(job->endpoint)});
	char uri[LWM2M_PATH_MAX];
	struct lwm2m_message request;
	const struct server_order order = {
		.endpoint = job->endpoint, .request = &request,
		.timeout = self->settings->timeout, .caller = &job->caller,
	};
	uint64_t id;

	if (job->is_asked || job->again > now) {
		return;
	}
	if (ew_wall() >= job->until) {
		job_enter(job, FIRMWARE_FAILED, "its time is over");
		return;
	}
	if (peer != NULL && job->state == FIRMWARE_WAITING && !peer_has_object(peer, OBJECT)) {
		job_enter(job, FIRMWARE_FAILED, "the client has no object 5");
		return;
	}
	job_request(job, &request, uri);
	job->is_asked = true;
	job_wait(job);
	if (server_ask(&self->server, &order, now, &id) != 0) {
		job->is_asked = false;  /* not registered, or there is no room: again later */
	}
}

/* ---- what came ---- */

/* /5/0/3 and /5/0/5 out of an answer to a Read of /5/0. */
static void job_look(struct firmware_job *job, const struct ask *ask)
{
	struct answer_records records;
	int rc = ask->answer == NULL ? -ENODATA :
		 answer_begin(&records, &job->self->catalog, ask);

	while (rc >= 0 && (rc = answer_next(&records)) > 0) {
		const struct lwm2m_record *record = &records.record;

		if (record->path.depth != LWM2M_RESOURCE || record->value.type != LWM2M_INTEGER) {
			continue;
		}
		if (record->path.ids[2] == STATE) {
			job->device_state = (int)record->value.v.i;
		} else if (record->path.ids[2] == UPDATE_RESULT) {
			job->result = (int)record->value.v.i;
		}
	}
	if (ask->answer != NULL) {
		answer_end(&records);
	}
}

static void job_fail(struct firmware_job *job)
{
	size_t count = sizeof(results) / sizeof(results[0]);

	job_enter(job, FIRMWARE_FAILED, job->result >= 0 && (size_t)job->result < count ?
		  results[job->result] : "a result that is not known");
}

/* Where the client is. */
static void job_follow(struct firmware_job *job)
{
	bool has_failed = job->result > UPDATE_SUCCESS && job->device_state != DEVICE_UPDATING;

	if (has_failed) {
		job_fail(job);
	} else if (job->state == FIRMWARE_DOWNLOADING && job->device_state == DEVICE_DOWNLOADED) {
		job_enter(job, FIRMWARE_DOWNLOADED, "");
	} else if (job->state == FIRMWARE_DOWNLOADING && job->device_state == DEVICE_UPDATING) {
		job_enter(job, FIRMWARE_UPDATING, "");
	} else if (job->device_state == DEVICE_IDLE && job->result == UPDATE_SUCCESS) {
		job_enter(job, FIRMWARE_DONE, "");
	}
}

static void job_refused(struct firmware_job *job, unsigned result)
{
	char why[64];

	(void)snprintf(why, sizeof(why), "the client refused %s: %u",
		       job->state == FIRMWARE_WAITING ? "the package" :
		       job->state == FIRMWARE_DOWNLOADED ? "the update" : "to say how it is",
		       result);
	job_enter(job, FIRMWARE_FAILED, why);
}

static void job_on_finished(struct ask_caller *caller, struct ask *ask)
{
	struct firmware_job *job = (struct firmware_job *)caller;

	job->is_asked = false;
	if (firmware_is_over(job)) {
		return;         /* cancelled meanwhile */
	}
	if (ask->state == ASK_FAILED && ask->result != 0) {
		job_refused(job, ask->result);
	} else if (ask->state == ASK_DONE && job->state == FIRMWARE_WAITING) {
		job_enter(job, FIRMWARE_DOWNLOADING, "");
	} else if (ask->state == ASK_DONE && job->state == FIRMWARE_DOWNLOADED) {
		job_enter(job, FIRMWARE_UPDATING, "");
	} else if (ask->state == ASK_DONE) {
		job_look(job, ask);
		job_follow(job);
	}
}

void firmware_work(struct lwm2m_server *self, ew_dur now)
{
	struct firmware *firmware = &self->firmware;

	for (size_t i = 0; i < FIRMWARE_SLOTS && firmware->open > 0; i++) {
		for (struct firmware_job *job = firmware->slots[i]; job != NULL; job = job->next) {
			if (!firmware_is_over(job)) {
				job_step(job, now);
			}
		}
	}
}

void firmware_on_spoke(struct lwm2m_server *self, const char *endpoint)
{
	struct firmware_job *job = self->firmware.open == 0 ? NULL :
				   *firmware_slot(&self->firmware, endpoint);

	if (job != NULL && !firmware_is_over(job)) {
		job->again = 0;
		job_step(job, ew_now());
	}
}

/* ---- over a restart ---- */

struct firmware_loading {
	struct lwm2m_server *self;
	int rc;
};

static int firmware_take_package(void *arg, struct lwm2m_text bytes)
{
	struct firmware_package **package_out = arg;

	*package_out = package_alloc(bytes);
	return *package_out == NULL ? -ENOMEM : 0;
}

/* A job that pushes the same package has it already. */
static struct firmware_package *firmware_shared(const struct firmware *firmware, int64_t id)
{
	for (size_t i = 0; i < FIRMWARE_SLOTS; i++) {
		for (struct firmware_job *job = firmware->slots[i]; job != NULL; job = job->next) {
			if (job->package != NULL && job->package->id == id) {
				job->package->refs++;
				return job->package;
			}
		}
	}
	return NULL;
}

static int job_restore_package(struct firmware_job *job, int64_t id)
{
	int rc = 0;

	job->package = firmware_shared(&job->self->firmware, id);
	if (job->package == NULL) {
		rc = store_get_package(job->self->store, id, &job->package,
				       firmware_take_package);
		if (rc == 0) {
			job->package->id = id;
		}
	}
	return rc;
}

static void firmware_take(void *arg, const struct store_firmware *row)
{
	struct firmware_loading *loading = arg;
	struct lwm2m_server *self = loading->self;
	struct firmware_job **at = firmware_slot(&self->firmware, row->endpoint);
	struct firmware_job *job;

	if (row->state < 0 || row->state > FIRMWARE_FAILED || *at != NULL || loading->rc != 0) {
		return;
	}
	job = job_new(self, row->endpoint, row->uri, row->argument);
	if (job == NULL) {
		loading->rc = -ENOMEM;
		return;
	}
	job->installs = row->installs;
	job->state = (enum firmware_state)row->state;
	job->device_state = row->device_state;
	job->result = row->result;
	job->started = row->started;
	job->changed = row->changed;
	job->until = row->until;
	(void)snprintf(job->why, sizeof(job->why), "%s", row->why);
	if (!firmware_is_over(job) && row->uri == NULL) {
		loading->rc = job_restore_package(job, row->package);
	}
	if (loading->rc != 0) {
		job_free(job);
		return;
	}
	*at = job;
	self->firmware.count++;
	self->firmware.open += firmware_is_over(job) ? 0 : 1;
}

int firmware_load(struct lwm2m_server *self)
{
	struct firmware_loading loading = {.self = self};
	int rc = store_load_firmware(self->store, &loading, firmware_take);

	return rc != 0 ? rc : loading.rc;
}

void firmware_close(struct lwm2m_server *self)
{
	for (size_t i = 0; i < FIRMWARE_SLOTS; i++) {
		while (self->firmware.slots[i] != NULL) {
			struct firmware_job *job = self->firmware.slots[i];

			self->firmware.slots[i] = job->next;
			job_free(job);
		}
	}
}
