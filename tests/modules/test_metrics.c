/* SPDX-License-Identifier: Apache-2.0 */
/* The module `metrics`: what is on its page, of core, instances and tags. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <edgeway/test.h>
#include <edgeway/test_http.h>

extern const struct ew_module ew_module;

static struct ew_test *test;

static int begin(void **state)
{
	(void)state;
	return ew_test_new(&test);
}

static int end(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

/* A device `pump-1`, up, with a tag of each carrier. */
static void declare_pump(uint32_t ids[4])
{
	static const struct ew_device_spec pump = {.size = sizeof(pump), .path = "pump-1"};
	static const struct ew_tag_spec tags[4] = {
		{.size = sizeof(tags[0]), .name = "Pump/Speed", .type = EW_TYPE_F64, .unit = "Hz"},
		{.size = sizeof(tags[0]), .name = "Pump/Run", .type = EW_TYPE_BOOL},
		{.size = sizeof(tags[0]), .name = "Pump/Starts", .type = EW_TYPE_U32},
		{.size = sizeof(tags[0]), .name = "Pump/Maker", .type = EW_TYPE_TEXT},
	};
	struct ew_instance *inst = ew_test_begin(test);
	uint32_t device;

	assert_int_equal(ew_device_declare(inst, &pump, &device), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ew_tag_declare(inst, device, &tags[i], &ids[i]), 0);
	}
	assert_int_equal(ew_device_state(inst, device, EW_DEVICE_UP, NULL), 0);
	ew_test_end(test);
	ew_test_step(test);
}

static void publish(struct ew_sample sample)
{
	assert_int_equal(ew_publish(ew_test_begin(test), &sample, 1, NULL), 0);
	ew_test_end(test);
	ew_test_step(test);
}

/* Ask for the page; it must be served. */
static struct ew_test_client *page(void)
{
	struct ew_test_client *client = ew_test_ask(test, "GET", "/metrics", NULL);

	assert_int_equal(ew_test_client_status(client), 200);
	return client;
}

static void assert_line(struct ew_test_client *client, const char *line, int is_there)
{
	int found = strstr(ew_test_client_body(client, NULL), line) != NULL;

	if (found != is_there) {
		fail_msg("'%s' is %s in:\n%s", line, found ? "" : "not",
			 ew_test_client_body(client, NULL));
	}
}

static void test_a_pattern_that_is_none_stops_it(void **state)
{
	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", "tags: [\"pump-1:\"]\n"), 0);
	assert_int_equal(ew_test_start(test), -EIO);
	assert_int_equal(ew_test_logged(test, "'pump-1:' in tags: is no pattern"), 1);
}

static void test_a_role_below_the_configured_one_is_refused(void **state)
{
	const struct ew_test_request request = {
		.size = sizeof(request), .method = "GET", .target = "/secret",
		.role = EW_ROLE_VIEWER,
	};
	struct ew_test_client *client;

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", "path: /secret\nrole: operator\n"), 0);
	assert_int_equal(ew_test_start(test), 0);

	client = ew_test_send(test, &request);
	assert_int_equal(ew_test_client_status(client), 403);
	ew_test_client_free(&client);
	client = ew_test_ask(test, "GET", "/secret", NULL);
	assert_int_equal(ew_test_client_status(client), 200);
	ew_test_client_free(&client);
}

static void test_core_and_instances_are_on_the_page(void **state)
{
	struct ew_test_client *client;

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);

	ew_test_client_free(&(struct ew_test_client *){page()});
	client = page();
	assert_string_equal(ew_test_client_header(client, "Content-Type"),
			    "text/plain; version=0.0.4; charset=utf-8");
	assert_line(client, "\nedgeway_build_info{version=\"test\",group=\"test\","
		    "name=\"gateway\"} 1\n", 1);
	assert_line(client, "edgeway_metrics_scrapes_total{instance=\"m\",module=\"metrics\"} "
		    "1\n", 1);
	assert_line(client, "# TYPE edgeway_metrics_page_seconds histogram\n", 1);
	assert_line(client, "edgeway_metrics_page_seconds_bucket{instance=\"m\","
		    "module=\"metrics\",le=\"+Inf\"} 1\n", 1);
	assert_line(client, "# UNIT edgeway_metrics_page_bytes bytes\n", 1);
	assert_line(client, "edgeway_tag_value", 0);
	ew_test_client_free(&client);
}

