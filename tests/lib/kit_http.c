/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client without a socket: it does to a request what the listener does, on
 * the kit's main loop. Only libmicrohttpd and the wire are missing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/http/admit.h"
#include "core/http/request.h"
#include "tests/lib/kit.h"

#include <edgeway/test_http.h>

#define CLIENT_BODY_MAX   ((size_t)256 * 1024 * 1024)
#define CLIENT_DEADLINE   (30 * EW_SECOND)      /* as the listener's default */

struct ew_test_client {
	struct ew_test *test;
	struct waker waker;
	struct loop_timer timer;
	struct ew_http_request *req;    /* NULL: the answer is here whole */
	struct answer answer;
	struct buf body;
	enum ew_test_end end;
	bool has_answer;
	bool is_paused;
};

static void client_end(struct ew_test_client *client, enum ew_test_end end)
{
	client->end = end;
	timer_stop(&client->timer);
	request_leave(client->req);
	client->req = NULL;
}

/* Take what there is of a stream. */
static void client_read(struct ew_test_client *client)
{
	enum request_state state;
	struct buf got;
	size_t size;

	do {
		buf_init(&got, 0);
		state = request_fetch(client->req, &got, 0);
		size = got.size;
		check(buf_add(&client->body, got.at, size) == 0 || size == 0);
		(void)request_fetch(client->req, NULL, size);
		buf_fini(&got);
	} while (size > 0);
	if (state == REQUEST_ENDED) {
		client_end(client, EW_TEST_WHOLE);
	} else if (state == REQUEST_CUT) {
		client_end(client, EW_TEST_CUT);
	}
}

/* Look at the request as the listener does when it is woken. */
static void client_look(struct ew_test_client *client)
{
	enum request_state state;

	if (client->req == NULL) {
		return;
	}
	state = request_look(client->req);
	if (state == REQUEST_PARKED) {
		return;
	}
	timer_stop(&client->timer);
	if (!client->has_answer) {
		request_take_answer(client->req, &client->answer);
		client->has_answer = true;
	}
	if (state == REQUEST_ANSWERED) {
		check(buf_add(&client->body, client->answer.body, client->answer.body_size) == 0 ||
		      client->answer.body_size == 0);
		client_end(client, EW_TEST_WHOLE);
	} else if (!client->is_paused) {
		client_read(client);
	}
}

static bool client_on_wake(struct task *task)
{
	struct ew_test_client *client = container_of(task, struct ew_test_client, waker.task);

	while (request_next_woken(client->test->http, &client->waker) != NULL) {
		continue;
	}
	client_look(client);
	return false;
}

static void client_on_deadline(struct loop_timer *timer)
{
	struct ew_test_client *client = container_of(timer, struct ew_test_client, timer);

	request_expire(client->req);
	client_look(client);
}

static struct ew_test_client *client_new(struct ew_test *test)
{
	struct ew_test_client *client = calloc(1, sizeof(*client));

	check(client != NULL);
	client->test = test;
	buf_init(&client->body, CLIENT_BODY_MAX);
	list_init(&client->waker.woken);
	task_init(&client->waker.task, test->stepped.main, LANE_CONTROL, client_on_wake);
	check(timer_init(&client->timer, test->stepped.main, client_on_deadline) == 0);
	client->req = request_new(test->http, &client->waker, client);
	check(client->req != NULL);
	return client;
}

/* The core's own answer. */
static void client_refuse(struct ew_test_client *client)
{
	client->has_answer = true;
	check(buf_add(&client->body, client->answer.body, client->answer.body_size) == 0);
	client_end(client, EW_TEST_WHOLE);
}

static void client_dispatch(struct ew_test_client *client, const struct ew_test_request *request,
			    struct http_route *route)
{
	struct ew_http_request *req = client->req;
	ew_dur deadline = route->spec.deadline > 0 ? route->spec.deadline : CLIENT_DEADLINE;
	int ret;

	buf_init(&req->body, route->spec.body_max);
	check(request->body_size == 0 ||
	      buf_add(&req->body, request->body, request->body_size) == 0);
	ret = request_hand_over(req, route);
	if (ret < 0) {
		answer_error(503, ret == -EBUSY ? "too many requests are waiting" : "stopping",
			     &client->answer);
		client_refuse(client);
	} else {
		timer_set(&client->timer, deadline, 0);
	}
}

struct ew_test_client *ew_test_send(struct ew_test *test, const struct ew_test_request *request)
{
	struct ew_test_client *client = client_new(test);
	struct ew_http_request *req = client->req;
	struct head head = {
		.method = request->method,
		.has_body = request->body_size > 0,
		.is_sized = true,
		.body_size = request->body_size,
	};
	struct http_route *route = NULL;
	int uri_error;

	check(request->size == sizeof(*request));
	for (size_t i = 0; i < request->header_count; i++) {
		request_add_header(req, request->headers[i].name, request->headers[i].value);
	}
	check(request_end_headers(req));
	memcpy(req->address, "127.0.0.1", sizeof("127.0.0.1"));
	uri_error = uri_parse(request->target, &req->uri);
	http_lock(test->http);
	test->http->anonymous = request->role;
	http_unlock(test->http);
	request_admit(req, &head, uri_error, &route, &client->answer);
	if (route != NULL) {
		client_dispatch(client, request, route);
	} else {
		client_refuse(client);
	}
	kit_settle(test);
	return client;
}

struct ew_test_client *ew_test_ask(struct ew_test *test, const char *method, const char *target,
				   const char *body)
{
	const struct ew_test_request request = {
		.size = sizeof(request), .method = method, .target = target,
		.role = EW_ROLE_ADMIN, .body = body, .body_size = body != NULL ? strlen(body) : 0,
	};

	return ew_test_send(test, &request);
}

int ew_test_client_status(const struct ew_test_client *client)
{
	return client->has_answer ? client->answer.status : 0;
}

const char *ew_test_client_header(const struct ew_test_client *client, const char *name)
{
	for (size_t i = 0; i < client->answer.header_count; i++) {
		if (strcasecmp(client->answer.headers[i].name, name) == 0) {
			return client->answer.headers[i].value;
		}
	}
	return NULL;
}

const char *ew_test_client_body(const struct ew_test_client *client, size_t *size_out)
{
	if (size_out != NULL) {
		*size_out = client->body.size;
	}
	return buf_text(&client->body);
}

enum ew_test_end ew_test_client_end(const struct ew_test_client *client)
{
	return client->end;
}

void ew_test_client_pause(struct ew_test_client *client)
{
	client->is_paused = true;
}

void ew_test_client_go_on(struct ew_test_client *client)
{
	client->is_paused = false;
	client_look(client);
	kit_settle(client->test);
}

void ew_test_client_free(struct ew_test_client **client)
{
	struct ew_test_client *gone = *client;

	*client = NULL;
	if (gone == NULL) {
		return;
	}
	if (gone->req != NULL) {
		client_end(gone, EW_TEST_CUT);
	}
	kit_settle(gone->test);
	timer_fini(&gone->timer);
	task_fini(&gone->waker.task);
	answer_fini(&gone->answer);
	buf_fini(&gone->body);
	free(gone);
}
