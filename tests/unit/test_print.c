/* SPDX-License-Identifier: Apache-2.0 */
/* The printed configuration reads back as the same; secrets do not appear. */
#include "core/conf/print.h"

#include "tests/unit/conf_fixture.h"

struct settings {
	const char *pin;
	const char *plain;
};

static const struct ew_option options[] = {
	EW_OPTION(struct settings, pin, .flags = EW_SECRET, .help = "h"),
	EW_OPTION(struct settings, plain, .help = "h"),
	EW_OPTION_END,
};

static const struct ew_module module = {
	.option_size = sizeof(struct ew_option),
	.flags = EW_HAS_DEVICES,
	.name = "bus",
	.options = options,
	.device_options = options,
	.tag_options = options,
};

static struct diag diag;
static struct config *config;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	buf_init(&out, 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(&config);
	diag_fini(&diag);
	buf_fini(&out);
	return 0;
}

static const struct ew_module *find(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "bus") == 0 ? &module : NULL;
}

static void load_text(const char *text)
{
	if (config_load_text("edge.yaml", text, strlen(text), &diag, &config) < 0) {
		print_error("%s", fixture_told(&diag));
		fail();
	}
}

static void test_secrets_are_masked_and_the_rest_is_not(void **state)
{
	(void)state;
	load_text("version: 1\n"
		  "uplink: {servers: \"mqtts://b\", username: u1, password: credential:pw}\n"
		  "instances:\n"
		  "  a: {module: bus, pin: geheim1, plain: shown1, devices: {d: {pin: geheim2, "
		  "tags: {t: {pin: geheim3, plain: shown2}}}}}\n"
		  "  b: {module: unknown, db_password: geheim4, other: shown3, "
		  "deep: [{api_token: geheim5}]}\n");
	print_config(config, find, NULL, &out);
	assert_int_equal(out.fault, 0);
	assert_null(strstr(buf_text(&out), "geheim"));
	assert_null(strstr(buf_text(&out), "credential:pw"));
	assert_non_null(strstr(buf_text(&out), "shown1"));
	assert_non_null(strstr(buf_text(&out), "shown2"));
	assert_non_null(strstr(buf_text(&out), "shown3"));
	assert_non_null(strstr(buf_text(&out), "password: \"***\"\n"));
	assert_non_null(strstr(buf_text(&out), "username: u1\n"));
}

static void test_what_is_printed_reads_back_as_the_same(void **state)
{
	struct config *again = NULL;

	(void)state;
	load_text(
		"version: 1\nvars: {s: \"a: b\", n: null}\n"
		"gateway: {name: \"${s}\", description: \"q\\\"\\\\ \\n\\t \\u00fc 'x' # no\", "
		"properties: {\"a b\": \"null\", \"~\": \"\", nil: , k: \"- x\", v: \"$$ $${x}\", "
		"\"%\": \".5\"}}\n"
		"routes: [{to: a}, {to: [a, b], tags: [\"*:x\", y, \"[z]\"], "
		"durable: {order: live_first}}]\n"
		"instances: {a: {module: m, list: [], map: {}, deep: [[1, 2], {a: [b]}, [{c: d}], "
		"[[]]]}, b: {module: m}}\n"
		"access: {a: {write: [x, {tags: y}]}}\n");
	print_config(config, NULL, NULL, &out);
	assert_int_equal(out.fault, 0);
	if (config_load_text("again.yaml", buf_text(&out), out.size, &diag, &again) < 0) {
		print_error("%s\n%s", fixture_told(&diag), buf_text(&out));
		fail();
	}
	assert_true(node_equal(config->source.root, again->source.root));
	assert_true(config->hash == again->hash);
	config_free(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_secrets_are_masked_and_the_rest_is_not),
		TEST(test_what_is_printed_reads_back_as_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
