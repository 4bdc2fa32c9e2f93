/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of time, step by step, and windows against all that there ever was. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/lang/lang.h"
#include "tests/unit/unit.h"

#define SECOND   ((ew_dur)1000000000)
#define SAMPLES  400

struct sensor {
	struct lang_symbol symbol;
	struct lang_source source;
	struct lang_program *program;
	struct lang_value terms[LANG_OPS_MAX];
	double state[1024];
	ew_dur due;
};

static struct lang_symbol *find(void *arg, const char *name, size_t size, uint32_t *source_out,
				const char **why_out)
{
	struct sensor *sensor = arg;

	(void)why_out;
	*source_out = 0;
	return size == 1 && *name == 'x' ? &sensor->symbol : NULL;
}

static void begin(struct sensor *sensor, const char *text)
{
	struct lang_scope scope = { find, sensor };
	struct lang_fault fault;

	memset(sensor, 0, sizeof(*sensor));
	sensor->symbol.is_input = true;
	if (lang_compile(&scope, text, &fault, &sensor->program) != 0) {
		fail_msg("'%s': at %zu: %s", text, fault.at, fault.text);
	}
	assert_true(sensor->program->state_size <= sizeof(sensor->state));
}

static struct lang_value run(struct sensor *sensor, ew_dur now)
{
	sensor->due = lang_run(sensor->program, &sensor->source, now, sensor->terms,
			       sensor->state);
	return sensor->terms[sensor->program->count - 1];
}

static struct lang_value sample(struct sensor *sensor, ew_dur now, double x)
{
	sensor->source.value = isnan(x) ? lang_bad(EW_REASON_COMM_FAILURE) : lang_good(x);
	sensor->source.count++;
	sensor->source.time = now;
	return run(sensor, now);
}

static void test_for_waits_and_says_when_to_look_again(void **state)
{
	struct sensor sensor;

	(void)state;
	begin(&sensor, "x > 5 for 10s");
	assert_true(sample(&sensor, 0, 7).x == 0);
	assert_true(sensor.due == 10 * SECOND);
	assert_true(run(&sensor, 10 * SECOND - 1).x == 0);
	assert_true(run(&sensor, 10 * SECOND).x == 1);
	assert_true(sensor.due == LANG_NEVER);
	assert_true(sample(&sensor, 11 * SECOND, 4).x == 0);
	assert_true(sample(&sensor, 12 * SECOND, 7).x == 0);
	assert_true(lang_is_bad(sample(&sensor, 13 * SECOND, NAN)));
	assert_true(sample(&sensor, 14 * SECOND, 7).x == 0); /* begins anew */
	assert_true(sensor.due == 24 * SECOND);
	lang_free(&sensor.program);
}

static void test_an_edge_is_seen_in_one_run(void **state)
{
	struct sensor sensor;

	(void)state;
	begin(&sensor, "rising(x > 5)");
	assert_true(sample(&sensor, 0, 7).x == 0); /* nothing rose: it was so */
	assert_true(sample(&sensor, 1, 3).x == 0);
	assert_true(sample(&sensor, 2, 7).x == 1);
	assert_true(sensor.due == 2); /* once more, at once */
	assert_true(run(&sensor, 2).x == 0);
	assert_true(sensor.due == LANG_NEVER);
	lang_free(&sensor.program);
	begin(&sensor, "falling(x > 5) or changed(x)");
	assert_true(sample(&sensor, 0, 7).x == 0);
	assert_true(sample(&sensor, 1, 8).x == 1);
	assert_true(sample(&sensor, 2, 8).x == 0);
	assert_true(sample(&sensor, 3, 2).x == 1);
	lang_free(&sensor.program);
}

static void test_stale_hears_of_silence(void **state)
{
	struct sensor sensor;

	(void)state;
	begin(&sensor, "stale(x, 10s)");
	assert_true(run(&sensor, 0).x == 1); /* never heard */
	assert_true(sample(&sensor, SECOND, 1).x == 0);
	assert_true(sensor.due == 11 * SECOND);
	assert_true(run(&sensor, 11 * SECOND).x == 1);
	lang_free(&sensor.program);
}

