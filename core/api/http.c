/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/http.h>: an instance as an owner of handlers.
 *
 * The owner is a part of the instance, made with its first handler. Its queue
 * is a task in the control lane of the instance's loop, so that a request is
 * answered however full the data lane is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <edgeway/http.h>

#include "core/base/check.h"
#include "core/http/http.h"
#include "core/http/reply.h"
#include "core/loop/loop.h"
#include "core/module/instance.h"

struct http_part {
	struct instance_part part;
	struct ew_instance *inst;
	struct http_owner *owner;
	struct task task;
};

static void part_wake(void *arg)
{
	struct http_part *part = arg;

	task_schedule(&part->task);
}

static bool part_run(struct task *task)
{
	return http_owner_run(container_of(task, struct http_part, task)->owner);
}

static void part_enter(void *arg, const char *path)
{
	struct http_part *part = arg;
	char name[RUNNING_NAME_SIZE];
	struct running *running = fleet_running(instance_fleet(part->inst));

	(void)snprintf(name, sizeof(name), "http %s", path);
	instance_enter(part->inst, running_name_of(running, name));
}

static void part_leave(void *arg)
{
	struct http_part *part = arg;

	instance_leave(part->inst);
}

static void part_stopping(struct instance_part *part)
{
	http_owner_drain(container_of(part, struct http_part, part)->owner);
}

static void part_close(struct instance_part *part)
{
	struct http_part *gone = container_of(part, struct http_part, part);

	http_owner_close(&gone->owner);
	task_fini(&gone->task);
	free(gone);
}

/* The instance's part, made when it is missing. */
static int part_get(struct ew_instance *inst, struct http_part **part_out)
{
	struct instance_part *found = instance_find_part(inst, part_close);
	struct http *http = fleet_http(instance_fleet(inst));
	struct http_part *part;
	struct http_owner_ops ops = {
		.wake = part_wake, .enter = part_enter, .leave = part_leave,
	};
	int ret;

	if (found != NULL) {
		*part_out = container_of(found, struct http_part, part);
		return 0;
	}
	if (http == NULL) {
		return -ENOTSUP;
	}
	part = calloc(1, sizeof(*part));
	if (part == NULL) {
		return -ENOMEM;
	}
	ops.arg = part;
	ret = http_owner_new(http, instance_name(inst), &ops, &part->owner);
	if (ret < 0) {
		free(part);
		return ret;
	}
	part->inst = inst;
	part->part.stopping = part_stopping;
	part->part.close = part_close;
	task_init(&part->task, instance_loop(inst), LANE_CONTROL, part_run);
	instance_attach(inst, &part->part);
	*part_out = part;
	return 0;
}

int ew_http_handle(struct ew_instance *inst, const struct ew_http_spec *spec)
{
	struct http_part *part;
	int ret;

	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (spec == NULL) {
		return -EINVAL;
	}
	ret = part_get(inst, &part);
	return ret < 0 ? ret : http_owner_handle(part->owner, spec);
}

/* Is it open, and does its instance ask? Else the misuse is logged. */
static bool may_use(const struct ew_http_request *req, const char *function)
{
	struct http_part *part = req != NULL ? http_request_owner(req) : NULL;

	if (part == NULL) {
		instance_misuse(instance_current(), function, "the request is closed");
		return false;
	}
	return instance_may_call(part->inst, function);
}

/* The same for a call that takes the request. */
static struct ew_http_request *take(struct ew_http_request **req, const char *function)
{
	struct ew_http_request *taken = req != NULL ? *req : NULL;

	if (!may_use(taken, function)) {
		return NULL;
	}
	*req = NULL;
	return taken;
}

const char *ew_http_method(const struct ew_http_request *req)
{
	return may_use(req, __func__) ? request_method(req) : "";
}

const char *ew_http_path(const struct ew_http_request *req)
{
	return may_use(req, __func__) ? request_path(req) : "";
}

const char *ew_http_param(const struct ew_http_request *req, const char *name)
{
	return may_use(req, __func__) && name != NULL ? request_param(req, name) : NULL;
}

const char *ew_http_query(const struct ew_http_request *req, const char *name, size_t nth)
{
	return may_use(req, __func__) && name != NULL ? request_query(req, name, nth) : NULL;
}

const char *ew_http_header(const struct ew_http_request *req, const char *name)
{
	return may_use(req, __func__) && name != NULL ? request_header(req, name) : NULL;
}

const void *ew_http_body(const struct ew_http_request *req, size_t *size_out)
{
	if (!may_use(req, __func__)) {
		if (size_out != NULL) {
			*size_out = 0;
		}
		return "";
	}
	return request_body(req, size_out);
}

const struct ew_http_peer *ew_http_peer(const struct ew_http_request *req)
{
	static const struct ew_http_peer nobody = {.user = "", .address = ""};

	return may_use(req, __func__) ? request_peer(req) : &nobody;
}

void ew_http_set_state(struct ew_http_request *req, void *state)
{
	if (may_use(req, __func__)) {
		request_set_state(req, state);
	}
}

void *ew_http_state(const struct ew_http_request *req)
{
	return may_use(req, __func__) ? request_state(req) : NULL;
}

int ew_http_reply(struct ew_http_request **req, const struct ew_http_response *response)
{
	static const struct ew_http_response nothing;
	struct ew_http_request *taken = take(req, __func__);

	if (taken == NULL) {
		return -EPERM;
	}
	return request_reply(taken, response != NULL ? response : &nothing);
}

int ew_http_reply_error(struct ew_http_request **req, int status, const char *text)
{
	struct ew_http_request *taken = take(req, __func__);

	return taken != NULL ? request_reply_error(taken, status, text) : -EPERM;
}

int ew_http_stream_start(struct ew_http_request *req, const struct ew_http_response *response)
{
	if (!may_use(req, __func__)) {
		return -EPERM;
	}
	return response != NULL ? request_stream_start(req, response) : -EINVAL;
}

int ew_http_stream_write(struct ew_http_request *req, const void *data, size_t size)
{
	if (!may_use(req, __func__)) {
		return -EPERM;
	}
	return data != NULL || size == 0 ? request_stream_write(req, data, size) : -EINVAL;
}

int ew_http_stream_end(struct ew_http_request **req)
{
	struct ew_http_request *taken = take(req, __func__);

	return taken != NULL ? request_stream_end(taken) : -EPERM;
}

int ew_http_stream_cut(struct ew_http_request **req)
{
	struct ew_http_request *taken = take(req, __func__);

	return taken != NULL ? request_stream_cut(taken) : -EPERM;
}
