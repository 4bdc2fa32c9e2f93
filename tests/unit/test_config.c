/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own configuration: what is refused, defaults, differences. */
#include "core/conf/config.h"

#include <errno.h>

#include "core/base/error.h"
#include "tests/unit/conf_fixture.h"

static struct diag diag;
static struct config *config;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(&config);
	diag_fini(&diag);
	return 0;
}

static int load_text(const char *text)
{
	config_free(&config);
	return config_load_text("edge.yaml", text, strlen(text), &diag, &config);
}

static void test_every_table_of_core_is_right(void **state)
{
	struct ew_error err = {0};

	(void)state;
	assert_int_equal(table_check(&config_table, 100000, &err), 0);
	assert_int_equal(table_check(&config_device_table, 1000, &err), 0);
	assert_int_equal(table_check(&config_tag_table, 1000, &err), 0);
	assert_true(config_is_core_key("devices"));
	assert_false(config_is_core_key("every"));
}

static void test_unknown_sections_and_a_wrong_version_are_told(void **state)
{
	(void)state;
	assert_int_equal(load_text("version: 2\ninstnces: {}\n"), -EINVAL);
	assert_told(&diag, "edge.yaml:1:10: 'version': '2' is above the maximum 1");
	assert_told(&diag, "edge.yaml:2:1: unknown option 'instnces', did you mean 'instances'?");
	assert_null(config);
	assert_int_equal(load_text(""), -EINVAL);
	assert_told(&diag, "edge.yaml:1:1: option 'version' is required");
	assert_int_equal(load_text("[a]"), -EINVAL);
	assert_told(&diag, "edge.yaml:1:1: the file must be a map of sections, not a list");
}