static void test_metrics_have_the_names_that_dashboards_want(void **state)
{
	struct ew_test_client *client;

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m",
				      "names: {edgeway_metrics_: page_,\n"
				      "        edgeway_metrics_scrapes_total: made_total}\n"), 0);
	assert_int_equal(ew_test_start(test), 0);
	ew_test_client_free(&(struct ew_test_client *){page()});
	client = page();
	assert_line(client, "made_total{", 1);
	assert_line(client, "page_refused_total{", 1);
	assert_line(client, "page_page_seconds_bucket{", 1);
	assert_line(client, "edgeway_metrics_", 0);
	ew_test_client_free(&client);
}

static void test_names_that_make_no_sense_stop_it(void **state)
{
	(void)state;
	(void)ew_test_load(test, &ew_module, "m", "names: {edgeway_metrics_: page}\n");
	assert_int_not_equal(ew_test_start(test), 0);
	assert_non_null(strstr(ew_test_error(test), "both a beginning"));
}

static void test_chosen_tags_are_on_the_page_and_no_others(void **state)
{
	struct ew_test_client *client;
	uint32_t ids[4];

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", "tags: [\"pump-*:Pump/R*\", "
				      "\"pump-*:Pump/S*\", \"*:Pump/Maker\"]\n"), 0);
	assert_int_equal(ew_test_start(test), 0);
	declare_pump(ids);

	/* nothing was measured yet */
	client = page();
	assert_line(client, "edgeway_tag_value{", 0);
	assert_line(client, "edgeway_tag_good{device=\"pump-1\",tag=\"Pump/Speed\"} 0\n", 1);
	ew_test_client_free(&client);

	publish(ew_sample_f64(ids[0], 0, 49.5));
	publish(ew_sample_bool(ids[1], 0, true));
	publish(ew_sample_u64(ids[2], 0, 4000000000));
	publish(ew_sample_text(ids[3], 0, "ACME", 4));
	client = page();
	assert_line(client, "edgeway_tag_value{device=\"pump-1\",tag=\"Pump/Speed\",unit=\"Hz\"} "
		    "49.5\n", 1);
	assert_line(client, "edgeway_tag_value{device=\"pump-1\",tag=\"Pump/Run\",unit=\"\"} "
		    "1\n", 1);
	assert_line(client, "tag=\"Pump/Starts\",unit=\"\"} 4000000000\n", 1);
	assert_line(client, "edgeway_tag_good{device=\"pump-1\",tag=\"Pump/Speed\"} 1\n", 1);
	assert_line(client, "Pump/Maker", 0);
	ew_test_client_free(&client);

	/* the newest value, whatever was delivered */
	publish(ew_sample_f64(ids[0], 0, 50));
	client = page();
	assert_line(client, "unit=\"Hz\"} 50\n", 1);
	ew_test_client_free(&client);
}

static void test_a_bad_value_is_a_gap(void **state)
{
	struct ew_test_client *client;
	struct ew_sample sample;
	uint32_t ids[4];

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", "tags: [\"pump-1:Pump/Speed\"]\n"), 0);
	assert_int_equal(ew_test_start(test), 0);
	declare_pump(ids);

	sample = ew_sample_f64(ids[0], 0, 1);
	sample.quality = EW_UNCERTAIN;
	publish(sample);
	client = page();
	assert_line(client, "unit=\"Hz\"} 1\n", 1);
	assert_line(client, "edgeway_tag_good{device=\"pump-1\",tag=\"Pump/Speed\"} 0\n", 1);
	ew_test_client_free(&client);

	sample.quality = EW_BAD | EW_REASON_COMM_FAILURE;
	publish(sample);
	client = page();
	assert_line(client, "edgeway_tag_value{", 0);
	assert_line(client, "edgeway_tag_good{device=\"pump-1\",tag=\"Pump/Speed\"} 0\n", 1);
	ew_test_client_free(&client);
}

static void test_a_stopped_instance_serves_no_page(void **state)
{
	struct ew_test_client *client;

	(void)state;
	assert_int_equal(ew_test_load(test, &ew_module, "m", NULL), 0);
	assert_int_equal(ew_test_start(test), 0);
	assert_int_equal(ew_test_stop(test, "m"), 0);

	client = ew_test_ask(test, "GET", "/metrics", NULL);
	assert_int_equal(ew_test_client_status(client), 404);
	ew_test_client_free(&client);
	assert_int_equal(ew_test_run(test, "m"), 0);
	ew_test_client_free(&(struct ew_test_client *){page()});
}

#define with_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_test(test_a_pattern_that_is_none_stops_it),
		with_test(test_a_role_below_the_configured_one_is_refused),
		with_test(test_core_and_instances_are_on_the_page),
		with_test(test_metrics_have_the_names_that_dashboards_want),
		with_test(test_names_that_make_no_sense_stop_it),
		with_test(test_chosen_tags_are_on_the_page_and_no_others),
		with_test(test_a_bad_value_is_a_gap),
		with_test(test_a_stopped_instance_serves_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
