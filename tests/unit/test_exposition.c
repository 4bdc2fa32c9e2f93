/* SPDX-License-Identifier: Apache-2.0 */
/* The Prometheus text format: names, escapes, numbers, families, limits. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "modules/metrics/exposition.h"

#include "tests/unit/unit.h"

static void assert_page(const struct exposition *out, const char *expect)
{
	char *text = strndup(out->at, out->size);

	assert_non_null(text);
	assert_string_equal(text, expect);
	free(text);
}

static void test_a_page_over_its_limit_is_a_fault_that_stays(void **state)
{
	const struct ew_metric_series series = {.name = "a", .help = "h", .value = 1};
	struct exposition out;

	(void)state;
	exposition_init(&out, 30);
	assert_int_equal(exposition_add(&out, &series), -EMSGSIZE);
	assert_int_equal(exposition_add(&out, &series), -EMSGSIZE);
	assert_true(out.size <= 30);
	exposition_fini(&out);
}

static void test_names_are_brought_into_form(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(exposition_name("edgeway_a:b9", out, sizeof(out)), "edgeway_a:b9");
	assert_string_equal(exposition_name("9 lives", out, sizeof(out)), "_9_lives");
	assert_string_equal(exposition_name("p\xc3\xbcmp/\"x\"", out, sizeof(out)), "p__mp__x_");
	assert_string_equal(exposition_name("", out, sizeof(out)), "_");
	assert_string_equal(exposition_name("0123456789abcdefghij", out, sizeof(out)),
			    "_0123456789abcd");
}

static void test_numbers_read_back_as_they_were(void **state)
{
	static const double numbers[] = {
		0.1, 1.0 / 3, 1e100, -1e-300, 4503599627370497.5, 1e15, 123456789.125, 5e-324,
		1.7976931348623157e308,
	};
	char out[40];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		double again = strtod(exposition_value(numbers[i], out, sizeof(out)), NULL);

		assert_memory_equal(&again, &numbers[i], sizeof(again));
	}
	assert_string_equal(exposition_value(0, out, sizeof(out)), "0");
	assert_string_equal(exposition_value(-17, out, sizeof(out)), "-17");
	assert_string_equal(exposition_value(0.1, out, sizeof(out)), "0.1");
	assert_string_equal(exposition_value((double)NAN, out, sizeof(out)), "NaN");
	assert_string_equal(exposition_value(HUGE_VAL, out, sizeof(out)), "+Inf");
	assert_string_equal(exposition_value(-HUGE_VAL, out, sizeof(out)), "-Inf");
}

static void test_labels_and_help_cannot_break_a_line(void **state)
{
	const struct ew_label_pair labels[] = {{"a b", "x\"y\\z\n"}, {"9", ""}};
	const struct ew_metric_series series = {
		.name = "n", .kind = EW_GAUGE, .help = "a\\b\nc\"", .labels = labels,
		.label_count = 2, .value = 0.5,
	};
	struct exposition out;

	(void)state;
	exposition_init(&out, 4096);
	assert_int_equal(exposition_add(&out, &series), 0);
	assert_page(&out, "# HELP n a\\\\b\\nc\"\n# TYPE n gauge\n"
		    "n{a_b=\"x\\\"y\\\\z\\n\",_9=\"\"} 0.5\n");
	exposition_fini(&out);
}

static void test_a_family_is_introduced_once(void **state)
{
	const struct ew_label_pair one = {"instance", "one"};
	const struct ew_label_pair two = {"instance", "two"};
	struct ew_metric_series series = {
		.name = "sent_bytes_total", .kind = EW_COUNTER, .unit = "bytes", .help = "sent",
		.labels = &one, .label_count = 1, .value = 1,
	};
	struct exposition out;

	(void)state;
	exposition_init(&out, 4096);
	assert_int_equal(exposition_add(&out, &series), 0);
	series.labels = &two;
	assert_int_equal(exposition_add(&out, &series), 0);
	series = (struct ew_metric_series){.name = "up", .kind = EW_GAUGE, .help = "up"};
	assert_int_equal(exposition_add(&out, &series), 0);
	assert_page(&out, "# HELP sent_bytes_total sent\n# TYPE sent_bytes_total counter\n"
		    "# UNIT sent_bytes_total bytes\n"
		    "sent_bytes_total{instance=\"one\"} 1\nsent_bytes_total{instance=\"two\"} 1\n"
		    "# HELP up up\n# TYPE up gauge\nup 0\n");
	assert_int_equal(out.series, 3);
	exposition_fini(&out);
}

static void test_a_histogram_is_summed_up(void **state)
{
	static const double bounds[] = {0.5, 1};
	static const uint64_t counts[] = {2, 0, 3};
	const struct ew_label_pair label = {"q", "1"};
	struct ew_metric_series series = {
		.name = "t_seconds", .kind = EW_HISTOGRAM, .help = "t", .labels = &label,
		.label_count = 1, .bounds = bounds, .counts = counts, .bound_count = 2, .sum = 9.5,
	};
	struct exposition out;

	(void)state;
	exposition_init(&out, 4096);
	assert_int_equal(exposition_add(&out, &series), 0);
	assert_page(&out, "# HELP t_seconds t\n# TYPE t_seconds histogram\n"
		    "t_seconds_bucket{q=\"1\",le=\"0.5\"} 2\n"
		    "t_seconds_bucket{q=\"1\",le=\"1\"} 2\n"
		    "t_seconds_bucket{q=\"1\",le=\"+Inf\"} 5\n"
		    "t_seconds_sum{q=\"1\"} 9.5\nt_seconds_count{q=\"1\"} 5\n");
	exposition_fini(&out);

	exposition_init(&out, 4096);
	series.label_count = 0;
	series.bound_count = 0;
	assert_int_equal(exposition_add(&out, &series), 0);
	assert_page(&out, "# HELP t_seconds t\n# TYPE t_seconds histogram\n"
		    "t_seconds_bucket{le=\"+Inf\"} 2\nt_seconds_sum 9.5\nt_seconds_count 2\n");
	exposition_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_over_its_limit_is_a_fault_that_stays),
		cmocka_unit_test(test_names_are_brought_into_form),
		cmocka_unit_test(test_numbers_read_back_as_they_were),
		cmocka_unit_test(test_labels_and_help_cannot_break_a_line),
		cmocka_unit_test(test_a_family_is_introduced_once),
		cmocka_unit_test(test_a_histogram_is_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
