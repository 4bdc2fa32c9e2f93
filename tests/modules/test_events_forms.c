/* SPDX-License-Identifier: Apache-2.0 */
/* The module `events`: what events look like, marks for removed ones, streams. */
#include "tests/modules/events_world.h"

#include <stdio.h>
#include <string.h>

/* ---- forms ---- */

static void test_the_old_form_shows_the_last_events(void **state)
{
	const char *body;

	(void)state;
	world_start(NULL);
	assert_string_equal(world_get(""), "[]\n");
	world_say_kind("alarm.raised", "{\"n\": 1,\n \"t\":\"\xc3\xa4\"}");
	world_say_kind("alarm.odd", "no object");
	world_say_kind("alarm.none", NULL);
	world_settle(3);

	body = world_get("");
	assert_string_equal(ew_test_client_header(asked, "Content-Type"), "application/json");
	assert_non_null(strstr(body, ",\"event_type\":\"alarm.raised\","
			       "\"timestamp\":\"2026-01-01T00:00:00.123456789Z\","
			       "\"device_id\":\"pump-1\",\"key\":\"pump-1\",\"source\":\"test\","
			       "\"severity\":\"alarm\",\"subject\":\"high\","
			       "\"data\":{\"n\": 1, \"t\":\"\xc3\xa4\"}}"));
	assert_non_null(strstr(body, "\"data\":{\"text\":\"no object\"}}"));
	assert_non_null(strstr(body, "\"event_type\":\"alarm.none\""));
	assert_non_null(strstr(body, "\"data\":{}}]\n"));
}

static void test_an_object_with_a_long_text_with_escapes_is_an_object(void **state)
{
	static char body[16384];

	(void)state;
	world_start(NULL);
	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "{\"x\":\"\\n", 8);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	world_say_kind("test.x", body);
	world_settle(1);
	assert_non_null(strstr(world_get(""), "\"data\":{\"x\":\"\\nxxx"));
}

static void test_the_old_form_is_bounded(void **state)
{
	(void)state;
	world_start("sync: 1ms\n");
	world_say(1, 1005);
	world_settle_for("\"n\":1005}", 1); /* all thousand may be there before the last ones are */
	world_assert_numbers(world_get(""), 6, 1005);
	world_assert_numbers(world_get("?limit=2"), 1004, 1005);
}

static void test_a_reader_without_a_consumer_pages_by_id(void **state)
{
	char query[64];

	(void)state;
	world_start(NULL);
	world_say(1, 5);
	world_assert_numbers(world_get("?since=0&limit=2&format=ndjson"), 1, 2);
	assert_string_equal(ew_test_client_header(asked, "Content-Type"), "application/x-ndjson");
	(void)snprintf(query, sizeof(query), "?since=%s",
		       ew_test_client_header(asked, "Edgeway-Next"));
	world_assert_numbers(world_get(query), 3, 5);
	world_assert_numbers(world_get(query), 3, 5);
	(void)snprintf(query, sizeof(query), "?since=%s",
		       ew_test_client_header(asked, "Edgeway-Next"));
	assert_string_equal(world_get(query), "[]\n");
	assert_string_equal(ew_test_client_header(asked, "Edgeway-Next"), query + 7);
}

static void test_kinds_are_chosen(void **state)
{
	(void)state;
	world_start(NULL);
	world_say_kind("alarm.raised", "{\"n\":1}");
	world_say_kind("alarm.cleared", "{\"n\":2}");
	world_say_kind("lwm2m.registered", "{\"n\":3}");
	world_settle(3);
	world_assert_numbers(world_get("?since=0&kind=alarm.*"), 1, 2);
	world_assert_numbers(world_get("?since=0&kind=alarm.cleared&kind=lwm2m.*"), 2, 3);
	assert_string_equal(world_get("?since=0&kind=alarm"), "[]\n");
	world_assert_numbers(world_get("?consumer=c&kind=lwm2m.*"), 3, 3);
	/* other kinds are looked for from the last page on */
	assert_string_equal(world_get("?consumer=c&kind=alarm.*"), "[]\n");
	world_assert_numbers(world_get("?consumer=c&kind=alarm.*&session=s"), 1, 2);
}

