/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading words and numbers from the text of a kernel file.
 *
 * A scan is a piece of text with two ends; no terminating zero is needed or
 * looked for. Functions that take something move the start; those that fail
 * leave their outputs untouched. Pure, any thread.
 */
#ifndef HOST_PROC_SCAN_H
#define HOST_PROC_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
	const char *at;
	const char *end;
};

static inline struct scan scan_of(const char *text, size_t size)
{
	return (struct scan){text, text + size};
}

/* Take the next line, without its line feed. False: the text is at its end. */
bool scan_line(struct scan *text, struct scan *line_out);

/* Take the next word: what stands between blanks. */
bool scan_word(struct scan *line, struct scan *word_out);

/* Take the next word if it is a natural number below 2^64. */
bool scan_u64(struct scan *line, uint64_t *value_out);

/* Take the next word if it is a number as `-40000`. */
bool scan_i64(struct scan *line, int64_t *value_out);

/* Take the next word if it is a number as `12.34`, at most 18 digits. */
bool scan_decimal(struct scan *line, double *value_out);

/* Take `count` natural numbers; false when there are fewer. */
bool scan_numbers(struct scan *line, uint64_t *values_out, size_t count);

bool scan_is(const struct scan *word, const char *text);

/* Copy with a terminating zero. False: it is empty, longer than size - 1, or has a zero. */
bool scan_copy(const struct scan *word, char *text_out, size_t size);

#endif
