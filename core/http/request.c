/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of requests, and the listener's half of their life (request.h). The
 * owner's half is reply.c. Every change of state happens under the lock of
 * struct http.
 */
#include "core/http/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"

void request_wake_listener(struct ew_http_request *req)
{
	if (req->conn == NULL || !list_is_empty(&req->wake_node)) {
		return;
	}
	list_push(&req->waker->woken, &req->wake_node);
	task_schedule(&req->waker->task);
}

void request_tell_owner(struct ew_http_request *req, unsigned event)
{
	struct http_owner *owner = req->owner;
	bool was_empty = list_is_empty(&owner->calls);

	req->events |= event;
	if (list_is_empty(&req->call_node)) {
		list_push(&owner->calls, &req->call_node);
	}
	if (was_empty) {
		owner->ops.wake(owner->ops.arg);
	}
}

/* Back into the pool when neither side holds it. */
static void request_settle(struct ew_http_request *req)
{
	if (req->conn != NULL || req->owner != NULL) {
		return;
	}
	list_remove(&req->call_node);
	list_remove(&req->wake_node);
	http_route_drop(&req->route);
	answer_fini(&req->answer);
	buf_fini(&req->stream);
	buf_fini(&req->body);
	uri_fini(&req->uri);
	buf_fini(&req->header_store);
	req->header_count = 0;
	req->state = REQUEST_UNUSED;
	list_push(&req->http->pool, &req->node);
}

void request_let_go(struct ew_http_request *req)
{
	struct http *http = req->http;

	http->stats.parked--;
	req->owner->open_count--;
	req->owner = NULL;
	req->events = 0;
	list_remove(&req->node);
	list_remove(&req->call_node);
	request_settle(req);
}

static struct ew_http_request *request_make(struct http *http)
{
	struct ew_http_request *req;

	if (http->pool_count == REQUEST_POOL_MAX) {
		return NULL;
	}
	req = calloc(1, sizeof(*req));
	if (req == NULL) {
		return NULL;
	}
	http->pool_count++;
	req->magic = REQUEST_MAGIC;
	req->http = http;
	list_init(&req->node);
	list_init(&req->call_node);
	list_init(&req->wake_node);
	return req;
}

struct ew_http_request *request_new(struct http *http, struct waker *waker, void *conn)
{
	struct ew_http_request *req = NULL;
	struct list *node;

	http_lock(http);
	node = list_pop(&http->pool);
	if (node != NULL) {
		req = list_entry(node, struct ew_http_request, node);
	} else {
		req = request_make(http);
	}
	if (req != NULL) {
		req->state = REQUEST_READING;
		req->conn = conn;
		req->waker = waker;
		req->events = 0;
		req->is_known = false;
		req->is_choked = false;
		req->fault = 0;
		req->waiting = 0;
		req->user_state = NULL;
		req->method = HTTP_METHOD_COUNT;
		req->uri = (struct uri){0};
		buf_init(&req->header_store, REQUEST_HEAD_BYTES_MAX);
		buf_init(&req->body, 0);
		buf_init(&req->stream, 0);
	}
	http_unlock(http);
	return req;
}

void request_add_header(struct ew_http_request *req, const char *name, const char *value)
{
	if (req->header_count < REQUEST_HEADERS_MAX) {
		/* faults stick, request_end_headers() asks */
		(void)buf_add(&req->header_store, name, strlen(name) + 1);
		(void)buf_add(&req->header_store, value, strlen(value) + 1);
	}
	req->header_count++;
}

bool request_end_headers(struct ew_http_request *req)
{
	size_t count = req->header_count;
	const char *at = req->header_store.at;

	req->header_count = 0;
	if (req->header_store.fault != 0 || count > REQUEST_HEADERS_MAX) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct ew_http_header *header = &req->headers[req->header_count];

		header->name = at;
		header->value = header->name + strlen(header->name) + 1;
		at = header->value + strlen(header->value) + 1;
		if (strcasecmp(header->name, "Authorization") != 0) {
			req->header_count++;
		}
	}
	return true;
}

int request_hand_over(struct ew_http_request *req, struct http_route *route)
{
	struct http *http = req->http;
	struct http_owner *owner;
	int ret = 0;

	http_lock(http);
	req->route = route;
	owner = route->owner;
	if (list_is_empty(&route->node) || owner->is_draining) {
		ret = -ESHUTDOWN;
	} else if (http->stats.parked >= http->limits.parked ||
		   owner->open_count >= http->limits.parked_per_owner) {
		http->stats.refused_parked++;
		ret = -EBUSY;
	} else {
		req->state = REQUEST_PARKED;
		req->owner = owner;
		buf_init(&req->stream, route->spec.stream_max);
		list_push(&owner->open, &req->node);
		owner->open_count++;
		http->stats.parked++;
		request_tell_owner(req, EVENT_HANDLE);
	}
	http_unlock(http);
	return ret;
}

/* The owner's calls fail from now on; one that has not seen it is spared. */
static void request_fail(struct ew_http_request *req, int fault)
{
	req->fault = fault;
	if (req->is_known) {
		request_tell_owner(req, EVENT_GONE);
	} else {
		request_let_go(req);
	}
}

void request_expire(struct ew_http_request *req)
{
	struct http *http = req->http;

	http_lock(http);
	if (req->state == REQUEST_PARKED) {
		answer_error(504, "no answer in time", &req->answer);
		req->state = REQUEST_ANSWERED;
		http->stats.timed_out++;
		request_fail(req, -ETIMEDOUT);
	}
	http_unlock(http);
}

enum request_state request_look(struct ew_http_request *req)
{
	enum request_state state;

	http_lock(req->http);
	state = req->state;
	http_unlock(req->http);
	return state;
}

void request_take_answer(struct ew_http_request *req, struct answer *answer_out)
{
	http_lock(req->http);
	*answer_out = req->answer;
	req->answer = (struct answer){0};
	http_unlock(req->http);
}

enum request_state request_fetch(struct ew_http_request *req, struct buf *into, size_t sent)
{
	enum request_state state;

	http_lock(req->http);
	check(sent <= req->waiting);
	req->waiting -= sent;
	req->http->stats.sent_bytes += sent;
	if (into != NULL) {
		struct buf fetched = req->stream;

		req->stream = *into;
		req->stream.limit = req->route->spec.stream_max;
		buf_clear(&req->stream);
		*into = fetched;
	}
	state = req->state;
	if (req->is_choked && req->owner != NULL && req->fault == 0 &&
	    req->waiting <= req->route->spec.stream_max / 2) {
		req->is_choked = false;
		request_tell_owner(req, EVENT_WRITABLE);
	}
	http_unlock(req->http);
	return state;
}

void request_leave(struct ew_http_request *req)
{
	struct http *http = req->http;

	http_lock(http);
	req->conn = NULL;
	list_remove(&req->wake_node);
	if (req->owner == NULL) {
		request_settle(req);
	} else {
		if (req->state == REQUEST_STREAMING) {
			http->stats.streams--;
		}
		if (req->fault == 0) {
			http->stats.gone++;
			request_fail(req, -EPIPE);
		}
	}
	http_unlock(http);
}

struct ew_http_request *request_next_woken(struct http *http, struct waker *waker)
{
	struct list *node;

	http_lock(http);
	node = list_pop(&waker->woken);
	http_unlock(http);
	return node != NULL ? list_entry(node, struct ew_http_request, wake_node) : NULL;
}
