/* SPDX-License-Identifier: Apache-2.0 */
/* Templates, keys, compression, verdicts, waits and Retry-After. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/http_uplink/pack.h"
#include "modules/http_uplink/retry.h"
#include "modules/http_uplink/template.h"

static void test_a_template_with_an_unknown_place_is_refused(void **state)
{
	(void)state;
	assert_non_null(template_fault("https://h/{devise}"));
	assert_non_null(template_fault("https://h/{device"));
	assert_non_null(template_fault("https://h/}"));
	assert_non_null(template_fault("{"));
	assert_null(template_fault("https://h/{{x}}/{group}/{gateway}/{instance}/{device}/{type}"));
}

static void test_a_template_is_filled_in_as_its_use_needs(void **state)
{
	static const struct template_values values = {
		.gateway = "gw 1", .group = "g", .device = "line/pump-1\xc3\xa9\n",
	};
	struct bytes text = {0};

	(void)state;
	template_fill(&text, "{{{gateway}}}/{group}/{device}/{type}.", &values, TEMPLATE_URL);
	bytes_char(&text, '|');
	template_fill(&text, "{gateway} {device}", &values, TEMPLATE_PLAIN);
	bytes_add(&text, "", 1);
	assert_string_equal(text.at, "{gw%201}/g/line%2Fpump-1%C3%A9%0A/."
			    "|gw 1 line/pump-1\xc3\xa9?");
	bytes_free(&text);
	assert_true(template_is_per_device("{group}{type}"));
	assert_true(template_is_per_device("x{device}"));
	assert_false(template_is_per_device("{{device}} {group}"));
}

static void test_a_key_is_of_sender_and_content(void **state)
{
	char text[] = "a body of some length, beyond one block";
	const struct bytes body = {.at = text, .size = sizeof(text) - 1};
	const struct bytes shorter = {.at = text, .size = sizeof(text) - 2};
	char a[PACK_KEY_SIZE], b[PACK_KEY_SIZE];

	(void)state;
	pack_key("gw/1", &body, a);
	pack_key("gw/1", &body, b);
	assert_string_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	pack_key("gw/2", &body, b);
	assert_string_not_equal(a, b);
	pack_key("gw/1", &shorter, b);
	assert_string_not_equal(a, b);
	for (size_t i = 0; i < body.size; i++) {
		text[i] ^= 1;
		pack_key("gw/1", &body, b);
		assert_string_not_equal(a, b);
		text[i] ^= 1;
	}
}

static void test_what_was_packed_unpacks(void **state)
{
	struct bytes body = {0}, packed, back;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		bytes_text(&body, i % 7 == 0 ? "{\"device\":\"pump-1\"" : "0123456789");
	}
	assert_int_equal(pack_gzip(&body, 1, &packed), 0);
	assert_true(packed.size < body.size / 10);
	assert_int_equal(pack_gunzip(&packed, body.size - 1, &back), -EMSGSIZE);
	assert_int_equal(pack_gunzip(&packed, body.size, &back), 0);
	assert_int_equal(back.size, body.size);
	assert_memory_equal(back.at, body.at, body.size);
	bytes_free(&back);
	assert_int_equal(pack_gunzip(&body, 1000000, &back), -EPROTO);
	packed.size -= 9;
	assert_int_equal(pack_gunzip(&packed, 1000000, &back), -EPROTO);
	bytes_free(&packed);
	bytes_free(&body);
}

static void test_answers_are_judged(void **state)
{
	static const uint64_t again[] = {408, 425, 429};

	(void)state;
	assert_int_equal(retry_judge(200, again, 3), VERDICT_ACCEPTED);
	assert_int_equal(retry_judge(204, again, 3), VERDICT_ACCEPTED);
	assert_int_equal(retry_judge(199, again, 3), VERDICT_AGAIN);
	assert_int_equal(retry_judge(304, again, 3), VERDICT_AGAIN);
	assert_int_equal(retry_judge(400, again, 3), VERDICT_REFUSED);
	assert_int_equal(retry_judge(413, again, 3), VERDICT_REFUSED);
	assert_int_equal(retry_judge(425, again, 3), VERDICT_AGAIN);
	assert_int_equal(retry_judge(429, again, 3), VERDICT_AGAIN);
	assert_int_equal(retry_judge(429, again, 2), VERDICT_REFUSED);
	assert_int_equal(retry_judge(500, again, 3), VERDICT_AGAIN);
	assert_int_equal(retry_judge(0, again, 3), VERDICT_AGAIN);
}

static void test_waits_double_up_to_the_longest(void **state)
{
	static const struct retry_waits waits = {EW_SECOND, 60 * EW_SECOND};

	(void)state;
	assert_int_equal(retry_wait(&waits, 1, 0), EW_SECOND);
	assert_int_equal(retry_wait(&waits, 2, 0), 2 * EW_SECOND);
	assert_int_equal(retry_wait(&waits, 6, 0), 32 * EW_SECOND);
	assert_int_equal(retry_wait(&waits, 7, 0), 60 * EW_SECOND);
	assert_int_equal(retry_wait(&waits, 4000000000u, 0), 60 * EW_SECOND);
	for (uint64_t random = 1; random < (uint64_t)1 << 62; random *= 3) {
		ew_dur wait = retry_wait(&waits, 1, random);

		assert_true(wait >= EW_SECOND / 2 && wait <= EW_SECOND);
	}
}

#define NOW  (784111777 * EW_SECOND)     /* 1994-11-06 08:49:37 */

static void assert_after(const char *text, ew_dur expected)
{
	ew_dur wait = -1;

	assert_int_equal(retry_after_parse(text, strlen(text), NOW, &wait), 0);
	assert_int_equal(wait, expected);
}

static void test_retry_after_has_two_forms(void **state)
{
	(void)state;
	assert_after("0", 0);
	assert_after(" 120 \r\n", 120 * EW_SECOND);
	assert_after("Sun, 06 Nov 1994 08:50:37 GMT", 60 * EW_SECOND);
	assert_after("Sunday, 06-Nov-94 08:50:37 GMT", 60 * EW_SECOND);
	assert_after("Sun Nov  6 08:50:37 1994", 60 * EW_SECOND);
	assert_after("Sun, 06 Nov 1994 08:00:00 GMT", 0);
	assert_after("99999999999999999999999999", (int64_t)10 * 366 * 86400 * EW_SECOND);
}

static void test_a_wrong_retry_after_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", " ", "-1", "1.5", "12s", "soon", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1",
	};
	ew_dur wait = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(retry_after_parse(wrong[i], strlen(wrong[i]), NOW, &wait),
				 -EINVAL);
	}
	assert_int_equal(wait, 7);
}

static void test_dates_count_leap_days(void **state)
{
	static const char text[] = "Thu, 29 Feb 2024 00:00:00 GMT";
	ew_time time;

	(void)state;
	assert_int_equal(retry_date_parse(text, sizeof(text) - 1, &time), 0);
	assert_int_equal(time, 1709164800 * EW_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_template_with_an_unknown_place_is_refused),
		cmocka_unit_test(test_a_template_is_filled_in_as_its_use_needs),
		cmocka_unit_test(test_a_key_is_of_sender_and_content),
		cmocka_unit_test(test_what_was_packed_unpacks),
		cmocka_unit_test(test_answers_are_judged),
		cmocka_unit_test(test_waits_double_up_to_the_longest),
		cmocka_unit_test(test_retry_after_has_two_forms),
		cmocka_unit_test(test_a_wrong_retry_after_is_refused),
		cmocka_unit_test(test_dates_count_leap_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