static void test_hysteresis_latch_and_debounce_keep_what_they_said(void **state)
{
	struct sensor sensor;

	(void)state;
	begin(&sensor, "hysteresis(x, 20, 18)");
	assert_true(sample(&sensor, 0, 19).x == 0);
	assert_true(sample(&sensor, 1, 20).x == 1);
	assert_true(sample(&sensor, 2, 19).x == 1);
	assert_true(sample(&sensor, 3, 18).x == 0);
	lang_free(&sensor.program);
	begin(&sensor, "hysteresis(x, 18, 20)"); /* on below */
	assert_true(sample(&sensor, 0, 19).x == 0);
	assert_true(sample(&sensor, 1, 17).x == 1);
	assert_true(sample(&sensor, 2, 19).x == 1);
	assert_true(sample(&sensor, 3, 20).x == 0);
	lang_free(&sensor.program);
	begin(&sensor, "latch(x > 9, x < 1)");
	assert_true(sample(&sensor, 0, 5).x == 0);
	assert_true(sample(&sensor, 1, 10).x == 1);
	assert_true(sample(&sensor, 2, 5).x == 1);
	assert_true(sample(&sensor, 3, 0).x == 0);
	lang_free(&sensor.program);
	begin(&sensor, "debounce(x > 5, 2s)");
	assert_true(sample(&sensor, 0, 9).x == 1);
	assert_true(sample(&sensor, SECOND, 0).x == 1);
	assert_true(sensor.due == 3 * SECOND);
	assert_true(sample(&sensor, 2 * SECOND, 9).x == 1);
	assert_true(sample(&sensor, 3 * SECOND, 0).x == 1);
	assert_true(run(&sensor, 5 * SECOND).x == 0);
	lang_free(&sensor.program);
}

static void test_last_good_stands_in_for_a_time(void **state)
{
	struct sensor sensor;
	struct lang_value value;

	(void)state;
	begin(&sensor, "last_good(x, 10s)");
	assert_true(lang_is_bad(sample(&sensor, 0, NAN)));
	assert_true(sample(&sensor, SECOND, 4).x == 4);
	value = sample(&sensor, 2 * SECOND, NAN);
	assert_true(value.x == 4);
	assert_int_equal(value.quality, EW_UNCERTAIN | EW_REASON_SUBSTITUTED);
	assert_true(sensor.due == 11 * SECOND);
	assert_true(lang_is_bad(run(&sensor, 11 * SECOND)));
	lang_free(&sensor.program);
}

static void test_a_ramp_reaches_its_end_at_its_rate(void **state)
{
	struct sensor sensor;

	(void)state;
	begin(&sensor, "ramp(x, 2)");
	assert_true(sample(&sensor, 0, 10).x == 10);
	assert_true(sample(&sensor, SECOND, 20).x == 12);
	assert_true(sensor.due < 2 * SECOND);
	assert_true(run(&sensor, 4 * SECOND).x == 18);
	assert_true(run(&sensor, 6 * SECOND).x == 20);
	assert_true(sensor.due == LANG_NEVER);
	assert_true(sample(&sensor, 7 * SECOND, 0).x == 18);
	lang_free(&sensor.program);
}

/* ---- windows ---- */

struct history {
	ew_dur time[SAMPLES];
	double x[SAMPLES];      /* NaN: bad */
	size_t count;
};

/* What held from `since` to `now`: all from the beginning on, one by one. */
static void hold(const struct history *history, ew_dur since, ew_dur now, double *out)
{
	double area = 0, seconds = 0, least = NAN, most = NAN, sum = 0, first = NAN, first_at = 0;

	for (size_t i = 0; i < history->count; i++) {
		ew_dur from = history->time[i];
		ew_dur to = i + 1 < history->count ? history->time[i + 1] : now;
		double x = history->x[i];

		if (isnan(x)) {
			continue;
		}
		sum += from >= since ? x : 0;
		from = from < since ? since : from;
		if (to < from || (to == from && history->time[i] < since)) {
			continue;
		}
		area += x * (double)(to - from) / 1e9;
		seconds += (double)(to - from) / 1e9;
		least = fmin(least, x);
		most = fmax(most, x);
		if (isnan(first)) {
			first = x;
			first_at = (double)from;
		}
	}
	out[0] = seconds > 0 ? area / seconds : history->x[history->count - 1];
	out[1] = least;
	out[2] = most;
	out[3] = sum;
	out[4] = history->x[history->count - 1] - first;
	out[5] = out[4] / (((double)now - first_at) / 1e9);
}

