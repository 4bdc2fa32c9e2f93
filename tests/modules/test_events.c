/* SPDX-License-Identifier: Apache-2.0 */
/* The module `events`: what is refused, who gets which page, and what comes again. */
#include "tests/modules/events_world.h"

#include <stdio.h>
#include <string.h>

/* ---- refused ---- */

static void test_what_is_no_question_is_refused(void **state)
{
	static const char *const queries[] = {
		"?since=x", "?since=-1", "?since=99999999999999999999", "?limit=0", "?limit=1e3",
		"?wait=1.5", "?wait=100000", "?format=xml", "?consumer=", "?consumer=A",
		"?consumer=a/b", "?kind=", "?kind=a*b", "?session=a", "?request=r",
		"?consumer=c&since=0",
		"?consumer=c&session=a%20b",
		"?consumer=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char *const acks[] = {
		"", "consumer=c", "consumer=c&id=1&page=0-1", "consumer=c&page=1-1-1",
		"consumer=c&page=1-2", "consumer=c&page=a-b-c", "consumer=c&page=1-2-3-",
		"consumer=c&id=", "id=1",
	};

	(void)state;
	world_start(NULL);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		char target[128];

		(void)snprintf(target, sizeof(target), "/api/events%s", queries[i]);
		(void)world_ask("GET", target, 400);
	}
	for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
		world_ack(acks[i], 400);
	}
	(void)world_ask("GET", "/api/events?since=1", 409);
	world_ack("consumer=nobody&id=0", 404);
	assert_true(ew_test_metric(test, "ev", "refused_requests_total") >= 28);
}

static void test_a_body_that_is_no_acknowledgement_is_refused(void **state)
{
	static const char *const bodies[] = {
		"{", "[]", "{\"consumer\":1}", "{\"consumer\":\"c\",\"id\":\"1\"}", "{}x",
		"{\"consumer\":\"c\",\"page\":{}}", "{\"consumer\":\"c\",\"id\":1.5}",
		"{\"consumer\":\"c\",\"more\":1}",
	};

	(void)state;
	world_start(NULL);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		ew_test_client_free(&asked);
		asked = ew_test_ask(test, "POST", "/api/events/ack", bodies[i]);
		assert_int_equal(ew_test_client_status(asked), 400);
	}
}

static void test_a_viewer_is_no_consumer(void **state)
{
	struct ew_test_request request = {
		.size = sizeof(request), .method = "GET", .target = "/api/events?consumer=c",
		.role = EW_ROLE_VIEWER,
	};

	(void)state;
	world_start(NULL);
	asked = ew_test_send(test, &request);
	assert_int_equal(ew_test_client_status(asked), 403);
	ew_test_client_free(&asked);
	request.target = "/api/events";
	asked = ew_test_send(test, &request);
	assert_int_equal(ew_test_client_status(asked), 200);
	ew_test_client_free(&asked);
	request.method = "POST";
	request.target = "/api/events/ack?consumer=c&id=0";
	asked = ew_test_send(test, &request);
	assert_int_equal(ew_test_client_status(asked), 403);
	(void)world_ask("HEAD", "/api/events?consumer=c", 405);
}

static void test_consumers_are_bounded_listed_and_deleted(void **state)
{
	const char *list;

	(void)state;
	world_start("consumers: 2\n");
	(void)world_get("?consumer=a");
	(void)world_get("?consumer=b&session=s1");
	(void)world_ask("GET", "/api/events?consumer=c", 409);
	list = world_ask("GET", "/api/events/consumers", 200);
	assert_int_equal(world_count(list, "\"name\""), 2);
	assert_non_null(strstr(list, "\"session\":\"s1\""));
	(void)world_ask("DELETE", "/api/events/consumers/c", 404);
	(void)world_ask("DELETE", "/api/events/consumers/a", 204);
	(void)world_get("?consumer=c");
	assert_true(ew_test_metric(test, "ev", "consumers") >= 1);
}

