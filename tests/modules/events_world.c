/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of `events` share: see events_world.h. */
#include "tests/modules/events_world.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATIENCE  60    /* seconds until the disk has taken what was said */

extern const struct ew_module ew_module;

struct ew_test *test;
struct ew_test_client *asked;
uint32_t pump;

int world_begin(void **state)
{
	(void)state;
	return ew_test_new(&test);
}

int world_end(void **state)
{
	(void)state;
	ew_test_client_free(&asked);
	ew_test_free(&test);
	return 0;
}

void world_start(const char *yaml)
{
	static const struct ew_device_spec device = {.size = sizeof(device), .path = "pump-1"};

	assert_int_equal(ew_test_load(test, &ew_module, "ev", yaml), 0);
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
	assert_int_equal(ew_device_declare(ew_test_begin(test), &device, &pump), 0);
	ew_test_end(test);
	ew_test_step(test);
}

/* Ask, and return the body. */
const char *world_ask(const char *method, const char *target, int status)
{
	ew_test_client_free(&asked);
	asked = ew_test_ask(test, method, target, NULL);
	if (ew_test_client_status(asked) != status) {
		fail_msg("%s %s: %d %s", method, target, ew_test_client_status(asked),
			 ew_test_client_body(asked, NULL));
	}
	return ew_test_client_body(asked, NULL);
}

const char *world_get(const char *query)
{
	char target[256];

	(void)snprintf(target, sizeof(target), "/api/events%s", query);
	return world_ask("GET", target, 200);
}

void world_ack(const char *query, int status)
{
	char target[256];

	(void)snprintf(target, sizeof(target), "/api/events/ack?%s", query);
	(void)world_ask("POST", target, status);
}

/* Acknowledge the page that was got last. */
void world_ack_page(const char *page)
{
	char query[128];

	(void)snprintf(query, sizeof(query), "consumer=c&page=%s", page);
	world_ack(query, 200);
}

void world_page_name(char name_out[64])
{
	const char *name = ew_test_client_header(asked, "Edgeway-Page");

	assert_non_null(name);
	(void)snprintf(name_out, 64, "%s", name);
}

size_t world_count(const char *text, const char *what)
{
	size_t count = 0;

	for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what)) {
		count++;
	}
	return count;
}

void world_say_kind(const char *kind, const char *body)
{
	const struct ew_event event = {
		.size = sizeof(event), .kind = kind, .severity = EW_SEVERITY_ALARM,
		.device = pump, .key = "high", .body = body, .time = 1767225600123456789,
	};

	assert_int_equal(ew_event_publish(ew_test_begin(test), &event), 0);
	ew_test_end(test);
	ew_test_step(test);
}

/* Wait for the disk until the old form shows this so many times. */
void world_settle_for(const char *what, size_t count)
{
	time_t begun = time(NULL);
	char query[32];

	(void)snprintf(query, sizeof(query), "?limit=%zu", count);
	while (world_count(world_get(query), what) < count) {
		if (time(NULL) > begun + PATIENCE) {
			fail_msg("not %zu times %s: %s", count, what, world_get(query));
		}
		ew_test_advance(test, 5 * EW_MILLISECOND);
		(void)sched_yield();
	}
}

void world_settle(size_t count)
{
	world_settle_for("\"event_type\"", count);
}

/* Say events n from..to, `{"n":N}`; they are on disk when it returns. */
void world_say(unsigned from, unsigned to)
{
	char body[64];

	for (unsigned n = from; n <= to; n++) {
		(void)snprintf(body, sizeof(body), "{\"n\":%u}", n);
		world_say_kind("test.n", body);
	}
	world_settle(to < 1000 ? to : 1000);
}

/* The body holds exactly the events n from..to, in order. */
void world_assert_numbers(const char *body, unsigned from, unsigned to)
{
	const char *at = body;

	for (unsigned n = from; n <= to; n++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "\"data\":{\"n\":%u}", n);
		at = strstr(at, text);
		if (at == NULL) {
			fail_msg("%s is not in its place in %s", text, body);
		}
	}
	assert_int_equal(world_count(body, "\"data\""), from > to ? 0 : to - from + 1);
}
