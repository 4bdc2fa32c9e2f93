/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of handlers. A linear search: there are some dozens of routes, and
 * a request costs more than all comparisons. References are counted so that a
 * request outlives the removal of its route.
 */
#include "core/http/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const method_names[HTTP_METHOD_COUNT] = {
	[HTTP_GET] = "GET",
	[HTTP_HEAD] = "HEAD",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH",
	[HTTP_DELETE] = "DELETE",
};

const char *http_method_name(enum http_method method)
{
	return method < HTTP_METHOD_COUNT ? method_names[method] : "?";
}

static enum http_method http_method_find(const char *text, size_t size)
{
	for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
		if (strlen(method_names[i]) == size && memcmp(method_names[i], text, size) == 0) {
			return (enum http_method)i;
		}
	}
	return HTTP_METHOD_COUNT;
}

enum http_method http_method_parse(const char *text)
{
	return http_method_find(text, strlen(text));
}

/* "GET POST" as bits; 0: not a list of methods. */
static unsigned http_route_parse_methods(const char *text)
{
	unsigned methods = 0;

	while (text != NULL && *text != '\0') {
		size_t size = strcspn(text, " ");
		enum http_method method = http_method_find(text, size);

		if (method == HTTP_METHOD_COUNT || (methods & 1u << method) != 0) {
			return 0;
		}
		methods |= 1u << method;
		text += size;
		if (*text == ' ') {
			text++;
			if (*text == '\0') {
				return 0;
			}
		}
	}
	if ((methods & 1u << HTTP_GET) != 0) {
		methods |= 1u << HTTP_HEAD;
	}
	return methods;
}

static void http_route_free(struct http_route *route)
{
	pattern_fini(&route->pattern);
	free(route->path);
	free(route->summary);
	free(route);
}

int http_route_new(const struct ew_http_spec *spec, void *owner, struct http_route **route_out)
{
	struct http_route *route;
	int ret = -ENOMEM;

	if (spec->size != sizeof(*spec) || spec->path == NULL || spec->handle == NULL ||
	    (unsigned)spec->role > EW_ROLE_ADMIN || spec->body_max > ROUTE_BODY_MAX ||
	    spec->stream_max > ROUTE_STREAM_MAX || spec->deadline < 0) {
		return -EINVAL;
	}
	route = calloc(1, sizeof(*route));
	if (route == NULL) {
		return -ENOMEM;
	}
	list_init(&route->node);
	route->refs = 1;
	route->owner = owner;
	route->methods = http_route_parse_methods(spec->methods);
	route->path = strdup(spec->path);
	route->summary = strdup(spec->summary != NULL ? spec->summary : "");
	if (route->path == NULL || route->summary == NULL) {
		goto fail;
	}
	ret = route->methods != 0 ? pattern_parse(spec->path, &route->pattern) : -EINVAL;
	if (ret < 0) {
		goto fail;
	}
	route->spec = *spec;
	route->spec.methods = NULL;
	route->spec.path = route->path;
	route->spec.summary = route->summary;
	if (route->spec.stream_max == 0) {
		route->spec.stream_max = ROUTE_STREAM_BYTES;
	}
	*route_out = route;
	return 0;
fail:
	http_route_free(route);
	return ret;
}

struct http_route *http_route_hold(struct http_route *route)
{
	route->refs++;
	return route;
}

void http_route_drop(struct http_route **route)
{
	struct http_route *gone = *route;

	*route = NULL;
	if (gone == NULL) {
		return;
	}
	check(gone->refs > 0);
	gone->refs--;
	if (gone->refs == 0) {
		http_route_free(gone);
	}
}

void router_init(struct router *router)
{
	list_init(&router->routes);
	router->count = 0;
}

static void router_remove(struct router *router, struct http_route *route)
{
	list_remove(&route->node);
	router->count--;
	http_route_drop(&route);
}

void router_fini(struct router *router)
{
	struct list *at;
	struct list *after;

	list_for_each_safe(at, after, &router->routes) {
		router_remove(router, list_entry(at, struct http_route, node));
	}
}

int router_add(struct router *router, struct http_route *route, struct http_route **other_out)
{
	struct list *at;

	if (router->count == ROUTER_ROUTES_MAX) {
		return -ENOSPC;
	}
	list_for_each(at, &router->routes) {
		struct http_route *other = list_entry(at, struct http_route, node);

		if ((other->methods & route->methods) != 0 &&
		    other->pattern.count == route->pattern.count &&
		    pattern_compare(&other->pattern, &route->pattern) == 0) {
			*other_out = other;
			return -EEXIST;
		}
	}
	list_push(&router->routes, &route->node);
	router->count++;
	return 0;
}

void router_remove_owner(struct router *router, const void *owner)
{
	struct list *at;
	struct list *after;

	list_for_each_safe(at, after, &router->routes) {
		struct http_route *route = list_entry(at, struct http_route, node);

		if (route->owner == owner) {
			router_remove(router, route);
		}
	}
}

struct http_route *router_find(const struct router *router, enum http_method method,
			  const struct uri *uri, unsigned *allowed_out)
{
	struct http_route *best = NULL;
	unsigned allowed = 0;
	struct list *at;

	list_for_each(at, &router->routes) {
		struct http_route *route = list_entry(at, struct http_route, node);

		if (!pattern_matches(&route->pattern, uri)) {
			continue;
		}
		allowed |= route->methods;
		if (method < HTTP_METHOD_COUNT && (route->methods & 1u << method) != 0 &&
		    (best == NULL || pattern_compare(&route->pattern, &best->pattern) < 0)) {
			best = route;
		}
	}
	*allowed_out = allowed;
	return best;
}
