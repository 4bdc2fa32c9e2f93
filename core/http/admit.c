/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate in front of the handlers. Who has no valid token learns nothing of
 * which paths there are. Who needs none, because only this machine can reach
 * the listener, must look like a program on it: a web page that was lured here
 * by a name server is refused by its Host header, and one that posts across
 * sites by its Origin.
 */
#include "core/http/admit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/http/reply.h"

#define BEARER "Bearer "

/* Name and role for a head; false: a token was sent, and it is not valid. */
static bool admit_identify(struct ew_http_request *req, const struct head *head)
{
	struct http *http = req->http;
	const char *name = "anonymous";
	bool is_valid = true;

	http_lock(http);
	req->peer.role = http->anonymous;
	if (head->authorization != NULL) {
		const char *token = head->authorization + strlen(BEARER);

		req->peer.role = EW_ROLE_NONE;
		is_valid = http->tokens != NULL &&
			   strncasecmp(head->authorization, BEARER, strlen(BEARER)) == 0 &&
			   tokens_find(http->tokens, token, &name, &req->peer.role) == 0;
	}
	(void)snprintf(req->user, sizeof(req->user), "%s", name);
	http_unlock(http);
	req->peer.user = req->user;
	req->peer.address = req->address;
	return is_valid;
}

/* Host, less its port, is localhost or an address. */
static bool admit_host_is_local(const char *host)
{
	char name[INET6_ADDRSTRLEN];
	unsigned char address[16];
	const char *end;
	size_t size;

	if (host[0] == '[') {
		host++;
		end = strchr(host, ']');
	} else {
		end = host + strcspn(host, ":");
	}
	size = end != NULL ? (size_t)(end - host) : 0;
	if (size == 0 || size >= sizeof(name)) {
		return false;
	}
	memcpy(name, host, size);
	name[size] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1 ||
	       inet_pton(AF_INET6, name, address) == 1;
}

/* A request without a token: is it from a program rather than a web page? */
static bool admit_is_local(const struct ew_http_request *req)
{
	const char *host = request_header(req, "Host");
	const char *origin = request_header(req, "Origin");
	const char *site;

	if (host != NULL && !admit_host_is_local(host)) {
		return false;
	}
	if (origin == NULL || req->method == HTTP_GET || req->method == HTTP_HEAD) {
		return true;
	}
	site = strstr(origin, "://");
	return host != NULL && site != NULL && strcasecmp(site + 3, host) == 0;
}

static void admit_refuse(struct ew_http_request *req, bool is_valid, struct answer *answer)
{
	http_lock(req->http);
	req->http->stats.refused_token++;
	http_unlock(req->http);
	answer_error(401, is_valid ? "this needs a token" : "this token is not known", answer);
	answer_add_header(answer, "WWW-Authenticate",
			  is_valid ? "Bearer realm=\"edgeway\""
				   : "Bearer realm=\"edgeway\", error=\"invalid_token\"");
}

static void admit_refuse_role(struct ew_http_request *req, const char *text, struct answer *answer)
{
	http_lock(req->http);
	req->http->stats.refused_role++;
	http_unlock(req->http);
	answer_error(403, text, answer);
}

static void admit_refuse_method(unsigned allowed, struct answer *answer)
{
	char list[64] = "";
	struct ew_http_header header = {.name = "Allow", .value = list};
	struct ew_http_response response = {
		.size = sizeof(response),
		.status = 405,
		.headers = &header,
		.header_count = 1,
		.body = "{\"error\":\"this path does not know the method\"}\n",
		.body_is_static = true,
	};
	size_t size = 0;

	for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
		if ((allowed & 1u << i) != 0) {
			size += (size_t)snprintf(list + size, sizeof(list) - size, "%s%s",
						 size > 0 ? ", " : "",
						 http_method_name((enum http_method)i));
		}
	}
	response.body_size = strlen(response.body);
	if (answer_copy(&response, true, answer) < 0) {
		answer_error(405, "this path does not know the method", answer);
	}
}

