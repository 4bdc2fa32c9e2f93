/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of docs/rules.md do what the page says, and there is one for each function. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/lang/lang.h"
#include "tests/unit/unit.h"

#define LINE  256

struct example {
	struct lang_symbol symbols[2];          /* x, y */
	struct lang_source sources[2];
	struct lang_value terms[LANG_OPS_MAX];
	double state[2048];
	struct lang_program *program;
};

static char expressions[65536];         /* all that were run */

static struct lang_symbol *find(void *arg, const char *name, size_t size, uint32_t *source_out,
				const char **why_out)
{
	struct example *example = arg;

	(void)why_out;
	if (size != 1 || (*name != 'x' && *name != 'y')) {
		return NULL;
	}
	*source_out = (uint32_t)(*name - 'x');
	return &example->symbols[*source_out];
}

static void begin(struct example *example, const char *text)
{
	struct lang_scope scope = { find, example };
	struct lang_fault fault;
	size_t used = strlen(expressions);

	memset(example, 0, sizeof(*example));
	for (size_t i = 0; i < 2; i++) {
		example->symbols[i].is_input = true;
		example->sources[i].value = lang_bad(EW_REASON_NO_VALUE);
	}
	if (lang_compile(&scope, text, &fault, &example->program) != 0) {
		fail_msg("'%s': at %zu: %s", text, fault.at, fault.text);
	}
	assert_true(example->program->state_size <= sizeof(example->state));
	(void)snprintf(expressions + used, sizeof(expressions) - used, "%s\n", text);
}

static double number(const char *text)
{
	char *end;
	double value;

	if (strncmp(text, "bad", 3) == 0) {
		return NAN;
	}
	if (strncmp(text, "yes", 3) == 0 || strncmp(text, "no", 2) == 0) {
		return *text == 'y' ? 1 : 0;
	}
	value = strtod(text, &end);
	assert_true(end != text);
	return value;
}

/* "8s x=30 -> 10" */
static void step(struct example *example, const char *line)
{
	ew_dur now = (ew_dur)(number(line) * 1e9);
	const char *arrow = strstr(line, "-> ");
	struct lang_value value;
	double expected;

	assert_non_null(arrow);
	for (const char *at = line; at < arrow; at++) {
		if ((*at == 'x' || *at == 'y') && at[1] == '=') {
			struct lang_source *source = &example->sources[*at - 'x'];
			double x = number(at + 2);

			source->value = isnan(x) ? lang_bad(EW_REASON_COMM_FAILURE) : lang_good(x);
			source->count++;
			source->time = now;
		}
	}
	(void)lang_run(example->program, example->sources, now, example->terms, example->state);
	value = example->terms[example->program->count - 1];
	expected = number(arrow + 3);
	if (isnan(expected) ? !lang_is_bad(value) : !(fabs(value.x - expected) < 1e-9)) {
		fail_msg("'%s': %s gives %g", example->program->text, line, value.x);
	}
}

static void test_the_examples_of_the_manual_hold(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[4096], line[LINE];
	struct example example;
	unsigned count = 0;
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/docs/rules.md", top != NULL ? top : ".");
	file = fopen(path, "r");
	if (file == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strcmp(line, "```rule\n") != 0) {
			continue;
		}
		assert_non_null(fgets(line, sizeof(line), file));
		line[strcspn(line, "\n")] = '\0';
		begin(&example, line);
		while (fgets(line, sizeof(line), file) != NULL && strcmp(line, "```\n") != 0) {
			line[strcspn(line, "\n")] = '\0';
			step(&example, line);
		}
		lang_free(&example.program);
		count++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(count > 20);
}

static void test_every_function_has_an_example(void **state)
{
	const char *form;

	(void)state;
	for (size_t i = 0; (form = lang_function(i)) != NULL; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(form, "(") + 1, form);
		if (strstr(expressions, name) == NULL) {
			fail_msg("no example of %s", form);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_examples_of_the_manual_hold),
		cmocka_unit_test(test_every_function_has_an_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
