/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners: the instances as the listener knows them. http_owner_run() is where
 * module code is called, on the owner's loop and without a lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/http/request.h"

int http_owner_new(struct http *http, const char *name, const struct http_owner_ops *ops,
		   struct http_owner **owner_out)
{
	struct http_owner *owner = calloc(1, sizeof(*owner));

	if (owner == NULL) {
		return -ENOMEM;
	}
	owner->name = strdup(name);
	if (owner->name == NULL) {
		free(owner);
		return -ENOMEM;
	}
	owner->magic = OWNER_MAGIC;
	owner->http = http;
	owner->ops = *ops;
	list_init(&owner->calls);
	list_init(&owner->open);
	http_lock(http);
	list_push(&http->owners, &owner->node);
	http_unlock(http);
	*owner_out = owner;
	return 0;
}

/* The core's own paths. */
static bool owner_is_reserved(const char *path)
{
	return strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0;
}

int http_owner_handle(struct http_owner *owner, const struct ew_http_spec *spec)
{
	struct http *http = owner->http;
	struct http_route *route = NULL;
	struct http_route *other = NULL;
	char holder[64] = "the core";
	int ret;

	check_obj(owner, OWNER_MAGIC);
	ret = http_route_new(spec, owner, &route);
	if (ret < 0) {
		return ret;
	}
	http_lock(http);
	if (owner_is_reserved(spec->path)) {
		ret = -EEXIST;
	} else {
		ret = router_add(&http->router, route, &other);
		if (ret == -EEXIST) {
			struct http_owner *first = other->owner;

			(void)stpncpy(holder, first->name, sizeof(holder) - 1);
		}
	}
	if (ret < 0) {
		http_route_drop(&route);
	}
	http_unlock(http);
	if (ret == -EEXIST) {
		log_msg(LOG_LEVEL_ERROR, owner->name, "http path '%s' is taken by %s", spec->path,
			holder);
	}
	return ret;
}

/* Take the next call out of the queue. */
static struct ew_http_request *owner_next(struct http_owner *owner, unsigned *events_out,
					  struct ew_http_spec *spec_out)
{
	struct ew_http_request *req = NULL;
	struct list *node;

	http_lock(owner->http);
	node = list_pop(&owner->calls);
	if (node != NULL) {
		req = list_entry(node, struct ew_http_request, call_node);
		*events_out = req->events;
		*spec_out = req->route->spec;
		req->events = 0;
		req->is_known = true;
	}
	http_unlock(owner->http);
	return req;
}

/* Tell the owner what has happened to a request. */
static void owner_call(struct http_owner *owner, const struct ew_http_spec *spec,
		       unsigned events, struct ew_http_request *req)
{
	void (*fn)(void *arg, struct ew_http_request *req) = NULL;
	const struct http_owner_ops *ops = &owner->ops;

	if ((events & EVENT_HANDLE) != 0) {
		fn = spec->handle;
	} else if ((events & EVENT_GONE) != 0) {
		fn = spec->gone;
	} else if ((events & EVENT_WRITABLE) != 0) {
		fn = spec->writable;
	}
	if (fn == NULL) {
		return;
	}
	if (ops->enter != NULL) {
		ops->enter(ops->arg, spec->path);
	}
	fn(spec->arg, req);
	if (ops->leave != NULL) {
		ops->leave(ops->arg);
	}
}

bool http_owner_run(struct http_owner *owner)
{
	bool is_more;

	check_obj(owner, OWNER_MAGIC);
	for (unsigned i = 0; i < OWNER_RUN_MAX; i++) {
		struct ew_http_spec spec;
		unsigned events;
		struct ew_http_request *req = owner_next(owner, &events, &spec);

		if (req == NULL) {
			return false;
		}
		owner_call(owner, &spec, events, req);
	}
	http_lock(owner->http);
	is_more = !list_is_empty(&owner->calls);
	http_unlock(owner->http);
	return is_more;
}

void http_owner_drain(struct http_owner *owner)
{
	check_obj(owner, OWNER_MAGIC);
	http_lock(owner->http);
	owner->is_draining = true;
	http_unlock(owner->http);
}

/* An open request of an owner that is no more. */
static void owner_abandon(struct ew_http_request *req)
{
	if (req->fault == 0 && req->state == REQUEST_PARKED) {
		answer_error(503, "stopped before it answered", &req->answer);
		answer_add_header(&req->answer, "Retry-After", "5");
		req->state = REQUEST_ANSWERED;
		request_wake_listener(req);
	} else if (req->fault == 0 && req->state == REQUEST_STREAMING) {
		req->state = REQUEST_CUT;
		req->http->stats.streams--;
		request_wake_listener(req);
	}
	request_let_go(req);
}

void http_owner_close(struct http_owner **owner)
{
	struct http_owner *gone = *owner;
	struct http *http;

	*owner = NULL;
	if (gone == NULL) {
		return;
	}
	check_obj(gone, OWNER_MAGIC);
	http = gone->http;
	http_lock(http);
	router_remove_owner(&http->router, gone);
	while (!list_is_empty(&gone->open)) {
		owner_abandon(list_entry(gone->open.next, struct ew_http_request, node));
	}
	list_remove(&gone->node);
	http_unlock(http);
	gone->magic = 0;
	free(gone->name);
	free(gone);
}

void *http_request_owner(const struct ew_http_request *req)
{
	void *arg = NULL;

	check_obj(req, REQUEST_MAGIC);
	http_lock(req->http);
	if (req->owner != NULL) {
		arg = req->owner->ops.arg;
	}
	http_unlock(req->http);
	return arg;
}

int http_walk_routes(struct http *http,
		     int (*fn)(void *arg, const char *owner, unsigned methods,
			       const struct ew_http_spec *spec),
		     void *arg)
{
	struct list *at;
	int ret = 0;

	http_lock(http);
	list_for_each(at, &http->router.routes) {
		struct http_route *route = list_entry(at, struct http_route, node);
		struct http_owner *owner = route->owner;

		ret = fn(arg, owner->name, route->methods, &route->spec);
		if (ret != 0) {
			break;
		}
	}
	http_unlock(http);
	return ret;
}
