/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: what is refused and where, what comes out, and of which quality. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/lang/lang.h"
#include "tests/unit/unit.h"

#define SECOND  1000000000
#define NAMES   6

static const char *const names[NAMES] = { "x", "y", "run", "level", "p", "t" };

struct world {
	struct lang_symbol symbols[NAMES];
	struct lang_source sources[NAMES];
	struct lang_value terms[LANG_OPS_MAX];
	double state[4096];
	struct lang_program *program;
	ew_dur due;
};

static struct lang_symbol *find(void *arg, const char *name, size_t size, uint32_t *source_out,
				const char **why_out)
{
	struct world *world = arg;

	(void)why_out;
	for (uint32_t i = 0; i < NAMES; i++) {
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0) {
			*source_out = i;
			return &world->symbols[i];
		}
	}
	return NULL;
}

static void unit_of(struct world *world, size_t name, const char *unit)
{
	assert_int_equal(unit_parse(unit, strlen(unit), &world->symbols[name].unit), 0);
}

static void begin(struct world *world)
{
	memset(world, 0, sizeof(*world));
	for (size_t i = 0; i < NAMES; i++) {
		world->symbols[i].is_input = i != 1;
	}
	unit_of(world, 3, "m");
	unit_of(world, 4, "bar");
	unit_of(world, 5, "Cel");
}

static int compile(struct world *world, const char *text, struct lang_fault *fault)
{
	struct lang_scope scope = { find, world };

	lang_free(&world->program);
	memset(world->state, 0, sizeof(world->state));
	return lang_compile(&scope, text, fault, &world->program);
}

static void must_compile(struct world *world, const char *text)
{
	struct lang_fault fault;

	if (compile(world, text, &fault) != 0) {
		fail_msg("'%s': at %zu: %s", text, fault.at, fault.text);
	}
	assert_true(world->program->state_size <= sizeof(world->state));
}

static void give(struct world *world, size_t name, double x, uint16_t quality, ew_dur now)
{
	bool is_bad = EW_QUALITY_CLASS(quality) == EW_BAD;

	world->sources[name].value = (struct lang_value){ is_bad ? NAN : x, quality };
	world->sources[name].count++;
	world->sources[name].time = now;
}

static struct lang_value run(struct world *world, ew_dur now)
{
	world->due = lang_run(world->program, world->sources, now, world->terms, world->state);
	return world->terms[world->program->count - 1];
}

static void test_faults_are_told_with_their_place(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *says;
	} cases[] = {
		{ "", 0, "ends where a value is missing" },
		{ "x +", 3, "ends where a value is missing" },
		{ "x 5", 2, "should end here" },
		{ "(x", 2, "')' is missing" },
		{ "x = 5", 2, "'=='" },
		{ "x && run", 2, "'and'" },
		{ "1 < x < 3", 6, "one comparison follows another" },
		{ "speed > 5", 0, "'speed' is neither an input nor a rule" },
		{ "avrg(x over 1s)", 0, "did you mean 'avg'?" },
		{ "avg(x)", 0, "the form of 'avg(x over 10s)'" },
		{ "avg(x over 10)", 11, "a time is wanted" },
		{ "avg(x over 10m)", 11, "a time is wanted" },
		{ "abs over 10s", 0, "its arguments are missing" },
		{ "clamp(x, 1)", 0, "clamp(x, low, high)" },
		{ "sum(x + 1 over 1s)", 4, "the name of an input" },
		{ "stale(y, 1s)", 6, "the name of an input" },
		{ "level + p", 8, "'m' and 'bar' do not go together" },
		{ "level > 3bar", 8, "do not go together" },
		{ "p in [m]", 5, "'bar' cannot be told in this unit" },
		{ "x in [m]", 0, "the unit of this is not known" },
		{ "x > 3furlong", 5, "'furlong' is not a unit" },
		{ "x > 3[m", 5, "'[' without its ']'" },
		{ "run and 1", 8, "yes or no is wanted here, not a number" },
		{ "not level + 1 > 2 and run + 1 > 0", 22, "is used as yes or no" },
		{ "if x > 1 then 1", 15, "'else' is missing" },
		{ "if x > 1 then 1 else yes", 14, "yes or no is wanted" },
		{ "level for 5s", 0, NULL },
		{ "sqrt(level)", 5, "has no root" },
		{ "exp(level)", 4, "do not go together" },
		{ "x > 1e999", 4, "too large" },
		{ "x # 1", 2, "means nothing here" },
		{ "x and", 5, "ends where" },
	};
	struct world world;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lang_fault fault;

		begin(&world);
		world.symbols[2].type = LANG_BOOL;
		if (cases[i].says == NULL) { /* a name without a type becomes yes or no */
			must_compile(&world, cases[i].text);
			lang_free(&world.program);
			continue;
		}
		assert_int_equal(compile(&world, cases[i].text, &fault), -EINVAL);
		if (fault.at != cases[i].at || strstr(fault.text, cases[i].says) == NULL) {
			fail_msg("'%s': at %zu: %s", cases[i].text, fault.at, fault.text);
		}
	}
}