static void test_samples_are_events_with_every_record(void **state)
{
	static const struct ew_tag_spec specs[2] = {
		{.size = sizeof(specs[0]), .name = "Speed", .type = EW_TYPE_F64, .unit = "Hz"},
		{.size = sizeof(specs[0]), .name = "Name", .type = EW_TYPE_TEXT},
	};
	struct ew_sample samples[4];
	uint32_t tags[2];
	const char *body;

	(void)state;
	world_start("samples: yes\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ew_tag_declare(ew_test_begin(test), pump, &specs[i], &tags[i]), 0);
		ew_test_end(test);
	}
	samples[0] = ew_sample_f64(tags[0], 1767225600000000001, 49.5);
	samples[1] = ew_sample_text(tags[1], 1767225600000000002, "a\"b", 3);
	samples[2] = ew_sample_none(tags[0], 1767225600000000003);
	samples[2].quality = EW_BAD;
	samples[3] = ew_sample_f64(tags[0], -1, -1e300);
	ew_test_step(test);
	assert_int_equal(ew_publish(ew_test_begin(test), samples, 4, NULL), 0);
	ew_test_end(test);
	ew_test_step(test);
	world_settle(1);
	body = world_get("?since=0&kind=samples");
	assert_non_null(strstr(body, "\"key\":\"pump-1\""));
	assert_non_null(strstr(body, "{\"tag\":\"Speed\",\"type\":\"f64\",\"unit\":\"Hz\","
			       "\"value\":49.5,\"quality\":\"good\","
			       "\"timestamp\":\"2026-01-01T00:00:00.000000001Z\"}"));
	assert_non_null(strstr(body, "\"value\":\"a\\\"b\""));
	assert_non_null(strstr(body, "\"value\":null,\"quality\":\"bad\""));
	assert_non_null(strstr(body, "\"timestamp\":\"1969-12-31T23:59:59.999999999Z\""));
	assert_int_equal(world_count(body, "\"tag\":"), 4);
	assert_true(ew_test_metric(test, "ev", "samples_total") == 4);
}

static void test_removed_events_leave_a_mark(void **state)
{
	static char body[8192];
	const char *page;

	(void)state;
	world_start("size: 1MiB\npage_bytes: 64KiB\nsync: 1ms\n");
	world_say(1, 1);
	world_assert_numbers(world_get("?consumer=c"), 1, 1);
	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "{\"x\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	for (unsigned i = 0; i < 1000; i++) {
		world_say_kind("test.x", body);
		if (i % 20 == 19) {
			char kind[32];

			(void)snprintf(kind, sizeof(kind), "mark.%u", i);
			world_say_kind(kind, NULL);
			world_settle_for(kind, 1);
		}
	}
	page = world_get("?consumer=c&session=new&limit=1");
	assert_non_null(strstr(page, "\"event_type\":\"events.gap\",\"severity\":\"warning\","
			       "\"data\":{\"after\":"));
	assert_int_equal(world_count(page, "\"id\""), 2);
	assert_true(ew_test_metric(test, "ev", "gaps_total") == 1);
	assert_true(ew_test_metric(test, "ev", "gap_events_total") > 100);
	/* the old form says nothing of it, and a new consumer begins at the oldest */
	assert_null(strstr(world_get(""), "events.gap"));
	assert_null(strstr(world_get("?consumer=d&limit=1"), "events.gap"));
}

/* ---- streams ---- */

static void test_a_stream_goes_on_where_it_was(void **state)
{
	const struct ew_http_header headers[] = {
		{"Accept", "text/event-stream"}, {"Last-Event-ID", "0"},
	};
	const struct ew_test_request request = {
		.size = sizeof(request), .method = "GET", .target = "/api/events",
		.role = EW_ROLE_VIEWER, .headers = headers, .header_count = 2,
	};
	struct ew_test_client *stream;
	const char *body;

	(void)state;
	world_start(NULL);
	world_say(1, 2);
	stream = ew_test_send(test, &request);
	ew_test_step(test);
	assert_int_equal(ew_test_client_status(stream), 200);
	assert_string_equal(ew_test_client_header(stream, "Content-Type"), "text/event-stream");
	body = ew_test_client_body(stream, NULL);
	world_assert_numbers(body, 1, 2);
	assert_non_null(strstr(body, "\ndata: {\"id\":"));
	world_say(3, 3);
	ew_test_advance(test, 100 * EW_MILLISECOND);
	world_assert_numbers(ew_test_client_body(stream, NULL), 1, 3);
	ew_test_advance(test, 20 * EW_SECOND);
	assert_non_null(strstr(ew_test_client_body(stream, NULL), "\n:\n\n"));
	ew_test_client_free(&stream);
}

