/* SPDX-License-Identifier: Apache-2.0 */
/* Broker addresses as people write them. */
#include "core/conf/url.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"

#include "tests/unit/unit.h"

static void test_what_is_not_an_address_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"",
		"broker",
		"broker:8883",
		"http://broker",
		"MQTTS://broker",
		"mqtts://",
		"mqtts://:8883",
		"mqtts://broker:",
		"mqtts://broker:0",
		"mqtts://broker:65536",
		"mqtts://broker:99999999999999999999",
		"mqtts://broker:88x",
		"mqtts://broker:8883/",
		"mqtts://broker/path",
		"mqtts://user@broker",
		"mqtts://user:pw@broker:8883",
		"mqtts://[::1",
		"mqtts://[]",
		"mqtts://[broker]",
		"mqtts://::1",
		"mqtts://bro ker",
		" mqtts://broker",
	};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(bad); i++) {
		struct ew_error error;
		struct url url = {.port = 7};

		memset(&error, 0, sizeof(error));
		assert_int_not_equal(url_parse(bad[i], &url, &error), 0);
		assert_true(error_is_set(&error));
		assert_int_equal(url.port, 7);
	}
}

static void test_a_host_of_254_characters_is_too_long(void **state)
{
	char text[300] = "mqtts://";
	struct url url;

	(void)state;
	memset(text + 8, 'a', 254);

	assert_int_not_equal(url_parse(text, &url, NULL), 0);
	text[8 + 253] = '\0';
	assert_int_equal(url_parse(text, &url, NULL), 0);
	assert_int_equal(strlen(url.host), 253);
}

static void test_addresses_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		uint16_t port;
		bool tls;
	} good[] = {
		{"mqtts://b1.example.net", "b1.example.net", 8883, true},
		{"mqtts://b1.example.net:9", "b1.example.net", 9, true},
		{"mqtt://localhost", "localhost", 1883, false},
		{"mqtts://127.0.0.1:65535", "127.0.0.1", 65535, true},
		{"mqtts://[fe80::1]", "fe80::1", 8883, true},
		{"mqtt://[::1]:1884", "::1", 1884, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(good); i++) {
		struct url url;

		assert_int_equal(url_parse(good[i].text, &url, NULL), 0);
		assert_string_equal(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.tls, good[i].tls);
	}
}

static void test_what_is_written_reads_back(void **state)
{
	struct url url;
	char text[64];

	(void)state;
	assert_int_equal(url_parse("mqtts://[::1]:9", &url, NULL), 0);
	url_format(&url, text, sizeof(text));
	assert_string_equal(text, "mqtts://[::1]:9");
	assert_int_equal(url_parse("mqtt://b1", &url, NULL), 0);
	url_format(&url, text, sizeof(text));
	assert_string_equal(text, "mqtt://b1:1883");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_an_address_is_refused_with_a_reason),
		cmocka_unit_test(test_a_host_of_254_characters_is_too_long),
		cmocka_unit_test(test_addresses_are_taken_apart),
		cmocka_unit_test(test_what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