static void test_nesting_and_length_are_limited(void **state)
{
	char text[LANG_TEXT_MAX + 2];
	struct lang_fault fault;
	struct world world;

	(void)state;
	begin(&world);
	memset(text, '(', 1000);
	(void)snprintf(text + 1000, sizeof(text) - 1000, "x");
	assert_int_equal(compile(&world, text, &fault), -EINVAL);
	assert_int_equal(fault.at, LANG_DEPTH_MAX);
	for (size_t i = 0; i < LANG_TEXT_MAX / 2; i++) {
		memcpy(text + 2 * i, i % 2 == 0 ? "x " : "+ ", 2);
	}
	text[LANG_TEXT_MAX - 2] = '\0';
	assert_int_equal(compile(&world, text, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 256 operations"));
	memset(text, ' ', LANG_TEXT_MAX + 1);
	text[LANG_TEXT_MAX + 1] = '\0';
	assert_int_equal(compile(&world, text, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "4096 bytes"));
	assert_null(world.program);
}

static void test_units_are_carried_along(void **state)
{
	static const struct {
		const char *text;
		const char *unit;
		double value;
	} cases[] = {
		{ "level + 30cm", "m", 2.3 },
		{ "level * level", "m2", 4 },
		{ "(p in [kPa]) + 1kPa", "kPa", 301 },
		{ "t - 20Cel", "K", 5 },
		{ "t + 5K", "Cel", 30 },
		{ "t in [K]", "K", 298.15 },
		{ "level / 4s", "m/s", 0.5 },
		{ "max(level, 250cm, 1m)", "m", 2.5 },
		{ "if level > 1m then level else 100cm", "m", 2 },
		{ "2 * level", "m", 4 },
		{ "sqrt(level * 2m)", "m", 2 },
		{ "(90min in [h]) * (4[m3/h])", "m3", 6 },
	};
	struct world world;

	(void)state;
	begin(&world);
	give(&world, 3, 2, EW_GOOD, 0);
	give(&world, 4, 3, EW_GOOD, 0);
	give(&world, 5, 25, EW_GOOD, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct unit unit;
		double value;

		must_compile(&world, cases[i].text);
		assert_int_equal(unit_parse(cases[i].unit, strlen(cases[i].unit), &unit), 0);
		value = run(&world, 0).x;
		if (!unit_is_same(&world.program->unit, &unit) ||
		    fabs(value - cases[i].value) > 1e-9) {
			fail_msg("'%s' gives %g", cases[i].text, value);
		}
	}
	lang_free(&world.program);
}

static void test_what_has_no_number_is_bad(void **state)
{
	static const char *const texts[] = {
		"x / 0", "0 / 0", "x / (x - x)", "sqrt(-1)", "ln(0)", "pow(10, 400)",
		"mod(x, 0)", "exp(1000) - exp(1000)", "1e308 * 10",
	};
	struct world world;

	(void)state;
	begin(&world);
	give(&world, 0, 5, EW_GOOD, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lang_value value;

		must_compile(&world, texts[i]);
		value = run(&world, 0);
		assert_int_equal(value.quality, EW_BAD | EW_REASON_OUT_OF_RANGE);
		assert_true(isnan(value.x));
	}
	lang_free(&world.program);
}

static void test_quality_is_that_of_the_worst_operand(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	give(&world, 0, 5, EW_UNCERTAIN | EW_REASON_SUBSTITUTED, 0);
	give(&world, 1, 0, EW_BAD | EW_REASON_COMM_FAILURE, 0);
	must_compile(&world, "x + 1");
	assert_int_equal(run(&world, 0).quality, EW_UNCERTAIN | EW_REASON_SUBSTITUTED);
	must_compile(&world, "x + y");
	assert_int_equal(run(&world, 0).quality, EW_BAD | EW_REASON_COMM_FAILURE);
	must_compile(&world, "y > 1 and x > 7"); /* no, whatever y is */
	assert_int_equal(run(&world, 0).quality, EW_UNCERTAIN | EW_REASON_SUBSTITUTED);
	assert_true(run(&world, 0).x == 0.0);
	must_compile(&world, "y > 1 or x > 7"); /* depends on y */
	assert_true(lang_is_bad(run(&world, 0)));
	must_compile(&world, "fallback(y, 3)");
	assert_true(run(&world, 0).x == 3.0);
	must_compile(&world, "good(y)");
	assert_true(run(&world, 0).x == 0.0);
	lang_free(&world.program);
}

static void test_a_name_takes_its_type_from_its_first_use(void **state)
{
	struct lang_fault fault;
	struct world world;

	(void)state;
	begin(&world);
	must_compile(&world, "run and x > 1");
	assert_int_equal(world.symbols[2].type, LANG_BOOL);
	assert_int_equal(world.symbols[0].type, LANG_NUMBER);
	assert_int_equal(compile(&world, "run + 1", &fault), -EINVAL);
}

/* ---- against a naive evaluator ---- */

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

struct tree {
	char text[LANG_TEXT_MAX];
	struct lang_value value;
};

static uint16_t worse(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static struct lang_value computed(double x, uint16_t quality)
{
	if ((quality & 0xc000u) == EW_BAD) {
		return (struct lang_value){ NAN, quality };
	}
	return isfinite(x) ? (struct lang_value){ x, quality }
			   : (struct lang_value){ NAN, EW_BAD | EW_REASON_OUT_OF_RANGE };
}

static void grow_truth(const struct world *world, struct tree *tree, unsigned depth);

static void grow_number(const struct world *world, struct tree *tree, unsigned depth)
{
	static const char *const signs[] = { "+", "-", "*", "/" };
	struct tree *a, *b;
	unsigned which = depth == 0 ? dice(2) : dice(9);

	if (which == 0) {
		int number = (int)dice(20) - 3;

		(void)snprintf(tree->text, sizeof(tree->text), "%d", number);
		tree->value = computed(number, EW_GOOD);
		return;
	}
	if (which == 1) {
		unsigned name = dice(2);

		(void)snprintf(tree->text, sizeof(tree->text), "%s", names[name]);
		tree->value = world->sources[name].value;
		return;
	}
	a = calloc(2, sizeof(*a));
	assert_non_null(a);
	b = a + 1;
	grow_number(world, a, depth - 1);
	grow_number(world, b, depth - 1);
	if (which < 6) {
		double x = a->value.x, y = b->value.x;
		double results[] = { x + y, x - y, x * y, x / y };

		(void)snprintf(tree->text, sizeof(tree->text), "(%.1900s %s %.1900s)", a->text,
			       signs[which - 2], b->text);
		tree->value = computed(results[which - 2],
				       worse(a->value.quality, b->value.quality));
	} else if (which == 6) {
		(void)snprintf(tree->text, sizeof(tree->text), "max(%.1900s, %.1900s)", a->text,
			       b->text);
		tree->value = computed(fmax(a->value.x, b->value.x),
				       worse(a->value.quality, b->value.quality));
	} else if (which == 7) {
		(void)snprintf(tree->text, sizeof(tree->text), "-abs(%.1900s)", a->text);
		tree->value = computed(-fabs(a->value.x), a->value.quality);
	} else {
		struct tree *c = calloc(1, sizeof(*c));

		assert_non_null(c);
		grow_truth(world, c, depth - 1);
		(void)snprintf(tree->text, sizeof(tree->text),
			       "(if %.1300s then %.1300s else %.1300s)", c->text, a->text,
			       b->text);
		if ((c->value.quality & 0xc000u) == EW_BAD) {
			tree->value = computed(0, c->value.quality);
		} else {
			struct lang_value chosen = c->value.x != 0 ? a->value : b->value;

			tree->value = computed(chosen.x, worse(c->value.quality,
							       chosen.quality));
		}
		free(c);
	}
	free(a);
}

static void grow_truth(const struct world *world, struct tree *tree, unsigned depth)
{
	struct tree *a = calloc(2, sizeof(*a)), *b = a + 1;

	assert_non_null(a);
	if (depth == 0 || dice(3) == 0) {
		grow_number(world, a, depth == 0 ? 0 : depth - 1);
		grow_number(world, b, depth == 0 ? 0 : depth - 1);
		(void)snprintf(tree->text, sizeof(tree->text), "(%.1900s < %.1900s)", a->text,
			       b->text);
		tree->value = computed(a->value.x < b->value.x,
				       worse(a->value.quality, b->value.quality));
	} else {
		bool is_and = dice(2) == 0;
		double decides = is_and ? 0 : 1;
		struct lang_value *x = &a->value, *y = &b->value;

		grow_truth(world, a, depth - 1);
		grow_truth(world, b, depth - 1);
		(void)snprintf(tree->text, sizeof(tree->text), "(not (%.1900s %s %.1900s))",
			       a->text, is_and ? "and" : "or", b->text);
		if (x->x == decides && y->x == decides) {
			tree->value = x->quality < y->quality ? *x : *y;
		} else if (x->x == decides || y->x == decides) {
			tree->value = x->x == decides ? *x : *y;
		} else {
			tree->value = computed(1 - decides, worse(x->quality, y->quality));
		}
		tree->value = computed(1 - tree->value.x, tree->value.quality);
	}
	free(a);
}

static void test_random_expressions_agree_with_a_naive_evaluator(void **state)
{
	static const uint16_t qualities[] = {
		EW_GOOD, EW_GOOD, EW_GOOD, EW_UNCERTAIN, EW_BAD | EW_REASON_STALE,
	};
	struct tree *tree = calloc(1, sizeof(*tree));
	struct world world;

	(void)state;
	assert_non_null(tree);
	seed = 7;
	for (unsigned round = 0; round < 3000; round++) {
		struct lang_value value;

		begin(&world);
		give(&world, 0, dice(10), qualities[dice(5)], 0);
		give(&world, 1, dice(10) / 4.0 - 1, qualities[dice(5)], 0);
		if (dice(2) == 0) {
			grow_number(&world, tree, 4);
		} else {
			grow_truth(&world, tree, 4);
		}
		must_compile(&world, tree->text);
		value = run(&world, 0);
		if (value.quality != tree->value.quality ||
		    (value.x != tree->value.x && !(isnan(value.x) && isnan(tree->value.x)))) {
			fail_msg("%s: %g (%x), not %g (%x)", tree->text, value.x, value.quality,
				 tree->value.x, tree->value.quality);
		}
		lang_free(&world.program);
	}
	free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_are_told_with_their_place),
		cmocka_unit_test(test_nesting_and_length_are_limited),
		cmocka_unit_test(test_units_are_carried_along),
		cmocka_unit_test(test_what_has_no_number_is_bad),
		cmocka_unit_test(test_quality_is_that_of_the_worst_operand),
		cmocka_unit_test(test_a_name_takes_its_type_from_its_first_use),
		cmocka_unit_test(test_random_expressions_agree_with_a_naive_evaluator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
