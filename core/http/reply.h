/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's half of a request: what the functions of <edgeway/http.h> do
 * once their arguments are checked. On the owner's loop.
 */
#ifndef CORE_HTTP_REPLY_H
#define CORE_HTTP_REPLY_H

#include <edgeway/http.h>

/* As the public functions of the same name; -EINVAL also for a request that
 * is not open. The closing ones do not clear a pointer. */
int request_reply(struct ew_http_request *req, const struct ew_http_response *response);
int request_reply_error(struct ew_http_request *req, int status, const char *text);
int request_stream_start(struct ew_http_request *req,
			 const struct ew_http_response *response) EW_CHECKED;
int request_stream_write(struct ew_http_request *req, const void *data, size_t size) EW_CHECKED;
int request_stream_end(struct ew_http_request *req);
int request_stream_cut(struct ew_http_request *req);

const char *request_method(const struct ew_http_request *req);
const char *request_path(const struct ew_http_request *req);
const char *request_param(const struct ew_http_request *req, const char *name);
const char *request_query(const struct ew_http_request *req, const char *name, size_t nth);
const char *request_header(const struct ew_http_request *req, const char *name);
const void *request_body(const struct ew_http_request *req, size_t *size_out);
const struct ew_http_peer *request_peer(const struct ew_http_request *req);
void request_set_state(struct ew_http_request *req, void *state);
void *request_state(const struct ew_http_request *req);

#endif
