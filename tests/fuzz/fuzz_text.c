/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scalars that people write: what is accepted must survive being printed
 * and read again. The first line is a scalar and a pattern, the rest a text to
 * match.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_duration(const char *text)
{
	ew_dur value;
	ew_dur again;
	char printed[64];

	if (text_parse_duration(text, &value) == 0) {
		check(value >= 0);
		text_format_duration(value, printed, sizeof(printed));
		check(text_parse_duration(printed, &again) == 0);
		check(again == value);
	}
}

static void fuzz_size(const char *text)
{
	uint64_t value;
	uint64_t again;
	char printed[64];

	if (text_parse_size(text, &value) == 0) {
		text_format_size(value, printed, sizeof(printed));
		check(text_parse_size(printed, &again) == 0);
		check(again == value);
	}
}

static void fuzz_number(const char *text)
{
	int64_t whole;
	uint64_t natural;
	double real;
	double again;
	bool flag;
	char printed[64];

	if (text_parse_int(text, &whole) == 0 && text[0] != '-') {
		check(text_parse_uint(text, &natural) == 0);
		check(natural == (uint64_t)whole);
	}
	if (text_parse_float(text, &real) == 0) {
		text_format_float(real, printed, sizeof(printed));
		check(text_parse_float(printed, &again) == 0);
		check(memcmp(&again, &real, sizeof(real)) == 0);
	}
	if (text_parse_bool(text, &flag) == 0) {
		check(text_parse_float(text, &real) != 0);
	}
}

static void fuzz_names(const char *line, const char *rest)
{
	static const char *const names[] = {"interval", "every", "servers", "certificate"};

	(void)text_suggest(line, names, 4);     /* any answer is right that ends */
	(void)text_match(line, rest);
	check(text_match("**", rest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	char *rest;

	if (size > 4096) {
		return 0;
	}
	text = malloc(size + 1);
	check(text != NULL);
	if (size) {
		memcpy(text, data, size);
	}
	text[size] = '\0';
	(void)text_is_utf8(text, size);
	rest = strchr(text, '\n');
	if (rest) {
		*rest++ = '\0';
	}
	fuzz_duration(text);
	fuzz_size(text);
	fuzz_number(text);
	fuzz_names(text, rest ? rest : "");
	free(text);
	return 0;
}
