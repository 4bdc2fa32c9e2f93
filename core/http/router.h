/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns and the table of handlers. The table has no lock of its own:
 * the listener's covers it. Knows nothing of connections.
 */
#ifndef CORE_HTTP_ROUTER_H
#define CORE_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include <edgeway/http.h>

#include "core/base/list.h"
#include "core/http/uri.h"

#define ROUTER_ROUTES_MAX   512
#define PATTERN_BYTES_MAX   256
#define ROUTE_BODY_MAX      ((size_t)64 * 1024 * 1024)
#define ROUTE_STREAM_MAX    ((size_t)64 * 1024 * 1024)
#define ROUTE_STREAM_BYTES  ((size_t)256 * 1024)        /* when the spec says 0 */

enum http_method {
	HTTP_GET = 0,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_METHOD_COUNT
};

enum pattern_kind {
	PATTERN_LITERAL,
	PATTERN_PARAM,          /* {name}: one segment */
	PATTERN_REST            /* the star at the end */
};

struct pattern {
	char *text;             /* one block: the pattern cut into segments */
	struct {
		enum pattern_kind kind;
		const char *text;       /* the literal, or the name */
	} segments[URI_SEGMENTS_MAX];
	size_t count;
};

/*
 * "/", "/a/{b}/c", "/a/" and a star. Literals are letters, digits and ._~-;
 * names [a-z][a-z0-9_]*, each once. -EINVAL, -ENOMEM.
 */
int pattern_parse(const char *text, struct pattern *pattern_out) EW_CHECKED;
void pattern_fini(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, const struct uri *uri);

/* Which of two that match one path is nearer to it: < 0 the first. */
int pattern_compare(const struct pattern *a, const struct pattern *b);

/* What a name of the pattern stands for in a matching uri, or NULL. */
const char *pattern_param(const struct pattern *pattern, const struct uri *uri, const char *name);

/* One registered handler. Lives while it is in the table or a request uses it. */
struct http_route {
	struct list node;
	unsigned refs;          /* guarded by the listener's lock */
	void *owner;            /* who registered it; not looked at here */
	char *path;             /* as registered */
	char *summary;
	struct pattern pattern;
	unsigned methods;       /* bits 1 << enum http_method */
	struct ew_http_spec spec;       /* texts point to the copies here or are NULL */
};

struct router {
	struct list routes;
	size_t count;
};

void router_init(struct router *router);
void router_fini(struct router *router);

/*
 * Copy a spec into a route, not yet in a table. -EINVAL a member makes no
 * sense; -ENOMEM. Released by http_route_drop().
 */
int http_route_new(const struct ew_http_spec *spec, void *owner, struct http_route **route_out)
	EW_CHECKED;

/*
 * Put a route into the table, which takes the reference. -EEXIST: its pattern
 * and a method are taken by *other_out; -ENOSPC: the table is full.
 */
int router_add(struct router *router, struct http_route *route, struct http_route **other_out)
	EW_CHECKED;

/* Take out all routes of an owner. */
void router_remove_owner(struct router *router, const void *owner);

/*
 * The nearest route for a method. NULL: none; then *allowed_out has the
 * methods that the path knows (0: the path is unknown).
 */
struct http_route *router_find(const struct router *router, enum http_method method,
			  const struct uri *uri, unsigned *allowed_out);

struct http_route *http_route_hold(struct http_route *route);
void http_route_drop(struct http_route **route);

/* HTTP_METHOD_COUNT for an unknown word. */
enum http_method http_method_parse(const char *text);
const char *http_method_name(enum http_method method);

#endif
