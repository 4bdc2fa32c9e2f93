/* SPDX-License-Identifier: Apache-2.0 */
/* The module `http_uplink`: forms, requests, failures, reloads. */
#include "tests/modules/http_uplink_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is refused ---- */

static void assert_refused(const char *options, const char *why)
{
	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "up", options), 0);
	assert_int_equal(ew_test_start(test), -EINVAL);
	if (strstr(ew_test_error(test), why) == NULL) {
		fail_msg("'%s' is not in: %s", why, ew_test_error(test));
	}
	ew_test_free(&test);
}

static void test_options_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	ew_test_free(&test);
	assert_refused("format: json\n", "url");
	assert_refused("url: ftp://h/\n", "no https:// URL");
	assert_refused("url: http://h/\n", "is not encrypted");
	assert_refused("url: https://me:secret@h/\n", "has a user name in it");
	assert_refused("url: https:///x\n", "has no host");
	assert_refused("url: \"https://{gateway}/x\"\n", "has no host");
	assert_refused("url: \"https://h/{devise}\"\n", "names what is not known");
	assert_refused("url: https://h/\nheaders: {Host: x}\n", "is set by the module itself");
	assert_refused("url: https://h/\nheaders: {\"a b\": x}\n", "is no header");
	assert_refused("url: https://h/\nfields: {value: x}\n", "is a field of every record");
	assert_refused("url: https://h/\nusername: x\n", "belong together");
	assert_refused("url: https://h/\nretry: {min: 2m, max: 1m}\n", "below 'min'");
	assert_refused("url: https://h/\nproxy: {username: me}\n", "needs a 'url'");
	assert_refused("url: https://h/\nrequests: 65\n", "requests");
	assert_int_equal(ew_test_new(&test), 0);
}

/* ---- what arrives ---- */

static void test_samples_arrive_in_every_form(void **state)
{
	static const char *const forms[] = {"ndjson", "json", "influx"};
	char options[128];

	(void)state;
	for (int i = 0; i < 6; i++) {
		const struct sink_config config = {.first = 1};

		serve(&config);
		(void)snprintf(options, sizeof(options), "format: %s\ncompression: %s\n",
			       forms[i / 2], i % 2 == 0 ? "gzip" : "none");
		run(options);
		declare();
		publish(50);
		assert_whole(0);
		assert_int_equal(http_sink_tally(sink).samples, TAGS * 50);
		end(NULL);
		begin(NULL);
	}
}

static void test_a_request_says_what_it_is(void **state)
{
	const struct sink_config config = {.first = 1, .keep = true};
	const struct sink_request *request;
	char *value;

	(void)state;
	serve(&config);
	run("headers: {X-Gateway: \"{group}/{gateway}/{instance}\"}\n");
	declare();
	publish(1);
	assert_whole(0);

	request = http_sink_request(sink, 0);
	assert_string_equal(request->method, "POST");
	assert_string_equal(request->target, "/in");
	value = sink_request_header(request, "X-Gateway");
	assert_string_equal(value, "test/gateway/up");
	free(value);
	value = sink_request_header(request, "Content-Type");
	assert_string_equal(value, "application/x-ndjson");
	free(value);
	value = sink_request_header(request, "Idempotency-Key");
	assert_int_equal(strlen(value), 32);
	free(value);
}

static void test_a_device_has_requests_of_its_own(void **state)
{
	const struct sink_config config = {.first = 1, .keep = true};
	unsigned seen = 0;

	(void)state;
	serve(&config);
	run_per_device("");
	declare();
	publish(3);
	assert_whole(0);
	for (size_t i = 0; i < http_sink_counts(sink).requests; i++) {
		const char *target = http_sink_request(sink, i)->target;

		assert_true(strncmp(target, "/in/d", 5) == 0 && strlen(target) == 6);
		seen |= 1u << (target[5] - '0');
	}
	assert_int_equal(seen, 15);
}

static void test_requests_are_full_and_bounded_in_number(void **state)
{
	const struct sink_config config = {.first = 1};

	(void)state;
	serve(&config);
	run("requests: 1\n");
	declare();
	plan(SINK_HANG, 0, 0);
	publish(1);
	wait_for(has_requests, 1);
	publish(200);
	plan(SINK_OK, 0, 0);
	assert_whole(0);
	assert_int_equal(http_sink_counts(sink).most_open, 1);
	/* what came while the first was under way left together */
	assert_in_range(http_sink_counts(sink).requests, 2, 4);
}

static void test_events_are_sent_if_asked_for(void **state)
{
	const struct sink_config config = {.first = 1};
	const struct ew_event event = {.size = sizeof(event), .kind = "alarm.raised"};

	(void)state;
	serve(&config);
	run("events: yes\n");
	declare();
	assert_int_equal(ew_event_publish(ew_test_begin(test), &event), 0);
	ew_test_end(test);
	publish(1);
	assert_whole(0);
	wait_for(has_requests, 1);
	assert_int_equal(http_sink_tally(sink).events, 1);
	assert_true(ew_test_metric(test, "up", "events_total") == 1);
}

/* ---- when it fails ---- */

static void fail_and_heal(enum sink_mode mode, int status, const char *metric)
{
	const struct sink_config config = {.first = 1};

	serve(&config);
	run("timeout: 1s\nstall: 1s\n");
	declare();
	plan(mode, status, 0);
	publish(2);
	wait_for(has_health, EW_DOWN);
	assert_true(ew_test_metric(test, "up", metric) >= 3);
	assert_true(ew_test_metric(test, "up", "samples_total") == 0);
	plan(SINK_OK, 0, 0);
	publish(2);
	assert_whole(UINT64_MAX);
	wait_for(has_health, EW_UP);
	assert_true(ew_test_metric(test, "up", "dead_letters_total") == 0);
}

