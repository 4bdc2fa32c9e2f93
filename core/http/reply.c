/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and streams, from the owner's side. The first closing call wins;
 * what the listener did in the meantime (client gone, deadline) is told by the
 * return value.
 */
#include "core/http/reply.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/http/request.h"

/* Move a stream that is under way to its last state. */
static void reply_end_stream(struct ew_http_request *req, enum request_state state)
{
	req->state = state;
	req->http->stats.streams--;
	request_wake_listener(req);
}

/* Close with an answer that may be there already (`ret` 0), or a 500. */
static int reply_close(struct ew_http_request *req, struct answer *answer, int ret)
{
	struct http *http = req->http;

	http_lock(http);
	if (req->owner == NULL) {
		ret = -EINVAL;
	} else {
		if (req->fault != 0) {
			ret = req->fault;
		} else if (req->state == REQUEST_PARKED) {
			req->answer = *answer;
			*answer = (struct answer){0};
			req->state = REQUEST_ANSWERED;
			request_wake_listener(req);
		} else {
			reply_end_stream(req, REQUEST_CUT);
			ret = -EINVAL;
		}
		request_let_go(req);
	}
	http_unlock(http);
	answer_fini(answer);
	return ret;
}

int request_reply(struct ew_http_request *req, const struct ew_http_response *response)
{
	struct answer answer;
	int ret = answer_copy(response, true, &answer);

	if (ret < 0) {
		answer_error(500, "the response made no sense or there is no memory", &answer);
	}
	return reply_close(req, &answer, ret);
}

int request_reply_error(struct ew_http_request *req, int status, const char *text)
{
	struct answer answer;
	bool is_valid = status >= 400 && status <= 599;

	answer_error(is_valid ? status : 500, text != NULL ? text : "", &answer);
	return reply_close(req, &answer, is_valid ? 0 : -EINVAL);
}

int request_stream_start(struct ew_http_request *req, const struct ew_http_response *response)
{
	struct answer answer;
	int ret = answer_copy(response, false, &answer);

	if (ret < 0) {
		return ret;
	}
	http_lock(req->http);
	if (req->owner == NULL) {
		ret = -EINVAL;
	} else if (req->fault != 0) {
		ret = req->fault;
	} else if (req->state != REQUEST_PARKED) {
		ret = -EINVAL;
	} else {
		req->answer = answer;
		answer = (struct answer){0};
		req->state = REQUEST_STREAMING;
		req->http->stats.streams++;
		request_wake_listener(req);
	}
	http_unlock(req->http);
	answer_fini(&answer);
	return ret;
}

int request_stream_write(struct ew_http_request *req, const void *data, size_t size)
{
	int ret = 0;

	http_lock(req->http);
	if (req->owner == NULL || (req->fault == 0 && req->state != REQUEST_STREAMING)) {
		ret = -EINVAL;
	} else if (req->fault != 0) {
		ret = req->fault;
	} else if (size > req->route->spec.stream_max) {
		ret = -EMSGSIZE;
	} else if (size > req->route->spec.stream_max - req->waiting) {
		req->is_choked = true;
		ret = -EAGAIN;
	} else if (size > 0) {
		ret = buf_add(&req->stream, data, size);
		if (ret == 0) {
			req->waiting += size;
			request_wake_listener(req);
		} else {
			/* nothing was taken; the next write may fare better */
			req->stream.fault = 0;
		}
	}
	http_unlock(req->http);
	return ret;
}

static int reply_stream_close(struct ew_http_request *req, enum request_state state)
{
	struct http *http = req->http;
	int ret = 0;

	http_lock(http);
	if (req->owner == NULL) {
		ret = -EINVAL;
	} else {
		if (req->fault != 0) {
			ret = req->fault;
		} else if (req->state == REQUEST_STREAMING) {
			reply_end_stream(req, state);
		} else {
			answer_error(500, "the handler gave no answer", &req->answer);
			req->state = REQUEST_ANSWERED;
			request_wake_listener(req);
			ret = -EINVAL;
		}
		request_let_go(req);
	}
	http_unlock(http);
	return ret;
}

int request_stream_end(struct ew_http_request *req)
{
	return reply_stream_close(req, REQUEST_ENDED);
}

int request_stream_cut(struct ew_http_request *req)
{
	return reply_stream_close(req, REQUEST_CUT);
}

const char *request_method(const struct ew_http_request *req)
{
	return http_method_name(req->method);
}

const char *request_path(const struct ew_http_request *req)
{
	return req->uri.path;
}

const char *request_param(const struct ew_http_request *req, const char *name)
{
	return pattern_param(&req->route->pattern, &req->uri, name);
}

const char *request_query(const struct ew_http_request *req, const char *name, size_t nth)
{
	return uri_query(&req->uri, name, nth);
}

const char *request_header(const struct ew_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->header_count; i++) {
		if (strcasecmp(req->headers[i].name, name) == 0) {
			return req->headers[i].value;
		}
	}
	return NULL;
}

const void *request_body(const struct ew_http_request *req, size_t *size_out)
{
	if (size_out != NULL) {
		*size_out = req->body.size;
	}
	return buf_text(&req->body);
}

const struct ew_http_peer *request_peer(const struct ew_http_request *req)
{
	return &req->peer;
}

void request_set_state(struct ew_http_request *req, void *state)
{
	req->user_state = state;
}

void *request_state(const struct ew_http_request *req)
{
	return req->user_state;
}
