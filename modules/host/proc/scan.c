/* SPDX-License-Identifier: Apache-2.0 */
/* Words and numbers of kernel files: see scan.h. */
#include "modules/host/proc/scan.h"

#include <string.h>

static bool scan_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool scan_line(struct scan *text, struct scan *line_out)
{
	size_t size = (size_t)(text->end - text->at);
	const char *feed;

	if (size == 0) {
		return false;
	}
	feed = memchr(text->at, '\n', size);
	line_out->at = text->at;
	line_out->end = feed != NULL ? feed : text->end;
	text->at = feed != NULL ? feed + 1 : text->end;
	return true;
}

bool scan_word(struct scan *line, struct scan *word_out)
{
	const char *at = line->at;
	const char *start;

	while (at < line->end && scan_is_blank(*at)) {
		at++;
	}
	start = at;
	while (at < line->end && !scan_is_blank(*at)) {
		at++;
	}
	if (at == start) {
		return false;
	}
	word_out->at = start;
	word_out->end = at;
	line->at = at;
	return true;
}

static bool scan_digits(struct scan *word, uint64_t *value_out)
{
	const char *start = word->at;
	uint64_t value = 0;

	while (word->at < word->end && scan_is_digit(*word->at)) {
		uint64_t digit = (uint64_t)(*word->at - '0');

		if (value > (UINT64_MAX - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
		word->at++;
	}
	if (word->at == start) {
		return false;
	}
	*value_out = value;
	return true;
}

bool scan_u64(struct scan *line, uint64_t *value_out)
{
	struct scan rest = *line;
	struct scan word;
	uint64_t value;

	if (!scan_word(&rest, &word) || !scan_digits(&word, &value) || word.at != word.end) {
		return false;
	}
	*line = rest;
	*value_out = value;
	return true;
}

bool scan_i64(struct scan *line, int64_t *value_out)
{
	struct scan rest = *line;
	struct scan word;
	uint64_t value;
	bool negative;

	if (!scan_word(&rest, &word)) {
		return false;
	}
	negative = *word.at == '-';
	word.at += negative ? 1 : 0;
	if (!scan_digits(&word, &value) || word.at != word.end || value > INT64_MAX) {
		return false;
	}
	*line = rest;
	*value_out = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

bool scan_decimal(struct scan *line, double *value_out)
{
	struct scan rest = *line;
	struct scan word;
	uint64_t whole, part = 0;
	double divisor = 1.0;

	if (!scan_word(&rest, &word) || word.end - word.at > 19 || !scan_digits(&word, &whole)) {
		return false;
	}
	if (word.at < word.end && *word.at == '.') {
		const char *start = ++word.at;

		if (!scan_digits(&word, &part)) {
			return false;
		}
		for (const char *c = start; c < word.at; c++) {
			divisor *= 10.0;
		}
	}
	if (word.at != word.end) {
		return false;
	}
	*line = rest;
	*value_out = (double)whole + (double)part / divisor;
	return true;
}

bool scan_numbers(struct scan *line, uint64_t *values_out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!scan_u64(line, &values_out[i])) {
			return false;
		}
	}
	return true;
}

bool scan_is(const struct scan *word, const char *text)
{
	size_t size = (size_t)(word->end - word->at);

	return strlen(text) == size && memcmp(word->at, text, size) == 0;
}

bool scan_copy(const struct scan *word, char *text_out, size_t size)
{
	size_t length = (size_t)(word->end - word->at);

	if (length == 0 || length >= size || memchr(word->at, '\0', length) != NULL) {
		return false;
	}
	memcpy(text_out, word->at, length);
	text_out[length] = '\0';
	return true;
}
