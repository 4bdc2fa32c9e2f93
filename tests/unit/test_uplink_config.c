/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-field rules of the `uplink:` section. */
#include "core/conf/uplink.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"

#include "tests/unit/unit.h"

static const char *const tls_server[] = {"mqtts://broker"};
static const char *const plain_server[] = {"mqtt://broker"};

static struct uplink_config good(void)
{
	struct uplink_config config = {.servers = tls_server,
				       .server_count = 1,
				       .tls = {.verify = true},
				       .backoff = {.min = 1, .max = 2}};

	return config;
}

static void assert_refused(const struct uplink_config *config, const char *words)
{
	struct ew_error error;

	memset(&error, 0, sizeof(error));
	assert_int_not_equal(uplink_config_check(config, &error), 0);
	assert_non_null(strstr(error.text, words));
}

static void test_plain_text_needs_an_explicit_word(void **state)
{
	struct uplink_config config = good();

	(void)state;
	config.servers = plain_server;
	assert_refused(&config, "plaintext: yes");

	config.plaintext = true;
	assert_int_equal(uplink_config_check(&config, NULL), 0);
}

static void test_what_does_not_fit_together_is_refused(void **state)
{
	static const char *const bad_server[] = {"mqtts://broker", "broker"};
	struct uplink_config config = good();

	(void)state;
	config.certificate = "gw.pem";
	assert_refused(&config, "belong together");

	config = good();
	config.password = "secret";
	assert_refused(&config, "username");

	config = good();
	config.servers = plain_server;
	config.plaintext = true;
	config.ca = "ca.pem";
	assert_refused(&config, "mqtts://");

	config = good();
	config.backoff.min = 3;
	assert_refused(&config, "backoff");

	config = good();
	config.servers = bad_server;
	config.server_count = 2;
	assert_refused(&config, "'broker'");

	config = good();
	config.server_count = 0;
	assert_refused(&config, "empty");
}

static void test_the_default_protocol_is_5(void **state)
{
	struct uplink_config config = good();

	(void)state;
	assert_int_equal(uplink_config_check(&config, NULL), 0);
	assert_int_equal(uplink_config_protocol(&config), 5);
	config.protocol = 1;
	assert_int_equal(uplink_config_protocol(&config), 4);
	assert_false(uplink_config_is_unverified(&config));
}

static void test_every_row_has_a_help(void **state)
{
	const struct ew_option *row;

	(void)state;
	for (row = uplink_options; row->type != EW_OPTION_NONE; row++) {
		assert_non_null(row->help);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_needs_an_explicit_word),
		cmocka_unit_test(test_what_does_not_fit_together_is_refused),
		cmocka_unit_test(test_the_default_protocol_is_5),
		cmocka_unit_test(test_every_row_has_a_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