static void test_a_consumer_that_nobody_uses_is_forgotten(void **state)
{
	(void)state;
	world_start("consumers: 2\nwait: 10m\nredeliver_after: 1s\nforget_after: 5m\n");
	(void)world_get("?consumer=a");
	ew_test_advance(test, 4 * 60 * EW_SECOND);
	(void)world_get("?consumer=b");
	assert_true(ew_test_metric(test, "ev", "consumers_forgotten_total") == 0);
	ew_test_advance(test, 61 * EW_SECOND);
	assert_true(ew_test_metric(test, "ev", "consumers_forgotten_total") == 1);
	assert_int_equal(world_count(world_ask("GET", "/api/events/consumers", 200), "name"), 1);
	/* one that waits is used, and there is room for another one */
	world_ack("consumer=b&id=0", 200);
	(void)world_get("?consumer=c");
	ew_test_client_free(&asked);
	asked = ew_test_ask(test, "GET", "/api/events?consumer=b&wait=580", NULL);
	ew_test_advance(test, 9 * 60 * EW_SECOND);
	assert_true(ew_test_metric(test, "ev", "consumers_forgotten_total") == 2);
	assert_true(ew_test_metric(test, "ev", "consumers") == 1);
}

/* ---- consumers ---- */

static void test_pages_follow_without_acknowledgement_and_repeat_by_request(void **state)
{
	char page[64];

	(void)state;
	world_start(NULL);
	world_say(1, 6);
	world_assert_numbers(world_get("?consumer=c&limit=2&request=r1"), 1, 2);
	world_page_name(page);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 3, 4);
	world_assert_numbers(world_get("?consumer=c&limit=2&request=r1"), 1, 2);
	assert_string_equal(ew_test_client_header(asked, "Edgeway-Page"), page);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 5, 6);
	assert_string_equal(world_get("?consumer=c&limit=2"), "[]\n");
	assert_null(ew_test_client_header(asked, "Edgeway-Page"));
}

static void test_what_is_not_acknowledged_comes_again_after_a_while(void **state)
{
	char page[64];

	(void)state;
	world_start("redeliver_after: 10s\n");
	world_say(1, 6);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 1, 2);
	world_page_name(page);
	world_ack_page(page);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 3, 4);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 5, 6);
	ew_test_advance(test, 9 * EW_SECOND);
	assert_string_equal(world_get("?consumer=c"), "[]\n");
	ew_test_advance(test, 2 * EW_SECOND);
	world_assert_numbers(world_get("?consumer=c"), 3, 6);
	assert_true(ew_test_metric(test, "ev", "redelivered_total") == 4);
}

static void test_a_page_that_was_lost_holds_back_those_behind_it(void **state)
{
	char first[64], second[64], all[64];

	(void)state;
	world_start("redeliver_after: 10s\n");
	world_say(1, 4);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 1, 2);
	world_page_name(first);
	world_assert_numbers(world_get("?consumer=c&limit=2"), 3, 4);
	world_page_name(second);
	world_ack_page(second);
	assert_null(strstr(world_ask("GET", "/api/events/consumers", 200), "\"lag\":0"));
	ew_test_advance(test, 11 * EW_SECOND);
	/* both, in order: the newest event of a key comes last */
	world_assert_numbers(world_get("?consumer=c"), 1, 4);

	/* acknowledgements of the first time do not count for the second */
	world_ack_page(first);
	world_ack_page(second);
	ew_test_advance(test, 11 * EW_SECOND);
	world_assert_numbers(world_get("?consumer=c"), 1, 4);
	world_page_name(all);
	world_ack_page(all);
	ew_test_advance(test, 11 * EW_SECOND);
	assert_string_equal(world_get("?consumer=c"), "[]\n");
}

static void test_acknowledged_out_of_turn_is_acknowledged(void **state)
{
	char pages[3][64];

	(void)state;
	world_start("redeliver_after: 10s\n");
	world_say(1, 3);
	for (unsigned i = 0; i < 3; i++) {
		world_assert_numbers(world_get("?consumer=c&limit=1"), i + 1, i + 1);
		world_page_name(pages[i]);
	}
	world_ack_page(pages[2]);
	world_ack_page(pages[1]);
	world_ack_page(pages[0]);
	ew_test_advance(test, 11 * EW_SECOND);
	assert_string_equal(world_get("?consumer=c"), "[]\n");
	assert_true(ew_test_metric(test, "ev", "lag") < 3);
}