static void test_a_slow_stream_loses_nothing(void **state)
{
	struct ew_test_client *stream;
	static char body[60000];

	(void)state;
	world_start("page_bytes: 64KiB\nsync: 1ms\n");
	stream = ew_test_ask(test, "GET", "/api/events?format=sse&consumer=c", NULL);
	ew_test_client_pause(stream);
	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "{\"x\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	for (unsigned i = 0; i < 60; i++) {
		char kind[32];

		(void)snprintf(kind, sizeof(kind), "mark.%u", i);
		world_say_kind("test.x", body);
		world_say_kind(kind, NULL);
		world_settle_for(kind, 1);
	}
	ew_test_client_go_on(stream);
	ew_test_advance(test, EW_SECOND);
	assert_int_equal(world_count(ew_test_client_body(stream, NULL), "test.x"), 60);
	assert_int_equal(ew_test_client_end(stream), EW_TEST_OPEN);
	/* nobody acknowledged: all again */
	ew_test_advance(test, 40 * EW_SECOND);
	assert_true(world_count(ew_test_client_body(stream, NULL), "test.x") >= 120);
	/* not read for longer than redeliver_after: it waits, and goes on */
	ew_test_client_pause(stream);
	ew_test_advance(test, 80 * EW_SECOND);
	ew_test_client_go_on(stream);
	ew_test_advance(test, EW_SECOND);
	assert_true(world_count(ew_test_client_body(stream, NULL), "test.x") >= 180);
	assert_int_equal(ew_test_stop(test, "ev"), 0);
	assert_int_equal(ew_test_client_end(stream), EW_TEST_CUT);
	ew_test_client_free(&stream);
}

static void test_a_stream_that_acknowledges_gets_nothing_again(void **state)
{
	struct ew_test_client *stream;
	char ack[64];

	(void)state;
	world_start("redeliver_after: 10s\n");
	stream = ew_test_ask(test, "GET", "/api/events?format=sse&consumer=c", NULL);
	world_say(1, 2);
	ew_test_advance(test, 6 * EW_SECOND);
	world_assert_numbers(ew_test_client_body(stream, NULL), 1, 2);
	(void)world_get("?since=0&limit=1");
	(void)snprintf(ack, sizeof(ack), "consumer=c&id=%s",
		       ew_test_client_header(asked, "Edgeway-Next"));
	world_ack(ack, 200);
	ew_test_advance(test, 6 * EW_SECOND);
	assert_int_equal(world_count(ew_test_client_body(stream, NULL), "{\"n\":2}"), 1);
	ew_test_advance(test, 6 * EW_SECOND);
	assert_int_equal(world_count(ew_test_client_body(stream, NULL), "{\"n\":1}"), 1);
	assert_int_equal(world_count(ew_test_client_body(stream, NULL), "{\"n\":2}"), 2);
	ew_test_client_free(&stream);
}

#define with_test(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_test(test_the_old_form_shows_the_last_events),
		with_test(test_an_object_with_a_long_text_with_escapes_is_an_object),
		with_test(test_the_old_form_is_bounded),
		with_test(test_a_reader_without_a_consumer_pages_by_id),
		with_test(test_kinds_are_chosen),
		with_test(test_samples_are_events_with_every_record),
		with_test(test_removed_events_leave_a_mark),
		with_test(test_a_stream_goes_on_where_it_was),
		with_test(test_a_slow_stream_loses_nothing),
		with_test(test_a_stream_that_acknowledges_gets_nothing_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