static void test_wrong_instances_are_told(void **state)
{
	(void)state;
	assert_int_equal(load_text("version: 1\ninstances:\n"
				   "  a b: {module: x}\n"
				   "  c: {every: 1s}\n"
				   "  d: {module: X/y, on_failure: panic, log: loud}\n"
				   "  e: {module: x, uplink: second, devices: [a]}\n"
				   "  f: 7\n"
				   "  gateway: {module: x}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:3:8: 'a b' cannot be the name of an instance");
	assert_told(&diag, "edge.yaml:4:6: option 'module' is required");
	assert_told(&diag, "edge.yaml:8:12: 'gateway' is a name of edgeway's own");
	assert_told(&diag, "edge.yaml:5:15: d: 'module': 'X/y' is no name of a module");
	assert_told(&diag, "edge.yaml:5:32: 'on_failure': 'panic' is not one of continue, stop");
	assert_told(&diag, "'log': 'loud' is not one of error, warning");
	assert_told(&diag, "edge.yaml:6:26: e: 'uplink': there is no uplink 'second'");
	assert_told(&diag, "edge.yaml:6:43: e: 'devices' must be a map, not a list");
	assert_told(&diag, "edge.yaml:7:6: a map of options is wanted here, not text");
}

static void test_wrong_routes_and_access_are_told(void **state)
{
	(void)state;
	assert_int_equal(load_text(
				 "version: 1\ninstances: {line1: {module: a}, cloud: {module: b}}\n"
				 "routes:\n"
				 "  - {from: lin1, to: [cloud, cloud]}\n"
				 "  - {to: []}\n"
				 "  - {from: line1, to: line1}\n"
				 "  - {to: cloud, tags: [\"\", \":x\"], full: wait}\n"
				 "  - {tags: \"*\"}\n"
				 "  - {to: cloud, deadband: 1, max_age: 1s, min_interval: 2s}\n"
				 "access:\n"
				 "  clou: {write: [a]}\n"
				 "  token:x y: {}\n"
				 "  line1: {write: {tags: a, range: [5], rate: 10/d}}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:4:12: routes: 'from': there is no instance 'lin1', did you "
			   "mean 'line1'?");
	assert_told(&diag, "edge.yaml:4:30: routes: 'to': 'cloud' is named twice");
	assert_told(&diag, "edge.yaml:5:10: routes: 'to' is empty");
	assert_told(&diag, "edge.yaml:6:5: routes: from 'line1' to itself");
	assert_told(&diag, "edge.yaml:7:24: routes: a pattern has 1 to 511 bytes");
	assert_told(&diag, "edge.yaml:7:28: routes: ':x' is no pattern device:tag");
	assert_told(&diag, "'full': 'wait' is not one of drop_oldest, drop_newest, block");
	assert_told(&diag, "edge.yaml:8:5: option 'to' is required");
	assert_told(&diag, "edge.yaml:9:27: warning: routes: 'deadband' does nothing without");
	assert_told(&diag, "edge.yaml:9:39: routes: 'max_age' is below 'min_interval'");
	assert_told(&diag, "edge.yaml:11:9: access: 'clou' is neither an instance nor token:NAME, "
			   "did you mean 'cloud'?");
	assert_told(&diag, "access: 'token:x y' names no token");
	assert_told(&diag, "access: 'range' is [low, high]");
	assert_told(&diag, "access: 'rate': '10/d' is no rate");
}

static void test_wrong_uplinks_and_listeners_are_told(void **state)
{
	(void)state;
	assert_int_equal(load_text("version: 1\n"
				   "gateway: {group: a/b, name: \"\"}\n"
				   "uplink: {servers: [\"http://b\", \"mqtts://:1\"], "
				   "key: k, password: p}\n"
				   "uplinks: {main: {servers: \"mqtts://b:1\", tls: {verify: no}, "
				   "backoff: {min: 5m}}}\n"
				   "http: {listen: \"0.0.0.0:80\"}\n"
				   "limits: {clock_valid_after: soon}\n"
				   "store: {sync: 5}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:2:18: gateway: 'group' must be text without / + #");
	assert_told(&diag, "gateway: 'name' must be text without");
	assert_told(&diag,
		    "edge.yaml:3:20: uplink: 'servers': 'http://b' does not begin with mqtts:");
	assert_told(&diag, "uplink: 'servers': 'mqtts://:1' names no host");
	assert_told(&diag, "'key': cannot read 'k'");
	assert_told(&diag, "edge.yaml:4:17: main: 'backoff: max' is below 'min'");
	assert_told(&diag, "warning: the server's certificate is not verified");
	assert_told(&diag, "'password' is a secret and not written here");
	assert_told(&diag, "edge.yaml:4:17: 'main' cannot be the name of an uplink");
	assert_told(&diag, "edge.yaml:5:16: http: listen: '0.0.0.0:80' is reachable");
	assert_told(&diag, "edge.yaml:6:29: limits: 'clock_valid_after': 'soon' is no time");
	assert_told(&diag, "edge.yaml:7:15: store: 'sync': '5' is no duration, always or never");
}

static void test_little_is_enough_and_the_rest_has_defaults(void **state)
{
	const struct config_instance *line1;
	char host[256] = "";

	(void)state;
	assert_int_equal(load_text("version: 1\nlimits: {max_tags: 7}\n"
				   "instances: {line1: {module: simulator, every: 1s}}\n"),
			 0);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	assert_string_equal(config->gateway.name, host);
	assert_string_equal(config->gateway.group, "edgeway");
	assert_int_equal(config->uplink_count, 0);
	assert_int_equal(config->route_count, 0);
	assert_false(config->http.is_given);
	assert_false(config->store.is_given);
	assert_int_equal(config->log.level, LOG_LEVEL_INFO);
	assert_int_equal(config->limits.crash_limit, 3);
	line1 = config_find_instance(config, "line1");
	assert_non_null(line1);
	assert_string_equal(line1->loop, "line1");
	assert_true(line1->is_enabled && !line1->has_log);
	assert_int_equal(line1->max_tags, 7);
	assert_int_equal(line1->max_devices, 10000);
	assert_true(line1->stop_timeout == INT64_C(10000000000));
	assert_string_equal(ew_node_text(ew_node_find(line1->node, "every")), "1s");
	assert_null(config_find_instance(config, "line2"));
}

static void test_sections_arrive_as_structs(void **state)
{
	const struct config_route *route;
	const struct config_access *access;

	(void)state;
	assert_int_equal(
		load_text(
			"version: 1\ngateway: {group: G, name: n, properties: {line: 3}}\n"
			"uplink: {servers: [\"mqtts://[::1]:8883\", \"mqtts://b\"]}\n"
			"uplinks: {up2: {servers: \"mqtts://c:1\", protocol: 3.1.1}}\n"
			"log: debug\nstore: {sync: never}\n"
			"instances: {a: {module: x, uplink: up2}, b: {module: y, enabled: no}}\n"
			"routes:\n  - {from: a, to: b, tags: [\"*:P/*\"], report: exception, "
			"deadband: 0.5, full: block, durable: no, queue: {batches: 9}}\n"
			"  - {to: b, durable: {order: live_first, drain: {bytes: 1MiB}}}\n"
			"access: {a: {write: [\"p:x\", {tags: \"p:y\", range: [0, 5], rate: 6/m}], "
			"max_priority: interlock}, token:op: {execute: \"p:reset\"}}\n"
			"http: {listen: \"127.0.0.1:0\"}\n"
			"limits: {clock_valid_after: 2024-01-01}\n"),
		0);
	assert_int_equal(config->uplink_count, 2);
	assert_string_equal(config->uplinks[0].client_id, "G-n");
	assert_string_equal(config->uplinks[1].client_id, "G-n-up2");
	assert_int_equal(uplink_config_protocol(&config->uplinks[1]), 4);
	assert_ptr_equal(config_find_uplink(config, "main"), &config->uplinks[0]);
	assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
	assert_true(config->store.is_given && config->store.sync == -1);
	assert_false(config_find_instance(config, "b")->is_enabled);

	route = &config->routes[0];
	assert_int_equal(config->route_count, 2);
	assert_string_equal(route->from.at[0], "a");
	assert_string_equal(route->tags.at[0], "*:P/*");
	assert_true(route->report == CONFIG_EXCEPTION && route->has_deadband && route->events);
	assert_true(route->deadband == 0.5 && route->full == CONFIG_FULL_BLOCK && route->has_full);
	assert_true(route->has_durable && !route->durable.is_on);
	assert_true(route->queue.batches == 9 && route->queue.size == 4u * 1024 * 1024);
	assert_int_equal(route->place.line, 9);
	route = &config->routes[1];
	assert_true(route->has_durable && route->durable.is_on && !route->has_full);
	assert_int_equal(route->durable.order, CONFIG_LIVE_FIRST);
	assert_int_equal(route->durable.drain.bytes, 1 << 20);

	access = &config->access[0];
	assert_int_equal(access->write_count, 2);
	assert_string_equal(access->writes[0].tags.at[0], "p:x");
	assert_false(access->writes[0].has_range);
	assert_true(access->writes[1].has_range && access->writes[1].high == 5);
	assert_true(access->writes[1].rate_count == 6 &&
		    access->writes[1].rate_window == INT64_C(60000000000));
	assert_int_equal(access->max_priority, EW_PRIORITY_INTERLOCK);
	assert_int_equal(config->access[1].max_priority, EW_PRIORITY_OPERATOR);
	assert_true(config->limits.clock_valid_after == INT64_C(1704067200) * 1000000000);
}

static enum config_change change_of(const struct config_diff *diff, const char *name)
{
	size_t i;

	for (i = 0; i < diff->instance_count; i++) {
		if (strcmp(diff->instances[i].name, name) == 0) {
			return diff->instances[i].change;
		}
	}
	fail_msg("%s is not in the difference", name);
	return CONFIG_SAME;
}

static void test_a_difference_sees_content_not_form(void **state)
{
	static const char before[] = "version: 1\nvars: {r: 5s}\n"
				     "profiles: {pump: {P: {unit: Hz}}, tank: {L: {unit: m}}}\n"
				     "instances:\n"
				     "  same: {module: a, x: 1, y: 2}\n"
				     "  uses: {module: a, devices: {d: {profile: pump}}}\n"
				     "  keeps: {module: a, devices: {d: {profile: tank}}}\n"
				     "  gone: {module: a}\n"
				     "  off: {module: a}\n"
				     "  var: {module: a, every: \"${r}\"}\n"
				     "routes: [{to: same}]\n";
	static const char after[] = "# the same and not\nversion: 1\nvars: {r: 6s}\n"
				    "profiles: {tank: {L: {unit: \"m\"}}, pump: {P: {unit: rpm}}}\n"
				    "instances:\n"
				    "  new: {module: a}\n"
				    "  same: {y: 2, module: a,   x: \"1\"}\n"
				    "  uses: {module: a, devices: {d: {profile: pump}}}\n"
				    "  keeps: {module: a, devices: {d: {profile: tank}}}\n"
				    "  off: {module: a, enabled: no}\n"
				    "  var: {module: a, every: \"${r}\"}\n"
				    "routes: [{to: same, report: exception}]\n";
	struct config *old;
	struct config_diff diff;

	(void)state;
	assert_int_equal(load_text(before), 0);
	old = config;
	config = NULL;
	assert_int_equal(load_text(after), 0);

	assert_int_equal(config_diff_make(old, config, &diff), 0);
	assert_int_equal(change_of(&diff, "same"), CONFIG_SAME);
	assert_int_equal(change_of(&diff, "uses"), CONFIG_CHANGED);
	assert_int_equal(change_of(&diff, "keeps"), CONFIG_SAME);
	assert_int_equal(change_of(&diff, "new"), CONFIG_ADDED);
	assert_int_equal(change_of(&diff, "gone"), CONFIG_REMOVED);
	assert_int_equal(change_of(&diff, "off"), CONFIG_REMOVED);
	assert_int_equal(change_of(&diff, "var"), CONFIG_CHANGED);
	assert_true(diff.routes);
	assert_false(diff.access || diff.http || diff.uplinks || diff.gateway || diff.limits);
	assert_true(old->hash != config->hash);
	config_diff_fini(&diff);

	assert_int_equal(config_diff_make(config, config, &diff), 0);
	assert_true(config_diff_is_empty(&diff));
	config_diff_fini(&diff);
	config_free(&old);
}

static void test_the_hash_sees_content_not_form(void **state)
{
	uint64_t first;

	(void)state;
	assert_int_equal(load_text("version: 1\nlog: {level: info, target: auto}\n"), 0);
	first = config->hash;
	assert_int_equal(load_text("# c\nlog:\n  target: \"auto\"\n  level: info\nversion: 1\n"),
			 0);
	assert_true(config->hash == first);
	assert_int_equal(load_text("version: 1\nlog: {level: debug, target: auto}\n"), 0);
	assert_true(config->hash != first);
}

static void test_the_example_files_are_right(void **state)
{
	static const char *const names[] = {"minimal.yaml", "edge.yaml", "cloud.yaml"};
	const char *top = getenv("top_srcdir");
	char path[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/etc/%s", top != NULL ? top : ".", names[i]);
		config_free(&config);
		if (config_load(path, CONFIG_CHECK_ONLY, &diag, &config) < 0) {
			print_error("%s", fixture_told(&diag));
			fail();
		}
		assert_true(config->instance_count >= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_every_table_of_core_is_right),
		TEST(test_unknown_sections_and_a_wrong_version_are_told),
		TEST(test_wrong_instances_are_told),
		TEST(test_wrong_routes_and_access_are_told),
		TEST(test_wrong_uplinks_and_listeners_are_told),
		TEST(test_little_is_enough_and_the_rest_has_defaults),
		TEST(test_sections_arrive_as_structs),
		TEST(test_a_difference_sees_content_not_form),
		TEST(test_the_hash_sees_content_not_form),
		TEST(test_the_example_files_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
