/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets and path patterns: what is refused, decoded, and preferred. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/http/router.h"

#include "tests/unit/unit.h"

static int parse(const char *target)
{
	struct uri uri;
	int ret = uri_parse(target, &uri);

	if (ret == 0) {
		uri_fini(&uri);
	}
	return ret;
}

static void test_a_target_with_two_spellings_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "a", "*", "http://", "http:///a", "http://host", "ftp://host/a",
		"//", "/a//b", "/./a", "/a/..", "/a/../b", "/%2e%2e/a", "/a/%2E",
		"/%", "/%1", "/%zz", "/%00", "/a%0ab", "/a%7f", "/%ff", "/%c0%80",
		"/a#b", "/a?b#c", "/a?%", "/a?b=%4", "/a?=b", "/a?x=%ff", "/a?x=%00",
	};

	(void)state;
	for (size_t i = 0; i < array_count(wrong); i++) {
		if (parse(wrong[i]) != -EINVAL) {
			fail_msg("'%s' is not refused", wrong[i]);
		}
	}
}

static void test_a_target_over_a_limit_is_refused(void **state)
{
	char text[URI_BYTES_MAX + 8];
	struct buf list;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[URI_BYTES_MAX] = '\0';
	assert_int_equal(parse(text), 0);
	text[URI_BYTES_MAX] = 'a';
	text[URI_BYTES_MAX + 1] = '\0';
	assert_int_equal(parse(text), -EMSGSIZE);

	buf_init(&list, 1000);
	for (int i = 0; i <= URI_SEGMENTS_MAX; i++) {
		assert_int_equal(buf_add_text(&list, "/a"), 0);
	}
	assert_int_equal(parse(buf_text(&list)), -EMSGSIZE);
	buf_clear(&list);
	assert_int_equal(buf_add_text(&list, "/?"), 0);
	for (int i = 0; i <= URI_PAIRS_MAX; i++) {
		assert_int_equal(buf_add_text(&list, "a=b&"), 0);
	}
	assert_int_equal(parse(buf_text(&list)), -EMSGSIZE);
	buf_fini(&list);
}

static void test_segments_are_decoded_one_by_one(void **state)
{
	struct uri uri;

	(void)state;
	assert_int_equal(uri_parse("/api/group%2Fnode/p%C3%BCmp+1?x=%2f", &uri), 0);

	assert_int_equal(uri.segment_count, 3);
	assert_string_equal(uri.segments[1], "group/node");
	assert_string_equal(uri.segments[2], "p\xc3\xbcmp+1");
	assert_string_equal(uri.path, "/api/group%2Fnode/p%C3%BCmp+1");
	assert_string_equal(uri.whole, "/api/group/node/p\xc3\xbcmp+1");
	assert_string_equal(uri.whole + uri.offsets[2], "p\xc3\xbcmp+1");
	assert_false(uri.is_folder);
	uri_fini(&uri);
}

static void test_a_query_keeps_repeated_names_in_order(void **state)
{
	struct uri uri;

	(void)state;
	assert_int_equal(uri_parse("http://gw:9280/a/?m=1&n&m=a+b%26&&e=", &uri), 0);

	assert_true(uri.is_folder);
	assert_string_equal(uri.path, "/a/");
	assert_string_equal(uri_query(&uri, "m", 0), "1");
	assert_string_equal(uri_query(&uri, "m", 1), "a b&");
	assert_null(uri_query(&uri, "m", 2));
	assert_string_equal(uri_query(&uri, "n", 0), "");
	assert_string_equal(uri_query(&uri, "e", 0), "");
	assert_null(uri_query(&uri, "x", 0));
	uri_fini(&uri);
}

static void test_the_root_has_no_segments(void **state)
{
	struct uri uri;

	(void)state;
	assert_int_equal(uri_parse("/?", &uri), 0);

	assert_int_equal(uri.segment_count, 0);
	assert_int_equal(uri.pair_count, 0);
	assert_string_equal(uri.whole, "/");
	uri_fini(&uri);
}

static void test_a_wrong_pattern_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "a", "//", "/a/", "/a//b", "/*/a", "/a*", "/{}", "/{A}", "/{1a}", "/{a",
		"/a}", "/{a}{b}", "/{a}/{a}", "/a b", "/%41", "/.", "/a/..", "/a?b",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
	};
	struct pattern pattern;

	(void)state;
	for (size_t i = 0; i < array_count(wrong); i++) {
		if (pattern_parse(wrong[i], &pattern) != -EINVAL) {
			fail_msg("'%s' is not refused", wrong[i]);
		}
	}
}

static bool matches(const char *pattern_text, const char *target)
{
	struct pattern pattern;
	struct uri uri;
	bool is_match;

	assert_int_equal(pattern_parse(pattern_text, &pattern), 0);
	assert_int_equal(uri_parse(target, &uri), 0);
	is_match = pattern_matches(&pattern, &uri);
	uri_fini(&uri);
	pattern_fini(&pattern);
	return is_match;
}

static void test_a_pattern_matches_whole_paths_only(void **state)
{
	(void)state;
	assert_true(matches("/", "/"));
	assert_false(matches("/", "/a"));
	assert_true(matches("/a/{x}", "/a/b"));
	assert_false(matches("/a/{x}", "/a"));
	assert_false(matches("/a/{x}", "/a/b/"));
	assert_false(matches("/a/{x}", "/a/b/c"));
	assert_false(matches("/a/b", "/a/B"));
	assert_true(matches("/web/*", "/web/"));
	assert_true(matches("/web/*", "/web/a/b/"));
	assert_false(matches("/web/*", "/web"));
	assert_false(matches("/web/*", "/we/b"));
	assert_true(matches("/*", "/"));
	assert_true(matches("/*", "/a"));
}