static void test_windows_agree_with_the_whole_history(void **state)
{
	static const char *const texts[] = {
		"avg(x over 16s)", "min(x over 16s)", "max(x over 16s)", "sum(x over 16s)",
		"delta(x over 16s)", "rate(x over 16s)",
	};
	uint32_t random = 3;

	(void)state;
	for (size_t f = 0; f < 6; f++) {
		struct history history = { .count = 0 };
		struct sensor sensor;
		ew_dur now = 5 * SECOND + 1;

		begin(&sensor, texts[f]);
		while (history.count < SAMPLES) {
			double expected[6], x;
			ew_dur since;
			struct lang_value value;

			random = random * 1664525u + 1013904223u;
			x = (random >> 8) % 16 == 0 ? NAN : (double)((random >> 12) % 1000) / 8;
			now += (ew_dur)((random >> 10) % 4000) * 1000000;
			if ((random >> 8) % 50 == 1) {
				now += 100 * SECOND;
			}
			history.time[history.count] = now;
			history.x[history.count++] = x;
			value = sample(&sensor, now, x);
			since = (now / SECOND - 16) * SECOND;
			since = since < 0 ? 0 : since;
			hold(&history, since, now, expected);
			if (isnan(expected[f]) || isnan(x)) {
				continue; /* what a bad value gives has tests of its own */
			}
			if (fabs(value.x - expected[f]) > 1e-6 * (1 + fabs(expected[f]))) {
				fail_msg("%s at %lld: %g, not %g", texts[f], (long long)now,
					 value.x, expected[f]);
			}
		}
		lang_free(&sensor.program);
	}
}

static void test_a_window_comes_to_rest(void **state)
{
	struct sensor sensor;
	ew_dur now = 0;
	int runs = 0;

	(void)state;
	begin(&sensor, "avg(x over 16s)");
	(void)sample(&sensor, 0, 10);
	(void)sample(&sensor, 10 * SECOND, 30);
	for (now = sensor.due; now != LANG_NEVER; now = sensor.due) {
		(void)run(&sensor, now);
		assert_true(++runs < 30);
	}
	assert_true(sensor.terms[sensor.program->count - 1].x == 30);
	lang_free(&sensor.program);
}

static void test_what_is_bad_does_not_count_in_a_window(void **state)
{
	struct sensor sensor;
	struct lang_value value;

	(void)state;
	begin(&sensor, "avg(x over 16s)");
	assert_int_equal(sample(&sensor, 0, NAN).quality, EW_BAD | EW_REASON_NO_VALUE);
	(void)sample(&sensor, SECOND, 10);
	value = sample(&sensor, 2 * SECOND, NAN);
	assert_true(value.x == 10);
	assert_int_equal(value.quality, EW_UNCERTAIN | EW_REASON_SUBSTITUTED);
	assert_true(lang_is_bad(run(&sensor, 40 * SECOND)));
	lang_free(&sensor.program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_waits_and_says_when_to_look_again),
		cmocka_unit_test(test_an_edge_is_seen_in_one_run),
		cmocka_unit_test(test_stale_hears_of_silence),
		cmocka_unit_test(test_hysteresis_latch_and_debounce_keep_what_they_said),
		cmocka_unit_test(test_last_good_stands_in_for_a_time),
		cmocka_unit_test(test_a_ramp_reaches_its_end_at_its_rate),
		cmocka_unit_test(test_windows_agree_with_the_whole_history),
		cmocka_unit_test(test_a_window_comes_to_rest),
		cmocka_unit_test(test_what_is_bad_does_not_count_in_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
