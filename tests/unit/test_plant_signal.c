/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers and signal blocks of the simulated plant. */
#include "modules/simulator/plant/signal.h"
#include "modules/simulator/plant/wave.h"
#include "tests/unit/unit.h"

static void test_splitmix64_gives_its_published_numbers(void **state)
{
	/* the first outputs of SplitMix64 for the seed 1234567, as its author's code prints them */
	static const uint64_t expected[] = {
		6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
		4593380528125082431u, 16408922859458223821u,
	};
	struct random_stream stream = {.state = 1234567};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(random_next(&stream) == expected[i]);
	}
}

static void test_streams_of_two_names_and_of_two_seeds_differ(void **state)
{
	struct random_stream a, b, c, again;

	(void)state;
	random_init(&a, 1, "pump-1");
	random_init(&b, 1, "pump-2");
	random_init(&c, 2, "pump-1");
	random_init(&again, 1, "pump-1");
	assert_true(again.state == a.state);
	assert_true(a.state != b.state && a.state != c.state && b.state != c.state);
}

static void test_noise_has_mean_0_and_deviation_1_and_is_bounded(void **state)
{
	struct random_stream stream;
	double sum = 0.0, squares = 0.0;
	const int count = 200000;

	(void)state;
	random_init(&stream, 3, "noise");
	for (int i = 0; i < count; i++) {
		double x = random_noise(&stream);

		assert_true(x > -3.47 && x < 3.47);
		sum += x;
		squares += x * x;
	}
	/* five standard errors */
	assert_true(fabs(sum / count) < 0.012);
	assert_true(fabs(squares / count - 1.0) < 0.012);
}

static void test_a_lag_makes_63_percent_in_its_time_constant(void **state)
{
	static const double taus[] = {0.5, 1.0, 7.0, 300.0};

	(void)state;
	for (size_t i = 0; i < sizeof(taus) / sizeof(taus[0]); i++) {
		struct lag lag = {0};
		int steps = (int)(taus[i] / 0.1 + 0.5);

		lag_prepare(&lag, taus[i], 0.1);
		for (int step = 0; step < steps; step++) {
			lag_step(&lag, 10.0);
		}
		/* (h/tau)^2 / 12 of the time constant at the shortest one */
		assert_true(fabs(lag.value / 10.0 - 0.632120559) < 0.002);
	}
}

static void test_a_balance_settles_where_inflow_meets_outflow(void **state)
{
	double x = 0.0;

	(void)state;
	for (int step = 0; step < 100; step++) {
		x = signal_balance(x, 3.0, 0.1, 0.1);
	}
	/* 10 s are one time constant of the rate 0.1/s; it goes to 3 / 0.1 */
	assert_true(fabs(x / 30.0 - 0.632120559) < 0.001);
}

static void test_drift_has_its_deviation_at_any_step(void **state)
{
	static const double steps[] = {0.02, 0.1, 1.0};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct drift drift = {.lag = {0.0, 0.0}};
		struct random_stream stream;
		double squares = 0.0;
		const int count = 400000;

		random_init(&stream, 5, "drift");
		drift_prepare(&drift, 2.0, 5.0, steps[i]);
		for (int step = 0; step < count; step++) {
			double x = drift_step(&drift, &stream);

			squares += x * x;
		}
		assert_true(fabs(sqrt(squares / count) - 2.0) < 0.2);
	}
}

static void test_quantising_gives_the_nearest_step(void **state)
{
	(void)state;
	assert_true(signal_quantise(1.24, 0.5) == 1.0);
	assert_true(signal_quantise(1.26, 0.5) == 1.5);
	assert_true(signal_quantise(-1.26, 0.5) == -1.5);
	assert_true(signal_quantise(-0.2, 0.5) == 0.0);
	assert_true(signal_quantise(1.2345, 0.0) == 1.2345);
	assert_true(signal_quantise(1e300, 0.5) == 1e300);
	assert_true(isnan(signal_quantise((double)NAN, 0.5)));
}

static void test_every_wave_stays_within_its_range(void **state)
{
	(void)state;
	for (int shape = 0; shape < WAVE_SHAPE_COUNT; shape++) {
		struct wave wave = {
			.shape = (enum wave_shape)shape, .low = -5.0, .high = 15.0, .period = 10.0,
		};
		double least = 100.0, most = -100.0;

		random_init(&wave.random, 1, "wave");
		wave_init(&wave, 0.1);
		for (int step = 0; step < 20000; step++) {
			double x = wave_step(&wave, 0.1);

			assert_true(x >= -5.0 && x <= 15.0);
			least = x < least ? x : least;
			most = x > most ? x : most;
		}
		/* and uses it, but for the one that stands still */
		assert_true(shape == WAVE_CONSTANT ? least == most : most - least > 15.0);
	}
}

static void test_a_triangle_goes_up_and_down_in_its_period(void **state)
{
	struct wave wave = {.shape = WAVE_TRIANGLE, .low = 0.0, .high = 100.0, .period = 8.0};

	(void)state;
	wave_init(&wave, 1.0);
	assert_true(wave_step(&wave, 1.0) == 25.0);
	assert_true(wave_step(&wave, 3.0) == 100.0);
	assert_true(wave_step(&wave, 2.0) == 50.0);
	assert_true(wave_step(&wave, 2.0) == 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splitmix64_gives_its_published_numbers),
		cmocka_unit_test(test_streams_of_two_names_and_of_two_seeds_differ),
		cmocka_unit_test(test_noise_has_mean_0_and_deviation_1_and_is_bounded),
		cmocka_unit_test(test_a_lag_makes_63_percent_in_its_time_constant),
		cmocka_unit_test(test_a_balance_settles_where_inflow_meets_outflow),
		cmocka_unit_test(test_drift_has_its_deviation_at_any_step),
		cmocka_unit_test(test_quantising_gives_the_nearest_step),
		cmocka_unit_test(test_every_wave_stays_within_its_range),
		cmocka_unit_test(test_a_triangle_goes_up_and_down_in_its_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
