/* SPDX-License-Identifier: Apache-2.0 */
/* What core shows of itself: each number once, under its name, with its help. */
#include <stdio.h>
#include <string.h>

#include "core/api/bus_metrics.h"
#include "core/api/http_metrics.h"
#include "core/bus/bus.h"
#include "core/http/http.h"
#include "core/module/metrics.h"

#include "tests/unit/unit.h"

/* Names seen so far; a name must not come back after another one came. */
struct seen {
	char names[128][96];
	unsigned names_count;
	unsigned series;
};

static int see(void *arg, const struct ew_metric_series *series)
{
	struct seen *seen = arg;
	const char *last = seen->names_count > 0 ? seen->names[seen->names_count - 1] : "";
	size_t size = strlen(series->name);
	bool is_total = size > 6 && strcmp(series->name + size - 6, "_total") == 0;

	assert_non_null(series->help);
	assert_int_equal(is_total, series->kind == EW_COUNTER);
	if (strcmp(last, series->name) != 0) {
		for (unsigned i = 0; i < seen->names_count; i++) {
			assert_string_not_equal(seen->names[i], series->name);
		}
		assert_true(seen->names_count < 128);
		(void)snprintf(seen->names[seen->names_count], sizeof(seen->names[0]), "%s",
			       series->name);
		seen->names_count++;
	}
	if (strcmp(series->name, "edgeway_http_requests_total") == 0) {
		assert_int_equal(series->label_count, 1);
		assert_string_equal(series->labels[0].name, "code");
	}
	seen->series++;
	return 0;
}

static void test_core_shows_each_name_once(void **state)
{
	static struct seen seen;
	struct bus *bus;
	struct http *http;
	struct bus_metrics *of_bus;
	struct http_metrics *of_http;

	(void)state;
	assert_int_equal(bus_new(&bus), 0);
	assert_int_equal(http_new(&http), 0);
	assert_int_equal(bus_metrics_new(bus, &of_bus), 0);
	assert_int_equal(http_metrics_new(http, &of_http), 0);

	assert_int_equal(metrics_walk(see, &seen), 0);

	/* 11 of the bus, 11 of HTTP; there is no route and no endpoint */
	assert_int_equal(seen.names_count, 22);
	assert_int_equal(seen.series, 28);
	bus_metrics_free(&of_bus);
	http_metrics_free(&of_http);
	assert_null(of_bus);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(metrics_walk(see, &seen), 0);
	assert_int_equal(seen.series, 0);
	http_free(&http);
	bus_free(&bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core_shows_each_name_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
