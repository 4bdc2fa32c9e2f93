/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and sources of metrics, counted from threads and shown by name. */
#include "core/module/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { SENT, OPEN, DELAY, ROWS };

static const double bounds[] = { 0.1, 1, 10 };

static const struct ew_metric rows[] = {
	[SENT] = { .name = "sent_total", .kind = EW_COUNTER, .help = "messages sent" },
	[OPEN] = { .name = "open", .kind = EW_GAUGE, .help = "messages open" },
	[DELAY] = { .name = "delay_seconds", .kind = EW_HISTOGRAM, .unit = "seconds",
		    .help = "time to answer", .bounds = bounds, .bound_count = 3 },
};

struct seen {
	char text[2048];
	unsigned stop_after;
	unsigned count;
};

static int see(void *arg, const struct ew_metric_series *series)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);

	(void)snprintf(seen->text + used, sizeof(seen->text) - used, "%s{%s}=%g;", series->name,
		       series->label_count > 0 ? series->labels[0].value : "",
		       series->counts != NULL ? series->sum : series->value);
	seen->count++;
	return seen->count == seen->stop_after ? 7 : 0;
}

static struct metric_table *table_of(const char *prefix, const char *instance)
{
	const struct ew_label_pair label = { "instance", instance };
	struct metric_table *table = NULL;

	assert_int_equal(metric_table_new(prefix, rows, ROWS, &label, 1, &table), 0);
	return table;
}

static void test_a_walk_ends_when_told(void **state)
{
	struct metric_table *table = table_of("edgeway_sim", "a");
	struct seen seen = { .stop_after = 2 };

	(void)state;
	assert_int_equal(metrics_walk(see, &seen), 7);
	assert_int_equal(seen.count, 2);
	metric_table_free(&table);
	assert_null(table);
	metric_table_free(&table);
}

static void test_series_of_one_name_come_together(void **state)
{
	struct metric_table *a = table_of("edgeway_sim", "a");
	struct metric_table *other = table_of("edgeway_host", "h");
	struct metric_table *b = table_of("edgeway_sim", "b");
	struct seen seen = { 0 };

	(void)state;
	metric_add(a, SENT, 1);
	metric_add(b, SENT, 2);
	metric_set(b, OPEN, 5);
	metric_add(b, OPEN, -1);
	assert_int_equal(metrics_walk(see, &seen), 0);
	assert_string_equal(seen.text,
			    "edgeway_sim_sent_total{a}=1;edgeway_sim_sent_total{b}=2;"
			    "edgeway_sim_open{a}=0;edgeway_sim_open{b}=4;"
			    "edgeway_sim_delay_seconds{a}=0;edgeway_sim_delay_seconds{b}=0;"
			    "edgeway_host_sent_total{h}=0;edgeway_host_open{h}=0;"
			    "edgeway_host_delay_seconds{h}=0;");
	metric_table_free(&a);
	metric_table_free(&b);
	metric_table_free(&other);
}

static int see_buckets(void *arg, const struct ew_metric_series *series)
{
	uint64_t *counts = arg;

	if (series->counts != NULL) {
		assert_int_equal(series->bound_count, 3);
		memcpy(counts, series->counts, 4 * sizeof(*counts));
	}
	return 0;
}

static void test_an_observation_falls_into_its_bucket(void **state)
{
	struct metric_table *table = table_of("edgeway_sim", "a");
	uint64_t counts[4] = { 0 };

	(void)state;
	metric_observe(table, DELAY, 0.05);
	metric_observe(table, DELAY, 0.1);
	metric_observe(table, DELAY, 5);
	metric_observe(table, DELAY, 500);
	assert_int_equal(metrics_walk(see_buckets, counts), 0);
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 1);
	assert_int_equal(counts[3], 1);
	assert_true(metric_value(table, DELAY) == 4);
	metric_observe(table, SENT, 1);
	assert_true(metric_value(table, SENT) == 0);
	metric_table_free(&table);
}

static void *count(void *arg)
{
	for (unsigned i = 0; i < 100000; i++) {
		metric_add(arg, SENT, 1);
	}
	return NULL;
}

static void test_no_count_is_lost_between_threads(void **state)
{
	struct metric_table *table = table_of("edgeway_sim", "a");
	pthread_t threads[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, count, table), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_true(metric_value(table, SENT) == 400000);
	metric_table_free(&table);
}

static int walk_source(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	const struct ew_label_pair labels[] = { { "route", "a>b" }, { "route", "a>c" } };

	(void)arg;
	if (row == SENT) {
		int result = show(show_arg, &labels[0], 1, 1);

		return result != 0 ? result : show(show_arg, &labels[1], 1, 2);
	}
	return show(show_arg, NULL, 0, 3);
}

static void test_a_source_shows_its_series_by_row(void **state)
{
	struct metric_source source = { .prefix = "edgeway_bus", .rows = rows, .count = 2,
					.walk = walk_source };
	struct seen seen = { 0 };

	(void)state;
	metric_source_remove(&source);
	metric_source_add(&source);
	assert_int_equal(metrics_walk(see, &seen), 0);
	assert_string_equal(seen.text, "edgeway_bus_sent_total{a>b}=1;"
				       "edgeway_bus_sent_total{a>c}=2;edgeway_bus_open{}=3;");
	metric_source_remove(&source);
	metric_source_remove(&source);
	seen = (struct seen){ 0 };
	assert_int_equal(metrics_walk(see, &seen), 0);
	assert_int_equal(seen.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_walk_ends_when_told),
		cmocka_unit_test(test_series_of_one_name_come_together),
		cmocka_unit_test(test_an_observation_falls_into_its_bucket),
		cmocka_unit_test(test_no_count_is_lost_between_threads),
		cmocka_unit_test(test_a_source_shows_its_series_by_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
