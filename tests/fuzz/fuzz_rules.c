/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions of rules: any text is compiled or refused at a place within it;
 * what is compiled runs, and gives a number that is finite or bad.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/rules/lang/lang.h"
#include "tests/fuzz/fuzz.h"

static struct lang_symbol symbols[3];

static struct lang_symbol *find(void *arg, const char *name, size_t size, uint32_t *source_out,
				const char **why_out)
{
	(void)why_out;
	(void)arg;
	if (size != 1 || *name < 'a' || *name > 'c') {
		return NULL;
	}
	*source_out = (uint32_t)(*name - 'a');
	return &symbols[*source_out];
}

static void run(const struct lang_program *program)
{
	struct lang_source sources[3] = { 0 };
	struct lang_value *terms = calloc(program->count, sizeof(*terms));
	void *state = calloc(1, program->state_size + 1);

	check(terms != NULL && state != NULL);
	for (ew_dur now = 0; now < 40; now++) {
		struct lang_source *source = &sources[now % 3];
		struct lang_value value;
		ew_dur due;

		source->value = now % 7 == 0 ? lang_bad(EW_REASON_STALE)
					     : lang_good((double)(now % 5));
		source->time = now * EW_SECOND;
		source->count++;
		due = lang_run(program, sources, now * EW_SECOND, terms, state);
		value = terms[program->count - 1];
		check(due >= now * EW_SECOND);
		check(lang_is_bad(value) == (isnan(value.x) != 0));
		check(lang_is_bad(value) || isfinite(value.x));
	}
	free(terms);
	free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lang_scope scope = { find, NULL };
	struct lang_program *program = NULL;
	struct lang_fault fault;
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	memset(symbols, 0, sizeof(symbols));
	symbols[0].is_input = true;
	symbols[1].is_input = true;
	check(unit_parse("bar", 3, &symbols[1].unit) == 0);
	if (lang_compile(&scope, text, &fault, &program) == 0) {
		run(program);
		lang_free(&program);
	} else {
		check(fault.text[0] != '\0');
		check(fault.at <= strlen(text));
	}
	free(text);
	return 0;
}