static void test_a_new_session_begins_at_the_acknowledged_id(void **state)
{
	char query[64];

	(void)state;
	world_start(NULL);
	world_say(1, 4);
	world_assert_numbers(world_get("?consumer=c&limit=1&session=a"), 1, 1);
	(void)snprintf(query, sizeof(query), "consumer=c&id=%s",
		       ew_test_client_header(asked, "Edgeway-Next"));
	world_ack(query, 200);
	world_ack(query, 200);
	world_assert_numbers(world_get("?consumer=c&limit=2&session=a"), 2, 3);
	world_assert_numbers(world_get("?consumer=c&session=b"), 2, 4);
	world_ack("consumer=c&id=1000000", 409);
}

static void test_a_restart_begins_at_the_acknowledged_id(void **state)
{
	char page[64], first[4096];

	(void)state;
	world_start(NULL);
	world_say(1, 4);
	world_assert_numbers(world_get("?consumer=c&limit=1"), 1, 1);
	world_page_name(page);
	world_ack_page(page);
	(void)snprintf(first, sizeof(first), "%s", world_get("?consumer=c"));
	world_assert_numbers(first, 2, 4);
	assert_int_equal(ew_test_stop(test, "ev"), 0);
	assert_int_equal(ew_test_run(test, "ev"), 0);
	/* the same ids, and the old form still knows all */
	assert_string_equal(world_get("?consumer=c"), first);
	world_assert_numbers(world_get(""), 1, 4);
}

static void test_a_full_window_waits_for_an_acknowledgement(void **state)
{
	struct ew_test_client *parked;
	char page[64];

	(void)state;
	world_start("window: 2\n");
	world_say(1, 5);
	world_assert_numbers(world_get("?consumer=c&limit=1"), 1, 1);
	world_page_name(page);
	world_assert_numbers(world_get("?consumer=c&limit=1"), 2, 2);
	assert_string_equal(world_get("?consumer=c"), "[]\n");
	parked = ew_test_ask(test, "GET", "/api/events?consumer=c&wait=10&limit=1", NULL);
	assert_int_equal(ew_test_client_status(parked), 0);
	world_ack_page(page);
	ew_test_step(test);
	assert_int_equal(ew_test_client_status(parked), 200);
	world_assert_numbers(ew_test_client_body(parked, NULL), 3, 3);
	ew_test_client_free(&parked);
}

static void test_a_poll_waits_for_an_event(void **state)
{
	struct ew_test_client *parked, *late;

	(void)state;
	world_start("waiting: 2\n");
	parked = ew_test_ask(test, "GET", "/api/events?consumer=c&wait=30", NULL);
	late = ew_test_ask(test, "GET", "/api/events?wait=1&kind=other", NULL);
	(void)world_ask("GET", "/api/events", 503);
	ew_test_advance(test, 2 * EW_SECOND);
	assert_int_equal(ew_test_client_status(late), 200);
	assert_string_equal(ew_test_client_body(late, NULL), "[]\n");
	assert_int_equal(ew_test_client_status(parked), 0);
	ew_test_client_free(&late);
	world_say(1, 1);
	ew_test_advance(test, 100 * EW_MILLISECOND);
	assert_int_equal(ew_test_client_status(parked), 200);
	world_assert_numbers(ew_test_client_body(parked, NULL), 1, 1);
	ew_test_client_free(&parked);

	/* who goes away takes nothing along */
	parked = ew_test_ask(test, "GET", "/api/events?consumer=c&wait=30", NULL);
	ew_test_client_free(&parked);
	world_say(2, 2);
	world_assert_numbers(world_get("?consumer=c"), 2, 2);
}

#define with_test(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_test(test_what_is_no_question_is_refused),
		with_test(test_a_body_that_is_no_acknowledgement_is_refused),
		with_test(test_a_viewer_is_no_consumer),
		with_test(test_consumers_are_bounded_listed_and_deleted),
		with_test(test_a_consumer_that_nobody_uses_is_forgotten),
		with_test(test_pages_follow_without_acknowledgement_and_repeat_by_request),
		with_test(test_what_is_not_acknowledged_comes_again_after_a_while),
		with_test(test_a_page_that_was_lost_holds_back_those_behind_it),
		with_test(test_acknowledged_out_of_turn_is_acknowledged),
		with_test(test_a_new_session_begins_at_the_acknowledged_id),
		with_test(test_a_restart_begins_at_the_acknowledged_id),
		with_test(test_a_full_window_waits_for_an_acknowledgement),
		with_test(test_a_poll_waits_for_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