static void test_failures_are_tried_again_until_they_heal(void **state)
{
	static const struct {
		enum sink_mode mode;
		int status;
		const char *metric;
	} rows[] = {
		{SINK_STATUS, 500, "failed_status_total"},
		{SINK_STATUS, 503, "failed_status_total"},
		{SINK_STATUS, 401, "failed_status_total"},
		{SINK_STATUS, 408, "failed_status_total"},
		{SINK_GARBAGE, 0, "failed_answer_total"},
		{SINK_RESET, 0, "failed_answer_total"},
		{SINK_HALF, 0, "failed_answer_total"},
		{SINK_LONG, 0, "failed_answer_total"},
		{SINK_LOOP, 0, "failed_answer_total"},
		{SINK_HANG, 0, "failed_timeout_total"},
		{SINK_DRIP, 0, "failed_timeout_total"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fail_and_heal(rows[i].mode, rows[i].status, rows[i].metric);
		end(NULL);
		begin(NULL);
	}
}

static void test_retry_after_is_observed(void **state)
{
	const struct sink_config config = {.first = 1};
	const struct sink_plan p = {.mode = SINK_STATUS, .status = 429, .requests = 1,
				    .retry_after = "2"};
	int64_t began;

	(void)state;
	serve(&config);
	run("requests: 1\n");
	declare();
	http_sink_plan(sink, &p);
	began = real_now();
	publish(1);
	assert_whole(0);
	assert_true(real_now() - began >= 2 * EW_SECOND);
	assert_int_equal(http_sink_counts(sink).requests, 2);
}

static void test_a_moved_server_gets_the_same_post(void **state)
{
	static const int statuses[] = {301, 302, 303, 307, 308};
	const struct sink_config config = {.first = 1};

	(void)state;
	serve(&config);
	run("requests: 1\n");
	declare();
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		plan(SINK_MOVED, statuses[i], 1);
		publish(1);
		assert_whole(0);
		assert_true(ew_test_metric(test, "up", "redirects_total") == (double)(i + 1));
	}
}

/* ---- life ---- */

static void test_a_stop_sends_what_is_there(void **state)
{
	const struct sink_config config = {.first = 1};
	int64_t last = real_now(), now;

	(void)state;
	serve(&config);
	run("batch: {delay: 1h}\n");
	declare();
	publish(3);
	assert_int_equal(http_sink_counts(sink).requests, 0);
	(void)ew_test_stop(test, "up"); /* it waits for the server */
	while (strcmp(ew_test_state(test, "up"), "closed") != 0) {
		(void)poll(NULL, 0, 1);
		now = real_now();
		ew_test_advance(test, now - last);
		last = now;
	}
	assert_int_equal(http_sink_tally(sink).numbered, TAGS * 3);
}

static void test_a_stop_gives_up_a_server_that_is_down(void **state)
{
	const struct sink_config config = {.first = 1};
	int64_t last = real_now(), now, began = last;

	(void)state;
	serve(&config);
	run("drain: 300ms\n");
	declare();
	plan(SINK_HANG, 0, 0);
	publish(3);
	wait_for(has_requests, 1);
	(void)ew_test_stop(test, "up"); /* it waits for the server */
	while (strcmp(ew_test_state(test, "up"), "closed") != 0) {
		(void)poll(NULL, 0, 1);
		now = real_now();
		ew_test_advance(test, now - last);
		last = now;
	}
	assert_in_range(real_now() - began, 0, 5 * EW_SECOND);
}

static void test_a_reload_changes_where_it_goes_and_loses_nothing(void **state)
{
	const struct sink_config config = {.first = 1, .authorization = "Token right"};
	char path[512], options[700], *text;
	FILE *file;

	(void)state;
	serve(&config);
	(void)snprintf(path, sizeof(path), "%s/token", ew_test_directory(test));
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fputs("right\n", file);
	(void)fclose(file);
	run("");
	declare();
	publish(3);
	wait_for(has_health, EW_DOWN);
	(void)snprintf(options, sizeof(options),
		       "token: file:%s\ntoken_scheme: Token\nformat: influx\n", path);
	text = yaml(options);
	assert_int_equal(ew_test_reload(test, "up", text), 0);
	free(text);
	publish(3);
	assert_whole(0);
}

static void test_a_removed_device_is_sent_to_its_end(void **state)
{
	const struct sink_config config = {.first = 1};
	struct ew_instance *inst;

	(void)state;
	serve(&config);
	run("headers: {X-Device: \"{device}\"}\n");
	declare();
	publish(2);
	inst = ew_test_begin(test);
	assert_int_equal(ew_device_remove(inst, ew_tag(inst, tags[0])->device), 0);
	ew_test_end(test);
	ew_test_step(test);
	assert_whole(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_test(test_options_that_make_no_sense_are_refused),
		with_test(test_samples_arrive_in_every_form),
		with_test(test_a_request_says_what_it_is),
		with_test(test_a_device_has_requests_of_its_own),
		with_test(test_requests_are_full_and_bounded_in_number),
		with_test(test_events_are_sent_if_asked_for),
		with_test(test_failures_are_tried_again_until_they_heal),
		with_test(test_retry_after_is_observed),
		with_test(test_a_moved_server_gets_the_same_post),
		with_test(test_a_stop_sends_what_is_there),
		with_test(test_a_stop_gives_up_a_server_that_is_down),
		with_test(test_a_reload_changes_where_it_goes_and_loses_nothing),
		with_test(test_a_removed_device_is_sent_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