/* /healthz and /readyz; false: neither. */
static bool admit_core(struct ew_http_request *req, struct answer *answer)
{
	struct http *http = req->http;
	bool is_ready = strcmp(req->uri.whole, "/readyz") == 0;

	if (!is_ready && strcmp(req->uri.whole, "/healthz") != 0) {
		return false;
	}
	if (req->method != HTTP_GET && req->method != HTTP_HEAD) {
		admit_refuse_method(1u << HTTP_GET | 1u << HTTP_HEAD, answer);
	} else if (!is_ready) {
		answer_text(200, "ok", answer);
	} else {
		http_lock(http);
		if (req->peer.role >= EW_ROLE_VIEWER) {
			answer_text(http->is_ready ? 200 : 503, http->ready_text, answer);
		} else {
			answer_text(http->is_ready ? 200 : 503,
				    http->is_ready ? "ready" : "not ready", answer);
		}
		http_unlock(http);
	}
	return true;
}

static void admit_role(struct ew_http_request *req, const struct http_route *route, bool is_valid,
		       struct answer *answer)
{
	char text[128];

	if (req->peer.role == EW_ROLE_NONE) {
		admit_refuse(req, is_valid, answer);
		return;
	}
	(void)snprintf(text, sizeof(text), "this needs the role %s, %s is %s",
		       role_name(route->spec.role), req->user, role_name(req->peer.role));
	admit_refuse_role(req, text, answer);
}

/* The route for a request of good form; NULL: answer_out says why not. */
static struct http_route *admit_route(struct ew_http_request *req, const struct head *head,
				 struct answer *answer)
{
	bool is_valid = admit_identify(req, head);
	bool is_anonymous = head->authorization == NULL;
	struct http_route *route;
	unsigned allowed;

	if (admit_core(req, answer)) {
		return NULL;
	}
	http_lock(req->http);
	route = router_find(&req->http->router, req->method, &req->uri, &allowed);
	if (route != NULL) {
		(void)http_route_hold(route);
	}
	http_unlock(req->http);

	if (route == NULL) {
		if (req->peer.role == EW_ROLE_NONE) {
			admit_refuse(req, is_valid, answer);
		} else if (allowed != 0) {
			admit_refuse_method(allowed, answer);
		} else {
			answer_error(404, "nothing here", answer);
		}
		return NULL;
	}
	if (req->peer.role < route->spec.role) {
		admit_role(req, route, is_valid, answer);
	} else if (is_anonymous && route->spec.role > EW_ROLE_NONE && !admit_is_local(req)) {
		admit_refuse_role(req, "without a token, only programs on this machine may ask",
				  answer);
	} else if (head->has_body && (route->spec.body_max == 0 ||
				      (head->is_sized && head->body_size > route->spec.body_max))) {
		answer_error(413, "the body is larger than this path takes", answer);
	} else {
		return route;
	}
	http_lock(req->http);
	http_route_drop(&route);
	http_unlock(req->http);
	return NULL;
}

void request_admit(struct ew_http_request *req, const struct head *head, int uri_error,
		   struct http_route **route_out, struct answer *answer_out)
{
	struct http_route *route = NULL;
	struct answer answer = {0};

	req->method = http_method_parse(head->method);
	if (uri_error == -EMSGSIZE) {
		answer_error(414, "the address is too long", &answer);
	} else if (uri_error == -ENOMEM) {
		answer_error(503, "no memory", &answer);
	} else if (uri_error < 0) {
		answer_error(400, "the address is not well-formed", &answer);
	} else if (req->method == HTTP_METHOD_COUNT) {
		answer_error(501, "this method is not known", &answer);
	} else {
		route = admit_route(req, head, &answer);
	}
	*route_out = route;
	*answer_out = answer;
}
