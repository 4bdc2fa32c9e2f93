/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine of rules stands on: the agenda, the names, the controller. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "modules/rules/agenda.h"
#include "modules/rules/names.h"
#include "modules/rules/pid.h"
#include "tests/unit/unit.h"

#define NUMBERS  50

static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

static void test_the_agenda_gives_the_earliest_whatever_was_changed(void **state)
{
	ew_dur times[NUMBERS];
	struct agenda agenda;

	(void)state;
	assert_int_equal(agenda_init(&agenda, NUMBERS), 0);
	for (size_t i = 0; i < NUMBERS; i++) {
		times[i] = AGENDA_NEVER;
	}
	for (int step = 0; step < 20000; step++) {
		uint32_t number = dice(NUMBERS), taken;
		ew_dur least = AGENDA_NEVER;

		times[number] = dice(4) == 0 ? AGENDA_NEVER : (ew_dur)dice(1000);
		agenda_set(&agenda, number, times[number]);
		for (size_t i = 0; i < NUMBERS; i++) {
			least = times[i] < least ? times[i] : least;
		}
		assert_true(agenda_next(&agenda) == least);
		if (dice(3) == 0 && agenda_take(&agenda, 500, &taken)) {
			assert_true(least <= 500 && times[taken] == least);
			times[taken] = AGENDA_NEVER;
		}
	}
	agenda_fini(&agenda);
}

static void test_a_name_is_found_and_taken_once(void **state)
{
	static char texts[1000][8];
	struct names names;
	uint32_t other = 0;

	(void)state;
	assert_int_equal(names_init(&names, 1000), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "n%u", i);
		assert_int_equal(names_add(&names, texts[i], i, &other), 0);
	}
	assert_int_equal(names_add(&names, "n77", 5, &other), -EEXIST);
	assert_int_equal(other, 77);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(names_find(&names, texts[i], strlen(texts[i])), i);
	}
	assert_int_equal(names_find(&names, "n1000", 5), NAMES_NONE);
	assert_int_equal(names_find(&names, "n1000", 4), 100); /* by size, not to its end */
	names_fini(&names);
}

static const struct pid_tuning tuning = {
	.gain = 2, .integral = 5, .derivative = 1, .low = 0, .high = 100,
};

static void test_a_new_set_point_does_not_kick_the_derivative(void **state)
{
	struct pid pid;
	double before, after;

	(void)state;
	pid_init(&pid, &tuning, 50);
	for (int i = 0; i < 10; i++) {
		before = pid_step(&pid, 20, 20, 0.1);
	}
	after = pid_step(&pid, 20, 25, 0.1);
	assert_true(fabs(after - before - 2 * 5 * (1 + 0.1 / 5)) < 1e-9); /* P and I alone */
	assert_true(pid.differential == 0);
	(void)pid_step(&pid, 21, 25, 0.1);
	assert_true(pid.differential < 0); /* against the movement */
}

static void test_the_slew_bounds_each_step(void **state)
{
	struct pid_tuning slow = tuning;
	struct pid pid;
	double last = 50;

	(void)state;
	slow.slew = 10;
	pid_init(&pid, &slow, last);
	for (int i = 0; i < 100; i++) {
		double now = pid_step(&pid, i < 50 ? i % 7 : 0, 50, 0.1);

		assert_true(fabs(now - last) <= 1 + 1e-9);
		assert_true(now >= 0 && now <= 100);
		last = now;
	}
	assert_true(last == 100);
}

static void test_a_pause_in_the_input_leaves_no_bump(void **state)
{
	struct pid pid;
	double before, after;

	(void)state;
	pid_init(&pid, &tuning, 50);
	for (int i = 0; i < 50; i++) {
		before = pid_step(&pid, 18, 20, 0.1);
	}
	pid_break(&pid); /* the input was bad for a while */
	after = pid_step(&pid, 23, 20, 0.1);
	assert_true(fabs(after - before) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_agenda_gives_the_earliest_whatever_was_changed),
		cmocka_unit_test(test_a_name_is_found_and_taken_once),
		cmocka_unit_test(test_a_new_set_point_does_not_kick_the_derivative),
		cmocka_unit_test(test_the_slew_bounds_each_step),
		cmocka_unit_test(test_a_pause_in_the_input_leaves_no_bump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