static void handler(void *arg, struct ew_http_request *req)
{
	(void)arg;
	(void)req;
}

static int add(struct router *router, const char *methods, const char *path)
{
	struct ew_http_spec spec = {
		.size = sizeof(spec), .methods = methods, .path = path, .handle = handler,
	};
	struct http_route *route;
	struct http_route *other = NULL;
	int ret = http_route_new(&spec, router, &route);

	if (ret == 0) {
		ret = router_add(router, route, &other);
		if (ret < 0) {
			http_route_drop(&route);
		}
	}
	return ret;
}

static const char *find(const struct router *router, enum http_method method, const char *target,
			unsigned *allowed_out)
{
	struct uri uri;
	struct http_route *route;

	assert_int_equal(uri_parse(target, &uri), 0);
	route = router_find(router, method, &uri, allowed_out);
	uri_fini(&uri);
	return route != NULL ? route->path : "none";
}

static void test_the_same_path_and_method_are_taken_once(void **state)
{
	struct router router;

	(void)state;
	router_init(&router);
	assert_int_equal(add(&router, "GET POST", "/a/{x}"), 0);

	assert_int_equal(add(&router, "POST", "/a/{y}"), -EEXIST);
	assert_int_equal(add(&router, "HEAD", "/a/{y}"), -EEXIST);
	assert_int_equal(add(&router, "PUT", "/a/{y}"), 0);
	assert_int_equal(add(&router, "POST", "/a/b"), 0);
	assert_int_equal(add(&router, "FETCH", "/b"), -EINVAL);
	assert_int_equal(add(&router, "", "/b"), -EINVAL);
	assert_int_equal(add(&router, "GET  POST", "/b"), -EINVAL);
	assert_int_equal(add(&router, "GET ", "/b"), -EINVAL);
	assert_int_equal(add(&router, NULL, "/b"), -EINVAL);
	router_fini(&router);
}

static void test_the_nearest_pattern_wins(void **state)
{
	struct router router;
	unsigned allowed;

	(void)state;
	router_init(&router);
	assert_int_equal(add(&router, "GET", "/*"), 0);
	assert_int_equal(add(&router, "GET", "/a/*"), 0);
	assert_int_equal(add(&router, "GET", "/a/{x}/c"), 0);
	assert_int_equal(add(&router, "GET", "/a/b/{y}"), 0);
	assert_int_equal(add(&router, "GET", "/a/b/c"), 0);
	assert_int_equal(add(&router, "POST", "/a/b"), 0);

	assert_string_equal(find(&router, HTTP_GET, "/a/b/c", &allowed), "/a/b/c");
	assert_string_equal(find(&router, HTTP_GET, "/a/b/d", &allowed), "/a/b/{y}");
	assert_string_equal(find(&router, HTTP_GET, "/a/d/c", &allowed), "/a/{x}/c");
	assert_string_equal(find(&router, HTTP_HEAD, "/a/d/d", &allowed), "/a/*");
	assert_string_equal(find(&router, HTTP_GET, "/d", &allowed), "/*");
	assert_string_equal(find(&router, HTTP_POST, "/a/d", &allowed), "none");
	assert_int_equal(allowed, 1u << HTTP_GET | 1u << HTTP_HEAD);
	assert_string_equal(find(&router, HTTP_PUT, "/a/b", &allowed), "none");
	assert_int_equal(allowed, 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_POST);
	router_remove_owner(&router, &router);
	assert_string_equal(find(&router, HTTP_GET, "/d", &allowed), "none");
	assert_int_equal(allowed, 0);
	router_fini(&router);
}

static void test_the_table_is_bounded(void **state)
{
	struct router router;
	char path[32];

	(void)state;
	router_init(&router);
	for (int i = 0; i < ROUTER_ROUTES_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/p%d", i);
		assert_int_equal(add(&router, "GET", path), 0);
	}
	assert_int_equal(add(&router, "GET", "/one-more"), -ENOSPC);
	router_fini(&router);
}

static void test_parameters_are_found_by_name(void **state)
{
	struct pattern pattern;
	struct uri uri;

	(void)state;
	assert_int_equal(pattern_parse("/d/{device}/*", &pattern), 0);
	assert_int_equal(uri_parse("/d/a%2Fb/tags/x%20y", &uri), 0);

	assert_true(pattern_matches(&pattern, &uri));
	assert_string_equal(pattern_param(&pattern, &uri, "device"), "a/b");
	assert_string_equal(pattern_param(&pattern, &uri, "*"), "tags/x y");
	assert_null(pattern_param(&pattern, &uri, "d"));
	uri_fini(&uri);
	assert_int_equal(uri_parse("/d/a/", &uri), 0);
	assert_true(pattern_matches(&pattern, &uri));
	assert_string_equal(pattern_param(&pattern, &uri, "*"), "");
	uri_fini(&uri);
	pattern_fini(&pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_target_with_two_spellings_is_refused),
		cmocka_unit_test(test_a_target_over_a_limit_is_refused),
		cmocka_unit_test(test_segments_are_decoded_one_by_one),
		cmocka_unit_test(test_a_query_keeps_repeated_names_in_order),
		cmocka_unit_test(test_the_root_has_no_segments),
		cmocka_unit_test(test_a_wrong_pattern_is_refused),
		cmocka_unit_test(test_a_pattern_matches_whole_paths_only),
		cmocka_unit_test(test_the_same_path_and_method_are_taken_once),
		cmocka_unit_test(test_the_nearest_pattern_wins),
		cmocka_unit_test(test_the_table_is_bounded),
		cmocka_unit_test(test_parameters_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
